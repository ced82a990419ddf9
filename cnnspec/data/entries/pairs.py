"""The source of pairs of images: one to see, and one to give."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

from pydantic import model_validator

from cnnspec.data.entries.folders import Bits, Channels, EncodedImages, ImageSize, ValueRange
from cnnspec.data.names import STEM, NamePattern
from cnnspec.data.scale import Scale
from cnnspec.data.sources import Labels, Text
from cnnspec.language.entries import refuse
from cnnspec.layers.base import Shape

if TYPE_CHECKING:
    from cnnspec.data.splits import Dataset

_BLACK_TO_WHITE = (0.0, 1.0)


class ImagePairs(EncodedImages):
    """Images in one folder, and in another the images that the network shall make of them: for super-resolution,
    denoising, depth, colourisation.

    A target bears the name of its image, but for the ending; `target_name: "{stem}_clean"` and `image_name` say
    otherwise, as `mask_name` of `segmentation_folder` does. Targets are brought to the size that the network gives, and
    files must agree with that: where it gives twice the size of its input, so do the files. `target_size:
    [height, width]` takes them as they are. Their channels are those that the network gives, or `target_channels`.

    Targets do not pass `preprocessing`. Black and white become the ends of `target_range`, 0 and 1 where it is left
    out: what `sigmoid` gives; for `tanh` write `[-1, 1]`. `target_bits` and `target_value_range` say what is black and
    white in targets deeper than 8 bits, as `bits` and `value_range` do for inputs. `predict` writes what the network
    gives by the same range. What moves images (flips, shifts, turns) moves targets alike; what changes colours changes
    inputs alone. The rest is as in `segmentation_folder`.

    Example:
        data:
          source: {image_pairs: {inputs: low, targets: high, image_size: 64}}

    Example:
        data:
          source:
            image_pairs:
              inputs: photos
              targets: depth
              target_name: "{stem}_depth"
              image_size: [96, 128]
              target_channels: 1
              target_range: [0, 65.535]
    """

    class_names: ClassVar[tuple[str, ...]] = ()

    inputs: Text
    targets: Text
    image_name: NamePattern = STEM
    target_name: NamePattern = STEM
    target_size: ImageSize = None
    target_channels: Channels = None
    target_range: ValueRange = _BLACK_TO_WHITE
    target_bits: Bits = None
    target_value_range: ValueRange = None

    @model_validator(mode="after")
    def _one_scale_of_targets(self) -> Self:
        if self.target_bits is not None and self.target_value_range is not None:
            white = f"`target_bits: {self.target_bits}` says that white is {2**self.target_bits - 1:,}"
            message = f"{white}, `target_value_range` that it is {self.target_value_range[1]:g}"
            help = "keep one: `target_bits` for whole numbers from 0, `target_value_range` for others"
            raise refuse("bad-choice", message, help, at="target_value_range")
        return self

    @property
    def label_range(self) -> tuple[float, float]:
        return self.target_range or _BLACK_TO_WHITE

    def labels_of(self, output: str, inputs: Mapping[str, Shape]) -> Labels:
        height, width = self.target_size or (None, None)
        return Labels((height, width, self.target_channels), None, "value_maps")

    def files(self) -> Iterator[tuple[str, str]]:
        yield "inputs", self.inputs
        yield "targets", self.targets

    def load(self, directory: Path, inputs: Mapping[str, Shape]) -> Dataset:
        return self.load_for(directory, inputs, {})

    def load_for(self, directory: Path, inputs: Mapping[str, Shape], outputs: Mapping[str, Shape]) -> Dataset:
        from cnnspec.data.images.pairing import Naming
        from cnnspec.data.images.pairs import Wanted, read_image_pairs
        from cnnspec.data.images.readers import ImageReader

        wanted = Wanted(
            next(iter(outputs.values()), ()), self.target_size, self.target_channels, self.label_range,
            Scale(self.target_bits, self.target_value_range),
        )  # fmt: skip
        naming = Naming(self.image_name, self.target_name, "target", "image_name", "target_name")
        folders = directory / self.inputs, directory / self.targets
        return read_image_pairs(*folders, ImageReader(self.form(inputs)), wanted, self.on_bad_file == "skip", naming)
