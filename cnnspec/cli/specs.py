"""Which files a command line names: files, whole folders, standard input."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from cnnspec.language.diagnostics import Diagnostics
from cnnspec.language.nodes import MappingNode, SequenceNode
from cnnspec.language.paths import is_file, is_folder

STDIN = "<stdin>"

_ENDINGS = (".yaml", ".yml")
_FOREIGN = {"node_modules", "site-packages", "__pycache__"}
_BYTES = 2 << 20
_KEY = r"^(?:\ufeff?\{.*?)?[\"']?(cnnspec|layers|blocks|extends|generator)[\"']?\s*:"


class Spec(NamedTuple):
    """A spec to check: where it stands (`-` is standard input), and what messages call it."""

    path: str
    shown: str

    @property
    def stdin(self) -> bool:
        """Whether it comes from standard input."""
        return self.path == "-"

    @property
    def label(self) -> str:
        """What the lines that are no diagnostics call it."""
        return self.path if self.shown == STDIN else self.shown

    @property
    def folder(self) -> Path:
        """The folder that its paths are relative to."""
        return Path(self.path if not self.stdin else "" if self.shown == STDIN else self.shown).parent

    @property
    def name(self) -> str:
        """The name of the file in its folder."""
        return Path(self.shown).name

    @property
    def real(self) -> str:
        """What makes two names of one file the same."""
        return os.path.realpath(self.shown if self.stdin else self.path)


class Named(NamedTuple):
    """What the command line names: specs, each once; folders without one; and every path that was looked at."""

    specs: tuple[Spec, ...]
    empty: tuple[str, ...] = ()
    unreadable: tuple[tuple[str, OSError], ...] = ()
    looked_at: tuple[str, ...] = ()


def named(paths: Sequence[str], stdin_name: str | None = None, only_specs: bool = False) -> Named:
    """The specs that `paths` name.

    A folder stands for the specs below it: every `*.yaml` and `*.yml` that looks like one, hidden folders aside. With
    `only_specs`, files that look like something else are passed over, too.
    """
    specs: dict[str, Spec] = {}
    empty: list[str] = []
    failed: list[tuple[str, OSError]] = []
    seen: list[str] = []
    for path in paths:
        if path == "-":
            found = [Spec(path, printable_name(stdin_name or STDIN))]
        elif is_folder(Path(path)):
            below = list(_below(path, failed, seen))
            found = [Spec(file, printable_name(file)) for file in below if _looks_like_spec(file)]
            if not found and not only_specs:
                empty.append(path)
        else:
            seen.append(path)
            passed = only_specs and is_file(Path(path)) and not _looks_like_spec(path)
            found = [] if passed else [Spec(path, printable_name(path))]
        for spec in found:
            specs.setdefault(spec.real, spec)
    return Named(tuple(specs.values()), tuple(empty), tuple(failed), tuple(seen))


def printable_name(path: str) -> str:
    """The name of a file as text: bytes that are no UTF-8 cannot be told."""
    return os.fsencode(path).decode("utf-8", "replace")


def _below(folder: str, failed: list[tuple[str, OSError]], seen: list[str]) -> Iterator[str]:
    def note(error: OSError) -> None:
        failed.append((str(error.filename), error))

    for root, folders, files in os.walk(folder, onerror=note):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in _FOREIGN)
        seen.append(root)
        for name in sorted(files):
            if name.endswith(_ENDINGS) and not name.startswith("."):
                file = str(Path(root) / name)
                seen.append(file)
                yield file


def _looks_like_spec(path: str) -> bool:
    """Whether a file is worth checking; one that cannot be read is, so that this is told."""
    if not is_file(Path(path)):  # a FIFO would be waited for
        return True
    try:
        with Path(path).open("rb") as file:
            return looks_like_spec(file.read(_BYTES).decode("utf-8", "replace"))
    except OSError:
        return True


def looks_like_spec(text: str) -> bool:
    """Whether a YAML text is meant as a spec.

    It has `cnnspec`, a list of `layers`, `blocks` or a `generator` with layers, or `extends` a YAML file. Where the
    text does not read, the words at the start of its lines decide.
    """
    from cnnspec.language.reader import read

    if not re.search(_KEY, text, re.MULTILINE):
        return False
    root = read(text.removeprefix("\ufeff"), "", Diagnostics())
    if root is None:
        return re.search(r"^[\"']?(cnnspec|layers|blocks)[\"']?\s*:", text, re.MULTILINE) is not None
    if not isinstance(root, MappingNode):
        return False
    layers, blocks, parent = root.get("layers"), root.get("blocks"), root.get("extends")
    return (
        root.get("cnnspec") is not None
        or (layers is not None and not isinstance(layers, MappingNode))
        or (isinstance(blocks, MappingNode) and any(_is_block(block) for _, block in blocks.pairs))
        or _is_block(root.get("generator"))
        or getattr(parent, "text", "").endswith(_ENDINGS)
    )


def _is_block(node: object) -> bool:
    return isinstance(node, SequenceNode) or (isinstance(node, MappingNode) and node.get("layers") is not None)
