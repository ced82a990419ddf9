"""TFRecord files: what they hold, read without TensorFlow; and every way in which they can be wrong."""

from __future__ import annotations

import gzip
import io
import struct
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from cnnspec.data import encoded
from cnnspec.data.columns import fingerprint, in_memory
from cnnspec.data.crc32c import crc32c, masked
from cnnspec.data.errors import DataError
from cnnspec.data.examples import Damaged, features, spans, values
from cnnspec.data.sources import SOURCES
from cnnspec.data.splits import ALL
from cnnspec.language.entries import Invalid, read_entry

INPUTS = {"input": (8, 8, 3)}


def varint(number: int) -> bytes:
    number &= (1 << 64) - 1
    parts = []
    while number > 127:
        parts.append(number & 127 | 128)
        number >>= 7
    return bytes([*parts, number])


def block(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def feature(value: Any) -> bytes:
    listed = value if isinstance(value, list) else [value]
    if all(isinstance(each, str | bytes) for each in listed):
        return block(1, b"".join(block(1, each.encode() if isinstance(each, str) else each) for each in listed))
    if any(isinstance(each, float) for each in listed):
        return block(2, block(1, struct.pack(f"<{len(listed)}f", *listed)))
    return block(3, block(1, b"".join(map(varint, listed))))


def example(**named: Any) -> bytes:
    entries = (block(1, block(1, name.encode()) + block(2, feature(value))) for name, value in named.items())
    return block(1, b"".join(entries))


def record(data: bytes) -> bytes:
    length = struct.pack("<Q", len(data))
    return length + struct.pack("<I", masked(length)) + data + struct.pack("<I", masked(data))


def png(value: int, size: tuple[int, int] = (8, 8)) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, (value, 0, 255 - value)).save(file, "PNG")
    return file.getvalue()


def write(path: Path, examples: Sequence[bytes]) -> None:
    path.write_bytes(b"".join(map(record, examples)))


def load(folder: Path, inputs: Any = INPUTS, **arguments: Any) -> Any:
    return read_entry({"tfrecord": {"path": "a.tfrecord", **arguments}}, SOURCES).load(folder, inputs)  # type: ignore[attr-defined]


def test_the_checksum_is_the_known_one() -> None:
    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(bytes(32)) == 0x8A9136AA
    assert crc32c(b"") == 0


@given(st.binary(max_size=40), st.integers(0, 5000))
@settings(max_examples=30, deadline=None)
def test_the_checksum_does_not_depend_on_blocks(start: bytes, length: int) -> None:
    data = start + bytes(i * 7 % 256 for i in range(length))
    state = 0xFFFFFFFF
    for byte in data:
        state ^= byte
        for _ in range(8):
            state = state >> 1 ^ (0x82F63B78 if state & 1 else 0)
    assert crc32c(data) == state ^ 0xFFFFFFFF


def test_images_and_labels(tmp_path: Path) -> None:
    for shard, numbers in (("2", (0, 1)), ("10", (2, 3))):
        write(tmp_path / f"a-{shard}.tfrecord", [example(image=png(60 * n), label=n % 3) for n in numbers])
    write(tmp_path / "test.tfrecord", [example(image=png(9), label=1)])
    data = load(tmp_path, path="a-*.tfrecord", test_path="test.tfrecord", validation_path=("test.tfrecord",))
    assert data.train.x[ALL][:, 0, 0, 0].tolist() == [0, 60, 120, 180]
    assert data.train.y[ALL].tolist() == [0, 1, 2, 0]
    assert (data.classes, len(data.test), len(data.validation)) == ({}, 1, 1)


def test_images_are_resized_and_get_the_channels_of_the_network(tmp_path: Path) -> None:
    write(tmp_path / "a.tfrecord", [example(image=png(n, (12, 20)), label=n) for n in range(2)])
    assert load(tmp_path, {"input": (6, 5, 1)}).train.x[ALL].shape == (2, 6, 5, 1)
    assert load(tmp_path, {"input": (None, None, 3)}, image_size=10).train.x[ALL].shape == (2, 10, 10, 3)


