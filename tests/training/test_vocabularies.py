"""Every optimizer, schedule, loss, metric and callback against the Keras class that it names."""

from __future__ import annotations

import inspect
from functools import reduce
from typing import Any

import pytest

from cnnspec.language.entries import Entry, Invalid, Vocabulary, read_entry
from cnnspec.training.callbacks import CALLBACKS
from cnnspec.training.component import Facing
from cnnspec.training.losses import LOSSES
from cnnspec.training.metrics import METRICS, Metric
from cnnspec.training.optimizers import OPTIMIZERS
from cnnspec.training.schedules import SCHEDULES

VOCABULARIES = {
    "optimizers": OPTIMIZERS,
    "optimizers.schedules": SCHEDULES,
    "losses": LOSSES,
    "metrics": METRICS,
    "callbacks": CALLBACKS,
}

LEFT_OUT = {
    "name": "no part of training; metrics apart, which have it as the history's column",
    "kwargs": "nothing is passed on blindly",
    "dtype": "`precision` says it for the whole run",
    "verbose": "the run's own reporter speaks",
    "filepath": "the best model is `best.keras` in the run folder",
    "save_best_only": "always so",
    "save_weights_only": "never so",
    "save_freq": "always an epoch",
    "initial_value_threshold": "the first finite value starts",
    "exclude_layers": "Keras matches names of layers that a spec does not have to know",
    "raise_error": "our own check raises before",
    "embeddings_freq": "no embeddings in images",
    "embeddings_metadata": "no embeddings in images",
}
DIFFERENT = {
    ("auc", "num_thresholds"): "left out, as many as make it exact",
    **{
        (name, "num_classes"): "left out, as many as the output has"
        for name in ("mean_iou", "iou", "one_hot_mean_iou", "one_hot_iou")
    },
    **{
        (name, form): "left out, it follows from the loss and the output"
        for name in ("mean_iou", "iou")
        for form in ("sparse_y_true", "sparse_y_pred")
    },
    ("cosine_decay", "decay_steps"): "left out, it is the whole run",
    ("exponential_decay", "decay_steps"): "left out, it is the whole run",
    ("inverse_time_decay", "decay_steps"): "left out, it is the whole run",
    ("polynomial_decay", "decay_steps"): "left out, it is the whole run",
}
OURS = {"one_cycle", "linear_warmup", "box_iou", "sum", "mlflow", "wandb"}
"""What Keras has none of."""
NOT_OFFERED = {
    "optimizers": {"LossScaleOptimizer", "MultiOptimizer", "OptimizerMap", "Optimizer", "ScheduleFreeAdamW"},
    "optimizers.schedules": {"LearningRateSchedule"},
    "losses": {"Loss", "CTC"},
    "metrics": {"Metric", "Mean", "MeanMetricWrapper", "Sum"},
    "callbacks": {"Callback", "CallbackList", "History", "ProgbarLogger", "LambdaCallback", "LearningRateScheduler",
                  "RemoteMonitor", "BackupAndRestore", "OrbaxCheckpoint", "CSVLogger", "SwapEMAWeights"},
}  # fmt: skip

ENTRIES = [(module, vocabulary[name]) for module, vocabulary in VOCABULARIES.items() for name in vocabulary]
KERAS_ENTRIES = [(module, cls) for module, cls in ENTRIES if cls.entry not in OURS]


def keras_module(path: str) -> Any:
    import keras

    return reduce(getattr, path.split("."), keras)


@pytest.mark.parametrize(("module", "cls"), KERAS_ENTRIES, ids=lambda value: getattr(value, "entry", value))
def test_arguments_and_defaults_are_those_of_keras(module: str, cls: type[Entry]) -> None:
    target = getattr(keras_module(module), cls.keras)
    theirs = {name: p for name, p in inspect.signature(target.__init__).parameters.items() if name != "self"}
    ours = dict(cls.model_fields)
    if module == "metrics":
        assert ours.pop("name").default is None
    assert set(ours) <= set(theirs)
    assert set(theirs) - set(ours) - set(LEFT_OUT) == set()
    for name, field in ours.items():
        expected = theirs[name].default
        if (cls.entry, name) in DIFFERENT:
            assert expected is not None
            assert field.default is None
        elif expected is inspect.Parameter.empty:
            assert field.is_required(), name
        else:
            assert not field.is_required(), name
            assert field.default == expected, name


