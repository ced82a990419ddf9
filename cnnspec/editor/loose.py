"""Text → tree, whatever the text is: what the person at the keyboard most likely means.

A spec is broken most of the time that it is being typed. This reader never fails: brackets that are not closed end
where an entry or key starts below them, a word alone on its line is a key, and what fits nowhere is left out. It finds
mappings, lists and scalars with their offsets, and no values; `language.reader` is the one that reads specs.
"""

from __future__ import annotations

import re

from cnnspec.editor.tree import Listing, Mapping, Pair, Scalar, Tree

_DEPTH = 100
_ITEM = re.compile(r"-(?=\s|$)")
_QUOTED = r'"(?:[^"\\\n\r]|\\.)*"|' + r"'(?:[^'\n\r]|'')*'"
_KEY = re.compile(
    rf"(?:({_QUOTED})[ \t]*|(?:[^\s\[\]{{}},#&*!|>'\"%@`:?-]|[:?-](?=\S))(?:[^:#\n\r]|:(?=\S)|(?<=\S)#)*):(?=\s|$)"
)
_PLAIN = re.compile(r"(?:[^#\n\r]|(?<=\S)#)+")
_IN_FLOW = re.compile(r"(?:[^,\[\]{}\n\r:#]|:(?![\s,\[\]{}]|$)|(?<!\s)#)+")
_PROPERTY = re.compile(r"[&!][^\s,\[\]{}]*[ \t]*")
_SPACE = re.compile(r"[ \t]*")
_LINE = re.compile(r"[^\n\r]*(?:\r\n|[\n\r])?")
_STRING = re.compile(_QUOTED)


def parse(text: str) -> Tree | None:
    """The tree of a text; None where there is nothing in it."""
    return _Parser(text).parse()


