"""Telling what files show. Keras is imported on the way, not with this module."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from cnnspec.judging.runs import kept
from cnnspec.judging.starting import start
from cnnspec.language.paths import is_file
from cnnspec.training.run_folder import BEST, SPEC

if TYPE_CHECKING:
    from cnnspec.data.columns import Array
    from cnnspec.judging.files import Item
    from cnnspec.judging.served import Served
    from cnnspec.judging.writing import Writer
    from cnnspec.training.device import Machine

TOP = 3


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a network tells of a file, or of item `index` of a file of arrays; `error` says why it could not be read.

    `outputs` has for each output what the JSON form has, `arrays` the numbers: the probabilities of all classes, the
    class of each pixel, or what the network gave.
    """

    file: str
    index: int | None = None
    outputs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    arrays: Mapping[str, Array] = field(default_factory=dict, repr=False, compare=False)
    error: str | None = None
    note: str | None = field(default=None, compare=False)
    """What was done to the numbers of the file, so that they are such as training saw."""

    def to_json(self) -> dict[str, Any]:
        """One line of `cnnspec predict --json`: what a single output tells stands in it, several are in `outputs`."""
        place = {"file": self.file} if self.index is None else {"file": self.file, "index": self.index}
        if self.error is not None:
            return {**place, "error": self.error}
        if len(self.outputs) == 1:
            return {**place, **next(iter(self.outputs.values()))}
        return {**place, "outputs": {name: dict(each) for name, each in self.outputs.items()}}


@dataclass(frozen=True, slots=True)
class Predictor:
    """A network that is ready; `draws` says whether it gives masks or images, which need a folder to be written to."""

    served: Served
    machine: Machine

    @property
    def draws(self) -> bool:
        """Whether an output is a picture."""
        return any(head.drawn for head in self.served.heads.values())

    def __call__(
        self, files: Iterable[str | Path], *, top: int = TOP, output: Path | None = None,
        batch_size: int | None = None, stdin: TextIO | None = None,
    ) -> Iterator[Prediction]:  # fmt: skip
        """Tell what `files` show, one after another."""
        from cnnspec.data.images.column import in_parallel
        from cnnspec.judging.files import readings
        from cnnspec.judging.network import bounded
        from cnnspec.judging.writing import Writer

        writer = Writer(output, self.served) if output is not None else None
        asked = readings(files, self.served.entrances, stdin)
        with bounded(self.machine):
            while batch := list(islice(asked, batch_size or self.served.batch_size)):
                items = list(in_parallel(lambda read: read(), batch))
                for _, alike in groupby(items, _form):
                    yield from self._told(list(alike), top, writer)

    def _told(self, items: Sequence[Item], top: int, writer: Writer | None) -> Iterator[Prediction]:
        """What is told of items of one shape."""
        import numpy as np

        from cnnspec.judging.told import told

        if items[0].error is not None:
            yield from (Prediction(item.file, item.index, error=item.error) for item in items)
            return
        shapes = {name: array.shape for name, array in items[0].x.items()}
        if not self.served.takes(shapes):
            sizes = ", ".join("×".join(map(str, shape)) for shape in shapes.values())
            reason = f"is {sizes}, a size at which the tensors of the network do not fit; resize it"
            yield from (Prediction(item.file, item.index, error=reason) for item in items)
            return
        outputs = self.served({name: np.stack([item.x[name] for item in items]) for name in items[0].x})
        for at, item in enumerate(items):
            said = {name: told(head, outputs[name][at], top) for name, head in self.served.heads.items()}
            written = writer.write(item, {name: array for name, (_, array) in said.items()}) if writer else {}
            forms = {name: {**form, **written.get(name, {})} for name, (form, _) in said.items()}
            arrays = {name: array for name, (_, array) in said.items()}
            yield Prediction(item.file, item.index, forms, arrays, note=item.note)


def _form(item: Item) -> Any:
    return item.error is not None, [(name, array.shape) for name, array in item.x.items()]


def predictor(
    run: str | Path, *, backend: str | None = None, device: str | None = None, allow_large: bool = False
) -> Predictor:
    """The network of a run, or of a `.keras` file whose layers the language knows, ready to tell of files.

    Raises `RunError`, `SpecError`, `DataError`, `WeightsError` or `TrainingError`.
    """
    path = Path(run)
    known = None if _is_foreign(path) else kept(path, allow_large=allow_large)
    machine = start(known.backend if known else None, backend, device)

    from cnnspec.judging.network import bounded
    from cnnspec.judging.served import foreign, of_run

    with bounded(machine):
        return Predictor(foreign(path) if known is None else of_run(known), machine)


def _is_foreign(path: Path) -> bool:
    """Whether a path names a model on its own, rather than a run."""
    return path.suffix == ".keras" and is_file(path) and not (path.name == BEST and is_file(path.parent / SPEC))
