"""Kinds of data that users bring: what `train`, `evaluate` and `predict` say is what NumPy and scikit-learn compute of
what the saved model gives in plain Keras."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import keras
import numpy as np
import pytest
import yaml
from click.testing import CliRunner
from PIL import Image
from sklearn import metrics as sk

import cnnspec
from cnnspec.cli.predict import command as predict
from cnnspec.data.errors import DataError
from cnnspec.judging.scores import rank_of
from cnnspec.training.class_metrics import AUC, Correlation, R2Score, TopK

pytestmark = pytest.mark.slow
Array: TypeAlias = np.ndarray[Any, Any]
RANDOM = np.random.default_rng(5)
ITEMS, TESTS = 26, 13
X, XT = (RANDOM.random((count, 4, 4, 2)).astype("float32") for count in (ITEMS, TESTS))


class Kind(NamedTuple):
    """Labels for training and test, the network's last layers, and what is computed of outputs: of labels, numbers."""

    y: Array
    t: Array
    layers: list[Any]
    expected: Callable[[Array, Array], Mapping[str, float]]
    training: Mapping[str, Any] = {}
    data: Mapping[str, Any] = {}
    x: tuple[Array, Array] = (X, XT)


def end(units: int, activation: str | None = None) -> list[Any]:
    """A network of one layer."""
    return ["flatten", {"dense": {"units": units, **({"activation": activation} if activation else {})}}]


def pixels(units: int, activation: str | None = None, dimensions: int = 2) -> list[Any]:
    """The same for each pixel."""
    more = {"activation": activation} if activation else {}
    return [{f"conv{dimensions}d": {"filters": units, "kernel_size": 1, **more}}]


def of_classes(t: Array, o: Array, **more: float) -> dict[str, float]:
    """What is told of class numbers `t` by probabilities `o`."""
    told, confidence = o.argmax(axis=-1), o.max(axis=-1)
    macro = sk.precision_recall_fscore_support(t, told, average="macro", zero_division=0)
    bins = np.clip(np.ceil(confidence * 15) - 1, 0, 14)
    gaps = [abs((confidence - (told == t))[bins == at].sum()) for at in range(15)]
    names = ("macro_precision", "macro_recall", "macro_f1")
    found = {"accuracy": float((told == t).mean()), "expected_calibration_error": sum(gaps) / len(t)}
    return {**found, **dict(zip(names, macro[:3], strict=True)), **more}


def entropy(y: Array, p: Array) -> float:
    """The cross-entropy of rows `y`."""
    return float(-(y * np.log(p)).sum(axis=-1).mean())


def both(p: Array) -> Array:
    """Probabilities of no and yes, from those of yes."""
    return np.concatenate([1 - p, p], axis=-1)


def rows(t: Array, classes: int) -> Array:
    return np.eye(classes)[t]


def mean_iou(t: Array, told: Array, classes: int) -> float:
    table = sk.confusion_matrix(t.ravel(), told.ravel(), labels=range(classes))
    hits, union = np.diag(table), table.sum(axis=0) + table.sum(axis=1) - np.diag(table)
    return float((hits[union > 0] / union[union > 0]).mean())


def of_values(y: Array, o: Array, **more: float) -> dict[str, float]:
    y = y.reshape(o.shape)
    return {
        "mean_absolute_error": float(np.abs(y - o).mean()), "r2_score": float(sk.r2_score(y.ravel(), o.ravel())),
        "root_mean_squared_error": float(np.sqrt(((y - o) ** 2).mean())), **more,
    }  # fmt: skip


