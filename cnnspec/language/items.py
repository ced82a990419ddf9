"""Lists of layers → items: which word an entry starts with, and what stands in it."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from dataclasses import replace
from functools import cache
from textwrap import indent

from cnnspec.language import limits
from cnnspec.language.diagnostics import Diagnostic, Diagnostics, Fix
from cnnspec.language.entries import Entry, Invalid, Vocabulary, shown, unknown, vocabulary_of
from cnnspec.language.expression_words import names_in
from cnnspec.language.expressions import is_expression
from cnnspec.language.foreign import called, edited, row, sized, typed
from cnnspec.language.habits import ABSENT, WRITTEN
from cnnspec.language.library import Library
from cnnspec.language.nodes import MappingNode, Node, ScalarNode, SequenceNode, head, plain, walk
from cnnspec.language.problems import diagnose, unknown_argument
from cnnspec.language.spans import Span
from cnnspec.language.structures import STRUCTURES, parameter_of, structure
from cnnspec.language.suggest import meant, nearest, same_word
from cnnspec.language.syntax import (
    Block,
    Branches,
    Broken,
    Call,
    Head,
    Item,
    Items,
    LayerItem,
    Repeat,
    Residual,
    Splice,
    When,
)
from cnnspec.language.words import plain_name

_DASHES = re.compile(r"(\n\s*)- +")
_TYPE_KEYS = ("type", "layer", "class", "class_name", "op", "module", "kind")
_LISTS = "write a list: each layer on a line of its own, starting with `-`"


class ItemParser:
    """Parses lists of layers; `blocks` may still be filling up while it works."""

    def __init__(
        self, vocabulary: Vocabulary, blocks: Library, diagnostics: Diagnostics, parameters: Container[str] = ()
    ) -> None:
        self.vocabulary = vocabulary
        self.blocks = blocks
        self.diagnostics = diagnostics
        self.parameters = parameters
        """Those in sight, to tell a word that lacks its `$`."""

    def items(self, node: Node) -> Items:
        """The entries of a list of layers, or the splice that stands in its place."""
        if isinstance(node, ScalarNode) and is_expression(node.value):
            return (Splice(Head(node, node.span), parameter_of(node.text)),)
        if not isinstance(node, SequenceNode):
            self._error("wrong-type", f"a list of layers is wanted here, not {shown(plain(node))}", head(node), _LISTS)
            return (Broken(Head(node, head(node))),)
        return tuple(self.item(entry) for entry in node.items)

    def item(self, node: Node) -> Item:
        """One entry."""
        match node:
            case ScalarNode(value=str()) if node.text:
                key, arguments = node, None
            case MappingNode() if len(node.pairs) == 1:
                key, arguments = node.pairs[0]
            case _:
                return self._no_entry(node)
        name = key.text
        if is_expression(name) and arguments is None:
            return Splice(Head(node, key.span), parameter_of(name))
        if name in self.blocks:
            return self._call(node, key, arguments)
        if name in STRUCTURES:
            return structure(self._head(node, key, arguments), key, arguments, self.items, self.diagnostics)
        if name in self.vocabulary:
            return self._layer(node, key, arguments)
        if name.lower() in _TYPE_KEYS and isinstance(arguments, ScalarNode) and arguments.text:
            return self._typed(node, key, arguments)
        return self._unknown(node, key, arguments)

    def _unknown(self, node: Node, key: ScalarNode, arguments: Node | None) -> Item:
        """An entry of a name that is not known. Where it surely is another spelling of one, that one's arguments
        are checked as well."""
        name = key.text
        if self.blocks.incomplete:
            return Broken(self._head(node, key, arguments))
        known = [*self.vocabulary, *STRUCTURES, *self.blocks]
        guesses = known if len(self.diagnostics) < limits.GUESSES else []
        problem = unknown(name, guesses, f"no layer or block is called `{name}`", "unknown-layer")
        written = called(name, self.vocabulary) if "(" in name and arguments is None else None
        if arguments is None and plain_name(name) in WRITTEN:
            written = ": ".join(WRITTEN[plain_name(name)])
        if written:
            problem = replace(problem, help=f"write `{written}`", replacement=written)
        if not same_word(name, problem.guess or ""):
            activation = self._activation(name)
            if activation and arguments is None:
                written = f"activation: {activation}"
                problem = replace(problem, help=f"write `{written}`", replacement=written, guess=None)
        absent = None if problem.replacement else ABSENT.get(plain_name(name))
        fix = Fix(key.span, problem.replacement) if problem.replacement else None
        behind = self.blocks.behind.get(name)
        help = f"it is a block of {behind}: import that file here, too" if behind else None
        help = help or absent or problem.help or "`blocks:` declares a block; the reference lists the layers"
        found = Diagnostic(problem.code, problem.message, key.span, help=help, fix=fix)
        sure = None if written else meant(name, guesses)
        if sure in self.vocabulary and (arguments is not None or not written):
            assert sure is not None
            return self._foreign(found, node, key, arguments, sure)
        self.diagnostics.add(found)
        return Broken(self._head(node, key, arguments))

    def _activation(self, name: str) -> str | None:
        """The activation that is called so, where it is no layer of its own."""
        layer = self.vocabulary.get("activation")
        known = vocabulary_of(layer, "activation") if layer else None
        same = None if known is None else meant(name, known)
        return same if same is not None and (name in (known or ()) or same_word(name, same)) else None

    def _foreign(self, found: Diagnostic, node: Node, key: ScalarNode, arguments: Node | None, name: str) -> Item:
        """An entry under the name that it has elsewhere, told once, with what its arguments are called here."""
        habit = same_word(key.text, name)
        ours = ScalarNode(name, name, key.span)
        if arguments is not None and not isinstance(arguments, MappingNode) and sized(key.text):
            span = key.span.to(arguments.span)
            same = ": ".join(WRITTEN.get(plain_name(key.text), (name,)))
            help = f"write `{same}`: the size of the input is known here"
            self.diagnostics.add(replace(found, help=help, fix=Fix(span, same)))
            return Broken(Head(node, key.span)) if ":" in same else self._layer(ours, ours, None)
        outer, self.diagnostics = self.diagnostics, Diagnostics(texts=self.diagnostics.texts)
        whole = ours if arguments is None else MappingNode(((ours, arguments),), node.span, node.size)
        item = self._layer(whole, ours, arguments)
        inner, self.diagnostics = list(self.diagnostics), outer
        fixes = [other.fix for other in inner if other.fix]
        if arguments is not None and fixes and (habit or not any(_strange(other) for other in inner)):
            span = key.span.to(arguments.span)
            text = edited(outer.text(span), span, [Fix(key.span, name), *fixes])
            if text:
                one_line = "\n" not in text and len(text) <= 100
                found = replace(found, help=f"write `{text}`" if one_line else found.help, fix=Fix(span, text))
                inner = [other for other in inner if not other.fix]
        outer.add(found)
        for other in inner:
            if habit or other.code not in ("unknown-argument", "missing-argument"):
                outer.add(other)
        return item

    def _typed(self, node: Node, key: ScalarNode, value: ScalarNode) -> Item:
        """`type: conv2d`, as other formats have it."""
        name = nearest(value.text, self.vocabulary) or value.text
        alone = isinstance(node, MappingNode) and len(node.pairs) == 1
        help = f"write `- {name}`" if alone else f"write `- {name}: {{…}}`, the arguments in it"
        cls = self.vocabulary.get(name)
        text = typed(node, key, name, cls, self.diagnostics) if cls and isinstance(node, MappingNode) else None
        if text and len(text) <= 100:
            help = f"write `- {text}`"
        message = f"an entry starts with its layer's name, not with `{key.text}:`"
        fix = Fix(node.span, text) if text else None
        self.diagnostics.add(Diagnostic("entry-form", message, key.span, help=help, fix=fix))
        return Broken(Head(node, key.span))

    def calls_in(self, items: Items) -> Iterator[Call]:
        """Every block call below `items`."""
        for item in items:
            match item:
                case Call():
                    yield item
                case Residual(layers=layers, shortcut=shortcut):
                    yield from self.calls_in(layers)
                    if isinstance(shortcut, tuple):
                        yield from self.calls_in(shortcut)
                case Branches(paths=tuple() as paths) if not isinstance(paths, Splice):
                    for path in paths:
                        yield from self.calls_in(path)
                case Repeat(layers=layers):
                    yield from self.calls_in(layers)
                case When(layers=layers, otherwise=otherwise):
                    yield from self.calls_in((*layers, *otherwise))
                case _:
                    pass

    def _error(self, code: str, message: str, span: Span, help: str | None = None) -> None:
        self.diagnostics.add(Diagnostic(code, message, span, help=help))

    def _no_entry(self, node: Node) -> Item:
        if isinstance(node, MappingNode) and len(node.pairs) > 1:
            for key, value in node.pairs:
                if key.text.lower() in _TYPE_KEYS and isinstance(value, ScalarNode) and value.text:
                    return self._typed(node, key, value)
            first, second = node.pairs[0][0], node.pairs[1][0]
            message = f"one entry an item: `{first.text}` and `{second.text}` stand side by side"
            entry = second.text in self.vocabulary or second.text in STRUCTURES or second.text in self.blocks
            help = f"start a new item: `- {second.text}`" if entry else f"indent `{second.text}` below `{first.text}:`"
            below = node.pairs[0][1]
            empty = isinstance(below, ScalarNode) and below.value is None and below.text == ""
            fix = self._beside(node, second, entry) if entry or empty else None
            self.diagnostics.add(Diagnostic("entry-two-names", message, second.span, help=help, fix=fix))
            if not entry and empty and first.text in self.vocabulary:
                rest = MappingNode(node.pairs[1:], second.span.to(node.span), node.size)
                return self._layer(MappingNode(((first, rest),), node.span, node.size), first, rest)
        elif (
            isinstance(node, SequenceNode)
            and len(node.items) == 1
            and isinstance(node.items[0], ScalarNode | MappingNode)
        ):
            text = self.diagnostics.text(node.items[0].span)
            flow = self.diagnostics.text(node.span)[:1] == "["
            fix = Fix(node.span, text) if text and not (flow and ", " in text and "{" not in text) else None
            help = f"write `- {text}`" if text and "\n" not in text and len(text) <= 60 else "one `-` an entry"
            self.diagnostics.add(
                Diagnostic("entry-form", "a list within the list of layers", head(node), help=help, fix=fix)
            )
        elif isinstance(node, MappingNode) or (isinstance(node, ScalarNode) and node.value in (None, "")):
            self._error("entry-form", "an empty entry", head(node), "take the `-` out, or name a layer")
        else:
            self._error(
                "entry-form",
                f"{shown(plain(node))} is no layer",
                head(node),
                (isinstance(node, SequenceNode) and row(node.items, self.vocabulary))
                or "an entry is `name`, `name: value` or `name: {arguments}`",
            )
        return Broken(Head(node, head(node)))

    def _beside(self, node: MappingNode, second: ScalarNode, entry: bool) -> Fix | None:
        """Makes what stands beside an entry an entry of its own, or its arguments."""
        first = node.pairs[0][0].span
        if second.span.line == first.line:
            return None
        if entry:
            start = Span(first.file, second.span.line, 1, second.span.line, second.span.column)
            return Fix(start, " " * (first.column - 3) + "- ") if first.column >= 3 else None
        rest = Span(first.file, second.span.line, 1, node.span.end_line, node.span.end_column)
        return Fix(rest, indent(self.diagnostics.text(rest), "  "))

    def _head(self, node: Node, key: ScalarNode, arguments: Node | None) -> Head:
        if not isinstance(arguments, MappingNode):
            return Head(node, key.span)
        return Head(node, key.span, arguments.get("name"), arguments.get("inputs"))

    def _layer(self, node: Node, key: ScalarNode, arguments: Node | None) -> Item:
        cls = self.vocabulary[key.text]
        entry = self._head(node, key, arguments)
        if isinstance(arguments, MappingNode):
            arguments = arguments.without("name", "inputs")
        elif getattr(cls, "merges", False):
            entry, arguments = Head(node, key.span, None, arguments), None
        computed = arguments is not None and any(
            isinstance(n, ScalarNode) and is_expression(n.value) for n in walk(arguments)
        )
        if computed:
            broken = isinstance(arguments, MappingNode) and not self._known_arguments(cls, node, key, arguments)
            return LayerItem(entry, cls, arguments, None, broken)
        try:
            layer = _bare(cls) if arguments is None else cls.read_value(tuples(arguments))
            return LayerItem(entry, cls, arguments, layer)
        except Invalid as invalid:
            for problem in invalid.below(key.text).problems:
                if (word := problem.word) in self.parameters:
                    problem = replace(problem, help=f"write `${word}`", replacement=f"${word}")
                found = diagnose(problem, node)
                if problem.code == "entry-form" and found.help == f"write `{key.text}`" and arguments is not None:
                    found = replace(found, fix=Fix(key.span.to(arguments.span), key.text))
                elif problem.code == "entry-form" and isinstance(arguments, SequenceNode):
                    text = self.diagnostics.text(arguments.span)
                    fix = Fix(arguments.span, _DASHES.sub(r"\1", text[2:])) if text.startswith("- ") else None
                    found = replace(found, fix=fix)
                self.diagnostics.add(found)
            return LayerItem(entry, cls, arguments, None, broken=True)

    def _known_arguments(self, cls: type[Entry], node: Node, key: ScalarNode, arguments: MappingNode) -> bool:
        """Report the arguments that `cls` does not have, before anything is computed."""
        given = [name.text for name, _ in arguments.pairs]
        strange = [name for name, _ in arguments.pairs if name.text not in cls.model_fields]
        for name in strange:
            problem = unknown_argument((name.text,), cls, given)
            self.diagnostics.add(diagnose(replace(problem, path=(key.text, name.text)), node))
        return not strange

    def _call(self, node: Node, key: ScalarNode, arguments: Node | None) -> Item:
        entry = self._head(node, key, arguments)
        block = self.blocks[key.text]
        if block.broken:
            return Broken(entry)
        if isinstance(arguments, MappingNode):
            given: MappingNode | None = arguments.without("name", "inputs")
        elif arguments is None or (isinstance(arguments, ScalarNode) and arguments.value is None):
            given = None
        elif block.parameters:
            first = ScalarNode(next(iter(block.parameters)), next(iter(block.parameters)), key.span)
            given = MappingNode(((first, arguments),), arguments.span, 0)
        else:
            help = f"write `{key.text}: {{inputs: {_inline(arguments)}}}`" if block.inputs else None
            self._error("unknown-argument", f"the block `{key.text}` takes no arguments", head(arguments), help)
            return Broken(entry)
        if not self._check_arguments(block, key, given):
            return Broken(entry)
        return Call(entry, key.text, given, self.blocks)

    def _check_arguments(self, block: Block, key: ScalarNode, given: MappingNode | None) -> bool:
        names = [name for name, _ in given.pairs] if given else []
        meant: set[str | None] = set()
        inputs = {name.text for name in block.inputs} - {*block.parameters}
        misplaced = next((name for name in names if name.text in inputs), None)
        if misplaced is not None:
            listed = ", ".join(name.text for name in block.inputs)
            message = f"`{misplaced.text}` is an input of the block `{block.name}`, not a parameter"
            help = f"write `inputs: [{listed}]` with the names of entries in their places"
            self._error("unknown-argument", message, misplaced.span, help)
        needed = [name for name, default in block.parameters.items() if default is None]
        missing = [name for name in needed if name not in {given.text for given in names}]
        for name in names:
            if name.text not in block.parameters and name.text not in inputs:
                problem = unknown(
                    name.text,
                    block.parameters,
                    f"the block `{block.name}` has no parameter `{name.text}`",
                    "unknown-argument",
                )
                advice = problem.help
                guessing = len(self.diagnostics) < limits.GUESSES
                if guessing and problem.guess is None and name.text in _used(block):
                    meant.add(None)
                    if name.text in block.scope.undeclared:
                        continue
                    block.scope.undeclared.add(name.text)
                    problem = replace(problem, message=f"{problem.message}, which its layers use")
                    advice = f"add `{name.text}: null` to the block's `parameters:`"
                if advice is None:
                    meant.update(missing)
                    needs = f"it needs {_and(missing)}; " if missing else ""
                    advice = f"{needs}it takes: {', '.join(block.parameters) or 'none'}"
                meant.add(problem.guess)
                fix = Fix(name.span, problem.replacement) if problem.replacement else None
                self.diagnostics.add(Diagnostic(problem.code, problem.message, name.span, fix=fix, help=advice))
        missing = [name for name in missing if name not in meant]
        if missing:
            self._error(
                "missing-argument",
                f"the block `{block.name}` needs {_and(missing)}",
                key.span,
                f"write `{block.name}: {{{', '.join(f'{name}: …' for name in missing)}}}`",
            )
        return not missing and not meant and all(name.text in block.parameters for name in names)


def _used(block: Block) -> set[str]:
    """The names that the expressions in a block's layers ask for."""
    nodes = (node for item in block.layers for node in walk(item.head.node))
    texts = (node.text for node in nodes if isinstance(node, ScalarNode) and is_expression(node.value))
    return {name for text in texts for name in names_in(text)}


def _and(names: list[str]) -> str:
    return " and ".join(f"`{name}`" for name in names)


def _strange(found: Diagnostic) -> bool:
    return found.code == "unknown-argument" and found.fix is None


@cache
def _bare(cls: type[Entry]) -> Entry:
    """An entry without arguments."""
    return cls.read_value(None)


def _inline(node: Node) -> str:
    """Names as they stand in a text."""
    return f"[{', '.join(map(_inline, node.items))}]" if isinstance(node, SequenceNode) else getattr(node, "text", "…")


def tuples(node: Node) -> object:
    """The plain value of a node, with tuples for lists, as fields take them."""
    match node:
        case ScalarNode():
            return node.value
        case SequenceNode():
            return tuple(tuples(item) for item in node.items)
        case MappingNode():
            return {key.text: tuples(value) for key, value in node.pairs}
