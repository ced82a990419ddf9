"""`cnnspec import`: what it prints, writes and refuses."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import click
import keras
import pytest
from click.testing import CliRunner, Result
from keras import layers

import cnnspec
from cnnspec.cli.main import cli


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["import", *map(str, arguments)], standalone_mode=False)


@pytest.fixture
def saved(tmp_path: Path) -> Any:
    """Saves a model around some layers; the path."""

    def save(*between: Any) -> Path:
        path = tmp_path / "model.keras"
        parts = [keras.Input((8, 8, 3)), layers.Conv2D(4, 3, name="conv"), *between, layers.Flatten(), layers.Dense(2)]
        model = keras.Sequential(parts, name="mine")
        model.compile("sgd", "mse")
        model.save(path)
        return path

    return save


def test_a_file_comes_out_as_a_spec(saved: Any, tmp_path: Path) -> None:
    result = run(saved())
    assert result.return_value == 0
    assert result.stdout == (
        "# Imported from model.keras.\ncnnspec: 1\nname: mine\ninput: [8, 8, 3]\nlayers:\n"
        "  - conv2d: {filters: 4, kernel_size: 3}\n  - flatten\n  - dense: 2\n"
    )
    assert run(saved(), "-o", "-").stdout == result.stdout
    written = tmp_path / "out.yaml"
    result = run(saved(), "-o", written, "--name", "other")
    assert (result.return_value, result.stdout) == (0, "")
    assert cnnspec.check(written).name == "other"
    nowhere = tmp_path / "none" / "x.yaml"
    error = run(saved(), "-o", nowhere).exception
    assert isinstance(error, click.ClickException)
    assert error.message == f"cannot write {nowhere}: no such file or directory"


def test_applications_by_name() -> None:
    result = run("keras.applications:VGG16", "--input-shape", "32,32,3")
    assert result.return_value == 0
    assert "input: [32, 32, 3]" in result.stdout
    assert "over: [[2, 64], [2, 128], [3, 256], [3, 512], [3, 512]]" in result.stdout


@keras.saving.register_keras_serializable("tests")
class Odd(layers.Layer):  # type: ignore[misc]
    """A custom layer."""

    def call(self, inputs: Any) -> Any:
        return inputs


def test_layers_without_a_word_are_listed(saved: Any) -> None:
    path = saved(Odd(name="odd"), layers.Activation("relu"))
    result = run(path)
    assert (result.return_value, result.stdout) == (1, "")
    assert "1 layer could not be imported\n  odd (Odd): " in result.stderr
    result = run(path, "--partial")
    assert result.return_value == 0
    assert "  # not imported: odd (Odd): " in result.stdout
    assert cnnspec.check(result.stdout).ok


def test_code_in_a_file_is_not_run(saved: Any, tmp_path: Path) -> None:
    def spill(x: Any) -> Any:
        (tmp_path / "ran").touch()
        return x

    path = saved(layers.Lambda(spill, name="odd"))
    (tmp_path / "ran").unlink()
    assert run(path).return_value == 1
    assert not (tmp_path / "ran").exists()


def _config(path: Path, config: object) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("config.json", json.dumps(config))
    return path


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is no .keras file, or damaged"),
        (b"PK\x03\x04 nothing", "is no .keras file, or damaged"),
        ({"a": 1}, "holds no Keras model"),
        ([], "holds no Keras model"),
        ({"class_name": "Functional", "module": "keras", "config": {}}, "Keras cannot make the model"),
        ({"class_name": "NoSuch", "module": "keras.layers", "config": {}}, "Keras cannot make the model"),
    ],
    ids=str,
)
def test_files_that_are_no_models(tmp_path: Path, content: Any, message: str) -> None:
    path = tmp_path / "model.keras"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        _config(path, content)
    result = run(path)
    assert result.return_value == 2
    assert message in result.stderr


def test_cut_off_files(saved: Any) -> None:
    path = saved()
    whole = path.read_bytes()
    for part in (len(whole) // 3, len(whole) - 30):
        path.write_bytes(whole[:part])
        assert run(path).return_value == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["keras.applications:ResNet5"], "did you mean `ResNet50`?"),
        (["keras.applications:VGG16", "--input-shape", "8,8,3"], "does not take this input shape"),
        (["nowhere.keras"], "no file is called nowhere.keras"),
        (["old.h5"], "no file is called old.h5"),
    ],
)
def test_slips(arguments: list[str], message: str) -> None:
    result = run(*arguments)
    assert result.return_value == 2
    assert message in result.stderr
