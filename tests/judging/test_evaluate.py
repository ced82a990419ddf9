"""`evaluate` on small runs that were trained for it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from sklearn import metrics as oracle

import cnnspec
from cnnspec.cli.main import cli
from cnnspec.data.errors import DataError
from cnnspec.judging.runs import RunError, find
from cnnspec.judging.texts import text
from cnnspec.training.errors import TrainingError, WeightsError
from tests.judging.specs import MASKS, SEVERAL, trained, write_data
from tests.training.specs import AUTOENCODER, SMALL

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained(tmp_path_factory.mktemp("digits"), SMALL, "training.epochs=3")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    write_data(folder)
    return folder


def result(run: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((run / "result.json").read_text())["metrics"]
    return found


def spoilt(run: Path, folder: Path) -> Path:
    return Path(shutil.copytree(run, folder / run.name))


def test_what_training_reported_is_found_again(digits: Path) -> None:
    reported = result(digits)
    found = cnnspec.evaluate(digits)
    assert (found.split, found.examples, found.classes) == ("test", 359, tuple(range(10)))
    for name, value in reported["test"].items():
        assert found.metrics[name] == pytest.approx(value, rel=1e-5)
    held = cnnspec.evaluate(digits.parent, split="validation", batch_size=50)
    assert {name: held.metrics[name] for name in reported["validation"]} == pytest.approx(reported["validation"])
    assert held.examples == 144
    assert cnnspec.evaluate(digits / "best.keras", split="train").examples == 1294


ARRAYS = """
name: arrays
input: [4, 4, 1]
layers: [flatten, {dense: {units: 3, activation: softmax}}]
data: {source: {npz: data.npz}, validation_split: 0.25}
training: {epochs: 1, seed: 7}
"""


def test_data_that_changed_since_are_not_split_anew_in_silence(tmp_path: Path) -> None:
    draw = np.random.default_rng(3)
    arrays = {
        f"{what}_{split}": draw.random((count, 4, 4, 1)) if what == "x" else np.arange(count) % 3
        for split, count in (("train", 80), ("test", 24))
        for what in "xy"
    }

    def write(**changed: Any) -> None:
        np.savez(tmp_path / "data.npz", **{**arrays, **changed})

    write()
    (tmp_path / "net.yaml").write_text(ARRAYS)
    run = cnnspec.train(tmp_path / "net.yaml", runs=tmp_path / "runs", quiet=True).folder
    assert cnnspec.evaluate(run).note is None

    write(x_test=arrays["x_test"][:20], y_test=arrays["y_test"][:20])
    told = CliRunner().invoke(cli, ["evaluate", str(run)])
    assert told.exit_code == 0
    assert "warning: not the data that were there when this run was trained: test images (24 then, 20" in told.stderr
    assert cnnspec.evaluate(run, split="validation").note is None

    write(y_train=arrays["y_train"][::-1])
    assert cnnspec.evaluate(run).note is None
    for split in ("validation", "train"):
        with pytest.raises(DataError, match=rf"training labels \(80 as before, but others\); a {split} split drawn"):
            cnnspec.evaluate(run, split=split)


def test_a_split_that_does_not_exist(digits: Path) -> None:
    with pytest.raises(ValueError, match="`split` is train, validation or test, not 'tset'"):
        cnnspec.evaluate(digits, split="tset")


def test_the_confusion_matrix_is_that_of_the_saved_model(digits: Path) -> None:
    import keras

    from cnnspec.data.named import digits as load

    test = load().test
    assert test is not None
    model = keras.models.load_model(digits / "best.keras")
    told = model.predict(np.asarray(test.x[""][:]) / 16, verbose=0).argmax(axis=1)
    found = cnnspec.evaluate(digits)
    assert found.confusion_matrix == oracle.confusion_matrix(test.y[""][:], told).tolist()


def test_json_has_the_keys_that_are_promised(digits: Path) -> None:
    found = CliRunner().invoke(cli, ["evaluate", str(digits), "--json", "--top", "3"])
    form = json.loads(found.stdout)
    assert [*form][:6] == ["run", "split", "examples", "metrics", "classes", "confusion_matrix"]
    assert form["run"] == str(digits)
    assert form["classes"] == list(range(10))
    assert [*form["metrics"]][:3] == ["loss", "accuracy", "top_3_accuracy"]
    assert sum(map(sum, form["confusion_matrix"])) == form["examples"] == 359
    table = form["outputs"]["output"]
    assert sum(row["support"] for row in table["per_class"]) == 359
    assert sum(row["count"] for row in table["calibration"]) == 359


def test_the_report_fits_a_screen(digits: Path) -> None:
    lines = text(cnnspec.evaluate(digits)).splitlines()
    assert lines[0].startswith(f"{digits}: 359 test examples on CPU")
    assert "confusion matrix: a row for each true class, a column for each that was told" in lines
    assert max(map(len, lines[1:])) <= 96


def test_masks(data: Path) -> None:
    run = trained(data, MASKS)
    found = cnnspec.evaluate(run)
    assert found.metrics["loss"] == pytest.approx(result(run)["test"]["loss"], rel=1e-5)
    with np.load(data / "masks.npz") as held:
        assert sum(map(sum, found.confusion_matrix or ())) == (held["y_test"] != 2).sum()
    assert found.only is not None
    assert found.only.kind == "masks"
    assert found.metrics["mean_iou"] == pytest.approx(np.mean([row["iou"] for row in found.only.per_class]))


@pytest.mark.slow
def test_several_outputs_and_penalties_of_activations(data: Path) -> None:
    run = trained(data, SEVERAL)
    found = cnnspec.evaluate(run)
    assert (found.split, found.classes, found.confusion_matrix) == ("validation", None, None)
    reported = result(run)["validation"]
    assert {name: found.metrics[name] for name in reported} == pytest.approx(reported, rel=1e-4)
    assert found.metrics["same_accuracy"] == pytest.approx(found.outputs["same"].metrics["accuracy"])
    assert found.metrics["place_r2_score"] == found.outputs["place"].metrics["r2_score"]
    assert [row["value"] for row in found.outputs["place"].per_value] == [0, 1, 2, 3]
    assert "output place\n" in text(found)
    with pytest.raises(DataError, match=r"there is no test split; this run has train and validation"):
        cnnspec.evaluate(run, split="test")
    assert "judged on the images held out" in CliRunner().invoke(cli, ["evaluate", str(run)]).stderr


def test_an_autoencoder(tmp_path: Path) -> None:
    run = trained(tmp_path, AUTOENCODER, "training.epochs=1")
    found = cnnspec.evaluate(run)
    assert found.metrics["root_mean_squared_error"] ** 2 == pytest.approx(found.metrics["loss"], rel=1e-4)


def test_the_newest_finished_run_is_found(digits: Path, tmp_path: Path) -> None:
    for number in (2, 10, 11):
        shutil.copytree(digits, tmp_path / str(number))
    (tmp_path / "11" / "result.json").unlink()
    assert find(tmp_path).name == "10"
    assert find(tmp_path / "11").name == "11"
    (tmp_path / "10" / "best.keras").unlink()
    assert find(tmp_path).name == "2"


@pytest.mark.parametrize(("name", "words"), [("none", "is not there"), ("", "is no run"), ("a.txt", "is no run")])
def test_what_is_no_run(tmp_path: Path, name: str, words: str) -> None:
    (tmp_path / "a.txt").write_text("")
    with pytest.raises(RunError, match=words):
        cnnspec.evaluate(tmp_path / name)
    found = CliRunner().invoke(cli, ["evaluate", str(tmp_path / name)])
    assert (found.exit_code, found.stdout) == (2, "")
    assert words in found.stderr


def test_the_folder_above_all_runs_names_them(digits: Path) -> None:
    with pytest.raises(RunError) as caught:
        find(digits.parent.parent)
    assert caught.value.help == f"name one of {digits.parent}"


def test_damage_is_told(digits: Path, tmp_path: Path) -> None:
    run = spoilt(digits, tmp_path)
    whole = (run / "best.keras").read_bytes()
    for at in (len(whole) // 3, len(whole) // 2):
        (run / "best.keras").write_bytes(whole[:at] + bytes([whole[at] ^ 0x40]) + whole[at + 1 :])
        with pytest.raises(WeightsError, match=r"damaged"):
            cnnspec.evaluate(run)
    (run / "best.keras").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(WeightsError, match=r"cut short"):
        cnnspec.evaluate(run)
    (run / "best.keras").write_bytes(whole)
    (run / "environment.json").write_text("[")
    with pytest.raises(RunError, match=r"environment.json is damaged"):
        cnnspec.evaluate(run)
    (run / "environment.json").unlink()
    assert cnnspec.evaluate(run).examples == 359  # the seed stands in the spec
    (run / "best.keras").unlink()
    with pytest.raises(RunError, match=r"has no best.keras"):
        cnnspec.evaluate(run)


def test_weights_of_another_network_do_not_fit(digits: Path, tmp_path: Path) -> None:
    run = spoilt(digits, tmp_path)
    spec = (run / "spec.yaml").read_text()
    (run / "spec.yaml").write_text(spec.replace("filters: 8", "filters: 9"))
    with pytest.raises(WeightsError, match=r"does not fit the network"):
        cnnspec.evaluate(run)
    (run / "spec.yaml").write_text(spec.replace("flatten", "flaten"))
    with pytest.raises(cnnspec.SpecError):
        cnnspec.evaluate(run)
    assert CliRunner().invoke(cli, ["evaluate", str(run)]).exit_code == 1


def test_another_backend_needs_another_process(digits: Path) -> None:
    with pytest.raises(TrainingError):
        cnnspec.evaluate(digits, backend="torch")
