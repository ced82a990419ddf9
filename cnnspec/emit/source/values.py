"""How each constant of a function is written: as a literal, by a name of the spec, or as a parameter of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import combinations
from typing import Any

from cnnspec.emit.source.hints import in_python, named_values
from cnnspec.emit.source.layout import Doc, literal
from cnnspec.emit.source.names import fresh, identifier
from cnnspec.emit.source.statements import ABSENT, Column, Function, Scope, Variable
from cnnspec.layers.base import KerasCall

_FACTORS = (2, 3, 4, 6, 8)


def distinct(values: Sequence[Any]) -> list[Any]:
    """The different values, where a statement runs."""
    return list({repr(value): value for value in values if value is not ABSENT}.values())


def agree(one: Sequence[Any], other: Sequence[Any]) -> bool:
    """Whether two columns are equal wherever the first has a value."""
    return all(a is ABSENT or repr(a) == repr(b) for a, b in zip(one, other, strict=True))


def written(column: Column, scope: Scope) -> Doc:
    """The Python for a column in `scope`; makes parameters and loop variables as it needs them."""
    values = distinct(column.values)
    if len(values) < 2:
        return literal(values[0] if values else None)
    text = in_python(column, scope, variable_of)
    if text is not None:
        return (text,)
    name = _known(column.values, scope)
    if name is not None:
        return (name,)
    lifted = _lifted(column, scope)
    if lifted is not None and scope.parent is not None:
        return written(lifted, scope.parent)
    choice = _choice(values, column.values, scope) if column.label == "padding" else None
    return choice or _multiple(column.values, scope) or (_own(column, scope),)


def _choice(options: list[Any], values: Sequence[Any], scope: Scope) -> Doc | None:
    """One of two words by a parameter of the spec: `"valid" if strides > 1 else "same"`."""
    if len(options) != 2 or not all(isinstance(option, str) for option in options):
        return None
    for one, other in (options, reversed(options)):
        test = simple_test([value if value is ABSENT else value == one for value in values], scope)
        if test is not None:
            return (*literal(one), f" if {test} else ", *literal(other))
    return None


def tested(column: Column, scope: Scope) -> Doc:
    """The Python for a condition."""
    text = in_python(column, scope, variable_of)
    if text is not None:
        return (text,)
    lifted = _lifted(column, scope)
    if lifted is not None and scope.parent is not None:
        return tested(lifted, scope.parent)
    simple = simple_test(column.values, scope) if column.label == "pad" else None
    return (simple or _own(column, scope),)


def simple_test(values: Sequence[Any], scope: Scope) -> str | None:
    """A comparison of parameters of the spec, or two of them, true where `values` are; None where there is none."""
    at = [i for i, value in enumerate(values) if value is not ABSENT]
    wanted = [values[i] for i in at]
    atoms = [
        (owner, name, form, truth)
        for owner, name, known in _names(scope)
        for form, truth in _atoms([known[i] for i in at])
    ]
    for owner, name, form, truth in atoms:
        if truth == wanted:
            return form.format(variable_of(owner, name))
    for (owner, name, form, truth), (other, second, last, also) in combinations(atoms, 2):
        if name != second and [a and b for a, b in zip(truth, also, strict=True)] == wanted:
            return f"{form.format(variable_of(owner, name))} and {last.format(variable_of(other, second))}"
    return None


def _atoms(known: list[Any]) -> list[tuple[str, list[bool]]]:
    """Comparisons of one parameter, with their truth at each occurrence."""
    if all(isinstance(item, bool) for item in known):
        return [("{}", known), ("not {}", [not item for item in known])]
    if any(isinstance(item, str) for item in known):
        return [
            ('{} != "same"', [item != "same" for item in known]),
            ('{} == "same"', [item == "same" for item in known]),
        ]
    if not all(type(item) is int for item in known):
        return []
    edge = 1 if min(known, default=0) > 0 else 0
    return [(f"{{}} > {edge}", [item > edge for item in known]), (f"{{}} == {edge}", [item == edge for item in known])]


def variable_of(scope: Scope, name: str) -> str:
    """The Python name of what `scope` calls `name`, which is a parameter or a loop variable from now on."""
    for variable in scope.variables:
        if variable.spec == name:
            return variable.name
    values = list(scope.named[name])
    hint = scope.defaults.get(name)
    computed = in_python(Column(tuple(values), name, hint), scope, variable_of) if hint else None
    python = fresh(identifier(name), scope.names.__contains__)
    scope.names.add(python)
    scope.variables.append(Variable(python, values, name, computed))
    return python


def _names(scope: Scope) -> list[tuple[Scope, str, list[Any]]]:
    found = []
    inner: Scope | None = scope
    seen: set[str] = set()
    while inner is not None:
        for name in inner.named:
            if name not in seen:
                seen.add(name)
                known = named_values(scope, name)
                if known is not None and all(printable(value) for value in known[1]):
                    found.append((inner, name, known[1]))
        inner = inner.parent
    return found


def printable(value: Any) -> bool:
    """Whether a value of the spec is a constant of Python."""
    if isinstance(value, tuple):
        return all(map(printable, value))
    return value is None or isinstance(value, int | float | str)


def _known(values: Sequence[Any], scope: Scope) -> str | None:
    """The name of the spec's parameter with these values."""
    for owner, name, known in _names(scope):
        if agree(values, known):
            return variable_of(owner, name)
    return None


