"""From the numbers of an output to probabilities, and how far these can be trusted. NumPy only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cnnspec.data.columns import Array
from cnnspec.judging.heads import Head

BINS = 15


def softmax(scores: Array) -> Array:
    """Along the last axis."""
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    result: Array = powers / powers.sum(axis=-1, keepdims=True)
    return result


def sigmoid(scores: Array) -> Array:
    """Of each number, without overflow."""
    shrinking = np.exp(-np.abs(scores))
    result: Array = np.where(scores >= 0, 1, shrinking) / (1 + shrinking)
    return result


def class_scores(head: Head, outputs: Array) -> Array:
    """A score for each class along the last axis: its probability, or what stands for it where there are none."""
    numbers = np.asarray(outputs, np.float64)
    if head.scores == "softmax":
        numbers = softmax(numbers)
    elif head.scores == "sigmoid":
        numbers = sigmoid(numbers)
    if not head.binary:
        return numbers
    first = -numbers if head.scores == "margins" else 1 - numbers
    return np.concatenate([first, numbers], axis=-1)


def in_order(head: Head, outputs: Array) -> Array:
    """Numbers along the last axis of which the highest is that of the class: what the network gave, since probabilities
    of far scores are alike."""
    numbers = np.asarray(outputs, np.float64)
    if not head.binary:
        return numbers
    above = numbers - (0.0 if head.scores in ("softmax", "sigmoid", "margins") else 0.5)
    return np.concatenate([-above, above], axis=-1)


def rank_of(scores: Array, truth: Array) -> Array:
    """The place of the true class among all, from 0, for each item: behind those that score higher, and of equal ones
    behind those of lower numbers, as `predict` lists them. The last place where a score is no number."""
    own = np.take_along_axis(scores, truth[..., np.newaxis].astype(np.int64), axis=-1)
    before = np.arange(scores.shape[-1]) < truth[..., np.newaxis]
    place = ((scores > own) | ((scores == own) & before)).sum(axis=-1)
    result: Array = np.where(np.isfinite(scores).all(axis=-1), place, scores.shape[-1])
    return result


@dataclass(frozen=True, slots=True)
class Bin:
    """Items whose confidence lies above `low` and up to `high`."""

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float


def reliability(confidence: Array, correct: Array, bins: int = BINS) -> list[Bin]:
    """The bins of equal width that hold any item, with the means of confidence and of correctness in each."""
    confidence = np.nan_to_num(confidence)
    place = np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)
    found = []
    for at in np.unique(place):
        inside = place == at
        means = float(confidence[inside].mean()), float(correct[inside].mean())
        found.append(Bin(at / bins, (at + 1) / bins, int(inside.sum()), *means))
    return found


def expected_calibration_error(bins: Sequence[Bin]) -> float:
    """Σ n_b/n · |accuracy_b − confidence_b| (C. Guo et al., On Calibration of Modern Neural Networks, 2017)."""
    total = sum(each.count for each in bins)
    return sum(each.count * abs(each.accuracy - each.confidence) for each in bins) / total if total else 0.0