def _kinds() -> dict[str, Kind]:
    def drawn(most: int, *shape: int) -> tuple[Array, Array]:
        return RANDOM.integers(0, most, (ITEMS, *shape)), RANDOM.integers(0, most, (TESTS, *shape))

    four, pair, tags, counts = drawn(4), drawn(2), drawn(2, 3), drawn(6)
    tags[0][:, 0] = tags[1][:, 0] = 0
    tags[0][:, 1] = tags[1][:, 1] = 1
    shares = tuple(RANDOM.dirichlet(np.ones(4), count).astype("float32") for count in (ITEMS, TESTS))
    rare = tuple((np.arange(count) % 12 == 0).astype(int) for count in (ITEMS, TESTS))
    masks, void = drawn(3, 4, 4), tuple(RANDOM.random((count, 4, 4)) < 0.3 for count in (ITEMS, TESTS))
    holed = tuple(np.where(hole, -1, mask) for hole, mask in zip(void, masks, strict=True))
    volumes = tuple(RANDOM.random((count, 3, 4, 5, 1)).astype("float32") for count in (9, 5))
    series = tuple(RANDOM.normal(size=(count, 6, 3)).astype("float32") for count in (ITEMS, TESTS))
    sums = tuple(each.sum(axis=-1) for each in series)

    def hinge(y: Array, o: Array) -> dict[str, float]:
        loss = float(np.maximum(1 - y * o[:, 0], 0).mean())
        return {"loss": loss, "hinge": loss, "accuracy": float(((o[:, 0] > 0) == (y > 0)).mean())}

    def one_yes(t: Array, o: Array) -> dict[str, float]:
        return of_classes(t, both(o), loss=entropy(rows(t, 2), both(o)), auc=float(sk.roc_auc_score(t, o[:, 0])))

    def of_tags(y: Array, o: Array) -> dict[str, float]:
        given, there = o > 0.5, y.any(axis=0)
        found = {"exact_match": float((given == y).all(axis=1).mean()), "accuracy": float((given == y).mean())}
        for average in ("macro", "micro"):
            prf = sk.precision_recall_fscore_support(y, given, average=average, zero_division=0)
            found |= dict(zip((f"{average}_precision", f"{average}_recall", f"{average}_f1"), prf, strict=False))
        precision = [sk.average_precision_score(y[:, at], o[:, at]) for at in np.flatnonzero(there)]
        found |= {"mean_average_precision": float(np.mean(precision)), "auc": float(sk.roc_auc_score(y[:, 2], o[:, 2]))}
        return {**found, "loss": float(-(y * np.log(o) + (1 - y) * np.log(1 - o)).mean())}

    def counted(y: Array, o: Array) -> dict[str, float]:
        o = o[:, 0]
        return of_values(
            y, o, loss=float((o - y * np.log(o + 1e-7)).mean()), pearson_correlation=float(np.corrcoef(y, o)[0, 1])
        )

    def softened(y: Array, o: Array) -> dict[str, float]:
        loss = float((y * np.log(np.clip(y, 1e-7, 1) / o)).sum(axis=-1).mean())
        return of_classes(y.argmax(axis=-1), o, loss=loss, categorical_crossentropy=entropy(y, o))

    def smoothed(t: Array, o: Array) -> dict[str, float]:
        y = rows(t, 4)
        return of_classes(t, o, loss=entropy(y * 0.8 + 0.05, o), categorical_crossentropy=entropy(y, o))

    def focal(t: Array, o: Array) -> dict[str, float]:
        q = o[np.arange(len(t)), t]
        return of_classes(t, o, loss=float((0.4 * (1 - q) ** 1.5 * -np.log(q)).mean()))

    def binary_of_softmax(t: Array, o: Array) -> dict[str, float]:
        y = rows(t, 4)
        return of_classes(t, o, loss=float(-(y * np.log(o) + (1 - y) * np.log(1 - o)).mean()))

    def categorical_of_sigmoid(t: Array, o: Array) -> dict[str, float]:
        told = o.argmax(axis=-1)
        return {"loss": entropy(rows(t, 4), o / o.sum(axis=-1, keepdims=True)), "accuracy": float((told == t).mean())}

    def lacking(t: Array, o: Array) -> dict[str, float]:
        macro = sk.precision_recall_fscore_support(t, o.argmax(axis=-1), average="macro", zero_division=0)
        named = dict(zip(("precision", "recall", "f1_score"), macro, strict=False))
        auc = np.mean([sk.roc_auc_score(t == at, o[:, at]) for at in (0, 1)])
        return of_classes(t, o, loss=entropy(rows(t, 4), o), auc=float(auc), **named)

    def masked(y: Array, o: Array) -> dict[str, float]:
        t, p = y[y >= 0], o[y >= 0]
        right = float((p.argmax(axis=-1) == t).mean())
        found = {"accuracy": right, "pixel_accuracy": right, "mean_iou": mean_iou(t, p.argmax(axis=-1), 3)}
        return {**found, "loss": float(-np.log(p[np.arange(len(t)), t]).mean())}

    def volume(y: Array, o: Array) -> dict[str, float]:
        told = (o[..., 0] > 0.5).astype(int)
        right, loss = float((told == y).mean()), entropy(rows(y, 2), both(o))
        return {"loss": loss, "accuracy": right, "pixel_accuracy": right, "mean_iou": mean_iou(y, told, 2)}

    def stepwise(y: Array, o: Array) -> dict[str, float]:
        return of_values(y, o, loss=float(((o[..., 0] - y) ** 2).mean()))

    plain, more = "sparse_categorical_crossentropy", "categorical_crossentropy"
    return {
        "−1 and 1, hinge of tanh": Kind(2 * pair[0] - 1, 2 * pair[1] - 1, end(1, "tanh"), hinge,
                                        {"loss": "hinge", "metrics": ["hinge", "accuracy"]}),
        "a rare class, weighed": Kind(*rare, end(1, "sigmoid"), one_yes, {"metrics": ["accuracy", "auc"]},
                                      {"class_weights": "balanced"}),
        "yes and no as bools, scores": Kind(pair[0].astype(bool), pair[1].astype(bool), end(1), lambda t, o: one_yes(
            t.astype(int), 1 / (1 + np.exp(-o))), {"metrics": ["accuracy", "auc"]}),
        "tags, one never and one always": Kind(*tags, end(3, "sigmoid"), of_tags, {"metrics": ["accuracy", "auc"]}),
        "counts, poisson": Kind(*counts, end(1, "softplus"), counted,
                                {"loss": "poisson", "metrics": ["pearson_correlation"]}),
        "shares, distilled": Kind(*shares, end(4, "softmax"), softened,
                                  {"loss": "kl_divergence", "metrics": ["accuracy", more]}),
        "label smoothing": Kind(*four, end(4, "softmax"), smoothed,
                                {"loss": {more: {"label_smoothing": 0.2}}, "metrics": ["accuracy", more]}),
        "focal": Kind(*four, end(4, "softmax"), focal,
                      {"loss": {"categorical_focal_crossentropy": {"alpha": 0.4, "gamma": 1.5}}}),
        "binary crossentropy of a softmax": Kind(*four, end(4, "softmax"), binary_of_softmax,
                                                 {"loss": "binary_crossentropy"}),
        "crossentropy of sigmoids": Kind(*four, end(4, "sigmoid"), categorical_of_sigmoid, {"loss": plain}),
        "classes that the test lacks": Kind(four[0], pair[1], end(4, "softmax"), lacking, {
            "metrics": ["accuracy", "precision", "recall", "f1_score", "auc"]}),
        "masks with −1": Kind(*holed, pixels(3, "softmax"), masked, {
            "loss": {plain: {"ignore_class": -1}}, "metrics": ["accuracy", "mean_iou"]}, {"class_weights": "balanced"}),
        "volumes": Kind(*((each[..., 0] > 0.5).astype("uint8") for each in volumes), pixels(1, "sigmoid", 3), volume,
                        x=volumes),
        "values of each step": Kind(*sums, pixels(1, None, 1), stepwise, x=series),
    }  # fmt: skip


