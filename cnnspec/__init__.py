"""cnnspec: a small language for convolutional networks, its compiler and its trainer.

report = cnnspec.check("specs/lenet.yaml")   # no Keras; report.ok, report.diagnostics, report.graph
model = cnnspec.build("specs/lenet.yaml")    # a keras.Model, or SpecError with the diagnostics
run = cnnspec.train("specs/digits.yaml", epochs=3)
found = cnnspec.evaluate(run.folder)         # found.metrics, found.confusion_matrix
for told in cnnspec.predict(run.folder, ["scans/"]): print(told.file, told.outputs)
images = cnnspec.generate("runs/dcgan", count=16, seed=7)   # of a GAN: an array of N×H×W×C
text = cnnspec.import_model(model)           # the spec of a functional or sequential keras.Model
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cnnspec.judging.judged import Evaluation
    from cnnspec.judging.predict import Prediction
    from cnnspec.pipeline import Report as Report
    from cnnspec.pipeline import SpecError as SpecError
    from cnnspec.training.plan import Run

__version__ = "0.1.0"
__all__ = [
    "Report", "SpecError", "__version__", "build", "check", "code", "evaluate", "generate", "import_model", "predict",
    "train",
]  # fmt: skip


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
    spec: str | Path, *, weights: str | Path | Mapping[str, Any] | None = None, skip: Sequence[str] = (),
    network: str | None = None, **overrides: Any,
) -> Any:  # fmt: skip
    """The Keras model of a spec (`keras.Model`), with new weights or with those of a file.

    `weights` is a `.weights.h5`, `.keras` or `.h5` file of Keras, of the same network in keras.applications or of one
    that was built from a spec; or the folder of a run, for its best weights. `skip` names layers (or patterns of
    names) that keep new weights, such as a head with another number of classes: `build("resnet50.yaml",
    weights="resnet50.keras", skip=["dense"])`. Both may be given as a spec has them, as `weights={"path": …, "skip":
    […]}`. Paths are relative to the working directory. What of the file stays unused is said in a warning. Of a GAN,
    `network` says which model: its `generator` or its `discriminator`.
    Raises `SpecError` where the spec does not hold, `ValueError` where `network` is wanted or strange, and a
    `WeightsError` with every layer that the file does not fit.
    """
    graph = _sound(spec, **overrides).network(network)
    path, left = _weights_of(weights, skip)
    from cnnspec.training.device import quiet_start

    with quiet_start():
        from cnnspec.emit.keras import build as build_model

    model = build_model(graph)
    if weights is not None:
        from cnnspec.training.weights import load_weights

        found = load_weights(model, Path(path), left)
        if words := found.unused_text():
            warnings.warn(f"{path}: {words}", stacklevel=2)
    return model


def _weights_of(weights: Any, skip: str | Sequence[str]) -> tuple[Any, tuple[str, ...]]:
    """The path of a file and what is skipped, from the forms that `build` takes. Raises `ValueError`."""
    left = (skip,) if isinstance(skip, str) else tuple(skip)
    if not isinstance(weights, Mapping):
        return weights, left
    from cnnspec.language.entries import Invalid
    from cnnspec.training.weights_section import Weights

    try:
        plain = {key: tuple(value) if isinstance(value, list) else value for key, value in weights.items()}
        read = Weights.read({**plain, "path": str(plain["path"])} if "path" in plain else plain)
    except Invalid as invalid:
        problem = invalid.problems[0]
        raise ValueError(f"`weights`: {problem.message}" + (f" ({problem.help})" if problem.help else "")) from None
    return read.path, (*read.skip, *left)


def code(spec: str | Path, *, network: str | None = None, **overrides: Any) -> str:
    """Keras source whose `build_model()` builds a spec's model; of a GAN, that of its `network`.

    Raises `SpecError` where the spec does not hold, and `ValueError` where `network` is wanted or strange.
    """
    graph = _sound(spec, **overrides).network(network)
    from cnnspec.emit.source import code as source_of

    return source_of(graph)


def train(
    spec: str | Path | None = None,
    *,
    epochs: int | None = None,
    backend: str | None = None,
    device: str | None = None,
    runs: str | Path = "runs",
    resume: str | Path | None = None,
    accept_changes: bool = False,
    quiet: bool = False,
    **overrides: Any,
) -> Run:
    """Train a spec, as `cnnspec train` does, and return the run.

    `resume` is the folder of a run to go on with, which needs no spec: it holds its own; `accept_changes` goes on where
    its files contradict each other, as its checkpoint says. `overrides` are what `--set`
    takes: `train("net.yaml", **{"training.batch_size": 64})`.
    Raises `SpecError` where the spec does not hold, and a `DataError` or `TrainingError` with a message and what to
    do where data or training fail.
    """
    from cnnspec.training.run import train_report
    from cnnspec.training.run_folder import SPEC, to_resume

    resume = to_resume(Path(resume)) if resume is not None else None
    if spec is None:
        if resume is None:
            raise TypeError("train() needs a spec, or a run to `resume`")
        spec = resume / SPEC
    report = _sound(spec, **overrides, **({"training.epochs": epochs} if epochs is not None else {}))

    return train_report(
        report, runs=runs, backend=backend, device=device, quiet=quiet, resume=resume, accept_changes=accept_changes
    )


def evaluate(
    run: str | Path,
    *,
    split: str | None = None,
    top: int = 5,
    backend: str | None = None,
    device: str | None = None,
    batch_size: int | None = None,
) -> Evaluation:
    """Judge the best weights of a run on a split (test, validation, train), as `cnnspec evaluate` does.

    `run` is a run folder, or the folder above it. Raises `SpecError` where the spec of the run does not hold, and a
    `DataError`, `TrainingError`, `WeightsError` or `RunError` with a message and what to do.
    """
    from cnnspec.judging.evaluate import evaluate as judge

    return judge(run, split=split, top=top, backend=backend, device=device, batch_size=batch_size)


def predict(
    run: str | Path,
    files: Iterable[str | Path] | str | Path,
    *,
    top: int = 3,
    output: str | Path | None = None,
    backend: str | None = None,
    device: str | None = None,
    batch_size: int | None = None,
) -> Iterator[Prediction]:
    """Tell what `files` show (images, .npy arrays, folders of them), as `cnnspec predict` does: one after another.

    `run` is a run folder, the folder above it, or a `.keras` file. Masks and images are written into the folder
    `output`, where it is given. A file that cannot be read is a `Prediction` with an `error`. Raises as `evaluate`.
    """
    from cnnspec.judging.predict import predictor

    told = predictor(run, backend=backend, device=device)
    listed = (files,) if isinstance(files, str | Path) else files
    return told(listed, top=top, output=None if output is None else Path(output), batch_size=batch_size)


def generate(
    run: str | Path,
    *,
    count: int = 16,
    seed: int | None = None,
    output: str | Path | None = None,
    grid: bool = False,
    backend: str | None = None,
    device: str | None = None,
    batch_size: int | None = None,
) -> Any:
    """What the generator of a GAN makes of noise, as an array: `count` images, numbers as its last layer gives them.

    `run` is a run folder, or the folder above it. The noise is drawn from `seed`, which is that of the run where it is
    left out. With `output` the images are also written into that folder as PNG, as `cnnspec generate` does, and with
    `grid` one picture of all. Raises as `evaluate`.
    """
    from cnnspec.judging.generate import generate as make

    folder = None if output is None else Path(output)
    return make(
        run, count=count, seed=seed, output=folder, grid=grid, backend=backend, device=device, batch_size=batch_size
    )


def import_model(model: Any, *, name: str | None = None, partial: bool = False, verify: bool = True) -> str:
    """The text of a spec that makes the same network as a functional or sequential `keras.Model`.

    With `verify`, the spec is built, given the same (random) weights and compared with the model on random inputs; the
    model keeps its own weights. Raises `ValueError` where both differ by more than 1e-5 of the largest output, and with
    every layer that has no word in the language; with `partial`, comments mark their places, and nothing is compared
    where there are any.
    """
    from cnnspec.importing.keras_freezing import freeze_patterns
    from cnnspec.importing.keras_model import read_model
    from cnnspec.importing.spec import as_spec, prepared
    from cnnspec.importing.write import freezing

    network = prepared(read_model(model, name))
    if network.gaps and not partial:
        raise ValueError("layers that no spec can express:\n" + "\n".join(f"  {gap}" for gap in network.gaps))
    text, proof = as_spec(network, f"the Keras model `{model.name}`"), None
    report = check(text)
    if verify and not network.gaps:
        from cnnspec.importing.keras_proof import prove

        if report.graph is None or not report.ok:
            raise ValueError(f"the imported spec does not hold:\n{report}")
        proof = prove(model, report.graph, network)
        if not proof.holds:
            raise ValueError(f"the imported spec computes something else: {proof}")
    return freezing(text, freeze_patterns(model, report.graph, proof)) if report.graph is not None else text


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
