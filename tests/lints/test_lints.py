"""Every lint: what it says of, and what it leaves alone."""

from __future__ import annotations

import time

import pytest

from cnnspec.lints import LINTS, code_of
from cnnspec.pipeline import Report, check_text

CONV = "conv2d: {filters: 8, kernel_size: 3, padding: same, activation: relu}"
POOL = "max_pooling2d: 2"
UP = "conv2d_transpose: {filters: 8, kernel_size: 2, strides: 2}"
HEAD = "dense: {units: 10, activation: softmax}"
DIGITS = "data: {source: digits, augmentation: [%s]}"


def spec(*entries: str, input: str = "[32, 32, 3]", head: str = "", end: str = "") -> str:
    """A spec of these entries, with what stands above `input` and after `layers`."""
    layers = "".join(f"  - {entry}\n" for entry in entries)
    return f"{head}input: {input}\nlayers:\n{layers}{end}"


def inline(*entries: str) -> str:
    """Entries as a list on one line."""
    return f"[{', '.join(f'{{{entry}}}' if ':' in entry else entry for entry in entries)}]"


def check(text: str) -> Report:
    report = check_text(text)
    assert report.ok, str(report)
    return report


DOUBTFUL: dict[str, list[tuple[str, str]]] = {
    "channels-first": [
        (spec(CONV, input="[3, 224, 224]"), "1:8: 3×224×224 is 3 rows of 224 pixels with 224 channels each"),
        (spec(CONV, input="[1, 28, 28]"), "1:8: 1×28×28 is 1 rows"),
        (spec(CONV, input="[3, 480, 640]"), "1:8: 3×480×640"),
        ("inputs: {a: [64, 64, 3], b: [3, 64, 64]}\nlayers:\n"
         "  - conv2d: {filters: 4, kernel_size: 3, inputs: a, name: x}\n  - global_average_pooling2d: {name: y}\n"
         "  - conv2d: {filters: 4, kernel_size: 3, inputs: b}\n  - global_average_pooling2d\n  - add: y\n",
         "1:29: 3×64×64"),
    ],
    "dense-on-map": [
        (spec(CONV, POOL, "dense: 64", HEAD), "5:5: `dense` on 16×16×8 acts on each pixel by itself: the network gives"),
        (spec(CONV, POOL, "dense: 64", "relu", "dropout: 0.5", "dense: 10", "softmax"), "5:5: "),
        (spec(CONV, "dense: {units: 64, activation: relu}", "flatten", HEAD), "4:5: `dense` on 32×32×8 acts on each"),
        (spec("dense: {units: 64, activation: relu}", HEAD), "3:5: `dense` on 32×32×3"),
        (spec("squeeze_excite: 4", POOL, HEAD, input="[32, 32, 16]"), "5:5: `dense` on 16×16×16"),
        (spec("mine", head=f"blocks: {{mine: {{layers: {inline(CONV, POOL, HEAD)}}}}}\n"), "1:120: `dense` on 16×16×8"),
    ],
    "add-broadcast": [
        (spec(CONV + "", "name: x", "conv2d: {filters: 8, kernel_size: 3, strides: 32, padding: same}", "add: x"),
         "6:5: `add` takes one pixel to every place: 1×1×8 and 32×32×8"),
        (spec(CONV, "name: x", "conv2d: {filters: 1, kernel_size: 1}", "add: x"),
         "6:5: `add` takes one channel to every place: 32×32×1 and 32×32×8"),
        (spec(CONV, "name: x", "conv2d: {filters: 1, kernel_size: 1}", "batch_normalization", "average: x",
              input="[8, 8, 3]").replace("kernel_size: 1}", "kernel_size: 1, use_bias: false}"), "7:5: `average` takes"),
    ],
    "pooled-away": [
        (spec(f"repeat: {{times: 5, layers: {inline(CONV, POOL)}}}", CONV), "4:39: a kernel of 3×3 on a map of 1×1×8"),
        (spec("max_pooling2d: 32", "max_pooling2d: {pool_size: 2, padding: same}"), "4:32: a pooling of 2×2 on a map"),
        (spec("repeat: {times: 6, layers: [{conv2d: {filters: 8, kernel_size: 3, strides: 2, padding: 1}}]}", CONV),
         "3:68: a kernel of 3×3"),
        (spec("max_pooling1d: 8", "conv1d: {filters: 4, kernel_size: 3, padding: same}", input="[8, 2]"), "4:39: a kernel of 3"),
    ],
    "stride-skips": [
        (spec("conv2d: {filters: 8, kernel_size: 2, strides: 3}"), "3:51: a stride of 3 skips pixels: the window is 2 wide"),
        (spec("max_pooling2d: {pool_size: 2, strides: 4}"), "3:44: a stride of 4 skips"),
        (spec("depthwise_conv2d: {kernel_size: 3, strides: 4}"), "3:49: "),
        (spec("conv1d: {filters: 8, kernel_size: 5, strides: 8}", input="[100, 3]"), "3:51: "),
    ],
    "weights-scale": [
        (spec(CONV, "global_average_pooling2d", HEAD, end=(
            f"data: {{source: cifar10, preprocessing: [{before}]}}\n"
            f"training: {{weights: {{path: {name}, skip: dense}}}}\n")),
         f"7:12: `{name}` is named like published weights, which were trained on pixels of {pixels}, and here they are {here}")
        for before, name, pixels, here in [
            ("rescaling: $(1/255)", "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224.h5", "-1 to 1", "0 to 1"),
            ("", "xception_weights_tf_dim_ordering_tf_kernels_notop.h5", "-1 to 1", "0 to 255"),
            ("rescaling: $(1/255)", "vgg16_weights_tf_dim_ordering_tf_kernels.h5", "-123.7 to 151.1", "0 to 1"),
            ("rescaling: $(1/255)", "densenet121_imagenet.weights.h5", "-2.12 to 2.64", "0 to 1"),
            ("rescaling: $(1/255)", "resnet50v2_weights_tf_dim_ordering_tf_kernels.h5", "-1 to 1", "0 to 1"),
        ]
    ],
    "checkerboard": [
        (spec("conv2d_transpose: {filters: 8, kernel_size: 3, strides: 2, padding: same}"),
         "3:49: a kernel of 3 overlaps unevenly (checkerboard): it does not divide by the stride of 2"),
        (spec("conv2d_transpose: {filters: 8, kernel_size: 2, strides: 3}"),
         "3:49: a kernel of 2 leaves pixels empty: the stride of 3 is larger"),
        (spec("conv2d_transpose: {filters: 8, kernel_size: [4, 5], strides: [2, 3]}"), "3:49: a kernel of 5 overlaps"),
        (spec("conv1d_transpose: {filters: 8, kernel_size: 5, strides: 2}", input="[100, 3]"), "3:49: a kernel of 5"),
        (spec("conv3d_transpose: {filters: 8, kernel_size: 3, strides: 2}", input="[4, 4, 4, 3]"), "3:49: a kernel of"),
        (spec("conv2d_transpose: {filters: 8, kernel_size: 3, strides: 2, padding: 1, output_padding: 1}"), "3:49: "),
    ],
    "dilation-unused": [
        (spec("conv2d: {filters: 8, kernel_size: 1, dilation_rate: 4}"), "3:57: the dilation does nothing: the kernel is 1"),
        (spec("conv2d: {filters: 8, kernel_size: [1, 3], dilation_rate: [2, 1]}"), "3:62: "),
    ],
    "dense-large": [
        (spec(CONV, POOL, "flatten", "dense: 256", "relu", HEAD, input="[512, 512, 3]"),
         "6:5: 134,217,984 weights: all of 256×256×8 is connected to 256 units"),
        (spec(CONV, "flatten", "dropout: 0.5", "dense: 512", input="[224, 224, 3]"), "6:5: 205,521,408 weights"),
    ],
    "size-lost": [
        (spec(CONV, POOL, POOL, POOL, UP, UP, UP, input="[100, 100, 1]"),
         "6:5: 25×25×8 does not divide by 2: the network gives 96×96×8 for 100×100×1"),
        (spec(*["conv2d: {filters: 8, kernel_size: 3, strides: 2, padding: same}"] * 2, UP, UP, input="[30, 30, 1]"),
         "4:5: 15×15×8 does not divide by 2: the network gives 32×32×8"),
    ],
    "bias-before-norm": [
        (spec("conv2d: {filters: 8, kernel_size: 3}", "batch_normalization"), "3:5: the bias does nothing"),
        (spec("conv2d: {filters: 8, kernel_size: 3, use_bias: true}", "batch_normalization", "relu"), "3:52: the bias"),
        (spec("flatten", "dense: 8", "batch_normalization"), "4:5: "),
        (spec("depthwise_conv2d: 3", "batch_normalization: {center: false}"), "3:5: "),
        (spec("conv2d: {filters: 8, kernel_size: 3, activation: linear}", "transition"), "3:5: "),
    ],
    "softmax-single": [
        (spec("flatten", "dense: {units: 1, activation: softmax}"), "4:35: the softmax of one value is always 1"),
        (spec("flatten", "dense: 1", "softmax"), "5:5: "),
        (spec("conv2d: {filters: 1, kernel_size: 1, activation: softmax}"), "3:54: "),
        (spec("conv2d: {filters: 1, kernel_size: 1}", "activation: softmax"), "4:17: "),
    ],
    "softmax-hidden": [
        (spec("flatten", "dense: {units: 64, activation: softmax}", HEAD), "4:36: a softmax between two `dense` layers"),
        (spec("flatten", "dense: {units: 64, activation: softmax}", "dropout: 0.5", HEAD), "4:36: "),
    ],
    "activation-twice": [
        (spec("flatten", HEAD, "softmax"), "5:5: `softmax` after `softmax`: the `dense` before it has an activation already"),
        (spec(CONV, "relu"), "4:5: `relu` after `relu`"),
        (spec("flatten", "dense: {units: 1, activation: sigmoid}", "activation: relu"), "5:17: `relu` after `sigmoid`"),
        (spec("flatten", "dense: {units: 9, activation: relu}", "softmax"), "5:5: `softmax` after `relu`: no score can be"),
        (spec(f"repeat: {{times: 3, layers: {inline(CONV, 'relu')}}}"), "3:106: `relu` after"),
        (spec(CONV, "prelu", "prelu"), "5:5: `prelu` after `prelu`"),
        (spec("conv1d: {filters: 9, kernel_size: 3, activation: softmax}", "spatial_dropout1d: 0.5", "softmax",
              "flatten", HEAD, input="[9, 9]"), "5:5: `softmax` after `softmax`"),
    ],
    "loss-activation": [
        (spec("flatten", "dense: 1", end="training: {loss: poisson}"),
         "5:12: `poisson` takes the logarithm of what the network gives, which may be below 0 with no activation"),
        (spec("flatten", "dense: {units: 1, activation: tanh}", end="training: {loss: mean_squared_logarithmic_error}"),
         "5:12: `mean_squared_logarithmic_error` takes the logarithm of 1 and what the network gives"),
        (spec("flatten", "dense: {units: 9, activation: sigmoid}", end="training: {loss: kl_divergence}"),
         "5:12: `kl_divergence` compares shares that sum to 1, and the network ends with `sigmoid`"),
        (spec("flatten", "dense: 10", end="training: {loss: sparse_categorical_crossentropy}"),
         "5:12: `sparse_categorical_crossentropy` takes probabilities, but the network ends with no activation"),
        (spec("flatten", "dense: {units: 9, activation: relu}", end="training: {loss: {binary_crossentropy: true}}"),
         "5:12: `from_logits: true` takes scores as they are, but the network ends with `relu`"),
        (spec("flatten", "dense: {units: 9, activation: relu}", end="training: {loss: categorical_crossentropy}"),
         "5:12: `categorical_crossentropy` takes probabilities, but the network ends with `relu`"),
        (spec("flatten", "dense: {units: 2, activation: softmax, name: a}", "dense: {units: 2, inputs: a, name: b}",
              head="outputs: [a, b]\n",
              end="training: {loss: {a: sparse_categorical_crossentropy, b: sparse_categorical_crossentropy}}"),
         "7:55: output `b`: `sparse_categorical_crossentropy` takes"),
    ],
    "dropout-rate": [
        (spec("flatten", "dropout: 1.0", HEAD), "4:14: a rate of 1 drops every value"),
        (spec("spatial_dropout2d: {rate: 1}", "flatten", HEAD), "3:31: "),
        (spec("flatten", "dropout: 0", HEAD), "4:14: a rate of 0 drops nothing"),
    ],
    "dropout-last": [
        (spec("flatten", HEAD, "dropout: 0.5"), "5:5: this drops what the network gives"),
        (spec("flatten", "dense: 10", "dropout: 0.5", "softmax"), "5:5: "),
        (spec("flatten", "dense: 1", "dropout: 0.5", end="training: {loss: mean_squared_error}"), "5:5: "),
    ],
    "early-stopping-patience": [
        (spec("flatten", HEAD, input="[28, 28, 1]", end="data: {source: mnist}\ntraining: {callbacks: [early_stopping]}"), "6:24: training ends with the first epoch"),
        (spec("flatten", HEAD, input="[28, 28, 1]", end="data: {source: mnist}\ntraining: {callbacks: [{early_stopping: {restore_best_weights: true}}]}"), "6:25: "),
    ],
    "monitor-mode": [
        (spec("flatten", HEAD, input="[28, 28, 1]", end="data: {source: mnist}\ntraining: {callbacks: [{early_stopping: {monitor: val_accuracy, mode: min, patience: 4}}]}"), "6:71: `mode: min` of `val_accuracy`, of which more is better"),
        (spec("flatten", HEAD, input="[28, 28, 1]", end="data: {source: mnist}\ntraining: {callbacks: [{model_checkpoint: {monitor: loss, mode: max}}]}"), "6:65: `mode: max` of `loss`, of which less is better"),
    ],
    "plateau-patience": [
        (spec("flatten", HEAD, input="[28, 28, 1]", end="data: {source: mnist}\ntraining: {callbacks: [{early_stopping: {patience: 5}}, reduce_lr_on_plateau]}"), "6:57: it waits 10 epochs, and `early_stopping` ends the run after 5"),
    ],
    "norm-momentum": [
        (spec("conv2d: {filters: 4, kernel_size: 3, use_bias: false}", "batch_normalization: {momentum: 0.1}"), "4:37: a momentum of 0.1"),
    ],
    "loss-one-class": [
        (spec("flatten", "dense: {units: 10, activation: sigmoid}", input="[28, 28, 1]", end="data: {source: mnist}\ntraining: {loss: binary_focal_crossentropy}"), "6:12: `binary_focal_crossentropy` decides each class by itself, and each image is of one of 10"),
    ],
    "scaled-twice": [
        (spec("rescaling: $(1/255)", "flatten", HEAD, input="[28, 28, 1]", end="data: {source: mnist, preprocessing: [{rescaling: $(1/255)}]}"), "6:40: pixels are 0 to 1 when they enter"),
    ],
    "colour-range": [
        (spec("random_brightness: 0.2", "flatten", HEAD, end="data: {source: cifar10, preprocessing: [{rescaling: $(1/255)}]}"), "3:5: `random_brightness` expects pixels of 0 to 255, and they are 0 to 1 there"),
        (spec("rescaling: {scale: $(1/127.5), offset: -1}", "random_invert: {factor: 0.5, value_range: [-1, 1]}", "flatten", HEAD, end="data: {source: cifar10}"), "4:5: `random_invert` is right on pixels of a range from 0 only"),
        (spec("solarization", "flatten", HEAD, end="data: {source: cifar10, preprocessing: [{normalization: {mean: [1, 2, 3], variance: [4000, 5000, 6000]}}]}"), "3:5: `solarization` expects pixels of 0 to 255, and they are -0.03873 to 4.016 there"),
    ],
    "learning-rate": [
        (spec("flatten", HEAD, end="training: {optimizer: {adam: 10}}"), "5:30: a learning rate of 10 for `adam`"),
        (spec("flatten", HEAD, end="training: {optimizer: {sgd: {learning_rate: 300}}}"), "5:45: "),
        (spec("flatten", HEAD, end="training: {optimizer: {adamw: {learning_rate: {cosine_decay: 1}}}}"), "5:62: "),
    ],
    "flip-digits": [
        (spec("flatten", HEAD, input="[8, 8, 1]", end=DIGITS % "{random_flip: horizontal}"), "5:40: mirrored digits"),
        (spec("flatten", HEAD, input="[8, 8, 1]", end=DIGITS % "{random_rotation: 0.5}"), "5:40: upside-down digits"),
        (spec("random_flip", "flatten", HEAD, input="[8, 8, 1]", end="data: {source: digits}"), "3:5: mirrored"),
    ],
    "regression-activation": [
        (spec("flatten", "dense: {units: 1, activation: relu}", end="training: {loss: mean_squared_error}"),
         "4:35: `mean_squared_error` of a `relu`: the network cannot give a value below 0"),
        (spec("flatten", "dense: 4", "relu", end="training: {loss: huber}"), "5:5: `huber` of a `relu`"),
    ],
    "unused-parameter": [
        (spec("flatten", "dense: $a", head="parameters: {a: 1, b: $a}\n"), "1:20: nothing uses the parameter `b`"),
        (spec("b: 1", head="blocks: {b: {parameters: {filters: null, strides: 1}, layers: [{conv2d: "
              "{filters: $filters, kernel_size: 3}}]}}\n"), "1:42: nothing in the block `b` uses its parameter `strides`"),
    ],
    "unused-block": [
        (spec("flatten", head="blocks: {mine: {layers: [relu]}}\n"), "1:10: nothing calls the block `mine`"),
    ],
}  # fmt: skip

