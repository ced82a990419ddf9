"""What Python source is made of here: statements whose constants are columns, one value for each occurrence.

A block that is called ten times is one list of statements with ten values in every column. Where the ten are equal
a literal is written, else a parameter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias


class _Absent:
    def __repr__(self) -> str:
        return "ABSENT"


ABSENT = _Absent()
"""The value of a column at an occurrence where its statement does not run: any will do."""


class Scope:
    """A function or the body of a loop, with how often it occurs.

    A loop's occurrences are the rounds of each occurrence of what is around it: `owner` says of which.
    `named` holds the values that the spec has names for.
    """

    def __init__(
        self,
        size: int,
        named: Mapping[str, Sequence[Any]],
        parent: Scope | None = None,
        owner: Sequence[int] = (),
        constants: Mapping[str, Any] | None = None,
    ) -> None:
        self.size, self.named, self.parent, self.owner = size, named, parent, tuple(owner)
        self.defaults: dict[str, Hint] = {}
        """Parameters that no call gives, with the expressions that compute them."""
        self.variables: list[Variable] = []
        self.names: set[str] = parent.names if parent else set()
        self.constants: Mapping[str, Any] = parent.constants if parent else constants or {}


@dataclass
class Variable:
    """A parameter of a function, or a variable of a loop. `spec` is what the spec calls it; `computed` is how a
    function computes it, rather than taking it."""

    name: str
    values: list[Any]
    spec: str | None = None
    computed: str | None = None


@dataclass(frozen=True)
class Hint:
    """The spec's own text for a value: `$(4 * filters)`. `sizes` are the tensors that it may ask for their shapes, by
    name (`""` is the running tensor): the Python variable, and the shapes."""

    text: str
    sizes: Mapping[str, tuple[str, Sequence[Any]]] = field(default_factory=dict)
    negated: bool = False


@dataclass(frozen=True)
class Column:
    """One constant of a statement: its value at each occurrence."""

    values: tuple[Any, ...]
    label: str
    hint: Hint | None = None
    default: Any = ABSENT
    """What Keras takes where it is not written."""


Style: TypeAlias = Literal["each", "list", "function", "make"]


@dataclass
class Op:
    """`target = callee(kwargs…)(inputs)`.

    `style` says how: on `each` input as an argument of its own, on a `list` of them, as a `function` of the inputs and
    kwargs, or `make`: only the layer. `made` is the variable of a layer that is there already.
    """

    target: str
    callee: str
    kwargs: dict[str, Column]
    inputs: tuple[str, ...]
    style: Style
    name: str | None = None
    made: str | None = None


@dataclass
class Invoke:
    """`target, … = function(inputs, arguments…)`; `at` are the function's occurrences that these are."""

    targets: tuple[str, ...]
    function: Function
    inputs: tuple[str, ...]
    at: tuple[int | None, ...]
    hints: Mapping[str, Hint]


@dataclass
class Copy:
    """`target = source`."""

    target: str
    source: str


@dataclass
class For:
    """A loop; `counts` is how many rounds each occurrence has, `over` the list that the spec gives."""

    scope: Scope
    counts: Column
    over: Hint | None
    body: list[Statement]


@dataclass
class If:
    """A condition."""

    test: Column
    body: list[Statement]
    otherwise: list[Statement]


@dataclass
class Chain:
    """`target = [layers…]`: layers that are applied one after the other, more than once."""

    target: str
    made: list[Op]


Statement: TypeAlias = Op | Invoke | Copy | For | If | Chain


@dataclass
class Function:
    """A block: `returned` are the variables that it gives back, the running tensor first."""

    name: str
    scope: Scope
    takes: tuple[str, ...]
    body: list[Statement]
    returned: tuple[str, ...]
    exports: list[dict[int, str]]
    """For each further variable returned: the node that it holds, by occurrence."""
    defaults: Mapping[str, Any]
    """The defaults that the spec declares."""
    order: tuple[str, ...] = ()
    about: str = ""
