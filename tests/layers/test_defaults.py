"""Arguments and defaults are Keras's own: names, values, and what is required."""

import inspect
from typing import Any

import keras
import pytest

from cnnspec.emit.keras import resolve
from cnnspec.language.entries import Entry
from cnnspec.layers import LAYERS
from cnnspec.layers.base import Setting
from cnnspec.layers.settings import ACTIVATIONS, CONSTRAINTS, INITIALIZERS, REGULARIZERS

NOT_OURS = {
    "self",
    "args",
    "kwargs",
    "x",
    "name",
    "dtype",
    "data_format",
    "lora_rank",
    "lora_alpha",
    "quantization_config",
    "input_axes",
    "output_axes",
}
LEFT_OUT = {
    "batch_normalization": {"renorm", "renorm_clipping", "renorm_momentum"},
    "einsum_dense": {"output_shape", "gptq_unpacked_column_size"},
    "multi_head_attention": {"output_shape", "sliding_window", "flash_attention", "use_gate"},
}
"""What the language leaves out of a layer, beside what it leaves out of all."""

OWN_NAMES = {"einsum_dense": {"output_sizes"}}
"""Arguments with a name of ours."""

ENTRIES = [
    pytest.param(cls, id=f"{vocabulary.kind}-{name}")
    for vocabulary in (LAYERS, INITIALIZERS, REGULARIZERS, CONSTRAINTS, ACTIVATIONS)
    for name, cls in vocabulary.items()
]


def plain(value: Any) -> Any:
    """A default in one form: entries as Keras names them, one number where all axes and sides agree."""
    if isinstance(value, Setting):
        return value.call()
    if isinstance(value, list | tuple) and value:
        inner = [plain(item) for item in value]
        return inner[0] if all(item == inner[0] for item in inner) else tuple(inner)
    return value.lower() if isinstance(value, str) else value


def keras_parameters(cls: type[Entry]) -> dict[str, inspect.Parameter]:
    """The arguments that Keras takes where this entry stands."""
    if cls.vocabulary is ACTIVATIONS:
        target: Any = getattr(keras.activations, cls.entry)
    elif issubclass(cls, Setting):
        target = resolve(f"{cls.module}.{cls.keras}").__init__
    else:
        target = resolve(cls.keras).__init__
    return dict(inspect.signature(target).parameters)


@pytest.mark.parametrize("cls", ENTRIES)
def test_arguments_and_defaults(cls: type[Entry]) -> None:
    theirs = keras_parameters(cls)
    for name, field in cls.model_fields.items():
        if name in theirs:
            default = theirs[name].default
            assert field.is_required() == (default is inspect.Parameter.empty), name
            if not field.is_required():
                assert plain(field.get_default(call_default_factory=True)) == plain(default), name
        else:
            assert name == "trainable" or name in OWN_NAMES.get(cls.entry, ())


@pytest.mark.parametrize("cls", ENTRIES)
def test_nothing_is_forgotten(cls: type[Entry]) -> None:
    left_out = set(keras_parameters(cls)) - set(cls.model_fields) - NOT_OURS
    assert left_out == LEFT_OUT.get(cls.entry, set())
