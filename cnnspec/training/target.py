"""The meaning of an output's labels, as a record: what `targets.decide` finds and a run keeps. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cnnspec.data.kinds import KINDS, NUMBERS, ONE_CLASS, Kind
from cnnspec.data.label_section import AUTO, Threshold
from cnnspec.data.sources import Labels
from cnnspec.layers.base import Shape, show

HALF = 0.5
"""The probability above which a tag is given, where the spec says nothing else."""


@dataclass(frozen=True, slots=True)
class Target:
    """The meaning of an output's labels.

    `shape` is that of an item's, class numbers without an axis for the classes; `classes` how many classes or tags
    there are (None for numbers to learn, and where only the files tell); `soft` says that a row may hold shares of
    several classes. `why` is what decided, `other` what to write if it is meant otherwise.
    """

    kind: Kind
    shape: Shape
    classes: int | None = None
    names: tuple[str, ...] = ()
    soft: bool = False
    threshold: Threshold = HALF
    why: str = ""
    other: str | None = None

    @property
    def numbers(self) -> bool:
        """Whether they are numbers to learn, which are of no class."""
        return self.kind in NUMBERS

    @property
    def one_class(self) -> bool:
        """Whether each image, or each pixel, is of one class."""
        return self.kind in ONE_CLASS

    @property
    def labels(self) -> Labels:
        """What is known of the labels, as sources say it."""
        return Labels(self.shape, self.classes, self.kind)

    def text(self) -> str:
        """The meaning in words: `10 classes, one per image`."""
        count = "classes" if self.classes is None else f"{self.classes:,} class{'es' * (self.classes != 1)}"
        match self.kind:
            case "classes":
                return f"{count}, one per image"
            case "one_hot":
                return f"{count}, {'shares of each' if self.soft else 'one'} per image (rows of {self.classes})"
            case "tags":
                tags = "tags" if self.classes is None else f"{self.classes:,} tag{'s' * (self.classes != 1)}"
                return f"{tags}, any number per {'pixel' if self.shape else 'image'}"
            case "values":
                if len(self.shape) > 1:
                    return f"values of {show(self.shape)} per image"
                values = self.shape[0] if self.shape else 1
                return "one value per image" if values == 1 else f"{values} values per image"
            case "class_maps":
                return f"{count}, one per pixel (masks of {show(self.shape)})"
            case "one_hot_maps":
                return f"{count}, {'shares of each' if self.soft else 'one'} per pixel (one-hot masks)"
            case "value_maps":
                return f"images of {show(self.shape)}" if any(self.shape) else "images"
            case "boxes":
                return "one box per image (4 values)"

    def to_json(self) -> dict[str, Any]:
        """The form in which a run keeps it."""
        return {
            "kind": self.kind, "shape": list(self.shape), "classes": self.classes, "names": list(self.names) or None,
            "soft": self.soft, "threshold": self.threshold if self.kind == "tags" else None, "why": self.why,
        }  # fmt: skip


def from_json(value: Any) -> Target | None:
    """What `to_json` wrote; None where it is something else."""
    if not isinstance(value, Mapping) or value.get("kind") not in KINDS:
        return None
    shape, classes, names = value.get("shape"), value.get("classes"), value.get("names") or ()
    sizes = isinstance(shape, list) and all(size is None or (_is_count(size)) for size in shape)
    if not sizes or not (classes is None or _is_count(classes)) or not isinstance(names, list | tuple):
        return None
    threshold: Any = value.get("threshold") if _is_threshold(value.get("threshold")) else HALF
    return Target(
        value["kind"], tuple(shape or ()), classes, tuple(map(str, names)), value.get("soft") is True,
        threshold, str(value.get("why") or ""),
    )  # fmt: skip


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_threshold(value: Any) -> bool:
    each = list(value.values()) if isinstance(value, Mapping) else [value]
    return value == AUTO or all(isinstance(one, float) and 0 < one < 1 for one in each)
