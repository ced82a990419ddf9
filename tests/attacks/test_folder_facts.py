"""What a run kept, tampered with: told with the file and the field, or passed over where something sound is left."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cnnspec.data.errors import Failure
from cnnspec.judging.runs import kept
from cnnspec.training.folder_files import Folder
from cnnspec.training.sealing import sealed
from tests.attacks.runs import Example, fact, forge, trained

Change = Callable[[dict[str, Any]], Any]


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Example:
    return trained(tmp_path_factory.mktemp("runs"))


DEEP = "[" * 100_000 + "]" * 100_000

ENVIRONMENTS: dict[str, str] = {
    **{f"seed {value}": f'{{"seed": {value}}}' for value in
       ('"7"', "[1]", "-1", str(2**70), "NaN", "1.5", "true", "1e999", "{}", "9" * 5000)},
    **{f"precision {value}": f'{{"precision": {value}}}' for value in ('"float4"', "[]", "3")},
    **{f"backend {value}": f'{{"backend": {value}}}' for value in ('"../x"', "[]", '"os"')},
    **{f"batch_size {value}": f'{{"batch_size": {value}}}' for value in ("0", "-1", "1e9", '"32"', str(10**30))},
    **{f"names {value}": f'{{"class_names": {value}}}' for value in ("3", "[3]", "[[]]", "{}")},
    **{f"data {value}": f'{{"data": {value}}}' for value in ("3", "[3]", '{"x": 3}')},
    **{f"ranges {value}": f'{{"ranges": {value}}}' for value in ("3", "[3]", '{"input": 3}', '{"input": [1]}')},
    **{f"thresholds {value}": f'{{"thresholds": {value}}}' for value in ("3", '{"dense": [7.0]}', '{"dense": "x"}')},
    "deep": DEEP, "deep inside": f'{{"labels": {{"x": {{"y": {DEEP}}}}}}}', "a list": "[]", "a number": "1", "empty": "",
    "no JSON": "{", "binary": "\x00\x01", "too long": " " * (1 << 24) + "{}",
}  # fmt: skip


@pytest.mark.parametrize("text", ENVIRONMENTS.values(), ids=ENVIRONMENTS)
def test_an_environment_that_is_none(text: str, example: Example, tmp_path: Path) -> None:
    """Judging is refused with the file; training goes on as the checkpoint says, to the same end."""
    run = example.copy(tmp_path)
    (run / "environment.json").write_text(text)
    with pytest.raises(Failure) as caught:
        kept(run)
    assert str(run / "environment.json") in caught.value.message
    assert len(caught.value.message) < 500
    assert "\n" not in caught.value.message


@pytest.fixture(scope="module")
def history(example: Example, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The losses of the run that nobody touched."""
    run = example.copy(tmp_path_factory.mktemp("untouched"))
    example.resume(run)
    return losses(run)


def losses(run: Path) -> list[str]:
    return [row.rpartition(",")[0] for row in (run / "history.csv").read_text().splitlines()]


@pytest.mark.parametrize(
    "text", [None, "{}", "[]", '{"seed": -1}', DEEP], ids=["gone", "empty", "list", "seed", "deep"]
)
def test_the_seed_of_the_checkpoint_decides(
    text: str | None, example: Example, history: list[str], tmp_path: Path
) -> None:
    run = example.copy(tmp_path)
    if text is None:
        (run / "environment.json").unlink()
    else:
        (run / "environment.json").write_text(text)
    example.resume(run)
    assert losses(run) == history


def test_seeds_that_contradict_each_other(example: Example, history: list[str], tmp_path: Path) -> None:
    run = example.copy(tmp_path)
    values = json.loads((run / "environment.json").read_text())
    own, other = values["seed"], values["seed"] ^ 1
    (run / "environment.json").write_text(json.dumps({**values, "seed": other}))
    for use in (lambda: example.resume(run), lambda: kept(run).seed):
        with pytest.raises(Failure) as caught:
            use()
        assert str(own) in caught.value.message
        assert str(other) in caught.value.message
    _, said = example.resume(run, accept=True)
    assert f"warning: {run / 'environment.json'} says `seed: {other}`" in said
    assert losses(run) == history