FINE: dict[str, list[str]] = {
    "channels-first": [
        spec("permute: [2, 3, 1]", CONV, input="[3, 224, 224]"),
        spec(CONV, input="[3, 40, 128]"),
        spec(CONV, input="[1, 100, 64]"),
        spec(CONV, input="[null, null, 3]"),
        spec(CONV, input="[3, 3, 3]"),
        spec("conv1d: {filters: 4, kernel_size: 3}", input="[3, 224]"),
    ],
    "dense-on-map": [
        spec("patch_embedding: {filters: 32, size: 8}", "dense: 64", "flatten", HEAD),
        spec("reshape: [64, 48]", "dense: 64", "flatten", HEAD),
        spec("residual: {layers: [{depthwise_conv2d: {kernel_size: 7, padding: same}}, layer_normalization, "
             "{dense: {units: 12, activation: gelu}}, {dense: 3}]}", "global_average_pooling2d", HEAD),
        spec(CONV, "dense: {units: 4, activation: softmax}"),
        spec(POOL, CONV, "dense: 16", "resizing: {height: 32, width: 32}", "dense: {units: 4, activation: softmax}"),
        spec("dense: 64", "relu", "dense: 3"),
        spec(CONV, POOL, "dense: 8", "global_average_pooling2d", HEAD),
        spec("global_average_pooling2d: {keepdims: true}", "dense: 4", "dense: 3", "flatten").replace(", 3]", ", 3]"),
        spec("reshape: [4, 8, 96]", "dense: 8", "flatten", HEAD),
        spec(CONV, UP, UP, "dense: 3", input="[8, 8, 1]"),
    ],
    "add-broadcast": [
        spec(CONV, "name: x", "global_average_pooling2d: {keepdims: true}", "conv2d: {filters: 8, kernel_size: 1}", "add: x"),
        spec(CONV, "name: x", "average_pooling2d: 32", "add: x"),
        spec(CONV, "name: x", "average_pooling2d: [32, 1]", "add: x"),
        spec(CONV, "name: x", "conv2d: {filters: 1, kernel_size: 1, activation: sigmoid}", "multiply: x"),
        spec(CONV, "name: x", "flatten", "dense: 8", "reshape: [1, 1, 8]", "add: x"),
        spec("identity: {name: x}", "conv2d: {filters: 8, kernel_size: 3, padding: same}", "add: x", input="[8, 8, 1]"),
        spec(CONV, "residual: {layers: [{conv2d: {filters: 8, kernel_size: 3, padding: same}}]}"),
        spec("squeeze_excite: 4"),
    ],
    "pooled-away": [
        spec("global_average_pooling2d: {keepdims: true}", "conv2d: {filters: 8, kernel_size: 3, padding: same}"),
        spec("max_pooling2d: 32", "conv2d: {filters: 8, kernel_size: 1}"),
        spec("max_pooling2d: 32", "conv2d_transpose: {filters: 8, kernel_size: 4}"),
        spec("max_pooling2d: 32", "conv2d: {filters: 8, kernel_size: 3, padding: 2}"),
        spec(CONV, input="[1, 1, 3]"),
        spec("max_pooling2d: [1, 32]", "conv2d: {filters: 8, kernel_size: 3, padding: same}"),
        spec("flatten", "dense: 8", "reshape: [1, 1, 8]", CONV),
        spec(CONV, CONV, input="[null, null, 3]"),
    ],
    "stride-skips": [
        spec("conv2d: {filters: 8, kernel_size: 1, strides: 2}"),
        spec("max_pooling2d: {pool_size: 1, strides: 2}"),
        spec("conv2d: {filters: 8, kernel_size: 4, strides: 4}"),
        spec("conv2d: {filters: 8, kernel_size: [1, 3], strides: 2}"),
        spec("conv2d_transpose: {filters: 8, kernel_size: 2, strides: 3}"),
    ],
    "weights-scale": [
        spec(*layers, "global_average_pooling2d", HEAD, end=(
            f"data: {{source: cifar10, preprocessing: [{before}]}}\n"
            f"training: {{weights: {{path: {name}, skip: dense}}}}\n"))
        for layers, before, name in [
            ([CONV], "rescaling: {scale: $(1/127.5), offset: -1}", "mobilenet_v2_weights_tf_dim_ordering_tf_kernels.h5"),
            (["rescaling: {scale: $(1/127.5), offset: -1}", CONV], "", "mobilenet_1_0_224_tf.h5"),
            ([CONV], "normalization: {mean: [123.68, 116.779, 103.939], variance: [1, 1, 1]}",
             "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5"),
            ([CONV], "normalization: {mean: [123.675, 116.28, 103.53], variance: [3409.98, 3262.69, 3290.69]}",
             "densenet121_weights_tf_dim_ordering_tf_kernels.h5"),
            ([CONV], "rescaling: $(1/255)", "resnet50.weights.h5"),
            ([CONV], "rescaling: $(1/255)", "mine_notop.h5"),
        ]
    ],
    "checkerboard": [
        spec("conv2d_transpose: {filters: 8, kernel_size: 4, strides: 2, padding: same}"),
        spec("conv2d_transpose: {filters: 8, kernel_size: 3}"),
        spec("conv2d_transpose: {filters: 8, kernel_size: [2, 6], strides: [2, 3]}"),
        spec("conv2d_transpose: {filters: 8, kernel_size: 7, strides: 2}", input="[1, 1, 64]"),
    ],
    "dilation-unused": [
        spec("conv2d: {filters: 8, kernel_size: 3, dilation_rate: 2}"),
        spec("conv2d: {filters: 8, kernel_size: [1, 3], dilation_rate: 2}"),
        spec("conv2d: {filters: 8, kernel_size: 1}"),
    ],
    "dense-large": [
        spec("repeat: {times: 5, layers: [{max_pooling2d: 2}]}", "conv2d: {filters: 512, kernel_size: 1}", "flatten",
             "dense: 4096", input="[224, 224, 3]"),
        spec("flatten", "dense: 128"),
    ],
    "size-lost": [
        spec(CONV, POOL, POOL, UP, UP, input="[96, 96, 1]"),
        spec("conv2d: {filters: 8, kernel_size: 3}", POOL, "conv2d: {filters: 8, kernel_size: 3}", UP, input="[572, 572, 1]"),
        spec(CONV, POOL, POOL, input="[99, 99, 1]"),
        spec(CONV, POOL, UP, "resizing: {height: 33, width: 33}", input="[33, 33, 1]"),
        spec(CONV, POOL, UP, input="[null, null, 1]"),
        spec("zero_padding2d: 3", CONV),
    ],
    "bias-before-norm": [
        spec("conv2d: {filters: 8, kernel_size: 3, use_bias: false}", "batch_normalization"),
        spec("conv2d: {filters: 8, kernel_size: 3, activation: relu}", "batch_normalization"),
        spec("conv2d: {filters: 8, kernel_size: 3}", "relu", "batch_normalization"),
        spec("conv2d: {filters: 8, kernel_size: 3}", "layer_normalization"),
        spec("conv2d: {filters: 8, kernel_size: 3}", "group_normalization: 4"),
        spec("conv2d: {filters: 8, kernel_size: 3}", "batch_normalization: {trainable: false}"),
        spec("conv2d: {filters: 8, kernel_size: 3}", "batch_normalization: 1"),
        spec("conv2d: {filters: 8, kernel_size: 3, name: x}", "batch_normalization", "add: x"),
        spec("conv_bn: 8", "basic_residual: 16"),
        spec("mine: true", "mine: false", head="blocks:\n  mine:\n    parameters: {norm: null}\n    layers:\n"
             "      - conv2d: {filters: 8, kernel_size: 3}\n      - when: {condition: $norm, layers: [batch_normalization]}\n"),
    ],
    "softmax-single": [
        spec("flatten", "dense: {units: 1, activation: sigmoid}"),
        spec("flatten", "dense: {units: 2, activation: softmax}"),
        spec("conv2d: {filters: 1, kernel_size: 1}", "reshape: [1024, 1]", "softmax: 1"),
    ],
    "softmax-hidden": [
        spec("flatten", "name: x", "dense: {units: 3072, activation: softmax}", "multiply: x", HEAD),
        spec("flatten", "dense: {units: 8, activation: softmax, name: a}", "dense: {units: 4, name: b}",
             head="outputs: [a, b]\n"),
        spec("reshape: [32, 96]", "dense: {units: 8, activation: softmax}", "dense: 4"),
    ],
    "activation-twice": [
        spec(CONV, "batch_normalization", "relu"),
        spec(CONV, "relu: {max_value: 6}"),
        spec("flatten", "dense: 10", "softmax"),
        spec("conv2d: {filters: 10, kernel_size: 1, activation: relu}", "global_average_pooling2d", "softmax"),
        spec("activation: linear", "activation: linear"),
        spec(CONV, "repeat: {times: 2, layers: [relu, {conv2d: {filters: 8, kernel_size: 3}}]}"),
        spec("flatten", "dense: {units: 8, activation: tanh}", "softmax"),
        spec("conv_bn: 8", "preactivation_residual"),
    ],
    "loss-activation": [
        spec("flatten", "dense: {units: 1, activation: {relu: {max_value: 1}}}",
             end="training: {loss: binary_crossentropy}"),
        spec("conv2d: {filters: 1, kernel_size: 1, activation: {relu: {max_value: 1}}}", end="training: {loss: dice}"),
        spec("flatten", "dense: {units: 1, activation: softplus}", end="training: {loss: poisson}"),
        spec("flatten", "dense: {units: 1, activation: relu}", end="training: {loss: mean_squared_logarithmic_error}"),
        spec("flatten", "dense: {units: 9, activation: softmax}", end="training: {loss: kl_divergence}"),
        spec("flatten", HEAD, end="training: {loss: sparse_categorical_crossentropy}"),
        spec("flatten", "dense: 10", end="training: {loss: {sparse_categorical_crossentropy: true}}"),
        spec("flatten", "dense: {units: 1, activation: hard_sigmoid}", end="training: {loss: binary_crossentropy}"),
        spec("flatten", "dense: 1", end="training: {loss: mean_squared_error}"),
        spec("conv2d: {filters: 10, kernel_size: 1, activation: relu}", "global_average_pooling2d",
             end="training: {loss: {sparse_categorical_crossentropy: true}}"),
        spec("flatten", "dense: {units: 9, activation: softmax, name: a}", "dense: {units: 9, activation: softmax, "
             "inputs: input, name: b}", "average: [a, b]", end="training: {loss: sparse_categorical_crossentropy}")
        .replace(", inputs: input", ""),
    ],
    "dropout-rate": [
        spec("flatten", "dropout: $rate", HEAD, head="parameters: {rate: 0}\n"),
        spec("flatten", "dropout: 0.9", HEAD),
        spec("vit: 0", "flatten", HEAD, head="blocks: {vit: {parameters: {rate: 0.1}, layers: [{dropout: $rate}]}}\n"),
    ],
    "dropout-last": [
        spec("flatten", "dense: 10", "dropout: 0.5"),
        spec("flatten", "dropout: 0.5", HEAD, end="data: {source: cifar10}"),
        spec("flatten", "dense: 10", "dropout: 0.5", "dense: 4", "softmax"),
        spec("flatten", HEAD, "dropout: $(0.0)", end="data: {source: cifar10}"),
    ],
    "early-stopping-patience": [spec("flatten", HEAD, input="[28, 28, 1]", end="data: {source: mnist}\ntraining: {callbacks: [{early_stopping: {patience: 1}}]}")],
    "monitor-mode": [spec("flatten", HEAD, input="[28, 28, 1]", end="data: {source: mnist}\ntraining: {callbacks: [{early_stopping: {monitor: val_accuracy, mode: max, patience: 4}}]}"), spec("flatten", HEAD, input="[28, 28, 1]", end="data: {source: mnist}\ntraining: {callbacks: [{early_stopping: {monitor: val_accuracy, patience: 4}}]}")],
    "plateau-patience": [spec("flatten", HEAD, input="[28, 28, 1]", end="data: {source: mnist}\ntraining: {callbacks: [{early_stopping: {patience: 5}}, {reduce_lr_on_plateau: {patience: 2}}]}"), spec("flatten", HEAD, input="[28, 28, 1]", end="data: {source: mnist}\ntraining: {callbacks: [{early_stopping: {monitor: loss, patience: 5}}, reduce_lr_on_plateau]}")],
    "norm-momentum": [spec("conv2d: {filters: 4, kernel_size: 3, use_bias: false}", "batch_normalization: {momentum: 0.9}")],
    "loss-one-class": [
        spec("flatten", "dense: {units: 10, activation: softmax}", input="[28, 28, 1]", end="data: {source: mnist}\ntraining: {loss: categorical_crossentropy}"),
        spec("flatten", "dense: {units: 1, activation: sigmoid}", input="[16, 16, 3]", end="data: {source: {shapes: {kinds: [circle, star], image_size: 16}}}\ntraining: {loss: binary_crossentropy}"),
    ],
    "scaled-twice": [
        spec("rescaling: $(1/255)", "flatten", HEAD, input="[28, 28, 1]", end="data: {source: mnist}"),
        spec("rescaling: {scale: 2, offset: -1}", "flatten", HEAD, input="[28, 28, 1]", end="data: {source: mnist, preprocessing: [{rescaling: $(1/255)}]}"),
    ],
    "colour-range": [
        spec("random_brightness: 0.2", "flatten", HEAD, end="data: {source: cifar10}"),
        spec("random_brightness: 0.2", "flatten", HEAD),
        spec("random_brightness: {factor: 0.2, value_range: [0, 1]}", "flatten", HEAD, end="data: {source: cifar10, preprocessing: [{rescaling: $(1/255)}]}"),
        spec("rescaling: $(1/255)", "random_saturation: {factor: 0.7, value_range: [0, 1]}", "flatten", HEAD, end="data: {source: cifar10}"),
        spec("conv2d: {filters: 3, kernel_size: 3, activation: sigmoid}", "random_invert", "flatten", HEAD, end="data: {source: cifar10}"),
    ],
    "learning-rate": [
        spec("flatten", HEAD, end="training: {optimizer: {adam: 0.1}}"),
        spec("flatten", HEAD, end="training: {optimizer: {sgd: {learning_rate: 10, momentum: 0.9}}}"),
        spec("flatten", HEAD, end="training: {optimizer: {adadelta: 1.0}}"),
        spec("flatten", HEAD, end="training: {optimizer: {adam: {learning_rate: {piecewise_constant_decay: "
             "{boundaries: [9], values: [0.1, 0.01]}}}}}"),
    ],
    "flip-digits": [
        spec("flatten", HEAD, input="[28, 28, 1]", end=DIGITS.replace("digits", "fashion_mnist") % "random_flip"),
        spec("flatten", HEAD, end=DIGITS.replace("digits", "cifar10") % "{random_flip: horizontal}"),
        spec("flatten", HEAD, input="[8, 8, 1]", end=DIGITS % "{random_rotation: 0.05}, {random_zoom: 0.1}"),
        spec("conv2d: {filters: 1, kernel_size: 1}", input="[8, 8, 1]",
             end="data: {source: digits, augmentation: [random_flip], targets: inputs}\ntraining: {loss: mean_squared_error}"),
    ],
    "regression-activation": [
        spec("flatten", "dense: {units: 1, activation: softplus}", end="training: {loss: mean_squared_error}"),
        spec("flatten", "dense: {units: 1, activation: relu}", end="training: {loss: poisson}"),
        spec("flatten", "dense: {units: 1, activation: relu}"),
        spec("conv2d: {filters: 3, kernel_size: 1, activation: relu}", end="training: {loss: mean_absolute_error}"),
    ],
    "unused-parameter": [
        spec("flatten", "dense: $(2 * a)", head="parameters: {a: 1}\n"),
        spec("flatten", HEAD, head="parameters: {lr: 0.1}\n", end="training: {optimizer: {adam: $lr}}"),
        spec("$body", head="parameters: {n: 4, body: [{dense: $n}, flatten]}\n"),
        spec("b: {}", head="parameters: {n: 4}\nblocks: {b: {parameters: {units: $n}, layers: [flatten, {dense: $units}]}}\n"),
        spec("flatten", head="parameters: {s: 8}\n", input="[$s, $s, 3]"),
    ],
    "unused-block": [
        spec("a", head="blocks: {a: {layers: [b]}, b: {layers: [relu]}}\n"),
        spec("when: {condition: false, layers: [a]}", "flatten", head="blocks: {a: {layers: [relu]}}\n"),
        spec("b: {body: [a]}", head="blocks: {a: {layers: [relu]}, b: {parameters: {body: null}, layers: [$body]}}\n"),
    ],
}  # fmt: skip