KINDS = _kinds()
SHOWN = 3
PERCENT = "mean_absolute_percentage_error"
VALIDATED = ("a rare class, weighed", "label smoothing", "masks with −1")
"""Kinds whose validation figures are computed again, too: weights and smoothing are where these could differ."""


def written(folder: Path, kind: Kind, **more: Any) -> Path:
    """A spec with its data."""
    np.savez(folder / "a.npz", x_train=kind.x[0], y_train=kind.y, x_test=kind.x[1], y_test=kind.t)
    data = {"source": {"npz": "a.npz"}, "validation_split": 0.2, **kind.data}
    training = {"epochs": 1, "batch_size": 10, "seed": 3, "optimizer": {"adam": 0.02}, **kind.training}
    spec = {"name": "it", "input": list(kind.x[0].shape[1:]), "layers": kind.layers, "data": data, "training": training}
    path = folder / "it.yaml"
    path.write_text(yaml.safe_dump({**spec, **more}, sort_keys=False))
    return path


@pytest.fixture(autouse=True)
def _quick_and_quiet() -> Iterator[None]:
    """Steps run one by one, since compiling takes longer; scikit-learn warns of classes that do not occur."""
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
    tf.config.run_functions_eagerly(False)


def trained(folder: Path, kind: Kind) -> tuple[Any, Any]:
    """The run of a kind, and its model in plain Keras."""
    run = cnnspec.train(written(folder, kind), runs=folder / "runs", quiet=True)
    return run, keras.models.load_model(run.folder / "best.keras", compile=False)


