"""Rows of poolings."""

from . import Row, crossed, grid, maps, some
from .convolution import PADDINGS, SIZES

POOLS = {1: (1, 2, 3, 4), 2: (1, 2, 3, (1, 2), (3, 2)), 3: (1, 2, (1, 2, 3))}
STRIDES = {1: (None, 1, 2, 3), 2: (None, 1, 2, (1, 2)), 3: (None, 1, (1, 2, 1))}


def rows() -> list[Row]:
    """About 900 poolings."""
    found: list[Row] = []
    for rank, count in ((1, 130), (2, 200), (3, 80)):
        shapes = maps(rank, 3, SIZES)
        windows = list(grid(pool_size=POOLS[rank], strides=STRIDES[rank], padding=PADDINGS[rank]))
        for kind in ("max", "average"):
            found += some(crossed([f"{kind}_pooling{rank}d"], windows, shapes), count)
        every = [f"global_{kind}_pooling{rank}d" for kind in ("max", "average")]
        found += list(crossed(every, [{}, {"keepdims": True}], shapes[:2] + shapes[-3:]))
        fixed = [f"adaptive_{kind}_pooling{rank}d" for kind in ("max", "average")]
        sizes = [{"output_size": size} for size in (1, 2, 3, 5, tuple(range(1, rank + 1)))]
        found += list(crossed(fixed, sizes, shapes[::3]))
    wrong = [(4,), (4, 4), (4, 4, 4, 4), (4, 4, None)]
    names = ["max_pooling2d", "global_average_pooling2d", "global_max_pooling2d"]
    return found + list(crossed(names, [{}], wrong)) + [("max_pooling3d", {}, (4, 4, 4)), ("max_pooling1d", {}, (4,))]
