"""Rows of dense layers, activations, dropout and changes of shape."""

from . import Row, crossed

SHAPES = [(6,), (5, 6), (4, 5, 6), (3, 4, 5, 6), (None, None, 6), (4, 5, None), (None, 6), (None,), (1, 1, 12), (12,)]
TARGETS = [
    (6,),
    (30,),
    (-1,),
    (2, 3),
    (3, -1),
    (-1, 3),
    (2, -1, 3),
    (5, 6),
    (6, 5),
    (4, 30),
    (120,),
    (7, -1),
    (2, 2),
    (3, 4, 1),
    (1, 1, -1),
]
ANY = [
    ("identity", {}),
    ("flatten", {}),
    ("activity_regularization", {"l1": 0.1, "l2": 0.2}),
    ("activity_regularization", {}),
    ("dropout", {"rate": 0.5}),
    ("dropout", {"rate": 0, "seed": 3}),
    ("dropout", {"rate": 1.0}),
    ("dropout", {"rate": 0.5, "noise_shape": (None, 1)}),
    ("dropout", {"rate": 0.5, "noise_shape": (None, 1, 1, 1)}),
    ("dropout", {"rate": 0.5, "noise_shape": (None, None, 1, 6), "seed": 1}),
    ("alpha_dropout", {"rate": 0.5, "noise_shape": (None, 1, 6)}),
    ("gaussian_dropout", {"rate": 0.2}),
    ("alpha_dropout", {"rate": 0.1}),
    ("gaussian_noise", {"stddev": 0.3, "seed": 1}),
    ("spatial_dropout1d", {"rate": 0.3}),
    ("spatial_dropout2d", {"rate": 0.3, "trainable": False}),
    ("spatial_dropout3d", {"rate": 0.3, "seed": 2}),
    ("dropout", {"rate": 0.5, "trainable": False}),
    ("relu", {}),
    ("relu", {"max_value": 6, "negative_slope": 0.1, "threshold": 1}),
    ("relu", {"max_value": 0}),
    ("leaky_relu", {}),
    ("leaky_relu", {"negative_slope": 0}),
    ("elu", {"alpha": 2}),
    ("softmax", {}),
    ("activation", {"activation": "relu"}),
    ("activation", {"activation": "sparsemax"}),
    ("activation", {"activation": {"leaky_relu": 0.1}}),
    ("activation", {"activation": {"gelu": {"approximate": True}}, "activity_regularizer": "l2"}),
]


EQUATIONS = [
    {"equation": "...c,c->...c", "kernel_initializer": {"constant": 1e-6}},
    {"equation": "...c,cd->...d", "output_sizes": 7},
    {"equation": "...c,cd->...d", "output_sizes": (7,), "bias_axes": "d", "activation": "relu"},
    {"equation": "...c,cde->...de", "output_sizes": (2, 3), "bias_axes": "e"},
    {"equation": "...c,cde->...de", "output_sizes": (2, 3), "bias_axes": "d", "activation": {"elu": 0.5}},
    {"equation": "...bc,bcd->...d", "output_sizes": 5, "trainable": False},
    {"equation": "...bc,bd->...dc", "output_sizes": (5, None)},
    {"equation": "...bc,b->...c"},
    {"equation": "...bc,c->...cb"},
    {"equation": "...bc,c->...bc", "output_sizes": (None, 6)},
    {"equation": "ab,bc->ac", "output_sizes": 4, "bias_axes": "c"},
    {"equation": "abc,cd->abd", "output_sizes": (None, 4), "bias_axes": "d", "kernel_regularizer": "l2"},
    {"equation": "abc,bcde->ade", "output_sizes": (4, 3), "bias_axes": "de"},
    {"equation": "abcd,bk->akcd", "output_sizes": (4, None, None), "bias_axes": "k"},
    {"equation": "abcd,d->ab"},
    {"equation": "ab...,bc->ac...", "output_sizes": 4},
    {"equation": "ab...,bc->ac...", "output_sizes": 4, "bias_axes": "c"},
    {"equation": "abc...,cd->abd...", "output_sizes": (None, 3)},
    {"equation": "a...,ab->a...", "output_sizes": ()},
    {"equation": "abc,cd->bad", "output_sizes": (None, 4)},
    {"equation": "abc,abd->acd", "output_sizes": (None, 4)},
    {"equation": "abc,cd->ab", "output_sizes": (None,)},
    {"equation": "abc,cd->abe", "output_sizes": (None, 4)},
    {"equation": "abb,bd->ad", "output_sizes": (4,)},
    {"equation": "abc,cd->abd", "output_sizes": 4},
    {"equation": "abc,cd->abd"},
    {"equation": "...c,cd->...d", "output_sizes": 7, "bias_axes": "x"},
    {"equation": "...c,c->...c", "output_sizes": 7},
]


def rows() -> list[Row]:
    """About 600 of them."""
    settings = {"kernel_initializer": "he_normal", "bias_constraint": "non_neg", "activity_regularizer": "l1"}
    dense = [
        {},
        {"use_bias": False},
        {"activation": "softmax"},
        {"activation": {"elu": 0.5}, **settings},
        {"trainable": False},
    ]
    shared = [{}, *({"shared_axes": axes} for axes in (1, 2, (1, 2), (1, 2, 3), (4,)))]
    found = [(name, arguments, shape) for name, arguments in ANY for shape in SHAPES]
    found = [row for row in found if "activity_regularizer" not in row[1]]
    return [
        *found,
        *crossed(["dense"], [{"units": 3, **given} for given in dense], SHAPES),
        *crossed(["reshape"], [{"target_shape": target} for target in TARGETS], SHAPES),
        *crossed(
            ["permute"], [{"dims": dims} for dims in ((1,), (2, 1), (1, 2), (3, 1, 2), (2, 1, 3), (1, 2, 3, 4))], SHAPES
        ),
        *crossed(["einsum_dense"], EQUATIONS, SHAPES),
        *crossed(["repeat_vector"], [{"n": 1}, {"n": 4}], SHAPES),
        *crossed(["prelu"], [*shared, {"alpha_initializer": "ones", "trainable": False}], SHAPES),
        *crossed(["softmax"], [{"axis": axis} for axis in (1, 2, 3, -1, -2, (1, 2), (-1, -2))], [(4, 5, 6), (5, 6)]),
    ]
