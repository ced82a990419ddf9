"""Offsets, spans and editors' positions name the same places, whatever characters stand before them."""

from __future__ import annotations

import pytest

from cnnspec.editor.lines import Lines, Range
from cnnspec.language.spans import Span

ODD = "a: 𝄞é\r\nb: x\u2028c: y\rd: 𝄞𝄞z\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
def test_positions_lead_back_to_their_offsets(encoding: str) -> None:
    lines = Lines(ODD)
    for offset in range(len(ODD) + 1):
        if ODD[offset - 1 : offset + 1] != "\r\n":
            assert lines.offset(*lines.position(offset, encoding), encoding) == (
                offset if ODD[offset : offset + 1] != "\n" or ODD[offset - 1] != "\r" else offset - 1
            )


@pytest.mark.parametrize(("encoding", "position"), [("utf-8", (2, 11)), ("utf-16", (2, 7)), ("utf-32", (2, 5))])
def test_characters_are_counted_as_the_editor_counts_them(encoding: str, position: tuple[int, int]) -> None:
    assert Lines(ODD).position(ODD.index("z"), encoding) == position
    assert Lines(ODD).offset(*position, encoding) == ODD.index("z")


def test_yaml_ends_lines_where_editors_do_not() -> None:
    at = ODD.index("c: y")
    assert Lines(ODD).place(at) == (3, 1)
    assert Lines(ODD).position(at, "utf-16") == (1, 5)
    assert Lines(ODD).range(Span("", 3, 4, 3, 5)) == Range(at + 3, at + 4)


@pytest.mark.parametrize(("line", "character", "offset"), [(0, 99, 5), (99, 0, len(ODD)), (1, 0, 7)])
def test_positions_past_an_end_are_at_it(line: int, character: int, offset: int) -> None:
    assert Lines(ODD).offset(line, character, "utf-16") == offset
