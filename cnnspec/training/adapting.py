"""`normalization: adapt`: mean and variance of each channel, taken from the training images once a run.

The numbers take the place of the word in the plan and in the spec that the run keeps, so that everything after the run
reads them. NumPy and Keras are imported on the way, not with this module.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cnnspec.data.adapting import is_adapting
from cnnspec.data.section import Data
from cnnspec.language.diagnostics import Diagnostics
from cnnspec.language.entries import Invalid
from cnnspec.language.nodes import plain
from cnnspec.language.reader import read
from cnnspec.language.write import write
from cnnspec.layers.base import Layer
from cnnspec.layers.preprocessing import Normalization
from cnnspec.training.folder_files import Folder
from cnnspec.training.kept_facts import LARGEST
from cnnspec.training.plan import Plan
from cnnspec.training.run_folder import SPEC

if TYPE_CHECKING:
    from cnnspec.data.columns import Column
    from cnnspec.data.splits import Split

_IMAGES = 256
"""How many images are looked at together."""


def adapts(plan: Plan) -> bool:
    """Whether the preprocessing of an input waits for numbers from the training images."""
    return any(is_adapting(layer) for name in plan.graph.inputs for layer in _layers(plan, name))


def adapted(plan: Plan, train: Split) -> tuple[Plan, tuple[str, ...]]:
    """The plan with the numbers of these training images, where it wants some, and a word on them."""
    if not adapts(plan):
        return plan, ()
    from cnnspec.data.splits import meant_for

    chains, notes = {}, []
    for name in plan.graph.inputs:
        chain: list[Layer] = []
        for layer in _layers(plan, name):
            if is_adapting(layer):
                images = meant_for(train.x, name)
                mean, variance = moments(images, chain)
                layer = Normalization(mean=mean, variance=variance)
                told = "; ".join(f"{what} {', '.join(f'{each:.4g}' for each in values)}" for what, values in
                                 (("mean", mean), ("variance", variance)))  # fmt: skip
                notes.append(f"`normalization: adapt` found {told} in {len(images):,} training images")
            chain.append(layer)
        chains[name] = tuple(chain)
    return _with(plan, chains), tuple(dict.fromkeys(notes))


def adapted_before(plan: Plan, folder: Folder) -> Plan:
    """The plan with the numbers that the run in `folder` found, where it found some."""
    if not adapts(plan):
        return plan
    try:
        node = read(folder.file(SPEC).read(LARGEST).decode("utf-8"), SPEC, Diagnostics())
        then = plain(node)["data"]["preprocessing"] if node is not None else ()
        chains = {}
        for name in plan.graph.inputs:
            listed = then.get(name, ()) if isinstance(then, Mapping) else then
            layers = _layers(plan, name)
            chains[name] = tuple(
                _of(listed[index]["normalization"]) if is_adapting(layer) else layer
                for index, layer in enumerate(layers)
            )
    except (OSError, UnicodeDecodeError, KeyError, IndexError, TypeError, Invalid):
        return plan  # whoever compares the two specs next says so
    return _with(plan, chains)


def moments(images: Column, before: Sequence[Layer]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and variance of each channel of images behind layers: exact, over all of them."""
    import numpy as np

    from cnnspec.data.columns import blocks
    from cnnspec.data.preprocess import transform

    count = 0
    shift = total = squares = np.zeros(1)
    for part in blocks(len(images), _IMAGES):
        batch = transform(before, images[part]).astype(np.float64)
        values = batch.reshape(-1, batch.shape[-1])
        if not count:
            shift = values.mean(axis=0)  # near the mean, so that no digits are lost in the difference
        count += len(values)
        total, squares = total + (values - shift).sum(axis=0), squares + ((values - shift) ** 2).sum(axis=0)
    off = total / count
    return tuple(map(float, shift + off)), tuple(float(max(each, 0)) for each in squares / count - off**2)


def _layers(plan: Plan, name: str) -> list[Layer]:
    return [layer for layer, _ in plan.data.stages("preprocessing", name, plan.graph.inputs)]


def _of(arguments: Mapping[str, Any]) -> Layer:
    return Normalization.read({name: tuple(value) for name, value in arguments.items()})


def _with(plan: Plan, chains: Mapping[str, tuple[Layer, ...]]) -> Plan:
    """The plan with these layers in its preprocessing, as if its spec had said so."""
    several = len(plan.graph.inputs) > 1
    data: Data = plan.data.model_copy(
        update={"preprocessing": dict(chains) if several else next(iter(chains.values()))}
    )
    node = read(plan.spec_text, SPEC, Diagnostics())
    assert node is not None
    values = plain(node, spelled=True)
    written = values["data"]["preprocessing"]

    def spelled(name: str) -> list[Any]:
        listed = written.get(name, ()) if isinstance(written, Mapping) else written
        return [
            {"normalization": {"mean": list(layer.mean or ()), "variance": list(layer.variance or ())}}
            if item == {"normalization": "adapt"} and isinstance(layer, Normalization)
            else item
            for item, layer in zip(listed, chains[name], strict=False)
        ]

    named = {name: spelled(name) for name in chains if chains[name]}
    stages = named if several else next(iter(named.values()))
    return replace(plan, data=data, spec_text=write({**values, "data": {**values["data"], "preprocessing": stages}}))
