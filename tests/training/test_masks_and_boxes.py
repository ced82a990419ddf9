"""Losses and metrics of masks and boxes, against NumPy."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cnnspec.language.entries import read_entry
from cnnspec.training.component import Facing
from cnnspec.training.fit import train
from cnnspec.training.losses import LOSSES
from cnnspec.training.metrics import METRICS
from tests.training.specs import plan

# Keras's variables do not take the keyword that NumPy 2 passes while they are saved.
pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)

GENERATOR = np.random.default_rng(3)
SCORES = GENERATOR.random((6, 5, 4, 3)).astype("float32")
SOFT = SCORES / SCORES.sum(axis=-1, keepdims=True)
MASKS = GENERATOR.integers(0, 3, (6, 5, 4)).astype("int32")
HOT = np.eye(3, dtype="float32")[MASKS]
YES = (MASKS[..., np.newaxis] > 0).astype("float32")


def loss(value: Any, truth: Any, told: Any, weights: Any = None) -> float:
    from cnnspec.training.compiling import make

    entry: Any = read_entry(value, LOSSES)
    return float(make(entry.fitted(told.shape[1:]).call())(truth, told, weights))


def metric(value: Any, facing: Facing, *batches: tuple[Any, Any]) -> float:
    from cnnspec.training.compiling import make

    entry: Any = read_entry(value, METRICS)
    made = make(entry.call_for(facing))
    assert made.name == entry.column
    for truth, told in batches:
        made.update_state(truth, told)
    return float(made.result())


def dice_of_classes(truth: Any, told: Any, alpha: float = 0.5, beta: float = 0.5) -> float:
    """The mean over the classes of 1 − TP / (TP + α FP + β FN), over all images and pixels."""
    axes = (0, 1, 2)
    both, false, missed = ((a * b).sum(axes) for a, b in ((truth, told), (1 - truth, told), (truth, 1 - told)))
    return float(np.mean(1 - both / (both + alpha * false + beta * missed)))


def iou_of_classes(truth: Any, told: Any, classes: int) -> Any:
    pairs = [(truth == number, told == number) for number in range(classes)]
    return np.array([(a & b).sum() / (a | b).sum() if (a | b).any() else np.nan for a, b in pairs])


def test_dice_and_tversky_count_each_class_over_the_batch() -> None:
    assert loss("dice", HOT, SOFT) == pytest.approx(dice_of_classes(HOT, SOFT), rel=1e-5)
    assert loss("tversky", HOT, SOFT) == pytest.approx(dice_of_classes(HOT, SOFT), rel=1e-5)
    weighed = loss({"tversky": {"alpha": 0.2, "beta": 0.9}}, HOT, SOFT)
    assert weighed == pytest.approx(dice_of_classes(HOT, SOFT, 0.2, 0.9), rel=1e-5)
    told = SOFT[..., :1]
    assert loss("dice", YES, told) == pytest.approx(1 - 2 * (YES * told).sum() / (YES.sum() + told.sum()), rel=1e-5)
    over_images = [dice_of_classes(HOT[[at]], SOFT[[at]]) for at in range(6)]
    assert loss({"dice": {"axis": (1, 2)}}, HOT, SOFT) == pytest.approx(np.mean(over_images), rel=1e-5)


def test_weights_of_images_and_pixels_count_in_the_sums() -> None:
    tversky = {"tversky": {"alpha": 0.2, "beta": 0.9}}
    for entry, given in (("dice", ()), (tversky, (0.2, 0.9))):
        ones = np.ones((6, 5, 4), "float32")
        assert loss(entry, HOT, SOFT, ones) == pytest.approx(dice_of_classes(HOT, SOFT, *given), rel=1e-5)
        images = np.array([1, 0, 1, 0, 0, 2], "float32")
        twice = [0, 2, 5, 5]
        expected = dice_of_classes(HOT[twice], SOFT[twice], *given)
        assert loss(entry, HOT, SOFT, images) == pytest.approx(expected, rel=1e-5)
        pixels = ones.copy()
        pixels[:, 1:] = 0
        assert loss(entry, HOT, SOFT, pixels) == pytest.approx(
            dice_of_classes(HOT[:, :1], SOFT[:, :1], *given), rel=1e-5
        )
    assert loss({"dice": {"reduction": "sum"}}, HOT, SOFT, ones) == pytest.approx(3 * dice_of_classes(HOT, SOFT))


def test_focal_losses_and_smoothing() -> None:
    right = (HOT * SOFT).sum(-1)
    focal = loss({"categorical_focal_crossentropy": {"gamma": 2.0, "alpha": 0.25}}, HOT, SOFT)
    assert focal == pytest.approx(np.mean(-0.25 * (1 - right) ** 2 * np.log(right)), rel=1e-4)
    told = SOFT[..., :1]
    likely = np.where(YES == 1, told, 1 - told)
    binary = loss({"binary_focal_crossentropy": {"gamma": 1.5}}, YES, told)
    assert binary == pytest.approx(np.mean(-((1 - likely) ** 1.5) * np.log(likely)), rel=1e-4)
    smooth = loss({"categorical_crossentropy": {"label_smoothing": 0.3}}, HOT, SOFT)
    assert smooth == pytest.approx(np.mean(-((0.7 * HOT + 0.1) * np.log(SOFT)).sum(-1)), rel=1e-5)
    assert loss("sparse_categorical_crossentropy", MASKS, SOFT) == pytest.approx(np.mean(-np.log(right)), rel=1e-5)


def test_pixels_of_an_ignored_class_do_not_count() -> None:
    void = MASKS.copy()
    void[:, 0] = 255
    entry = {"sparse_categorical_crossentropy": {"ignore_class": 255}}
    right = (HOT * SOFT).sum(-1)[:, 1:]
    assert loss(entry, void, SOFT) == pytest.approx(np.mean(-np.log(right)), rel=1e-5)
    seen = metric({"mean_iou": {"ignore_class": 255}}, Facing((5, 4, 3), "class_maps", "numbers"), (void, SOFT))
    assert seen == pytest.approx(iou_of_classes(MASKS[:, 1:], SOFT[:, 1:].argmax(-1), 3).mean(), rel=1e-6)


@pytest.mark.parametrize("name", ["accuracy", "mean_iou", "sparse_categorical_crossentropy"])
def test_what_the_loss_ignores_counts_in_no_metric(name: str) -> None:
    from cnnspec.training.compiling import make
    from cnnspec.training.maps import leaving_out

    void = MASKS.copy()
    void[:, 0] = 255
    kept = leaving_out(255, make(read_entry(name, METRICS).call_for(Facing((5, 4, 3), "class_maps", "numbers"))))
    for part in PARTS:
        kept.update_state(void[part], SOFT[part])
    told = SOFT[:, 1:].argmax(-1)
    wanted = {
        "accuracy": np.mean(told == MASKS[:, 1:]),
        "mean_iou": iou_of_classes(MASKS[:, 1:], told, 3).mean(),
        "sparse_categorical_crossentropy": np.mean(-np.log((HOT * SOFT).sum(-1)[:, 1:])),
    }
    assert float(kept.result()) == pytest.approx(wanted[name], rel=1e-5)


def test_a_sum_of_losses_weighs_each() -> None:
    parts = [loss(name, HOT, SOFT) for name in ("categorical_crossentropy", "dice")]
    assert loss({"sum": ("categorical_crossentropy", "dice")}, HOT, SOFT) == pytest.approx(sum(parts), rel=1e-6)
    weighed = {"sum": {"losses": ("categorical_crossentropy", {"sum": ("dice", "dice")}), "weights": (0.3, 2.0)}}
    assert loss(weighed, HOT, SOFT) == pytest.approx(0.3 * parts[0] + 4.0 * parts[1], rel=1e-6)


NUMBERS, ONE_HOT = Facing((5, 4, 3), "class_maps", "numbers"), Facing((5, 4, 3), "class_maps", "one_hot")
PARTS = (slice(0, 4), slice(4, 6))


@pytest.mark.parametrize(("facing", "truth"), [(NUMBERS, MASKS), (ONE_HOT, HOT)], ids=["class numbers", "one-hot"])
def test_mean_iou_is_that_of_all_images_together(facing: Facing, truth: Any) -> None:
    batches = [(truth[part], SOFT[part]) for part in PARTS]
    expected = iou_of_classes(MASKS, SOFT.argmax(-1), 3)
    assert metric("mean_iou", facing, *batches) == pytest.approx(expected.mean(), rel=1e-6)
    assert metric({"mean_iou": 3}, facing, *batches) == pytest.approx(expected.mean(), rel=1e-6)
    one = metric({"iou": {"target_class_ids": (2,), "name": "iou_of_two"}}, facing, *batches)
    assert one == pytest.approx(expected[2], rel=1e-6)
    if facing is ONE_HOT:
        assert metric("one_hot_mean_iou", facing, *batches) == pytest.approx(expected.mean(), rel=1e-6)
        assert metric({"one_hot_iou": {"target_class_ids": (2,)}}, facing, *batches) == pytest.approx(expected[2])


def test_mean_iou_leaves_out_a_class_that_nobody_has() -> None:
    truth, told = np.zeros((2, 3, 3), int), np.eye(4, dtype="float32")[np.ones((2, 3, 3), int)]
    told[0] = np.eye(4)[0]
    assert metric("mean_iou", Facing((3, 3, 4), "class_maps", "numbers"), (truth, told)) == pytest.approx((0.5 + 0) / 2)


@pytest.mark.parametrize("scores", [False, True], ids=["probabilities", "scores"])
def test_metrics_of_one_map_cut_where_the_loss_does(scores: bool) -> None:
    facing = Facing((5, 4, 1), "class_maps", "column", "sigmoid" if scores else "probabilities")
    told = np.log(SOFT[..., :1] / (1 - SOFT[..., :1])) if scores else SOFT[..., :1]
    said, truth = (SOFT[..., :1] > 0.5).astype(int), YES.astype(int)
    both = [(YES[part], told[part]) for part in PARTS]
    expected = iou_of_classes(truth, said, 2)
    assert metric("mean_iou", facing, *both) == pytest.approx(expected.mean(), rel=1e-6)
    assert metric("binary_iou", facing, *both) == pytest.approx(expected.mean(), rel=1e-6)
    assert metric({"iou": {"target_class_ids": (1,)}}, facing, *both) == pytest.approx(expected[1], rel=1e-6)
    assert metric("accuracy", facing, *both) == pytest.approx((truth == said).mean())
    assert metric("recall", facing, *both) == pytest.approx(said[truth == 1].mean(), rel=1e-6)
    likely = np.where(YES == 1, SOFT[..., :1], 1 - SOFT[..., :1])
    assert metric("binary_crossentropy", facing, *both) == pytest.approx(-np.log(likely).mean(), rel=1e-5)


CORNERS = np.array([[0.0, 0.0, 4.0, 2.0], [1.0, 1.0, 3.0, 3.0], [0.0, 0.0, 1.0, 1.0]])
TOLD = np.array([[2.0, 0.0, 6.0, 2.0], [1.0, 1.0, 3.0, 3.0], [2.0, 2.0, 3.0, 3.0]])
OVERLAPS = [4 / 12, 1.0, 0.0]


def written(boxes: Any, form: str) -> Any:
    left, top, right, bottom = boxes.T
    wide, high = right - left, bottom - top
    columns = {
        "xyxy": (left, top, right, bottom), "xywh": (left, top, wide, high),
        "center_xywh": (left + wide / 2, top + high / 2, wide, high),
        "yxyx": (top, left, bottom, right), "yxhw": (top, left, high, wide),
        "center_yxhw": (top + high / 2, left + wide / 2, high, wide),
    }  # fmt: skip
    return np.stack(columns[form], axis=1).astype("float32")


@pytest.mark.parametrize("form", ["xyxy", "xywh", "center_xywh", "yxyx", "yxhw", "center_yxhw"])
def test_box_iou_in_every_format(form: str) -> None:
    facing = Facing((4,), "boxes", "as_is", "numbers")
    truth, told = written(CORNERS, form), written(TOLD, form)
    assert metric({"box_iou": form}, facing, (truth, told)) == pytest.approx(np.mean(OVERLAPS), rel=1e-6)
    parts = [(truth[:2], told[:2]), (truth[2:], told[2:])]
    assert metric({"box_iou": form}, facing, *parts) == pytest.approx(np.mean(OVERLAPS), rel=1e-6)


def test_box_iou_of_odd_boxes() -> None:
    facing = Facing((2, 4), "value_maps", "as_is", "numbers")
    truth = np.array([[[0, 0, 1, 1], [0, 0, 0, 0]]], "float32")
    crossed = np.array([[[1, 1, 0, 0], [0, 0, 0, 0]]], "float32")
    assert metric("box_iou", facing, (truth, crossed)) == 0
    assert metric("box_iou", facing, (truth, truth)) == pytest.approx(0.5)  # an empty box is no box


MASKED = """
name: masks
input: [6, 6, 1]
layers:
  - conv2d: {filters: 4, kernel_size: 3, padding: same, activation: relu}
  - conv2d: {filters: 3, kernel_size: 1, activation: softmax}
