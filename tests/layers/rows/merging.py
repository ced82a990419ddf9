"""Rows of merges: pairs and triples of shapes."""

from itertools import product

from . import Row

SHAPES = [
    (4,),
    (5,),
    (1,),
    (3, 4),
    (4, 4),
    (1, 4),
    (2, 3, 4),
    (2, 3, 5),
    (2, 4, 4),
    (1, 1, 4),
    (2, 3, 1),
    (None, None, 4),
    (2, None, 4),
    (2, 3, None),
]
ELEMENTWISE = ("add", "subtract", "multiply", "average", "maximum", "minimum")


def rows() -> list[Row]:
    """About 900 merges."""
    pairs = list(product(SHAPES, SHAPES))
    found: list[Row] = [(ELEMENTWISE[at % 6], {}, *pair) for at, pair in enumerate(pairs)]
    found += [(ELEMENTWISE[(at + 3) % 6], {}, *pair) for at, pair in enumerate(pairs)]
    found += [("concatenate", {}, *pair) for pair in pairs]
    found += [
        ("concatenate", {"axis": axis}, *pair) for at, pair in enumerate(pairs) for axis in (1, 2, -2, 3, 4) if at % 2
    ]
    found += [("dot", {"axes": axes}, *pair) for pair in pairs[::3] for axes in (1, -1, (1, 2), (2, -1))]
    found += [("dot", {"axes": 1, "normalize": True}, (4,), (4,)), ("dot", {"axes": (1, 1)}, (3, 4), (3, 5))]
    triples = [
        ((2, 3, 4),) * 3,
        ((2, 3, 4), (1, 1, 4), (2, 1, 1)),
        ((2, 3, 4), (2, 3, 4), (2, 3, 5)),
        ((None, 3, 4),) * 3,
        ((4,), (3, 4), (2, 3, 4)),
        ((2, 3, 4), (None, 3, 4), (2, 3, 1)),
    ]
    return (
        found
        + [
            (name, {}, *triple)
            for name in (*ELEMENTWISE, "concatenate", "dot")
            for triple in triples
            if name != "dot" or triple
        ][: 6 * 8 - 6]
        + [(name, {}, (2, 3, 4)) for name in (*ELEMENTWISE, "concatenate")]
    )
