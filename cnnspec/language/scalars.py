"""YAML 1.2 core schema for plain scalars: `1e-3` is a number, `no` is text, `017` is seventeen."""

from __future__ import annotations

import math
import re

from cnnspec.language.limits import INTEGER_DIGITS
from cnnspec.language.nodes import Atom

_CONSTANTS: dict[str, Atom] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
}
_INTEGER = re.compile(r"[-+]?[0-9]+")
_OTHER_BASE = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INFINITY = re.compile(r"([-+]?)\.(inf|Inf|INF)")


def is_text(text: str) -> bool:
    """Whether an unquoted scalar is read as the text that it is, not as a number, a truth or null."""
    try:
        return resolve(text) == text
    except OverflowError:
        return False


def resolve(text: str) -> Atom:
    """The value of an unquoted scalar. Raises `OverflowError` for an integer of too many digits."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if text[0] not in "+-.0123456789":
        return text
    if _INTEGER.fullmatch(text):
        if len(text.lstrip("+-")) > INTEGER_DIGITS:
            raise OverflowError(text)
        return int(text)
    if _OTHER_BASE.fullmatch(text):
        if len(text) > INTEGER_DIGITS:
            raise OverflowError(text)
        return int(text, 0)
    if _FLOAT.fullmatch(text):
        return float(text)
    if infinity := _INFINITY.fullmatch(text):
        return -math.inf if infinity[1] == "-" else math.inf
    return text