def test_many_images_are_decoded_when_they_are_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "a.tfrecord", [example(image=png(20 * n), label=n) for n in range(5)])
    whole = load(tmp_path).train.x[ALL]
    monkeypatch.setattr(encoded, "READ_AT_ONCE", 0)
    lazy = load(tmp_path).train.x[ALL]
    assert not in_memory(lazy)
    assert (lazy.shape, lazy.dtype) == (whole.shape, whole.dtype)
    assert (lazy[np.array([[4, 0], [1, 1]])] == whole[[[4, 0], [1, 1]]]).all()
    assert fingerprint(lazy) == fingerprint(load(tmp_path).train.x[ALL])
    write(tmp_path / "a.tfrecord", [example(image=png(21 * n), label=n) for n in range(5)])
    assert fingerprint(lazy) != fingerprint(load(tmp_path).train.x[ALL])


@pytest.mark.parametrize(
    ("labels", "classes", "names", "found"),
    [
        (["dog", "cat", "dog"], 2, ("cat", "dog"), [1, 0, 1]),
        ([0.5, -1.25, 2.0], None, None, [0.5, -1.25, 2.0]),
        ([[0, 1], [1, 0], [0, 1]], None, None, [[0, 1], [1, 0], [0, 1]]),
        ([[0.5, 1.0]] * 3, None, None, [[0.5, 1.0]] * 3),
        ([3, 0, 1 << 30], None, None, [3, 0, 1 << 30]),
    ],
)
def test_labels(labels: list[Any], classes: int | None, names: Any, found: Any, tmp_path: Path) -> None:
    write(tmp_path / "a.tfrecord", [example(image=png(1), label=label) for label in labels])
    data = load(tmp_path)
    assert (data.classes.get(ALL), data.names) == (classes, names)
    assert data.train.y[ALL].tolist() == found


@pytest.mark.parametrize("kind", ["bytes", "numbers", "floats", "floats in bytes"])
def test_plain_values(kind: str, tmp_path: Path) -> None:
    numbers = np.arange(24, dtype=np.uint8).reshape(4, 3, 2)
    value = {
        "bytes": numbers.tobytes(),
        "numbers": numbers.reshape(-1).tolist(),
        "floats": (numbers.reshape(-1) / 2).tolist(),
        "floats in bytes": (numbers / 2).astype("<f4").tobytes(),
    }[kind]
    write(tmp_path / "a.tfrecord", [example(image=value, label=n) for n in range(3)])
    data = load(tmp_path, raw_shape=(4, 3, 2))
    assert data.train.x[ALL].dtype == (np.float32 if "floats" in kind else np.uint8)
    assert (data.train.x[ALL] == (numbers / 2 if "floats" in kind else numbers)).all()


def flipped(at: int) -> Callable[[bytes], bytes]:
    return lambda content: content[:at] + bytes([content[at] ^ 4]) + content[at + 1 :]


GOOD = [example(image=png(n), label=n) for n in range(3)]
WHOLE = b"".join(map(record, GOOD))
SECOND = len(record(GOOD[0]))

