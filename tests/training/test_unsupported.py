"""Operations that the framework lacks on a device end in a message, not in an internal error."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cnnspec.training.device import Machine
from cnnspec.training.unsupported import unsupported

CPU = Machine("tensorflow", "2.21.0", "CPU (2 cores)")


class InvalidArgumentError(Exception):
    """As TensorFlow calls it."""


class AbortedError(Exception):
    """As TensorFlow calls it."""


EAGER = """Exception encountered when calling DepthwiseConv2D.call().

\x1b[1m{{function_node __wrapped__DepthwiseConv2dNative_device_/job:localhost/device:CPU:0}} Current implementation only \
supports equal length strides in the row and column dimensions. [Op:DepthwiseConv2dNative] name: \x1b[0m

Arguments received by DepthwiseConv2D.call()""".replace("\\\n", "")
GRAPH = """Graph execution error:

Detected at node gradient_tape/model/conv2d_transpose/Conv2D defined at (most recent call last):
  File "<stdin>", line 1, in <module>

Current CPU implementations do not yet support dilation rates larger than 1.
\t [[{{node gradient_tape/model/conv2d_transpose/Conv2D}}]] [Op:__inference_one_step_on_data_42]"""


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (InvalidArgumentError(EAGER), "only supports equal length strides in the row and column dimensions"),
        (InvalidArgumentError(GRAPH), ": Current CPU implementations do not yet support dilation rates larger than 1"),
        (AbortedError("{{function_node x}} Input dims must be <= 5 and >=1 [Op:Softmax] name: "), ": Input dims must"),
    ],
)
def test_the_words_of_the_framework_are_given(error: Exception, words: str) -> None:
    found = unsupported(error, CPU)
    assert found is not None
    assert found.message.startswith("tensorflow cannot compute this network on CPU (2 cores): ")
    assert words in found.message
    assert not {"{", "[", "\x1b"} & {*found.message}
    assert "--backend jax" in str(found.help)


@pytest.mark.parametrize(
    "error",
    [
        ValueError("this only supports one"),
        InvalidArgumentError("Received a label value of 5 which is outside the valid range of [0, 3)."),
    ],
)
def test_other_errors_stay_what_they_are(error: Exception) -> None:
    assert unsupported(error, CPU) is None


@pytest.mark.slow
def test_a_stride_that_this_processor_cannot_compute(tmp_path: Path) -> None:
    text = """
input: [8, 8, 1]
layers:
  - depthwise_conv2d: {kernel_size: 3, strides: [2, 1]}
  - flatten
  - dense: {units: 10, activation: softmax}
data: {source: digits}
training: {epochs: 1}
"""
    (tmp_path / "net.yaml").write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "cnnspec", "train", "net.yaml", "--device", "cpu"], cwd=tmp_path, text=True,
        capture_output=True, env={**os.environ, "TF_ENABLE_ONEDNN_OPTS": "0", "KERAS_BACKEND": "tensorflow"},
    )  # fmt: skip
    assert done.returncode == 3, done.stderr
    assert "error: tensorflow cannot compute this network on CPU" in done.stderr
    assert "internal error" not in done.stderr
