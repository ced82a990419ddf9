"""What `$` finds: parameters, bound where they are given and computed when they are first used."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from cnnspec.language import limits
from cnnspec.language.diagnostics import Diagnostic, Diagnostics, Fix, Related, called_from
from cnnspec.language.entries import shown
from cnnspec.language.expression_words import names_in
from cnnspec.language.expressions import ExpressionError, compute, is_expression, settled
from cnnspec.language.hints import mend
from cnnspec.language.nodes import MappingNode, Node, ScalarNode, SequenceNode, head
from cnnspec.language.spans import Span
from cnnspec.language.suggest import did_you_mean, meant

if TYPE_CHECKING:
    from cnnspec.language.library import Library

_HYPHENS = r"(?<![\w-])[A-Za-z_]\w*(?:-\w+)+"
AXES = ("height", "width", "channels")
_MISSING = object()
_NAMES = 300
"""How many parameters a misspelt name is compared with."""


class Failed(Exception):
    """A value that could not be computed; why is among the diagnostics already."""


class Running(NamedTuple):
    """The running tensor as expressions see it. `shape` is None where there is none, or where it is not known
    because of an earlier mistake (`failed`)."""

    shape: tuple[int | None, ...] | None = None
    failed: bool = False

    def axis(self, name: str) -> int:
        """`height`, `width` or `channels`. Raises `ExpressionError` where the tensor has none."""
        if self.failed:
            raise Failed
        if self.shape is None:
            raise ExpressionError("expression-name", f"`{name}` is the running tensor's; there is none here")
        if name != "channels" and len(self.shape) != 3:
            message = f"the tensor here has no `{name}`: its rank is {len(self.shape)}, not 3"
            raise ExpressionError("expression-shape", message)
        size = self.shape[{"height": 0, "width": 1, "channels": -1}[name]]
        if size is None:
            message = f"`{name}` is not known here: the input leaves it open (`null`)"
            raise ExpressionError("expression-shape", message, help="give it a number in `input:`")
        return size


class Environment(NamedTuple):
    """Where an expression is computed: the parameters in scope, the running tensor, and where to report.

    `named` finds the tensor of an entry above by its name; `calls` are those of the blocks around.
    """

    scope: Scope
    diagnostics: Diagnostics
    running: Running = Running()
    named: Callable[[str], Running | None] = lambda name: None
    calls: tuple[Span, ...] = ()

    def evaluate(self, node: Node) -> Any:
        """The plain value of `node` with every expression computed; lists become tuples.

        Reports every expression that fails, then raises `Failed`.
        """
        failed = False
        value: Any
        match node:
            case ScalarNode():
                return self._scalar(node)
            case SequenceNode():
                items = []
                for item in node.items:
                    try:
                        items.append(self.evaluate(item))
                    except Failed:
                        failed = True
                value = tuple(items)
            case MappingNode():
                value = {}
                for key, inner in node.pairs:
                    try:
                        value[key.text] = self.evaluate(inner)
                    except Failed:
                        failed = True
        if failed:
            raise Failed
        return value

    def _scalar(self, node: ScalarNode) -> Any:
        if not is_expression(node.value):
            return node.value
        try:
            return compute(node.text, self.lookup)
        except ExpressionError as error:
            if error.silent:
                raise Failed from None
            span = node.span if not error.length else node.span.part(error.start, error.length)
            if any(name in self.scope.refused for name in re.findall(_HYPHENS, node.text)):
                raise Failed from None
            related = called_from(self.calls)
            found = Diagnostic(error.code, error.message, span, related=related, help=error.help)
            if error.code in ("unknown-parameter", "unknown-input") and (name := self._hyphenated(node.text)):
                message = f"`{name}` is `{name.replace('-', ' - ')}` in an expression"
                found = replace(
                    found, message=message, span=node.span, help=f"rename the entry: `{name.replace('-', '_')}`"
                )
            elif error.mend is not None:
                found = replace(found, fix=_fix(node, span, error))
            elif error.code == "expression-value":
                found = self._value_error(found, node, error)
            if not (found.span != span and self.diagnostics.has("wrong-type", found.span)):
                self.diagnostics.add(found)
            raise Failed from None

    def _value_error(self, found: Diagnostic, node: ScalarNode, error: ExpressionError) -> Diagnostic:
        """The same with the values that its names have; told of a text that would be a number, or of the argument of
        a standard block, where this value is given."""
        part = node.text[error.start : error.start + error.length] if error.length else node.text
        found = replace(found, help=found.help or self.facts(part))
        name = ScalarNode(f"${error.blamed}", f"${error.blamed}", found.span)
        given = origin(name, self.scope) if error.blamed else name
        if given is name:
            return found
        number = mend(given.value, "number", error.blamed or "") if isinstance(given, ScalarNode) else None
        if (number is None or number.text is None) and not node.span.standard and "no parts" not in error.message:
            return found
        used = Related("it is used here", found.span)
        fix = Fix(given.span, number.text) if number and number.text and isinstance(given, ScalarNode) else None
        help = number.help if number else error.help or found.help
        return replace(found, span=head(given), related=(used, *found.related), help=help, fix=fix)

    def facts(self, text: str) -> str | None:
        """What the names of an expression stand for: `channels` is 192 and `factor` is 3."""
        known = []
        for name in names_in(text):
            try:
                value = self.lookup(name)
            except (Failed, ExpressionError):
                continue
            number = isinstance(value, int | float) and not isinstance(value, bool)
            known.append(f"`{name}` is {value if number else shown(value)}")
        if not known or len(known) > 4:
            return None
        return "here " + " and ".join([", ".join(known[:-1]), known[-1]] if known[1:] else known)

    def _hyphenated(self, text: str) -> str | None:
        """The name with `-` of an entry or a parameter that an expression would like to hold."""
        return next((name for name in re.findall(_HYPHENS, text) if self.named(name) is not None), None)

    def lookup(self, name: str) -> Any:
        """The value of a name: a parameter, or a size of the running tensor or (`name.channels`) of a named one."""
        entry, dot, axis = name.rpartition(".")
        if dot:
            return self._size_of(entry, axis)
        value = self.scope.value(name, self.diagnostics)
        if value is not _MISSING:
            return value
        if name in AXES:
            return self.running.axis(name)
        if self.scope.unread or self.scope.told(name):
            raise Failed
        known = [*islice(self.scope, _NAMES), *AXES] if len(self.diagnostics) < limits.GUESSES else []
        help = did_you_mean(name, known) or "declare it under `parameters:`"
        sure = meant(name, known)
        if name in ("i", "j", "k", "n", "idx", "index", "round") and help.startswith("declare"):
            help += f"; `as: {name}` in a `repeat` gives the number of its round"
        if self.named(name) is not None:
            help = f"`{name}` is an entry; its sizes are `{name}.height`, `{name}.width` and `{name}.channels`"
            sure = None
        raise ExpressionError("unknown-parameter", f"no parameter is called `{name}`", help=help, mend=sure)

    def _size_of(self, entry: str, axis: str) -> int:
        if axis not in AXES and entry in self.scope:
            help = f"write `len({entry})`" if axis in ("length", "len", "size", "count") else None
            message = f"`{entry}` is a parameter, and has no `{axis}`"
            raise ExpressionError("expression-name", message, help=help)
        if axis not in AXES and axis not in self.scope:
            message = f"a tensor has no `{axis}`"
            raise ExpressionError("expression-name", message, help="it has `height`, `width` and `channels`")
        found = self.named(entry)
        if found is None and entry in ("params", "parameters", "self", "args", "config", "cfg"):
            raise ExpressionError(
                "unknown-parameter", f"`{entry}.{axis}` is no parameter", help=f"write `{axis}`", mend=axis
            )
        if found is None:
            message = f"no entry above is called `{entry}`"
            raise ExpressionError("unknown-input", message, help="name an entry above with `name:`")
        return found.axis(axis)


def _fix(node: ScalarNode, span: Span, error: ExpressionError) -> Fix | None:
    """The mend of an expression: of the name in it that is to blame, or of all of it."""
    assert error.mend is not None
    if error.code == "unknown-parameter":
        if error.length:
            return Fix(span, error.mend)
        return Fix(node.span, f"${error.mend}") if node.span.end_column - node.span.column == len(node.text) else None
    quoted = node.span.line == node.span.end_line and node.span.end_column - node.span.column > len(node.text)
    needs = quoted or any(sign in error.mend for sign in ",[]{}:#")
    return Fix(node.span, f'"{error.mend}"' if needs else error.mend) if '"' not in error.mend else None


_PURE = re.compile(r"\$([A-Za-z_]\w*)|\$\( *([A-Za-z_]\w*) *\)")


class Origin(NamedTuple):
    """What gives a value, the name of the parameter whose value that is, and where it is computed."""

    node: Node
    name: str = ""
    environment: Environment | None = None


def origin(node: Node, scope: Scope) -> Node:
    """What gives the value of `node`: the value of the parameter that it names, of the one that this names, …"""
    return traced(node, scope).node


def traced(node: Node, scope: Scope) -> Origin:
    """The same, with the name of the last parameter on the way that a standard block does not keep to itself."""
    found, environment = "", None
    for _ in range(limits.DEPTH):
        name = _PURE.fullmatch(node.text) if isinstance(node, ScalarNode) and is_expression(node.value) else None
        binding = scope.binding(name[1] or name[2]) if name else None
        if name is None or binding is None or binding.node is None or binding.environment is None:
            break
        found = (name[1] or name[2]) if node.span.standard or not found else found
        node, environment = binding.node, binding.environment
        scope = environment.scope
    return Origin(node, found, environment)


def warn_of_hiding(name: ScalarNode, diagnostics: Diagnostics) -> None:
    """Warn of a parameter that hides a size of the running tensor."""
    if name.text in AXES:
        message = f"the parameter `{name.text}` hides the running tensor's `{name.text}`"
        diagnostics.add(
            Diagnostic("parameter-hides", message, name.span, severity="warning", help="give it another name")
        )


@dataclass
class Binding:
    """A parameter's value: the node that gives it with the environment to compute it in, or a value at hand."""

    node: Node | None = None
    environment: Environment | None = None
    known: Any = _MISSING
    busy: bool = False
    failed: bool = False
    missing: bool = False
    """Whether the file declares it without a value."""
    settled: bool = False

    def value(self, name: str) -> Any:
        """Compute it, once. Raises `Failed` again where it failed before."""
        if self.failed:
            raise Failed
        if self.known is _MISSING:
            assert self.node is not None
            assert self.environment is not None
            if self.missing:
                self.failed = True
                help = "give it one under `parameters:` of its file"
                raise ExpressionError("missing-parameter", f"the parameter `{name}` has no value", help=help)
            if self.busy:
                self.failed = True
                raise ExpressionError("parameter-cycle", f"the parameter `{name}` is computed from itself")
            self.busy = True
            try:
                self.known = self.environment.evaluate(self.node)
            except Failed:
                self.failed = True
                raise
            finally:
                self.busy = False
            self.settled = isinstance(self.node, ScalarNode) and is_expression(self.node.value)
        if not self.settled:
            self.failed = True
            self.known = settled(self.known)
            self.failed, self.settled = False, True
        return self.known


