"""Lines of code: of a spec, and of a Keras module."""

from __future__ import annotations

import ast
import io
import tokenize
from pathlib import Path

_NO_CODE = (
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
)


def of_yaml(path: Path) -> int:
    """The lines of a spec without comments and blank lines."""
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    return sum(1 for line in lines if line and not line.startswith("#"))


def of_python(path: Path) -> int:
    """The lines of a module that hold code: no comments, docstrings, blank lines."""
    text = path.read_text(encoding="utf-8")
    held = {
        line
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type not in _NO_CODE
        for line in range(token.start[0], token.end[0] + 1)
    }
    return len(held - _told(ast.parse(text)))


def _told(tree: ast.Module) -> set[int]:
    """The lines of texts that stand alone or are given a name at the top: docstrings and their parts."""
    texts = {
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    }
    named = {
        node
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    }
    return {
        line
        for node in texts | {node for node in named if "DOC" in ast.unparse(node.targets[0]).upper()}
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
