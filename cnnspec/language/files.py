"""The files that a spec is made of: itself, what it extends, what it imports. Each is read once."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from cnnspec.language import limits
from cnnspec.language.diagnostics import Diagnostic, Diagnostics, Fix, Related
from cnnspec.language.entries import shown
from cnnspec.language.library import Library
from cnnspec.language.nodes import MappingNode, Node, ScalarNode, SequenceNode, head, plain
from cnnspec.language.reader import decode, read
from cnnspec.language.spans import Span
from cnnspec.language.suggest import nearest

_PLACES = "paths are relative to the file that names them"
_SPEC = re.compile(
    r"^(?:\s*\{)?\s*[\"']?(?:cnnspec|input|inputs|layers?|blocks?|extends?|imports?|parameters|training|generator|discriminator)"
    r"[\"']?\s*:|^data:\s*\{?\s*(?:#.*\s+)?source\s*:",
    re.MULTILINE,
)
"""What every spec has somewhere at the start of a line. A file without is named, never quoted."""
_PATH = re.compile(r"[^\x00-\x1f\x7f]{1,1000}")
_ENTRIES = {("data", "source"), ("training", "optimizer"), ("training", "loss")}
"""Entries: another name replaces the one inherited, with its arguments."""
_NULL = {("data", "validation_split")}
"""Where `null` is a value: it takes nothing away."""


class _Place(NamedTuple):
    """A file, as it is told, and what names it: a cycle runs through those that are being read."""

    real: str
    shown: str
    reference: Span


class Files:
    """What was read: texts by file, and the place that called for each. Mistakes go to `diagnostics`.

    `buffers` are texts by real path that count in the place of what is on the disk.
    """

    def __init__(self, diagnostics: Diagnostics, buffers: Mapping[str, str] | None = None) -> None:
        self.diagnostics = diagnostics
        self.buffers = buffers or {}
        self.texts: dict[str, str] = {}
        self.documents: dict[str, Node | None] = {}
        self.callers: dict[str, Related] = {}
        self.libraries: dict[int, Library] = {}
        """The blocks of each imported document."""
        self._folders: dict[str, Path] = {}
        self._main = ""
        self._open: list[_Place] = []
        self._roots: dict[str, MappingNode | None] = {}
        self.size = 0
        """How many values the extended and imported files hold."""
        self.bytes = 0
        """How many bytes of them were read."""

    def main(self, text: str, file: str, folder: Path) -> Node | None:
        """The document of the spec itself, with what it extends."""
        self._main = file
        self._folders[file] = folder
        self.texts[file] = text
        root = self.documents[file] = read(text, file, self.diagnostics)
        if not isinstance(root, MappingNode):
            return root
        real = os.path.realpath(folder / Path(file).name)
        self._open.append(_Place(real, file, head(root)))
        return self.extended(root)

    @property
    def paths(self) -> tuple[str, ...]:
        """The real paths of what is extended and imported, whether it could be read or not."""
        return tuple(self._roots)

    def folder_of(self, span: Span) -> Path:
        """The folder that paths at this place are relative to."""
        return self._folders.get(span.file, self._folders.get(self._main, Path()))

    def extended(self, root: MappingNode) -> MappingNode | None:
        """A document merged into the one that it extends; None where that one does not read."""
        reference = root.get("extends")
        if reference is None:
            return root
        parent = self.open(reference, "extends")
        return None if parent is None else inherit(parent, root.without("extends"))

    def open(self, reference: Node, word: str) -> MappingNode | None:
        """The document of the file that `reference` names, with what it extends in turn; None where it does not read.

        `word` is `extends` or `imports`. A file that is open already closes a cycle, which is an error.
        """
        path_like = (
            isinstance(reference, ScalarNode) and isinstance(reference.value, str) and _PATH.fullmatch(reference.value)
        )
        if not isinstance(reference, ScalarNode) or not path_like:
            example = "extends: base.yaml" if word == "extends" else "imports: [blocks.yaml]"
            message = f"`{word}` takes the path of a spec file, not {shown(plain(reference))}"
            single = reference.items[0] if isinstance(reference, SequenceNode) and len(reference.items) == 1 else None
            fix = None
            if word == "extends" and isinstance(single, ScalarNode) and head(reference) == reference.span:
                fix, example = Fix(reference.span, single.text), f"extends: {single.text}"
            self.diagnostics.add(Diagnostic("wrong-type", message, head(reference), help=f"write `{example}`", fix=fix))
            return None
        place = self._place(reference)
        if any(opened.real == place.real for opened in self._open):
            self._cycle(place.real, reference.span, word)
            return None
        if place.real not in self._roots:
            self._roots[place.real] = self._read(place, reference, word)
        return self._roots[place.real]

    def inside(self, reference: Node) -> AbstractContextManager[None]:
        """While the blocks of an imported file are read, with what it imports in turn."""
        assert isinstance(reference, ScalarNode)
        return self._opened(self._place(reference))

    def _place(self, reference: ScalarNode) -> _Place:
        path = self.folder_of(reference.span) / str(reference.value)
        return _Place(os.path.realpath(path), os.path.normpath(path), reference.span)

    @contextmanager
    def _opened(self, place: _Place) -> Iterator[None]:
        self._open.append(place)
        try:
            yield
        finally:
            self._open.pop()

    def _read(self, place: _Place, reference: ScalarNode, word: str) -> MappingNode | None:
        name, text = place.shown, self._text(place, reference)
        if text is None:
            return None
        self.texts[name] = text
        self._folders[name] = Path(name).parent
        verb = {"extends": "extended", "imports": "imported"}[word]
        self.callers[name] = Related(f"`{name}` is {verb} here", reference.span)
        root = self.documents[name] = read(text, name, self.diagnostics)
        if root is None:
            return None
        self.size += root.size
        if self.size > 2 * limits.NODES:
            message = f"more than {2 * limits.NODES:,} values in all files together"
            self._error("limit-files", message, reference.span, "put less into them")
            return None
        if not isinstance(root, MappingNode):
            message = f"a spec is a mapping, not {shown(plain(root))}"
            self._error("spec-form", message, head(root), "start with `input: [28, 28, 1]` and `layers:`, or `blocks:`")
            return None
        with self._opened(place):
            return self.extended(root)

    def _text(self, place: _Place, reference: ScalarNode) -> str | None:
        if self.size > 2 * limits.NODES:
            return None
        if len(self._roots) > limits.FILES or len(self.texts) > limits.FILES:
            self._error("limit-files", f"more than {limits.FILES} files", reference.span, "put some of them into one")
            return None
        if place.real in self.buffers:
            return self.buffers[place.real]
        name, path = place.shown, Path(place.shown)
        try:
            if path.exists() and not path.is_file():
                self._error("file-missing", f"{name} is not a file", reference.span, "name a spec file")
                return None
            with path.open("rb") as file:
                data = file.read(limits.READ_BYTES)
            self.bytes += len(data)
            if self.bytes > limits.FILES_BYTES:
                message = f"more than {limits.FILES_BYTES >> 20} MiB of text in all files together"
                self._error("limit-files", message, reference.span, "put less into them")
                return None
            return self._recognised(data, name, reference)
        except (OSError, ValueError) as error:
            missing = isinstance(error, FileNotFoundError | ValueError)
            reason = "is not there" if missing else f"cannot be read: {getattr(error, 'strerror', error)}"
            guess = _near(path)
            found = Diagnostic("file-missing", f"{name} {reason}", reference.span, help=_PLACES)
            if guess is not None:
                text = reference.text.removesuffix(path.name) + guess
                found = replace(found, help=f"did you mean `{text}`?", fix=Fix(reference.span, text))
            self.diagnostics.add(found)
            return None

    def _recognised(self, data: bytes, name: str, reference: ScalarNode) -> str | None:
        """The text of a file that looks like a spec; of others, a stranger's spec would show what they hold."""
        if data.strip() and not _SPEC.search(data.decode("utf-8-sig", "replace")):
            message = f"{name} is not a spec: no line of it starts with `layers:`, `blocks:`, `input:` or the like"
            self._error("spec-form", message, reference.span, "name a spec file")
            return None
        return decode(data, name, self.diagnostics)

    def _cycle(self, real: str, span: Span, word: str) -> None:
        start = next(at for at, opened in enumerate(self._open) if opened.real == real)
        round_trip = self._open[start:]
        way = " → ".join([opened.shown for opened in round_trip] + [round_trip[0].shown])
        related = tuple(Related(f"`{opened.shown}` is named here", opened.reference) for opened in round_trip[1:])
        message = f"a file cannot {'extend' if word == 'extends' else 'import'} itself: {way}"
        self.diagnostics.add(Diagnostic(f"{word}-cycle", message, span, related=related))

    def _error(self, code: str, message: str, span: Span, help: str | None) -> None:
        self.diagnostics.add(Diagnostic(code, message, span, help=help))


