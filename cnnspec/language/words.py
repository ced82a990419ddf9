"""Names as words, whatever they are joined by, with the short forms that people write out and the fillers they add."""

from __future__ import annotations

import re
from functools import lru_cache

_PREFIX = re.compile(
    r"(?:(?:torch|nn|tf|keras|layers|optim|f|k|functional|activations|losses|metrics|optimizers|initializers|init"
    r"|regularizers|callbacks|schedules|slim|tfa|timm|math)\.)+"
)
_PARTS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+[dD]?(?![a-z])|\d+")
_DIMENSION = re.compile(r"[123]d")

_WHOLE = {
    "convolution": "conv", "convolutional": "conv", "avg": "average", "pool": "pooling", "norm": "normalization",
    "normalisation": "normalization", "batchnorm": "batchnormalization", "lr": "learningrate", "init": "initializer",
    "initialiser": "initializer", "reg": "regularizer", "regulariser": "regularizer", "act": "activation",
    "acc": "accuracy", "opt": "optimizer", "optim": "optimizer", "optimiser": "optimizer", "std": "stddev",
    "stdev": "stddev", "trunc": "truncated", "rand": "random", "aug": "augmentation", "preproc": "preprocessing",
    "xent": "crossentropy", "ce": "crossentropy", "freq": "frequency", "eps": "epsilon", "dw": "depthwise",
    "sep": "separable", "deconv": "convtranspose", "transposed": "transpose", "val": "validation",
    "valid": "validation", "cat": "categorical", "bce": "binarycrossentropy", "cb": "callback", "dil": "dilation",
    "colour": "color", "grey": "gray", "greyscale": "grayscale", "fp": "float", "bf": "bfloat", "weight": "kernel",
    "filters": "filter", "pct": "split", "percent": "split", "fraction": "split", "ratio": "split",
    "transposedconv": "convtranspose", "blur": "blur", "upsample": "upsampling", "upsampled": "upsampling",
    "mean": "average",
    "minimum": "min", "maximum": "max", "rescale": "rescaling", "resize": "resizing", "crop": "cropping",
}  # fmt: skip
"""Short forms and spellings, each with the word that it stands for."""

_FILLERS = frozenset(
    ("layer", "fn", "func", "function", "module", "block", "op", "num", "nb", "number", "no", "of", "the", "my", "unit",
     "loss", "type", "size", "sizes", "cfg", "config", "name", "value", "rule", "net", "neighbor", "neighbour",
     "neighbors", "interpolation")
)  # fmt: skip
"""Words that people add to a name."""

_LEFT_OUT = _FILLERS | {"random", "factor", "rate", "steps"}
"""Words that people leave out of a name."""


def unprefixed(name: str) -> str:
    """`tf.nn.relu` → `relu`."""
    found = _PREFIX.match(name.lower())
    return name[found.end() :] if found and found.end() < len(name) else name


def plain_name(name: str) -> str:
    """A name in lower case, without what stands before a dot, and without `_`."""
    return name.lower().rpartition(".")[2].replace("_", "")


@lru_cache(maxsize=4096)
def parts(name: str) -> tuple[str, ...]:
    """`GlobalAvgPool2d` → `global`, `avg`, `pool`, `2d`."""
    return tuple(part.lower() for part in _PARTS.findall(unprefixed(name)))


def spelt_out(name: str) -> str:
    """One spelling for all that mean the same: `GlobalAvgPool2d` and `global_average_pooling2d` are alike."""
    return "".join(map(_word, parts(name)))


def bare_of_fillers(name: str) -> str:
    """The same without fillers; empty where nothing else is left, or nothing is a filler."""
    words = parts(name)
    kept = [word for word in words if word not in _FILLERS]
    return "" if len(kept) == len(words) else "".join(map(_word, kept))


def core(known: str) -> str:
    """A known name without what people leave out of it: `brightness_factor` → `brightness`."""
    return "".join(_word(word) for word in parts(known) if word not in _LEFT_OUT)


def begun(name: str, known: str) -> bool:
    """Whether each word of `name` begins the word in its place in `known`, three letters or all of it."""
    short, long = parts(name), parts(known)
    return (
        len(short) == len(long)
        and short != long
        and all(
            one == other or (len(one) > 2 and not one[0].isdigit() and other.startswith(one))
            for one, other in zip(short, long, strict=True)
        )
    )


def without_dimension(spelling: str) -> str:
    """`conv2dtranspose` → `convtranspose`."""
    return _DIMENSION.sub("", spelling)


def _word(part: str) -> str:
    whole = _WHOLE.get(part)
    if whole is None and part.endswith("s") and len(part) > 3 and not part.endswith("ss"):
        whole = _WHOLE.get(part[:-1], part[:-1])
    whole = whole or part
    if whole.endswith("xes"):
        return whole[:-2]
    return whole[:-1] if whole.endswith("s") and len(whole) > 3 and not whole.endswith("ss") else whole
