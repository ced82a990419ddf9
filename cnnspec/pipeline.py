"""The compiler on one page.

    text ──read──▶ document ──parse──▶ spec ──elaborate──▶ graph ──emit──▶ Keras model │ summary
          places              items             blocks, repeats,   flat, shaped,
                                                names, shapes      costed

Each arrow is one function. Stages collect diagnostics and never throw at the first mistake; everything up to the
graph runs without Keras. A network that holds is looked at by the lints, and comments silence what they say.
"""

from __future__ import annotations

import gc
import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnnspec.graph.elaborate import networks
from cnnspec.graph.graph import Graph
from cnnspec.language import limits
from cnnspec.language.budget import one_budget
from cnnspec.language.diagnostics import Diagnostic, Diagnostics, TooMany
from cnnspec.language.files import Files
from cnnspec.language.ignores import Ignore, heed
from cnnspec.language.nodes import MappingNode, locate
from cnnspec.language.origins import standard_texts, told
from cnnspec.language.overrides import apply, parse_override
from cnnspec.language.parse import parse
from cnnspec.language.paths import is_file, is_there
from cnnspec.language.reader import decode
from cnnspec.layers import LAYERS
from cnnspec.training.freeze import frozen
from cnnspec.training.settings import settings_of

if TYPE_CHECKING:
    from cnnspec.data.section import Data
    from cnnspec.language.nodes import Node
    from cnnspec.language.syntax import Spec
    from cnnspec.training.adversarial.section import AdversarialTraining
    from cnnspec.training.section import Training


_BLOCKS = re.compile(r"^[\"']?blocks[\"']?\s*:", re.MULTILINE)
_OF_A_NETWORK = re.compile(
    r"^[\"']?(layers|inputs?|outputs?|extends|data|training|name|task|generator|discriminator)[\"']?\s*:", re.MULTILINE
)
_IMPORTING = "<import>"


@dataclass(frozen=True)
class Report:
    """What checking a spec found: the diagnostics, and the graphs where nothing is wrong.

    `graphs` are the networks by name: the one of most specs, or the `generator` and the `discriminator` of a GAN.
    """

    file: str
    name: str
    diagnostics: tuple[Diagnostic, ...]
    graphs: Mapping[str, Graph] = field(default_factory=dict)
    data: Data | None = None
    training: Training | AdversarialTraining | None = None
    directory: Path = Path()
    document: Node | None = field(default=None, repr=False)
    sources: Mapping[str, str] = field(default_factory=dict, repr=False)
    files: Files | None = field(default=None, repr=False)
    found: tuple[Graph, ...] = field(default=(), repr=False)
    """Every tensor that has a shape, where there are mistakes, too: graphs without outputs."""

    @property
    def graph(self) -> Graph | None:
        """The graph of the only network; None where nothing holds, and where there are two."""
        return next(iter(self.graphs.values())) if len(self.graphs) == 1 else None

    @property
    def ok(self) -> bool:
        """Whether there is no error (warnings aside, unless they were checked strictly)."""
        return bool(self.graphs) and all(found.severity != "error" for found in self.diagnostics)

    def network(self, name: str | None = None) -> Graph:
        """The graph of the network of that name; of the only one, without a name. Raises `ValueError`."""
        if name is None and self.graph is not None:
            return self.graph
        if name is None or name not in self.graphs:
            message = "there are two networks" if name is None else f"no network is called `{name}`"
            raise ValueError(f"{message}: choose {' or '.join(f'`{known}`' for known in self.graphs)}")
        return self.graphs[name]

    @property
    def resolved(self) -> str:
        """The spec in one file, with every override and its paths absolute, as text that reads back to the same."""
        from cnnspec.language.inline import inlined
        from cnnspec.language.write import write

        assert isinstance(self.document, MappingNode)
        assert self.files is not None
        values = inlined(self.document, self.files)
        if self.data is not None:
            values["data"]["source"] = self.data.source.placed(values["data"]["source"], self.directory)
        if self.training is not None and self.training.weights is not None:
            values["training"]["weights"] = self.training.weights.placed(values["training"]["weights"])
        return write({"name": self.name, **values})

    def at_sizes(self, shapes: Mapping[str, tuple[int | None, ...]]) -> str | None:
        """What is wrong where images have these shapes at the inputs that take any, as it is printed; or None."""
        from cnnspec.language import render
        from cnnspec.training.open_sizes import problems_at

        if self.document is None or self.files is None:
            return None
        found = tuple(told(problems_at(self.document, self.name, self.files, shapes), self.file, self.files.callers))
        return render.text(found, {**standard_texts(found), **self.sources}) if found else None

    @property
    def labels(self) -> dict[str, str]:
        """What the labels of each output mean, in words (`10 classes, one per image`), where that is known before they
        are loaded."""
        from cnnspec.training.outputs import decisions
        from cnnspec.training.section import Training
        from cnnspec.training.target import Target

        if self.graph is None or self.data is None or not isinstance(self.training, Training):
            return {}
        found = decisions(self.graph, self.data, self.training)
        return {name: target.text() for name, target in found if isinstance(target, Target)}

    def __str__(self) -> str:
        from cnnspec.language import render

        return render.text(self.diagnostics, self.sources)


