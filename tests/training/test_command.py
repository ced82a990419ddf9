"""`cnnspec train` as a person or a script meets it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from tests.training.specs import SMALL


def start(folder: Path, *arguments: str, text: str = SMALL) -> subprocess.Popen[str]:
    (folder / "small.yaml").write_text(text)
    command = [sys.executable, "-m", "cnnspec", "train", "small.yaml", *arguments]
    root = str(Path(__file__).parents[2])
    environment = {**os.environ, "PYTHONPATH": root}
    for name in ("TF_CPP_MIN_LOG_LEVEL", "FORCE_COLOR", "PYTHONWARNINGS"):
        environment.pop(name, None)
    return subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
        preexec_fn=_hear,
    )  # fmt: skip


def _hear() -> None:
    """Hear Ctrl-C, also where the tests run in the background and hand on that it is ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def train(folder: Path, *arguments: str, text: str = SMALL) -> tuple[int, str, str]:
    process = start(folder, *arguments, text=text)
    out, err = process.communicate(timeout=300)
    return process.returncode, out, err


@pytest.mark.slow
def test_json_on_stdout_and_progress_on_stderr_and_again_from_the_folder(tmp_path: Path) -> None:
    code, out, err = train(tmp_path, "--epochs", "3", "--json", "--set", "training.batch_size=100", "--runs", "here")
    assert code == 0
    assert len(out.splitlines()) == 1
    form = json.loads(out)
    assert (form["run"], form["epochs"]) == ("here/small/1", 3)
    assert form["metrics"]["test"]["accuracy"] > 0.2
    lines = err.splitlines()
    epochs = [line.split("  ")[0] for line in lines if line.startswith("epoch")]
    assert epochs == ["epoch 1/3", "epoch 2/3", "epoch 3/3"]
    assert lines[-1].startswith("epoch 3/3")
    assert lines[0].startswith("device: CPU (")
    assert "\x1b" not in err
    resolved = (tmp_path / "here/small/1/spec.yaml").read_text()
    assert "epochs: 3" in resolved
    assert "batch_size: 100" in resolved

    again, out, err = train(tmp_path, "-q", "--json", "--runs", "here", text=resolved)
    assert (again, err) == (0, "")
    assert json.loads(out)["run"] == "here/small/2"
    rows = [(tmp_path / f"here/small/{number}/history.csv").read_text().splitlines()[1:] for number in (1, 2)]
    first, second = ([row.split(",")[:5] for row in each] for each in rows)
    assert len(first) == 3
    assert first == second


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "text", "code", "words"),
    [
        (("--set", "layers=[flatten, {dense: 3}]"), SMALL, 1, "error[no-loss]"),
        (
            (),
            SMALL.replace("data:", "parameters:").replace(
                "{source: digits, preprocessing: [{rescaling: $(1/16)}]}", "{a: 1}"
            ),
            1,
            "no `data:`",
        ),
        (("--set", "data.source={npz: nowhere.npz}"), SMALL, 3, "error: nowhere.npz is not there"),
        (("--device", "gpu:7"), SMALL, 3, "error: "),
        (("--runs", "small.yaml"), SMALL, 3, "error: cannot write to small.yaml/small"),
        (("--set", "training.optimizer={sgd: 1e30}"), SMALL, 3, "error: the loss became"),
        (("--epochs", "0"), SMALL, 2, "--epochs"),
    ],
)
def test_what_goes_wrong(tmp_path: Path, arguments: tuple[str, ...], text: str, code: int, words: str) -> None:
    found, out, err = train(tmp_path, "--quiet", *arguments, text=text)
    assert (found, out) == (code, ""), err
    assert words in err
    assert "Traceback" not in err


@pytest.mark.slow
@pytest.mark.parametrize(
    ("redirections", "code", "out", "err"),
    [
        (">&-", 0, "", "epoch 1/1"),
        ("2>&-", 0, "run:", ""),
        ("<&- >&- 2>&-", 0, "", ""),
        (">/dev/full", 3, "", "error: cannot print the result: no space left on device"),
        ("2>/dev/full", 0, "run:", ""),
    ],
)
def test_closed_and_full_streams(tmp_path: Path, redirections: str, code: int, out: str, err: str) -> None:
    (tmp_path / "small.yaml").write_text(SMALL)
    asked = f"exec '{sys.executable}' -m cnnspec train small.yaml --epochs 1 {redirections}"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    found = subprocess.run(["sh", "-c", asked], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert found.returncode == code
    assert out in found.stdout
    assert err in found.stderr
    assert "Traceback" not in found.stderr
    assert (found.stdout == "") == (out == "")
    assert len((tmp_path / "runs/small/1/history.csv").read_text().splitlines()) == 2
    assert zipfile.is_zipfile(tmp_path / "runs/small/1/best.keras")


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupted(tmp_path: Path, number: signal.Signals, code: int) -> None:
    process = start(tmp_path, "--epochs", "100000", "--set", "training.callbacks=[]")
    history = tmp_path / "runs/small/1/history.csv"
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and not (history.exists() and len(history.read_text().splitlines()) > 3):
        time.sleep(0.1)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (code, "")
    assert "Traceback" not in err
    *_, last, help = err.splitlines()
    assert last.startswith("error: interrupted after ")
    assert last.endswith("is runs/small/1/best.keras")
    assert help == "  help: go on with: cnnspec train --resume runs/small/1"
    import keras

    model = keras.models.load_model(tmp_path / "runs/small/1/best.keras")
    assert model.count_params() > 0
    assert not (tmp_path / "runs/small/1/.lock").exists()
