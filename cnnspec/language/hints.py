"""What to write instead of a value of the wrong kind: Python's tuples, quoted numbers, bare fractions, `yes`, …"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_TUPLE = re.compile(r"\((.*)\)")
_TIMES = re.compile(r"\d+([x×]\d+)+")
_PERCENT = re.compile(r"(\d+(?:\.\d+)?) ?%")
_COMPUTED = re.compile(r"[\w.() ]+([-+*/]+[\w.() ]+)+")
_TRUTHS = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}


def hint(value: Any, wanted: str, name: str, only: bool = True) -> str | None:
    """A help line for `value` where one of the kind `wanted` belongs: `number`, `truth`, `text` or `list`;
    `only` says that nothing else than a list would do."""
    if wanted == "list" and value is not None and not isinstance(value, tuple | list):
        return _list(value, name, only)
    if wanted == "text" and isinstance(value, int | float) and not isinstance(value, bool):
        return f'write `"{value}"`'
    if wanted == "number" and isinstance(value, float) and value.is_integer():
        return f"write `{int(value)}`" if abs(value) < 1e15 else None
    return _text(value.strip(), wanted) if isinstance(value, str) else None


def rate_hint(value: Any, bound: Any) -> str | None:
    """A help line for a percentage where a fraction of 1 belongs."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return (
        f"write `{value / 100:g}`: it is a fraction, not per cent"
        if bound == 1 and number and 2 <= value <= 100
        else None
    )


def _list(value: Any, name: str, only: bool) -> str | None:
    if isinstance(value, str) and (written := _brackets(value)):
        return f"write `{written}`"
    if not only:
        return _text(value, "number") if isinstance(value, str) else None
    if isinstance(value, Mapping):
        return f"write a list: `{name}: [{{{next(iter(value), '…')}: …}}]`"
    return f"write a list: `{name}: [{value}]`"


def _text(text: str, wanted: str) -> str | None:
    if wanted == "truth":
        truth = _TRUTHS.get(text.lower()) or (text.lower() if text.lower() in ("true", "false") else None)
        return f"write `{truth}`" if truth else None
    if wanted == "text":
        return None
    if re.fullmatch(r"-?[\d.]+,", text):
        return f"write `{text[:-1]}`, without the comma"
    if re.fullmatch(r"-?\d+", text):
        return f"write `{text}`, without quotes"
    if percent := _PERCENT.fullmatch(text):
        return f"write `{float(percent[1]) / 100:g}`"
    if text.isidentifier():
        return f"if `{text}` is a parameter, write `${text}`" if text.lower() not in _TRUTHS else None
    return f"write `$({text})` to compute it" if _COMPUTED.fullmatch(text) else None


def _brackets(text: str) -> str | None:
    """A list as YAML writes it, for what is meant to be one: `(3, 3)`, `3x3`, `3, 3`."""
    if inner := _TUPLE.fullmatch(text):
        text = inner[1].strip().rstrip(",")
        return f"[{text}]" if text else None
    if _TIMES.fullmatch(text):
        return "[" + ", ".join(re.split("[x×]", text)) + "]"
    if text.startswith("(") and text[1:].strip().isdigit():
        return f"[{text[1:].strip()}, …]"
    return f"[{text}]" if re.fullmatch(r"\d+( *, *\d+)+", text) else None
