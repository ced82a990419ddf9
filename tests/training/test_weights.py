"""Weights of Keras's files in networks built from specs: the right ones in the right layers, or every mistake by name."""

from __future__ import annotations

import random
import re
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import cnnspec
from cnnspec.training.errors import WeightsError

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning",
    "ignore:You are saving your model as an HDF5 file",
)

ZOO = Path(__file__).parents[2] / "specs" / "zoo"
FORMATS = ("weights.h5", "keras", "h5")

NET = """
name: net
input: [12, 12, 3]
parameters: {classes: 4, filters: 5}
layers:
  - normalization: {mean: null, variance: null}
  - conv2d: {filters: $filters, kernel_size: 3, name: stem}
  - batch_normalization
  - prelu
  - separable_conv2d: {filters: 6, kernel_size: 3}
  - multi_head_attention: {num_heads: 2, key_dim: 3}
  - random_flip
  - conv2d: {filters: $filters, kernel_size: 3, use_bias: false}
  - global_average_pooling2d
  - dense: 7
  - dense: {units: $classes, name: head}
"""


def saved(model: Any, path: Path) -> Path:
    """The model in a file of the kind that its name says."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if path.name.endswith(".weights.h5"):
            model.save_weights(path)
        else:
            model.save(path)
    return path


def drawn(model: Any, seed: int = 1) -> Any:
    """The model with random weights, none like another."""
    generator = np.random.default_rng(seed)
    for weight in model.weights:
        if len(weight.shape) < 2:  # kernels are random from the start
            weight.assign(generator.uniform(0.5, 1.5, weight.shape).astype(weight.dtype))
    return model


def equal(one: Any, other: Any) -> bool:
    return all(map(np.array_equal, one.get_weights(), other.get_weights()))


def misfit(*arguments: Any, **options: Any) -> WeightsError:
    with pytest.raises(WeightsError) as caught:
        cnnspec.build(*arguments, **options)
    return caught.value


@pytest.mark.parametrize("kind", FORMATS)
def test_every_kind_of_file_gives_every_kind_of_layer_its_weights(kind: str, tmp_path: Path) -> None:
    trained = drawn(cnnspec.build(NET))
    path = saved(trained, tmp_path / f"net.{kind}")
    again = cnnspec.build(NET, weights=path)
    assert equal(again, trained)
    images = np.random.default_rng(2).normal(size=(2, 12, 12, 3)).astype(np.float32)
    other = cnnspec.build(NET, weights=str(path))
    assert np.array_equal(again(images, training=False), other(images, training=False))
    assert not equal(cnnspec.build(NET), trained)
    assert equal(cnnspec.build(NET, weights=path, **{"training.freeze": ["*", "!head"]}), trained)


APPLICATIONS = [
    pytest.param("MobileNetV2", "mobilenet_v2", {"alpha": 0.35}, {"parameters.alpha": 0.35}, marks=pytest.mark.slow),
    pytest.param("ResNet50", "resnet50", {}, {}, marks=pytest.mark.slow),
    pytest.param("ConvNeXtTiny", "convnext_tiny", {}, {}, marks=pytest.mark.slow),
]


@pytest.mark.parametrize(("constructor", "spec", "arguments", "overrides"), APPLICATIONS)
def test_the_weights_of_keras_applications(
    constructor: str, spec: str, arguments: dict[str, Any], overrides: dict[str, Any], tmp_path: Path
) -> None:
    import keras

    from tests.light import light

    theirs = getattr(keras.applications, constructor)(weights=None, input_shape=(32, 32, 3), classes=10, **arguments)
    drawn(theirs)
    images = np.random.default_rng(3).uniform(0, 255, (2, 32, 32, 3)).astype(np.float32)
    wanted = np.asarray(theirs(images))
    assert np.isfinite(wanted).all()
    for kind in FORMATS:
        path = saved(theirs, tmp_path / f"theirs.{kind}")
        with light():
            ours = cnnspec.build(
                ZOO / f"{spec}.yaml", weights=path, input=[32, 32, 3], **{"parameters.classes": 10}, **overrides
            )
        assert equal(ours, theirs), kind
        assert np.allclose(ours(images), wanted, rtol=1e-4, atol=1e-6), kind


def test_models_within_a_model_stand_where_the_shapes_say(tmp_path: Path) -> None:
    import keras

    layers = keras.layers
    text = """
