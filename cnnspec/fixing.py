"""Mends of a spec's text by the fixes of its diagnostics.

A fix is taken only if it helps: the text still reads, no error is added, what it mends is gone, and every comment is as
it was. All else of a file stays byte for byte: layout, line endings, byte-order mark, the end of the last line.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from cnnspec.language.diagnostics import Diagnostic, Fix
from cnnspec.language.spans import LINE_BREAK, line_starts, offsets

Check = Callable[[str], Sequence[Diagnostic]]
"""What is wrong with a text."""

_ROUNDS = 20
_BUDGET = 20_000_000
"""How many characters are checked again, in all; a check counts for `_LEAST` at least."""
_LEAST = 50_000
_COMMENT_FIXES = {"unused-ignore"}
"""Codes whose fixes take a comment out."""
_MARK = b"\xef\xbb\xbf"
_COMMENT = re.compile(r"(?:^|(?<=[\s\ufeff]))#[^\r\n\x85\u2028\u2029]*", re.MULTILINE)


class Fixed(NamedTuple):
    """A mended text, and how many fixes are in it."""

    text: str
    fixes: int


class _Edit(NamedTuple):
    start: int
    end: int
    text: str
    mends: Diagnostic


class _Stand(NamedTuple):
    """A text and what is wrong with it."""

    text: str
    found: Sequence[Diagnostic]

    @property
    def unread(self) -> list[Diagnostic]:
        """Why the text does not read as YAML: then nothing else is known of it."""
        return [found for found in self.found if found.code.startswith("yaml-") and found.code != "yaml-duplicate-key"]

    @property
    def errors(self) -> int:
        return sum(found.severity == "error" for found in self.found)


def fixed(text: str, file: str, check: Check) -> Fixed:
    """`text`, the contents of `file`, with every fix that helps, and those of what then comes to light.

    `check` is asked again after each step; a text that has been before is never come back to.
    """
    mender = _Mender(file, check)
    stand, count = _Stand(text, check(text)), 0
    for _ in range(_ROUNDS):
        stand, taken = mender.mend(stand, mender.edits(stand))
        count += taken
        if not taken:
            break
    return Fixed(stand.text, count)


def fixed_bytes(data: bytes, file: str, check: Check) -> tuple[bytes, int]:
    """The same for a file's bytes; what is no UTF-8 text stays as it is."""
    mark = _MARK if data.startswith(_MARK) else b""
    try:
        text = data[len(mark) :].decode("utf-8")
    except UnicodeDecodeError:
        return data, 0
    mended = fixed(text, file, check)
    return mark + mended.text.encode("utf-8"), mended.fixes


class _Mender:
    def __init__(self, file: str, check: Check) -> None:
        self.file = file
        self.check = check
        self.budget = _BUDGET
        self.seen: set[str] = set()

    def edits(self, stand: _Stand) -> list[_Edit]:
        """The fixes within this file, in reading order, of those that overlap the first."""
        starts = line_starts(stand.text)
        breaks = _line_break(stand.text)
        every = [
            _Edit(*offsets(found.fix.span, starts, len(stand.text)), breaks.join(found.fix.text.split("\n")), found)
            for found in stand.found
            if found.fix is not None and self._within(found.fix)
        ]
        every.sort(key=lambda edit: edit[:3])
        kept: list[_Edit] = []
        for edit in every:
            if edit.start <= edit.end and (not kept or _apart(kept[-1], edit)):
                kept.append(edit)
        return kept

    def _within(self, fix: Fix) -> bool:
        return fix.span.file == self.file

    def mend(self, stand: _Stand, edits: list[_Edit]) -> tuple[_Stand, int]:
        """All edits at once; where that does not help, the two halves on their own, the later one first (so that the
        places of the other hold)."""
        if not edits or self.budget <= 0:
            return stand, 0
        text = _apply(stand.text, edits)
        if text not in self.seen and text != stand.text:
            self.seen.add(stand.text)
            self.budget -= max(_LEAST, len(text))
            new = _Stand(text, self.check(text))
            if _better(stand, new, edits):
                return new, len(edits)
        if len(edits) == 1:
            return stand, 0
        half = len(edits) // 2
        stand, later = self.mend(stand, edits[half:])
        stand, earlier = self.mend(stand, edits[:half])
        return stand, earlier + later


