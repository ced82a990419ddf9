"""What every epoch reports, and the callbacks that watch it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from cnnspec.language.entries import Problem
from cnnspec.language.suggest import meant, nearest
from cnnspec.training.callbacks import Monitoring
from cnnspec.training.metrics import Metric
from cnnspec.training.section import Training


def columns(metrics: Mapping[str, tuple[Metric, ...]], validated: bool) -> list[str]:
    """What every epoch reports of outputs with these metrics, in Keras's words."""
    names = ["loss"]
    several = len(metrics) > 1
    for output, found in metrics.items():
        prefix = f"{output}_" if several else ""
        names += [f"{output}_loss"] * several + [prefix + metric.column for metric in found]
    return names + [f"val_{name}" for name in names] * validated


_OWN = ("epoch", "learning_rate", "seconds")
"""What `history.csv` has in every row beside what is reported."""


def column_problems(training: Training, outputs: Collection[str]) -> Iterator[Problem]:
    """Columns of the history that would hold two numbers, or one of training under the name of one of validation."""
    several = len(outputs) > 1
    told = {"loss": "the whole loss" if several else "the loss"} | dict.fromkeys(_OWN, "a column of every run")
    for output in outputs if several else ():
        told.setdefault(f"{output}_loss", f"the loss of output `{output}`")
    for output in outputs:
        prefix = f"{output}_" if several else ""
        if prefix.startswith("val_"):
            message = f"the columns of output `{output}` (`{prefix}loss`, …) would be taken for those of validation"
            yield Problem(
                "column-twice", message, ("outputs", output), True, "give the output another name, such as `value`"
            )
            continue
        place = ("training", "metrics", *((output,) if isinstance(training.metrics, dict) else ()))
        for index, metric in enumerate(training.metrics_of(output) or ()):
            column, at = prefix + metric.column, (*place, index, metric.entry)
            help = "give the metric another `name`"
            if column.startswith("val_"):
                message = f"a metric called `{metric.column}` would be taken for `{column[4:]}` of validation"
                yield Problem("column-twice", message, at, True, help)
            elif column in told:
                message = f"a metric called `{metric.column}` has the column `{column}`, which is {told[column]}"
                yield Problem("column-twice", message, at, True, help)
            else:
                told[column] = f"`{metric.column}` of output `{output}`"


def monitor_problems(
    training: Training, outputs: Mapping[str, str], reported: Sequence[str] | None, validated: bool
) -> Iterator[Problem]:
    """Callbacks that watch what no epoch reports; `reported` is None where that is not known yet. `outputs` are the
    names of the outputs with those of their entries, which people take for them."""
    for index, callback in enumerate(training.callbacks or ()):
        if not isinstance(callback, Monitoring):
            continue
        monitor = callback.monitor
        written = "monitor" in callback.model_fields_set
        place = ("training", "callbacks", index, callback.entry, *(("monitor",) if written else ()))
        if monitor.startswith("val_") and not validated:
            message = f"`{callback.entry}` watches `{monitor}`, but nothing is held out to validate with"
            help = f"give `data` a `validation_split`, or watch `{monitor[4:]}`"
            yield Problem("monitor-unknown", message, place, not written, help)
        elif reported is not None and monitor not in reported:
            own = _of_the_entry(monitor, outputs, reported)
            guess = own or nearest(monitor, reported)
            message = f"`{callback.entry}` watches `{monitor}`, which no epoch reports"
            help = f"did you mean `{guess}`?" if guess else f"there are: {', '.join(reported)}"
            sure = guess if written and guess in (own, meant(monitor, reported)) else None
            yield Problem("monitor-unknown", message, place, not written, help, sure)


def _of_the_entry(monitor: str, outputs: Mapping[str, str], reported: Sequence[str]) -> str | None:
    """`val_kind_loss` for `val_head_loss`, where the output `kind` is the entry `head`."""
    words = {
        monitor.replace(f"{entry}_", f"{output}_", 1) for output, entry in outputs.items() if f"{entry}_" in monitor
    }
    return next((word for word in reported if word in words and word != monitor), None)
