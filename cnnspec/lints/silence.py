"""Whether a comment that silences no warning should have."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable

from cnnspec.graph.graph import Graph
from cnnspec.language.document import NETWORKS
from cnnspec.language.ignores import Ignore
from cnnspec.language.nodes import MappingNode


def doubting(graphs: Iterable[Graph], document: MappingNode, file: str) -> Callable[[Ignore], bool]:
    """Says of a comment whether it is to be told that it silences nothing: in the spec itself, of what is checked.

    In a block that is not called, or a condition that does not hold, it may well be needed another time.
    """
    spans = [span for graph in graphs for node in graph.nodes for span in (node.span, *node.calls)]
    checked = sorted({span.line for span in spans if span.file == file})
    listed = [
        range(key.span.line, value.span.end_line + 1)
        for key, value in document.pairs
        if key.text in ("layers", "blocks", *NETWORKS) and key.span.file == file
    ]

    def doubted(comment: Ignore) -> bool:
        if comment.span.file != file or comment.lines is None:
            return comment.span.file == file
        at = bisect_left(checked, comment.lines.start)
        reached = at < len(checked) and checked[at] < comment.lines.stop
        return reached or not any(comment.span.line in lines for lines in listed)

    return doubted
