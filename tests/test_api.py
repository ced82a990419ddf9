"""The Python API: `check`, `build` and `train`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import cnnspec

ROOT = Path(__file__).parents[1]
TEXT = "input: [8, 8, 1]\nlayers:\n  - flatten\n  - dense: {units: 10, activation: softmax}\ndata: {source: digits}\n"


def test_check_takes_a_path_or_a_text() -> None:
    assert cnnspec.check(ROOT / "specs" / "digits.yaml").ok
    assert cnnspec.check(str(ROOT / "specs" / "digits.yaml")).ok
    report = cnnspec.check(TEXT)
    assert report.ok
    assert report.graph is not None
    assert report.graph.output_shapes == {"output": (10,)}


def test_check_takes_overrides() -> None:
    report = cnnspec.check(TEXT, **{"layers.1.dense.units": 12, "input": [4, 4, 1], "data": None})
    assert report.graph is not None
    assert report.graph.output_shapes == {"output": (12,)}
    assert report.graph.inputs == {"input": (4, 4, 1)}


def test_strictly_a_warning_is_an_error() -> None:
    doubtful = TEXT.replace("units: 10", "units: 12")
    assert cnnspec.check(doubtful).ok
    strict = cnnspec.check(doubtful, strict=True)
    assert not strict.ok
    assert [(found.code, found.severity) for found in strict.diagnostics] == [("loss-classes", "error")]
    assert cnnspec.check(TEXT, strict=True).ok
    with pytest.raises(cnnspec.SpecError):
        cnnspec.code(doubtful, strict=True)


def test_check_of_a_missing_file() -> None:
    with pytest.raises(FileNotFoundError):
        cnnspec.check("nowhere.yaml")


def test_build_gives_a_keras_model() -> None:
    import keras

    model = cnnspec.build(TEXT)
    assert isinstance(model, keras.Model)
    assert model.output_shape == (None, 10)
    assert model.count_params() == 650


def test_build_of_a_wrong_spec_raises_with_its_diagnostics() -> None:
    with pytest.raises(cnnspec.SpecError) as caught:
        cnnspec.build(TEXT.replace("units", "unit"))
    assert [found.code for found in caught.value.diagnostics] == ["unknown-argument"]
    assert "did you mean `units`?" in str(caught.value)
    assert not caught.value.report.ok


def test_train_returns_the_run(tmp_path: Path) -> None:
    run = cnnspec.train(TEXT, epochs=2, runs=tmp_path, quiet=True, **{"training.seed": 3})
    assert run.epochs == 2
    assert set(run.metrics) == {"train", "validation", "test"}
    assert 0 <= run.metrics["test"]["accuracy"] <= 1
    assert (run.folder / "best.keras").is_file()
    assert run.folder.parent.parent == tmp_path


def test_train_of_a_wrong_spec_raises_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(cnnspec.SpecError):
        cnnspec.train(TEXT + "training: {epochs: 0}\n", runs=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_importing_and_checking_imports_no_framework() -> None:
    code = (
        "import sys, cnnspec; assert cnnspec.check(sys.argv[1]).ok; cnnspec.SpecError\n"
        "print(*sorted({'keras', 'tensorflow', 'numpy', 'sklearn'} & set(sys.modules)))"
    )
    spec = str(ROOT / "specs" / "digits.yaml")
    done = subprocess.run([sys.executable, "-c", code, spec], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == ""
