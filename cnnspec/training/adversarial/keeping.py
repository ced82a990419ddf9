"""What a GAN leaves behind in each epoch: both networks, and a picture of what the generator makes. Imports Keras."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from cnnspec.data.columns import Column
from cnnspec.training.adversarial.plan import AdversarialPlan
from cnnspec.training.adversarial.samples import RANGES, fixed_noise, grid, write_png
from cnnspec.training.objective import final_activation
from cnnspec.training.progress import reported
from cnnspec.training.run_folder import RunFolder, writing
from cnnspec.training.sealing import sealed
from cnnspec.training.watch import KeepBest, Logs

DISCRIMINATOR, SAMPLES = "discriminator.keras", "samples"


class KeepLast(KeepBest):
    """Keeps both networks of the last epoch: the losses of a GAN do not say which epoch is best.

    The picture of an epoch shows what the generator makes of the same noise as in every other one.
    """

    def __init__(self, model: Any, plan: AdversarialPlan, folder: RunFolder, seed: int, images: Column) -> None:
        super().__init__(model.generator, folder.best, "generator_loss", "min")
        self._both = {folder.best: model.generator, folder.path / DISCRIMINATOR: model.network}
        self._generator, self._samples, self._digits = (
            model.generator,
            folder.path / SAMPLES,
            len(str(plan.training.epochs)),
        )
        self._noise = fixed_noise(model.generator.input_shape[1:], seed)
        activation = final_activation(plan.generator, next(iter(plan.generator.outputs)))
        first = images[np.arange(min(256, len(images)))]
        self._range = RANGES.get(activation) or (float(np.min(first)), float(np.max(first)))
        self._pictured = len(plan.generator.shape_of(plan.generator.output)) == 3

    def marks(self, epoch: int) -> bool:
        """No epoch is the best one."""
        return False

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        for path, network in self._both.items():
            with writing(path), sealed(path) as place:
                network.save(place)
        if self._pictured:
            made = keras.ops.convert_to_numpy(self._generator(self._noise, training=False))
            path = self._samples / f"{epoch + 1:0{self._digits}}.png"
            with writing(path):
                write_png(path, grid(made, *self._range))
        self.epoch, self.logs = epoch + 1, reported(logs or {})
