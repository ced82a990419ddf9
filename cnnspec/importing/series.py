"""Network → entries: what goes apart and comes together again becomes residuals and branches, the rest gets names.

A merge whose operands are chains from one tensor is, with these chains, one entry on that tensor. Taken from the
inputs on, inner merges become entries before outer ones look at them; what is left are merges of tensors further
away, which a spec takes by name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from cnnspec.importing.network import Network, Op
from cnnspec.importing.tree import Item, Items, Map, frozen
from cnnspec.layers import LAYERS

_NESTED = {"add": 3, "multiply": 9}
"""How deep skips of one kind may stand in each other; a U-Net's, deeper ones, are taken by name."""


class _Piece(NamedTuple):
    item: Item
    inputs: tuple[str, ...]


def entries(network: Network) -> Items:
    """The entries of a network, in order."""
    by_name: set[str] = set()
    while True:
        pieces = _reduce(network, by_name)
        deep = {name for piece in pieces.values() for name in _too_deep((piece.item,))}
        if not deep:
            return _tidy(_in_line(network, pieces))
        by_name |= deep


def _reduce(network: Network, by_name: set[str]) -> dict[str, _Piece]:
    """The ops, with every merge of chains from one tensor as one piece; those in `by_name` stay as they are."""
    uses = Counter(network.uses)
    fixed = _shared(network) | {op.name for op in network.ops.values() if op.share}
    pieces: dict[str, _Piece] = {}
    for op in network.ops.values():
        pieces[op.name] = _Piece(_leaf(op), op.inputs)
        if len(op.inputs) < 2 or op.name in by_name or op.gap or op.share:
            continue
        chains = [_chain(name, pieces, uses, fixed) for name in op.inputs]
        starts = {start for start, _ in chains}
        if len(starts) > 1:
            continue
        (start,) = starts
        uses[start] -= len(chains) - 1
        paths = tuple(tuple(pieces.pop(name).item for name in names) for _, names in chains)
        alike = len({network.shape_of(name) for name in op.inputs}) == 1
        pieces[op.name] = _Piece(_merge(pieces[op.name].item, paths, alike), (start,))
    return pieces


def _chain(name: str, pieces: dict[str, _Piece], uses: Counter[str], fixed: set[str]) -> tuple[str, list[str]]:
    """The pieces that lead to a tensor and to nothing else, and the tensor where they start."""
    names: list[str] = []
    while name in pieces and uses[name] == 1 and len(pieces[name].inputs) == 1 and name not in fixed:
        names.insert(0, name)
        (name,) = pieces[name].inputs
    return name, names


def _leaf(op: Op) -> Item:
    note = None if op.gap is None else f"not imported: {op.gap}"
    if op.share:
        return Item("share", (("entry", op.share),), origin=op.name)
    return Item(op.entry, tuple(frozen(op.arguments)), note=note, origin=op.name)


def _merge(merge: Item, paths: tuple[Items, ...], alike: bool) -> Item:
    """A merge of paths from one tensor, as a residual where it is a sum of two ways that end in the same shape."""
    if alike and merge.entry == "add" and len(paths) == 2 and not merge.arguments and any(paths):
        if not all(paths):
            body = paths[0] or paths[1]
            return Item("residual", (), (body,), origin=merge.origin)
        if len(paths[0]) < len(paths[1]):
            return _shortcut(merge, *paths)
    word = Map(((merge.entry, Map(merge.arguments)),)) if merge.arguments else merge.entry
    arguments = () if word == "concatenate" else (("merge", word),)
    return Item("branches", arguments, paths, origin=merge.origin)


def _shortcut(merge: Item, way: Items, body: Items) -> Item:
    return Item("residual", (), (body, way), origin=merge.origin)


def _too_deep(items: Items) -> set[str]:
    """The merges of skips that stand in each other too deep."""
    found: set[str] = set()
    for item in items:
        kind = _skips(item)
        nest = _nest(item, kind) if kind else []
        if kind and len(nest) > _NESTED.get(kind, 1):
            found.update(nest)
        for part in item.parts:
            found |= _too_deep(part)
    return found


def _nest(item: Item, kind: str) -> list[str]:
    """The longest chain of skips of one kind, each in the next."""
    inner = [_nest(child, kind) for part in item.parts for child in part if _skips(child) == kind]
    return [str(item.origin), *max(inner, key=len, default=[])]


