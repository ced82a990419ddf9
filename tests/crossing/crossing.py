"""One combination of labels, end and loss, with all metrics that fit: judged in four ways, which must agree.

The model that `train` compiles and evaluates, what `cnnspec evaluate` computes, a plain Keras model, and the formulas.
"""

from __future__ import annotations

import tempfile
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import keras
import numpy as np
import yaml

from cnnspec import pipeline
from cnnspec.data.errors import DataError
from cnnspec.judging.heads import head
from cnnspec.judging.measures import measure
from cnnspec.judging.totals import Totals
from cnnspec.training.compiling import judged_by, network, trained
from cnnspec.training.errors import TrainingError
from cnnspec.training.metrics import METRICS, Metric
from cnnspec.training.objective import Objective
from cnnspec.training.outputs import metric_problem
from cnnspec.training.plan import Plan
from cnnspec.training.prepare import Part, prepare
from cnnspec.training.run import plan_of
from tests.crossing import cases, measured, oracle
from tests.crossing.cases import End, Entry, Labels

BATCH = 12
CLOSE = 1e-5
"""The relative difference that sums of float32 may have; outputs are float32 in all precisions."""

FEW = 3
"""How many metrics are judged in all ways; they are the same objects in each, and all of them in `evaluate`'s."""

_SECOND = "tags"
"""Labels of the second output, behind a sigmoid."""


@dataclass
class Counts:
    """What came of combinations."""

    combinations: int = 0
    refused: int = 0
    agreed: int = 0
    numbers: int = 0
    unfit: int = 0
    again: int = 0
    wrong: list[str] = field(default_factory=list)
    messages: Counter[str] = field(default_factory=Counter)


def combinations(names: list[str] | None = None) -> Iterator[tuple[str, End, Entry]]:
    """All of labels, end and loss."""
    for name in names or cases.LABELS:
        for end in cases.ENDS:
            for loss in cases.LOSSES:
                yield name, end, loss


def cross(name: str, end: End, loss: Entry, precision: str, two: bool, counts: Counts) -> None:
    """Judge a combination in all ways, and count what came of it."""
    counts.combinations += 1
    where = f"{name} | {end} | {_written(*loss)} | {precision}{' | two outputs' * two}"
    labels = cases.LABELS[name]
    try:
        plan, aims, part = _prepared(name, end, yaml.safe_dump(_entry(*loss)), two)
    except _Refused as refusal:
        counts.refused += 1
        counts.messages[str(refusal)] += 1
        return
    aim = next(iter(aims.values()))
    metrics, given = _fitting(aim, plan, counts)
    judged_already = (name, end, precision, two, aim.facing, aim.ignored, "from_logits" in loss[1])
    if judged_already in _JUDGED:  # the same metric calls on the same outputs and labels
        counts.again += len(metrics)
        metrics, given = [], []
    _JUDGED.add(judged_already)
    aims = {**aims, aim.output: replace(aim, metrics=tuple(metrics))}
    try:
        found = _judged(plan, aims, part, end, precision)
    except Exception as error:
        counts.wrong.append(f"{where}: {type(error).__name__}: {str(error)[:200]}")
        return
    case = _case(labels, aims[aim.output], loss, found)
    prefix = f"{aim.output}_" if two else ""
    expected = {f"{prefix}loss" if two else "loss": oracle.loss(*_read(loss), case)}
    with np.errstate(all="ignore"):
        expected |= {
            prefix + metric.column: oracle.metric(metric.entry, arguments, case)
            for metric, arguments in zip(metrics, given, strict=True)
        }
        measures = measured.measured(case, len(aim.shape) > 1, found.box)
    wrong = [
        f"{where}: {number} is {told[number]:.7g} in {way}, the formula gives {value:.7g}"
        for way, told in found.ways.items()
        for number, value in expected.items()
        if (number in told or way == "evaluate") and not _same(told[number], value)
    ]
    wrong += [
        f"{where}: {number} is {found.measures.get(number, np.nan):.7g} by `evaluate`, the formula gives {value:.7g}"
        for number, value in measures.items()
        if not _same(found.measures.get(number, np.nan), value)
    ]
    counts.numbers += sum(number in told for told in found.ways.values() for number in expected) + len(measures)
    counts.wrong += wrong
    counts.agreed += not wrong


_JUDGED: set[Any] = set()
"""What metrics were judged on: they are made from nothing else."""


def _same(one: float, other: float) -> bool:
    return bool(np.isclose(one, other, rtol=CLOSE, atol=2e-6, equal_nan=True))


def _entry(name: str, arguments: Mapping[str, Any]) -> Any:
    return {name: dict(arguments)} if arguments else name


def _written(name: str, arguments: Mapping[str, Any]) -> str:
    return f"{name} {dict(arguments)}" if arguments else name


def _read(loss: Entry) -> Entry:
    return loss


class _Refused(Exception):
    pass


@cache
def _folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="crossing-"))


