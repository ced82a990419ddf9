"""SARIF 2.1.0, the format of code scanning services (OASIS, Static Analysis Results Interchange Format, 2020).

Files are named relative to the root of the repository (`%SRCROOT%`), columns count Unicode characters from 1.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

from cnnspec.language.diagnostics import Diagnostic, Fix
from cnnspec.language.render.github import Locate
from cnnspec.language.spans import Span

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

_ROOT = "%SRCROOT%"
_OF_THE_RUN = {"file-unreadable", "internal-error"}
"""Codes that say something of the run, not of a spec."""


class Rule(NamedTuple):
    """What is known about a code: a short title, the long text (Markdown), the severity that it has as a rule."""

    title: str
    text: str
    severity: str


def sarif(
    diagnostics: Iterable[Diagnostic],
    locate: Locate,
    *,
    version: str,
    exit_code: int,
    rule: Callable[[str], Rule | None] = lambda code: None,
) -> str:
    """The document of one run. `rule` knows the codes; where it knows none, the code stands alone."""
    every = list(diagnostics)
    found = [each for each in every if each.code not in _OF_THE_RUN]
    codes = {code: at for at, code in enumerate(dict.fromkeys(each.code for each in found))}
    severities = {each.code: each.severity for each in found}
    driver = {
        "name": "cnnspec",
        "version": version,
        "rules": [_rule(code, rule(code), severities[code]) for code in codes],
    }
    invocation: dict[str, Any] = {"executionSuccessful": exit_code < 2, "exitCode": exit_code}
    notifications = [_notification(each, locate) for each in every if each.code in _OF_THE_RUN]
    if notifications:
        invocation["toolExecutionNotifications"] = notifications
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The root of the repository."}}},
        "invocations": [invocation],
        "results": [_result(each, codes, locate) for each in found],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False)


def _rule(code: str, known: Rule | None, severity: str) -> dict[str, Any]:
    record: dict[str, Any] = {"id": code}
    if known is not None:
        record["shortDescription"] = {"text": _sentence(known.title)}
        record["fullDescription"] = {"text": _plain(known.text.split("\n\n")[0])}
        record["help"] = {"text": _plain(known.text), "markdown": known.text}
    level = known.severity if known is not None and known.severity in ("error", "warning") else severity
    return {**record, "defaultConfiguration": {"level": level}}


def _result(found: Diagnostic, codes: Mapping[str, int], locate: Locate) -> dict[str, Any]:
    parts = [found.message, found.label, f"Help: {found.help}" if found.help else ""]
    record: dict[str, Any] = {
        "ruleId": found.code,
        "ruleIndex": codes[found.code],
        "level": found.severity,
        "message": {"text": "\n".join(filter(None, parts))},
        "locations": [_location(found.span, locate)],
    }
    related = [each for each in found.related if each.span != found.span]
    if related:
        record["relatedLocations"] = [
            {"id": at, **_location(each.span, locate), "message": {"text": each.message}}
            for at, each in enumerate(related, start=1)
        ]
    if found.fix is not None and locate(found.fix.span.file) is not None:
        record["fixes"] = [_fix(found.fix, found.help, locate)]
    return record


def _location(span: Span, locate: Locate) -> dict[str, Any]:
    """A place in a file; for what is no file, its name alone."""
    artifact = _artifact(span.file, locate)
    if artifact is None:
        return {"logicalLocations": [{"name": span.file}]}
    return {"physicalLocation": {"artifactLocation": artifact, "region": _region(span)}}


def _artifact(file: str, locate: Locate) -> dict[str, str] | None:
    path = locate(file)
    if path is None:
        return None
    if path.startswith("/"):
        return {"uri": f"file://{quote(path)}"}
    return {"uri": quote(f"./{path}" if ":" in path.split("/")[0] else path), "uriBaseId": _ROOT}


def _region(span: Span) -> dict[str, int]:
    return {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }


def _fix(fix: Fix, help: str | None, locate: Locate) -> dict[str, Any]:
    replacement: dict[str, Any] = {"deletedRegion": _region(fix.span)}
    if fix.text:
        replacement["insertedContent"] = {"text": fix.text}
    change = {"artifactLocation": _artifact(fix.span.file, locate), "replacements": [replacement]}
    described = {"description": {"text": help}} if help else {}
    return {**described, "artifactChanges": [change]}


def _notification(found: Diagnostic, locate: Locate) -> dict[str, Any]:
    record: dict[str, Any] = {
        "descriptor": {"id": found.code},
        "level": "error",
        "message": {"text": found.message},
    }
    artifact = _artifact(found.span.file, locate)
    if artifact is not None:
        record["locations"] = [{"physicalLocation": {"artifactLocation": artifact}}]
    return record


def _sentence(title: str) -> str:
    return f"{title[:1].upper()}{title[1:]}".rstrip(".") + "."


def _plain(markdown: str) -> str:
    """Markdown without its marks for code."""
    return markdown.replace("`", "")
