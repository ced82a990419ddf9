"""Statements → the text of a Python module."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cnnspec.emit.source.layout import WIDTH, Doc, Group, call, lines, literal
from cnnspec.emit.source.statements import (
    ABSENT,
    Chain,
    Column,
    Copy,
    For,
    Function,
    If,
    Invoke,
    Op,
    Scope,
    Statement,
    Variable,
)
from cnnspec.emit.source.values import distinct, parameters, tested, written

_POSITIONAL = {
    "filters": ("filters", "kernel_size"), "units": ("units",), "rate": ("rate",), "pool_size": ("pool_size",),
    "kernel_size": ("kernel_size",), "target_shape": ("target_shape",), "dims": ("dims",),
    "activation": ("activation",), "scale": ("scale",),
}  # fmt: skip
"""The arguments that are written without their names, by the first of them."""
_FIRST = {
    "ZeroPadding": "padding", "Cropping": "cropping", "UpSampling": "size", "Dense": "units",
    "Activation": "activation", "Rescaling": "scale", "Reshape": "target_shape", "Permute": "dims",
    "DepthwiseConv": "kernel_size",
    "Conv": "filters", "SeparableConv": "filters", "MaxPooling": "pool_size", "AveragePooling": "pool_size",
    "Dropout": "rate", "SpatialDropout": "rate", "RepeatVector": "n",
}  # fmt: skip
"""The first argument of Keras's layers, where hands write it without its name."""


