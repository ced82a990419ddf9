"""Spec → graph: blocks, repetitions and shortcuts are expanded in the order written, shapes inferred on the way.

Every entry is expanded with the running tensor's shape known. A layer whose rule fails yields a tensor of unknown
shape, which silences everything that follows from it.
"""

from __future__ import annotations

import re
from functools import cached_property
from itertools import islice

from cnnspec.graph import residual, sharing, structures
from cnnspec.graph.graph import Graph
from cnnspec.graph.growing import Growing, Place, TooLarge
from cnnspec.graph.parts import Part
from cnnspec.graph.tensors import NAME, Known, Made, Names, Tensor, unknown
from cnnspec.graph.unseen import advice
from cnnspec.language import limits
from cnnspec.language import syntax as s
from cnnspec.language.diagnostics import Diagnostics, Fix, Related
from cnnspec.language.entries import Invalid, shown
from cnnspec.language.nodes import MappingNode, Node, ScalarNode, SequenceNode, as_written, head, locate, walk
from cnnspec.language.problems import diagnose
from cnnspec.language.scope import Environment, Failed, origin
from cnnspec.language.spans import Span
from cnnspec.language.suggest import did_you_mean, meant
from cnnspec.layers.base import Layer

_NAMES = 500
"""How many names a misspelt one is compared with."""


def elaborate(spec: s.Spec, diagnostics: Diagnostics, *, allow_large: bool = False) -> tuple[Graph | None, Graph]:
    """The graph of a spec, or None where a mistake was found in it; and in any case what was found, as a graph of all
    tensors that have a shape, without outputs."""
    elaborator = Elaborator(spec, diagnostics, allow_large)
    graph = elaborator.run()
    if elaborator.cases:
        from cnnspec.graph.explaining import explain

        explain(elaborator)
    return graph, elaborator.found


