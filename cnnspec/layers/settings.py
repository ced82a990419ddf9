"""Arguments of layers that are entries themselves: initializers, regularizers, constraints, activations.

Here is which there are; their classes are loaded when a spec names one.
"""

from dataclasses import replace
from typing import Annotated, Any, TypeAlias

from cnnspec.language.entries import Vocabulary, nested
from cnnspec.layers.base import KerasCall

INITIALIZERS = Vocabulary(
    "initializer",
    {
        "cnnspec.layers.initializers": """
        zeros ones constant random_normal truncated_normal random_uniform glorot_uniform
        glorot_normal he_uniform he_normal lecun_uniform lecun_normal orthogonal variance_scaling
        """,
    },
)
REGULARIZERS = Vocabulary(
    "regularizer",
    {
        "cnnspec.layers.regularizers": """
        l1 l2 l1_l2 orthogonal_regularizer
        """,
    },
)
CONSTRAINTS = Vocabulary(
    "constraint",
    {
        "cnnspec.layers.constraints": """
        max_norm min_max_norm non_neg unit_norm
        """,
    },
)
ACTIVATIONS = Vocabulary(
    "activation",
    {
        "cnnspec.layers.activations": """
        relu leaky_relu elu celu gelu softmax log_softmax threshold hard_shrink soft_shrink
        squareplus sparsemax
        """,
        "cnnspec.layers.plain_activations": """
        linear sigmoid tanh relu6 selu silu mish softplus softsign exponential hard_sigmoid
        hard_silu hard_tanh log_sigmoid tanh_shrink sparse_plus sparse_sigmoid
        """,
    },
)

InitializerField: TypeAlias = Annotated[Any, nested(INITIALIZERS)]
RegularizerField: TypeAlias = Annotated[Any, nested(REGULARIZERS)]
ConstraintField: TypeAlias = Annotated[Any, nested(CONSTRAINTS)]
ActivationField: TypeAlias = Annotated[Any, nested(ACTIVATIONS)]


def activated(calls: tuple[KerasCall, ...], keras: str, activation: Any) -> tuple[KerasCall, ...]:
    """`calls` with an activation: an argument of the layer `keras` where it is plain, else a call at the end.

    An activity regularizer looks at the activated output, so it moves behind such a call.
    """
    called = None if activation is None else activation.call()
    if called is None:
        return calls
    if not isinstance(called, KerasCall):
        return tuple(_with(call, activation=called) if call.name == keras else call for call in calls)
    name = "activity_regularizer"
    watches = tuple(KerasCall("Identity", {name: call.kwargs[name]}) for call in calls if name in call.kwargs)
    return (*(_without(call, name) for call in calls), called, *watches)


def _with(call: KerasCall, **arguments: Any) -> KerasCall:
    return replace(call, kwargs={**call.kwargs, **arguments})


def _without(call: KerasCall, argument: str) -> KerasCall:
    return replace(call, kwargs={name: value for name, value in call.kwargs.items() if name != argument})
