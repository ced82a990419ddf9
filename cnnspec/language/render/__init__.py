"""Diagnostics → text: pure functions, one format a file.

`text` shows the source with carets, `concise` is a line each, `as_json` the documented form. The formats of services
(`github`, `sarif`) are imported where they are asked for.
"""

from cnnspec.language.render.common import Paint, Sources, plain_paint
from cnnspec.language.render.concise import concise
from cnnspec.language.render.records import as_json
from cnnspec.language.render.terminal import text

__all__ = ["Paint", "Sources", "as_json", "concise", "plain_paint", "text"]