def told(run: Any, x: Array, folder: Path) -> list[dict[str, Any]]:
    """What `predict` prints of items."""
    np.save(folder / "x.npy", x)
    arguments = [str(run.folder), str(folder / "x.npy"), "--json", "--top", "9", "-o", str(folder / "out")]
    done = CliRunner().invoke(predict, arguments, standalone_mode=False)
    assert done.exception is None, done.exception
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("name", KINDS)
def test_every_number_is_computed_again(name: str, tmp_path: Path) -> None:
    kind = KINDS[name]
    run, model = trained(tmp_path, kind)
    given = np.asarray(model(kind.x[1], training=False), np.float64)
    expected, tested = kind.expected(kind.t, given), run.metrics["test"]
    found = cnnspec.evaluate(run.folder, split="test").metrics
    close = {"auc": 2e-3, "pearson_correlation": 1e-4}
    for number, value in expected.items():
        assert found[number] == pytest.approx(value, rel=close.get(number, 1e-5), abs=2e-6), number
    assert set(tested) <= set(expected)
    for number, value in tested.items():
        assert found[number] == pytest.approx(value, rel=1e-5, abs=1e-6), number
    if name in VALIDATED:
        held = cnnspec.evaluate(run.folder, split="validation").metrics
        for number, value in run.metrics["validation"].items():
            assert held[number] == pytest.approx(value, rel=1e-5, abs=1e-6), number
    lines = told(run, kind.x[1][:SHOWN], tmp_path)
    for line, numbers in zip(lines, given[:SHOWN], strict=True):
        _told_right(line, numbers, "scores" not in name)


def _told_right(line: Mapping[str, Any], numbers: Array, probable: bool) -> None:
    """A line of `predict` is what the network gave."""
    if "top" in line and line["probability"] is not None:
        p = numbers if probable else 1 / (1 + np.exp(-numbers))
        p = both(p) if len(p) == 1 else p
        assert [each["class"] for each in line["top"]] == np.argsort(-p, kind="stable").tolist()
    if "values" in line:
        assert line["values"] == pytest.approx(numbers.tolist(), rel=1e-4)
    for what in ("mask", "array"):
        assert what not in line or Path(line[what]).is_file(), line
    if "mask" in line and line["mask"].endswith(".npy"):
        assert (np.load(line["mask"]) == (numbers[..., 0] > 0.5)).all()
    if "array" in line:
        assert np.allclose(np.load(line["array"]), numbers, atol=1e-5)


@pytest.mark.parametrize(
    ("low", "high"), [(0.010, 0.014), (1 - 1e-5, 1), (1e-20, 1e-9), (0, 1)], ids=["rare", "sure", "tiny", "plain"]
)
def test_the_area_under_a_curve_is_that_of_scikit_learn(low: float, high: float) -> None:
    p = np.sort(np.random.default_rng(1).uniform(low, high, 400).astype("float32"))
    y = (np.random.default_rng(2).random(400) < np.linspace(0.05, 0.4, 400)).astype(int)
    made = AUC()
    for part in (slice(0, 300), slice(300, 400)):
        made.update_state(y[part, None], p[part, None])
    assert float(made.result()) == pytest.approx(sk.roc_auc_score(y, p), abs=2e-3)


def test_what_has_no_curve_and_no_correlation_has_no_number() -> None:
    curve, correlation, r2 = AUC(), Correlation(), R2Score()
    curve.update_state(np.ones((3, 1)), np.array([[0.1], [0.5], [0.9]]))
    correlation.update_state(np.ones((3, 1)), np.array([[0.1], [0.5], [0.9]]))
    r2.update_state(np.ones((1, 1)), np.ones((1, 1)))
    assert np.isnan([float(each.result()) for each in (curve, correlation, r2)]).all()


@pytest.mark.parametrize("sparse", [False, True])
def test_a_saturated_network_is_among_the_best_by_its_order_alone(sparse: bool) -> None:
    p, t = np.eye(8, dtype="float32")[[6] * 8], np.arange(8)
    made = TopK(3, sparse)
    made.update_state(t if sparse else np.eye(8)[t], p)
    listed = np.argsort(-p, axis=-1, kind="stable")[:, :3]
    assert float(made.result()) == (listed == t[:, None]).any(axis=-1).mean() == 3 / 8
    assert ((rank_of(p, t) < 3) == (listed == t[:, None]).any(axis=-1)).all()


