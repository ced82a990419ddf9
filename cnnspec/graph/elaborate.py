"""Spec → graph: blocks, repetitions and shortcuts are expanded in the order written, shapes inferred on the way.

Every entry is expanded with the running tensor's shape known. A layer whose rule fails yields a tensor of unknown
shape, which silences everything that follows from it.
"""

from __future__ import annotations

from cnnspec.graph import residual, sharing, structures
from cnnspec.graph.finishing import finish
from cnnspec.graph.graph import Graph
from cnnspec.graph.growing import Place, TooLarge
from cnnspec.graph.naming import Naming
from cnnspec.graph.parts import Part
from cnnspec.graph.tensors import Known, Made, Names, Tensor, none_yet, unknown
from cnnspec.language import syntax as s
from cnnspec.language.diagnostics import Diagnostics
from cnnspec.language.entries import Invalid
from cnnspec.language.nodes import SequenceNode, head
from cnnspec.language.problems import diagnose
from cnnspec.language.scope import Failed
from cnnspec.layers.base import Layer


def elaborate(spec: s.Spec, diagnostics: Diagnostics, *, allow_large: bool = False) -> tuple[Graph | None, Graph]:
    """The graph of a spec, or None where a mistake was found in it; and in any case what was found, as a graph of all
    tensors that have a shape, without outputs."""
    elaborator = Elaborator(spec, diagnostics, allow_large)
    graph = elaborator.run()
    if elaborator.cases:
        from cnnspec.graph.explaining import explain

        explain(elaborator)
    return graph, elaborator.found


def networks(
    spec: s.Spec, diagnostics: Diagnostics, *, allow_large: bool = False
) -> tuple[dict[str, Graph], tuple[Graph, ...]]:
    """The graphs of all networks of a spec by their names, or none where a mistake was found; and what was found."""
    parts = spec.networks if spec.task else {spec.name: spec}
    made = {name: elaborate(part, diagnostics, allow_large=allow_large) for name, part in parts.items()}
    graphs = {name: graph for name, (graph, _) in made.items() if graph is not None}
    whole = len(graphs) == len(parts) and not diagnostics.failed
    if not whole and not diagnostics.failed:
        raise RuntimeError("a tensor has no shape, and nothing says why")
    return graphs if whole else {}, tuple(found for _, found in made.values())


