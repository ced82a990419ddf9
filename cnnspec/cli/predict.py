"""`cnnspec predict RUN FILES…`."""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cnnspec.cli.judging import FAILED, complain, failing, machine_options

if TYPE_CHECKING:
    from cnnspec.judging.predict import Prediction


@click.command("predict")
@click.argument("run", metavar="RUN", type=click.Path(path_type=Path))
@click.argument("files", metavar="FILES…", nargs=-1, required=True)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, file_okay=False), metavar="DIR",
    help="Where masks and images are written, as PNG.",
)  # fmt: skip
@click.option(
    "--top", type=click.IntRange(min=1), default=3, show_default=True, help="How many classes are told of each file."
)
@machine_options
@click.option("--json", "as_json", is_flag=True, help="Print a line of JSON for each file.")
def command(
    run: Path, files: tuple[str, ...], output: Path | None, top: int, backend: str | None, device: str | None,
    batch_size: int | None, allow_large: bool, as_json: bool,
) -> int:  # fmt: skip
    """Tell what files show: classes with their probabilities, masks, values or images.

    RUN is a run folder, the folder above it (then its newest finished run), or a .keras file. FILES are images,
    arrays (.npy; .npz for several inputs), folders of them, or `-` for paths on standard input, one a line. Images are
    brought into the size that the network takes and preprocessed as in training; where training saw arrays of another
    range than 0 to 255, they are brought to that, which is told on stderr. Arrays have the range that the training data
    had, and are preprocessed, but not resized; those of another scale are refused.
    A file that cannot be read is told on stderr, the others go on, and the exit code is 3 at the end. Exits 1 where
    the spec of the run does not hold, 2 where RUN is no run, or `-` gives no paths.
    """
    gc.enable()
    failed = False
    with failing():
        from cnnspec.judging.predict import predictor

        told = predictor(run, backend=backend, device=device, allow_large=allow_large)
        if told.draws and output is None:
            raise click.UsageError("the network gives masks, images or arrays: name a folder for them with -o DIR")
        any_told = False
        notes: set[str] = set()
        for each in told(files, top=top, output=output, batch_size=batch_size, stdin=sys.stdin):
            any_told = True
            failed |= each.error is not None
            if each.error is not None:
                complain(f"{each.file} {each.error}")
            if each.note is not None and each.note not in notes:
                notes.add(each.note)
                click.echo(f"note: {each.note}", err=True)
            if as_json:
                click.echo(json.dumps(each.to_json(), ensure_ascii=False))
            elif each.error is None:
                click.echo(line(each))
        if not any_told and "-" in files:
            raise click.UsageError("standard input is empty: `-` reads the paths of files from it, one a line")
    return FAILED if failed else 0


def line(prediction: Prediction) -> str:
    """A prediction for a person."""
    place = prediction.file if prediction.index is None else f"{prediction.file}[{prediction.index}]"
    said = {name: "  ".join(_words(each)) for name, each in prediction.outputs.items()}
    if len(said) == 1:
        return f"{place}  {next(iter(said.values()))}"
    return "\n".join([place, *(f"  {name}  {words}" for name, words in said.items())])


def _words(told: Mapping[str, Any]) -> Iterator[str]:
    for each in told.get("top", ()):
        yield f"{each['class']} {_share(each)}"
    if "tags" in told:
        yield from (f"{each['class']} {_share(each)}" for each in told["tags"])
        if not told["tags"]:
            yield "nothing"
    for what in ("mask", "image", "array"):
        if what in told:
            yield f"{told[what]}"
    for each in told.get("shares", ()):
        yield f"{each['class']} {each['share']:.1%}"
    numbers = told.get("values", told.get("box", told.get("vector", ())))
    yield from (f"{value:.6g}" if value is not None else "NaN" for value in numbers)


def _share(told: Mapping[str, Any]) -> str:
    if told["probability"] is not None:
        return f"{told['probability']:.1%}"
    return f"{told['score']:.3g}" if told.get("score") is not None else "NaN"
