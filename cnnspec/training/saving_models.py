"""Models written into files that are open already. Imports Keras."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from math import prod
from typing import Any

from keras.src.saving import saving_lib

from cnnspec.training.folder_files import File
from cnnspec.training.run_folder import writing
from cnnspec.training.sealing import sealed


def save_model(model: Any, file: File, also: Mapping[str, str] | None = None) -> None:
    """Write `model` as Keras's `model.save` does, whole or not at all; `also` are texts for the archive, by name.

    Keras's own function takes a path, and would write through whatever is there. Raises `TrainingError` where the disk
    does not take it.
    """
    size = sum(prod(weight.shape) * 4 for weight in model.weights)
    with writing(file.path, size=size), sealed(file) as stream:
        saving_lib.save_model(model, stream)
        with zipfile.ZipFile(stream, "a") as archive:
            for name, text in (also or {}).items():
                archive.writestr(name, text)
