"""Definitions, references and new names."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from cnnspec.editor import navigation
from tests.editor.opened import FILE, TOP, opened

NAMED = TOP + "  - conv2d: {filters: 4, kernel_size: 3, padding: same, name: <a>}\n"
UNIT = "blocks: {<unit>: {parameters: {f: 3}, layers: [{dense: $f}]}}\n"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(NAMED + "  - relu\n  - add: a|\n", id="a merge"),
        pytest.param(NAMED + "  - relu: {inputs: |a}\n", id="inputs"),
        pytest.param(NAMED + "  - relu\n  - add: [input, |a]\n", id="a list of names"),
        pytest.param(NAMED + "  - share: |a\n", id="share"),
        pytest.param(NAMED + "  - residual: {layers: [relu, {add: a|}]}\n", id="from a nested list"),
        pytest.param(NAMED + "outputs: {x: |a}\n", id="outputs"),
        pytest.param(NAMED + "  - dense: $(a|.channels)\n", id="a size"),
        pytest.param(NAMED.replace("<a>", "a") + "  - relu: {name: <a>}\n  - add: |a\n", id="the nearest"),
        pytest.param(TOP + "  - relu\n  - name: <here>\n  - add: |here\n", id="a name of its own"),
        pytest.param(
            TOP + "  - residual: {name: r, layers: [{relu: {name: <in>}}]}\n  - add: |r.in\n", id="a name within"
        ),
        pytest.param("<input>: [3]\nlayers:\n  - relu: {inputs: |input}\n", id="the input"),
        pytest.param("inputs: {<l>: [3], r: [3]}\nlayers:\n  - add: [|l, r]\n", id="an input"),
        pytest.param(UNIT + TOP + "  - uni|t\n", id="a block"),
        pytest.param(UNIT + TOP + "  - |unit: 4\n  - relu: {fil", id="a block, in a text that does not read"),
        pytest.param("blocks: {u: {parameters: {<f>: 3}, layers: [{dense: $|f}]}}\n", id="a block's parameter"),
        pytest.param("blocks: {u: {parameters: {<f>: 3}, layers: []}}\n" + TOP + "  - u: {|f: 4}\n", id="an argument"),
        pytest.param("parameters: {<n>: 3}\n" + TOP + "  - dense: $(2 * |n)\n", id="a parameter"),
        pytest.param(TOP + "  - repeat: {over: [1], as: [<k>], layers: [{dense: $|k}]}\n", id="a name of rounds"),
    ],
)
def test_definitions_in_the_same_file(text: str) -> None:
    start, end = text.index("<"), text.index(">") - 1
    world, written, offset = opened(text.replace("<", "", 1).replace(">", "", 1))
    place = world.around(FILE, offset)
    assert place is not None
    target = navigation.definition(place, offset)
    assert target is not None
    shift = 1 if text.index("|") < start else 0
    assert (target.file, tuple(target.range)) == (FILE, (start - shift, end - shift)), written


@pytest.mark.parametrize(
    ("text", "file", "word"),
    [
        ("imports: [par|ts.yaml]\n" + TOP + "  - part\n", "parts.yaml", ""),
        ("extends: |parts.yaml\n", "parts.yaml", ""),
        ("imports: [parts.yaml]\n" + TOP + "  - |part\n", "parts.yaml", "part"),
        ("extends: parts.yaml\nlayers: [pa|rt]\n", "parts.yaml", "part"),
        ("extends: parts.yaml\nlayers: [{dense: $|size}]\n", "parts.yaml", "size"),
        (TOP + "  - squeeze_ex|cite\n", "squeeze_excite.yaml", "squeeze_excite"),
        (TOP + "  - squeeze_excite: {|ratio: 4}\n", "squeeze_excite.yaml", "ratio"),
    ],
)
def test_definitions_in_another_file(text: str, file: str, word: str) -> None:
    world, _, offset = opened(text, parts="blocks: {part: {layers: [relu]}}\nparameters: {size: 3}\n")
    place = world.around(FILE, offset)
    assert place is not None
    target = navigation.definition(place, offset)
    assert target is not None
    assert Path(target.file).name == file
    assert (world.load(target.file) or "")[slice(*target.range)] == word


@pytest.mark.parametrize(
    "text", [TOP + "  - |relu\n", TOP + "  - add: |nothing\n", "imports: [|none.yaml]\nlayers: []"]
)
def test_what_has_no_definition(text: str) -> None:
    world, _, offset = opened(text)
    place = world.around(FILE, offset)
    assert place is not None
    assert navigation.definition(place, offset) is None


def renamed(text: str, new: str, **others: str) -> str:
    world, written, offset = opened(text, **others)
    place = world.around(FILE, offset)
    assert place is not None
    found = navigation.rename(world, place, offset, new)
    if isinstance(found, str):
        return found
    for target in sorted((each for each in found if each.file == FILE), reverse=True):
        written = written[: target.range.start] + new + written[target.range.end :]
    return written


@pytest.mark.parametrize(
    "text",
    [
        TOP + "  - relu: {name: @}\n  - dense: $(@.channels)\n  - add: [@, input]\noutputs: [@]\n",
        "parameters: {@: 3, m: $(2 * @)}\n" + TOP + "  - dense: $@\n  - dense: $(@ + m)\n",
        "blocks: {@: {layers: [relu]}}\n" + TOP + "  - @\n  - repeat: {times: 2, layers: [@, {@: {name: n}}]}\n",
        "blocks: {u: {parameters: {@: 1}, layers: [{dense: $@}]}}\n" + TOP + "  - u: {@: 3}\n",
    ],
)
def test_all_words_of_one_meaning_are_renamed_together(text: str) -> None:
    for at in range(text.count("@")):
        parts = text.split("@")
        cursor = "old".join(parts[: at + 1]) + "|old" + "old".join(parts[at + 1 :])
        assert renamed(cursor, "new") == text.replace("@", "new")


def test_another_meaning_keeps_its_name() -> None:
    text = "parameters: {f: 3}\nblocks: {u: {parameters: {f: 1}, layers: [{dense: $f}]}}\n" + TOP + "  - dense: $|f\n"
    assert renamed(text, "g") == text.replace("|f", "g").replace("{f: 3", "{g: 3")


def test_what_cannot_be_renamed() -> None:
    assert "cannot be a name" in renamed(TOP + "  - relu: {name: |a}\n", "a b")
    assert "no name of its own" in renamed(TOP + "  - |relu\n", "b")
    assert "not open" in renamed(TOP + "  - |squeeze_excite\n", "b")


@pytest.mark.parametrize(
    "text",
    [
        TOP + "  - relu: {name: fir|st}\n" + "".join(f"  - relu: {{inputs: first, name: n{at}}}\n" for at in range(1000)),
        f"parameters: {{ra|te: 0.1, {', '.join(f'p{at}: 1' for at in range(1000))}}}\n" + TOP + "  - dropout: $rate\n" * 1000,
    ],
    ids=["a name", "a parameter"],
)  # fmt: skip
def test_a_thousand_references_take_no_time(text: str) -> None:
    world, _, offset = opened(text)
    place = world.around(FILE, offset)
    assert place is not None
    start = time.process_time()
    assert len(navigation.references(world, place, offset)) == 1001
    assert time.process_time() - start < 1
