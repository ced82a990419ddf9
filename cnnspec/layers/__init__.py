"""The layers of the language. A family's module is imported when one of its layers is first asked for."""

from cnnspec.layers.base import LAYERS as LAYERS