class Writer:
    """Writes one function; its parameters are known when its body is written."""

    def function(self, function: Function) -> list[str]:
        """The lines of a function's body; what a last assignment gives is returned as it stands."""
        *before, last = function.body or [Copy("", "")]
        text = self.body(before, function.scope, 4)
        if isinstance(last, Op) and (last.target,) == function.returned:
            text += lines(("return ", *self.value(last, function.scope)), 4)
        elif isinstance(last, Invoke) and last.targets == function.returned:
            text += lines(("return ", *self.invocation(last, function.scope)), 4)
        else:
            text += self.statement(last, function.scope, 4) if function.body else []
            text.append(f"    return {', '.join(function.returned)}")
        computed = [one for one in function.scope.variables if one.computed is not None]
        return [*(f"    {one.name} = {one.computed}" for one in computed), *text]

    def body(self, statements: list[Statement], scope: Scope, indent: int) -> list[str]:
        """The lines of a list of statements."""
        return [line for statement in statements for line in self.statement(statement, scope, indent)]

    def statement(self, statement: Statement, scope: Scope, indent: int) -> list[str]:
        """The lines of one statement."""
        pad = " " * indent
        match statement:
            case Op():
                return lines((f"{statement.target} = ", *self.value(statement, scope)), indent)
            case Invoke():
                return lines((f"{', '.join(statement.targets)} = ", *self.invocation(statement, scope)), indent)
            case Chain():
                made = tuple(self.value(op, scope) for op in statement.made)
                return lines((f"{statement.target} = ", Group("[", made, "]")), indent)
            case Copy():
                return [f"{pad}{statement.target} = {statement.source}"]
            case If():
                test = lines(("if ", *tested(statement.test, scope)), indent, ":")
                text = [*test, *self.body(statement.body, scope, indent + 4)]
                if statement.otherwise:
                    text += [f"{pad}else:", *self.body(statement.otherwise, scope, indent + 4)]
                return text
            case For():
                return self.loop(statement, scope, indent)

    def value(self, op: Op, scope: Scope) -> Doc:
        """A Keras call."""
        keywords = {}
        for argument, column in op.kwargs.items():
            keywords[argument] = written(column, scope)
        taken: tuple[Doc, ...] = tuple((name,) for name in op.inputs)
        if op.style == "list":
            taken = ((Group("[", taken, "]"),),)
        if op.made is not None:
            return (op.made, Group("(", taken, ")"))
        if op.style == "function":
            return call(op.callee, taken, keywords)
        if op.name is not None:
            keywords["name"] = literal(op.name)
        positional = [keywords.pop(name) for name in _positional(op.callee, op.kwargs)]
        if "padding" in keywords:
            strides = {"strides": keywords.pop("strides")} if "strides" in keywords else {}
            keywords = {**strides, "padding": keywords.pop("padding"), **keywords}
        made = call(op.callee, tuple(positional), keywords)
        return made if op.style == "make" else (*made, Group("(", taken, ")"))

    def invocation(self, invoke: Invoke, scope: Scope) -> Doc:
        """A call of a block's function."""
        docs: list[tuple[Variable, bool, Doc]] = []
        given = parameters(invoke.function)
        for variable, default in given:
            values = tuple(ABSENT if at is None else variable.values[at] for at in invoke.at)
            found = distinct(values)
            if default is not ABSENT and (not found or (len(found) == 1 and repr(found[0]) == repr(default))):
                continue
            hint = invoke.hints.get(variable.spec or "")
            docs.append((variable, default is ABSENT, written(Column(values, variable.name, hint), scope)))
        required = [(variable, doc) for variable, needed, doc in docs if needed]
        plain = len(required) <= 2 or all(doc == (variable.name,) for variable, doc in required)
        positional: list[Doc] = [(name,) for name in invoke.inputs]
        positional += [doc for _, doc in (required if plain else required[:1])]
        keywords = {variable.name: doc for variable, needed, doc in docs if not needed}
        if not plain:
            keywords = {**{variable.name: doc for variable, doc in required[1:]}, **keywords}
        return call(invoke.function.name, tuple(positional), keywords)

    def loop(self, loop: For, scope: Scope, indent: int) -> list[str]:
        """A loop over what varies in its body."""
        body = self.body(loop.body, loop.scope, indent + 4)
        named = list(loop.scope.named)
        variables = sorted(
            loop.scope.variables, key=lambda one: named.index(one.spec) if one.spec in named else len(named)
        )
        rounds: list[list[int]] = [[] for _ in range(scope.size)]
        for k, i in enumerate(loop.scope.owner):
            rounds[i].append(k)
        counted = len(variables) == 1 and all(
            [variables[0].values[k] for k in listed] == list(range(len(listed))) for listed in rounds
        )
        if not variables or counted:
            over: Doc = call("range", (written(loop.counts, scope),), {})
        else:
            over = self._listed(loop, [variable.values for variable in variables], rounds, scope)
        target = ", ".join(variable.name for variable in variables) or "_"
        if indent + len(target) + 12 > WIDTH:
            head = [f"{' ' * indent}for (", *(f"{' ' * indent}    {one.name}," for one in variables)]
            return [*head, *lines((") in ", *over), indent, ":"), *body]
        return [*lines((f"for {target} in ", *over), indent, ":"), *body]

    def _listed(self, loop: For, columns: list[list[Any]], rounds: list[list[int]], scope: Scope) -> Doc:
        """What a loop goes over: a list of values, or of tuples."""
        values = [
            ABSENT if column is ABSENT else [_row(columns, k) for k in listed]
            for listed, column in zip(rounds, loop.counts.values, strict=True)
        ]
        if len(distinct(values)) < 2:
            return literal(distinct(values)[0])
        tuples = tuple(value if value is ABSENT else tuple(value) for value in values)
        names = [variable.name for variable in loop.scope.variables]
        return written(Column(tuples, f"{names[0]}s" if len(names) == 1 else "rows", loop.over), scope)


def _row(columns: list[list[Any]], k: int) -> Any:
    row = tuple(None if column[k] is ABSENT else column[k] for column in columns)
    return row if len(row) > 1 else row[0]


def _positional(callee: str, kwargs: Mapping[str, Any]) -> list[str]:
    """The arguments written without names."""
    kind = callee.rpartition(".")[2].rstrip("D").rstrip("123").removesuffix("Transpose").rstrip("D").rstrip("123")
    first = _FIRST.get(kind)
    found: list[str] = []
    for name in _POSITIONAL.get(first or "", (first,) if first else ()):
        if name not in kwargs:
            break
        found.append(name)
    return found
