"""Names in a spec that would write where they should not: refused by `validate`."""

from __future__ import annotations

import pytest

from tests.training.specs import SMALL, report

LONG = "x" * 101


@pytest.mark.parametrize(
    "name",
    ["loss", "epoch", "learning_rate", "seconds", "val_loss", "val_accuracy", r"a\nb", r"a\rb", r"\e[31mred", LONG, ""],
)
def test_names_of_metrics(name: str) -> None:
    assert not report(with_(f'metrics: [{{accuracy: {{name: "{name}"}}}}]')).ok


@pytest.mark.parametrize(
    "path",
    ["../../../x", "/tmp/x", "~/x", "a/../../x", "..", ".", "a//b", "./a", r"a\\b", r"a\nb", r"a\0b", "checkpoints",
     "checkpoints/x", "best.keras", ".lock/x", ".hidden"],
)  # fmt: skip
def test_folders_of_logs(path: str) -> None:
    assert not report(with_(f'callbacks: [{{tensorboard: "{path}"}}]')).ok


def test_sound_names() -> None:
    assert report(with_('metrics: [{accuracy: {name: "größe 1"}}], callbacks: [{tensorboard: logs/day1}]')).ok


def with_(training: str) -> str:
    return SMALL.replace("epochs: 2,", f"epochs: 2, {training},")
