"""Expressions in the words of other languages: `a && b`, `2^3`, `x ? 1 : 2`, `math.sqrt(x)`, `${name}`."""

from __future__ import annotations

import ast
import re
import warnings
from typing import NamedTuple

_SIGNS = (
    (re.compile(r"&&"), " and ", "`&&` is no operator here: it is `and`"),
    (re.compile(r"\|\|"), " or ", "`||` is no operator here: it is `or`"),
    (re.compile(r"\bAND\b"), "and", "`AND` is written `and` here"),
    (re.compile(r"\bOR\b"), "or", "`OR` is written `or` here"),
    (re.compile(r"\bNOT\b"), "not", "`NOT` is written `not` here"),
    (re.compile(r"!(?!=)"), "not ", "`!` is no operator here: it is `not`"),
    (re.compile(r"(?<=[\w)]) [x×·] (?=[\w(])"), " * ", "`{}` is no operator here: it is `*`"),
    (re.compile(r"\^"), "**", "`^` is no operator here: a power is `**`"),
    (re.compile(r"(?<![=<>!])=(?!=)"), "==", "`=` compares nothing: it is `==`"),
    (re.compile(r"\b(?:math|np|numpy|Math|torch|tf)\.(?!sqrt\()"), "", "functions stand alone here, without `{}`"),
    (re.compile(r"\$"), "", "inside `$(…)` names stand without `$`"),
)
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_ROOT = re.compile(r"\b(?:(?:math|np|numpy|Math|torch|tf)\.)?sqrt(\([^()]*\))")
_TERNARY = re.compile(r"\$\(([^?:]+)\?([^?:]+):([^?:]+)\)")


class Habit(NamedTuple):
    """A code, a message, which characters are to blame, what to write, and the expression in our words."""

    code: str
    message: str
    start: int = 0
    length: int = 0
    help: str | None = None
    mend: str | None = None


def habit(text: str) -> Habit | None:
    """What an expression in another language's words is in ours."""
    bare = _QUOTED.sub(lambda quoted: "_" * len(quoted[0]), text)
    if found := _TERNARY.fullmatch(bare):
        test, one, other = (text[slice(*found.span(group))].strip() for group in (1, 2, 3))
        written = f"$({one} if {test} else {other})"
        message = "`? :` is no operator here: it is `a if c else b`"
        return Habit("expression-syntax", message, help=f"write `{short(written)}`", mend=written)
    for sign, put, message in _SIGNS:
        places = list(sign.finditer(bare, 1))
        if places and not (places[0][0] == " x " and reads(text)):  # `[x for x in sizes]` is in our words
            written = text
            for place in reversed(places):
                written = f"{written[: place.start()]}{put}{written[place.end() :]}"
            written = re.sub(" +", " ", written)
            return _told("expression-syntax", message.format(places[0][0].strip()), places[0], written)
    if found := _ROOT.search(bare):
        inner = text[slice(*found.span(1))]
        inner = inner[1:-1] if inner[1:-1].replace(".", "").isalnum() else inner
        written = f"{text[: found.start()]}{inner} ** 0.5{text[found.end() :]}"
        return _told("expression-name", "no function is called `sqrt`", found, written)
    return None


def _told(code: str, message: str, found: re.Match[str], written: str) -> Habit:
    sure = written if reads(written) else None
    help = f"write `{written}`" if sure and len(written) <= 60 else None
    return Habit(code, message, found.start(), len(found[0]), help, sure)


def reads(text: str) -> bool:
    """Whether `$(…)` is an expression of Python's."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text[1:], mode="eval")
    except (SyntaxError, RecursionError, MemoryError, ValueError):
        return False
    return True


def way_to_write(text: str) -> str | None:
    """What to write instead of `${filters}` or `$filters * 2`."""
    if braces := re.fullmatch(r"\$\{\s*([A-Za-z_]\w*)\s*\}", text):
        return f"${braces[1]}"
    bare = text.replace("${", "$").replace("}", "").replace("$", "").strip()
    if bare.startswith("(") and bare.endswith(")"):
        bare = bare[1:-1]
    written = f"$({bare})"
    return written if 0 < len(bare) <= 40 and reads(written) else None


def short(text: str) -> str:
    """Its beginning."""
    return text if len(text) <= 30 else text[:29] + "…"
