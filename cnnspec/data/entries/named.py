"""Data sets that have a name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from cnnspec.data.sources import Given, Source
from cnnspec.language.types import choice
from cnnspec.layers.base import Shape

if TYPE_CHECKING:
    from cnnspec.data.splits import Dataset


class Digits(Source):
    """1,797 handwritten digits of 8×8×1 with values from 0 to 16; part of scikit-learn, needs no network.

    A fifth of each digit, always the same images, is the test split.
    Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI, 1998.
    """

    image_shape: ClassVar[Shape] = (8, 8, 1)
    class_count: ClassVar[int] = 10
    class_names: ClassVar[tuple[str, ...]] = ()
    white: ClassVar[float] = 16.0

    def brings(self, split: Given) -> bool:
        return split == "test"

    def load(self, directory: Path, inputs: Mapping[str, Shape]) -> Dataset:
        from cnnspec.data.named import digits

        return digits()


class _Named(Source):
    class_names: ClassVar[tuple[str, ...]] = ()

    def brings(self, split: Given) -> bool:
        return split == "test"

    def look(self, directory: Path) -> None:
        from cnnspec.data.named import root

        root()

    def load(self, directory: Path, inputs: Mapping[str, Shape]) -> Dataset:
        from cnnspec.data.named import named

        return named(self.entry, self.class_count)


class Mnist(_Named):
    """70,000 handwritten digits of 28×28×1, values 0 to 255; 10,000 are for testing (Y. LeCun et al., 1998).

    Looked for as `mnist.npz` (or `mnist/*.gz`) under `$CNNSPEC_DATA`, then downloaded.
    """

    image_shape: ClassVar[Shape] = (28, 28, 1)
    class_count: ClassVar[int] = 10


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
    class_count: ClassVar[int] = 10


class Cifar100(_Named):
    """60,000 colour photographs of 32×32×3 in 100 classes (`fine`) or 20 groups of them (`coarse`).

    Looked for as `cifar-100-python/`, `cifar-100-python.tar.gz` or `cifar100.npz` under `$CNNSPEC_DATA`, then
    downloaded. Source: A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009.
    """

    first: ClassVar[str] = "label_mode"
    image_shape: ClassVar[Shape] = (32, 32, 3)

    label_mode: choice("fine", "coarse") = "fine"  # type: ignore[valid-type]

    @property
    def class_count(self) -> int:
        return 100 if self.label_mode == "fine" else 20
