"""Graph → Keras source: a module in the functional style, with a function for each block and the spec's loops."""

from cnnspec.emit.source.module import code as code
