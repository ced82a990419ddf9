"""Causes of shape errors: the sizes that are offered do fit, and the place that is shown is where the sizes parted."""

from __future__ import annotations

import re
import time
from math import prod
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from cnnspec.language.diagnostics import Diagnostic
from cnnspec.language.write import write
from cnnspec.pipeline import check_text

_OFFER = re.compile(r"(?<!\w)(?:input: )?(\[\d+(?:, \d+)*\])`")


class Net(NamedTuple):
    """An encoder and a decoder: what halves on each level, and what doubles."""

    sizes: tuple[int, ...]
    downs: tuple[str, ...]
    up: str
    merge: str
    blocks: bool

    def spec(self, sizes: tuple[int, ...]) -> dict[str, Any]:
        rank = len(sizes)
        convolution = {f"conv{rank}d": {"filters": 4, "kernel_size": 3, "padding": "same"}}
        down: dict[str, Any] = {
            "pool": {f"max_pooling{rank}d": 2},
            "padded pool": {f"average_pooling{rank}d": {"pool_size": 2, "padding": "same"}},
            "strides": {f"conv{rank}d": {"filters": 4, "kernel_size": 3, "strides": 2, "padding": "same"}},
            "thirds": {f"max_pooling{rank}d": 3},
        }
        layers: list[Any] = []
        for level, kind in enumerate(self.downs):
            layers += [{**_named(convolution, f"level{level}")}, down[kind]]
        layers.append(convolution)
        for level in reversed(range(len(self.downs))):
            times = 3 if self.downs[level] == "thirds" else 2
            up = {
                "up_sampling": {f"up_sampling{rank}d": times},
                "transposed": {f"conv{rank}d_transpose": {"filters": 4, "kernel_size": times, "strides": times}},
            }
            layers += [up[self.up], {self.merge: f"level{level}"}, convolution]
        if self.blocks:
            return {"input": [*sizes, 2], "blocks": {"net": {"layers": layers}}, "layers": ["net"]}
        return {"input": [*sizes, 2], "layers": layers}


def _named(layer: dict[str, Any], name: str) -> dict[str, Any]:
    ((entry, arguments),) = layer.items()
    return {entry: {**arguments, "name": name}}


NETS = st.builds(
    Net,
    st.integers(1, 3).flatmap(lambda rank: st.lists(st.integers(17, 120), min_size=rank, max_size=rank)).map(tuple),
    st.lists(st.sampled_from(["pool", "pool", "padded pool", "strides", "thirds"]), min_size=1, max_size=4).map(tuple),
    st.sampled_from(["up_sampling", "transposed"]),
    st.sampled_from(["concatenate", "add", "maximum"]),
    st.booleans(),
)


