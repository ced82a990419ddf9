"""Graph → the summary: a table of its layers for people, and the documented JSON for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cnnspec.graph.costs import receptive_fields, totals
from cnnspec.graph.graph import Graph, Node
from cnnspec.layers.base import show

_COLUMNS = ("layer", "formula", "output", "parameters", "multiply-adds", "sees", "memory")
_RIGHT = {"parameters", "multiply-adds", "sees", "memory"}
_BYTES = 4  # float32


def as_json(graph: Graph) -> dict[str, Any]:
    """The documented form of `summary --json`."""
    total, fields = totals(graph), receptive_fields(graph)
    return {
        "name": graph.name,
        "layers": [_record(node, fields[node.name]) for node in graph.nodes],
        "totals": {
            "parameters": total.parameters,
            "trainable": total.trainable,
            "multiply_adds": total.multiply_adds,
            "activations": total.activations,
        },
    }


def _record(node: Node, seen: tuple[int, ...] | None) -> dict[str, Any]:
    return {
        "name": node.name,
        "layer": node.layer.entry,
        "inputs": list(node.inputs),
        "output_shape": list(node.shape),
        "parameters": node.parameters,
        "trainable": node.trainable,
        "multiply_adds": node.multiply_adds,
        "receptive_field": None if seen is None else list(seen),
        "formula": node.formula,
        "line": node.span.line,
    }


def as_text(graph: Graph) -> str:
    """The table: a row for each input and layer, and the totals."""
    rows: list[tuple[str, ...]] = [(name, "", show(shape), "", "", "", "") for name, shape in graph.inputs.items()]
    fields = receptive_fields(graph)
    rows += [_row(node, fields[node.name]) for node in graph.nodes]
    return "\n".join([*_aligned(_COLUMNS, rows), "", *_totals(graph)])


def _row(node: Node, seen: tuple[int, ...] | None) -> tuple[str, ...]:
    return (
        _label(node),
        node.formula,
        show(node.shape),
        f"{node.parameters:,}" if node.parameters else "",
        _number(node.multiply_adds),
        show(seen) if seen else "",
        "" if node.activations is None else _size(node.activations * _BYTES),
    )


def _label(node: Node) -> str:
    """The name, with the kind of layer where the name does not tell it, and whose weights it shares."""
    last = node.name.rpartition(".")[2]
    if node.shares and node.layer.weights(*node.input_shapes):
        return f"{node.name} (weights of {node.shares})"
    return node.name if last.startswith(node.layer.entry) else f"{node.name} ({node.layer.entry})"


def _totals(graph: Graph) -> list[str]:
    total = totals(graph)
    fixed = total.parameters - total.trainable
    lines = [f"parameters     {total.parameters:,} ({_size(total.parameters * _BYTES)})"]
    if fixed:
        lines.append(f"  trainable    {total.trainable:,}, not trainable {fixed:,}")
    open_sizes = "not known: the input leaves sizes open"
    lines.append(f"multiply-adds  {open_sizes if total.multiply_adds is None else f'{total.multiply_adds:,}'}")
    numbers = total.activations
    lines.append(
        f"activations    {open_sizes if numbers is None else f'{numbers:,} ({_size(numbers * _BYTES)} for one sample)'}"
    )
    return lines


def _number(value: int | None) -> str:
    return "?" if value is None else f"{value:,}" if value else ""


def _size(count: int) -> str:
    """Bytes as a person reads them: `1.6 MB`."""
    size = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" or size >= 100 else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def _aligned(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(line[column]) for line in [titles, *rows]) for column in range(len(titles))]
    lines = []
    for line in [titles, *rows]:
        cells = [
            cell.rjust(width) if title in _RIGHT else cell.ljust(width)
            for cell, width, title in zip(line, widths, titles, strict=True)
        ]
        lines.append("  ".join(cells).rstrip())
    rule = "─" * max(map(len, lines))
    return [lines[0], rule, *lines[1:], rule]
