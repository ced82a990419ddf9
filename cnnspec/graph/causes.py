"""Why layers do not fit: where the sizes of their inputs come from, and what to write so that they fit.

This is looked for at the end, for what has been said already: each diagnostic gives way to one that says more.
"""

from __future__ import annotations

from dataclasses import replace

from cnnspec.graph import merges, misnamed, shrinking
from cnnspec.graph.cases import AT_THE_CALL, SHARED, Case, Cause, Network, merged, seen
from cnnspec.language.diagnostics import CALLED, Diagnostic, Related
from cnnspec.layers.base import show, volume


def explained(case: Case, network: Network) -> Diagnostic:
    """The diagnostic of a layer that does not fit, with its causes."""
    cause = _cause(case, network) if network.effort.left else None
    if cause is None:
        return case.found
    called = [related for related in case.found.related if related.message == CALLED]
    sources = [related for related in case.found.related if related.message != CALLED]
    taken = {case.found.span, *(place.span for place in cause.places)}
    kept = [related for related in sources if related.message == SHARED or not (cause.instead or related.span in taken)]
    places = [place for place in cause.places if place.span != case.found.span]
    help = cause.help or case.found.help
    if case.found.code == "shape-merge" and cause.fix is None and (name := misnamed.meant(case, network)):
        help = name if help is None or help == AT_THE_CALL["shape-merge"] else f"{name} Otherwise {help}"
    return replace(case.found, related=(*kept, *places, *called), help=help, fix=cause.fix)


def _cause(case: Case, network: Network) -> Cause | None:
    match case.found.code:
        case "shape-merge" | "shape-residual":
            return merges.cause(case, network)
        case "shape-window" | "shape-crop":
            return shrinking.cause(case, network)
        case "shape-rank":
            return _rank(case, network)
        case "shape-unknown":
            return _unknown(case, network)
        case "shape-groups" | "shape-channels":
            return _channels(case, network)
    return None


def _rank(case: Case, network: Network) -> Cause | None:
    """The layer that took axes away."""
    shape = case.end.input_shapes[0]
    node = network.by_name.get(case.end.inputs[0])
    while node is not None and len(node.input_shapes[0]) == len(shape):
        node = network.by_name.get(node.inputs[0])
    if node is None:
        return None
    before = node.input_shapes[0]
    help = case.found.help
    if case.end.layer.ranks == (len(before),):
        sizes = ", ".join(map(str, before))
        back = f"put `reshape: [{sizes}]` before it, or " if volume(before) == volume(shape) is not None else ""
        help = f"{back}move it above the `{node.layer.entry}`"
    if node.name == case.end.inputs[0]:
        return Cause(help=help)
    span, here = seen(node, case, network)
    return Cause((Related(f"{show(before)} became {show(node.shape)} {here}", span),), help, instead=True)


def _unknown(case: Case, network: Network) -> Cause | None:
    """The input that leaves a size open."""
    waiting, found = list(case.end.inputs), set()
    places = []
    while waiting:
        name = waiting.pop()
        source, node = network.sources.get(name), network.by_name.get(name)
        if source is not None and source.shape is not None and None in source.shape:
            places.append(Related(f"{show(source.shape)}: `null` leaves a size open", source.span))
        if node is not None and name not in found and None in node.shape:
            waiting += node.inputs
        found.add(name)
    return Cause(merged(places))


def _channels(case: Case, network: Network) -> Cause | None:
    """The layer that made the channels."""
    node = network.by_name.get(case.end.inputs[0])
    origin = merges.channels_of(node, network) if node is not None else None
    if origin is None or origin is node:
        return None
    span, here = seen(origin, case, network)
    return Cause((Related(f"{origin.shape[-1]} channels come from {here}", span),), instead=True)
