"""A docstring's parts: summary, rule, errors, source, example."""

from __future__ import annotations

import inspect
import re
import textwrap
from dataclasses import dataclass

_SENTENCE = re.compile(r"(?<=[^\W\d_][\w)\]}`²”])[.;](?=\s|$)|(?<=[\d)\]`²}])[.;](?=\s|$)")
_PART = re.compile(r"(?:^|(?<=[.;] ))(Errors|Source): ", re.MULTILINE)


@dataclass(frozen=True)
class Text:
    """What is written of an entry. `body` is all of it but the errors, the source and the example."""

    summary: str
    body: str
    errors: str = ""
    source: str = ""
    example: str = ""

    @property
    def markdown(self) -> str:
        """The whole text, the example in a fence."""
        return self.with_arguments("")

    def with_arguments(self, arguments: str) -> str:
        """The same with the list of arguments before the example."""
        parts = {"": self.body, "Errors: ": self.errors, "Source: ": self.source, "Arguments: ": arguments}
        fenced = f"```yaml\n{self.example}\n```" if self.example else ""
        return "\n\n".join(word + part for word, part in [*parts.items(), ("", fenced)] if part)


def text_of(docstring: str | None) -> Text:
    """The parts of a docstring, its lines joined to paragraphs."""
    written, _, example = inspect.cleandoc(docstring or "").partition("Example:\n")
    parts = _PART.split(written)
    named = dict(zip(parts[1::2], parts[2::2], strict=True))
    paragraphs = [flowing(paragraph) for paragraph in parts[0].split("\n\n") if paragraph.strip()]
    body = "\n\n".join(paragraphs)
    summary = first_sentence(paragraphs[0]) if paragraphs else ""
    errors, source = (flowing(named.get(name, "")) for name in ("Errors", "Source"))
    return Text(summary, body, errors, source, textwrap.dedent(example).strip())


def flowing(text: str) -> str:
    """A paragraph in one line."""
    return " ".join(text.split())


def first_sentence(text: str) -> str:
    """Up to the first full stop or semicolon that ends a sentence, which is left out."""
    end = _SENTENCE.search(text)
    return text[: end.start()] if end else text.removesuffix(".")