class Elaborator(Naming):
    """Expands entries, each on its running tensor, into the growing graph."""

    def __init__(self, spec: s.Spec, diagnostics: Diagnostics, allow_large: bool) -> None:
        super().__init__(spec, diagnostics, allow_large)
        self.layers: dict[tuple[int, str], Layer] = {}
        """The layers whose arguments are computed, by their entry and what it was given."""
        self.refused: set[int] = set()
        """Repetitions whose values are no numbers, or lists: that is told of each once, not in each round around it."""

    def run(self) -> Graph | None:
        """Expand everything."""
        spec = self.spec
        sources = {name: self.start(name, given.shape, given.span) for name, given in spec.inputs.items()}
        self.sources = {source.node: source for source in sources.values()}
        outer = Names(own={name: Known(source, source.span) for name, source in sources.items()})
        place = Place(spec.scope, Names(outer))
        alone = next(iter(sources.values())) if len(sources) == 1 else None
        if alone is None and spec.layers and not self.starts(spec.layers[0]):
            return None
        try:
            result = self.expand(spec.layers, alone or none_yet(spec.layers_span), place)
        except TooLarge:
            return None
        results = {"output": result} if spec.outputs is None else self.results(spec.outputs, place)
        return finish(self, spec.name, sources, results, spec.layers_span, named=spec.outputs is not None)

    @property
    def found(self) -> Graph:
        """Every tensor so far that has a shape."""
        inputs = {name: source.shape for name, source in self.sources.items() if source.shape is not None}
        return Graph(self.spec.name, inputs, tuple(self.nodes), {}, parts=self.recorder.parts)

    def expand(self, items: s.Items, running: Tensor, place: Place) -> Tensor:
        """Expand a list of entries, each on the output of the one above it."""
        parts: list[Part] = []
        if items:
            self.deeper(items, place.calls)
            for item in items:
                self.count(item.head.span, place.calls)
                running = self._entry(item, running, place, parts)
            self.depth -= 1
        self.recorder.listed(parts)
        return running

    def _entry(self, item: s.Item, running: Tensor, place: Place, parts: list[Part]) -> Tensor:
        """Expand one entry, and give its output the name that it asks for."""
        inputs = self.inputs_of(item, running, place)
        name = self.name_of(item, place)
        start = len(self.nodes)
        inner: list[Names] = []
        self.recorder.begin()
        result = self._item(item, inputs, place, name, inner)
        taken = tuple(tensor.node for tensor in inputs or ())
        parts.append(self.recorder.end(item, name, taken, result.node))
        if name is not None:
            made = None if isinstance(item, s.Naming) else Made(start, len(self.nodes), taken)
            self.define(name, Known(result, head(item.head.name or item.head.node), made), place)
            if inner:
                place.names.inside.setdefault(name, inner)
        return result

    def _item(
        self, item: s.Item, inputs: tuple[Tensor, ...] | None, place: Place, name: str | None, inner: list[Names]
    ) -> Tensor:
        match item:
            case s.LayerItem():
                return self._layer(item, inputs, place, name)
            case s.Broken():
                return unknown(item.head.span)
            case s.Share():
                return sharing.share(self, item, inputs, place, name, inner) if inputs else unknown(item.head.span)
        wanted = max(1, len(item.library[item.block].inputs)) if isinstance(item, s.Call) else 1
        if inputs is not None and len(inputs) != wanted:
            self._wrong_count(item, len(inputs), wanted, place)
            inputs = None
        if not inputs:
            return unknown(item.head.span)
        running = inputs[0]
        within = place._replace(group=(*place.group, name), inner=inner) if name is not None else place
        match item:
            case s.Residual():
                return residual.expand(self, item, running, within)
            case s.Branches():
                return structures.branches(self, item, running, within)
            case s.Repeat():
                return structures.repeat(self, item, running, within, name)
            case s.When():
                return structures.when(self, item, running, within)
            case s.Call():
                return structures.call(self, item, inputs, within, place, name)
            case s.Splice():
                return structures.splice(self, item, running, place)
            case s.Naming():
                return running

    def _wrong_count(self, item: s.Item, given: int, wanted: int, place: Place) -> None:
        help = "merge the inputs first, with `add` or `concatenate`"
        message = "this takes one input"
        if isinstance(item, s.Call) and item.library[item.block].inputs:
            names = ", ".join(name.text for name in item.library[item.block].inputs)
            message = f"the block `{item.block}` takes {wanted} input{'s' * (wanted != 1)} ({names}), not {given}"
            help = f"write `inputs: [{names}]` with the names of entries in their places"
            if (given, wanted) == (1, 2):
                second = item.library[item.block].inputs[1].text
                help = f"write `{item.block}: {{inputs: …}}` with the name of an entry, for `{second}`"
                if isinstance(item.head.inputs, SequenceNode):
                    help = f"name both, or write the name of `{second}` without brackets, beside the running tensor"
        self.error("input-count", message, item.head.span, place.calls, help=help)

    def _layer(self, item: s.LayerItem, inputs: tuple[Tensor, ...] | None, place: Place, name: str | None) -> Tensor:
        layer = item.layer
        if layer is None and not item.broken:
            layer = self._read(item, inputs, place)
        if not isinstance(layer, Layer) or inputs is None:
            return unknown(item.head.span)
        return self.add(layer, inputs, item.head.node, item.head.span, place, name) or unknown(item.head.span)

    def _read(self, item: s.LayerItem, inputs: tuple[Tensor, ...] | None, place: Place) -> Layer | None:
        environment = self.environment(place, inputs[0] if inputs else unknown(item.head.span))
        try:
            arguments = None if item.arguments is None else environment.evaluate(item.arguments)
        except Failed:
            return None
        key = id(item), repr(arguments)
        try:
            layer = self.layers.get(key) or item.cls.read_value(arguments)
            assert isinstance(layer, Layer)
            self.layers[key] = layer
            return layer
        except Invalid as invalid:
            for problem in invalid.below(item.cls.entry).problems:
                found = diagnose(problem, item.head.node, calls=place.calls, scope=place.scope, environment=environment)
                self.diagnostics.add(found)
            return None
