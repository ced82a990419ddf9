"""Every loss and metric of the vocabularies, from its formula, in float64. NumPy and scikit-learn; no Keras.

`Case` is what one output is judged on. Probabilities are cut where Keras cuts them, at 1e-7, but for cross-entropies
right behind their own activation: those are of the scores before it, so that they are exact.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from sklearn import metrics as sk

Array: TypeAlias = np.ndarray[Any, Any]
LOW, HIGH = float(np.float32(1e-7)), float(np.float32(1 - 1e-7))


def softmax(z: Array) -> Array:
    powers = np.exp(z - z.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def sigmoid(z: Array) -> Array:
    small = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, small) / (1 + small)


def log_softmax(z: Array) -> Array:
    moved = z - z.max(axis=-1, keepdims=True)
    return moved - np.log(np.exp(moved).sum(axis=-1, keepdims=True))


@dataclass(frozen=True)
class Case:
    """Labels and outputs of one output: `told` is classes, yes_no, tags, numbers, boxes or vectors.

    `y` are labels with the outputs' shape (one-hot rows, 0 and 1, values), `t` class numbers, `o` outputs, `z` the
    scores before `activation`. `logits` is softmax or sigmoid where the loss takes scores, `margins` says that it is a
    hinge. `ignored` is the class number that counts nowhere."""

    told: str
    y: Array
    t: Array | None
    o: Array
    z: Array
    activation: str
    logits: str = ""
    margins: bool = False
    ignored: int | None = None
    size: int = 8

    @property
    def cut(self) -> float:
        return 0.0 if self.logits or self.margins else 0.5

    @property
    def p(self) -> Array:
        """Probabilities of class or tag."""
        if self.margins:
            return sigmoid(self.o)
        if self.logits:
            return softmax(self.o) if self.logits == "softmax" else sigmoid(self.o)
        return self.o

    def batches(self) -> list[Case]:
        parts = [slice(at, at + self.size) for at in range(0, len(self.o), self.size)]
        return [
            replace(self, y=self.y[part], t=None if self.t is None else self.t[part], o=self.o[part], z=self.z[part])
            for part in parts
        ]

    def counted(self) -> Case:
        """The same as rows, of what counts alone."""
        rows = {name: getattr(self, name).reshape(-1, self.o.shape[-1]) for name in ("y", "o", "z")}
        t = None if self.t is None else self.t.reshape(-1)
        if self.ignored is None or t is None:
            return replace(self, **rows, t=t, ignored=None)
        keep = t != self.ignored
        return replace(self, **{name: each[keep] for name, each in rows.items()}, t=t[keep], ignored=None)


# --- losses ---------------------------------------------------------------------------------------------------------


def _smoothed(y: Array, share: float, binary: bool = False) -> Array:
    return y * (1 - share) + share * (0.5 if binary else 1 / y.shape[-1])


def _categorical(c: Case, y: Array, logits: bool) -> Array:
    if logits or c.activation == "softmax":
        return -(y * log_softmax(c.z if c.activation == "softmax" else c.o)).sum(axis=-1)
    shares = np.clip(c.o / c.o.sum(axis=-1, keepdims=True), LOW, HIGH)
    return -(y * np.log(shares)).sum(axis=-1)


def _sparse(c: Case, logits: bool) -> Array:
    y = np.eye(c.o.shape[-1])[np.where(c.t == c.ignored, 0, c.t) if c.ignored is not None else c.t]
    if c.ignored is not None:  # what Keras leaves out hides the scores from it
        c = replace(c, activation="")
    if logits or c.activation == "softmax":
        return _categorical(c, y, logits)
    return -(y * log_softmax(np.log(np.clip(c.o, LOW, HIGH)))).sum(axis=-1)


def _binary(c: Case, y: Array, logits: bool) -> Array:
    """Of every score by itself."""
    if logits or c.activation == "sigmoid":
        z = c.z if c.activation == "sigmoid" else c.o
        return np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z)))
    p = np.clip(c.o, LOW, HIGH)
    return -(y * np.log(p) + (1 - y) * np.log1p(-p))


def _signs(y: Array) -> Array:
    return 2 * y - 1 if np.isin(y, (0, 1)).all() else y


def _hinge(c: Case) -> Array:
    return np.maximum(1 - _signs(c.y) * c.o, 0)


def _categorical_hinge(c: Case) -> Array:
    return np.maximum(((1 - c.y) * c.o).max(axis=-1) - (c.y * c.o).sum(axis=-1) + 1, 0)


def _divergence(y: Array, p: Array) -> Array:
    y, p = np.clip(y, 1e-7, 1), np.clip(p, 1e-7, 1)
    return (y * np.log(y / p)).sum(axis=-1)


def _cosine(c: Case) -> Array:
    y, o = (each / np.maximum(np.sqrt((each**2).sum(axis=-1, keepdims=True)), 1e-12) for each in (c.y, c.o))
    return (y * o).sum(axis=-1)


def _log_cosh(error: Array) -> Array:
    return np.abs(error) + np.log1p(np.exp(-2 * np.abs(error))) - np.log(2)


def _huber(error: Array, delta: float) -> Array:
    size = np.abs(error)
    return np.where(size <= delta, 0.5 * size**2, delta * size - 0.5 * delta**2)


def _squared_log(c: Case) -> Array:
    return (np.log1p(np.maximum(c.y, 1e-7)) - np.log1p(np.maximum(c.o, 1e-7))) ** 2


def _percent(c: Case) -> Array:
    return 100 * np.abs(c.y - c.o) / np.maximum(np.abs(c.y), 1e-7)


def _poisson(c: Case) -> Array:
    return c.o - c.y * np.log(c.o + 1e-7)


def _overlap(c: Case, alpha: float = 0.5, beta: float = 0.5) -> Array:
    """Of each class over the batch; `alpha` is for what is there too much, `beta` for what is missed."""
    axes = tuple(range(c.o.ndim - 1)) if c.o.shape[-1] > 1 else None
    both, much, missed = (each.sum(axis=axes) for each in (c.y * c.o, (1 - c.y) * c.o, c.y * (1 - c.o)))
    return 1 - both / (both + alpha * much + beta * missed + 1e-7)


def _dice(c: Case) -> Array:
    axes = tuple(range(c.o.ndim - 1)) if c.o.shape[-1] > 1 else None
    return 1 - 2 * (c.y * c.o).sum(axis=axes) / (c.y.sum(axis=axes) + c.o.sum(axis=axes) + 1e-7)


def _circle(c: Case, gamma: float = 80.0, margin: float = 0.4) -> Array:
    assert c.t is not None
    apart = np.maximum(1 - c.o @ c.o.T, 0)
    alike = c.t[:, None] == c.t[None, :]
    near = alike & ~np.eye(len(c.t), dtype=bool)
    found = []
    for row, same, other in zip(apart, near, ~alike, strict=True):
        pos = -gamma * np.maximum(margin + row, 0) * (margin - row)
        neg = gamma * np.maximum(1 + margin - row, 0) * ((1 - margin) - row)
        both = np.logaddexp.reduce(pos[same], initial=-np.inf) + np.logaddexp.reduce(neg[other], initial=-np.inf)
        found.append(np.logaddexp(0, both))
    return np.array(found)


def _focal(c: Case, a: Mapping[str, Any]) -> Array:
    logits = bool(a.get("from_logits"))
    y, p = _smoothed(c.y, a.get("label_smoothing", 0), True), sigmoid(c.o) if logits else c.o
    near = y * p + (1 - y) * (1 - p)
    weight = y * a.get("alpha", 0.25) + (1 - y) * (1 - a.get("alpha", 0.25)) if a.get("apply_class_balancing") else 1
    return weight * (1 - near) ** a.get("gamma", 2.0) * _binary(replace(c, activation="") if logits else c, y, logits)


def _categorical_focal(c: Case, a: Mapping[str, Any]) -> Array:
    y, p = _smoothed(c.y, a.get("label_smoothing", 0)), softmax(c.o) if a.get("from_logits") else c.o
    q = np.clip(p / p.sum(axis=-1, keepdims=True), LOW, HIGH)
    return (a.get("alpha", 0.25) * (1 - q) ** a.get("gamma", 2.0) * -y * np.log(q)).sum(axis=-1)


def _generalized(c: Case, q: float) -> Array:
    return (1 - (c.y * c.o).sum(axis=-1) ** q) / q


LOSSES: dict[str, Callable[[Case, Mapping[str, Any]], Array]] = {
    "categorical_crossentropy": lambda c, a: _categorical(
        c, _smoothed(c.y, a.get("label_smoothing", 0)), bool(a.get("from_logits"))
    ),
    "sparse_categorical_crossentropy": lambda c, a: _sparse(c, bool(a.get("from_logits"))),
    "binary_crossentropy": lambda c, a: _binary(
        c, _smoothed(c.y, a.get("label_smoothing", 0), True), bool(a.get("from_logits"))
    ),
    "binary_focal_crossentropy": _focal,
    "categorical_focal_crossentropy": _categorical_focal,
    "categorical_generalized_cross_entropy": lambda c, a: _generalized(c, a.get("q", 0.5)),
    "hinge": lambda c, a: _hinge(c),
    "squared_hinge": lambda c, a: _hinge(c) ** 2,
    "categorical_hinge": lambda c, a: _categorical_hinge(c),
    "kl_divergence": lambda c, a: _divergence(c.y, c.o),
    "circle": lambda c, a: _circle(c),
    "mean_squared_error": lambda c, a: (c.y - c.o) ** 2,
    "mean_absolute_error": lambda c, a: np.abs(c.y - c.o),
    "mean_absolute_percentage_error": lambda c, a: _percent(c),
    "mean_squared_logarithmic_error": lambda c, a: _squared_log(c),
    "huber": lambda c, a: _huber(c.o - c.y, a.get("delta", 1.0)),
    "log_cosh": lambda c, a: _log_cosh(c.o - c.y),
    "poisson": lambda c, a: _poisson(c),
    "cosine_similarity": lambda c, a: -_cosine(c),
    "dice": lambda c, a: _dice(c),
    "tversky": lambda c, a: _overlap(c, a.get("alpha", 0.5), a.get("beta", 0.5)),
}


def loss(entry: str, arguments: Mapping[str, Any], case: Case) -> float:
    """The loss of a split: the mean over batches, each by how many items it has."""
    return sum(len(each.o) * _batch_loss(entry, arguments, each) for each in case.batches()) / len(case.o)


def _batch_loss(entry: str, arguments: Mapping[str, Any], case: Case) -> float:
    if entry == "sum":
        weights = arguments.get("weights") or [1.0] * len(arguments["losses"])
        parts = [(each, {}) if isinstance(each, str) else next(iter(each.items())) for each in arguments["losses"]]
        return sum(w * _batch_loss(name, more, case) for w, (name, more) in zip(weights, parts, strict=True))
    found = LOSSES[entry](case, arguments)
    if case.ignored is not None and entry == "sparse_categorical_crossentropy":
        found = found[case.t != case.ignored]
    if entry == "circle":  # Keras masks what is 0
        found = found[found > 0]
    return float(found.mean()) if found.size else 0.0


# --- metrics --------------------------------------------------------------------------------------------------------


def _numbers(c: Case) -> Array:
    """Class numbers, those of shares by the largest one."""
    return c.t if c.t is not None else c.y.argmax(axis=-1)


def _accuracy(c: Case, a: Mapping[str, Any]) -> float:
    if c.told == "classes":
        return float((c.o.argmax(axis=-1) == _numbers(c)).mean())
    return float(((c.o > a.get("threshold", c.cut)) == (c.y > 0.5)).mean())


def _top(c: Case, a: Mapping[str, Any]) -> float:
    listed = np.argsort(-c.o, axis=-1, kind="stable")[:, : a["k"]]
    return float((listed == _numbers(c)[:, None]).any(axis=-1).mean())


def _rows(c: Case) -> tuple[Array, Array]:
    """0 and 1 of every class or tag, and probabilities."""
    hot = np.eye(c.o.shape[-1])[_numbers(c)] if c.told == "classes" else c.y
    return hot > 0.5, c.p.astype("float32")


def _at(c: Case, a: Mapping[str, Any]) -> tuple[Array, Array]:
    """What holds and what is given, with the class that is asked for alone."""
    true, p = _rows(c)
    said = p > np.float32(a.get("thresholds", 0.5))
    if "top_k" in a:
        order = np.argsort(-c.p.astype("float32"), axis=-1, kind="stable")[:, : a["top_k"]]
        said = np.zeros_like(true)
        np.put_along_axis(said, order, True, axis=-1)
    if "class_id" in a:
        return true[:, a["class_id"]], said[:, a["class_id"]]
    return true.ravel(), said.ravel()


def _prf(which: int) -> Callable[[Case, Mapping[str, Any]], float]:
    def of(c: Case, a: Mapping[str, Any]) -> float:
        if c.told == "classes" and not {"thresholds", "top_k"} & set(a):
            t, told = _numbers(c), c.o.argmax(axis=-1)
            if "class_id" in a:
                t, told = t == a["class_id"], told == a["class_id"]
                return float(sk.precision_recall_fscore_support(t, told, average="binary", zero_division=0)[which])
            return float(sk.precision_recall_fscore_support(t, told, average="macro", zero_division=0)[which])
        true, said = _at(c, a)
        return float(sk.precision_recall_fscore_support(true, said, average="binary", zero_division=0)[which])

    return of


def _f_score(c: Case, a: Mapping[str, Any]) -> float:
    more = {"beta": a.get("beta", 1.0), "zero_division": 0}
    average = a.get("average", "macro")
    if c.told == "classes" and "threshold" not in a:
        return float(sk.fbeta_score(_numbers(c), c.o.argmax(axis=-1), average=average, **more))
    true, p = _rows(c)
    said = p > np.float32(a["threshold"]) if "threshold" in a else c.o > c.cut
    if true.shape[1] == 1:  # scikit-learn would take a single column for two classes
        return float(sk.fbeta_score(true[:, 0], said[:, 0], **more))
    if c.told == "classes" and average == "macro":  # of the classes that occur
        there = (true | said).any(axis=0)
        true, said = true[:, there], said[:, there]
    return float(sk.fbeta_score(true.astype(int), said.astype(int), average=average, **more))


def _count(true_wanted: bool, said_wanted: bool) -> Callable[[Case, Mapping[str, Any]], float]:
    def of(c: Case, a: Mapping[str, Any]) -> float:
        true, said = _at(c, a)
        return float(((true == true_wanted) & (said == said_wanted)).sum())

    return of


def _even(beyond: float = 1e-7, count: int = 200) -> Array:
    """`count` thresholds from 0 to 1, and `beyond`."""
    return np.concatenate([[-beyond], np.arange(1, count - 1) / (count - 1), [1 + beyond]]).astype(np.float32)


def _fine(labels: int) -> Array:
    """Thresholds at even steps of the score, the eighth part of them below −17."""
    count = max(200, 65536 // max(8, labels))
    low = -85 + 68 / (count // 8) * np.arange(count // 8)
    scores = np.concatenate([low, -17 + 34 / (count - 1) * np.arange(count)])
    return np.concatenate([[-1e-7], sigmoid(scores), [1 + 1e-7]]).astype(np.float32)


def _curve(true: Array, p: Array, cuts: Array) -> tuple[Array, Array, Array, Array]:
    """Hits, false hits, misses and rejections at each threshold."""
    p = np.where(p < np.finfo(np.float32).tiny, 0, p)
    said = p[None, :] > cuts[:, None]
    hits, wrong = (said & true).sum(axis=1), (said & ~true).sum(axis=1)
    return hits, wrong, true.sum() - hits, (~true).sum() - wrong


def _over(part: Array, whole: Array) -> Array:
    return np.divide(part, whole, out=np.zeros(np.shape(part)), where=np.asarray(whole) > 0)


def _area(true: Array, p: Array, cuts: Array) -> float:
    """The area under the ROC curve."""
    hits, wrong, misses, right = _curve(true, p, cuts)
    x, y = _over(wrong, wrong + right), _over(hits, hits + misses)
    return float(((x[:-1] - x[1:]) * (y[:-1] + y[1:]) / 2).sum())


def _precision_area(true: Array, p: Array, cuts: Array) -> float:
    """That under the precision-recall curve: J. Davis and M. Goadrich's interpolation between thresholds."""
    hits, wrong, _, _ = (each.astype(float) for each in _curve(true, p, cuts))
    given = hits + wrong
    d_hits, d_given = hits[:-1] - hits[1:], given[:-1] - given[1:]
    slope = _over(d_hits, np.maximum(d_given, 0))
    base = hits[1:] - slope * given[1:]
    ratio = np.where((given[:-1] > 0) & (given[1:] > 0), _over(given[:-1], np.maximum(given[1:], 0)), 1.0)
    parts = _over(slope * (d_hits + base * np.log(ratio)), np.full(len(slope), max(float(true.sum()), 0.0)))
    return float(parts.sum())