def test_no_seed_is_left_at_all(example: Example, tmp_path: Path) -> None:
    run = example.copy(tmp_path)
    (run / "environment.json").unlink()
    shutil.rmtree(run / "checkpoints")
    with pytest.raises(Failure, match="tells the seed"):
        example.resume(run)
    assert example.resume(run, accept=True)[0].epochs == 2


def set_array(name: str, value: Any) -> Change:
    def change(members: dict[str, Any]) -> None:
        members[name] = value

    return change


def dropped(name: str) -> Change:
    def change(members: dict[str, Any]) -> None:
        del members["facts"][name]

    return change


def raw(content: bytes) -> Change:
    return lambda members: content


FORGED: dict[str, Change] = {
    "no JSON": raw(b"{"), "a list": raw(b"[]"), "deep": raw(DEEP.encode()), "no text": raw(b"\xff\xfe"),
    **{f"no {name}": dropped(name) for name in ("spec", "position", "generators", "callbacks", "data", "seed", "epochs",
                                                "format", "types", "environment")},
    "epochs -5": fact("epochs")(-5), "epochs text": fact("epochs")("2"), "seed text": fact("seed")("7"),
    "seed -1": fact("seed")(-1), "seed 2^70": fact("seed")(2**70), "spec a number": fact("spec")(3),
    "position a list": fact("position")([]), "epoch -1": fact("position", "epoch")(-1),
    "step NaN": fact("position", "step")(float("nan")), "steps 10^30": fact("position", "steps")(10**30),
    "steps of another": fact("position", "steps")(77), "logs text": fact("position", "logs")({"loss": "x"}),
    "python generator": fact("generators", "python")([3, [1, 2], None]),
    "numpy generator": fact("generators", "numpy", 2)(10**9), "numpy kind": fact("generators", "numpy", 0)("PCG64"),
    "torch generator": fact("generators", "torch")(["zz"]), "callbacks a number": fact("callbacks")(3),
    "a callback's method": fact("callbacks", 0)({"on_epoch_end": None}),
    "a callback's file": fact("callbacks", 3)({"_file": "/tmp/x"}), "history": fact("callbacks", 4)({"text": "x\ny", "epochs": 1}),
    "a loss of text": fact("callbacks", 3, "lowest")("low"), "environment": fact("environment", "seed")("7"),
    "types": fact("types")({"model/00000": "bfloat16"}), "type of code": fact("types")({"model/00000": "finfo"}),
    "texts": set_array("model/00000", np.array(["a", "b"])), "another shape": set_array("model/00000", np.zeros((7, 7))),
    "one more": set_array("model/00009", np.zeros(3)), "dates": set_array("model/00000", np.array(["2020"], "M8[D]")),
}  # fmt: skip


@pytest.mark.parametrize("change", FORGED.values(), ids=FORGED)
def test_a_forged_checkpoint_is_passed_over(
    change: Change, example: Example, history: list[str], tmp_path: Path
) -> None:
    run = example.copy(tmp_path)
    forge(run, 3, change)
    _, said = example.resume(run)
    assert "warning: 000000003.npz is " in said, said
    assert "000000002.npz is taken instead" in said
    assert losses(run) == history


def test_arrays_of_objects_are_not_unpickled(example: Example, tmp_path: Path) -> None:
    run = example.copy(tmp_path)

    class Bomb:
        def __reduce__(self) -> Any:
            return Path.touch, (tmp_path / "ran",)

    forge(run, 3, set_array("model/00000", np.array([Bomb()], object)))
    assert "000000002.npz is taken instead" in example.resume(run)[1]
    assert not (tmp_path / "ran").exists()


