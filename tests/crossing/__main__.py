"""Cross everything, and print the counts: `python -m tests.crossing [LABELS …]`."""

import sys
import time

from tests.crossing import cases
from tests.crossing.crossing import run


def main() -> None:
    began = time.monotonic()
    for name in sys.argv[1:] or cases.LABELS:
        found = run([name], ("float32", "mixed_bfloat16"), (False, True))
        print(
            f"{name}: {found.combinations} combinations, {found.agreed} agreed, {found.refused} refused, "
            f"{len(found.wrong)} numbers wrong of {found.numbers}, {found.unfit} metrics refused "
            f"({time.monotonic() - began:.0f} s)",
            flush=True,
        )
        for line in found.wrong[:40]:
            print("   ", line)
        for message, count in found.messages.items():
            print(f"    {count:4} × {message}")


if __name__ == "__main__":
    main()
