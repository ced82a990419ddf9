"""Spec → graph: blocks, repetitions and shortcuts are expanded in the order written, shapes inferred on the way.

Every entry is expanded with the running tensor's shape known. A layer whose rule fails yields a tensor of unknown
shape, which silences everything that follows from it.
"""

from __future__ import annotations

from cnnspec.graph import residual, structures
from cnnspec.graph.graph import Graph
from cnnspec.graph.growing import Growing, Place, TooLarge
from cnnspec.graph.tensors import NAME, Names, Tensor, unknown
from cnnspec.language import syntax as s
from cnnspec.language.diagnostics import Diagnostics, Related
from cnnspec.language.entries import Invalid, shown
from cnnspec.language.nodes import MappingNode, Node, ScalarNode, SequenceNode, head, locate, walk
from cnnspec.language.problems import diagnose
from cnnspec.language.scope import Environment, Failed
from cnnspec.language.spans import Span
from cnnspec.language.suggest import did_you_mean
from cnnspec.layers.base import Layer

_NAMES = 500
"""How many names a misspelt one is compared with."""


def elaborate(spec: s.Spec, diagnostics: Diagnostics, *, allow_large: bool = False) -> Graph | None:
    """The graph of a spec, or None where a mistake was found in it."""
    return Elaborator(spec, diagnostics, allow_large).run()


