"""Do generator, discriminator and data go together? Pure: no framework, no NumPy, no file is opened."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from math import isfinite
from pathlib import Path

from cnnspec.data.section import Data
from cnnspec.graph.graph import Graph
from cnnspec.language.diagnostics import Diagnostic, Fix, Related, called_from
from cnnspec.language.entries import Problem
from cnnspec.language.nodes import MappingNode, head, locate
from cnnspec.language.problems import diagnose
from cnnspec.language.spans import Span
from cnnspec.language.syntax import Spec
from cnnspec.layers.base import Shape, known, show
from cnnspec.training.adversarial.section import AdversarialTraining
from cnnspec.training.checks import missing_files
from cnnspec.training.ranges import entering, source_range
from cnnspec.training.shapes import Misfit, delivered_shapes, fits, shape_problem
from cnnspec.training.target_ranges import reach

_LEARNING = AdversarialTraining.model_fields
_USED = ("source", "preprocessing", "augmentation")


def check(spec: Spec, graphs: Mapping[str, Graph], data: Data | None, directory: Path) -> Iterator[Diagnostic]:
    """Mistakes, and doubts as warnings, of a generator and a discriminator that hold by themselves."""
    generator, discriminator = graphs["generator"], graphs["discriminator"]
    yield from _noise(spec, generator)
    yield from _decision(discriminator)
    wrong = False
    if data is not None:
        yield from (diagnose(problem, spec.document) for problem in _strays(data))
        problem = shape_problem(discriminator, data, "input", data.source.image_shape, "the discriminator")
        fitting = fits(_given(generator), discriminator.inputs["input"])
        if problem is not None and (fitting or problem.code != "data-shape"):
            wrong = True
            found = diagnose(problem, spec.document)
            yield replace(found, related=(*found.related, _producer(generator)) if fitting else found.related)
        yield from (diagnose(problem, spec.document, severity="warning") for problem in missing_files(data, directory))
        if not wrong:
            yield from _range(spec, generator, data)
    if not wrong:
        yield from _meeting(spec, generator, discriminator, data)


def _given(graph: Graph) -> Shape:
    return graph.shape_of(graph.output)


def _noise(spec: Spec, generator: Graph) -> Iterator[Diagnostic]:
    shape = generator.inputs["input"]
    if known(shape) is None:
        message = f"the generator's input leaves sizes open ({show(shape)}): it is not known how much noise to draw"
        span = spec.networks["generator"].inputs["input"].span
        yield Diagnostic("gan-noise", message, span, help="give it numbers, such as `[100]`")


def _decision(discriminator: Graph) -> Iterator[Diagnostic]:
    shape = _given(discriminator)
    if shape == (1,):
        return
    node = discriminator[discriminator.output]
    numbers = f"{shape[0]} values" if len(shape) == 1 else show(shape)
    help = "give the last `dense` one unit" if len(shape) == 1 else "end it with `flatten` and `dense: 1`"
    yield Diagnostic(
        "gan-decision", f"the discriminator gives {numbers}, and is to give one value: real or made", node.span,
        related=called_from(node.calls), help=help,
    )  # fmt: skip


def _producer(generator: Graph) -> Related:
    """Where the generator's images come from."""
    node = generator[generator.output]
    span = node.calls[0] if node.calls else node.span
    formula = f": {node.formula}" if node.formula else ""
    return Related(f"the generator gives {show(node.shape)} here{formula}", span)