def _skips(item: Item) -> str | None:
    """The merge of an entry that joins its input to what it makes of it; None for any other."""
    if item.entry == "residual":
        return "add"
    if item.entry == "branches" and sum(not path for path in item.parts) == 1 and len(item.parts) == 2:
        merge = item.given.get("merge", "concatenate")
        return merge if isinstance(merge, str) else str(merge[0][0])
    return None


def _in_line(network: Network, pieces: dict[str, _Piece]) -> Items:
    """The pieces as a list, each on the one above it where that is its input, else on names."""
    before = next(iter(network.inputs)) if len(network.inputs) == 1 else ""
    lined: dict[str, Item] = {}
    shared = _shared(network)
    named = shared | (set(network.outputs.values()) if network.named else set())
    for name in _order(network, pieces):
        piece = pieces[name]
        inputs: Sequence[str] = piece.inputs
        if tuple(inputs) == (before,):
            inputs = ()
        elif len(inputs) == 2 and inputs[0] == before and inputs[1] != before:
            inputs = inputs[1:]
        named.update(inputs)
        lined[name] = replace(piece.item, inputs=tuple(inputs))
        before = name
    return tuple(
        replace(item, name=name, shared=name in shared) if name in named else item for name, item in lined.items()
    )


def _shared(network: Network) -> set[str]:
    """The ops that others share."""
    return {op.share for op in network.ops.values() if op.share}


def _order(network: Network, pieces: dict[str, _Piece]) -> list[str]:
    """The pieces so that each stands as near as can be to what takes it, chains in one piece.

    Laid from the end: the operands of the piece laid last come next, the last one first, else what is nearest to
    the outputs.
    """
    needs = {name: [*piece.inputs] for name, piece in pieces.items()}
    for name, piece in pieces.items():
        if piece.item.entry == "share":
            needs[name].append(piece.item.given["entry"])
    depth = dict.fromkeys(pieces, 0)
    waiting = Counter(needed for inputs in needs.values() for needed in inputs)
    for name in reversed(pieces):
        for needed in needs[name]:
            if needed in depth:
                depth[needed] = max(depth[needed], depth[name] + 1)
    ready = [name for name in pieces if not waiting[name]]
    laid: list[str] = []
    fresh = list(ready)
    while ready:
        name = fresh[-1] if fresh else min(reversed(ready), key=lambda each: depth[each])
        ready.remove(name)
        laid.append(name)
        fresh = []
        for needed in needs[name]:
            waiting[needed] -= 1
            if needed in pieces and not waiting[needed]:
                fresh.append(needed)
        ready += fresh
    return laid[::-1]


def _tidy(items: Items) -> Items:
    """Activations behind residuals as their argument, and shortcuts that are projections as that word."""
    done: list[Item] = []
    for whole in items:
        item = replace(whole, parts=tuple(_tidy(part) for part in whole.parts))
        if item.entry == "residual" and len(item.parts) == 2 and _projects(item.parts[0], item.parts[1]):
            item = replace(item, arguments=(("shortcut", "projection"), *item.arguments), parts=item.parts[:1])
        last = done[-1] if done else None
        plain = item.entry == "activation" and set(item.given) == {"activation"} and not item.inputs
        if plain and last is not None and last.entry == "residual" and not last.name and "activation" not in last.given:
            done[-1] = replace(last.having(activation=item.given["activation"]), name=item.name)
        else:
            done.append(item)
    return tuple(done)


def _projects(body: Items, way: Items) -> bool:
    """Whether a shortcut is what `projection` makes: 1×1, strided, without bias, then a batch normalization."""
    if [item.entry for item in way] not in [[f"conv{rank}d", "batch_normalization"] for rank in (1, 2, 3)]:
        return False
    conv, norm = way
    wanted = {"kernel_size": 1, "use_bias": False, "filters": conv.given["filters"]}
    given = {name: value for name, value in conv.given.items() if name != "strides"}
    return given == wanted and not norm.arguments and _strides(body) == conv.given.get("strides", 1)


def _strides(items: Items) -> object:
    """By how much plain layers step in all, where that is plain to see."""
    total = 1
    for item in items:
        if item.parts or item.inputs or item.entry not in LAYERS:
            return None
        step = item.given.get("strides", 1)
        if (
            not isinstance(step, int)
            or "pooling" in item.entry
            or "sampling" in item.entry
            or "transpose" in item.entry
        ):
            return None
        total *= step
    return total
