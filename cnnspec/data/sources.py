"""Data sources: what each one is called, what it takes, and what is known of it before it is loaded.

The classes stand in `data/entries/`. Loading lives in modules that import numpy; they are imported when a source is
loaded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, NamedTuple, TypeAlias

from pydantic import Field

from cnnspec.data.errors import DataError
from cnnspec.data.kinds import NUMBERS, Kind
from cnnspec.language.entries import Entry, Problem, Vocabulary
from cnnspec.language.paths import is_there
from cnnspec.layers.base import Shape

if TYPE_CHECKING:
    from cnnspec.data.splits import Dataset

SOURCES = Vocabulary(
    "data source",
    {
        "cnnspec.data.entries.named": "digits mnist fashion_mnist cifar10 cifar100",
        "cnnspec.data.entries.arrays": "npz idx",
        "cnnspec.data.entries.folders": "image_folder segmentation_folder",
        "cnnspec.data.entries.pairs": "image_pairs",
        "cnnspec.data.entries.drawn": "shapes",
        "cnnspec.data.entries.stores": "npy tfrecord tfds huggingface",
    },
)

Text = Annotated[str, Field(min_length=1)]


Given: TypeAlias = Literal["validation", "test"]
"""What a source may bring images for, beside training."""


class Labels(NamedTuple):
    """What is known of the labels of one output before they are loaded: the shape of an image's (none for a single
    class), how many classes they tell apart, and their kind; None where only the files tell."""

    shape: Shape
    classes: int | None = None
    kind: Kind | None = None

    @property
    def values(self) -> bool:
        """Whether they are numbers to learn, which are of no class."""
        return self.kind in NUMBERS


class Source(Entry):
    """The base of data sources. `image_shape`, `class_count` and `class_names` are None where only the
    files can tell."""

    vocabulary: ClassVar[Vocabulary] = SOURCES
    abstract: ClassVar[bool] = True
    white: ClassVar[float] = 255.0
    """The value of a white pixel in its images, where files of the same kind are read beside it."""
    range_known: ClassVar[bool] = True
    """Whether its pixels are 0 to `white`; else only the arrays tell."""

    @property
    def image_shape(self) -> Shape | None:
        """The shape of an image as it is loaded: height, width, channels."""
        return None

    def shape_for(self, wanted: Shape) -> Shape | None:
        """The same for an input of shape `wanted`, from which a source of files takes what the spec leaves open."""
        return self.image_shape

    def shape_of(self, name: str, inputs: Mapping[str, Shape]) -> Shape | None:
        """The shape of what the input `name` gets."""
        return self.shape_for(inputs[name])

    def misfits(self, inputs: Mapping[str, Shape]) -> Iterator[Problem]:
        """What a source lacks to serve a network with these `inputs`; paths start below the source's name."""
        yield from ()

    @property
    def class_count(self) -> int | None:
        """How many classes the labels tell apart."""
        return None

    @property
    def class_names(self) -> tuple[str, ...] | None:
        """The names of the classes by their numbers: none where they have numbers alone."""
        return None

    @property
    def label_range(self) -> tuple[float, float] | None:
        """Black and white in images that are to be learnt, where it says so."""
        return None

    def labels_of(self, output: str, inputs: Mapping[str, Shape]) -> Labels | None:
        """What is known of the labels for an output of a network with `inputs`; None where only the files tell."""
        return None if self.class_count is None else Labels((), self.class_count, "classes")

    def brings(self, split: Given) -> bool | None:
        """Whether it has images of its own to validate or to test with; None where only the files tell."""
        return None

    def files(self) -> Iterator[tuple[str, str]]:
        """The files that the spec names: argument and path, as written."""
        yield from ()

    given_as: ClassVar[str] = "the name of its array"
    """What is written behind the name of an input or output."""
    inputs_at: ClassVar[tuple[str, ...]] = ("x_train",)
    """Where images are given by the inputs that they are for: the argument, and the way below it."""

    def images_named(self, inputs: Mapping[str, Shape]) -> tuple[str, ...] | None:
        """The `inputs` that images are given for by name; None where there is one set of images."""
        return None

    outputs_at: ClassVar[tuple[str, ...]] = ("y_train",)
    """The same of labels, by their outputs."""

    def labels_named(self) -> tuple[str, ...] | None:
        """The outputs that labels are given for by name; None where there is one set of labels."""
        return None

    def placed(self, entry: Any, directory: Path) -> Any:
        """The plain entry of this source with its relative paths made absolute."""
        files = {argument: str((directory / path).resolve()) for argument, path in self.files()}
        if not files:
            return entry
        ((name, arguments),) = entry.items()
        if isinstance(arguments, dict):
            return {name: {**arguments, **files}}
        return {name: files[self.first]}

    def look(self, directory: Path) -> None:
        """A first look, before any framework starts. Raises `DataError` where a file that the spec names is missing."""
        for _, path in self.files():
            if not is_there(directory / path):
                raise DataError(f"{directory / path} is not there", "paths are relative to the folder of the spec")

    def load(self, directory: Path, inputs: Mapping[str, Shape]) -> Dataset:
        """The images and labels; paths are relative to `directory`. Raises `DataError`.

        `inputs` are the network's inputs with their shapes, from which a source of files takes what the spec leaves
        open: the size and the channels of its images.
        """
        raise NotImplementedError

    def load_for(self, directory: Path, inputs: Mapping[str, Shape], outputs: Mapping[str, Shape]) -> Dataset:
        """The same for a network that gives `outputs`, from which a source of images to learn takes their size."""
        return self.load(directory, inputs)

    def load_images(self, directory: Path, inputs: Mapping[str, Shape]) -> Dataset:
        """The images for a network that learns no labels: what `load` gives, with or without labels."""
        return self.load(directory, inputs)
