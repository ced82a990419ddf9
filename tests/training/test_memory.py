"""Estimates of memory: what layers keep, what optimizers keep, and how long each tensor lives."""

from __future__ import annotations

from math import prod

import pytest

from cnnspec import pipeline
from cnnspec.graph.graph import Graph
from cnnspec.training.freeze import frozen
from cnnspec.training.liveness import Peaks, in_turn, peaks, with_sizes
from cnnspec.training.memory import estimate, evaluation_batch, halves, spoken, state_bytes
from cnnspec.training.optimizers import OPTIMIZERS
from cnnspec.training.plan import Learner

ADAM = OPTIMIZERS["adam"].read({})
CONV = "{conv2d: {filters: 4, kernel_size: 1}}"  # 8×8×4 = 256 numbers


def graph(layers: str, shape: str = "[8, 8, 2]") -> Graph:
    report = pipeline.check_text(f"input: {shape}\nlayers: {layers}\n")
    assert report.graph is not None, str(report)
    return report.graph


def alone(network: Graph) -> tuple[Learner]:
    return (Learner(network, ADAM),)


@pytest.mark.parametrize(
    ("layers", "saved"),
    [
        (f"[{CONV}]", 0),  # the images are there in any case
        ("[{conv2d: {filters: 4, kernel_size: 1, activation: relu}}]", 256),
        ("[{conv2d: {filters: 4, kernel_size: 1, activation: {leaky_relu: 0.1}}}]", 256),
        ("[{conv2d: {filters: 4, kernel_size: 1, activation: gelu}}]", 4 * 256),
        ("[{conv2d: {filters: 4, kernel_size: 1, activation: linear}}]", 0),
        (f"[{CONV}, batch_normalization, relu]", 2 * 256),
        (f"[{CONV}, {{activation: tanh}}]", 256),
        (f"[{CONV}, {{activation: silu}}]", 256),
        (f"[{CONV}, flatten, {{dense: 3}}]", 256),
        (f"[{CONV}, {{max_pooling2d: 2}}]", 256 + 64),
        (f"[{CONV}, {{average_pooling2d: 2}}]", 0),
        (f"[{CONV}, {{dropout: 0.5}}]", 64),
        (f"[{CONV}, relu, flatten, identity, {{reshape: [8, 8, 4]}}, {CONV}]", 256),
        ("[{residual: {layers: [{conv2d: {filters: 2, kernel_size: 1}}]}}]", 0),
        ("[{separable_conv2d: {filters: 4, kernel_size: 1}}]", 128),
    ],
)
def test_what_the_backward_pass_keeps(layers: str, saved: int) -> None:
    found = peaks(graph(layers))
    assert found is not None
    assert found.saved == saved


def test_scores_of_an_attention_are_kept() -> None:
    few, many = (peaks(graph("[{multi_head_attention: {num_heads: 2, key_dim: 4}}]", f"[{n}, 8]")) for n in (8, 16))
    assert few is not None
    assert many is not None
    assert many.saved > 2 * few.saved


def test_a_frozen_trunk_keeps_nothing_and_what_is_above_it_does() -> None:
    whole = graph(f"[{CONV}, relu, {CONV}, batch_normalization, relu, flatten, {{dense: {{units: 3, name: head}}}}]")
    trunk, middle = frozen(whole, ["*", "!head"]), frozen(whole, ["batch_normalization"])
    found = [peaks(each) for each in (whole, trunk, middle)]
    assert [each and each.saved for each in found] == [3 * 256, 256, 2 * 256]
    assert found[0] is not None
    assert found[1] is not None
    assert found[1].training < found[0].training
    assert found[1].evaluation == found[0].evaluation


def test_weights_that_are_shared_count_once_and_their_tensors_twice() -> None:
    layers = "[{conv2d: {filters: 2, kernel_size: 1, activation: relu, name: one}}, {share: one}]"
    found = estimate(alone(graph(layers)), 1)
    assert found.weights == 4 * (2 * 2 + 2)
    assert found.kept == 4 * 2 * 128


def test_a_long_connection_stays_alive() -> None:
    plain = peaks(graph(f"[{{conv2d: {{filters: 4, kernel_size: 1, name: one}}}}, {CONV}, {CONV}]"))
    linked = peaks(graph(f"[{{conv2d: {{filters: 4, kernel_size: 1, name: one}}}}, {CONV}, {CONV}, {{add: one}}]"))
    assert plain is not None
    assert linked is not None
    assert linked.evaluation == plain.evaluation + 256


