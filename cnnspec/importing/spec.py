"""The way back: a Keras model as a spec."""

from __future__ import annotations

from dataclasses import replace

from cnnspec.importing.blocks import shortest
from cnnspec.importing.network import Network
from cnnspec.importing.operations import translate
from cnnspec.importing.patterns import gather
from cnnspec.importing.series import entries
from cnnspec.importing.towers import collapse
from cnnspec.importing.write import spec


def prepared(network: Network) -> Network:
    """The network with a layer of the language for everything that has one; its gaps are what has none."""
    network = collapse(network)
    ops = {name: op if op.body is None else replace(op, body=prepared(op.body)) for name, op in network.ops.items()}
    return gather(translate(gather(replace(network, ops=ops))))


def as_spec(network: Network, origin: str) -> str:
    """The text of a spec that makes the same network, once it is `prepared`."""
    towers = {name: (next(iter(body.inputs)), entries(body)) for name, body in network.bodies.items()}
    found = shortest(entries(network), set(network.outputs.values()), towers)
    blocks = {name: (found.inputs[name], found.parameters[name], found.blocks[name]) for name in found.blocks}
    header = (f"Imported from {origin}.", *network.remarks)
    outputs = network.outputs if network.named else {}
    return spec(network.name, network.inputs, outputs, blocks, found.layers, header)
