"""What is crossed: labels of every kind, networks' ends, losses and metrics."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from tests.crossing.oracle import Array

CLASSES, ITEMS, SIDE = 4, 20, 4
RANDOM = np.random.default_rng(11)
X = RANDOM.random((ITEMS, SIDE, SIDE, 2)).astype("float32")


class Labels(NamedTuple):
    """Labels as a file holds them; `said` is what the spec says of them, `maps` that they have an image's axes."""

    array: Array
    said: str = ""
    maps: bool = False


def _rows(numbers: Array) -> Array:
    return np.eye(CLASSES)[numbers]


def _labels() -> dict[str, Labels]:
    t, two = RANDOM.permutation(np.arange(ITEMS) % CLASSES), RANDOM.permutation(np.arange(ITEMS) % 2)
    masks = RANDOM.integers(0, CLASSES, (ITEMS, SIDE, SIDE))
    binary = RANDOM.integers(0, 2, (ITEMS, SIDE, SIDE))
    tags, maps = RANDOM.integers(0, 2, (ITEMS, CLASSES)), RANDOM.integers(0, 2, (ITEMS, SIDE, SIDE, CLASSES))
    shares = RANDOM.dirichlet(np.ones(CLASSES), ITEMS)
    values = RANDOM.normal(1, 2, (ITEMS, CLASSES))
    corner, size = RANDOM.random((ITEMS, 2)), RANDOM.random((ITEMS, 2)) + 0.2
    void = np.where(RANDOM.random(masks.shape) < 0.2, 255, masks)
    return {
        "class numbers": Labels(t), "class numbers, uint8": Labels(t.astype("uint8")),
        "class numbers, float": Labels(t.astype("float32")), "class numbers, N×1": Labels(t[:, None]),
        "class numbers, one class less": Labels(np.minimum(t, CLASSES - 2)),
        "class numbers, said": Labels(t, "classes"),
        "two classes": Labels(two), "two classes, bool": Labels(two.astype(bool)),
        "two classes, float": Labels(two.astype("float64")), "two classes, −1 and 1": Labels(2 * two - 1),
        "one-hot rows": Labels(_rows(t)), "one-hot rows, uint8": Labels(_rows(t).astype("uint8")),
        "shares": Labels(shares.astype("float32")),
        "tags": Labels(tags), "tags, bool": Labels(tags.astype(bool)), "tags, float": Labels(tags.astype("float32")),
        "tags, said": Labels(_rows(t), "tags"), "one tag, said": Labels(two[:, None], "tags"),
        "one value": Labels(values[:, 0]), "one value, N×1": Labels(values[:, :1].astype("float32")),
        "one value, whole": Labels(RANDOM.integers(18, 90, ITEMS)),
        "one value, said": Labels(two, "values"), "several values": Labels(values),
        "several values, 0 to 1": Labels(RANDOM.random((ITEMS, CLASSES)).astype("float32")),
        "boxes": Labels(np.concatenate([corner, corner + size], axis=1).astype("float32"), "boxes"),
        "class maps": Labels(masks, "", True), "class maps, uint8 N×H×W×1": Labels(masks[..., None].astype("uint8"), "", True),
        "class maps, float": Labels(masks.astype("float32"), "", True), "class maps, 255": Labels(void.astype("uint8"), "", True),
        "binary maps, bool": Labels(binary.astype(bool), "", True),
        "binary maps, float N×H×W×1": Labels(binary[..., None].astype("float32"), "", True),
        "one-hot maps": Labels(_rows(masks).astype("uint8"), "", True), "tag maps": Labels(maps, "", True),
        "tag maps, said": Labels(maps.astype("float32"), "tags", True),
        "value maps": Labels(RANDOM.random((ITEMS, SIDE, SIDE, CLASSES)), "", True),
        "value maps, one channel": Labels(RANDOM.normal(size=(ITEMS, SIDE, SIDE)).astype("float32"), "", True),
    }  # fmt: skip


LABELS = _labels()


class End(NamedTuple):
    """A network's last layer: its activation, its units, and how large the scores before it are."""

    activation: str
    units: int
    scale: float = 3.0

    def __str__(self) -> str:
        return f"{self.activation} × {self.units}{' saturated' * (self.scale > 10)}"


