"""The graph while it grows: adding layers, with their shapes inferred and their mistakes reported."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import partial
from typing import Any, NamedTuple

from cnnspec.graph.borders import padded
from cnnspec.graph.cases import AT_THE_CALL, PADDED, SHARED, Case, Taken, comes_from
from cnnspec.graph.graph import Field, Node
from cnnspec.graph.parts import Recorder
from cnnspec.graph.tensors import Names, Tensor, UniqueNames
from cnnspec.language import limits
from cnnspec.language.diagnostics import Diagnostic, Diagnostics, Fix, Related, called_from
from cnnspec.language.nodes import MappingNode, locate
from cnnspec.language.nodes import Node as Text
from cnnspec.language.scope import Environment, Scope
from cnnspec.language.spans import Span
from cnnspec.language.syntax import Items
from cnnspec.layers.base import Layer, Shape, ShapeError, Step

_EXPANSIONS = 3 * limits.LAYERS
_LETTERS = 10_000_000
"""How long the names of all layers together may be."""
_CASES = 50
"""How many layers that do not fit are looked into for a cause further up."""


class TooLarge(Exception):
    """The expansion went past a limit; it has been said."""


class Place(NamedTuple):
    """Where entries are expanded: the parameters and names in scope, the calls around, and the group."""

    scope: Scope
    names: Names
    calls: tuple[Span, ...] = ()
    group: tuple[str, ...] = ()
    inner: list[Names] | None = None
    """Collects the names of the lists inside the nearest block or structure that has a name."""

    def nested(self, **changes: Any) -> Place:
        """A list within this place: its names are its own, those around it stay visible."""
        return self._replace(names=self.collect(Names(self.names)), **changes)

    def collect(self, names: Names) -> Names:
        """`names`, seen from outside through the name of what they stand in."""
        if self.inner is not None:
            self.inner.append(names)
        return names


class Rule(NamedTuple):
    """What a layer makes of its inputs."""

    layer: Layer
    shape: Shape
    step: Step
    formula: str


class Growing:
    """Nodes so far, the names that they have taken, and the limits that bound them."""

    def __init__(self, diagnostics: Diagnostics, allow_large: bool) -> None:
        self.diagnostics = diagnostics
        self.allow_large = allow_large
        self.nodes: list[Node] = []
        self.by_name: dict[str, Node] = {}
        self.rules: dict[tuple[int, tuple[Shape, ...]], Rule] = {}
        self.recorder = Recorder()
        self.unique = UniqueNames()
        self.expansions = 0
        self.letters = 0
        self.depth = 0
        self.sources: dict[str, Tensor] = {}
        self.cases: list[Case] = []
        """Layers that do not fit, to be explained at the end."""
        self.callers: dict[Span, Taken] = {}
        """The last call at each place, with what it takes."""
        self.entries = _EXPANSIONS * (10 if allow_large else 1)
        """How many entries may be expanded."""
        self.spliced: dict[int, tuple[Text, Items]] = {}
        """The lists of layers that parameters hold, parsed."""
        self.bodies: list[dict[str, Callable[[], None]]] = []
        """For each residual body around: its windows that do not fit, taken as padded, and how to report each."""

    def start(self, name: str, shape: Shape | None, span: Span) -> Tensor:
        """An input's tensor."""
        rank = len(shape) - 1 if shape else 0
        seen = Field((1,) * rank, (Fraction(1),) * rank) if rank else Field(None)
        if shape is not None and not self._check_sizes(shape, span, ()):
            shape = None
        return Tensor(self.unique.take(name), shape, seen, span, "the input")

    def error(
        self,
        code: str,
        message: str,
        span: Span,
        calls: tuple[Span, ...],
        *,
        label: str = "",
        related: Sequence[Related] = (),
        help: str | None = None,
        fix: Fix | None = None,
        end: Node | None = None,
        names: Names | None = None,
    ) -> None:
        """Report a mistake, with the block calls around it; `end`, a layer that does not fit, is explained later."""
        found = Diagnostic(code, message, span, label, (*related, *called_from(calls)), help, fix)
        self.diagnostics.add(found)
        if end is not None and len(self.cases) < _CASES:
            count = len(self.nodes)
            around = [self.callers[call] for call in reversed(calls) if call in self.callers]
            own = [Taken(_merged(end), end.inputs, names, count)] if names is not None else []
            self.cases.append(Case(found, end, (*own, *around), count))

    def count(self, span: Span, calls: tuple[Span, ...], entries: int = 1) -> None:
        """Count the expansion of an entry; each of several inputs counts, too. Raises `TooLarge` past the limit, and
        past half of it where a mistake was found: what is expanded takes longer then."""
        self.expansions += entries
        if self.expansions > self.entries // 2 and self.diagnostics.failed:
            raise TooLarge
        if self.expansions > self.entries:
            message = f"more than {self.entries:,} entries after expansion"
            self.error("limit-layers", message, span, calls, help="repeat less")
            raise TooLarge

    def expect(self, entries: int, span: Span, calls: tuple[Span, ...]) -> None:
        """Refuse early what has so many entries at least: the rounds of a repetition, after its first."""
        if entries > self.entries:
            self.count(span, calls, entries)

    def deeper(self, items: Items, calls: tuple[Span, ...]) -> None:
        """Go one list deeper. Raises `TooLarge` past the limit, as where a list of layers holds itself."""
        self.depth += 1
        if self.depth > limits.EXPANSION_DEPTH:
            span = items[0].head.span
            around = calls[::-1]
            cycle = around[: around.index(around[0], 1)] if around[:1] and around[0] in around[1:] else ()
            if cycle:
                help = "a list of layers that a block gives to another is part of it"
                self.error("block-cycle", "a block cannot call itself", span, cycle[::-1], help=help)
                raise TooLarge
            message = f"nested more than {limits.EXPANSION_DEPTH} levels deep after expansion"
            help = "call blocks less deeply; a list of layers cannot hold itself"
            self.error("limit-layers", message, span, calls[-1:], help=help)
            raise TooLarge

    def environment(self, place: Place, running: Tensor) -> Environment:
        """Where expressions of entries on `running` are computed."""
        return Environment(place.scope, self.diagnostics, running.running, place.names.running, place.calls)

    def add(
        self, layer: Layer, inputs: Sequence[Tensor], text: Text, span: Span, place: Place, name: str | None = None,
        shares: str | None = None,
    ) -> Tensor | None:  # fmt: skip
        """Put a layer into the graph. None where its inputs are unknown or do not fit (which has been said)."""
        shapes = tuple(tensor.shape for tensor in inputs if tensor.shape is not None)
        if len(shapes) != len(inputs):
            return None
        misfit: Callable[[], None] | None = None
        try:
            rule = self.rule(layer, shapes)
        except ShapeError as error:
            remedy = self._remedy(error, layer, shapes) if self.bodies else None
            error.help = PADDED if remedy else error.help
            end = Node(
                "", layer, tuple(tensor.node for tensor in inputs), shapes, (), span, text, place.calls, shares=shares
            )
            report = partial(self._shape_error, error, end, inputs, place.names)
            if remedy is None:
                report()
                return None
            rule, misfit = remedy, report
        layer, shape, step, formula = rule
        if not self._check_sizes(shape, span, place.calls):
            return None
        unique = self.unique.take(".".join((*place.group, name or layer.entry)))
        self.letters += len(unique)
        if self.letters > _LETTERS:
            message = f"the names of the layers after expansion hold more than {_LETTERS:,} characters"
            self.error("limit-layers", message, span, place.calls, help="shorten the names")
            raise TooLarge
        if misfit is not None:
            self.bodies[-1][unique] = misfit
        seen = inputs[0].field
        for other in inputs[1:]:
            seen = seen.merged(other.field)
        seen = seen.after(step)
        node = Node(
            unique, layer, tuple(tensor.node for tensor in inputs), shapes, shape, span, text, place.calls, place.group,
            seen, shares,
        )  # fmt: skip
        self.nodes.append(node)
        self.by_name[unique] = node
        self.recorder.node(unique)
        if len(self.nodes) > limits.LAYERS and not self.allow_large:
            self.error(
                "limit-layers",
                f"more than {limits.LAYERS:,} layers after expansion",
                span,
                place.calls,
                help="repeat less, or lift the limit with `--allow-large`",
            )
            raise TooLarge
        return Tensor(unique, shape, seen, span, formula)

    def rule(self, layer: Layer, shapes: tuple[Shape, ...]) -> Rule:
        """What a layer makes of inputs of these shapes; asked once a layer. Raises `ShapeError`."""
        known = self.rules.get((id(layer), shapes))
        if known is not None:
            return known
        if not layer.merges and len(shapes) != 1:
            raise ShapeError(
                "input-count",
                f"`{layer.entry}` takes one input, not {len(shapes)}",
                argument="inputs",
                help="merge the inputs first, with `add` or `concatenate`",
            )
        shape = layer.output_shape(*shapes)
        self._check_layer(layer, shapes)
        rule = Rule(layer, shape, layer.step(*shapes), layer.formula(*shapes))
        self.rules[id(layer), shapes] = rule
        return rule

    def _remedy(self, error: ShapeError, layer: Layer, shapes: tuple[Shape, ...]) -> Rule | None:
        """The rule of the layer with the padding that makes its window fit, if so."""
        remedy = padded(layer) if error.code == "shape-window" else None
        try:
            return self.rule(remedy, shapes) if remedy else None
        except ShapeError:
            return None

    def _check_layer(self, layer: Layer, shapes: tuple[Shape, ...]) -> None:
        if self.allow_large:
            return
        for argument in ("filters", "units"):
            size = getattr(layer, argument, 0)
            if size > limits.UNITS:
                raise ShapeError(
                    "limit-units",
                    f"{size:,} {argument}; the limit is {limits.UNITS:,}",
                    argument=argument,
                    help="make it smaller, or lift the limit with `--allow-large`",
                )

    def _check_sizes(self, shape: Shape, span: Span, calls: tuple[Span, ...]) -> bool:
        largest = max((size for size in shape[:-1] if size is not None), default=0)
        if largest <= limits.PIXELS or self.allow_large or len(shape) < 3:
            return True
        self.error(
            "limit-pixels",
            f"{largest:,} pixels a side; the limit is {limits.PIXELS:,}",
            span,
            calls,
            help="make it smaller, or lift the limit with `--allow-large`",
        )
        return False

    def _shape_error(self, error: ShapeError, end: Node, inputs: Sequence[Tensor], names: Names) -> None:
        """Report a layer that does not fit, `end`, and keep it to be explained."""
        where, layer, text = end.span, end.layer, end.text
        if error.argument:
            body = end.written
            given = isinstance(body, MappingNode) and body.get(error.argument) is not None
            first = body is not None and not isinstance(body, MappingNode) and error.argument in (layer.first, "inputs")
            if text is not None and (given or first):
                where = locate(text, (layer.entry, error.argument))
        if self.diagnostics.has(error.code, where):
            return
        related = [self.comes_from(tensor, end.calls) for tensor in inputs] if error.label else []
        related = [place for place in related if place.span != where]
        if end.shares is not None:
            related.append(Related(SHARED, self.by_name[end.shares].span))
        help = AT_THE_CALL.get(error.code, error.help) if where.standard else error.help
        self.error(
            error.code, error.message, where, end.calls, label=error.label, related=related, help=help, end=end,
            names=names,
        )  # fmt: skip

    def comes_from(self, tensor: Tensor, calls: tuple[Span, ...]) -> Related:
        """The place where a tensor was made, seen from inside of `calls`."""
        node = self.by_name.get(tensor.node)
        return comes_from(tensor, node.calls if node else (), calls)


def _merged(end: Node) -> Text | None:
    """The names that a merge takes, as they are written."""
    body = end.written if end.layer.merges else None
    return body.get("inputs") if isinstance(body, MappingNode) else body
