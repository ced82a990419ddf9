"""Did you mean: the nearest known name, and the habits that people bring from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable

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
    "layers": "inputs",
    "dropoutrate": "rate",
    "none": "linear",
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
    "adaptiveavgpool2d": "global_average_pooling2d", "gap": "global_average_pooling2d",
    "globalavgpool2d": "global_average_pooling2d", "globalavgpool": "global_average_pooling2d",
    "globalaveragepooling": "global_average_pooling2d",
    "adaptivemaxpool2d": "global_max_pooling2d", "globalmaxpool2d": "global_max_pooling2d",
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
    "model": "layers", "params": "parameters", "vars": "parameters", "dataset": "source",
}  # fmt: skip


# Keys of other formats, and keys of another section: where what they say belongs.
ELSEWHERE = {
    **dict.fromkeys(("lr", "learning_rate"), "write `optimizer: {adam: {learning_rate: …}}`"),
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


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that `name` most likely means, or None. Habits come first, then spelling."""
    names = list(known)
    bare = _bare(name)
    same = [candidate for candidate in names if _bare(candidate) == bare]
    if same:
        return same[0]
    habit = next((meant for meant in (_HABITS.get(bare), _ARGUMENTS.get(bare)) if meant in names), None)
    if habit is not None or (bare not in names and name in NEEDLESS):
        return habit
    return _by_spelling(bare, names)


def meant(name: str, known: Iterable[str]) -> str | None:
    """The known name that `name` surely means: another spelling of it, or its name elsewhere."""
    guess = nearest(name, known)
    return guess if guess is not None and (_bare(guess) == _bare(name) or _HABITS.get(_bare(name)) == guess) else None


def _bare(name: str) -> str:
    lowered = name.lower()
    for prefix in ("torch.", "nn.", "tf.", "keras.", "layers.", "optim.", "f."):
        lowered = lowered.removeprefix(prefix)
    return lowered.replace("_", "").replace("-", "").replace(" ", "")


def _by_spelling(bare: str, names: list[str]) -> str | None:
    import difflib

    bares = {_bare(name): name for name in reversed(names)}
    close = difflib.get_close_matches(bare, bares, n=1, cutoff=0.75 if len(bare) > 3 else 0.66)
    if close:
        return bares[close[0]]
    starts = [name for known, name in bares.items() if len(bare) > 3 and known.startswith(bare)]
    return min(starts, key=len) if starts else None


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """A help line for an unknown name, or None where nothing is near."""
    guess = nearest(name, known)
    return f"did you mean `{guess}`?" if guess else None
