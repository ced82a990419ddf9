"""Pictures that are drawn rather than read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field

from cnnspec.data.sources import Given, Labels, Source
from cnnspec.language import limits
from cnnspec.language.entries import refuse
from cnnspec.language.forms import Form, one_or
from cnnspec.language.problems import Expects
from cnnspec.language.types import Count, Natural, OneOf, choice, spread
from cnnspec.layers.base import Shape

if TYPE_CHECKING:
    from cnnspec.data.splits import Dataset

KINDS = ("circle", "square", "triangle", "cross", "star")

_SIDE: dict[str, Any] = {"type": "integer", "minimum": 16, "maximum": limits.PIXELS}
_Side = Annotated[int, Field(ge=16, le=limits.PIXELS)]
_one_of = OneOf(KINDS)


def _kinds(value: Any) -> Any:
    """A list of different kinds."""
    if not isinstance(value, list | tuple):
        return value
    for index, kind in enumerate(value):
        _one_of(kind)
        if kind in value[:index]:
            raise refuse("bad-choice", f"`{kind}` stands twice in `kinds`", "name each kind once")
    return tuple(value)


class Shapes(Source):
    """Circles, squares, triangles, crosses and stars of any colour, size, place and turn on a noisy background.

    Drawn from `seed`, with values from 0 to 255: the same pictures on every machine, whatever their number, and no
    file is needed. `count` are for training, `test_count` others for testing. What there is to learn is the `task`:

    - `classification`: the class of the one shape in the picture, a number by the order of `kinds`.
    - `segmentation`: the class of every pixel of a picture with one to four shapes. 0 is the background, then come the
      `kinds` from 1. The masks are exact: a pixel belongs to a shape when its centre does.
    - `boxes`: for an output `class` the class of the one shape, and for an output `box` its left, top, right and
      bottom edge as shares of the width and height (0 to 1), four values.

    `image_size` is a number for both sides or `[height, width]`, from 16.

    Example:
        data:
          source: {shapes: {task: segmentation, count: 1000, image_size: 64}}
    """

    first: ClassVar[str] = "task"

    task: choice("classification", "segmentation", "boxes") = "classification"  # type: ignore[valid-type]
    count: Count = 2000
    test_count: Natural = 500
    image_size: Annotated[
        tuple[_Side, _Side],
        BeforeValidator(lambda value: spread(value, 2, "image_size", 16)),
        Expects("a whole number from 16, or a list of two"),
        Form(lambda rank: one_or(_SIDE, 2, 2), "a whole number from 16, or `[height, width]`"),
    ] = (64, 64)
    channels: Count = 3
    kinds: Annotated[
        tuple[str, ...],
        BeforeValidator(_kinds),
        Field(min_length=2),
        Expects("a list of two kinds of shapes or more"),
        Form(
            lambda rank: {"type": "array", "items": {"enum": list(KINDS)}, "minItems": 2, "uniqueItems": True},
            "a list of two kinds of shapes or more",
        ),
    ] = KINDS
    seed: Natural = 0

    @property
    def image_shape(self) -> Shape:
        return (*self.image_size, self.channels)

    @property
    def class_count(self) -> int:
        return len(self.kinds) + (1 if self.task == "segmentation" else 0)

    @property
    def class_names(self) -> tuple[str, ...]:
        return ("background", *self.kinds) if self.task == "segmentation" else self.kinds

    def labels_of(self, output: str, inputs: Mapping[str, Shape]) -> Labels | None:
        if self.task == "boxes":
            return {"class": Labels((), self.class_count, "classes"), "box": Labels((4,), None, "boxes")}.get(output)
        if self.task == "segmentation":
            return Labels(self.image_size, self.class_count, "class_maps")
        return Labels((), self.class_count, "classes")

    def labels_named(self) -> tuple[str, ...] | None:
        return ("class", "box") if self.task == "boxes" else None

    def brings(self, split: Given) -> bool:
        return split == "test" and self.test_count > 0

    def load(self, directory: Path, inputs: Mapping[str, Shape]) -> Dataset:
        from cnnspec.data.drawn import drawn

        return drawn(self.task, (self.count, self.test_count), self.image_size, self.channels, self.kinds, self.seed)