def test_every_lint_has_its_rows() -> None:
    codes = [code_of(lint) for lint in LINTS]
    assert sorted(codes) == sorted(DOUBTFUL) == sorted(FINE)
    assert all(lint.__doc__ for lint in LINTS)


@pytest.mark.parametrize(
    ("code", "text", "says"), [(code, text, says) for code, rows in DOUBTFUL.items() for text, says in rows]
)
def test_it_is_told(code: str, text: str, says: str) -> None:
    told = [found for found in check(text).diagnostics if found.code == code]
    assert len(told) == 1, str(check(text))
    found = told[0]
    assert f"{found.span.line}:{found.span.column}: {found.message}".startswith(says)
    assert found.severity == "warning"
    assert found.help


@pytest.mark.parametrize(("code", "text"), [(code, text) for code, rows in FINE.items() for text in rows])
def test_it_is_left_alone(code: str, text: str) -> None:
    report = check(text)
    assert code not in {found.code for found in report.diagnostics}, str(report)


@pytest.mark.parametrize(
    ("layers", "mended"),
    [
        ("conv2d: {filters: 8, kernel_size: 3}", "conv2d: {filters: 8, kernel_size: 3, use_bias: false}"),
        ("conv2d: {filters: 8, kernel_size: 3, use_bias: true}", "conv2d: {filters: 8, kernel_size: 3, use_bias: false}"),
        ("conv2d: {filters: 8, kernel_size: [3, 3],}", "conv2d: {filters: 8, kernel_size: [3, 3], use_bias: false,}"),
        ("depthwise_conv2d: 3", "depthwise_conv2d: {kernel_size: 3, use_bias: false}"),
        (
            "conv2d:\n      filters: 8   # wide\n      kernel_size: 3   # and high",
            "conv2d:\n      filters: 8   # wide\n      use_bias: false\n      kernel_size: 3   # and high",
        ),
        (
            "conv2d: {filters: 8,   # wide\n             kernel_size: '3'}".replace("'3'", "3"),
            "conv2d: {filters: 8,   # wide\n             kernel_size: 3, use_bias: false}",
        ),
    ],
)  # fmt: skip
def test_a_bias_is_mended(layers: str, mended: str) -> None:
    text = spec(layers, "batch_normalization")
    (found,) = check(text).diagnostics
    assert found.fix is not None
    assert applied(text, found.fix) == spec(mended, "batch_normalization")
    assert check(applied(text, found.fix)).diagnostics == ()


