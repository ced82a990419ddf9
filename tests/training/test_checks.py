"""What is known to be wrong before anything is loaded."""

from __future__ import annotations

import pytest

from tests.training.specs import AUTOENCODER, SMALL, codes, report

CONV = "{conv2d: {filters: 10, kernel_size: 3, activation: softmax}}"
UNITS = "layers=[flatten, {dense: {units: %s}}]"
SOFTMAX = "layers=[flatten, {dense: {units: %d, activation: softmax}}]"
SIGMOID = "layers=[flatten, {dense: {units: %d, activation: sigmoid}}]"

WATCHED = "training.callbacks=[{early_stopping: {monitor: val_loss, patience: 3}}]"
UNHELD = "data.validation_split=0"

FINE: list[tuple[str, ...]] = [
    (),
    ("training.loss=categorical_crossentropy", "training.metrics=[accuracy, {f1_score: macro}]"),
    ("training.metrics=[accuracy, {f1_score: macro}]",),
    ("training.loss=sparse_categorical_crossentropy", "training.metrics=[{f1_score: macro}, precision, recall, auc]"),
    ("training.loss={sparse_categorical_crossentropy: {from_logits: true}}", UNITS % 10),
    (UNITS % 10,),
    (SIGMOID % 10,),
    ("training.loss=mean_squared_error", UNITS % 1),
    ("training.loss=mean_squared_error", UNITS % 10),
    ("training.callbacks=[{early_stopping: {monitor: val_accuracy, patience: 3}}]",),
    ("training.callbacks=[{reduce_lr_on_plateau: loss}]", "data.validation_split=null"),
    ("training.callbacks=[{model_checkpoint: val_accuracy}, tensorboard, terminate_on_nan]",),
    ("training.callbacks=[{early_stopping: {monitor: val_f1, patience: 3}}]", "training.loss=categorical_crossentropy",
     "training.metrics=[{f1_score: {name: f1}}]"),
    ("data.source=mnist", "input=[28, 28, 1]"),
    ("data.source=mnist", "data.preprocessing=[{resizing: {height: 8, width: 8}}]"),
    ("data.augmentation=[{zero_padding2d: 2}, {random_crop: {height: 8, width: 8}}]",),
    ("data.source={cifar100: coarse}", "input=[32, 32, 3]", SOFTMAX % 20),
    ("input=[null, null, 1]", f"layers=[{CONV}, global_average_pooling2d]"),
    (WATCHED, UNHELD, "data.source={image_folder: .}"),
    (WATCHED, UNHELD, "data.source={tfrecord: {path: '*.a', validation_path: '*.b'}}"),
    (WATCHED, UNHELD, "data.source={tfds: any}"),
    ("data.source={shapes: {image_size: 16, test_count: 0, channels: 1}}", "input=[16, 16, 1]", SOFTMAX % 5,
     "data.test_split=0.2"),
    ("data.source={npz: .}", "data.test_split=0.2"),
]  # fmt: skip

