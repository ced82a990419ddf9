"""The index of families, and what an import costs."""

import subprocess
import sys

import pytest

from cnnspec.layers import LAYERS
from cnnspec.layers.families import FAMILIES


@pytest.mark.parametrize("family", FAMILIES)
def test_the_index_names_every_layer_of_a_family(family: str) -> None:
    module = f"cnnspec.layers.{family}"
    assert [name for name, cls in LAYERS.items() if cls.__module__ == module] == FAMILIES[family].split()


def test_only_the_families_of_a_spec_are_imported() -> None:
    code = (
        "import sys; from cnnspec.layers import LAYERS; assert 'conv2d' in LAYERS and 'nothing' not in LAYERS; "
        "LAYERS['dense']; print(*sorted(name for name in sys.modules if name.startswith('cnnspec.layers.')), "
        "*({'keras', 'numpy', 'tensorflow'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == [
        "cnnspec.layers.base",
        "cnnspec.layers.bounds",
        "cnnspec.layers.core",
        "cnnspec.layers.families",
        "cnnspec.layers.settings",
    ]
