"""The schema of the language, beside the language itself: what holds passes, and mistakes that a schema can see fail."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from cnnspec.language import structures
from cnnspec.language.document import Document
from cnnspec.language.library import STANDARD
from cnnspec.layers.base import LAYERS
from cnnspec.reference.kinds import vocabularies
from cnnspec.reference.schema import as_text, schema
from cnnspec.reference.structures import STRUCTURES
from cnnspec.reference.texts import text_of
from docs import generate
from tests.schema.reading import ROOT, problems, validator, values
from tests.test_docs import EXAMPLES

SPECS = sorted((ROOT / "specs").rglob("*.yaml"))
BLOCKS = sorted(STANDARD.glob("*.yaml"))
BAD = sorted((ROOT / "tests" / "bad").glob("*.yaml"))
_MODELINE = re.compile(r"# yaml-language-server: \$schema=(\S+)\n")

_SEEN = {
    "bad-choice", "block-name", "entry-form", "entry-two-names", "input-twice", "missing-argument", "missing-inputs",
    "missing-key", "name-invalid", "out-of-range", "repeat-form", "spec-form", "task-keys", "unknown-activation",
    "unknown-argument", "unknown-constraint", "unknown-data-source", "unknown-initializer", "unknown-key",
    "unknown-layer", "unknown-loss", "unknown-metric", "unknown-optimizer", "unknown-regularizer", "unknown-schedule",
    "unknown-task", "version", "wrong-length", "wrong-type",
}  # fmt: skip
"""The codes of mistakes that stand in the text of one value, where a schema can see them."""


def test_it_is_a_schema() -> None:
    Draft7Validator.check_schema(schema())
    definitions = schema()["definitions"]
    for part in _parts(schema()):
        target = part.get("$ref", "#/definitions/name")
        assert target.removeprefix("#/definitions/") in definitions
        if isinstance(part.get("enum"), list):
            assert len({json.dumps(value) for value in part["enum"]}) == len(part["enum"])


def _parts(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _parts(part)


def test_the_file_is_current_and_of_a_size_for_editors() -> None:
    text = generate.SCHEMA.read_text(encoding="utf-8")
    assert json.loads(text) == schema(), "run `make docs`"
    assert text == as_text(schema())
    assert len(text.encode()) < 1_200_000


def test_it_knows_every_key_of_the_language() -> None:
    whole = schema()
    assert set(whole["properties"]) == set(Document.model_fields)
    assert {name: set(word.keys) for name, word in STRUCTURES.items()} == {
        name: set(keys) for name, keys in structures.STRUCTURES.items()
    }
    item = whole["definitions"]["item_only"]["anyOf"][0]["properties"]
    assert set(item) == {*LAYERS, *STRUCTURES, *(path.stem for path in BLOCKS)}
    for kind, vocabulary in vocabularies().items():
        listed = whole["definitions"][kind.replace(" ", "_")]
        listed = listed["allOf"][0] if kind == "layer" else listed
        merges = {name for name, cls in vocabulary.items() if getattr(cls, "merges", False)}
        assert set(listed["anyOf"][0]["properties"]) == set(vocabulary) - merges


@pytest.mark.parametrize("path", [*SPECS, *BLOCKS], ids=lambda path: path.stem)
def test_every_spec_passes(path: Path) -> None:
    assert problems(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(("page", "line", "text"), EXAMPLES, ids=[f"{page}:{line}" for page, line, _ in EXAMPLES])
def test_every_spec_in_the_docs_passes(page: str, line: int, text: str) -> None:
    assert problems(text) == []


@pytest.mark.parametrize("kind", list(vocabularies()))
def test_every_example_passes(kind: str) -> None:
    for name, cls in vocabularies()[kind].items():
        for example in text_of(cls.__doc__).examples:
            assert problems(_whole(example)) == [], name


@pytest.mark.parametrize("name", list(STRUCTURES))
def test_every_example_of_a_structure_passes_and_holds(name: str) -> None:
    from cnnspec import pipeline

    example = STRUCTURES[name].text.example
    assert problems(example) == []
    assert pipeline.check_text(example).diagnostics == ()


def _whole(example: str) -> str:
    """An example as a spec: layers stand in one, the others in its sections."""
    rest = "" if "layers:" in example else "input: [8, 8, 1]\nlayers: [flatten]\n"
    top = re.match(r"(input|inputs|layers|data|training|extends|blocks|parameters):", example)
    return rest + (example if top else "training:\n" + "".join(f"  {line}\n" for line in example.splitlines()))


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_every_spec_names_its_schema(path: Path) -> None:
    named = _MODELINE.match(path.read_text(encoding="utf-8"))
    assert named, f"start with `# yaml-language-server: $schema={_relative(path)}`"
    assert (path.parent / named[1]).resolve() == generate.SCHEMA.resolve()


def _relative(path: Path) -> str:
    return "../" * len(path.relative_to(ROOT).parent.parts) + "docs/cnnspec.schema.json"


_UNSEEN = {
    "argument_nan": "JSON knows no NaN, so no bound refuses it",
    "block_argument": "an own block's parameters are the file's to say",
    "block_inputs_as_arguments": "an own block's inputs are the file's to say",
    "block_parameter_undeclared": "an own block's parameters are the file's to say",
    "normalization_lengths": "the value of a parameter",
    "schedule_from_zero": "a rate of 0 is right before a warm-up",
    "block_splice": "what a parameter holds is known where it is called",
    "block_unused_with_mistake": "in a file with blocks, a word that is no layer may be one of them",
    "block_value_inside": "what a parameter holds is known where it is called",
    "block_value_list": "what a parameter holds is known where it is called",
    "expression_fraction": "the value of an expression",
    "expression_spreadsheet": "an own block's parameters are the file's to say",
    "gan_shared_parameter": "what a parameter holds is known where it is used",
    "imports_mistake_in_the_file": "it stands in another file",
    "imports_not_handed_on": "it stands in another file",
    "inputs_first_entry": "whether an entry stands where several inputs come in",
    "inputs_first_merge": "whether an entry stands where several inputs come in",
    "layers_computed": "what a parameter holds is known where it is called",
    "metric_name_line_end": "a schema has no word for letters that cannot be printed",
    "tensorboard_outside": "where a path leads",
    "parameter_fraction": "the value of an expression",
    "parameter_per_cent": "what a parameter holds is known where it is used",
    "standard_block_argument_value": "what a block's parameter takes is known where it is used",
    "standard_block_embedding": "the value of an expression",
    "standard_block_divides": "the value of an expression",
    "standard_block_number": "what a block's parameter takes is known where it is used",
    "repeat_rows_in_one_list": "what the values of a repetition are for is known where they are used",
    "repeat_value_of_a_row": "what the values of a repetition are for is known where they are used",
    "when_condition": "the value of an expression",
}
"""Mistakes of these codes that a schema cannot see, each with the reason."""


def codes(path: Path) -> set[str]:
    text = path.with_suffix(".txt").read_text(encoding="utf-8")
    return set(re.findall(r"^(?:error|warn)\[([\w-]+)\]", text, re.MULTILINE))


def first(path: Path) -> str:
    text = path.with_suffix(".txt").read_text(encoding="utf-8")
    return re.findall(r"^(?:error|warn)\[([\w-]+)\]", text, re.MULTILINE)[0]


@pytest.mark.parametrize("path", [path for path in BAD if first(path) in _SEEN], ids=lambda path: path.stem)
def test_a_mistake_that_a_schema_can_see_fails(path: Path) -> None:
    found = values(path.read_text(encoding="utf-8"))
    if path.stem in _UNSEEN:
        assert validator().is_valid(found), "no exception any more"
    else:
        assert not validator().is_valid(found)


@pytest.mark.parametrize("path", [path for path in BAD if not codes(path) & _SEEN], ids=lambda path: path.stem)
def test_a_mistake_that_a_schema_cannot_see_passes(path: Path) -> None:
    found = values(path.read_bytes().decode("utf-8", "replace"))
    if found is not None and path.stem not in _SEEN_ALL_THE_SAME:
        assert validator().is_valid(found)
    else:
        assert found is None or not validator().is_valid(found), "no exception any more"


_SEEN_ALL_THE_SAME = {
    "labels_unknown_kind": "the kinds of labels are listed, and contradictions of the same code are not seen",
    "block_parameters_not_indented": "the keys of a block that are not indented are none",
    "block_keys_not_indented": "the keys of a block that are not indented are blocks",
    "inputs_without_brackets": "a name holds no comma",
    "expression_hyphen": "a name that no parameter can have",
    "expression_not_closed": "the half of an expression that a comma leaves is none",
    "table_columns_of_no_role": "the keys of `columns` are known",
    "standard_block_inputs": "a standard block of several inputs needs `inputs`",
}
"""Mistakes of other codes that a schema sees, each with the reason."""


def test_no_exception_is_stray() -> None:
    assert {*_UNSEEN, *_SEEN_ALL_THE_SAME} <= {path.stem for path in BAD}
