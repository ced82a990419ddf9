"""The documented JSON form."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from cnnspec.language.diagnostics import Diagnostic
from cnnspec.language.spans import Span


def as_json(diagnostics: Iterable[Diagnostic]) -> str:
    """The documented JSON document."""
    return json.dumps({"diagnostics": [_record(found) for found in diagnostics]}, indent=2, ensure_ascii=False)


def _record(found: Diagnostic) -> dict[str, Any]:
    span, fix = found.span, found.fix
    return {
        "code": found.code,
        "severity": found.severity,
        "message": found.message,
        "help": found.help,
        "file": span.file,
        **_ends(span),
        "related": [
            {
                "message": related.message,
                "file": related.span.file,
                "line": related.span.line,
                "column": related.span.column,
            }
            for related in found.related
        ],
        "fix": {**_ends(fix.span), "text": fix.text} if fix else None,
    }


def _ends(span: Span) -> dict[str, int]:
    return {"line": span.line, "column": span.column, "end_line": span.end_line, "end_column": span.end_column}
