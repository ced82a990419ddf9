"""Rows of convolutions: kernel × strides × padding × dilation × groups × sizes."""

from . import Row, crossed, grid, maps, some

SIZES = (1, 2, 3, 4, 5, 6, 7, 8, None)
PADDINGS = {
    1: ("valid", "same", 0, 1, 2, (1,), ((0, 1),), ((2, 0),)),
    2: ("valid", "same", 0, 1, 2, (1, 0), (0, 2), ((0, 1), (2, 0)), ((1, 1), (1, 1)), ((1, 2), (0, 0))),
    3: ("valid", "same", 1, (0, 1, 2), ((0, 1), (1, 0), (2, 2))),
}
KERNELS = {1: (1, 2, 3, 5), 2: (1, 2, 3, 5, (1, 3), (3, 2)), 3: (1, 2, 3, (1, 2, 3))}
STRIDES = {1: (1, 2, 3), 2: (1, 2, 3, (1, 2), (2, 1)), 3: (1, 2, (1, 2, 1))}
DILATIONS = {1: (1, 2, 3), 2: (1, 2, (1, 2)), 3: (1, 2)}


def _arguments(rank: int, **more: object) -> list[dict[str, object]]:
    return list(
        grid(
            kernel_size=KERNELS[rank],
            strides=STRIDES[rank],
            padding=PADDINGS[rank],
            dilation_rate=DILATIONS[rank],
            **more,
        )
    )


def rows() -> list[Row]:
    """About 2,300 convolutions."""
    found: list[Row] = []
    for rank, count in ((1, 300), (2, 450), (3, 120)):
        shapes = maps(rank, 4, SIZES)
        plain = _arguments(rank, filters=(4,), groups=(None, 2), use_bias=(None, False))
        found += some(crossed([f"conv{rank}d"], plain, shapes), count)
        up = _arguments(rank, filters=(3,), output_padding=(None, 0, 1))
        found += some(crossed([f"conv{rank}d_transpose"], up, shapes), count)
        if rank < 3:
            deep = _arguments(rank, depth_multiplier=(None, 2))
            found += some(crossed([f"depthwise_conv{rank}d"], deep, shapes), count * 2 // 3)
            found += some(
                crossed([f"separable_conv{rank}d"], [{**row, "filters": 5} for row in deep], shapes), count // 2
            )
    causal = grid(filters=(2,), kernel_size=(1, 2, 3), strides=(1, 2), dilation_rate=(1, 2), padding=("causal",))
    found += some(crossed(["conv1d"], causal, maps(1, 3, SIZES)), 60)
    return found + _odd_ones()


def _odd_ones() -> list[Row]:
    """Groups that do not divide, wrong ranks, unknown channels, everything off, weights that are not trained."""
    settings = {
        "kernel_initializer": {"he_normal": {"seed": 1}},
        "bias_initializer": "ones",
        "kernel_regularizer": "l2",
        "bias_regularizer": {"l1": 0.1},
        "activity_regularizer": {"l1_l2": {"l1": 0.1}},
        "kernel_constraint": "non_neg",
        "bias_constraint": {"max_norm": 3},
        "activation": {"leaky_relu": 0.1},
    }
    return [
        *[
            ("conv2d", {"filters": 6, "kernel_size": 1, "groups": g}, (4, 4, c))
            for g in (1, 2, 3, 6)
            for c in (1, 2, 3, 4, 6, 12)
        ],
        *[("conv2d", {"filters": 4, "kernel_size": 1, "groups": g}, (4, 4, 12)) for g in (3, 5, 8)],
        *[("conv2d", {"filters": 4, "kernel_size": 1}, shape) for shape in ((4,), (4, 4), (4, 4, None), (4, 4, 4, 4))],
        *[("conv1d", {"filters": 4, "kernel_size": 1}, shape) for shape in ((4,), (4, 4, 4), (None, 4), (4, None))],
        *[("conv3d", {"filters": 4, "kernel_size": 1}, shape) for shape in ((4, 4, 4), (None, None, None, 1))],
        *[("depthwise_conv2d", {"kernel_size": 1}, shape) for shape in ((4, 4), (4, 4, None), (None, None, 2))],
        *[("separable_conv2d", {"filters": 2, "kernel_size": 1}, shape) for shape in ((4, 4), (4, 4, None))],
        *[("conv2d_transpose", {"filters": 2, "kernel_size": 2}, shape) for shape in ((4, 4), (4, 4, None))],
        ("conv2d", {"filters": 4, "kernel_size": 3, **settings}, (8, 8, 3)),
        ("conv2d", {"filters": 4, "kernel_size": 3, "padding": 1, "strides": 2, **settings}, (8, 8, 3)),
        ("conv2d_transpose", {"filters": 4, "kernel_size": 3, "padding": 1, "activation": "relu"}, (8, 8, 3)),
        *[
            (name, {**given, "trainable": False, "padding": padding}, (8, 8, 4))
            for padding in ("valid", 1, ((0, 1), (1, 0)))
            for name, given in (
                ("conv2d", {"filters": 4, "kernel_size": 3}),
                ("depthwise_conv2d", {"kernel_size": 3}),
                ("separable_conv2d", {"filters": 4, "kernel_size": 3}),
                ("conv2d_transpose", {"filters": 4, "kernel_size": 3}),
            )
        ],
    ]
