"""The spec's expressions in Python, and the values that they have at each occurrence."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable
from typing import Any

from cnnspec.emit.source.statements import ABSENT, Column, Hint, Scope
from cnnspec.language.expressions import ExpressionError, compute
from cnnspec.language.scope import Failed

_FUNCTIONS = {"min", "max", "round", "int", "abs", "len", "sum", "range", "floor", "ceil"}
_CONSTANTS = {"true": True, "false": False, "null": None}
_AXES = {"channels": -1, "height": 0, "width": 1}
_OPPOSITE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.GtE, ast.GtE: ast.Lt, ast.Gt: ast.LtE, ast.LtE: ast.Gt,
    ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip


class Untranslatable(Exception):
    """An expression that Python would read otherwise, or with names that are not at hand."""


def named_values(scope: Scope, name: str) -> tuple[Scope, list[Any]] | None:
    """The innermost scope that has `name`, and its value at each occurrence of `scope`."""
    at = list(range(scope.size))
    inner: Scope | None = scope
    while inner is not None:
        if name in inner.named:
            return inner, [inner.named[name][k] for k in at]
        if inner.parent is not None:
            at = [inner.owner[k] for k in at]
        inner = inner.parent
    return None


def in_python(column: Column, scope: Scope, variable: Callable[[Scope, str], str]) -> str | None:
    """The column's hint as Python, where it gives the column's value at every occurrence; else None.

    `variable` gives the Python name of what a scope calls by a name.
    """
    hint = column.hint
    if hint is None or len(hint.text) > 200:
        return None
    for i, value in enumerate(column.values):
        if value is ABSENT:
            continue
        try:
            found = compute(hint.text, lambda name, i=i: _lookup(name, i, hint, scope))  # type: ignore[misc]
        except (ExpressionError, Failed, KeyError):
            return None
        found = (not found) if hint.negated else found
        if repr(found) != repr(value):
            return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(hint.text[1:], mode="eval").body
        tree = _Python(hint, scope, column.values).visit(tree)
        whole = [type(value) is int for value in column.values if value is not ABSENT]
        fraction = any(whole) and _fractional(tree, scope)
        if fraction and not all(whole):
            return None
        if hint.negated:
            tree = _not(tree)
        names = _Names(scope, variable)
        text = _quoted(ast.unparse(names.visit(tree)))
        return f"int({text})" if fraction else text
    except (Untranslatable, SyntaxError, RecursionError):
        return None


def _fractional(tree: ast.AST, scope: Scope) -> bool:
    """Whether Python may give a fraction, as 32.0, where the spec's language makes a whole number of it."""
    match tree:
        case ast.Constant(value):
            return isinstance(value, float)
        case ast.Name(name):
            found = named_values(scope, name)
            return found is not None and any(map(_has_float, found[1]))
        case ast.Compare() | ast.Call(ast.Name("int" | "round" | "len")) | ast.Call(ast.Attribute()):
            return False
        case ast.BinOp(op=ast.Div()):
            return True
    return any(_fractional(inner, scope) for inner in ast.iter_child_nodes(tree))


def _has_float(value: Any) -> bool:
    return any(map(_has_float, value)) if isinstance(value, tuple) else isinstance(value, float)


def _lookup(name: str, i: int, hint: Hint, scope: Scope) -> Any:
    entry, dot, axis = name.rpartition(".")
    found = None if dot else named_values(scope, name)
    if found is not None:
        return found[1][i]
    if axis in _AXES and entry in hint.sizes:
        shape = hint.sizes[entry][1][i]
        if shape is None or (axis != "channels" and len(shape) != 3) or shape[_AXES[axis]] is None:
            raise KeyError(name)
        return shape[_AXES[axis]]
    value = scope.constants.get(name, ABSENT)
    if value is ABSENT:
        raise KeyError(name)
    return value


class _Python(ast.NodeTransformer):
    """Sizes become `x.shape[-1]`, what is the same everywhere becomes a constant."""

    def __init__(self, hint: Hint, scope: Scope, values: tuple[Any, ...]) -> None:
        self.hint, self.scope = hint, scope
        self.at = [i for i, value in enumerate(values) if value is not ABSENT]

    def visit(self, node: ast.AST) -> Any:
        allowed = (
            ast.Name, ast.Constant, ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.Call, ast.Attribute,
            ast.Subscript, ast.Slice, ast.List, ast.Tuple, ast.operator, ast.unaryop, ast.boolop, ast.cmpop,
            ast.expr_context,
        )  # fmt: skip
        if not isinstance(node, allowed):
            raise Untranslatable
        return super().visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        if _fractional(node.slice, self.scope):
            raise Untranslatable
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if not isinstance(node.func, ast.Name) or node.func.id not in _FUNCTIONS or node.keywords:
            raise Untranslatable
        node.args = [self.visit(argument) for argument in node.args]
        if node.func.id == "range" and any(_fractional(argument, self.scope) for argument in node.args):
            raise Untranslatable
        if node.func.id in ("floor", "ceil"):
            node.func = ast.Attribute(ast.Name("math"), node.func.id)
        return node

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        match node:
            case ast.Compare(
                ast.IfExp(test, ast.Constant(first), ast.Constant(second)), [ast.Eq()], [ast.Constant(wanted)]
            ) if wanted in (first, second):
                test = self.visit(test)
                return test if wanted == first else _not(test)
        return self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if isinstance(node.value, bool | None):
            raise Untranslatable  # `True` and `None` are words of Python; in the spec they are names
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        return self._size(ast.unparse(node.value), node.attr)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        name = node.id
        found = named_values(self.scope, name)
        if found is None:
            if name in _AXES:
                return self._size("", name)
            value = _CONSTANTS.get(name, self.scope.constants.get(name, ABSENT))
            return _constant(value)
        values = [found[1][i] for i in self.at]
        return _constant(values[0]) if all(repr(value) == repr(values[0]) for value in values) else node

    def _size(self, entry: str, axis: str) -> ast.AST:
        if entry not in self.hint.sizes or axis not in _AXES:
            raise Untranslatable
        variable, shapes = self.hint.sizes[entry]
        at = -1 if axis == "channels" else 1 + _AXES[axis]
        if not variable.isidentifier() or any(shapes[i] is None for i in self.at):
            raise Untranslatable
        shape = ast.Attribute(ast.Name(f"\0{variable}"), "shape")
        return ast.Subscript(shape, ast.Constant(at))


class _Names(ast.NodeTransformer):
    """The names of the spec become those of Python's variables."""

    def __init__(self, scope: Scope, variable: Callable[[Scope, str], str]) -> None:
        self.scope, self.variable = scope, variable

    def visit_Call(self, node: ast.Call) -> ast.AST:
        node.args = [self.visit(argument) for argument in node.args]
        return node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if node.id.startswith("\0"):
            return ast.Name(node.id[1:])
        found = named_values(self.scope, node.id)
        return ast.Name(self.variable(found[0], node.id)) if found else node


def _constant(value: Any) -> ast.AST:
    if not isinstance(value, int | float | str | None):
        raise Untranslatable
    return ast.Constant(value)


def _not(tree: ast.expr) -> ast.expr:
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.Not):
        return tree.operand
    if isinstance(tree, ast.Compare) and len(tree.ops) == 1:
        return ast.Compare(tree.left, [_OPPOSITE[type(tree.ops[0])]()], tree.comparators)
    return ast.UnaryOp(ast.Not(), tree)


def _quoted(code: str) -> str:
    return code if '"' in code else code.replace("'", '"')
