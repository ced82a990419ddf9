"""`image_pairs`: images and what a network shall make of them; sizes, ranges, and all that can be wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from PIL import Image

import cnnspec
from cnnspec.data.errors import DataError
from cnnspec.data.images import checking
from cnnspec.data.splits import ALL, Dataset
from cnnspec.language.entries import Invalid
from cnnspec.training.fit import train
from tests.data.pictures import noise, save, source
from tests.training.specs import plan


@pytest.fixture(params=["at once", "one by one"])
def either(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param != "at once":
        monkeypatch.setattr(checking, "READ_AT_ONCE", 0)


def write(folder: Path, name: str, low: Any, high: Any, split: str = "") -> None:
    save(folder / "low" / split / f"{name}.png", low)
    save(folder / "high" / split / f"{name}.png", high)


def load(folder: Path, output: Any = (4, 4, 3), **arguments: Any) -> Dataset:
    given = {"inputs": "low", "targets": "high", "image_size": 4, **arguments}
    return source({"image_pairs": given}).load_for(folder, {}, {"out": output})


def targets(data: Dataset) -> Any:
    return data.train.y[ALL][np.arange(len(data.train))]


@pytest.mark.parametrize("span", [None, [-1, 1], [0, 255], [10, 2]])
def test_black_and_white_become_the_range(tmp_path: Path, either: None, span: Any) -> None:
    high = noise(4, 4, seed=1)
    write(tmp_path, "a", noise(4, 4), high)
    if span == [10, 2]:
        with pytest.raises(Invalid):
            load(tmp_path, target_range=span)
        return
    data = load(tmp_path, **({} if span is None else {"target_range": span}))
    low, white = span or (0, 1)
    assert targets(data)[0] == pytest.approx(low + high / 255 * (white - low), abs=1e-4)
    assert data.kinds == {ALL: "value_maps"}
    assert f"black is {low:g} in them, white {white:g}" in data.notes[0]
    assert data.train.x[ALL].dtype == np.uint8


def test_depth_in_metres(tmp_path: Path, either: None) -> None:
    millimetres = np.arange(16, dtype=np.uint16).reshape(4, 4) * 4000
    write(tmp_path, "a", noise(4, 4), millimetres)
    data = load(tmp_path, (4, 4, 1), target_range=[0, 65.535])
    assert targets(data)[0, ..., 0] == pytest.approx(millimetres / 1000, abs=1e-4)


@pytest.mark.parametrize(("channels", "output"), [(1, (4, 4, 1)), (3, (4, 4, 3)), (3, (None, None, 3))])
def test_channels_are_those_that_the_network_gives(tmp_path: Path, channels: int, output: Any) -> None:
    write(tmp_path, "a", noise(4, 4, 1), noise(4, 4))
    data = load(tmp_path, output, channels=1)
    assert (data.train.x[ALL].shape, data.train.y[ALL].shape) == ((1, 4, 4, 1), (1, 4, 4, channels))


@pytest.mark.parametrize("output", [(8, 8, 3), (None, None, 3)])
def test_targets_of_twice_the_size(tmp_path: Path, either: None, output: Any) -> None:
    write(tmp_path, "a", noise(4, 4), noise(8, 8, seed=1))
    write(tmp_path, "b", noise(6, 4), noise(12, 8, seed=1))
    write(tmp_path, "c", noise(5, 4), noise(11, 9, seed=1))
    data = load(tmp_path, output)
    assert data.train.y[ALL].shape == (3, 8, 8, 3)
    assert targets(data)[0] == pytest.approx(noise(8, 8, seed=1) / 255, abs=1e-6)
    write(tmp_path, "d", noise(4, 4), noise(4, 4))
    with pytest.raises(DataError, match=r"high/d\.png is 4×4 pixels, its image 4×4, and .* 2 times the size"):
        load(tmp_path, output)


def test_files_and_network_that_disagree(tmp_path: Path) -> None:
    write(tmp_path, "a", noise(4, 4), noise(8, 8))
    with pytest.raises(DataError) as told:
        load(tmp_path, (4, 4, 3))
    assert "targets have 2 times the size of their inputs (8×8 for 4×4, " in told.value.message
    assert "the network gives 1 times that (4×4 for 4×4)" in told.value.message
    assert "`target_size: [4, 4]`" in (told.value.help or "")
    assert load(tmp_path, (4, 4, 3), target_size=[4, 4]).train.y[ALL].shape == (1, 4, 4, 3)


def test_splits_names_and_faults(tmp_path: Path) -> None:
    for split in ("train", "val", "test"):
        write(tmp_path, "a", noise(4, 4), noise(4, 4), split)
    data = load(tmp_path)
    assert data.validation is not None
    assert data.test is not None
    (tmp_path / "high/train/a.png").rename(tmp_path / "high/train/a_clean.png")
    (tmp_path / "high/val/a.png").rename(tmp_path / "high/val/a_clean.png")
    (tmp_path / "high/test/a.png").rename(tmp_path / "high/test/a_clean.png")
    with pytest.raises(DataError) as told:
        load(tmp_path)
    assert "has a target of its name" in told.value.message
    assert told.value.help == 'write `target_name: "{stem}_clean"`'
    assert len(load(tmp_path, target_name="{stem}_clean").train) == 1


def test_targets_turn_with_their_images(tmp_path: Path) -> None:
    stored = noise(4, 6)
    exif = Image.Exif()
    exif[0x0112] = 6
    (tmp_path / "low").mkdir()
    Image.fromarray(stored).save(tmp_path / "low/a.png", exif=exif)
    save(tmp_path / "high/a.png", stored)
    data = load(tmp_path, (6, 4, 3), image_size=[6, 4])
    assert targets(data)[0] == pytest.approx(data.train.x[ALL][np.arange(1)][0] / 255, abs=1e-6)
    assert any("turned with its image" in note for note in data.notes)


def test_targets_beyond_what_the_end_gives_are_refused_before_training(tmp_path: Path) -> None:
    write(tmp_path, "a", noise(8, 8), noise(16, 16))
    write(tmp_path, "b", noise(8, 8), noise(16, 16))
    text = DOUBLE.replace("ACTIVATION", "sigmoid").replace("RANGE", "[0, 255]")
    with pytest.raises(AssertionError, match="the targets are 0 to 255, and `sigmoid` gives 0 to 1"):
        plan(tmp_path / "runs", text, directory=tmp_path)  # `validate` says it


def test_two_scales_of_targets() -> None:
    with pytest.raises(Invalid) as invalid:
        source({"image_pairs": {"inputs": "a", "targets": "b", "target_bits": 12, "target_value_range": [0, 1]}})
    assert "white is 4,095" in invalid.value.problems[0].message


DOUBLE = """
name: double
input: [8, 8, 3]
layers:
  - up_sampling2d: 2
  - conv2d: {filters: 3, kernel_size: 1, activation: ACTIVATION, name: last}
