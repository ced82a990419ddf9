"""What a GAN leaves behind in each epoch: both networks, and a picture of what the generator makes. Imports Keras."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from cnnspec.data.columns import Column
from cnnspec.training.adversarial.plan import SHOWN, AdversarialPlan
from cnnspec.training.adversarial.samples import grid, making, pixels, range_of, write_png
from cnnspec.training.folder_files import File
from cnnspec.training.progress import reported
from cnnspec.training.run_folder import DISCRIMINATOR, SAMPLES, RunFolder, writing
from cnnspec.training.saving_models import save_model
from cnnspec.training.watch import KeepBest, Logs


def brightness(model: Any, plan: AdversarialPlan, images: Column) -> tuple[float, float]:
    """Black and white in what the generator makes: what its last activation can give, else what real images have."""
    if found := range_of(plan.generator):
        return found
    first = keras.ops.convert_to_numpy(model.seen(images[np.arange(min(256, len(images)))]))
    return float(first.min()), float(first.max())


class KeepLast(KeepBest):
    """Keeps both networks of the last epoch: the losses of a GAN do not say which epoch is best.

    The picture of an epoch shows what the generator makes of the same noise as in every other one.
    """

    def __init__(
        self, model: Any, plan: AdversarialPlan, folder: RunFolder, seed: int, brightness: tuple[float, float]
    ) -> None:
        super().__init__(model.generator, folder.best, "generator_loss", "min")
        self._both = {folder.best: model.generator, folder.files.file(DISCRIMINATOR): model.network}
        self._folder, self._digits = folder.files, len(str(plan.training.epochs))
        self._drawn, self._range = (SHOWN, seed, plan.training.batch_size), brightness
        self._pictured = len(plan.generator.shape_of(plan.generator.output)) == 3

    @property
    def files(self) -> Mapping[File, Any]:
        """Both networks, by their files."""
        return self._both

    def marks(self, epoch: int) -> bool:
        """No epoch is the best one."""
        return False

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        for file, network in self.files.items():
            save_model(network, file)
        if self._pictured:
            made = np.concatenate(list(making(self._network, *self._drawn)))
            name = f"{epoch + 1:0{self._digits}}.png"
            with writing(self._folder.path / SAMPLES / name), self._folder.below(SAMPLES, make=True) as samples:
                write_png(samples.file(name), grid(pixels(made, *self._range)))
        self.epoch, self.logs = epoch + 1, reported(logs or {})
