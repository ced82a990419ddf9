"""Sources that are folders of images."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from cnnspec.data.errors import DataError
from cnnspec.data.sources import Labels, Source, Text
from cnnspec.data.table_columns import NO_COLUMNS, Columns, ColumnsField, as_columns
from cnnspec.language import limits
from cnnspec.language.entries import Problem, refuse, shown
from cnnspec.language.forms import Form, Schema, one_or
from cnnspec.language.problems import Expects
from cnnspec.language.types import Count, choice, spread
from cnnspec.layers.base import Shape, show

if TYPE_CHECKING:
    from cnnspec.data.images.fitting import Form as ImageForm
    from cnnspec.data.splits import Dataset

_SIDE: Schema = {"type": "integer", "minimum": 1, "maximum": limits.PIXELS}

Side = Annotated[int, Field(ge=1, le=limits.PIXELS)]

ImageSize = Annotated[
    tuple[Side, Side] | None,
    BeforeValidator(lambda value: spread(value, 2, "image_size")),
    Expects("a whole number from 1, or `[height, width]`"),
    Form(lambda rank: one_or(_SIDE, 2, 2), "a number of pixels, or `[height, width]`"),
]

_CHANNELS = (1, 3, 4)


def _channels(value: Any) -> Any:
    if value is None or (value in _CHANNELS and not isinstance(value, bool | float)):
        return value
    help = "1 is grey, 3 is colour, 4 is colour with transparency"
    raise refuse("bad-choice", f"{shown(value)} is not 1, 3 or 4", help)


Channels = Annotated[int | None, BeforeValidator(_channels), Form(lambda rank: {"enum": list(_CHANNELS)}, "1, 3 or 4")]


class EncodedImages(Source):
    """Images in files, brought into one size as they are decoded."""

    abstract: ClassVar[bool] = True

    image_size: ImageSize = None
    channels: Channels = None
    resize: choice("stretch", "crop", "pad") = "stretch"  # type: ignore[valid-type]
    on_bad_file: choice("error", "skip") = "error"  # type: ignore[valid-type]

    @property
    def image_shape(self) -> Shape | None:
        return None if self.image_size is None else (*self.image_size, self.channels)

    def shape_for(self, wanted: Shape) -> Shape | None:
        """The shape of images for an input of shape `wanted`, from which comes what the spec leaves open."""
        height, width, channels = wanted if len(wanted) == 3 else (None, None, None)
        height, width = self.image_size or (height, width)
        return height, width, self.channels or (channels if channels in _CHANNELS else 3)

    def misfits(self, inputs: Mapping[str, Shape]) -> Iterator[Problem]:
        for wanted in inputs.values():
            if None in (self.shape_for(wanted) or ()):
                message = f"`{self.entry}` needs `image_size`, because the network takes images of any size"
                yield Problem("image-size", message, (), True, "add `image_size: [height, width]`")
                return

    def form(self, inputs: Mapping[str, Shape]) -> ImageForm:
        """What the images are brought into for a network with `inputs`. Raises `DataError` where nothing says it."""
        from cnnspec.data.images.fitting import Form as ImageForm

        shape = self.shape_for(next(iter(inputs.values()), ()))
        if shape is None or shape[0] is None or shape[1] is None:
            message = f"`{self.entry}` needs `image_size`, because the network takes images of any size"
            raise DataError(message, "add `image_size: [height, width]`")
        return ImageForm(shape[0], shape[1], shape[2] or 3, self.resize)


def _table(value: Any) -> Any:
    """The path of a CSV."""
    if isinstance(value, list | tuple | Mapping):
        names = [str(name) for name in value] if not isinstance(value, Mapping) else []
        help = "say its columns under `columns`"
        if names:
            help = f"write `labels: labels.csv` (where `path` is not the CSV), and {as_columns(label=names)}"
        raise refuse("wrong-type", f"`labels` takes the path of a CSV, not {shown(value)}", help)
    return value


TableField = Annotated[Text | None, BeforeValidator(_table)]


class ImageFolder(EncodedImages):
    """Images in a folder for each class, by given splits, or with their labels in a CSV.

    `path` holds `cats/*.png`, `dogs/*.png`; or `train/cats/…`, `validation/cats/…` (or `val`), `test/cats/…`; or it is
    a CSV. Classes are numbered in the order of their names, numbers in them as numbers. `labels` names a CSV with the
    columns `path` (relative to the folder, also without the ending) and `label`, and, if you like, `split`, `group`
    (what belongs together) and `weight`; `columns` says which columns these are, where they have other names.
    Labels there that are numbers, one with a decimal point, are values to learn. Several columns as `label` are tags
    where all are 0 or 1, else values. `tags` is a column that lists any number of classes, divided by `|`, `;`, commas
    or blanks. Several outputs have columns by their names, and so has a further input for facts of the images.

    PNG, JPEG, WebP, BMP, GIF, TIFF and PPM are read, of several frames the first, upright by their EXIF data. Values
    are 0 to 255; 16 bits become 8. With 3 channels or 1, transparent parts are laid over white. `image_size` and
    `channels` are the network's where they are left out. `resize` says how an image of another shape fits: it is
    stretched, cropped in the middle, or padded with black; bilinearly, with antialiasing. Every file is checked
    before training; `on_bad_file: skip` goes on without those that cannot be read.

    Example:
        data:
          source: {image_folder: {path: flowers, image_size: 64, resize: crop}}

    Example:
        data:
          source: {image_folder: {path: scans, labels: scans.csv, channels: 1, image_size: [96, 128]}}

    Example:
        data:
          source:
            image_folder:
              path: dogs
              labels: dogs.csv
              columns: {path: file, label: breed, split: subset}
    """

    first: ClassVar[str] = "path"
    given_as: ClassVar[str] = "the names of its columns"
    inputs_at: ClassVar[tuple[str, ...]] = ("columns", "inputs")
    outputs_at: ClassVar[tuple[str, ...]] = ("columns", "label")

    path: Text
    labels: TableField = None
    columns: ColumnsField = None

    @property
    def _said(self) -> Columns:
        """What the spec says of the columns."""
        return self.columns or NO_COLUMNS

    def shape_of(self, name: str, inputs: Mapping[str, Shape]) -> Shape | None:
        return None if name in self._said.inputs else self.shape_for(inputs[name])

    def images_named(self, inputs: Mapping[str, Shape]) -> tuple[str, ...] | None:
        if not self._said.inputs:
            return None
        others = [name for name, shape in self._images(inputs).items() if len(shape) == 3]
        return (*self._said.inputs, *(others if len(others) == 1 else ()))

    def labels_named(self) -> tuple[str, ...] | None:
        return self._said.outputs or None

    def _images(self, inputs: Mapping[str, Shape]) -> Mapping[str, Shape]:
        """The inputs that take the images: those that no columns are for."""
        return {name: shape for name, shape in inputs.items() if name not in self._said.inputs}

    def misfits(self, inputs: Mapping[str, Shape]) -> Iterator[Problem]:
        images = self._images(inputs)
        if not images:
            message = "`inputs` has columns for every input, and none is left for the images"
            yield Problem("table-columns", message, ("columns", "inputs"), True, "leave out the input for the images")
            return
        for name, names in self._said.inputs.items():
            if inputs.get(name) not in (None, (None,), (len(names),)):
                what = f"`{name}` has {len(names)} column{'s' * (len(names) != 1)}"
                message = f"{what}, the input `{name}` of the network takes {show(inputs[name])}"
                help = f"write `{name}: [{len(names)}]` under `inputs` of the network, or name other columns"
                yield Problem("table-columns", message, ("columns", "inputs", name), True, help)
        yield from super().misfits(images)

    def files(self) -> Iterator[tuple[str, str]]:
        yield "path", self.path
        if self.labels is not None:
            yield "labels", self.labels

    def load(self, directory: Path, inputs: Mapping[str, Shape]) -> Dataset:
        return self._read(directory, inputs, labelled=True)

    def load_images(self, directory: Path, inputs: Mapping[str, Shape]) -> Dataset:
        return self._read(directory, inputs, labelled=False)

    def _read(self, directory: Path, inputs: Mapping[str, Shape], labelled: bool) -> Dataset:
        from cnnspec.data.images.folder import read_folder
        from cnnspec.data.images.readers import ImageReader

        table = None if self.labels is None else directory / self.labels
        reader, skip = ImageReader(self.form(self._images(inputs))), self.on_bad_file == "skip"
        return read_folder(directory / self.path, table, reader, skip, self._said, labelled=labelled, written=self.path)


def _colors(value: Any) -> Any:
    """The colour of each class as one number."""
    if value is None:
        return None
    if not isinstance(value, Mapping) or len(value) < 2:
        help = "write `colors: {road: [128, 64, 128], car: [0, 0, 142]}`"
        raise refuse("mask-values", f"`colors` takes the colours of two classes or more, not {shown(value)}", help)
    found = {str(name): _color(color, str(name)) for name, color in value.items()}
    for name, color in found.items():
        first = next(other for other, same in found.items() if same == color)
        if first != name:
            raise refuse("mask-values", f"`{first}` and `{name}` have the same colour", "give each its own", at=name)
    return found


def _color(value: Any, name: str) -> int:
    if isinstance(value, str) and re.fullmatch(r"#[0-9a-fA-F]{6}", value):
        return int(value[1:], 16)
    listed = value if isinstance(value, tuple | list) else ()
    if len(listed) != 3 or not all(type(part) is int and 0 <= part <= 255 for part in listed):
        help = 'write `[red, green, blue]` with numbers of 0 to 255, or `"#rrggbb"`'
        raise refuse("mask-values", f"`{name}` takes a colour, not {shown(value)}", help, at=name)
    red, green, blue = listed
    return int((red << 16) + (green << 8) + blue)


def _pattern(value: str) -> str:
    if value.count("{stem}") != 1 or "/" in value or "\\" in value:
        message = f"`mask_name` holds `{{stem}}` once, for the name of the image, not {shown(value)}"
        raise refuse("mask-values", message, 'write e.g. `mask_name: "{stem}_mask"`')
    return value


_MASK_NAME = Form(
    lambda rank: {"type": "string", "pattern": r"^[^/\\{}]*\{stem\}[^/\\{}]*$"},
    "what a mask is called, with `{stem}` in it",
)
_COLOR: Schema = {
    "anyOf": [
        {"type": "string", "pattern": "^#[0-9a-fA-F]{6}$"},
        {"type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 255}, "minItems": 3, "maxItems": 3},
    ]
}
Colors = Annotated[
    Any,
    BeforeValidator(_colors),
    Form(
        lambda rank: {
            "anyOf": [{"type": "object", "additionalProperties": _COLOR, "minProperties": 2}, {"type": "null"}]
        },
        "the colour of each class, by its name",
    ),
]


class SegmentationFolder(EncodedImages):
    """Images in one folder, and in another their masks: the class of every pixel.

    A mask bears the name of its image, but for the ending, and has its size. Its numbers are the indices of its
    palette, or its grey values; they are resized by nearest neighbours. They are class numbers from 0, or 0 and 255 for
    two classes; for others, `values` lists the number of each class in order. `classes` says how many there are where
    some are in no mask. Pixels of the number `ignore` are of no class: they keep it, for a loss with `ignore_class`.
    `colors` is the table of coloured masks: the colour of each class, `[red, green, blue]` or `"#rrggbb"`, in order.
    `mask_name` says what a mask is called where that is not the name of its image: `"{stem}_mask"`.
    Splits are given by folders `train`, `validation` and `test` in both. The rest is as in `image_folder`.

    Example:
        data:
          source: {segmentation_folder: {images: cells/images, masks: cells/masks, image_size: 128}}

    Example:
        data:
          source: {segmentation_folder: {images: JPEGImages, masks: SegmentationClass, classes: 21, ignore: 255}}

    Example:
        data:
          source:
            segmentation_folder:
              images: street/images
              masks: street/labels
              mask_name: "{stem}_labels"
              colors: {road: [128, 64, 128], car: [0, 0, 142], sky: "#4682b4"}
    """

    images: Text
    masks: Text
    classes: Count | None = None
    values: tuple[Annotated[int, Field(ge=0, le=65535)], ...] | None = None
    ignore: Annotated[int, Field(ge=0, le=65535)] | None = None
    colors: Colors = None
    mask_name: Annotated[str, AfterValidator(_pattern), _MASK_NAME] = "{stem}"

    @property
    def class_names(self) -> tuple[str, ...]:
        """Those of the colours, where they are given; else classes have numbers alone."""
        return tuple(self.colors or ())

    @model_validator(mode="after")
    def _numbered(self) -> Self:
        values = self.values or ()
        if self.colors is not None and (self.values is not None or self.classes is not None or self.ignore is not None):
            other = "values" if self.values is not None else "classes" if self.classes is not None else "ignore"
            message = f"`colors` says which classes there are, and so does `{other}`"
            raise refuse("mask-values", message, f"leave `{other}` out", at=other)
        twice = next((value for index, value in enumerate(values) if value in values[:index]), None)
        if twice is not None:
            message = f"`values` holds {twice} twice"
            raise refuse("mask-values", message, "list the number of each class once, in order", at="values")
        if self.values is not None and len(values) < 2:
            raise refuse("mask-values", "`values` lists fewer than two classes", "list all numbers", at="values")
        if values and self.classes not in (None, len(values)):
            message = f"`values` lists {len(values)} classes, `classes` says {self.classes}"
            raise refuse("mask-values", message, "leave `classes` out", at="classes")
        if self.ignore is not None and (self.ignore in values or (not values and self.ignore < (self.classes or 0))):
            message = f"{self.ignore} is both a class and what to ignore"
            raise refuse("mask-values", message, "take it out of one of them", at="ignore")
        return self

    def labels_of(self, output: str, inputs: Mapping[str, Shape]) -> Labels:
        height, width, _ = self.shape_for(next(iter(inputs.values()), ())) or (None, None, None)
        return Labels((height, width), self._count(), "class_maps")

    def _count(self) -> int | None:
        listed = self.colors if self.colors is not None else self.values
        return len(listed) if listed is not None else self.classes

    def files(self) -> Iterator[tuple[str, str]]:
        yield "images", self.images
        yield "masks", self.masks

    def load(self, directory: Path, inputs: Mapping[str, Shape]) -> Dataset:
        from cnnspec.data.images.readers import ImageReader
        from cnnspec.data.images.segmentation import Meaning, read_pairs

        meaning = Meaning(self.classes, self.values, self.ignore, self.colors, self.mask_name)
        reader = ImageReader(self.form(inputs))
        folders = directory / self.images, directory / self.masks
        return read_pairs(*folders, reader, meaning, self.on_bad_file == "skip")
