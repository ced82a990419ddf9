"""A trained network, built from the spec of its run and filled with the arrays of `best.keras`. Imports Keras.

Nothing in the file is deserialised: names and shapes say which array goes where.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from cnnspec.data.errors import DataError
from cnnspec.judging.runs import Kept
from cnnspec.training.compiling import network
from cnnspec.training.device import Machine
from cnnspec.training.errors import TrainingError, WeightsError
from cnnspec.training.folder_files import Folder, Unsafe
from cnnspec.training.run_folder import BEST, SPEC, STRANGE
from cnnspec.training.unsupported import unsupported
from cnnspec.training.weights import load_weights


def restored(kept: Kept) -> Any:
    """The network of a run with the weights of its best epoch. Raises `WeightsError` where they do not read or fit."""
    model = network(kept.plan, kept.precision)
    if model.weights:
        try:
            with Folder.at(kept.path) as files, files.file(BEST).opened() as stream:
                filled(model, kept.best, stream)
        except Unsafe as error:
            raise WeightsError(error.told, STRANGE) from None
        except OSError as error:
            raise WeightsError(f"{kept.best} cannot be read: {(error.strerror or str(error)).lower()}") from None
        except WeightsError as error:
            help = f"copy the run again, or train it again: cnnspec train {kept.path / SPEC}"
            raise WeightsError(error.message, help) from None
    return model


def filled(model: Any, path: Path, stream: IO[bytes] | None = None) -> None:
    """Fill every layer of `model` with the weights in `path`; `stream` is that file, open. Raises `WeightsError`."""
    loaded = load_weights(model, path, stream=stream)
    if loaded.kept:
        raise WeightsError(f"{path} has no weights for {', '.join(loaded.kept)}")


@contextmanager
def bounded(machine: Machine) -> Iterator[None]:
    """Turns what a backend raises where memory runs out into a `TrainingError`."""
    try:
        yield
    except MemoryError:
        raise DataError("the memory is full", "use a smaller --batch-size") from None
    except _exhausted(machine):
        raise TrainingError("the memory is full", "use a smaller --batch-size, or --device cpu") from None
    except Exception as error:
        if (lacking := unsupported(error, machine)) is None:
            raise
        raise lacking from None


def _exhausted(machine: Machine) -> type[Exception]:
    """What the backend raises."""
    if machine.backend == "tensorflow":
        import tensorflow as tf

        found: type[Exception] = tf.errors.ResourceExhaustedError
        return found
    if machine.backend == "torch":
        import torch

        return torch.OutOfMemoryError  # type: ignore[no-any-return]
    return MemoryError
