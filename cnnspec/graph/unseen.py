"""What to write for a name that no entry above has."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from cnnspec.graph.growing import Place
from cnnspec.language.spans import Span
from cnnspec.language.suggest import meant, nearest

_LISTED = 12
_NUMBER = re.compile(r"\d+")


class Advice(NamedTuple):
    """A help line, and the name that was surely meant."""

    help: str
    sure: str | None = None


def advice(
    name: str, span: Span, place: Place, visible: Sequence[str], given: Mapping[str, Span], doubtful: Collection[str]
) -> Advice | None:
    """What is said of `name`, which is none of those `visible` at `place`; `given` are all names of the document.

    None where it is likely one of those that are `doubtful`, of which something has been said.
    """
    if name.lstrip("-").isdigit():
        return Advice("entries are called by name, not by number: name the one above with `name:`")
    several = re.split(r" *, *| +", name)
    if len(several) > 1 and all(part in visible for part in several):
        written = f"[{', '.join(several)}]"
        return Advice(f"write a list: `{written}`", written)
    guess = nearest(name, visible)
    if guess in doubtful or any(_stem(name) == _stem(other) for other in doubtful):
        return None
    inner = [other for other in visible if other.endswith(f".{name}")]
    if inner:
        return Advice(f"did you mean `{inner[0]}`?", inner[0] if len(inner) == 1 else None)
    alike = [other for other in visible if other != name and _stem(other) == _stem(name)]
    if len(alike) > 1 and guess in (None, *alike):
        return Advice(f"of these there are {_listed(alike)}")
    if guess:
        return Advice(f"did you mean `{guess}`?", meant(name, visible))
    if name in place.scope.blocks:
        return Advice(f"`{name}` is a block: name its call, as in `{name}: {{name: one}}`, and write that name here")
    if name in given and place.calls:
        return Advice(f"of the names around its call, a block sees only its `inputs`; `{name}` is none of them")
    if name in given and given[name].file == span.file and given[name].line < span.line:
        return Advice(f"it is in a list of its own: name what holds it, as in `name: outer`, and write `outer.{name}`")
    if name in given:
        return Advice(f"`{name}` is named further down; only names above are visible")
    names = [] if list(visible) == ["input"] else visible
    return Advice(f"these names are visible here: {_listed(names)}" if names else "name an entry above with `name:`")


def _stem(name: str) -> str:
    """A name without its numbers; itself where it has none."""
    return _NUMBER.sub("0", name)


def _listed(names: Sequence[str]) -> str:
    return ", ".join([f"`{name}`" for name in names[:_LISTED]] + ["…"] * (len(names) > _LISTED))
