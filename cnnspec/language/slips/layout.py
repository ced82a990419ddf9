"""What a hand does wrong with the layout of lines: dashes and indentation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from cnnspec.language.slips.lines import WORD
from cnnspec.language.slips.lookalikes import cut


class Mend(NamedTuple):
    """Lines `first` to `last` (from 0) as they were likely meant, what is wrong with them, and what to write."""

    first: int
    last: int
    lines: tuple[str, ...]
    message: str
    help: str


_SECTIONS = ("layers", "data", "training", "blocks", "parameters", "outputs", "imports", "extends")


def in_list(lines: list[str], at: int) -> Iterator[Mend]:
    """An entry without its dash, among entries with one; and a dash where none belongs."""
    line = lines[at]
    indent = len(line) - len(line.lstrip())
    others = [other for other in (next_line(lines, at, -1), next_line(lines, at, 1)) if other is not None]
    word = re.match(r"\s*" + WORD + r"(:\s|:?\s*$|:?\s*\{)", line)
    if word and indent and word[1] in _SECTIONS:
        help = "start it at the left margin"
        yield Mend(at, at, (line.lstrip(),), f"`{word[1]}` is a section of the spec, and is indented here", help)
    if word and any(lines[other][: indent + 2] == " " * indent + "- " for other in others):
        help = f"write `- {cut(line.strip())}`"
        text = f"{line[:indent]}- {line[indent:]}"
        yield Mend(at, at, (text,), f"the `-` before `{word[1]}` is missing", help)
    if (found := re.match(r"(\s*)- +(" + WORD + r":.*)", line)) and any(
        re.match(rf"{found[1]}{WORD}:", lines[other]) for other in others
    ):
        yield Mend(at, at, (found[1] + found[2],), f"`{found[3]}` is a key here, no entry", "take the `-` out")


def bullets(lines: list[str], at: int) -> Iterator[Mend]:
    """Entries behind `*` or `+`, as Markdown has them."""
    if found := re.match(r"( *)([*+]) +(?=\w)", lines[at]):
        start = found[1] + found[2] + " "
        put = [f"{found[1]}- {line[len(start) :]}" if line.startswith(start) else line for line in lines[at:]]
        yield Mend(at, len(lines) - 1, tuple(put), f"`{found[2]}` starts no entry", "write `- ` before an entry")


def next_line(lines: list[str], at: int, step: int) -> int | None:
    """The next line in the direction `step` that holds more than a comment."""
    return next((n for n in range(at + step, len(lines) if step > 0 else -1, step) if written(lines[n])), None)


def written(line: str) -> bool:
    """Whether a line holds more than a comment."""
    return bool(line.strip()) and not line.lstrip().startswith("#")


def indentation(lines: list[str], before: int, at: int) -> Iterator[Mend]:
    """Lines that stand too far to the left or to the right."""
    here = indent_of(lines[at])
    owner = next((n for n in range(before, -1, -1) if re.match(r"\s*[\w.-]+:\s*(#.*)?$", lines[n])), None)
    if owner is not None and owner < before and here > indent_of(lines[owner]):
        chunk = lines[owner + 1 : at]
        if all(indent_of(line) <= indent_of(lines[owner]) for line in chunk if written(line)):
            moved = [" " * here + line.lstrip() if line.strip() else line for line in chunk]
            key = lines[owner].strip().split(":")[0]
            first = next(n for n in range(owner + 1, at) if written(lines[n]))
            yield Mend(
                first, at - 1, tuple(moved[first - owner - 1 :]),
                f"`{lines[first].strip().split(':')[0]}` is not indented below `{key}:`",
                f"indent it by {here} spaces, as part of `{key}:`",
            )  # fmt: skip
    between = [line for line in (before, at) if _sticks_out(lines, line)]
    for line in (*between, at, before):
        found = indent_of(lines[line])
        around = [lines[n] for n in (next_line(lines, line, -1), next_line(lines, line, 1)) if n is not None]
        wanted = [width for other in around for width in (indent_of(other), indent_of(other) + 2)]
        wanted += [len(match[0]) for other in around if (match := re.match(r"\s*- +", other))]
        outer = [indent_of(lines[n]) for n in range(line - 1, -1, -1) if written(lines[n])]
        for width in dict.fromkeys([*wanted, *outer]):
            if width != found:
                deeper = "deeper" if found > width else "less"
                word = re.match(r"\s*(?:- +)*([\w.]+)", lines[line])
                what = f"`{word[1]}`" if word else "this line"
                message = f"{what} is indented {deeper} than the lines beside it: by {found}, not by {width}"
                if "\t" in lines[line][:found]:
                    message = "a tab where YAML wants spaces"
                help = f"indent it by {width} space{'s' * (width != 1)}" if width else "start it at the left margin"
                yield Mend(line, line, (" " * width + lines[line].lstrip(),), message, help)
    yield from _moved(lines, at)


def _moved(lines: list[str], at: int) -> Iterator[Mend]:
    """An entry and those below it that all stand too far to the left or to the right."""
    found, above = indent_of(lines[at]), next_line(lines, at, -1)
    if above is None or not (word := re.match(r"\s*(- +)?([\w.]+)", lines[at])):
        return
    last = next((n for n in range(at + 1, len(lines)) if written(lines[n]) and indent_of(lines[n]) < found), len(lines))
    chunk = lines[at:last]
    outer = [line for line in reversed(lines[: above + 1]) if written(line)]
    alike = [indent_of(line) for line in outer if line.lstrip().startswith("- ") == bool(word[1])]
    for width in dict.fromkeys(alike):
        if width != found:
            by = width - found
            moved = [" " * (indent_of(line) + by) + line.lstrip() if line.strip() else line for line in chunk]
            deeper = "deeper" if found > width else "less"
            message = f"`{word[2]}` is indented {deeper} than the lines above it: by {found}, not by {width}"
            help = f"indent it by {width} space{'s' * (width != 1)}, and those below it likewise"
            yield Mend(at, last - 1, tuple(moved), message, help)


def _sticks_out(lines: list[str], at: int) -> bool:
    """Whether the lines above and below stand in one column, and this one in another."""
    around = [indent_of(lines[n]) for n in (next_line(lines, at, -1), next_line(lines, at, 1)) if n is not None]
    return len(around) == 2 and around[0] == around[1] != indent_of(lines[at])


def indent_of(line: str) -> int:
    """The spaces before a line."""
    return len(line) - len(line.lstrip())
