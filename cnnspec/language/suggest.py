"""Did you mean: the nearest known name, and the habits that people bring from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache, partial
from itertools import islice

from cnnspec.language.habits import ARGUMENTS, HABITS, NEEDLESS
from cnnspec.language.words import bare_of_fillers, begun, core, parts, spelt_out, unprefixed, without_dimension

_COMPARED = 400
"""How many known names one is compared with."""
_ALIKE = 8
"""How many of them, the most alike, are looked at closely."""
_WORDS = 8
"""A name of more words is compared as a whole."""
_LONGEST = 80
"""Longer names are nobody's slip."""


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that `name` most likely means, or None. Habits come first, then spelling."""
    return None if len(name) > _LONGEST else _nearest(name, tuple(islice(known, _COMPARED)))


@lru_cache(maxsize=64)
def _nearest(name: str, known: tuple[str, ...]) -> str | None:
    names = [word for word in known if len(word) <= _LONGEST]
    bare = _bare(name)
    same = [candidate for candidate in names if _bare(candidate) == bare]
    if same:
        return same[0]
    known_as = _known_as(name, names)
    if known_as is not None or (bare not in names and name in NEEDLESS):
        return known_as
    return _by_spelling(bare, names)


def _known_as(name: str, names: list[str]) -> str | None:
    """What a name from elsewhere, a short form, or a name with fillers surely means."""
    if len(parts(name)) > _WORDS:
        return _habit(_bare(name), names)
    spelt: dict[str, list[str]] = {}
    for other in names:
        spelt.setdefault(spelt_out(other), []).append(other)
    return _spelt(name, spelt, names) or (None if _slipped(_bare(name), names) else _padded(name, spelt, names))


def _spelt(name: str, spelt: dict[str, list[str]], names: list[str]) -> str | None:
    """A name from elsewhere, or one in which words are short or joined in another way."""
    for word in dict.fromkeys((_bare(name), spelt_out(name))):
        if (habit := _habit(word, names)) is not None:
            return habit
    return _only(spelt_out(name), spelt)


def _padded(name: str, spelt: dict[str, list[str]], names: list[str]) -> str | None:
    """The same with fillers in it, as in `convolution2dLayer`; or a name whose words are cut off, as in `init_lr`."""
    bare = bare_of_fillers(name)
    if bare and (found := _habit(bare, names) or _only(bare, spelt)) is not None:
        return found
    short = [other for other in names if core(other) == spelt_out(name)]
    if len(short) == 1:
        return short[0]
    started = [other for other in names if begun(name, other)]
    return started[0] if len(started) == 1 else None


def _only(spelling: str, spelt: dict[str, list[str]]) -> str | None:
    """The only name that is spelt so, or that is where a dimension is added."""
    found = spelt.get(spelling, [])
    if not found and without_dimension(spelling) == spelling:
        found = spelt.get(f"{spelling}2d", [])
    return found[0] if len(found) == 1 else None


def _slipped(bare: str, names: list[str]) -> bool:
    """Whether a single slip of the finger makes it of one of the names."""
    near = (_bare(other) for other in names)
    return len(bare) > 3 and any(_apart(bare, other) <= 2 and _distance(bare, other) <= 1 for other in near)


def _habit(bare: str, names: list[str]) -> str | None:
    habits = (HABITS.get(bare), ARGUMENTS.get(bare))
    return next((meant for meant in habits if meant in names), None)


def meant(name: str, known: Iterable[str]) -> str | None:
    """The known name that `name` surely means: another spelling of it, its name elsewhere, or the only one that a
    slip of the finger makes it."""
    return None if len(name) > _LONGEST else _meant(name, tuple(islice(known, _COMPARED)))


@lru_cache(maxsize=64)
def _meant(name: str, known: tuple[str, ...]) -> str | None:
    guess = _nearest(name, known)
    if guess is None:
        return None
    bare, names = _bare(name), list(known)
    if _bare(guess) == bare or _known_as(name, names) == guess:
        return guess
    slips = 1 if len(bare) <= 6 else 2
    if re.findall(r"\d+", bare) != re.findall(r"\d+", _bare(guess)):
        return None
    apart = _distance(bare, _bare(guess))
    if len(bare) < 3 or apart > slips:
        return None
    others = sorted((_bare(other) for other in names if other != guess), key=partial(_apart, bare))[:_ALIKE]
    return None if any(_distance(bare, other) <= apart for other in others) else guess


def same_word(one: str, other: str) -> bool:
    """Whether two names are spellings of one word."""
    return _bare(one) == _bare(other)


def _distance(one: str, other: str) -> int:
    """How many letters are added, left out, replaced or swapped with the next one; 3 stands for more than two."""
    if abs(len(one) - len(other)) > 2 or len(_letters(one) ^ _letters(other)) > 4:
        return 3
    rows: list[list[int]] = [list(range(len(other) + 1))]
    for at, letter in enumerate(one, 1):
        row = [at]
        for to, wanted in enumerate(other, 1):
            cost = min(rows[-1][to] + 1, row[-1] + 1, rows[-1][to - 1] + (letter != wanted))
            if at > 1 and to > 1 and letter == other[to - 2] and one[at - 2] == wanted:
                cost = min(cost, rows[-2][to - 2] + 1)
            row.append(cost)
        rows.append(row)
    return min(3, rows[-1][-1])


@lru_cache(maxsize=4096)
def _bare(name: str) -> str:
    return unprefixed(name[: 2 * _LONGEST]).lower().replace("_", "").replace("-", "").replace(" ", "")


def _by_spelling(bare: str, names: list[str]) -> str | None:
    import difflib

    bares = {_bare(name): name for name in reversed(names)}
    cutoff = 0.75 if len(bare) > 3 else 0.66
    alike = sorted((other for other in bares if _alike(bare, other, cutoff)), key=partial(_apart, bare))[:_ALIKE]
    close = difflib.get_close_matches(bare, alike, n=4, cutoff=cutoff)
    if close:
        return bares[min(close, key=partial(_distance, bare))]
    held = [
        name for known, name in bares.items() if len(known) > 3 and (bare.endswith(known) or bare.startswith(known))
    ]
    if held:
        return max(held, key=len)
    starts = [name for known, name in bares.items() if len(bare) > 3 and known.startswith(bare)]
    return min(starts, key=len) if starts else None


def _alike(one: str, other: str, cutoff: float) -> bool:
    """Whether enough letters of two words are the same for them to be near; quickly told of most that are not."""
    common = cutoff * (len(one) + len(other)) / 2
    letters, others = _letters(one), _letters(other)
    return len(letters - others) <= len(one) - common and len(others - letters) <= len(other) - common


def _apart(one: str, other: str) -> int:
    """How many letters stand in one of two words only."""
    return len(_letters(one) ^ _letters(other))


@lru_cache(maxsize=4096)
def _letters(word: str) -> frozenset[str]:
    return frozenset(word)


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """A help line for an unknown name, or None where nothing is near."""
    guess = nearest(name, known)
    return f"did you mean `{guess}`?" if guess else None
