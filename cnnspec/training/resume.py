"""Going on with a run: its folder opened again, and what may not have changed since. No framework is imported."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnnspec.language.diagnostics import Diagnostics
from cnnspec.language.entries import shown
from cnnspec.language.nodes import plain
from cnnspec.language.reader import read
from cnnspec.language.write import of_older_versions
from cnnspec.training.errors import TrainingError
from cnnspec.training.run_folder import CHECKPOINTS, ENVIRONMENT, SPEC, RunFolder

if TYPE_CHECKING:
    from cnnspec.training.checkpoints import State
    from cnnspec.training.section import Training

_FREE = {("training", "epochs"), ("training", "checkpoint"), ("name",)}
"""What of a spec may change between a run's starts."""

_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Past:
    """What a run that goes on left behind. `state` is None where it was not saved yet."""

    environment: Mapping[str, Any] = field(default_factory=dict)
    state: State | None = None


def past(folder: RunFolder, spec_text: str, backend: str | None, say: Callable[[str], None]) -> Past:
    """What the run in `folder` left. Raises `TrainingError` where the spec is another one, or the backend."""
    from cnnspec.training import checkpoints

    found = checkpoints.newest(folder.path / CHECKPOINTS, say)
    state = found[1] if found else None
    environment = _environment(folder.path, state, say)
    then, now = _loaded(state.facts["spec"]) if state else _plain(folder.path / SPEC), _loaded(spec_text)
    changed = list(differences(then, now))
    if changed:
        more = [f"… and {len(changed) - _SHOWN} more"] if len(changed) > _SHOWN else []
        raise TrainingError(
            "\n  ".join([f"the spec is not that of {folder.path}", *changed[:_SHOWN], *more]),
            "take them back, or start a new run without --resume",
        )
    if backend is not None and backend != environment.get("backend", backend):
        raise TrainingError(
            f"{folder.path} runs on {environment['backend']}, not on {backend}",
            f"write `--backend {environment['backend']}`, or leave it out",
        )
    if state is None:
        say(f"{folder.path} has no checkpoint yet: training begins anew")
    return Past(environment, state)


def differences(then: Any, now: Any, *path: str | int) -> Iterator[str]:
    """What differs between two specs as plain data, but for what may: `training.seed: 7 then, 8 now`."""
    if path in _FREE:
        return
    if isinstance(then, Mapping) and isinstance(now, Mapping):
        for key in dict.fromkeys((*then, *now)):
            yield from differences(then.get(key, _NOTHING), now.get(key, _NOTHING), *path, key)
    elif isinstance(then, list) and isinstance(now, list) and len(then) == len(now):
        for index, (one, other) in enumerate(zip(then, now, strict=True)):
            yield from differences(one, other, *path, index)
    elif then != now:
        yield f"{'.'.join(map(str, path))}: {_short(then)} then, {_short(now)} now"


_NOTHING = object()


def _short(value: Any) -> str:
    if value is _NOTHING:
        return "nothing"
    text = shown(value) if not isinstance(value, dict | list) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "…"


def same_schedule(phases: Sequence[Training], state: State) -> None:
    """Raises `TrainingError` where more or fewer epochs would bend the schedule that a run has followed so far."""
    training, then = phases[state.facts["position"]["phase"]], state.facts["epochs"]
    calls = {epochs: training.optimizer.over(_MANY * epochs) for epochs in (then, training.epochs)}
    if calls[then] != calls[training.epochs]:
        raise TrainingError(
            f"the learning rate follows a schedule over all of the {then} epochs, and now there are {training.epochs}",
            f"leave it at `epochs: {then}`, or start a new run",
        )


def epochs_left(phases: Sequence[Training], state: State) -> None:
    """Raises `TrainingError` where more epochs of a phase are trained than it shall have now."""
    at = state.facts["position"]
    trained, wanted = at["epoch"] - at["first"] + (at["step"] > 0), phases[at["phase"]].epochs
    if trained > wanted:
        raise TrainingError(
            f"the run is in epoch {trained} already, and now it shall have {wanted}",
            "give it as many epochs or more, or start a new run",
        )


_MANY = 1000
"""Steps of an epoch, where the number does not matter."""


def changed_data(then: Mapping[str, str], now: Mapping[str, str]) -> None:
    """Raises `TrainingError` where the data of a run is not what it was: `then` and `now` are fingerprints."""
    if changed := changes(then, now):
        raise TrainingError(
            f"the data changed since this run began: {', '.join(changed.values())}",
            "bring back what was there, or start a new run without --resume",
        )


def changes(then: Mapping[str, str], now: Mapping[str, str]) -> dict[str, str]:
    """What of the data is not what it was, in words: `then` and `now` are fingerprints by what they are of."""
    return {
        name: f"{name} ({_change(then.get(name), now.get(name))})"
        for name in dict.fromkeys((*then, *now))
        if then.get(name) != now.get(name)
    }


def _change(then: str | None, now: str | None) -> str:
    """What changed between two fingerprints, which begin with how many there are."""
    before, after = (mark.partition(" ")[0] if mark else "none" for mark in (then, now))
    return f"{before} then, {after} now" if before != after else f"{after} as before, but others"


def _environment(path: Path, state: State | None, say: Callable[[str], None]) -> Mapping[str, Any]:
    """What the run ran on, which its checkpoints know too. A run without one has kept nothing that depends on it."""
    try:
        values = json.loads((path / ENVIRONMENT).read_text(encoding="utf-8"))
        if isinstance(values, dict):
            return values
    except (OSError, ValueError):
        pass
    say(f"warning: {path / ENVIRONMENT} is missing or damaged; it is written anew")
    return state.facts["environment"] if state else {}


def _plain(path: Path) -> Any:
    try:
        return _loaded(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        raise TrainingError(f"{path} cannot be read", "start a new run") from None


def _loaded(text: str) -> Any:
    """A resolved spec as plain data."""
    node = read(of_older_versions(text), SPEC, Diagnostics())
    return {} if node is None else plain(node)
