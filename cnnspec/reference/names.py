"""Names in the schema: of entries, parameters and blocks; references to definitions, and texts."""

from __future__ import annotations

from cnnspec.language.forms import Schema

HIDDEN: Schema = {"doNotSuggest": True}
"""For yaml-language-server: right, but not to be offered (where a name alone is an entry, its mapping is not)."""

NAME: Schema = {"pattern": r"^[^\s!-,/:-@\[-^`{-~]+$", "patternErrorMessage": "a name is letters, digits, `_`, `-`"}
"""Letters and digits of any script, `_` and `-`; `.` where a name is within another."""
IDENTIFIER: Schema = {"type": "string", "pattern": r"^[A-Za-z_][^\s!-/:-@\[-^`{-~]*$"}
PARAMETER: Schema = {**IDENTIFIER, "not": {"enum": ["true", "false", "null", "name", "inputs"]}, **HIDDEN}


def ref(name: str) -> Schema:
    """A reference to a definition."""
    return {"$ref": f"#/definitions/{name}"}


def described(schema: Schema, title: str, markdown: str) -> Schema:
    """`schema` with a text, whose first paragraph is enough where there is no markdown."""
    plain = markdown.partition("\n\n")[0].replace("`", "")
    return {**schema, "title": title, "description": plain, "markdownDescription": markdown}


def head() -> Schema:
    """The arguments that every entry of a list of layers takes."""
    text = "A name for the output, for `inputs` and merges below: letters, digits, `_`, `-`."
    return {"name": described(ref("name"), "name", text), "inputs": ref("inputs")}