@cache
def _file(name: str) -> str:
    arrays = {"x_train": cases.X, "x_test": cases.X}
    y, tags = cases.LABELS[name].array, cases.LABELS[_SECOND].array
    arrays |= {"y_train": y, "y_test": y, "t_train": tags, "t_test": tags}
    file = f"{abs(hash(name))}.npz"
    np.savez(_folder() / file, **arrays)
    return file


def _spec(name: str, end: End, loss: Any, two: bool) -> dict[str, Any]:
    labels = cases.LABELS[name]
    convs = {"filters": 8, "kernel_size": 3, "padding": "same", "activation": "tanh"}
    body: list[Any] = [{"conv2d": convs}] if labels.maps else ["flatten", {"dense": {"units": 8, "activation": "tanh"}}]
    last = {"activation": end.activation, "name": "told"}
    if labels.maps:
        body.append({"conv2d": {"filters": end.units, "kernel_size": 1, **last}})
    else:
        body.append({"dense": {"units": end.units, **last}})
    source: dict[str, Any] = {"path": _file(name)}
    spec: dict[str, Any] = {"name": "crossing", "input": [cases.SIDE, cases.SIDE, 2], "layers": body}
    data: dict[str, Any] = {"source": {"npz": source}, "validation_split": None}
    training: dict[str, Any] = {"epochs": 1, "batch_size": BATCH, "seed": 7, "loss": loss, "metrics": []}
    if labels.said:
        data["labels"] = labels.said
    if two:
        second = [
            {"flatten": {"inputs": "input"}},
            {"dense": {"units": cases.CLASSES, "activation": "sigmoid", "name": "second"}},
        ]
        spec |= {"layers": [*body, *second], "outputs": {"first": "told", "other": "second"}}
        source |= {
            "y_train": {"first": "y_train", "other": "t_train"}, "y_test": {"first": "y_test", "other": "t_test"}
        }  # fmt: skip
        training |= {
            "loss": {"first": loss, "other": "binary_crossentropy"}, "metrics": {"first": [], "other": ["f1_score"]},
        }  # fmt: skip
        if labels.said:
            data["labels"] = {"first": labels.said}
    return {**spec, "data": data, "training": training}


@cache
def _prepared(name: str, end: End, loss: str, two: bool) -> tuple[Plan, dict[str, Objective], Part]:
    text = yaml.safe_dump(_spec(name, end, yaml.safe_load(loss), two), sort_keys=False)
    report = pipeline.check_text(text, directory=_folder())
    if not report.ok:
        error = next(each for each in report.diagnostics if each.severity == "error")
        raise _Refused(f"{error.code}: {error.message} → {error.help}")
    plan = plan_of(report, _folder())
    try:
        found = prepare(plan, 7)
    except (DataError, TrainingError) as error:
        raise _Refused(f"{error} → {getattr(error, 'help', None)}") from None
    assert found.test is not None
    return plan, dict(found.objectives), found.test.plain()


def _fitting(aim: Objective, plan: Plan, counts: Counts) -> tuple[list[Metric], list[Mapping[str, Any]]]:
    """The metrics that the output takes, with what was written for each."""
    found: list[Metric] = []
    given: list[Mapping[str, Any]] = []
    for index, (entry, arguments) in enumerate(cases.METRICS):
        metric = METRICS[entry].read({**arguments, "name": f"m{index}_{entry}"})
        assert isinstance(metric, Metric), metric
        problem = metric_problem(replace(aim, metrics=(metric,)), plan.training, False)
        if problem is not None:
            counts.unfit += 1
            assert f"`{entry}`" in problem.message, problem
            assert problem.help, problem
            continue
        found.append(metric)
        given.append(arguments)
    return found, given


@dataclass(frozen=True)
class _Found:
    ways: Mapping[str, Mapping[str, float]]
    measures: Mapping[str, float]
    outputs: np.ndarray[Any, Any]
    scores: np.ndarray[Any, Any]
    box: bool


@cache
def _network(name: bool, end: End, two: bool, precision: str) -> dict[str, Any]:
    return {}


