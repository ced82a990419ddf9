"""Mutations of a spec's tree: parts swapped, moved, copied, wrapped into structures, of other types, nested deep."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import yaml

from tests.fuzz.seeds import NAMES, draw_tree

_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_DEEP = 40
_MOST = 3000
"""How many parts of a tree are chosen from: one that an alias holds in itself has parts without end."""
ODD: list[Any] = [
    None, True, False, 0, -1, 1, 7, 1.5, -0.0, 1e308, float("inf"), float("nan"), 10**18, 10**30, "", " ", "x", "a.b", "$",
    "$x", "$(", "$()", "$(1)", "$(channels)", "$(height // 2)", "$(a + b)", "$([1, 2])", "$(-1)", "$(2**62)", "relu", "same",
    "projection", "identity", "é", "\u202ea", "a" * 300, [], {}, [None], [[]], [{}], {"": None}, {"relu": None}, ["relu", "relu"],
    {"a": 1, "b": 2}, [[1, 2], [3, 4]], {"repeat": {"times": 2, "layers": ["relu"]}}, 0.1, "1", "yes", "2024-01-01",
]  # fmt: skip

Part = tuple[Any, Any]
"""A container and the key or index of a part in it."""


def _parts(tree: Any, depth: int = 0) -> Iterator[Part]:
    keys = list(tree) if isinstance(tree, dict) else range(len(tree)) if isinstance(tree, list) else ()
    for key in keys:
        yield tree, key
        if depth < _DEEP:
            yield from _parts(tree[key], depth + 1)


def _copied(value: Any) -> Any:
    return copy.deepcopy(value)


def _wrapped(value: Any, rng: random.Random) -> Any:
    layers = value if isinstance(value, list) else [value]
    match rng.randrange(10):
        case 0:
            return {"repeat": {"times": rng.choice((0, 1, 2, 3, 50, 9999, 10**9, "$(channels)")), "layers": layers}}
        case 1:
            return {"residual": {"layers": layers, "shortcut": rng.choice(("identity", "projection", ["relu"], []))}}
        case 2:
            return {"branches": {"merge": rng.choice(("add", "concatenate", "dot")), "paths": [layers, [], ["relu"]]}}
        case 3:
            return {"when": {"condition": rng.choice((True, "$(channels > 1)", "$x")), "layers": layers}}
        case 4:
            return {"repeat": {"over": [[1, 2], [3, 4]], "as": ["a", "b"], "layers": layers}}
        case 5:
            return {rng.choice(NAMES): value}
        case 6:
            return {rng.choice(NAMES): {"layers": layers, "name": rng.choice(NAMES)}}
        case 7:
            return [value]
        case 8:
            return {"share": value}
        case _:
            for _ in range(rng.randrange(1, 70)):
                value = [value] if rng.random() < 0.5 else {"residual": {"layers": [value]}}
            return value


def _swap(tree: Any, parts: list[Part], rng: random.Random) -> None:
    (one, at), (other, there) = rng.choice(parts), rng.choice(parts)
    one[at], other[there] = _copied(other[there]), _copied(one[at])


def _move(tree: Any, parts: list[Part], rng: random.Random) -> None:
    (source, at), (target, there) = rng.choice(parts), rng.choice(parts)
    value = _copied(source[at])
    if rng.random() < 0.5:
        del source[at]
    if isinstance(target, list):
        target.insert(there, value)
    else:
        target[rng.choice((there, *NAMES[:3], rng.choice(NAMES)))] = value


def _drop(tree: Any, parts: list[Part], rng: random.Random) -> None:
    holder, at = rng.choice(parts)
    del holder[at]


def _retype(tree: Any, parts: list[Part], rng: random.Random) -> None:
    holder, at = rng.choice(parts)
    holder[at] = _copied(rng.choice(ODD))


def _wrap(tree: Any, parts: list[Part], rng: random.Random) -> None:
    holder, at = rng.choice(parts)
    holder[at] = _wrapped(_copied(holder[at]), rng)


def _rename(tree: Any, parts: list[Part], rng: random.Random) -> None:
    named = [part for part in parts if isinstance(part[0], dict)]
    if named:
        holder, at = rng.choice(named)
        holder[rng.choice(NAMES)] = holder.pop(at)


def _graft(tree: Any, parts: list[Part], rng: random.Random) -> None:
    """A part of another spec in the place of one."""
    holder, at = rng.choice(parts)
    others = list(islice(_parts(draw_tree(rng)), _MOST))
    if others:
        other, there = rng.choice(others)
        holder[at] = _copied(other[there])


def _double(tree: Any, parts: list[Part], rng: random.Random) -> None:
    holder, at = rng.choice(parts)
    if isinstance(holder, list):
        holder[at:at] = [_copied(holder[at]) for _ in range(rng.choice((1, 1, 2, 20, 300)))]


def _call(tree: Any, parts: list[Part], rng: random.Random) -> None:
    """A list of layers as a block, which is called in its place, and perhaps by itself."""
    lists = [(holder, at) for holder, at in parts if isinstance(holder[at], list)]
    blocks = tree.setdefault("blocks", {})
    if lists and isinstance(blocks, dict):
        holder, at = rng.choice(lists)
        name = rng.choice(("mine", "relu", rng.choice(NAMES)))
        blocks[name] = {"parameters": {"filters": None, "x": 1}, "layers": _copied(holder[at])}
        holder[at] = [{name: rng.choice((None, 3, {"filters": 4}, {"x": ["relu"], "filters": "$channels"}))}] * 2


_MUTATIONS: list[Callable[[Any, list[Part], random.Random], None]] = [
    _swap, _move, _drop, _retype, _retype, _wrap, _wrap, _rename, _graft, _graft, _double, _call,
]  # fmt: skip


def mutant(rng: random.Random) -> bytes:
    """A spec with one to four mutations of its tree (fewer where it gets too deep to write)."""
    tree, text = _copied(draw_tree(rng)), b""
    style = rng.choice((None, None, False, True))
    for _ in range(rng.choice((1, 1, 2, 3, 4))):
        try:
            if parts := list(islice(_parts(tree), _MOST)):
                rng.choice(_MUTATIONS)(tree, parts, rng)
            text = _written(tree, style)
        except RecursionError:
            break
    return text


def _written(tree: Any, style: bool | None) -> bytes:
    options: dict[str, Any] = {"default_flow_style": style, "sort_keys": False, "allow_unicode": True, "width": 1000}
    return yaml.dump(tree, Dumper=_DUMPER, **options).encode()
