"""`cnnspec generate RUN`."""

from __future__ import annotations

import gc
import json
from pathlib import Path

import click

from cnnspec.cli.judging import failing, machine_options


@click.command("generate")
@click.argument("run", metavar="RUN", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", required=True,
    help="Where images are written, as PNG.",
)  # fmt: skip
@click.option(
    "--count", type=click.IntRange(1, 1_000_000), default=16, show_default=True, help="How many images are made."
)
@click.option("--seed", type=click.IntRange(min=0), help="What the noise is drawn from; the seed of the run else.")
@click.option("--grid", is_flag=True, help="Also write grid.png: all of them in one picture.")
@machine_options
@click.option("--json", "as_json", is_flag=True, help="Print what was written as one JSON document.")
def command(
    run: Path, output: Path, count: int, seed: int | None, grid: bool, backend: str | None, device: str | None,
    batch_size: int | None, allow_large: bool, as_json: bool,
) -> int:  # fmt: skip
    """Make images with the generator of a GAN.

    RUN is the folder of a run of a spec with `task: gan`, such as runs/dcgan/1, or the folder above it: then its newest
    finished run. Images are written as 0001.png, 0002.png, … into DIR. The same seed makes the same images, and more of
    them begin with the same ones; with the seed of the run they are those of its `samples`. Exits 1 where the spec of
    the run does not hold, 2 where RUN is no run of a GAN, 3 where its weights fail or DIR cannot be written.
    """
    gc.enable()
    with failing():
        from cnnspec.judging.generate import generator

        made = generator(run, backend=backend, device=device, allow_large=allow_large)
        drawn = made.seed if seed is None else seed
        found = made.written(made(count, drawn, batch_size), drawn, output, grid=grid)
    if as_json:
        click.echo(json.dumps(found.to_json(), ensure_ascii=False))
        return 0
    first, *others = found.files
    through = f" to {others[-1].name}" if others else ""
    click.echo(f"{found.count:,} image{'s' * (found.count != 1)} of seed {found.seed}: {first}{through}")
    if found.grid:
        click.echo(f"grid: {found.grid}")
    return 0
