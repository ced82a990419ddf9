"""Lints of weights that training starts from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import NamedTuple

from cnnspec.lints.network import Doubt, Network
from cnnspec.training.ranges import Pixels, Range, entering, met, show_span, source_range


class Family(NamedTuple):
    """Weights that Keras publishes: what their files are called, the pixels that they were trained on, how to get them
    of pixels from 0 to 255."""

    named: re.Pattern[str]
    pixels: Range
    write: str


_MEANS = "mean: [123.68, 116.779, 103.939], variance: [1, 1, 1]"
_SHARES = "mean: [123.675, 116.28, 103.53], variance: [3409.976225, 3262.6944, 3290.6896]"
FAMILIES = (
    Family(
        re.compile(r"(resnet\d+v2|inception|xception|nasnet|mobilenet(?!v3))"),
        (-1, 1),
        "`rescaling: {scale: $(1/127.5), offset: -1}`",
    ),
    Family(re.compile(r"(vgg1[69]|resnet(50|101|152))"), (-123.68, 151.06), f"`normalization: {{{_MEANS}}}`"),
    Family(re.compile(r"densenet"), (-2.12, 2.64), f"`normalization: {{{_SHARES}}}`"),
)
"""Those whose networks do not scale by themselves. The sources are `preprocess_input` of `keras.applications`."""
_PUBLISHED = re.compile(r"imagenet|tfdimordering|tfkernels|notop|224tf|^nasnet(mobile|large)")
"""What the names of files have in which Keras publishes weights; a file of one's own may be called `resnet50`."""


def weights_scale(network: Network) -> Iterator[Doubt]:
    """Pixels of another range than published weights were trained on, by the name of their file.

    Weights of ImageNet are worth little on other pixels, and nothing fails: training only starts from worse than it
    could. What is compared are the pixels that enter the first layer with weights.
    """
    weights = getattr(network.training, "weights", None)
    if weights is None or network.data is None or len(network.graph.inputs) != 1:
        return
    name = PurePosixPath(weights.path.replace("\\", "/")).name
    stem = re.sub(r"[^a-z0-9]", "", name.lower())
    family = next((each for each in FAMILIES if each.named.match(stem)), None)
    if family is None or not _PUBLISHED.search(stem):
        return
    pixels = _at_first_weights(network)
    if pixels is None or not pixels.known or _fits(pixels.bounds, family.pixels):
        return
    yield network.written(
        f"`{name}` is named like published weights, which were trained on pixels of {show_span(family.pixels)}, "
        f"and here they are {show_span(pixels.bounds)}",
        "training",
        "weights",
        help=f"for pixels of 0 to 255, write {family.write} in `preprocessing`",
    )


def _at_first_weights(network: Network) -> Pixels | None:
    (name,) = network.graph.inputs
    assert network.data is not None
    entered = entering(network.data, network.graph, name, source_range(network.data))
    return next((before for node, before in met(network.graph, name, entered) if node.weights), None)


def _fits(found: Range, wanted: Range) -> bool:
    width, middle = found[1] - found[0], (found[0] + found[1]) / 2
    least = wanted[1] - wanted[0]
    return 0.6 * least <= width <= 1.7 * least and abs(middle - (wanted[0] + wanted[1]) / 2) <= least / 6
