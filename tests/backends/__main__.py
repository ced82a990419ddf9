"""The five specs in full on the backend at hand, and what several backends came to side by side.

python -m tests.backends --long torch.json
python -m tests.backends --compare tensorflow.json jax.json torch.json
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

SPECS = sorted((Path(__file__).parent / "specs").glob("*.yaml"))
RECORDED = sorted((Path(__file__).parent / "recorded").glob("*.json"))
"""What the backends came to when the specs were last changed."""
TOLERANCE = 0.01
"""Shares of one, as accuracy and intersection over union are; and errors of values from 0 to 1."""


def trained(names: Sequence[str], runs: Path) -> dict[str, Any]:
    """What each spec came to on test images, and the seconds that it took."""
    import cnnspec

    found: dict[str, Any] = {}
    for path in SPECS:
        if names and path.stem not in names:
            continue
        run = cnnspec.train(path, runs=runs, quiet=True)
        found.setdefault("of", {})[path.stem] = sha256(path.read_bytes()).hexdigest()[:12]
        found["backend"] = json.loads((run.folder / "environment.json").read_text())["backend"]
        values = {name: round(value, 4) for name, value in run.metrics["test"].items() if not name.endswith("loss")}
        found.setdefault("specs", {})[path.stem] = {"seconds": round(run.seconds, 1), **values}
        print(f"{found['backend']:<11} {path.stem:<13} {found['specs'][path.stem]}", file=sys.stderr)
    return found


def table(found: Iterable[Mapping[str, Any]]) -> tuple[list[str], list[str]]:
    """The lines of a table of several backends, and what in it is too far apart."""
    found = list(found)
    lines = [f"{'':<40}" + "".join(f"{each['backend']:>12}" for each in found) + f"{'apart':>12}"]
    wrong = []
    for spec, first in found[0]["specs"].items():
        for metric in first:
            values = [each["specs"][spec][metric] for each in found]
            apart = max(values) - min(values)
            shown = "" if metric == "seconds" else f"{apart:12.4f}"
            lines.append(f"{spec + ' ' + metric:<40}" + "".join(f"{value:12.4f}" for value in values) + shown)
            if shown and apart > TOLERANCE:
                wrong.append(f"{spec}: {metric} is {apart:.4f} apart, more than {TOLERANCE}")
    return lines, wrong


def main() -> int:
    """Train, or compare; 1 where backends do not agree."""
    parser = argparse.ArgumentParser(prog="python -m tests.backends", description="The same specs on several backends.")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--long", type=Path, metavar="FILE", help="train all specs, and write what came of it")
    what.add_argument("--compare", type=Path, nargs="+", metavar="FILE", help="print what several backends came to")
    parser.add_argument("--only", nargs="+", default=(), choices=[path.stem for path in SPECS], help="some specs")
    asked = parser.parse_args()
    if asked.long:
        with tempfile.TemporaryDirectory() as runs:
            asked.long.write_text(json.dumps(trained(asked.only, Path(runs)), indent=2) + "\n")
        return 0
    lines, wrong = table(json.loads(path.read_text()) for path in asked.compare)
    print("\n".join([*lines, *wrong]))
    return bool(wrong)


if __name__ == "__main__":
    raise SystemExit(main())
