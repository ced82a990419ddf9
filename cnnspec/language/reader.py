"""Text → nodes: safe YAML from parser events, with the place of every value.

PyYAML's own loaders expand merge keys in exponential time and overrun the C stack on nested brackets, so
nodes are built here from its events, one at a time, within the bounds of `limits`. A text that breaks one
of the language's rules for YAML (tags, merge keys, duplicate keys, ...) yields a diagnostic.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from cnnspec.language import limits
from cnnspec.language.diagnostics import Diagnostic, Diagnostics, Related
from cnnspec.language.nodes import MappingNode, Node, ScalarNode, SequenceNode, head
from cnnspec.language.scalars import resolve
from cnnspec.language.slips import LINE_BREAK, syntax_error
from cnnspec.language.spans import Span

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")


class _Stop(Exception):
    """Reading cannot go on; the diagnostic says why."""

    def __init__(self, code: str, message: str, span: Span, help: str | None = None, *related: Related) -> None:
        self.diagnostic = Diagnostic(code, message, span, help=help, related=related)


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
        line = data.count(b"\n", 0, error.start) + 1
        begin = data.rfind(b"\n", 0, error.start) + 1
        column = len(data[begin : error.start].decode("utf-8", "replace")) + 1
        span = Span(file, line, column, line, column + 1)
        message = f"byte 0x{data[error.start]:02x} is not UTF-8 text"
        diagnostics.add(Diagnostic("yaml-encoding", message, span, help="save the file as UTF-8"))
        return None


def read(text: str, file: str, diagnostics: Diagnostics) -> Node | None:
    """The document in `text`, or None where it cannot be read (then `diagnostics` says why)."""
    try:
        _check_characters(text, file)
        return _Builder(file, diagnostics).build(text)
    except _Stop as stop:
        diagnostics.add(stop.diagnostic)
    except yaml.MarkedYAMLError as error:
        diagnostics.add(syntax_error(text, file, error))
    except yaml.YAMLError:
        diagnostics.add(Diagnostic("yaml-syntax", "this is not readable as YAML", Span(file, 1, 1, 1, 2)))
    return None


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
    mark = text.find("\ufeff", 1)
    if mark > 0:
        message = "a byte-order mark may stand at the start of the file only"
        raise _Stop("yaml-encoding", message, _at(text, mark, file), "take it out")


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

    def build(self, text: str) -> Node:
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

    def _scalar(self, event: Any) -> ScalarNode:
        self._refuse_tag(event)
        span, text = self._span(event), event.value
        if len(text) > limits.SCALAR_CHARACTERS:
            message = f"a value of {len(text):,} characters; at most {limits.SCALAR_CHARACTERS:,} are allowed"
            raise _Stop("yaml-limit", message, span)
        if not event.implicit[0] or event.style in ("'", '"', "|", ">"):
            return ScalarNode(text, text, span)
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
            node = SequenceNode(
                tuple(_whole_expressions([(item, item) for item in opened.children])), span, opened.size
            )
        else:
            pairs = [
                (key, value)
                for key, value in zip(opened.children[::2], opened.children[1::2], strict=True)
                if isinstance(key, ScalarNode) and opened.keys[key.text] is key
            ]
            kept = set(map(id, _whole_expressions(pairs)))
            node = MappingNode(tuple(pair for pair in pairs if id(pair[1]) in kept), span, opened.size)
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

    def _check_key(self, opened: _Open, key: Node, span: Span) -> None:
        if not isinstance(key, ScalarNode):
            raise _Stop(
                "yaml-key",
                "a key is one word, not a list or a mapping",
                head(key),
                "quote it if it starts with `[` or `{`",
            )
        if key.text == "<<":
            raise _Stop(
                "yaml-merge-key",
                "merge keys (`<<`) are not allowed",
                span,
                "write the keys out, or use a block with `parameters:`",
            )
        first = opened.keys.setdefault(key.text, key)
        if first is not key:
            self.diagnostics.add(
                Diagnostic(
                    "yaml-duplicate-key",
                    f"the key `{_short(key.text)}` stands twice in one mapping",
                    span,
                    related=(Related("it stands here first", first.span),),
                    help="keep one of the two",
                )
            )


def _whole_expressions(pairs: Sequence[tuple[Node, Node]]) -> list[Node]:
    """The values less the pieces of an expression, or of a Python tuple, that a comma cut apart
    (what reads its head says so)."""
    kept, depth = [], 0
    for key, value in pairs:
        text = key.text if isinstance(key, ScalarNode) else ""
        if depth > 0:
            depth += text.count("(") - text.count(")")
            continue
        kept.append(value)
        if isinstance(value, ScalarNode) and value.text.startswith(("$(", "(")) and value.value == value.text:
            depth = value.text.count("(") - value.text.count(")")
    return kept


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:39] + "…"
