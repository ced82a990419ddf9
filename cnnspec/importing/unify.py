"""Likeness of lists of entries: their skeletons, where their constants differ, and one list with holes for all.

Two lists have one skeleton where they differ in nothing but constants: numbers, texts and lists among the arguments.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, TypeAlias

from cnnspec.importing.tree import Expression, Item, Items, Map, default, walk
from cnnspec.language.scope import AXES
from cnnspec.layers import LAYERS

Defaults: TypeAlias = Mapping[str, Mapping[str, Any]]
"""The parameters of the blocks that are there already, with their defaults."""

_FIXED = {"as", "merge", "name", "equation"}
"""Arguments that are part of a skeleton."""
_SIZES = ("filters", "units", "groups")
"""Arguments that may follow from each other, whatever their names."""
_FACTOR = 8
"""The largest factor between two constants that is taken for one."""
_HIDING = {"height": "rows", "width": "columns", "channels": "depth"}
"""Parameters that would hide a size of the running tensor, by other names."""


class Column(NamedTuple):
    """Constants that differ: a name for them, and their value in each list."""

    name: str
    values: tuple[Any, ...]


class Pattern(NamedTuple):
    """One list for many: its entries with names in the place of what differs, and these columns."""

    items: Items
    columns: tuple[Column, ...]


def skeleton(item: Item, blocks: Defaults) -> tuple[Any, ...]:
    """What two entries have in common where they differ in constants alone."""
    fixed = tuple(
        sorted(((name, value) for name, value in item.arguments if _is_fixed(item, name, value, blocks)), key=str)
    )
    parts = tuple(tuple(skeleton(child, blocks) for child in part) for part in item.parts)
    return item.entry, fixed, parts, item.inputs, item.note


def _is_fixed(item: Item, name: str, value: Any, blocks: Defaults) -> bool:
    """Whether an argument is part of the skeleton: entries, and what has no default that could stand for it."""
    if name in _FIXED or isinstance(value, Map) or value is None:
        return True
    return default(item, name, blocks) is None and not _always_given(item, name, blocks)


def _always_given(item: Item, name: str, blocks: Defaults) -> bool:
    if item.entry in blocks:
        return blocks[item.entry].get(name) is None
    if item.entry == "repeat":
        return name in ("times", "over")
    return item.entry in LAYERS and LAYERS[item.entry].model_fields[name].is_required()


def unify(lists: Sequence[Items], blocks: Defaults, *, inside: bool) -> Pattern:
    """One pattern for lists of one skeleton; with `inside`, the names around them are in its scope, too."""
    everything = [item for items in lists for item in walk(items)]
    outer = {name for item in everything for value in item.given.values() for name in used(value)}
    taken = {name for item in everything for name in bound(item)} | (outer if inside else set())
    columns: dict[str, Column] = {}
    known = frozenset(outer) if inside else frozenset()
    items = tuple(_together(versions, blocks, columns, taken, known) for versions in zip(*lists, strict=True))
    return Pattern(items, tuple(columns.values()))


def bound(item: Item) -> tuple[str, ...]:
    """The names that an entry gives values to, for the entries in it."""
    names = item.given.get("as", ())
    return (names,) if isinstance(names, str) else names


def used(value: Any) -> set[str]:
    """The names that a value is computed from."""
    if isinstance(value, Expression):
        return {value.name} - set(AXES)
    return {name for inner in value for name in used(inner)} if isinstance(value, tuple) else set()


def _together(
    versions: Sequence[Item], blocks: Defaults, columns: dict[str, Column], taken: set[str], known: frozenset[str]
) -> Item:
    item = versions[0]
    inner = known | set(bound(item))
    arguments = []
    for name in _argument_names(versions):
        values = tuple(
            version.given[name] if name in version.given else default(version, name, blocks) for version in versions
        )
        value = values[0]
        if _same(values) and used(value) <= known:
            if name in item.given or value != default(item, name, blocks):
                arguments.append((name, value))
        else:
            arguments.append((name, _hole(name, item, values, columns, taken)))
    parts = tuple(
        tuple(_together(children, blocks, columns, taken, inner) for children in zip(*part, strict=True))
        for part in zip(*(version.parts for version in versions), strict=True)
    )
    return replace(
        item,
        arguments=tuple(arguments),
        parts=parts,
        name=item.name if all(version.name == item.name for version in versions) else None,
    )


def _same(values: tuple[Any, ...]) -> bool:
    return len(set(values)) == 1 and len(set(map(type, values))) == 1


def _argument_names(versions: Sequence[Item]) -> list[str]:
    names = dict.fromkeys(name for version in versions for name, _ in version.arguments)
    longest = max(versions, key=lambda version: len(version.arguments))
    return [*longest.given, *(name for name in names if name not in longest.given)]


def _hole(name: str, item: Item, values: tuple[Any, ...], columns: dict[str, Column], taken: set[str]) -> Expression:
    """The expression that stands for values that differ: a column that has them, or a new one."""
    base = _HIDING.get(name, name if item.entry in LAYERS else name.rstrip("0123456789"))
    sizes = _SIZES if name in _SIZES and item.entry in LAYERS else ()
    for column in columns.values():
        if column.name.rstrip("0123456789") in (base.rstrip("0123456789"), *sizes):
            factor = _factor(values, column.values)
            if factor is not None:
                return Expression(column.name, factor)
    label = base
    number = 1
    while label in taken or label in columns:
        number += 1
        label = f"{base}{number}"
    columns[label] = Column(label, values)
    return Expression(label)


def _factor(values: tuple[Any, ...], of: tuple[Any, ...]) -> int | None:
    """The whole number by which `of` is multiplied to give `values`."""
    if values == of and list(map(type, values)) == list(map(type, of)):
        return 1
    if any(_named(value) != _named(base) for value, base in zip(values, of, strict=True)):
        return None
    distinct = len(set(of)) > 1
    values, of = (tuple(v.factor if isinstance(v, Expression) else v for v in each) for each in (values, of))
    if not all(type(value) is int and value > 0 for value in (*values, *of)) or not distinct:
        return None
    factors = {value // base if value % base == 0 else 0 for value, base in zip(values, of, strict=True)}
    (factor,) = factors if len(factors) == 1 else (0,)
    return factor if 1 < factor <= _FACTOR else None


def _named(value: Any) -> str | None:
    return value.name if isinstance(value, Expression) else None


def filled(items: Items, values: Mapping[str, Any], blocks: Defaults) -> Items:
    """Entries with values in the place of names, defaults left out; names that entries in them bind stay."""
    done = []
    for item in items:
        inner = {name: value for name, value in values.items() if name not in bound(item)}
        whole = ((name, _filled(value, values)) for name, value in item.arguments)
        arguments = tuple(
            (name, value) for name, value in whole if value is None or value != default(item, name, blocks)
        )
        done.append(replace(item, arguments=arguments, parts=tuple(filled(part, inner, blocks) for part in item.parts)))
    return tuple(done)


def _filled(value: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(value, Expression):
        if value.name not in values:
            return value
        given = values[value.name]
        if isinstance(given, Expression):
            return Expression(given.name, given.factor * value.factor)
        return given if value.factor == 1 else given * value.factor
    if isinstance(value, tuple) and not isinstance(value, Map):
        return tuple(_filled(inner, values) for inner in value)
    return value
