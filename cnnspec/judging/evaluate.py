"""Judging a run on one of its splits. Keras is imported on the way, not with this module."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from cnnspec.data.errors import DataError
from cnnspec.judging.heads import Head, head, recorded
from cnnspec.judging.judged import Evaluation, Judged
from cnnspec.judging.runs import Kept, kept
from cnnspec.judging.starting import start
from cnnspec.training.resume import changes

if TYPE_CHECKING:
    from cnnspec.training.prepare import Part, Prepared

SPLITS = ("train", "validation", "test")
TOP = 5


def evaluate(
    run: str | Path | Kept, *, split: str | None = None, top: int = TOP, backend: str | None = None,
    device: str | None = None, batch_size: int | None = None, stream: TextIO | None = None,
) -> Evaluation:  # fmt: skip
    """Judge the best weights of `run` on `split`: where none is named on test, or else on validation.

    Progress goes to `stream` where that is a terminal. Raises `RunError`, `SpecError`, `DataError`, `WeightsError` or
    `TrainingError`.
    """
    known = run if isinstance(run, Kept) else kept(Path(run))
    plan = known.plan
    plan.data.source.look(plan.directory)
    machine = start(known.backend, backend, device)

    from cnnspec.judging.measures import measure
    from cnnspec.judging.network import bounded, restored
    from cnnspec.judging.totals import Totals
    from cnnspec.training.compiling import judged_by, trained
    from cnnspec.training.memory import evaluation_batch
    from cnnspec.training.prepare import prepare
    from cnnspec.training.resources import shapes_of

    with bounded(machine):
        data = prepare(plan, known.seed, recorded(plan, known.environment), known.ranges)
        name, part = _chosen(data, split)
        note = _changed(known, data, name)
        heads = _heads(known, data)
        measures = {output: measure(heads[output], aim.form, top) for output, aim in data.objectives.items()}
        model = trained(restored(known), plan, part)
        totals = Totals(model, judged_by(data.objectives, plan))
        with _progress(stream, name, len(part)) as advance:
            size = batch_size or evaluation_batch(
                plan.graph, plan.training.batch_size, shapes_of(plan, part), len(part)
            )
            for batch in _batches(part, size):
                outputs = totals.add(*batch)
                for output, each in measures.items():
                    each.add(_of(batch[1], output), _of(outputs, output))
                advance(len(_of(outputs, next(iter(measures)))))
        judged = {output: each.judged() for output, each in measures.items()}
    metrics = totals.result()
    metrics |= {key: value for key, value in _named(judged).items() if key not in metrics}
    return Evaluation(known.path, name, len(part), metrics, judged, machine.backend, machine.device, note)


def _chosen(data: Prepared, split: str | None) -> tuple[str, Part]:
    if split is not None and split not in SPLITS:
        raise ValueError(f"`split` is {', '.join(SPLITS[:-1])} or {SPLITS[-1]}, not {split!r}")
    parts: dict[str, Part | None] = {"test": data.test, "validation": data.validation, "train": data.train}
    for name in (split,) if split else ("test", "validation"):
        part = parts[name]
        if part is not None:
            return name, part.plain()
    there = " and ".join(name for name in SPLITS if parts[name] is not None)
    lacking = "validation split" if split == "validation" else "test split"
    raise DataError(f"there is no {lacking}; this run has {there}", f"write --split {there.split(' and ')[-1]}")


def _changed(known: Kept, data: Prepared, split: str) -> str | None:
    """What is to be told of a split whose data are not what they were when the run was trained.

    Raises `DataError` where it is drawn from images that changed: some of them may have been trained with.
    """
    then = known.noted("data")
    if not isinstance(then, dict):
        return None
    changed = changes(then, data.fingerprints)
    given = {name: words for name, words in changed.items() if name.partition(" ")[0] == split}
    if given:
        return f"not the data that were there when this run was trained: {', '.join(given.values())}"
    drawn = all(name.partition(" ")[0] != split for name in data.fingerprints)
    if drawn and (others := [words for name, words in changed.items() if name.startswith("training ")]):
        raise DataError(
            f"the data changed since this run was trained: {', '.join(others)}; "
            f"a {split} split drawn from them now is another one",
            "bring back what was there, or train anew",
        )
    return None


def _heads(known: Kept, data: Prepared) -> dict[str, Head]:
    return {name: head(aim, known.plan, known.thresholds) for name, aim in data.objectives.items()}


def _batches(part: Part, size: int) -> Iterator[tuple[Any, ...]]:
    """The batches of a part in order, the next one read while one is judged."""
    from concurrent.futures import ThreadPoolExecutor

    import numpy as np

    with ThreadPoolExecutor(1, "reading") as thread:
        waiting = None
        for start_at in range(0, len(part), size):
            asked = thread.submit(part.batch, np.arange(start_at, min(start_at + size, len(part))))
            if waiting is not None:
                yield waiting.result()
            waiting = asked
        if waiting is not None:
            yield waiting.result()


def _of(named: Any, output: str) -> Any:
    """What is of one output: a single one comes without its name."""
    return named[output] if isinstance(named, dict) else named


def _named(judged: Mapping[str, Judged]) -> dict[str, float]:
    """The metrics of all outputs; where there are several, with their names before them."""
    if len(judged) == 1:
        return dict(next(iter(judged.values())).metrics)
    return {f"{output}_{name}": value for output, each in judged.items() for name, value in each.metrics.items()}


@contextmanager
def _progress(stream: TextIO | None, split: str, examples: int) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal that goes away again; elsewhere nothing."""
    if stream is None or not stream.isatty():
        yield lambda count: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("{task.description}"), BarColumn(20), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(file=stream), transient=True) as bar:
        task = bar.add_task(split, total=examples)
        yield lambda count: bar.advance(task, count)