def _auc(c: Case, a: Mapping[str, Any]) -> float:
    true, p = _rows(c)
    area = _precision_area if a.get("curve") == "PR" else _area
    alone = c.told == "yes_no" or a.get("multi_label") is False
    if alone:
        true, p = true.reshape(-1, 1), p.reshape(-1, 1)
    cuts, all_too = _fine(true.shape[1]), area is _precision_area
    there = [at for at in range(true.shape[1]) if true[:, at].any() and (all_too or not true[:, at].all())]
    return float(np.mean([area(true[:, at], p[:, at], cuts) for at in there])) if there else float("nan")


def _point(best: str, bound: str) -> Callable[[Case, Mapping[str, Any]], float]:
    def of(c: Case, a: Mapping[str, Any]) -> float:
        true, p = _rows(c)
        true, p = (each[:, a["class_id"]] if "class_id" in a else each.ravel() for each in (true, p))
        hits, wrong, misses, right = _curve(true, p, _even(0))  # what is 0 is never given, as in Keras
        rates = {
            "precision": _over(hits, hits + wrong), "recall": _over(hits, hits + misses),
            "specificity": _over(right, right + wrong),
        }  # fmt: skip
        names = {"sensitivity": "recall"}
        reached = rates[names.get(bound, bound)].astype(np.float32) >= np.float32(a[bound])
        return float(rates[names.get(best, best)][reached].max(initial=0))

    return of


