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
    """What is written of an entry. `body` is all of it but the errors, the source and the examples."""

    summary: str
    body: str
    errors: str = ""
    source: str = ""
    examples: tuple[str, ...] = ()

    @property
    def example(self) -> str:
        """The examples, one below the other."""
        return "\n\n".join(self.examples)

    @property
    def markdown(self) -> str:
        """The whole text, each example in a fence."""
        return self.with_arguments("")

    def with_arguments(self, arguments: str) -> str:
        """The same with the list of arguments before the examples."""
        parts = {"": self.body, "Errors: ": self.errors, "Source: ": self.source, "Arguments: ": arguments}
        fenced = [f"```yaml\n{example}\n```" for example in self.examples]
        return "\n\n".join([*(word + part for word, part in parts.items() if part), *fenced])


def text_of(docstring: str | None) -> Text:
    """The parts of a docstring, its lines joined to paragraphs."""
    written, *examples = re.split(r"^Example:\n", inspect.cleandoc(docstring or ""), flags=re.MULTILINE)
    parts = _PART.split(written)
    named = dict(zip(parts[1::2], parts[2::2], strict=True))
    paragraphs = [flowing(paragraph) for paragraph in parts[0].split("\n\n") if paragraph.strip()]
    body = "\n\n".join(paragraphs)
    summary = first_sentence(paragraphs[0]) if paragraphs else ""
    errors, source = (flowing(named.get(name, "")) for name in ("Errors", "Source"))
    return Text(summary, body, errors, source, tuple(textwrap.dedent(example).strip() for example in examples))


def flowing(text: str) -> str:
    """A paragraph in one line."""
    return " ".join(text.split())


def first_sentence(text: str) -> str:
    """Up to the first full stop or semicolon that ends a sentence, which is left out."""
    end = _SENTENCE.search(text)
    return text[: end.start()] if end else text.removesuffix(".")
