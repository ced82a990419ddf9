"""Training speed by where the images come from, against the same images in memory; and memory over the epochs.

    python benchmarks/image_sources.py [--images 20000] [--steps 4] [--rounds 16]

Writes Fashion-MNIST (from $CNNSPEC_DATA) as PNG files and as arrays into a temporary folder, then trains a residual
network of 18 layers on each source in turn, so many steps a round, and prints images a second (the median of the
rounds), and the median of its ratios to memory, each of one round: a machine that is slow for a while is slow for all.
Last, a small network sees all files for eight epochs, streamed, and the memory of the process is printed behind each.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

RESNET18 = """
name: resnet18
input: [28, 28, 1]
blocks:
  basic:
    parameters: {filters: null, strides: 1}
    layers:
      - residual:
          shortcut: projection
          activation: relu
          layers:
            - conv2d: {filters: $filters, kernel_size: 3, strides: $strides, padding: same, use_bias: false}
            - batch_normalization
            - relu
            - conv2d: {filters: $filters, kernel_size: 3, padding: same, use_bias: false}
            - batch_normalization
layers:
  - conv2d: {filters: 64, kernel_size: 3, padding: same, use_bias: false}
  - batch_normalization
  - relu
  - repeat:
      over: [[64, 1], [128, 2], [256, 2], [512, 2]]
      as: [filters, strides]
      layers:
        - basic: {filters: $filters, strides: $strides}
        - basic: {filters: $filters}
  - global_average_pooling2d
  - dense: {units: 10, activation: softmax}
"""

SMALL = """
name: small
input: [28, 28, 1]
layers:
  - conv2d: {filters: 8, kernel_size: 3, strides: 2, activation: relu}
  - global_average_pooling2d
  - dense: {units: 10, activation: softmax}
"""

TRAINING = """
data: {source: %s, preprocessing: [{rescaling: $(1/255)}], validation_split: 0}
training: {epochs: 1, batch_size: 64, optimizer: {sgd: {learning_rate: 0.01, momentum: 0.9}}, seed: 1}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--steps", type=int, default=4, help="of 64 images, a round")
    parser.add_argument("--rounds", type=int, default=16)
    given = parser.parse_args()
    from cnnspec.training.device import start

    print(start("tensorflow", "cpu"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        began = time.monotonic()
        write(folder, given.images)
        print(f"{given.images:,} images written in {time.monotonic() - began:.1f} s")
        speeds(folder, given.steps, given.rounds)
        memory(folder)


def write(folder: Path, count: int) -> None:
    """Fashion-MNIST as `images/<class>/<number>.png`, as `images.npz`, and as two `.npy` files."""
    from PIL import Image

    from cnnspec.data.named import named
    from cnnspec.data.splits import ALL

    data = named("fashion_mnist", 10).train
    images, labels = np.asarray(data.x[ALL][:count]), np.asarray(data.y[ALL][:count])
    for label in range(10):
        (folder / "images" / str(label)).mkdir(parents=True)

    def save(at: int) -> None:
        Image.fromarray(images[at, ..., 0]).save(folder / "images" / str(labels[at]) / f"{at:05}.png")

    with ThreadPoolExecutor() as pool:
        list(pool.map(save, range(len(images))))
    np.savez(folder / "images.npz", x_train=images, y_train=labels)
    np.save(folder / "x.npy", images)
    np.save(folder / "y.npy", labels)


def prepared(folder: Path, text: str, source: str, at_once: bool) -> tuple[Any, Any]:
    """A plan, and its data; without `at_once`, files are read only when they are asked for."""
    from unittest.mock import patch

    from cnnspec import pipeline
    from cnnspec.training.prepare import prepare
    from cnnspec.training.run import plan_of

    report = pipeline.check_text(text + TRAINING % source, directory=folder)
    assert report.ok, report
    plan = plan_of(report, folder / "runs")
    if at_once:
        return plan, prepare(plan, 1)
    with (
        patch("cnnspec.data.images.checking.READ_AT_ONCE", 0),
        patch("cnnspec.data.images.folder.holds", lambda size: False),
    ):
        return plan, prepare(plan, 1)


def model_of(plan: Any, data: Any) -> tuple[Any, Any]:
    """A compiled model, and what feeds it."""
    from cnnspec.training.batches import Feed, Order
    from cnnspec.training.compiling import compile_model, network, trained
    from cnnspec.training.device import Machine

    model = trained(network(plan, "float32"), plan, data.train)
    feed = Feed(data.train, Order(len(data.train), plan.training.batch_size, 1))
    compile_model(model, data.objectives, plan, Machine("tensorflow", "", "CPU"), feed.order.steps)
    return model, feed


def speeds(folder: Path, steps: int, rounds: int) -> None:
    """Print the table of images a second."""
    sources = {
        "memory": ("{npz: images.npz}", True),
        "npy, mapped": ("{npy: {x_train: x.npy, y_train: y.npy}}", True),
        "PNG files, read at once": ("{image_folder: images}", True),
        "PNG files, streamed": ("{image_folder: images}", False),
    }
    runs: dict[str, Any] = {}
    for name, (source, at_once) in sources.items():
        model, feed = model_of(*prepared(folder, RESNET18, source, at_once))
        batches = feed.batches()
        model.fit(batches, steps_per_epoch=2, verbose=0, shuffle=False)
        runs[name] = (model, batches, [])
        held = "in memory" if feed.part.in_memory else "streamed"
        print(f"  {name}: {held}, {len(feed.part):,} images")
    for _ in range(rounds):
        for model, batches, seconds in runs.values():
            began = time.monotonic()
            model.fit(batches, steps_per_epoch=steps, verbose=0, shuffle=False)
            seconds.append(time.monotonic() - began)
    base = runs["memory"][2]
    for name, (_, _, seconds) in runs.items():
        rate = steps * 64 / statistics.median(seconds)
        ratio = statistics.median(one / other for one, other in zip(base, seconds, strict=True))
        print(f"{name:<26} {rate:>8,.1f} images/s   {ratio:.2f} × memory")


def memory(folder: Path) -> None:
    """Print the memory of the process behind each of eight epochs."""
    import keras
    import psutil

    from cnnspec.training.watch import Shuffle

    model, feed = model_of(*prepared(folder, SMALL, "{image_folder: images}", False))
    process = psutil.Process(os.getpid())

    class Tell(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.began = time.monotonic()

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            rate = len(feed.part) / (time.monotonic() - self.began)
            print(f"epoch {epoch + 1}: {process.memory_info().rss / 1e6:,.0f} MB, {rate:,.0f} images/s")

    model.fit(feed.batches(), epochs=8, verbose=0, shuffle=False, callbacks=[Shuffle(feed.order), Tell()])


if __name__ == "__main__":
    sys.exit(main())
