"""Nodes → spec: the document's keys, its blocks and its lists of layers, each mistake reported where it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from cnnspec.language.diagnostics import Diagnostic, Diagnostics, Fix, Related
from cnnspec.language.document import Document
from cnnspec.language.entries import Invalid, Vocabulary, shown
from cnnspec.language.expressions import is_expression
from cnnspec.language.items import ItemParser
from cnnspec.language.nodes import MappingNode, Node, ScalarNode, SequenceNode, head, locate, plain
from cnnspec.language.problems import diagnose
from cnnspec.language.scope import Binding, Environment, Failed, Scope, warn_of_hiding
from cnnspec.language.spans import Span
from cnnspec.language.suggest import nearest
from cnnspec.language.syntax import Block, Items, Spec

_IDENTIFIER = re.compile(r"[A-Za-z_]\w*")
_COMPUTED = ("cnnspec", "name", "input")


def parse(root: Node, vocabulary: Vocabulary, diagnostics: Diagnostics, default_name: str) -> Spec | None:
    """The spec in a document; `vocabulary` holds the layers. None where it is no mapping of a spec's keys."""
    if not isinstance(root, MappingNode):
        help = "start with `input: [28, 28, 1]` and `layers:`"
        diagnostics.add(
            Diagnostic("spec-form", f"a spec is a mapping, not {shown(plain(root))}", head(root), help=help)
        )
        return None
    scope = _parameters(root, diagnostics)
    document, known = _document(root, scope, diagnostics)
    blocks = _blocks(root, vocabulary, scope, diagnostics)
    layers = root.get("layers")
    items: Items = ()
    if isinstance(layers, SequenceNode) or (isinstance(layers, ScalarNode) and is_expression(layers.value)):
        items = ItemParser(vocabulary, blocks, diagnostics).items(layers)
    place = root.key("layers")
    start = root.key("input")
    return Spec(
        name=document.name if document and document.name else default_name,
        input=known,
        input_span=locate(root, ("input",)) if start else head(root),
        scope=scope,
        blocks=blocks,
        layers=items,
        layers_span=place.span if place else head(root),
        document=root,
        data=_section(root, "data"),
        training=_section(root, "training"),
    )


def _section(root: MappingNode, name: str) -> MappingNode | None:
    node = root.get(name)
    return node if isinstance(node, MappingNode) else None


def _parameters(root: MappingNode, diagnostics: Diagnostics) -> Scope:
    node = root.get("parameters")
    scope = Scope()
    if not isinstance(node, MappingNode):
        return scope
    environment = Environment(scope, diagnostics)
    for key, value in node.pairs:
        if check_parameter_name(key, diagnostics):
            scope.bindings[key.text] = Binding(value, environment)
    for key, value in node.pairs:
        if isinstance(value, ScalarNode) and value.value is None and key.text in scope.bindings:
            diagnostics.add(
                Diagnostic(
                    "missing-parameter",
                    f"the parameter `{key.text}` has no value",
                    key.span,
                    help=f"give it one here, or with `--set parameters.{key.text}=…`",
                )
            )
    return scope


def check_parameter_name(key: ScalarNode, diagnostics: Diagnostics) -> bool:
    """Refuse a parameter that expressions could not name; warn of one that hides a size."""
    if not _IDENTIFIER.fullmatch(key.text) or key.text in ("true", "false", "null", "name", "inputs"):
        help = "letters, digits and `_`, not starting with a digit; not `name`, `inputs`, `true`, `false` or `null`"
        diagnostics.add(
            Diagnostic("parameter-name", f"`{key.text}` cannot be the name of a parameter", key.span, help=help)
        )
        return False
    warn_of_hiding(key, diagnostics)
    return True


def _document(root: MappingNode, scope: Scope, diagnostics: Diagnostics) -> tuple[Document | None, Any]:
    values: dict[str, Any] = {key.text: value for key, value in root.pairs}
    environment = Environment(scope, diagnostics)
    failed = set()
    for key in _COMPUTED:
        node = root.get(key)
        if node is not None:
            try:
                values[key] = environment.evaluate(node)
            except Failed:
                failed.add(key)
                del values[key]
    try:
        document = Document.read(values)
        return document, document.input
    except Invalid as invalid:
        for problem in invalid.problems:
            if not set(problem.about.split(", ")) & failed:
                diagnostics.add(diagnose(problem, root))
        bad = {problem.path[0] for problem in invalid.problems if problem.path} | failed
        size = values.get("input")
        return None, size if "input" not in bad and isinstance(size, tuple) and size else None


