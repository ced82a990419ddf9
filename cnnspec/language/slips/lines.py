"""What a hand does wrong in one line: each rule gives the line as it was meant, what is wrong, and what to write."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cnnspec.language.limits import EXPRESSION_CHARACTERS
from cnnspec.language.slips.lookalikes import LOOKALIKES, ODD, cut, looks

ENTRY = r"(\s*(?:- +)*)"
WORD = r"([A-Za-z_][\w.-]*)"

Rule = Iterator[tuple[str, str, str]]

_PARENTHESIS = re.compile(r"[()]")


def characters(line: str) -> Rule:
    """Characters that only look like YAML's, and tabs."""
    indent = line[: len(line) - len(line.lstrip(" \t\u00a0"))]
    if "\t" in indent:
        for width in (2, 4, 8):
            text = indent.replace("\u00a0", " ").expandtabs(width) + line[len(indent) :]
            yield text, "a tab where YAML wants spaces", "indent with spaces"
    if found := ODD.search(line):
        put = LOOKALIKES[found[0]]
        text = ODD.sub(lambda match: LOOKALIKES[match[0]], line)
        text = re.sub(r"([:,])(?=[^\s])", r"\1 ", text) if put in (":", ",") else text
        yield text, *looks(found[0])
    if found := re.match(r"(\s*)([–—−•*·])\s*(?=\w)", line):
        yield f"{found[1]}- {line[found.end() :]}", f"`{found[2]}` starts no entry", "write `- ` before an entry"


def anchor(line: str) -> Rule:
    """`&name:`, with a colon that belongs to no key."""
    if found := re.search(r"(?<=\s)([&*]\w+):(?=\s)", line):
        text = f"{line[: found.start()]}{found[1]}{line[found.end() :]}"
        yield text, f"no `:` belongs behind `{found[1]}`", f"write `{found[1]}`"


def dash(line: str) -> Rule:
    """`-conv2d`."""
    if found := re.match(r"(\s*(?:- +)*)-(?=[^\W\d])", line):
        rest = line[found.end() :]
        yield f"{found[1]}- {rest}", "no space behind the `-`", f"write `- {cut(rest)}`"


def comment(line: str) -> Rule:
    """`// text`, which is no comment."""
    if found := re.search(r"(?:^|\s)(//|--(?!-))\s", line):
        at = found.start(1)
        yield f"{line[:at]}#{line[at + 2 :]}", f"`{found[1]}` starts no comment", "a comment starts with `#`"


def braces(line: str) -> Rule:
    """`${name}`, `{{name}}`, and expressions that a comma cuts apart."""
    pattern = re.compile(r"\$?\{\{\s*" + WORD + r"\s*\}\}|\$\{\s*" + WORD + r"\s*\}")
    if found := pattern.search(line):
        name = found[1] or found[2]
        text = pattern.sub(lambda match: f"${match[1] or match[2]}", line)
        yield text, "an expression is `$name` or `$(…)`", f"write `${name}` for `{found[0]}`"
    if found := re.search(r"\$\{([^{}]*)\}", line):
        put = f"$({found[1].replace('$', '')})"
        text = line[: found.start()] + (f'"{put}"' if "," in put else put) + line[found.end() :]
        yield text, "an expression is `$name` or `$(…)`", f"write `{put}`"
    if found := re.search(r"\$\[([^\[\]]*)\]", line):
        put = f"$({found[1].strip()})"
        yield line[: found.start()] + put + line[found.end() :], "an expression is `$name` or `$(…)`", f"write `{put}`"
    for found in re.finditer(r"(?<![\"'\w])\$\(", line):
        end = _closing(line, found.end() - 1)
        inner = line[found.start() : end]
        if end and re.search(r"[,\[\]{}]|: |\? ", inner) and '"' not in inner:
            text = f'{line[: found.start()]}"{inner}"{line[end:]}'
            message = "an expression with a comma or brackets needs quotes here"
            yield text, message, f'write `"{cut(inner)}"`'


