"""What yaml-language-server makes of the schema: live where it is installed, and its record."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from cnnspec.layers.base import LAYERS
from cnnspec.reference.standard import standard_names
from cnnspec.reference.structures import STRUCTURES
from tests.schema import language_server as lsp


@pytest.fixture(scope="module")
def command() -> list[str]:
    found = lsp.server()
    if found is None:
        pytest.skip("yaml-language-server is neither on PATH nor in $YAML_LANGUAGE_SERVER (npm package of that name)")
    return found


@pytest.fixture(scope="module")
def session(command: list[str]) -> Iterator[lsp.Session]:
    with lsp.Session(command) as started:
        yield started


@pytest.mark.parametrize("name", ["digits", "zoo/resnet50"])
def test_the_first_line_of_a_spec_is_enough(command: list[str], name: str) -> None:
    path = lsp.ROOT / "specs" / f"{name}.yaml"
    text = path.read_text(encoding="utf-8").replace("input:", f"in{lsp.CURSOR}put:", 1)
    with lsp.Session(command, schema=None) as session:
        assert "What comes in, without the batch" in session.ask("hover", text, path)["contents"]["value"]


def labels(session: lsp.Session, title: str) -> list[str]:
    return [line.partition("  ⇒  ")[0] for line in lsp.offered(session, lsp.COMPLETIONS[title])]


def test_layers_are_completed_with_what_they_need(session: lsp.Session) -> None:
    known = {*LAYERS, *STRUCTURES, *standard_names()}
    assert labels(session, "an entry of `layers`") == sorted(name for name in known if name.startswith("con"))
    offered = lsp.offered(session, lsp.COMPLETIONS["an entry of `layers`"])
    assert "conv2d  ⇒  'conv2d:\\n  filters: $1\\n  kernel_size: $2'" in offered
    assert "max_pooling2d  ⇒  'max_pooling2d'" in lsp.offered(session, lsp.COMPLETIONS["the layers of a block"])


@pytest.mark.parametrize(
    ("title", "some"),
    [
        ("the keys of a spec", ["layers"]),
        ("the arguments of a layer", ["activation", "kernel_size", "padding", "strides", "name", "inputs"]),
        ("the values of an argument", ["same", "valid"]),
        ("the activations", ["relu", "gelu", "softmax"]),
        ("the keys of a residual", ["layers", "shortcut", "activation"]),
        ("the keys of `training`", ["epochs", "optimizer", "callbacks"]),
        ("the optimizers", ["adam", "sgd"]),
        ("the arguments of an optimizer", ["learning_rate", "beta_1"]),
        ("the data sources", ["digits", "mnist"]),
    ],
)
def test_completion(session: lsp.Session, title: str, some: list[str]) -> None:
    assert {*some} <= {*labels(session, title)}


@pytest.mark.parametrize(
    ("title", "said"),
    [
        (
            "a layer",
            ["#### conv2d", "⌊(n + 2P − d(k − 1) − 1)/s⌋ + 1", "Source: V. Dumoulin", "- conv2d: {filters: 32"],
        ),
        ("a layer without arguments", ["#### flatten", "in one vector"]),
        ("an argument", ["#### strides", "one for each axis"]),
        ("a value that is an entry", ["he\\_normal", "√(2 / fan in)"]),
        ("a word of the language", ["#### residual", "added to its shortcut", "shortcut: projection"]),
        ("a key of the spec", ["height, width, channels", "input: [28, 28, 1]"]),
        ("an optimizer", ["#### adam", "`learning_rate = 0.001`"]),
    ],
)
def test_hover(session: lsp.Session, title: str, said: list[str]) -> None:
    text = session.ask("hover", lsp.HOVERS[title])["contents"]["value"]
    assert [part for part in said if part not in text] == []


@pytest.mark.parametrize(
    ("title", "said"),
    [
        ("a right spec", []),
        ("a layer that there is not", ["3: no layer or block is written so; `cnnspec layers` lists what there is"]),
        ("an argument that there is not", ["3: Property stride is not allowed."]),
        ("an argument that is missing", ['3: Missing property "kernel_size".']),
        ("a text for a number", ["3: a whole number from 1 is wanted here, or an expression such as `$name`"]),
        ("a value out of range", ["3: Value is above the maximum of 1."]),
        ("a call of an own block", []),
    ],
)
def test_diagnostics(session: lsp.Session, title: str, said: list[str]) -> None:
    assert session.check(lsp.CHECKS[title]) == said


def test_the_record_holds_the_whole_conversation() -> None:
    text = lsp.RECORD.read_text(encoding="utf-8")
    asked = {"completion": lsp.COMPLETIONS, "hover": lsp.HOVERS, "diagnostics": lsp.CHECKS}
    titles = [f"{method}: {title}" for method, cases in asked.items() for title in cases]
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == titles
    assert "nothing" not in re.findall(r"^  (\w+)$", text, re.MULTILINE)
    for cases in asked.values():
        for spec in cases.values():
            assert "".join(f"    {line}\n" for line in spec.rstrip("\n").split("\n")) in text
