"""What the labels of an output mean: the kinds of target. Pure."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

Kind: TypeAlias = Literal["classes", "one_hot", "tags", "values", "class_maps", "one_hot_maps", "value_maps", "boxes"]
"""Kinds of target.

- `classes`: one class per image, as a class number from 0.
- `one_hot`: one class per image, as a row with a 1 for the class (or shares of classes that sum to 1).
- `tags`: any number of classes per image (or per pixel), as a row with a 1 for each that holds.
- `values`: one number per image, or a row of numbers.
- `class_maps`: the class number of every pixel (a mask).
- `one_hot_maps`: the class of every pixel, as a row with a 1 for the class.
- `value_maps`: an image to learn: one number or several per pixel.
- `boxes`: four numbers per image that are a box.
"""

KINDS: tuple[Kind, ...] = get_args(Kind)

ONE_CLASS: frozenset[Kind] = frozenset({"classes", "one_hot", "class_maps", "one_hot_maps"})
"""One class per image or pixel."""

MAPS: frozenset[Kind] = frozenset({"class_maps", "one_hot_maps", "value_maps"})
"""Labels that have the axes of an image."""

NUMBERS: frozenset[Kind] = frozenset({"values", "value_maps", "boxes"})
"""Numbers to learn, which are of no class."""
