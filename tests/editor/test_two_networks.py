"""A spec of two networks in an editor."""

from __future__ import annotations

import pytest

from cnnspec.editor.completion import complete
from cnnspec.editor.hints import hints
from cnnspec.editor.hover import hover
from tests.editor.opened import FILE, opened

GAN = """task: gan
parameters: {filters: 8}
blocks:
  enlarge:
    layers:
      - conv2d_transpose: {filters: $filters, kernel_size: 4, strides: 2, padding: 1}
generator:
  input: [16]
  layers:
    - dense: {units: 16, name: seed}
    - reshape: [4, 4, 1]
    - enlarge
    - conv2d: {filters: 1, kernel_size: 3, padding: 1, activation: tanh}
discriminator:
  input: [8, 8, 1]
  layers:
    - conv2d: {filters: $filters, kernel_size: 3, strides: 2}
    - flatten
    - dense: 1
training: {batch_size: 64}
"""


def said(text: str) -> str:
    world, _, offset = opened(text)
    place = world.around(FILE, offset)
    found = hover(world, place, offset) if place else None
    return found.markdown if found else ""


@pytest.mark.parametrize(
    ("cursor", "part"),
    [
        ("    - conv2d: {filters: 1", "8×8×8 → 8×8×1"),
        ("    - conv2d: {filters: $f", "8×8×1 → 3×3×8"),
        ("      - conv2d_t", "4×4×1 → 8×8×8"),
        ("task", "trained for"),
        ("generator", "makes images of noise"),
        ("discriminator", "tells made images"),
        ("training: {batch_s", "batch_size"),
    ],
)
def test_hover(cursor: str, part: str) -> None:
    at = GAN.index(cursor)
    at += cursor.index("conv") + 2 if "conv" in cursor else len(cursor) - 1
    assert part in said(GAN[:at] + "|" + GAN[at:])


def test_hints_of_both_networks() -> None:
    world, text, _ = opened(GAN)
    source = world.source(FILE)
    assert source is not None
    found = {text.count("\n", 0, hint.offset) + 1: hint.text for hint in hints(world, source)}
    lines = text.split("\n")
    told = {lines[line - 1].strip(" -").partition(":")[0]: shape for line, shape in found.items() if line > 7}
    assert told == {
        "dense": "→ (1)",
        "reshape": "→ 4×4×1",
        "enlarge": "→ 8×8×8",
        "conv2d": "→ 3×3×8",
        "flatten": "→ (72)",
    }
    assert found[10] == "→ (16)"


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (GAN.replace("    - enlarge\n", "    - enl|\n"), "enlarge"),
        (GAN.replace("    - flatten\n", "    - flat|\n"), "flatten"),
        (GAN.replace("    - flatten\n", "    - dense: {units: 8, act|}\n    - flatten\n"), "activation"),
        (GAN.replace("{batch_size: 64}", "{label|}"), "label_smoothing"),
        (GAN.replace("  input: [16]\n", "  inp|\n"), "input"),
        (GAN.replace("task: gan\n", "tas|\n"), "task"),
    ],
)
def test_completion(text: str, word: str) -> None:
    world, _, offset = opened(text)
    source = world.source(FILE)
    assert source is not None
    assert word in [each.label for each in complete(source, offset, world.load).items]
