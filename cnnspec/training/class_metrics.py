"""Metrics as Keras objects, where Keras's own would not mean what their names say. Imports Keras."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops


def _linked(outputs: Any, link: str | None) -> Any:
    """Probabilities of what a network gives; `link` is softmax, sigmoid or nothing."""
    outputs = ops.cast(outputs, "float32")
    if link == "softmax":
        return ops.softmax(outputs, axis=-1)
    return ops.sigmoid(outputs) if link == "sigmoid" else outputs


def _rows(values: Any) -> Any:
    """All axes but the last as one."""
    return ops.reshape(values, (-1, values.shape[-1]))


def _weights(weights: Any, like: Any) -> Any:
    """A weight for each row, from weights of images or of pixels. `like` are the labels before they were made rows."""
    if weights is None:
        return None
    weights = ops.cast(weights, "float32")
    shape = ops.shape(like)
    weights = ops.reshape(weights, (*ops.shape(weights), *(1,) * (len(shape) - len(weights.shape))))
    return ops.reshape(ops.broadcast_to(weights, shape), (-1,))


@keras.saving.register_keras_serializable("cnnspec")
class OnProbabilities(keras.metrics.Metric):  # type: ignore[misc]
    """A metric of probabilities and one-hot rows, for a network that gives scores (`link`), for labels that are class
    numbers (below `classes`), and for maps, whose pixels count one by one. Where rows hold shares of
    classes, `decided` takes the largest one for the class. `untouched` hands the outputs on as they are, so that a
    cross-entropy sees the scores before them."""

    def __init__(
        self, metric: Any, link: str | None = None, classes: int | None = None, decided: bool = False,
        untouched: bool = False, name: str | None = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(name=name, dtype=dtype)
        self.metric = keras.saving.deserialize_keras_object(metric) if isinstance(metric, dict) else metric
        self.link, self.classes, self.decided, self.untouched = link, classes, decided, untouched
        self._direction = getattr(self.metric, "_direction", None)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        if self.untouched and self.classes:
            rows = ops.one_hot(ops.cast(y_true, "int32"), self.classes)
            self.metric.update_state(rows, y_pred, sample_weight)
            return
        outputs = _linked(y_pred, self.link)
        truth = ops.convert_to_tensor(y_true)
        weights = _weights(sample_weight, truth if self.classes else truth[..., 0])
        if self.classes:
            truth = ops.one_hot(ops.cast(truth, "int32"), self.classes)
        elif self.decided:
            truth = ops.one_hot(ops.argmax(truth, axis=-1), truth.shape[-1])
        self.metric.update_state(_rows(ops.cast(truth, "float32")), _rows(outputs), weights)

    def result(self) -> Any:
        return self.metric.result()

    def reset_state(self) -> None:
        self.metric.reset_state()

    def get_config(self) -> dict[str, Any]:
        metric = keras.saving.serialize_keras_object(self.metric)
        return {
            "metric": metric, "link": self.link, "classes": self.classes, "decided": self.decided,
            "untouched": self.untouched, "name": self.name, "dtype": self.dtype,
        }  # fmt: skip


@keras.saving.register_keras_serializable("cnnspec")
class TopK(keras.metrics.MeanMetricWrapper):  # type: ignore[misc]
    """The share of images whose class is among the `k` highest scores. Of equal scores the class of the lower number
    comes first, as with the highest one; Keras counts all of them in, so that a saturated network is always right.
    `sparse` says that labels are class numbers."""

    def __init__(self, k: int = 5, sparse: bool = False, name: str | None = None, dtype: Any = None) -> None:
        self.k, self.sparse = k, sparse
        super().__init__(self._among, name=name, dtype=dtype)
        self._direction = "up"

    def _among(self, y_true: Any, y_pred: Any) -> Any:
        classes = y_pred.shape[-1]
        numbers = ops.cast(y_true if self.sparse else ops.argmax(y_true, axis=-1), "int32")
        numbers = ops.reshape(numbers, ops.shape(y_pred)[:-1])
        own = ops.sum(ops.where(ops.one_hot(numbers, classes, dtype="bool"), y_pred, ops.zeros_like(y_pred)), axis=-1)
        own, lower = own[..., None], ops.arange(classes, dtype="int32") < numbers[..., None]
        before = ops.logical_or(y_pred > own, ops.logical_and(y_pred == own, lower))
        return ops.cast(ops.sum(ops.cast(before, "int32"), axis=-1) < self.k, "float32")

    def get_config(self) -> dict[str, Any]:
        return {"k": self.k, "sparse": self.sparse, "name": self.name, "dtype": self.dtype}


_MOST = 8192
"""How many thresholds a curve has where the spec does not say it, and only one label has a curve."""


def fine_thresholds(labels: int) -> list[float]:
    """Thresholds at even steps of log p / (1 − p), an eighth of them for p below 4e-8: probabilities of a rare class,
    and of a class that the network is sure of, lie closer together than even steps of p."""
    count = max(200, _MOST * 8 // max(8, labels))
    scores = np.concatenate([np.linspace(-85, -17, count // 8, endpoint=False), np.linspace(-17, 17, count)])
    found: list[float] = (1 / (1 + np.exp(-scores))).tolist()
    return found


@keras.saving.register_keras_serializable("cnnspec")
class AUC(keras.metrics.AUC):  # type: ignore[misc]
    """Keras's. Where neither `thresholds` nor `num_thresholds` is given, its thresholds are so many and so placed that
    it is that of scikit-learn to three digits. By Keras's 200 even steps, all of 0.010 to 0.015 is equal.

    With `multi_label`, it is averaged over the labels that have a curve: of a class that no image is of, or all
    are of, there is none (Keras counts it as 0). Where none has one it is NaN.
    """

    label_weights: Any

    def __init__(
        self, num_thresholds: int | None = None, thresholds: Any = None, num_labels: int | None = None, **more: Any
    ) -> None:
        if thresholds is None and num_thresholds is None:
            thresholds = fine_thresholds(num_labels or 1)
        super().__init__(num_thresholds or 200, thresholds=thresholds, num_labels=num_labels, **more)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        said = _rows(ops.cast(y_pred, "float32"))
        truth, labels = ops.reshape(ops.cast(y_true, "float32"), ops.shape(said)), said.shape[-1]
        weights = ops.ones_like(said)
        if sample_weight is not None:
            weights *= ops.reshape(ops.cast(sample_weight, "float32"), (-1, 1))
        if self.label_weights is not None and not self.multi_label:
            weights *= ops.cast(self.label_weights, "float32")
        curves = labels if self.multi_label else 1
        cuts = ops.convert_to_tensor(self._thresholds, "float32")
        place = ops.reshape(
            ops.cast(ops.searchsorted(cuts, ops.reshape(said, (-1,)), side="left"), "int32"), (-1, labels)
        )
        place = place * curves + (ops.arange(labels, dtype="int32") if self.multi_label else 0)
        yes = self._above(place, weights * truth, curves)
        no = self._above(place, weights * (1.0 - truth), curves)
        for counted, value in (
            (self.true_positives, yes[1:]), (self.false_positives, no[1:]),
            (self.false_negatives, yes[:1] - yes[1:]), (self.true_negatives, no[:1] - no[1:]),
        ):  # fmt: skip
            counted.assign_add(ops.reshape(value, counted.shape))

    def _above(self, place: Any, weights: Any, curves: int) -> Any:
        """How much lies above each threshold, and before them all of it: `place` is how many a number is above."""
        steps = self.num_thresholds + 1
        sums = ops.segment_sum(ops.reshape(weights, (-1,)), ops.reshape(place, (-1,)), num_segments=steps * curves)
        return ops.flip(ops.cumsum(ops.flip(ops.reshape(sums, (steps, curves)), 0), axis=0), 0)

    def result(self) -> Any:
        there = self.true_positives[0] + self.false_negatives[0] > 0
        if self.curve.value != "PR":
            there = ops.logical_and(there, self.false_positives[0] + self.true_negatives[0] > 0)
        if not self.multi_label:
            return ops.where(there, super().result(), float("nan"))
        given: Any = self.label_weights
        counted = ops.cast(there, "float32")
        self.label_weights = counted if given is None else given * counted
        try:
            return ops.where(ops.any(there), super().result(), float("nan"))
        finally:
            self.label_weights = given


@keras.saving.register_keras_serializable("cnnspec")
class PerClass(keras.metrics.Metric):  # type: ignore[misc]
    """Precision, recall or F-beta (`measure`) of each class over a whole split, joined by `average`.

    Without `cut`, an image (or pixel) is of the class with the highest score; else of all whose probability (by `link`)
    is above `cut`. `sparse` says that labels are class numbers, `one_class` that rows have one class, the largest.
    `average` is `macro` (the mean over the classes that occur, or with `all_classes` over all), `weighted` (by how
    often each occurs) or `micro` (all decisions together); `class_id` is the only class that counts. What would be
    0 / 0 is 0. As in scikit-learn's `precision_recall_fscore_support`.
    """

    def __init__(
        self, measure: str = "f_beta", classes: int = 1, sparse: bool = False, class_id: int | None = None,
        average: str = "macro", beta: float = 1.0, cut: float | None = None, link: str | None = None,
        all_classes: bool = False, one_class: bool = False, name: str | None = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(name=name, dtype=dtype)
        self.measure, self.classes, self.sparse, self.class_id = measure, classes, sparse, class_id
        self.average, self.beta, self.cut, self.link = average, beta, cut, link
        self.all_classes, self.one_class = all_classes, one_class
        self._direction = "up"
        self.hits, self.said, self.support = (
            self.add_variable((classes,), "zeros", name=word) for word in ("hits", "said", "support")
        )

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        truth, outputs = ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred)
        weights = _weights(sample_weight, truth if self.sparse else truth[..., 0])
        if self.cut is None:
            said = ops.one_hot(ops.argmax(outputs, axis=-1), self.classes)
        else:
            said = ops.cast(_linked(outputs, self.link) > self.cut, "float32")
        if self.sparse or self.one_class or self.cut is None:
            numbers = truth if self.sparse else ops.argmax(truth, axis=-1)
            true = ops.one_hot(ops.cast(numbers, "int32"), self.classes)
        else:
            true = ops.cast(truth > 0.5, "float32")
        said, true = _rows(ops.cast(said, "float32")), _rows(ops.cast(true, "float32"))
        if weights is not None:
            said, true = said * weights[:, None], true * ops.cast(weights[:, None] > 0, "float32")
            self.hits.assign_add(ops.sum(said * true, axis=0))
            self.support.assign_add(ops.sum(true * weights[:, None], axis=0))
        else:
            self.hits.assign_add(ops.sum(said * true, axis=0))
            self.support.assign_add(ops.sum(true, axis=0))
        self.said.assign_add(ops.sum(said, axis=0))

    def result(self) -> Any:
        hits, said, support = (ops.convert_to_tensor(each) for each in (self.hits, self.said, self.support))
        if self.class_id is not None:
            return self._measured(hits, said, support)[self.class_id]
        if self.average == "micro":
            return self._measured(ops.sum(hits), ops.sum(said), ops.sum(support))
        found = self._measured(hits, said, support)
        if self.average == "weighted":
            return _over(ops.sum(found * support), ops.sum(support))
        occurs = ops.ones_like(found) if self.all_classes else ops.cast(said + support > 0, "float32")
        return _over(ops.sum(found * occurs), ops.sum(occurs))

    def _measured(self, hits: Any, said: Any, support: Any) -> Any:
        if self.measure == "precision":
            return _over(hits, said)
        if self.measure == "recall":
            return _over(hits, support)
        square = self.beta**2
        return _over((1 + square) * hits, square * support + said)

    def get_config(self) -> dict[str, Any]:
        names = (
            "measure",
            "classes",
            "sparse",
            "class_id",
            "average",
            "beta",
            "cut",
            "link",
            "all_classes",
            "one_class",
            "name",
            "dtype",
        )
        return {name: getattr(self, name) for name in names}


def _over(part: Any, whole: Any) -> Any:
    """`part / whole`, and 0 where there is nothing."""
    return ops.where(whole > 0, part / ops.where(whole > 0, whole, ops.ones_like(whole)), ops.zeros_like(part))


def _ratio(part: Any, whole: Any) -> Any:
    """`part / whole`, and NaN where there is nothing."""
    return ops.where(whole > 0, _over(part, whole), float("nan"))


class _Moments(keras.metrics.Metric):  # type: ignore[misc]
    """Means and squared deviations of labels and outputs over a whole split, of each of `values` numbers per image.

    Batches are joined by the rule of T. Chan et al. (1979), so that large means cost no digits.
    """

    def __init__(self, values: int = 1, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.values = values
        self._direction = "up"
        self.count = self.add_variable((), "zeros", name="count")
        self.mean_y, self.mean_o, self.square_y, self.square_o, self.product, self.errors = (
            self.add_variable((values,), "zeros", name=word)
            for word in ("mean_y", "mean_o", "square_y", "square_o", "product", "errors")
        )

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        y = ops.reshape(ops.cast(y_true, "float32"), (-1, self.values))
        o = ops.reshape(ops.cast(y_pred, "float32"), (-1, self.values))
        count = ops.cast(ops.shape(y)[0], "float32")
        total = self.count + count
        mean_y, mean_o = ops.mean(y, axis=0), ops.mean(o, axis=0)
        step_y, step_o = mean_y - self.mean_y, mean_o - self.mean_o
        share = self.count * count / total
        self.square_y.assign_add(ops.sum((y - mean_y) ** 2, axis=0) + step_y**2 * share)
        self.square_o.assign_add(ops.sum((o - mean_o) ** 2, axis=0) + step_o**2 * share)
        self.product.assign_add(ops.sum((y - mean_y) * (o - mean_o), axis=0) + step_y * step_o * share)
        self.errors.assign_add(ops.sum((y - o) ** 2, axis=0))
        self.mean_y.assign_add(step_y * count / total)
        self.mean_o.assign_add(step_o * count / total)
        self.count.assign(total)


@keras.saving.register_keras_serializable("cnnspec")
class Correlation(_Moments):
    """The correlation of labels and outputs over all images: `kind` is `pearson`, or `concordance` (L. Lin, 1989).
    NaN where all are equal, so that there is none."""

    def __init__(self, kind: str = "pearson", name: str | None = None, dtype: Any = None) -> None:
        super().__init__(1, name, dtype)
        self.kind = kind

    def result(self) -> Any:
        y, o, both = self.square_y[0], self.square_o[0], self.product[0]
        if self.kind == "pearson":
            return _ratio(both, ops.sqrt(y * o))
        return _ratio(2 * both, y + o + self.count * (self.mean_y[0] - self.mean_o[0]) ** 2)

    def get_config(self) -> dict[str, Any]:
        return {"kind": self.kind, "name": self.name, "dtype": self.dtype}


@keras.saving.register_keras_serializable("cnnspec")
class R2Score(_Moments):
    """1 − Σ(y − ŷ)² / Σ(y − mean)² of each value over all images, joined over the values. Arguments as in Keras's.
    NaN of a single image; of equal labels 0, or 1 where all are met, as in scikit-learn."""

    def __init__(
        self, values: int = 1, class_aggregation: str = "uniform_average", num_regressors: int = 0,
        name: str | None = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(values, name, dtype)
        self.class_aggregation, self.num_regressors = class_aggregation, num_regressors

    def result(self) -> Any:
        errors, spread = ops.convert_to_tensor(self.errors), ops.convert_to_tensor(self.square_y)
        perfect = ops.cast(ops.logical_and(spread <= 0, errors <= 0), "float32")
        found = ops.where(spread > 0, 1 - _over(errors, spread), perfect)
        if self.class_aggregation == "variance_weighted_average":
            found = _over(ops.sum(found * spread), ops.sum(spread))
        else:
            found = ops.mean(found)
        if self.num_regressors:
            degrees = self.count - self.num_regressors - 1
            found = 1 - (1 - found) * (self.count - 1) / ops.maximum(degrees, 1)
        return ops.where(self.count > 1, found, float("nan"))

    def get_config(self) -> dict[str, Any]:
        return {
            "values": self.values, "class_aggregation": self.class_aggregation, "num_regressors": self.num_regressors,
            "name": self.name, "dtype": self.dtype,
        }  # fmt: skip
