"""`cnnspec layers` as a user runs it, and the pages behind it."""

from __future__ import annotations

import json

import pytest

from cnnspec.language.library import standard_names
from cnnspec.layers.base import LAYERS
from cnnspec.reference import pages
from cnnspec.reference.kinds import families, vocabularies
from cnnspec.reference.structures import STRUCTURES
from cnnspec.reference.texts import first_sentence, text_of
from tests.cli.test_validate_and_summary import run


def test_all_of_them_on_one_line_each() -> None:
    done = run("layers")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert "Convolution" in lines
    for name in (
        *LAYERS,
        *STRUCTURES,
        *standard_names(),
        "adam",
        "cosine_decay",
        "early_stopping",
        "he_normal",
        "mnist",
    ):
        assert any(line.startswith(f"  {name} ") for line in lines), name
    summary = next(line for line in lines if line.startswith("  flatten ")).split(maxsplit=1)[1]
    assert summary.startswith("All values of a sample in one vector")
    assert "Example" not in done.stdout


def test_one_of_them() -> None:
    done = run("layers", "max_pooling2d")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("max_pooling2d: {pool_size = 2, ")
    for part in (
        "max_pooling2d is a layer.",
        "strides    a whole number from 1, or a list with one for each axis (= null)",
        "Example:\n    input: [",
        "takes `name`, `inputs` and `trainable`",
    ):
        assert part in done.stdout


def test_errors_and_source_have_lines_of_their_own() -> None:
    text = run("layers", "conv2d").stdout
    assert "\nErrors: `shape-window` (the kernel does not fit)" in text
    assert "\nSource: V. Dumoulin and F. Visin" in text
    assert "  filters               a whole number from 1 (required)\n" in text


def test_a_name_of_two_kinds_has_two_pages() -> None:
    text = run("layers", "relu").stdout
    assert "relu is a layer." in text
    assert "relu is an activation." in text


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("adam", "an optimizer"),
        ("residual", "a word of the language"),
        ("npz", "a data source"),
        ("l2", "a regularizer"),
    ],
)
def test_other_kinds(name: str, kind: str) -> None:
    assert f"{name} is {kind}." in run("layers", name).stdout


@pytest.mark.parametrize(("name", "guess"), [("cnv2d", "conv2d"), ("MaxPool2d", "max_pooling2d"), ("adm", "adam")])
def test_did_you_mean(name: str, guess: str) -> None:
    done = run("layers", name)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"Error: nothing is called `{name}`; did you mean `{guess}`?\n"


def test_nothing_like_it() -> None:
    done = run("layers", "quuxquux")
    assert done.returncode == 2
    assert done.stderr == "Error: nothing is called `quuxquux`; `cnnspec layers` lists all\n"


def test_json_of_all() -> None:
    groups = json.loads(run("layers", "--json").stdout)["groups"]
    layers = [entry["name"] for group in groups if group["kind"] == "layer" for entry in group["entries"]]
    assert layers == [name for names in families().values() for name in names]
    assert {group["kind"] for group in groups} == {*vocabularies(), "structure", "block"}


def test_json_of_one() -> None:
    (page,) = json.loads(run("layers", "dropout", "--json").stdout)["entries"]
    assert page["name"] == "dropout"
    assert page["arguments"][0] == {"name": "rate", "takes": "a number from 0 to 1", "required": True}
    assert page["arguments"][1] == {
        "name": "seed",
        "takes": "a whole number from 0",
        "required": False,
        "default": None,
    }
    assert page["example"].startswith("input: ")


def test_every_page_says_something() -> None:
    for page in (page for name in pages.names() for page in pages.pages(name)):
        assert 1 <= len(page.text.summary) < 200, page.name
        assert page.text.body.startswith(page.text.summary)
        assert page.kind != "a layer" or page.text.example
        assert page.kind != "a standard block" or page.text.example


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("The mean of (y − ŷ)².", "The mean of (y − ŷ)²"),
        ("Uniform (K. He et al., 2015); for ReLU networks.", "Uniform (K. He et al., 2015)"),
        ("max(x, 0); with arguments: a slope.", "max(x, 0)"),
        ("Adam (D. Kingma and J. Ba, 2015). More.", "Adam (D. Kingma and J. Ba, 2015)"),
        ("Half of 0.5 and more", "Half of 0.5 and more"),
    ],
)
def test_first_sentences(text: str, sentence: str) -> None:
    assert first_sentence(text) == sentence


def test_the_parts_of_a_docstring() -> None:
    text = text_of("""One thing. Source: A. Author, A Paper,
    2020.

    More of it.
    Errors: `a-code` (why).

    Example:
        input: [1]
        layers:
          - flatten
    """)
    assert (text.summary, text.body, text.source) == (
        "One thing",
        "One thing.",
        "A. Author, A Paper, 2020. More of it.",
    )
    assert text.errors == "`a-code` (why)."
    assert text.example == "input: [1]\nlayers:\n  - flatten"
