"""Record `torch_reference.json`: what PyTorch computes for integer padding, as the papers define it.

Run it with PyTorch installed: `python tests/layers/record_torch.py`. Inputs and weights are whole numbers by a fixed
rule (see `numbers`), written channels first here and compared channels last, so the file holds only the outputs.
"""

import json
from math import prod
from pathlib import Path
from typing import Any

HERE = Path(__file__).with_name("torch_reference.json")

Case = dict[str, Any]


def numbers(shape: tuple[int, ...], seed: int) -> list[int]:
    """Whole numbers from −9 to 3, most of them negative, in no pattern that a wrong axis order would keep."""
    return [(seed + 7 * at * at + 3 * at) % 13 - 9 for at in range(prod(shape))]


CASES: list[Case] = [
    *[
        {
            "entry": "conv2d",
            "size": (5, 6),
            "channels": 2,
            "filters": 3,
            "kernel_size": k,
            "strides": s,
            "padding": p,
            "dilation_rate": d,
        }
        for k, s, p, d in (
            ((3, 3), (1, 1), (1, 1), (1, 1)),
            ((3, 3), (2, 2), (1, 1), (1, 1)),
            ((3, 2), (2, 1), (1, 0), (1, 1)),
            ((2, 2), (1, 3), (1, 1), (1, 1)),
            ((3, 3), (1, 1), (2, 1), (2, 1)),
            ((3, 3), (1, 1), (2, 2), (2, 2)),
        )
    ],
    {
        "entry": "conv2d",
        "size": (5, 6),
        "channels": 4,
        "filters": 6,
        "kernel_size": (3, 3),
        "strides": (2, 1),
        "padding": (1, 1),
        "dilation_rate": (1, 1),
        "groups": 2,
    },
    {
        "entry": "conv1d",
        "size": (7,),
        "channels": 2,
        "filters": 3,
        "kernel_size": (3,),
        "strides": (2,),
        "padding": (1,),
        "dilation_rate": (1,),
    },
    {
        "entry": "conv3d",
        "size": (3, 4, 3),
        "channels": 1,
        "filters": 2,
        "kernel_size": (2, 3, 1),
        "strides": (1, 2, 1),
        "padding": (1, 1, 0),
        "dilation_rate": (1, 1, 1),
    },
    *[
        {
            "entry": "depthwise_conv2d",
            "size": (5, 6),
            "channels": 3,
            "depth_multiplier": m,
            "kernel_size": (3, 3),
            "strides": s,
            "padding": p,
            "dilation_rate": d,
        }
        for m, s, p, d in (
            (1, (1, 1), (1, 1), (1, 1)),
            (2, (2, 2), (1, 1), (1, 1)),
            (1, (1, 1), (2, 1), (2, 1)),
            (2, (1, 1), (0, 2), (1, 1)),
            (1, (2, 1), (1, 1), (1, 1)),
            (2, (1, 2), (1, 0), (1, 1)),
            (1, (2, 2), (2, 2), (2, 2)),
            (2, (2, 1), (2, 1), (2, 1)),
        )
    ],
    {
        "entry": "depthwise_conv1d",
        "size": (7,),
        "channels": 2,
        "depth_multiplier": 2,
        "kernel_size": (3,),
        "strides": (2,),
        "padding": (2,),
        "dilation_rate": (2,),
    },
    *[
        {"entry": f"{kind}_pooling2d", "size": (5, 6), "channels": 2, "pool_size": k, "strides": s, "padding": p}
        for kind in ("max", "average")
        for k, s, p in (
            ((3, 3), (2, 2), (1, 1)),
            ((3, 3), (1, 1), (1, 1)),
            ((2, 2), (2, 2), (1, 1)),
            ((3, 2), (1, 2), (1, 1)),
            ((3, 3), (3, 2), (1, 0)),
        )
    ],
    *[
        {"entry": f"{kind}_pooling1d", "size": (6,), "channels": 2, "pool_size": (3,), "strides": (2,), "padding": (1,)}
        for kind in ("max", "average")
    ],
    *[
        {
            "entry": f"{kind}_pooling3d",
            "size": (3, 4, 3),
            "channels": 1,
            "pool_size": (2, 2, 2),
            "strides": (2, 1, 2),
            "padding": (1, 0, 1),
        }
        for kind in ("max", "average")
    ],
    *[
        {
            "entry": "conv2d_transpose",
            "size": (3, 4),
            "channels": 2,
            "filters": 3,
            "kernel_size": k,
            "strides": s,
            "padding": p,
            "output_padding": o,
            "dilation_rate": d,
        }
        for k, s, p, o, d in (
            ((3, 3), (2, 2), (1, 1), (0, 0), (1, 1)),
            ((3, 3), (2, 2), (1, 1), (1, 1), (1, 1)),
            ((4, 4), (2, 2), (1, 1), (0, 0), (1, 1)),
            ((3, 3), (3, 3), (0, 0), (2, 1), (1, 1)),
            ((3, 3), (3, 2), (1, 0), (2, 1), (1, 1)),
            ((3, 2), (2, 3), (1, 1), (1, 0), (1, 1)),
            ((3, 3), (1, 1), (1, 1), (0, 0), (2, 2)),
            ((2, 2), (3, 3), (0, 0), (2, 2), (1, 1)),
            ((5, 4), (2, 2), (2, 1), (1, 0), (1, 1)),
        )
    ],
    {
        "entry": "conv1d_transpose",
        "size": (4,),
        "channels": 2,
        "filters": 2,
        "kernel_size": (3,),
        "strides": (2,),
        "padding": (1,),
        "output_padding": (1,),
        "dilation_rate": (1,),
    },
    {
        "entry": "conv3d_transpose",
        "size": (2, 2, 3),
        "channels": 1,
        "filters": 2,
        "kernel_size": (2, 3, 2),
        "strides": (2, 2, 1),
        "padding": (0, 1, 0),
        "output_padding": (1, 1, 0),
        "dilation_rate": (1, 1, 1),
    },
]


