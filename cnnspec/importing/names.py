"""Names that say what a block holds, and names that are not taken."""

from __future__ import annotations

from collections.abc import Container

from cnnspec.importing.tree import Items, walk

_SHORT = {
    "batch_normalization": "norm", "layer_normalization": "norm", "group_normalization": "norm",
    "max_pooling2d": "pool", "average_pooling2d": "pool", "depthwise_conv2d": "depthwise",
    "separable_conv2d": "separable", "conv2d": "conv", "conv2d_transpose": "up_conv", "up_sampling2d": "up",
    "zero_padding2d": "pad",
}  # fmt: skip


def free_name(base: str, taken: Container[str]) -> str:
    """A name like `base` that is not taken: `base` itself, else with `_2`, `_3`, …"""
    name, number = base, 1
    while name in taken:
        number += 1
        name = f"{base}_{number}"
    return name


def block_name(items: Items, inputs: int) -> str:
    """A name that says what a block holds."""
    return "cell" if inputs > 1 and len(items) > 3 else _words(items)


def _words(items: Items) -> str:
    everything = list(walk(items))
    layers = [item.entry for item in everything]
    deep = any(entry.startswith("depthwise") for entry in layers)
    if len(items) == 1 and items[0].entry in ("residual", "branches"):
        if items[0].entry == "residual":
            return "inverted_residual" if deep else "residual_block"
        merge = items[0].given.get("merge", "concatenate")
        names = {"multiply": "squeeze_excite", "concatenate": "mixed", "add": "sum"}
        return names.get(merge, "cell") if isinstance(merge, str) else "cell"
    if any(entry.endswith("_transpose") or entry.startswith("up_sampling") for entry in layers):
        return "up"
    halves = "pooling" in layers[0] and not layers[0].startswith("global") and items[0].given.get("strides") != 1
    if halves and any(entry in ("repeat", "conv1d", "conv2d", "conv3d") for entry in layers):
        return "down"
    if any(item.entry in ("repeat", "residual") for item in items):
        return "stage"
    kernels = [item.given.get("kernel_size", 1) for item in items if item.entry.startswith("conv")]
    if deep and len(kernels) == 2:
        return "inverted_bottleneck"
    if deep and len(kernels) == 1:
        return "depthwise_separable"
    if len(kernels) == 3 and kernels[0] == 1 != kernels[1]:
        return "bottleneck"
    if len(kernels) == 2 and len(items) < 7:
        return "double_conv"
    words = []
    for item in items:
        activation = item.given.get("activation")
        word = activation if item.entry == "activation" and isinstance(activation, str) else item.entry
        words.append(_words((item,)) if item.parts else _SHORT.get(word, word))
    unique = list(dict.fromkeys(words))
    return "_".join(unique) if len(unique) <= 4 else "layers_" + "_".join(unique[:2])