BAD: list[tuple[tuple[str, ...], list[tuple[str, str]], str]] = [
    (("data.source=mnist",), [("error", "data-shape")], "the data gives 28×28×1, the network takes 8×8×1"),
    (("data.source=cifar10", "input=[32, 32, 1]"), [("error", "data-shape")], "the data gives 32×32×3"),
    (("data.preprocessing=[{zero_padding2d: 1}]",), [("error", "data-shape")], "the data gives 10×10×1"),
    (("data.augmentation=[{random_crop: {height: 6, width: 6}}]",), [("error", "data-shape")],
     "augmentation gives 6×6×1"),
    (("data.preprocessing=[{average_pooling2d: 9}]",), [("error", "shape-window")], "9×9"),
    ((SOFTMAX % 12,), [("warning", "loss-classes")], "the network gives 12 values, digits has 10 classes"),
    ((SOFTMAX % 5,), [("error", "loss-classes")], "the network gives 5 values, digits has 10 classes"),
    ((SOFTMAX % 5, "training.loss=categorical_crossentropy"), [("error", "loss-classes")], "gives 5 values"),
    ((SIGMOID % 1,), [("error", "loss-classes")], "the network gives one value, digits has 10 classes"),
    ((UNITS % 7,), [("error", "no-loss")], "no loss follows from an output of (7) and 10 classes"),
    ((f"layers=[{CONV}]",), [("error", "loss-shape")],
     "the network gives 6×6×10, but the labels of digits are one class an image"),
    (("training.loss=sparse_categorical_crossentropy", UNITS % 10), [("warning", "loss-activation")], "no activation"),
    (("training.loss={sparse_categorical_crossentropy: true}",), [("warning", "loss-activation")],
     "`from_logits: true`"),
    (("training.loss=binary_crossentropy",), [("warning", "loss-activation")], "ends with `softmax`"),
    (("training.metrics=[categorical_accuracy]", "training.loss=sparse_categorical_crossentropy"),
     [("error", "metric-labels")], "`categorical_accuracy` takes one-hot labels"),
    (("training.metrics=[mean_absolute_error]",), [("error", "metric-labels")], "is of values, and the labels are classes"),
    (("training.metrics=[{top_k_categorical_accuracy: 10}]",), [("error", "metric-labels")], "is always 1"),
    (("training.metrics=[sparse_categorical_accuracy]", "training.loss=categorical_crossentropy"),
     [("error", "metric-labels")], "takes class numbers"),
    (("training.callbacks=[{early_stopping: val_acuracy}]",), [("error", "monitor-unknown")], "which no epoch reports"),
    (("training.callbacks=[{early_stopping: val_accuracy}]", "training.loss=sparse_categorical_crossentropy",
      "training.metrics=[]"), [("error", "monitor-unknown")], "`val_accuracy`, which no epoch reports"),
    (("training.callbacks=[early_stopping]", "data.validation_split=0"), [("error", "monitor-unknown")],
     "nothing is held out"),
    ((WATCHED, UNHELD, "data.source={tfrecord: {path: '*.a'}}"), [("error", "monitor-unknown")], "nothing is held out"),
    ((WATCHED, UNHELD, "data.source={tfds: {name: any, validation: null}}"), [("error", "monitor-unknown")],
     "nothing is held out"),
    (("data.test_split=0.2",), [("error", "data-split")], "digits brings images to test with"),
    (("data.test_split=0.2", "data.source={npy: {x_train: ., y_train: ., x_test: ., y_test: .}}"),
     [("error", "data-split")], "npy brings images to test with"),
    (("training.optimizer={adam: {learning_rate: {cosine_decay: 0.1}}}", "training.callbacks=[reduce_lr_on_plateau]"),
     [("error", "schedule-plateau")], "`reduce_lr_on_plateau` and a schedule both set the learning rate"),
    (("data.source={npz: nowhere.npz}",), [("warning", "data-missing")], "nowhere.npz is not there"),
    (("data.source={idx: {images: a.gz, labels: b.gz}}",), [("warning", "data-missing")] * 2, "a.gz"),
    (("training.loss={output: huber, other: huber}",), [("error", "unknown-output")], "no output is called `other`"),
]  # fmt: skip


@pytest.mark.parametrize("overrides", FINE, ids=" ".join)
def test_nothing_is_said_of_what_can_be_trained(overrides: tuple[str, ...]) -> None:
    checked = report(SMALL, *overrides)
    assert codes(checked) == [], str(checked)


@pytest.mark.parametrize(("overrides", "expected", "words"), BAD, ids=lambda value: " ".join(map(str, value))[:70])
def test_what_is_wrong_is_said_once(overrides: tuple[str, ...], expected: list[tuple[str, str]], words: str) -> None:
    checked = report(SMALL, *overrides)
    assert codes(checked) == expected, str(checked)
    assert words in " ".join(found.message for found in checked.diagnostics)


def test_an_autoencoder_must_give_its_input_back() -> None:
    assert codes(report(AUTOENCODER)) == []
    wrong = report(AUTOENCODER, "layers=[flatten, {dense: {units: 64, activation: sigmoid}}]")
    assert codes(wrong) == [("error", "target-shape")]


def test_a_mistake_in_the_sections_points_at_its_place() -> None:
    text = SMALL.replace("seed: 7", "sede: 7")
    (found,) = report(text).diagnostics
    assert (found.code, found.help) == ("unknown-key", "did you mean `seed`?")
    assert text.splitlines()[found.span.line - 1][found.span.column - 1 :].startswith("sede")