data: {source: {npz: masks.npz}, validation_split: 0.25}
training:
  epochs: 2
  batch_size: 7
  seed: 1
  loss: {sum: [categorical_crossentropy, dice]}
  metrics: [accuracy, mean_iou, {iou: {target_class_ids: [2]}}]
"""


@pytest.mark.parametrize("given", ["sum", "sparse"])
def test_training_on_masks_of_class_numbers(given: str, tmp_path: Path) -> None:
    import keras

    numbers = np.random.default_rng(1)
    masks = numbers.integers(0, 3, (40, 6, 6)).astype("uint8")
    images = (masks[..., np.newaxis] * 80 + numbers.integers(0, 60, (40, 6, 6, 1))).astype("float32") / 255
    np.savez(tmp_path / "masks.npz", x_train=images, y_train=masks, x_test=images[:9], y_test=masks[:9])
    sparse = ["training.loss=null"] if given == "sparse" else []
    done = train(plan(tmp_path / "runs", MASKED, *sparse, directory=tmp_path), quiet=True)
    model = keras.models.load_model(done.folder / "best.keras")
    said = model.predict(images[:9], verbose=0).argmax(-1)
    expected = iou_of_classes(masks[:9], said, 3)
    assert done.metrics["test"]["mean_iou"] == pytest.approx(np.nanmean(expected), abs=1e-6)
    assert done.metrics["test"]["iou"] == pytest.approx(expected[2], abs=1e-6)
    assert done.metrics["test"]["accuracy"] == pytest.approx((said == masks[:9]).mean(), abs=1e-6)
    with (done.folder / "history.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2
    assert {"mean_iou", "val_mean_iou", "val_iou"} <= set(rows[0])
