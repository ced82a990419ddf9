"""Where we refuse what Keras builds. Nothing else may differ."""

from typing import NamedTuple

from cnnspec.layers import LAYERS

from .rows import Row


class Stricter(NamedTuple):
    """A refusal of ours: its code, the entries that it may come from, why, and a row that shows it."""

    code: str
    entries: tuple[str, ...]
    reason: str
    example: Row


_IMAGES = tuple(
    name for name, cls in LAYERS.items() if cls.__module__.endswith(("augmentation", "colours", "resizing"))
)

STRICTER = (
    Stricter(
        "shape-axis",
        ("softmax", "unit_normalization", "concatenate", "multi_head_attention"),
        "the axis is the batch, is not there, or holds the channels that attention mixes",
        ("unit_normalization", {"axis": -2}, (6,)),
    ),
    Stricter(
        "shape-axis",
        ("rms_normalization",),
        "Keras scales along the last axes, whichever it normalizes: it fails when it runs, or is wrong in silence",
        ("rms_normalization", {"axis": 1}, (5, 6)),
    ),
    Stricter(
        "shape-rank",
        _IMAGES,
        "Keras works on the last three axes of anything; a spec has images",
        ("random_flip", {}, (8, 8)),
    ),
    Stricter(
        "shape-rank",
        ("einsum_dense",),
        "Keras takes axes that the equation does not name, and fails when it runs",
        ("einsum_dense", {"equation": "ab,bc->ac", "output_sizes": 4}, (5, 6)),
    ),
    Stricter(
        "shape-rank",
        ("dropout", "alpha_dropout"),
        "Keras builds it, and fails when it trains",
        ("dropout", {"rate": 0.5, "noise_shape": (None, 1)}, (4, 5, 6)),
    ),
    Stricter(
        "shape-axis",
        ("dropout", "alpha_dropout"),
        "Keras builds it, and fails when it trains",
        ("dropout", {"rate": 0.5, "noise_shape": (None, 2)}, (6,)),
    ),
    Stricter(
        "shape-channels",
        ("random_hue", "random_saturation", "random_color_jitter", "random_grayscale"),
        "Keras builds it, and fails when it runs",
        ("random_hue", {"factor": 0.1}, (8, 8, 1)),
    ),
    Stricter(
        "conflict",
        ("resizing",),
        "Keras builds it, and fails when it runs",
        ("resizing", {"height": 4, "width": 4, "crop_to_aspect_ratio": True, "pad_to_aspect_ratio": True}, (8, 8, 3)),
    ),
    Stricter(
        "unsupported",
        ("multi_head_attention",),
        "Keras trains it although `trainable` is false",
        ("multi_head_attention", {"num_heads": 1, "key_dim": 2, "trainable": False}, (4, 6)),
    ),
)