def _closing(line: str, start: int) -> int:
    """Behind the parenthesis that closes the one at `start`; 0 where there is none."""
    depth = 0
    for found in _PARENTHESIS.finditer(line, start, start + EXPRESSION_CHARACTERS):
        depth += 1 if found[0] == "(" else -1
        if depth == 0:
            return found.end()
    return 0


def assignment(line: str) -> Rule:
    """`name = value`."""
    if found := re.match(ENTRY + WORD + r"\s*(:?=|=>|->)\s*(?=\S)", line):
        text = f"{found[1]}{found[2]}: {line[found.end() :]}"
        yield text, f"`{found[3]}` where YAML wants a `:`", f"write `{cut(text.strip().removeprefix('- '))}`"


def brackets(line: str) -> Rule:
    """Brackets closed by another one, not at all, or once too often."""
    if found := re.search(r"(?<=: )\((?=\w+: )", line):
        text = f"{line[: found.start()]}{{{line[found.end() :]}"
        yield text, "`(` opens no mapping", "write `{`"
        yield re.sub(r"\)(\s*(?:#.*)?)$", r"}\1", text), "`(` opens no mapping", "write `{…}`"
    opened: list[tuple[str, int]] = []
    pairs = {"{": "}", "[": "]"}
    for at, letter in _outside_quotes(line):
        if letter in pairs:
            opened.append((letter, at))
        elif letter in "}])" and opened and pairs[opened[-1][0]] == letter:
            opened.pop()
        elif letter in "}])" and opened and not (letter == ")" and "(" in line[opened[-1][1] : at]):
            right = pairs[opened[-1][0]]
            yield f"{line[:at]}{right}{line[at + 1 :]}", f"`{letter}` closes no `{opened[-1][0]}`", f"write `{right}`"
            yield f"{line[:at]}{right}{line[at:]}", f"a `{right}` is missing here", f"write `{right}{letter}`"
            yield f"{line[:at]}{line[at + 1 :]}", f"a `{letter}` too many", "take it out"
            return
        elif letter in "}]":
            yield f"{line[:at]}{line[at + 1 :]}", f"a `{letter}` too many", "take it out"
            return
    if opened:
        end = _comment_start(line)
        bare = line[:end].rstrip()
        closers = "".join(pairs[letter] for letter, _ in reversed(opened))
        kind = "mapping" if opened[-1][0] == "{" else "list"
        message = f"this {kind} is not closed"
        yield f"{bare.rstrip(',')}{closers}{line[len(bare) :]}", message, f"put `{closers}` at its end"
        inner = opened[-1][1]
        for found in re.finditer(r", *(?=\w+: )", line[inner:]):
            at = inner + found.start()
            yield f"{line[:at]}{closers[:1]}{line[at:end]}{line[end:]}", message, f"put `{closers[:1]}` at its end"


def _outside_quotes(line: str) -> Iterator[tuple[int, str]]:
    """The characters of a line that are neither quoted nor in a comment."""
    quote = ""
    for at, letter in enumerate(line):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "\"'" and (at == 0 or line[at - 1] in " [{,:("):
            quote = letter
        elif letter == "#" and (at == 0 or line[at - 1].isspace()):
            return
        else:
            yield at, letter


def _comment_start(line: str) -> int:
    found = re.search(r"(^|\s)#", line)
    return found.start() if found else len(line)


def quotes(line: str) -> Rule:
    """A quote that is not closed, or not opened."""
    for quote in "\"'":
        if line.count(quote) % 2 == 0:
            continue
        opening = max((found.end() for found in re.finditer(rf"(?:^|[\s\[{{,:(]){quote}", line)), default=0)
        ends = (
            [opening + found.start() for found in re.finditer(r"\s*(?:[,}\]]|\s#|$)", line[opening:])]
            if opening
            else []
        )
        for end in ends:
            text = f"{line[:end]}{quote}{line[end:]}"
            yield text, "the quote that opens here is not closed", f"write `{cut(text[opening - 1 : end + 1])}`"
        if not opening:
            at = line.rindex(quote)
            yield f"{line[:at]}{line[at + 1 :]}", "a quote closes here that is not opened", "take it out, or open it"