def record(case: Case) -> list[float]:
    """The output of one case, flat, channels last."""
    import torch
    from torch.nn import functional

    rank = len(case["size"])
    pick = (0, *range(2, rank + 2), 1)
    x = torch.tensor(numbers((*case["size"], case["channels"]), 1), dtype=torch.float64)
    x = x.reshape(1, *case["size"], case["channels"]).permute(0, rank + 1, *range(1, rank + 1))
    window = {"stride": case["strides"], "padding": case["padding"]}
    name = case["entry"]
    if "pooling" in name:
        if name.startswith("average") and rank > 1:
            y = getattr(functional, f"avg_pool{rank}d")(x, case["pool_size"], **window, count_include_pad=False)
        elif name.startswith("average"):
            y = functional.avg_pool1d(x, case["pool_size"], **window, count_include_pad=False)
        else:
            y = getattr(functional, f"max_pool{rank}d")(x, case["pool_size"], **window)
    else:
        shape = kernel_shape(case)
        kernel = torch.tensor(numbers(shape, 5), dtype=torch.float64).reshape(shape)
        window["dilation"] = case["dilation_rate"]
        if name.startswith("depthwise"):
            kernel = kernel.flatten(-2).unsqueeze(-2)
            window["groups"] = case["channels"]
        window["groups"] = window.get("groups", case.get("groups", 1))
        weight = kernel.permute(rank + 1, rank, *range(rank))
        if "transpose" in name:
            y = getattr(functional, f"conv_transpose{rank}d")(
                x, weight, output_padding=case["output_padding"], **window
            )
        else:
            y = getattr(functional, f"conv{rank}d")(x, weight, **window)
    values: list[float] = y.permute(pick).flatten().tolist()
    return values


def kernel_shape(case: Case) -> tuple[int, ...]:
    """The kernel's shape in Keras's layout."""
    name, channels = case["entry"], case["channels"]
    if name.startswith("depthwise"):
        return (*case["kernel_size"], channels, case["depth_multiplier"])
    if "transpose" in name:
        return (*case["kernel_size"], case["filters"], channels)
    return (*case["kernel_size"], channels // case.get("groups", 1), case["filters"])


if __name__ == "__main__":
    HERE.write_text(json.dumps([[round(value, 6) for value in record(case)] for case in CASES]) + "\n")
