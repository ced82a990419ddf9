"""The pages of the diagnostic codes: what each means, why it matters, and how to mend it.

A page is `cnnspec/codes/<code>.md`: front matter (`family`, `severity`, `title`, and `set`, a list of overrides), the
text, an example that is wrong and the same one mended. Fences with `file=NAME` are files beside both. A control
picture such as ␇ in an example stands for the control character.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cnnspec.language.render import Paint
    from cnnspec.pipeline import Report

FOLDER = Path(__file__).parents[1] / "codes"
FAMILIES = (
    "YAML", "The spec", "Entries and arguments", "Names and flow", "Blocks and files", "Parameters and expressions",
    "Shapes", "Limits", "Data", "Training", "Lints", "The command line",
)  # fmt: skip
"""The order of the families; further ones follow."""

MAIN = "spec.yaml"
"""What the file of an example is called."""

_FENCE = re.compile(r"^```\w+ (bad|good|file=\S+)\n(.*?)^```\n?", re.MULTILINE | re.DOTALL)
_CONTROLS = {0x2400 + code: code for code in range(32)}


@dataclass(frozen=True, slots=True)
class Code:
    """The page of a code. `bad` and `good` are specs; both are empty where no spec can show it."""

    code: str
    family: str
    severity: str
    title: str
    text: str
    bad: str = ""
    good: str = ""
    files: tuple[tuple[str, str], ...] = ()
    overrides: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The page as plain data."""
        return {
            **self.summary(),
            "text": self.text,
            "bad": self.bad or None,
            "good": self.good or None,
            "files": dict(self.files),
            "set": list(self.overrides),
        }

    def summary(self) -> dict[str, Any]:
        """Its line in the list of all codes as plain data."""
        return {"code": self.code, "family": self.family, "severity": self.severity, "title": self.title}

    def check(self, spec: str, folder: Path) -> Report:
        """Check one of the examples, with its files in `folder`."""
        from cnnspec.pipeline import check_file

        for name, text in (*self.files, (MAIN, spec)):
            (folder / name).write_text(text.translate(_CONTROLS), encoding="utf-8")
        return check_file(folder / MAIN, overrides=self.overrides)

    def output(self, spec: str, paint: Paint | None = None, width: int | None = None) -> str:
        """What `cnnspec validate` prints for one of the examples."""
        from tempfile import TemporaryDirectory

        from cnnspec.language import render

        with TemporaryDirectory() as folder:
            report = self.check(spec, Path(folder))
        text = render.text(report.diagnostics, report.sources, paint or render.plain_paint, width)
        return text.replace(folder + os.sep, "")


def names() -> list[str]:
    """Every code that has a page, in the order of the alphabet."""
    return sorted(path.stem for path in FOLDER.glob("*.md"))


def codes() -> dict[str, Code]:
    """All pages, by family."""
    pages = [page(name) for name in names()]
    return {found.code: found for found in sorted(pages, key=lambda found: (*_order(found.family), found.code))}


def families() -> dict[str, list[Code]]:
    """The pages of each family."""
    found: dict[str, list[Code]] = {}
    for code in codes().values():
        found.setdefault(code.family, []).append(code)
    return found


def page(name: str) -> Code:
    """The page of a code. Raises `FileNotFoundError` where there is none."""
    return read(name, (FOLDER / f"{name}.md").read_text(encoding="utf-8"))


def read(name: str, source: str) -> Code:
    """The page in a text."""
    _, front, body = source.split("---\n", 2)
    fields = dict(line.split(": ", 1) for line in front.splitlines())
    fences = dict(_FENCE.findall(body))
    files = tuple((label.removeprefix("file="), text) for label, text in fences.items() if label.startswith("file="))
    overrides = tuple(filter(None, fields.get("set", "").strip("[]").split(", ")))
    text = re.sub(r"\n{3,}", "\n\n", _FENCE.sub("", body)).strip()
    return Code(
        name, fields["family"], fields["severity"], fields["title"], text, fences.get("bad", ""),
        fences.get("good", ""), files, overrides,
    )  # fmt: skip


def _order(family: str) -> tuple[int, str]:
    return (FAMILIES.index(family) if family in FAMILIES else len(FAMILIES), family)
