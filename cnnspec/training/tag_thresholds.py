"""The probability above which each tag is given, where `data.labels` says `threshold: auto`. NumPy only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from cnnspec.data.columns import Array
from cnnspec.data.label_section import AUTO
from cnnspec.training.objective import Objective
from cnnspec.training.parts import Part
from cnnspec.training.target import HALF


def chosen(objectives: Mapping[str, Objective]) -> list[str]:
    """The outputs whose thresholds are to be found."""
    return [
        name
        for name, aim in objectives.items()
        if aim.target.kind == "tags" and aim.target.threshold == AUTO and aim.reads != "margins"
    ]


def thresholds(model: Any, part: Part, objectives: Mapping[str, Objective], batch_size: int) -> dict[str, list[float]]:
    """The threshold of each tag that gives the best F1 on `part`, by output. `model` gives arrays for a batch."""
    names = chosen(objectives)
    truth: dict[str, list[Array]] = {name: [] for name in names}
    scores: dict[str, list[Array]] = {name: [] for name in names}
    for x, y in _batches(part.plain(), batch_size):
        outputs = model.predict_on_batch(x)
        for name in names:
            given = np.asarray(outputs[name] if isinstance(outputs, dict) else outputs, np.float64)
            rows = given.reshape(-1, given.shape[-1])
            scores[name].append(1 / (1 + np.exp(-rows)) if objectives[name].reads == "sigmoid" else rows)
            truth[name].append(np.asarray(y[name]).reshape(rows.shape) > HALF)
    return {name: best(np.concatenate(truth[name]), np.concatenate(scores[name])) for name in names}


def _batches(part: Part, size: int) -> Iterator[tuple[Any, Mapping[str, Any]]]:
    for start in range(0, len(part), size):
        indices = np.arange(start, min(start + size, len(part)))
        x, *_ = part.batch(indices)
        yield x, {name: column[indices] for name, column in part.y.items()}


def best(truth: Array, scores: Array) -> list[float]:
    """For each column of `truth` (N×tags), the threshold on `scores` above which F1 is best: midway between two scores.

    Of several that are equally good, the highest; 0.5 for a tag that no item has.
    """
    return [_of_tag(truth[:, at], scores[:, at]) for at in range(truth.shape[1])]


def _of_tag(truth: Array, scores: Array) -> float:
    if not truth.any():
        return HALF
    order = np.argsort(-scores, kind="stable")
    ranked, hits = scores[order], np.cumsum(truth[order])
    f1 = 2 * hits / (np.arange(1, len(hits) + 1) + truth.sum())
    ends = np.flatnonzero(np.append(ranked[:-1] > ranked[1:], True))  # items of one score are given together
    at = int(ends[np.argmax(f1[ends])])
    below = ranked[at + 1] if at + 1 < len(ranked) else max(0.0, 2 * ranked[at] - 1)
    return float((ranked[at] + below) / 2)
