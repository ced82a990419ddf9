"""`cnnspec new` as a user runs it: its templates hold, and train as they are."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

import cnnspec
from cnnspec import pipeline
from cnnspec.cli.new import TEMPLATES, command, text_of
from tests.cli.test_validate_and_summary import run
from tests.schema.reading import problems

NAMES = sorted(path.stem for path in TEMPLATES.glob("*.yaml"))


def new(*arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(command, arguments)
    return done.exit_code, done.stdout, done.stderr


def test_there_are_four() -> None:
    assert NAMES == ["autoencoder", "classifier", "residual", "unet"]


@pytest.mark.parametrize("template", NAMES)
def test_a_template_holds_without_a_word(template: str) -> None:
    text = text_of(template, "my-net")
    report = pipeline.check_text(text)
    assert report.diagnostics == ()
    assert report.name == "my-net"
    assert report.data is not None
    assert report.data.source.entry == "digits"
    assert problems(text) == []
    assert text.count("#") >= 3


def test_it_writes_a_file_and_says_what_is_next(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    code, out, err = new(str(tmp_path / "mine"), "--template", "residual")
    assert (code, err) == (0, "")
    assert f"cnnspec validate {path}\n" in out
    assert f"cnnspec train {path}\n" in out
    assert path.read_text(encoding="utf-8") == text_of("residual", "mine")
    assert "name: mine\n" in text_of("residual", "mine")


def test_a_file_that_is_there_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("mine\n")
    code, out, err = new(str(path))
    assert code != 0
    assert out == ""
    assert err == f"Error: {path} is there already\n"
    assert path.read_text() == "mine\n"


def test_exit_codes(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").touch()
    assert run("new", str(tmp_path / "mine")).returncode == 2
    assert run("new", str(tmp_path / "nowhere" / "mine")).returncode == 2
    assert run("new", str(tmp_path / "no name")).returncode == 2
    assert run("new", str(tmp_path / "mine"), "--template", "gan").returncode == 2
    assert run("new", str(tmp_path / "other")).returncode == 0


def test_a_dash_prints_it() -> None:
    done = run("new", "-", "--template", "unet")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (TEMPLATES / "unet.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["1e3", "null", "true", "017", "a.b", "-a", "größe", "a-1"])
def test_every_name_stays_a_name(name: str) -> None:
    report = pipeline.check_text(text_of("classifier", name))
    assert report.diagnostics == ()
    assert report.name == name


def test_templates_have_no_schema_line_that_could_be_wrong() -> None:
    for template in NAMES:
        text = (TEMPLATES / f"{template}.yaml").read_text(encoding="utf-8")
        assert not re.search(r"^# yaml-language-server", text, re.MULTILINE)
        assert "cnnspec schema > cnnspec.schema.json" in text


@pytest.mark.slow
@pytest.mark.parametrize("template", NAMES)
def test_a_template_trains(template: str, tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(text_of(template, "net"), encoding="utf-8")
    done = cnnspec.train(path, epochs=2, device="cpu", runs=tmp_path / "runs", quiet=True)
    with (done.folder / "history.csv").open(encoding="utf-8", newline="") as file:
        first, last = (float(row["loss"]) for row in csv.DictReader(file))
    assert last < 0.95 * first