def _union(c: Case, a: Mapping[str, Any]) -> Array:
    """Intersection over union of each class that occurs; NaN of the others."""
    if c.told == "yes_no":
        t, told, count = (c.y[:, 0] > 0.5).astype(int), (c.o[:, 0] > a.get("threshold", c.cut)).astype(int), 2
    else:
        t, told, count = _numbers(c), c.o.argmax(axis=-1), c.o.shape[-1]
    table = sk.confusion_matrix(t, told, labels=range(count)).astype(float)
    hits, union = np.diag(table), table.sum(0) + table.sum(1) - np.diag(table)
    return np.where(union > 0, hits / np.where(union > 0, union, 1), np.nan)


def _iou(c: Case, a: Mapping[str, Any]) -> float:
    found = _union(c, a)[list(a.get("target_class_ids", range(len(_union(c, a)))))]
    return float(np.nanmean(found)) if not np.isnan(found).all() else 0.0


def _r2(c: Case, a: Mapping[str, Any]) -> float:
    return float(sk.r2_score(c.y, c.o, multioutput="uniform_average"))


def _correlated(kind: str) -> Callable[[Case, Mapping[str, Any]], float]:
    def of(y: Array, o: Array) -> float:
        cov = ((y - y.mean()) * (o - o.mean())).mean()
        if kind == "pearson":
            return float(cov / (y.std() * o.std())) if y.std() * o.std() > 0 else float("nan")
        return float(2 * cov / (y.var() + o.var() + (y.mean() - o.mean()) ** 2))

    def metric(c: Case, a: Mapping[str, Any]) -> float:
        if c.o.shape[-1] == 1:
            return of(c.y[:, 0], c.o[:, 0])
        rows = zip(c.y, c.o, strict=True)
        flat = kind == "pearson" and not (c.y.std(axis=-1) * c.o.std(axis=-1)).all()
        return float("nan") if flat else float(np.mean([of(y, o) for y, o in rows]))

    return metric


