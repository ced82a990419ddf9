"""The texts that a few instructive specs give. `python -m tests.emit.source.golden` writes them anew."""

from __future__ import annotations

from pathlib import Path

from cnnspec.emit.source import code
from cnnspec.pipeline import check_file

ROOT = Path(__file__).parents[3]
HERE = Path(__file__).parent
SPECS = {
    path.stem: path
    for path in (
        ROOT / "specs" / "resnet_small.yaml",
        ROOT / "specs" / "unet.yaml",
        ROOT / "specs" / "zoo" / "siamese.yaml",
        ROOT / "specs" / "zoo" / "inception_v3.yaml",
        ROOT / "specs" / "zoo" / "resnet50.yaml",
        HERE / "hostile.yaml",
    )
}


def written(name: str) -> str:
    """The source of a spec."""
    graph = check_file(SPECS[name]).graph
    assert graph is not None
    return code(graph)


def text(name: str) -> Path:
    """Where the text of a spec is kept."""
    return HERE / f"{name}.py.txt"


if __name__ == "__main__":
    for name in SPECS:
        text(name).write_text(written(name), encoding="utf-8")
