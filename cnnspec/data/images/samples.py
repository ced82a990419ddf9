"""What a source of files has found: images with what is known of each, before any is opened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cnnspec.data.columns import Array
from cnnspec.data.images.checking import Faults, Named
from cnnspec.data.images.meanings import Labels


@dataclass(frozen=True, slots=True)
class Sample(Named):
    """A file with what is known of its image. `label` is the name of its class, or how messages write its label."""

    label: str = ""
    split: str = "train"
    group: str | None = None
    weight: float | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """Samples; their labels by output, where there are any; faults and notes; facts of the images by input; and the
    numbers of samples whose files were not found."""

    samples: Sequence[Sample]
    labels: Mapping[str, Labels]
    faults: Faults
    notes: tuple[str, ...]
    inputs: Mapping[str, Array] = field(default_factory=dict)
    lost: frozenset[int] = frozenset()
