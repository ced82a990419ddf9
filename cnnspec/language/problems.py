"""Pydantic's findings in the language's own words."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from cnnspec.language import limits
from cnnspec.language.diagnostics import Diagnostic, Fix, Related, Severity, called_from
from cnnspec.language.entries import Path, Problem, Section, shown, unknown
from cnnspec.language.expressions import is_expression
from cnnspec.language.habits import ELSEWHERE, NEEDLESS, OTHERWISE
from cnnspec.language.hints import Hint, mend, rate_hint
from cnnspec.language.nodes import MappingNode, Node, ScalarNode, SequenceNode, locate
from cnnspec.language.removal import removal
from cnnspec.language.scope import Environment, Scope, traced
from cnnspec.language.spans import Span
from cnnspec.language.words import parts as words_of


@dataclass(frozen=True)
class Expects:
    """Metadata of a field: what it takes, in words (`a whole number, or a list with one for each axis`)."""

    words: str


def diagnose(
    problem: Problem,
    node: Node,
    *,
    calls: tuple[Span, ...] = (),
    severity: Severity = "error",
    scope: Scope | None = None,
    environment: Environment | None = None,
) -> Diagnostic:
    """The diagnostic of a problem with the value of `node`; `calls` are the block calls around it.

    A value that is the value of a parameter in `scope`, such as `$filters`, is told where that is given. Of one that is
    computed in `environment`, the values are told that it is computed from.
    """
    if scope is not None and not problem.on_key:
        used, rest = _reached(node, problem.path)
        given = traced(used, scope)
        if given.node is not used:
            hidden = used.span.standard and not given.node.span.standard
            problem = _renamed(problem, given.name) if hidden else _unnamed(problem)
            found = diagnose(replace(problem, path=rest), given.node, environment=given.environment)
            related = [call for call in called_from(calls) if call.span.line != found.span.line]
            return replace(found, severity=severity, related=(Related("it is used here", used.span), *related))
    span = locate(node, problem.path, key=problem.on_key)
    fix = None if problem.replacement is None else _fix(problem, node)
    problem = _computed(problem, _reached(node, problem.path)[0], environment)
    return Diagnostic(problem.code, problem.message, span, "", called_from(calls), problem.help, fix, severity)


def _renamed(problem: Problem, name: str) -> Problem:
    """A problem with an argument inside a standard block, under the name that the block's caller knows."""
    word = next((step for step in reversed(problem.path) if isinstance(step, str)), "")
    message, help = (text and text.replace(f"`{word}`", f"`{name}`") for text in (problem.message, problem.help))
    return replace(problem, message=message or "", help=help and help.replace(f"`{word}: ", f"`{name}: "))


def _unnamed(problem: Problem) -> Problem:
    """A problem whose help writes the value alone, as it stands where a parameter gives it."""
    word = next((step for step in reversed(problem.path) if isinstance(step, str)), "")
    return replace(problem, help=problem.help and problem.help.replace(f"`{word}: ", "`"))


def _computed(problem: Problem, node: Node, environment: Environment | None) -> Problem:
    """The problem with what an expression is computed from, where that is what `node` holds."""
    if problem.on_key or problem.code not in ("wrong-type", "out-of-range"):
        return problem
    if not isinstance(node, ScalarNode) or not is_expression(node.value):
        return problem
    facts = environment.facts(node.text) if environment is not None and "(" in node.text else None
    fraction = re.search(r"whole number.*, not `(-?\d*\.\d+)`$", problem.message)
    divides = fraction is not None and re.search(r"(?<!/)/(?!/)", node.text)
    if fraction is not None and divides and node.span.standard:
        message = f"{_quoted(node.text)} must be a whole number, and is {float(fraction[1]):.6g}"
        return replace(problem, message=message, help=f"choose values that divide: {facts}" if facts else None)
    if divides:
        help = "`//` divides to a whole number, and `round(…)` rounds"
        return replace(problem, help=f"{help}; {facts}" if facts else help)
    return replace(problem, help=problem.help or facts)


def _quoted(text: str) -> str:
    return f"`{text[2:-1]}`" if text.startswith("$(") else f"`{text}`"