ENDS = [
    *(End(name, CLASSES) for name in ("softmax", "sigmoid", "linear", "softplus")),
    *(End(name, 1) for name in ("sigmoid", "linear", "softplus")),
    End("softmax", CLASSES, 300.0), End("sigmoid", CLASSES, 300.0), End("sigmoid", 1, 300.0),
]  # fmt: skip

_SCORED = (
    "categorical_crossentropy", "sparse_categorical_crossentropy", "binary_crossentropy", "binary_focal_crossentropy",
    "categorical_focal_crossentropy",
)  # fmt: skip

Entry = tuple[str, dict[str, Any]]

LOSSES: list[Entry] = [
    *((name, more) for name in _SCORED for more in ({}, {"from_logits": True})),
    *((name, {"label_smoothing": 0.1}) for name in _SCORED if "sparse" not in name),
    ("sparse_categorical_crossentropy", {"ignore_class": 255}),
    ("sparse_categorical_crossentropy", {"ignore_class": 255, "from_logits": True}),
    ("binary_focal_crossentropy", {"apply_class_balancing": True, "alpha": 0.4, "gamma": 1.5}),
    ("categorical_generalized_cross_entropy", {}), ("hinge", {}), ("squared_hinge", {}), ("categorical_hinge", {}),
    ("kl_divergence", {}), ("circle", {}), ("mean_squared_error", {}), ("mean_absolute_error", {}),
    ("mean_absolute_percentage_error", {}), ("mean_squared_logarithmic_error", {}), ("huber", {"delta": 0.7}),
    ("log_cosh", {}), ("poisson", {}), ("cosine_similarity", {}), ("dice", {}), ("tversky", {"alpha": 0.3, "beta": 0.7}),
    ("sum", {"losses": ["categorical_crossentropy", "dice"]}),
    ("sum", {"losses": ["binary_crossentropy", "dice"], "weights": [0.3, 0.7]}),
]  # fmt: skip

METRICS: list[Entry] = [
    *((name, {}) for name in (
        "accuracy", "sparse_categorical_accuracy", "categorical_accuracy", "binary_accuracy",
        "true_positives", "true_negatives", "false_positives", "false_negatives", "precision", "recall", "auc",
        "f1_score", "binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy", "hinge",
        "squared_hinge", "categorical_hinge", "kl_divergence", "poisson", "mean_squared_error",
        "root_mean_squared_error", "mean_absolute_error", "mean_absolute_percentage_error",
        "mean_squared_logarithmic_error", "log_cosh_error", "cosine_similarity", "pearson_correlation",
        "concordance_correlation", "r2_score", "mean_iou", "binary_iou", "one_hot_mean_iou", "box_iou",
    )),
    ("top_k_categorical_accuracy", {"k": 2}), ("sparse_top_k_categorical_accuracy", {"k": 2}),
    ("precision_at_recall", {"recall": 0.4}), ("recall_at_precision", {"precision": 0.3}),
    ("sensitivity_at_specificity", {"specificity": 0.4}), ("specificity_at_sensitivity", {"sensitivity": 0.4}),
    ("precision_at_recall", {"recall": 0.4, "class_id": 1}), ("recall_at_precision", {"precision": 0.3, "class_id": 1}),
    ("sensitivity_at_specificity", {"specificity": 0.4, "class_id": 2}),
    ("specificity_at_sensitivity", {"sensitivity": 0.4, "class_id": 2}),
    ("f_beta_score", {"beta": 2.0}), ("f_beta_score", {"beta": 0.5, "average": "weighted"}),
    ("f1_score", {"average": "micro"}), ("f1_score", {"threshold": 0.3}),
    ("precision", {"class_id": 1}), ("recall", {"thresholds": 0.3}), ("precision", {"top_k": 2}),
    ("true_positives", {"thresholds": 0.3}), ("binary_accuracy", {"threshold": 0.3}),
    ("auc", {"curve": "PR"}), ("auc", {"multi_label": False}),
    ("binary_crossentropy", {"label_smoothing": 0.1}), ("categorical_crossentropy", {"label_smoothing": 0.1}),
    ("iou", {"target_class_ids": (1,)}), ("one_hot_iou", {"target_class_ids": (1, 2)}),
    ("binary_iou", {"target_class_ids": (1,), "threshold": 0.3}),
]  # fmt: skip