def test_what_other_entries_share_is_not_mended() -> None:
    text = spec("conv2d: &c {filters: 8, kernel_size: 3}", "batch_normalization", "conv2d: *c")
    (found,) = check(text).diagnostics
    assert found.fix is None


def test_swapped_axes_are_mended() -> None:
    text = spec(CONV, input="[3, 224, 224]")
    (found,) = check(text).diagnostics
    assert found.fix is not None
    assert applied(text, found.fix) == spec(CONV, input="[224, 224, 3]")
    (found,) = check(spec(CONV, input="[3, $s, $s]", head="parameters: {s: 64}\n")).diagnostics
    assert found.fix is None


def applied(text: str, fix: object) -> str:
    """A text with one fix applied."""
    span, new = fix  # type: ignore[misc]
    lines = text.split("\n")
    before = "\n".join([*lines[: span.line - 1], lines[span.line - 1][: span.column - 1]])
    after = "\n".join([lines[span.end_line - 1][span.end_column - 1 :], *lines[span.end_line :]])
    return before + new + after


def test_a_block_is_told_once_with_its_calls() -> None:
    text = spec(
        "mine: 8", "mine: 16", "repeat: {times: 3, layers: [{mine: 4}]}",
        head="blocks:\n  mine:\n    parameters: {filters: null}\n    layers:\n"
        "      - conv2d: {filters: $filters, kernel_size: 3, padding: same}\n      - batch_normalization\n",
    )  # fmt: skip
    (found,) = check(text).diagnostics
    assert (found.code, found.span.line) == ("bias-before-norm", 5)
    assert [related.span.line for related in found.related] == [9]


