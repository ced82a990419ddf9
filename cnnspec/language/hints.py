"""What to write instead of a value of the wrong kind: Python's tuples, quoted numbers, bare fractions, `yes`, …"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

_TUPLE = re.compile(r"\((.*)\)")
_TIMES = re.compile(r"\d+([x×]\d+)+")
_PERCENT = re.compile(r"(\d+(?:\.\d+)?) ?%")
_COMPUTED = re.compile(r"\(?[\w.() ]+([-+*/]+[\w.() ]+)+\)?")
_TRUTHS = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}


class Hint(NamedTuple):
    """A help line, the text that mends the value where it is sure, and the word that may be a parameter's name."""

    help: str
    text: str | None = None
    word: str | None = None


def hint(value: Any, wanted: str, name: str, only: bool = True) -> str | None:
    """The help line of `mend`."""
    found = mend(value, wanted, name, only)
    return found.help if found else None


def mend(value: Any, wanted: str, name: str, only: bool = True) -> Hint | None:
    """What to write for `value` where one of the kind `wanted` belongs: `number`, `whole`, `truth`, `text` or `list`;
    `only` says that nothing else than a list would do."""
    if isinstance(value, tuple | list):
        return _alone(value, wanted)
    if wanted == "list" and value is not None:
        return _list(value, name, only)
    if wanted == "text" and isinstance(value, int | float) and not isinstance(value, bool):
        return _write(f'"{value}"')
    if wanted == "truth" and name != "condition" and value in (0, 1) and not isinstance(value, bool):
        return _write("true" if value else "false")
    if wanted in ("number", "whole") and isinstance(value, float) and value.is_integer():
        return _write(str(int(value))) if abs(value) < 1e15 else None
    return _text(value.strip(), wanted) if isinstance(value, str) else None


def _write(text: str, why: str = "") -> Hint:
    return Hint(f"write `{text}`{why}", text)


def _alone(values: tuple[Any, ...] | list[Any], wanted: str) -> Hint | None:
    """A list of one where a single value belongs."""
    if len(values) != 1 or wanted not in ("number", "whole", "truth", "text"):
        return None
    (value,) = values
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if wanted in ("number", "whole") and number:
        return _write(f"{value}", ", without brackets")
    return _write(value, ", without brackets") if wanted == "text" and isinstance(value, str) and value else None


def rate_hint(value: Any, bound: Any) -> Hint | None:
    """What to write for a percentage where a fraction of 1 belongs."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if bound != 1 or not number or not 10 <= value <= 100:
        return None
    return _write(f"{value / 100:g}", ": it is a fraction, not per cent")


def _list(value: Any, name: str, only: bool) -> Hint | None:
    if isinstance(value, str) and name in ("input", "target_shape") and re.fullmatch(r"\d+( ?\* ?\d+)+", value):
        value = re.sub(r" ?\* ?", "x", value)
    if isinstance(value, str) and (written := _brackets(value)):
        return _write(written) if "…" not in written else Hint(f"write `{written}`")
    if not only:
        return _text(value, "number") if isinstance(value, str) else None
    if isinstance(value, Mapping):
        return Hint(f"write a list: `{name}: [{{{next(iter(value), '…')}: …}}]`", "- ")
    return Hint(f"write a list: `{name}: [{value}]`", f"[{value}]" if isinstance(value, int | float | str) else None)


def _text(text: str, wanted: str) -> Hint | None:
    if wanted == "truth":
        truth = _TRUTHS.get(text.lower()) or (text.lower() if text.lower() in ("true", "false") else None)
        return _write(truth) if truth else Hint("write `true` or `false`, or leave it out") if text == "None" else None
    if wanted == "text":
        return None
    if re.fullmatch(r"-?[\d.]+[,;]", text):
        return _write(text[:-1], f", without the {'comma' if text[-1] == ',' else 'semicolon'}")
    if noted := re.fullmatch(r"([^\s#]+)#\S.*", text):
        return Hint(f"put a space before the comment: `{noted[1]} #…`")
    if re.fullmatch(r"-?\d+", text) or (wanted == "number" and re.fullmatch(r"-?\d*\.?\d+(e-?\d+)?", text)):
        return _write(text, ", without quotes")
    if re.fullmatch(r"\d+,\d+", text) and wanted == "number":
        return _write(text.replace(",", "."), ", with a point")
    if re.fullmatch(r"\d{1,3}([,_]\d{3})+", text):
        return _write(re.sub("[,_]", "", text))
    if percent := _PERCENT.fullmatch(text):
        share = f"{float(percent[1]) / 100:g}"
        return _write(share) if wanted == "number" else None
    if name := re.fullmatch(r"\{\{\s*([A-Za-z_]\w*)\s*\}\}", text):
        return _write(f"${name[1]}")
    if written := _brackets(text) if "," in text or not _COMPUTED.fullmatch(text) else None:
        return Hint(f"write `{written}`") if wanted == "list" else None
    if re.fullmatch(r"\d+( +\d+)+", text):
        return _write(re.sub(" +", ", ", text), ", with commas")
    if text.lower() in ("none", "nil", "undefined"):
        return Hint("leave it out, or write `null` where nothing is a value")
    if power := re.fullmatch(r"(?:(\d+(?:\.\d+)?) *[*x×·] *)?10(?:\^|\*\*)(-?\d+)", text):
        return _write(f"{power[1] or 1}e{power[2]}")
    if wanted == "number" and re.fullmatch(r"-?\d+(\.\d+)?([eE]-?\d+)?[.f]", text):
        return _write(text[:-1])
    if pair := re.fullmatch(r"([A-Za-z_]\w*) *[=:] *([\w.+-]+)", text):
        return _write(pair[2] if pair[1] == name else f"{{{pair[1]}: {pair[2]}}}")
    if text.startswith("=") and _COMPUTED.fullmatch(text[1:].strip()):
        return _write(f"$({text[1:].strip()})", " to compute it")
    if text.isidentifier():
        help = f"if `{text}` is a parameter, write `${text}`"
        return Hint(help, word=text) if text.lower() not in _TRUTHS else None
    if not _COMPUTED.fullmatch(text):
        return None
    inner = text[1:-1] if text.startswith("(") and text.endswith(")") else text
    numbers = re.fullmatch(r"[\d.]+( *[-+*/] *[\d.]+)+", inner)
    return Hint(f"write `$({inner})` to compute it", f"$({inner})" if numbers or " " in inner else None)


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