def _reached(node: Node, path: Path) -> tuple[Node, Path]:
    """The innermost node on the way along `path`, and the rest of the way. A first argument stands without its name."""
    for at, step in enumerate(path):
        if isinstance(node, MappingNode) and (below := node.get(str(step))) is not None:
            node = below
        elif isinstance(node, SequenceNode) and isinstance(step, int) and 0 <= step < len(node.items):
            node = node.items[step]
        elif isinstance(node, SequenceNode) and isinstance(step, str) and at > 0:
            continue
        else:
            return node, path[at:]
    return node, ()


def _fix(problem: Problem, node: Node) -> Fix | None:
    """The replacement of the key or value, where it stands in the text as it is read."""
    assert problem.replacement is not None
    if problem.on_key and not problem.replacement:
        return _without(problem.path, node)
    held = False
    for index, step in enumerate(problem.path):
        held = isinstance(node, MappingNode) or (held and isinstance(node, ScalarNode))
        if isinstance(node, MappingNode):
            key, below = node.key(str(step)), node.get(str(step))
            if key is None or below is None:
                return None
            if problem.on_key and index == len(problem.path) - 1:
                if problem.code in ("entry-form", "entry-two-names"):
                    return Fix(node.span, problem.replacement)
                return Fix(key.span, problem.replacement)
            node = below
        elif isinstance(node, SequenceNode) and isinstance(step, int) and 0 <= step < len(node.items):
            node = node.items[step]
        elif isinstance(node, ScalarNode) and node.text == problem.path[-1] and problem.on_key:
            text = problem.replacement
            return Fix(node.span, f"{{{text}}}" if held and ": " in text else text)
        else:
            break
    if problem.replacement == "- " and isinstance(node, MappingNode) and node.pairs:
        start = node.pairs[0][0].span
        alone = len(node.pairs) == 1 and start[1:3] == node.span[1:3]
        return Fix(Span(start.file, start.line, start.column, start.line, start.column), "- ") if alone else None
    computed = isinstance(node, ScalarNode) and is_expression(node.value)
    whole = node.span.line == node.span.end_line
    return Fix(node.span, problem.replacement) if whole and not computed and not problem.on_key else None


def _without(path: Path, node: Node) -> Fix | None:
    """Takes a key out, or all arguments where it is the only one."""
    *outer, name = path
    around: tuple[ScalarNode, Node] | None = None
    for step in outer:
        if isinstance(node, MappingNode):
            key, below = node.key(str(step)), node.get(str(step))
            if key is None or below is None:
                return None
            around, node = (key, below), below
        elif isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.items):
            around, node = None, node.items[step]
    if not isinstance(node, MappingNode):
        return None
    if len(node.pairs) == 1 and around is not None and node.span.line == node.span.end_line == around[0].span.line:
        end = around[0].span
        return Fix(Span(end.file, end.line, end.end_column, node.span.end_line, node.span.end_column), "")
    gone = node.key(str(name))
    return removal(node, gone) if gone is not None else None


_LAYERS = {"backbone", "head", "encoder", "decoder"}
_SECTIONS = ("layers", "blocks", "data", "training", "parameters", "outputs", "inputs", "extends", "imports")
_TAKES = {
    "int_type": "a whole number", "int_from_float": "a whole number", "float_type": "a number",
    "bool_type": "`true` or `false`", "string_type": "a text", "tuple_type": "a list", "list_type": "a list",
    "dict_type": "a mapping", "model_type": "a mapping", "model_attributes_type": "a mapping",
    "none_required": "`null`",
}  # fmt: skip
_KINDS = {
    "int_type": "whole", "int_from_float": "whole", "float_type": "number",
    "bool_type": "truth", "string_type": "text", "tuple_type": "list",
}  # fmt: skip
_BOUNDS = {
    "greater_than_equal": ("ge", "at least"), "greater_than": ("gt", "more than"),
    "less_than_equal": ("le", "at most"), "less_than": ("lt", "less than"),
}  # fmt: skip


