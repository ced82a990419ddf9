"""What cnnspec needs, for an environment without TensorFlow: pip leaves out nothing that a package asks for.

    pip install --no-deps cnnspec
    python -m cnnspec.requirements torch > requirements.txt
    pip install -r requirements.txt

Nothing but the standard library is imported.
"""

from __future__ import annotations

import re
import sys
from importlib import metadata

_DEFAULT = "tensorflow"
_DISTRIBUTIONS = {"PIL": "pillow", "lsprotocol": "pygls", "sklearn": "scikit-learn", "yaml": "pyyaml"}


def requirements(*extras: str) -> list[str]:
    """What cnnspec needs with these extras (such as `jax`, `torch`, `test`), but for TensorFlow, as pip takes it.

    Raises `ValueError` where there is no such extra.
    """
    there = metadata.metadata("cnnspec").get_all("Provides-Extra") or []
    if strange := [extra for extra in extras if extra not in there]:
        raise ValueError(f"there is no extra `{strange[0]}`: {', '.join(there)}")
    found = []
    for line in metadata.requires("cnnspec") or ():
        requirement, _, marker = line.partition(";")
        extra = re.search(r"extra\s*==\s*['\"]([^'\"]+)", marker)
        if _name(requirement) != _DEFAULT and (extra is None or extra[1] in extras):
            found.append(requirement.strip())
    return found


def package(module: str) -> str | None:
    """The package of a module that cnnspec needs, as pip knows it; None for any other module."""
    top = module.partition(".")[0]
    name = _DISTRIBUTIONS.get(top, top)
    try:
        return name if name in map(_name, metadata.requires("cnnspec") or ()) else None
    except metadata.PackageNotFoundError:
        return None


def _name(requirement: str) -> str:
    found = re.match(r"[\w.-]+", requirement)
    return found[0].lower() if found else ""


if __name__ == "__main__":
    try:
        print("\n".join(requirements(*sys.argv[1:])))
    except ValueError as error:
        sys.exit(str(error))
