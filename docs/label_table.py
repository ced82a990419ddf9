"""The table of docs/training.md on what labels are taken for, made by the function that decides it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from cnnspec import pipeline
from cnnspec.training.objective import Objective, end_of, objective
from cnnspec.training.section import Training
from cnnspec.training.target import Target
from cnnspec.training.targets import Observed, decide

START, STOP = "<!-- what labels are taken for: written by `make docs` -->", "<!-- end -->"
HEAD = """| labels | from | the network ends in | they are | loss, and metrics by default | `evaluate` | `predict` |
|---|---|---|---|---|---|---|"""

FOLDERS, ARRAYS = "class folders, CSV, named sets, arrays", "arrays, CSV"
_EVALUATE = {
    "classes": "accuracy, confusion matrix, per class, calibration",
    "no probabilities": "accuracy, confusion matrix, per class",
    "tags": "exact match, average precision; per tag at its threshold",
    "masks": "pixel accuracy, mean IoU, per class",
    "tag maps": "exact match; precision, recall, F1 per tag at its threshold",
    "vectors": "how often the nearest vector is of the same class",
    "values": "mean absolute error, RMSE, R²",
    "images": "mean absolute error, RMSE, R² over all pixels",
    "boxes": "IoU, errors of each edge",
}
_PREDICT = {
    "classes": "the likeliest classes with probabilities",
    "no probabilities": "the highest classes with scores",
    "tags": "every tag above its threshold",
    "masks": "a mask (PNG), shares of classes",
    "tag maps": "probabilities (`.npy`), the share of the pixels above each threshold",
    "vectors": "the vector",
    "values": "the numbers",
    "images": "an image (PNG)",
    "boxes": "the box",
}


class Row(NamedTuple):
    """Labels as people have them: in words, where they come from, what they look like, the network's end, and the
    loss, where one is written."""

    labels: str
    source: str
    seen: Observed
    end: str
    loss: str | None = None
    boxed: bool = False


def _seen(shape: tuple[int, ...], low: float, high: float, whole: bool = True, rows: str = "") -> Observed:
    return Observed(shape, low, high, whole, rows, 2)  # type: ignore[arg-type]


_DENSE, _CONV = "{dense: {units: %d, activation: %s}}", "{conv2d: {filters: %d, kernel_size: 1, activation: %s}}"
ROWS = [
    Row("class numbers", FOLDERS, _seen((), 0, 9), _DENSE % (10, "softmax")),
    Row("class numbers", FOLDERS, _seen((), 0, 9), _DENSE % (10, "linear")),
    Row("class numbers", FOLDERS, _seen((), 0, 9), _DENSE % (10, "sigmoid"), "binary_crossentropy"),
    Row("class numbers", FOLDERS, _seen((), 0, 9), _DENSE % (10, "linear"), "categorical_hinge"),
    Row("class numbers", FOLDERS, _seen((), 0, 9), _DENSE % (64, "linear") + ", unit_normalization", "circle"),
    Row("0 and 1", FOLDERS, _seen((), 0, 1), _DENSE % (1, "sigmoid")),
    Row("0 and 1", ARRAYS, _seen((), 0, 1), _DENSE % (1, "linear")),
    Row("whole numbers (ages, counts)", ARRAYS, _seen((), 20, 69), _DENSE % (1, "linear")),
    Row("numbers with fractions", ARRAYS, _seen((), 0.5, 9.5, whole=False), _DENSE % (1, "linear")),
    Row("several numbers per image", ARRAYS, _seen((3,), -2, 7, whole=False), _DENSE % (3, "linear")),
    Row(
        "four numbers, judged by `box_iou`",
        "arrays, `shapes`",
        _seen((4,), 0, 1, False),
        _DENSE % (4, "sigmoid"),
        None,
        True,
    ),
    Row("one-hot rows", ARRAYS, _seen((10,), 0, 1, rows="one_hot"), _DENSE % (10, "softmax")),
    Row("rows of shares that sum to 1", ARRAYS, _seen((10,), 0, 0.9, False, "shares"), _DENSE % (10, "softmax")),
    Row(
        "rows of 0 and 1, several ones",
        "arrays, CSV, `tfds`, `huggingface`",
        _seen((5,), 0, 1),
        _DENSE % (5, "sigmoid"),
    ),
    Row("masks of whole numbers", "`segmentation_folder`, arrays", _seen((8, 8), 0, 2), _CONV % (3, "softmax")),
    Row("masks of 0 and 1", "`segmentation_folder`, arrays", _seen((8, 8), 0, 1), _CONV % (1, "sigmoid")),
    Row("one-hot masks", "arrays", _seen((8, 8, 3), 0, 1, rows="one_hot"), _CONV % (3, "softmax")),
    Row("maps of 0 and 1, several ones per pixel", "arrays", _seen((8, 8, 3), 0, 1), _CONV % (3, "sigmoid")),
    Row("images of whole numbers or fractions", "arrays", _seen((8, 8, 3), 0, 255), _CONV % (3, "linear")),
    Row("depth, or a grey image", "arrays", _seen((8, 8), 0, 7.5, whole=False), _CONV % (1, "linear")),
]


def table() -> str:
    """The rows between `START` and `STOP`."""
    return "\n".join([START, HEAD, *_rows(), STOP])


def _rows() -> Iterator[str]:
    for row in ROWS:
        target, aim = _decided(row)
        metrics = [
            metric.entry + (f" ({word})" if (word := metric.variant(aim.facing)) else "") for metric in aim.metrics
        ]
        loss = f"`{aim.loss.entry}`" + (" (`from_logits`)" if aim.reads in ("softmax", "sigmoid") else "")
        learnt = (f"{loss}, written" if row.loss else loss) + "".join(f", `{name}`" for name in metrics)
        judged = _judged(target, aim)
        ends = f"{_size(aim)}, {aim.activation or 'other'}"
        cells = (
            row.labels,
            row.source,
            ends,
            f"`{target.kind}`: {target.text()}",
            learnt,
            _EVALUATE[judged],
            _PREDICT[judged],
        )
        yield f"| {' | '.join(cells)} |"


def _size(aim: Objective) -> str:
    return "×".join(map(str, ("H", "W", aim.shape[-1]) if len(aim.shape) == 3 else aim.shape))


def _decided(row: Row) -> tuple[Target, Objective]:
    start = "flatten, " if len(row.seen.shape) < 2 else ""
    loss = f"training: {{loss: {row.loss}}}\n" if row.loss else ""
    report = pipeline.check_text(f"input: [8, 8, 1]\nlayers: [{start}{row.end}]\n{loss}")
    assert report.graph is not None, str(report)
    training = report.training if isinstance(report.training, Training) else Training()
    found = decide(end_of(report.graph, "output"), training.loss, None, None, row.seen, "the data", row.boxed)
    assert isinstance(found, Target), found
    if found.classes is None and found.one_class:
        found = Target(found.kind, found.shape, int(row.seen.high) + 1, soft=found.soft)
    aim = objective(report.graph, "output", training, found)
    assert aim is not None
    return found, aim


def _judged(target: Target, aim: Objective) -> str:
    if aim.reads == "vectors":
        return "vectors"
    if target.kind == "tags" and len(aim.shape) > 1:
        return "tag maps"
    if target.kind in ("boxes", "tags"):
        return target.kind
    if target.one_class and len(aim.shape) > 1:
        return "masks"
    if target.one_class:
        return "no probabilities" if aim.reads in ("margins", "scores") else "classes"
    return "images" if len(aim.shape) == 3 else "values"


def with_table(page: str) -> str:
    """The page with the table of today in its place."""
    before, _, rest = page.partition(START)
    _, _, after = rest.partition(STOP)
    return f"{before}{table()}{after}"