def problems_of(error: ValidationError, cls: type[Section], given: Container[str] = ()) -> list[Problem]:
    """Every finding of `error`, translated; findings of one value by several union members count once."""
    found: dict[Path, Problem] = {}
    for detail in error.errors(include_url=False)[: limits.DIAGNOSTICS + 100]:
        for problem in _translate(detail, cls, given):
            found.setdefault((*problem.path, problem.on_key, problem.about), problem)
    inner = [problem.path for problem in found.values() if problem.path]
    found = {
        key: problem for key, problem in found.items()
        if problem.code != "wrong-length" or not any(_within(path, problem.path) for path in inner)
    }  # fmt: skip
    meant = {problem.guess for problem in found.values()}
    if any(problem.reason == "section" for problem in found.values()):
        found = {key: problem for key, problem in found.items() if problem.reason != "elsewhere"}
    lists = [key for key, problem in found.items() if problem.on_key and {*problem.path[-1:]} & _LAYERS]
    lacking = any(problem.about == "layers" for problem in found.values())
    if lacking and len(lists) == 1 and (one := found[lists[0]]).reason == "elsewhere":
        help = "did you mean `layers`?"
        found[lists[0]] = replace(one, help=help, replacement="layers", guess="layers", reason=None)
        meant.add("layers")
    if "extends" in meant and not hasattr(cls, "entry"):
        found = {key: problem for key, problem in found.items() if not problem.about}
    missing = [problem for problem in found.values() if problem.about and problem.about not in meant]
    others = [problem for problem in found.values() if not problem.about]
    first = {problem.reason: problem for problem in reversed(others)}
    strange, other = first.get("listed") or first.get("given"), first.get("otherwise")
    if missing and other and other.path[:-1] == missing[0].path:
        return others
    if missing and strange and strange.path[:-1] == missing[0].path:
        needed = _all_missing(missing, cls).message.partition(" needs ")[2]
        help, reason = f"it needs {needed}; {strange.help}", None if strange.reason == "listed" else strange.reason
        others[others.index(strange)] = replace(strange, help=help, reason=reason)
        return others
    return others + ([_all_missing(missing, cls)] if missing else [])


def _within(path: Path, outer: Path) -> bool:
    return len(path) > len(outer) and path[: len(outer)] == outer


def _translate(detail: ErrorDetails, cls: type[Section], given: Container[str]) -> Iterator[Problem]:
    path: Path = tuple(detail["loc"])
    context = detail.get("ctx", {})
    kind, value = detail["type"], detail.get("input")
    if kind == "nested":
        for problem in context["problems"]:
            yield replace(problem, path=(*path, *problem.path), about="")
    elif kind == "extra_forbidden":
        yield unknown_argument(path, cls, given)
    elif kind == "missing" and not isinstance(path[-1], str):
        yield Problem("wrong-length", f"{_spoken(path, cls)} has too few values: {len(value)}", path[:-1])
    elif kind == "missing":
        name = str(path[-1])
        yield Problem("missing-argument" if hasattr(cls, "entry") else "missing-key", "", path[:-1], True, about=name)
    else:
        name = _spoken(path, cls)
        code, message = _value_message(kind, name, value, context, _expects(path, cls))
        place = (*path, context["at"]) if context.get("at") else path
        found = Hint(context["help"], context.get("mend")) if context.get("help") else None
        if found is None and code != "bad-choice":
            found = _hint(kind, value, path, context, cls)
        help, text, word = found or (None, None, None)
        yield Problem(code, message, place, help=help, replacement=text, word=word)


def _hint(kind: str, value: Any, path: Path, context: Mapping[str, Any], cls: type[Section]) -> Hint | None:
    if kind in ("less_than_equal", "less_than"):
        return rate_hint(value, context.get("le", context.get("lt")))
    name = next((step for step in reversed(path) if isinstance(step, str)), "")
    if kind == "greater_than_equal" and name == "input" and value == -1:
        return Hint("leave the batch out; a size that is open is `null`", "null")
    if path == ("input",) and isinstance(value, int) and not isinstance(value, bool):
        square = f"`[{value}, {value}, 3]` for colour images of {value}×{value}, or "
        return Hint(f"write {square if value >= 16 else ''}`[{value}]` for a vector")
    if name in ("input", "inputs") and value in ("None", "none", "?"):
        return Hint("write `null`: any size", "null")
    return mend(value, _KINDS.get(kind, ""), name, _expects(path, cls) is None)


