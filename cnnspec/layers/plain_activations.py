"""Activations without arguments."""

from math import inf

from cnnspec.layers.activations import _Activation
from cnnspec.layers.base import Saved
from cnnspec.layers.bounds import OPEN

_BY_OUTPUT = ("sigmoid", "tanh", "relu6", "selu", "exponential")
"""Their derivatives follow from their values."""

_BOUNDS = {
    "sigmoid": (0.0, 1.0), "hard_sigmoid": (0.0, 1.0), "sparse_sigmoid": (0.0, 1.0), "tanh": (-1.0, 1.0),
    "hard_tanh": (-1.0, 1.0), "softsign": (-1.0, 1.0), "relu6": (0.0, 6.0), "softplus": (0.0, inf),
    "exponential": (0.0, inf), "sparse_plus": (0.0, inf), "log_sigmoid": (-inf, 0.0), "selu": (-1.75809935, inf),
    "silu": (-0.27846455, inf), "mish": (-0.30884342, inf), "hard_silu": (-0.375, inf),
}  # fmt: skip
"""The least and the most that they give; the others give all numbers."""

_INPUT, _OUTPUT, _MORE = Saved(input=True), Saved(output=True), Saved(input=True, between=1)

for _name, _meaning in {
    "linear": "x.",
    "sigmoid": "1 / (1 + e⁻ˣ).",
    "tanh": "(eˣ − e⁻ˣ) / (eˣ + e⁻ˣ).",
    "relu6": "min(max(x, 0), 6).",
    "selu": "Self-normalising ELU (G. Klambauer et al., 2017).",
    "silu": "x · sigmoid(x), also called swish.",
    "mish": "x · tanh(softplus(x)) (D. Misra, 2019).",
    "softplus": "log(1 + eˣ).",
    "softsign": "x / (1 + |x|).",
    "exponential": "eˣ.",
    "hard_sigmoid": "relu6(x + 3) / 6.",
    "hard_silu": "x · hard_sigmoid(x), also called hard swish.",
    "hard_tanh": "x cut off at ±1.",
    "log_sigmoid": "log(sigmoid(x)).",
    "tanh_shrink": "x − tanh(x).",
    "sparse_plus": "0 below −1, (x + 1)²/4 up to 1, x above.",
    "sparse_sigmoid": "(x + 1) / 2 cut off to 0…1.",
}.items():
    _saved = _OUTPUT if _name in _BY_OUTPUT else _INPUT if _name in ("silu", "softplus") else _MORE
    _more = {
        "__doc__": _meaning,
        "__module__": __name__,
        "saved": Saved() if _name == "linear" else _saved,
        "bounds": _BOUNDS.get(_name, OPEN),
    }
    type(_name.title().replace("_", ""), (_Activation,), _more)
