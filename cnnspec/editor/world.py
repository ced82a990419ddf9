"""The specs that are open: their texts, what checking each of them found, and the files behind them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from cnnspec import pipeline
from cnnspec.editor.around import Around, around, is_spec
from cnnspec.editor.declared import Source, on_disk, opened, source_of
from cnnspec.editor.lines import Lines
from cnnspec.editor.shapes import Occurrence, Shapes
from cnnspec.editor.tree import Scalar
from cnnspec.language.diagnostics import Diagnostic
from cnnspec.language.limits import TEXT_BYTES
from cnnspec.language.paths import is_file
from cnnspec.layers.base import Shape


@dataclass(frozen=True)
class Checked:
    """A spec with what was found in it."""

    source: Source
    report: pipeline.Report

    @cached_property
    def shapes(self) -> Shapes:
        """Where each entry became tensors."""
        return Shapes(self.report.found, self.report.document)

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """What to tell."""
        return self.report.diagnostics

    @cached_property
    def files(self) -> frozenset[str]:
        """The files that it was made of."""
        return frozenset(self.report.files.texts) if self.report.files else frozenset([self.source.file])


@dataclass
class World:
    """Everything that features look at. `texts` are the open documents by file, `checked` the specs among them."""

    texts: dict[str, str] = field(default_factory=dict)
    checked: dict[str, Checked] = field(default_factory=dict)
    _lines: dict[str, Lines] = field(default_factory=dict)

    # texts

    def source(self, file: str) -> Source | None:
        """A file's text and tree, as it is open or on the disk."""
        return opened(file, self.load)

    def lines(self, file: str) -> Lines:
        """The lines of a file."""
        text = self.load(file) or ""
        known = self._lines.get(file)
        if known is None or known.text != text:
            known = self._lines[file] = Lines(text)
        return known

    def load(self, file: str) -> str | None:
        """The text of a file, as it is open or on the disk; None where it cannot be read."""
        open = self.texts.get(file)
        if open is not None:
            return open
        path = Path(on_disk(file))
        try:
            if not is_file(path) or path.stat().st_size > TEXT_BYTES:
                return None
            return path.read_bytes().decode("utf-8-sig").replace("\ufeff", "")
        except (OSError, ValueError):
            return None

    def line(self, source: Source, offset: int) -> int:
        """The number of a line, from 1."""
        return self.lines(source.file).position(offset, "utf-32")[0] + 1

    # checks

    def shapes(self, source: Source) -> Shapes:
        """The tensors of a spec as it was last checked."""
        checked = self.checked.get(source.file)
        return checked.shapes if checked else Shapes((), None)

    def inputs(self, source: Source) -> dict[str, Shape]:
        """The inputs of a spec's network."""
        found = self.shapes(source).found
        return dict(found[0].inputs) if len(found) == 1 else {}

    def occurrences(self, source: Source, word: Scalar) -> list[Occurrence]:
        """What the entry that starts with `word` became: in its own spec, or else in one that is made of it, too."""
        line, column = self.lines(source.file).place(word.start)
        for checked in self._made_of(source):
            found = checked.shapes.by_place.get((source.file, line, column))
            if found:
                return found
        return []

    def _made_of(self, source: Source) -> Iterator[Checked]:
        own = self.checked.get(source.file)
        if own is not None and own.source.text == source.text:
            yield own
        for file, checked in self.checked.items():
            known = checked.report.files.texts.get(source.file) if checked.report.files else None
            if file != source.file and known == source.text:
                yield checked

    def diagnostics(self, file: str) -> list[Diagnostic]:
        """What all specs have to tell of a file, each thing once."""
        found = {(each.code, each.place, each.message): each for each in self._told(file)}
        return sorted(found.values(), key=lambda each: each.place.order)

    def _told(self, file: str) -> Iterator[Diagnostic]:
        own = self.checked.get(file)
        for checked in [*([own] if own else []), *(other for name, other in self.checked.items() if name != file)]:
            yield from (each for each in checked.diagnostics if each.span.file == file)

    def around(self, file: str, offset: int) -> Around | None:
        """The place of the word at an offset of a file."""
        source = self.source(file)
        return around(source, offset, self.load) if source else None


def check(file: str, texts: Mapping[str, str]) -> Checked | None:
    """Check a spec of `texts`, the open documents; None for a document that is none."""
    source = source_of(file, texts[file])
    if not is_spec(source):
        return None
    buffers = {os.path.realpath(path): text for path, text in texts.items() if path != file}
    path = Path(file)
    if pipeline.holds_blocks_alone(texts[file]):
        return Checked(source, pipeline.check_blocks(texts[file], path.name, path.parent, buffers))
    return Checked(source, pipeline.check_text(texts[file], file, directory=path.parent, buffers=buffers))


def told(file: str, texts: Mapping[str, str]) -> tuple[Diagnostic, ...]:
    """What is to be told of a spec, and of the files that it is made of."""
    checked = check(file, texts)
    return checked.diagnostics if checked else ()
