"""`weights`: the file that training starts from, as the spec names it. Nothing is opened here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, TypeAlias

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from cnnspec.language.entries import Invalid, Section, refuse, shown
from cnnspec.language.forms import Form, Schema, one_or
from cnnspec.language.paths import is_file
from cnnspec.language.problems import Expects
from cnnspec.training.errors import WeightsError

_TEXT: Schema = {"type": "string", "minLength": 1}


def _listed(value: Any) -> Any:
    return (value,) if isinstance(value, str) else () if value is None else value


Names: TypeAlias = Annotated[
    tuple[Annotated[str, Field(min_length=1)], ...],
    BeforeValidator(_listed),
    Expects("the name of a layer, or a list of names"),
    Form(lambda rank: {"anyOf": [*one_or(_TEXT, 0)["anyOf"], {"type": "null"}]}, "names of layers, or patterns"),
]
"""Names of layers, or patterns of names."""


class Weights(Section):
    """A file of weights, and the layers that keep their own.

    `path` is a `.weights.h5`, `.keras` or `.h5` file of Keras; `skip` names layers of the network, or of the file,
    that it does not fill.
    """

    spoken: ClassVar[str] = "weights"

    path: Annotated[str, Field(min_length=1), Expects("the path of a file")]
    skip: Names = ()

    def under(self, directory: Path) -> Weights:
        """The same with a path that no longer depends on where the spec stands."""
        return self.model_copy(update={"path": str(directory / self.path)})

    def look(self) -> None:
        """A first look, before any framework starts. Raises `WeightsError` where the file is missing."""
        if not is_file(Path(self.path)):
            raise WeightsError(f"{self.path} is not there", "paths are relative to the folder of the spec")

    def placed(self, written: Any) -> Any:
        """What the spec says of them (`written`, plain), with the path absolute."""
        path = str(Path(self.path).resolve())
        return {**written, "path": path} if isinstance(written, Mapping) else path


def _weights(value: Any) -> Any:
    if value is None or isinstance(value, Weights):
        return value
    if not isinstance(value, str | Mapping):
        raise refuse(
            "wrong-type",
            f"`weights` takes the path of a file, not {shown(value)}",
            "write `weights: resnet50.weights.h5`, or `weights: {path: …, skip: [predictions]}`",
        )
    try:
        return Weights.read({"path": value} if isinstance(value, str) else value)
    except Invalid as invalid:
        raise PydanticCustomError("nested", "nested", {"problems": invalid.problems}) from None


def _form(rank: int) -> Schema:
    return {
        "anyOf": [
            _TEXT,
            {
                "type": "object",
                "properties": {"path": _TEXT, "skip": one_or(_TEXT, 0)},
                "required": ["path"],
                "additionalProperties": False,
            },
        ]
    }


WeightsField: TypeAlias = Annotated[
    Weights | None, BeforeValidator(_weights), Form(_form, "a file of weights, or `{path: …, skip: […]}`")
]
"""A path, or a path with what is skipped."""
