"""Lines that a run says about itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

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


def loaded(model: Any, weights: Weights) -> str:
    """Fill the model, and say what with."""
    from cnnspec.training.weights import load_weights

    path = weights_file(Path(weights.path))
    found = load_weights(model, path, weights.skip)
    kept = f", new ones for {', '.join(found.kept)}" if found.kept else ""
    layers = f"{found.layers:,} layer{'s' * (found.layers != 1)}"
    return f"weights: {layers} from {path.name}{kept}"