def _judged(plan: Plan, aims: dict[str, Objective], part: Part, end: End, precision: str) -> _Found:
    output = next(iter(aims))
    held = _network(len(aims[output].shape) > 1, end, len(aims) > 1, precision)
    if not held:
        keras.utils.set_random_seed(3)
        model = network(plan, precision)
        told = model.get_layer("told")
        told.set_weights([end.scale * cases.RANDOM.normal(size=each.shape) / 2 for each in told.get_weights()])
        before = keras.Model(model.inputs, told.input).predict(cases.X, verbose=0).astype("float64")
        kernel, bias = (np.asarray(each, np.float64) for each in told.get_weights())
        held |= {"model": model, "scores": before @ kernel.reshape(kernel.shape[-2:]) + bias}
    model = held["model"]
    ways: dict[str, Mapping[str, float]] = {}

    few = {**aims, output: replace(aims[output], metrics=aims[output].metrics[:FEW])}
    fit = held.setdefault("fit", None) or trained(model, plan, part)
    held["fit"] = fit
    fit.compile(**judged_by(few, plan), run_eagerly=True)
    ways["train"] = _evaluated(fit, part)

    other = held.setdefault("other", None) or trained(model, plan, part)
    held["other"] = other
    vars(other).pop("reset_metrics", None)  # as of a model that was not judged yet
    totals = Totals(other, judged_by(aims, plan))
    totals._model.run_eagerly = True
    measures = {name: measure(head(aim, plan), aim.form, 2) for name, aim in aims.items()}
    outputs = []
    for at in range(0, len(part), BATCH):
        batch = part.batch(np.arange(at, min(at + BATCH, len(part))))
        given = totals.add(*batch)
        for name, each in measures.items():
            each.add(*(part_of[name] if isinstance(part_of, dict) else part_of for part_of in (batch[1], given)))
        outputs.append(given[output] if isinstance(given, dict) else given)
    ways["evaluate"] = totals.result()

    plain = held.setdefault("plain", None) or keras.Model(
        model.inputs, model.outputs[0] if len(aims) == 1 else dict(zip(aims, model.outputs, strict=True))
    )
    held["plain"] = plain
    plainly = judged_by(few, plan)
    plain.compile(**{**plainly, "loss": _plain_losses(plainly["loss"])}, run_eagerly=True)
    ways["Keras"] = _evaluated(plain, part)
    kind = head(aims[output], plan)
    return _Found(
        ways, measures[output].judged().metrics, np.concatenate(outputs), held["scores"], kind.kind == "boxes"
    )


def _evaluated(model: Any, part: Part) -> dict[str, float]:
    """What `model.evaluate` does, without a data set of TensorFlow's for each call."""
    model.reset_metrics()
    for at in range(0, len(part), BATCH):
        batch = part.batch(np.arange(at, min(at + BATCH, len(part))))
        model.test_step(keras.tree.map_structure(keras.ops.convert_to_tensor, batch))
    return {name: float(value) for name, value in model.get_metrics_result().items()}


def _plain_losses(losses: Any) -> Any:
    """Keras's own classes in place of ours."""
    if isinstance(losses, dict):
        return {name: _plain_losses(each) for name, each in losses.items()}
    config = losses.get_config()
    own = getattr(keras.losses, type(losses).__name__, None)
    ours = type(losses).__module__.startswith("cnnspec")
    return own.from_config(config) if ours and own is not None else losses


def _case(labels: Labels, aim: Objective, loss: Entry, found: _Found) -> oracle.Case:
    """What the output is judged on, from the labels as the file holds them."""
    raw, shape = labels.array.astype("float64"), aim.shape
    units, maps, kind = shape[-1] or 0, len(shape) > 1, aim.target.kind
    rank = len(shape) + 1
    t, y = None, raw
    if kind in ("classes", "one_hot", "class_maps", "one_hot_maps"):
        whole = raw.ndim == rank and raw.shape[-1] > 1
        if not (whole and aim.target.soft):
            numbers = raw.argmax(axis=-1) if whole else raw.reshape(raw.shape[: rank - 1]).astype(int)
            t = (numbers > 0).astype(int) if raw.min() < 0 else numbers
            y = t[..., None].astype(float) if units == 1 else np.eye(max(units, 256))[t][..., :units]
        told = "yes_no" if units == 1 else "classes"
    elif kind == "tags":
        told = "tags"
    else:
        told = "boxes" if kind == "boxes" else "numbers"
    if aim.reads == "vectors":
        told = "vectors"
    y = y.reshape(found.outputs.shape)
    entry, arguments = loss
    logits = "" if not arguments.get("from_logits") else "softmax"
    entries = {entry, entry.removeprefix("sparse_")}
    seen = "ignore_class" not in arguments
    own = {"softmax": "categorical_crossentropy", "sigmoid": "binary_crossentropy"}.get(aim.activation)
    if seen and own in entries:
        logits = ""  # the loss sees through the activation
    if logits and (told in ("yes_no", "tags") or entry.startswith("binary")):
        logits = "sigmoid"
    assert maps == labels.maps
    tiny = np.abs(found.outputs) < np.finfo(np.float32).tiny  # processors take them for 0
    return oracle.Case(
        told, y, t, np.where(tiny, 0, found.outputs).astype("float64"), found.scores.reshape(found.outputs.shape), aim.activation, logits,
        "hinge" in entry, arguments.get("ignore_class"), BATCH,
    )  # fmt: skip


@contextmanager
def quietly() -> Iterator[None]:
    """Without Keras's and scikit-learn's warnings of classes that do not occur."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def run(names: list[str], precisions: tuple[str, ...], outputs: tuple[bool, ...], ends: Any = None) -> Counts:
    """Cross everything for labels of these names."""
    counts = Counts()
    with quietly():
        for two in outputs:
            for precision in precisions:
                for name, end, loss in combinations(names):
                    if ends is None or end in ends:
                        cross(name, end, loss, precision, two, counts)
    return counts
