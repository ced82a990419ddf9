"""Each measure, fed in batches, against scikit-learn or plain NumPy on everything at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn import metrics as oracle

from cnnspec.judging.heads import Head
from cnnspec.judging.judged import Judged
from cnnspec.judging.measures import measure
from cnnspec.judging.scores import class_scores, expected_calibration_error, rank_of, reliability, sigmoid, softmax

RANDOM = np.random.default_rng(7)


def judged(head: Head, form: Any, truth: Any, outputs: Any, top: int = 2) -> Judged:
    found = measure(head, form, top)
    for part in np.array_split(np.arange(len(truth)), min(5, len(truth))):
        found.add(truth[part], outputs[part])
    return found.judged()


def test_softmax_and_sigmoid_hold_for_large_numbers() -> None:
    assert softmax(np.array([1000.0, 1000.0, -1000.0])) == pytest.approx([0.5, 0.5, 0])
    assert sigmoid(np.array([-1000.0, 0.0, 1000.0])) == pytest.approx([0, 0.5, 1])


@pytest.mark.parametrize("form", ["numbers", "one_hot"])
@pytest.mark.parametrize("scores", ["probabilities", "softmax", "margins"])
def test_classes(form: str, scores: Any) -> None:
    truth, raw = RANDOM.integers(0, 5, 200), RANDOM.normal(size=(200, 6))
    raw[np.arange(200), truth] += 1
    outputs = softmax(raw) if scores == "probabilities" else raw
    head = Head("y", "classes", (6,), scores, ("a", "b", "c", "d", "e", 5))
    found = judged(head, form, np.eye(6)[truth] if form == "one_hot" else truth, outputs)
    told = raw.argmax(axis=1)
    assert found.metrics["accuracy"] == pytest.approx(oracle.accuracy_score(truth, told))
    assert found.metrics["top_2_accuracy"] == pytest.approx(
        oracle.top_k_accuracy_score(truth, raw, k=2, labels=range(6))
    )
    assert found.metrics["macro_f1"] == pytest.approx(oracle.f1_score(truth, told, average="macro", zero_division=0))
    assert found.confusion_matrix == oracle.confusion_matrix(truth, told, labels=range(6)).tolist()
    precision, recall, f1, support = oracle.precision_recall_fscore_support(
        truth, told, labels=range(6), zero_division=0
    )
    for at, row in enumerate(found.per_class):
        assert row == {
            "class": head.classes[at], "precision": precision[at], "recall": recall[at], "f1": f1[at],
            "support": support[at],
        }  # fmt: skip
    matrix = oracle.confusion_matrix(truth, told, labels=range(6)) * (1 - np.eye(6, dtype=int))
    assert [row["count"] for row in found.confusions] == sorted(matrix[matrix > 0], reverse=True)[:20]
    assert ("expected_calibration_error" in found.metrics) == (scores != "margins")


@pytest.mark.parametrize(
    ("scores", "right"), [("probabilities", [0.2, 0.5001, 0.9]), ("sigmoid", [-3, 0.1, 3]), ("margins", [-1, 0.1, 2])]
)
def test_one_unit_tells_two_classes(scores: Any, right: list[float]) -> None:
    head = Head("y", "classes", (1,), scores, ("no", "yes"), binary=True)
    found = judged(head, "column", np.array([[0.0], [1], [0]]), np.array(right)[:, None])
    assert found.confusion_matrix == [[1, 1], [0, 1]]


def test_a_class_that_is_ignored_does_not_count() -> None:
    head = Head("y", "classes", (3,), classes=(0, 1, 2), ignored=2)
    found = judged(head, "numbers", np.array([0, 1, 2, 255, -1, 1]), np.eye(3)[[0, 1, 0, 0, 0, 0]])
    assert found.metrics["accuracy"] == pytest.approx(2 / 3)


def test_ranks() -> None:
    scores = np.array([[0.1, 0.5, 0.4], [0.3, 0.3, 0.4], [np.nan, 0.5, 0.5]])
    assert rank_of(scores, np.array([0, 1, 1])).tolist() == [2, 2, 3]


def test_calibration_error_by_hand() -> None:
    confidence, right = np.array([0.95, 0.97, 0.55, 0.56, 1.0]), np.array([True, False, True, True, True])
    bins = reliability(confidence, right, 10)
    assert [(each.low, each.high, each.count) for each in bins] == [(0.5, 0.6, 2), (0.9, 1.0, 3)]
    wanted = 2 / 5 * (1 - 0.555) + 3 / 5 * abs(2 / 3 - (0.95 + 0.97 + 1) / 3)
    assert expected_calibration_error(bins) == pytest.approx(wanted)


@pytest.mark.parametrize("form", ["numbers", "one_hot", "column"])
def test_masks(form: Any) -> None:
    count = 2 if form == "column" else 4
    truth, raw = RANDOM.integers(0, count, (20, 6, 5)), RANDOM.random((20, 6, 5, count))
    head = Head("m", "masks", (6, 5, 1 if form == "column" else 4), classes=tuple(range(count)), binary=count == 2)
    labels = {"numbers": truth, "one_hot": np.eye(count)[truth], "column": truth[..., None]}[form]
    outputs = raw[..., 1:] if form == "column" else raw
    told = (raw[..., 1] > 0.5).astype(int) if form == "column" else raw.argmax(axis=-1)
    found = judged(head, form, labels, outputs)
    flat = truth.ravel(), told.ravel()
    assert [row["iou"] for row in found.per_class] == pytest.approx(oracle.jaccard_score(*flat, average=None))
    assert found.metrics["mean_iou"] == pytest.approx(oracle.jaccard_score(*flat, average="macro"))
    assert found.metrics["pixel_accuracy"] == pytest.approx(oracle.accuracy_score(*flat))
    assert [row["f1"] for row in found.per_class] == pytest.approx(oracle.f1_score(*flat, average=None))


def test_pixels_of_no_class_do_not_count_and_absent_classes_lower_no_mean() -> None:
    head = Head("m", "masks", (1, 3, 3), classes=(0, 1, 2), ignored=255)
    found = judged(head, "numbers", np.array([[[0, 1, 255]]]), np.eye(3)[[[[0, 1, 2]]]])
    assert found.metrics == {"pixel_accuracy": 1.0, "mean_iou": 1.0}
    assert found.confusion_matrix == [[1, 0, 0], [0, 1, 0], [0, 0, 0]]


def test_values() -> None:
    truth, told = RANDOM.normal(1e4, 3, (70, 3)), RANDOM.normal(1e4, 3, (70, 3))
    truth[:, 2] = 5.0
    found = judged(Head("v", "values", (3,)), "as_is", truth, told)
    assert found.metrics["mean_absolute_error"] == pytest.approx(oracle.mean_absolute_error(truth, told))
    assert found.metrics["root_mean_squared_error"] == pytest.approx(np.sqrt(oracle.mean_squared_error(truth, told)))
    assert found.metrics["r2_score"] == pytest.approx(oracle.r2_score(truth, told))
    wanted = oracle.r2_score(truth, told, multioutput="raw_values")
    assert [row["r2_score"] for row in found.per_value] == pytest.approx(list(wanted))


def test_images_are_judged_as_one() -> None:
    truth, told = RANDOM.random((12, 4, 4, 3)), RANDOM.random((12, 4, 4, 3))
    found = judged(Head("i", "images", (4, 4, 3)), "as_is", truth, told)
    assert found.metrics["r2_score"] == pytest.approx(oracle.r2_score(truth.ravel(), told.ravel()))
    assert found.per_value == ()


def test_tags() -> None:
    truth, told = RANDOM.random((50, 4)) > 0.6, RANDOM.random((50, 4))
    found = judged(
        Head("t", "tags", (4,), classes=("a", "b", "c", "d"), thresholds=(0.5,) * 4), "as_is", truth.astype(float), told
    )
    assert found.metrics["macro_f1"] == pytest.approx(oracle.f1_score(truth, told > 0.5, average="macro"))
    assert found.metrics["micro_recall"] == pytest.approx(oracle.recall_score(truth, told > 0.5, average="micro"))
    assert found.metrics["exact_match"] == pytest.approx(((told > 0.5) == truth).all(axis=1).mean())


def test_boxes() -> None:
    truth = np.array([[0.0, 0, 2, 2], [0, 0, 1, 1]], np.float32)
    told = np.array([[1.0, 0, 3, 2], [0, 0, 1, 1]], np.float32)
    found = judged(Head("b", "boxes", (4,), box="xyxy"), "as_is", truth, told)
    assert found.metrics["box_iou"] == pytest.approx((1 / 3 + 1) / 2)
    assert found.metrics["box_iou_above_half"] == 0.5
    assert found.metrics["mean_absolute_error"] == pytest.approx(0.25)


def test_scores_of_a_network_without_probabilities() -> None:
    head = Head("y", "classes", (1,), "margins", (0, 1), binary=True)
    assert class_scores(head, np.array([[0.7]])).tolist() == [[-0.7, 0.7]]
