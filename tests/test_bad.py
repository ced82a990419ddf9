"""Bad specs, discovered by folder: each file's rendering is the text beside it.

`python -m tests.test_bad` writes the renderings anew; read the difference before committing it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from cnnspec import pipeline
from cnnspec.language import render

FOLDER = Path(__file__).parent / "bad"
SPECS = sorted(FOLDER.glob("*.yaml"))
_FOREIGN = ("pydantic", "keras", "tensorflow", "traceback", "nonetype", "valueerror", "input should be", "<class")
_WARNINGS_ONLY = {
    "parameter_hides_channels", "unused_output", "data_path", "data_classes", "weights_missing", "weights_of_no_run",
    "gan_loss_sigmoid", "gan_range", "ignores", "lint_block", "lint_dice_of_scores", "lint_ends", "lint_regression", "lint_shapes", "lint_windows",
    "lint_checkerboard", "lint_early_stopping_patience", "lint_loss_one_class", "lint_monitor_mode", "lint_norm_momentum", "lint_plateau_patience", "lint_scaled_twice", "lint_colour_range", "lint_weights_scale",
    "lint_dense_on_a_map_for_two", "lint_loss_binary_of_softmax", "lint_loss_of_one_value", "lint_dense_on_one_pixel", "lint_loss_of_classes_for_inputs",
}  # fmt: skip


def rendered(path: Path) -> str:
    report = pipeline.check_bytes(path.read_bytes(), path.name, directory=FOLDER)
    return render.text(report.diagnostics, report.sources).replace(str(FOLDER), "…") + "\n"


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_rendering(path: Path) -> None:
    text = rendered(path)
    assert text == path.with_suffix(".txt").read_text(encoding="utf-8")
    assert text.startswith("warn[" if path.stem in _WARNINGS_ONLY else ("error[", "warn["))
    assert ("error[" in text) != (path.stem in _WARNINGS_ONLY)
    assert not [word for word in _FOREIGN if word in text.lower()]


def test_there_are_enough_and_none_is_stray() -> None:
    assert len(SPECS) >= 100
    assert {path.stem for path in FOLDER.glob("*.txt")} == {path.stem for path in SPECS}


def test_every_span_lies_in_its_text() -> None:
    for path in SPECS:
        report = pipeline.check_bytes(path.read_bytes(), path.name, directory=FOLDER)
        for found in report.diagnostics:
            for span in (found.span, *(related.span for related in found.related)):
                lines = report.sources[span.file].split("\n")
                assert 1 <= span.line <= len(lines), path.name
                assert 1 <= span.column <= len(lines[span.line - 1]) + 1, path.name
                assert (span.line, span.column) <= (span.end_line, span.end_column), path.name


if __name__ == "__main__":
    for spec in SPECS:
        spec.with_suffix(".txt").write_text(rendered(spec), encoding="utf-8")
