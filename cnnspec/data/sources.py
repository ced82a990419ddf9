"""Data sources: what each one is called, what it takes, and what is known of it before it is loaded.

Loading lives in modules that import numpy; they are imported when a source is loaded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

from pydantic import BeforeValidator, Field, model_validator

from cnnspec.data.errors import DataError
from cnnspec.language.entries import Entry, Vocabulary, refuse, shown
from cnnspec.language.forms import Form, Schema
from cnnspec.language.types import choice
from cnnspec.layers.base import Shape

if TYPE_CHECKING:
    from cnnspec.data.arrays import Dataset

SOURCES = Vocabulary("data source")

Text = Annotated[str, Field(min_length=1)]


def _names(value: Any) -> Any:
    """The name of an array, or a mapping of inputs or outputs to such names."""
    if isinstance(value, str) and value:
        return value
    if not isinstance(value, Mapping) or not value:
        help = "write the name of an array, or `{input: array, …}`"
        raise refuse("wrong-type", f"names of arrays are wanted here, not {shown(value)}", help)
    for key, name in value.items():
        if not isinstance(name, str) or not name:
            raise refuse("wrong-type", f"`{key}` takes the name of an array, not {shown(name)}", at=key)
    return dict(value)


_ARRAY: Schema = {"type": "string", "minLength": 1}

Arrays = Annotated[
    Any,
    BeforeValidator(_names),
    Form(
        lambda rank: {"anyOf": [_ARRAY, {"type": "object", "additionalProperties": _ARRAY, "minProperties": 1}]},
        "the name of an array, or such names by input or output",
    ),
]


class Source(Entry):
    """The base of data sources. `image_shape` and `classes` are None where only the files can tell."""

    vocabulary: ClassVar[Vocabulary] = SOURCES
    abstract: ClassVar[bool] = True

    @property
    def image_shape(self) -> Shape | None:
        """The shape of an image as it is loaded: height, width, channels."""
        return None

    @property
    def classes(self) -> int | None:
        """How many classes the labels tell apart."""
        return None

    def files(self) -> Iterator[tuple[str, str]]:
        """The files that the spec names: argument and path, as written."""
        yield from ()

    def images_named(self) -> tuple[str, ...] | None:
        """The inputs that images are given for by name; None where there is one set of images."""
        return None

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
            if not (directory / path).exists():
                raise DataError(f"{directory / path} is not there", "paths are relative to the folder of the spec")

    def load(self, directory: Path) -> Dataset:
        """The images and labels; paths are relative to `directory`. Raises `DataError`."""
        raise NotImplementedError


class Digits(Source):
    """1,797 handwritten digits of 8×8×1 with values from 0 to 16; part of scikit-learn, needs no network.

    A fifth of each digit, always the same images, is the test split.
    Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI, 1998.
    """

    image_shape: ClassVar[Shape] = (8, 8, 1)
    classes: ClassVar[int] = 10

    def load(self, directory: Path) -> Dataset:
        from cnnspec.data.named import digits

        return digits()


class _Named(Source):
    def look(self, directory: Path) -> None:
        from cnnspec.data.named import root

        root()

    def load(self, directory: Path) -> Dataset:
        from cnnspec.data.named import named

        return named(self.entry, self.classes)


class Mnist(_Named):
    """70,000 handwritten digits of 28×28×1, values 0 to 255; 10,000 are for testing (Y. LeCun et al., 1998).

    Looked for as `mnist.npz` (or `mnist/*.gz`) under `$CNNSPEC_DATA`, then downloaded.
    """

    image_shape: ClassVar[Shape] = (28, 28, 1)
    classes: ClassVar[int] = 10


class FashionMnist(Mnist):
    """70,000 pieces of clothing of 28×28×1, values 0 to 255; 10,000 are for testing (H. Xiao et al., 2017).

    Looked for as `fashion-mnist/*.gz` (or `fashion_mnist.npz`) under `$CNNSPEC_DATA`, then downloaded.
    """


class Cifar10(_Named):
    """60,000 colour photographs of 32×32×3 in 10 classes, values 0 to 255; 10,000 are for testing.

    Looked for as `cifar-10-batches-py/`, `cifar-10-python.tar.gz` or `cifar10.npz` under `$CNNSPEC_DATA`, then
    downloaded. Source: A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009.
    """

    image_shape: ClassVar[Shape] = (32, 32, 3)
    classes: ClassVar[int] = 10


class Cifar100(_Named):
    """60,000 colour photographs of 32×32×3 in 100 classes (`fine`) or 20 groups of them (`coarse`).

    Looked for as `cifar-100-python/`, `cifar-100-python.tar.gz` or `cifar100.npz` under `$CNNSPEC_DATA`, then
    downloaded. Source: A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009.
    """

    first: ClassVar[str] = "label_mode"
    image_shape: ClassVar[Shape] = (32, 32, 3)

    label_mode: choice("fine", "coarse") = "fine"  # type: ignore[valid-type]

    @property
    def classes(self) -> int:
        return 100 if self.label_mode == "fine" else 20


class Npz(Source):
    """Arrays in a NumPy archive: images N×H×W×C (or N×H×W: one channel), labels N class numbers.

    Labels that are fractions, negative floats, or several values an image are taken as they are (for regression).
    The test arrays may be missing. A network of several inputs or outputs has arrays by the names of these.

    Example:
        data:
          source: {npz: {path: cells.npz, x_train: images, y_train: labels}}

    Example:
        data:
          source: {npz: {path: pairs.npz, x_train: {left: images_a, right: images_b}, y_train: {same: labels}}}
    """

    first: ClassVar[str] = "path"
    path: Text
    x_train: Arrays = "x_train"
    y_train: Arrays = "y_train"
    x_test: Arrays = "x_test"
    y_test: Arrays = "y_test"

    @model_validator(mode="after")
    def _tests_alike(self) -> Self:
        for train, test in (("x_train", "x_test"), ("y_train", "y_test")):
            given, tested = (_keys(getattr(self, name)) for name in (train, test))
            if test in self.model_fields_set and given != tested:
                help = f"name the same ones in both, or leave `{test}` out"
                raise refuse("npz-names", f"`{test}` names other arrays than `{train}`", help, at=test)
            if test not in self.model_fields_set and given and self.model_fields_set & {"x_test", "y_test"}:
                raise refuse("npz-names", f"there are test arrays, but no `{test}`", f"add `{test}: {{…}}`")
        return self

    def files(self) -> Iterator[tuple[str, str]]:
        yield "path", self.path

    def images_named(self) -> tuple[str, ...] | None:
        return _keys(self.x_train)

    def labels_named(self) -> tuple[str, ...] | None:
        return _keys(self.y_train)

    def load(self, directory: Path) -> Dataset:
        from cnnspec.data.files import read_npz

        tested = _keys(self.x_train) == _keys(self.x_test) and _keys(self.y_train) == _keys(self.y_test)
        test = (self.x_test, self.y_test) if tested else None
        return read_npz(directory / self.path, (self.x_train, self.y_train), test)


def _keys(names: Any) -> tuple[str, ...] | None:
    return tuple(sorted(names)) if isinstance(names, Mapping) else None


class Idx(Source):
    """MNIST's own file format, packed (.gz) or not: a folder with the four usual files, or each file by name.

    The usual names are `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, and the same with `t10k`.

    Example:
        data:
          source: {idx: {images: letters-images.gz, labels: letters-labels.gz}}
    """

    first: ClassVar[str] = "path"
    path: Text | None = None
    images: Text | None = None
    labels: Text | None = None
    test_images: Text | None = None
    test_labels: Text | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.path is None and self.images is None:
            raise refuse(
                "missing-argument",
                "`idx` needs `path` (a folder), or `images` and `labels`",
                "write `idx: {path: folder}` or `idx: {images: …, labels: …}`",
            )
        if self.path is not None and any((self.images, self.labels, self.test_images, self.test_labels)):
            raise refuse("idx-files", "`idx` takes a folder (`path`) or files by name, not both", "leave out `path`")
        for images, labels in (("images", "labels"), ("test_images", "test_labels")):
            if (getattr(self, images) is None) != (getattr(self, labels) is None):
                raise refuse("idx-files", f"`{images}` and `{labels}` belong together", "give both, or neither")
        return self

    def files(self) -> Iterator[tuple[str, str]]:
        for argument in ("path", "images", "labels", "test_images", "test_labels"):
            value = getattr(self, argument)
            if value is not None:
                yield argument, value

    def load(self, directory: Path) -> Dataset:
        from cnnspec.data.files import idx_folder, read_idx

        if self.path is not None:
            return idx_folder(directory / self.path)
        assert self.images
        assert self.labels
        test = None
        if self.test_images and self.test_labels:
            test = directory / self.test_images, directory / self.test_labels
        return read_idx((directory / self.images, directory / self.labels), test)
