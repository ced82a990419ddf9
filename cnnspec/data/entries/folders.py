"""Sources that are folders of images."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

from pydantic import BeforeValidator, Field, model_validator

from cnnspec.data.errors import DataError
from cnnspec.data.mask_colours import ColoursField, IgnoreField, as_text
from cnnspec.data.names import STEM, NamePattern
from cnnspec.data.scale import Scale
from cnnspec.data.sources import Labels, Source, Text
from cnnspec.data.table_columns import NO_COLUMNS, Columns, ColumnsField, as_columns
from cnnspec.language import limits
from cnnspec.language.entries import Problem, refuse, shown
from cnnspec.language.forms import Form, Schema, one_or, several
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


Bits = Annotated[int | None, Field(ge=1, le=16)]


def _span(value: Any) -> Any:
    """Two numbers, the lower one first."""
    if isinstance(value, list | tuple) and len(value) == 2 and not any(isinstance(end, bool) for end in value):
        low, high = value
        if isinstance(low, int | float) and isinstance(high, int | float) and low >= high:
            help = f"write `[{high:g}, {low:g}]`" if low > high else "give what is black, and what is white"
            raise refuse("out-of-range", f"the range goes from {low:g} to {high:g}", help)
    return value


ValueRange = Annotated[
    tuple[float, float] | None,
    BeforeValidator(_span),
    Expects("two numbers, the lower one first"),
    Form(lambda rank: several({"type": "number"}, 2, 2), "`[lowest, highest]`"),
]


class EncodedImages(Source):
    """Images in files, brought into one size as they are decoded."""

    abstract: ClassVar[bool] = True

    image_size: ImageSize = None
    channels: Channels = None
    resize: choice("stretch", "crop", "pad") = "stretch"  # type: ignore[valid-type]
    bits: Bits = None
    value_range: ValueRange = None
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
        return ImageForm(shape[0], shape[1], shape[2] or 3, self.resize, self.scale)

    @property
    def scale(self) -> Scale:
        """What is black and white in images deeper than 8 bits."""
        return Scale(self.bits, self.value_range)

    @model_validator(mode="after")
    def _one_scale(self) -> Self:
        if self.bits is not None and self.value_range is not None:
            message = f"`bits: {self.bits}` says that white is {2**self.bits - 1:,}, `value_range` that it is "
            help = "keep one: `bits` for whole numbers from 0, `value_range` for others"
            raise refuse("bad-choice", f"{message}{self.value_range[1]:g}", help, at="value_range")
        return self


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
    are 0 to 255, also of deeper images: grey values of 16 bits are divided by 257, and keep their fraction. `bits: 12`
    says that 4,095 is white; `value_range` what is black and what is white, for floats other than 0 to 1 and for
    numbers of 32 bits. With 3 channels or 1, transparent parts are laid over white. `image_size` and
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


class SegmentationFolder(EncodedImages):
    """Images in one folder, and in another their masks: the class of every pixel.

    A mask bears the name of its image, but for the ending, and has its size. `mask_name: "{stem}_mask"` says how masks
    are named, where `{stem}` is the name of the image without its ending (or what `image_name` leaves of it); both may
    lie in one folder then. Numbers are the indices of a palette, or grey values; they are resized by nearest
    neighbours. They are class numbers from 0, or 0 and 255 for two classes; for others, `values` lists the number of
    each class in order. `colors` lists the colour of each class by its name, `[red, green, blue]` or `'#rrggbb'`.
    `classes` says how many there are where some are in no mask. Pixels of the number `ignore` are of no class: they
    keep it, for a loss with `ignore_class`; where it is a colour, they get 255. JPEG blurs masks: with `values` or
    `colors`, pixels are read as the nearest. A mask without the EXIF data of its image is turned with it. Splits are
    given by folders `train`, `validation` and `test` in both. The rest is as in `image_folder`.

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
              images: street
              masks: street
              mask_name: "{stem}_L"
              colors: {road: [128, 64, 128], car: '#00008e'}
              ignore: [0, 0, 0]
    """

    images: Text
    masks: Text
    image_name: NamePattern = STEM
    mask_name: NamePattern = STEM
    colors: ColoursField = None
    classes: Count | None = None
    values: tuple[Annotated[int, Field(ge=0, le=65535)], ...] | None = None
    ignore: IgnoreField = None

    @model_validator(mode="after")
    def _numbered(self) -> Self:
        self._check_colours()
        ignore = self.ignore if isinstance(self.ignore, int) else None
        values = self.values or ()
        twice = next((value for index, value in enumerate(values) if value in values[:index]), None)
        if twice is not None:
            message = f"`values` holds {twice} twice"
            raise refuse("mask-values", message, "list the number of each class once, in order", at="values")
        if self.values is not None and len(values) < 2:
            raise refuse("mask-values", "`values` lists fewer than two classes", "list all numbers", at="values")
        if values and self.classes not in (None, len(values)):
            message = f"`values` lists {len(values)} classes, `classes` says {self.classes}"
            raise refuse("mask-values", message, "leave `classes` out", at="classes")
        if ignore is not None and (ignore in values or (not values and ignore < (self.classes or 0))):
            message = f"{self.ignore} is both a class and what to ignore"
            raise refuse("mask-values", message, "take it out of one of them", at="ignore")
        return self

    def _check_colours(self) -> None:
        """What contradicts `colors`, or lacks it."""
        if self.colors is None:
            if isinstance(self.ignore, tuple):
                message = f"`ignore` is the colour {as_text(self.ignore)}, and there are no `colors`"
                raise refuse("mask-values", message, "list the colour of each class, or ignore a number", at="ignore")
            return
        for other in ("values", "classes"):
            if getattr(self, other) is not None:
                message = f"`colors` says which classes there are, and so does `{other}`"
                raise refuse("mask-values", message, f"leave `{other}` out", at=other)
        if isinstance(self.ignore, int):
            message = f"`ignore` is the number {self.ignore}, and masks are read by `colors`"
            help = "write the colour to ignore: `ignore: [0, 0, 0]`; its pixels get 255"
            raise refuse("mask-values", message, help, at="ignore")
        same = next((name for name, colour in self.colors.items() if colour == self.ignore), None)
        if same is not None:
            message = f"{as_text(self.colors[same])} is both `{same}` and what to ignore"
            raise refuse("mask-values", message, "take it out of one of them", at="ignore")

    @property
    def class_names(self) -> tuple[str, ...]:
        return tuple(self.colors or ())

    def labels_of(self, output: str, inputs: Mapping[str, Shape]) -> Labels:
        height, width, _ = self.shape_for(next(iter(inputs.values()), ())) or (None, None, None)
        listed = self.values if self.colors is None else self.colors
        return Labels((height, width), self.classes if listed is None else len(listed), "class_maps")

    def files(self) -> Iterator[tuple[str, str]]:
        yield "images", self.images
        yield "masks", self.masks

    def load(self, directory: Path, inputs: Mapping[str, Shape]) -> Dataset:
        from cnnspec.data.images.pairing import Naming
        from cnnspec.data.images.readers import ImageReader
        from cnnspec.data.images.segmentation import Meaning, read_pairs

        meaning = Meaning(self.classes, self.values, self.ignore, self.colors)
        reader = ImageReader(self.form(inputs))
        folders = directory / self.images, directory / self.masks
        naming = Naming(self.image_name, self.mask_name)
        return read_pairs(*folders, reader, meaning, self.on_bad_file == "skip", naming)
