"""Values without quotes that signs stick to which only look like YAML's, or that belong to no value."""

from __future__ import annotations

import re
from typing import NamedTuple

LOOKALIKES = {
    **dict.fromkeys("“”„‟«»", '"'), **dict.fromkeys("‘’‚‛", "'"),
    "：": ":", "，": ",", "｛": "{", "｝": "}", "［": "[", "］": "]", "＝": ":", "＃": "#",
    **dict.fromkeys("\u00a0\u2002\u2003\u2007\u2009\u202f\u3000", " "), "\u200b": "",
}  # fmt: skip
ODD = re.compile(f"[{''.join(LOOKALIKES)}]")


def looks(sign: str) -> tuple[str, str]:
    """What is wrong with a sign that looks like another one."""
    put, number = LOOKALIKES[sign], f"U+{ord(sign):04X}"
    if put in ("", " "):
        return f"{number} looks like {'a space' if put else 'nothing'}, but is read as a letter", "write a plain space"
    return f"`{sign}` ({number}) is not `{put}`", f"write `{put}`"


class Reading(NamedTuple):
    """A value without quotes as it was meant: its text, whether that is in quotes, what is wrong, what to write."""

    text: str
    quoted: bool
    message: str
    help: str
    rest: str = ""
    """What follows it, as a comment."""
    value: str | None = None
    """What `text` is the key of, where it is one."""

    @property
    def written(self) -> str:
        """How it is written."""
        if self.value is not None:
            return f"{self.text}: {self.value}"
        return f'"{self.text}"' if self.quoted else self.text + self.rest


def scalar(text: str, flow: bool) -> Reading | None:
    """What a value without quotes was meant to be, where signs stuck to it that belong to no value."""
    if found := re.fullmatch(r"([“”„‟«»‘’‚‛])(.*)[“”„‟«»‘’‚‛]", text):
        return Reading(found[2], True, *looks(found[1]))
    if found := re.fullmatch(r"(\w+) *([：＝]) *([\w.+-]+)", text):
        return Reading(found[1], False, *looks(found[2]), value=found[3])
    odd = [letter for letter in text if letter in LOOKALIKES and LOOKALIKES[letter] in ("", " ")]
    if odd and (bare := ODD.sub(lambda match: LOOKALIKES[match[0]], text).strip()) and " " not in bare:
        return Reading(bare, False, *looks(odd[0]))
    if not flow and (found := re.fullmatch(r"([\w.+-]+)([,;]+)", text)):
        return Reading(found[1], False, f"a `{found[2]}` behind `{found[1]}`", f"write `{found[1]}`")
    if found := re.fullmatch(r"([\w.+-]+)(?: +//| +--|#)( .*)", text):
        help = f"write `{found[1]}  # …`"
        return Reading(found[1], False, "a comment starts with `#` and a space before it", help, f"  #{found[2]}")
    return None


PAIR = re.compile(r"([A-Za-z_]\w*)(\s*:?=\s*|:|\s+)([^\s:=]\S*)")


def pair(text: str) -> tuple[str, str, str, str] | None:
    """`units=128` in a mapping on one line: its key, its value, what is wrong, what to write."""
    found = PAIR.fullmatch(text)
    if not found:
        return None
    sign = found[2].strip()
    message = {":": "no space behind the `:`", "": f"no `:` behind `{found[1]}`"}.get(
        sign, f"`{sign}` where YAML wants a `:`"
    )
    return found[1], found[3], message, f"write `{found[1]}: {cut(found[3])}`"


def cut(text: str) -> str:
    """The beginning of a text."""
    text = text.rstrip()
    return text if len(text) <= 60 else text[:59] + "…"