def _multiple(values: Sequence[Any], scope: Scope) -> Doc | None:
    """A multiple or a fraction of one of the spec's parameters."""
    if not all(value is ABSENT or type(value) is int for value in values):
        return None
    for owner, name, known in _names(scope):
        if not all(type(item) is int for item in known):
            continue
        for factor in _FACTORS:
            if agree(values, [factor * item for item in known]):
                return (f"{factor} * {variable_of(owner, name)}",)
            if agree(values, [item // factor for item in known]):
                return (f"{variable_of(owner, name)} // {factor}",)
    return None


def _lifted(column: Column, scope: Scope) -> Column | None:
    """The column as what is around a loop sees it, where all rounds have the same value."""
    if scope.parent is None:
        return None
    values: list[Any] = [ABSENT] * scope.parent.size
    for i, value in zip(scope.owner, column.values, strict=True):
        if value is ABSENT:
            continue
        if values[i] is not ABSENT and repr(values[i]) != repr(value):
            return None
        values[i] = value
    return Column(tuple(values), column.label, None)


def _own(column: Column, scope: Scope) -> str:
    """A parameter or loop variable of the column's own."""
    for variable in scope.variables:
        if variable.spec is None and variable.name.rstrip("0123456789_") == column.label.rstrip("0123456789_"):
            pairs = list(zip(column.values, variable.values, strict=True))
            if all(a is ABSENT or b is ABSENT or repr(a) == repr(b) for a, b in pairs):
                variable.values = [b if a is ABSENT else a for a, b in pairs]
                return variable.name
    name = fresh(identifier(column.label), {*scope.names, *scope.named}.__contains__)
    scope.names.add(name)
    scope.variables.append(Variable(name, list(column.values)))
    return name


def parameters(function: Function) -> list[tuple[Variable, Any]]:
    """A function's parameters with their defaults (ABSENT: required), the required ones first."""
    order = {name: at for at, name in enumerate(function.order)}
    given = [variable for variable in function.scope.variables if variable.computed is None]
    listed = sorted(given, key=lambda variable: order.get(variable.spec or "", len(order)))
    pairs = [(variable, _default(variable, function)) for variable in listed]
    return sorted(pairs, key=lambda pair: pair[1] is not ABSENT)


def _default(variable: Variable, function: Function) -> Any:
    if variable.spec is not None:
        default = function.defaults.get(variable.spec)
        return ABSENT if default is None else default
    counts = Counter(repr(value) for value in variable.values if value is not ABSENT)
    word, count = counts.most_common(1)[0]
    value = next(value for value in variable.values if repr(value) == word)
    plain = value is None or isinstance(value, int | float | str)
    return value if plain and not isinstance(value, KerasCall) and 2 * count > len(variable.values) else ABSENT
