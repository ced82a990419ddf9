"""Expressions: `$name` and `$(4 * filters)`, computed over a tree of a few allowed forms, never by `eval`.

Numbers, texts, lists, indexing and slices, `+ - * / // % **`, comparisons, `in`, `and or not`, `a if c else b`,
`[… for n in list]`, `name.channels`, and the functions `min max round floor ceil int abs len sum range`. Every size
is bounded, and so are the steps. `/` gives a fraction; an integral result is a whole number.
"""

from __future__ import annotations

import ast
import math
import re
import warnings
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from cnnspec.language import limits
from cnnspec.language.budget import Spent, budget
from cnnspec.language.entries import shown
from cnnspec.language.expression_habits import habit, reads, short, way_to_write
from cnnspec.language.expression_words import BINARY, COMPARE, CONSTANTS, FUNCTIONS, dotted, spelt

Lookup = Callable[[str], Any]

_NAME = re.compile(r"\$([A-Za-z_]\w*)")
_LARGEST = 1 << 63
_DEEPEST = 100
"""How many levels of brackets, operators and calls."""


class ExpressionError(Exception):
    """An expression that cannot be computed: a code, a message, and which characters of it are to blame."""

    def __init__(
        self, code: str, message: str, start: int = 0, length: int = 0, help: str | None = None, mend: str | None = None
    ) -> None:
        super().__init__(message)
        self.code, self.message, self.start, self.length, self.help = code, message, start, length, help
        self.mend = mend
        """The expression as it was surely meant, or what `start` and `length` mark, where they do."""
        self.blamed: str | None = None
        """The name whose value is to blame."""
        self.silent = False
        """Whether it follows from what was told: one budget is used up once."""


def is_expression(value: object) -> bool:
    """Whether a scalar's value is to be computed."""
    return isinstance(value, str) and value.startswith("$")


def compute(text: str, lookup: Lookup) -> Any:
    """The value of an expression; `lookup` gives the value of a name, settled. Raises `ExpressionError`."""
    name = _NAME.fullmatch(text)
    if name:
        try:
            return lookup(name[1])
        except RecursionError:
            raise ExpressionError("expression-limit", "this is computed from too many other parameters") from None
    if budget().told:
        refused = ExpressionError("expression-limit", "the budget of all expressions is used up")
        refused.silent = True
        raise refused
    parsed = _read(text)
    if isinstance(parsed, ExpressionError):
        raise ExpressionError(parsed.code, parsed.message, parsed.start, parsed.length, parsed.help, parsed.mend)
    tree, shift = parsed
    computer = _Computer(lookup, shift)
    try:
        return settled(computer.value(tree))
    except Spent as spent:
        found = ExpressionError("expression-limit", str(spent), help="compute less, or write the values out")
        found.silent, computer.budget.told = computer.budget.told, True
        raise found from None


@lru_cache(maxsize=1024)
def _read(text: str) -> tuple[ast.expr, int] | ExpressionError:
    """The tree of an expression, or why it does not read."""
    try:
        return _parsed(text)
    except ExpressionError as error:
        return error.with_traceback(None)


def _parsed(text: str) -> tuple[ast.expr, int]:
    if len(text) > limits.EXPRESSION_CHARACTERS:
        message = f"an expression of {len(text):,} characters; at most {limits.EXPRESSION_CHARACTERS:,} are allowed"
        raise ExpressionError("expression-limit", message)
    if not text.startswith("$("):
        written = way_to_write(text)
        raise ExpressionError(
            "expression-syntax",
            f"`{short(text)}` is neither `$name` nor `$(expression)`",
            help=f"write `{written}`" if written else "write `$(…)` around the whole expression",
            mend=written,
        )
    if not text.strip("$() "):
        raise ExpressionError("expression-syntax", "an empty expression", help="write a value, or what to compute")
    if found := habit(text):
        raise ExpressionError(*found)
    if text.count("(") == text.count(")") + 1 and reads(f"{text})"):
        raise ExpressionError(
            "expression-syntax", "this expression is not closed", help=f"write `{short(text)})`", mend=f"{text})"
        )
    if not text.endswith(")") or text.count("(") != text.count(")"):
        raise ExpressionError(
            "expression-syntax",
            "the parentheses of this expression do not match",
            help='in a `{…}` or `[…]` an expression with a comma or brackets needs quotes: "$(…)"',
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text[1:], mode="eval").body
    except SyntaxError as error:
        start = min(max((error.offset or 1), 1), len(text) - 1)
        help = "inside `$(…)` names stand without `$`" if "$" in text[1:] else None
        raise ExpressionError("expression-syntax", "this expression does not read", start, 1, help) from None
    except (RecursionError, MemoryError, ValueError):
        raise ExpressionError("expression-limit", "this expression is nested too deeply") from None
    if _too_deep(tree):
        raise ExpressionError("expression-limit", "this expression is nested too deeply")
    return tree, 1


