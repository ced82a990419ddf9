"""Rows of paddings, croppings and changes of size."""

from . import Row, crossed, grid, maps

SIZES = (1, 2, 3, 5, 8, None)
SIDES = {
    1: (0, 1, 2, (1,), ((1, 2),), ((0, 3),)),
    2: (0, 1, 2, (1, 2), (0, 1), ((0, 1), (2, 0)), ((1, 1), (2, 3))),
    3: (0, 1, (0, 1, 2), ((0, 1), (1, 0), (2, 2))),
}
SCALES = {1: (1, 2, 3, (2,)), 2: (1, 2, 3, (1, 2), (3, 2)), 3: (1, 2, (1, 2, 3))}
WAYS = ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5")


def rows() -> list[Row]:
    """About 350 of them."""
    found: list[Row] = []
    for rank in (1, 2, 3):
        shapes = maps(rank, 2, SIZES)
        found += crossed([f"zero_padding{rank}d"], [{}, *grid(padding=SIDES[rank])], shapes)
        found += crossed([f"cropping{rank}d"], [{}, *grid(cropping=SIDES[rank])], shapes)
        found += crossed([f"up_sampling{rank}d"], [{}, *grid(size=SCALES[rank])], shapes)
    images = [(8, 8, 3), (5, 9, 1), (1, 1, 3), (None, None, 3), (8, None, 3), (2, 2, 2)]
    found += crossed(["up_sampling2d"], grid(size=(2, (1, 3)), interpolation=WAYS), images)
    found += crossed(
        ["resizing"], grid(height=(4,), width=(6,), interpolation=(None, *WAYS), antialias=(None, True)), images
    )
    found += crossed(
        ["resizing"],
        grid(height=(4,), width=(6,), crop_to_aspect_ratio=(None, True), pad_to_aspect_ratio=(None, True)),
        images,
    )
    found += crossed(["center_crop"], grid(height=(1, 4), width=(6,)), images)
    wrong = [(4,), (4, 4), (4, 4, 4, 4)]
    return found + list(crossed(["zero_padding2d", "cropping2d", "up_sampling2d"], [{}], wrong))
