"""Labels whose numbers are not those of classes: what is said of them, and what is not counted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cnnspec.data.class_weights import class_problems
from cnnspec.data.errors import DataError
from cnnspec.training.numbering import oddity
from cnnspec.training.prepare import Prepared, prepare
from tests.training.specs import SMALL, plan

TEN = np.arange(60) % 10
MAPS = "layers=[{conv2d: {filters: 3, kernel_size: 3, padding: same, activation: softmax}}]"
IGNORE = "training.loss={sparse_categorical_crossentropy: {ignore_class: 255}}"
MASKS = np.tile(np.array([0, 1, 2, 255], np.uint8), (60, 8, 2))
SPARSE = "training.loss=sparse_categorical_crossentropy"


def ready(folder: Path, labels: Any, *overrides: str, images: Any = None) -> Prepared:
    images = np.zeros((60, 8, 8, 1), np.uint8) if images is None else images
    np.savez(folder / "a.npz", x_train=images, y_train=labels)
    return prepare(plan(folder, SMALL, "data.source={npz: a.npz}", *overrides, directory=folder), 7)


@pytest.mark.parametrize(
    ("labels", "overrides", "message", "help"),
    [
        (TEN + 1, (), "start at 1, class numbers at 0: they are 1 to 10", "save them as `y - 1`, which are 0 to 9"),
        (TEN + 1, ("layers=[flatten, {dense: 10}]",), "start at 1", "`y - 1`"),
        (TEN % 2 + 1, ("layers=[flatten, {dense: {units: 1, activation: sigmoid}}]",), "they are 1 to 2", "`y - 1`"),
        (TEN * 10, (), "they are 0, 10, 20, 30, 40, 50, 60, 70, …", "return_inverse=True"),
        (MASKS, (MAPS,), "hold 255 beside 0 to 2", "`loss: {sparse_categorical_crossentropy: {ignore_class: 255}}`"),
        (MASKS, (MAPS, "training.loss=categorical_crossentropy"), None, "give the last `conv2d` 256 filters"),
        (MASKS // 255 * 255, (MAPS,), "leave numbers out: they are 0, 255", "number them from 0"),
        (TEN / 20 + 0.01, (), "one value an image, such as 0.01", "to learn values, end the network with `dense: 1`"),
        (TEN / 20 + 0.01, (SPARSE,), "are values (numbers from 0.01 to 0.46)", "`y.astype(int)`"),
        (TEN.astype(str), (), "are texts, such as `0`, not class numbers", "np.unique(labels, return_inverse=True)"),
        (TEN.astype("S"), (), "are texts, such as `0`", "number the classes"),
        (TEN, ("data.class_weights={12: 1}",), "no class is called `12`", "the 10 classes are 0 to 9"),
    ],
)
def test_what_to_write(labels: Any, overrides: tuple[str, ...], message: str | None, help: str, tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        ready(tmp_path, labels, *overrides)
    assert message is None or message in caught.value.message
    assert help in str(caught.value.help)


def test_what_a_loss_ignores_is_no_class(tmp_path: Path) -> None:
    assert ready(tmp_path, MASKS, MAPS, IGNORE).targets["output"].classes == 3
    assert (
        ready(tmp_path, MASKS.astype(np.int64), MAPS, IGNORE, "data.class_weights=balanced").targets["output"].classes
        == 3
    )
    np.save(tmp_path / "x.npy", np.zeros((60, 8, 8, 1), np.uint8))
    np.save(tmp_path / "y.npy", MASKS)
    source = "data.source={npy: {x_train: x.npy, y_train: y.npy}}"
    assert prepare(plan(tmp_path, SMALL, source, MAPS, IGNORE, directory=tmp_path), 7).targets["output"].classes == 3
    with pytest.raises(DataError, match="the network gives 3 values, npz has 4 classes"):
        ready(tmp_path, np.where(MASKS == 2, 3, MASKS), MAPS, IGNORE)


def test_scores_to_spare_are_told(tmp_path: Path) -> None:
    assert "the network gives 10 values, npz has 3 classes" in ready(tmp_path, TEN % 3).notes
    assert not [note for note in ready(tmp_path, TEN).notes if "the network" in note]


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_channels_first(channels: int, tmp_path: Path) -> None:
    images = np.zeros((60, channels, 8, 8), np.uint8)
    with pytest.raises(DataError, match=f"the data gives {channels}×8×8, channels first") as caught:
        ready(tmp_path, TEN, images=images)
    assert "np.transpose(x, (0, 2, 3, 1))" in str(caught.value.help)
    layers = f"input=[8, 8, {channels}]", "data.preprocessing=[{permute: [2, 3, 1]}]"
    assert ready(tmp_path, TEN, *layers, images=images).train.inputs.shape[1:] == (8, 8, channels)  # type: ignore[union-attr]


@pytest.mark.parametrize(("numbers", "units"), [([4], 3), ([0, 1, 2, 3], 3), ([0, 2, 4], 2), ([5, 6, 7, 9], 3)])
def test_nothing_odd(numbers: list[int], units: int) -> None:
    assert oddity(np.array(numbers), units, None) is None


def test_names_of_classes() -> None:
    def told(weights: dict[str, float], classes: int | None, names: tuple[str, ...] | None) -> list[str | None]:
        return [problem.help for problem in class_problems(weights, classes, names, ())]

    assert told({"cat": 2, "1": 1}, 3, None) == []
    assert told({"cat": 2, "1": 1}, 3, ()) == ["classes have no names here: write their numbers, 0 to 2"]
    assert told({"cat": 2, "7": 1}, None, ()) == ["classes have no names here: write their numbers, 0 to …"]
    assert told({"cta": 2, "1": 1}, 2, ("cat", "dog")) == ["did you mean `cat`?"]
