"""`cnnspec evaluate RUN`."""

from __future__ import annotations

import gc
import json
import sys
from pathlib import Path

import click

from cnnspec.cli.judging import failing, machine_options


@click.command("evaluate")
@click.argument("run", metavar="RUN", type=click.Path(path_type=Path))
@click.option(
    "--split", type=click.Choice(["train", "validation", "test"]), help="What to judge on; test where there is one."
)
@click.option("--top", type=click.IntRange(min=1), default=5, show_default=True, help="The k of the top-k accuracy.")
@machine_options
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON document.")
def command(
    run: Path, split: str | None, top: int, backend: str | None, device: str | None, batch_size: int | None,
    allow_large: bool, as_json: bool,
) -> int:  # fmt: skip
    """Judge the best weights of a run on a split of its data.

    RUN is a run folder, such as runs/digits/1, or the folder above it: then its newest finished run. Prints the loss
    and the metrics of the spec, and for classes precision, recall, F1, confusions and calibration; for masks the
    intersection over union; for values their errors. Exits 1 where the spec of the run does not hold, 2 where RUN is
    no run, 3 where its data or its weights fail.
    """
    gc.enable()
    with failing():
        from cnnspec.judging.evaluate import evaluate
        from cnnspec.judging.runs import kept

        found = evaluate(
            kept(run, allow_large=allow_large), split=split, top=top, backend=backend, device=device,
            batch_size=batch_size, stream=sys.stderr,
        )  # fmt: skip
    if as_json:
        click.echo(json.dumps(found.to_json(), ensure_ascii=False))
        return 0
    if split is None and found.split != "test":
        click.echo("there is no test split: judged on the images held out for validation", err=True)
    if found.note:
        click.echo(f"warning: {found.note}", err=True)
    from cnnspec.judging.texts import text

    click.echo(text(found))
    return 0
