"""How much images and classes count in the loss. Imports Keras."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keras import ops

from cnnspec.data.columns import Array
from cnnspec.training.component import Form


class Weighing:
    """Weights of classes by output (`tables`), for labels in `forms`; of one class an image, or of one a pixel."""

    def __init__(self, tables: Mapping[str, Array], forms: Mapping[str, Form]) -> None:
        self._tables = {output: table.astype("float32") for output, table in tables.items()}
        self._forms = dict(forms)

    def __call__(self, labels: Any, images: Any) -> Any:
        """What each label weighs in the loss: its class and (`images`) its image. None where all weigh the same."""
        if images is None and not self._tables:
            return None
        named = labels if isinstance(labels, dict) else {next(iter(self._forms)): labels}
        found = {output: self._of(output, each, images) for output, each in named.items()}
        return found if isinstance(labels, dict) else next(iter(found.values()))

    def _of(self, output: str, labels: Any, images: Any) -> Any:
        form = self._forms[output]
        shape = ops.shape(labels) if form == "numbers" else ops.shape(labels)[:-1]
        weights = ops.ones(shape, "float32")
        if output in self._tables:
            weights = _looked_up(ops.convert_to_tensor(self._tables[output]), labels, form)
        if images is not None:
            weights = weights * ops.reshape(ops.cast(images, "float32"), (-1, *(1,) * (len(shape) - 1)))
        return weights

    def decided(self, labels: Any) -> Any:
        """Labels as metrics take them: of a mixture of classes, the larger part."""
        if isinstance(labels, dict):
            return {output: _decided(each, self._forms[output]) for output, each in labels.items()}
        return _decided(labels, next(iter(self._forms.values())))


def _looked_up(table: Any, labels: Any, form: Form) -> Any:
    """The weight of each label. A mixture of classes weighs what they do, each by its part."""
    if form == "numbers":
        return ops.take(table, ops.clip(ops.cast(labels, "int32"), 0, table.shape[0] - 1), axis=0)
    if form == "column":
        yes = ops.cast(labels[..., 0], "float32")
        return table[0] * (1.0 - yes) + table[1] * yes
    return ops.sum(ops.cast(labels, "float32") * table, axis=-1)


def _decided(labels: Any, form: Form) -> Any:
    if form in ("column", "tags"):
        return ops.round(labels)
    if form == "one_hot":
        return ops.one_hot(ops.argmax(labels, axis=-1), labels.shape[-1], dtype="float32")
    return labels
