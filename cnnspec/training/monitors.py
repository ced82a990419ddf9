"""What every epoch reports, and the callbacks that watch it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

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