class SpecError(Exception):
    """A spec that does not hold; `diagnostics` says where and why."""

    def __init__(self, report: Report) -> None:
        super().__init__("\n" + str(report))
        self.report = report
        self.diagnostics = report.diagnostics


def check_text(
    text: str,
    file: str = "<text>",
    *,
    overrides: Iterable[str] = (),
    allow_large: bool = False,
    directory: Path | None = None,
    strict: bool = False,
    buffers: Mapping[str, str] | None = None,
) -> Report:
    """Check the text of a spec: every arrow of the page above up to the graph, then its `data` and `training`.

    With `strict`, every warning is an error. `buffers` are the texts of files that are open in an editor, by their real
    paths: they count, not what is on the disk.
    """
    diagnostics = Diagnostics(limits.DIAGNOSTICS)
    files = Files(diagnostics, buffers or {})
    settings = [parse_override(setting) for setting in overrides]
    name = Path(file).stem if file not in ("<text>", "<stdin>") else "network"

    document: Node | None = None
    spec: Spec | None = None
    graphs: Mapping[str, Graph] = {}
    tensors: tuple[Graph, ...] = ()
    data: Data | None = None
    training: Training | AdversarialTraining | None = None
    folder = Path()
    with _uncollected(), one_budget(), suppress(TooMany):
        document = files.main(text, file, directory or Path())
        if document is not None:
            document = apply(document, tuple(settings), diagnostics)
        spec = parse(document, LAYERS, diagnostics, name, files) if document is not None else None
        whole, tensors = networks(spec, diagnostics, allow_large=allow_large) if spec is not None else ({}, ())
        if document is not None:
            folder = files.folder_of(locate(document, ("data", "source")))
        data, training = settings_of(spec, whole, files.folder_of, diagnostics) if spec is not None else (None, None)
        if document is not None and data is not None and len(whole) == 1 and not diagnostics.failed:
            for found_there in _at_known_sizes(next(iter(whole.values())), data, document, name, files):
                diagnostics.add(found_there)
        if spec is not None and training is not None and not diagnostics.failed:
            from cnnspec.lints import lint

            graphs = {name: frozen(graph, training.freeze) for name, graph in whole.items()}
            others = {*files.callers, *([file] if settings else [])}
            for doubt in lint(graphs, spec, data, training, file, others):
                diagnostics.add(doubt)
    name = spec.name if spec is not None else name
    found = _heeded(told(diagnostics, file, files.callers), files, graphs if not settings else {}, file)
    if strict:
        found = tuple(replace(each, severity="error") for each in found)
    sources = {**standard_texts(found), **files.texts, **{setting.file: setting.text for setting in settings}}
    return Report(file, name, found, graphs, data, training, folder, document, sources, files, tensors)


