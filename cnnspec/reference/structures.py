"""The words of the language in a list of layers: what they do and take, and how they are written."""

from __future__ import annotations

from typing import NamedTuple

from cnnspec.reference.texts import Text, text_of


class Key(NamedTuple):
    """A key of a structure: what it takes in words, and what it is where it is left out (None: it must be there)."""

    takes: str
    default: str | None = None


class Structure(NamedTuple):
    """A word with its keys; `first` is the key whose value may follow the word at once."""

    text: Text
    keys: dict[str, Key]
    first: str = ""


_LAYERS = Key("a list of layers")

STRUCTURES: dict[str, Structure] = {
    "residual": Structure(
        text_of("""The running tensor through `layers`, added to its shortcut: x + layers(x).

        Both ways must end in the same shape. `projection` is a 1×1 convolution without bias and a batch
        normalization, whose strides and filters are found from the shapes.
        Errors: `shape-residual` (the two ways end in different shapes).
        Source: K. He et al., Deep Residual Learning for Image Recognition, 2016.

        Example:
            input: [32, 32, 16]
            layers:
              - residual:
                  layers:
                    - conv2d: {filters: 32, kernel_size: 3, strides: 2, padding: same, activation: relu}
                    - conv2d: {filters: 32, kernel_size: 3, padding: same}
                  shortcut: projection
                  activation: relu
        """),
        {
            "layers": _LAYERS,
            "shortcut": Key("`identity`, `projection`, or a list of layers", "identity"),
            "activation": Key("an activation after the sum", "none"),
        },
        "layers",
    ),
    "branches": Structure(
        text_of("""Every path from the running tensor, then one merge of their ends. An empty path is the identity.

        Errors: `shape-merge` (the ends do not fit together).

        Example:
            input: [32, 32, 16]
            layers:
              - branches:
                  paths:
                    - [{conv2d: {filters: 8, kernel_size: 1}}]
                    - [{conv2d: {filters: 8, kernel_size: 3, padding: same}}]
                    - []
        """),
        {"paths": Key("a list of lists of layers"), "merge": Key("a merge", "concatenate")},
        "paths",
    ),
    "repeat": Structure(
        text_of("""The layers, `times` times over, or once for each value of `over` under the name (or names) of `as`.

        `times: 0` is nothing; with `times`, `as` names the number of the round, from 0. Names given in one round are
        visible in the later ones.
        Errors: `repeat-values` (not as many values as names).

        Example:
            input: [32, 32, 3]
            layers:
              - repeat:
                  over: [[32, 1], [64, 2]]
                  as: [filters, strides]
                  layers:
                    - conv2d: {filters: $filters, kernel_size: 3, strides: $strides, padding: same}
              - repeat: {times: 2, layers: [{conv2d: {filters: 64, kernel_size: 3, padding: same}}]}
        """),
        {
            "layers": _LAYERS,
            "times": Key("a whole number from 0; or `over` in its place", "none"),
            "over": Key("a list of values, or of lists of them", "none"),
            "as": Key("a name, or a list of names, for the values of `over`; a name for the round of `times`", "none"),
        },
    ),
    "when": Structure(
        text_of("""The layers where `condition` is true, those of `otherwise` where it is false.

        Example:
            input: [32, 32, 3]
            layers:
              - when: {condition: $(height > 16), layers: [{max_pooling2d: 2}], otherwise: [relu]}
        """),
        {
            "condition": Key("`true`, `false` or an expression"),
            "layers": _LAYERS,
            "otherwise": Key(_LAYERS.takes, "[]"),
        },
    ),
    "share": Structure(
        text_of("""The entry of that name (a layer, block or structure) once more, with the same weights.

        Example:
            inputs: {left: [32, 32, 3], right: [32, 32, 3]}
            layers:
              - conv2d: {filters: 8, kernel_size: 3, inputs: left, name: tower}
              - share: {entry: tower, inputs: right}
              - subtract: tower
        """),
        {"entry": Key("the name of an entry above")},
        "entry",
    ),
    "name": Structure(
        text_of("""Gives the running tensor a name; adds no layer.

        Example:
            input: [32, 32, 3]
            layers:
              - conv2d: {filters: 8, kernel_size: 3, padding: same}
              - name: here
              - conv2d: {filters: 8, kernel_size: 3, padding: same}
              - add: here
        """),
        {},
    ),
}