def _blocks(root: MappingNode, vocabulary: Vocabulary, scope: Scope, diagnostics: Diagnostics) -> dict[str, Block]:
    node = root.get("blocks")
    if not isinstance(node, MappingNode):
        return {} if node is None else {name.text: _broken(name) for name in _names_in(node)}
    blocks: dict[str, Block] = {}
    bodies: dict[str, Node] = {}
    for key, value in node.pairs:
        block = _declare(key, value, vocabulary, diagnostics)
        if block is None:
            if key.text not in vocabulary and key.text not in ItemParser.STRUCTURES:
                blocks[key.text] = _broken(key)
        else:
            blocks[key.text] = block
            layers = value.get("layers") if isinstance(value, MappingNode) else None
            if layers is not None:
                bodies[key.text] = layers
    parser = ItemParser(vocabulary, blocks, diagnostics)
    for name, body in bodies.items():
        if isinstance(body, SequenceNode) or (isinstance(body, ScalarNode) and is_expression(body.value)):
            blocks[name] = blocks[name]._replace(layers=parser.items(body))
        else:
            _wrong(diagnostics, f"the `layers` of a block are a list, not {shown(plain(body))}", head(body))
    return _refuse_cycles(blocks, parser.calls_in, diagnostics)


def _broken(name: ScalarNode) -> Block:
    return Block(name.text, name.span, {}, (), broken=True)


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


def _declare(key: ScalarNode, value: Node, vocabulary: Vocabulary, diagnostics: Diagnostics) -> Block | None:
    if key.text in vocabulary or key.text in ItemParser.STRUCTURES:
        what = "a layer" if key.text in vocabulary else "a word of the language"
        diagnostics.add(Diagnostic("block-name", f"`{key.text}` is {what}; a block needs a name of its own", key.span))
        return None
    if not isinstance(value, MappingNode):
        help = f"write `{key.text}: {{layers: […]}}`"
        _wrong(diagnostics, f"a block is a mapping with `layers:`, not {shown(plain(value))}", head(value), help)
        return None
    for name, _ in value.pairs:
        if name.text not in ("parameters", "layers"):
            guess = nearest(name.text, ("parameters", "layers"))
            diagnostics.add(
                Diagnostic(
                    "unknown-key",
                    f"a block has no key `{name.text}`",
                    name.span,
                    help=f"did you mean `{guess}`?" if guess else "it takes: parameters, layers",
                    fix=Fix(name.span, guess) if guess else None,
                )
            )
    if value.get("layers") is None:
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
    return Block(key.text, key.span, parameters, (), broken=value.get("layers") is None)


def _as_mapping(node: Node) -> str:
    """The parameters of a list of names, as they are declared."""
    items = node.items if isinstance(node, SequenceNode) else (node,)
    names = [item.text for item in items if isinstance(item, ScalarNode) and _IDENTIFIER.fullmatch(item.text)]
    return ", ".join(f"{name}: null" for name in names[:4]) or "filters: null, strides: 1"


def _wrong(diagnostics: Diagnostics, message: str, span: Span, help: str | None = None) -> None:
    diagnostics.add(Diagnostic("wrong-type", message, span, help=help))


def _refuse_cycles(blocks: dict[str, Block], calls_in: Any, diagnostics: Diagnostics) -> dict[str, Block]:
    """Report each cycle of blocks once, and mark its members so that nobody expands them."""
    edges = {name: {call.block: call.head.span for call in calls_in(block.layers)} for name, block in blocks.items()}
    looping: set[str] = set()
    suspects = _on_ways(edges)
    for start in (name for name in blocks if name in suspects):
        cycle = _cycle_from(start, edges) if start not in looping else None
        if cycle:
            looping.update(cycle)
            names = [f"`{name}`" for name in [*cycle, cycle[0]]]
            way = " → ".join(names if len(names) < 12 else [*names[:6], "…", *names[-4:]])
            steps = zip(cycle, [*cycle[1:], cycle[0]], strict=True)
            spans = [(below, edges[above][below]) for above, below in steps]
            related = tuple(Related(f"`{below}` is called here", span) for below, span in spans[1:])
            diagnostics.add(
                Diagnostic("block-cycle", f"a block cannot call itself: {way}", spans[0][1], related=related)
            )
    return {name: block._replace(recursive=name in looping) for name, block in blocks.items()}


def _cycle_from(start: str, edges: dict[str, dict[str, Span]]) -> list[str] | None:
    """The shortest way from a block back to itself."""
    above: dict[str, str] = {}
    reached = [start]
    for name in reached:
        for below in edges.get(name, {}):
            if below == start:
                way = [name]
                while way[-1] != start:
                    way.append(above[way[-1]])
                return way[::-1]
            if below in edges and below not in above:
                above[below] = name
                reached.append(below)
    return None


def _on_ways(edges: dict[str, dict[str, Span]]) -> set[str]:
    """The blocks on cycles, and on ways from one cycle to another: all but those that call nothing of these."""
    left = set(edges)
    callers: dict[str, list[str]] = {name: [] for name in edges}
    for name, calls in edges.items():
        for below in calls:
            callers.setdefault(below, []).append(name)
    for towards in (callers, {name: list(calls) for name, calls in edges.items()}):
        away = edges if towards is callers else callers
        count = {name: sum(other in left for other in away[name]) for name in left}
        done = [name for name in left if count[name] == 0]
        for name in done:
            left.discard(name)
            for other in towards.get(name, ()):
                if other in left:
                    count[other] -= 1
                    if count[other] == 0:
                        done.append(other)
    return left
