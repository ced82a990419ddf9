"""The standard blocks, as their files tell of them: a header comment, parameters, and layers that show their use."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from cnnspec.language.library import standard_names
from cnnspec.language.nodes import plain
from cnnspec.reference.texts import Text, first_sentence, flowing

_SECTION = re.compile(r"^\w+:", re.MULTILINE)


class StandardBlock(NamedTuple):
    """A block that is always in scope. A parameter that is None must be given."""

    name: str
    text: Text
    parameters: dict[str, Any]
    inputs: tuple[str, ...] = ()

    @property
    def required(self) -> list[str]:
        """The parameters that must be given."""
        return [name for name, value in self.parameters.items() if value is None]


def standard_blocks() -> dict[str, StandardBlock]:
    """All of them by name, in alphabetical order."""
    return {name: standard_block(name) for name in sorted(standard_names())}


def standard_block(name: str) -> StandardBlock:
    """The standard block of that name."""
    from cnnspec.language.imports import standard_root, standard_text

    declared = plain(standard_root(name))["blocks"][name]
    return StandardBlock(
        name, _text(standard_text(name)), declared.get("parameters") or {}, tuple(declared.get("inputs") or ())
    )


def _text(written: str) -> Text:
    lines = written.splitlines()
    end = next((at for at, line in enumerate(lines) if not line.startswith("#")), len(lines))
    header = [line.removeprefix("#").strip() for line in lines[:end] if not line.startswith("# yaml-language-server:")]
    paragraphs = [flowing(part) for part in "\n".join(header).split("\n\n") if part.strip()]
    body = "\n\n".join(paragraphs)
    return Text(first_sentence(body), body, examples=(_use("\n".join(lines[end:])),))


def _use(written: str) -> str:
    """The file less its declaration of the block."""
    starts = [match.start() for match in _SECTION.finditer(written)]
    sections = [written[start:end] for start, end in zip(starts, [*starts[1:], len(written)], strict=True)]
    return "\n".join(section.strip() for section in sections if not section.startswith(("blocks:", "cnnspec:")))
