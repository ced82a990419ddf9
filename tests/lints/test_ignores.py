"""Comments that silence warnings."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnnspec.language import limits
from cnnspec.pipeline import check_file, check_text

CONV = "conv2d: {filters: 8, kernel_size: 3}"
BIAS, UNUSED = "bias-before-norm", "unused-ignore"


def told(text: str, **options: object) -> list[tuple[str, int]]:
    report = check_text(text, **options)  # type: ignore[arg-type]
    assert report.ok, str(report)
    return [(found.code, found.span.line) for found in report.diagnostics]


def spec(*lines: str) -> str:
    return "\n".join(["input: [32, 32, 3]", "layers:", *lines, ""])


@pytest.mark.parametrize(
    "text",
    [
        spec(f"  - {CONV}   # cnnspec: ignore[{BIAS}]", "  - batch_normalization"),
        spec(f"  - {CONV} # cnnspec: ignore[{BIAS}] as published (see the paper)", "  - batch_normalization"),
        spec(f"  - {CONV}\t#cnnspec:ignore[ {BIAS} ]", "  - batch_normalization"),
        spec(f"  # cnnspec: ignore[{BIAS}]", f"  - {CONV}", "  - batch_normalization"),
        spec(f"  # cnnspec: ignore[{BIAS}]", "", "  # wide", f"  - {CONV}", "  - batch_normalization"),
        spec(f"# cnnspec: ignore[{BIAS}]", "  - residual:", "      layers:", f"        - {CONV[:-1]}, padding: same}}",
             "        - batch_normalization", "        - conv2d: {filters: 3, kernel_size: 1}"),
        spec(f"  - {CONV}", "  - batch_normalization", f"# cnnspec: ignore-file[{BIAS}]"),
        f"# cnnspec: ignore-file[{BIAS}] all over\n" + spec(f"  - {CONV}", "  - batch_normalization"),
        f"# cnnspec: ignore[{BIAS}]\nlayers:\n- {CONV}\n- batch_normalization\n\ninput: [8, 8, 3]\n",
        spec(f"  - {CONV}  # wide  # cnnspec: ignore[{BIAS}]", "  - batch_normalization"),
        spec(f"  # cnnspec: ignore[{BIAS}]", "  - conv2d: {filters: 8,", "kernel_size: 3}", "  - batch_normalization"),
        spec("  - flatten", "  - dense:  # cnnspec: ignore[softmax-single, softmax-hidden]", "      units: 1",
             "      activation: softmax  # cnnspec: ignore[softmax-single]")
        .replace("  # cnnspec: ignore[softmax-single, softmax-hidden]", ""),
    ],
)  # fmt: skip
def test_it_is_silent(text: str) -> None:
    assert told(text) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (spec(f"  - {CONV}", f"  - batch_normalization  # cnnspec: ignore[{BIAS}]"), [(BIAS, 3), (UNUSED, 4)]),
        (spec(f"  # cnnspec: ignore[{BIAS}]", "  - relu", f"  - {CONV}", "  - batch_normalization"),
         [(UNUSED, 3), (BIAS, 5)]),
        (spec(f"  - {CONV}  # cnnspec: ignore", "  - batch_normalization"), [(BIAS, 3), (UNUSED, 3)]),
        (spec(f"  - {CONV}  # cnnspec: ignore[]", "  - batch_normalization"), [(BIAS, 3), (UNUSED, 3)]),
        (spec(f"  - {CONV}  # cnnspec: disable[{BIAS}]", "  - batch_normalization"), [(BIAS, 3), (UNUSED, 3)]),
        (spec(f"  - {CONV}#cnnspec: ignore[{BIAS}]", "  - batch_normalization").replace("3}#", "3} #x "), [(BIAS, 3)]),
        (f"name: 'a # cnnspec: ignore-file[{BIAS}]'\n" + spec(f"  - {CONV}", "  - batch_normalization"), [(BIAS, 4)]),
        (f'name: "a\n # cnnspec: ignore-file[{BIAS}]"\n' + spec(f"  - {CONV}", "  - batch_normalization"), [(BIAS, 5)]),
        (f"name: |\n  # cnnspec: ignore-file[{BIAS}]\n" + spec(f"  - {CONV}", "  - batch_normalization"), [(BIAS, 5)]),
        ("# cnnspec: 1\n" + spec("  - relu"), []),
        ("# write `# cnnspec: ignore[code]`\n" + spec("  - relu"), []),
        (spec(f"  - {CONV}", "  - batch_normalization", f"  # cnnspec: ignore[{BIAS}]"), [(BIAS, 3), (UNUSED, 5)]),
    ],
)  # fmt: skip
def test_it_is_told(text: str, found: list[tuple[str, int]]) -> None:
    assert told(text) == found


def test_a_comment_behind_the_mark_of_a_block_of_text() -> None:
    text = "name: >  # cnnspec: ignore-file[bias-before-norm]\n  a\n" + spec(f"  - {CONV}", "  - batch_normalization")
    assert told(text) == []


def test_what_is_unused_is_mended() -> None:
    text = spec(f"  - {CONV}  # cnnspec: ignore[{BIAS}, softmax-single, dropout-rat]", "  - batch_normalization")
    report = check_text(text)
    assert [(found.code, found.message, found.help) for found in report.diagnostics] == [
        (UNUSED, "there is no warning `softmax-single` here to ignore", "take it out"),
        (UNUSED, "no warning has the code `dropout-rat`", "did you mean `dropout-rate`?"),
    ]
    fixes = [found.fix for found in report.diagnostics]
    assert fixes[0] is not None
    assert (fixes[0].text, fixes[1]) == (BIAS, None)
    alone = spec("  - relu  # cnnspec: ignore[softmax-single] why")
    (found,) = check_text(alone).diagnostics
    assert found.fix is not None
    assert found.fix.text == ""
    assert (found.fix.span.column, found.fix.span.end_column) == (9, len(alone.split("\n")[2]) + 1)
    own_line = spec("  # cnnspec: ignore[softmax-single]", "  - relu")
    (found,) = check_text(own_line).diagnostics
    assert found.fix is not None
    assert found.fix.span[1:] == (3, 1, 4, 1)


def test_errors_stay() -> None:
    report = check_text("# cnnspec: ignore-file[unknown-argument]\n" + spec("  - conv2d: {filter: 3, kernel_size: 3}"))
    assert [found.code for found in report.diagnostics] == ["unknown-argument"]


def test_a_silenced_warning_is_no_error_in_strict() -> None:
    text = spec(f"  - {CONV}", "  - batch_normalization")
    assert not check_text(text, strict=True).ok
    assert check_text(text.replace("3}", f"3}}  # cnnspec: ignore[{BIAS}]"), strict=True).ok


BLOCKS = f"""
blocks:
  mine:
    layers:
      # cnnspec: ignore[{BIAS}] as published
      - {CONV}
      - batch_normalization
  other:
    layers: [relu]
