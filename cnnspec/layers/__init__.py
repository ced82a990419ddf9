"""The layers of the language. Importing this package registers every one of them in `LAYERS`."""

from cnnspec.layers import activation as activation
from cnnspec.layers import attention as attention
from cnnspec.layers import augmentation as augmentation
from cnnspec.layers import colours as colours
from cnnspec.layers import convolution as convolution
from cnnspec.layers import core as core
from cnnspec.layers import merging as merging
from cnnspec.layers import normalization as normalization
from cnnspec.layers import pooling as pooling
from cnnspec.layers import preprocessing as preprocessing
from cnnspec.layers import regularization as regularization
from cnnspec.layers import resizing as resizing
from cnnspec.layers.base import LAYERS as LAYERS
