"""Did you mean: the nearest known name, and the habits that people bring from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache, partial
from itertools import islice

# Where a word means one thing in one place and another in another, its second meaning.
_ARGUMENTS = {
    "size": "pool_size",
    "kernelsize": "pool_size",
    "kernel": "pool_size",
    "ksize": "pool_size",
    "mode": "interpolation",
    "alpha": "negative_slope",
    "count": "times",
    "n": "times",
    "num": "times",
    "depth": "times",
    "number": "times",
    "if": "condition",
    "test": "condition",
    "then": "layers",
    "else": "otherwise",
    "body": "layers",
    "main": "layers",
    "branches": "paths",
    "skip": "shortcut",
    "for": "over",
    "in": "over",
    "values": "over",
    "var": "as",
    "id": "name",
    "label": "name",
    "layers": "inputs",
    "dropoutrate": "rate",
    "none": "linear",
    "numoutput": "units",
    "numoutputs": "units",
    "numfeatures": "units",
    "outchannels": "units",
    "pad": "padding",
    "padding": "padding",
    "cat": "concatenate",
    "concat": "concatenate",
    "reduction": "merge",
    "input": "inputs",
    "from": "inputs",
    "bottom": "inputs",
    "conv": "projection",
    "conv1x1": "projection",
    "file": "path",
    "filename": "path",
    "filepath": "path",
    "folder": "path",
    "dir": "path",
    "directory": "path",
    "exclude": "skip",
    "ignore": "skip",
    "images": "x_train",
    "x": "x_train",
    "labels": "y_train",
    "y": "y_train",
    "targets": "y_train",
    "lower": "min",
    "lowest": "min",
    "higher": "max",
    "highest": "max",
}

# PyTorch, Caffe, Ultralytics and older Keras names → ours. Compared in lower case without `nn.`, `_` and `-`.
_HABITS = {
    "linear": "dense", "fc": "dense", "fullyconnected": "dense", "innerproduct": "dense",
    "conv": "conv2d", "convolution": "conv2d", "convolution2d": "conv2d",
    "convtranspose2d": "conv2d_transpose", "deconv": "conv2d_transpose", "deconvolution": "conv2d_transpose",
    "deconv2d": "conv2d_transpose", "deconvolution2d": "conv2d_transpose", "upconv": "conv2d_transpose",
    "convtranspose1d": "conv1d_transpose", "convtranspose3d": "conv3d_transpose",
    "depthwiseconv": "depthwise_conv2d", "dwconv": "depthwise_conv2d", "sepconv": "separable_conv2d",
    "pool": "max_pooling2d", "maxpool": "max_pooling2d", "maxpool2d": "max_pooling2d", "maxpooling": "max_pooling2d",
    "avgpool": "average_pooling2d", "avgpool2d": "average_pooling2d", "averagepooling": "average_pooling2d",
    "maxpool1d": "max_pooling1d", "avgpool1d": "average_pooling1d",
    "maxpool3d": "max_pooling3d", "avgpool3d": "average_pooling3d",
    "adaptiveavgpool2d": "adaptive_average_pooling2d", "gap": "global_average_pooling2d",
    "globalavgpool2d": "global_average_pooling2d", "globalavgpool": "global_average_pooling2d",
    "globalaveragepooling": "global_average_pooling2d",
    "adaptivemaxpool2d": "adaptive_max_pooling2d", "globalmaxpool2d": "global_max_pooling2d",
    "bn": "batch_normalization", "batchnorm": "batch_normalization", "batchnorm2d": "batch_normalization",
    "batchnorm1d": "batch_normalization", "layernorm": "layer_normalization", "groupnorm": "group_normalization",
    "instancenorm2d": "group_normalization", "concat": "concatenate", "cat": "concatenate", "sum": "add",
    "mul": "multiply", "upsample": "up_sampling2d", "upsampling": "up_sampling2d", "interpolate": "resizing",
    "zeropad2d": "zero_padding2d", "pad": "zero_padding2d", "zeropadding": "zero_padding2d", "crop": "cropping2d",
    "dropout2d": "spatial_dropout2d", "resize": "resizing", "view": "reshape", "transpose": "permute",
    "multiheadattention": "multi_head_attention", "leakyrelu": "leaky_relu", "lrelu": "leaky_relu",
    "swish": "silu", "skip": "residual", "shortcut": "residual", "loop": "repeat", "parallel": "branches",
    "crossentropyloss": "sparse_categorical_crossentropy", "crossentropy": "sparse_categorical_crossentropy",
    "celoss": "sparse_categorical_crossentropy", "bceloss": "binary_crossentropy", "bce": "binary_crossentropy",
    "mse": "mean_squared_error", "mseloss": "mean_squared_error", "l1loss": "mean_absolute_error",
    "mae": "mean_absolute_error", "acc": "accuracy", "earlystop": "early_stopping",
    "cosineannealinglr": "cosine_decay", "cosineannealing": "cosine_decay", "steplr": "exponential_decay",
    "xavier": "glorot_uniform", "kaiming": "he_normal", "kaimingnormal": "he_normal", "kaiminguniform": "he_uniform",
    "xavieruniform": "glorot_uniform", "xaviernormal": "glorot_normal", "weightdecay": "l2",
    "bcewithlogitsloss": "binary_crossentropy", "logsoftmax": "log_softmax",
    "nllloss": "sparse_categorical_crossentropy",
    "smoothl1loss": "huber", "smoothl1": "huber", "kldivloss": "kl_divergence",
    "reducelronplateau": "reduce_lr_on_plateau", "modelcheckpoint": "model_checkpoint",
    "normalize": "normalization", "rescale": "rescaling", "eltwise": "add", "for": "repeat", "foreach": "repeat",
    "exponentiallr": "exponential_decay", "polynomiallr": "polynomial_decay",
    "mode": "merge", "version": "cnnspec", "dtype": "precision", "floatx": "precision", "cosine": "cosine_decay",
    "exponential": "exponential_decay", "polynomial": "polynomial_decay",
    "piecewise": "piecewise_constant_decay", "f1": "f1_score", "f1score": "f1_score",
    "top5": "sparse_top_k_categorical_accuracy", "top5accuracy": "sparse_top_k_categorical_accuracy",
    "if": "when", "switch": "when", "ifelse": "when",
    "leftright": "horizontal", "updown": "vertical",
    "fp16": "mixed_float16", "float16": "mixed_float16", "half": "mixed_float16", "mixed": "mixed_float16",
    "bf16": "mixed_bfloat16", "bfloat16": "mixed_bfloat16", "fp32": "float32", "float": "float32",
    "prelayernorm": "layer_normalization", "avgpooling": "average_pooling2d",
    "randomhorizontalflip": "random_flip", "cifar": "cifar10", "fashionmnist": "fashion_mnist",
    # arguments
    "outchannels": "filters", "outfeatures": "units", "channels": "filters", "numoutput": "filters",
    "numfilters": "filters", "nbfilter": "filters", "outputdim": "units", "size": "kernel_size",
    "kernel": "kernel_size", "ksize": "kernel_size", "kernelshape": "kernel_size",
    "stride": "strides", "subsample": "strides", "pad_": "padding", "bordermode": "padding",
    "dilation": "dilation_rate",
    "dilations": "dilation_rate", "bias": "use_bias", "p": "rate", "prob": "rate", "dim": "axis", "act": "activation",
    "nonlinearity": "activation", "init": "kernel_initializer", "negativeslope": "negative_slope",
    "scalefactor": "size", "lr": "learning_rate", "eps": "epsilon", "wd": "weight_decay",
    "batch": "batch_size", "nepochs": "epochs", "maxepochs": "epochs", "inputshape": "input", "network": "layers",
    "model": "layers", "sequential": "layers", "params": "parameters", "vars": "parameters", "variables": "parameters",
    "constants": "parameters", "hyperparameters": "parameters", "args": "parameters", "arguments": "parameters",
    "defines": "parameters", "dataset": "source", "modules": "blocks", "macros": "blocks", "functions": "blocks",
    "include": "imports", "includes": "imports", "base": "extends", "inherit": "extends", "inherits": "extends",
    "parent": "extends", "train": "training", "trainer": "training", "compile": "training", "fit": "training",
    "numfeatures_": "filters", "numoutputs": "filters", "numclasses": "units", "classes": "units",
    "outputs_": "units", "nunits": "units", "hidden": "units", "neurons": "units", "nbepoch": "epochs",
    "numepochs": "epochs", "bs": "batch_size", "frozen": "freeze", "wregularizer": "kernel_regularizer",
    "weightregularizer": "kernel_regularizer", "weightinitializer": "kernel_initializer",
    "weightinit": "kernel_initializer", "weightconstraint": "kernel_constraint", "out": "units",
    "bregularizer": "bias_regularizer", "wconstraint": "kernel_constraint", "bconstraint": "bias_constraint",
    "activationfn": "activation", "weightsinitializer": "kernel_initializer", "atrous_rate": "dilation_rate",
    "atrousrate": "dilation_rate", "rate_": "dilation_rate", "clipgrad": "clipnorm", "clipgradnorm": "clipnorm",
    "logits": "from_logits", "augment": "augmentation", "augmentations": "augmentation",
    "transforms": "preprocessing", "preprocess": "preprocessing", "normalisation": "normalization",
    "restorebest": "restore_best_weights", "weight": "weights",
}  # fmt: skip


# Keys of other formats, and keys of another section: where what they say belongs.
ELSEWHERE = {
    **dict.fromkeys(("lr", "learning_rate", "base_lr"), "write `optimizer: {adam: {learning_rate: …}}`"),
    **dict.fromkeys(("description", "author", "comment", "date", "notes", "doc", "license"),
                    "say it in a comment: `# …`"),
    **dict.fromkeys(("device", "gpu", "gpus", "accelerator"), "`cnnspec train --device gpu:0` says it"),
    **dict.fromkeys(("shuffle",), "take it out: the images come in another order each epoch"),
    **dict.fromkeys(("pretrained", "imagenet"), "write `weights:` and the path of a file of weights"),
    **dict.fromkeys(("patience", "early_stopping"), "it stands under `callbacks: [{early_stopping: {patience: …}}]`"),
    **dict.fromkeys(("validation_data", "val_data"), "`data: {validation_split: …}` holds images out to validate with"),
    **dict.fromkeys(("momentum", "weight_decay"), "it belongs to the optimizer: `optimizer: {sgd: {…}}`"),
    **dict.fromkeys(("batch_size", "epochs", "optimizer", "loss", "metrics", "callbacks", "seed"),
                    "it belongs under `training:`"),
    **dict.fromkeys(("validation_split", "augmentation", "preprocessing", "source"), "it belongs under `data:`"),
    **dict.fromkeys(("nc", "num_classes", "classes", "depth_multiple", "width_multiple"),
                    "a number of your own stands under `parameters:`"),
    **dict.fromkeys(("backbone", "head", "encoder", "decoder"), "every layer stands in one list, `layers:`"),
}  # fmt: skip

# Arguments of other frameworks that say what is known here.
NEEDLESS = {
    **dict.fromkeys(("in_channels", "in_features", "num_features", "input_shape", "input_dim", "batch_input_shape"),
                    "take it out: the size of the input is known here"),
    **dict.fromkeys(("data_format", "inplace"), "take it out: there is one way only"),
}  # fmt: skip


_COMPARED = 400
"""How many known names one is compared with."""
_ALIKE = 8
"""How many of them, the most alike, are looked at closely."""
_LONGEST = 80
"""Longer names are nobody's slip."""


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that `name` most likely means, or None. Habits come first, then spelling."""
    return None if len(name) > _LONGEST else _nearest(name, tuple(islice(known, _COMPARED)))


@lru_cache(maxsize=64)
def _nearest(name: str, known: tuple[str, ...]) -> str | None:
    names = [word for word in known if len(word) <= _LONGEST]
    bare = _bare(name)
    same = [candidate for candidate in names if _bare(candidate) == bare]
    if same:
        return same[0]
    habit = _habit(bare, names)
    if habit is not None or (bare not in names and name in NEEDLESS):
        return habit
    return _by_spelling(bare, names)


def _habit(bare: str, names: list[str]) -> str | None:
    habits = (_HABITS.get(bare), _ARGUMENTS.get(bare))
    return next((meant for meant in habits if meant in names), None)


def meant(name: str, known: Iterable[str]) -> str | None:
    """The known name that `name` surely means: another spelling of it, its name elsewhere, or the only one that a
    slip of the finger makes it."""
    return None if len(name) > _LONGEST else _meant(name, tuple(islice(known, _COMPARED)))


@lru_cache(maxsize=64)
def _meant(name: str, known: tuple[str, ...]) -> str | None:
    guess = _nearest(name, known)
    if guess is None:
        return None
    bare, names = _bare(name), list(known)
    if _bare(guess) == bare or _habit(bare, names) == guess:
        return guess
    slips = 1 if len(bare) <= 6 else 2
    if re.findall(r"\d+", bare) != re.findall(r"\d+", _bare(guess)):
        return None
    if len(bare) < 3 or _distance(bare, _bare(guess)) > slips:
        return None
    others = sorted((_bare(other) for other in names if other != guess), key=partial(_apart, bare))[:_ALIKE]
    return None if any(_distance(bare, other) <= slips for other in others) else guess


def same_word(one: str, other: str) -> bool:
    """Whether two names are spellings of one word."""
    return _bare(one) == _bare(other)


def _distance(one: str, other: str) -> int:
    """How many letters are added, left out, replaced or swapped with the next one; 3 stands for more than two."""
    if abs(len(one) - len(other)) > 2 or len(_letters(one) ^ _letters(other)) > 4:
        return 3
    rows: list[list[int]] = [list(range(len(other) + 1))]
    for at, letter in enumerate(one, 1):
        row = [at]
        for to, wanted in enumerate(other, 1):
            cost = min(rows[-1][to] + 1, row[-1] + 1, rows[-1][to - 1] + (letter != wanted))
            if at > 1 and to > 1 and letter == other[to - 2] and one[at - 2] == wanted:
                cost = min(cost, rows[-2][to - 2] + 1)
            row.append(cost)
        rows.append(row)
    return min(3, rows[-1][-1])


@lru_cache(maxsize=4096)
def _bare(name: str) -> str:
    lowered = name[: 2 * _LONGEST].lower()
    for prefix in ("torch.", "nn.", "tf.", "keras.", "layers.", "optim.", "f."):
        lowered = lowered.removeprefix(prefix)
    return lowered.replace("_", "").replace("-", "").replace(" ", "")


def _by_spelling(bare: str, names: list[str]) -> str | None:
    import difflib

    bares = {_bare(name): name for name in reversed(names)}
    cutoff = 0.75 if len(bare) > 3 else 0.66
    alike = sorted((other for other in bares if _alike(bare, other, cutoff)), key=partial(_apart, bare))[:_ALIKE]
    close = difflib.get_close_matches(bare, alike, n=1, cutoff=cutoff)
    if close:
        return bares[close[0]]
    starts = [name for known, name in bares.items() if len(bare) > 3 and known.startswith(bare)]
    return min(starts, key=len) if starts else None


def _alike(one: str, other: str, cutoff: float) -> bool:
    """Whether enough letters of two words are the same for them to be near; quickly told of most that are not."""
    common = cutoff * (len(one) + len(other)) / 2
    letters, others = _letters(one), _letters(other)
    return len(letters - others) <= len(one) - common and len(others - letters) <= len(other) - common


def _apart(one: str, other: str) -> int:
    """How many letters stand in one of two words only."""
    return len(_letters(one) ^ _letters(other))


@lru_cache(maxsize=4096)
def _letters(word: str) -> frozenset[str]:
    return frozenset(word)


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """A help line for an unknown name, or None where nothing is near."""
    guess = nearest(name, known)
    return f"did you mean `{guess}`?" if guess else None
