"""Random specs against real Keras: what the rules accept, Keras builds to the same shapes and weights."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cnnspec.language.write import write
from cnnspec.pipeline import check_text

_SMALL = st.integers(1, 4)
_PADDING = st.one_of(st.sampled_from(["valid", "same", "same"]), st.integers(0, 2))
_ACTIVATION = st.sampled_from([None, "relu", "gelu", {"leaky_relu": 0.1}])


def _convolution(name: str) -> st.SearchStrategy[Any]:
    fields = {
        "filters": st.sampled_from([2, 4, 6]),
        "kernel_size": _SMALL,
        "strides": st.integers(1, 2),
        "padding": _PADDING,
        "activation": _ACTIVATION,
        "use_bias": st.booleans(),
    }
    if name == "depthwise_conv2d":
        del fields["filters"]
    return st.fixed_dictionaries(fields).map(lambda arguments: {name: arguments})


LAYERS = st.one_of(
    _convolution("conv2d"), _convolution("conv2d"), _convolution("depthwise_conv2d"), _convolution("separable_conv2d"),
    _convolution("conv2d_transpose"),
    st.builds(lambda size, strides, pad: {"max_pooling2d": {"pool_size": size, "strides": strides, "padding": pad}},
              st.integers(2, 3), st.integers(1, 2), st.sampled_from(["valid", "same", 1])),
    st.builds(lambda size, pad: {"average_pooling2d": {"pool_size": size, "padding": pad}},
              st.integers(2, 3), st.sampled_from(["valid", "same", 1])),
    st.sampled_from(["batch_normalization", "layer_normalization", "relu", {"dropout": 0.2}, {"up_sampling2d": 2}, {"zero_padding2d": 1},
                     {"cropping2d": 1}, {"resizing": {"height": 6, "width": 5}}, {"dense": 4}, "prelu", {"permute": [2, 1, 3]}]),
)  # fmt: skip


def _structures(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    lists = st.lists(inner, min_size=1, max_size=3)
    return st.one_of(
        st.builds(
            lambda layers, way: {"residual": {"layers": layers, "shortcut": way, "activation": "relu"}},
            lists,
            st.sampled_from(["identity", "projection"]),
        ),
        st.builds(
            lambda paths, merge: {"branches": {"merge": merge, "paths": paths}},
            st.lists(st.lists(inner, max_size=2), min_size=1, max_size=3),
            st.sampled_from(["concatenate", "add", "maximum"]),
        ),
        st.builds(lambda layers, times: {"repeat": {"times": times, "layers": layers}}, lists, st.integers(0, 3)),
        st.builds(
            lambda layers: {"repeat": {"over": [2, 4], "as": "n", "layers": [*layers, {"dense": "$(n * 2)"}]}}, lists
        ),
        st.builds(lambda a, b: {"when": {"condition": "$(channels > 3)", "layers": a, "otherwise": b}}, lists, lists),
    )


SPECS = st.fixed_dictionaries({
    "input": st.lists(st.integers(4, 9), min_size=2, max_size=2).map(lambda sizes: [*sizes, 3]),
    "layers": st.lists(st.recursive(LAYERS, _structures, max_leaves=6), min_size=1, max_size=5),
    "tail": st.sampled_from([[], ["flatten", {"dense": 3}], ["global_average_pooling2d"], ["global_max_pooling2d", {"dense": 2}]]),
})  # fmt: skip


@pytest.mark.slow
def test_random_graphs_agree_with_keras() -> None:
    import keras

    from cnnspec.emit.deep import differences

    built = refused = 0

    @given(SPECS)
    @settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
    def run(spec: dict[str, Any]) -> None:
        nonlocal built, refused
        text = write({"input": spec["input"], "layers": [*spec["layers"], *spec["tail"]]})
        report = check_text(text)
        if report.graph is None:
            refused += 1
            assert report.diagnostics, text
            return
        built += 1
        assert [(node.name, message) for node, message in differences(report.graph)] == [], text
        if built % 20 == 0:
            keras.backend.clear_session()

    for _ in range(5):  # how many of them hold is chance: more are drawn until enough were compared
        if built < 40:
            run()
    assert built >= 40, (built, refused)