data:
  source: {image_pairs: {inputs: low, targets: high, target_range: RANGE}}
  preprocessing: [{rescaling: $(1/255)}]
  augmentation: [{random_flip: horizontal}]
training: {epochs: 30, batch_size: 8, seed: 3, optimizer: {adam: 0.05}}
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("activation", "span", "epochs"), [("sigmoid", (0, 1), 30), ("tanh", (-1, 1), 30), ("linear", (0, 10), 2)]
)
def test_a_run_writes_images_of_the_right_brightness(
    tmp_path: Path, activation: str, span: tuple[int, int], epochs: int
) -> None:
    """Dark and bright squares, twice as large: learnt under flips, which only targets that flip alike allow. What is
    written is what plain Keras gives, from black to white."""
    random = np.random.default_rng(0)
    for number in range(24):
        low = random.choice(np.array([40, 215], np.uint8), (8, 8, 1)).repeat(3, -1)
        write(tmp_path, str(number), low, low.repeat(2, 0).repeat(2, 1))
    text = DOUBLE.replace("ACTIVATION", activation).replace("RANGE", str(list(span)))
    done = train(plan(tmp_path / "runs", text, f"training.epochs={epochs}", directory=tmp_path), quiet=True)
    for _ in cnnspec.predict(done.folder, [tmp_path / "low/3.png"], output=tmp_path / "made"):
        pass
    made = np.asarray(Image.open(tmp_path / "made/3.png")).astype(int)
    wanted = np.asarray(Image.open(tmp_path / "high/3.png"))
    assert made.shape == wanted.shape
    network = keras.models.load_model(done.folder / "best.keras")
    given = keras.ops.convert_to_numpy(network(np.asarray(Image.open(tmp_path / "low/3.png"))[None] / np.float32(255)))
    assert np.abs(made - ((given[0] - span[0]) / (span[1] - span[0])).clip(0, 1) * 255).max() <= 1
    if epochs > 2:
        assert np.abs(made - wanted).mean() < 12
