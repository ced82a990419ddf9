"""What labels are taken for: by their numbers, the network's end and the loss, never by the type they are stored in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnspec.data.errors import Failure
from cnnspec.training.label_arrays import observed
from cnnspec.training.losses import LOSSES
from cnnspec.training.prepare import Prepared, prepare
from cnnspec.training.target import Target, from_json
from cnnspec.training.targets import End, decide
from tests.training.specs import plan, report

RANDOM = np.random.default_rng(0)
N = 24
CLASSES = np.arange(N) % 3
YES = np.arange(N) % 2
AGES = RANDOM.integers(20, 70, N)
HOT = np.eye(3, dtype=int)[CLASSES]
SOFT = np.full((N, 3), 0.1) + 0.7 * HOT
TAGS = (RANDOM.random((N, 3)) < 0.5).astype(int)
TAGS[0], TAGS[1] = [1, 1, 0], [0, 0, 0]
ROWS = RANDOM.normal(size=(N, 3))
MASKS = RANDOM.integers(0, 3, (N, 4, 4))
BINARY = RANDOM.integers(0, 2, (N, 4, 4))
HOT_MASKS = np.eye(3, dtype=int)[MASKS]
TAG_MASKS = RANDOM.integers(0, 2, (N, 4, 4, 3))
TAG_MASKS[0, 0, 0] = [1, 1, 0]
PICTURES = RANDOM.integers(0, 256, (N, 4, 4, 3))
GREY = RANDOM.random((N, 4, 4))

VECTOR, MAP = (3,), (4, 4, 3)
TABLE: list[tuple[Any, End, str | None, str]] = [
    (CLASSES, End(VECTOR, "softmax"), None, "classes"),
    (CLASSES, End(VECTOR, "linear"), None, "classes"),
    (CLASSES, End(VECTOR, "linear"), "mean_squared_error", "classes"),  # a value for each class: nothing else fits
    (YES, End((1,), "sigmoid"), None, "classes"),
    (YES, End((1,), "sigmoid"), "mean_squared_error", "classes"),
    (YES, End((1,), "linear"), None, "classes"),
    (YES, End((1,), "linear"), "mean_squared_error", "values"),
    (2 * YES - 1, End((1,), "tanh"), "hinge", "classes"),
    (2 * YES - 1, End((1,), "tanh"), "mean_squared_error", "values"),
    (AGES, End((1,), "linear"), None, "values"),
    (AGES, End((1,), "relu"), None, "values"),
    (AGES, End((1,), "linear"), "mean_absolute_error", "values"),
    (AGES, End((1,), "softplus"), "poisson", "values"),
    (AGES.reshape(-1, 1), End((1,), "linear"), None, "values"),
    (AGES + 0.5, End((1,), "linear"), None, "values"),
    (HOT, End(VECTOR, "softmax"), None, "one_hot"),
    (HOT, End(VECTOR, "sigmoid"), "binary_crossentropy", "one_hot"),
    (SOFT, End(VECTOR, "softmax"), None, "one_hot"),
    (SOFT, End(VECTOR, "linear"), None, "values"),
    (SOFT, End(VECTOR, "linear"), "kl_divergence", "one_hot"),
    (TAGS, End(VECTOR, "sigmoid"), None, "tags"),
    (TAGS, End(VECTOR, "sigmoid"), "binary_focal_crossentropy", "tags"),
    (TAGS, End(VECTOR, "sigmoid"), "mean_squared_error", "tags"),
    (TAGS, End(VECTOR, "linear"), None, "tags"),
    (TAGS, End(VECTOR, "linear"), "mean_squared_error", "values"),
    (ROWS, End(VECTOR, "linear"), None, "values"),
    (MASKS, End(MAP, "softmax"), None, "class_maps"),
    (MASKS, End(MAP, "linear"), "sparse_categorical_crossentropy", "class_maps"),
    (MASKS[..., None], End(MAP, "softmax"), None, "class_maps"),
    (BINARY, End((4, 4, 1), "sigmoid"), None, "class_maps"),
    (BINARY[..., None], End((4, 4, 1), "sigmoid"), "binary_crossentropy", "class_maps"),
    (BINARY, End((4, 4, 2), "softmax"), None, "class_maps"),
    (HOT_MASKS, End(MAP, "softmax"), None, "one_hot_maps"),
    (HOT_MASKS, End(MAP, "softmax"), "dice", "one_hot_maps"),
    (TAG_MASKS, End(MAP, "sigmoid"), None, "tags"),
    (PICTURES, End(MAP, "linear"), "mean_squared_error", "value_maps"),
    (PICTURES, End(MAP, "linear"), None, "value_maps"),
    (PICTURES[..., 0], End((4, 4, 1), "linear"), "mean_absolute_error", "value_maps"),
    (GREY, End((4, 4, 1), "sigmoid"), None, "value_maps"),
    (GREY[..., None], End((4, 4, 1), "sigmoid"), "binary_crossentropy", "value_maps"),
    (CLASSES, End((8,), "unit_normalization"), "circle", "classes"),
]


def taken(labels: Any, end: End, loss: str | None) -> Any:
    entry: Any = None if loss is None else LOSSES[loss].read({})
    return decide(end, entry, None, None, observed([labels], len(end.shape)), "npz")


@pytest.mark.parametrize(
    ("labels", "end", "loss", "kind"), TABLE, ids=lambda value: str(getattr(value, "shape", value))
)
def test_what_labels_are_taken_for(labels: Any, end: End, loss: str | None, kind: str) -> None:
    for dtype in ("int64", "int32", "uint8", "float32", "float64", "float16", bool):
        stored = labels.astype(dtype)
        if not (stored == labels).all():
            continue  # not what it was
        found = taken(stored, end, loss)
        assert isinstance(found, Target), found
        assert found.kind == kind, dtype


@pytest.mark.parametrize("kind", ["tags", "values"])
def test_what_the_spec_says_decides(kind: str, tmp_path: Path) -> None:
    end = "{dense: {units: 3, activation: sigmoid}}"
    found = ready(tmp_path, HOT, end, f"data.labels={kind}")
    assert found.objectives["output"].target.kind == kind
    assert found.objectives["output"].loss.entry == {"tags": "binary_crossentropy"}.get(kind, "mean_squared_error")


CONTRADICTIONS: list[tuple[Any, str, tuple[str, ...], str, str]] = [
    (TAGS, "{dense: {units: 3, activation: softmax}}", (), "`softmax` shares 1 among the classes", "sigmoid"),
    (TAGS, "{dense: {units: 3, activation: sigmoid}}", ("training.loss=categorical_crossentropy",), "are tags", "binary_crossentropy"),
    (AGES / 7, "{dense: 3}", ("training.loss=sparse_categorical_crossentropy",), "are values (numbers from", "mean_squared_error"),
    (ROWS, "{dense: 3}", ("training.loss=categorical_crossentropy",), "are values", "y.astype(int)"),
    (ROWS, "{dense: {units: 3, activation: sigmoid}}", ("data.labels=tags",), "tags are 0 or 1", "labels: values"),
    (CLASSES, "{dense: {units: 3, activation: sigmoid}}", ("data.labels=tags",), "`labels: tags` takes rows of 3", "labels: classes"),
    (TAGS, "{dense: {units: 3, activation: softmax}}", ("data.labels=one_hot",), "rows with up to 3 ones", "labels: tags"),
    (ROWS[:, 0], "{dense: {units: 3, activation: softmax}}", ("data.labels=classes",), "`labels: classes` are whole numbers", "y.astype(int)"),
    (CLASSES, "{dense: {units: 1, activation: sigmoid}}", ("training.loss=categorical_crossentropy",), "the network gives one value", "binary_crossentropy"),
    (CLASSES - 1, "{dense: {units: 3, activation: softmax}}", (), "label -1 of image 0 is negative", "labels: values"),
    (CLASSES, "{dense: {units: 3, activation: softmax}}", ("data.labels={kind: classes, names: [a, b]}",), "`names` lists 2 names, and the labels go up to class 2", "name them all"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("labels", "end", "overrides", "message", "help"), CONTRADICTIONS, ids=lambda value: str(getattr(value, "shape", value))
)  # fmt: skip
def test_both_sides_of_a_contradiction_are_named(
    labels: Any, end: str, overrides: tuple[str, ...], message: str, help: str, tmp_path: Path
) -> None:
    with pytest.raises(Failure) as caught:
        ready(tmp_path, labels, end, *overrides)
    assert message in caught.value.message
    assert help in str(caught.value.help)


SPEC = """
name: any
input: [4, 4, 1]
layers: [flatten, END]
data: {source: {npz: a.npz}, validation_split: 0.25, split_by: random}
training: {epochs: 1, batch_size: 8, seed: 7}
"""
MAPS = SPEC.replace("flatten, END", "{conv2d: {filters: 4, kernel_size: 3, padding: same}}, END")


def ready(folder: Path, labels: Any, end: str, *overrides: str, text: str = SPEC) -> Prepared:
    np.savez(folder / "a.npz", x_train=RANDOM.random((len(labels), 4, 4)), y_train=labels)
    return prepare(plan(folder, text.replace("END", end), *overrides, directory=folder), 7)


def test_the_loss_the_metrics_and_a_word_on_what_was_taken(tmp_path: Path) -> None:
    tags = ready(tmp_path, TAGS, "{dense: {units: 3, activation: sigmoid}}").objectives["output"]
    assert (tags.loss.entry, [metric.entry for metric in tags.metrics]) == (
        "binary_crossentropy", ["precision", "recall", "f1_score"],
    )  # fmt: skip
    assert tags.target.other == "labels: values"
    ages = ready(tmp_path, AGES, "{dense: 1}").objectives["output"]
    assert (ages.loss.entry, ages.metrics, ages.target.other) == ("mean_squared_error", (), "labels: classes")
    assert "an end of (1) with `linear`" in ages.target.why
    vectors = ready(
        tmp_path, CLASSES, "{dense: 8}, unit_normalization", "training.loss=circle"
    ).objectives["output"]  # fmt: skip
    assert (vectors.reads, vectors.metrics) == ("vectors", ())


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "uint8", bool])
@pytest.mark.parametrize("axis", [False, True])
@pytest.mark.parametrize("units", [1, 2])
def test_masks_of_whole_numbers_are_masks(dtype: Any, axis: bool, units: int, tmp_path: Path) -> None:
    masks = BINARY[..., None].astype(dtype) if axis else BINARY.astype(dtype)
    activation = "sigmoid" if units == 1 else "softmax"
    end = f"{{conv2d: {{filters: {units}, kernel_size: 1, activation: {activation}}}}}"
    found = ready(tmp_path, masks, end, text=MAPS)
    aim = found.objectives["output"]
    assert (aim.target.kind, aim.target.classes) == ("class_maps", 2)
    assert aim.loss.entry == ("binary_crossentropy" if units == 1 else "sparse_categorical_crossentropy")


def test_fractions_are_no_class_numbers_even_one(tmp_path: Path) -> None:
    masks = BINARY.astype(float)
    masks[3, 1, 1] = 0.5
    end = "{conv2d: {filters: 1, kernel_size: 1, activation: sigmoid}}"
    assert ready(tmp_path, masks, end, text=MAPS).objectives["output"].target.kind == "value_maps"


@settings(deadline=None, max_examples=200)
@given(
    st.lists(st.lists(st.sampled_from([0, 1, 2, 0.5, -1, 7]), min_size=3, max_size=3), min_size=1, max_size=6),
    st.sampled_from(["softmax", "sigmoid", "linear", "relu", ""]),
    st.sampled_from([None, *LOSSES]),
)
def test_a_decision_never_depends_on_the_order_or_the_type(
    rows: list[list[float]], activation: str, loss: str | None
) -> None:
    if loss == "sum":
        return
    labels = np.array(rows, np.float64)
    for each, end in ((labels, End((3,), activation)), (labels[:, 0], End((1,), activation))):
        found = taken(each, end, loss)
        assert taken(each[::-1], end, loss) == found
        if (each == np.rint(each)).all():
            assert taken(each.astype(np.int64), end, loss) == found


def test_a_record_is_read_back() -> None:
    for target in (
        Target("classes", (), 3, ("a", "b", "c"), why="x"),
        Target("tags", (), 2, threshold={"a": 0.25}),
        Target("value_maps", (None, 4, 3)),
        Target("one_hot", (), 3, soft=True),
    ):
        assert from_json(target.to_json()) == target
    for strange in (
        None,
        [],
        {},
        {"kind": "cats"},
        {"kind": "tags", "shape": ["x"]},
        {"kind": "tags", "shape": [], "classes": -1},
    ):
        assert from_json(strange) is None


def test_labels_are_checked_without_the_files() -> None:
    def said(labels: str, layers: str = "[flatten, {dense: {units: 10, activation: softmax}}]") -> Any:
        checked = report(
            SPEC.replace("[flatten, END]", layers), "data.source=digits", "input=[8, 8, 1]", f"data.labels={labels}"
        )
        return [(found.code, found.message) for found in checked.diagnostics]

    assert said("classes") == []
    assert said("{kind: classes, names: [a, b, c, d, e, f, g, h, i, j]}") == []
    assert said("{output: classes}") == []
    ((code, message),) = said("tags")
    assert (code, "`labels: tags`, but the labels of digits are 10 classes" in message) == ("label-kind", True)
    ((code, message),) = said("masks")
    assert (code, message) == ("label-kind", "the text `masks` is no kind of labels")
    ((code, message),) = said("{ouput: classes}")
    assert code == "unknown-output"
    ((code, message),) = said("{kind: classes, threshold: 0.5}")
    assert (code, message) == ("label-kind", "`threshold` is for tags, and `kind` is `classes`")
    ((code, message),) = said("{kind: tags, threshold: 2}")
    assert code == "label-kind"