def _at_known_sizes(graph: Graph, data: Data, document: Node, name: str, files: Files) -> tuple[Diagnostic, ...]:
    """What is wrong at the sizes of the images, where the input takes any and the source says which they have."""
    if not any(None in shape for shape in graph.inputs.values()):
        return ()
    from cnnspec.training.open_sizes import known_sizes, problems_at

    shapes = known_sizes(graph, data)
    return problems_at(document, name, files, shapes) if shapes else ()


@contextmanager
def _uncollected() -> Iterator[None]:
    """No garbage collection meanwhile: a check makes a great many objects and hardly any cycles, and looking for them
    would take as long as all the rest."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def _heeded(
    found: Iterable[Diagnostic], files: Files, graphs: Mapping[str, Graph], file: str
) -> tuple[Diagnostic, ...]:
    """The diagnostics less what comments silence; with graphs, comments that silence nothing are told."""

    def doubted() -> Callable[[Ignore], bool]:
        from cnnspec.lints import doubting

        document = files.documents[file]
        if not graphs or not isinstance(document, MappingNode):
            return lambda comment: False
        return doubting(graphs.values(), document, file)

    return tuple(heed(found, files.texts, files.documents, doubted))


def holds_blocks_alone(text: str) -> bool:
    """Whether a text is a file of blocks for others to import, rather than a network."""
    return "blocks" in text and bool(_BLOCKS.search(text)) and not _OF_A_NETWORK.search(text)


def blocks_file(name: str, directory: Path) -> str:
    """What diagnostics call a file of blocks alone: what a spec in `directory` that imports `name` calls it."""
    return os.path.normpath(directory / name)


def check_blocks(text: str, name: str, directory: Path, buffers: Mapping[str, str], **options: Any) -> Report:
    """Check a file of blocks alone, `name` in `directory`, as a spec that imports it finds it."""
    file = blocks_file(name, directory)
    importing = f"input: [1]\nimports: [{json.dumps(name, ensure_ascii=False)}]\nlayers: [flatten]\n"
    buffers = {**buffers, os.path.realpath(file): text}
    report = check_text(importing, _IMPORTING, directory=directory, buffers=buffers, **options)
    found = tuple(
        replace(each, related=tuple(place for place in each.related if place.span.file != _IMPORTING))
        for each in report.diagnostics
        if each.span.file != _IMPORTING
    )
    document = report.files.documents.get(file) if report.files is not None else None
    return replace(report, file=file, diagnostics=found, graphs={}, found=(), document=document)


def check_bytes(data: bytes, file: str, **options: Any) -> Report:
    """Check a spec's bytes, as they stand in a file."""
    diagnostics = Diagnostics()
    text = decode(data, file, diagnostics)
    if text is None:
        shown = data[: limits.TEXT_BYTES].decode("utf-8", "replace")
        return Report(file, Path(file).stem, tuple(diagnostics), sources={file: shown})
    return check_text(text, file, **options)


def check_file(path: str | Path, **options: Any) -> Report:
    """Check a spec file, or standard input for `-`. Raises `OSError` where it cannot be read."""
    if str(path) == "-":
        return check_bytes(sys.stdin.buffer.read(limits.READ_BYTES), "<stdin>", **options)
    data = contents(Path(path))
    if _of_a_run(Path(path)):
        from cnnspec.language.write import of_older_versions

        data = of_older_versions(data.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
    return check_bytes(data, str(path), directory=Path(path).parent, **options)


def _of_a_run(path: Path) -> bool:
    """Whether a spec is the one that a run folder keeps."""
    return path.name == "spec.yaml" and any(
        is_there(path.parent / name) for name in ("environment.json", "checkpoints")
    )


def contents(path: Path) -> bytes:
    """The bytes of a spec file, and no more than show that it is too large. Raises `OSError`."""
    if is_there(path) and not is_file(path):
        raise OSError(f"{path} is not a regular file")
    with path.open("rb") as file:
        return file.read(limits.READ_BYTES)
