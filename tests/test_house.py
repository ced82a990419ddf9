"""The house keeps its order: imports run one way, Keras stays in its rooms, files stay small."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "cnnspec"
FILES = sorted(PACKAGE.rglob("*.py"))

# A room may import from the rooms before it (and from itself).
ORDER = [
    "language", "layers", "graph", "emit", "data", "training", "lints", "importing", "pipeline", "judging", "fixing",
    "reference", "editor", "cli",
]  # fmt: skip
_FRAMEWORKS = {"keras", "tensorflow", "jax", "torch", "numpy", "sklearn"}
_AT_HOME = ("emit/keras.py", "emit/deep.py", "data/", "training/", "importing/keras_", "judging/", "insight/")


def room(path: Path) -> str:
    parts = path.relative_to(PACKAGE).parts
    return parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """Each imported module, and whether it is imported when the file is."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    lazy = {child for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) for child in ast.walk(node)}
    typing = {
        child
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for child in ast.walk(node)
    }
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = (
                [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
                if node.module == "cnnspec"
                else [node.module]
            )
        for name in names:
            if node not in typing:
                yield name, node not in lazy


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_run_one_way(path: Path) -> None:
    own = room(path)
    if own in ("__init__", "__main__"):
        return
    for name, _ in imports(path):
        parts = name.split(".")
        if parts[0] == "cnnspec" and len(parts) > 1 and parts[1] in ORDER:
            assert ORDER.index(parts[1]) <= ORDER.index(own), f"{own} imports {name}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_frameworks_stay_in_their_rooms(path: Path) -> None:
    inside = str(path.relative_to(PACKAGE)).startswith(_AT_HOME)
    for name, _ in imports(path):
        assert inside or name.split(".")[0] not in _FRAMEWORKS, f"{path.name} imports {name}"


def test_files_are_small() -> None:
    long = {
        str(path.relative_to(PACKAGE)): lines
        for path in FILES
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 400
    }
    assert long == {}


def test_every_public_thing_has_a_docstring() -> None:
    bare = []
    for path in FILES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if path.name != "__init__.py" and not ast.get_docstring(tree):
            bare.append(path.name)
        for node in tree.body:
            if (
                isinstance(node, ast.ClassDef | ast.FunctionDef)
                and not node.name.startswith("_")
                and not ast.get_docstring(node)
            ):
                bare.append(f"{path.name}: {node.name}")
    assert bare == []
