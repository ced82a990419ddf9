"""The names of entries: those that they give, those that they take, and what is said of the wrong ones."""

from __future__ import annotations

import re
from functools import cached_property
from itertools import islice

from cnnspec.graph.growing import Growing, Place
from cnnspec.graph.tensors import NAME, Known, Tensor, unknown
from cnnspec.graph.unseen import advice
from cnnspec.language import limits
from cnnspec.language import syntax as s
from cnnspec.language.diagnostics import Diagnostics, Fix, Related
from cnnspec.language.entries import shown
from cnnspec.language.nodes import MappingNode, Node, ScalarNode, SequenceNode, as_written, head, locate, walk
from cnnspec.language.scope import Environment, Failed, origin
from cnnspec.language.spans import Span
from cnnspec.language.suggest import did_you_mean, meant

_NAMES = 500
"""How many names a misspelt one is compared with."""


class Naming(Growing):
    """The names of a spec whose graph grows."""

    def __init__(self, spec: s.Spec, diagnostics: Diagnostics, allow_large: bool) -> None:
        super().__init__(diagnostics, allow_large)
        self.spec = spec
        self.doubtful: set[str] = set()
        """Names that are given wrongly: one like it is not told."""
        self.doubled = False
        """Whether a name stands twice: one that is missing may be that of one of the two."""
        self.missed: set[str] = set()
        """Names that nothing has, and nothing that is like them: that is told once."""
        self.sought: set[tuple[str, Span]] = set()
        """Names that were looked for in vain, with the places: every round of a repetition finds the same."""

    def starts(self, first: s.Item) -> bool:
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

    def results(self, outputs: dict[str, ScalarNode], place: Place) -> dict[str, Tensor]:
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

    def define(self, name: str, known: Known, place: Place) -> None:
        """Let a name stand for what an entry gives; twice in one list is a mistake."""
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
            self.doubled = True
            return
        place.names.own[name] = known

    def inputs_of(self, item: s.Item, running: Tensor, place: Place) -> tuple[Tensor, ...] | None:
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
        told = self.diagnostics.has("unknown-input", span) or (name, span) in self.sought
        if known is None and not told:
            self.sought.add((name, span))
            visible = list(islice(dict.fromkeys(islice(place.names, 2 * _NAMES)), _NAMES))
            known_names = visible if len(self.diagnostics) < limits.GUESSES else []
            found = advice(name, used or span, place, known_names, self._all_names, self.doubtful)
            guessed = found is not None and "did you mean" in found.help
            if found is None or name in self.missed or (self.doubled and not guessed):
                return None
            if not guessed:
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


def _pairs(item: s.Item) -> bool:
    """Whether a single name in `inputs` is the second of two, beside the running tensor."""
    if isinstance(item, s.Call):
        return len(item.library[item.block].inputs) == 2
    return isinstance(item, s.LayerItem) and getattr(item.cls, "merges", False)
