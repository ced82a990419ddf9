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

from cnnspec.graph.elaborate import elaborate
from cnnspec.graph.graph import Graph
from cnnspec.language import limits
from cnnspec.language.diagnostics import Diagnostic, Diagnostics, TooMany
from cnnspec.language.files import Files
from cnnspec.language.ignores import Ignore, heed
from cnnspec.language.nodes import MappingNode, locate
from cnnspec.language.origins import standard_texts, told
from cnnspec.language.overrides import apply, parse_override
from cnnspec.language.parse import parse
from cnnspec.language.reader import decode
from cnnspec.layers import LAYERS
from cnnspec.training.freeze import frozen
from cnnspec.training.settings import settings_of

if TYPE_CHECKING:
    from cnnspec.data.section import Data
    from cnnspec.language.nodes import Node
    from cnnspec.language.syntax import Spec
    from cnnspec.training.section import Training


_BLOCKS = re.compile(r"^[\"']?blocks[\"']?\s*:", re.MULTILINE)
_OF_A_NETWORK = re.compile(r"^[\"']?(layers|inputs?|outputs?|extends|data|training|name)[\"']?\s*:", re.MULTILINE)
_IMPORTING = "<import>"


@dataclass(frozen=True)
class Report:
    """What checking a spec found: the diagnostics, and the graph where nothing is wrong."""

    file: str
    name: str
    diagnostics: tuple[Diagnostic, ...]
    graph: Graph | None
    data: Data | None = None
    training: Training | None = None
    directory: Path = Path()
    document: Node | None = field(default=None, repr=False)
    sources: Mapping[str, str] = field(default_factory=dict, repr=False)
    files: Files | None = field(default=None, repr=False)
    found: Graph | None = field(default=None, repr=False)
    """Every tensor that has a shape, where there are mistakes, too: a graph without outputs."""

    @property
    def ok(self) -> bool:
        """Whether there is no error (warnings aside, unless they were checked strictly)."""
        return self.graph is not None and all(found.severity != "error" for found in self.diagnostics)

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
    sound: Graph | None = None
    tensors: Graph | None = None
    data: Data | None = None
    training: Training | None = None
    folder = Path()
    with _uncollected(), suppress(TooMany):
        document = files.main(text, file, directory or Path())
        if document is not None:
            document = apply(document, tuple(settings), diagnostics)
        spec = parse(document, LAYERS, diagnostics, name, files) if document is not None else None
        graph, tensors = elaborate(spec, diagnostics, allow_large=allow_large) if spec is not None else (None, None)
        if document is not None:
            folder = files.folder_of(locate(document, ("data", "source")))
        data, training = settings_of(spec, graph, files.folder_of, diagnostics) if spec is not None else (None, None)
        sound = frozen(graph, training.freeze) if graph and training and not diagnostics.failed else None
        if sound is not None and spec is not None:
            from cnnspec.lints import lint

            others = {*files.callers, *([file] if settings else [])}
            for doubt in lint(sound, spec, data, training, file, others):
                diagnostics.add(doubt)
    name = spec.name if spec is not None else name
    found = _heeded(told(diagnostics, file, files.callers), files, sound if not settings else None, file)
    if strict:
        found = tuple(replace(each, severity="error") for each in found)
    sources = {**standard_texts(found), **files.texts, **{setting.file: setting.text for setting in settings}}
    return Report(file, name, found, sound, data, training, folder, document, sources, files, tensors)


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


def _heeded(found: Iterable[Diagnostic], files: Files, graph: Graph | None, file: str) -> tuple[Diagnostic, ...]:
    """The diagnostics less what comments silence; with a graph, comments that silence nothing are told."""

    def doubted() -> Callable[[Ignore], bool]:
        from cnnspec.lints import doubting

        document = files.documents[file]
        if graph is None or not isinstance(document, MappingNode):
            return lambda comment: False
        return doubting(graph, document, file)

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
    return replace(report, file=file, diagnostics=found, graph=None, found=None, document=document)


def check_bytes(data: bytes, file: str, **options: Any) -> Report:
    """Check a spec's bytes, as they stand in a file."""
    diagnostics = Diagnostics()
    text = decode(data, file, diagnostics)
    if text is None:
        shown = data[: limits.TEXT_BYTES].decode("utf-8", "replace")
        return Report(file, Path(file).stem, tuple(diagnostics), None, sources={file: shown})
    return check_text(text, file, **options)


def check_file(path: str | Path, **options: Any) -> Report:
    """Check a spec file, or standard input for `-`. Raises `OSError` where it cannot be read."""
    if str(path) == "-":
        return check_bytes(sys.stdin.buffer.read(), "<stdin>", **options)
    return check_bytes(contents(Path(path)), str(path), directory=Path(path).parent, **options)


def contents(path: Path) -> bytes:
    """The bytes of a spec file, and no more than show that it is too large. Raises `OSError`."""
    if path.exists() and not path.is_file():
        raise OSError(f"{path} is not a regular file")
    with path.open("rb") as file:
        return file.read(2 << 20)
