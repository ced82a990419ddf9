"""Activations without arguments."""

from cnnspec.layers.activations import _Activation

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
    type(_name.title().replace("_", ""), (_Activation,), {"__doc__": _meaning, "__module__": __name__})
