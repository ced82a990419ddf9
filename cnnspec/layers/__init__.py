"""The layers of the language. Importing this package registers every one of them in `LAYERS`."""

from cnnspec.layers import convolution as convolution
from cnnspec.layers.base import LAYERS as LAYERS
