"""What a file of weights holds, read as plain HDF5: nothing in it is deserialised, so no code of it runs.

Keras writes three kinds. `.weights.h5` has a group for each layer, named by its class and a number, so that the order
is known among layers of one class alone; `.keras` is a zip archive of such a file and `config.json`, which tells the
whole order; `.h5` of old lists its layers in order, but not their classes.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import h5py
import numpy as np

from cnnspec.data.columns import Array
from cnnspec.language.entries import snake_case
from cnnspec.training.errors import WeightsError
from cnnspec.training.weights_order import order_told

_MEMBER, _CONFIG = "model.weights.h5", "config.json"
_DEPTH, _GROUPS = 32, 200_000
_EXPANSION, _FLOOR = 100, 1 << 30
_AGAIN = "write it again with `model.save_weights` or `model.save`, or fetch it again"


@dataclass(frozen=True, slots=True)
class Held:
    """A layer in a file: its name there, its class in snake case (empty where the file does not tell), its arrays.

    `path` are the names of the models that it stands in, as far as the file tells them, and its own. `within` is the
    number of the model within the model that it stands in, where the file does not tell between which layers that one
    stands; else 0. `placed` is false where the file does not tell which of several models stands where.
    """

    name: str
    kind: str
    arrays: Mapping[str, Any]
    within: int = 0
    path: tuple[str, ...] = ()
    placed: bool = True

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of each array."""
        return {key: tuple(array.shape) for key, array in self.arrays.items()}

    def value(self, key: str) -> Array:
        """One array. Raises `WeightsError` where it does not read."""
        dataset = self.arrays[key]
        try:
            found = np.asarray(dataset[()])
            if dataset.attrs.get("dtype") == "bfloat16":
                import ml_dtypes

                found = found.view(ml_dtypes.bfloat16).astype(np.float32)
        except _DAMAGE:
            raise WeightsError(f"the weights of `{self.name}` do not read: the file is damaged", _AGAIN) from None
        if found.dtype.kind not in "biuf":
            raise WeightsError(f"the weights of `{self.name}` are no numbers but {found.dtype}", _AGAIN)
        return found


_DAMAGE = (OSError, KeyError, ValueError, RuntimeError, TypeError, AttributeError, IndexError, RecursionError)
"""What h5py raises on files with flipped bytes."""


@contextmanager
def opened(path: Path, stream: IO[bytes] | None = None) -> Iterator[list[Held]]:
    """The layers with weights that a file holds, in order; their arrays are read while it is open. `stream` is the file
    where it is open already, and `path` is what messages call it.

    Raises `WeightsError` where it is not there, no file of weights, cut short or damaged.
    """
    with ExitStack() as stack:
        try:
            held = _held(path, stream or stack.enter_context(path.open("rb")), stack)
        except OSError as error:
            raise WeightsError(f"{path} cannot be read: {error.strerror or error}") from None
        except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError):
            raise WeightsError(f"{path} is damaged: it does not unpack", _AGAIN) from None
        yield held


def _held(path: Path, stream: IO[bytes], stack: ExitStack) -> list[Held]:
    if not zipfile.is_zipfile(stream):
        stream.seek(0)
        return _layers(stack.enter_context(_hdf5(stream, path)), path, {})
    archive = stack.enter_context(zipfile.ZipFile(stream))
    member = stack.enter_context(_unpacked(archive, path))
    return _layers(stack.enter_context(_hdf5(member, path)), path, _config(archive))


@contextmanager
def _hdf5(source: IO[bytes], path: Path) -> Iterator[h5py.File]:
    try:
        file = h5py.File(source, "r")
    except _DAMAGE as error:
        if isinstance(error, PermissionError):
            raise
        raise WeightsError(*_no_hdf5(source, path, str(error))) from None
    with file:
        yield file


def _no_hdf5(source: IO[bytes], path: Path, said: str) -> tuple[str, str]:
    source.seek(0)
    start = source.read(8)
    if "truncated" in said or start[:2] == b"PK":
        return f"{path} is cut short", "fetch or write it again"
    if start == b"\x89HDF\r\n\x1a\n":
        return f"{path} is damaged", _AGAIN
    help = "`training.weights` takes a `.weights.h5`, `.keras` or `.h5` file of Keras"
    return f"{path} is {'empty' if not start else 'no HDF5 file'}", help