def _meeting(spec: Spec, generator: Graph, discriminator: Graph, data: Data | None) -> Iterator[Diagnostic]:
    """The generator's images do not enter the discriminator: where the data says which is wrong, it is told there."""
    given, wanted = _given(generator), discriminator.inputs["input"]
    if fits(given, wanted):
        return
    entering: Span = spec.networks["discriminator"].inputs["input"].span
    message = f"the generator gives {show(given)}, the discriminator takes {show(wanted)}"
    images = _images(discriminator, data)
    if images is not None and data is not None and fits(images, given):
        text = f"[{', '.join(map(str, given))}]"
        both = (_producer(generator), Related(f"the data gives {show(images)}", _place_of(spec)))
        yield Diagnostic(
            "gan-shape", message, entering, related=both, help=f"write `input: {text}`", fix=Fix(entering, text)
        )
        return
    node = generator[generator.output]
    label = f"{show(given)} comes from here" + (f": {node.formula}" if node.formula else "")
    related = [Related(f"the discriminator takes {show(wanted)}", entering), *called_from(node.calls)]
    if images is not None and fits(images, wanted):
        related.append(Related(f"the data gives {show(images)}", _place_of(spec)))
    help = f"let the generator end in {show(wanted)}"
    if images is None or not fits(images, wanted):
        help += f", or write `input: [{', '.join(map(str, given))}]` in the discriminator"
    yield Diagnostic("gan-shape", message, node.span, label, related=tuple(related), help=help)


def _images(discriminator: Graph, data: Data | None) -> Shape | None:
    """The shape of the real images behind preprocessing, where it can be told."""
    try:
        return delivered_shapes(discriminator, data, "input", data.source.image_shape)[0] if data is not None else None
    except Misfit:
        return None


def _place_of(spec: Spec) -> Span:
    return locate(spec.document, ("data", "source")) if spec.data is not None else head(spec.document)


def without_strays(training: MappingNode) -> tuple[MappingNode, list[Problem]]:
    """`training:` less the keys that say something of labels, or of one network; and what is to be told of each."""
    from cnnspec.training.section import Training

    others = [key.text for key, _ in training.pairs if key.text in {*Training.model_fields} - {*_LEARNING}]
    told = [
        Problem("task-keys", f"`{name}` does not go with `task: gan`", (name,), True, "take it out") for name in others
    ]
    return training.without(*others), told


def _strays(data: Data) -> Iterator[Problem]:
    """Keys of `data:` that say something of labels, or of images held out; augmentation that mixes labels."""
    mixing = data.mixing(maps=False) or data.mixing(maps=True)
    if mixing is not None:
        message = f"`{mixing.entry}` mixes labels, and a GAN has none"
        yield Problem("task-keys", message, ("data", "augmentation"), True, "take it out")
    for name in type(data).model_fields:
        if name in data.model_fields_set and name not in _USED and getattr(data, name) not in (None, 0, (), "labels"):
            message = f"`{name}` means nothing to a GAN: it learns from all training images, without labels"
            yield Problem("task-keys", message, ("data", name), True, "take it out")


def _range(spec: Spec, generator: Graph, data: Data) -> Iterator[Diagnostic]:
    """A generator that cannot give the values that the images have, where both are known."""
    given, whole = reach(generator, next(iter(generator.outputs))), source_range(data)
    pixels = entering(data, generator, "input", whole)
    made, real = given.bounds, pixels.bounds
    if whole is None or not pixels.known or not all(map(isfinite, made)) or _near(made, real):
        return
    whose = "" if given.whose == "the network" else f"'s {given.whose}"
    low, high = whole
    scale = (made[1] - made[0]) / (high - low)
    written = f"$(1/{1 / scale:g})"
    offset = f"{{scale: {written}, offset: {made[0]:g}}}" if made[0] else written
    node = generator[generator.output]
    yield Diagnostic(
        "gan-range",
        f"the generator{whose} gives values from {_number(made[0])} to {_number(made[1])}, "
        f"the data from {_number(real[0])} to {_number(real[1])}",
        node.span, related=(Related("the data", _place_of(spec)), *called_from(node.calls)),
        help=f"write `preprocessing: [{{rescaling: {offset}}}]`", severity="warning",
    )  # fmt: skip


def _number(value: float) -> str:
    return f"{value:g}".replace("-", "−")


def _near(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return all(abs(a - b) <= 0.05 * (one[1] - one[0]) for a, b in zip(one, other, strict=True))