class Elaborator(Growing):
    """Expands entries, each on its running tensor, into the growing graph."""

    def __init__(self, spec: s.Spec, diagnostics: Diagnostics, allow_large: bool) -> None:
        super().__init__(diagnostics, allow_large)
        self.spec = spec
        self.layers: dict[tuple[int, str], Layer] = {}
        """The layers whose arguments are computed, by their entry and what it was given."""
        self.doubtful: set[str] = set()
        """Names that are given wrongly: one like it is not told."""
        self.missed: set[str] = set()
        """Names that nothing has, and nothing that is like them: that is told once."""

    def run(self) -> Graph | None:
        """Expand everything."""
        spec = self.spec
        sources = {name: self.start(name, given.shape, given.span) for name, given in spec.inputs.items()}
        self.sources = {source.node: source for source in sources.values()}
        outer = Names(own={name: Known(source, source.span) for name, source in sources.items()})
        place = Place(spec.scope, Names(outer))
        alone = next(iter(sources.values())) if len(sources) == 1 else None
        if alone is None and spec.layers and not self._starts(spec.layers[0]):
            return None
        try:
            result = self.expand(spec.layers, alone or unknown(spec.layers_span), place)
        except TooLarge:
            return None
        results = {"output": result} if spec.outputs is None else self._outputs(spec.outputs, place)
        return self.finish(spec.name, sources, results, spec.layers_span, named=spec.outputs is not None)

    @property
    def found(self) -> Graph:
        """Every tensor so far that has a shape."""
        inputs = {name: source.shape for name, source in self.sources.items() if source.shape is not None}
        return Graph(self.spec.name, inputs, tuple(self.nodes), {}, parts=self.recorder.parts)

    def _starts(self, first: s.Item) -> bool:
        """Whether the first entry says which of several inputs it takes."""
        given = first.head.inputs
        if isinstance(given, ScalarNode) and given.text in self.spec.inputs and _pairs(first):
            message = "the first entry has no tensor above it to take beside this one"
            self.error("missing-inputs", message, given.span, (), help=f"name both: `[{given.text}, …]`")
            return False
        if given is not None or isinstance(first, s.Broken):
            return True
        if not self.spec.inputs:
            return False
        names = ", ".join(f"`{name}`" for name in self.spec.inputs)
        message = f"the first entry needs `inputs`: the network has {len(self.spec.inputs)}, {names}"
        help = f"write `inputs: {next(iter(self.spec.inputs))}` among its arguments"
        self.error("missing-inputs", message, first.head.span, (), help=help)
        return False

    def _outputs(self, outputs: dict[str, ScalarNode], place: Place) -> dict[str, Tensor]:
        """The tensor of each output; unknown where no entry is called so (which is said)."""
        found = {}
        for output, name in outputs.items():
            known = place.names.find(name.text)
            if known is None:
                visible = list(islice(dict.fromkeys(islice(place.names, 2 * _NAMES)), _NAMES))
                help = did_you_mean(name.text, visible)
                inner = name.text.rpartition(".")[2]
                if inner != name.text and inner in visible:
                    help = f"did you mean `{inner}`?"
                elif place.names.find(output) is not None and "." not in name.text:
                    help = f"the output's own name comes first: write `{name.text}: {output}`"
                elif help is None and name.text in self._all_names:
                    help = f"it is in a nested list: name what holds it, and write e.g. `outer.{name.text}`"
                message = f"no entry is called `{name.text}`"
                sure = meant(name.text, visible)
                fix = Fix(name.span, sure) if sure and help == f"did you mean `{sure}`?" else None
                help = help or "name the entry with `name:`"
                self.error("unknown-entry", message, name.span, (), help=help, fix=fix)
            elif known.tensor.node in self.sources:
                message = f"the output `{output}` is an input of the network"
                self.error("unknown-entry", message, name.span, (), help="name an entry")
                known = None
            found[output] = known.tensor if known else unknown(name.span)
        return found

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
        inputs = self._inputs(item, running, place)
        name = self.name_of(item, place)
        start = len(self.nodes)
        inner: list[Names] = []
        self.recorder.begin()
        result = self._item(item, inputs, place, name, inner)
        taken = tuple(tensor.node for tensor in inputs or ())
        parts.append(self.recorder.end(item, name, taken, result.node))
        if name is not None:
            made = None if isinstance(item, s.Naming) else Made(start, len(self.nodes), taken)
            self._define(name, Known(result, head(item.head.name or item.head.node), made), place)
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
        self.error("input-count", message, item.head.span, place.calls, help=help)

    # names

    def name_of(self, item: s.Item, place: Place) -> str | None:
        """The name that an entry gives its output; None without one, or where it cannot be one."""
        node = item.head.name
        if node is None:
            return None
        try:
            value = Environment(place.scope, self.diagnostics, calls=place.calls).evaluate(node)
        except Failed:
            return None
        if isinstance(node, ScalarNode) and value == node.value and value is not None:
            value = node.text
        if not isinstance(value, str) or not NAME.fullmatch(value):
            written = re.sub(r"[^\w.-]+", "_", value).strip("_") if isinstance(value, str) else ""
            sure = Fix(head(node), written) if written and isinstance(node, ScalarNode) and node.text == value else None
            self.error(
                "name-invalid",
                f"{shown(value)} cannot be a name",
                head(node),
                place.calls,
                help=(f"write `{written}`: " if sure else "") + "a name is letters, digits, `_`, `-` and `.`",
                fix=sure,
            )
            if isinstance(value, str) and value:
                place.names.own.setdefault(value, Known(unknown(head(node)), head(node)))
                self.doubtful.add(value)
            return None
        return value

    def _define(self, name: str, known: Known, place: Place) -> None:
        if name in place.names.own:
            self.error(
                "name-duplicate",
                f"the name `{name}` stands twice in one list",
                known.span,
                place.calls,
                related=[Related("it is given here first", place.names.own[name].span)],
                help="give one of the two another name",
            )
            self.doubtful.add(name)
            return
        place.names.own[name] = known

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
        self.count(item.head.span, place.calls, len(names) - 1)
        found = [
            self._find(str(name), node, (at,) if isinstance(value, tuple) else (), place)
            for at, name in enumerate(names)
        ]
        if any(tensor is None for tensor in found):
            return None
        tensors = tuple(tensor for tensor in found if tensor is not None)
        return (running, *tensors) if _pairs(item) and not isinstance(value, tuple) else tensors

    def _find(self, name: str, node: Node, path: tuple[int, ...], place: Place) -> Tensor | None:
        """The tensor of a name that `node` gives, at `path` in it."""
        used = locate(node, path)
        for at in path:
            node = node.items[at] if isinstance(node, SequenceNode) and at < len(node.items) else node
        given = origin(node, place.scope)
        known = self.known(name, *((used, place) if given is node else (head(given), place, used)))
        return known.tensor if known else None

    def known(self, name: str, span: Span, place: Place, used: Span | None = None) -> Known | None:
        """What an entry above is that is called so; None where there is none, which is said. `used` is where the name
        is used that is given at `span`."""
        known = place.names.find(name)
        if known is None and not self.diagnostics.has("unknown-input", span):
            visible = list(islice(dict.fromkeys(islice(place.names, 2 * _NAMES)), _NAMES))
            known_names = visible if len(self.diagnostics) < limits.GUESSES else []
            found = advice(name, used or span, place, known_names, self._all_names, self.doubtful)
            if found is None or name in self.missed:
                return None
            if "did you mean" not in found.help:
                self.missed.add(name)
            related = [Related("it is used here", used)] if used is not None else []
            message, fix = f"no entry above is called `{name}`", Fix(span, found.sure) if found.sure else None
            self.error("unknown-input", message, span, place.calls, related=related, help=found.help, fix=fix)
        return known

    @cached_property
    def _all_names(self) -> dict[str, Span]:
        """Every name that the document gives anywhere, with the first place."""
        nodes = (
            node
            for block in (self.spec.layers, *(block.layers for block in self.spec.scope.blocks.own.values()))
            for item in block
            for node in walk(item.head.node)
            if isinstance(node, MappingNode)
        )
        names: dict[str, Span] = {}
        for node in nodes:
            if isinstance(name := node.get("name"), ScalarNode):
                names.setdefault(name.text, name.span)
        return names

    # layers

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


def _pairs(item: s.Item) -> bool:
    """Whether a single name in `inputs` is the second of two, beside the running tensor."""
    if isinstance(item, s.Call):
        return len(item.library[item.block].inputs) == 2
    return isinstance(item, s.LayerItem) and getattr(item.cls, "merges", False)