@pytest.mark.parametrize("module", VOCABULARIES)
def test_every_class_of_keras_is_offered_or_left_out_on_purpose(module: str) -> None:
    namespace = keras_module(module)
    classes = {value.__name__ for value in vars(namespace).values() if inspect.isclass(value)}
    offered = {cls.keras for cls in VOCABULARIES[module].values() if cls.entry not in OURS}
    assert classes - offered == NOT_OFFERED[module] - offered
    assert offered <= classes


OWN = {"accuracy": "CategoricalAccuracy", "precision": "PerClass", "recall": "PerClass", "f_beta_score": "PerClass",
       "f1_score": "PerClass", "r2_score": "R2Score", "auc": "AUC", "top_k_categorical_accuracy": "TopK", "sparse_top_k_categorical_accuracy": "TopK"}  # fmt: skip
"""What is made of metrics, where Keras's own would mean something else."""


def _facing(cls: type[Metric]) -> Facing:
    """An output that a metric fits."""
    if "classes" in cls.of:
        return Facing((3,), "one_hot", "one_hot")
    if "yes_no" in cls.of:
        return Facing((1,), "classes", "column")
    return Facing((4,), "boxes" if "boxes" in cls.of else "values", "as_is", "numbers")


@pytest.mark.parametrize(("module", "cls"), ENTRIES, ids=lambda value: getattr(value, "entry", value))
def test_keras_makes_the_object(module: str, cls: type[Entry]) -> None:
    from cnnspec.training.compiling import make

    required: dict[str, Any] = {
        "initial_learning_rate": 0.1, "decay_rate": 0.5, "first_decay_steps": 10, "boundaries": (3, 5),
        "values": (3.0, 2.0, 1.0), "num_classes": 3, "target_class_ids": (0, 1), "recall": 0.5, "precision": 0.5,
        "specificity": 0.5, "sensitivity": 0.5, "max_learning_rate": 0.1, "learning_rate": 0.1,
        "losses": ("categorical_crossentropy", "dice"),
    }  # fmt: skip
    needed = {name: required[name] for name, field in cls.model_fields.items() if field.is_required()}
    entry: Any = cls.read(needed)
    if cls.entry in ("model_checkpoint", "mlflow", "wandb"):
        return  # ours alone
    if isinstance(entry, Metric):
        made = make(entry.call_for(_facing(type(entry))))
        assert type(getattr(made, "metric", made)).__name__ == OWN.get(cls.entry, cls.keras)
        return
    call = entry.over(100) if hasattr(entry, "over") else entry.call()
    assert type(make(call)).__name__ == cls.keras


PLAIN_METRICS = [
    cls for cls in METRICS.values()
    if cls.entry != "accuracy" and not any(field.is_required() for field in cls.model_fields.values())
]  # fmt: skip


@pytest.mark.parametrize("cls", PLAIN_METRICS, ids=lambda cls: cls.entry)
def test_the_direction_of_a_metric_is_that_of_keras(cls: Any) -> None:
    from cnnspec.training.compiling import make

    theirs = getattr(make(cls.read({}).call_for(_facing(cls))), "_direction", None)
    assert theirs in (None, "up" if cls.rises else "down")


@pytest.mark.parametrize(("module", "cls"), ENTRIES, ids=lambda value: getattr(value, "entry", value))
def test_the_first_argument_is_an_argument_and_every_entry_says_what_it_is(module: str, cls: type[Entry]) -> None:
    assert not cls.first or cls.first in cls.model_fields
    assert cls.__doc__
    assert cls.__doc__.strip().endswith((".", ")", "]", "}", "`"))


