"""Rows of preprocessing and augmentation."""

from . import Row, crossed

IMAGES = [(8, 8, 3), (8, 6, 1), (None, None, 3), (5, 5, 2), (8, 8), (2, 8, 8, 3)]
LAYERS = [
    ("rescaling", {"scale": 2, "offset": -1}),
    ("rescaling", {"scale": 0.5}),
    ("normalization", {"mean": 0.5, "variance": 0.25}),
    ("normalization", {"mean": (0.1, 0.2, 0.3), "variance": (1.0, 1.0, 2.0)}),
    ("normalization", {"mean": (1,), "variance": (2,)}),
    ("normalization", {"mean": 1, "variance": 0, "axis": None}),
    ("normalization", {"mean": 1, "variance": 1, "axis": (1, 3)}),
    ("normalization", {"mean": 1, "variance": 1, "axis": 2, "invert": True}),
    ("normalization", {"mean": 1, "variance": 1, "axis": 4}),
    ("normalization", {"mean": None, "variance": None}),
    ("normalization", {"mean": None, "variance": None, "axis": (3, 1), "trainable": False}),
    ("normalization", {"mean": None, "variance": None, "axis": None}),
    ("normalization", {"mean": (1, 2), "variance": (1, 2), "axis": (1, -1)}),
    ("random_flip", {}),
    ("random_flip", {"mode": "vertical", "seed": 1}),
    ("random_rotation", {"factor": 0.1}),
    ("random_rotation", {"factor": (-0.2, 0.1), "fill_mode": "constant", "fill_value": 3, "interpolation": "nearest"}),
    ("random_zoom", {"height_factor": 0.1}),
    ("random_zoom", {"height_factor": -0.5, "width_factor": (0.1, 0.2)}),
    ("random_translation", {"height_factor": 0.1, "width_factor": (-0.1, 0.3)}),
    ("random_shear", {}),
    ("random_shear", {"x_factor": 0.2, "y_factor": (0, 1)}),
    ("random_perspective", {"factor": 0.5, "scale": 0.2}),
    ("random_elastic_transform", {"factor": 0.5, "fill_mode": "wrap"}),
    ("random_crop", {"height": 4, "width": 3}),
    ("random_crop", {"height": 9, "width": 9}),
    ("random_erasing", {"factor": 0.5, "scale": (0.1, 0.2), "fill_value": 0}),
    ("random_erasing", {}),
    ("random_contrast", {"factor": 0.2}),
    ("random_brightness", {"factor": (-0.2, 0.1), "value_range": (0, 1)}),
    ("random_hue", {"factor": 0.2}),
    ("random_saturation", {"factor": (0.2, 0.8)}),
    ("random_color_degeneration", {"factor": 0.3}),
    (
        "random_color_jitter",
        {"brightness_factor": 0.1, "contrast_factor": 0.1, "saturation_factor": (0.4, 0.6), "hue_factor": 0.1},
    ),
    ("random_color_jitter", {}),
    ("random_grayscale", {}),
    ("random_sharpness", {"factor": 0.4}),
    ("random_gaussian_blur", {"kernel_size": (3, 5), "sigma": (0.1, 1)}),
    ("random_invert", {"factor": 0.1}),
    ("random_posterization", {"factor": 4}),
    ("random_posterization", {"factor": (2, 6)}),
    ("solarization", {"addition_factor": 0.1, "threshold_factor": (0, 0.5)}),
    ("auto_contrast", {"value_range": (0, 1)}),
    ("contrast_limited_adaptive_histogram_equalization", {"clip_limit": 2, "tile_grid_size": (2, 2)}),
]


def rows() -> list[Row]:
    """About 250 of them."""
    return [row for name, given in LAYERS for row in crossed([name], [given], IMAGES)]
