"""Making images with the generator of a GAN. Keras is imported on the way, not with this module."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnnspec.judging.heads import is_picture
from cnnspec.judging.runs import Kept, RunError, opened
from cnnspec.judging.starting import start
from cnnspec.training.adversarial.plan import AdversarialPlan

if TYPE_CHECKING:
    from cnnspec.data.columns import Array
    from cnnspec.training.device import Machine

COUNT, LARGEST = 16, 1_000_000
_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Written:
    """What was made, and where it is: a file for each image, and the picture of all where one was asked for."""

    run: Path
    count: int
    seed: int
    files: tuple[Path, ...]
    grid: Path | None

    def to_json(self) -> dict[str, Any]:
        """The form that `cnnspec generate --json` prints."""
        return {
            "run": str(self.run), "count": self.count, "seed": self.seed, "files": list(map(str, self.files)),
            "grid": None if self.grid is None else str(self.grid),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Generator:
    """The generator of a run, ready. `batch_size` is that of the run, `pictured` says whether it makes pictures, and
    `brightness` what is black and white in them, where that is known."""

    kept: Kept
    model: Any
    machine: Machine
    batch_size: int
    pictured: bool
    brightness: tuple[float, float] | None

    @property
    def seed(self) -> int:
        """The seed of the run, whose noise its samples show; 0 where it is not known any more."""
        found = self.kept.environment.get("seed", self.kept.plan.training.seed)
        return found if isinstance(found, int) and found >= 0 else 0

    def __call__(self, count: int, seed: int, batch_size: int | None = None) -> Iterator[Array]:
        """Make `count` images of the noise that `seed` gives, in batches: numbers as the generator gives them."""
        from cnnspec.judging.network import bounded
        from cnnspec.training.adversarial.samples import making

        if not 1 <= count <= LARGEST:
            raise ValueError(f"`count` is from 1 to {LARGEST:,}, not {count:,}")
        if seed < 0:
            raise ValueError(f"`seed` is a whole number from 0, not {seed}")
        with bounded(self.machine):
            yield from making(self.model, count, seed, batch_size or self.batch_size)

    def written(self, batches: Iterator[Array], seed: int, folder: Path, *, grid: bool = False) -> Written:
        """Write images as they are made, as PNG; what is no picture, as one array. Raises `TrainingError`."""
        import numpy as np

        from cnnspec.judging.pictures import write_array
        from cnnspec.training.adversarial.samples import grid as side_by_side
        from cnnspec.training.adversarial.samples import pixels

        if not self.pictured:
            if grid:
                raise RunError(
                    "the generator makes no pictures, so that there is no grid of them", "leave out the grid"
                )
            made, path = np.concatenate(list(batches)), folder / "made.npy"
            write_array(made, path)
            return Written(self.kept.path, len(made), seed, (path,), None)
        files: list[Path] = []
        all_of_them: list[Array] = []
        border = self.brightness
        for batch in batches:
            border = border or (float(batch.min()), float(batch.max()))
            pictures = pixels(batch, *border)
            files += [_drawn(folder / f"{at:0{_DIGITS}}.png", each) for at, each in enumerate(pictures, len(files) + 1)]
            all_of_them += [pictures] if grid else []
        whole = _drawn(folder / "grid.png", side_by_side(np.concatenate(all_of_them))) if grid else None
        return Written(self.kept.path, len(files), seed, tuple(files), whole)


def _drawn(path: Path, picture: Array) -> Path:
    from cnnspec.training.adversarial.samples import write_png
    from cnnspec.training.folder_files import Folder
    from cnnspec.training.run_folder import writing

    with writing(path, "name another folder with -o"):
        path.parent.mkdir(parents=True, exist_ok=True)
        with Folder.at(path.parent) as folder:
            write_png(folder.file(path.name), picture)
    return path


def generate(
    run: str | Path, *, count: int = COUNT, seed: int | None = None, output: Path | None = None, grid: bool = False,
    backend: str | None = None, device: str | None = None, batch_size: int | None = None,
) -> Array:  # fmt: skip
    """What the generator of a run makes, as one array, and written into the folder `output` where one is given.

    Raises as `generator`, `ValueError` where `count` or `seed` is out of bounds, or `grid` has no folder.
    """
    import numpy as np

    if grid and output is None:
        raise ValueError("`grid` is a file: name a folder for it with `output`")
    made = generator(run, backend=backend, device=device)
    drawn = made.seed if seed is None else seed
    batches = list(made(count, drawn, batch_size))
    if output is not None:
        made.written(iter(batches), drawn, output, grid=grid)
    return np.concatenate(batches)


def generator(
    run: str | Path, *, backend: str | None = None, device: str | None = None, allow_large: bool = False
) -> Generator:
    """The generator of the GAN that `run` names, with its weights of the last epoch.

    Raises `RunError`, `SpecError`, `WeightsError` or `TrainingError`.
    """
    kept = opened(Path(run), allow_large=allow_large)
    plan = kept.plan
    if not isinstance(plan, AdversarialPlan):
        raise RunError(
            f"{kept.path} is not the run of a GAN: it has no generator that makes images of noise",
            f"judge it: cnnspec evaluate {kept.path}, or see what it tells: cnnspec predict {kept.path} FILES",
        )
    machine = start(kept.backend, backend, device)

    from cnnspec.judging.network import bounded, restored
    from cnnspec.training.adversarial.samples import range_of

    with bounded(machine):
        model = restored(replace(kept, plan=replace(plan, graph=plan.generator)))
    pictured = is_picture(plan.generator.shape_of(plan.generator.output))
    return Generator(kept, model, machine, plan.training.batch_size, pictured, range_of(plan.generator) or _noted(kept))


def _noted(kept: Kept) -> tuple[float, float] | None:
    """Black and white as the run noted them."""
    found = kept.noted("range")
    if (
        isinstance(found, list)
        and len(found) == 2
        and all(isinstance(each, float) and isfinite(each) for each in found)
    ):
        return found[0], found[1]
    return None