name: nested
input: [8, 8, 3]
layers:
  - conv2d: {filters: 4, kernel_size: 1}
  - repeat: {times: 2, layers: [{conv2d: {filters: 4, kernel_size: 1}}, batch_normalization]}
  - conv2d: {filters: 4, kernel_size: 3}
  - batch_normalization
  - conv2d: {filters: 4, kernel_size: 1}
"""
    stem = keras.Sequential([layers.Conv2D(4, 1)])
    middle = keras.Sequential([layers.Conv2D(4, 3), layers.BatchNormalization()])
    point = [layers.Conv2D(4, 1), layers.BatchNormalization(), layers.Conv2D(4, 1), layers.BatchNormalization()]
    theirs = keras.Sequential([keras.Input((8, 8, 3)), stem, *point, middle, layers.Conv2D(4, 1)])
    drawn(theirs)
    for kind in FORMATS:
        ours = cnnspec.build(text, weights=saved(theirs, tmp_path / f"nested.{kind}"))
        assert equal(ours, theirs), kind


BRANCHES = """
name: branches
input: [8, 8, 3]
layers:
  - name: image
  - conv2d: {filters: 4, kernel_size: 1, name: left}
%s
  - conv2d: {filters: 4, kernel_size: 1, inputs: image, name: right}
  - concatenate: left.out
