"""Encoded images that lie within other files (records, tables): a column that decodes them, and their labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any, Protocol

import numpy as np

from cnnspec.data.arrays import Pair, dataset
from cnnspec.data.columns import Array, Column, take
from cnnspec.data.errors import DataError
from cnnspec.data.images.checking import Faults, tried
from cnnspec.data.images.column import READ_AT_ONCE, gathered
from cnnspec.data.images.decoding import image_of
from cnnspec.data.images.fitting import Form
from cnnspec.data.images.listing import natural
from cnnspec.data.images.opening import BadImage, unpacked
from cnnspec.data.kinds import Kind
from cnnspec.data.splits import ALL, Dataset
from cnnspec.language.suggest import nearest


class Store(Protocol):
    """Where encoded images lie. Several threads may ask at once."""

    def __len__(self) -> int:
        """How many there are."""

    def content(self, number: int) -> bytes:
        """The bytes of one."""

    def where(self, number: int) -> str:
        """What messages call it."""

    def fingerprint(self) -> str:
        """A digest that changes when the data does."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """A column of the images in a store, brought into one form."""

    store: Store
    form: Form

    @property
    def shape(self) -> tuple[int, ...]:
        """As `Column.shape`."""
        return (len(self.store), *self.form.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Bytes."""
        return np.dtype(np.uint8)

    def __len__(self) -> int:
        return len(self.store)

    def __getitem__(self, indices: Any, /) -> Array:
        return gathered(self._item, np.arange(len(self.store))[indices], self.form.shape, self.dtype)

    def _item(self, number: int) -> Array:
        try:
            return image_of(self.store.content(number), self.form)
        except BadImage as bad:
            raise DataError(f"{self.store.where(number)} {bad.reason}", "it was readable when the run began") from None

    def fingerprint(self) -> str:
        """A digest of the store and the form."""
        return blake2b(f"{self.form} {self.store.fingerprint()}".encode(), digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True)
class Labelled:
    """A split: images, encoded in a store or plain, and for each a number, several, or the name of its class."""

    images: Store | Array
    labels: Array


def labelled(
    splits: Mapping[str, Labelled],
    form: Form | None,
    names: tuple[str, ...] | None,
    where: str,
    skip: bool,
    tags: bool = False,
) -> Dataset:
    """Check every image (or its header, where all together are too many to decode at once), and make a data set.

    The splits are `train` and, where there are any, `validation` and `test`. `names` are those of the classes, where
    they are known; labels that are texts bring their own. With `tags`, labels are rows with a 1 for each class that
    holds. Raises `DataError`; with `skip`, goes on without bad images.
    """
    texts = [part.labels for part in splits.values() if part.labels.dtype.kind == "U"]
    if texts:
        names = tuple(sorted({str(text) for labels in texts for text in labels.reshape(-1)}, key=natural))
    notes: list[str] = []
    pairs: dict[str, Pair] = {}
    for split, part in splits.items():
        labels = _numbered(part.labels, names or ()) if part.labels.dtype.kind == "U" else part.labels
        images, kept = _images(part.images, form, f"{where}, {_SPLITS[split]} split", skip, notes)
        pairs[split] = images, labels if kept is None else labels[kept]
    found = dataset(
        pairs["train"],
        pairs.get("test"),
        None if names is None or tags else len(names),
        where,
        validation=pairs.get("validation"),
    )
    kinds: Mapping[str, Kind] = {ALL: "tags"} if tags else found.kinds
    return replace(found, names=names, notes=tuple(notes), kinds=kinds)


def multi_hot(lists: Sequence[Sequence[int]], count: int, where: str) -> Array:
    """Lists of class numbers as rows with a 1 for each of `count` classes that holds. Raises `DataError`."""
    rows = np.zeros((len(lists), count), np.float32)
    for number, (row, held) in enumerate(zip(rows, lists, strict=True)):
        wrong = next((one for one in held if not 0 <= one < count), None)
        if wrong is not None:
            message = f"{where}: row {number} has the class number {wrong}, and there are {count} classes"
            raise DataError(message, f"they are 0 to {count - 1}")
        row[list(held)] = 1
    return rows


_SPLITS = {"train": "training", "validation": "validation", "test": "test"}


def _numbered(labels: Array, names: Sequence[str]) -> Array:
    numbers = {name: number for number, name in enumerate(names)}
    return np.array([numbers[str(text)] for text in labels.reshape(-1)], np.int32)


class _Names(Sequence[str]):
    """What messages call the images of a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __len__(self) -> int:
        return len(self._store)

    def __getitem__(self, number: Any) -> Any:
        return self._store.where(number)


def _images(
    images: Store | Array, form: Form | None, where: str, skip: bool, notes: list[str]
) -> tuple[Column, Array | None]:
    """The column of images that can be used, and which ones these are; None for all."""
    if isinstance(images, np.ndarray):
        return images, None
    assert form is not None
    length = len(images)
    if not length:
        raise DataError(f"{where}: there are no images")
    at_once = length * int(np.prod(form.shape)) <= READ_AT_ONCE
    items = np.empty((length, *form.shape), np.uint8) if at_once else None

    def look(number: int) -> None:
        content = images.content(number)
        if items is not None:
            items[number] = image_of(content, form)
        else:
            with unpacked(content):
                pass

    faults = Faults(where, kind="image")
    good = tried(look, _Names(images), range(length), faults)
    notes += faults.told(skip, length)
    column: Column = Encoded(images, form) if items is None else items
    if len(good) == length:
        return column, None
    kept = np.fromiter(good, np.int64, len(good))
    return take(column, kept), kept


def absent(what: str, name: str, held: Sequence[str]) -> DataError:
    """The error that `what` has nothing called `name`."""
    listed = ", ".join(f"`{one}`" for one in held[:12]) + ", …" * (len(held) > 12) or "nothing"
    guess = nearest(name, held)
    return DataError(f"{what} has no `{name}`; it has {listed}", f"did you mean `{guess}`?" if guess else None)
