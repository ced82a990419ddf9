"""Names of the spec as Python identifiers."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Callable

from cnnspec.language.entries import snake_case

RUNNING = "x"
APPLY = "apply_all"
"""The helper that applies a list of layers, one after the other."""
_TAKEN = {"math", "keras", "layers", "build_model", APPLY}


def identifier(name: str, instead: str = "x_in") -> str:
    """`name` as a Python identifier that hides nothing; `instead` stands for the running tensor's own name."""
    word = re.sub(r"\W", "_", name)
    if not word.isidentifier():
        word = "_" + word
    if word == RUNNING:
        return instead
    if keyword.iskeyword(word) or keyword.issoftkeyword(word) or hasattr(builtins, word) or word in _TAKEN:
        return word + "_"
    return word


def label_of(callee: str) -> str:
    """A variable's name for what a Keras call makes: `layers.ZeroPadding2D` → `zero_padding2d`."""
    return identifier(snake_case(callee.rpartition(".")[2]))


def fresh(wanted: str, taken: Callable[[str], bool]) -> str:
    """`wanted`, with a number behind it where it is taken."""
    name, number = wanted, 1
    while taken(name):
        number += 1
        name = f"{wanted}_{number}" if wanted[-1].isdigit() else f"{wanted}{number}"
    return name
