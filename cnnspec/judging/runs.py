"""A run that was kept: its folder, its spec and what it ran on. No framework is imported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cnnspec import pipeline
from cnnspec.data.errors import DataError, Failure
from cnnspec.language.paths import is_file, is_folder, is_there
from cnnspec.training.adversarial.plan import AdversarialPlan
from cnnspec.training.folder_files import Folder, Unsafe
from cnnspec.training.kept_facts import LARGEST, Damaged, Environment, read
from cnnspec.training.plan import Plan
from cnnspec.training.run import plan_of
from cnnspec.training.run_folder import (
    BEST,
    ENVIRONMENT,
    RESULT,
    SPEC,
    STRANGE,
    above_runs,
    checked,
    in_use,
    is_run,
    numbered,
)


class RunError(Failure):
    """What is named is no run, or not one that can be used."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A run folder: its plan, and what `environment.json` says."""

    path: Path
    plan: Plan
    environment: Mapping[str, Any] = field(repr=False)

    @property
    def best(self) -> Path:
        """The model of the best epoch."""
        return self.path / BEST

    @property
    def seed(self) -> int:
        """What the training images were split with. Raises `DataError` where it is not known any more."""
        from cnnspec.training.checkpoints import seed_of

        with Folder.at(self.path) as files:
            known = {
                "its checkpoint": seed_of(files), SPEC: self.plan.training.seed,
                ENVIRONMENT: self.environment.get("seed"),
            }  # fmt: skip
        told = {where: seed for where, seed in known.items() if seed is not None}
        if len({*told.values()}) > 1:
            said = ", ".join(f"{where} says {seed}" for where, seed in told.items())
            raise DataError(
                f"the files of {self.path} contradict each other about the seed: {said}",
                "correct the wrong one; the seed says which images were held out",
            )
        if told:
            return next(iter(told.values()))
        raise DataError(f"{self.path / ENVIRONMENT} has no `seed`, so that it is not known which images were held out")

    @property
    def backend(self) -> str | None:
        """What it was trained with, where that is known."""
        return self._text("backend")

    @property
    def precision(self) -> str:
        """What the network computes with."""
        planned = self.plan.training.precision
        return self._text("precision") or ("float32" if planned == "auto" else planned)

    def noted(self, name: str) -> Any:
        """What the run noted of its data, where it did."""
        return self.environment.get(name)

    @property
    def ranges(self) -> dict[str, tuple[float, float]]:
        """The range of the values that training saw at each input, before preprocessing, where the run has kept it."""
        return self._spans("ranges")

    @property
    def target_ranges(self) -> dict[str, tuple[float, float]]:
        """The range of the images that each output learnt to give, where the run has kept it."""
        return self._spans("target_ranges")

    def _spans(self, key: str) -> dict[str, tuple[float, float]]:
        found = self.environment.get(key)
        named = found if isinstance(found, Mapping) else {}
        return {
            str(name): (float(span[0]), float(span[1]))
            for name, span in named.items()
            if isinstance(span, list) and len(span) == 2 and all(isinstance(each, int | float) for each in span)
        }

    @property
    def thresholds(self) -> dict[str, tuple[float, ...]]:
        """The probabilities above which tags are given, by output, where the run found them on its validation split."""
        found = self.environment.get("thresholds")
        named = found if isinstance(found, Mapping) else {}
        return {
            str(output): tuple(map(float, listed))
            for output, listed in named.items()
            if isinstance(listed, list) and all(isinstance(each, float) and 0 <= each <= 1 for each in listed)
        }

    def _text(self, name: str) -> str | None:
        found = self.environment.get(name)
        return found if isinstance(found, str) else None


def find(path: Path) -> Path:
    """The folder of the run that `path` names: itself, or the newest finished run in it. Raises `RunError`."""
    if is_file(path) and path.name == BEST and is_file(path.parent / SPEC):
        path = path.parent
    if not is_folder(path):
        what = "is no run folder" if is_there(path) else "is not there"
        raise RunError(f"{path} {what}", "name the folder of a run, such as runs/digits/1")
    if is_run(path):
        return _whole(path)
    runs = numbered(path)
    done = [run for run in runs if is_file(run / BEST) and not in_use(run)]
    finished = [run for run in done if is_file(run / RESULT)]
    if finished:
        return finished[0]
    if runs:
        help = f"name an interrupted one: {done[0]}, or end it: cnnspec train --resume {done[0]}" if done else None
        raise RunError(f"{path} holds no finished run", help)
    inside = above_runs(path)
    raise RunError(f"{path} is no run folder", f"name one of {', '.join(inside[:8])}" if inside else None)


def _whole(path: Path) -> Path:
    if not is_file(path / BEST):
        raise RunError(
            f"{path} has no {BEST}: its first epoch was never finished", f"train it: cnnspec train {path / SPEC}"
        )
    return path


def kept(path: Path, *, allow_large: bool = False) -> Kept:
    """The run that `path` names, of a network that tells of what it is given.

    Raises `RunError`, and `pipeline.SpecError` where its spec does not hold.
    """
    found = opened(path, allow_large=allow_large)
    if isinstance(found.plan, AdversarialPlan):
        raise RunError(
            f"{found.path} is the run of a GAN: it makes images, and has no labels to tell or to be judged by",
            f"make images with it: cnnspec generate {found.path} -o DIR",
        )
    return found


def opened(path: Path, *, allow_large: bool = False) -> Kept:
    """The run that `path` names, be it a GAN. Raises as `kept`."""
    folder = find(path)
    try:
        files = checked(folder)
    except Unsafe as error:
        raise RunError(error.told, STRANGE) from None
    except OSError as error:
        raise RunError(f"{folder} cannot be read: {(error.strerror or str(error)).lower()}") from None
    with files:
        return _opened(files, allow_large)


def _opened(files: Folder, allow_large: bool) -> Kept:
    folder = files.path
    try:
        report = pipeline.check_file(folder / SPEC, allow_large=allow_large)
    except OSError as error:
        raise RunError(f"{folder / SPEC} cannot be read: {(error.strerror or str(error)).lower()}") from None
    if not report.ok:
        raise pipeline.SpecError(report)
    return Kept(folder, plan_of(report, folder.parent), _environment(files))


def _environment(files: Folder) -> Mapping[str, Any]:
    """What stands in `environment.json`; nothing where there is none."""
    path = files.path / ENVIRONMENT
    try:
        return read(files.file(ENVIRONMENT).read(LARGEST), Environment)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise RunError(f"{path} cannot be read: {(error.strerror or str(error)).lower()}") from None
    except Damaged as error:
        raise RunError(f"{path} is damaged: {error}", "take it away to use the run without what it says") from None
