"""An import is compared with its model, and refused where both compute different things."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from click.testing import CliRunner, Result
from keras import layers

import cnnspec
from cnnspec.cli.main import cli
from cnnspec.importing import spec


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["import", *map(str, arguments)], standalone_mode=False)


def small() -> Any:
    return keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(4, 3), layers.Flatten(), layers.Dense(2)])


def wrong(monkeypatch: pytest.MonkeyPatch, written: str, instead: str) -> None:
    """Let imports write something else than what they found."""
    right = spec.as_spec
    monkeypatch.setattr(spec, "as_spec", lambda *given: right(*given).replace(written, instead))


@pytest.mark.parametrize("instead", ["kernel_size: 3, activation: relu", "kernel_size: 3, strides: 2"])
def test_what_computes_something_else_is_refused(instead: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    model, path, out = small(), tmp_path / "model.keras", tmp_path / "out.yaml"
    model.save(path)
    assert "largest difference on random inputs: 0.0e+00" in run(path, "-o", out).stderr
    out.unlink()
    wrong(monkeypatch, "kernel_size: 3", instead)
    result = run(path, "-o", out)
    assert result.return_value == 3
    assert "the spec would compute something else; it is not written" in result.stderr
    assert not out.exists()
    assert run(path, "-o", out, "--no-verify").return_value == 0
    assert instead in out.read_text()
    with pytest.raises(ValueError, match="computes something else"):
        cnnspec.import_model(model)
    assert instead in cnnspec.import_model(model, verify=False)


def test_the_weights_of_the_model_stay() -> None:
    model = small()
    before = model.get_weights()
    cnnspec.import_model(model)
    assert all(np.array_equal(one, other) for one, other in zip(before, model.get_weights(), strict=True))


def any_size() -> Any:
    i = keras.Input((None, None, 3))
    x = layers.Conv2D(2, 40)(i)
    return keras.Model(i, layers.GlobalMaxPooling2D()(x))


def several_inputs() -> Any:
    left, right = keras.Input((8, 8, 3), name="z"), keras.Input((5,), name="a")
    x = layers.Concatenate()([layers.Flatten()(left), right])
    return keras.Model({"z": left, "a": right}, {"z": layers.Dense(2)(x), "a": layers.Dense(3)(right)})


@pytest.mark.parametrize("make", [any_size, several_inputs], ids=lambda make: make.__name__)
def test_inputs_of_all_kinds(make: Callable[[], Any]) -> None:
    assert "layers:" in cnnspec.import_model(make())


def test_a_model_that_cannot_be_called_is_not_compared(tmp_path: Path) -> None:
    i = keras.Input((None, None, 3))
    keras.Model(i, layers.Conv2D(2, 400)(i)).save(tmp_path / "model.keras")
    result = run(tmp_path / "model.keras")
    assert result.return_value == 3
    assert "no size was found at which the model can be called; `--no-verify`" in result.stderr
