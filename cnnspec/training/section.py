"""The `training:` section: how the network learns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Self

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from cnnspec.language.entries import Entry, Invalid, Section, Vocabulary, nested, read_entry, refuse
from cnnspec.language.forms import Form, Schema, entry_of, one_or
from cnnspec.language.problems import Expects
from cnnspec.language.types import Count, NonNegative, choice
from cnnspec.training.callbacks import CALLBACKS, Callback, EarlyStopping
from cnnspec.training.checkpoint_section import Checkpoint, CheckpointField
from cnnspec.training.losses import LOSSES, Loss
from cnnspec.training.metrics import METRICS, Metric
from cnnspec.training.optimizers import OPTIMIZERS, Optimizer
from cnnspec.training.phases import PhasesField
from cnnspec.training.weights_section import Names, WeightsField

LARGEST_SEED = 2**32 - 1


def _losses(value: Any) -> Any:
    """One loss, or a mapping of outputs to losses."""
    if not isinstance(value, Mapping) or not _by_output(value, LOSSES):
        return _entry(value, LOSSES)
    return {name: _entry(loss, LOSSES, name) for name, loss in value.items()}


def _metrics(value: Any) -> Any:
    """A list of metrics, or a mapping of outputs to such lists; a single metric is a list of one."""
    if isinstance(value, Mapping) and _by_output(value, METRICS):
        return {name: _metric_list(listed, name) for name, listed in value.items()}
    return _metric_list(value)


def _metric_list(value: Any, *path: str) -> Any:
    if value is None:
        return () if path else None
    if not isinstance(value, tuple | list):
        return (_entry(value, METRICS, *path),)
    found = tuple(_entry(metric, METRICS, *path, index) for index, metric in enumerate(value))
    if None in found:
        raise refuse("entry-form", "an empty metric", "name a metric, or take it out")
    columns = [metric.column for metric in found]
    twice = next((column for column in columns if columns.count(column) > 1), None)
    if twice:
        raise refuse("metric-twice", f"two metrics are called `{twice}`", "give one of them another `name`")
    return found


def _entry(value: Any, vocabulary: Vocabulary, *path: str | int) -> Any:
    if value is None or isinstance(value, Entry):
        return value
    try:
        return read_entry(value, vocabulary)
    except Invalid as invalid:
        raise PydanticCustomError("nested", "nested", {"problems": invalid.below(*path).problems}) from None


def _by_output(value: Mapping[str, Any], vocabulary: Vocabulary) -> bool:
    """Whether a mapping goes from outputs to entries, rather than being an entry with arguments."""
    if any(name in vocabulary for name in value):
        return len(value) > 1
    inner = next(iter(value.values()), None)
    if isinstance(inner, tuple | list) and inner:
        inner = inner[0]
    named = next(iter(inner), None) if isinstance(inner, Mapping) else inner
    return len(value) != 1 or isinstance(named, Entry) or named in vocabulary


def _loss_form(rank: int) -> Schema:
    loss = entry_of(LOSSES)
    return {"anyOf": [loss, {"type": "object", "additionalProperties": loss}, {"type": "null"}]}


def _metrics_form(rank: int) -> Schema:
    listed = [*one_or(entry_of(METRICS), 0)["anyOf"], {"type": "null"}]
    return {"anyOf": [*listed, {"type": "object", "additionalProperties": {"anyOf": listed}}]}


_LOSS = Form(_loss_form, "a loss, or a mapping of outputs to losses")
_METRICS = Form(_metrics_form, "a list of metrics, or a mapping of outputs to such lists")
_WEIGHTS = Form(
    lambda rank: {"type": "object", "additionalProperties": {"type": "number", "minimum": 0}},
    "a mapping of outputs to numbers",
)


class Training(Section):
    """How the network learns.

    Left out, `loss` and `metrics` follow from the last layer and the labels, and training stops early when
    `val_loss` has not got better for 5 epochs, with the best weights restored. With several outputs, `loss` and
    `metrics` may be mappings by their names. `precision: auto` takes the fastest one that the device computes well.
    Without `seed` one is drawn, and recorded in the run's `environment.json`.
    `checkpoint` says how often the run is saved, to go on from there after whatever happens.
    `auto_batch_size: true` takes the largest batch size that the free memory holds, `batch_size` at most where that is
    given; it is recorded with the run.
    `loss_weights` says how much the loss of each output counts (1 where it is left out).
    `weights` is where training starts: a file of weights, and the layers that it does not give (`skip`).
    `phases` trains in parts, one after another, each with epochs, an optimizer and frozen layers of its own.
    `freeze` names the layers whose weights stay as they are, or blocks of them; `*` stands for any letters.

    Example:
        training:
          epochs: 12
          batch_size: 64
          optimizer: {adam: {learning_rate: {cosine_decay: 0.001}}}
          loss: sparse_categorical_crossentropy
          metrics: [accuracy]
          callbacks: [{early_stopping: {monitor: val_loss, patience: 3, restore_best_weights: true}}]
          seed: 7

    Example:
        training:
          weights: {path: resnet50.weights.h5, skip: [predictions]}
          freeze: ["*", "!predictions"]
    """

    spoken: ClassVar[str] = "training"

    epochs: Count = 10
    batch_size: Count = 32
    auto_batch_size: bool = False
    optimizer: Annotated[Optimizer, nested(OPTIMIZERS), Expects("the name of an optimizer")] = Field(
        default_factory=lambda: OPTIMIZERS["adam"].read({})
    )  # type: ignore[assignment]
    loss: Annotated[Any, BeforeValidator(_losses), _LOSS] = None
    loss_weights: Annotated[dict[str, NonNegative] | None, _WEIGHTS] = None
    metrics: Annotated[Any, BeforeValidator(_metrics), _METRICS] = None
    callbacks: tuple[Annotated[Callback, nested(CALLBACKS), Expects("a callback")], ...] | None = None
    precision: choice("float32", "mixed_bfloat16", "mixed_float16", "auto") = "float32"  # type: ignore[valid-type]
    seed: Annotated[int, Field(ge=0, le=LARGEST_SEED)] | None = None
    checkpoint: CheckpointField = Checkpoint()
    weights: WeightsField = None
    freeze: Names = ()
    phases: PhasesField = ()

    @model_validator(mode="after")
    def _frozen_where(self) -> Self:
        if self.phases and self.freeze:
            message = "`freeze` stands beside `phases`, and each phase says what it freezes"
            raise refuse("freeze-phases", message, "write it in each phase where it holds", at="freeze")
        return self

    @model_validator(mode="after")
    def _epochs_where(self) -> Self:
        if self.phases and "epochs" in self.model_fields_set and all(phase.epochs for phase in self.phases):
            message = "nothing uses `epochs`: each of the `phases` says its own"
            help = "take it out; `--set training.phases.0.epochs=3` changes those of the first phase"
            raise refuse("epochs-phases", message, help, at="epochs")
        return self

    @model_validator(mode="after")
    def _some_choice(self) -> Self:
        if self.auto_batch_size and self.batch_size == 1:
            raise refuse(
                "batch-size-fixed",
                "`auto_batch_size` has nothing to choose from up to `batch_size: 1`",
                "leave out one of the two",
                at="batch_size",
            )
        return self

    @model_validator(mode="after")
    def _one_of_a_kind(self) -> Self:
        watched = {"early_stopping": "monitor"}
        kinds = [(one.entry, getattr(one, watched.get(one.entry, ""), None)) for one in self.callbacks or ()]
        twice = next((kind for kind in kinds if kinds.count(kind) > 1), None)
        if twice:
            name, monitor = twice
            both = f", and both watch `{monitor}`" if monitor else ""
            raise refuse("callback-twice", f"`{name}` is listed twice{both}", "keep one of them", at="callbacks")
        return self

    def optimizers(self) -> dict[tuple[str, ...], Optimizer]:
        """Each optimizer by its place below `optimizer`: one, at that place itself."""
        return {(): self.optimizer}

    def in_turn(self) -> tuple[Training, ...]:
        """The phases, each as a training of its own; this one where there are none."""
        return tuple(phase.of(self) for phase in self.phases) or (self,)

    def loss_of(self, output: str) -> Loss | None:
        """The loss of an output, where one is given."""
        return self.loss.get(output) if isinstance(self.loss, dict) else self.loss

    def metrics_of(self, output: str) -> tuple[Metric, ...] | None:
        """The metrics of an output, where some are given."""
        found: tuple[Metric, ...] | None = self.metrics
        return self.metrics.get(output, ()) if isinstance(self.metrics, dict) else found

    def outputs_named(self) -> Iterator[tuple[str, str]]:
        """Where outputs are named: `loss`, `loss_weights` or `metrics`, and the name."""
        for key in ("loss", "loss_weights", "metrics"):
            value = getattr(self, key)
            if isinstance(value, dict):
                yield from ((key, name) for name in value)

    def callbacks_for(self, validated: bool) -> tuple[Callback, ...]:
        """The callbacks, or the usual ones where none are given; `validated` says whether images are held out."""
        if self.callbacks is not None:
            return self.callbacks
        return (EarlyStopping(patience=5, restore_best_weights=True),) if validated else ()
