"""Files of weights that hold more than the network takes: said, or refused where it stands in the middle."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest

import cnnspec
from cnnspec.training.errors import WeightsError

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)
ONE, TWO, THREE = (f"{{dense: {{units: 6, name: {name}}}}}" for name in ("one", "two", "three"))
HEAD, MINE = "{dense: {units: 3, name: head}}", "{dense: {units: 5, name: mine}}"


def network(*layers: str) -> str:
    return f"input: [6]\nlayers: [{', '.join(layers)}]\n"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "full.weights.h5"
    cnnspec.build(network(ONE, TWO, THREE, HEAD)).save_weights(path)
    return path


def test_layers_at_the_end_of_the_file_are_named(file: Path) -> None:
    with pytest.warns(UserWarning, match=r"full.weights.h5: of the file stays unused: `three` \(42 numbers\)"):
        cnnspec.build(network(ONE, TWO, MINE), weights=file, skip=["mine"])
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        cnnspec.build(network(ONE, TWO, MINE), weights=file, skip=["mine", "three"])
        cnnspec.build(network(ONE, TWO, THREE, MINE), weights=file, skip=["mine"])
        cnnspec.build(network(ONE, TWO, THREE), weights=file, skip=["head"])


def test_a_layer_in_the_middle_is_an_error(file: Path) -> None:
    with pytest.raises(WeightsError) as caught:
        cnnspec.build(network(ONE, THREE, MINE), weights=file, skip=["mine"])
    assert "`two` of the file stands between `one` and `three`, and no layer here takes it" in caught.value.message
    assert "write `skip: [two]`" in str(caught.value.help)
    whole = cnnspec.build(network(ONE, TWO, THREE, HEAD), weights=file).get_weights()
    found = cnnspec.build(network(ONE, THREE, MINE), weights=file, skip=["mine", "two"]).get_weights()
    assert np.array_equal(found[2], whole[4])


def test_the_forms_of_a_spec(file: Path) -> None:
    text = network(ONE, TWO, THREE, HEAD)
    model = cnnspec.build(text)
    model.load_weights(file)
    for weights in (str(file), file, {"path": str(file)}, {"path": file, "skip": []}):
        found = cnnspec.build(text, weights=weights).get_weights()
        assert all(np.array_equal(one, other) for one, other in zip(found, model.get_weights(), strict=True))
    skipped = cnnspec.build(text, weights={"path": str(file), "skip": "head"}).get_weights()
    assert not np.array_equal(skipped[-2], model.get_weights()[-2])
    assert np.array_equal(skipped[0], model.get_weights()[0])
    for strange in ({}, {"path": str(file), "skipp": []}, {"skip": ["head"]}):
        with pytest.raises(ValueError, match="`weights`"):
            cnnspec.build(text, weights=strange)