class Elaborator(Growing):
    """Expands entries, each on its running tensor, into the growing graph."""

    def __init__(self, spec: s.Spec, diagnostics: Diagnostics, allow_large: bool) -> None:
        super().__init__(diagnostics, allow_large)
        self.spec = spec

    def run(self) -> Graph | None:
        """Expand everything."""
        source = self.start(self.spec.input, self.spec.input_span)
        try:
            result = self.expand(self.spec.layers, source, Place(self.spec.scope, Names()))
        except TooLarge:
            return None
        return self.finish(self.spec.name, source, result, self.spec.layers_span)

    def expand(self, items: s.Items, running: Tensor, place: Place) -> Tensor:
        """Expand a list of entries, each on the output of the one above it."""
        if not items:
            return running
        self.deeper(items, place.calls)
        for item in items:
            self.count(item.head.span, place.calls)
            inputs = self._inputs(item, running, place)
            running = self._item(item, inputs, place)
            self._define(item, running, place)
        self.depth -= 1
        return running

    def _item(self, item: s.Item, inputs: tuple[Tensor, ...] | None, place: Place) -> Tensor:
        match item:
            case s.LayerItem():
                return self._layer(item, inputs, place)
            case s.Broken():
                return unknown(item.head.span)
        if inputs is not None and len(inputs) != 1:
            self.error(
                "input-count",
                "this takes one input",
                item.head.span,
                place.calls,
                help="merge the inputs first, with `add` or `concatenate`",
            )
            inputs = None
        running = inputs[0] if inputs else unknown(item.head.span)
        match item:
            case s.Residual():
                return residual.expand(self, item, running, self.inside(item, place))
            case s.Branches():
                return structures.branches(self, item, running, self.inside(item, place))
            case s.Repeat():
                return structures.repeat(self, item, running, self.inside(item, place))
            case s.When():
                return structures.when(self, item, running, place)
            case s.Call():
                return structures.call(self, item, running, place)
            case s.Splice():
                return structures.splice(self, item, running, place)

    def inside(self, item: s.Item, place: Place) -> Place:
        """The place of what stands inside a structure: a group of its own where it has a name."""
        if item.head.name is None:
            return place
        name = self.name_of(item, place)
        return place._replace(group=(*place.group, name)) if name else place

    # names

    def name_of(self, item: s.Item, place: Place) -> str | None:
        """The name that an entry gives its output; None without one, or where it cannot be one."""
        node = item.head.name
        if node is None:
            return None
        try:
            value = Environment(place.scope, self.diagnostics).evaluate(node)
        except Failed:
            return None
        if isinstance(node, ScalarNode) and value == node.value and value is not None:
            value = node.text
        if not isinstance(value, str) or not NAME.fullmatch(value):
            self.error(
                "name-invalid",
                f"{shown(value)} cannot be a name",
                head(node),
                place.calls,
                help="a name is letters, digits, `_`, `-` and `.`",
            )
            if isinstance(value, str) and value:
                place.names.own.setdefault(value, (unknown(head(node)), head(node)))
            return None
        return value

    def _define(self, item: s.Item, tensor: Tensor, place: Place) -> None:
        node = item.head.name
        name = self.name_of(item, place)
        if name is None or node is None:
            return
        if name in place.names.own:
            _, first = place.names.own[name]
            self.error(
                "name-duplicate",
                f"the name `{name}` stands twice in one list",
                head(node),
                place.calls,
                related=[Related("it is given here first", first)],
                help="give one of the two another name",
            )
            return
        place.names.own[name] = (tensor, head(node))

    def _inputs(self, item: s.Item, running: Tensor, place: Place) -> tuple[Tensor, ...] | None:
        """What an entry takes; None where a name is not known (which has been said)."""
        node = item.head.inputs
        merges = isinstance(item, s.LayerItem) and getattr(item.cls, "merges", False)
        if node is None:
            if merges:
                if item.broken:  # type: ignore[union-attr]
                    return None
                self.error(
                    "missing-inputs",
                    f"`{item.cls.entry}` needs the names of what it merges",  # type: ignore[union-attr]
                    item.head.span,
                    place.calls,
                    help="name an entry above with `name: a`, and write the name here",
                )
                return None
            return (running,)
        try:
            value = self.environment(place, running).evaluate(as_written(node))
        except Failed:
            return None
        names = value if isinstance(value, tuple) else (value,)
        if not names or not all(isinstance(name, str | int) for name in names):
            self.error(
                "wrong-type",
                f"`inputs` takes a name or a list of names, not {shown(value)}",
                head(node),
                place.calls,
                help="name the entries with `name:`, and write these names here",
            )
            return None
        found = [
            self._find(str(name), locate(node, (at,) if isinstance(value, tuple) else ()), place)
            for at, name in enumerate(names)
        ]
        if any(tensor is None for tensor in found):
            return None
        tensors = tuple(tensor for tensor in found if tensor is not None)
        return (running, *tensors) if merges and not isinstance(value, tuple) else tensors

    def _find(self, name: str, span: Span, place: Place) -> Tensor | None:
        tensor = place.names.find(name)
        if tensor is None and not self.diagnostics.has("unknown-input", span):
            visible = list(dict.fromkeys(place.names))
            help = did_you_mean(name, visible[:_NAMES])
            if help is None and name in self._all_names():
                help = f"`{name}` is named further down or in a nested list; only names above are visible"
            if help is None:
                known = ", ".join([f"`{word}`" for word in visible[:12]] + ["…"] * (len(visible) > 12))
                help = f"these names are visible here: {known}" if known else "name an entry above with `name:`"
            self.error("unknown-input", f"no entry above is called `{name}`", span, place.calls, help=help)
        return tensor

    def _all_names(self) -> set[str]:
        """Every name that the document gives anywhere."""
        nodes = (
            node
            for block in (self.spec.layers, *(block.layers for block in self.spec.blocks.values()))
            for item in block
            for node in walk(item.head.node)
            if isinstance(node, MappingNode)
        )
        return {name.text for node in nodes if isinstance(name := node.get("name"), ScalarNode)}

    # layers

    def _layer(self, item: s.LayerItem, inputs: tuple[Tensor, ...] | None, place: Place) -> Tensor:
        layer = item.layer
        if layer is None and not item.broken:
            layer = self._read(item, inputs, place)
        if not isinstance(layer, Layer) or inputs is None:
            return unknown(item.head.span)
        return self.add(layer, inputs, item.head.node, item.head.span, place, self.name_of(item, place)) or unknown(
            item.head.span
        )

    def _read(self, item: s.LayerItem, inputs: tuple[Tensor, ...] | None, place: Place) -> Layer | None:
        running = inputs[0] if inputs else unknown(item.head.span)
        try:
            arguments = None if item.arguments is None else self.environment(place, running).evaluate(item.arguments)
        except Failed:
            return None
        try:
            layer = item.cls.read_value(arguments)
            assert isinstance(layer, Layer)
            return layer
        except Invalid as invalid:
            for problem in invalid.below(item.cls.entry).problems:
                self.diagnostics.add(diagnose(problem, item.head.node, calls=place.calls))
            return None


def as_written(node: Node) -> Node:
    """Names as they are written: `1` and `2.50` are names, too."""
    match node:
        case SequenceNode(items=items):
            return SequenceNode(tuple(map(as_written, items)), node.span, node.size)
        case ScalarNode(value=bool() | int() | float()):
            return ScalarNode(node.text, node.text, node.span)
    return node