def test_nothing_is_told_of_a_network_with_mistakes() -> None:
    report = check_text(spec("conv2d: {filters: 8, kernel_size: 3}", "batch_normalization", "conv2d: {filter: 8}"))
    assert {found.severity for found in report.diagnostics} == {"error"}


def test_parameters_set_from_outside() -> None:
    text = spec("flatten", "dense: $units", head="parameters: {units: 4}\n")
    assert check_text(text, overrides=["layers.1.dense=8"]).diagnostics == ()
    (found,) = check_text(text, overrides=["parameters.unit=8"]).diagnostics
    assert (found.code, found.help) == ("unused-parameter", "did you mean `units`?")
    assert found.span.file.startswith("--set")


@pytest.mark.parametrize(
    "text",
    [
        spec("flatten", end="blocks:\n" + "".join(f"  block{at}: {{layers: [relu]}}\n" for at in range(5000))),
        spec("flatten", end="parameters:\n" + "".join(f"  parameter{at}: 1\n" for at in range(8000))),
        spec("conv2d: {filters: 2, kernel_size: 2}",
             *(f"conv2d: {{filters: 1, kernel_size: 1, name: o{at}}}" for at in range(2500)),
             head=f"outputs: [{', '.join(f'o{at}' for at in range(2500))}]\n"),
    ],
    ids=["blocks", "parameters", "outputs"],
)  # fmt: skip
def test_many_of_a_kind_take_no_time(text: str) -> None:
    start = time.process_time()
    check(text)
    assert time.process_time() - start < 3


@pytest.mark.parametrize(
    ("arguments", "help"),
    [
        ("kernel_size: 3, strides: 2, padding: same", "write `kernel_size: 4`"),
        (
            "kernel_size: 3, strides: 2, padding: 1, output_padding: 1",
            "write `kernel_size: 4` and leave `output_padding` out",
        ),
        ("kernel_size: [2, 5], strides: [2, 3], padding: same", "write `kernel_size: [2, 6]`"),
        (
            "kernel_size: 3, strides: 2",
            "write `kernel_size: 4`, or an `up_sampling` layer and a convolution without stride",
        ),
        ("kernel_size: 1, strides: 2, padding: same", "write `kernel_size: 2`"),
    ],
)
def test_a_kernel_that_divides_keeps_the_shape_where_it_can(arguments: str, help: str) -> None:
    (found,) = check(spec(f"conv2d_transpose: {{filters: 8, {arguments}}}")).diagnostics
    assert (found.code, found.help) == ("checkerboard", help)
