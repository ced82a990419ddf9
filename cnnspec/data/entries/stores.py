"""Sources that are files of many images, read as they are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

from pydantic import BeforeValidator, model_validator

from cnnspec.data.entries.folders import EncodedImages, Side
from cnnspec.data.sources import Given, Source, Text
from cnnspec.language.entries import refuse, shown
from cnnspec.language.forms import Form, Schema, one_or
from cnnspec.language.problems import Expects
from cnnspec.layers.base import Shape

if TYPE_CHECKING:
    from cnnspec.data.splits import Dataset

_TEXT: Schema = {"type": "string", "minLength": 1}


def _paths(value: Any) -> Any:
    """The path of a file, or a mapping of inputs or outputs to such paths."""
    if isinstance(value, str) and value:
        return value
    if not isinstance(value, Mapping) or not value:
        help = "write the path of a .npy file, or `{input: path, …}`"
        raise refuse("wrong-type", f"paths of files are wanted here, not {shown(value)}", help)
    for key, path in value.items():
        if not isinstance(path, str) or not path:
            raise refuse("wrong-type", f"`{key}` takes the path of a file, not {shown(path)}", at=key)
    return dict(value)


def _paths_or_none(value: Any) -> Any:
    return None if value is None else _paths(value)


_PATHS: list[Schema] = [_TEXT, {"type": "object", "additionalProperties": _TEXT, "minProperties": 1}]
_PATHS_WORDS = "the path of a file, or such paths by input or output"

Paths = Annotated[Any, BeforeValidator(_paths), Form(lambda rank: {"anyOf": _PATHS}, _PATHS_WORDS)]
PathsOrNone = Annotated[
    Any, BeforeValidator(_paths_or_none), Form(lambda rank: {"anyOf": [*_PATHS, {"type": "null"}]}, _PATHS_WORDS)
]


class Npy(Source):
    """Arrays in files of their own, as `numpy.save` writes them: images N×H×W×C (or N×H×W: one channel) and labels.

    The files are mapped into memory, so that they may be larger than that: images (and masks N×H×W) are read as they
    are needed. Labels, `weights_train` and `groups_train` are as in `npz`; a network of several inputs or outputs has
    files by the names of these.

    Example:
        data:
          source: {npy: {x_train: scans.npy, y_train: findings.npy, x_test: more.npy, y_test: more_findings.npy}}

    Example:
        data:
          source: {npy: {x_train: {left: left.npy, right: right.npy}, y_train: {same: same.npy}}}
    """

    range_known: ClassVar[bool] = False
    class_names: ClassVar[tuple[str, ...]] = ()

    x_train: Paths
    y_train: Paths
    x_test: PathsOrNone = None
    y_test: PathsOrNone = None
    weights_train: Text | None = None
    groups_train: Text | None = None

    @model_validator(mode="after")
    def _tests_alike(self) -> Self:
        for train, test in (("x_train", "x_test"), ("y_train", "y_test")):
            tested = getattr(self, test)
            if tested is None and (self.x_test is not None or self.y_test is not None):
                raise refuse("npz-names", f"there are test arrays, but no `{test}`", f"add `{test}: …`")
            if tested is not None and _keys(getattr(self, train)) != _keys(tested):
                help = f"name the same ones in both, or leave `{test}` out"
                raise refuse("npz-names", f"`{test}` names other arrays than `{train}`", help, at=test)
        return self

    def files(self) -> Iterator[tuple[str, str]]:
        for argument in type(self).model_fields:
            given = getattr(self, argument)
            for path in given.values() if isinstance(given, Mapping) else (given,):
                if path is not None:
                    yield argument, path

    def placed(self, entry: Any, directory: Path) -> Any:
        def absolute(paths: Any) -> Any:
            if isinstance(paths, Mapping):
                return {name: absolute(path) for name, path in paths.items()}
            return None if paths is None else str((directory / paths).resolve())

        ((name, arguments),) = entry.items()
        return {name: {argument: absolute(paths) for argument, paths in arguments.items()}}

    def images_named(self, inputs: Mapping[str, Shape]) -> tuple[str, ...] | None:
        return _keys(self.x_train)

    def labels_named(self) -> tuple[str, ...] | None:
        return _keys(self.y_train)

    def brings(self, split: Given) -> bool:
        return split == "test" and self.x_test is not None

    def load(self, directory: Path, inputs: Mapping[str, Shape]) -> Dataset:
        from cnnspec.data.npy import read_npy

        def at(paths: Any) -> Any:
            if isinstance(paths, Mapping):
                return {name: directory / path for name, path in paths.items()}
            return None if paths is None else directory / paths

        test = None if self.x_test is None else (at(self.x_test), at(self.y_test))
        return read_npy((at(self.x_train), at(self.y_train)), test, at(self.weights_train), at(self.groups_train))


def _keys(paths: Any) -> tuple[str, ...] | None:
    return tuple(sorted(paths)) if isinstance(paths, Mapping) else None


def _patterns(value: Any) -> Any:
    """The path of a file, with `*` those of several, or a list of such paths."""
    if value is None:
        return None
    listed = (value,) if isinstance(value, str) else value
    if not isinstance(listed, tuple | list) or not listed:
        raise refuse("wrong-type", f"paths of files are wanted here, not {shown(value)}", "write `train-*.tfrecord`")
    for path in listed:
        if not isinstance(path, str) or not path:
            raise refuse("wrong-type", f"a path is wanted here, not {shown(path)}")
    return tuple(listed)


Patterns = Annotated[
    tuple[str, ...],
    BeforeValidator(_patterns),
    Form(lambda rank: one_or(_TEXT), "a path, in which `*` is any letters, or a list of paths"),
]

_SIDE: Schema = {"type": "integer", "minimum": 1}


class Tfrecord(EncodedImages):
    """Images and labels in TFRecord files; TensorFlow is not needed to read them.

    A record is a `tf.train.Example`. `path` names the files to train with: one, several by a `*`, or a list;
    `validation_path` and `test_path` those of the other splits. `image` is the feature that holds an encoded image
    (PNG, JPEG, …), `label` that of its class number, the name of its class, or values to learn. Images that are stored
    as plain values (bytes or numbers) have the `raw_shape` that is given for them. Every checksum and every image is
    checked before training, and images are read where they lie. `image_size`, `channels`, `resize` and `on_bad_file`
    are those of `image_folder`.

    Example:
        data:
          source: {tfrecord: {path: "train-*.tfrecord", image: image/encoded, label: image/class/label}}

    Example:
        data:
          source: {tfrecord: {path: digits.tfrecord, test_path: digits_test.tfrecord, raw_shape: [28, 28, 1]}}
    """

    first: ClassVar[str] = "path"
    path: Patterns
    validation_path: Patterns | None = None
    test_path: Patterns | None = None
    image: Text = "image"
    label: Text = "label"
    raw_shape: Annotated[
        tuple[Side, Side, Side] | None,
        Expects("`[height, width, channels]`"),
        Form(
            lambda rank: {"type": "array", "items": _SIDE, "minItems": 3, "maxItems": 3}, "`[height, width, channels]`"
        ),
    ] = None

    @model_validator(mode="after")
    def _raw_or_encoded(self) -> Self:
        given = sorted({"image_size", "channels", "resize", "on_bad_file"} & self.model_fields_set)
        if self.raw_shape is not None and given:
            message = f"`{given[0]}` is for encoded images, and `raw_shape` for those that are not"
            raise refuse("raw-images", message, "leave one of them out", at=given[0])
        return self

    @property
    def image_shape(self) -> Shape | None:
        return super().image_shape if self.raw_shape is None else self.raw_shape

    def shape_for(self, wanted: Shape) -> Shape | None:
        return super().shape_for(wanted) if self.raw_shape is None else self.raw_shape

    def files(self) -> Iterator[tuple[str, str]]:
        for argument in ("path", "validation_path", "test_path"):
            for path in getattr(self, argument) or ():
                if not set("*?[") & set(path):
                    yield argument, path

    def placed(self, entry: Any, directory: Path) -> Any:
        ((name, arguments),) = entry.items()
        given = dict(arguments) if isinstance(arguments, Mapping) else {self.first: arguments}
        for argument in ("path", "validation_path", "test_path"):
            paths = getattr(self, argument)
            if paths is not None:
                given[argument] = [str(directory.resolve() / path) for path in paths]
        return {name: given}

    def brings(self, split: Given) -> bool:
        return getattr(self, f"{split}_path") is not None

    def load(self, directory: Path, inputs: Mapping[str, Shape]) -> Dataset:
        from cnnspec.data.encoded import labelled
        from cnnspec.data.tfrecord import Wanted, matching, read_records

        wanted = Wanted(self.image, self.label, self.raw_shape)
        given = {"train": self.path, "validation": self.validation_path, "test": self.test_path}
        splits = {
            split: read_records(matching(paths, directory), wanted)
            for split, paths in given.items()
            if paths is not None
        }
        form = None if self.raw_shape is not None else self.form(inputs)
        return labelled(splits, form, None, self.entry, self.on_bad_file == "skip")


class _Splits(EncodedImages):
    """A data set that has its splits by name. `validation` and `test` are used where there are such."""

    image: Text | None = None
    label: Text | None = None
    train: Text = "train"
    validation: Text | None = "validation"
    test: Text | None = "test"

    def brings(self, split: Given) -> bool | None:
        if getattr(self, split) is None:
            return False
        return True if split in self.model_fields_set else None

    def _named(self) -> dict[str, str]:
        """What each split is called there."""
        named = {split: getattr(self, split) for split in ("train", "validation", "test")}
        return {split: name for split, name in named.items() if name is not None}

    def _needed(self) -> list[str]:
        """The splits that have to be there."""
        return [split for split in self._named() if split == "train" or split in self.model_fields_set]


class Tfds(_Splits):
    """A data set of TensorFlow Datasets, as that prepares it in a folder; neither is needed to read it.

    `name` is `name`, `name/config` or `name/config:1.0.0` (without a version, the latest). It is looked for in
    `data_dir`, else in `$TFDS_DATA_DIR` or `~/tensorflow_datasets`; where it is not there and `tensorflow_datasets` is
    installed, that prepares it. `image` and `label` are the features to learn from, by default the supervised ones.
    A label that is a sequence of class numbers is read as tags: any number of classes per image.
    `train`, `validation` and `test` name the splits; the last two are left out where there are none, or with `null`.
    `image_size`, `channels`, `resize` and `on_bad_file` are those of `image_folder`.

    Example:
        data:
          source: {tfds: {name: tf_flowers, image_size: 128}}

    Example:
        data:
          source: {tfds: {name: cats_vs_dogs, data_dir: prepared, image_size: [120, 160], test: null}}
    """

    first: ClassVar[str] = "name"
    name: Text
    data_dir: Text | None = None

    def files(self) -> Iterator[tuple[str, str]]:
        if self.data_dir is not None:
            yield "data_dir", self.data_dir

    def load(self, directory: Path, inputs: Mapping[str, Shape]) -> Dataset:
        from cnnspec.data.encoded import labelled
        from cnnspec.data.tfds import fetched, read_prepared

        folder = fetched(self.name, None if self.data_dir is None else directory / self.data_dir)
        splits, names, tags = read_prepared(folder, self._named(), self._needed(), self.image, self.label)
        return labelled(splits, self.form(inputs), names, self.name, self.on_bad_file == "skip", tags)


class Huggingface(_Splits):
    """A data set of Hugging Face's library `datasets` on this machine; the library is needed (`cnnspec[huggingface]`).

    `path` is a folder that `save_to_disk` wrote, or one with Parquet files, whose names (or folders) tell the split:
    `data/train-00000-of-00002.parquet`. `image` and `label` are the columns to learn from. Labels are class numbers,
    names of classes, values, or tags (lists of class numbers whose names are known, or of names). `train`,
    `validation` and `test` name the splits; the last two are left out where there are none, or with `null`.
    `image_size`, `channels`, `resize` and `on_bad_file` are those of `image_folder`.

    Example:
        data:
          source: {huggingface: {path: beans, label: labels, image_size: 128}}
    """

    first: ClassVar[str] = "path"
    path: Text
    image: Text = "image"
    label: Text = "label"

    def files(self) -> Iterator[tuple[str, str]]:
        yield "path", self.path

    def look(self, directory: Path) -> None:
        super().look(directory)
        from importlib.util import find_spec

        if find_spec("datasets") is None:
            from cnnspec.data.huggingface import library

            library()

    def load(self, directory: Path, inputs: Mapping[str, Shape]) -> Dataset:
        from cnnspec.data.encoded import labelled
        from cnnspec.data.huggingface import read_tables

        splits, names, tags = read_tables(directory / self.path, self._named(), self._needed(), self.image, self.label)
        return labelled(splits, self.form(inputs), names, self.path, self.on_bad_file == "skip", tags)
