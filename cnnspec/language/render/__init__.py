"""Diagnostics → text: pure functions, one format a file, each loaded when it is asked for.

`text` shows the source with carets, `concise` is a line each, `as_json` the documented form. The formats of services
are in `github` and `sarif`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cnnspec.language.render.common import Paint, Sources, plain_paint
    from cnnspec.language.render.lines import concise
    from cnnspec.language.render.records import as_json
    from cnnspec.language.render.terminal import text

__all__ = ["Paint", "Sources", "as_json", "concise", "plain_paint", "text"]

_HOMES = {"as_json": "records", "concise": "lines", "text": "terminal"}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES.get(name, 'common')}"), name)
