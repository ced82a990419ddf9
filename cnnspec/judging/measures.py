"""Judging an output: each measure is fed batch by batch and keeps no more than it needs. NumPy and scikit-learn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any, Protocol

import numpy as np

from cnnspec.data.columns import Array
from cnnspec.judging.heads import Class, Head
from cnnspec.judging.judged import Judged, Row
from cnnspec.judging.scores import class_scores, expected_calibration_error, in_order, rank_of, reliability
from cnnspec.training.component import Form

_MATRIX = 2000
"""More classes than these have no confusion matrix."""

_CONFUSIONS = 20
_VALUES = 1000
_NEIGHBOURS = 20_000
"""More vectors than these are not compared with each other."""

_CHUNK = 1000


class Measure(Protocol):
    """Judges one output."""

    def add(self, truth: Array, outputs: Array) -> None:
        """A batch: labels in the form that the loss takes, and what the network gave."""

    def judged(self) -> Judged:
        """What was found."""


def measure(head: Head, form: Form, top: int) -> Measure:
    """The measure for an output whose labels have `form`; `top` is the k of the top-k accuracy."""
    if head.kind == "classes":
        return _Classes(head, form, top)
    if head.kind == "masks":
        return _Masks(head, form)
    if head.kind == "tags":
        return _Tags(head)
    if head.kind == "vectors":
        return _Vectors(head, form)
    return _Boxes(head) if head.kind == "boxes" else _Values(head)


def class_numbers(labels: Array, form: Form) -> Array:
    """Labels as the loss takes them, back as class numbers."""
    found = labels.argmax(axis=-1) if form == "one_hot" else labels[..., 0] if form == "column" else labels
    result: Array = found.astype(np.int64)
    return result


class _Classes:
    """One class an item."""

    def __init__(self, head: Head, form: Form, top: int) -> None:
        self._head, self._form, self._top = head, form, top
        self._truth: list[Array] = []
        self._told: list[Array] = []
        self._confidence: list[Array] = []
        self._ranks: list[Array] = []

    def add(self, truth: Array, outputs: Array) -> None:
        numbers = class_numbers(truth, self._form)
        counted = _counted(numbers, self._head)
        scores, numbers = in_order(self._head, outputs)[counted], numbers[counted]
        self._truth.append(numbers)
        self._told.append(scores.argmax(axis=-1))
        self._confidence.append(class_scores(self._head, outputs)[counted].max(axis=-1))
        self._ranks.append(rank_of(scores, numbers))

    def judged(self) -> Judged:
        truth, told = np.concatenate(self._truth), np.concatenate(self._told)
        right, classes = truth == told, self._head.classes
        metrics = {"accuracy": _mean(right)}
        if len(classes) > self._top:
            metrics[f"top_{self._top}_accuracy"] = _mean(np.concatenate(self._ranks) < self._top)
        rows, macro = _per_class(truth, told, classes)
        metrics |= macro
        bins = []
        if self._head.probable:
            bins = reliability(np.concatenate(self._confidence), right)
            metrics["expected_calibration_error"] = expected_calibration_error(bins)
        table = _matrix(truth, told, len(classes))
        return Judged(
            "classes", metrics, classes, table, rows, _confusions(truth, told, classes), [asdict(each) for each in bins]
        )


def _counted(numbers: Array, head: Head) -> Array:
    """Which labels count: those of a class that the network tells, less the ignored one."""
    counted = (numbers >= 0) & (numbers < len(head.classes))
    return counted if head.ignored is None else counted & (numbers != head.ignored)


def _mean(values: Array) -> float:
    return float(values.mean()) if values.size else float("nan")


def _per_class(truth: Array, told: Array, classes: Sequence[Class]) -> tuple[list[Row], dict[str, float]]:
    """Precision, recall, F1 and support of each class, and their means over the classes that occur."""
    if not truth.size:
        return [], {}
    from sklearn.metrics import precision_recall_fscore_support as judge

    *columns, support = judge(truth, told, labels=range(len(classes)), zero_division=0)
    names = ("precision", "recall", "f1", "support")
    rows: list[Row] = [
        {"class": name, **dict(zip(names, map(_plain, row), strict=True))}
        for name, *row in zip(classes, *columns, support.astype(np.int64), strict=True)
    ]
    means = judge(truth, told, average="macro", zero_division=0)
    return rows, {f"macro_{name}": float(mean) for name, mean in zip(names[:3], means, strict=False)}


def _plain(number: Any) -> float | int:
    """A NumPy number as one of Python's."""
    found: float | int = number.item()
    return found


