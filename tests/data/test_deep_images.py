"""Images deeper than 8 bits: 0 to 255 with the fraction kept, the same in every place that reads files."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from cnnspec.data.errors import DataError
from cnnspec.data.images import checking
from cnnspec.data.images.decoding import image
from cnnspec.data.images.fitting import Form
from cnnspec.data.images.opening import BadImage
from cnnspec.data.scale import Scale
from cnnspec.data.splits import ALL, Dataset
from cnnspec.judging.entering import entrances
from cnnspec.judging.files import readings
from cnnspec.language.entries import Invalid
from tests.data.pictures import noise, save, source
from tests.training.specs import plan


def folder(root: Path, *arrays: Any, ending: str = "png") -> Path:
    for number, array in enumerate(arrays):
        save(root / f"pictures/{'ab'[number % 2]}/{number}.{ending}", array)
    return root


def load(root: Path, **arguments: Any) -> Dataset:
    given = {"path": "pictures", "image_size": 4, "channels": 1, **arguments}
    return source({"image_folder": given}).load(root, {})


def pixels(data: Dataset) -> Any:
    return data.train.x[ALL][np.arange(len(data.train))]


def deep(most: int, seed: int = 0) -> Any:
    values = np.random.default_rng(seed).integers(0, most + 1, (4, 4), np.uint16)
    values[0, 0], values[0, 1] = 0, most
    return values


@pytest.fixture(params=["at once", "one by one"])
def either(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param != "at once":
        monkeypatch.setattr(checking, "READ_AT_ONCE", 0)


@pytest.mark.parametrize(
    ("bits", "most", "white"), [(None, 65535, 65535), (None, 4095, 65535), (12, 4095, 4095), (10, 1023, 1023)]
)
@pytest.mark.parametrize("ending", ["png", "tif", "pgm"])
def test_sixteen_bits_keep_their_depth(
    tmp_path: Path, either: None, ending: str, bits: int | None, most: int, white: int
) -> None:
    arrays = deep(most), deep(most, 1)
    data = load(folder(tmp_path, *arrays, ending=ending), bits=bits)
    assert data.train.x[ALL].dtype == np.float32
    assert pixels(data)[..., 0] == pytest.approx(np.stack(arrays) * (255 / white), rel=1e-6)


def test_bytes_beside_them_keep_their_values(tmp_path: Path, either: None) -> None:
    plain = noise(4, 4, 1)
    data = load(folder(tmp_path, deep(65535), plain))
    assert pixels(data)[1, ..., 0].tolist() == plain.tolist()
    assert any("1 of 2 images has 16 bits (0 to 65,535)" in note for note in data.notes)


def test_bytes_alone_stay_bytes(tmp_path: Path, either: None) -> None:
    data = load(folder(tmp_path, noise(4, 4, 1), noise(4, 4, 1, 1)))
    assert data.train.x[ALL].dtype == np.uint8
    assert not data.notes


@pytest.mark.parametrize(("most", "bits"), [(4095, 12), (1000, 10), (200, 8), (20000, 15)])
def test_less_than_the_depth_is_told_with_what_to_write(tmp_path: Path, most: int, bits: int) -> None:
    (note,) = load(folder(tmp_path, deep(most), deep(most, 1))).notes
    assert f"16 bits (0 to {most:,})" in note
    assert f"no pixel is brighter than {most * 255 / 65535:.3g}" in note
    assert note.endswith(f"write `bits: {bits}`")
    (note,) = load(tmp_path, bits=bits).notes
    assert "no pixel is brighter" not in note


def test_more_than_the_bits_is_an_error_by_name(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"1\.png holds 5,000, and `bits: 12` are 0 to 4,095"):
        load(folder(tmp_path, deep(4095), deep(5000)), bits=12)


@pytest.mark.parametrize("kind", [np.float32, np.int32])
def test_a_range_says_what_is_black_and_white(tmp_path: Path, either: None, kind: Any) -> None:
    values = np.array([[-2000, -1000, 0, 400], [500, 100, -900, 7]] * 2, kind)
    data = load(folder(tmp_path, values, values, ending="tif"), value_range=[-1000, 400])
    wanted = np.clip((values.astype(float) + 1000) / 1400, 0, 1) * 255
    assert pixels(data)[0, ..., 0] == pytest.approx(wanted, abs=1e-4)
    assert any("-2,000 to 500" in note and "what lies beyond becomes 0 or 255" in note for note in data.notes)


def test_floats_are_zero_to_one(tmp_path: Path, either: None) -> None:
    values = np.linspace(0, 1, 16, dtype=np.float32).reshape(4, 4)
    data = load(folder(tmp_path, values, values, ending="tif"))
    assert pixels(data)[1, ..., 0] == pytest.approx(values * 255, abs=1e-4)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.full((4, 4), 3.5, np.float32), r"holds floats of 3\.5 to 3\.5, not of 0 to 1: write `value_range"),
        (np.full((4, 4), np.nan, np.float32), "holds NaN or infinity"),
        (np.full((4, 4), -7, np.int32), "holds numbers of 32 bits, -7 to -7: write `value_range"),
    ],
)
def test_values_without_a_scale_are_told_by_file(tmp_path: Path, values: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        load(folder(tmp_path, values, values, ending="tif"))


@given(st.integers(1, 16), st.integers(0, 65535))
def test_the_scale_is_linear(tmp_path_factory: pytest.TempPathFactory, bits: int, value: int) -> None:
    path = tmp_path_factory.getbasetemp() / "one.png"
    save(path, np.full((2, 2), value, np.uint16))
    form = Form(2, 2, 3, scale=Scale(bits))
    if value >= 2**bits:
        with pytest.raises(BadImage, match="bits"):
            image(path, form)
    else:
        found = image(path, form)[0]
        assert found.shape == (2, 2, 3)
        assert found == pytest.approx(255 * value / (2**bits - 1), rel=1e-6)


def test_turned_resized_and_with_all_channels(tmp_path: Path) -> None:
    """As the same picture in 8 bits, but for what rounding takes."""
    plain = (np.add.outer(np.arange(24), np.arange(40)) * 4).clip(0, 255).astype(np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 6
    for name, array in (("a.png", plain), ("b.png", plain.astype(np.uint16) * 257)):
        Image.fromarray(array).save(tmp_path / name, exif=exif)
    for channels in (1, 3, 4):
        for resize in ("stretch", "crop", "pad"):
            form = Form(10, 7, channels, resize)
            eight, sixteen = image(tmp_path / "a.png", form)[0], image(tmp_path / "b.png", form)[0]
            assert np.abs(eight.astype(float) - sixteen).max() <= 1


def test_colours_of_sixteen_bits_are_told(tmp_path: Path) -> None:
    for name, blue in (("a", 0xFFFF), ("b", 0xFFFE)):
        path = tmp_path / f"pictures/{name}/0.png"
        path.parent.mkdir(parents=True)
        path.write_bytes(_colour16(blue))
    data = load(tmp_path, channels=3)
    assert pixels(data)[0, 0, 0].tolist() == [0x12, 0x34, 0xFF]
    assert data.notes == ("the images have colours of 16 bits, of which the upper 8 are read",)
    with pytest.raises(DataError, match="has colours of 16 bits, of which the upper 8 are read, and the spec says 12"):
        load(tmp_path, channels=3, bits=12)


def _colour16(blue: int) -> bytes:

    row = b"\0" + struct.pack(">3H", 0x1234, 0x3456, blue) * 4
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", 4, 4, 16, 2, 0, 0, 0)), (b"IDAT", zlib.compress(row * 4)), (b"IEND", b""),
    ]  # fmt: skip
    packed = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


FLOATS = """
name: deep
input: [4, 4, 1]
layers: [flatten, {dense: {units: 2, activation: softmax}}]
data: {source: {image_folder: {path: pictures, bits: 12}}, preprocessing: [{rescaling: $(1/255)}]}
"""


def test_predict_reads_files_as_training_does(tmp_path: Path) -> None:
    arrays = deep(4095), deep(4095, 1)
    folder(tmp_path, *arrays)
    ready = plan(tmp_path / "runs", FLOATS, directory=tmp_path)
    trained = ready.data.source.load(tmp_path, ready.graph.inputs).train.x[ALL]
    files = [tmp_path / "pictures/a/0.png", tmp_path / "pictures/b/1.png"]
    items = [read() for read in readings(files, entrances(ready), None)]
    assert [item.error for item in items] == [None, None]
    assert np.array_equal(np.stack([item.x["input"] for item in items]), trained[np.arange(2)])
    assert trained[np.arange(2)].max() == 255


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"bits": 12, "value_range": [0, 4095]}, "`bits: 12` says that white is 4,095"),
        ({"value_range": [400, -1000]}, "the range goes from 400 to -1000"),
        ({"bits": 17}, "17"), ({"bits": 0}, "0"),
    ],
)  # fmt: skip
def test_scales_that_contradict(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(Invalid) as invalid:
        source({"image_folder": {"path": "x", **arguments}})
    assert any(message in problem.message for problem in invalid.value.problems)
