"""The whole module: its header, a function for each block, and `build_model`."""

from __future__ import annotations

from cnnspec.emit.source.fold import Folder
from cnnspec.emit.source.functions import form
from cnnspec.emit.source.layout import Doc, Group, call, lines, literal
from cnnspec.emit.source.names import APPLY, RUNNING, fresh, identifier
from cnnspec.emit.source.program import Program, Unfoldable
from cnnspec.emit.source.statements import ABSENT, Function, Invoke, Op, Scope
from cnnspec.emit.source.tidy import tidy
from cnnspec.emit.source.values import parameters
from cnnspec.emit.source.write import Writer
from cnnspec.graph.costs import totals
from cnnspec.graph.graph import Graph
from cnnspec.graph.tensors import safe
from cnnspec.layers.base import show


def code(graph: Graph) -> str:
    """Keras source whose `build_model()` builds the model of `graph`: the same layers, connections and weights."""
    try:
        return _module(Program(graph))
    except Unfoldable:
        return _module(Program(graph, fold=False))


def _module(program: Program) -> str:
    functions = form(program)
    blocks = [_definition(function) for function in functions]
    main = _main(program)
    if program.chains:
        blocks.insert(0, _APPLY)
    written = [*(line for block in blocks for line in block), *main]
    needs_math = any("math." in line for line in written)
    text = [_header(program.graph), "", *(["import math", ""] if needs_math else [])]
    text += ["import keras", "from keras import layers", ""]
    for block in blocks:
        text += ["", *block, ""]
    text += ["", *main, "", "", 'if __name__ == "__main__":', "    build_model().summary()"]
    return "\n".join(text) + "\n"


_APPLY = [f"def {APPLY}(chain, x):", "    for layer in chain:", "        x = layer(x)", "    return x"]


def _header(graph: Graph) -> str:
    count = totals(graph).parameters
    name = graph.name if graph.name.isprintable() and not set(graph.name) & set('"\\') else safe(graph.name)
    shapes = ", ".join(show(shape) for shape in graph.inputs.values())
    results = ", ".join(show(shape) for shape in graph.output_shapes.values())
    return f'"""{name}: {shapes} → {results}, {count:,} parameters."""'


def _definition(function: Function) -> list[str]:
    """A block's function."""
    body = Writer().function(function)
    takes: list[Doc] = [(name,) for name in function.takes]
    for variable, default in parameters(function):
        takes.append((variable.name,) if default is ABSENT else (f"{variable.name}=", *literal(default)))
    return [*lines((f"def {function.name}", Group("(", tuple(takes), ")")), 0, ":"), *body]


def _main(program: Program) -> list[str]:
    """`build_model`."""
    graph = program.graph
    taken = set(program.called)
    inputs = {}
    for name in graph.inputs:
        inputs[name] = fresh("inputs" if len(graph.inputs) == 1 else identifier(name), taken.__contains__)
        taken.add(inputs[name])
    scope = Scope(1, {})
    scope.names |= program.called
    folder = Folder(program, scope, {variable: {0: name} for name, variable in inputs.items()}, top=True)
    folder.reserved |= {*inputs.values()}  # `keras.Model` takes them at the end
    folder.known.update({name: {0: name} for name in graph.inputs})
    folder.want([graph.parts])
    folder.keep(graph.outputs.values())
    folder.expand({0: graph.parts}, {0: next(iter(graph.inputs))}, RUNNING)
    body = []
    for name, shape in graph.inputs.items():
        keywords = {} if name == "input" and len(graph.inputs) == 1 else {"name": literal(name)}
        body += lines((f"{inputs[name]} = ", *call("keras.Input", (literal(shape),), keywords)), 4)
    outputs = {name: folder.find({0: node}, RUNNING) for name, node in graph.outputs.items()}
    statements = tidy(folder.out, outputs.values())
    result = next(iter(outputs.values()))
    last = statements[-1] if statements else None
    if not graph.named and result == RUNNING and "outputs" not in folder.used:
        if isinstance(last, Op) and last.target == RUNNING:
            last.target = result = "outputs"
        elif isinstance(last, Invoke) and last.targets == (RUNNING,):
            last.targets, result = ("outputs",), "outputs"
    scope.names |= {*folder.used, "outputs"}
    body += Writer().body(statements, scope, 4)
    given: Doc = _mapping(outputs) if graph.named else (result,)
    taken_ = (next(iter(inputs.values())),) if len(inputs) == 1 else _mapping(inputs)
    model = call("keras.Model", (taken_, given), {"name": literal(safe(graph.name))})
    return ["def build_model():", *body, *lines(("return ", *model), 4)]


def _mapping(variables: dict[str, str]) -> Doc:
    return (Group("{", tuple((*literal(name), f": {variable}") for name, variable in variables.items()), "}"),)