def _matrix(truth: Array, told: Array, count: int) -> list[list[int]] | None:
    if count > _MATRIX or not truth.size:
        return None
    from sklearn.metrics import confusion_matrix

    found: list[list[int]] = confusion_matrix(truth, told, labels=range(count)).tolist()
    return found


def _confusions(truth: Array, told: Array, classes: Sequence[Class]) -> list[Row]:
    """The most frequent mistakes."""
    wrong = truth != told
    pairs, counts = np.unique(np.stack([truth[wrong], told[wrong]]), axis=1, return_counts=True)
    first = np.argsort(-counts, kind="stable")[:_CONFUSIONS]
    return [{"class": classes[pairs[0, at]], "told": classes[pairs[1, at]], "count": int(counts[at])} for at in first]


class _Masks:
    """A class for each pixel: counted in a confusion matrix."""

    def __init__(self, head: Head, form: Form) -> None:
        self._head, self._form = head, form
        self._counts = np.zeros((len(head.classes),) * 2, np.int64)

    def add(self, truth: Array, outputs: Array) -> None:
        numbers = class_numbers(truth, self._form)
        told = in_order(self._head, outputs).argmax(axis=-1)
        counted, count = _counted(numbers, self._head), len(self._head.classes)
        pairs = numbers[counted] * count + told[counted]
        self._counts += np.bincount(pairs, minlength=count * count).reshape(count, count)

    def judged(self) -> Judged:
        hits, support, told = np.diag(self._counts), self._counts.sum(axis=1), self._counts.sum(axis=0)
        union = support + told - hits
        columns = {
            "iou": _over(hits, union), "precision": _over(hits, told), "recall": _over(hits, support),
            "f1": _over(2 * hits, support + told), "support": support,
        }  # fmt: skip
        rows = [
            {"class": name, **{key: _plain(column[at]) for key, column in columns.items()}}
            for at, name in enumerate(self._head.classes)
        ]
        metrics = {
            "pixel_accuracy": _plain(_over(hits.sum(keepdims=True), support.sum(keepdims=True))[0]),
            "mean_iou": _mean(columns["iou"][union > 0]),
        }
        return Judged("masks", metrics, self._head.classes, self._counts.tolist(), rows)


def _over(part: Array, whole: Array) -> Array:
    """`part / whole`, and 0 where there is nothing."""
    return np.divide(part, whole, out=np.zeros(len(whole)), where=whole > 0)


class _Tags:
    """Any number of classes an item, or a pixel: each one is given where its probability is above its threshold."""

    def __init__(self, head: Head) -> None:
        self._head = head
        self._truth: list[Array] = []
        self._scores: list[Array] = []
        self._counts = np.zeros((3, len(head.classes)), np.int64)
        """Of each tag: how often it is right, how often it is given, and how often it is there."""
        self._whole = [0, 0]

    def add(self, truth: Array, outputs: Array) -> None:
        scores = class_scores(self._head, outputs).reshape(-1, len(self._head.classes))
        there, given = truth.reshape(scores.shape) > 0.5, tagged(self._head, scores)
        self._counts += np.stack([(there & given).sum(axis=0), given.sum(axis=0), there.sum(axis=0)])
        self._whole[0] += int((there == given).all(axis=1).sum())
        self._whole[1] += len(there)
        if len(self._head.shape) == 1:
            self._truth.append(there)
            self._scores.append(scores)

    def judged(self) -> Judged:
        hits, given, support = self._counts
        columns: dict[str, Array] = {
            "precision": _over(hits, given), "recall": _over(hits, support), "f1": _over(2 * hits, given + support),
        }  # fmt: skip
        metrics = {"exact_match": self._whole[0] / max(1, self._whole[1])}
        metrics |= {f"macro_{name}": float(column.mean()) for name, column in columns.items()}
        sums = [np.array([each.sum()]) for each in (hits, given, support)]
        micro = {"precision": _over(sums[0], sums[1]), "recall": _over(sums[0], sums[2])}
        micro["f1"] = _over(2 * sums[0], sums[1] + sums[2])
        metrics |= {f"micro_{name}": float(value[0]) for name, value in micro.items()}
        if self._scores:
            columns["average_precision"] = self._average_precision()
            found = columns["average_precision"][support > 0]
            metrics["mean_average_precision"] = _mean(found)
        named = {"threshold": np.array(self._head.thresholds), **columns, "support": support}
        rows: list[Row] = [
            {"class": name, **{key: _plain(column[at]) for key, column in named.items()}}
            for at, name in enumerate(self._head.classes)
        ]
        return Judged("tags", metrics, self._head.classes, None, rows)

    def _average_precision(self) -> Array:
        """That of each tag; of one that is nowhere there is none."""
        from sklearn.metrics import average_precision_score

        truth, scores = np.concatenate(self._truth), np.nan_to_num(np.concatenate(self._scores))
        found = [
            average_precision_score(truth[:, at], scores[:, at]) if truth[:, at].any() else float("nan")
            for at in range(truth.shape[1])
        ]
        return np.array(found, np.float64)


