"""cnnspec: a small language for convolutional networks, its compiler and its trainer.

report = cnnspec.check("specs/lenet.yaml")   # no Keras; report.ok, report.diagnostics, report.graph
model = cnnspec.build("specs/lenet.yaml")    # a keras.Model, or SpecError with the diagnostics
run = cnnspec.train("specs/digits.yaml", epochs=3)
text = cnnspec.import_model(model)           # the spec of a functional or sequential keras.Model
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cnnspec.pipeline import Report as Report
    from cnnspec.pipeline import SpecError as SpecError
    from cnnspec.training.plan import Run

__version__ = "0.1.0"
__all__ = ["Report", "SpecError", "__version__", "build", "check", "code", "import_model", "train"]


def check(spec: str | Path, *, strict: bool = False, **overrides: Any) -> Report:
    """Check a spec: a path, or the text itself (what holds a line break or `: ` is text). Imports no framework.

    `overrides` are what `--set` takes: `check(path, **{"parameters.alpha": 0.5})`. With `strict`, warnings are errors.
    Raises `OSError` where the file cannot be read; mistakes in it are in the report.
    """
    from cnnspec import pipeline

    settings = [f"{path}={_flow(value)}" for path, value in overrides.items()]
    if isinstance(spec, str) and ("\n" in spec or ": " in spec):
        return pipeline.check_text(spec, overrides=settings, strict=strict)
    return pipeline.check_file(spec, overrides=settings, strict=strict)


def build(
    spec: str | Path, *, weights: str | Path | None = None, skip: Sequence[str] = (), network: str | None = None,
    **overrides: Any,
) -> Any:  # fmt: skip
    """The Keras model of a spec (`keras.Model`), with new weights or with those of a file.

    `weights` is a `.weights.h5`, `.keras` or `.h5` file of Keras: of the same network in keras.applications, or of one
    that was built from a spec. `skip` names layers (or patterns of names) that keep new weights, such as a head with
    another number of classes: `build("resnet50.yaml", weights="resnet50.keras", skip=["dense"])`. Of a GAN, `network`
    says which model: its `generator` or its `discriminator`.
    Raises `SpecError` where the spec does not hold, `ValueError` where `network` is wanted or strange, and a
    `WeightsError` with every layer that the file does not fit.
    """
    graph = _sound(spec, **overrides).network(network)
    from cnnspec.training.device import quiet_start

    with quiet_start():
        from cnnspec.emit.keras import build as build_model

    model = build_model(graph)
    if weights is not None:
        from cnnspec.training.weights import load_weights

        load_weights(model, Path(weights), (skip,) if isinstance(skip, str) else tuple(skip))
    return model


def code(spec: str | Path, *, network: str | None = None, **overrides: Any) -> str:
    """Keras source whose `build_model()` builds a spec's model; of a GAN, that of its `network`.

    Raises `SpecError` where the spec does not hold, and `ValueError` where `network` is wanted or strange.
    """
    graph = _sound(spec, **overrides).network(network)
    from cnnspec.emit.source import code as source_of

    return source_of(graph)


def train(
    spec: str | Path,
    *,
    epochs: int | None = None,
    backend: str | None = None,
    device: str | None = None,
    runs: str | Path = "runs",
    quiet: bool = False,
    **overrides: Any,
) -> Run:
    """Train a spec, as `cnnspec train` does, and return the run.

    Raises `SpecError` where the spec does not hold, and a `DataError` or `TrainingError` with a message and what to
    do where data or training fail.
    """
    report = _sound(spec, **overrides, **({"training.epochs": epochs} if epochs else {}))
    from cnnspec.training.run import train_report

    return train_report(report, runs=runs, backend=backend, device=device, quiet=quiet)


def import_model(model: Any, *, name: str | None = None, partial: bool = False) -> str:
    """The text of a spec that makes the same network as a functional or sequential `keras.Model`.

    Raises `ValueError` with every layer that has no word in the language; with `partial`, comments mark their places.
    """
    from cnnspec.importing.keras_model import read_model
    from cnnspec.importing.spec import as_spec, prepared

    network = prepared(read_model(model, name))
    if network.gaps and not partial:
        raise ValueError("layers that no spec can express:\n" + "\n".join(f"  {gap}" for gap in network.gaps))
    return as_spec(network, f"the Keras model `{model.name}`")


def _sound(spec: str | Path, **overrides: Any) -> Report:
    """The report of a spec that holds."""
    from cnnspec.pipeline import SpecError

    report = check(spec, **overrides)
    if not report.ok:
        raise SpecError(report)
    return report


def _flow(value: Any) -> str:
    """A value as one line of YAML."""
    import json

    return json.dumps(value)


def __getattr__(name: str) -> Any:
    if name in ("Report", "SpecError"):
        from cnnspec import pipeline

        return getattr(pipeline, name)
    raise AttributeError(f"module `cnnspec` has no attribute `{name}`")
