"""What `cnnspec evaluate` gives besides the spec's metrics, by scikit-learn."""

from __future__ import annotations

import numpy as np
from sklearn import metrics as sk

from tests.crossing.oracle import Case, box_overlaps


def measured(case: Case, maps: bool, box: bool) -> dict[str, float]:
    """The measures of an output by name."""
    c = case.counted()
    if c.told in ("numbers", "boxes"):
        y, o = (c.y.reshape(-1, 1), c.o.reshape(-1, 1)) if maps else (c.y, c.o)
        found = {
            "mean_absolute_error": sk.mean_absolute_error(y, o),
            "root_mean_squared_error": sk.root_mean_squared_error(y.ravel(), o.ravel()),
            "r2_score": sk.r2_score(y, o),
        }
        return {**found, "box_iou": float(box_overlaps(c.y, c.o).mean())} if box else found
    if c.told == "vectors":
        unit = c.o / np.linalg.norm(c.o, axis=1, keepdims=True)
        alike = unit @ unit.T - 9 * np.eye(len(unit))
        assert c.t is not None
        return {"nearest_neighbor_accuracy": float((c.t[alike.argmax(axis=1)] == c.t).mean())}
    if c.told == "tags":
        true, said = (c.y > 0.5).astype(int), (c.o > c.cut).astype(int)
        more = {"zero_division": 0}
        found = {"exact_match": float((true == said).all(axis=1).mean())}
        for average in ("macro", "micro"):
            wanted = "binary" if true.shape[1] == 1 else average
            for name, of in (("precision", sk.precision_score), ("recall", sk.recall_score), ("f1", sk.f1_score)):
                found[f"{average}_{name}"] = float(of(true, said, average=wanted, **more))
        if not maps:
            there = true.any(axis=0)
            found["mean_average_precision"] = float(
                np.mean([sk.average_precision_score(true[:, at], c.p[:, at]) for at in np.flatnonzero(there)])
            )
        return found
    if c.told == "yes_no":
        t, told, count = c.y[:, 0].astype(int), (c.o[:, 0] > c.cut).astype(int), 2
    else:
        t, told, count = c.t if c.t is not None else c.y.argmax(axis=-1), c.o.argmax(axis=-1), c.o.shape[-1]
    if maps:
        table = sk.confusion_matrix(t, told, labels=range(count)).astype(float)
        hits, union = np.diag(table), table.sum(0) + table.sum(1) - np.diag(table)
        return {
            "pixel_accuracy": float(hits.sum() / table.sum()),
            "mean_iou": float((hits[union > 0] / union[union > 0]).mean()),
        }
    macro = sk.precision_recall_fscore_support(t, told, average="macro", zero_division=0)
    found = {"accuracy": float((t == told).mean())}
    return {**found, **{f"macro_{name}": float(macro[at]) for at, name in enumerate(("precision", "recall", "f1"))}}
