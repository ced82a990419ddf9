"""Hints, the outline, what can be done about diagnostics, and what is told of which file."""

from __future__ import annotations

import random

import pytest

from cnnspec.editor import actions, completion, hints, navigation, symbols
from cnnspec.editor.hover import hover
from cnnspec.editor.lines import Range
from cnnspec.editor.world import World, check, told
from tests.editor.opened import FILE, TOP, opened
from tests.editor.test_loose import SPECS

ROUNDS = """input: [32, 32, 3]
layers:
  - repeat:                                          # → 4×4×8
      over: [2, 4, 8]
      as: k
      layers:
        - conv2d: {filters: $k, kernel_size: 1}      # → 32×32×2, 16×16×4, 8×8×8
        - max_pooling2d: 2                           # → 16×16×2, 8×8×4, 4×4×8
  - residual: {layers: [relu, relu]}                 # → 4×4×8
  - flatten                                          # → (128)
"""


def hints_of(world: World, file: str = FILE) -> dict[int, str]:
    source = world.source(file)
    assert source is not None
    return {world.line(source, hint.offset): hint.text for hint in hints.hints(world, source)}


def test_every_entry_line_ends_with_its_shape() -> None:
    world, text, _ = opened(ROUNDS)
    lines = enumerate(text.splitlines(), 1)
    assert hints_of(world) == {number: line.partition("# ")[2] for number, line in lines if "# →" in line}


@pytest.mark.parametrize(
    ("entry", "known"),
    [
        ("- conv2d: {filters: 8, kernel_size: 50}", [3, 4]),
        ("- con2v: 3", [3, 4]),
        ("- add: [nothing, relu]", [3, 4]),
        ("- repeat: {times: -1, layers: [relu]}", [3, 4]),
    ],
)
def test_what_stands_above_a_mistake_has_its_hint(entry: str, known: list[int]) -> None:
    world, *_ = opened(TOP + "  - relu\n  - flatten\n  " + entry + "\n  - relu\n")
    assert sorted(hints_of(world)) == known


def test_hints_of_rounds_are_few_and_those_above_an_edit_stay() -> None:
    world, text, _ = opened(TOP + "  - repeat: {times: 9, layers: [{zero_padding2d: 1}]}\n  - relu\n")
    assert hints_of(world) == {3: "→ 46×46×1", 4: "→ 46×46×1"}
    source = world.source(FILE)
    assert source is not None
    kept = hints.still(text, text.replace("- relu", "- relu: {"), hints.hints(world, source))
    assert [hint.text for hint in kept] == ["→ 46×46×1"]


def test_the_outline_nests_as_the_spec_does() -> None:
    world, *_ = opened("blocks: {unit: {layers: [{dropout: 0.1}]}}\n" + ROUNDS)
    source = world.source(FILE)
    assert source is not None
    blocks, size, layers = symbols.outline(source, hints.hints(world, source))
    assert [child.name for child in blocks.children[0].children] == ["dropout"]
    assert size.detail == "[32, 32, 3]"
    assert [(child.name, child.detail) for child in layers.children] == [
        ("repeat", "→ 4×4×8"),
        ("residual", "→ 4×4×8"),
        ("flatten", "→ (128)"),
    ]
    assert [child.name for child in layers.children[0].children] == ["conv2d", "max_pooling2d"]

    def within(symbol: symbols.Symbol) -> None:
        assert symbol.range.start <= symbol.word.start <= symbol.word.end <= symbol.range.end
        for child in symbol.children:
            assert symbol.range.start <= child.range.start <= child.range.end <= symbol.range.end
            within(child)

    for symbol in (blocks, size, layers):
        within(symbol)


def applied(text: str, *edits: actions.Edit) -> str:
    for edit in reversed(edits):
        text = text[: edit.target.range.start] + edit.text + text[edit.target.range.end :]
    return text


