"""Plain values → YAML text that reads back as the same values, in YAML 1.2 and 1.1 alike."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cnnspec.language.nodes import Spelled

_WIDTH = 120
_LONGEST_KEY = 1000
"""YAML looks no further for the colon of a key."""
_PLAIN = re.compile(r"[A-Za-z_$][\w$().+*/%-]*(?: [\w$().+*/%-]+)*", re.ASCII)
"""Texts that may stand without quotes wherever a value may."""
_READ_OTHERWISE = re.compile(r"(?:y|yes|n|no|on|off|true|false|null)", re.IGNORECASE)
"""Words that one YAML or the other takes for a truth, or for nothing."""
_LOOKS_ODD = ("//", "--", " -", "- ")
_OLDER = re.compile(r"!!(?:float|int) '([-+0-9.eE]+)'")


def write(value: Any) -> str:
    """The text of plain data: mappings, lists and atoms. A value of its own is one line; collections of atoms are
    written on one line where that is not too long."""
    if isinstance(value, Mapping | list | tuple) and value:
        return "\n".join(_block(value)) + "\n"
    return _flow(value) + "\n"


def of_older_versions(text: str) -> str:
    """The text of a run's spec that reads as it was meant: older versions wrote `!!float '1e-05'` for a number.

    Only for what a run folder holds: in a spec that a person wrote, tags are refused.
    """
    return _OLDER.sub(r"\1", text)


def _block(value: Any) -> Iterator[str]:
    """The lines of a collection that is not empty."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            name = _text(str(key))
            if len(name) > _LONGEST_KEY:
                yield f"? {name}"
                name = ""
            if _short(item, len(name) + 2):
                yield f"{name}: {_flow(item)}"
            else:
                yield f"{name}:"
                yield from ("  " + line for line in _block(item))
        return
    for item in value:
        if _short(item, 2):
            yield f"- {_flow(item)}"
        else:
            first, *rest = _block(item)
            yield f"- {first}"
            yield from ("  " + line for line in rest)


def _short(value: Any, before: int) -> bool:
    """Whether a value stands on the line of its key: atoms, empty collections, and short ones of atoms."""
    if not isinstance(value, Mapping | list | tuple) or not value:
        return True
    if isinstance(value, Mapping) and any(len(str(key)) > _LONGEST_KEY // 12 for key in value):
        return False
    items = value.values() if isinstance(value, Mapping) else value
    if any(isinstance(item, Mapping | list | tuple) and item for item in items):
        return False
    return before + len(_flow(value)) <= _WIDTH


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_text(str(key))}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return _atom(value)


def _atom(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case Spelled():
            return value.text
        case int():
            return str(value)
        case float():
            return _float(value)
    return _text(str(value))


def _float(value: float) -> str:
    """With a dot in any case, which YAML 1.1 asks for."""
    if math.isnan(value):
        return ".nan"
    if math.isinf(value):
        return ".inf" if value > 0 else "-.inf"
    mantissa, mark, exponent = repr(value).partition("e")
    return mantissa + ".0" * (bool(mark) and "." not in mantissa) + mark + exponent


def _text(value: str) -> str:
    """A text, in quotes unless it cannot be taken for anything else. What no line holds is escaped."""
    plain = _PLAIN.fullmatch(value) and not _READ_OTHERWISE.fullmatch(value)
    if plain and value.count("(") == value.count(")") and not any(odd in value for odd in _LOOKS_ODD):
        return value
    quoted = json.dumps(value, ensure_ascii=False)
    return re.sub(r"[\x7f-\xa0\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]", _escaped, quoted)


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"
