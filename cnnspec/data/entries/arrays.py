"""Sources that are arrays in files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

from pydantic import BeforeValidator, model_validator

from cnnspec.data.sources import Given, Source, Text
from cnnspec.language.entries import refuse, shown
from cnnspec.language.forms import Form, Schema
from cnnspec.layers.base import Shape

if TYPE_CHECKING:
    from cnnspec.data.splits import Dataset


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


class Npz(Source):
    """Arrays in a NumPy archive: images N×H×W×C (or N×H×W: one channel), and labels.

    Labels are class numbers, one-hot rows, tags, masks, values or images to learn: what they mean follows from their
    numbers and the network, and `data.labels` says it where that is not clear. The test arrays may be missing. A
    network of several inputs or outputs has arrays by the names of these.
    `weights_train` names an array of what each training image counts (numbers from 0), `groups_train` one of what it
    belongs to (a patient, a film: numbers or texts), for `split_by: group`. Arrays that are
    called so are read without being named.

    Example:
        data:
          source: {npz: {path: cells.npz, x_train: images, y_train: labels, groups_train: patients}}

    Example:
        data:
          source: {npz: {path: pairs.npz, x_train: {left: images_a, right: images_b}, y_train: {same: labels}}}
    """

    first: ClassVar[str] = "path"
    range_known: ClassVar[bool] = False
    class_names: ClassVar[tuple[str, ...]] = ()

    path: Text
    x_train: Arrays = "x_train"
    y_train: Arrays = "y_train"
    x_test: Arrays = "x_test"
    y_test: Arrays = "y_test"
    weights_train: Text | None = None
    groups_train: Text | None = None

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

    def images_named(self, inputs: Mapping[str, Shape]) -> tuple[str, ...] | None:
        return _keys(self.x_train)

    def labels_named(self) -> tuple[str, ...] | None:
        return _keys(self.y_train)

    def brings(self, split: Given) -> bool | None:
        return None if split == "test" else False

    def load(self, directory: Path, inputs: Mapping[str, Shape]) -> Dataset:
        from cnnspec.data.files import read_npz

        tested = _keys(self.x_train) == _keys(self.x_test) and _keys(self.y_train) == _keys(self.y_test)
        test = (self.x_test, self.y_test) if tested else None
        beside = self.weights_train, self.groups_train
        return read_npz(directory / self.path, (self.x_train, self.y_train), test, beside=beside)


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
    range_known: ClassVar[bool] = False
    class_names: ClassVar[tuple[str, ...]] = ()

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

    def brings(self, split: Given) -> bool | None:
        if split == "test" and self.path is not None:
            return None
        return split == "test" and self.test_images is not None

    def load(self, directory: Path, inputs: Mapping[str, Shape]) -> Dataset:
        from cnnspec.data.files import idx_folder, read_idx

        if self.path is not None:
            return idx_folder(directory / self.path)
        assert self.images
        assert self.labels
        test = None
        if self.test_images and self.test_labels:
            test = directory / self.test_images, directory / self.test_labels
        return read_idx((directory / self.images, directory / self.labels), test)
