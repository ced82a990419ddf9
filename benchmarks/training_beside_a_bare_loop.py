"""Training speed beside plain Keras: `python benchmarks/training_beside_a_bare_loop.py [BATCH] [ROUNDS]`.

The network of specs/mnist_cnn.yaml trains on random images of MNIST's shape in three ways: through `cnnspec train`'s
own path, with Keras's `fit` on arrays, and in a bare loop in one `tf.function`, which does nothing but the steps.
They take turns, so that a busy machine slows all of them; medians of the epochs are compared.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from cnnspec import pipeline
from cnnspec.training import device
from cnnspec.training.folder_files import Folder
from cnnspec.training.run import plan_of

IMAGES = 12_800
SPEC = Path(__file__).parents[1] / "specs" / "mnist_cnn.yaml"


def main(batch: int = 64, rounds: int = 5) -> None:
    machine = device.start("tensorflow")
    plan = plan_of(pipeline.check_file(str(SPEC), overrides=[f"training.batch_size={batch}"]), Path())
    generator = np.random.default_rng(0)
    x = generator.normal(size=(IMAGES, 28, 28, 1)).astype(np.float32)
    y = generator.integers(0, 10, IMAGES).astype(np.int32)
    ways: dict[str, Callable[[], None]] = {
        "bare loop": bare(plan, x, y), "Keras fit": keras_fit(plan, x, y), "cnnspec": ours(plan, machine, x, y),
    }  # fmt: skip
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, epoch in ways.items():
            began = time.perf_counter()
            epoch()
            if number:  # the first one compiles
                taken[name].append(time.perf_counter() - began)
    bare_rate = IMAGES / statistics.median(taken["bare loop"])
    print(f"{machine}; batch {batch}, {IMAGES:,} images an epoch, median of {rounds}")
    for name, seconds in taken.items():
        rate = IMAGES / statistics.median(seconds)
        print(f"{name:<10} {rate:>8,.0f} images/s   {rate / bare_rate:.2f} × the bare loop")


def ours(plan: object, machine: object, x: np.ndarray, y: np.ndarray) -> Callable[[], None]:
    """What `cnnspec train` does, with the callbacks that every run has."""
    import tempfile

    from cnnspec.data.splits import ALL
    from cnnspec.training.batches import Feed, Order
    from cnnspec.training.compiling import Trained, compile_model, network
    from cnnspec.training.interrupts import Interrupts
    from cnnspec.training.prepare import Part, objectives
    from cnnspec.training.progress import Lines
    from cnnspec.training.watch import History, KeepBest, Show, Shuffle, StopAtNaN, StopWhenAsked

    net = network(plan, "float32")
    part = Part({"input": x}, {"": y})
    model = Trained(net, {}, {}, part)
    order = Order(len(x), plan.training.batch_size, 0)
    compile_model(model, objectives(plan, {ALL: 10}), plan, machine, order.steps)
    folder = Path(tempfile.mkdtemp())
    files = Folder.at(folder)
    best = KeepBest(net, files.file("best.keras"), "loss", "min")
    callbacks = [Shuffle(order), StopAtNaN(), StopWhenAsked(Interrupts()), best, History(files.file("history.csv")),
                 Show(Lines(None), best, len(x))]  # fmt: skip
    data = Feed(part, order).batches()

    def epoch() -> None:
        model.fit(data, epochs=1, verbose=0, shuffle=False, callbacks=callbacks)

    return epoch


def keras_fit(plan: object, x: np.ndarray, y: np.ndarray) -> Callable[[], None]:
    """What most people write."""
    from cnnspec.training.compiling import network

    model = network(plan, "float32")
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])

    def epoch() -> None:
        model.fit(x, y, batch_size=plan.training.batch_size, epochs=1, verbose=0)

    return epoch


def bare(plan: object, x: np.ndarray, y: np.ndarray) -> Callable[[], None]:
    """Forward, backward, update: the whole epoch in one call, no shuffling, no metrics."""
    import keras
    import tensorflow as tf

    from cnnspec.training.compiling import network

    model, optimizer = network(plan, "float32"), keras.optimizers.Adam()
    loss_of = keras.losses.SparseCategoricalCrossentropy()
    optimizer.build(model.trainable_variables)
    images, labels, size = tf.constant(x), tf.constant(y), plan.training.batch_size

    @tf.function
    def epoch() -> None:
        for step in tf.range(len(x) // size):
            part = slice(step * size, (step + 1) * size)
            with tf.GradientTape() as tape:
                loss = loss_of(labels[part], model(images[part], training=True))
            weights = [variable.value for variable in model.trainable_variables]
            optimizer.apply(tape.gradient(loss, weights), model.trainable_variables)

    return epoch


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
