"""Rows of self-attention."""

from . import Row, crossed, grid

SHAPES = [(4, 6), (3, 4, 6), (2, 3, 4, 6), (None, 6), (None, None, 6), (4, None)]


def rows() -> list[Row]:
    """About 150 of them."""
    heads = grid(num_heads=(1, 3), key_dim=(2, 4), value_dim=(None, 5), use_bias=(None, False))
    axes = [{"num_heads": 2, "key_dim": 2, "attention_axes": axes} for axes in (1, 2, -2, (1, 2), (-2,), (1, 2, 3), 3)]
    more = {"num_heads": 2, "key_dim": 3, "dropout": 0.1, "kernel_regularizer": "l2", "bias_initializer": "ones"}
    one = grid(use_scale=(None, True), score_mode=(None, "concat"), dropout=(None, 0.2))
    return [
        *crossed(["multi_head_attention"], [*heads, *axes, more], SHAPES),
        *crossed(["attention"], [*one, {"use_scale": True, "trainable": False}], SHAPES),
    ]
