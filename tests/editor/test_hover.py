"""What a word says at its place."""

from __future__ import annotations

import pytest

from cnnspec.editor.hover import hover
from tests.editor.opened import FILE, TOP, opened

CONV = TOP + "  - conv2d: {filters: 32, kernel_size: 3, padding: 1, name: first}\n"
ROUNDS = """input: [32, 32, 3]
parameters: {width: 8}
blocks:
  unit:
    parameters: {filters: null}
    layers:
      - conv|2d: {filters: $filters, kernel_size: 3, strides: 2, padding: same}
layers:
  - repeat: {over: [1, 2, 4], as: k, layers: [{unit: $(k * width)}]}
"""


def said(text: str, **others: str) -> str:
    world, _, offset = opened(text, **others)
    place = world.around(FILE, offset)
    found = hover(world, place, offset) if place else None
    return found.markdown if found else ""


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        pytest.param(
            CONV.replace("conv", "con|v"),
            ["28×28×1 → 28×28×32", "⌊(28 + 2·1 − 3)/1⌋ + 1 = 28", "320 parameters", "225,792 multiply-adds",
             "sees 3×3", "Convolution of a map", "`kernel_size`"],
            id="a layer",
        ),
        pytest.param(
            ROUNDS,
            ["3 times", "32×32×3 → 16×16×8", "16×16×8 → 8×8×16", "8×8×16 → 4×4×32", "In all: 6,032 parameters"],
            id="a layer in a block",
        ),
        pytest.param(ROUNDS.replace("|", "").replace("$filters", "$fil|ters"), ["`8`, `16`, `32`"], id="a parameter"),
        pytest.param(ROUNDS.replace("|", "").replace("$(k *", "$(k| *"), ["`1`, `2`, `4`"], id="a name of rounds"),
        pytest.param(ROUNDS.replace("|", "").replace("k * w", "k *| w"), ["`8`, `16`, `32`"], id="an expression"),
        pytest.param(
            TOP + "  - conv2d: {filters: $(4 * chan|nels), kernel_size: 1}\n", ["**`channels`** = `1`"], id="a size"
        ),
        pytest.param(ROUNDS.replace("|", "").replace("{width:", "{wid|th:"), ["`8`"], id="a declared parameter"),
        pytest.param(
            "blocks: {u: {parameters: {bo|dy: null}, layers: [relu]}}\n", ["which must be given"], id="a block's parameter"
        ),
        pytest.param(
            "blocks: {u: {parameters: {body: null}, layers: $body}}\n" + TOP + "  - u: {body: [flat|ten]}\n",
            ["28×28×1 → (784)"],
            id="layers that a parameter holds",
        ),
        pytest.param(ROUNDS.replace("|", "").replace("[{unit", "[{uni|t"), ["The block `unit`: `filters`"], id="a block"),
        pytest.param(ROUNDS.replace("|", "").replace("repeat", "rep|eat"), ["32×32×3 → 4×4×32"], id="a structure"),
        pytest.param(TOP + "  - squeeze|_excite\n", ["28×28×1 → 28×28×1", "parameters"], id="a standard block"),
        pytest.param(CONV.replace("kernel", "ker|nel"), ["a whole number from 1"], id="an argument"),
        pytest.param(CONV.replace("padding: 1", "padding: |same"), ["`same`", "(default valid)"], id="a word"),
        pytest.param(CONV.replace("name", "activation: re|lu, name"), ["max(x, 0)"], id="an activation"),
        pytest.param(CONV + "  - add: fir|st\n", ["28×28×32", "the output of `conv2d`, line 3"], id="a merge"),
        pytest.param(CONV.replace("first", "fir|st"), ["28×28×32"], id="a name where it is given"),
        pytest.param(CONV + "  - relu: {inputs: inp|ut}\n", ["28×28×1", "an input"], id="an input"),
        pytest.param(CONV + "trai|ning: {epochs: 3}\n", ["How the network learns"], id="a section"),
        pytest.param(CONV + "training: {epo|chs: 3}\n", ["a whole number from 1", "default 10"], id="a key"),
        pytest.param(CONV + "training: {optimizer: {ad|am: {}}}\n", ["`learning_rate = 0.001`"], id="an optimizer"),
        pytest.param(TOP + "  - rel|u\n  - conv2d: {filters: 3, kernel_size: 50}\n", ["28×28×1 →"], id="above a mistake"),
        pytest.param(TOP + "  - conv2d: {filters: 3, kernel_size: 50}\n  - rel|u\n", ["not known"], id="below one"),
        pytest.param(
            TOP + "  - conv|2d: {filters: 3, kernel_size: 50}\n", ["28×28×1 → ?", "There is a mistake here"], id="at one"
        ),
        pytest.param(
            TOP + "  - repeat: {times: 40, layers: [{conv|2d: {filters: 3, kernel_size: 1}}]}\n",
            ["40 times", "- 28×28×1 → 28×28×3", "- 28×28×3 → 28×28×3 · `⌊(28 + 2·0 − 1)/1⌋ + 1 = 28`, 39 times"],
            id="alike most times",
        ),
        pytest.param(
            TOP + "  - repeat: {times: 4, layers: [{max_pool|ing2d: 3}]}\n",
            ["- 28×28×1 → 9×9×1", "- not known, once: there is a mistake"],
            id="wrong the last time",
        ),
        pytest.param(CONV.replace("[28, 28", "[28, 2|8"), ["What comes in"], id="an item of a list"),
        pytest.param(TOP + "  - rel|u\n  - conv2d: {filters: 3", ["max(x, 0)"], id="in a text that does not read"),
    ],
)  # fmt: skip
def test_what_is_said(text: str, parts: list[str]) -> None:
    found = said(text)
    for part in parts:
        assert part in found


def test_a_file_of_blocks_shows_the_shapes_of_the_spec_that_imports_it() -> None:
    main = "imports: [net.yaml]\n" + TOP + "  - part\n"
    found = said("blocks: {part: {layers: [{conv|2d: {filters: 2, kernel_size: 3}}]}}\n", main=main)
    assert "28×28×1 → 26×26×2" in found


@pytest.mark.parametrize("name", ["su|m", "'re|lu'", "i|n"])
def test_words_of_an_expression_that_are_no_names(name: str) -> None:
    assert "**" not in said(TOP + "  - dense: $(" + name + ")\n")


@pytest.mark.parametrize("text", ["web: {image: ng|inx}\n", TOP + "  - relu # her|e\n", "|"])
def test_where_nothing_is_said(text: str) -> None:
    assert said(text) == ""
