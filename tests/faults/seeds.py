"""The same seed twice, another seed, and the order of the images in each epoch."""

from __future__ import annotations

from pathlib import Path

from cnnspec.data.splits import order
from tests.faults.runs import Left, lay_out, left, said, start


def seeds(folder: Path, backend: str = "tensorflow") -> tuple[dict[str, str], list[str]]:
    """Three runs in processes of their own; what was found, and what was wrong."""
    lay_out(folder)
    first, again, other = (_run(folder, number, seed, backend) for number, seed in enumerate((7, 7, 8), start=1))
    same, apart = first.differences(again), first.differences(other)
    orders = [tuple(order(7, epoch, 400).tolist()) for epoch in range(100)]
    found = {
        "arrays that differ with the same seed": str(len(same)),
        "arrays that differ with another seed": f"{sum(name in first.arrays for name in apart)} of {len(first.arrays)}",
        "orders of 100 epochs": f"{len(set(orders))} different ones",
    }
    wrong = [f"not equal with the same seed: {name}" for name in same]
    wrong += ["equal with another seed"] * (len(apart) < len(first.arrays) // 2)
    return found, wrong + ["an order comes twice"] * (len(set(orders)) < 100)


def _run(folder: Path, number: int, seed: int, backend: str) -> Left:
    process = start(folder, "net.yaml", "--set", f"training.seed={seed}", backend=backend)
    assert process.wait(600) == 0, said(folder)
    return left(folder / "runs" / "net" / str(number))