"""


def test_comments_in_other_files(tmp_path: Path) -> None:
    (tmp_path / "blocks.yaml").write_text(BLOCKS, encoding="utf-8")
    (tmp_path / "base.yaml").write_text(BLOCKS + spec("  - mine", "  - other"), encoding="utf-8")
    main = tmp_path / "main.yaml"
    for text in (
        "imports: [blocks.yaml]\n" + spec("  - mine"),
        "imports: [blocks.yaml]\n" + spec("  - other"),
        "extends: base.yaml\n",
        "extends: base.yaml\nlayers: [relu]\n",
    ):
        main.write_text(text, encoding="utf-8")
        assert check_file(main).diagnostics == ()
    (tmp_path / "base.yaml").write_text(
        BLOCKS.replace("# ", "# not ") + spec("  - mine", "  - other"), encoding="utf-8"
    )
    main.write_text(f"# cnnspec: ignore-file[{BIAS}]\nextends: base.yaml\n", encoding="utf-8")
    assert [found.code for found in check_file(main).diagnostics] == [UNUSED, BIAS][::-1]


def test_what_is_not_expanded_may_need_it() -> None:
    text = "parameters: {norm: false}\n" + spec(
        "  - when:", "      condition: $norm", "      layers:", f"        - {CONV}  # cnnspec: ignore[{BIAS}]",
        "        - batch_normalization", "  - relu",
    )  # fmt: skip
    assert told(text) == []
    assert told(text, overrides=["parameters.norm=true"]) == []
    assert told(spec(f"  - relu  # cnnspec: ignore[{BIAS}]"), overrides=["name=x"]) == []


def test_other_warnings_are_ignored_too() -> None:
    text = "parameters: {width: 3}  # cnnspec: ignore[parameter-hides]\n" + spec("  - dense: $width", "  - flatten")
    assert told(text.replace("  # cnnspec: ignore[parameter-hides]", "")) == [
        ("parameter-hides", 1),
        ("dense-on-map", 4),
    ]
    assert told(text.replace("dense: $width", "resizing: {height: 3, width: $width}")) == []


def test_without_a_comment_nothing_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr("cnnspec.language.ignores.walk", refuse)
    assert told(spec("  - relu  # cnnspec is a language")) == []


def test_what_is_told_of_comments_is_bounded() -> None:
    text = f"input: [8]\nlayers:\n  - relu  # cnnspec: ignore[{', '.join(['dropout-last'] * 3000)}]\n"
    assert len(check_text(text).diagnostics) == limits.DIAGNOSTICS