def _boxes(c: Case, a: Mapping[str, Any]) -> float:
    return float(box_overlaps(c.y, c.o).mean())


def box_overlaps(one: Array, other: Array) -> Array:
    """Intersection over union of boxes, as left, top, right, bottom."""
    sides = np.minimum(one[:, 2:], other[:, 2:]) - np.maximum(one[:, :2], other[:, :2])
    both = np.maximum(sides, 0).prod(axis=1)
    areas = [np.maximum(each[:, 2:] - each[:, :2], 0).prod(axis=1) for each in (one, other)]
    union = areas[0] + areas[1] - both
    return np.where(union > 0, both / np.where(union > 0, union, 1), 0)


def _cross(c: Case, a: Mapping[str, Any], binary: bool) -> float:
    """Of the scores right behind their own activation, else of probabilities."""
    own = "sigmoid" if binary else "softmax"
    logits = c.logits == own
    seen = c if logits or (not c.logits and c.activation == own) else replace(c, o=c.p, activation="")
    y = _smoothed(c.y, a.get("label_smoothing", 0), binary)
    return float((_binary(seen, y, logits) if binary else _categorical(seen, y, logits)).mean())


def _mean(of: Callable[[Case], Array]) -> Callable[[Case, Mapping[str, Any]], float]:
    return lambda c, a: float(of(c).mean())


