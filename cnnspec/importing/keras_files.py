"""Where models come from: `.keras` files and `keras.applications`. Importing this module imports Keras."""

from __future__ import annotations

import inspect
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras

from cnnspec.importing.keras_model import Stranger, Unreadable
from cnnspec.language.paths import is_folder, is_there
from cnnspec.language.suggest import nearest

APPLICATIONS = "keras.applications:"
_LARGEST = 64 << 20


def load(source: str, input_shape: tuple[int | None, ...] | None = None) -> Any:
    """The model that `source` names: a `.keras` file, or `keras.applications:NAME`. Weights are not read.

    Raises `Unreadable` with what is wrong and what to do.
    """
    if source.startswith(APPLICATIONS):
        return application(source.removeprefix(APPLICATIONS), input_shape)
    if input_shape is not None:
        raise Unreadable("`--input-shape` is for keras.applications; a file has its input shape in it")
    return from_file(Path(source))


def applications() -> list[str]:
    """The models of `keras.applications`, by name."""
    return [
        name
        for name, made in vars(keras.applications).items()
        if inspect.isfunction(made) and "weights" in inspect.signature(made).parameters
    ]


def application(name: str, input_shape: tuple[int | None, ...] | None = None) -> Any:
    """A model of `keras.applications` with random weights. Raises `Unreadable`."""
    names = applications()
    if name not in names:
        guess = nearest(name, names)
        hint = f"did you mean `{guess}`?" if guess else f"there are {', '.join(sorted(names))}"
        raise Unreadable(f"keras.applications has no `{name}`; {hint}")
    try:
        return getattr(keras.applications, name)(weights=None, input_shape=input_shape)
    except ValueError as error:
        raise Unreadable(f"`{name}` does not take this input shape: {_first_line(error)}") from None


def from_file(path: Path) -> Any:
    """The model in a `.keras` file, without its weights; Lambdas and unknown classes are stood in for, never run.

    Raises `Unreadable` where the file is none, or holds none.
    """
    config = _config(path)
    strangers = list(_estrange(config))
    try:
        return keras.saving.deserialize_keras_object(config, custom_objects=_known(), safe_mode=True)
    except Exception as error:
        if strangers:
            listed = "\n".join(f"  {name} ({kind}): cnnspec has no such layer" for name, kind in strangers)
            message = (
                f"{path} holds layers that could not be imported, and those after them do not fit without:\n{listed}"
            )
            raise Unreadable(message, foreign=True) from None
        raise Unreadable(f"Keras cannot make the model in {path}: {_first_line(error)}") from None


def _config(path: Path) -> Any:
    """The configuration in a `.keras` file."""
    if not is_there(path):
        raise Unreadable(f"no file is called {path}")
    if path.suffix in (".h5", ".hdf5") or is_folder(path):
        raise Unreadable(
            f"{path} is an older format; load it in Keras and save it with `model.save('{path.stem}.keras')`"
        )
    try:
        with zipfile.ZipFile(path) as file:
            if file.getinfo("config.json").file_size > _LARGEST:
                raise Unreadable(f"the model in {path} is described in more than {_LARGEST >> 20} MiB")
            config = json.loads(file.read("config.json"))
    except (zipfile.BadZipFile, KeyError, ValueError, UnicodeDecodeError, EOFError, RecursionError) as error:
        if isinstance(error, KeyError):
            raise Unreadable(f"{path} is an archive, but holds no Keras model (no config.json)") from None
        raise Unreadable(f"{path} is no .keras file, or damaged: {_first_line(error)}") from None
    except OSError as error:
        raise Unreadable(f"{path} cannot be read: {error.strerror or error}") from None
    if not isinstance(config, dict) or "class_name" not in config:
        raise Unreadable(f"{path} holds no Keras model: its config.json describes none")
    config.pop("compile_config", None)
    return config


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _known() -> dict[str, Any]:
    """Classes that models of keras.applications hold and that Keras does not find by itself."""
    from keras.src.applications import convnext, inception_resnet_v2

    found = {"LayerScale": (convnext, "LayerScale"), "CustomScaleLayer": (inception_resnet_v2, "CustomScaleLayer")}
    known = {name: getattr(module, cls) for name, (module, cls) in found.items() if hasattr(module, cls)}
    return {**known, "Stranger": Stranger}


def _estrange(config: Any) -> Iterator[tuple[str, str]]:
    """Put stand-ins in the place of layers whose class is not Keras's, and of Lambdas; their names and classes."""
    stack = [config]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            inner: Any = value.get("config")
            kind = value.get("class_name")
            layer = isinstance(inner, dict) and isinstance(kind, str) and "inbound_nodes" in value
            layer = layer or (isinstance(inner, dict) and {"name", "trainable", "dtype"} <= inner.keys())
            if layer and not _is_of_keras(value):
                name = str(inner.get("name", kind))
                value.update(module=None, class_name="Stranger", registered_name="Stranger")
                value["config"] = {"name": name, "kind": kind}
                value.pop("build_config", None)
                yield name, str(kind)
            stack += value.values()
        elif isinstance(value, list):
            stack += value


def _is_of_keras(value: dict[str, Any]) -> bool:
    module, kind = str(value.get("module") or ""), value["class_name"]
    if kind == "Lambda":
        return False
    if kind in ("LayerScale", "CustomScaleLayer"):
        return True
    return module == "keras" or module.startswith("keras.")
