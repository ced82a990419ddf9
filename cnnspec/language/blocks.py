"""`blocks:` → blocks: their parameters, inputs and layers, each mistake reported where it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from cnnspec.language.cycles import refuse_cycles
from cnnspec.language.diagnostics import Diagnostic, Diagnostics, Fix, Related
from cnnspec.language.entries import Vocabulary, shown
from cnnspec.language.expressions import is_expression
from cnnspec.language.items import ItemParser
from cnnspec.language.library import Library
from cnnspec.language.nodes import MappingNode, Node, ScalarNode, SequenceNode, head, plain
from cnnspec.language.parameters import IDENTIFIER, check_parameter_name
from cnnspec.language.scope import Scope
from cnnspec.language.slips.keys import slipped
from cnnspec.language.spans import Span
from cnnspec.language.structures import STRUCTURES
from cnnspec.language.suggest import meant, nearest
from cnnspec.language.syntax import Block

_NAME = re.compile(r"[\w\-]+")
_KEYS = ("inputs", "parameters", "layers")


def declare(
    root: MappingNode, library: Library, vocabulary: Vocabulary, scope: Scope, diagnostics: Diagnostics
) -> None:
    """Put the blocks that a document declares into `library`; their layers see `scope`, the document's parameters."""
    node = root.get("blocks")
    blocks = library.own
    if not isinstance(node, MappingNode):
        blocks.update({name.text: _broken(name) for name in _names_in(node)} if node else {})
        return
    names = [key.text for key, _ in node.pairs if key.text not in _KEYS]
    node = slipped(node, names, names, diagnostics)
    bodies: dict[str, Node] = {}
    for key, value in node.pairs:
        block = _declare(key, value, vocabulary, scope, diagnostics)
        if block is None:
            blocks[key.text] = _broken(key)
        else:
            blocks[key.text] = block
            layers = value.get("layers") if isinstance(value, MappingNode) else None
            if layers is not None:
                bodies[key.text] = layers
    parser = ItemParser(vocabulary, library, diagnostics)
    for name, body in bodies.items():
        parser.parameters = {*blocks[name].parameters, *islice(scope, 1000)}
        if isinstance(body, SequenceNode) or (isinstance(body, ScalarNode) and is_expression(body.value)):
            blocks[name] = blocks[name]._replace(layers=parser.items(body))
        else:
            _wrong(diagnostics, f"the `layers` of a block are a list, not {shown(plain(body))}", head(body))
    blocks.update(refuse_cycles(blocks, parser.calls_in, diagnostics))


def _broken(name: ScalarNode) -> Block:
    return Block(name.text, name.span, {}, (), (), Scope(), broken=True)


def _names_in(node: Node) -> Iterator[ScalarNode]:
    """The names of blocks in a list of them, as other formats have it."""
    for item in node.items if isinstance(node, SequenceNode) else ():
        if isinstance(item, MappingNode):
            name = item.get("name")
            yield (
                name
                if isinstance(name, ScalarNode)
                else item.pairs[0][0]
                if item.pairs
                else ScalarNode("", "", item.span)
            )


def _declare(
    key: ScalarNode, value: Node, vocabulary: Vocabulary, scope: Scope, diagnostics: Diagnostics
) -> Block | None:
    if key.text in vocabulary or key.text in STRUCTURES:
        what = "a layer" if key.text in vocabulary else "a word of the language"
        diagnostics.add(Diagnostic("block-name", f"`{key.text}` is {what}; a block needs a name of its own", key.span))
        return None
    if not isinstance(value, MappingNode):
        help = f"write `{key.text}: {{layers: […]}}`"
        _wrong(diagnostics, f"a block is a mapping with `layers:`, not {shown(plain(value))}", head(value), help)
        return None
    value = slipped(value, ("parameters",), _KEYS, diagnostics)
    guesses = set()
    for name, _ in value.pairs:
        if name.text not in _KEYS:
            guess = nearest(name.text, _KEYS)
            guesses.add(guess)
            diagnostics.add(
                Diagnostic(
                    "unknown-key",
                    f"a block has no key `{name.text}`",
                    name.span,
                    help=f"did you mean `{guess}`?" if guess else f"it takes: {', '.join(_KEYS)}",
                    fix=Fix(name.span, sure) if (sure := meant(name.text, _KEYS)) else None,
                )
            )
    if value.get("layers") is None and "layers" not in guesses:
        diagnostics.add(Diagnostic("missing-key", f"the block `{key.text}` needs `layers`", key.span))
    parameters: dict[str, Node | None] = {}
    declared = value.get("parameters")
    if isinstance(declared, MappingNode):
        for name, default in declared.pairs:
            if check_parameter_name(name, diagnostics):
                required = isinstance(default, ScalarNode) and default.value is None
                parameters[name.text] = None if required else default
    elif declared is not None and plain(declared) is not None:
        _wrong(
            diagnostics,
            f"`parameters` takes a mapping, not {shown(plain(declared))}",
            head(declared),
            f"write `parameters: {{{_as_mapping(declared)}}}`; `null` means required",
        )
        return _broken(key)
    inputs = _inputs(key.text, value.get("inputs"), diagnostics)
    broken = inputs is None or value.get("layers") is None or bool(guesses - {None})
    return Block(key.text, key.span, parameters, (), inputs or (), scope, broken=broken)


def _inputs(block: str, node: Node | None, diagnostics: Diagnostics) -> tuple[ScalarNode, ...] | None:
    """The names of what a block takes, the running tensor first; None where they do not read."""
    if node is None:
        return ()
    items = node.items if isinstance(node, SequenceNode) else ()
    names = tuple(item for item in items if isinstance(item, ScalarNode) and _NAME.fullmatch(item.text))
    if not names or len(names) != len(items):
        help = f"write e.g. `inputs: [x, skip]` and call it with `{block}: {{inputs: [a, b]}}`"
        _wrong(diagnostics, f"the `inputs` of a block are a list of names, not {shown(plain(node))}", head(node), help)
        return None
    for at, name in enumerate(names):
        first = next(other for other in names if other.text == name.text)
        if first is not name:
            related = (Related("it stands here first", first.span),)
            message = f"two inputs of the block `{block}` are called `{name.text}`"
            diagnostics.add(Diagnostic("name-duplicate", message, name.span, related=related))
            return names[:at]
    return names


def _as_mapping(node: Node) -> str:
    """The parameters of a list of names, as they are declared."""
    items = node.items if isinstance(node, SequenceNode) else (node,)
    names = [item.text for item in items if isinstance(item, ScalarNode) and IDENTIFIER.fullmatch(item.text)]
    return ", ".join(f"{name}: null" for name in names[:4]) or "filters: null, strides: 1"


def _wrong(diagnostics: Diagnostics, message: str, span: Span, help: str | None = None) -> None:
    diagnostics.add(Diagnostic("wrong-type", message, span, help=help))
