"""Writes what in docs/ follows from the project itself: `make docs`. Tests say when one is out of date.

docs/layers.md and docs/cnnspec.schema.json come from the entries, docs/diagnostics.md from the pages of the codes,
docs/catalogue.md from the bad specs of the tests and their renderings, a table in docs/training.md from the function
that decides what labels mean.
"""

from __future__ import annotations

import re
from pathlib import Path

from cnnspec.layers.base import LAYERS
from cnnspec.reference import codes
from cnnspec.reference.kinds import families
from cnnspec.reference.schema import as_text, schema
from cnnspec.reference.standard import standard_blocks
from cnnspec.reference.texts import text_of
from cnnspec.reference.values import signature, signature_of
from docs.label_table import with_table

PAGE = Path(__file__).parent / "layers.md"
SCHEMA = Path(__file__).parent / "cnnspec.schema.json"
DIAGNOSTICS = Path(__file__).parent / "diagnostics.md"
TRAINING = Path(__file__).parent / "training.md"
CATALOGUE = Path(__file__).parent / "catalogue.md"
BAD = Path(__file__).parents[1] / "tests" / "bad"
HEAD = """# The layers

Every layer with its rule, its arguments (their defaults after `=`), and an example that runs in the tests. The first
argument that may be written as `name: value` stands first. Every layer also takes `name`, `inputs` and `trainable`.
Shapes leave the batch out. The standard blocks stand at the end; they are called like layers.

This page is written by `make docs` from the layers' own texts; `cnnspec layers NAME` prints the same.
"""
DIAGNOSTICS_HEAD = """# Diagnostics

A diagnostic is a stable code, a severity, one message with names and values, the place, other places that explain it,
at most one line that says what to write, and where that is mechanical a fix. `--format json` prints

    {"diagnostics": [{"code", "severity", "message", "help", "file", "line", "column", "end_line", "end_column",
                      "related": [{"message", "file", "line", "column"}],
                      "fix": {"line", "column", "end_line", "end_column", "text"} | null}]}

with lines and columns from 1. All independent mistakes come in one run, and none that follows from another: an entry
that fails has an unknown shape, which silences what depends on it. A mistake in a block shows its line in the block,
once, and the place of the call.

`cnnspec explain CODE` tells what a code means, why it matters and how to mend it, with a wrong example and a right one;
each code below leads to the same text. [The catalogue](catalogue.md) shows the messages as they are printed.

This page is written by `make docs` from `cnnspec/codes/`.
"""
CATALOGUE_HEAD = """# A catalogue of mistakes

Each row is a spec with a mistake in it, and the first line of what `cnnspec validate` says about it. A name leads to
the spec; the `.txt` beside it has the whole answer, with the places, the reasons and what to write. Further mistakes in
the same file are counted at the end of a message. The tests compare every one of them.

This page is written by `make docs` from `tests/bad/`.
"""
_FIRST = re.compile(r"^(?:error|warn)\[([\w-]+)\]: (.*)$", re.MULTILINE)


def page() -> str:
    """The whole page of layers."""
    parts = [HEAD]
    for family, names in families().items():
        parts.append(f"## {family.replace('_', ' ').capitalize()}\n")
        for name in names:
            parts.append(_entry(name, text_of(LAYERS[name].__doc__).with_arguments(signature(LAYERS[name]))))
    blocks = standard_blocks()
    parts += ["## Standard blocks\n"] * bool(blocks)
    parts += [_entry(name, block.text.with_arguments(signature_of(block.parameters))) for name, block in blocks.items()]
    return "\n".join(parts)


def _entry(name: str, markdown: str) -> str:
    return f"### `{name}`\n\n{markdown}\n"


def diagnostics() -> str:
    """The page of codes: a table for each family."""
    parts = [DIAGNOSTICS_HEAD]
    for family, listed in codes.families().items():
        rows = [
            f"| [`{code.code}`](../cnnspec/codes/{code.code}.md) | {code.severity} | {code.title} |" for code in listed
        ]
        parts.append(_table(family, "| code | severity | when |\n|---|---|---|", rows))
    return "\n".join(parts)


def training() -> str:
    """The page on training, with its table of what labels are taken for."""
    return with_table(TRAINING.read_text(encoding="utf-8"))


def catalogue() -> str:
    """The page of bad specs: a table for each family of what is said first about them."""
    rows: dict[str, list[str]] = {}
    for path in sorted(BAD.glob("*.txt")):
        (code, message), *others = _FIRST.findall(path.read_text(encoding="utf-8"))
        more = f" (and {len(others)} more)" if others else ""
        link = f"[{path.stem}](../tests/bad/{path.stem}.yaml)"
        rows.setdefault(code, []).append(f"| {link} | `{code}` | {_cell(message)}{more} |")
    parts = [CATALOGUE_HEAD]
    for family, listed in codes.families().items():
        found = [row for code in listed for row in rows.get(code.code, ())]
        parts += [_table(family, "| spec | code | message |\n|---|---|---|", found)] * bool(found)
    return "\n".join(parts)


def _table(title: str, head: str, rows: list[str]) -> str:
    return "\n".join([f"## {title}\n", head, *rows, ""])


def _cell(text: str) -> str:
    """The text as it stands in a table; what is in backticks needs no escapes but that of the bar."""
    parts = text.replace("|", "\\|").split("`")
    return "`".join(part if at % 2 else part.replace("<", "&lt;").replace("*", "\\*") for at, part in enumerate(parts))


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    SCHEMA.write_text(as_text(schema()), encoding="utf-8")
    DIAGNOSTICS.write_text(diagnostics(), encoding="utf-8")
    CATALOGUE.write_text(catalogue(), encoding="utf-8")
    TRAINING.write_text(training(), encoding="utf-8")