METRICS: dict[str, Callable[[Case, Mapping[str, Any]], float]] = {
    "accuracy": _accuracy, "binary_accuracy": _accuracy, "categorical_accuracy": _accuracy,
    "sparse_categorical_accuracy": _accuracy, "top_k_categorical_accuracy": _top,
    "sparse_top_k_categorical_accuracy": _top,
    "true_positives": _count(True, True), "true_negatives": _count(False, False),
    "false_positives": _count(False, True), "false_negatives": _count(True, False),
    "precision": _prf(0), "recall": _prf(1), "f_beta_score": _f_score, "f1_score": _f_score, "auc": _auc,
    "precision_at_recall": _point("precision", "recall"), "recall_at_precision": _point("recall", "precision"),
    "sensitivity_at_specificity": _point("sensitivity", "specificity"),
    "specificity_at_sensitivity": _point("specificity", "sensitivity"),
    "binary_crossentropy": lambda c, a: _cross(c, a, True), "categorical_crossentropy": lambda c, a: _cross(c, a, False),
    "sparse_categorical_crossentropy": lambda c, a: _cross(c, a, False),
    "hinge": _mean(_hinge), "squared_hinge": _mean(lambda c: _hinge(c) ** 2),
    "categorical_hinge": _mean(_categorical_hinge), "kl_divergence": _mean(lambda c: _divergence(c.y, c.p)),
    "poisson": _mean(_poisson), "mean_squared_error": _mean(lambda c: (c.y - c.o) ** 2),
    "root_mean_squared_error": lambda c, a: float(np.sqrt(((c.y - c.o) ** 2).mean())),
    "mean_absolute_error": _mean(lambda c: np.abs(c.y - c.o)), "mean_absolute_percentage_error": _mean(_percent),
    "mean_squared_logarithmic_error": _mean(_squared_log), "log_cosh_error": _mean(lambda c: _log_cosh(c.o - c.y)),
    "cosine_similarity": _mean(_cosine), "pearson_correlation": _correlated("pearson"),
    "concordance_correlation": _correlated("concordance"), "r2_score": _r2,
    "mean_iou": _iou, "iou": _iou, "binary_iou": _iou, "one_hot_mean_iou": _iou, "one_hot_iou": _iou, "box_iou": _boxes,
}  # fmt: skip


def metric(entry: str, arguments: Mapping[str, Any], case: Case) -> float:
    """A metric of a whole split."""
    return METRICS[entry](case.counted(), arguments)
