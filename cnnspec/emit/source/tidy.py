"""Take out the copies that nothing reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cnnspec.emit.source.statements import Chain, Column, Copy, For, Hint, If, Invoke, Op, Statement


def tidy(statements: list[Statement], returned: Iterable[str]) -> list[Statement]:
    """`statements` without copies to variables that are never read."""
    while True:
        read = {*returned, *_read(statements)}
        shorter = _without(statements, read)
        if shorter == statements:
            return statements
        statements = shorter


def _without(statements: list[Statement], read: set[str]) -> list[Statement]:
    kept: list[Statement] = []
    for statement in statements:
        if isinstance(statement, Copy) and statement.target not in read:
            continue
        if isinstance(statement, If):
            body, otherwise = _without(statement.body, read), _without(statement.otherwise, read)
            statement = If(statement.test, body, otherwise)
        elif isinstance(statement, For):
            statement = For(statement.scope, statement.counts, statement.over, _without(statement.body, read))
        kept.append(statement)
    return kept


def _read(statements: list[Statement]) -> Iterator[str]:
    """Every variable that is read, those that a condition or an argument may ask for their shapes included."""
    for statement in statements:
        match statement:
            case Op():
                yield from statement.inputs
                yield from (statement.made,) if statement.made else ()
                for column in statement.kwargs.values():
                    yield from _asked(column)
            case Invoke():
                yield from statement.inputs
                for hint in statement.hints.values():
                    yield from _sizes(hint)
            case Chain():
                for op in statement.made:
                    for column in op.kwargs.values():
                        yield from _asked(column)
            case Copy():
                yield statement.source
            case If():
                yield from _asked(statement.test)
                yield from _read(statement.body)
                yield from _read(statement.otherwise)
            case For():
                yield from _asked(statement.counts)
                yield from _sizes(statement.over)
                yield from _read(statement.body)


def _asked(column: Column) -> Iterator[str]:
    yield from _sizes(column.hint)


def _sizes(hint: Hint | None) -> Iterator[str]:
    if hint is not None:
        yield from (variable for variable, _ in hint.sizes.values())