def test_open_sizes_are_taken_from_the_images() -> None:
    network = graph(f"[{CONV}, relu, global_average_pooling2d, {{dense: 3}}]", "[null, null, 2]")
    assert estimate(alone(network), 8).activations is None
    sized = estimate(alone(network), 8, shapes={"input": (8, 8, 2)})
    assert (
        sized.activations
        == estimate(alone(graph(f"[{CONV}, relu, global_average_pooling2d, {{dense: 3}}]")), 8).activations
    )
    assert with_sizes(network, {"input": (6, 4, 2)}).output_shapes == network.output_shapes


def test_an_estimate_grows_with_the_batch_and_shrinks_with_the_precision() -> None:
    network = graph(f"[{CONV}, relu, flatten, {{dense: 3}}]")
    one, ten = (estimate(alone(network), size) for size in (1, 10))
    half = estimate(alone(network), 10, "mixed_bfloat16")
    assert one.activations is not None
    assert ten.activations == 10 * one.activations
    assert half.activations == 5 * one.activations
    assert half.weights == 1.5 * ten.weights
    assert ten.optimizer == 2 * ten.weights
    assert ten.total == sum(size for _, size in ten.rows()) == ten.to_json()["total"]
    assert ten.sure < ten.total


MORE = {"momentum": 0.9, "amsgrad": True, "centered": True, "use_ema": True, "gradient_accumulation_steps": 2}


@pytest.mark.parametrize(
    ("name", "argument"),
    [(name, each) for name in OPTIMIZERS for each in ("", *MORE) if not each or each in OPTIMIZERS[name].model_fields],
)
def test_slots_are_those_of_keras(name: str, argument: str) -> None:
    import keras

    from cnnspec.training.compiling import make

    ours = OPTIMIZERS[name].read({argument: MORE[argument]} if argument else {})
    weights = [keras.Variable(keras.ops.ones(shape)) for shape in ((200, 100), (40,))]
    optimizer = make(ours.over(10))
    optimizer.build(weights)
    held = sum(prod(variable.shape) for variable in optimizer.variables)
    assert ours.slots == pytest.approx(held / (200 * 100 + 40), abs=0.03)


def test_validation_takes_no_more_memory_than_training() -> None:
    heavy = graph("[{conv2d: {filters: 64, kernel_size: 1}}, {conv2d: {filters: 64, kernel_size: 1}}]", "[64, 64, 3]")
    found = peaks(heavy)
    assert found is not None
    size = evaluation_batch(heavy, 16, images=10_000)
    assert 16 <= size < 256
    assert size * found.evaluation <= 16 * found.training
    assert evaluation_batch(heavy, 512, images=10_000) == 512
    assert evaluation_batch(graph("[flatten, {dense: 10}]"), 1, images=10_000) == 256
    deep = graph(f"[{', '.join([CONV, 'relu'] * 40)}]")
    assert evaluation_batch(deep, 32, images=10_000) == 256
    assert evaluation_batch(deep, 32, images=50) == 50
    assert evaluation_batch(graph("[global_average_pooling2d]", "[null, null, 3]"), 32) == 32


def test_words() -> None:
    assert [spoken(size) for size in (0, 52_000, 12_345_678, 1_900_000_000, 3 * 10**12)] == [
        "0.0 MB", "0.1 MB", "12 MB", "1.9 GB", "3.0 TB",
    ]  # fmt: skip
    assert [list(halves(size)) for size in (1, 2, 48, 64)] == [[], [1], [32, 16, 8, 4, 2, 1], [32, 16, 8, 4, 2, 1]]
    found = estimate(alone(graph(f"[{CONV}, relu, flatten, {{dense: 1000}}]")), 1)
    assert found.line().startswith("36 MB (framework 29 MB, gradients 3.1 MB, ")
    assert found.table().splitlines()[0] == "weights                   1.0 MB"
    assert "activations of 1 image " in found.table()
    assert state_bytes(alone(graph("[flatten, {dense: 10}]"))) == (4 * 1290, 8 * 1290)


def test_what_networks_in_one_step_keep_is_there_at_once() -> None:
    first, second = Peaks(10, 4, 3), Peaks(7, 5, 2)
    assert in_turn([(first, 1)]) == first
    assert in_turn([(first, 1), (second, 1)]) == Peaks(4 + 7, 4 + 5, 3)
    assert in_turn([(first, 1), (second, 3)]) == Peaks(4 + 2 * 5 + 7, 4 + 3 * 5, 3)
    assert in_turn([(first, 1), (None, 3)]) is None
    network = graph("[flatten, {dense: 10}]")
    both = (Learner(network, OPTIMIZERS["sgd"].read({})), Learner(network, ADAM, times=3))
    assert state_bytes(both) == (2 * 4 * 1290, 8 * 1290)
    assert estimate(both, 1).optimizer == 8 * 1290
    assert estimate(both, 1).weights == 2 * estimate(alone(network), 1).weights