@dataclass
class Scope:
    """Parameters by name: those of a block or a repetition, then those of the file that declares it."""

    bindings: dict[str, Binding] = field(default_factory=dict)
    parent: Scope | None = None
    library: Library | None = None
    """The blocks of the file, in the scope of its parameters."""
    refused: set[str] = field(default_factory=set)
    """Names that no parameter can have, and that the file gives to one."""
    undeclared: set[str] = field(default_factory=set)
    """Names that a block's layers use, its calls give and nothing declares, which has been said."""
    incomplete: bool = False
    """Whether the file's parameters do not read, so that an unknown name may be one of them."""

    def __iter__(self) -> Iterator[str]:
        yield from self.bindings
        if self.parent is not None:
            yield from (name for name in self.parent if name not in self.bindings)

    @property
    def blocks(self) -> Library:
        """The blocks of the file that this scope belongs to."""
        scope = self
        while scope.library is None:
            assert scope.parent is not None
            scope = scope.parent
        return scope.library

    @property
    def unread(self) -> bool:
        """Whether parameters of this scope, or of one around it, do not read."""
        return self.incomplete or (self.parent is not None and self.parent.unread)

    def told(self, name: str) -> bool:
        """Whether it has been said that nothing declares `name`."""
        return name in self.undeclared or (self.parent is not None and self.parent.told(name))

    def binding(self, name: str) -> Binding | None:
        """The innermost binding of `name`."""
        found = self.bindings.get(name)
        if found is None and self.parent is not None:
            return self.parent.binding(name)
        return found

    def value(self, name: str, diagnostics: Diagnostics) -> Any:
        """The value of `name`, or a marker where nothing is called so."""
        found = self.binding(name)
        return _MISSING if found is None else found.value(name)

    def holding(self, values: Mapping[str, Any]) -> Scope:
        """A scope within this one, with `values` at hand."""
        return Scope({name: Binding(known=value) for name, value in values.items()}, self)
