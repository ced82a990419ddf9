"""The two networks of a GAN as JSON Schema, and what goes with them."""

from __future__ import annotations

from collections.abc import Mapping

from cnnspec.language.document import NETWORKS, TASKS
from cnnspec.language.forms import Schema
from cnnspec.reference.names import described, ref

KEYS = {
    "task": "What the networks are trained for. `gan`: a `generator` and a `discriminator` that learn from each other; "
    "left out, one network learns from labels.",
    "generator": "The network that makes images of noise, with `task: gan`.\n\n"
    "```yaml\ngenerator:\n  input: [100]\n  layers:\n    - dense: $(7 * 7 * 64)\n    - reshape: [7, 7, 64]\n"
    "    - conv2d_transpose: {filters: 1, kernel_size: 4, strides: 4, activation: tanh}\n```",
    "discriminator": "The network that tells made images from real ones, with `task: gan`: it gives one value.\n\n"
    "```yaml\ndiscriminator:\n  input: [28, 28, 1]\n  layers:\n"
    "    - conv2d: {filters: 64, kernel_size: 4, strides: 2, padding: 1}\n    - leaky_relu: 0.2\n    - flatten\n"
    "    - dense: 1\n```",
}

_IS_GAN: Schema = {"required": ["task"], "properties": {"task": {"enum": [*TASKS]}}}
ARE_MEANT: Schema = {"anyOf": [_IS_GAN, *({"required": [name]} for name in NETWORKS)]}
"""A spec of two networks."""
BOTH: Schema = {
    "required": ["task", *NETWORKS],
    "properties": {
        **{name: {"required": ["input", "layers"]} for name in NETWORKS},
        "data": {"properties": {"validation_split": {"enum": [0, None]}, "targets": {"enum": ["labels"]}}},
    },
    "not": {"anyOf": [{"required": [key]} for key in ("input", "inputs", "layers", "outputs")]},
}
"""What it must and must not have."""


def one(name: str, which: str) -> Schema:
    """A network, whose layers are a list of a kind."""
    return described(ref(f"network_{which}"), name, KEYS[name])


def definitions(sizes: Schema, texts: Mapping[str, str]) -> dict[str, Schema]:
    """A network, with and without blocks of the file's own."""
    return {
        f"network_{which}": {
            "type": "object",
            "properties": {
                "input": described(sizes, "input", texts["input"]),
                "layers": described(ref(f"layers_{which}"), "layers", texts["layers"]),
            },
            "additionalProperties": False,
        }
        for which in ("only", "and_blocks")
    }


def training(of_one: Schema, of_two: Schema) -> Schema:
    """The `training:` that goes with the task; either of them, where that is inherited."""
    null: Schema = {"type": "null"}
    two: Schema = {"anyOf": [ref("gan_training"), null], **of_two}
    one: Schema = {"anyOf": [ref("training"), null], **of_one}
    either: Schema = {"anyOf": [ref("training"), ref("gan_training"), null]}
    inherited: Schema = {
        "if": {"required": ["extends"]},
        "then": {"properties": {"training": either}},
        "else": {"properties": {"training": one}},
    }
    return {"if": ARE_MEANT, "then": {"properties": {"training": two}}, "else": inherited}
