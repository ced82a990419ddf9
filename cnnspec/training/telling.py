"""Lines that a run says about itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnnspec.training.component import Facing
from cnnspec.training.metrics import Metric
from cnnspec.training.weights_section import Weights, weights_file

if TYPE_CHECKING:
    from cnnspec.training.prepare import Prepared
    from cnnspec.training.saving import Position


def goes_on(start: Position, last: int) -> str:
    """Where a run goes on whose epochs end with `last`."""
    if start.ended(last):
        return f"training ended with epoch {start.epoch}"
    step = f", step {start.step + 1}" if start.step else ""
    return f"resumed in epoch {start.epoch + 1}{step}"


def sizes(data: Prepared) -> str:
    """How many images there are, and of each class."""
    parts = {"training": data.train, "validation": data.validation, "test": data.test}
    whole = "images: " + ", ".join(f"{len(part):,} {name}" for name, part in parts.items() if part is not None)
    return "\n".join([whole, *data.counted])


def meanings(data: Prepared) -> Iterator[str]:
    """What the labels of each output mean, what is taken for its loss and metrics, and how to say it otherwise."""
    several = len(data.objectives) > 1
    for name, aim in data.objectives.items():
        of = f" of `{name}`" if several else ""
        told = [named(metric, aim.facing) for metric in aim.metrics]
        learnt = f"loss {aim.loss.entry}" + (f", metrics {', '.join(told)}" if told else "")
        yield f"labels{of}: {aim.target.text()}; {learnt}"
        if aim.target.other:
            otherwise = f"if they are meant otherwise, write `{aim.target.other}` in `data`"
            yield f"note: labels{of} are taken so {aim.target.why}; {otherwise}"


def named(metric: Metric, facing: Facing) -> str:
    """A metric by its column, with what it is where that does not say it, and what it takes of the output."""
    own = [metric.entry] if metric.column != metric.entry else []
    words = ", ".join([*own, *filter(None, [metric.variant(facing)])])
    return f"{metric.column} ({words})" if words else metric.column


def loaded(model: Any, weights: Weights) -> str:
    """Fill the model, and say what with."""
    from cnnspec.training.weights import load_weights

    path = weights_file(Path(weights.path))
    found = load_weights(model, path, weights.skip)
    kept = f", new ones for {', '.join(found.kept)}" if found.kept else ""
    layers = f"{found.layers:,} layer{'s' * (found.layers != 1)}"
    unused = f"; {words}" if (words := found.unused_text()) else ""
    return f"weights: {layers} from {path.name}{kept}{unused}"
