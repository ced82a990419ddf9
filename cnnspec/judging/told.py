"""What a network tells of one item, from the numbers that it gave. NumPy only."""

from __future__ import annotations

from typing import Any

import numpy as np

from cnnspec.data.columns import Array
from cnnspec.judging.heads import Head
from cnnspec.judging.measures import tagged
from cnnspec.judging.scores import class_scores

_DIGITS = 6


def told(head: Head, numbers: Array, top: int) -> tuple[dict[str, Any], Array]:
    """What `numbers`, those of one item, say: in the form of the JSON lines, and as an array.

    The array has the probability of each class, the class of each pixel, or the numbers as they are.
    """
    if head.kind == "classes":
        scores = class_scores(head, numbers)
        return _classes(head, scores, top), scores
    if head.kind == "tags" and len(head.shape) > 1:
        scores = class_scores(head, numbers)
        return {"shares": _tag_shares(head, scores)}, scores
    if head.kind == "tags":
        scores = class_scores(head, numbers)
        chosen = [at for at in np.argsort(-scores, kind="stable") if tagged(head, scores)[at]]
        return {"tags": [_class(head, scores, at) for at in chosen]}, scores
    if head.kind == "vectors":
        vector = [_rounded(value) for value in np.ravel(numbers)] if len(head.shape) == 1 else None
        return ({"vector": vector} if vector is not None else {}), np.asarray(numbers)
    if head.kind == "masks":
        mask = class_scores(head, numbers).argmax(axis=-1)
        return {"shares": _shares(head, mask)}, mask
    if head.kind == "boxes":
        return {"box": [_rounded(value) for value in numbers], "format": head.box}, np.asarray(numbers)
    if head.kind == "values" and len(head.shape) <= 1:
        return {"values": [_rounded(value) for value in np.ravel(numbers)]}, np.asarray(numbers)
    return {}, np.asarray(numbers)


def _classes(head: Head, scores: Array, top: int) -> dict[str, Any]:
    first = [_class(head, scores, at) for at in np.argsort(-scores, kind="stable")[:top]]
    return {**first[0], "top": first}


def _class(head: Head, scores: Array, at: int) -> dict[str, Any]:
    score = _rounded(scores[at])
    if not head.probable:
        return {"class": head.classes[at], "probability": None, "score": score}
    return {"class": head.classes[at], "probability": score}


def _shares(head: Head, mask: Array) -> list[dict[str, Any]]:
    """The classes in a mask with their shares of the pixels, the largest first."""
    counts = np.bincount(mask.ravel(), minlength=len(head.classes))
    order = [at for at in np.argsort(-counts, kind="stable") if counts[at]]
    return [{"class": head.classes[at], "share": _rounded(counts[at] / mask.size)} for at in order]


def _tag_shares(head: Head, scores: Array) -> list[dict[str, Any]]:
    """The share of the pixels that have each tag."""
    given = tagged(head, scores).reshape(-1, len(head.classes)).mean(axis=0)
    return [{"class": name, "share": _rounded(share)} for name, share in zip(head.classes, given, strict=True)]


def _rounded(value: Any) -> float | None:
    """A number with six digits; None where it is none."""
    number = float(value)
    return float(f"{number:.{_DIGITS}g}") if np.isfinite(number) else None
