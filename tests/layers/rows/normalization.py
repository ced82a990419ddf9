"""Rows of normalisations."""

from . import Row, crossed, grid

SHAPES = [(6,), (5, 6), (4, 5, 6), (3, 4, 5, 6), (None, None, 6), (4, None, 6), (4, 5, None)]


def rows() -> list[Row]:
    """About 350 normalisations."""
    switches = list(grid(center=(None, False), scale=(None, False)))
    axes = [{"axis": axis} for axis in (1, 2, 3, 4, 5, -1, -2, -3)]
    several = [{"axis": axis} for axis in ((1, 2), (1, 3), (-1, -2), (3, 1, 2), (-1, 1))]
    groups = [{"groups": number} for number in (1, 2, 3, 4, 6, 8, -1)]
    learned = ["batch_normalization", "layer_normalization", "group_normalization"]
    settings = {
        "gamma_initializer": "zeros",
        "beta_regularizer": "l2",
        "gamma_constraint": "non_neg",
        "trainable": False,
    }
    return [
        *crossed(learned[:2], switches, SHAPES),
        *crossed(["batch_normalization"], axes, SHAPES),
        *crossed(["layer_normalization", "rms_normalization", "unit_normalization"], [*axes, *several], SHAPES),
        *crossed(
            ["group_normalization"], [{**number, **switch} for number in groups for switch in switches], [(4, 5, 6)]
        ),
        *crossed(["group_normalization"], groups, SHAPES),
        *crossed(["group_normalization"], [{"groups": 1, **a} for a in axes], SHAPES),
        ("batch_normalization", {**settings, "synchronized": True, "momentum": 0.9, "epsilon": 1e-5}, (4, 4, 6)),
        ("layer_normalization", settings, (4, 4, 6)),
        ("group_normalization", {"groups": 2, **settings}, (4, 4, 6)),
        ("rms_normalization", {"trainable": False, "epsilon": 1e-3}, (4, 6)),
    ]