def _too_deep(tree: ast.AST) -> bool:
    level = [tree]
    for _ in range(_DEEPEST):
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        if not level:
            return False
    return True


def settled(value: Any, room: list[int] | None = None) -> Any:
    """A value as an expression gives it: an integral fraction is a whole number. `room` is how many values there may
    still be. Raises `ExpressionError` where there are more."""
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < _LARGEST else value
    if not isinstance(value, list | tuple | dict):
        return value
    room = room or [limits.EXPRESSION_ITEMS]
    room[0] -= len(value)
    if room[0] < 1:
        message = f"this value holds more than {limits.EXPRESSION_ITEMS:,} values, those of its lists included"
        raise ExpressionError("expression-limit", message)
    if isinstance(value, dict):
        return {key: settled(item, room) for key, item in value.items()}
    return tuple(settled(item, room) for item in value)


class _Computer:
    """Computes one tree; `shift` turns a column of the tree into an offset in the expression's text."""

    def __init__(self, lookup: Lookup, shift: int) -> None:
        self.lookup = lookup
        self.shift = shift
        self.local: dict[str, Any] = {}
        self.steps = 0
        self.budget = budget()

    def value(self, node: ast.expr) -> Any:
        self.steps += 1
        self.budget.step()
        if self.steps > limits.EXPRESSION_STEPS:
            raise ExpressionError(
                "expression-limit", f"this expression takes more than {limits.EXPRESSION_STEPS:,} steps"
            )
        try:
            return self._bounded(self._value(node), node)
        except ExpressionError:
            raise
        except ZeroDivisionError:
            raise self._error(node, "expression-value", "division by zero") from None
        except OverflowError:
            raise self._error(node, "expression-limit", "this number is too large") from None
        except RecursionError:
            raise ExpressionError("expression-limit", "this expression is nested too deeply") from None
        except (TypeError, ValueError, IndexError) as error:
            reason = (
                "the index is outside of the list"
                if isinstance(error, IndexError)
                else "these values do not go together"
            )
            raise self._error(node, "expression-value", reason) from None

    def _error(self, node: ast.expr, code: str, message: str, help: str | None = None) -> ExpressionError:
        length = (node.end_col_offset or node.col_offset + 1) - node.col_offset if node.end_lineno == node.lineno else 0
        return ExpressionError(code, message, node.col_offset + self.shift, length, help)

    def _bounded(self, value: Any, node: ast.expr) -> Any:
        if isinstance(value, complex) or (isinstance(value, float) and not math.isfinite(value)):
            raise self._error(node, "expression-value", "the result is not a finite number")
        if isinstance(value, int) and abs(value) >= _LARGEST:
            raise self._error(node, "expression-limit", "this number is too large")
        if isinstance(value, str | list | tuple | range) and len(value) > limits.EXPRESSION_ITEMS:
            raise self._error(node, "expression-limit", "this value is too long")
        sliced = isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice)
        if sliced or isinstance(node, ast.List | ast.ListComp | ast.BinOp | ast.Call):
            self._weigh(value, node)
        return tuple(value) if isinstance(value, range) else value

    def _weigh(self, value: Any, node: ast.expr) -> None:
        """Take what a value holds, its lists included, from the budget. Lists in lists would grow without end else."""
        if isinstance(value, str | range):
            self.budget.take(len(value))
        if not isinstance(value, tuple):
            return
        weight, lists = 0, [value]
        while lists:
            items = lists.pop()
            weight += len(items) + sum(len(item) // limits.TEXT_WEIGHT for item in items if isinstance(item, str))
            if weight > limits.EXPRESSION_ITEMS:
                message = f"this value holds more than {limits.EXPRESSION_ITEMS:,} values, those of its lists included"
                raise self._error(node, "expression-limit", message)
            lists += [item for item in items if isinstance(item, tuple)]
        self.budget.take(weight)

    def _value(self, node: ast.expr) -> Any:
        match node:
            case ast.Constant(value=int() | float() | str() as value):
                return value
            case ast.Constant(value=None):
                return None
            case ast.Name(id=name):
                return self._name(node, name)
            case ast.List(elts=items):
                return tuple(self.value(item) for item in items)
            case ast.BinOp(left=left, op=kind, right=right) if type(kind) in BINARY:
                return self._binary(node, type(kind), self.value(left), self.value(right))
            case ast.UnaryOp(op=ast.USub(), operand=inner):
                return -self._number(inner)
            case ast.UnaryOp(op=ast.UAdd(), operand=inner):
                return self._number(inner)
            case ast.UnaryOp(op=ast.Not(), operand=inner):
                return not self.value(inner)
            case ast.BoolOp(op=ast.And(), values=values):
                return self._first(values, lambda value: not value)
            case ast.BoolOp(op=ast.Or(), values=values):
                return self._first(values, bool)
            case ast.Compare(left=left, ops=kinds, comparators=others):
                return self._compare(node, left, kinds, others)
            case ast.IfExp(test=test, body=body, orelse=other):
                return self.value(body if self.value(test) else other)
            case ast.Subscript(value=inner, slice=ast.Slice() as part):
                return self._slice(node, self.value(inner), part)
            case ast.Subscript(value=inner, slice=index):
                return self._index(node, self.value(inner), self.value(index))
            case ast.Attribute() if path := dotted(node):
                return self._name(node, path)
            case ast.ListComp(elt=element, generators=[ast.comprehension(target=ast.Name(id=name)) as source]):
                return self._each(node, element, name, source)
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                return self._call(node, name, arguments)
        raise self._error(
            node,
            "expression-syntax",
            f"an expression cannot hold `{spelt(node)}`",
            "it holds numbers, texts, lists, names, operators, `a if c else b` and a few functions",
        )

    def _name(self, node: ast.expr, name: str) -> Any:
        if name in self.local:
            return self.local[name]
        if name in CONSTANTS:
            return CONSTANTS[name]
        try:
            return self.lookup(name)
        except ExpressionError as error:
            found = self._error(node, error.code, error.message, error.help)
            found.mend = error.mend
            raise found from None

    def _first(self, values: Iterable[ast.expr], stop: Callable[[Any], bool]) -> Any:
        result = None
        for value in values:
            result = self.value(value)
            if stop(result):
                break
        return result

    def _number(self, node: ast.expr) -> Any:
        value = self.value(node)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._error(node, "expression-value", f"a number is wanted here, not {shown(value)}")
        return value

    def _binary(self, node: ast.expr, kind: type[ast.operator], left: Any, right: Any) -> Any:
        sign, function = BINARY[kind]
        strange = [not isinstance(side, int | float) or isinstance(side, bool) for side in (left, right)]
        joins = kind is ast.Add and type(left) is type(right) and isinstance(left, str | tuple)
        if any(strange) and not joins:
            error = self._error(node, "expression-value", f"`{sign}` cannot join {shown(left)} and {shown(right)}")
            assert isinstance(node, ast.BinOp)
            side = node.left if strange[0] else node.right
            error.blamed = side.id if isinstance(side, ast.Name) and sum(strange) == 1 else None
            raise error
        if kind is ast.Pow and (abs(right) > 1024 or (isinstance(left, int) and left.bit_length() * abs(right) > 4096)):
            raise self._error(node, "expression-limit", "this power is too large")
        return function(left, right)

    def _compare(self, node: ast.expr, left: ast.expr, kinds: list[ast.cmpop], others: list[ast.expr]) -> bool:
        value = self.value(left)
        for kind, other in zip(kinds, others, strict=True):
            if type(kind) not in COMPARE:
                raise self._error(
                    node, "expression-syntax", "an expression cannot hold this", "compare with `==` or `!=`"
                )
            sign, function = COMPARE[type(kind)]
            following = self._text_beside(value, other)
            self._weigh(value, node)
            self._weigh(following, node)
            try:
                if not function(value, following):
                    return False
            except TypeError:
                message = f"`{sign}` cannot compare {shown(value)} and {shown(following)}"
                raise self._error(node, "expression-value", message) from None
            value = following
        return True

    def _text_beside(self, value: Any, node: ast.expr) -> Any:
        """What `value` is compared with: a word that nothing is called may be a text without its quotes."""
        try:
            return self.value(node)
        except ExpressionError as error:
            if error.code == "unknown-parameter" and isinstance(value, str) and isinstance(node, ast.Name):
                error.help = f"a text stands in quotes: `'{node.id}'`"
                error.mend = f"'{node.id}'"
            raise

    def _index(self, node: ast.expr, value: Any, index: Any) -> Any:
        if isinstance(value, dict) and index in value:
            return value[index]
        if not isinstance(value, tuple | str):
            raise self._no_list(node, value)
        if not isinstance(index, int) or not -len(value) <= index < len(value):
            list_of = f"a list of {len(value)}" if isinstance(value, tuple) else f"a text of {len(value)} letters"
            path = dotted(node.value) if isinstance(node, ast.Subscript) else None
            name = f"`{short(path)}`, {list_of}" if path else list_of
            message = f"index {short(str(index))} is outside of {name}"
            counted = f"the first is 0, the last {len(value) - 1} (or -1)" if len(value) > 1 else "only 0 is in it"
            raise self._error(node, "expression-value", message, counted if value else "it is empty")
        return value[index]

    def _no_list(self, node: ast.expr, value: Any) -> ExpressionError:
        path = dotted(node.value) if isinstance(node, ast.Subscript) else None
        whose = f"`{short(path)}` is {shown(value)}, which" if path else shown(value)
        help = f"write a list, such as `[{value}]`" if path and isinstance(value, int) else None
        error = self._error(node, "expression-value", f"{whose} has no parts to index", help)
        error.blamed = path
        return error

    def _slice(self, node: ast.expr, value: Any, part: ast.Slice) -> Any:
        if not isinstance(value, tuple | str):
            raise self._no_list(node, value)
        ends = [None if end is None else self.value(end) for end in (part.lower, part.upper, part.step)]
        return value[slice(*ends)]

    def _each(self, node: ast.expr, element: ast.expr, name: str, source: ast.comprehension) -> Any:
        values = self.value(source.iter)
        if not isinstance(values, tuple):
            raise self._error(source.iter, "expression-value", f"`for` takes a list, not {shown(values)}")
        outer = dict(self.local)
        results = []
        for value in values:
            self.local[name] = value
            if all(self.value(test) for test in source.ifs):
                results.append(self.value(element))
        self.local = outer
        return tuple(results)

    def _call(self, node: ast.expr, name: str, arguments: list[ast.expr]) -> Any:
        if name not in FUNCTIONS:
            raise self._error(
                node,
                "expression-name",
                f"no function is called `{short(name)}`",
                "a power is `a ** b`"
                if name in ("pow", "power", "exp2")
                else "there are: " + ", ".join(f"`{known}`" for known in FUNCTIONS),
            )
        values = [self.value(argument) for argument in arguments]
        if name in ("int", "round", "floor", "ceil", "abs") and any(isinstance(value, str) for value in values):
            raise self._error(node, "expression-value", f"`{name}` takes a number, not {shown(values[0])}")
        if name == "round" and len(values) == 2 and isinstance(values[1], int) and abs(values[1]) > limits.ROUND_DIGITS:
            message = f"`round` takes at most {limits.ROUND_DIGITS} digits"
            raise self._error(node, "expression-limit", message)
        for value in values:
            self._weigh(value, node)
        if name == "sum" and len(values) == 2 and isinstance(values[0], tuple) and isinstance(values[1], tuple):
            self.budget.take(len(values[0]) * sum(len(part) for part in values[0] if isinstance(part, tuple)))
        try:
            return FUNCTIONS[name](*values)
        except (TypeError, ValueError):
            what = ", ".join(shown(value) for value in values) or "nothing"
            raise self._error(node, "expression-value", f"`{name}` cannot take {what}") from None
