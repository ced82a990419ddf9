"""What keras.applications consist of, recorded: `python -m tests.zoo.record` builds them all and writes `recorded.json`.

Of each constructor: its parameters, how many weights it has, and a digest of their shapes in Keras's order and of
whether they are trained. The suite compares every spec with that, and computes outputs of one of each family only;
`benchmarks/zoo.py` computes those of all.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any

from cnnspec.graph.graph import Graph
from cnnspec.training.weights_order import Call, in_order

from .applications import APPLICATIONS, VARIANTS, Application

RECORDED = Path(__file__).with_name("recorded.json")


def facts(weights: Iterable[tuple[tuple[int, ...], bool]], parameters: int) -> dict[str, Any]:
    """What is recorded of weights, each its shape and whether it is trained."""
    listed = [([*shape], trained) for shape, trained in weights]
    return {
        "parameters": parameters,
        "weights": len(listed),
        "digest": sha256(json.dumps(listed).encode()).hexdigest()[:16],
    }


def facts_of(graph: Graph) -> dict[str, Any]:
    """The same of a spec's graph, by the rules alone, in the order in which Keras would list its weights."""
    calls: dict[str, Call] = {name: Call(("input", name)) for name in graph.inputs}
    for node in graph.nodes:
        calls[node.name] = Call(node.shares or node.name, tuple(calls[name] for name in node.inputs))
    names = [name for name in in_order([calls[name] for name in graph.outputs.values()]) if isinstance(name, str)]
    weights = [(weight.shape, weight.trainable) for name in names for weight in graph[name].weights]
    return facts(weights, sum(node.parameters for node in graph.nodes))


def facts_of_keras(application: Application) -> dict[str, Any]:
    """The same of the constructor in keras.applications."""
    import keras

    from tests.light import light

    keras.utils.clear_session()
    side = application.smallest
    with light():
        model = getattr(keras.applications, application.constructor)(
            weights=None, input_shape=(side, side, 3), **application.arguments
        )
    return facts(((tuple(weight.shape), weight.trainable) for weight in model.weights), model.count_params())


if __name__ == "__main__":
    found = {application.label: facts_of_keras(application) for application in (*APPLICATIONS, *VARIANTS)}
    RECORDED.write_text(json.dumps(found, indent=1) + "\n")
