"""Spec → graph: blocks, repetitions and shortcuts are expanded in the order written, shapes inferred on the way.

Every entry is expanded with the running tensor's shape known. A layer whose rule fails yields a tensor of unknown shape,
which silences everything that follows from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from cnnspec.graph import residual
from cnnspec.graph.graph import Field, Graph, Node
from cnnspec.graph.tensors import NAME, Names, Tensor, UniqueNames
from cnnspec.language import limits
from cnnspec.language import syntax as s
from cnnspec.language.diagnostics import Diagnostic, Diagnostics, Related
from cnnspec.language.entries import Invalid, read_entry, shown
from cnnspec.language.items import ItemParser
from cnnspec.language.nodes import MappingNode, ScalarNode, SequenceNode, head, locate, walk
from cnnspec.language.nodes import Node as Text
from cnnspec.language.problems import called_from, diagnose
from cnnspec.language.scope import Binding, Environment, Failed, Scope
from cnnspec.language.spans import Span
from cnnspec.language.suggest import did_you_mean
from cnnspec.layers.base import LAYERS, Layer, ShapeError, show

_EXPANSIONS = 10 * limits.LAYERS


class _TooLarge(Exception):
    """The expansion went past a limit; it has been said."""


@dataclass(frozen=True)
class Place:
    """Where entries are expanded: the parameters and names in scope, the calls around, and the group."""

    scope: Scope
    names: Names
    calls: tuple[Span, ...] = ()
    group: tuple[str, ...] = ()

    def nested(self, **changes: Any) -> Place:
        """A list within this place: its names are its own, those around it stay visible."""
        return replace(self, names=Names(self.names), **changes)


def elaborate(spec: s.Spec, diagnostics: Diagnostics, *, allow_large: bool = False) -> Graph | None:
    """The graph of a spec, or None where a mistake was found in it."""
    return _Elaborator(spec, diagnostics, allow_large).run(spec.input)


class _Elaborator:
    def __init__(self, spec: s.Spec, diagnostics: Diagnostics, allow_large: bool) -> None:
        self.spec = spec
        self.diagnostics = diagnostics
        self.allow_large = allow_large
        self.nodes: list[Node] = []
        self.unique = UniqueNames()
        self.expansions = 0

    def run(self, shape: tuple[int | None, ...] | None) -> Graph | None:
        rank = len(shape) - 1 if shape else 0
        seen = Field((1,) * rank, (Fraction(1),) * rank) if rank else Field(None)
        source = Tensor(self.unique.take("input"), shape, seen, self.spec.input_span, "the input")
        if shape is not None and not self._check_sizes(shape, self.spec.input_span, ()):
            source, shape = replace(source, shape=None), None
        place = Place(self.spec.scope, Names())
        try:
            result = self.expand(self.spec.layers, source, place)
        except _TooLarge:
            return None
        if shape is None or result.shape is None or self.diagnostics.failed:
            return None
        if not self.nodes:
            self._error("empty-network", "the network has no layers", self.spec.layers_span, (),
                        help="write at least one entry under `layers:`")
            return None
        nodes = self._used(result.node)
        graph = Graph(self.spec.name, {source.node: shape}, nodes, {"output": result.node})
        parameters = sum(node.parameters for node in nodes)
        if parameters > limits.PARAMETERS and not self.allow_large:
            largest = max(nodes, key=lambda node: node.parameters)
            self._error("limit-parameters", f"the network has {parameters:,} parameters; the limit is {limits.PARAMETERS:,}",
                        largest.span, largest.calls, label=f"{largest.parameters:,} of them are here",
                        help="make it smaller, or lift the limit with `--allow-large`")
            return None
        return graph

    def _used(self, output: str) -> tuple[Node, ...]:
        """The nodes that the output is computed from; a warning for each end that nothing uses."""
        needed, taken = {output}, set()
        for node in reversed(self.nodes):
            taken.update(node.inputs)
            if node.name in needed:
                needed.update(node.inputs)
        for node in self.nodes:
            if node.name not in needed and node.name not in taken:
                self.diagnostics.add(Diagnostic(
                    "unused-output", f"nothing uses the output of `{node.layer.entry}`", node.span, severity="warning",
                    related=called_from(node.calls), help="merge it into the network, or take the entry out"))
        return tuple(node for node in self.nodes if node.name in needed)

    def _error(
        self, code: str, message: str, span: Span, calls: tuple[Span, ...], *, label: str = "",
        related: Sequence[Related] = (), help: str | None = None,
    ) -> None:
        self.diagnostics.add(Diagnostic(code, message, span, label, (*related, *called_from(calls)), help))

    def _count(self, span: Span, calls: tuple[Span, ...]) -> None:
        self.expansions += 1
        bound = _EXPANSIONS * (100 if self.allow_large else 1)
        if self.expansions > bound:
            self._error("limit-layers", f"more than {bound:,} entries after expansion", span, calls,
                        help="repeat less")
            raise _TooLarge

    def expand(self, items: s.Items, running: Tensor, place: Place) -> Tensor:
        """Expand a list of entries, each on the output of the one above it."""
        for item in items:
            self._count(item.head.span, place.calls)
            inputs = self._inputs(item, running, place)
            running = self._item(item, inputs, place)
            self._define(item, running, place)
        return running

    def _item(self, item: s.Item, inputs: tuple[Tensor, ...] | None, place: Place) -> Tensor:
        unknown = Tensor("", None, Field(None), item.head.span)
        match item:
            case s.LayerItem():
                return self._layer(item, inputs, place)
            case s.Broken():
                return unknown
        if inputs is not None and len(inputs) != 1:
            self._error("input-count", "this takes one input", item.head.span, place.calls,
                        help="merge the inputs first, with `add` or `concatenate`")
            inputs = None
        running = inputs[0] if inputs else unknown
        match item:
            case s.Residual():
                return residual.expand(self, item, running, self._inside(item, place))
            case s.Branches():
                return self._branches(item, running, self._inside(item, place))
            case s.Repeat():
                return self._repeat(item, running, self._inside(item, place))
            case s.When():
                return self._when(item, running, place)
            case s.Call():
                return self._call(item, running, place)
            case s.Splice():
                return self._splice(item, running, place)

    def environment(self, place: Place, running: Tensor) -> Environment:
        """Where expressions of entries on `running` are computed."""
        return Environment(place.scope, self.diagnostics, running.running)

    def _inside(self, item: s.Item, place: Place) -> Place:
        """The place of what stands inside a structure: a group of its own where it has a name."""
        if item.head.name is None:
            return place
        name = self._name(item, place)
        return replace(place, group=(*place.group, name)) if name else place

    # names

    def _name(self, item: s.Item, place: Place) -> str | None:
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
            self._error("name-invalid", f"{shown(value)} cannot be a name", head(node), place.calls,
                        help="a name is letters, digits, `_`, `-` and `.`")
            return None
        return value

    def _define(self, item: s.Item, tensor: Tensor, place: Place) -> None:
        node = item.head.name
        name = self._name(item, place)
        if name is None or node is None:
            return
        if name in place.names.own:
            _, first = place.names.own[name]
            self._error("name-duplicate", f"the name `{name}` stands twice in one list", head(node), place.calls,
                        related=[Related("it is given here first", first)], help="give one of the two another name")
            return
        place.names.own[name] = (tensor, head(node))

    def _inputs(self, item: s.Item, running: Tensor, place: Place) -> tuple[Tensor, ...] | None:
        """What an entry takes; None where a name is not known (which has been said)."""
        node = item.head.inputs
        merges = isinstance(item, s.LayerItem) and getattr(item.cls, "merges", False)
        if node is None:
            if merges:
                self._error("missing-inputs", f"`{item.cls.entry}` needs the names of what it merges",  # type: ignore[union-attr]
                            item.head.span, place.calls, help="name an entry above with `name: a`, and write the name here")
                return None
            return (running,)
        try:
            value = self.environment(place, running).evaluate(node)
        except Failed:
            return None
        names = value if isinstance(value, tuple) else (value,)
        if not names or not all(isinstance(name, str) or (isinstance(name, int) and not isinstance(name, bool)) for name in names):
            self._error("wrong-type", f"`inputs` takes a name or a list of names, not {shown(value)}", head(node), place.calls)
            return None
        found = [self._find(str(name), locate(node, (at,) if isinstance(value, tuple) else ()), place)
                 for at, name in enumerate(names)]
        if any(tensor is None for tensor in found):
            return None
        tensors = tuple(tensor for tensor in found if tensor is not None)
        return (running, *tensors) if merges and not isinstance(value, tuple) else tensors

    def _find(self, name: str, span: Span, place: Place) -> Tensor | None:
        tensor = place.names.find(name)
        if tensor is None:
            visible = list(place.names)
            help = did_you_mean(name, visible)
            if help is None and name in self._all_names():
                help = f"`{name}` is named further down or in a nested list; only names above are visible"
            if help is None:
                known = ", ".join(f"`{word}`" for word in dict.fromkeys(visible))
                help = f"these names are visible here: {known}" if known else "name an entry above with `name:`"
            self._error("unknown-input", f"no entry above is called `{name}`", span, place.calls, help=help)
        return tensor

    def _all_names(self) -> set[str]:
        """Every name that the document gives anywhere."""
        nodes = (node for block in (self.spec.layers, *(block.layers for block in self.spec.blocks.values())) for item in block
                 for node in walk(item.head.node) if isinstance(node, MappingNode))
        return {name.text for node in nodes if isinstance(name := node.get("name"), ScalarNode)}

    # layers

    def _layer(self, item: s.LayerItem, inputs: tuple[Tensor, ...] | None, place: Place) -> Tensor:
        layer = item.layer
        if layer is None and not item.broken:
            layer = self._read(item, inputs, place)
        unknown = Tensor("", None, Field(None), item.head.span)
        if not isinstance(layer, Layer) or inputs is None:
            return unknown
        return self.add(layer, inputs, item.head.node, item.head.span, place, self._name(item, place)) or unknown

    def _read(self, item: s.LayerItem, inputs: tuple[Tensor, ...] | None, place: Place) -> Layer | None:
        running = inputs[0] if inputs else Tensor("", None, Field(None), item.head.span)
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

    def add(
        self, layer: Layer, inputs: Sequence[Tensor], text: Text, span: Span, place: Place, name: str | None = None
    ) -> Tensor | None:
        """Put a layer into the graph. None where its inputs are unknown or do not fit (which has been said)."""
        shapes = tuple(tensor.shape for tensor in inputs if tensor.shape is not None)
        if len(shapes) != len(inputs):
            return None
        try:
            if not layer.merges and len(shapes) != 1:
                raise ShapeError("input-count", f"`{layer.entry}` takes one input, not {len(shapes)}", argument="inputs",
                                 help="merge the inputs first, with `add` or `concatenate`")
            shape = layer.output_shape(*shapes)
            self._check_layer(layer, shapes)
        except ShapeError as error:
            self._shape_error(error, layer, inputs, text, span, place)
            return None
        if not self._check_sizes(shape, span, place.calls):
            return None
        unique = self.unique.take(".".join((*place.group, name or layer.entry)))
        seen = inputs[0].field
        for other in inputs[1:]:
            seen = seen.merged(other.field)
        seen = seen.after(layer.step(*shapes))
        node = Node(unique, layer, tuple(tensor.node for tensor in inputs), shapes, shape, span, place.calls, place.group, seen)
        self.nodes.append(node)
        if len(self.nodes) > limits.LAYERS and not self.allow_large:
            self._error("limit-layers", f"more than {limits.LAYERS:,} layers after expansion", span, place.calls,
                        help="repeat less, or lift the limit with `--allow-large`")
            raise _TooLarge
        return Tensor(unique, shape, seen, span, node.formula)

    def _check_layer(self, layer: Layer, shapes: tuple[tuple[int | None, ...], ...]) -> None:
        if self.allow_large:
            return
        for argument in ("filters", "units"):
            size = getattr(layer, argument, 0)
            if size > limits.UNITS:
                raise ShapeError("limit-units", f"{size:,} {argument}; the limit is {limits.UNITS:,}", argument=argument,
                                 help="make it smaller, or lift the limit with `--allow-large`")

    def _check_sizes(self, shape: tuple[int | None, ...], span: Span, calls: tuple[Span, ...]) -> bool:
        largest = max((size for size in shape[:-1] if size is not None), default=0)
        if largest <= limits.PIXELS or self.allow_large or len(shape) < 3:
            return True
        self._error("limit-pixels", f"{largest:,} pixels a side; the limit is {limits.PIXELS:,}", span, calls,
                    help="make it smaller, or lift the limit with `--allow-large`")
        return False

    def _shape_error(
        self, error: ShapeError, layer: Layer, inputs: Sequence[Tensor], text: Text, span: Span, place: Place
    ) -> None:
        where = span
        if error.argument:
            body = text.get(layer.entry) if isinstance(text, MappingNode) else None
            given = isinstance(body, MappingNode) and body.get(error.argument) is not None
            first = body is not None and not isinstance(body, MappingNode) and error.argument in (layer.first, "inputs")
            if given or first:
                where = locate(text, (layer.entry, error.argument))
        self._error(error.code, error.message, where, place.calls, label=error.label, help=error.help,
                    related=[self.comes_from(tensor) for tensor in inputs if error.label and tensor.span != where])

    def comes_from(self, tensor: Tensor) -> Related:
        """The place where a tensor was made, with its shape and how it got it."""
        assert tensor.shape is not None
        how = f": {tensor.formula}" if "=" in tensor.formula else ""
        return Related(f"{show(tensor.shape)} comes from here{how}", tensor.span)

    # structures

    def _branches(self, item: s.Branches, running: Tensor, place: Place) -> Tensor:
        ends = [self.expand(path, running, place.nested()) for path in item.paths]
        unknown = Tensor("", None, Field(None), item.head.span)
        try:
            value = "concatenate" if item.merge is None else self.environment(place, running).evaluate(item.merge)
            merge = read_entry(value, LAYERS)
        except Failed:
            return unknown
        except Invalid as invalid:
            assert item.merge is not None
            for problem in invalid.problems:
                self.diagnostics.add(diagnose(problem, item.merge, calls=place.calls))
            return unknown
        if not isinstance(merge, Layer) or not merge.merges:
            assert item.merge is not None
            merges = ", ".join(f"`{name}`" for name, cls in LAYERS.items() if getattr(cls, "merges", False))
            self._error("bad-choice", f"`{merge.entry}` merges nothing", head(item.merge), place.calls, help=f"write one of {merges}")
            return unknown
        if len(ends) == 1:
            return ends[0]
        text = item.merge or item.head.node
        return self.add(merge, ends, text, head(item.merge) if item.merge else item.head.span, place) or unknown

    def _repeat(self, item: s.Repeat, running: Tensor, place: Place) -> Tensor:
        unknown = Tensor("", None, Field(None), item.head.span)
        node = item.times or item.over
        assert node is not None
        try:
            value = self.environment(place, running).evaluate(node)
        except Failed:
            return unknown
        if item.times is not None:
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                self._error("wrong-type", f"`times` takes a whole number from 0, not {shown(value)}", head(node), place.calls)
                return unknown
            rounds: Sequence[Any] = range(value)
        elif isinstance(value, tuple):
            rounds = value
        else:
            self._error("wrong-type", f"`over` takes a list, not {shown(value)}", head(node), place.calls)
            return unknown
        for at, values in enumerate(rounds):
            self._count(item.head.span, place.calls)
            scope = place.scope
            if item.over is not None:
                bound = self._bind(item, values, locate(node, (at,)), place)
                if bound is None:
                    return unknown
                scope = scope.holding(bound)
            running = self.expand(item.layers, running, place.nested(scope=scope))
        return running

    def _bind(self, item: s.Repeat, values: Any, span: Span, place: Place) -> dict[str, Any] | None:
        if item.single:
            return {item.names[0].text: values}
        if not isinstance(values, tuple) or len(values) != len(item.names):
            names = ", ".join(name.text for name in item.names)
            count = len(values) if isinstance(values, tuple) else 1
            self._error("repeat-values", f"{count} value{'s' * (count != 1)} for {len(item.names)} names ({names})", span,
                        place.calls, related=[Related("the names", name.span) for name in item.names[:1]])
            return None
        return {name.text: value for name, value in zip(item.names, values, strict=True)}

    def _when(self, item: s.When, running: Tensor, place: Place) -> Tensor:
        unknown = Tensor("", None, Field(None), item.head.span)
        try:
            value = self.environment(place, running).evaluate(item.condition)
        except Failed:
            return unknown
        if not isinstance(value, bool):
            self._error("wrong-type", f"`condition` takes `true` or `false`, not {shown(value)}", head(item.condition),
                        place.calls, help="compare: `$(strides > 1)`")
            return unknown
        inside = self._inside(item, place)
        return self.expand(item.layers if value else item.otherwise, running, inside.nested())

    def _call(self, item: s.Call, running: Tensor, place: Place) -> Tensor:
        block = self.spec.blocks[item.block]
        if block.recursive:
            return Tensor("", None, Field(None), item.head.span)
        outside = self.environment(place, running)
        bindings = {name.text: Binding(value, outside) for name, value in item.arguments.pairs} if item.arguments else {}
        scope = Scope(bindings, self.spec.scope)
        for name, default in block.parameters.items():
            if name not in bindings and default is not None:
                bindings[name] = Binding(default, Environment(scope, self.diagnostics, running.running))
        label = self._name(item, place) or block.name
        group = self.unique.take(".".join((*place.group, label)))[len(".".join((*place.group, ""))) :]
        inside = Place(scope, Names(), (*place.calls, item.head.span), (*place.group, group))
        return self.expand(block.layers, running, inside)

    def _splice(self, item: s.Splice, running: Tensor, place: Place) -> Tensor:
        unknown = Tensor("", None, Field(None), item.head.span)
        binding = place.scope.binding(item.parameter)
        if binding is None:
            help = did_you_mean(item.parameter, place.scope) or "declare it under `parameters:`"
            self._error("unknown-parameter", f"no parameter is called `{item.parameter}`", item.head.span, place.calls, help=help)
            return unknown
        node = binding.node
        if not isinstance(node, SequenceNode) or binding.environment is None:
            message = f"`${item.parameter}` holds no list of layers"
            self._error("wrong-type", message, item.head.span, place.calls,
                        related=[Related("its value", head(node))] if node is not None else [])
            return unknown
        items = ItemParser(LAYERS, self.spec.blocks, self.diagnostics).items(node)
        inside = Place(binding.environment.scope, Names(), place.calls, place.group)
        return self.expand(items, running, inside)