@contextmanager
def _unpacked(archive: zipfile.ZipFile, path: Path) -> Iterator[IO[bytes]]:
    """The member of an archive that holds the weights, as a file of its own."""
    if _MEMBER not in archive.namelist():
        raise WeightsError(f"{path} holds no weights: there is no `{_MEMBER}` in it", "write it with `model.save`")
    info = archive.getinfo(_MEMBER)
    if info.file_size > max(_FLOOR, _EXPANSION * info.compress_size):
        raise WeightsError(f"{path} promises {info.file_size:,} bytes of weights in {info.compress_size:,}")
    with tempfile.TemporaryFile() as copy:
        with archive.open(info) as member:
            shutil.copyfileobj(member, copy, 1 << 20)
        copy.seek(0)
        yield copy


def _config(archive: zipfile.ZipFile) -> Any:
    """What `config.json` says of the model; nothing where it does not read."""
    try:
        if archive.getinfo(_CONFIG).file_size <= _FLOOR >> 4:
            return json.loads(archive.read(_CONFIG))
    except (KeyError, ValueError, RecursionError):
        pass
    return {}


def _layers(file: h5py.File, path: Path, config: Any) -> list[Held]:
    try:
        old = _group(file, "model_weights") or file
        if "layer_names" in old.attrs or "layer_names0" in old.attrs:
            found = list(_legacy(old))
        else:
            found = list(_Walk().model(file, config))
            places = {path: place for place, path in enumerate(order_told(config))}
            if config and not places and len({held.path[0] for held in found if len(held.path) > 1}) > 1:
                raise WeightsError("it holds several models, and does not tell how they are called", _AGAIN)
            found.sort(key=lambda held: places.get(held.path, len(places)))
    except WeightsError as error:
        raise WeightsError(f"{path}: {error.message}", error.help) from None
    except _DAMAGE:
        raise WeightsError(f"{path} is damaged", _AGAIN) from None
    if not found:
        raise WeightsError(f"{path} holds no weights of layers", "write it with `model.save_weights` or `model.save`")
    return found


class _Walk:
    """Finds the layers below a group. Counts what it opens: links may form a circle."""

    def __init__(self) -> None:
        self._opened = 0
        self._within = 0

    def model(
        self, group: h5py.Group, config: Any, depth: int = 0, within: int = 0, path: tuple[str, ...] = ()
    ) -> Iterator[Held]:
        """The layers of a model, those of models within it among them."""
        container = _group(group, "layers") or _group(group, "_layer_checkpoint_dependencies")
        if container is not None:
            known = _told(config)
            for key in sorted(container, key=lambda key: _place(key, known, container)):
                yield from self._layer(container, key, known.get(key, (0, {}))[1], depth, within, path)
        elif depth < _DEPTH:  # a model of a class of its own: its attributes
            for key in sorted(group):
                if key not in ("vars", "optimizer") and _group(group, key) is not None:
                    yield from self._layer(group, key, {}, depth, within, path, kind="")

    def _layer(
        self,
        container: h5py.Group,
        key: str,
        config: Any,
        depth: int,
        within: int,
        path: tuple[str, ...],
        kind: str | None = None,
    ) -> Iterator[Held]:
        group = self._checked(_group(container, key), depth)
        if group is None:
            return
        path = (*path, _name(group, config) or key)
        if "layers" in group:
            if not config and not within and kind is None:
                self._within += 1
                within = self._within
            yield from self.model(group, config, depth + 1, within, path)
            return
        arrays = dict(self._arrays(group, "", depth))
        if arrays:
            yield Held(path[-1], _kind(key) if kind is None else kind, arrays, within, path, not within)

    def _arrays(self, group: h5py.Group, prefix: str, depth: int) -> Iterator[tuple[str, h5py.Dataset]]:
        """The arrays of a layer and of layers that it is made of. Those of random generators are no weights."""
        own = _group(group, "vars")
        for key in sorted(own or (), key=_number):
            dataset = _dataset(own, key)
            if dataset.dtype != np.uint32:
                yield prefix + key, dataset
        for key in sorted(group):
            below = self._checked(_group(group, key), depth) if key != "vars" else None
            if below is not None:
                yield from self._arrays(below, f"{prefix}{key.lstrip('_')}/", depth + 1)

    def _checked(self, group: h5py.Group | None, depth: int) -> h5py.Group | None:
        self._opened += 1
        if depth > _DEPTH or self._opened > _GROUPS:
            raise WeightsError("its groups are too deep or too many", _AGAIN)
        return group