def no_space(line: str) -> Rule:
    """`name:value`."""
    if found := re.match(ENTRY + WORD + r":(?=[^\s:])", line):
        text = f"{found[0]} {line[found.end() :]}"
        yield text, "no space behind the `:`", f"write `{cut(text.strip().removeprefix('- '))}`"


def commas(line: str) -> Rule:
    """Commas at the end of a line, twice, or missing."""
    if found := re.search(r"[,;]+(?=\s*(#.*)?$)", line):
        yield line[: found.start()] + line[found.end() :], f"a `{found[0]}` at the end of a line", "take it out"
    if ";" in line and (opened := max(line.find("{"), line.find("["))) >= 0 and (at := line.find(";", opened)) >= 0:
        text = line[:at] + line[at:].replace(";", ",")
        yield text, "a `;` where YAML wants a `,`", f"write `{cut(text[opened:].strip())}`"
    for found in re.finditer(r",(?=\s*,)", line):
        yield line[: found.start()] + line[found.end() :], "a comma too many", "take it out"
    for found in re.finditer(r"(?<=[\w\"'}\])]) +(?=[A-Za-z_]\w*:\s)", line):
        if "{" in line[: found.start()]:
            word = re.match(r"\w+", line[found.end() :])
            assert word
            text = f"{line[: found.start()]}, {line[found.end() :]}"
            yield text, "a comma is missing here", f"put a comma before `{word[0]}:`"


def two_colons(line: str) -> Rule:
    """`name: key: value`."""
    if found := re.match(ENTRY + WORD + r":\s+([^\s\"'\[{&*!|>][^#]*:(?:\s[^#]*)?)(?=\s*(?:#|$))", line):
        value = found[3].rstrip()
        rest = line[found.start(3) + len(value) :]
        if re.match(r"[A-Za-z_]\w*: \S", value) and found[2] not in ("name", "path", "extends"):
            text = f"{line[: found.start(3)]}{{{value}}}{rest}"
            yield text, "a second `:` in one line", f"write `{found[2]}: {{{cut(value)}}}`"
        text = f'{line[: found.start(3)]}"{value}"{rest}'
        yield text, "a second `:` in one line", f'quote a text that holds `: `: `{found[2]}: "{cut(value)}"`'


def starts(line: str) -> Rule:
    """Values that start with a sign of YAML's own."""
    pattern = re.compile(r"(?<=[\[,:\s])([`@%*!&])([^\s,\]}]*)")
    found = pattern.search(line)
    if not found:
        return
    sign = found[1]
    if sign == "`":
        yield line.replace("`", ""), "a backtick is no quotation mark of YAML's", f"write `{found[2].rstrip('`')}`"
        return
    text = pattern.sub(lambda match: f'"{match[0]}"', line)
    yield text, f"a text that starts with `{sign}` needs quotes", f'write `"{found[0]}"`'


def no_colon(line: str) -> Rule:
    """`name value`, or a name alone."""
    if found := re.match(ENTRY + WORD + r"( +)(?=[^\s:#])", line):
        text = f"{found[1]}{found[2]}: {line[found.end() :]}"
        yield text, f"no `:` behind `{found[2]}`", f"write `{cut(text.strip().removeprefix('- '))}`"
    if found := re.match(ENTRY + WORD + r"\s*(?=$|#)", line):
        end = found.end(2)
        yield f"{line[:end]}:{line[end:]}", f"no `:` behind `{found[2]}`", f"write `{found[2]}:`"
