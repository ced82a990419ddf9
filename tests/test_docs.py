"""The documentation is true: every spec in it checks, the generated page is current, the examples say what they say."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cnnspec import pipeline
from cnnspec.language import render
from cnnspec.training.callbacks import CALLBACKS
from docs import generate

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_BLOCK = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
EXAMPLES = [
    (page.name, page.read_text(encoding="utf-8").count("\n", 0, match.start()) + 2, match[1])
    for page in PAGES
    for match in _BLOCK.finditer(page.read_text(encoding="utf-8"))
    if re.search(r"^(layers|extends|generator):", match[1], re.MULTILINE)
]


@pytest.mark.parametrize(("page", "line", "text"), EXAMPLES, ids=[f"{page}:{line}" for page, line, _ in EXAMPLES])
def test_every_spec_in_the_docs_holds(page: str, line: int, text: str) -> None:
    report = pipeline.check_text(text, f"{page}:{line}", directory=ROOT)
    assert report.ok, str(report)


def test_there_are_specs_in_the_docs() -> None:
    assert len(EXAMPLES) > 50


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (generate.PAGE, generate.page),
        (generate.DIAGNOSTICS, generate.diagnostics),
        (generate.CATALOGUE, generate.catalogue),
        (generate.TRAINING, generate.training),
    ],
    ids=lambda value: getattr(value, "stem", ""),
)
def test_the_generated_pages_are_current(path: Path, text: Callable[[], str]) -> None:
    assert path.read_text(encoding="utf-8") == text(), "run `make docs`"


def test_every_callback_is_in_the_manual_with_its_arguments() -> None:
    text = (ROOT / "docs" / "training.md").read_text(encoding="utf-8")
    rows = "\n".join(
        line for line in text.partition("## Callbacks")[2].partition("\n## ")[0].split("\n") if "|" in line
    )
    listed = dict(re.findall(r"`(\w+)(?:: \{([\w, ]+)\})?`(?=,| \|)", rows))
    known = {name: sorted(CALLBACKS[name].model_fields) for name in CALLBACKS}
    assert {name: sorted(filter(None, found.split(", "))) for name, found in listed.items()} == known


def test_every_bad_spec_is_in_the_catalogue() -> None:
    listed = re.findall(r"^\| \[(\w+)\]", generate.catalogue(), re.MULTILINE)
    assert sorted(listed) == sorted(path.stem for path in (ROOT / "tests" / "bad").glob("*.yaml"))


def test_every_code_of_the_bad_specs_is_documented() -> None:
    known = (ROOT / "docs" / "diagnostics.md").read_text(encoding="utf-8")
    codes = {
        code
        for path in (ROOT / "tests" / "bad").glob("*.txt")
        for code in re.findall(r"^(?:error|warn)\[([\w-]+)\]", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert [code for code in sorted(codes) if f"`{code}`" not in known] == []


@pytest.mark.parametrize("path", sorted((ROOT / "specs").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_spec_validates_without_a_word(path: Path) -> None:
    report = pipeline.check_file(path)
    assert report.ok
    assert report.diagnostics == ()


@pytest.mark.parametrize(
    ("spec", "parameters"), [("simple_cnn", 421_642), ("mnist_cnn", 421_642), ("cifar_cnn", 4_210_090)]
)
def test_the_parameters_that_the_tutorials_print(spec: str, parameters: int) -> None:
    graph = pipeline.check_file(ROOT / "specs" / f"{spec}.yaml").graph
    assert graph is not None
    assert sum(node.parameters for node in graph.nodes) == parameters


def test_the_broken_tutorial_network_and_its_diagnosis() -> None:
    path = ROOT / "examples" / "broken_resnet.yaml"
    report = pipeline.check_bytes(path.read_bytes(), "examples/broken_resnet.yaml")
    text = render.text(report.diagnostics, report.sources) + "\n"
    assert text == path.with_suffix(".txt").read_text(encoding="utf-8")
    assert [(found.code, found.span.line) for found in report.diagnostics] == [
        ("shape-residual", 14), ("shape-residual", 22), ("shape-residual", 27), ("unknown-argument", 31), ("unknown-layer", 32),
    ]  # fmt: skip
    assert text.split("\n\n")[2].strip() in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_readme_shows_where_sizes_part() -> None:
    shown = (ROOT / "tests" / "bad" / "merge_unet_odd.txt").read_text(encoding="utf-8").strip()
    assert shown.replace("merge_unet_odd.yaml", "unet.yaml") in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_api_example_runs(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples" / "python_api.py"), "1"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "line 3: kernel 33×33 does not fit its 28×28 input" in done.stdout
    assert "Keras counts 29,066 parameters" in done.stdout
    assert "test accuracy 0." in done.stdout
