"""Entries that stand in several places in one pattern → blocks with what differs as parameters."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from cnnspec.importing.fold import EXACT, LADDERS, Ladder, awkward, fold, length, unfold
from cnnspec.importing.tree import Expression, Item, Items, default, walk
from cnnspec.importing.unify import Pattern, bound, filled, skeleton, unify, used
from cnnspec.layers import LAYERS

_LONGEST = 40
_PARAMETERS = 7
_HEAD = 90
"""What declaring a block costs."""


@dataclass(frozen=True)
class Written:
    """A network as a spec writes it: layers, and blocks with their parameters (None: required)."""

    layers: Items
    blocks: Mapping[str, Items] = field(default_factory=dict)
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def length(self) -> int:
        """How much room it takes."""
        return length(self.layers) + sum(length(body) + _HEAD for body in self.blocks.values())


def shortest(layers: Items) -> Written:
    """The shortest of a few ways to fold: repetitions before blocks, or blocks first."""
    plain = Written(layers)
    ways = []
    for ladder in LADDERS:
        ways.append(_folded(_extracted(_folded(plain, ladder)), ladder))
        ways.append(_folded(_extracted(_folded(_extracted(_folded(plain, EXACT)), ladder)), ladder))
    return _in_order(min((_unfolded(_inlined(way)) for way in ways), key=lambda way: way.length))


def _folded(spec: Written, ladder: Ladder) -> Written:
    """The spec with repetitions folded, in its blocks, too."""
    blocks = {name: fold(body, spec.parameters, ladder) for name, body in spec.blocks.items()}
    return replace(spec, layers=fold(spec.layers, spec.parameters, ladder), blocks=blocks)


def _unfolded(spec: Written) -> Written:
    blocks = {name: unfold(body, spec.parameters) for name, body in spec.blocks.items()}
    return replace(spec, layers=unfold(spec.layers, spec.parameters), blocks=blocks)


def _in_order(spec: Written) -> Written:
    """The spec with each block behind those that it calls."""
    order: list[str] = []

    def put(name: str) -> None:
        for item in walk(spec.blocks[name]):
            if item.entry in spec.blocks:
                put(item.entry)
        if name not in order:
            order.append(name)

    for name in spec.blocks:
        put(name)
    return replace(spec, blocks={name: spec.blocks[name] for name in order})


def _inlined(spec: Written) -> Written:
    """The spec without the blocks that are called in one place only."""
    roots = [spec.layers, *spec.blocks.values()]
    calls = Counter(item.entry for root in roots for item in walk(root) if item.entry in spec.blocks)
    once = next((name for name in spec.blocks if calls[name] == 1 and not _captures(spec, name)), None)
    if once is None:
        return spec
    body, usual = spec.blocks[once], spec.parameters[once]

    def inlined(items: Items) -> Items:
        done: list[Item] = []
        for item in items:
            if item.entry != once:
                done.append(replace(item, parts=tuple(map(inlined, item.parts))))
                continue
            layers = filled(body, {**usual, **item.given}, spec.parameters)
            head, *rest = layers
            head = replace(head, inputs=item.inputs or head.inputs)
            *start, end = head, *rest
            done += [*start, replace(end, name=item.name)]
        return tuple(done)

    blocks = {name: inlined(each) for name, each in spec.blocks.items() if name != once}
    parameters = {name: each for name, each in spec.parameters.items() if name != once}
    return _inlined(Written(inlined(spec.layers), blocks, parameters))


def _captures(spec: Written, block: str) -> bool:
    """Whether a block binds a name that the arguments of its calls use."""
    names = {name for item in walk(spec.blocks[block]) for name in bound(item)}
    roots = [spec.layers, *spec.blocks.values()]
    calls = (item for root in roots for item in walk(root) if item.entry == block)
    return any(used(value) & names for call in calls for value in call.given.values())


def _extracted(spec: Written) -> Written:
    """The spec with every pattern that saves room as a block, those that save most first."""
    while (shorter := _once(spec)) is not None:
        spec = shorter
    return spec


def _lists(items: Items) -> Iterator[Items]:
    """Every list of entries, those in others included."""
    yield items
    for item in items:
        for part in item.parts:
            yield from _lists(part)


def _once(spec: Written) -> Written | None:
    """The spec with one more block: what saves most; None where nothing does."""
    roots = [spec.layers, *spec.blocks.values()]
    places: defaultdict[tuple[int, ...], list[Items]] = defaultdict(list)
    numbers: dict[Any, int] = {}
    for root in roots:
        for items in _lists(root):
            kinds = [numbers.setdefault(skeleton(item, spec.parameters), len(numbers)) for item in items]
            for size in range(1, min(_LONGEST, len(items)) + 1):
                last_end: dict[tuple[int, ...], int] = {}
                for start in range(len(items) - size + 1):
                    window = items[start : start + size]
                    if not _stands_alone(window):
                        continue
                    key = tuple(kinds[start : start + size])
                    if start >= last_end.get(key, 0):
                        last_end[key] = start + size
                        places[key].append(window)
    best: tuple[int, Pattern, tuple[int, ...]] | None = None
    sizes = {key: length(windows[0]) for key, windows in places.items() if len(windows) > 1}
    for key, windows in sorted(places.items(), key=lambda pair: -sizes.get(pair[0], 0) * (len(pair[1]) - 1)):
        if len(windows) < 2 or (best is not None and sizes[key] * (len(windows) - 1) <= best[0]):
            continue
        pattern = unify(windows, spec.parameters, inside=False)
        if len(pattern.columns) > _PARAMETERS:
            continue
        calls = sum(
            30 + sum(len(str(column.values[at])) + 6 for column in pattern.columns) for at in range(len(windows))
        )
        saved = sum(map(length, windows)) - length(pattern.items) - _HEAD - calls
        saved -= awkward(pattern.items[0])
        if saved > 0 and (best is None or saved > best[0]):
            best = saved, pattern, key
    if best is None:
        return None
    return _with_block(spec, best[1], best[2], numbers)


def _stands_alone(window: Items) -> bool:
    """Whether entries take and give one tensor only, and are worth a block."""
    if len(window) == 1 and (not window[0].parts or window[0].entry == "repeat"):
        return False
    if any(item.inputs for item in window[1:]) or any(item.name for item in window[:-1]):
        return False
    if len(window[0].inputs) > 1 or (window[0].inputs and getattr(LAYERS.get(window[0].entry), "merges", False)):
        return False
    return not any(item.entry == "share" or item.note for item in walk(window))


def _with_block(spec: Written, pattern: Pattern, key: tuple[int, ...], numbers: Mapping[Any, int]) -> Written:
    """The spec with the pattern as a block, called wherever it stands."""
    name = _name(pattern.items, {*spec.blocks})
    parameters = _parameters(pattern)
    kind = {number: skeleton for skeleton, number in numbers.items()}
    wanted = [kind[number] for number in key]

    def call(window: Items) -> Item:
        values = _values(pattern, window, spec.parameters)
        given = tuple(
            (each, values[each])
            for each, usual in parameters.items()
            if usual is None or values[each] != usual or type(values[each]) is not type(usual)
        )
        return Item(name, given, (), window[0].inputs, window[-1].name)

    def replaced(items: Items) -> Items:
        done: list[Item] = []
        at = 0
        while at < len(items):
            window = items[at : at + len(wanted)]
            if (
                len(window) == len(wanted)
                and _stands_alone(window)
                and [skeleton(item, spec.parameters) for item in window] == wanted
            ):
                done.append(call(window))
                at += len(window)
            else:
                item = items[at]
                done.append(replace(item, parts=tuple(map(replaced, item.parts))))
                at += 1
        return tuple(done)

    items = (replace(pattern.items[0], inputs=()), *pattern.items[1:])
    blocks = {name: items, **{other: replaced(body) for other, body in spec.blocks.items()}}
    return Written(replaced(spec.layers), blocks, {name: parameters, **spec.parameters})


def _parameters(pattern: Pattern) -> dict[str, Any]:
    """The parameters with the value that most places have as default, the required ones first."""
    found: dict[str, Any] = {}
    for column in pattern.columns:
        value, count = Counter(column.values).most_common(1)[0]
        plain = isinstance(value, int | float | str) and value is not None
        found[column.name] = value if plain and 2 * count > len(column.values) else None
    return dict(sorted(found.items(), key=lambda pair: pair[1] is not None))


def _values(pattern: Pattern, window: Items, blocks: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What the pattern's names stand for in one window."""
    found: dict[str, Any] = {}
    _match(pattern.items, window, blocks, found, {column.name for column in pattern.columns})
    return found


