"""Run a source on a stand-in for Keras that only writes down what is called, and compare with the graph's calls.

It builds nothing, so that networks of any size take no time; `equal` holds source and graph against Keras itself.
"""

from __future__ import annotations

import builtins
import inspect
import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import keras

from cnnspec.emit.keras import resolve
from cnnspec.emit.source.program import plain
from cnnspec.graph.graph import Graph
from cnnspec.graph.tensors import safe
from cnnspec.layers.base import INPUT, KerasCall


@dataclass
class Ledger:
    """What was called: each different call has a number, by what it is and what it takes."""

    numbers: dict[Any, int] = field(default_factory=dict)
    shapes: dict[int, Any] = field(default_factory=dict)
    complete: bool = False

    def number(self, *key: Any) -> int:
        """The number of a call. Once the graph's are all known, others are wrong."""
        if key not in self.numbers:
            assert not self.complete, f"the graph has no such call: {key}"
            self.numbers[key] = len(self.numbers)
        return self.numbers[key]


def assert_called(graph: Graph, source: str) -> None:
    """Check that `source` makes the calls of `graph`, on the same tensors, with the same layers shared."""
    ledger = Ledger()
    wanted = _expected(graph, ledger)
    ledger.complete = True
    fake = _Fake(ledger)
    space: dict[str, Any] = {"__name__": "source", "__builtins__": {**vars(builtins), "__import__": fake.load}}
    exec(compile(source, "<source>", "exec"), space)
    inputs, outputs, name = space["build_model"]()
    assert name == safe(graph.name)
    assert (inputs, outputs) == wanted[:2]
    assert fake.calls == wanted[2]
    assert fake.layers == wanted[3]
    assert len(fake.names) == len(set(fake.names))
    assert set(fake.names) <= {node.name for node in graph.nodes}


def _expected(graph: Graph, ledger: Ledger) -> tuple[Any, Any, Counter[int], Counter[int]]:
    tensors = {name: ledger.number("input", name, shape) for name, shape in graph.inputs.items()}
    ledger.shapes.update({number: (None, *graph.inputs[name]) for name, number in tensors.items()})
    inputs = _alone(dict(tensors))
    calls: Counter[int] = Counter()
    layers: Counter[int] = Counter()
    made: dict[str, list[tuple[KerasCall, int | None]]] = {}
    for node in graph.nodes:
        results: list[int] = []
        taken = tuple(tensors[name] for name in node.inputs)
        made[node.name] = []
        for call in node.layer.calls(*node.input_shapes):
            given = taken if not results else (results[-1],)
            if call.of is not None:
                given = tuple(one for at in call.of for one in (taken if at == INPUT else (results[at],)))
            what = _what(call.name, (), call.kwargs)
            layer = None
            if "." not in call.name:
                known = made.get(node.shares or "", ())
                layer = next((one for same, one in known if same == call and one is not None), None)
                if layer is None:
                    layer = ledger.number("layer", what, given)
                    layers[layer] += 1
            made[node.name].append((call, layer))
            results.append(ledger.number("call", what, layer, given))
            calls[results[-1]] += 1
        tensors[node.name] = results[-1]
        ledger.shapes[results[-1]] = (None, *node.shape)
    outputs = {name: tensors[node] for name, node in graph.outputs.items()}
    return inputs, outputs if graph.named else _alone(outputs), calls, layers


def _alone(tensors: dict[str, int]) -> Any:
    return next(iter(tensors.values())) if len(tensors) == 1 else tensors


def _what(name: str, args: Iterable[Any], kwargs: Any) -> Any:
    """A Keras object by its name and arguments, those left out that are Keras's defaults."""
    parameters = inspect.signature(resolve(name)).parameters
    given = {**dict(zip(parameters, args, strict=False)), **kwargs}
    kept = {key: _frozen(plain(key, value)) for key, value in given.items()}
    defaults = {key: _frozen(plain(key, one.default)) for key, one in parameters.items()}
    return name, tuple(sorted((key, value) for key, value in kept.items() if value != defaults.get(key, keras)))


def _frozen(value: Any) -> Any:
    if isinstance(value, KerasCall):
        return repr(_what(value.name, (), value.kwargs))
    return value if value is inspect.Parameter.empty else repr(tuple(value) if isinstance(value, list) else value)


class _Fake:
    """The stand-in."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.calls: Counter[int] = Counter()
        self.layers: Counter[int] = Counter()
        self.names: list[str] = []
        settings = ("initializers", "regularizers", "constraints")
        self.keras = SimpleNamespace(
            Input=self.input,
            Model=lambda inputs, outputs, name: (_numbers(inputs), _numbers(outputs), name),
            layers=_Room(lambda name: _Maker(self, name)),
            ops=_Room(lambda name: self.function(f"ops.{name}")),
            activations=_Room(lambda name: self.function(f"activations.{name}")),
            **{room: _Room(lambda name, room=room: _setting(f"{room}.{name}")) for room in settings},
        )

    def load(self, name: str, *rest: Any) -> Any:
        assert name in ("keras", "math")
        return self.keras if name == "keras" else math

    def input(self, shape: Any, name: str = "input") -> Any:
        number = self.ledger.number("input", name, tuple(shape))
        return _Tensor(number, self.ledger.shapes[number])

    def function(self, name: str) -> Any:
        def called(*args: Any, **kwargs: Any) -> Any:
            return self.record(_what(name, (), kwargs), None, args)

        return called

    def record(self, what: Any, layer: int | None, taken: Iterable[Any]) -> Any:
        number = self.ledger.number("call", what, layer, tuple(one.number for one in taken))
        self.calls[number] += 1
        return _Tensor(number, self.ledger.shapes.get(number))


class _Room:
    def __init__(self, make: Any) -> None:
        self.make = make

    def __getattr__(self, name: str) -> Any:
        return self.make(name)


@dataclass
class _Tensor:
    number: int
    shape: Any


def _numbers(tensors: Any) -> Any:
    return {name: one.number for name, one in tensors.items()} if isinstance(tensors, dict) else tensors.number


def _setting(name: str) -> Any:
    return lambda **kwargs: KerasCall(name, kwargs)


class _Maker:
    """A class of layers."""

    def __init__(self, fake: _Fake, name: str) -> None:
        self.fake, self.name = fake, name

    def __call__(self, *args: Any, name: str | None = None, **kwargs: Any) -> Any:
        if name is not None:
            self.fake.names.append(name)
        what = _what(self.name, args, kwargs)
        made: list[int] = []

        def layer(*taken: Any) -> Any:
            given = taken[0] if isinstance(taken[0], list) else taken
            if not made:
                made.append(self.fake.ledger.number("layer", what, tuple(one.number for one in given)))
                self.fake.layers[made[0]] += 1
            return self.fake.record(what, made[0], given)

        return layer
