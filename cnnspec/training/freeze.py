"""`freeze`: layers that keep their weights. A graph goes in, a graph comes out; no framework is imported."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase, translate
from itertools import islice

from cnnspec.graph.graph import Graph, Node
from cnnspec.language.entries import Path, Problem
from cnnspec.language.suggest import nearest

_NAMES = 500
"""How many names a pattern that matches nothing is compared with."""


def frozen(graph: Graph, patterns: Sequence[str]) -> Graph:
    """The graph with the layers that `patterns` name no longer trainable, and what shares their weights.

    A pattern is matched with a node's name and with the names of the blocks and structures around it, so that
    `stage1` is everything in the block of that name, `stage*` everything in all of them and `*` everything. One with
    `!` before it takes out what it matches.
    """
    fixed = _fixed(graph, patterns)
    if not fixed:
        return graph
    nodes = tuple(_keeping(node) if (node.shares or node.name) in fixed else node for node in graph.nodes)
    return replace(graph, nodes=nodes, _by_name={})


def freeze_problems(graph: Graph, patterns: Sequence[str]) -> Iterator[Problem]:
    """Patterns that freeze nothing, and patterns that leave nothing to train. Paths start with `training`."""
    sound, parts = True, _parts(graph)
    for index, pattern in enumerate(patterns):
        problem = _useless(graph, parts, pattern, ("training", "freeze", index))
        if problem:
            sound = False
            yield problem
    if sound and patterns and not any(node.trainable for node in frozen(graph, patterns).nodes):
        help = 'leave a layer out, as in `freeze: ["*", "!head"]`'
        yield Problem(
            "freeze-all", "every layer is frozen: nothing is left to train", ("training", "freeze"), True, help
        )
    elif sound and patterns and not _fixed(graph, patterns):
        help = 'say first what is frozen, as in `freeze: ["*", "!head"]`'
        yield Problem("freeze-nothing", "these patterns freeze no layer", ("training", "freeze"), True, help)


def matches(name: str, patterns: Sequence[str]) -> bool:
    """Whether a layer of this name is among those that `patterns` name."""
    around = list(_around(name))
    wanted = any(_match(around, pattern) for pattern in patterns if not pattern.startswith("!"))
    return wanted and not any(_match(around, pattern[1:]) for pattern in patterns if pattern.startswith("!"))


def _fixed(graph: Graph, patterns: Sequence[str]) -> set[str]:
    """The names of the nodes whose own weights are kept: one that is named itself, or by what shares it."""
    parts = _parts(graph)
    wanted = {name for pattern in patterns if not pattern.startswith("!") for name in _found(parts, pattern)}
    wanted -= {name for pattern in patterns if pattern.startswith("!") for name in _found(parts, pattern[1:])}
    named = {graph[name].shares or name for name in wanted}
    return {name for name in named if graph[name].weights}


def _parts(graph: Graph) -> dict[str, list[str]]:
    """The names of nodes by what a pattern may match: themselves, and the blocks and structures around them."""
    parts: dict[str, list[str]] = {}
    for node in graph.nodes:
        for part in _around(node.name):
            parts.setdefault(part, []).append(node.name)
    return parts


def _found(parts: Mapping[str, Sequence[str]], pattern: str) -> list[str]:
    """The names of the nodes that a pattern matches, in the order of the graph."""
    if not set(pattern) & set("*?["):
        return list(parts.get(pattern, ()))
    match = re.compile(translate(pattern)).match
    return list(dict.fromkeys(name for part, names in parts.items() if match(part) for name in names))


def _keeping(node: Node) -> Node:
    return replace(node, layer=node.layer.model_copy(update={"trainable": False}))


def _around(name: str) -> Iterator[str]:
    """`a.b.c` → `a`, `a.b`, `a.b.c`."""
    for at, letter in enumerate(name):
        if letter == ".":
            yield name[:at]
    yield name


def _match(names: Sequence[str], pattern: str) -> bool:
    return any(fnmatchcase(name, pattern) for name in names)


def _useless(graph: Graph, parts: Mapping[str, Sequence[str]], pattern: str, place: Path) -> Problem | None:
    wanted = pattern.removeprefix("!")
    found = _found(parts, wanted)
    if not found:
        guess = nearest(wanted, islice(parts, _NAMES))
        help = f"did you mean `{guess}`?" if guess else "`cnnspec summary` shows the layers by name"
        mended = pattern.replace(wanted, guess) if guess else None
        return Problem("freeze-unknown", f"no layer is called `{wanted}`", place, help=help, replacement=mended)
    if pattern != wanted or any(graph[graph[name].shares or name].weights for name in found):
        return None
    return Problem("freeze-nothing", f"`{wanted}` has no weights to freeze", place, help="leave it out")
