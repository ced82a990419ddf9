"""`generate` with the run of a GAN, and what the other commands say of one."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

import cnnspec
from cnnspec.cli.main import cli
from cnnspec.judging.runs import RunError
from cnnspec.training.errors import TrainingError, WeightsError
from tests.training.specs import SMALL, plan

# Keras's variables do not take the keyword that NumPy 2 passes while they are saved.
pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)

GAN = """
name: twins
task: gan
generator: {input: [6], layers: [{dense: 48}, batch_normalization, {activation: tanh}, {reshape: [4, 4, 3]}]}
discriminator: {input: [4, 4, 3], layers: [flatten, {dense: 1}]}
data: {source: {npz: images.npz}}
training: {batch_size: 5}
"""


def kept(folder: Path, text: str = GAN, **environment: object) -> Path:
    """The folder of a run as training would leave it, with new weights."""
    import keras

    keras.utils.set_random_seed(1)
    folder.mkdir(parents=True)
    (folder / "spec.yaml").write_text(plan(folder, text).spec_text, encoding="utf-8")
    cnnspec.build(text, network="generator" if "task: gan" in text else None).save(folder / "best.keras")
    (folder / "environment.json").write_text(json.dumps({"seed": 7, **environment}), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return kept(tmp_path_factory.mktemp("runs") / "twins" / "1")


def call(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [*map(str, arguments)], standalone_mode=False)


def code(result: Result) -> int:
    return (
        int(result.return_value or 0) if result.exception is None else int(getattr(result.exception, "exit_code", 70))
    )


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture)


def test_images_and_a_grid_of_them(run: Path, tmp_path: Path) -> None:
    result = call("generate", run, "-o", tmp_path / "made", "--count", 12, "--grid")
    assert (code(result), result.stderr) == (0, "")
    first, grid = result.stdout.splitlines()
    assert first == f"12 images of seed 7: {tmp_path / 'made' / '0001.png'} to 0012.png"
    assert grid == f"grid: {tmp_path / 'made' / 'grid.png'}"
    assert sorted(path.name for path in (tmp_path / "made").iterdir()) == [
        *(f"{at:04}.png" for at in range(1, 13)), "grid.png",
    ]  # fmt: skip
    third = pixels(tmp_path / "made" / "0003.png")
    assert third.shape == (4, 4, 3)
    whole = pixels(tmp_path / "made" / "grid.png")
    assert whole.shape == (3 * 6 + 2, 4 * 6 + 2, 3)
    assert np.array_equal(whole[2:6, 14:18], third)
    made = cnnspec.generate(run, count=3, batch_size=2)
    assert (made.shape, made.dtype) == ((3, 4, 4, 3), np.float32)
    assert np.abs(third - (made[2] + 1) * 127.5).max() <= 0.51


def test_the_weights_are_those_of_the_run(run: Path) -> None:
    import keras

    noise = np.random.default_rng((7, 8)).standard_normal((4, 6), np.float32)
    wanted = keras.models.load_model(run / "best.keras").predict(noise, verbose=0)
    assert cnnspec.generate(run, count=4) == pytest.approx(wanted, abs=1e-6)


def test_a_seed_gives_images_and_another_seed_others(run: Path) -> None:
    once, again, other, more = (
        cnnspec.generate(run.parent / "1" / "best.keras", count=count, seed=seed)
        for count, seed in ((5, 3), (5, 3), (5, 4), (10, 3))
    )
    assert np.array_equal(once, again)
    assert not np.allclose(once, other)
    assert np.array_equal(once, more[:5])  # a batch of 5 is one of 5 again


def test_json(run: Path, tmp_path: Path) -> None:
    result = call("generate", run, "-o", tmp_path, "--count", 2, "--seed", 1, "--json")
    files = [str(tmp_path / f"000{at}.png") for at in (1, 2)]
    assert json.loads(result.stdout) == {"run": str(run), "count": 2, "seed": 1, "files": files, "grid": None}


@pytest.mark.parametrize(("noted", "black", "white"), [([-2.0, 6.0], -2.0, 6.0), (None, None, None)])
def test_brightness_that_no_activation_tells_is_what_the_run_noted(
    tmp_path: Path, noted: object, black: float | None, white: float | None
) -> None:
    linear = kept(tmp_path / "run", GAN.replace("tanh", "linear"), range=noted)
    made = cnnspec.generate(linear, count=2, output=tmp_path / "made")
    low, high = (made.min(), made.max()) if black is None or white is None else (black, white)
    wanted = np.clip((made[1] - low) / (high - low), 0, 1) * 255
    assert np.abs(pixels(tmp_path / "made" / "0002.png") - wanted).max() <= 0.51


@pytest.mark.parametrize("noted", ["dark", [float("nan"), 1.0], [1.0]])
def test_brightness_that_is_none_is_told(tmp_path: Path, noted: object) -> None:
    run = kept(tmp_path / "run", GAN.replace("tanh", "linear"), range=noted)
    result = call("generate", run, "-o", tmp_path / "made")
    assert code(result) == 2
    assert "environment.json is damaged: `range" in result.stderr


def test_what_is_no_picture_is_an_array(tmp_path: Path) -> None:
    points = GAN.replace("{reshape: [4, 4, 3]}", "identity").replace("[4, 4, 3]", "[48]")
    run = kept(tmp_path / "run", points)
    result = call("generate", run, "-o", tmp_path / "made")
    assert code(result) == 0
    assert np.array_equal(np.load(tmp_path / "made" / "made.npy"), cnnspec.generate(run))
    refused = call("generate", run, "-o", tmp_path / "made", "--grid")
    assert (code(refused), refused.stdout) == (2, "")
    assert "makes no pictures" in refused.stderr


def test_the_run_of_another_network_is_refused(tmp_path: Path) -> None:
    run = kept(tmp_path / "run", SMALL)
    result = call("generate", run, "-o", tmp_path / "made")
    assert (code(result), result.stdout) == (2, "")
    assert result.stderr.startswith(f"error: {run} is not the run of a GAN")
    assert f"cnnspec evaluate {run}" in result.stderr
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("command", [("predict", "image.png"), ("evaluate",)])
def test_a_gan_is_refused_where_labels_are_told(run: Path, command: tuple[str, ...]) -> None:
    name, *files = command
    result = call(name, run, *files)
    assert (code(result), result.stdout) == (2, "")
    assert f"{run} is the run of a GAN" in result.stderr
    assert f"cnnspec generate {run} -o DIR" in result.stderr


def test_what_is_wrong(run: Path, tmp_path: Path) -> None:
    assert code(call("generate", tmp_path, "-o", tmp_path)) == 2
    assert code(call("generate", run)) == 2
    assert code(call("generate", run, "-o", tmp_path, "--count", 0)) == 2
    (tmp_path / "file").touch()
    with pytest.raises(TrainingError, match="cannot write to"):
        cnnspec.generate(run, count=1, output=tmp_path / "file" / "made")
    for wrong in ({"count": 0}, {"seed": -1}, {"grid": True}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            cnnspec.generate(run, **wrong)  # type: ignore[arg-type]
    with pytest.raises(RunError, match="is not there"):
        cnnspec.generate(tmp_path / "nowhere")


def test_weights_that_do_not_fit_are_told(run: Path, tmp_path: Path) -> None:
    other = kept(tmp_path / "run", GAN)
    cnnspec.build(GAN, network="discriminator").save(other / "best.keras")
    with pytest.raises(WeightsError):
        cnnspec.generate(other)
    (other / "best.keras").write_bytes((run / "best.keras").read_bytes()[:-100])
    assert code(call("generate", other, "-o", tmp_path / "made")) == 3
    (other / "environment.json").unlink()
    (other / "best.keras").write_bytes((run / "best.keras").read_bytes())
    assert " of seed 0: " in call("generate", other, "-o", tmp_path / "made").stdout
