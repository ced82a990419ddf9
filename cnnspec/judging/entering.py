"""What a network takes at each input, before preprocessing: the form that files are brought into. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cnnspec.data.scale import BY_DEPTH, Scale
from cnnspec.data.sources import Source
from cnnspec.layers.base import Layer, Shape
from cnnspec.training.plan import Plan


@dataclass(frozen=True, slots=True)
class Entrance:
    """An input: the shape of an item before preprocessing (None: any size), how images of other sizes are fitted
    (stretch, crop, pad), and the value of a white pixel."""

    name: str
    shape: Shape
    resize: str = "stretch"
    white: float = 255.0
    layers: tuple[Layer, ...] = ()
    range: tuple[float, float] | None = None
    """The range of the values that training saw, where the run has kept it."""
    told: bool = False
    """Whether the source tells that range, so that it needs no measuring."""
    scale: Scale = BY_DEPTH
    """What is black and white in files deeper than 8 bits."""

    @property
    def takes_images(self) -> bool:
        """Whether the file of an image can enter."""
        return self.channels in (1, 3, 4)

    @property
    def channels(self) -> int | None:
        """How many numbers a pixel has; None where items are no pictures. A sequence is a picture in grey."""
        return self.shape[2] if len(self.shape) == 3 else 1 if len(self.shape) == 2 else None


def entrances(plan: Plan, ranges: Mapping[str, tuple[float, float]] | None = None) -> dict[str, Entrance]:
    """The inputs of a run's network; `ranges` are those of the values that training saw.

    The files of images have values of 0 to 255; where training saw 0 to 1, they are brought to that.
    """
    source = plan.data.source
    found = {}
    for name, shape in plan.graph.inputs.items():
        layers = tuple(layer for layer, _ in plan.data.stages("preprocessing", name, plan.graph.inputs))
        span = (ranges or {}).get(name)
        resize = str(getattr(source, "resize", "stretch"))
        found[name] = Entrance(
            name,
            _raw(shape, layers, source.shape_of(name, plan.graph.inputs)),
            resize,
            _white(source, span),
            layers,
            span,
            source.range_known,
            getattr(source, "scale", BY_DEPTH),
        )
    return found


def _white(source: Source, span: tuple[float, float] | None) -> float:
    """The value of a white pixel for a network whose training saw values of `span`."""
    return source.white if source.range_known or span is None or span[0] != 0 else span[1]


def _raw(shape: Shape, layers: tuple[Layer, ...], loaded: Shape | None) -> Shape:
    """The shape of an item before `layers`: as the source loads it, else that of the input, where they keep it."""
    if loaded is not None and (layers or len(loaded) == len(shape)):
        return loaded
    if behind(shape, layers) == shape:
        return shape
    return (*(None for _ in shape[:-1]), *shape[-1:])


def behind(shape: Shape, layers: tuple[Layer, ...]) -> Shape:
    """The shape of an item after `layers`. Raises `ShapeError` where one does not take it."""
    for layer in layers:
        shape = layer.output_shape(shape)
    return shape


def alone(named: Mapping[str, Entrance]) -> Entrance | None:
    """The only input, if there is one."""
    return next(iter(named.values())) if len(named) == 1 else None
