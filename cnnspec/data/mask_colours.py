"""The colours of classes in masks, as a spec writes them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator

from cnnspec.language.entries import refuse, shown
from cnnspec.language.forms import Form, Schema

Colour: TypeAlias = tuple[int, int, int]
"""Red, green and blue, 0 to 255."""

_HEX = re.compile(r"#?([0-9a-fA-F]{2})([0-9a-fA-F]{2})([0-9a-fA-F]{2})")
_MOST = 255
"""How many classes colours may tell apart: 255 is left for what is ignored."""
_EXAMPLE = "write `colors: {road: [128, 64, 128], car: '#00008e'}`: the colour of each class, in order"


def as_text(colour: Colour) -> str:
    """A colour as messages write it: `#804080`."""
    return "#" + "".join(f"{part:02x}" for part in colour)


def as_colours(colours: Iterable[Colour], more: bool = False) -> str:
    """What to write for these colours, with names to be replaced."""
    listed = [f"class_{number}: '{as_text(colour)}'" for number, colour in enumerate(colours)]
    return f"`colors: {{{', '.join(listed + ['…'] * more)}}}`"


def packed(colour: Colour) -> int:
    """A colour as one number."""
    return colour[0] << 16 | colour[1] << 8 | colour[2]


def unpacked(number: int) -> Colour:
    """The colour that `packed` made a number of."""
    return number >> 16 & 255, number >> 8 & 255, number & 255


def _colour(value: Any, name: str, at: str) -> Colour:
    if isinstance(value, str) and (found := _HEX.fullmatch(value.strip())):
        return tuple(int(part, 16) for part in found.groups())  # type: ignore[return-value]
    parts = value if isinstance(value, list | tuple) else ()
    if len(parts) == 3 and all(isinstance(part, int) and not isinstance(part, bool) for part in parts):
        if all(0 <= part <= 255 for part in parts):
            return tuple(parts)
        message = f"`{name}` takes a colour with parts of 0 to 255, not {list(parts)}"
        raise refuse("mask-values", message, "write red, green and blue as 0 to 255", at=at)
    help = f"write `{name}: [128, 64, 128]` (red, green, blue), or `{name}: '#804080'`"
    if value is None:
        help = f"put a colour that begins with # in quotes: `{name}: '#804080'`; without, # begins a comment"
    raise refuse("mask-values", f"`{name}` takes a colour, not {shown(value)}", help, at=at)


def _table(value: Any) -> Any:
    if value is None:
        return None
    if not isinstance(value, Mapping):
        message = f"`colors` takes the colours of two classes or more, by their names, not {shown(value)}"
        raise refuse("wrong-type", message, _EXAMPLE)
    found = {str(name): _colour(colour, str(name), "") for name, colour in value.items()}
    if not 2 <= len(found) <= _MOST:
        most = f"at most {_MOST} classes" if len(found) > _MOST else "two classes or more"
        raise refuse("mask-values", f"`colors` takes the colours of {most}, and there are {len(found)}", _EXAMPLE)
    seen: dict[Colour, str] = {}
    for name, colour in found.items():
        if (other := seen.setdefault(colour, name)) != name:
            message = f"`{other}` and `{name}` have the same colour, {as_text(colour)}"
            raise refuse("mask-values", message, "give each class a colour of its own, once")
    return found


def _ignored(value: Any) -> Any:
    """A number, or a colour."""
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 65535):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        raise refuse("out-of-range", f"`ignore` is {value}", "numbers in masks are 0 to 65,535")
    if isinstance(value, bool | float):
        raise refuse("wrong-type", f"`ignore` takes a number or a colour, not {shown(value)}", "write `ignore: 255`")
    return _colour(value, "ignore", "")


_PART: Schema = {"type": "integer", "minimum": 0, "maximum": 255}
_LISTED: Schema = {"type": "array", "items": _PART, "minItems": 3, "maxItems": 3}
_COLOUR: Schema = {"anyOf": [_LISTED, {"type": "string", "pattern": "^#?[0-9a-fA-F]{6}$"}]}

ColoursField: TypeAlias = Annotated[
    Any,
    BeforeValidator(_table),
    Form(
        lambda rank: {
            "anyOf": [
                {"type": "object", "additionalProperties": _COLOUR, "minProperties": 2, "maxProperties": _MOST},
                {"type": "null"},
            ]
        },
        "the colour of each class by its name: `[red, green, blue]`, or `'#rrggbb'`",
    ),
]

IgnoreField: TypeAlias = Annotated[
    Any,
    BeforeValidator(_ignored),
    Form(
        lambda rank: {
            "anyOf": [{"type": "integer", "minimum": 0, "maximum": 65535}, *_COLOUR["anyOf"], {"type": "null"}]
        },
        "a number, or with `colors` a colour",
    ),
]
