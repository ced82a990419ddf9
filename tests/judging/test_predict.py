"""`predict` on files of every kind."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

import cnnspec
from cnnspec.cli.main import cli
from cnnspec.data.named import digits as load_digits
from cnnspec.judging.runs import RunError
from tests.judging.specs import MASKS, SEVERAL, trained, write_data
from tests.training.specs import AUTOENCODER, SMALL

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained(tmp_path_factory.mktemp("digits"), SMALL, "training.epochs=6")


@pytest.fixture(scope="module")
def images() -> tuple[Any, Any]:
    test = load_digits().test
    assert test is not None
    return np.asarray(test.x[""][:]), np.asarray(test.y[""][:])


@pytest.fixture
def files(tmp_path: Path, images: tuple[Any, Any]) -> Path:
    """Five digits as PNG, one as an array, and what is none."""
    folder = tmp_path / "files"
    (folder / "more").mkdir(parents=True)
    for at in range(5):
        Image.fromarray(np.rint(images[0][at, ..., 0] * 255 / 16).astype(np.uint8)).save(folder / f"{at}.png")
    np.save(folder / "more" / "some.npy", images[0][5:8])
    (folder / "readme.txt").write_text("no image")
    return folder


def predict(*arguments: Any, stdin: str | None = None) -> Result:
    return CliRunner().invoke(cli, ["predict", *map(str, arguments)], input=stdin)


def code(*arguments: Any, stdin: str | None = None) -> int:
    """The exit code, which `main` makes of what the command returns."""
    found = CliRunner().invoke(cli, ["predict", *map(str, arguments)], input=stdin, standalone_mode=False)
    return int(found.return_value) if found.exception is None else int(getattr(found.exception, "exit_code", 70))


def test_classes_of_a_folder_are_those_of_the_model(digits: Path, files: Path, images: tuple[Any, Any]) -> None:
    import keras

    model = keras.models.load_model(digits / "best.keras")
    wanted = model.predict(images[0][:8] / 16, verbose=0)
    found = list(cnnspec.predict(digits, files, top=2, batch_size=3))
    assert [(Path(each.file).name, each.index) for each in found] == [
        *((f"{at}.png", None) for at in range(5)), *(("some.npy", at) for at in range(3)),
    ]  # fmt: skip
    told = np.stack([each.arrays["output"] for each in found])
    assert told == pytest.approx(wanted, abs=0.02)  # PNG has whole numbers
    assert told[5:] == pytest.approx(wanted[5:], abs=1e-5)
    first = found[0].to_json()
    assert first["class"] == int(wanted[0].argmax())
    assert first["probability"] == pytest.approx(float(wanted[0].max()), abs=0.02)
    assert [row["class"] for row in first["top"]] == np.argsort(-wanted[0])[:2].tolist()


def test_json_lines(digits: Path, files: Path) -> None:
    result = predict(digits, files, "--json", "--top", "1")
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert len(lines) == 8
    assert {*lines[0]} == {"file", "class", "probability", "top"}
    assert {*lines[-1]} == {"file", "index", "class", "probability", "top"}
    assert result.stderr == ""


def test_broken_files_are_told_and_the_others_go_on(digits: Path, files: Path) -> None:
    whole = (files / "0.png").read_bytes()
    (files / "cut.png").write_bytes(whole[: len(whole) // 2])
    (files / "empty.png").write_bytes(b"")
    (files / "text.jpg").write_text("hello")
    (files / "secret.npy").write_bytes(pickle.dumps({"a": 1}))
    np.save(files / "large.npy", np.zeros((9, 9)))
    np.save(files / "nan.npy", np.full((8, 8), np.nan))
    np.save(files / "words.npy", np.array(["a"]))
    arguments = (digits, files, files / "gone.png")
    result = predict(*arguments)
    assert len(result.stdout.splitlines()) == 8
    told = dict(line.removeprefix(f"error: {files}/").split(" ", 1) for line in result.stderr.splitlines())
    assert told == {
        "cut.png": "is cut off", "empty.png": "is empty", "text.jpg": "is text, no image", "gone.png": "is not there",
        "secret.npy": "is damaged, or holds no plain arrays", "nan.npy": "holds NaN or infinity",
        "large.npy": "is 9×9, but the network takes 8×8×1", "words.npy": "holds no numbers but <U1",
    }  # fmt: skip
    assert code(*arguments) == 3
    lines = [json.loads(line) for line in predict(*arguments, "--json").stdout.splitlines()]
    assert sum("error" in line for line in lines) == 8


def test_paths_from_standard_input(digits: Path, files: Path) -> None:
    listed = f"{files / '3.png'}\n\n{files / '1.png'}\r\n"
    result = predict(digits, "-", stdin=listed)
    assert [line.split("  ")[0] for line in result.stdout.splitlines()] == [str(files / "3.png"), str(files / "1.png")]
    for empty in ("", "\n-\n"):
        result = predict(digits, "-", stdin=empty)
        assert (result.exit_code, result.stdout) == (2, "")
        assert "standard input is empty" in result.stderr
    assert code(digits, files / "more") == 0


def test_an_empty_folder(digits: Path, tmp_path: Path) -> None:
    assert predict(digits, tmp_path).stderr == f"error: {tmp_path} holds no images\n"


def test_images_of_any_size_and_mode(digits: Path, files: Path, tmp_path: Path) -> None:
    small = Image.open(files / "2.png")
    for mode, ending in (("RGB", "png"), ("P", "gif"), ("L", "tiff"), ("CMYK", "tiff"), ("I;16", "png")):
        large = small.resize((16, 16), Image.Resampling.NEAREST)
        shown = Image.fromarray(np.asarray(large).astype(np.uint16) * 257) if mode == "I;16" else large.convert(mode)
        shown.save(tmp_path / f"{mode.replace(';', '')}.{ending}")
    found = list(cnnspec.predict(digits, [files / "2.png", *sorted(tmp_path.glob("*.*"))]))
    assert len(found) == 6
    assert {each.to_json()["class"] for each in found} == {found[0].to_json()["class"]}


def test_a_keras_file_is_taken_as_it_is(digits: Path, tmp_path: Path, images: tuple[Any, Any]) -> None:
    path = tmp_path / "mine.keras"
    path.write_bytes((digits / "best.keras").read_bytes())
    np.save(tmp_path / "raw.npy", images[0][:3] / 16)
    np.save(tmp_path / "same.npy", images[0][:3])
    own = [each.arrays["output"] for each in cnnspec.predict(digits, tmp_path / "same.npy")]
    theirs = [next(iter(each.arrays.values())) for each in cnnspec.predict(path, tmp_path / "raw.npy")]
    assert np.array(theirs) == pytest.approx(np.array(own), abs=1e-6)
    with pytest.raises(RunError, match=r"is no run folder"):
        cnnspec.evaluate(path)


@pytest.mark.parametrize("kind", ["sequential", "built", "dict"])
def test_models_of_others_give_what_keras_gives(kind: str, tmp_path: Path) -> None:
    import keras

    layers = [keras.layers.Flatten(), keras.layers.Dense(3, activation="softmax")]
    if kind == "sequential":
        model = keras.Sequential([keras.Input((4, 4, 1)), *layers])
    elif kind == "built":
        model = keras.Sequential(layers)
        model.build((None, 4, 4, 1))
    else:
        start = keras.Input((4, 4, 1), name="image")
        model = keras.Model({"image": start}, {"scores": layers[1](layers[0](start))})
    path = tmp_path / "model.keras"
    model.save(path)
    x = np.random.default_rng(2).random((4, 4, 1)).astype("float32")
    np.save(tmp_path / "x.npy", x)
    (found,) = cnnspec.predict(path, tmp_path / "x.npy")
    wanted = np.asarray(keras.tree.flatten(model(x[None] if kind != "dict" else {"image": x[None]}))[0])[0]
    assert not found.error
    np.testing.assert_allclose(next(iter(found.arrays.values())), wanted, rtol=1e-5)


def test_a_keras_file_with_code_in_it_is_refused(tmp_path: Path) -> None:
    import keras

    path = tmp_path / "bad.keras"
    layer = keras.layers.Lambda(lambda x: x)
    keras.Sequential([keras.Input((4,)), layer, keras.layers.Dense(2, activation="softmax")]).save(path)
    result = predict(path, tmp_path)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "layers" in result.stderr


@pytest.mark.slow
def test_masks_are_written_with_a_palette_in_the_size_of_their_image(tmp_path: Path) -> None:
    write_data(tmp_path)
    run = trained(tmp_path, MASKS)
    (tmp_path / "in" / "sub").mkdir(parents=True)
    pixels = np.random.default_rng(1).integers(0, 256, (24, 16, 3)).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "in" / "a.png")
    Image.fromarray(pixels).save(tmp_path / "in" / "a.bmp")
    Image.fromarray(pixels).save(tmp_path / "in" / "sub" / "a.png")
    out = tmp_path / "out"
    assert code(run, tmp_path / "in") == 2
    lines = [json.loads(line) for line in predict(run, tmp_path / "in", "-o", out, "--json").stdout.splitlines()]
    assert [Path(line["mask"]).relative_to(out) for line in lines] == [
        Path("a.png"), Path("a.png.png"), Path("sub/a.png"),
    ]  # fmt: skip
    mask = Image.open(out / "a.png")
    assert (mask.mode, mask.size) == ("P", (16, 24))
    palette = mask.getpalette()
    assert palette is not None
    assert palette[:9] == [0, 0, 0, 128, 0, 0, 0, 128, 0]
    assert {*np.unique(np.asarray(mask))} <= {row["class"] for row in lines[0]["shares"]}
    assert sum(row["share"] for row in lines[0]["shares"]) == pytest.approx(1)
    before = (tmp_path / "in" / "a.png").read_bytes()
    assert code(run, tmp_path / "in", "-o", tmp_path / "in") == 2
    assert (tmp_path / "in" / "a.png").read_bytes() == before


@pytest.mark.slow
def test_images_come_out_as_bright_as_they_went_in(tmp_path: Path, files: Path) -> None:
    run = trained(tmp_path, AUTOENCODER, "training.epochs=15", "training.optimizer={adam: 0.01}")
    (each,) = cnnspec.predict(run, files / "1.png", output=tmp_path / "out")
    picture = Image.open(each.outputs["output"]["image"])
    assert (picture.mode, picture.size) == ("L", (8, 8))
    seen, given = np.asarray(picture).astype(float), np.asarray(Image.open(files / "1.png")).astype(float)
    assert np.abs(seen - given).mean() < 40
    assert each.arrays["output"].shape == (8, 8, 1)


@pytest.mark.slow
def test_several_inputs_come_in_archives(tmp_path: Path) -> None:
    write_data(tmp_path)
    run = trained(tmp_path, SEVERAL)
    np.savez(tmp_path / "pairs.npz", left=np.ones((3, 4, 4)), facts=np.zeros((3, 3)))
    np.savez(tmp_path / "one.npz", left=np.ones((4, 4, 1)), facts=np.zeros(3))
    np.savez(tmp_path / "half.npz", left=np.ones((3, 4, 4)))
    np.savez(tmp_path / "uneven.npz", left=np.ones((3, 4, 4)), facts=np.zeros((2, 3)))
    Image.new("L", (4, 4)).save(tmp_path / "a.png")
    names = ("pairs.npz", "one.npz", "half.npz", "uneven.npz", "a.png")
    found = list(cnnspec.predict(run, [tmp_path / name for name in names]))
    assert [(Path(each.file).name, each.index) for each in found[:4]] == [
        ("pairs.npz", 0), ("pairs.npz", 1), ("pairs.npz", 2), ("one.npz", None),
    ]  # fmt: skip
    form = found[3].to_json()
    assert {*form} == {"file", "outputs"}
    assert form["outputs"]["same"]["class"] in (0, 1)
    assert len(form["outputs"]["place"]["values"]) == 4
    assert found[0].outputs == found[3].outputs
    assert [each.error for each in found[4:]] == [
        "has no array `facts`, which the network takes; it holds left",
        "holds arrays of different lengths: 3 for `left`, 2 for `facts`",
        "is one file, but the network takes `left` and `facts`: give an .npz file with an array for each",
    ]
    assert len(predict(run, tmp_path / "one.npz").stdout.splitlines()) == 3


def test_files_are_read_as_the_iterator_goes_on(digits: Path, files: Path) -> None:
    def endless() -> Any:
        while True:
            yield files / "0.png"

    told = cnnspec.predict(digits, endless(), batch_size=2)
    assert [next(told).to_json()["class"] for _ in range(5)] == [next(told).to_json()["class"]] * 5


def test_names_of_classes_are_told(digits: Path, files: Path, tmp_path: Path) -> None:
    import shutil

    run = Path(shutil.copytree(digits, tmp_path / "run"))
    values = json.loads((run / "environment.json").read_text())
    (record,) = values["labels"].values()
    assert (record["kind"], record["classes"], record["form"], record["reads"]) == (
        "classes", 10, "numbers", "probabilities",
    )  # fmt: skip
    record["names"] = [f"digit {at}" for at in range(10)]
    (run / "environment.json").write_text(json.dumps(values))
    (each,) = cnnspec.predict(run, files / "0.png")
    assert str(each.to_json()["class"]).startswith("digit ")
    values["class_names"] = record["names"]
    del values["labels"]  # as an older version left it
    (run / "environment.json").write_text(json.dumps(values))
    (each,) = cnnspec.predict(run, files / "0.png")
    assert str(each.to_json()["class"]).startswith("digit ")
    del values["classes"], values["class_names"]  # as one still older did
    (run / "environment.json").write_text(json.dumps(values))
    (each,) = cnnspec.predict(run, files / "0.png")
    assert each.to_json()["class"] in range(10)
