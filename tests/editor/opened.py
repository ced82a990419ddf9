"""A spec as it is open in an editor; `|` is the cursor."""

from __future__ import annotations

from typing import NamedTuple

from cnnspec.editor.world import World, check

FILE = "/specs/net.yaml"
TOP = "input: [28, 28, 1]\nlayers:\n"


class Opened(NamedTuple):
    """The world, the spec's text without the cursor, and where that is."""

    world: World
    text: str
    offset: int


def opened(text: str, **others: str) -> Opened:
    """Open a spec, and others beside it by their names."""
    offset = text.find("|")
    text = text.replace("|", "", 1)
    world = World({FILE: text, **{f"/specs/{name}.yaml": other for name, other in others.items()}})
    for file in world.texts:
        checked = check(file, world.texts)
        if checked is not None:
            world.checked[file] = checked
    return Opened(world, text, offset)
