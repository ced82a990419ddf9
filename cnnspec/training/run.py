"""From a checked spec to a run: what `cnnspec train` and `cnnspec.train` do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from cnnspec.data.errors import DataError
from cnnspec.training.fit import rehearse, train
from cnnspec.training.plan import Plan, Run

if TYPE_CHECKING:
    from cnnspec.pipeline import Report
    from cnnspec.training.dry_run import Rehearsal


def train_report(
    report: Report, *, runs: str | Path = "runs", backend: str | None = None, device: str | None = None,
    quiet: bool = False, stream: TextIO | None = None, resume: str | Path | None = None, accept_changes: bool = False,
) -> Run:  # fmt: skip
    """Train a spec that holds, in a new folder `runs/<name>/<number>/`, or go on with the run in the folder `resume`.

    `backend` is tensorflow, jax or torch, `device` cpu, gpu or gpu:N; progress goes to `stream` (stderr).
    `accept_changes` goes on with a run whose files contradict each other, as its checkpoint says.
    Raises `DataError` or `TrainingError`, each with a message and what to do.
    """
    return train(
        plan_of(report, Path(runs)),
        backend=backend,
        device=device,
        quiet=quiet,
        stream=stream,
        resume=Path(resume) if resume is not None else None,
        accept_changes=accept_changes,
    )


def rehearse_report(
    report: Report, *, runs: str | Path = "runs", backend: str | None = None, device: str | None = None,
    quiet: bool = False, stream: TextIO | None = None,
) -> Rehearsal:  # fmt: skip
    """What a run of a spec that holds would take: a few real steps, of which nothing is left behind.

    Raises `DataError` or `TrainingError` where the run would fail before its first step, or in it.
    """
    return rehearse(plan_of(report, Path(runs)), backend=backend, device=device, quiet=quiet, stream=stream)


def plan_of(report: Report, runs: Path) -> Plan:
    """The plan of a spec that holds. Raises `DataError` where it names no data."""
    from cnnspec.training.adversarial.plan import AdversarialPlan
    from cnnspec.training.adversarial.section import AdversarialTraining

    training = report.training
    assert training is not None
    if report.data is None:
        raise DataError("the spec has no `data:`, so there is nothing to train on", "add `data: {source: …}`")
    rest = report.directory, report.resolved, runs
    if isinstance(training, AdversarialTraining):
        data = report.data.model_copy(update={"validation_split": 0.0, "test_split": 0.0})
        one = report.graphs["discriminator"], data, training.of_discriminator
        return AdversarialPlan(report.name, *one, *rest, report.graphs["generator"], training)
    assert report.graph is not None
    return Plan(report.name, report.graph, report.data, training, *rest, at_sizes=report.at_sizes)
