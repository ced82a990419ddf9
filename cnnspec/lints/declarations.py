"""Lints of what a spec declares and never uses."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from cnnspec.language.expressions import is_expression
from cnnspec.language.nodes import MappingNode, Node, ScalarNode, SequenceNode
from cnnspec.language.suggest import nearest
from cnnspec.lints.network import Doubt, Network

_WORD = re.compile(r"[^\W\d]\w*")
_NAMES = 500
"""How many names an unused one is compared with."""


def unused_parameter(network: Network) -> Iterator[Doubt]:
    """A parameter that no expression names: of the spec, or of one of its blocks.

    Whoever sets it will wonder why nothing changes. What an extended or imported file declares is left alone.
    """
    document = network.spec.document
    declared = document.get("parameters")
    if isinstance(declared, MappingNode) and declared.pairs:
        used = words([value for _, value in document.pairs])
        yield from _unused(network, declared, used, "nothing uses the parameter")
    for name, block in _blocks(network):
        declared = block.get("parameters")
        if isinstance(declared, MappingNode) and declared.pairs:
            used = words([value for _, value in block.pairs])
            yield from _unused(network, declared, used, f"nothing in the block `{name.text}` uses its parameter")


def _unused(network: Network, declared: MappingNode, used: set[str], what: str) -> Iterator[Doubt]:
    for key, _ in declared.pairs:
        if key.text not in used and network.own(key.span):
            guess = nearest(key.text, [other.text for other, _ in declared.pairs[:_NAMES] if other is not key])
            help = f"did you mean `{guess}`?" if guess else f"write `${key.text}` where it is wanted, or take it out"
            yield Doubt(f"{what} `{key.text}`", key.span, help)


def unused_block(network: Network) -> Iterator[Doubt]:
    """A block that the spec declares and nothing calls.

    A file of blocks for others to import has no `layers:` of its own, or shows each block once.
    """
    declared = dict(_blocks(network))
    elsewhere = [value for key, value in network.spec.document.pairs if key.text != "blocks"]
    called = _texts(elsewhere) if declared else set()
    within = {name: _texts([block]) for name, block in declared.items()}
    mentions = Counter(text for texts in within.values() for text in texts)
    for name, own in within.items():
        mentioned = name.text in called or mentions[name.text] > (name.text in own)
        if network.own(name.span) and not mentioned:
            help = f"write `- {name.text}` where it is wanted, or take it out"
            yield Doubt(f"nothing calls the block `{name.text}`", name.span, help)


def _blocks(network: Network) -> Iterator[tuple[ScalarNode, MappingNode]]:
    blocks = network.spec.document.get("blocks")
    for name, block in blocks.pairs if isinstance(blocks, MappingNode) else ():
        if isinstance(block, MappingNode):
            yield name, block


def words(nodes: Iterable[Node]) -> set[str]:
    """Every word in the expressions below `nodes`."""
    found: set[str] = set()
    for scalar in _scalars(nodes):
        if is_expression(scalar.value):
            found.update(_WORD.findall(scalar.text))
    return found


def _texts(nodes: Iterable[Node]) -> set[str]:
    """Every text below `nodes`."""
    return {scalar.text for scalar in _scalars(nodes)}


def _scalars(nodes: Iterable[Node]) -> Iterator[ScalarNode]:
    """Every scalar below `nodes`, keys included."""
    pending = list(nodes)
    while pending:
        node = pending.pop()
        if isinstance(node, ScalarNode):
            yield node
        elif isinstance(node, SequenceNode):
            pending.extend(node.items)
        else:
            for key, value in node.pairs:
                pending += (key, value)
