"""Networks learn from tables of images in each of their forms, as the command trains them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cnnspec.training.prepare import prepare
from tests.data.pictures import save
from tests.training.specs import codes, plan, report
from tests.training.test_several import trained

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)

COUNT = 60


def spec(source: str, end: str, *, more: str = "", epochs: int = 1) -> str:
    return f"""
name: photos
input: [8, 8, 3]
layers:
  - flatten: {{name: seen}}
  - {end}
data:
  source: {{image_folder: {source}}}
  preprocessing: [{{rescaling: $(1/255)}}]
  {more}
training: {{epochs: {epochs}, batch_size: 10, optimizer: {{adam: 0.02}}, seed: 3}}
"""


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Images of noise, in every second one of which red is strong; and a table of them with a column of each kind."""
    generator = np.random.default_rng(0)
    lines = ["file,breed,subset,age,weight,red,large,tags,x"]
    for number in range(COUNT):
        red, age = number % 2, int(generator.integers(1, 9))
        image = generator.integers(0, 90, (8, 8, 3)).astype(np.uint8)
        image[..., 0] += 130 * red
        save(tmp_path / "photos" / f"{number:04}.png", image)
        tags = " ".join(tag for tag, one in (("red", red), ("old", age > 4)) if one)
        cells = (f"{number:04}", "rufus" if red else "niger", "test" if number % 6 == 0 else "train")
        lines.append(",".join(map(str, (*cells, age, age * 2.5, red, int(age > 4), tags, red + 0.5))))
    (tmp_path / "photos.csv").write_text("\n".join(lines))
    return tmp_path


def columns(text: str) -> str:
    return f"{{path: photos, labels: photos.csv, columns: {{path: file, split: subset, {text}}}}}"


@pytest.mark.parametrize(
    ("labels", "end", "kind", "metric"),
    [
        ("label: breed", "dense: {units: 2, activation: softmax}", "classes", ("accuracy", 0.9)),
        ("tags: tags", "dense: {units: 2, activation: sigmoid}", "tags", None),
        ("tags: [red, large]", "dense: {units: 2, activation: sigmoid}", "tags", None),
        ("label: [red, large]", "dense: {units: 2, activation: sigmoid}", "tags", None),
        ("label: [weight, x]", "dense: 2", "values", None),
        ("label: x", "dense: 1", "values", ("loss", -0.2)),
    ],
)
def test_each_kind_of_label(photos: Path, labels: str, end: str, kind: str, metric: Any) -> None:
    text = spec(columns(labels), end, epochs=8 if metric else 1)
    ready = prepare(plan(photos, text, directory=photos), 3)
    assert ready.targets["output"].kind == kind
    assert any("60 paths of the table have no ending: 0000 is read as 0000.png" in note for note in ready.notes)
    form, rows = trained(photos, text)
    assert np.isfinite([*rows[-1].values()]).all()
    if metric:
        name, least = metric
        found = form["metrics"]["test"][name]
        assert (found if least > 0 else -found) > least


def test_labels_for_two_outputs_and_facts_beside_the_image(photos: Path) -> None:
    named = "label: {species: breed, weight: weight}, inputs: {facts: [age, x]}"
    text = f"""
name: photos
inputs: {{photo: [8, 8, 3], facts: [2]}}
outputs: {{species: kind, weight: heavy}}
layers:
  - flatten: {{inputs: photo, name: seen}}
  - concatenate: {{inputs: [seen, facts], name: all}}
  - dense: {{units: 2, activation: softmax, name: kind}}
  - dense: {{units: 1, inputs: facts, name: heavy}}
data: {{source: {{image_folder: {columns(named)}}}, preprocessing: [{{rescaling: $(1/255)}}]}}
training: {{epochs: 12, batch_size: 10, optimizer: {{adam: 0.05}}, seed: 3}}
"""
    ready = prepare(plan(photos, text, directory=photos), 3)
    assert ready.train.x["photo"].max() <= 1 < ready.train.x["facts"].max()
    assert {name: target.kind for name, target in ready.targets.items()} == {"species": "classes", "weight": "values"}
    assert any("niger" in line for line in ready.counted)
    form, rows = trained(photos, text)
    assert form["metrics"]["test"]["species_accuracy"] > 0.9
    assert rows[-1]["weight_loss"] < rows[0]["weight_loss"] / 4
    wrong = report(text.replace("species: breed", "spices: breed"), directory=photos)
    assert codes(wrong) == [("error", "unknown-output")]


def test_a_flat_folder_is_learnt_by_an_autoencoder(photos: Path) -> None:
    end = "dense: {units: 192, activation: sigmoid}\n  - reshape: [8, 8, 3]"
    _, rows = trained(photos, spec("photos", end, more="targets: inputs", epochs=3))
    assert rows[-1]["loss"] < rows[0]["loss"]


@pytest.mark.slow
def test_a_flat_folder_is_learnt_by_a_gan(photos: Path) -> None:
    text = """
name: tiny-gan
task: gan
generator: {input: [4], layers: [{dense: {units: 192, activation: sigmoid}}, {reshape: [8, 8, 3]}]}
discriminator: {input: [8, 8, 3], layers: [flatten, {dense: 1}]}
data: {source: {image_folder: photos}, preprocessing: [{rescaling: $(1/255)}]}
training: {epochs: 1, batch_size: 20, seed: 3}
"""
    _, rows = trained(photos, text)
    assert np.isfinite([*rows[-1].values()]).all()


def test_whole_numbers_of_a_table_are_classes_or_values_as_the_network_has_it(photos: Path) -> None:
    source = columns("label: age")
    ages = prepare(plan(photos, spec(source, "dense: 1"), directory=photos), 3).objectives["output"]
    assert (ages.target.kind, ages.loss.entry, ages.target.other) == ("values", "mean_squared_error", "labels: classes")
    found = prepare(plan(photos, spec(source, "dense: 1"), directory=photos), 3)
    assert set(np.unique(found.train.y["output"])) <= set(range(1, 9))
    end = "dense: {units: 8, activation: softmax}"
    classes = prepare(plan(photos, spec(source, end), directory=photos), 3).objectives["output"]
    assert (classes.target.kind, classes.target.classes, classes.target.names) == ("classes", 8, tuple("12345678"))
    said = prepare(plan(photos, spec(source, end, more="labels: classes"), directory=photos), 3)
    assert said.objectives["output"].target.names == tuple("12345678")
