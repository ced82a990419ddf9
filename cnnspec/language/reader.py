"""Text → nodes: safe YAML from parser events, with the place of every value.

PyYAML's own loaders expand merge keys in exponential time and overrun the C stack on nested brackets, so nodes are made
here from its events, within the bounds of `limits`. What breaks the language's rules for YAML yields a diagnostic.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any, TypeVar

import yaml

from cnnspec.language import limits
from cnnspec.language.diagnostics import Diagnostic, Diagnostics, Fix, Related
from cnnspec.language.nodes import MappingNode, Node, ScalarNode, SequenceNode, head, plain
from cnnspec.language.removal import removal
from cnnspec.language.scalars import resolve
from cnnspec.language.slips.errors import syntax_error
from cnnspec.language.slips.lookalikes import looks, pair, scalar
from cnnspec.language.slips.mending import folded, mended
from cnnspec.language.spans import LINE_BREAK, Span

Key = TypeVar("Key", bound=Node)
_TRIES = 10
"""How many odd values of a file are looked into for a slip of the hand."""
_CALLED = re.compile(r"\$?[\w.]*\(")
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")

_MENDED = 1_000
"""Keys that stand twice are taken out of mappings of so many pairs at most."""


class _Stop(Exception):
    """Reading cannot go on; the diagnostic says why."""

    def __init__(self, code: str, message: str, span: Span, help: str | None = None, *related: Related) -> None:
        self.diagnostic = Diagnostic(code, message, span, help=help, related=related)

    @classmethod
    def of(cls, diagnostic: Diagnostic) -> _Stop:
        """Stops with a diagnostic at hand."""
        stop = cls(diagnostic.code, diagnostic.message, diagnostic.span)
        stop.diagnostic = diagnostic
        return stop


def decode(data: bytes, file: str, diagnostics: Diagnostics) -> str | None:
    """The text of a spec file: strict UTF-8 of at most 1 MiB, one leading byte-order mark taken off."""
    start = Span(file, 1, 1, 1, 2)
    if len(data) > limits.TEXT_BYTES:
        message = f"the file has {len(data):,} bytes; a spec has at most {limits.TEXT_BYTES:,}"
        diagnostics.add(Diagnostic("yaml-limit", message, start))
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = LINE_BREAK.split(data[: error.start].decode("utf-8-sig", "replace"))
        line, column = len(before), len(before[-1]) + 1
        span = Span(file, line, column, line, column + 1)
        message = f"byte 0x{data[error.start]:02x} is not UTF-8 text"
        diagnostics.add(Diagnostic("yaml-encoding", message, span, help="save the file as UTF-8"))
        return None


def read(text: str, file: str, diagnostics: Diagnostics) -> Node | None:
    """The document in `text`, or None where it cannot be read (then `diagnostics` says why)."""
    diagnostics.texts[file] = text
    try:
        _check_characters(text, file)
        return _Builder(file, diagnostics).build(text)
    except _Stop as stop:
        _tell(stop.diagnostic, diagnostics)
    except yaml.MarkedYAMLError as error:
        _tell(syntax_error(text, file, error), diagnostics)
    except yaml.YAMLError:
        diagnostics.add(Diagnostic("yaml-syntax", "this is not readable as YAML", Span(file, 1, 1, 1, 2)))
    return None


def _tell(found: Diagnostic, diagnostics: Diagnostics) -> None:
    """Add why reading stopped, unless a slip in the same line has been told."""
    told = (other.span for other in diagnostics if other.code == "yaml-syntax")
    if not any(span.file == found.span.file and span.line == found.span.line for span in told):
        diagnostics.add(found)


def _check_characters(text: str, file: str) -> None:
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > limits.TEXT_BYTES:
        message = f"the text has {size:,} bytes; a spec has at most {limits.TEXT_BYTES:,}"
        raise _Stop("yaml-limit", message, Span(file, 1, 1, 1, 2))
    found = _CONTROL.search(text)
    directive = re.search(r"^%", text, re.MULTILINE) if text.startswith("%") or "\n%" in text else None
    if found:
        message = f"control character U+{ord(found[0]):04X} is not allowed in a spec"
        raise _Stop("yaml-encoding", message, _at(text, found.start(), file), "take it out")
    if directive:
        message = "YAML directives (`%...`) are not allowed in a spec"
        raise _Stop("yaml-directive", message, _at(text, directive.start(), file), "take the line out")
    if found := _ODD_INDENT.search(text):
        at = _at(text, found.start(1), file)
        wide = at._replace(end_column=at.column + len(found[1]))
        message, help = looks(found[1][0])
        raise _Stop.of(Diagnostic("yaml-syntax", message, wide, help=help, fix=Fix(wide, " " * len(found[1]))))
    mark = text.find("\ufeff", 1)
    if mark > 0:
        message = "a byte-order mark may stand at the start of the file only"
        raise _Stop("yaml-encoding", message, _at(text, mark, file), "take it out")


_ODD_INDENT = re.compile(r"^ *([\u00a0\u2002\u2003\u2007\u2009\u202f\u3000]+) *(?=[\w-])", re.MULTILINE)


def _at(text: str, offset: int, file: str) -> Span:
    lines = LINE_BREAK.split(text[:offset])
    return Span(file, len(lines), len(lines[-1]) + 1, len(lines), len(lines[-1]) + 2)


@dataclass
class _Open:
    """A list or mapping whose end has not been read yet."""

    event: Any
    children: list[Node] = field(default_factory=list)
    keys: dict[str, ScalarNode] = field(default_factory=dict)
    size: int = 1


class _Builder:
    """Builds one document's nodes from parser events, without recursion."""

    def __init__(self, file: str, diagnostics: Diagnostics) -> None:
        self.file = file
        self.diagnostics = diagnostics
        self.stack: list[_Open] = []
        self.anchors: dict[str, Node | None] = {}
        self.root: Node | None = None
        self.documents = 0
        self.size = 0
        self.text = ""
        self.lines: list[str] = []
        self.tries = 0

    def build(self, text: str) -> Node:
        self.text, self.lines = text, LINE_BREAK.split(text)
        for event in yaml.parse(text, Loader=_LOADER):
            match event:
                case yaml.ScalarEvent():
                    self._add(self._scalar(event), event)
                case yaml.AliasEvent():
                    self._add(self._alias(event), event)
                case yaml.SequenceStartEvent() | yaml.MappingStartEvent():
                    self._open(event)
                case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                    self._close(event)
                case yaml.DocumentStartEvent():
                    self.documents += 1
                    if self.documents > 1:
                        help = "take the `---` out, or put the second document into a file of its own"
                        raise _Stop("yaml-document", "a spec is one document", self._span(event), help)
                case _:
                    pass
        if self.root is None:
            raise _Stop(
                "yaml-document",
                "the spec is empty",
                Span(self.file, 1, 1, 1, 2),
                "start with `input: [28, 28, 1]` and `layers:`",
            )
        return self.root

    def _span(self, event: Any) -> Span:
        start, end = event.start_mark, event.end_mark
        return Span(self.file, start.line + 1, start.column + 1, end.line + 1, end.column + 1)

    def _scalar(self, event: Any) -> Node:
        self._refuse_tag(event)
        span, text = self._span(event), event.value
        if len(text) > limits.SCALAR_CHARACTERS:
            message = f"a value of {len(text):,} characters; at most {limits.SCALAR_CHARACTERS:,} are allowed"
            raise _Stop("yaml-limit", message, span)
        if not event.implicit[0] or event.style in ("'", '"', "|", ">"):
            return ScalarNode(text, text, span)
        if folded(event):
            self._refuse_slip(span.line)
        flow = bool(self.stack) and bool(self.stack[-1].event.flow_style)
        if not text.isascii() or text[-1:] in (",", ";") or " //" in text or " --" in text or "# " in text:
            slip = None if text.startswith("$") else scalar(text, flow)
            if slip is not None:
                fix = Fix(span, slip.written)
                self.diagnostics.add(Diagnostic("yaml-syntax", slip.message, span, help=slip.help, fix=fix))
                if slip.value is not None:
                    key = ScalarNode(slip.text, slip.text, span)
                    return MappingNode(((key, self._resolved(slip.value, span)),), span, 2)
                return ScalarNode(slip.text, slip.text, span) if slip.quoted else self._resolved(slip.text, span)
        return self._resolved(text, span)

    def _refuse_slip(self, line: int) -> None:
        """Stop where a hand slipped near a line (from 0) that reads, but not as it looks; looked for a few times."""
        self.tries += 1
        if self.tries <= _TRIES and (found := mended(self.text, self.file, line, [])):
            raise _Stop.of(found)

    def _resolved(self, text: str, span: Span) -> ScalarNode:
        """A value without quotes."""
        try:
            return ScalarNode(resolve(text), text, span)
        except OverflowError:
            message = f"a whole number of {len(text)} digits; at most {limits.INTEGER_DIGITS} are allowed"
            raise _Stop("yaml-limit", message, span) from None

    def _alias(self, event: Any) -> Node:
        span = self._span(event)
        if event.anchor not in self.anchors:
            raise _Stop(
                "yaml-alias",
                f"`*{event.anchor}` refers to an anchor that is not above it",
                span,
                f"write `&{event.anchor}` before the value that it stands for",
            )
        node = self.anchors[event.anchor]
        if node is None:
            raise _Stop("yaml-alias", f"`*{event.anchor}` stands inside the value that it refers to", span)
        return node

    def _refuse_tag(self, event: Any) -> None:
        if event.tag is not None and event.tag != "!":
            raise _Stop(
                "yaml-tag",
                f"YAML tags are not allowed (`{_short(event.tag)}`)",
                self._span(event),
                "take the tag out; values need none",
            )

    def _open(self, event: Any) -> None:
        self._refuse_tag(event)
        if len(self.stack) >= limits.DEPTH:
            message = f"nested more than {limits.DEPTH} levels deep"
            raise _Stop("yaml-limit", message, self._span(event))
        if event.anchor:
            self.anchors[event.anchor] = None
        self.stack.append(_Open(event))

    def _close(self, event: Any) -> None:
        opened = self.stack.pop()
        span = self._span(opened.event).to(self._span(event))
        if not opened.event.flow_style and opened.children:
            span = span.to(opened.children[-1].span)
        node: Node
        if isinstance(event, yaml.SequenceEndEvent):
            items = self._whole([(item, item) for item in opened.children])
            node = SequenceNode(tuple(value for _, value in items), span, opened.size)
        else:
            if 2 * len(opened.keys) < len(opened.children):
                self._refuse_twice(opened)
            pairs = [
                (key, value)
                for key, value in zip(opened.children[::2], opened.children[1::2], strict=True)
                if isinstance(key, ScalarNode) and opened.keys[key.text] is key
            ]
            whole = self._whole(pairs)
            separated = self._separated(whole) if opened.event.flow_style else whole
            node = MappingNode(tuple(separated), span, opened.size)
        self._add(node, opened.event)

    def _add(self, node: Node, event: Any) -> None:
        """Put a finished node into the collection that is open, or at the root."""
        anchor = None if isinstance(event, yaml.AliasEvent) else event.anchor
        if anchor:
            self.anchors[anchor] = node
        if not self.stack:
            self.root = node
            return
        opened = self.stack[-1]
        if isinstance(opened.event, yaml.MappingStartEvent) and len(opened.children) % 2 == 0:
            self._check_key(opened, node, self._span(event))
        opened.children.append(node)
        opened.size += node.size
        if opened.size > limits.NODES:
            message = f"more than {limits.NODES:,} values, with every alias expanded"
            raise _Stop("yaml-limit", message, self._span(event))

    def _whole(self, pairs: list[tuple[Key, Node]]) -> list[tuple[Key, Node]]:
        """The pairs with expressions and Python's tuples put together again that a comma cut apart."""
        if not any(isinstance(value, ScalarNode) and _CALLED.match(value.text) for _, value in pairs):
            return pairs
        sums = list(accumulate(_depth(key.text) if isinstance(key, ScalarNode) else 0 for key, _ in pairs))
        least = [*reversed(list(accumulate(reversed(sums), min))), sums[-1]]
        kept: list[tuple[Key, Node]] = []
        depth = 0
        for at, (key, value) in enumerate(pairs):
            if depth > 0:
                depth += _depth(key.text) if isinstance(key, ScalarNode) else 0
                if depth <= 0:
                    kept[-1] = (kept[-1][0], self._joined(kept[-1][1], key))
                continue
            kept.append((key, value))
            if isinstance(value, ScalarNode) and _CALLED.match(value.text) and not self._is_quoted(value):
                open_here = _depth(value.text)
                closes = least[at + 1] - sums[at] + open_here <= 0 and at + 1 < len(pairs)
                depth = open_here if closes else 0
        return kept

    def _is_quoted(self, value: ScalarNode) -> bool:
        """Whether a value was written in quotes, or as a block of text: no comma cut that apart."""
        return value.value != value.text or self.lines[value.span.line - 1][value.span.column - 1 :][:1] in "'\"|>"

    def _joined(self, first: Node, last: Node) -> Node:
        """What a comma cut apart, from its first piece to its last."""
        span = first.span.to(last.span)
        text = self._source(span)
        if text is None:
            return first
        if text.startswith("$("):
            self._quotes(span, text)
        return ScalarNode(text, text, span)

    def _source(self, span: Span) -> str | None:
        """The text of a span on one line."""
        whole = span.line == span.end_line
        return self.lines[span.line - 1][span.column - 1 : span.end_column - 1] if whole else None

    def _quotes(self, span: Span, text: str) -> None:
        message = "an expression with a comma or brackets needs quotes here"
        fix = Fix(span, f'"{text}"') if '"' not in text else None
        self.diagnostics.add(Diagnostic("expression-syntax", message, span, help=f'write `"{_short(text)}"`', fix=fix))

    def _separated(self, pairs: list[tuple[ScalarNode, Node]]) -> Iterator[tuple[ScalarNode, Node]]:
        """The pairs of a mapping on one line, with `units=128` and `units:128` taken apart; the first such slip is
        told, and its fix mends them all."""
        slips: list[tuple[ScalarNode, tuple[str, str, str, str]]] = []
        for key, value in pairs:
            empty = isinstance(value, ScalarNode) and value.text == "" and value.span[1:3] == value.span[3:5]
            found = pair(key.text) if empty and not key.text.startswith("$") else None
            if found is None or not isinstance(key.value, str):
                yield key, value
                continue
            slips.append((key, found))
            start = key.span.end_column - len(found[1])
            place = Span(self.file, key.span.line, start, key.span.line, key.span.end_column)
            yield (
                ScalarNode(found[0], found[0], key.span.part(0, len(found[0]))),
                self._resolved(found[1], place),
            )
        if slips:
            (first, (_, _, message, help)), (last, _) = slips[0], slips[-1]
            span = first.span.to(last.span)
            text = self._source(span)
            for key, (name, written, _, _) in slips:
                text = text and text.replace(key.text, f"{name}: {written}", 1)
            fix = Fix(span, text) if text else None
            self.diagnostics.add(Diagnostic("yaml-syntax", message, first.span, help=help, fix=fix))

    def _check_key(self, opened: _Open, key: Node, span: Span) -> None:
        if not isinstance(key, ScalarNode):
            self._refuse_slip(key.span.line - 1)
            help = "quote it if it starts with `[` or `{`"
            raise _Stop("yaml-key", "a key is one word, not a list or a mapping", head(key), help)
        if key.text == "<<":
            raise _Stop(
                "yaml-merge-key",
                "merge keys (`<<`) are not allowed",
                span,
                "write the keys out, or use a block with `parameters:`",
            )
        opened.keys.setdefault(key.text, key)

    def _refuse_twice(self, opened: _Open) -> None:
        """Tell of each key that the mapping has already; one with the same value may go."""
        pairs = list(zip(opened.children[::2], opened.children[1::2], strict=True))
        whole = MappingNode(tuple(pairs), self._span(opened.event), 1)  # type: ignore[arg-type]
        firsts = {key.text: value for key, value in reversed(whole.pairs)}
        for key, value in whole.pairs:
            first = opened.keys[key.text]
            if first is key:
                continue
            same = plain(firsts[key.text]) == plain(value)
            self.diagnostics.add(
                Diagnostic(
                    "yaml-duplicate-key",
                    f"the key `{_short(key.text)}` stands twice in one mapping",
                    key.span,
                    related=(Related("it stands here first", first.span),),
                    help="take one of the two out" if same else "keep one of the two",
                    fix=removal(whole, key) if same and len(pairs) <= _MENDED else None,
                )
            )


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:39] + "…"


def _depth(text: str) -> int:
    return text.count("(") - text.count(")")