def _near(path: Path) -> str | None:
    """The spec file of nearly that name in the same folder."""
    try:
        names = [file.name for file in path.parent.iterdir() if file.suffix in (".yaml", ".yml")][:500]
    except (OSError, ValueError):
        return None
    return nearest(path.name, names)


def inherit(parent: MappingNode, child: MappingNode) -> MappingNode:
    """A spec with what its parent gives: mappings merge key by key, all else replaces. `null` takes a key away.

    The name is not inherited: a spec without one is called like its file.
    """
    merged = _merge(parent.without("name"), child, ())
    gone = [key.text for key, value in child.pairs if _null(value)]
    others = {"input": "inputs", "inputs": "input"}
    gone += [others[key.text] for key, _ in child.pairs if key.text in others and child.get(others[key.text]) is None]
    own_first = sorted(merged.without(*gone).pairs, key=lambda pair: child.key(pair[0].text) is None)
    return replace(merged, pairs=tuple(own_first))


def _merge(parent: MappingNode, child: MappingNode, path: tuple[str, ...]) -> MappingNode:
    if (path in _ENTRIES or path[-1:] == ("learning_rate",)) and _other_entry(parent, child):
        return child
    pairs = []
    for key, inherited in parent.pairs:
        own, value = child.key(key.text), child.get(key.text)
        if own is None or value is None:
            pairs.append((key, inherited))
        elif isinstance(inherited, MappingNode) and isinstance(value, MappingNode):
            pairs.append((own, _merge(inherited, value, (*path, key.text))))
        elif not (_null(value) and len(path) == 1 and (*path, key.text) not in _NULL):
            pairs.append((own, value))
    new = [pair for pair in child.pairs if parent.key(pair[0].text) is None]
    return replace(child, pairs=(*pairs, *new), size=parent.size + child.size)


def _null(value: Node) -> bool:
    return isinstance(value, ScalarNode) and value.value is None


def _other_entry(parent: MappingNode, child: MappingNode) -> bool:
    """Whether these are entries of two names."""
    return len(parent.pairs) == len(child.pairs) == 1 and parent.pairs[0][0].text != child.pairs[0][0].text
