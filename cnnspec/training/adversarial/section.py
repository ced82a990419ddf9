"""The `training:` section of a spec with `task: gan`: how generator and discriminator learn from each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from cnnspec.language.document import NETWORKS
from cnnspec.language.entries import Entry, Invalid, Problem, Section, read_entry, refuse
from cnnspec.language.forms import Form, Schema, entry_of
from cnnspec.language.types import Count, choice
from cnnspec.training.checkpoint_section import Checkpoint, CheckpointField
from cnnspec.training.losses import LOSSES, Loss
from cnnspec.training.optimizers import OPTIMIZERS, Optimizer
from cnnspec.training.section import LARGEST_SEED, Training

_NOT_OF_TWO = ("use_ema", "loss_scale_factor")
_LOSSES = ("binary_crossentropy", "mean_squared_error")


def _optimizer(value: Any) -> Any:
    """The optimizer of each network: one for both, or a mapping by their names."""
    if not isinstance(value, Mapping) or not any(name in value for name in NETWORKS):
        return dict.fromkeys(NETWORKS, _read(value))
    for name in value:
        if name not in NETWORKS:
            message = f"`optimizer` is for `generator` and `discriminator`, and has no key `{name}`"
            raise _nested(Problem("unknown-key", message, (name,), True, "it takes: generator, discriminator"))
    for name in NETWORKS:
        if name not in value:
            raise _nested(Problem("missing-key", f"`optimizer` needs `{name}`", (), True, f"add `{name}:`"))
    return {name: _read(value[name], name) for name in NETWORKS}


def _read(value: Any, *path: str) -> Any:
    if isinstance(value, Entry):
        return value
    try:
        optimizer = read_entry(value, OPTIMIZERS)
    except Invalid as invalid:
        raise _nested(*invalid.below(*path).problems) from None
    strays = [name for name in _NOT_OF_TWO if getattr(optimizer, name)]
    if strays:
        place = (*path, optimizer.entry, strays[0])
        message = f"`{strays[0]}` does not go with `task: gan`"
        raise _nested(Problem("task-keys", message, place, True, "take it out"))
    return optimizer


def _loss(value: Any) -> Any:
    if value is None or isinstance(value, Loss):
        return value
    try:
        loss = read_entry(value, LOSSES)
    except Invalid as invalid:
        raise _nested(*invalid.problems) from None
    if loss.entry not in _LOSSES:
        message = f"a GAN learns by `binary_crossentropy` or `mean_squared_error`, not by `{loss.entry}`"
        raise refuse("gan-loss", message, "take one of the two, or leave `loss` out")
    if getattr(loss, "label_smoothing", 0):
        message = "`label_smoothing` of the loss would smooth the labels of made images, too"
        raise refuse("gan-loss", message, "write it beside `loss`: `label_smoothing: 0.1` smooths those of real images")
    return loss


def _nested(*problems: Problem) -> PydanticCustomError:
    return PydanticCustomError("nested", "nested", {"problems": problems})


def _default() -> dict[str, Any]:
    return dict.fromkeys(NETWORKS, OPTIMIZERS["adam"].read({"learning_rate": 2e-4, "beta_1": 0.5}))


def _optimizer_form(rank: int) -> Schema:
    one = entry_of(OPTIMIZERS)
    both: Schema = {"type": "object", "properties": dict.fromkeys(NETWORKS, one), "required": [*NETWORKS]}
    return {"anyOf": [one, {**both, "additionalProperties": False}]}


_OPTIMIZER = Form(_optimizer_form, "an optimizer, or one for `generator` and one for `discriminator`")
_LOSS = Form(lambda rank: {"anyOf": [entry_of(LOSSES), {"type": "null"}]}, "a loss of one value")


class AdversarialTraining(Section):
    """How a generator and a discriminator learn from each other (I. Goodfellow et al., 2014).

    At each step the discriminator learns to give a high value for a batch of real images and a low one for a batch of
    made images, and the generator to have its images given a high value. `optimizer` is one for both networks, or a
    mapping by `generator` and `discriminator`; left out, it is Adam with a learning rate of 0.0002 and `beta_1: 0.5`
    (A. Radford et al., 2016). `loss` is `binary_crossentropy` (left out: from the scores of a last layer without
    activation, or from the probabilities of a sigmoid) or `mean_squared_error` (X. Mao et al., 2017).
    `label_smoothing: 0.1` has the discriminator learn 0.9 for real images (T. Salimans et al., 2016).

    Example:
        training:
          epochs: 20
          batch_size: 128
          optimizer: {adam: {learning_rate: 0.0002, beta_1: 0.5}}
          label_smoothing: 0.1
          seed: 7

    Example:
        training:
          optimizer: {generator: {adam: 0.0001}, discriminator: {adam: 0.0004}}
          loss: mean_squared_error
    """

    spoken: ClassVar[str] = "training"
    weights: ClassVar[None] = None
    freeze: ClassVar[tuple[str, ...]] = ()

    epochs: Count = 10
    batch_size: Count = 32
    optimizer: Annotated[Any, BeforeValidator(_optimizer), _OPTIMIZER] = Field(default_factory=_default)
    loss: Annotated[Any, BeforeValidator(_loss), _LOSS] = None
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    precision: choice("float32", "mixed_bfloat16", "mixed_float16", "auto") = "float32"  # type: ignore[valid-type]
    seed: Annotated[int, Field(ge=0, le=LARGEST_SEED)] | None = None
    checkpoint: CheckpointField = Checkpoint()

    @property
    def of_discriminator(self) -> Training:
        """The training of the discriminator alone: all that does not take two networks is done by it."""
        names = ("epochs", "batch_size", "precision", "seed", "checkpoint")
        same = {name: getattr(self, name) for name in names}
        return Training(optimizer=self.optimizer_of("discriminator"), loss=self.loss, callbacks=(), **same)

    def optimizer_of(self, network: str) -> Optimizer:
        """The optimizer of `generator` or `discriminator`."""
        found: Optimizer = self.optimizer[network]
        return found

    def loss_of(self, output: str) -> Loss | None:
        """The loss, where one is given."""
        found: Loss | None = self.loss
        return found

    def optimizers(self) -> dict[tuple[str, ...], Optimizer]:
        """Each optimizer by its place below `optimizer`."""
        first, second = (self.optimizer[name] for name in NETWORKS)
        return {(): first} if first is second else {(name,): self.optimizer[name] for name in NETWORKS}
