"""Comments that silence warnings.

    - conv2d: {filters: 64, kernel_size: 7}   # cnnspec: ignore[bias-before-norm] the reason

At the end of a line such a comment covers the warnings that stand there; on a line of its own, the entry below with all
that is nested in it; `ignore-file[…]` covers its file. Errors cannot be ignored. A comment that silences nothing is
doubtful itself: `unused-ignore`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from cnnspec.language.diagnostics import Diagnostic, Fix
from cnnspec.language.limits import DIAGNOSTICS
from cnnspec.language.nodes import MappingNode, Node, ScalarNode, SequenceNode, walk
from cnnspec.language.spans import LINE_BREAK, Span
from cnnspec.language.suggest import did_you_mean

UNUSED = "unused-ignore"
_CODES = Path(__file__).parents[1] / "codes"
_MARK = re.compile(r"#[ \t]*cnnspec:")
_COMMENT = re.compile(r"(?<![^ \t])#[ \t]*cnnspec:[ \t]*([a-z][a-z-]*)[ \t]*(?:\[([^\]]*)\])?.*")
_MOST = 500
"""How many comments of a file are read."""
_CODE = re.compile(r"[^,\s]+")


class Ignore(NamedTuple):
    """One comment: its word, the codes that it names with their places, and the lines that it covers (None: all).

    `inner` is what stands between the brackets; `removal` is what to take out of the text to be rid of it.
    """

    word: str
    codes: tuple[tuple[str, Span], ...]
    lines: range | None
    span: Span
    inner: Span
    removal: Span

    def covers(self, found: Diagnostic) -> bool:
        """Whether a diagnostic is one that this comment silences, as far as its place goes."""
        span = found.place
        return span.file == self.span.file and (self.lines is None or span.line in self.lines)


def heed(
    found: Iterable[Diagnostic],
    texts: Mapping[str, str],
    documents: Mapping[str, Node | None],
    doubting: Callable[[], Callable[[Ignore], bool]],
) -> list[Diagnostic]:
    """The diagnostics less the warnings that a comment silences.

    `texts` are the files, `documents` what was read in them. A comment that silences nothing is told where
    `doubting()` says of it that it should have.
    """
    kept = list(found)
    comments = [comment for file, text in texts.items() for comment in ignores(text, file, documents.get(file))]
    if not comments:
        return kept
    spent: set[Span] = set()
    kept = [each for each in kept if not _silenced(each, comments, spent)]
    doubted = doubting()
    unused = islice((each for comment in comments if doubted(comment) for each in _unused(comment, spent)), DIAGNOSTICS)
    kept += [each for each in unused if not _silenced(each, comments, spent)]
    return sorted(kept, key=lambda each: each.place.order)


def ignores(text: str, file: str, root: Node | None) -> list[Ignore]:
    """The comments of a file; `root` is what was read in it, so that a `#` within a text is none."""
    if root is None or not _MARK.search(text):
        return []
    lines = LINE_BREAK.split(text)
    marked = ((at, line) for at, line in enumerate(lines, 1) if "cnnspec:" in line)
    matches = list(islice(((at, match) for at, line in marked for match in _COMMENT.finditer(line)), _MOST))
    texts: dict[int, list[Span]] = {}
    for node in _scalars(root) if matches else ():
        if "#" in node.text:
            for line in range(node.span.line, node.span.end_line + 1):
                texts.setdefault(line, []).append(node.span)
    entries = sorted((start, -end) for start, end in _entries(root)) if matches else []
    return [
        _ignore(match, file, at, entries, last=at == len(lines))
        for at, match in matches
        if (match[1] in ("ignore", "ignore-file") or match[2] is not None)
        and not any(_within(at, match.start() + 1, span) for span in texts.get(at, ()))
    ]


def _ignore(match: re.Match[str], file: str, line: int, entries: Sequence[tuple[int, int]], *, last: bool) -> Ignore:
    def part(start: int, end: int) -> Span:
        return Span(file, line, start + 1, line, end + 1)

    inner = part(*match.span(2)) if match[2] is not None else part(match.end(1), match.end(1))
    codes = [
        (code[0], part(match.start(2) + code.start(), match.start(2) + code.end()))
        for code in _CODE.finditer(match[2] or "")
    ]
    before = match.string[: match.start()].rstrip()
    removal = part(len(before), len(match.string))
    lines: range | None = range(line, line + 1)
    if not before:
        removal = removal if last else Span(file, line, 1, line + 1, 1)
        lines = _below(entries, line)
    lines = None if match[1] == "ignore-file" else lines
    return Ignore(match[1], tuple(codes), lines, part(match.start(), match.end()), inner, removal)


def _below(entries: Sequence[tuple[int, int]], line: int) -> range:
    """The lines of the entry below a line, with all that is nested in it."""
    at = bisect_right(entries, (line, 1))
    first, last = entries[at] if at < len(entries) else (0, 0)
    return range(first, 1 - last)


def _entries(root: Node) -> Iterator[tuple[int, int]]:
    """The first and last lines of every item, and of every key with its value."""
    for node in walk(root):
        if isinstance(node, MappingNode):
            for key, value in node.pairs:
                yield key.span.line, max(key.span.end_line, _end(value))
        elif isinstance(node, SequenceNode):
            yield from ((item.span.line, _end(item)) for item in node.items)


def _end(node: Node) -> int:
    """The last line of a value. A block of text ends where the next line starts."""
    return node.span.end_line - (node.span.end_column == 1)


def _scalars(root: Node) -> Iterator[ScalarNode]:
    for node in walk(root):
        if isinstance(node, ScalarNode):
            yield node
        elif isinstance(node, MappingNode):
            yield from (key for key, _ in node.pairs)


def _within(line: int, column: int, span: Span) -> bool:
    """Whether a place lies within a text: behind the `|` of a block of text stands a comment."""
    block = span.end_column == 1 and line == span.line
    return (span.line, span.column) < (line, column) < (span.end_line, span.end_column) and not block


def _silenced(found: Diagnostic, comments: Sequence[Ignore], spent: set[Span]) -> bool:
    """Whether a comment silences a diagnostic; the place of its code in the comment is then `spent`."""
    if found.severity == "error":
        return False
    places = [
        place
        for comment in comments
        if comment.word in ("ignore", "ignore-file") and comment.covers(found)
        for code, place in comment.codes
        if code == found.code
    ]
    spent.update(places)
    return bool(places)


def _unused(comment: Ignore, spent: set[Span]) -> Iterator[Diagnostic]:
    """What is doubtful about a comment: one message a code, the first with the mend of all."""
    if comment.word not in ("ignore", "ignore-file"):
        help = "write `# cnnspec: ignore[code]`, or `ignore-file[code]`"
        yield _warning(f"a comment has no word `{comment.word}`", comment.span, help)
        return
    if not comment.codes:
        help = f"write `# cnnspec: {comment.word}[code]`, the code as the warning has it"
        yield _warning("this comment names no code, and silences nothing", comment.span, help)
        return
    used = [code for code, place in comment.codes if place in spent or code == UNUSED]
    fix: Fix | None = Fix(comment.inner, ", ".join(used)) if used else Fix(comment.removal, "")
    for code, place in comment.codes:
        if place in spent or code == UNUSED:
            continue
        names = known_codes()
        if code in names:
            where = "in this file" if comment.lines is None else "here"
            yield _warning(f"there is no warning `{code}` {where} to ignore", place, "take it out", fix)
        else:
            guess = did_you_mean(code, names)
            help = guess or "a warning shows its code in brackets"
            yield _warning(f"no warning has the code `{code}`", place, help, None if guess else fix)
        fix = None


@cache
def known_codes() -> tuple[str, ...]:
    """The codes that there are: each has a page."""
    return tuple(sorted(page.stem for page in _CODES.glob("*.md")))


def _warning(message: str, span: Span, help: str, fix: Fix | None = None) -> Diagnostic:
    return Diagnostic("unused-ignore", message, span, help=help, fix=fix, severity="warning")