def _value_message(kind: str, name: str, value: Any, context: dict[str, Any], words: str | None) -> tuple[str, str]:
    if kind in _TAKES:
        return "wrong-type", f"{name} takes {words or _TAKES[kind]}, not {shown(value)}"
    if kind in _BOUNDS:
        key, phrase = _BOUNDS[kind]
        return "out-of-range", f"{name} must be {phrase} {bound(context[key])}, not {shown(value)}"
    if kind == "finite_number":
        return "out-of-range", f"{name} must be a finite number, not {shown(value)}"
    if kind == "literal_error":
        return "bad-choice", f"{name} must be {words or context['expected'].replace(chr(39), '`')}, not {shown(value)}"
    if kind in ("too_short", "too_long"):
        wanted = context.get("min_length", context.get("max_length"))
        number = context["actual_length"]
        what = f"{number} value{'s' * (number != 1)}" if number else "an empty list"
        return "wrong-length", f"{name} takes {words or f'{wanted} values'}, not {what}"
    if "message" in context:
        return kind, f"{name}: {context['message']}" if context.get("spoken") else str(context["message"])
    return "wrong-type", f"{name} takes {words or 'another value'}, not {shown(value)}"


def bound(value: float) -> str:
    """A limit as messages show it: `0.5`, `4,294,967,295`."""
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"


def _spoken(path: Path, cls: type[Section]) -> str:
    words = [str(step) for step in path if isinstance(step, str)]
    return f"`{words[-1]}`" if words else _subject(cls)


def _subject(cls: type[Section]) -> str:
    return cls.spoken if " " in cls.spoken else f"`{cls.spoken}`"


def _expects(path: Path, cls: type[Section]) -> str | None:
    field = cls.model_fields.get(str(path[0])) if path else None
    metadata = field.metadata if field else []
    return next((item.words for item in metadata if isinstance(item, Expects)), None)


def unknown_argument(path: Path, cls: type[Section], given: Container[str] = ()) -> Problem:
    """The problem of a key at `path` that `cls` does not have, where `given` stand beside it."""
    problem = _unknown(path, cls)
    if problem.guess and problem.guess in given and path[:-1] == () and hasattr(cls, "entry"):
        help = f"`{problem.guess}` stands here already"
        return replace(problem, guess=None, replacement=None, help=help, reason="given")
    return problem


def _unknown(path: Path, cls: type[Section]) -> Problem:
    name = str(path[-1])
    fields = cls.model_fields
    known = sorted(fields, key=lambda key: (key == "trainable", not fields[key].is_required()))
    what = "argument" if hasattr(cls, "entry") else "key"
    if getattr(cls, "merges", False):
        known = ["inputs", *known]
    words = [*known, "inputs", "name"] if hasattr(cls, "merges") else known
    problem = unknown(name, words, f"{_subject(cls)} has no {what} `{name}`", f"unknown-{what}", path)
    if what == "key" and name in _SECTIONS and name not in fields and path[:-1] == ():
        help = f"`{name}:` is a section of its own: start it at the left margin"
        return replace(problem, help=help, replacement=None, guess=None, reason="section")
    first = getattr(cls, "first", "")
    if what == "argument" and first and (name.startswith("$") or re.fullmatch(r"-?[\d.]+", name)):
        return replace(problem, help=f"write `{first}: {name}`", replacement=f"{first}: {name}", guess=first)
    if name.startswith("-") and name[1:2].isalpha():
        return replace(problem, help=f"put a space behind the `-`: `- {name[1:]}`", replacement=None)
    if what == "argument" and name in OTHERWISE and (problem.help is None or problem.replacement is None):
        return replace(problem, help=OTHERWISE[name], replacement=None, guess=None, reason="otherwise")
    elsewhere = ELSEWHERE.get("_".join(words_of(name)), ELSEWHERE.get(name)) if what == "key" else NEEDLESS.get(name)
    if elsewhere and problem.replacement is None:
        if what == "key":
            return replace(problem, help=elsewhere, reason="elsewhere")
        return replace(problem, help=elsewhere, replacement="")
    if problem.help or not known:
        return problem if known else replace(problem, help=f"{_subject(cls)} takes no arguments")
    names = ", ".join(known[:12]) + (", …" if len(known) > 12 else "")
    return replace(problem, help=f"it takes: {names}", reason="listed")


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
    if required == [cls.spoken]:
        return f"write `{cls.spoken}: …`"
    return f"write `{cls.spoken}: {{{', '.join(f'{key}: …' for key in required)}}}`"