@pytest.mark.parametrize(("low", "high", "own"), [(-1, 1, True), (-1, 1, False), (-3, 5, False), (0, 255, False)])
def test_images_are_written_by_the_range_that_was_learnt(low: float, high: float, own: bool, tmp_path: Path) -> None:
    x = RANDOM.random((12, 4, 4, 1)).astype("float32")
    x[:, 0, 0], x[:, 0, 1] = 0, 1
    y = x * (high - low) + low
    data = {"targets": "inputs"} if own else {}
    kind = Kind(y, y, pixels(1), of_values, {"optimizer": "sgd", "epochs": 1}, data, (y if own else x, y if own else x))
    run, model = trained(tmp_path, kind)
    given = np.asarray(model(kind.x[1][:1], training=False), np.float64)[0, ..., 0]
    line = told(run, kind.x[1][:1], tmp_path)[0]
    wanted = np.clip((given - low) / (high - low), 0, 1) * 255
    assert np.abs(np.asarray(Image.open(line["image"]), np.float64) - wanted).max() <= 0.51


def test_a_sequential_model_of_keras_tells_of_arrays(tmp_path: Path) -> None:
    layers = keras.layers
    model = keras.Sequential([keras.Input((4, 4, 2)), layers.Flatten(), layers.Dense(3, activation="softmax")])
    model.save(tmp_path / "model.keras")
    np.save(tmp_path / "x.npy", XT[:2])
    found = list(cnnspec.predict(tmp_path / "model.keras", [tmp_path / "x.npy"]))
    given = np.asarray(model(XT[:2]))
    assert [next(iter(each.outputs.values()))["class"] for each in found] == given.argmax(axis=-1).tolist()
    assert np.allclose([next(iter(each.arrays.values())) for each in found], given, atol=1e-6)


def test_an_output_called_val_is_refused_before_its_loss_is_taken_for_that_of_validation(tmp_path: Path) -> None:
    layers = ["flatten", {"dense": {"units": 1, "name": "a"}}, {"dense": {"units": 1, "name": "b"}}]
    kind = Kind(X[:, 0, 0, 0], XT[:, 0, 0, 0], layers, of_values, {"loss": "mean_squared_error"})
    path = written(tmp_path, kind, outputs={"val": "a", "b": "b"})
    assert [each.code for each in cnnspec.check(path).diagnostics if each.severity == "error"] == ["column-twice"]
    assert cnnspec.check(written(tmp_path, kind, outputs={"value": "a", "b": "b"})).ok


@pytest.mark.parametrize("value", [-1, -100])
def test_masks_below_0_are_told_how_to_ignore_them(value: int, tmp_path: Path) -> None:
    masks = np.where(RANDOM.random((ITEMS, 4, 4)) < 0.3, value, RANDOM.integers(0, 3, (ITEMS, 4, 4)))
    kind = Kind(masks, masks[:TESTS], pixels(3, "softmax"), of_values)
    with pytest.raises(DataError, match="is negative") as caught:
        cnnspec.train(written(tmp_path, kind), runs=tmp_path / "runs", quiet=True)
    assert f"ignore_class: {value}" in str(caught.value.help)


def test_metrics_are_called_by_their_columns() -> None:
    from cnnspec.training.component import Facing
    from cnnspec.training.metrics import METRICS
    from cnnspec.training.telling import named

    curve = METRICS["auc"].read({"curve": "PR", "name": "pr"})
    assert named(curve, Facing((1,), "classes", "column", classes=2)) == "pr (auc, PR)"  # type: ignore[arg-type]
    assert named(METRICS["auc"].read({}), Facing((3,))) == "auc (macro)"  # type: ignore[arg-type]


@pytest.mark.parametrize(("least", "told"), [(0, True), (1, False)])
def test_percent_of_labels_that_are_0_is_told(least: int, told: bool, tmp_path: Path) -> None:
    y = np.maximum(np.arange(ITEMS) % 5, least)
    kind = Kind(y, y[:TESTS], end(1), of_values, {"loss": "mean_absolute_error", "metrics": [PERCENT], "epochs": 1})
    run = cnnspec.train(written(tmp_path, kind), runs=tmp_path / "runs", quiet=True)
    assert (f"`{PERCENT}` divides by the labels" in (run.folder / "log.txt").read_text()) == told
