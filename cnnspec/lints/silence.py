"""Whether a comment that silences no warning should have."""

from __future__ import annotations

from cnnspec.graph.graph import Graph
from cnnspec.language.ignores import Ignore
from cnnspec.language.nodes import MappingNode


def expected(comment: Ignore, graph: Graph, document: MappingNode, file: str) -> bool:
    """Whether it is to be told that `comment` silences nothing: in the spec itself, of what is checked.

    In a block that is not called, or a condition that does not hold, it may well be needed another time.
    """
    lines = comment.lines
    if comment.span.file != file:
        return False
    if lines is None:
        return True
    for node in graph.nodes:
        if any(span.file == file and span.line in lines for span in (node.span, *node.calls)):
            return True
    places = ((key.span, value.span) for key, value in document.pairs if key.text in ("layers", "blocks"))
    return not any(key.file == file and key.line <= comment.span.line <= value.end_line for key, value in places)
