"""What is in a `tf.train.Example`: features by name, read from the wire format of Protocol Buffers.

An Example holds (1) Features, these (1) entries of a map: (1) a name and (2) a Feature, which holds a list of
(1) bytes, (2) floats or (3) whole numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from cnnspec.data.columns import Array

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_SIGN = 1 << 63


class Damaged(Exception):
    """Bytes that are no Example."""


class Field(NamedTuple):
    """A field of a message: its number and its wire type, and where its value starts and ends."""

    number: int
    wire: int
    start: int
    end: int


class Feature(NamedTuple):
    """A feature: `bytes` (where each value starts and ends), `floats` or `numbers`, and where its list is."""

    kind: str
    lists: tuple[Field, ...]


def features(data: bytes | memoryview) -> dict[str, Feature]:
    """The features of an Example by name. Raises `Damaged`."""
    found: dict[str, Feature] = {}
    for outer in _messages(data, 0, len(data), 1):
        for entry in _messages(data, outer.start, outer.end, 1):
            name, feature = "", Feature("nothing", ())
            for field in _fields(data, entry.start, entry.end):
                if field.number == 1 and field.wire == _BYTES:
                    name = _text(data[field.start : field.end])
                elif field.number == 2 and field.wire == _BYTES:
                    feature = _feature(data, field)
            found[name] = feature
    return found


def _feature(data: bytes | memoryview, field: Field) -> Feature:
    lists = [one for one in _fields(data, field.start, field.end) if one.number in _KINDS and one.wire == _BYTES]
    if not lists:
        return Feature("nothing", ())
    last = lists[-1].number
    return Feature(_KINDS[last], tuple(one for one in lists if one.number == last))


_KINDS = {1: "bytes", 2: "floats", 3: "numbers"}


def spans(data: bytes | memoryview, feature: Feature) -> list[tuple[int, int]]:
    """Where each value of a feature of bytes starts and ends."""
    return [
        (value.start, value.end)
        for one in feature.lists
        for value in _fields(data, one.start, one.end)
        if value.number == 1 and value.wire == _BYTES
    ]


def values(data: bytes | memoryview, feature: Feature) -> Array:
    """The values of a feature of floats or whole numbers, packed or not."""
    parts: list[Array] = []
    floats = feature.kind == "floats"
    for one in feature.lists:
        for value in _fields(data, one.start, one.end):
            if value.number != 1:
                continue
            part = data[value.start : value.end]
            if floats:
                if len(part) % 4:
                    raise Damaged
                parts.append(np.frombuffer(part, "<f4"))
            else:
                parts.append(_signed(part))
    return np.concatenate(parts) if parts else np.empty(0, np.float32 if floats else np.int64)


def _signed(data: bytes | memoryview) -> Array:
    """Varints, as signed numbers of 64 bits."""
    numbers, at = [], 0
    while at < len(data):
        number, at = _varint(data, at, len(data))
        numbers.append(number - (1 << 64) if number & _SIGN else number)
    return np.array(numbers, np.int64)


def _messages(data: bytes | memoryview, start: int, end: int, number: int) -> Iterator[Field]:
    return (field for field in _fields(data, start, end) if field.number == number and field.wire == _BYTES)


def _fields(data: bytes | memoryview, start: int, end: int) -> Iterator[Field]:
    """The fields of the message from `start` to `end`; the value of a varint is its own bytes."""
    at = start
    while at < end:
        tag, at = _varint(data, at, end)
        number, wire = tag >> 3, tag & 7
        if wire == _VARINT:
            _, after = _varint(data, at, end)
        elif wire == _BYTES:
            length, at = _varint(data, at, end)
            after = at + length
        elif wire in (_FIXED32, _FIXED64):
            after = at + (4 if wire == _FIXED32 else 8)
        else:
            raise Damaged
        if after > end or not number:
            raise Damaged
        yield Field(number, wire, at, after)
        at = after


def _varint(data: bytes | memoryview, at: int, end: int) -> tuple[int, int]:
    """A number of 7 bits a byte, the lowest first, and where it ends."""
    number = 0
    for shift in range(0, 70, 7):
        if at >= end:
            break
        byte = data[at]
        at += 1
        number |= (byte & 127) << shift
        if byte < 128:
            return number & ((1 << 64) - 1), at
    raise Damaged


def _text(data: bytes | memoryview) -> str:
    try:
        return str(data, "utf-8")
    except UnicodeDecodeError:
        raise Damaged from None