def halved(size: int, kind: str) -> tuple[int, int]:
    """The size behind a way down, and how often it is doubled again."""
    times = 3 if kind == "thirds" else 2
    return (-(-size // times) if kind in ("padded pool", "strides") else size // times), times


def parted(net: Net) -> tuple[int, set[tuple[int, int]]] | None:
    """The deepest level whose way down leaves a rest on an axis, and the sizes before and after it on such axes."""
    levels = []
    sizes = list(net.sizes)
    for kind in net.downs:
        after = [halved(size, kind) for size in sizes]
        levels.append({(n, m) for n, (m, times) in zip(sizes, after, strict=True) if m * times != n})
        sizes = [m for m, _ in after]
    return next(((at, levels[at]) for at in reversed(range(len(levels))) if levels[at]), None)


def failure(spec: dict[str, Any]) -> Diagnostic | None:
    errors = [found for found in check_text(write(spec)).diagnostics if found.severity == "error"]
    assert len(errors) <= 1
    return next(iter(errors), None)


@given(NETS)
@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_sizes_that_are_offered_fit_and_the_place_is_the_first_that_leaves_a_rest(net: Net) -> None:
    assume(prod(3 if kind == "thirds" else 2 for kind in net.downs) <= min(net.sizes))
    rest = parted(net)
    found = failure(net.spec(net.sizes))
    assert (found is None) == (rest is None)
    assume(found is not None)
    assert found is not None
    assert rest is not None
    assert found.code == "shape-merge"
    level, sizes = rest
    places = [place for place in found.related if "rounded" in place.message or "floored" in place.message]
    shown = [place for place in found.related if "→" in place.message]
    assert len(places + shown) == 1, "one place is decisive"
    text = write(net.spec(net.sizes)).split("\n")
    ((message, span),) = places + shown
    entry = text[span.line - 1][span.column - 1 : span.end_column - 1]
    wanted = {"pool": "max_pooling", "padded pool": "average_pooling", "strides": "conv", "thirds": "max_pooling"}
    assert entry.startswith(wanted[net.downs[level]])
    numbers = {(int(n), int(m)) for n, m in re.findall(r"(\d+) was (?:floored|rounded up) to (\d+)", message)}
    assert numbers <= sizes
    assert numbers or shown

    offers = [tuple(map(int, offer[1:-1].split(", "))) for offer in _OFFER.findall(found.help or "")]
    offers = [offer[:-1] for offer in offers if len(offer) == len(net.sizes) + 1]
    assert offers, found.help
    for offer in offers:
        assert failure(net.spec(offer)) is None, (net, offer, found.help)


def test_the_nearest_sizes_are_offered() -> None:
    for size in range(33, 64):
        net = Net((size, size), ("pool",) * 4, "transposed", "concatenate", blocks=False)
        found = failure(net.spec(net.sizes))
        if size % 16 == 0:
            assert found is None
            continue
        assert found is not None
        below, above = size // 16 * 16, -(-size // 16) * 16
        offer = f"write `input: [{below}, {below}, 2]` or `[{above}, {above}, 2]` (height and width divisible by 16), "
        assert (found.help or "").startswith(offer)


def test_what_is_offered_fits_the_rest_of_the_network_too() -> None:
    """98 would do for the deepest level of three, but not for the next one."""
    net = Net((100, 97), ("pool",) * 3, "up_sampling", "add", blocks=True)
    found = failure(net.spec(net.sizes))
    assert found is not None
    assert "`input: [96, 96, 2]` or `[104, 104, 2]`" in (found.help or "")


def test_sizes_that_an_expression_depends_on_are_expanded_again() -> None:
    text = (
        "input: [31, 31, 3]\nlayers:\n  - identity: {name: x}\n  - max_pooling2d: 2\n  - up_sampling2d: 2\n"
        "  - when: {condition: $(height > 20), layers: [{zero_padding2d: [[0, 1], [0, 1]]}]}\n  - add: x\n"
    )
    assert check_text(text).ok
    small = text.replace("31", "19")
    (found,) = check_text(small).diagnostics
    assert "`input: [18, 18, 3]` or `[20, 20, 3]`" in (found.help or "")
    assert check_text(small.replace("19", "20")).ok


@pytest.mark.parametrize(
    ("depth", "size", "least"), [(5, 28, 32), (6, 28, 64), (3, 5, 8), (4, 9, 16), (5, 16, 32)]
)  # fmt: skip
def test_the_smallest_input_with_which_a_window_fits(depth: int, size: int, least: int) -> None:
    text = "input: [{0}, {0}, 1]\nlayers: [{{repeat: {{times: {1}, layers: [{{max_pooling2d: 2}}]}}}}]\n"
    (found,) = check_text(text.format(size, depth)).diagnostics
    assert f"at least `input: [{least}, {least}, 1]`" in (found.help or "")
    assert check_text(text.format(least, depth)).ok
    assert not check_text(text.format(least - 1, depth)).ok


def test_a_mistake_that_no_size_mends_does_not_hide_the_sizes_that_mend_another() -> None:
    text = (
        "input: [30, 30, 3]\nlayers:\n  - identity: {name: x}\n  - max_pooling2d: 4\n  - up_sampling2d: 4\n"
        "  - add: x\n  - flatten\n  - reshape: [7, 7, 7, 7]\n"
    )
    (found,) = check_text(text).diagnostics
    assert "`input: [28, 28, 3]` or `[32, 32, 3]`" in (found.help or "")


def test_thousands_of_failing_merges_stay_cheap() -> None:
    layers = "".join(
        f"  - max_pooling2d: {{pool_size: 2, inputs: x}}\n  - up_sampling2d: {{size: 2, name: a{at}}}\n  - add: [x, a{at}]\n"
        for at in range(500)
    )
    deep = "  - repeat: {times: 2000, layers: [{conv2d: {filters: 3, kernel_size: 3, padding: same}}, relu]}\n"
    start = time.process_time()
    report = check_text(f"input: [65, 65, 3]\nlayers:\n{deep}  - identity: {{name: x}}\n{layers}")
    assert len(report.diagnostics) == 500
    assert time.process_time() - start < 3


@pytest.mark.parametrize(
    "layer",
    [
        "  - conv2d: {filters: 3, kernel_size: [3, 3]}\n",
        "  - conv2d: {filters: 3, kernel_size: 5, padding: valid, activation: relu}  # five\n",
        "  - conv2d:\n      filters: 3  # three\n      kernel_size: 3  # and three\n",
        "  - repeat: {times: 3, layers: [{conv2d: {filters: 3, kernel_size: 3}}]}\n",
        "  - conv2d: {\n    filters: 3,\n    kernel_size: 3}\n",
    ],
)
def test_padding_that_is_forgotten_in_one_place_can_be_fixed(layer: str) -> None:
    text = f"input: [20, 20, 3]\nlayers:\n  - identity: {{name: x}}\n{layer}  - add: x\n"
    (found,) = check_text(text).diagnostics
    assert found.fix is not None
    lines = text.split("\n")
    span = found.fix.span
    assert span.line == span.end_line
    line = lines[span.line - 1]
    lines[span.line - 1] = line[: span.column - 1] + found.fix.text + line[span.end_column - 1 :]
    fixed = "\n".join(lines)
    assert check_text(fixed).diagnostics == ()
    assert fixed.count("#") == text.count("#")


@pytest.mark.parametrize(
    "layers",
    [
        "  - conv2d: {filters: 3, kernel_size: 3}\n  - conv2d: {filters: 3, kernel_size: 3}\n",
        "  - unit\n",
        "  - conv2d: {filters: 3, kernel_size: 3, padding: [0, 0]}\n",
        "  - conv2d: {filters: &three 3, kernel_size: *three}\n",
    ],
)
def test_what_takes_more_than_one_change_or_a_block_has_no_fix(layers: str) -> None:
    unit = "blocks: {unit: {layers: [{conv2d: {filters: 3, kernel_size: 3}}]}}\n" if "unit" in layers else ""
    text = f"{unit}input: [20, 20, 3]\nlayers:\n  - identity: {{name: x}}\n{layers}  - add: x\n"
    (found,) = check_text(text).diagnostics
    assert found.fix is None
    assert "padding: same" in (found.help or "")
