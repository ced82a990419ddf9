"""Going on with a run: its folder opened again, and what may not have changed since. No framework is imported."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cnnspec.language.diagnostics import Diagnostics
from cnnspec.language.entries import shown
from cnnspec.language.nodes import plain
from cnnspec.language.reader import read
from cnnspec.language.write import of_older_versions
from cnnspec.training.errors import TrainingError
from cnnspec.training.folder_files import File
from cnnspec.training.kept_facts import LARGEST, Damaged, Environment
from cnnspec.training.kept_facts import read as read_facts
from cnnspec.training.run_folder import ENVIRONMENT, HISTORY, SPEC, RunFolder

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


def past(
    folder: RunFolder, spec_text: str, backend: str | None, say: Callable[[str], None], accept_changes: bool = False
) -> Past:
    """What the run in `folder` left. Raises `TrainingError` where the spec is another one, or the backend, or where its
    files contradict each other and `accept_changes` is not given: then its checkpoint is right."""
    from cnnspec.training import checkpoints

    found = checkpoints.newest(folder.files, say)
    state = found[1] if found else None
    environment = _environment(folder, state, say)
    then, now = _loaded(state.facts["spec"]) if state else _plain(folder.files.file(SPEC)), _loaded(spec_text)
    if state is not None:
        environment = _settled(folder, environment, state.facts, say, accept_changes)
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
        environment = _seeded(folder, environment, then, say, accept_changes)
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
    at, then = state.facts["position"], state.facts["epochs"]
    if at["phase"] >= len(phases) or at["epoch"] < at["first"]:
        raise TrainingError(
            f"the checkpoint is of phase {at['phase'] + 1}, epoch {at['epoch'] - at['first'] + 1}, and the run has "
            f"{len(phases)} phase{'s' * (len(phases) != 1)}",
            "it is damaged; start anew: train without --resume",
        )
    training = phases[at["phase"]]
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


def _environment(folder: RunFolder, state: State | None, say: Callable[[str], None]) -> Mapping[str, Any]:
    """What the run ran on, as its file says; where that does not read, as its checkpoint does."""
    file = folder.files.file(ENVIRONMENT)
    try:
        return read_facts(file.read(LARGEST), Environment)
    except Damaged as error:
        why = f"is damaged ({error})"
    except FileNotFoundError:
        why = "is missing"
    except OSError as error:
        why = f"cannot be read ({(error.strerror or str(error)).lower()})"
    say(f"warning: {file.path} {why}; it is written anew")
    return state.facts["environment"] if state else {}


def _settled(
    folder: RunFolder,
    environment: Mapping[str, Any],
    facts: Mapping[str, Any],
    say: Callable[[str], None],
    accept: bool,
) -> Mapping[str, Any]:
    """What the run ran on, where its file and its checkpoint agree. What the file lacks, the checkpoint knows."""
    known = {**facts["environment"], "seed": facts["seed"]}
    for name in _DECIDES:
        says, was = environment.get(name), known.get(name)
        if says is None or was is None or says == was:
            continue
        contradiction = f"{folder.path / ENVIRONMENT} says `{name}: {says}`, but the checkpoint was made with {was}"
        if not accept:
            raise TrainingError(
                contradiction,
                f"correct the file, or go on with {was}: cnnspec train --resume {folder.path} --accept-changes",
            )
        say(f"warning: {contradiction}; {was} is taken")
    return {**known, **environment, **{name: known[name] for name in _DECIDES if known.get(name) is not None}}


def _seeded(
    folder: RunFolder, environment: Mapping[str, Any], spec: Any, say: Callable[[str], None], accept: bool
) -> Mapping[str, Any]:
    """What a run ran on that has no checkpoint: the spec's seed is its own, else that of its file."""
    wanted, says = (spec.get("training") or {}).get("seed"), environment.get("seed")
    again = f"cnnspec train --resume {folder.path} --accept-changes"
    if wanted is not None and says is not None and wanted != says:
        contradiction = f"{folder.path / ENVIRONMENT} says `seed: {says}`, but {SPEC} says `seed: {wanted}`"
        if not accept:
            raise TrainingError(contradiction, f"correct the file, or go on with {wanted}: {again}")
        say(f"warning: {contradiction}; {wanted} is taken")
    if wanted is None and says is None and folder.history.plain and folder.history.size and not accept:
        raise TrainingError(
            f"neither {ENVIRONMENT} nor a checkpoint in {folder.path} tells the seed that its {HISTORY} was made with",
            f"bring one of them back, or begin anew with another seed: {again}",
        )
    return {**environment, **({"seed": wanted} if wanted is not None else {})}


_DECIDES = ("seed", "backend", "precision", "batch_size")
"""What a checkpoint was made with, and cannot go on without."""


def _plain(file: File) -> Any:
    try:
        return _loaded(file.read(LARGEST).decode())
    except (OSError, UnicodeDecodeError):
        raise TrainingError(f"{file.path} cannot be read", "start a new run") from None


def _loaded(text: str) -> Any:
    """A resolved spec as plain data."""
    node = read(of_older_versions(text), SPEC, Diagnostics())
    return {} if node is None else plain(node)
