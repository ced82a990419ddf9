"""Blocks that call themselves, directly or through others."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from cnnspec.language.diagnostics import Diagnostic, Diagnostics, Related
from cnnspec.language.spans import Span
from cnnspec.language.syntax import Block, Call, Items

_SHOWN = 20
"""How many calls of a cycle are shown."""


def refuse_cycles(
    blocks: dict[str, Block], calls_in: Callable[[Items], Iterator[Call]], diagnostics: Diagnostics
) -> dict[str, Block]:
    """Report each cycle of blocks once, and mark its members so that nobody expands them."""
    edges = {name: {call.block: call.head.span for call in calls_in(block.layers)} for name, block in blocks.items()}
    looping: set[str] = set()
    suspects = _on_ways(edges)
    for start in (name for name in blocks if name in suspects):
        cycle = _cycle_from(start, edges) if start not in looping else None
        if cycle:
            looping.update(cycle)
            names = [f"`{name}`" for name in [*cycle, cycle[0]]]
            way = " → ".join(names if len(names) < 12 else [*names[:6], "…", *names[-4:]])
            steps = zip(cycle, [*cycle[1:], cycle[0]], strict=True)
            spans = [(below, edges[above][below]) for above, below in steps]
            related = tuple(Related(f"`{below}` is called here", span) for below, span in spans[1:_SHOWN])
            diagnostics.add(
                Diagnostic("block-cycle", f"a block cannot call itself: {way}", spans[0][1], related=related)
            )
    return {name: block._replace(recursive=name in looping) for name, block in blocks.items()}


def _cycle_from(start: str, edges: dict[str, dict[str, Span]]) -> list[str] | None:
    """The shortest way from a block back to itself."""
    above: dict[str, str] = {}
    reached = [start]
    for name in reached:
        for below in edges.get(name, {}):
            if below == start:
                way = [name]
                while way[-1] != start:
                    way.append(above[way[-1]])
                return way[::-1]
            if below in edges and below not in above:
                above[below] = name
                reached.append(below)
    return None


def _on_ways(edges: dict[str, dict[str, Span]]) -> set[str]:
    """The blocks on cycles, and on ways from one cycle to another: all but those that call nothing of these."""
    left = set(edges)
    callers: dict[str, list[str]] = {name: [] for name in edges}
    for name, calls in edges.items():
        for below in calls:
            callers.setdefault(below, []).append(name)
    for towards in (callers, {name: list(calls) for name, calls in edges.items()}):
        away = edges if towards is callers else callers
        count = {name: sum(other in left for other in away[name]) for name in left}
        done = [name for name in left if count[name] == 0]
        for name in done:
            left.discard(name)
            for other in towards.get(name, ()):
                if other in left:
                    count[other] -= 1
                    if count[other] == 0:
                        done.append(other)
    return left
