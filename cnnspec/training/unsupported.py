"""Operations that a framework does not have for a device, told by what it raises. Imports no framework."""

from __future__ import annotations

import re

from cnnspec.training.device import Machine
from cnnspec.training.errors import TrainingError

_KINDS = {"InvalidArgumentError", "UnimplementedError", "AbortedError", "NotFoundError", "XlaRuntimeError"}
_LACKING = re.compile(r"only supports? |not (?:yet )?support|unimplemented|no opkernel|dims must be <=", re.IGNORECASE)
_MARKS = re.compile(r"\x1b\[[\d;]*m|\{\{[^}]*\}\}|\[Op:.*|\[\[.*")


def unsupported(error: BaseException, machine: Machine) -> TrainingError | None:
    """What to say where `error` means that the framework lacks an operation on this device; None where it does not.

    On processors without oneDNN, TensorFlow has no depthwise convolution with two different strides, and no transposed
    one that is dilated; nor is every operation there in every precision.
    """
    if not any(cls.__name__ in _KINDS for cls in type(error).__mro__):
        return None
    lines = (_MARKS.sub("", line).strip() for line in str(error).splitlines())
    words = next((line for line in lines if _LACKING.search(line)), None)
    if words is None:
        return None
    others = " or ".join(f"`--backend {name}`" for name in ("jax", "torch") if name != machine.backend)
    return TrainingError(
        f"{machine.backend} cannot compute this network on {machine.device}: {words[:300].rstrip('.')}",
        f"run it on another device, or with {others}; or write the layer in another way",
    )
