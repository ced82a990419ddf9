"""What a spec is for: one network, or (`task: gan`) a generator and a discriminator; and keys that go with neither."""

from __future__ import annotations

from cnnspec.language.diagnostics import Diagnostic, Diagnostics
from cnnspec.language.document import NETWORKS
from cnnspec.language.insertion import insertion
from cnnspec.language.nodes import MappingNode, plain

_ALONE = ("input", "inputs", "layers", "outputs")
"""The keys of a spec with one network."""


def has_two_networks(root: MappingNode) -> bool:
    """Whether a spec is one of two networks, or is meant to be."""
    task = root.get("task")
    written = any(root.key(name) for name in NETWORKS)
    return (task is not None and plain(task) == "gan") or (written and root.key("layers") is None)


def without_strays(root: MappingNode, diagnostics: Diagnostics) -> MappingNode:
    """The document less the keys that do not go with its task, each of which is told."""
    if not has_two_networks(root):
        message = "`{}` is a network of `task: gan`, and `layers` stands beside it"
        help = "take it out, or write `task: gan` with `generator:` and `discriminator:` for `layers`"
        return _told(root, NETWORKS, message, help, diagnostics)
    task = root.get("task")
    if task is None or plain(task) is None:
        key = next(key for key, _ in root.pairs if key.text in NETWORKS)
        message, help = f"`{key.text}` is a network of `task: gan`, which is not written", "add `task: gan`"
        fix = insertion(root, "task: gan") if task is None else None
        diagnostics.add(Diagnostic("task-keys", message, key.span, help=help, fix=fix))
    for name in NETWORKS:
        network = root.get(name)
        if isinstance(network, MappingNode):
            message = "a network of a GAN has one input and one output, not `{}`"
            help = "write `input`; its output is its last entry"
            told = _told(network, ("inputs", "outputs"), message, help, diagnostics)
            pairs = tuple((key, told if key.text == name else value) for key, value in root.pairs)
            root = MappingNode(pairs, root.span, root.size)
    message = "`{}` stands beside `task: gan`, where each network has its own"
    help = "move it below `generator:` or `discriminator:`, or take it out"
    return _told(root, _ALONE, message, help, diagnostics)


def _told(node: MappingNode, strays: tuple[str, ...], message: str, help: str, diagnostics: Diagnostics) -> MappingNode:
    found = [key for key, _ in node.pairs if key.text in strays]
    for key in found:
        diagnostics.add(Diagnostic("task-keys", message.format(key.text), key.span, help=help))
    return node.without(*(key.text for key in found)) if found else node
