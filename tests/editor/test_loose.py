"""The tree of a text: the reader's for what reads, and what was likely meant for what does not."""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import Any

import pytest

from cnnspec.editor.lines import Lines
from cnnspec.editor.loose import parse
from cnnspec.editor.tree import Listing, Mapping, Scalar, Tree, scalars
from cnnspec.language.diagnostics import Diagnostics
from cnnspec.language.nodes import MappingNode, Node, ScalarNode, SequenceNode
from cnnspec.language.reader import read

ROOT = Path(__file__).parents[2]
SPECS = sorted([*ROOT.glob("specs/**/*.yaml"), *ROOT.glob("cnnspec/blocks/*.yaml")])


def plain(node: Tree | None) -> Any:
    match node:
        case Scalar():
            return node.text
        case Mapping():
            return {pair.key.text: plain(pair.value) for pair in node.pairs}
        case Listing():
            return [plain(item) for item in node.items]
    return None


def as_read(node: Node) -> Any:
    match node:
        case ScalarNode():
            return node.text or None
        case SequenceNode():
            return [as_read(item) for item in node.items]
        case MappingNode():
            return {key.text: as_read(value) for key, value in node.pairs}


def places(node: Node) -> set[tuple[int, int]]:
    match node:
        case ScalarNode():
            return {(node.span.line, node.span.column)} if node.text else set()
        case SequenceNode():
            return {place for item in node.items for place in places(item)}
        case MappingNode():
            return {place for pair in node.pairs for part in pair for place in places(part)}


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_what_reads_is_read_alike(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    document = read(text, "", Diagnostics())
    assert document is not None
    tree = parse(text)
    assert plain(tree) == as_read(document)
    lines = Lines(text)
    assert {lines.place(spot.scalar.start) for spot in scalars(tree) if spot.scalar.text} == places(document)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("", None),
        ("# only a comment\n", None),
        ("layers:\n  - ", {"layers": [None]}),
        ("layers:\n  - con", {"layers": ["con"]}),
        ("layers:\n- a: {b: [1, 2\n- c\nd: e", {"layers": [{"a": {"b": ["1", "2"]}}, "c"], "d": "e"}),
        ("a: {b: 3\nc: 4", {"a": {"b": "3"}, "c": "4"}),
        ("a: {b: 3,\n    c: 4", {"a": {"b": "3", "c": "4"}}),
        ("a: [1, 2}, 3]", {"a": ["1", "2", "3"]}),
        ("a:\n  b: 1\n  wor\n  c: 2", {"a": {"b": "1", "wor": None, "c": "2"}}),
        ("a:\n  wor\n  c: 2", {"a": {"wor": None, "c": "2"}}),
        ("- conv\n    k: 2", [{"conv": {"k": "2"}}]),
        ("a:\n    - x\n  - y", {"a": ["x", "y"]}),
        ("a: 'not closed\nb: 2", {"a": "'not closed", "b": "2"}),
        ("a: |\n  text: here\n  - more\nb: 2", {"a": "|\n  text: here\n  - more\n", "b": "2"}),
        ("[a: 1, {b}, 'c, d']", [{"a": "1"}, {"b": None}, "c, d"]),
        ("a: &x 1\nb: *x", {"a": "1", "b": "*x"}),
    ],
)
def test_what_does_not_read_is_taken_as_it_was_meant(text: str, tree: Any) -> None:
    assert plain(parse(text)) == tree


def test_every_piece_of_every_text_has_a_tree() -> None:
    draw = random.Random(1)
    for _ in range(300):
        text = draw.choice(SPECS).read_text(encoding="utf-8")
        start, end = sorted(draw.randrange(len(text)) for _ in range(2))
        cut = text[:start] + draw.choice(["", "[", "}", "- ", "\n", "{a: ", '"']) + text[end:]
        for spot in scalars(parse(cut)):
            assert 0 <= spot.scalar.start <= spot.scalar.end <= len(cut)


@pytest.mark.parametrize("piece", ["[", "{a: ", "- ", "a: ", "a ", '"', "- {a: [\n", "a: |\n", "&a ", "x\n"])
def test_no_text_takes_long(piece: str) -> None:
    text = piece * (100_000 // len(piece))
    start = time.perf_counter()
    parse(text)
    assert time.perf_counter() - start < 3