BAD: list[tuple[Vocabulary, Any, str]] = [
    (OPTIMIZERS, {"adam": -0.001}, "out-of-range"),
    (OPTIMIZERS, {"adam": 0}, "out-of-range"),
    (OPTIMIZERS, {"adam": float("inf")}, "out-of-range"),
    (OPTIMIZERS, {"adam": True}, "entry-form"),
    (OPTIMIZERS, {"adam": {"learning_rate": None}}, "wrong-type"),
    (OPTIMIZERS, {"adam": {"learning_rate": "cosine"}}, "unknown-schedule"),
    (OPTIMIZERS, {"adam": {"learning_rate": {"cosine_decay": -1}}}, "out-of-range"),
    (OPTIMIZERS, {"adam": {"learning_rate": {"cosine_decay": {}}}}, "missing-argument"),
    (OPTIMIZERS, {"adam": {"beta_1": 1}}, "out-of-range"),
    (OPTIMIZERS, {"adam": {"lr": 0.1}}, "unknown-argument"),
    (OPTIMIZERS, {"adam": {"clipnorm": 1, "clipvalue": 1}}, "optimizer-clips"),
    (OPTIMIZERS, {"adam": {"gradient_accumulation_steps": 1}}, "out-of-range"),
    (OPTIMIZERS, "adom", "unknown-optimizer"),
    (OPTIMIZERS, "lambda", "unknown-optimizer"),
    (SCHEDULES, {"cosine_decay": {"initial_learning_rate": 0.1, "warmup_steps": 5}}, "schedule-warmup"),
    (SCHEDULES, {"cosine_decay": {"initial_learning_rate": 0.1, "warmup_target": 0.5}}, "schedule-warmup"),
    (SCHEDULES, {"piecewise_constant_decay": {"boundaries": (5, 9), "values": (1.0, 0.1)}}, "schedule-pieces"),
    (SCHEDULES, {"piecewise_constant_decay": {"boundaries": (9, 5), "values": (1.0, 0.1, 0.01)}}, "schedule-pieces"),
    (SCHEDULES, {"piecewise_constant_decay": {"boundaries": (0.5, 9), "values": (1.0, 0.1, 0.01)}}, "schedule-pieces"),
    (SCHEDULES, {"one_cycle": {"max_learning_rate": 0.1, "warmup_steps": 1.0}}, "out-of-range"),
    (SCHEDULES, {"one_cycle": {"max_learning_rate": 0.1, "warmup_steps": "long"}}, "wrong-type"),
    (SCHEDULES, {"one_cycle": {"max_learning_rate": 0.1, "warmup_steps": 50, "decay_steps": 50}}, "schedule-warmup"),
    (SCHEDULES, {"linear_warmup": {"learning_rate": {"one_cycle": 0.1}}}, "schedule-warmup"),
    (SCHEDULES, {"linear_warmup": {"learning_rate": {"cosine": 0.1}}}, "unknown-schedule"),
    (SCHEDULES, {"cosine_decay": {"initial_learning_rate": 0.1, "decay_steps": 0}}, "out-of-range"),
    (LOSSES, {"huber": 0}, "out-of-range"),
    (LOSSES, {"categorical_crossentropy": {"label_smoothing": 1.5}}, "out-of-range"),
    (LOSSES, {"mean_squared_error": {"reduction": "none"}}, "bad-choice"),
    (LOSSES, {"sparse_categorical_crossentropy": {"label_smoothing": 0.1}}, "unknown-argument"),
    (LOSSES, {"sum": ("dice",)}, "wrong-length"),
    (LOSSES, {"sum": ("dice", "dyce")}, "unknown-loss"),
    (LOSSES, {"sum": ("dice", "sparse_categorical_crossentropy")}, "loss-sum"),
    (LOSSES, {"sum": ("dice", {"categorical_crossentropy": True})}, "loss-sum"),
    (LOSSES, {"sum": {"losses": ("dice", "categorical_crossentropy"), "weights": (1.0,)}}, "loss-sum"),
    (METRICS, {"box_iou": "corners"}, "bad-choice"),
    (METRICS, {"precision": 1.5}, "out-of-range"),
    (METRICS, {"precision": "half"}, "wrong-type"),
    (METRICS, {"precision": (0.3, 0.6)}, "wrong-type"),
    (METRICS, {"r2_score": {"class_aggregation": None}}, "bad-choice"),
    (METRICS, {"f1_score": "all"}, "bad-choice"),
    (CALLBACKS, {"early_stopping": {"patience": -1}}, "out-of-range"),
    (CALLBACKS, {"early_stopping": {"mode": "maximum"}}, "bad-choice"),
    (CALLBACKS, {"reduce_lr_on_plateau": {"factor": 1}}, "out-of-range"),
    (CALLBACKS, {"tensorboard": {"update_freq": 0}}, "bad-choice"),
    (CALLBACKS, "lambda_callback", "unknown-callback"),
]


@pytest.mark.parametrize(("vocabulary", "value", "code"), BAD, ids=lambda value: str(value)[:60])
def test_what_is_wrong_is_refused(vocabulary: Vocabulary, value: Any, code: str) -> None:
    with pytest.raises(Invalid) as caught:
        read_entry(value, vocabulary)
    assert [problem.code for problem in caught.value.problems] == [code]
