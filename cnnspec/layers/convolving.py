"""What every convolution shares: its kernel, activation and bias."""

from collections.abc import Sequence
from math import prod
from typing import ClassVar

from cnnspec.language.types import PerAxis
from cnnspec.layers.base import KerasCall, Saved, Shape, Weight, need
from cnnspec.layers.settings import ActivationField, ConstraintField, InitializerField, RegularizerField, activated
from cnnspec.layers.windowed import Windowed, zero_pads


class Convolution(Windowed):
    """What every convolution shares: a kernel, an activation, a bias, and their settings."""

    saved: ClassVar[Saved] = Saved(input=True, to_learn=True, scratch=2)
    abstract: ClassVar[bool] = True
    first: ClassVar[str] = "filters"

    kernel_size: PerAxis
    strides: PerAxis = 1  # type: ignore[assignment]
    dilation_rate: PerAxis = 1  # type: ignore[assignment]
    activation: ActivationField = None
    use_bias: bool = True
    bias_initializer: InitializerField = "zeros"
    bias_regularizer: RegularizerField = None
    activity_regularizer: RegularizerField = None
    bias_constraint: ConstraintField = None

    def bias(self, size: int) -> tuple[Weight, ...]:
        """The bias, where there is one."""
        return (Weight("bias", (size,), self.trainable),) if self.use_bias else ()

    def channels(self, shape: Shape) -> int:
        """The input channels, which the weights depend on."""
        return need(shape[-1], "number of channels", self.entry)

    def keeps(self) -> Saved:
        return self.saved.activated(self.activation)

    def calls(self, *inputs: Shape) -> tuple[KerasCall, ...]:
        word, pads = self.padding_in_keras()
        return activated((*zero_pads(pads), self.with_padding(word, "activation")), self.keras, self.activation)


def each(sizes: Sequence[int | None], work: int) -> int | None:
    """Multiply-adds where each of `sizes` positions takes `work`; None where a size is not known."""
    return None if None in sizes else prod(size for size in sizes if size is not None) * work