def _group(parent: h5py.Group, key: str) -> h5py.Group | None:
    """A group in `parent`. Links into other files are not followed."""
    if not isinstance(parent.get(key, getlink=True), h5py.HardLink):
        return None
    found = parent[key]
    return found if isinstance(found, h5py.Group) else None


def _dataset(parent: h5py.Group, key: str) -> h5py.Dataset:
    found = parent[key] if isinstance(parent.get(key, getlink=True), h5py.HardLink) else None
    if not isinstance(found, h5py.Dataset) or found.external or found.is_virtual:
        raise WeightsError(f"`{parent.name}/{key}` is no array of this file", _AGAIN)
    return found


def _told(config: Any) -> dict[str, tuple[int, Any]]:
    """What a model's configuration says of the groups of its layers: the place and the configuration of each."""
    inner = config.get("config") if isinstance(config, Mapping) else None
    listed = inner.get("layers") if isinstance(inner, Mapping) else None
    counts: dict[str, int] = {}
    found: dict[str, tuple[int, Any]] = {}
    for place, layer in enumerate(listed if isinstance(listed, Sequence) else ()):
        kind = snake_case(str(layer.get("class_name", ""))) if isinstance(layer, Mapping) else ""
        number = counts[kind] = counts.get(kind, -1) + 1
        found[f"{kind}_{number}" if number else kind] = (place, layer)
    return found


def _place(key: str, known: Mapping[str, tuple[int, Any]], container: h5py.Group) -> tuple[int, str, int]:
    """Where a layer stands: as told, or else among those of its class, after the models within."""
    if key in known:
        return known[key][0], "", 0
    within = _group(container, key)
    return (-1 if within is not None and "layers" in within else len(known)), _kind(key), _number(key)


def _kind(key: str) -> str:
    """`conv2d_12` → `conv2d`."""
    return re.sub(r"_\d+$", "", key)


def _number(key: str) -> int:
    match = re.search(r"\d+$", key)
    return int(match[0]) if match and (match.start() == 0 or key[match.start() - 1] == "_") else 0


def _name(group: h5py.Group, config: Any) -> str:
    own = config.get("config") if isinstance(config, Mapping) else None
    told = own.get("name") if isinstance(own, Mapping) else None
    held = _group(group, "vars")
    return _text(told or (held.attrs.get("name", "") if held is not None else ""))


def _legacy(root: h5py.Group) -> Iterator[Held]:
    for name in _listed(root, "layer_names"):
        group = _group(root, name)
        names = _listed(group, "weight_names") if group is not None else []
        scopes: dict[str, dict[str, h5py.Dataset]] = {}
        for path in names:  # a model within a model lists the weights of all its layers
            arrays = scopes.setdefault(path.rpartition("/")[0], {})
            arrays[str(len(arrays))] = _below(group, path)
        for scope, arrays in scopes.items():
            shown = name if len(scopes) == 1 else scope
            yield Held(shown, "", arrays, path=(name, scope), placed=scope == name)


def _below(group: h5py.Group | None, path: str) -> h5py.Dataset:
    *groups, last = path.split("/")
    for key in groups:
        group = _group(group, key) if group is not None else None
    if group is None:
        raise WeightsError(f"there is no array `{path}` in it", _AGAIN)
    return _dataset(group, last)


def _listed(group: h5py.Group, name: str) -> list[str]:
    """A list of names among the attributes; a long one is in several pieces."""
    if name in group.attrs:
        return [_text(item) for item in group.attrs[name]]
    found: list[str] = []
    while f"{name}{len(found)}" in group.attrs and len(found) < _DEPTH * _DEPTH:
        found.append(f"{name}{len(found)}")
    return [_text(item) for piece in found for item in group.attrs[piece]]


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