"""


def test_names_decide_where_they_tell(tmp_path: Path) -> None:
    """The same two layers, which another layer beside them brings into another order."""
    text = BRANCHES.replace("%s\n", "").replace("left.out", "[left, right]")
    deeper = BRANCHES.replace("%s", "  - relu: {name: left_out}").replace("left.out", "[left_out, right]")
    one = drawn(cnnspec.build(text))
    turned = text.replace("name: left}", "name: first}").replace("name: right}", "name: left}")
    turned = turned.replace("name: first}", "name: right}")
    for kind in FORMATS:
        path = saved(one, tmp_path / f"branches.{kind}")
        for other in (deeper, turned):
            model = cnnspec.build(other, weights=path)
            for name in ("left", "right"):
                assert np.array_equal(model.get_layer(name).get_weights()[0], one.get_layer(name).get_weights()[0])


@pytest.mark.parametrize("kind", FORMATS)
def test_another_head_is_named_and_may_be_left_out(kind: str, tmp_path: Path) -> None:
    theirs = drawn(cnnspec.build(NET))
    path = saved(theirs, tmp_path / f"net.{kind}")
    more = {"parameters.classes": 9}
    error = misfit(NET, weights=path, **more)
    assert "`head`: kernel 7×9 and bias (9) here, 7×4 and (4) in the file (`head`)" in error.message
    assert len(error.message.splitlines()) == 2
    assert error.help == f"to leave the last layers out, write `weights: {{path: {path}, skip: [head]}}`"
    for skip in ("head", ["he*"]):
        ours = cnnspec.build(NET, weights=path, skip=skip, **more)
        assert all(map(np.array_equal, ours.get_weights()[:-2], theirs.get_weights()[:-2]))
    deeper = NET + "  - dense: {units: 3, name: last}\n"
    assert "no `dense` for it in the file" in misfit(deeper, weights=path).message
    ours = cnnspec.build(deeper, weights=path, skip=["last"])
    assert all(map(np.array_equal, ours.get_weights()[:-2], theirs.get_weights()))
    headless = NET.replace("  - dense: {units: $classes, name: head}\n", "")
    error = misfit(headless, weights=path)
    assert "`head`" in error.message
    assert "skip: [head]" in (error.help or "")
    assert all(
        map(np.array_equal, cnnspec.build(headless, weights=path, skip="head").get_weights(), theirs.get_weights())
    )


def test_every_layer_that_does_not_fit_is_named(tmp_path: Path) -> None:
    path = saved(cnnspec.build(NET), tmp_path / "net.weights.h5")
    error = misfit(NET, weights=path, **{"parameters.filters": 8})
    lines = error.message.splitlines()
    assert lines[0] == f"{path} does not fit the network"
    assert {"stem", "conv2d", "prelu", "separable_conv2d"} <= set(re.findall(r"`(\w+)`:", error.message))
    many = "input: [4]\nlayers: [{repeat: {times: 20, layers: [{dense: %d}]}}]"
    wide = saved(cnnspec.build(many % 3), tmp_path / "many.keras")
    assert "… and 12 more" in misfit(many % 5, weights=wide).message
    short = misfit(many.replace("20", "18") % 3, weights=wide)
    assert "`dense`: 18 layers with weights here, 20 in the file" in short.message


def test_what_is_left_out_must_be_there(tmp_path: Path) -> None:
    path = saved(cnnspec.build(NET), tmp_path / "net.keras")
    error = misfit(NET, weights=path, skip=["haed"])
    assert (error.message, error.help) == (
        "`skip` names `haed`, but no layer here or in the file is called so", "did you mean `head`?"
    )  # fmt: skip
    assert "nothing is left to take" in misfit(NET, weights=path, skip=["*"]).message


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def text(path: Path) -> None:
    path.write_text("version https://git-lfs.github.com/spec/v1\n")


def without_weights(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", "{}")


def without_layers(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["something"] = np.zeros(3)


def linked(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        for name in list(file["layers/dense/vars"]):
            del file[f"layers/dense/vars/{name}"]
            file[f"layers/dense/vars/{name}"] = h5py.ExternalLink("other.h5", "/weights")


def circular(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        file["layers/dense/again"] = file["layers/dense"]


FAULTS: list[tuple[Callable[[Path], None], str, str]] = [
    (Path.unlink, "weights.h5", "is not there"),
    (emptied, "weights.h5", "is empty"),
    (emptied, "keras", "is empty"),
    (text, "keras", "is no HDF5 file"),
    (cut, "weights.h5", "is cut short"),
    (cut, "keras", "is cut short"),
    (cut, "h5", "is cut short"),
    (without_weights, "keras", "holds no weights: there is no `model.weights.h5` in it"),
    (without_layers, "h5", "holds no weights of layers"),
    (linked, "weights.h5", "is no array of this file"),
    (circular, "weights.h5", "its groups are too deep"),
]


@pytest.mark.parametrize(("spoil", "kind", "words"), FAULTS, ids=lambda value: getattr(value, "__name__", value))
def test_files_that_cannot_be_read(spoil: Callable[[Path], None], kind: str, words: str, tmp_path: Path) -> None:
    path = saved(cnnspec.build(NET), tmp_path / f"net.{kind}")
    spoil(path)
    error = misfit(NET, weights=path)
    assert words in error.message
    assert str(path) in error.message


def test_a_run_stands_for_its_best_weights(tmp_path: Path) -> None:
    run = tmp_path / "net" / "7"
    run.mkdir(parents=True)
    theirs = drawn(cnnspec.build(NET))
    error = misfit(NET, weights=run)
    assert (error.message, error.help) == (
        f"{run} is a folder, but not that of a run",
        "name a file of weights, or the folder of a run",
    )
    (run / "spec.yaml").write_text(NET)
    assert misfit(NET, weights=run).message == f"{run} has no best.keras: its first epoch was never finished"
    saved(theirs, run / "best.keras")
    ours = cnnspec.build(NET, weights=run)
    assert all(map(np.array_equal, ours.get_weights(), theirs.get_weights()))
    assert misfit(NET, weights=run.parent).help == f"name one of its runs: {run}"
    assert "is not there" in misfit(NET, weights=tmp_path / "8").message

    def told(weights: Path) -> list[tuple[str, str | None]]:
        found = cnnspec.check(f"{NET}\ntraining: {{weights: {weights}}}").diagnostics
        return [(each.code, each.help) for each in found]

    assert told(run) == told(run / "best.keras") == []
    assert told(run.parent) == [("weights-missing", f"name one of its runs: {run}")]
    there = "paths are relative to the folder of the spec; training needs it"
    assert told(tmp_path / "8") == [("weights-missing", there)]


@pytest.mark.parametrize("kind", FORMATS)
def test_flipped_bytes_are_an_error_or_other_numbers(kind: str, tmp_path: Path) -> None:
    small = "input: [4]\nlayers: [{dense: 3}, {dense: 2}]"
    path = saved(cnnspec.build(small), tmp_path / f"small.{kind}")
    whole = path.read_bytes()
    generator = random.Random(5)
    failed = 0
    for _ in range(60):
        spoilt = bytearray(whole)
        for _ in range(generator.choice((1, 8, 64))):
            spoilt[generator.randrange(len(spoilt))] = generator.randrange(256)
        path.write_bytes(spoilt)
        try:
            cnnspec.build(small, weights=path)
        except WeightsError:
            failed += 1
    assert failed


def test_half_precision_is_taken(tmp_path: Path) -> None:
    import keras

    layers = [keras.Input((4,)), keras.layers.Dense(3, dtype="bfloat16"), keras.layers.Dense(2, dtype="float16")]
    theirs = keras.Sequential(layers)
    path = saved(theirs, tmp_path / "half.weights.h5")
    ours = cnnspec.build("input: [4]\nlayers: [{dense: 3}, {dense: 2}]", weights=path)
    assert all(
        np.array_equal(mine, np.asarray(its, np.float32))
        for mine, its in zip(ours.get_weights(), theirs.get_weights(), strict=True)
    )


def towers(swapped: bool) -> Any:
    """Two models of the same layers, side by side; one stands before plain layers, the other before a model."""
    import keras

    layers = keras.layers
    start = keras.Input((6,))
    one, other, last = (keras.Sequential([keras.Input((6,)), layers.Dense(6), layers.ReLU()]) for _ in range(3))
    left = layers.ReLU()(layers.ReLU()(one(start)))
    right = last(other(start))
    return keras.Model(start, layers.Concatenate()([right, left] if swapped else [left, right]))


@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize("kind", FORMATS)
def test_equal_models_side_by_side_are_told_apart_or_refused(kind: str, swapped: bool, tmp_path: Path) -> None:
    theirs = drawn(towers(swapped))
    text = cnnspec.import_model(theirs)
    path = saved(theirs, tmp_path / f"towers.{kind}")
    x = np.random.default_rng(5).normal(size=(4, 6)).astype("float32")
    try:
        ours = cnnspec.build(text, weights=path)
    except WeightsError as error:
        assert kind != "keras"
        assert "and does not tell which of them is which here" in error.message
        assert "`.keras`" in str(error.help)
    else:
        assert kind == "keras"
        np.testing.assert_allclose(np.asarray(ours(x)), np.asarray(theirs(x)), rtol=1e-5, atol=1e-6)


def test_equal_models_one_after_the_other_are_read(tmp_path: Path) -> None:
    import keras

    layers = keras.layers
    blocks = [keras.Sequential([keras.Input((6,)), layers.Dense(6), layers.ReLU()]) for _ in range(3)]
    theirs = drawn(keras.Sequential([keras.Input((6,)), *blocks, layers.Dense(2)]))
    text = cnnspec.import_model(theirs)
    for kind in FORMATS:
        assert equal(cnnspec.build(text, weights=saved(theirs, tmp_path / f"blocks.{kind}")), theirs), kind