def headed(shape: str, packed: bool = False) -> Callable[[Path], None]:
    def write(run: Path) -> None:
        header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
        member = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode()
        with (
            sealed(Folder.at(run).below("checkpoints").file("000000003.npz")) as file,
            zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED) as archive,
        ):
            archive.writestr("facts.npy", member + bytes(10**8 if packed else 0))

    return write


@pytest.mark.parametrize(
    "write", [headed("(10**12,)"), headed("(1000000000000,)"), headed("(-1,)"), headed("(25000000,)", True)]
)
def test_sizes_are_read_before_memory_moves(write: Callable[[Path], None], example: Example, tmp_path: Path) -> None:
    run = example.copy(tmp_path)
    write(run)
    assert "000000002.npz is taken instead" in example.resume(run)[1]


@pytest.mark.parametrize(
    "change",
    [fact("position", "phase")(3), fact("position", "step")(99), fact("callbacks")([]), fact("callbacks", 3)({}),
     fact("callbacks", 5)({"rates": []})],
)  # fmt: skip
def test_a_forged_place_is_told(change: Change, example: Example, tmp_path: Path) -> None:
    """What only the run itself can tell to be wrong."""
    run = example.copy(tmp_path)
    forge(run, 3, change)
    with pytest.raises(Failure, match=r"the checkpoint (is of|keeps)"):
        example.resume(run)


def best(run: Path, about: bytes | None, shape: tuple[int, ...] | None = None) -> None:
    """Forge `best.keras`: what it tells of itself, or the shape of its weights."""
    import h5py

    members: dict[str, bytes] = {}
    with zipfile.ZipFile(run / "best.keras") as held:
        members = {name: held.read(name) for name in held.namelist()}
    if about is not None:
        members["epoch.json"] = about
    if shape is not None:
        content = io.BytesIO(members["model.weights.h5"])
        with h5py.File(content, "a") as file:
            del file["layers/dense/vars/0"]
            file["layers/dense/vars/0"] = np.zeros(shape, np.float32)
        members["model.weights.h5"] = content.getvalue()
    with sealed(Folder.at(run).file("best.keras")) as stream, zipfile.ZipFile(stream, "w") as archive:
        for name, content_ in members.items():
            archive.writestr(name, content_, zipfile.ZIP_DEFLATED)


ABOUT: dict[str, tuple[bytes | None, tuple[int, ...] | None]] = {
    "its own file": (b'{"_file": "/tmp/x"}', None), "a method": (b'{"on_epoch_end": 1}', None), "no JSON": (b"x", None),
    "a list": (b"[]", None), "a text": (b'{"epoch": 1, "lowest": "x", "logs": {}}', None),
    "deep": (DEEP.encode(), None), "a bomb": (b" " * (1 << 27), None),
    "a lower loss": (b'{"epoch": 1, "lowest": -1e9, "logs": {}}', None), "epoch 0": (b'{"epoch": 0}', None),
    "another network": (None, (7, 3)),
}  # fmt: skip


@pytest.mark.parametrize(("about", "shape"), ABOUT.values(), ids=ABOUT)
def test_a_forged_model_is_never_best(
    about: bytes | None, shape: tuple[int, ...] | None, example: Example, history: list[str], tmp_path: Path
) -> None:
    run = example.copy(tmp_path)
    best(run, about, shape)
    done, said = example.resume(run)
    assert "warning: best.keras is " in said
    assert done.best_epoch == 2  # the weights of the first epoch are lost
    assert losses(run) == history


def test_history_that_is_taken_away_while_training(example: Example, tmp_path: Path, monkeypatch: Any) -> None:
    from cnnspec.training.watch import Show

    run, genuine = example.copy(tmp_path), Show.on_epoch_begin

    def begin(self: Any, *arguments: Any) -> None:
        (run / "history.csv").unlink()
        genuine(self, *arguments)

    monkeypatch.setattr(Show, "on_epoch_begin", begin)
    example.resume(run)
    rows = (run / "history.csv").read_text().splitlines()
    assert [row.partition(",")[0] for row in rows] == ["epoch", "1", "2"]
