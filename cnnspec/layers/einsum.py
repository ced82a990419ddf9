"""A dense layer over any axes, by Einstein's notation."""

from __future__ import annotations

import re
from math import prod
from string import ascii_letters
from typing import Annotated, Any, ClassVar, NamedTuple, Self

from pydantic import BeforeValidator, model_validator

from cnnspec.language.entries import refuse, shown
from cnnspec.language.forms import Form, one_or
from cnnspec.layers.base import KerasCall, Layer, Saved, Shape, ShapeError, Step, Weight, known, need, show
from cnnspec.layers.settings import ActivationField, ConstraintField, InitializerField, RegularizerField, activated

_FORM = re.compile(r"(\.\.\.)?([a-zA-Z]+)(\.\.\.)?,([a-zA-Z]+)->(\.\.\.)?([a-zA-Z]+)(\.\.\.)?")


class _Terms(NamedTuple):
    """An equation's letters; `front` and `back` say where the ellipsis stands."""

    input: str
    kernel: str
    output: str
    front: bool
    back: bool


def _equation(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    form = _FORM.fullmatch(value)
    help = "write e.g. `abc,cd->abd` with a letter for each axis, the batch first, or `...c,cd->...d`"
    if form is None:
        raise refuse("bad-choice", f"`equation` is `input,kernel->output`, not {shown(value)}", help)
    before, kernel, after = form.group(2, 4, 6)
    twice = next((letter for term in (before, kernel, after) for letter in term if term.count(letter) > 1), None)
    strange = next((letter for letter in after if letter not in before + kernel), None)
    loose = next((letter for letter in kernel if letter not in before + after), None)
    if form.group(1, 3) != form.group(5, 7) or all(form.group(1, 3)):
        what = "must have `...` on one side of input and output, or none"
    elif twice:
        what = f"names `{twice}` twice in one term"
    elif strange:
        what = f"has `{strange}` in the output, but neither in input nor kernel"
    elif loose:
        what = f"has `{loose}` in the kernel only, so that its size is not known"
    elif not form.group(1) and (after[0] != before[0] or before[0] in kernel):
        what = f"must keep `{before[0]}`, the batch, as first axis of the output, and out of the kernel"
    else:
        return value
    raise refuse("bad-choice", f"`equation` {what}", help)


def _sizes(value: Any) -> Any:
    listed = value if isinstance(value, tuple | list) else (value,)
    if value is not None and not all(
        size is None or (isinstance(size, int) and not isinstance(size, bool) and size > 0) for size in listed
    ):
        raise refuse(
            "wrong-type",
            f"`output_sizes` takes a whole number from 1, or a list of them and `null`, not {shown(value)}",
        )
    return value if value is None else tuple(listed)


_SIZES = Form(
    lambda rank: one_or({"type": ["integer", "null"], "minimum": 1}, 0),
    "a whole number from 1, or a list of them and `null`",
)


class EinsumDense(Layer):
    """Products of the input with a kernel, summed over the letters that the output lacks: `input,kernel->output`.

    A letter names an axis, the first one the batch. `...` in front stands for the batch and any axes after it, behind
    the letters for any axes there. `output_sizes`, Keras's `output_shape`, has a size for each letter of the output but
    the batch; `null`, or all of it left out, where the input gives them. `bias_axes` are the letters along which a bias
    is learned. Weights: the kernel, with the sizes of its letters, and the bias. Multiply-adds: the product of all
    sizes. `...c,c->...c` sums nothing: it scales each channel by a learned factor.
    Errors: `shape-rank` (the letters are not the input's axes), `shape-axis` (a size is unknown, or contradicts).

    Example:
        input: [8, 8, 16]
        layers:
          - einsum_dense: {equation: "...c,c->...c", kernel_initializer: {constant: 1e-6}}
          - einsum_dense: {equation: "...c,cd->...d", output_sizes: 32, bias_axes: d}
          - einsum_dense: {equation: "bhwc,hk->bkwc", output_sizes: [4, null, null]}
    """

    saved: ClassVar[Saved] = Saved(input=True, to_learn=True)
    first: ClassVar[str] = "equation"

    equation: Annotated[str, BeforeValidator(_equation)]
    output_sizes: Annotated[Any, BeforeValidator(_sizes), _SIZES] = None
    activation: ActivationField = None
    bias_axes: str | None = None
    kernel_initializer: InitializerField = "glorot_uniform"
    bias_initializer: InitializerField = "zeros"
    kernel_regularizer: RegularizerField = None
    bias_regularizer: RegularizerField = None
    kernel_constraint: ConstraintField = None
    bias_constraint: ConstraintField = None

    @model_validator(mode="after")
    def _bias_in_output(self) -> Self:
        terms = self.terms()
        letters = terms.output if terms.front else terms.output[1:]
        if self.bias_axes is not None and (not self.bias_axes or set(self.bias_axes) - set(letters)):
            raise refuse(
                "bad-choice",
                f"`bias_axes` takes letters of the output behind the batch (`{letters}`), not {shown(self.bias_axes)}",
                at="bias_axes",
            )
        return self

    def terms(self) -> _Terms:
        """The parts of the equation."""
        form = _FORM.fullmatch(self.equation)
        assert form is not None
        front, before, back, kernel, _, after, _ = form.groups()
        return _Terms(before, kernel, after, front is not None, back is not None)

    def output_shape(self, *inputs: Shape) -> Shape:
        self._check_letters(inputs[0])
        self.weights(*inputs)
        sizes, elided = self._named(inputs[0])
        return self._around(tuple(sizes[letter] for letter in self._free()), elided)

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        terms = self.terms()
        sizes, elided = self._named(inputs[0])
        kernel = tuple(need(sizes[letter], f"size of `{letter}`", self.entry) for letter in terms.kernel)
        weights = [Weight("kernel", kernel, self.trainable)]
        if self.bias_axes is not None:
            tail = terms.output[min(map(terms.output.index, self.bias_axes)) :]
            kept = {letter: need(sizes[letter], f"size of `{letter}`", self.entry) for letter in self.bias_axes}
            bias = (*(kept.get(letter, 1) for letter in tail), *(1,) * (len(elided) if terms.back else 0))
            weights.append(Weight("bias", bias, self.trainable))
        return tuple(weights)

    def multiply_adds(self, *inputs: Shape) -> int | None:
        sizes, elided = self._named(inputs[0])
        every = known((*sizes.values(), *elided))
        return None if every is None else prod(every)

    def step(self, *inputs: Shape) -> Step:
        terms = self.terms()
        vector = len(inputs[0]) == 1 and terms.input != terms.output
        return Step(whole=vector or terms.back or terms.input[:-1] != terms.output[:-1])

    def formula(self, *inputs: Shape) -> str:
        return self.equation

    def keeps(self) -> Saved:
        return self.saved.activated(self.activation)

    def calls(self, *inputs: Shape) -> tuple[KerasCall, ...]:
        """With a letter for every axis: Keras reverses the sizes of several axes under `...`."""
        terms = self.terms()
        sizes, elided = self._named(inputs[0])
        spare = [letter for letter in ascii_letters if letter not in terms.input + terms.kernel]
        dots = "".join(spare[: len(elided) + terms.front])
        before, after = (dots + term if terms.front else term + dots for term in (terms.input, terms.output))
        arguments = self.keras_arguments("activation", "output_sizes")
        arguments["equation"] = f"{before},{terms.kernel}->{after}"
        arguments["output_shape"] = self._around(tuple(sizes.get(letter) for letter in self._free()), elided)
        return activated((KerasCall(self.keras, arguments),), self.keras, self.activation)

    def _free(self) -> str:
        """The letters of the output without the batch."""
        terms = self.terms()
        return terms.output if terms.front else terms.output[1:]

    def _around(self, sizes: Shape, elided: Shape) -> Shape:
        return (*elided, *sizes) if self.terms().front else (*sizes, *elided)

    def _named(self, shape: Shape) -> tuple[dict[str, int | None], Shape]:
        """The size of each letter but the batch's, and the sizes under the ellipsis."""
        terms = self.terms()
        letters = terms.input if terms.front else terms.input[1:]
        elided = max(len(shape) - len(letters), 0)
        own, rest = (shape[elided:], shape[:elided]) if terms.front else (shape[: len(letters)], shape[len(letters) :])
        given = zip(self._free(), self.output_sizes or (), strict=False)
        return dict(zip(letters, own, strict=False)) | {letter: size for letter, size in given if size}, rest

    def _check_letters(self, shape: Shape) -> None:
        terms = self.terms()
        letters = terms.input if terms.front else terms.input[1:]
        if len(shape) < len(letters) or (len(shape) > len(letters) and not terms.front and not terms.back):
            raise ShapeError(
                "shape-rank",
                f"`{self.equation}` names {len(letters)} axes without the batch, its input is {show(shape)}",
                argument="equation",
                help="name every axis by a letter, the batch first, or write `...` for those that stay as they are",
            )
        sizes, free = dict(zip(letters, shape[-len(letters) :] if terms.front else shape, strict=False)), self._free()
        given = (None,) * len(free) if self.output_sizes is None else self.output_sizes
        if len(given) != len(free):
            raise ShapeError(
                "shape-axis",
                f"`output_sizes` has length {len(given)} for the {len(free)} axes `{free}` of the output",
                argument="output_sizes",
                help="write one for each letter, without the batch; `null` where the input gives it",
            )
        for letter, size in zip(free, given, strict=True):
            if letter in sizes and size is not None and size != sizes[letter]:
                raise ShapeError(
                    "shape-axis",
                    f"the size of `{letter}` is {sizes[letter] or 'open'} in the input, but {size} in `output_sizes`",
                    argument="output_sizes",
                    help="write `null` for it, or leave `output_sizes` out",
                )
            if letter not in sizes and size is None:
                raise ShapeError(
                    "shape-axis",
                    f"the size of `{letter}` is not known: it is no axis of the input",
                    argument="output_sizes" if self.output_sizes else "equation",
                    help=f"give it in `output_sizes`, one for each of `{free}`",
                )