class _Parser:
    """Reads line by line; `stack` holds the block collections that are open, with their columns."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.root: Tree | None = None
        self.stack: list[tuple[int, Mapping | Listing]] = []

    def parse(self) -> Tree | None:
        at = 0
        while at < len(self.text):
            start = self._skip(at)
            if self._ends(start) or self.text.startswith(("---", "..."), at):
                at = self._next(start)
            else:
                at = self._line(start, start - at)
        return self.root

    # lines

    def _line(self, at: int, column: int) -> int:
        """Read what starts at `at`; where the next line starts."""
        while len(self.stack) <= _DEPTH:
            if _ITEM.match(self.text, at):
                self._listing(column, at).items.append(None)
                below = self._skip(at + 1)
                if self._ends(below):
                    break
                at, column = below, column + below - at
                continue
            key = _KEY.match(self.text, at)
            if key is None:
                value, at = self._value(at, column)
                self._place(value, column)
                break
            pair = Pair(self._scalar(at, key.end() - 1))
            self._mapping(column, at).pairs.append(pair)
            at = self._skip(key.end())
            if not self._ends(at):
                pair.value, at = self._value(at, column)
            break
        return self._next(at)

    def _listing(self, column: int, at: int) -> Listing:
        """The open list at a column, or a new one in the place that waits for a value."""
        there = self._down_to(column)
        if self.stack and self.stack[-1][0] == column and isinstance(self.stack[-1][1], Listing):
            return self.stack[-1][1]
        new = there if isinstance(there, Listing) and not there.flow else Listing(at, at, False)
        if not isinstance(there, Mapping | Listing):
            self._fill(new)
        self.stack.append((column, new))
        return new

    def _mapping(self, column: int, at: int) -> Mapping:
        """The open mapping at a column, or a new one in the place that waits for a value.

        Where a word stands there, it is a key without its colon: beside the new keys, or above them.
        """
        self._down_to(column)
        while self.stack and self.stack[-1][0] == column and isinstance(self.stack[-1][1], Listing):
            self.stack.pop()
        there = self._waiting()
        if self.stack and self.stack[-1][0] == column and isinstance(self.stack[-1][1], Mapping):
            return self.stack[-1][1]
        new = there if isinstance(there, Mapping) and not there.flow else Mapping(at, at, False)
        if isinstance(there, Scalar) and self._column(there.start) == column:
            new.pairs.append(Pair(there, colon=False))
            self._fill(new)
        elif isinstance(there, Scalar):
            self._fill(Mapping(there.start, at, False, [Pair(there, new, colon=False)]))
        elif there is None:
            self._fill(new)
        self.stack.append((column, new))
        return new

    def _down_to(self, column: int) -> Tree | None:
        """Close what is further in than a column; what stands where the next value would."""
        while self.stack and self.stack[-1][0] > column:
            self.stack.pop()
        return self._waiting()

    def _waiting(self) -> Tree | None:
        return _last(self.stack[-1][1]) if self.stack else self.root

    def _place(self, value: Tree, column: int) -> None:
        """Put in what stands alone: a value that is waited for, or a key without its colon."""
        self._down_to(column)
        while len(self.stack) > 1 and self.stack[-1][0] == self.stack[-2][0] == column:
            self.stack.pop()
        there = self._waiting()
        holder = self.stack[-1][1] if self.stack and self.stack[-1][0] == column else there
        if isinstance(holder, Mapping) and not holder.flow and isinstance(value, Scalar):
            holder.pairs.append(Pair(value, colon=False))
        elif isinstance(holder, Listing) and not holder.flow:
            holder.items.append(value)
        elif there is None:
            self._fill(value)

    def _fill(self, value: Tree) -> None:
        top = self.stack[-1][1] if self.stack else None
        match top:
            case Mapping():
                top.pairs[-1].value = value
            case Listing():
                top.items[-1] = value
            case None:
                self.root = value

    # values

    def _value(self, at: int, column: int) -> tuple[Tree, int]:
        """The value at `at`, behind anchors, and where it ends."""
        while found := _PROPERTY.match(self.text, at):
            at = found.end()
        if self._ends(at):
            return Scalar(at, at, ""), at
        first = self.text[at]
        if first in "[{":
            return self._flow(at)
        if first in "|>":
            return self._folded(at, column)
        string = _STRING.match(self.text, at)
        plain = string or _PLAIN.match(self.text, at)
        end = plain.end() if plain else at + 1
        return self._scalar(at, end), end

    def _folded(self, at: int, column: int) -> tuple[Scalar, int]:
        """A text of several lines, each further in than the key."""
        start, end = at, self._next(at)
        while end < len(self.text):
            word = self._skip(end)
            if self.text[word : word + 1] not in ("\n", "\r", "") and word - end <= column:
                break
            end = self._next(word)
        return Scalar(start, end, self.text[start:end]), max(start, end - 1)

    def _flow(self, at: int) -> tuple[Tree, int]:
        """A list or mapping in brackets, closed or not, and where it ends."""
        first = self._open(at)
        stack = [first]
        column = self._column(self._skip(self._start(at)))
        at += 1
        while stack and at < len(self.text):
            char = self.text[at]
            if char in " \t":
                at = self._skip(at)
            elif char in "\n\r" or (char == "#" and self.text[at - 1] in " \t\n\r"):
                line = self._next(at)
                if self._broken(line, column):
                    break
                at = self._skip(line)
            elif char in "[{" and len(stack) > _DEPTH:
                at = self._next(at)
                break
            elif char in "[{":
                inner = self._open(at)
                _put(stack[-1], inner)
                stack.append(inner)
                at += 1
            elif char in "]}":
                at += 1
                kind = Listing if char == "]" else Mapping
                if any(isinstance(open, kind) for open in stack):
                    while not isinstance(stack[-1], kind):
                        stack.pop().end = at - 1
                    stack.pop().end = at
            elif char == ",":
                _finish(stack[-1])
                at += 1
            elif char == ":":
                _colon(stack[-1])
                at += 1
            else:
                found = _STRING.match(self.text, at) or _IN_FLOW.match(self.text, at)
                end = found.end() if found else at + 1
                _put(stack[-1], self._scalar(at, end))
                at = end
        for open in stack:
            open.end = at
        return first, at

    def _broken(self, line: int, column: int) -> bool:
        """Whether brackets must end before this line: an entry starts in it, or a key no further in."""
        word = self._skip(line)
        return bool(_ITEM.match(self.text, word) or (word - line <= column and _KEY.match(self.text, word)))

    def _open(self, at: int) -> Mapping | Listing:
        return Listing(at, at, True) if self.text[at] == "[" else Mapping(at, at, True)

    def _scalar(self, start: int, end: int) -> Scalar:
        text = self.text[start:end].rstrip()
        end = start + len(text)
        quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "'\""
        return Scalar(start, end, text[1:-1] if quoted else text)

    # the text

    def _skip(self, at: int) -> int:
        found = _SPACE.match(self.text, at)
        return found.end() if found else at

    def _ends(self, at: int) -> bool:
        return at >= len(self.text) or self.text[at] in "\n\r#"

    def _next(self, at: int) -> int:
        found = _LINE.match(self.text, at)
        return max(found.end(), at + 1) if found else at + 1

    def _start(self, at: int) -> int:
        return max(self.text.rfind("\n", 0, at), self.text.rfind("\r", 0, at)) + 1

    def _column(self, at: int) -> int:
        return at - self._start(at)


def _last(node: Mapping | Listing) -> Tree | None:
    """What stands where the next value would."""
    if isinstance(node, Mapping):
        return node.pairs[-1].value if node.pairs else None
    return node.items[-1] if node.items else None


def _put(node: Mapping | Listing, value: Tree) -> None:
    """The next thing within brackets: an item, a key, or the value of the key before it."""
    if isinstance(node, Listing):
        last = node.items[-1] if node.items else None
        waiting = last.pairs[-1] if isinstance(last, Mapping) and last.flow and last.start == last.end else None
        if waiting is not None and waiting.colon and waiting.value is None:
            waiting.value = value
        else:
            node.items.append(value)
    elif node.pairs and node.pairs[-1].colon and node.pairs[-1].value is None:
        node.pairs[-1].value = value
    elif isinstance(value, Scalar):
        node.pairs.append(Pair(value, colon=False))


def _colon(node: Mapping | Listing) -> None:
    """A `:` makes a key of the word before it; in a list, a mapping of one."""
    if isinstance(node, Mapping):
        if node.pairs:
            node.pairs[-1].colon = True
    elif node.items and isinstance(word := node.items[-1], Scalar):
        node.items[-1] = Mapping(word.start, word.start, True, [Pair(word)])


def _finish(node: Mapping | Listing) -> None:
    """A `,`: what comes is no value of the key before it."""
    if isinstance(node, Mapping) and node.pairs and node.pairs[-1].value is None:
        at = node.pairs[-1].key.end
        node.pairs[-1].value = Scalar(at, at, "") if node.pairs[-1].colon else None
    elif isinstance(node, Listing) and node.items and isinstance(last := node.items[-1], Mapping):
        last.end = max(last.end, last.start + 1)