FAULTS: dict[str, tuple[bytes, dict[str, Any], str]] = {
    "empty": (b"", {}, "is empty"),
    "packed": (gzip.compress(WHOLE), {}, "is packed with gzip"),
    "text": (b"name,label\ncat,1\ncat,2\n", {}, "is no TFRecord"),
    "cut off": (WHOLE[:-5], {}, "is cut off in record 2"),
    "cut off in a head": (WHOLE[: SECOND + 5], {}, "is cut off in record 1"),
    "a length": (flipped(SECOND)(WHOLE), {}, "the length of record 1 is not what was written"),
    "data": (flipped(SECOND + 60)(WHOLE), {}, "record 1 is not what was written"),
    "no example": (record(b"hello"), {}, "record 0, is no `tf.train.Example`"),
    "another feature": (WHOLE, {"image": "imag"}, "record 0 has no `imag`; it has `image`, `label`"),
    "no label": (WHOLE, {"label": "class"}, "has no `class`; it has `image`, `label`"),
    "a number for an image": (WHOLE, {"image": "label"}, "holds numbers as `label`, no encoded image"),
    "an image for a label": (WHOLE, {"label": "image"}, "holds bytes as `image` that are no text"),
    "no image": (record(example(image=b"GIF?", label=0)), {}, "1 image of 1 cannot be used"),
    "two images": (record(example(image=[b"a", b"b"], label=0)), {}, "holds 2 images as `image`"),
    "nothing": (record(example(image=png(1), label=[])), {}, "holds 0 texts as `label`"),
    "mixed": (WHOLE + record(example(image=png(1), label="cat")), {}, "numbers here and texts there"),
    "lengths": (WHOLE + record(example(image=png(1), label=[1, 2])), {}, "more numbers for some"),
    "another shape": (
        record(example(image=b"abc", label=1)),
        {"raw_shape": (2, 2, 1)},
        "holds 3 values as `image`, but 2×2×1 are 4",
    ),
    "no match": (WHOLE, {"path": "b-*.tfrecord"}, "there is no file"),
    "no file": (WHOLE, {"path": "b.tfrecord"}, "is not there"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults(fault: str, tmp_path: Path) -> None:
    content, arguments, words = FAULTS[fault]
    (tmp_path / "a.tfrecord").write_bytes(content)
    with pytest.raises(DataError) as caught:
        load(tmp_path, **arguments)
    assert words in caught.value.message


def test_bad_images_are_all_told_or_left_out(tmp_path: Path) -> None:
    images = [png(1), b"nonsense", png(3), png(4)[:45]]
    write(tmp_path / "a.tfrecord", [example(image=image, label=n) for n, image in enumerate(images)])
    with pytest.raises(DataError) as caught:
        load(tmp_path)
    assert "2 images of 4 cannot be used" in caught.value.message
    assert "record 1, is text, no image" in caught.value.message
    assert "record 3, is " in caught.value.message
    data = load(tmp_path, on_bad_file="skip")
    assert data.train.y[ALL].tolist() == [0, 2]
    assert "2 images of 4 left out" in data.notes[0]


@given(st.binary(max_size=60))
@settings(max_examples=200, deadline=None)
def test_no_bytes_are_too_odd(data: bytes) -> None:
    for odd in (data, block(1, data), block(1, block(1, data)), block(1, block(1, block(1, b"a") + block(2, data)))):
        try:
            for found in features(odd).values():
                (spans if found.kind == "bytes" else values)(odd, found)
        except Damaged:
            pass


@given(
    st.lists(st.integers(-(1 << 63), (1 << 63) - 1), max_size=5),
    st.lists(st.binary(max_size=9), min_size=1, max_size=4),
)
@settings(max_examples=50, deadline=None)
def test_features_come_back_as_they_were_written(numbers: list[int], texts: list[bytes]) -> None:
    data = example(a=texts, b=[*numbers, 0])
    found = features(data)
    assert [data[start:end] for start, end in spans(data, found["a"])] == texts
    assert values(data, found["b"]).tolist() == [*numbers, 0]


def test_what_is_known_before_reading() -> None:
    source: Any = read_entry({"tfrecord": {"path": ("a-*.tfrecord", "b.tfrecord"), "raw_shape": (4, 3, 2)}}, SOURCES)
    assert source.image_shape == (4, 3, 2)
    assert list(source.files()) == [("path", "b.tfrecord")]
    assert source.placed({"tfrecord": "a.tfrecord"}, Path("/x")) == {
        "tfrecord": {"path": ["/x/a-*.tfrecord", "/x/b.tfrecord"]}
    }


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({}, "missing-argument"),
        ({"path": 3}, "wrong-type"),
        ({"path": ()}, "wrong-type"),
        ({"path": "a", "raw_shape": (28, 28)}, "wrong-length"),
        ({"path": "a", "raw_shape": (28, 28, 1), "image_size": 28}, "raw-images"),
    ],
)
def test_refused(arguments: dict[str, Any], code: str) -> None:
    with pytest.raises(Invalid) as caught:
        read_entry({"tfrecord": arguments}, SOURCES)
    assert [problem.code for problem in caught.value.problems] == [code]
