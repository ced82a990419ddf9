"""Patterns of the names of files that belong together, as a spec writes them. Pure."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator

from cnnspec.language.entries import refuse, shown
from cnnspec.language.forms import Form

STEM = "{stem}"
"""What stands for the part that two names share."""


def _pattern(value: Any) -> Any:
    if isinstance(value, str) and value.count(STEM) == 1 and value.count("{") == 1 and "/" not in value:
        return value
    help = f'write `"{STEM}_mask"`, in quotes, where the second name is the first with `_mask` behind it'
    if isinstance(value, str) and "/" in value:
        help = f"name the folder as the path, and here the file alone, such as `{value.rsplit('/', 1)[-1] or STEM}`"
    raise refuse("wrong-type", f"{shown(value)} is no pattern of names with one `{STEM}`", help)


NamePattern: TypeAlias = Annotated[
    Any,
    BeforeValidator(_pattern),
    Form(
        lambda rank: {"type": "string", "pattern": r"^(\$.*|[^{}/]*\{stem\}[^{}/]*)$"},
        f"a pattern of names, with `{STEM}` for what both share",
    ),
]
