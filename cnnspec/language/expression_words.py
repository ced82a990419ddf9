"""The operators, functions and names of expressions."""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from cnnspec.language.expression_habits import short

BINARY: dict[type[ast.operator], tuple[str, Callable[[Any, Any], Any]]] = {
    ast.Add: ("+", operator.add), ast.Sub: ("-", operator.sub), ast.Mult: ("*", operator.mul),
    ast.Div: ("/", operator.truediv), ast.FloorDiv: ("//", operator.floordiv), ast.Mod: ("%", operator.mod),
    ast.Pow: ("**", operator.pow),
}  # fmt: skip
COMPARE: dict[type[ast.cmpop], tuple[str, Callable[[Any, Any], bool]]] = {
    ast.Eq: ("==", operator.eq), ast.NotEq: ("!=", operator.ne), ast.Lt: ("<", operator.lt),
    ast.LtE: ("<=", operator.le), ast.Gt: (">", operator.gt), ast.GtE: (">=", operator.ge),
    ast.In: ("in", lambda a, b: a in b), ast.NotIn: ("not in", lambda a, b: a not in b),
}  # fmt: skip
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "min": min, "max": max, "round": round, "floor": math.floor, "ceil": math.ceil, "int": int, "abs": abs, "len": len,
    "sum": sum, "range": lambda *bounds: range(*bounds),
}  # fmt: skip
CONSTANTS = {"true": True, "false": False, "null": None}
WORDS = frozenset(("and", "or", "not", "if", "else", "for", "in", *FUNCTIONS, *CONSTANTS))
"""What is no name in an expression."""


def names_in(text: str) -> Iterator[str]:
    """The names that an expression asks for, each once."""
    words = re.findall(r"[A-Za-z_][\w.]*", re.sub(r"'[^']*'|\"[^\"]*\"", "", text))
    yield from (word for word in dict.fromkeys(words) if word not in WORDS)


def dotted(node: ast.expr) -> str | None:
    """`down1.skip.channels` as one name, or None."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=inner, attr=name):
            path = dotted(inner)
            return f"{path}.{name}" if path else None
    return None


@lru_cache(maxsize=1024)
def spelt(node: ast.expr) -> str:
    """A part of a tree as text; it is told in every round of a repetition."""
    return short(ast.unparse(node))
