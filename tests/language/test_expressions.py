"""Expressions: what they compute, and that nothing else is computed."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnspec.language.expressions import ExpressionError, compute

NAMES: dict[str, Any] = {"x": 6, "rate": 0.25, "sizes": (64, 128, (1, 2)), "word": "same", "flag": True}


def lookup(name: str) -> Any:
    if name not in NAMES:
        raise ExpressionError("unknown-parameter", f"no parameter is called `{name}`")
    return NAMES[name]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$x", 6), ("$(x)", 6), ("$(4 * x)", 24), ("$(x / 4)", 1.5), ("$(64 / 4)", 16), ("$(x // 4)", 1), ("$(-x % 4)", 2),
        ("$(2 ** 10)", 1024), ("$(1/255)", 1 / 255), ("$(rate * 4)", 1), ("$(sizes[0])", 64), ("$(sizes[-1][1])", 2),
        ("$(len(sizes))", 3), ("$(max(x, 8))", 8), ("$(min(sizes[0], x))", 6), ("$(round(2.5))", 2), ("$(ceil(x / 4))", 2),
        ("$(floor(-1.5))", -2), ("$(int(3.9))", 3), ("$(abs(-3))", 3), ("$(x > 5)", True), ("$(1 < x <= 6)", True),
        ("$(1 < x < 6)", False), ("$(x == 6 and not flag)", False), ("$(flag or x)", True), ("$(x if flag else 0)", 6),
        ("$('a' + 'b')", "ab"), ("$([1, x] + [2])", (1, 6, 2)), ("$(word == 'same')", True), ("$(true)", True),
        ("$(sum(sizes[:2]))", 192), ("$(range(3))", (0, 1, 2)), ("$(range(6, 0, -2))", (6, 4, 2)), ("$(sizes[1:])", (128, (1, 2))),
        ("$([n // 2 for n in sizes[:2] if n > 64])", (64,)), ("$(sum([n * x for n in range(4)]))", 36), ("$(word[1:3])", "am"),
        ("$([[a + b for b in [1, 2]] for a in [10, 20]])", ((11, 12), (21, 22))), ("$(null)", None), ("$(x in [5, 6])", True), ("$(x not in [5, 6])", False), ("$flag", True), ("$(+x)", 6),
    ],
)  # fmt: skip
def test_values(text: str, value: Any) -> None:
    found = compute(text, lookup)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("$y", "unknown-parameter", None), ("$(x + yy)", "unknown-parameter", "yy"), ("$(x", "expression-syntax", None),
        ("$", "expression-syntax", None), ("$x y", "expression-syntax", None), ("$(1 +)", "expression-syntax", None),
        ("$()", "expression-syntax", None), ("$(4 * $x)", "expression-syntax", "$"),
        ("$(x / 0)", "expression-value", "x / 0"), ("$(x // (x - 6))", "expression-value", "x // (x - 6)"),
        ("$('a' * 3)", "expression-value", "'a' * 3"), ("$(word + 1)", "expression-value", "word + 1"),
        ("$(-word)", "expression-value", "word"), ("$(true + 1)", "expression-value", "true + 1"),
        ("$(word < 3)", "expression-value", None), ("$(sizes[9])", "expression-value", "sizes[9]"),
        ("$(x[0])", "expression-value", "x[0]"), ("$(sizes['a'])", "expression-value", None),
        ("$(int('3'))", "expression-value", None), ("$(len(3))", "expression-value", None),
        ("$(max())", "expression-value", None), ("$(9 ** 9 ** 9)", "expression-limit", None),
        ("$(2 ** 64)", "expression-limit", None), ("$(9999999999 * 9999999999)", "expression-limit", None),
        ("$(10.0 ** 400)", "expression-limit", None), ("$((-8) ** 0.5)", "expression-value", None),
        ("$(open('x'))", "expression-name", "open('x')"), ("$(().__class__)", "expression-syntax", None),
        ("$(x.real())", "expression-syntax", "x.real()"), ("$([a for a in sizes for b in sizes])", "expression-syntax", None), ("$((lambda: 1)())", "expression-syntax", None),
        ("$([a for a in 3])", "expression-value", "3"), ("$({a for a in sizes})", "expression-syntax", None),
        ("$(range(10 ** 9))", "expression-limit", "range(10 ** 9)"), ("$(range(3, 'a'))", "expression-value", None),
        ("$([[a + b for b in range(999)] for a in range(999)])", "expression-limit", None),
        ("$(sum(['a']))", "expression-value", None), ("$(sizes['a':])", "expression-value", None), ("$(f'{x}')", "expression-syntax", "f'{x}'"),
        ("$(x[0:1])", "expression-value", None), ("$(max(*sizes))", "expression-syntax", None),
        ("$(x := 3)", "expression-syntax", None), ("$(__import__('os'))", "expression-name", None),
        ("$(x is x)", "expression-syntax", None), ("$(" + "-" * 900 + "1)", "expression-limit", None),
        ("$(" + "(" * 400 + "1" + ")" * 400 + ")", None, None), ("$(" + "1+" * 600 + "1)", "expression-limit", None),
        ("$(1 if 1 else)", "expression-syntax", None), ("$(b'x')", "expression-syntax", None), ("$(1j)", "expression-syntax", None),
        ("$(...)", "expression-syntax", None), ("$(await x)", "expression-syntax", None),
    ],
    ids=lambda value: str(value)[:30],
)  # fmt: skip
def test_what_is_refused(text: str, code: str | None, place: str | None) -> None:
    with pytest.raises(ExpressionError) as caught:
        compute(text, lookup)
    error = caught.value
    if code is not None:
        assert error.code == code
    if place is not None:
        assert text[error.start : error.start + error.length] == place


@given(st.recursive(
    st.sampled_from(["x", "rate", "2", "0", "sizes", "word", "1.5"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "//", "%", "**", "<", "==", "and", "or"]), inner).map(
            lambda parts: f"({' '.join(parts)})"),
        inner.map(lambda text: f"max({text}, 1)"),
        inner.map(lambda text: f"(not {text})"),
        st.tuples(inner, inner).map(lambda parts: f"[{parts[0]}, {parts[1]}][0]"),
    ),
    max_leaves=12,
))  # fmt: skip
@settings(max_examples=400, deadline=None)
def test_any_expression_computes_or_says_why(text: str) -> None:
    start = time.process_time()
    try:
        compute(f"$({text})", lookup)
    except ExpressionError as error:
        assert error.message
        assert 0 <= error.start <= len(text) + 3
    assert time.process_time() - start < 0.5


@given(st.text(max_size=60))
@settings(max_examples=400)
def test_any_text_after_a_dollar(text: str) -> None:
    try:
        compute("$" + text, lookup)
    except ExpressionError as error:
        assert error.message
