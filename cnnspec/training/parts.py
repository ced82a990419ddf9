"""A split as training takes it: images, labels, weights, and what augmentation does to them. Imports Keras."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from cnnspec.data.columns import Array, Column, in_memory
from cnnspec.training.augmenting import Follower
from cnnspec.training.component import Form


@dataclass(frozen=True, slots=True)
class Part:
    """Images by input, and what each output shall tell of them. Those of the inputs in `raw` are not preprocessed yet:
    they are read batch by batch.

    `weights` is how much each image counts, `class_weights` how much each class does, by output. `follows` names the
    outputs whose labels are augmented, with their inputs; `forms` is that of all labels, and `empty` the class of
    pixels that augmentation leaves empty, where it is not 0; `ranges` is that of the pixels of each input, before
    preprocessing.
    """

    x: Mapping[str, Column]
    y: Mapping[str, Column]
    raw: frozenset[str] = frozenset()
    weights: Array | None = None
    follows: Mapping[str, str] = field(default_factory=dict)
    forms: Mapping[str, Form] = field(default_factory=dict)
    empty: Mapping[str, int] = field(default_factory=dict)
    class_weights: Mapping[str, Array] = field(default_factory=dict)
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(next(iter(self.x.values())))

    @property
    def in_memory(self) -> bool:
        """Whether all of it is."""
        return all(map(in_memory, (*self.x.values(), *self.y.values())))

    @property
    def inputs(self) -> Any:
        """`x` as Keras takes it: a column for a single input, else a mapping. Labels that are augmented, and with them
        what images weigh, come with it in a tuple."""
        return self._entering(self.x, self.y, self.weights)

    @property
    def targets(self) -> Any:
        """`y` as Keras takes it."""
        return alone(self.y)

    def batch(self, indices: Array) -> tuple[Any, ...]:
        """Items as Keras takes them: images and labels (an array for a single input or output, else a mapping), and
        what they weigh, where that is given."""
        x, y = ({name: column[indices] for name, column in part.items()} for part in (self.x, self.y))
        weights = None if self.weights is None else self.weights[indices]
        gathered = self._entering(x, y, weights), alone(y)
        return gathered if weights is None else (*gathered, weights)

    def _entering(self, x: Mapping[str, Any], y: Mapping[str, Any], weights: Any) -> Any:
        if not self.follows:
            return alone(x)
        return (alone(x), dict(y)) if weights is None else (alone(x), dict(y), weights)

    def plain(self) -> Part:
        """The same to judge by: neither augmented nor weighed."""
        return replace(self, weights=None, follows={}, class_weights={})

    @property
    def mixes_weights(self) -> bool:
        """Whether what images weigh goes through augmentation with their labels."""
        return bool(self.follows) and self.weights is not None

    def followers(self, name: str) -> dict[str, Follower]:
        """The labels that are augmented with the images of an input, by output."""
        outputs = [output for output, entering in self.follows.items() if entering == name]
        shapes = {output: (self.y[output].shape[1:], self.y[output].dtype.name) for output in outputs}
        return {output: Follower(*shapes[output], self.forms[output], self.empty.get(output, 0)) for output in outputs}


def alone(named: Mapping[str, Any]) -> Any:
    """The value of a mapping that has one; else the mapping."""
    return next(iter(named.values())) if len(named) == 1 else dict(named)
