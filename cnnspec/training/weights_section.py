"""`weights`: the file that training starts from, as the spec names it. Nothing is opened here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, TypeAlias

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from cnnspec.language.entries import Invalid, Section, refuse, shown
from cnnspec.language.forms import Form, Schema, one_or
from cnnspec.language.paths import is_file, is_folder
from cnnspec.language.problems import Expects
from cnnspec.training.errors import WeightsError

_TEXT: Schema = {"type": "string", "minLength": 1}


def _listed(value: Any) -> Any:
    return (value,) if isinstance(value, str) else () if value is None else value


def weights_file(path: Path) -> Path:
    """The file of weights that `path` names: itself, or the best model of the run in that folder.

    Raises `WeightsError` where there is none.
    """
    from cnnspec.training.run_folder import BEST, SPEC

    if is_file(path):
        return path
    if not is_folder(path):
        raise WeightsError(f"{path} is not there", "paths are relative to the folder of the spec")
    if is_file(path / BEST):
        if (path / BEST).is_symlink():
            raise WeightsError(
                f"{path / BEST} is a symbolic link, where a file belongs", "name the file that it leads to"
            )
        return path / BEST
    if is_file(path / SPEC):
        raise WeightsError(f"{path} has no {BEST}: its first epoch was never finished", "name another run, or a file")
    runs = sorted(int(found.parent.name) for found in path.glob(f"*/{BEST}") if found.parent.name.isdecimal())
    help = f"name one of its runs: {path / str(runs[-1])}" if runs else "name a file of weights, or the folder of a run"
    raise WeightsError(f"{path} is a folder, but not that of a run", help)


Names: TypeAlias = Annotated[
    tuple[Annotated[str, Field(min_length=1)], ...],
    BeforeValidator(_listed),
    Expects("the name of a layer, or a list of names"),
    Form(lambda rank: {"anyOf": [*one_or(_TEXT, 0)["anyOf"], {"type": "null"}]}, "names of layers, or patterns"),
]
"""Names of layers, or patterns of names."""


class Weights(Section):
    """A file of weights, and the layers that keep their own.

    `path` is a `.weights.h5`, `.keras` or `.h5` file of Keras, or the folder of a run (its best weights); `skip` names
    layers of the network, or of the file, that it does not fill.
    """

    spoken: ClassVar[str] = "weights"

    path: Annotated[str, Field(min_length=1), Expects("the path of a file")]
    skip: Names = ()

    def under(self, directory: Path) -> Weights:
        """The same with a path that no longer depends on where the spec stands."""
        return self.model_copy(update={"path": str(directory / self.path)})

    def look(self) -> None:
        """A first look, before any framework starts. Raises `WeightsError` where the file is missing."""
        weights_file(Path(self.path))

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
            f"`weights` takes the path of a file or of a run, not {shown(value)}",
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
    Weights | None,
    BeforeValidator(_weights),
    Form(_form, "a file of weights or the folder of a run, or `{path: …, skip: […]}`"),
]
"""A path, or a path with what is skipped."""
