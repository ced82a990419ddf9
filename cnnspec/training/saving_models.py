"""Models written into files that are open already. Imports Keras."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from typing import Any

from keras.src.saving import saving_lib

from cnnspec.training.folder_files import File
from cnnspec.training.sealing import sealed


def save_model(model: Any, file: File, also: Mapping[str, str] | None = None) -> None:
    """Write `model` as Keras's `model.save` does, whole or not at all; `also` are texts for the archive, by name.

    Keras's own function takes a path, and would write through whatever is there.
    """
    with sealed(file) as stream:
        saving_lib.save_model(model, stream)
        with zipfile.ZipFile(stream, "a") as archive:
            for name, text in (also or {}).items():
                archive.writestr(name, text)
