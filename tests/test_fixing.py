"""Fixes of texts: what helps is taken, all else stays as it was, byte for byte."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cnnspec import fixing, pipeline
from cnnspec.fixing import comments, fixed, fixed_bytes
from cnnspec.language.diagnostics import Diagnostic, Fix
from cnnspec.language.spans import Span
from tests.test_bad import FOLDER, SPECS

GOOD = "input: [8, 8, 1]\nlayers: [flatten]\n"


def check(text: str, file: str = "a.yaml") -> tuple[Diagnostic, ...]:
    return pipeline.check_text(text, file, directory=FOLDER).diagnostics


def mend(text: str) -> str:
    return fixed(text, "a.yaml", check).text


def of_words(**fixes: str) -> fixing.Check:
    """A check that finds each word wrong where it stands and wants it replaced."""

    def found(text: str) -> list[Diagnostic]:
        every = []
        for number, line in enumerate(text.split("\n"), start=1):
            for word, instead in fixes.items():
                if (column := line.find(word) + 1) > 0:
                    span = Span("a.yaml", number, column, number, column + len(word))
                    every.append(Diagnostic(f"not-{word}", f"`{word}`", span, fix=Fix(span, instead)))
        return every

    return found


@pytest.mark.slow
def test_every_bad_spec_that_can_be_mended() -> None:
    """Comments stay, mending once is mending for good, and most of what is mended holds afterwards."""
    fixable, holds = [], []
    for path in SPECS:
        before = path.read_bytes()
        found = pipeline.check_bytes(before, path.name, directory=FOLDER).diagnostics
        if not any(each.fix is not None and each.fix.span.file == path.name for each in found):
            continue
        after, _ = fixed_bytes(before, path.name, lambda text, file=path.name: check(text, file))
        report = pipeline.check_bytes(after, path.name, directory=FOLDER)
        old, new = (comments(data.decode("utf-8-sig")) for data in (before, after))
        assert old == new or any(each.code == "unused-ignore" for each in found), path.name
        assert fixed_bytes(after, path.name, lambda text, file=path.name: check(text, file)) == (after, 0), path.name
        errors = [sum(each.severity == "error" for each in some) for some in (found, report.diagnostics)]
        unread = any(each.code.startswith("yaml-") for each in found)
        assert errors[1] <= errors[0] or unread, path.name
        if all(each.fix is not None for each in found if each.severity == "error"):
            fixable.append(path.stem)
            holds += [path.stem] * report.ok
    print(f"{len(holds)} of {len(fixable)} hold afterwards; not: {sorted(set(fixable) - set(holds))}")
    assert len(holds) >= 0.8 * len(fixable)
    assert len(fixable) >= 20


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("last", ["", "x"])
def test_bytes_elsewhere_stay(end: str, mark: bytes, last: str) -> None:
    lines = ["input:   [8, 8, 1]  # größe", "layers:", "  - flaten\t # one", "", "  -   dens: 3  # 漢字"]
    text = end.join(lines) + (end if last else "")
    data = mark + text.encode()
    new, fixes = fixed_bytes(data, "a.yaml", check)
    assert fixes == 2
    assert new == mark + text.replace("flaten", "flatten").replace("dens:", "dense:").encode()


def test_what_is_no_text_stays() -> None:
    for data in (b"\xff\xfe", b"", b"\xef\xbb\xbf"):
        assert fixed_bytes(data, "a.yaml", check) == (data, 0)


def test_a_fix_that_adds_errors_is_dropped_and_the_others_are_taken() -> None:
    def found(text: str) -> list[Diagnostic]:
        more = [Diagnostic("worse", str(n), Span("a.yaml", 1, 1, 1, 2)) for n in range(2 * text.count("worse"))]
        return [*of_words(bad="worse", ill="well", old="new")(text), *more]

    assert fixed("ill\nbad\nold\n", "a.yaml", found) == ("well\nbad\nnew\n", 2)


def test_a_fix_that_changes_nothing_is_dropped() -> None:
    assert fixed("bad\n", "a.yaml", of_words(bad="very bad")) == ("bad\n", 0)


def test_fixes_that_undo_each_other_end() -> None:
    assert fixed("ping\n", "a.yaml", of_words(ping="pong", pong="ping")) == ("pong\n", 1)


def test_fixes_that_bring_others_to_light_go_on() -> None:
    assert fixed("one\n", "a.yaml", of_words(one="two", two="three")) == ("three\n", 2)


def test_overlapping_fixes_are_taken_one_after_the_other() -> None:
    def found(text: str) -> list[Diagnostic]:
        spans = {"abc": Span("a.yaml", 1, 1, 1, 4), "bcd": Span("a.yaml", 1, 2, 1, 5)}
        return [Diagnostic(word, word, span, fix=Fix(span, "-")) for word, span in spans.items() if word in text]

    assert fixed("abcd", "a.yaml", found) == ("-d", 1)


def test_a_fix_of_another_file_is_left() -> None:
    span = Span("b.yaml", 1, 1, 1, 2)
    assert fixed("x", "a.yaml", lambda text: [Diagnostic("c", "m", span, fix=Fix(span, "y"))]) == ("x", 0)


def test_a_fix_that_would_take_a_comment_is_dropped() -> None:
    line = Span("a.yaml", 1, 1, 2, 1)

    def found(text: str, code: str = "c") -> list[Diagnostic]:
        return [Diagnostic(code, "m", line, fix=Fix(line, ""))] if "bad" in text else []

    assert fixed("bad  # why\nx\n", "a.yaml", found) == ("bad  # why\nx\n", 0)
    assert fixed("bad: '# no comment'\nx\n", "a.yaml", found) == ("x\n", 1)
    assert fixed("bad  # cnnspec: …\nx\n", "a.yaml", lambda text: found(text, "unused-ignore")) == ("x\n", 1)


def test_a_fix_that_breaks_the_text_is_dropped() -> None:
    def found(text: str) -> list[Diagnostic]:
        broken = [Diagnostic("yaml-syntax", "broken", Span("a.yaml", 1, 1, 1, 2))] if "{" in text else []
        return broken or of_words(bad="{")(text)

    assert fixed("bad\n", "a.yaml", found) == ("bad\n", 0)


def test_comments() -> None:
    text = "# a\nb: 'x # y' # c\nd: x#y\ne: |\n  # text\nf: \"#\" #g\n"
    assert comments(text) == ["# a", "# c", "#g"]
    assert comments("a: [ # b\n") == ["# b"]


def test_a_name_and_its_call_are_mended_together() -> None:
    text = mend("input: [8, 8, 1]\nlayers:\n  - conv2d: {filter: 2, kernel_size: 3}\n  - flaten  # why\n  - dens: 3\n")
    assert (
        text
        == "input: [8, 8, 1]\nlayers:\n  - conv2d: {filters: 2, kernel_size: 3}\n  - flatten  # why\n  - dense: 3\n"
    )


def test_write_keeps_the_mode_and_follows_links(tmp_path: Path) -> None:
    path, link = tmp_path / "a.yaml", tmp_path / "link.yaml"
    path.write_bytes(b"old")
    path.chmod(0o640)
    link.symlink_to(path)
    fixing.write(link, b"new", b"old")
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o640
    assert link.is_symlink()
    assert sorted(tmp_path.iterdir()) == [path, link]


def test_write_leaves_what_has_changed_since(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"saved by hand")
    with pytest.raises(OSError, match="changed in the meantime"):
        fixing.write(path, b"new", b"old")
    assert path.read_bytes() == b"saved by hand"


def test_write_fails_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"old")

    def full(number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        fixing.write(path, b"new", b"old")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_diff_applies(tmp_path: Path) -> None:
    import shutil
    import subprocess

    before, after = b"a\r\nb\nlast", b"a\r\nc\nlast one"
    text = fixing.diff(before, after, "a.yaml")
    assert text.splitlines()[:2] == ["--- a.yaml", "+++ a.yaml"]
    assert text.count("\\ No newline at end of file\n") == 2
    if shutil.which("patch"):
        (tmp_path / "a.yaml").write_bytes(before)
        subprocess.run(["patch", "--binary", "-p0"], input=text.encode(), cwd=tmp_path, check=True, capture_output=True)
        assert (tmp_path / "a.yaml").read_bytes() == after