def _match(
    pattern: Items, window: Items, blocks: Mapping[str, Mapping[str, Any]], found: dict[str, Any], names: set[str]
) -> None:
    for mine, theirs in zip(pattern, window, strict=True):
        for argument, value in mine.arguments:
            if isinstance(value, Expression) and value.name in names and value.factor == 1:
                given = theirs.given
                found.setdefault(
                    value.name, given[argument] if argument in given else default(theirs, argument, blocks)
                )
        for one, other in zip(mine.parts, theirs.parts, strict=True):
            _match(one, other, blocks, found, names)


_SHORT = {
    "batch_normalization": "norm", "layer_normalization": "norm", "group_normalization": "norm",
    "max_pooling2d": "pool", "average_pooling2d": "pool", "depthwise_conv2d": "depthwise",
    "separable_conv2d": "separable", "conv2d": "conv", "conv2d_transpose": "up_conv", "up_sampling2d": "up",
    "zero_padding2d": "pad",
}  # fmt: skip


def _name(items: Items, taken: set[str]) -> str:
    """A name that says what a block holds."""
    base = _words(items)
    name, number = base, 1
    while name in taken or name in LAYERS or name in ("residual", "branches", "repeat", "when", "share", "name"):
        number += 1
        name = f"{base}_{number}"
    return name


def _words(items: Items) -> str:
    everything = list(walk(items))
    layers = [item.entry for item in everything]
    deep = any(entry.startswith("depthwise") for entry in layers)
    if len(items) == 1 and items[0].entry in ("residual", "branches"):
        if items[0].entry == "residual":
            return "inverted_residual" if deep else "residual_block"
        merge = items[0].given.get("merge", "concatenate")
        names = {"multiply": "squeeze_excite", "concatenate": "mixed", "add": "sum"}
        return names.get(merge, "cell") if isinstance(merge, str) else "cell"
    if any(item.entry in ("repeat", "residual") for item in items):
        return "stage"
    kernels = [item.given["kernel_size"] for item in items if item.entry in ("conv1d", "conv2d", "conv3d")]
    if deep and len(kernels) == 2:
        return "inverted_bottleneck"
    if deep and len(kernels) == 1:
        return "depthwise_separable"
    if len(kernels) == 3 and kernels[0] == 1 != kernels[1]:
        return "bottleneck"
    if len(kernels) == 2 and len(items) < 7:
        return "double_conv"
    words = []
    for item in items:
        activation = item.given.get("activation")
        word = activation if item.entry == "activation" and isinstance(activation, str) else item.entry
        words.append(_words((item,)) if item.parts else _SHORT.get(word, word))
    unique = list(dict.fromkeys(words))
    return "_".join(unique) if len(unique) <= 4 else "layers_" + "_".join(unique[:2])