def _better(old: _Stand, new: _Stand, edits: list[_Edit]) -> bool:
    """Whether edits help: one may bring another mistake to light, several at once may bring none."""
    if new.unread:
        further = bool(old.unread) and new.unread[0].span.order > old.unread[0].span.order
        return further and _same_comments(old.text, new.text, edits)
    if not old.unread:
        before, after = Counter(map(_key, old.found)), Counter(map(_key, new.found))
        mended = Counter(_key(edit.mends) for edit in edits)
        hoped = sum(edit.mends.severity == "error" for edit in edits) if len(edits) > 1 else 0
        if new.errors > old.errors - hoped or any(after[key] > before[key] - count for key, count in mended.items()):
            return False
        if any(count > before[key] for key, count in after.items() if key[0].startswith("yaml-")):
            return False
    return _same_comments(old.text, new.text, edits)


def _key(found: Diagnostic) -> tuple[str, str]:
    return found.code, found.message


def _same_comments(old: str, new: str, edits: list[_Edit]) -> bool:
    if any(edit.mends.code in _COMMENT_FIXES for edit in edits):
        return True
    return ("#" not in old and "#" not in new) or comments(old) == comments(new)


def comments(text: str) -> list[str]:
    """The comments of a YAML text: what follows a `#` that no value holds."""
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    held: list[tuple[int, int]] = []
    try:
        for token in yaml.scan(text, Loader=loader):
            if isinstance(token, yaml.ScalarToken):
                held.append((token.start_mark.index, token.end_mark.index))
    except yaml.YAMLError:
        pass  # what comes behind the mistake is read line by line
    found, at, behind = [], 0, 0
    while (match := _COMMENT.search(text, at)) is not None:
        while behind < len(held) and held[behind][1] <= match.start():
            behind += 1
        inside = behind < len(held) and held[behind][0] <= match.start()
        if not inside:
            found.append(match[0])
        at = held[behind][1] if inside else match.end()
    return found


def _line_break(text: str) -> str:
    """The line ending of a text: that of its first line."""
    found = LINE_BREAK.search(text)
    return found[0] if found is not None and found[0] in ("\r\n", "\r") else "\n"


def _apart(first: _Edit, second: _Edit) -> bool:
    """Whether two edits touch no common text; two insertions at one place are taken one after the other."""
    return second.start >= first.end and second.start > first.start


def _apply(text: str, edits: list[_Edit]) -> str:
    return "".join(_pieces(text, edits))


def _pieces(text: str, edits: list[_Edit]) -> Iterator[str]:
    at = 0
    for edit in edits:
        yield text[at : edit.start]
        yield edit.text
        at = edit.end
    yield text[at:]


def write(path: Path, data: bytes, before: bytes) -> None:
    """Put `data` in the place of a file's contents, whole or not at all; its mode stays, and links are followed.

    Raises `OSError` where the file cannot be written, or no longer holds `before`.
    """
    from tempfile import NamedTemporaryFile

    real = Path(os.path.realpath(path))
    if not os.access(real, os.W_OK):
        raise PermissionError(0, "the file is read-only")
    if real.read_bytes() != before:
        raise OSError(0, "it has changed in the meantime")
    file = NamedTemporaryFile(dir=real.parent, prefix=f".{real.name}.", delete=False)  # noqa: SIM115
    new = Path(file.name)
    try:
        with file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        new.chmod(real.stat().st_mode & 0o7777)
        new.replace(real)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


def diff(before: bytes, after: bytes, name: str) -> str:
    """The change as a unified diff, as `patch` reads it."""
    from difflib import unified_diff

    old, new = (_lines(data.decode("utf-8")) for data in (before, after))
    lines = unified_diff(old, new, name, name)
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _lines(text: str) -> list[str]:
    return re.findall(r"[^\n]*\n|[^\n]+\Z", text)
