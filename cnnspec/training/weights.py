"""Weights from a file into a model: which layer gets which, and whether all of them fit. Imports Keras.

Layers are matched by the order among those of one class, for files name their layers as they like; where the names of
the network stand in the file, as in one that it wrote itself, they decide.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import IO, Any, NamedTuple

import keras

from cnnspec.language.entries import snake_case
from cnnspec.language.suggest import nearest
from cnnspec.layers.base import show
from cnnspec.training.errors import WeightsError
from cnnspec.training.freeze import matches
from cnnspec.training.weights_file import Held, opened
from cnnspec.training.weights_section import weights_file
from cnnspec.training.weights_twins import check_twins

_SHOWN = 8
_SAME = {"layer_scale": "einsum_dense"}
"""Classes of keras.applications, and the layers that they are here."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """How many layers were filled, the names of those that keep their own weights, and what of the file stays unused:
    its layers by name, with how many numbers each holds."""

    layers: int
    kept: tuple[str, ...]
    unused: tuple[tuple[str, int], ...] = ()

    def unused_text(self) -> str | None:
        """What of the file stays unused, in words; None where nothing does."""
        if not self.unused:
            return None
        listed = ", ".join(f"`{name}` ({numbers:,} numbers)" for name, numbers in self.unused[:_SHOWN])
        more = f", and {len(self.unused) - _SHOWN} more" if len(self.unused) > _SHOWN else ""
        return f"of the file stays unused: {listed}{more}"


class Own(NamedTuple):
    """A layer of the model that has weights. `parts` are the Keras layers that hold them, by prefix of key."""

    name: str
    kind: str
    parts: dict[str, Any]
    variables: dict[str, Any]

    def fill(self, held: Held) -> None:
        """Take the values of a layer in a file, whose shapes fit."""
        values = {key: held.value(other) for key, other in zip(self.variables, _keys(self, held) or (), strict=True)}
        for prefix, layer in self.parts.items():
            inside = {key.removeprefix(prefix): values[key] for key in values if key.rpartition("/")[0] == prefix[:-1]}
            if inside:
                layer.load_own_variables(inside)

    def split(self) -> Iterator[Own]:
        """The same, a layer for each part, as old files list them."""
        for prefix, part in self.parts.items():
            inside = {key: value for key, value in self.variables.items() if key.rpartition("/")[0] == prefix[:-1]}
            if inside:
                yield Own(self.name, self.kind, {"": part}, {key.removeprefix(prefix): inside[key] for key in inside})


class Misfit(NamedTuple):
    """What does not fit: the layer here and the one in the file (either may be missing), in words."""

    own: str
    held: str
    words: str


class Match(NamedTuple):
    """Which layers belong together, and what does not fit."""

    pairs: list[tuple[Own, Held]]
    misfits: list[Misfit]


def load_weights(model: Any, path: Path, skip: Sequence[str] = (), stream: IO[bytes] | None = None) -> Loaded:
    """Fill `model`, built from a spec, with the weights of a file of Keras, or the best ones of the run in a folder.

    `skip` names layers of the model or of the file (or patterns of names) that are left out. Nothing is changed
    unless everything fits. `stream` is that file where it is open already. Raises `WeightsError` with every layer that
    does not fit.
    """
    own, path = list(_own_layers(model)), path if stream is not None else weights_file(path)
    with opened(path, stream) as held:
        pairs, over = _fitting(path, own, held, skip)
        for layer, other in pairs:
            layer.fill(other)
    filled = {layer.name for layer, _ in pairs}
    return Loaded(len(pairs), tuple(layer.name for layer in own if layer.name not in filled), over)


def fits(model: Any, path: Path, stream: IO[bytes]) -> bool:
    """Whether the file holds weights for every layer of `model`, and no others."""
    own = list(_own_layers(model))
    try:
        with opened(path, stream) as held:
            pairs, over = _fitting(path, own, held)
            return not over and {layer.name for layer, _ in pairs} == {layer.name for layer in own}
    except WeightsError:
        return not own


def _fitting(
    path: Path, own: Sequence[Own], held: Sequence[Held], skip: Sequence[str] = ()
) -> tuple[list[tuple[Own, Held]], tuple[tuple[str, int], ...]]:
    """The layers that belong together, and what of the file stays unused. Raises `WeightsError`."""
    _check_patterns(skip, own, held)
    pairs, misfits = match(own, held, skip)
    if misfits or not pairs:
        raise WeightsError(*_told(path, own, misfits))
    check_twins(path, pairs)
    return pairs, _left_over(path, own, held, pairs, skip)


def _left_over(
    path: Path, own: Sequence[Own], held: Sequence[Held], pairs: Sequence[tuple[Own, Held]], skip: Sequence[str]
) -> tuple[tuple[str, int], ...]:
    """The layers of a file that no layer here takes, though `skip` does not name them.

    At the end of the file they are a head that is not wanted. Raises `WeightsError` where one stands between layers
    that are taken: then the networks are not the same, and what follows may be the weights of other layers.
    """
    taken = {id(other) for _, other in pairs}
    filled = {layer.name for layer, _ in pairs}
    places = [at for at, other in enumerate(held) if id(other) in taken]
    found: list[Held] = []
    for kind in dict.fromkeys(map(_class, held)):
        rest = [other for other in held if _class(other) == kind and id(other) not in taken]
        replaced = sum(1 for layer in own if layer.kind == kind and layer.name not in filled)
        found += rest[: len(rest) - replaced] if len(rest) > replaced else []
    found = [other for other in found if not matches(other.name, skip)]
    for other in found:
        at = next(index for index, each in enumerate(held) if each is other)
        before, after = [each for each in places if each < at], [each for each in places if each > at]
        if before and after:
            between = f"between `{held[before[-1]].name}` and `{held[after[0]].name}`"
            raise WeightsError(
                f"{path} does not fit the network\n  `{other.name}` of the file stands {between}, and no layer here "
                "takes it",
                f"the file is of another network; if that layer is not wanted, write `skip: [{other.name}]`",
            )
    return tuple((other.name, sum(prod(shape) for shape in other.shapes.values())) for other in found)


def match(own: Sequence[Own], held: Sequence[Held], skip: Sequence[str] = ()) -> Match:
    """The layers that belong together, by name or by order, whichever fits."""
    held = arranged(own, held)
    by_order = _by_order(own, held, skip)
    by_name = _by_name(own, held, skip)
    if by_name is None:
        return by_order
    named = {layer.name: other for layer, other in by_name.pairs if not _is_automatic(layer)}
    placed = {layer.name: other for layer, other in by_order.pairs}
    telling = any(placed.get(name) is not other for name, other in named.items())
    first, second = (by_name, by_order) if telling else (by_order, by_name)
    return second if first.misfits and not second.misfits else first


def arranged(own: Sequence[Own], held: Sequence[Held]) -> Sequence[Held]:
    """The layers of a file with those of models within the model at their places, which only the shapes tell.

    Where the layers of such a model would stand in a row here, with the same shapes, they may be meant; what follows
    must fit, too. Where nothing fits to the end, the way that fits furthest is taken.
    """
    if not any(other.within for other in held):
        return held
    outer: dict[str, list[Held]] = {}
    inner: dict[int, list[Held]] = {}
    for other in held:
        if other.within:
            inner.setdefault(other.within, []).append(other)
        else:
            outer.setdefault(_class(other), []).append(other)
    best: list[Held] = []
    models = list(inner.values())
    ways: list[tuple[tuple[Held, ...], int]] = [((), 0)]
    seen: set[tuple[int, int]] = set()
    while ways:
        way, used = ways.pop()
        if (len(way), used) in seen:
            continue
        seen.add((len(way), used))
        best = max(best, list(way), key=len)
        if len(way) == len(own):
            break
        if used < len(models) and _fit_together(own[len(way) :][: len(models[used])], models[used]):
            ways.append(((*way, *_in_order(own[len(way) :], models[used])), used + 1))
        kind = own[len(way)].kind
        before = sum(1 for other in way if not other.within and _class(other) == kind)
        following = outer.get(kind, [])[before : before + 1]
        if following and not _difference(own[len(way)], following[0]):
            ways.append(((*way, following[0]), used))
    taken = set(map(id, best))
    return [*best, *(other for other in held if id(other) not in taken)]


def _fit_together(own: Sequence[Own], model: Sequence[Held]) -> bool:
    if sorted(layer.kind for layer in own) != sorted(map(_class, model)):
        return False
    return not any(map(_difference, own, _in_order(own, model)))


def _in_order(own: Sequence[Own], model: Sequence[Held]) -> list[Held]:
    """The layers of a model in the order of the classes here."""
    left = {kind: [other for other in model if _class(other) == kind] for kind in set(map(_class, model))}
    return [left[layer.kind].pop(0) for layer in own[: len(model)]]


def _class(held: Held) -> str:
    return _SAME.get(held.kind, held.kind)


def _own_layers(model: Any) -> Iterator[Own]:
    for layer in model.layers:
        parts = dict(_parts(layer, ""))
        variables: dict[str, Any] = {}
        for prefix, part in parts.items():
            store: dict[str, Any] = {}
            part.save_own_variables(store)
            variables |= {prefix + key: value for key, value in store.items()}
        if variables:
            yield Own(layer.name.replace(">", "."), snake_case(type(layer).__name__), parts, variables)


def _parts(layer: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    """A layer and the layers that it is made of, as files name them: by their attributes."""
    yield prefix, layer
    for name, value in vars(layer).items():
        if isinstance(value, keras.Layer):
            yield from _parts(value, f"{prefix}{name.lstrip('_')}/")


def _by_name(own: Sequence[Own], held: Sequence[Held], skip: Sequence[str]) -> Match | None:
    """Each layer with the one of its name; None where the names do not tell."""
    mine = [layer for layer in own if not matches(layer.name, skip)]
    theirs = {other.name.replace(">", "."): other for other in held if not matches(other.name, skip)}
    left = len(theirs) - len(mine)
    if not mine or any(layer.name not in theirs for layer in mine):
        return None
    if left > len(own) - len(mine) and any(map(_is_automatic, mine)):
        return None
    return _compared([(layer, theirs[layer.name]) for layer in mine])


def _by_order(own: Sequence[Own], held: Sequence[Held], skip: Sequence[str]) -> Match:
    """Each layer with the one at its place among those of its class; of all, where the file tells no classes."""
    told = all(other.kind for other in held)
    own = own if told else [part for layer in own for part in layer.split()]
    groups: dict[str, tuple[list[Own], list[Held]]] = {}
    for layer in own:
        groups.setdefault(layer.kind if told else "", ([], []))[0].append(layer)
    for other in held:
        groups.setdefault(_class(other) if told else "", ([], []))[1].append(other)
    found = Match([], [])
    for kind, (mine, theirs) in groups.items():
        pairs, misfits = _group(kind, mine, theirs, skip)
        found.pairs.extend(pairs)
        found.misfits.extend(misfits)
    return found


def _group(kind: str, own: list[Own], held: list[Held], skip: Sequence[str]) -> Match:
    if len(own) == len(held):
        pairs = zip(own, held, strict=True)
        return _compared([pair for pair in pairs if not any(matches(one.name, skip) for one in pair)])
    mine = [layer for layer in own if not matches(layer.name, skip)]
    theirs = [other for other in held if not matches(other.name, skip)]
    if len(mine) < len(own):
        theirs = theirs[: len(mine)] if len(theirs) > len(mine) else theirs  # what is new here stands at the end
    result = _compared(list(zip(mine, theirs, strict=False)))
    what = f"`{kind}`" if kind else "in all"
    if len(mine) != len(theirs):
        counts = f"{what}: {len(own)} layer{'s' * (len(own) != 1)} with weights here, {len(held)} in the file"
        if result.misfits:
            return Match(result.pairs, [Misfit("", "", counts), *result.misfits])
        left = [Misfit(layer.name, "", f"`{layer.name}`: no `{layer.kind}` for it in the file") for layer in mine]
        over = [Misfit("", other.name, f"`{other.name}` of the file: no {what} for it here") for other in theirs]
        result.misfits.extend(left[len(theirs) :] or over[len(mine) :])
        if len(mine) and len(theirs):
            result.misfits.insert(0, Misfit("", "", counts))
    return result


def _compared(pairs: list[tuple[Own, Held]]) -> Match:
    return Match(
        pairs, [Misfit(own.name, held.name, words) for own, held in pairs if (words := _difference(own, held))]
    )


def _difference(own: Own, held: Held) -> str:
    """How the weights of two layers differ; nothing where their shapes are the same."""
    here = {key: tuple(variable.shape) for key, variable in own.variables.items()}
    there = held.shapes
    keys = _keys(own, held)
    if keys is None:
        mine, theirs = ", ".join(map(show, here.values())), ", ".join(map(show, there.values()))
        return f"`{own.name}`: weights {mine} here, {theirs} in the file (`{held.name}`)"
    wrong = [(key, other) for key, other in zip(here, keys, strict=True) if here[key] != there[other]]
    names = [f"{own.variables[key].name} {show(here[key])}" for key, _ in wrong]
    found = " and ".join(show(there[other]) for _, other in wrong)
    return f"`{own.name}`: {' and '.join(names)} here, {found} in the file (`{held.name}`)" if wrong else ""


def _keys(own: Own, held: Held) -> list[str] | None:
    """The key in the file of each variable here; None where there are others."""
    if held.kind and set(own.variables) == set(held.arrays):
        return list(own.variables)
    same = len(own.variables) == len(held.arrays)
    return list(held.arrays) if same and not held.kind else None


def _is_automatic(own: Own) -> bool:
    """Whether a name is only that of the class, with a number."""
    return bool(re.fullmatch(rf"{own.kind}(_\d+)?", own.name))


def _check_patterns(skip: Sequence[str], own: Sequence[Own], held: Sequence[Held]) -> None:
    names = [layer.name for layer in own] + [other.name for other in held]
    for pattern in skip:
        if not any(matches(name, [pattern.removeprefix("!")]) for name in names):
            guess = nearest(pattern, names[:500])
            help = f"did you mean `{guess}`?" if guess else "`cnnspec summary` shows the layers by name"
            raise WeightsError(f"`skip` names `{pattern}`, but no layer here or in the file is called so", help)


def _told(path: Path, own: Sequence[Own], misfits: Sequence[Misfit]) -> tuple[str, str]:
    """The message and the help for what does not fit."""
    if not misfits:
        return f"nothing is left to take from {path}", "skip fewer layers"
    lines = [f"  {misfit.words}" for misfit in misfits[:_SHOWN]]
    if len(misfits) > _SHOWN:
        lines.append(f"  … and {len(misfits) - _SHOWN} more")
    message = "\n".join([f"{path} does not fit the network", *lines])
    names = [misfit.own or misfit.held for misfit in misfits if misfit.own or misfit.held]
    last = [layer.name for layer in own[len(own) - len(names) :]]
    heads = {misfit.own for misfit in misfits if misfit.own} <= set(last) and len(names) < min(4, len(own))
    if heads and names:
        listed = ", ".join(dict.fromkeys(names))
        return message, f"to leave the last layers out, write `weights: {{path: {path}, skip: [{listed}]}}`"
    return message, "the file must come from this network; `cnnspec summary` shows its layers"
