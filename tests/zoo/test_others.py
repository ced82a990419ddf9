"""The specs of the zoo that keras.applications lacks: parameters as published, and all of them run.

Where torchvision has the network, the counts are what it reports: trainable ones, as it leaves moving statistics out.
With its weights copied in order (torchvision 0.28: at random, moving statistics and scales moved), AlexNet, both
SqueezeNets, ResNet-18 and -34, ResNeXt-50 and GoogLeNet gave its probabilities for three images to 1.4 · 10⁻⁶ of the
largest; these tests do without torchvision.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import pytest

import cnnspec
from cnnspec.graph.graph import Graph
from tests.zoo.applications import APPLICATIONS, ZOO


class Case(NamedTuple):
    """What a spec is by default, and overrides that make it small."""

    trainable: int
    outputs: dict[str, tuple[int | None, ...]]
    small: dict[str, Any] = {}
    slow: bool = False
    statistics: int = 0
    """Moving means and variances."""


CLASSES = {"output": (1000,)}
CASES = {
    "lenet5": Case(61_706, {"output": (10,)}),
    "alexnet": Case(61_100_840, CLASSES, {"input": [71, 71, 3]}, slow=True),
    "squeezenet1_0": Case(1_248_424, CLASSES, {"input": [64, 64, 3]}),
    "squeezenet1_1": Case(1_235_496, CLASSES, {"input": [64, 64, 3]}),
    "resnet18": Case(11_689_512, CLASSES, {"input": [64, 64, 3]}, statistics=9_600),
    "resnet34": Case(21_797_672, CLASSES, {"input": [64, 64, 3]}, slow=True, statistics=17_024),
    "resnext50": Case(25_028_904, CLASSES, {"input": [64, 64, 3]}, slow=True, statistics=68_224),
    "wide_resnet28_10": Case(
        36_479_194, {"output": (10,)}, {"input": [16, 16, 3], "parameters.widen": 2}, statistics=17_952
    ),
    "googlenet": Case(6_624_904, CLASSES, {"input": [64, 64, 3]}, statistics=14_560),
    "googlenet_auxiliary": Case(
        13_004_888, {"class": (1000,), "early": (1000,), "late": (1000,)}, {"input": [64, 64, 3]}, slow=True,
        statistics=15_072,
    ),
    "unet": Case(31_030_658, {"output": (512, 512, 2)}, {"input": [32, 32, 1], "parameters.filters": 4}),
    "unet_plus_plus": Case(9_042_276, {"output": (96, 96, 1)}, {"input": [32, 32, 3], "parameters.filters": 4}),
    "attention_unet": Case(
        33_127_365, {"output": (256, 256, 1)}, {"input": [32, 32, 1], "parameters.filters": 4}, statistics=11_776
    ),
    "fcn8s": Case(134_489_759, {"output": (224, 224, 21)}, {"input": [32, 32, 3]}, slow=True),
    "deeplabv3": Case(39_638_869, {"output": (520, 520, 21)}, {"input": [64, 64, 3]}, slow=True, statistics=56_704),
    "segnet": Case(29_441_419, {"output": (352, 480, 11)}, {"input": [32, 64, 3]}, slow=True, statistics=15_872),
    "dcgan_generator": Case(3_576_704, {"output": (64, 64, 3)}, {"parameters.filters": 8}, statistics=1_920),
    "dcgan_discriminator": Case(2_765_568, {"output": (1,)}, {"parameters.filters": 8}, statistics=1_792),
    "vae_encoder": Case(69_076, {"mean": (2,), "log_variance": (2,)}),
    "vae_decoder": Case(65_089, {"output": (28, 28, 1)}),
    "srcnn": Case(8_129, {"output": (None, None, 1)}),
    "edsr": Case(1_369_859, {"output": (96, 96, 3)}, {"input": [8, 8, 3], "parameters.depth": 4}),
    "vit_conv_stem": Case(
        4_567_360, CLASSES, {"input": [64, 64, 3], "parameters.depth": 2}, statistics=720
    ),
    "retinanet": Case(
        34_068_119, {"class": (49_104, 91), "box": (49_104, 4)}, {"input": [128, 128, 3], "parameters.classes": 3},
        slow=True, statistics=53_120,
    ),
    "ssd_small": Case(461_568, {"class": (1_344, 4), "box": (1_344, 4)}, statistics=5_312),
    "siamese": Case(38_951_745, {"output": (1,)}, {"inputs.left": [72, 72, 1], "inputs.right": [72, 72, 1]}),
    "image_and_metadata": Case(
        4_917_735, {"output": (7,)}, {"inputs.image": [32, 32, 3], "parameters.filters": 4}, statistics=5_824
    ),
}  # fmt: skip
REPORTED = {
    "alexnet": 61_100_840,
    "squeezenet1_0": 1_248_424,
    "squeezenet1_1": 1_235_496,
    "resnet18": 11_689_512,
    "resnet34": 21_797_672,
    "resnext50": 25_028_904,
    "googlenet": 6_624_904,
    "googlenet_auxiliary": 13_004_888,
    "deeplabv3": 39_638_869,
    "retinanet": 34_068_119,
}
"""By torchvision 0.28; the last two without the weights that it downloads (with them, RetinaNet's batch normalizations
are frozen, and it reports 2 · 26,560 less)."""


def graph_of(name: str, **overrides: Any) -> Graph:
    report = cnnspec.check(ZOO / f"{name}.yaml", **overrides)
    expected = {"pooled-away"} if overrides else set()  # small images make small maps, which is rightly told
    assert {found.code for found in report.diagnostics} <= expected, str(report)
    assert report.name == name
    assert report.graph is not None
    return report.graph


def inputs_of(graph: Graph, batch: int = 2) -> dict[str, np.ndarray[Any, Any]]:
    random = np.random.default_rng(0)
    return {
        name: random.random((batch, *(size or 16 for size in shape)), dtype="float32")
        for name, shape in graph.inputs.items()
    }


def test_every_spec_of_the_zoo_is_in_a_table() -> None:
    specs = {path.stem for path in ZOO.glob("*.yaml")}
    assert specs == {application.spec for application in APPLICATIONS} | set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_is_as_published(name: str) -> None:
    graph, case = graph_of(name), CASES[name]
    assert sum(node.trainable for node in graph.nodes) == case.trainable
    assert sum(node.parameters - node.trainable for node in graph.nodes) == case.statistics
    assert {name: graph[node].shape for name, node in graph.outputs.items()} == case.outputs


@pytest.mark.parametrize("name", REPORTED)
def test_counts_of_torchvision(name: str) -> None:
    assert CASES[name].trainable == REPORTED[name]


def test_counts_of_papers() -> None:
    """Rounded as the papers round them; the DCGANs are PyTorch's example, the autoencoder is Keras's."""
    millions = {name: case.trainable / 1e6 for name, case in CASES.items()}
    assert round(millions["wide_resnet28_10"], 1) == 36.5
    assert round(millions["unet_plus_plus"], 2) == 9.04
    assert round(millions["edsr"], 2) == 1.37
    assert round(millions["vit_conv_stem"], 1) == 4.6
    biases = 64 + 32 + 1
    assert CASES["srcnn"].trainable == 8_032 + biases


BUILT = [pytest.param(name, marks=[pytest.mark.slow] * case.slow) for name, case in CASES.items()]


@pytest.mark.parametrize("name", BUILT)
def test_runs(name: str) -> None:
    import keras

    case = CASES[name]
    graph = graph_of(name, **case.small)
    keras.utils.set_random_seed(0)
    model = cnnspec.build(ZOO / f"{name}.yaml", **case.small)
    assert model.count_params() == sum(node.parameters for node in graph.nodes)
    given = inputs_of(graph)
    found = model(given if len(given) > 1 else next(iter(given.values())), training=False)
    found = found if graph.named else {"output": found}
    assert set(found) == set(case.outputs)
    for output, node in graph.outputs.items():
        values = np.asarray(found[output])
        shape = tuple(size or 48 for size in graph[node].shape)
        assert values.shape == (2, *shape)
        assert np.isfinite(values).all()
        assert not np.array_equal(values[0], values[1]), "images are told apart"


LEARNING = {
    "siamese": ("binary_crossentropy", CASES["siamese"].small),
    "image_and_metadata": ("sparse_categorical_crossentropy", CASES["image_and_metadata"].small),
    "ssd_small": ({"class": "sparse_categorical_crossentropy", "box": "huber"}, {"input": [64, 64, 3]}),
    "googlenet_auxiliary": ("sparse_categorical_crossentropy", {"input": [64, 64, 3], "parameters.classes": 5}),
    "retinanet": ({"class": "binary_focal_crossentropy", "box": "huber"}, CASES["retinanet"].small),
    "vae_encoder": ("mse", {}),
}


def targets_of(graph: Graph, loss: Any, batch: int) -> Any:
    random = np.random.default_rng(1)
    targets = {}
    for output, node in graph.outputs.items():
        shape = (batch, *(size or 1 for size in graph[node].shape))
        if (loss if isinstance(loss, str) else loss[output]).startswith("sparse"):
            targets[output] = random.integers(0, shape[-1], shape[:-1])
        else:
            targets[output] = random.integers(0, 2, shape).astype("float32")
    return targets if graph.named else targets["output"]


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.slow] * CASES[name].slow) for name in LEARNING])
def test_learns(name: str) -> None:
    """A step with Keras alone: the loss is a number, and every weight that is learned moves."""
    import keras

    keras.utils.set_random_seed(0)
    loss, overrides = LEARNING[name]
    graph = graph_of(name, **overrides)
    model = cnnspec.build(ZOO / f"{name}.yaml", **overrides)
    model.compile(
        optimizer=keras.optimizers.SGD(0.1),
        run_eagerly=True,
        loss=dict.fromkeys(graph.outputs, loss) if graph.named and isinstance(loss, str) else loss,
    )
    before = [keras.ops.convert_to_numpy(weight).copy() for weight in model.trainable_weights]
    given = inputs_of(graph, 4)
    inputs = given if len(given) > 1 else next(iter(given.values()))
    result = model.train_on_batch(inputs, targets_of(graph, loss, 4))
    assert all(math.isfinite(value) for value in np.atleast_1d(result))
    still = [
        weight.path
        for weight, old in zip(model.trainable_weights, before, strict=True)
        if np.array_equal(keras.ops.convert_to_numpy(weight), old)
    ]
    assert len(still) <= len(before) // 20, still


def test_siamese_towers_are_one() -> None:
    model = cnnspec.build(ZOO / "siamese.yaml", **CASES["siamese"].small)
    random = np.random.default_rng(0)
    a, b = (random.random((3, 72, 72, 1), dtype="float32") for _ in range(2))
    one, other = (np.asarray(model({"left": x, "right": y})) for x, y in ((a, b), (b, a)))
    np.testing.assert_allclose(one, other, rtol=1e-5)
    np.testing.assert_allclose(np.asarray(model({"left": a, "right": a})), 0.5, atol=1e-6)


@pytest.mark.slow
def test_heads_of_the_pyramid_are_one() -> None:
    """The rows of all levels come from one pair of heads: 2 × 5 convolutions in all."""
    graph = graph_of("retinanet")
    heads = [node for node in graph.nodes if node.layer.entry == "conv2d" and {"class3", "box3"} & set(node.group)]
    assert len(heads) == 10
    shared = [node for node in graph.nodes if node.shares in {head.name for head in heads}]
    assert len(shared) == 4 * 10