def test_a_fix_a_warning_ignored_and_all_at_once() -> None:
    world, text, _ = opened(TOP + "  - conv2d: {filtrs: 3, kernel_size: 3}\n  - batch_normalization\n  - rellu\n")
    found = actions.actions(world, FILE, Range(0, len(text)))
    assert [each.title for each in found] == ["Write `filters` for `filtrs`", "Write `relu` for `rellu`"]
    assert "{filters: 3" in applied(text, found[0].edit)
    assert actions.actions(world, FILE, Range(0, 5)) == []
    every = actions.fix_all(FILE, text, lambda new: told(FILE, {FILE: new}))
    assert [edit.text for edit in every] == ["ers: 3, kernel_size: 3, use_bias: false", ""]
    mended = applied(text, *every)
    assert mended.startswith(TOP + "  - conv2d: {filters: 3, kernel_size: 3")
    assert mended.endswith("  - relu\n")
    assert not [each for each in opened(mended).world.diagnostics(FILE) if each.fix is not None]


def test_fixes_that_join_lines_are_one_edit() -> None:
    text = (
        TOP + "  - conv2d: {filters: 3, kernel_size: 3}\n  - relu: {}}\n  - rellu\n  # cnnspec: ignore[x]\n  - flaten\n"
    )
    every = actions.fix_all(FILE, text, lambda new: told(FILE, {FILE: new}))
    assert len(every) == 1
    assert "  - relu\n  - flatten\n" in applied(text, *every)


@pytest.mark.parametrize("comment", ["", "  # why", "  # cnnspec: ignore[dead-activation]"])
def test_an_ignored_warning_is_not_told_again(comment: str) -> None:
    line = "  - conv2d: {filters: 8, kernel_size: 3}" + comment
    world, text, _ = opened(TOP + line + "\n  - batch_normalization\n  - relu\n")
    warned = [each.code for each in world.diagnostics(FILE) if each.code == "bias-before-norm"]
    assert warned
    found = next(each for each in actions.actions(world, FILE, Range(0, len(text))) if each.title.startswith("Ignore"))
    again = opened(applied(text, found.edit)).world
    assert not [each for each in again.diagnostics(FILE) if each.code == "bias-before-norm"]


def test_mistakes_in_an_imported_file_are_told_of_that_file() -> None:
    part = "/specs/part.yaml"
    world, *_ = opened("imports: [part.yaml]\n" + TOP + "  - part\n", part="blocks: {part: {layers: [{dropout: 7}]}}\n")
    assert [each.code for each in world.diagnostics(part)] == ["out-of-range"]
    assert world.diagnostics(FILE) == []
    assert hints_of(
        opened("imports: [part.yaml]\n" + TOP + "  - part\n", part="blocks: {part: {layers: [flatten]}}").world
    ) == {3 + 1: "→ (784)"}


@pytest.mark.parametrize("text", ["services: {web: {image: nginx}}\n", "a: [", "- 1\n- 2\n", ""])
def test_other_documents_are_left_alone(text: str) -> None:
    world, *_ = opened(text)
    assert world.checked == {}


def test_a_file_of_blocks_needs_no_network() -> None:
    assert opened("parameters: {n: null}\nblocks: {u: {layers: [{dense: $n}]}}\n").world.diagnostics(FILE) == []


def test_no_place_of_any_text_is_too_much() -> None:
    """Whatever stands at the cursor, features answer or have nothing to say."""
    draw = random.Random(7)
    for _ in range(60):
        text = draw.choice(SPECS).read_text(encoding="utf-8")
        start = draw.randrange(len(text))
        text = text[:start] + draw.choice(["", "[", "}", "- ", "{a: ", "$("]) + text[start + draw.randrange(40) :]
        text = text.replace("|", "/")
        world, *_ = opened(text)
        source = world.source(FILE)
        assert source is not None
        hints.hints(world, source)
        for _ in range(6):
            offset = draw.randrange(len(text) + 1)
            completion.complete(source, offset, world.load)
            place = world.around(FILE, offset)
            if place is not None:
                hover(world, place, offset)
                navigation.definition(place, offset)


@pytest.mark.parametrize("file", [FILE, "untitled:Untitled-1", "/specs/it's: here"])
def test_a_file_of_blocks_alone_needs_no_network(file: str) -> None:
    blocks = "parameters: {k: 3}\nblocks:\n  u: {layers: [{conv2d: {%s: 4, kernel_size: $k}}]}\n"
    assert told(file, {file: blocks % "filters"}) == ()
    (found,) = told(file, {file: blocks % "filtrs"})
    assert (found.code, found.span.file, found.related) == ("unknown-argument", file, ())
    checked = check(file, {file: blocks % "filters"})
    assert checked is not None
    assert checked.shapes.value("$k") == 3
