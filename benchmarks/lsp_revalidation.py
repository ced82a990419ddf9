"""How soon an edit of a 200-layer spec is checked: `python benchmarks/lsp_revalidation.py [EDITS]`.

`cnnspec lsp` runs as a process. Each edit changes one size in the middle of the spec (every fifth one to a wrong one)
and is timed from sending the new text to receiving its diagnostics, then again to the shapes at the lines' ends.
Exits 1 where the median of the edits takes 50 ms or more.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from lsprotocol import types as lsp

from tests.editor.session import session

_LAYERS = 200
_MIDDLE = 96


def spec(size: int, kernel: int) -> str:
    """A spec of that many layers, with one kernel in the middle."""
    lines = ["input: [64, 64, 3]", "layers:"]
    for at in range(_LAYERS // 4):
        kernel_size = kernel if at == _MIDDLE // 4 else 3
        lines += [
            f"  - conv2d: {{filters: {size + at}, kernel_size: {kernel_size}, padding: same, use_bias: false}}",
            "  - batch_normalization",
            "  - relu",
            "  - dropout: 0.1",
        ]
    return "\n".join(lines) + "\n"


async def edits(count: int) -> int:
    """Edit, wait, print."""
    path = Path(tempfile.mkdtemp()) / "net.yaml"
    document = lsp.TextDocumentIdentifier(path.as_uri())
    whole = lsp.Range(lsp.Position(0, 0), lsp.Position(_LAYERS + 2, 0))
    checks, shapes = [], []
    async with session() as client:
        start = time.perf_counter()
        await client.open(path, spec(16, 3))
        print(f"open: {(time.perf_counter() - start) * 1000:.0f} ms")
        for at in range(count):
            wrong = at % 5 == 4
            start = time.perf_counter()
            found = await client.change(path, spec(16 + at % 7, 0 if wrong else 1 + at % 3))
            checks.append((time.perf_counter() - start) * 1000)
            assert bool(found) == wrong, found
            hints = await client.ask(lsp.TEXT_DOCUMENT_INLAY_HINT, lsp.InlayHintParams(document, whole))
            shapes.append((time.perf_counter() - start) * 1000)
            assert len(hints) == (_MIDDLE if wrong else _LAYERS), len(hints)
    for what, times in (("diagnostics", checks), ("diagnostics and shapes", shapes)):
        print(f"{what}: median {statistics.median(times):.1f} ms, worst {max(times):.1f} ms of {count} edits")
    return int(statistics.median(checks) >= 50)


if __name__ == "__main__":
    sys.exit(asyncio.run(edits(int(sys.argv[1]) if len(sys.argv) > 1 else 50)))
