"""What a run writes of itself, and what of it is taken back: models of `environment.json`, of a checkpoint's facts, of
what callbacks remember. Whatever else stands there is not taken up."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from cnnspec.training.section import LARGEST_SEED

LARGEST = 1 << 24
"""Bytes that a file of facts may have."""

Text: TypeAlias = Annotated[str, StringConstraints(max_length=1 << 12)]
Name: TypeAlias = Annotated[str, StringConstraints(max_length=1 << 10)]
Number: TypeAlias = Annotated[float, Field(allow_inf_nan=False)]
Count: TypeAlias = Annotated[int, Field(ge=0, le=1 << 53)]
Seed: TypeAlias = Annotated[int, Field(ge=0, le=LARGEST_SEED)]
Word: TypeAlias = Annotated[int, Field(ge=0, lt=1 << 32)]
Bytes: TypeAlias = Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{2})*$", max_length=1 << 16)]
Logs: TypeAlias = Annotated[dict[Name, float], Field(max_length=1 << 12)]


class Damaged(ValueError):
    """What was kept does not read; its text says where."""


class _Facts(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


class Environment(_Facts):
    """`environment.json`. A field that is missing is not known."""

    cnnspec: Text | None = None
    python: Text | None = None
    platform: Text | None = None
    keras: Text | None = None
    numpy: Text | None = None
    backend: Literal["tensorflow", "jax", "torch"] | None = None
    backend_version: Text | None = None
    device: Text | None = None
    precision: Literal["float32", "float16", "bfloat16", "mixed_float16", "mixed_bfloat16", "float64"] | None = None
    seed: Seed | None = None
    batch_size: Annotated[int, Field(ge=1, le=1 << 31)] | None = None
    started: Text | None = None
    resumed: Text | None = None
    classes: dict[Name, Count | None] | None = None
    class_names: list[Text] | None = None
    labels: dict[Name, dict[Name, Any]] | None = None
    ranges: dict[Name, Annotated[list[float], Field(min_length=2, max_length=2)]] | None = None
    target_ranges: dict[Name, Annotated[list[float], Field(min_length=2, max_length=2)]] | None = None
    range: Annotated[list[Number], Field(min_length=2, max_length=2)] | None = None
    thresholds: dict[Name, list[Annotated[float, Field(ge=0, le=1)]]] | None = None
    data: dict[Name, Text] | None = None


class Position(_Facts):
    """How far a run was."""

    phase: Annotated[int, Field(ge=0, le=10_000)]
    first: Count
    epoch: Count
    step: Count
    steps: Count
    logs: Logs
    over: bool
    stopped: bool


class Generators(_Facts):
    """The states of the global random generators."""

    python: tuple[Literal[3], Annotated[list[Word], Field(min_length=625, max_length=625)], float | None]
    numpy: tuple[
        Literal["MT19937"], Annotated[list[Word], Field(min_length=624, max_length=624)],
        Annotated[int, Field(ge=0, le=624)], Literal[0, 1], float,
    ]  # fmt: skip
    torch: Annotated[
        list[Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{2})*$", max_length=1 << 16)]], Field(max_length=2)
    ]


def _history(text: str) -> str:
    rows = list(csv.reader(io.StringIO(text)))
    if rows and (rows[0][:1] != ["epoch"] or any(len(row) != len(rows[0]) for row in rows)):
        raise ValueError("is no table of epochs")
    for row in rows[1:]:
        for value in row:
            float(value)
    return text


class Remembered(_Facts):
    """What the callbacks of a run remember between them; each takes what is in its `KEPT`."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    lowest: float | None = None
    epoch: Count | None = None
    logs: Logs | None = None
    epochs: Count | None = None
    text: Annotated[str, StringConstraints(max_length=1 << 26), AfterValidator(_history)] | None = None
    rates: Annotated[list[Annotated[float, Field(ge=0)]], Field(max_length=1 << 20)] | None = None
    seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    best: float | None = None
    wait: Count | None = None
    stopped_epoch: Count | None = None
    best_epoch: Count | None = None
    cooldown_counter: Count | None = None


class Facts(_Facts):
    """The facts of a checkpoint, but for how its arrays are written."""

    data: dict[Name, Text]
    seed: Seed
    environment: Environment
    spec: Annotated[str, StringConstraints(max_length=LARGEST)]
    epochs: Annotated[int, Field(ge=1, le=1 << 53)]
    position: Position
    generators: Generators
    callbacks: Annotated[list[Remembered], Field(max_length=1 << 10)]


class Written(_Facts):
    """How a checkpoint is written: its format, and the types of arrays that NumPy has no name for."""

    format: Annotated[int, Field(ge=0, le=1 << 30)]
    types: dict[Name, Name]


class Best(_Facts):
    """`epoch.json` in `best.keras`: which epoch the weights are of."""

    epoch: Annotated[int, Field(ge=1, le=1 << 53)]
    lowest: float
    logs: Logs


class _Told(_Facts):
    run: Annotated[str, StringConstraints(pattern=r"^[\w-]{1,64}$")] | None
    epoch: Count


class Tracked(_Facts):
    """`tracking.json`: the number of the run elsewhere, and the epoch that was told last."""

    mlflow: _Told | None = None
    wandb: _Told | None = None


_Model = TypeVar("_Model", bound=BaseModel)


def read(content: bytes, model: type[_Model]) -> Mapping[str, Any]:
    """The facts in a JSON document as plain values, without what `model` does not know. Raises `Damaged`, with the
    field that is wrong."""
    if len(content) > LARGEST:
        raise Damaged(f"it has more than {LARGEST:,} bytes")
    try:
        return model.model_validate_json(content).model_dump(exclude_unset=True)
    except ValidationError as error:
        raise Damaged(_told(error)) from None


def _told(error: ValidationError) -> str:
    """The first field that is wrong, what it holds and what belongs there."""
    first = error.errors(include_url=False, include_context=False)[0]
    place = ".".join(str(part) for part in first["loc"])[:200]
    said = f"{first['msg'][:1].lower()}{first['msg'][1:]}"[:200]
    if not place:
        return said
    if first["type"] == "missing":
        return f"`{place}` is missing"
    shown = json.dumps(first["input"], default=str)
    return f"`{place}` is {shown if len(shown) <= 60 else shown[:57] + '…'}, but {said}"
