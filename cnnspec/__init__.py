"""cnnspec: a small language for convolutional networks, its compiler and its trainer."""

__version__ = "0.1.0"