def tagged(head: Head, scores: Array) -> Array:
    """Which tags are given: those above their thresholds."""
    result: Array = scores > np.array(head.thresholds)
    return result


class _Vectors:
    """Vectors: how often the nearest other one (by the angle) is of the same class."""

    def __init__(self, head: Head, form: Form) -> None:
        self._form = form
        self._truth: list[Array] = []
        self._vectors: list[Array] = []

    def add(self, truth: Array, outputs: Array) -> None:
        self._truth.append(class_numbers(truth, self._form))
        self._vectors.append(np.asarray(outputs, np.float64))

    def judged(self) -> Judged:
        truth, vectors = np.concatenate(self._truth), np.concatenate(self._vectors)
        if vectors.ndim != 2 or not 1 < len(vectors) <= _NEIGHBOURS:
            return Judged("vectors", {})
        units = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        right = 0
        for start in range(0, len(units), _CHUNK):
            alike = units[start : start + _CHUNK] @ units.T
            own = np.arange(start, start + len(alike))
            alike[np.arange(len(alike)), own] = -np.inf
            right += int((truth[alike.argmax(axis=1)] == truth[own]).sum())
        return Judged("vectors", {"nearest_neighbor_accuracy": right / len(units)})


class _Values:
    """Numbers: their errors, summed as they come. Those of images are taken together."""

    def __init__(self, head: Head) -> None:
        self._head = head
        self._count = 0
        self._sums: Array = np.zeros((4, 1))
        """Of each number: Σ|e|, Σe², the mean of the truth, and Σ(y − mean)²."""

    def add(self, truth: Array, outputs: Array) -> None:
        apart = len(self._head.shape) == 1
        y, told = (np.asarray(each, np.float64).reshape(len(outputs), -1) for each in (truth, outputs))
        if not apart:
            y, told = y.reshape(-1, 1), told.reshape(-1, 1)
        error = told - y
        if not self._count:
            self._sums = np.zeros((4, y.shape[1]))
        mean = y.mean(axis=0)
        count, step = self._count + len(y), mean - self._sums[2]
        self._sums[0] += np.abs(error).sum(axis=0)
        self._sums[1] += (error**2).sum(axis=0)
        self._sums[3] += ((y - mean) ** 2).sum(axis=0) + step**2 * self._count * len(y) / count
        self._sums[2] += step * len(y) / count
        self._count = count

    def judged(self) -> Judged:
        absolute, squared, _, spread = self._sums
        mae, mse = absolute / self._count, squared / self._count
        r2 = np.where(spread > 0, 1 - squared / np.where(spread > 0, spread, 1), np.where(squared > 0, 0.0, 1.0))
        if self._count < 2:
            r2 = np.full(len(mae), np.nan)
        metrics = {
            "mean_absolute_error": float(mae.mean()), "root_mean_squared_error": float(np.sqrt(mse.mean())),
            "r2_score": float(r2.mean()),
        }  # fmt: skip
        rows = [
            {"value": at, "mean_absolute_error": float(mae[at]), "root_mean_squared_error": float(np.sqrt(mse[at])),
             "r2_score": float(r2[at])}
            for at in range(len(mae))
        ]  # fmt: skip
        return Judged(self._head.kind, metrics, per_value=rows if 1 < len(rows) <= _VALUES else ())


class _Boxes(_Values):
    """Boxes: how much of each one and the true one is common to both, and the errors of their numbers."""

    def __init__(self, head: Head) -> None:
        super().__init__(head)
        self._overlaps: list[Array] = []

    def add(self, truth: Array, outputs: Array) -> None:
        import keras

        from cnnspec.training.boxes import intersection_over_union

        super().add(truth, outputs)
        overlap = intersection_over_union(truth, outputs, self._head.box or "xyxy")
        self._overlaps.append(keras.ops.convert_to_numpy(overlap))

    def judged(self) -> Judged:
        found, overlaps = super().judged(), np.concatenate(self._overlaps)
        boxes = {"box_iou": _mean(overlaps), "box_iou_above_half": _mean(overlaps > 0.5)}
        return replace(found, metrics={**boxes, **found.metrics})
