"""What is written reads back the same: in our own reader, and in any other."""

from __future__ import annotations

import math
import random
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnspec.language.diagnostics import Diagnostics
from cnnspec.language.nodes import plain
from cnnspec.language.reader import read
from cnnspec.language.write import of_older_versions, write
from tests.readback import differences, document

ODD = [
    "", " ", "a ", " a", "null", "~", "Null", "true", "no", "on", "y", "1", "017", "0x1F", "0o7", "1e-3", "1e5", ".5", "1_000",
    "12:30:45", "2024-01-31", ".inf", ".nan", "=", "<<", "-", "- a", "a: b", "a:", ":a", "a #b", "#a", "a // b", "a -- b",
    "x" * 5000, "it's", '"quoted"', "a\nb", "a\n", "\n", "a\tb", "\t", "a\x85b", "a\u2028b", "\u00a0", "é", "日本", "😀",
    "[a]", "{a: 1}", "a, b", "&a", "*a", "!a", "%a", "@a", "`a`", "|", ">", "?", "? a", "---", "...", "$alpha",
    "$(1/255)", "$(channels // 16)", "$(min(a, 3))", "!!float '1e-05'", "\\", "\\n", "a\\", "+", "+1", "-1", "1.", "None",
]  # fmt: skip
NUMBERS = [0, -1, 10**18, 0.0, -0.0, 0.1, 1e-5, 1e-300, 5e-324, 1e22, 1.7976931348623157e308, 1e-7, 123456789.125, 1e16]


def read_back(text: str) -> Any:
    diagnostics = Diagnostics()
    node = read(text, "written.yaml", diagnostics)
    assert node is not None, [str(each.message) for each in diagnostics]
    assert not list(diagnostics), [str(each.message) for each in diagnostics]
    return plain(node)


@pytest.mark.parametrize("value", [*ODD, *NUMBERS, True, False, None], ids=lambda value: repr(value)[:30])
def test_atoms(value: Any) -> None:
    for whole in ({"key": value}, [value], {"key": [value, value]}, {"key": {"inner": value}}, {"a": [{"b": [value]}]}):
        found = read_back(write(whole))
        assert found == whole
        assert repr(found) == repr(whole)  # 1 is not 1.0, and 0.0 is not -0.0
        assert repr(yaml.safe_load(write(whole))) == repr(whole)


@pytest.mark.parametrize("key", [key for key in ODD if key != "<<"], ids=lambda value: repr(value)[:30])
def test_keys(key: str) -> None:
    assert read_back(write({key: 1, "other": {key: [2]}})) == {key: 1, "other": {key: [2]}}


def test_infinity_and_no_number() -> None:
    assert read_back(write([math.inf, -math.inf])) == [math.inf, -math.inf]
    assert math.isnan(read_back(write([math.nan]))[0])


@settings(deadline=None, max_examples=300)
@given(st.floats(allow_nan=False))
def test_floats_of_every_magnitude(value: float) -> None:
    for text in (write({"a": value}), write([value])):
        assert repr([*(read_back(text).values() if isinstance(read_back(text), dict) else read_back(text))]) == repr(
            [value]
        )
        assert "!!" not in text


@settings(deadline=None, max_examples=300)
@given(st.text(st.characters(blacklist_categories=("Cs",)), max_size=30))
def test_texts(value: str) -> None:
    assert read_back(write({"a": value, "b": [value]})) == {"a": value, "b": [value]}


@pytest.mark.parametrize("seed", range(5))
def test_documents(seed: int) -> None:
    """`python -m tests.readback --count 100000` is the long form."""
    generator = random.Random(seed)
    for _ in range(100):
        value = document(generator)
        assert differences(value) is None


def test_numbers_as_names_keep_their_spelling() -> None:
    node = read("name: 2.50\nlist: [017, 1e-3, 0x1F]\n", "a.yaml", Diagnostics())
    assert node is not None
    assert write(plain(node, spelled=True)) == "name: 2.50\nlist: [017, 1e-3, 0x1F]\n"


def test_what_older_versions_wrote() -> None:
    old = "training:\n  optimizer: {adam: !!float '1e-05'}\n  list:\n  - !!float '-2.5e+22'\n"
    assert read_back(of_older_versions(old)) == {"training": {"optimizer": {"adam": 1e-5}, "list": [-2.5e22]}}


def test_a_run_of_an_older_version_is_read_and_a_strangers_tag_is_not(tmp_path: Path) -> None:
    from cnnspec import pipeline

    spec = tmp_path / "spec.yaml"
    spec.write_text("input: [8]\nlayers: [{dense: 2}]\ntraining: {optimizer: {adam: !!float '1e-05'}}\n")
    assert [found.code for found in pipeline.check_file(spec).diagnostics] == ["yaml-tag"]
    (tmp_path / "environment.json").write_text("{}")
    report = pipeline.check_file(spec)
    assert report.ok
    assert "1e-05" in report.resolved or "1.0e-05" in report.resolved
