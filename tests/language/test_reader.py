"""The reader: YAML 1.2 values, places, and refusals that never crash."""

from __future__ import annotations

import math
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cnnspec.language.diagnostics import Diagnostics
from cnnspec.language.nodes import MappingNode, Node, ScalarNode, SequenceNode, locate, plain, walk
from cnnspec.language.reader import decode, read


def reading(text: str) -> tuple[Node | None, list[str]]:
    diagnostics = Diagnostics()
    node = read(text, "t", diagnostics)
    return node, [found.code for found in diagnostics]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001), ("1E3", 1000.0), ("no", "no"), ("on", "on"), ("yes", "yes"), ("017", 17), ("0o17", 15),
        ("0x1F", 31), ("true", True), ("False", False), ("~", None), ("null", None), ("", None), ("-3", -3), ("+3", 3),
        (".5", 0.5), ("5.", 5.0), ("-.inf", -math.inf), ("1_000", "1_000"), ("12:30:45", "12:30:45"), ("'32'", "32"),
        ('"true"', "true"), ("2024-01-01", "2024-01-01"), ("$(1/255)", "$(1/255)"), ("=", "="), ("1e", "1e"),
    ],
)  # fmt: skip
def test_scalars_follow_yaml_1_2(text: str, value: object) -> None:
    node, codes = reading(f"k: {text}\n")
    assert codes == []
    assert isinstance(node, MappingNode)
    found = plain(node)["k"]
    assert found == value
    assert type(found) is type(value)


def test_nan_is_read() -> None:
    node, _ = reading("k: .nan")
    assert node is not None
    assert math.isnan(plain(node)["k"])


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("a: 1\na: 2", ["yaml-duplicate-key"]),
        ("{a: 1, a: 2, a: 3}", ["yaml-duplicate-key", "yaml-duplicate-key"]),
        ("a: !!python/object:os.system x", ["yaml-tag"]),
        ("!x {}", ["yaml-tag"]),
        ("{<<: {a: 1}}", ["yaml-merge-key"]),
        ("a: *b", ["yaml-alias"]),
        ("a: &b [*b]", ["yaml-alias"]),
        ("[a]: 1", ["yaml-key"]),
        ("{a: 1}: 1", ["yaml-key"]),
        ("--- 1\n--- 2", ["yaml-document"]),
        ("", ["yaml-document"]),
        ("# only a comment", ["yaml-document"]),
        ("%YAML 1.1\n---\na", ["yaml-directive"]),
        ("a: \x07", ["yaml-encoding"]),
        ("a: \ufeffb", ["yaml-encoding"]),
        ("a: " + "9" * 20, ["yaml-limit"]),
        ("a: " + "x" * 10_001, ["yaml-limit"]),
        ("[" * 65 + "]" * 65, ["yaml-limit"]),
        ("[" * 100_000, ["yaml-limit"]),
        ("{a: " * 100_000, ["yaml-limit"]),
        ("- " * 50_000, ["yaml-limit"]),
        ("x: " + "[" + "1," * 100_001 + "]", ["yaml-limit"]),
        ("a: [1, 2", ["yaml-syntax"]),
        ("a: 'x", ["yaml-syntax"]),
        ("a:\n\t- b", ["yaml-syntax"]),
        ("a: b: c", ["yaml-syntax"]),
        ('a: "\\q"', ["yaml-syntax"]),
        ("x" * (1 << 20) + "x", ["yaml-limit"]),
    ],
    ids=lambda value: str(value)[:24] if isinstance(value, str) else "",
)
def test_refusals_have_codes(text: str, codes: list[str]) -> None:
    _, found = reading(text)
    assert found == codes


def test_an_alias_bomb_is_counted_before_it_explodes() -> None:
    levels = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
    start = time.perf_counter()
    _, codes = reading("a0: &a0 [x, x]\n" + levels)
    assert codes == ["yaml-limit"]
    assert time.perf_counter() - start < 1


def test_an_alias_stands_for_its_value() -> None:
    node, codes = reading("a: &size 3\nb: [*size, *size]")
    assert codes == []
    assert node is not None
    assert plain(node) == {"a": 3, "b": [3, 3]}


@pytest.mark.parametrize(
    ("data", "code"),
    [(b"a: \xff", "yaml-encoding"), (b"\xff\xfea", "yaml-encoding"), (b"x" * ((1 << 20) + 1), "yaml-limit")],
)
def test_bytes_that_are_no_spec(data: bytes, code: str) -> None:
    diagnostics = Diagnostics()
    assert decode(data, "t", diagnostics) is None
    assert [found.code for found in diagnostics] == [code]


def test_the_place_of_a_bad_byte() -> None:
    diagnostics = Diagnostics()
    decode("a: 1\nbé: ".encode() + b"\xff", "t", diagnostics)
    decode("a: 1\r\r\nbé: ".encode() + b"\xff", "u", diagnostics)
    assert [(found.span.line, found.span.column) for found in diagnostics] == [(2, 5), (3, 5)]


def test_one_leading_byte_order_mark_is_taken_off() -> None:
    diagnostics = Diagnostics()
    text = decode(b"\xef\xbb\xbfa: 1", "t", diagnostics)
    assert text == "a: 1"
    node = read(text, "t", diagnostics)
    assert node is not None
    assert (locate(node, ("a",)).line, locate(node, ("a",)).column) == (1, 4)


def test_every_value_knows_its_place() -> None:
    text = "input: [28, 28, 1]\nlayers:\n  - conv2d: {filters: 32, kernel_size: [3, 5]}\n  - flatten\n"
    node, _ = reading(text)
    assert node is not None
    lines = text.splitlines()
    for scalar in walk(node):
        if isinstance(scalar, ScalarNode):
            span = scalar.span
            assert lines[span.line - 1][span.column - 1 : span.end_column - 1] == scalar.text
    assert locate(node, ("layers", 0, "conv2d", "kernel_size", 1)).column == 44
    assert locate(node, ("layers", 0, "conv2d", "filters"), key=True).column == 14


def test_a_computed_value_is_located_at_its_expression() -> None:
    node, _ = reading("a: {b: $c}")
    assert node is not None
    assert locate(node, ("a", "b", 3, "x")) == locate(node, ("a", "b"))


def test_block_collections_end_with_their_last_value() -> None:
    node, _ = reading("a:\n  - 1\n  - 22\n\n\nb: 3\n")
    assert isinstance(node, MappingNode)
    items = node.get("a")
    assert isinstance(items, SequenceNode)
    assert (items.span.end_line, items.span.end_column) == (3, 7)


@given(st.text(max_size=200))
@example("\x00")
@example("a: &a *a")
@example("? ")
@example("- - - -\n -")
@example("\ud800".encode("utf-8", "surrogatepass").decode("utf-8", "replace"))
@settings(max_examples=400, deadline=1000)
def test_any_text_reads_or_says_why(text: str) -> None:
    node, codes = reading(text)
    assert (node is None) <= bool(codes)


@given(st.binary(max_size=200))
@settings(max_examples=300, deadline=1000)
def test_any_bytes_decode_or_say_why(data: bytes) -> None:
    diagnostics = Diagnostics()
    text = decode(data, "t", diagnostics)
    assert (text is None) == diagnostics.failed
    if text is not None:
        read(text, "t", diagnostics)
