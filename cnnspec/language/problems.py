"""Pydantic's findings in the language's own words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from cnnspec.language.diagnostics import Diagnostic, Fix, Severity, called_from
from cnnspec.language.entries import Path, Problem, Section, shown, unknown
from cnnspec.language.hints import hint, rate_hint
from cnnspec.language.nodes import Node, locate
from cnnspec.language.spans import Span
from cnnspec.language.suggest import ELSEWHERE, NEEDLESS


@dataclass(frozen=True)
class Expects:
    """Metadata of a field: what it takes, in words (`a whole number, or a list with one for each axis`)."""

    words: str


def diagnose(problem: Problem, node: Node, *, calls: tuple[Span, ...] = (), severity: Severity = "error") -> Diagnostic:
    """The diagnostic of a problem with the value of `node`; `calls` are the block calls around it."""
    span = locate(node, problem.path, key=problem.on_key)
    fix = Fix(span, problem.replacement) if problem.replacement else None
    return Diagnostic(problem.code, problem.message, span, "", called_from(calls), problem.help, fix, severity)


_TAKES = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "`true` or `false`",
    "string_type": "a text",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "none_required": "`null`",
}
_KINDS = {
    "int_type": "number", "int_from_float": "number", "float_type": "number",
    "bool_type": "truth", "string_type": "text", "tuple_type": "list",
}  # fmt: skip
_BOUNDS = {
    "greater_than_equal": ("ge", "at least"),
    "greater_than": ("gt", "more than"),
    "less_than_equal": ("le", "at most"),
    "less_than": ("lt", "less than"),
}


def problems_of(error: ValidationError, cls: type[Section]) -> list[Problem]:
    """Every finding of `error`, translated; findings of one value by several union members count once."""
    found: dict[Path, Problem] = {}
    for detail in error.errors(include_url=False):
        for problem in _translate(detail, cls):
            found.setdefault((*problem.path, problem.on_key, problem.about), problem)
    meant = {problem.replacement.split(":")[0] for problem in found.values() if problem.replacement}
    missing = [problem for problem in found.values() if problem.about and problem.about not in meant]
    others = [problem for problem in found.values() if not problem.about]
    return others + ([_all_missing(missing, cls)] if missing else [])


def _translate(detail: ErrorDetails, cls: type[Section]) -> Iterator[Problem]:
    path: Path = tuple(detail["loc"])
    context = detail.get("ctx", {})
    kind, value = detail["type"], detail.get("input")
    if kind == "nested":
        for problem in context["problems"]:
            yield replace(problem, path=(*path, *problem.path), about="")
    elif kind == "extra_forbidden":
        yield _unknown_argument(path, cls)
    elif kind == "missing" and not isinstance(path[-1], str):
        yield Problem("wrong-length", f"{_spoken(path, cls)} has too few values: {len(value)}", path[:-1])
    elif kind == "missing":
        name = str(path[-1])
        yield Problem("missing-argument" if hasattr(cls, "entry") else "missing-key", "", path[:-1], True, about=name)
    else:
        name = _spoken(path, cls)
        code, message = _value_message(kind, name, value, context, _expects(path, cls))
        place = (*path, context["at"]) if context.get("at") else path
        yield Problem(code, message, place, help=context.get("help") or _help(kind, value, path, context, cls))


def _help(kind: str, value: Any, path: Path, context: Mapping[str, Any], cls: type[Section]) -> str | None:
    if kind == "less_than_equal":
        return rate_hint(value, context["le"])
    name = next((step for step in reversed(path) if isinstance(step, str)), "")
    if kind == "greater_than_equal" and name == "input" and value == -1:
        return "leave the batch out; a size that is open is `null`"
    return hint(value, _KINDS.get(kind, ""), name, _expects(path, cls) is None)


def _value_message(kind: str, name: str, value: Any, context: dict[str, Any], words: str | None) -> tuple[str, str]:
    if kind in _TAKES:
        return "wrong-type", f"{name} takes {words or _TAKES[kind]}, not {shown(value)}"
    if kind in _BOUNDS:
        key, phrase = _BOUNDS[kind]
        return "out-of-range", f"{name} must be {phrase} {context[key]:g}, not {shown(value)}"
    if kind == "finite_number":
        return "out-of-range", f"{name} must be a finite number, not {shown(value)}"
    if kind == "literal_error":
        return "bad-choice", f"{name} must be {words or context['expected'].replace(chr(39), '`')}, not {shown(value)}"
    if kind in ("too_short", "too_long"):
        wanted = context.get("min_length", context.get("max_length"))
        return "wrong-length", f"{name} takes {words or f'{wanted} values'}, not {context['actual_length']}"
    if "message" in context:
        return kind, f"{name}: {context['message']}" if context.get("spoken") else str(context["message"])
    return "wrong-type", f"{name} takes {words or 'another value'}, not {shown(value)}"


def _spoken(path: Path, cls: type[Section]) -> str:
    words = [str(step) for step in path if isinstance(step, str)]
    return f"`{words[-1]}`" if words else _subject(cls)


def _subject(cls: type[Section]) -> str:
    return cls.spoken if " " in cls.spoken else f"`{cls.spoken}`"


def _expects(path: Path, cls: type[Section]) -> str | None:
    field = cls.model_fields.get(str(path[0])) if path else None
    metadata = field.metadata if field else []
    return next((item.words for item in metadata if isinstance(item, Expects)), None)


def _unknown_argument(path: Path, cls: type[Section]) -> Problem:
    name = str(path[-1])
    fields = cls.model_fields
    known = sorted(fields, key=lambda key: (key == "trainable", not fields[key].is_required()))
    what = "argument" if hasattr(cls, "entry") else "key"
    if getattr(cls, "merges", False):
        known = ["inputs", *known]
    problem = unknown(name, known, f"{_subject(cls)} has no {what} `{name}`", f"unknown-{what}", path)
    if name.startswith("-") and name[1:2].isalpha():
        return replace(problem, help=f"put a space behind the `-`: `- {name[1:]}`", replacement=None)
    elsewhere = ELSEWHERE.get(name) if what == "key" else NEEDLESS.get(name)
    if elsewhere and problem.help is None:
        return replace(problem, help=elsewhere)
    if problem.help or not known:
        return problem if known else replace(problem, help=f"{_subject(cls)} takes no arguments")
    names = ", ".join(known[:12]) + (", …" if len(known) > 12 else "")
    return replace(problem, help=f"it takes: {names}")


def _all_missing(missing: list[Problem], cls: type[Section]) -> Problem:
    """One problem for everything that is missing at one place."""
    order = _required(cls)
    names = sorted((problem.about for problem in missing), key=order.index)
    needed = " and ".join(f"`{name}`" for name in names)
    return replace(
        missing[0], message=f"{_subject(cls)} needs {needed}", help=_example(cls, names), about=", ".join(names)
    )


def _required(cls: type[Section]) -> list[str]:
    first = getattr(cls, "first", "")
    names = [key for key, field in cls.model_fields.items() if field.is_required()]
    return sorted(names, key=lambda name: name != first)


def _example(cls: type[Section], names: list[str]) -> str:
    required = _required(cls)
    if not hasattr(cls, "entry"):
        return "add " + " and ".join(f"`{name}:`" for name in names)
    return f"write `{cls.spoken}: {{{', '.join(f'{key}: …' for key in required)}}}`"
