"""A short run of the fuzzer, the worst inputs that are known, and whether the fuzzer would see what it looks for."""

from __future__ import annotations

import gc
import os
import random
import signal
import time
from pathlib import Path

import pytest

from cnnspec import pipeline
from tests.fuzz import randoms, worst
from tests.fuzz.check import SLOWEST, Outcome, checked, shrunk, slowdown, trouble
from tests.fuzz.harness import MAKERS, made, run, save


def seconds(data: bytes, folder: Path) -> tuple[float, pipeline.Report]:
    """The processor time of a check with all its reports, the least of three (other work disturbs it), as a quiet
    machine would take it."""
    least = float("inf")
    for _ in range(3):
        gc.collect()
        slower = slowdown()
        start = time.process_time()
        report, _ = checked(data, folder)
        least = min(least, (time.process_time() - start) / max(slower, slowdown()))
        if least < SLOWEST / 2:
            break
    return least, report


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    randoms.write_files(folder)
    return folder


@pytest.mark.parametrize(
    ("kind", "count"), [("mutations", int(os.environ.get("CNNSPEC_FUZZ", "1000"))), ("random", 250)]
)
def test_no_input_breaks_the_compiler(kind: str, count: int, folder: Path) -> None:
    found = {}
    for number in range(count):
        outcome = trouble(made(kind, 1, number), folder, thorough=number % 20 == 0)
        if outcome.trouble is not None:
            found[number] = outcome.trouble
    assert found == {}


@pytest.mark.parametrize("name", worst.HUGE)
def test_what_would_take_for_ever_ends_in_a_diagnostic(name: str, folder: Path) -> None:
    taken, report = seconds(worst.everything()[name](), folder)
    assert taken < SLOWEST or taken < SLOWEST * slowdown()
    assert any(found.severity == "error" for found in report.diagnostics)


@pytest.mark.parametrize("name", worst.YAML)
def test_what_is_no_spec_is_refused_at_once(name: str, folder: Path) -> None:
    taken, report = seconds(worst.YAML[name](), folder)
    assert taken < SLOWEST or taken < SLOWEST * slowdown()
    assert any(found.severity == "error" for found in report.diagnostics)


@pytest.mark.parametrize("name", worst.LARGE)
def test_a_large_spec_takes_less_than_a_second(name: str, folder: Path) -> None:
    taken, report = seconds(worst.everything()[name](), folder)
    assert taken < SLOWEST or taken < SLOWEST * slowdown()
    assert report.ok


@pytest.mark.parametrize(
    "text",
    [
        "input: [8, 8, 3]\nlayers: [relu]\ntraining:\n  metrics: [null]\n",
        "inputs:\n l: {}\n",
        "training: {loss: {3: [[{}]]}}",
        "input: [8, 8, 1]\nlayers:\n" + "- flatten\n  - relu\n" * 500,
        "input: [4, 4, 3]\nlayers: [{residual: [{conv2d: {filters: 1000000000, kernel_size: 5}}]}]",
        "e: {u=99999999999999999999}",
        "p: [" * 60 + "$x" + "]" * 60,
        f"parameters:\n  p0: {list(range(5000))}\n"
        + "".join(f"  p{at + 1}: $p{at}\n" for at in range(900))
        + "input: [8, 8, 3]\nlayers: [{dense: $p900}]",
        "input: [8, 8, 3]\nlayers: [relu, {conv2d: {filters: " + "$(" * 1500 + "}}]",
        "input: [8, 8, 3]\nlayers: [flatten]\ntraining: {weights: " + "a" * 400 + ".h5}",
        "input: [8, 8, 3]\nlayers: [flatten]\ndata: {source: {npz: " + "a/" * 4000 + "}}",
        "task: gan\ngenerator:\ndiscriminator:\n  input: [1]\n  layers: [flatten]",
        "input: [3, 3, 1]\nlayers:\n- conv2d: {filters: 3, kernel_size: 3}\n- share: $(height/2)",
        "input: [3, 3, 1]\nlayers: [flatten, {share: $(height)}]",
        "inputs: {t: [8], i: [1]}\nlayers: [flatten: {inputs: $(height/2), name: e}]",
    ],
)
def test_what_was_found_once_stays_mended(text: str, folder: Path) -> None:
    assert trouble(text.encode(), folder, thorough=True).trouble is None


def test_five_hundred_mistakes_are_enough() -> None:
    text = "input: [8, 8, 3]\n" + worst.HUGE["thousands of mistakes"]()
    found = pipeline.check_text(text).diagnostics
    assert len(found) == 501
    assert [each.message for each in found if each.code == "limit-diagnostics"] == [
        "more than 500 mistakes: the others are not looked for"
    ]


def test_the_warnings_that_are_too_many_are_dropped() -> None:
    unused = "".join(f"  - relu: {{inputs: a, name: b{at}}}\n" for at in range(1500))
    report = pipeline.check_text("input: [8, 8, 3]\nlayers:\n  - relu: {name: a}\n" + unused)
    assert report.ok
    assert [each.message for each in report.diagnostics if each.code == "limit-diagnostics"] == [
        "more than 500 warnings: the others are not shown"
    ]


def test_an_input_is_made_again_by_its_seed_and_number() -> None:
    for kind, make in MAKERS.items():
        inputs = [made(kind, 5, number) for number in range(20)]
        assert inputs == [made(kind, 5, number) for number in range(20)]
        assert len(set(inputs)) > 10
        assert made(kind, 6, 0) != make(random.Random(0))


# The fuzzer itself: a check that misbehaves on some inputs.


def _misbehaves(data: bytes, folder: Path, *, thorough: bool = False) -> Outcome:
    if data == made("mutations", 3, 4):
        os.kill(os.getpid(), signal.SIGKILL)
    return Outcome("a word" if len(data) % 2 else None, 0.25)


def test_a_crash_is_found_and_the_others_go_on() -> None:
    odd = sum(len(made("mutations", 3, number)) % 2 for number in range(12) if number != 4)
    result = run({"mutations": 12}, 3, 1, check=f"{__name__}:_misbehaves", say=lambda line: None)
    assert (result.tallies["mutations"].inputs, result.tallies["mutations"].troubles) == (12, odd + 1)
    assert [found.number for what, found in result.found.items() if "died" in what] == [4]
    assert "mutations" in result.table()


def test_what_goes_wrong_is_saved_as_small_as_it_gets(tmp_path: Path) -> None:
    assert shrunk(b"a\nb\nc relu d\ne", lambda data: b"relu" in data) == b"relu"
    from tests.fuzz.harness import Found

    path = save(
        Found("random", 7, "a word", b"x\ny dense\nz"),
        tmp_path,
        lambda data, folder: Outcome("a word" if b"dense" in data else None),
    )
    assert path.read_bytes() == b"dense"
    assert "random 7" in path.with_suffix(".txt").read_text()
