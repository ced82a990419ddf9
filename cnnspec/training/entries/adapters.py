"""Metrics of Keras that take probabilities and one-hot rows, made to fit what an output gives and its labels."""

from cnnspec.layers.base import KerasCall
from cnnspec.training.component import Facing, Told
from cnnspec.training.metrics import Unfit

DECIDED: frozenset[Told] = frozenset({"classes", "yes_no", "tags"})
"""Outputs that tell classes."""

OURS = "cnnspec.training.class_metrics"
"""The module of the metrics that Keras has not."""


def on_probabilities(
    call: KerasCall, facing: Facing, hide: bool = False, decided: bool = False, untouched: bool = False
) -> KerasCall:
    """A metric of Keras that takes probabilities and one-hot rows, for an output that gives scores, or whose labels are
    class numbers. `hide` hides the scores before the last activation from it; `decided` says that it
    takes the largest share of a class for the class, `untouched` that it is of outputs as they are."""
    decided = decided and facing.soft and facing.told == "classes"
    rows = facing.shape[-1] if facing.form == "numbers" and facing.told == "classes" else None
    link = facing.chance
    if link is None and rows is None and len(facing.shape) == 1 and not (hide or decided):
        return call
    named = {"name": call.kwargs["name"], "metric": call}
    flags = {"decided": decided, "untouched": untouched}
    more = {name: True for name, flag in flags.items() if flag}
    return KerasCall(f"{OURS}.OnProbabilities", {**named, "link": link, "classes": rows, **more})


def no_probabilities(facing: Facing) -> Unfit | None:
    """Why an output that gives other scores has none of what needs probabilities."""
    if facing.reads != "scores":
        return None
    help = "end the network with `softmax` or `sigmoid`, or write `from_logits: true` for the loss"
    return Unfit("is of probabilities, and the network gives none", help)
