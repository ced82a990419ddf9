"""Images set apart to validate and to test with."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnspec.data.columns import Array
from cnnspec.data.errors import DataError
from cnnspec.data.parting import By, Shares, parted, whole_groups
from cnnspec.data.splits import ALL, Dataset, Split
from cnnspec.training.counts import each_class

SHARE = st.sampled_from([0.0, 0.05, 0.1, 0.25, 0.4])


def numbered(labels: Array, groups: Array | None = None, test: bool = False) -> Dataset:
    """A data set whose images are their own numbers."""
    split = Split({ALL: np.arange(len(labels))}, {ALL: labels}, np.arange(len(labels)) / 2.0, groups)
    return Dataset(split, split.take(np.arange(2)) if test else None, {ALL: int(labels.max()) + 1})


def numbers(data: Dataset) -> dict[str, list[int]]:
    return {name: split.x[ALL][:].tolist() for name, split in data.splits().items()}


@given(
    st.lists(st.integers(0, 4), min_size=3, max_size=200),
    SHARE,
    SHARE,
    st.sampled_from([None, "label", "random"]),
    st.integers(0, 99),
)
@settings(max_examples=150, deadline=None)
def test_parts_are_apart_whole_repeatable_and_in_proportion(
    classes: list[int], validation: float, test: float, by: By | None, seed: int
) -> None:
    labels = np.array(classes)
    data = numbered(labels)
    found = parted(data, Shares(validation, test, by), seed, "x")
    parts = numbers(found)
    assert sorted(number for part in parts.values() for number in part) == list(range(len(labels)))
    assert parts == numbers(parted(data, Shares(validation, test, by), seed, "x"))
    for name, share in (("validation", validation), ("test", test)):
        assert (name in parts) == (share > 0)
        if share and len(labels) > 20:
            assert abs(len(parts[name]) - share * len(labels)) <= 1
            for number in range(5) if by != "random" else ():
                held, whole = (labels[parts[name]] == number).sum(), (labels == number).sum()
                assert abs(held - share * whole) <= (1 if name == "test" else 2)
    for name, split in found.splits().items():
        assert split.y[ALL][:].tolist() == labels[parts[name]].tolist()
        assert split.weights is not None
        assert (split.weights * 2).tolist() == parts[name]


@given(st.lists(st.integers(0, 12), min_size=8, max_size=200), st.integers(0, 99))
@settings(max_examples=100, deadline=None)
def test_groups_stay_whole(members: list[int], seed: int) -> None:
    groups = np.array(members)
    if len(set(members)) < 4:
        return
    labels = np.arange(len(groups)) % 3
    found = parted(numbered(labels, groups), Shares(0.2, 0.2), seed, "x")
    parts = numbers(found)
    assert sorted(number for part in parts.values() for number in part) == list(range(len(labels)))
    held = [set(groups[part].tolist()) for part in parts.values()]
    assert len(held) == 3
    assert sum(map(len, held)) == len(set(members))
    largest = np.bincount(groups).max()
    assert abs(len(parts["test"]) - 0.2 * len(groups)) <= largest


def test_many_small_groups_come_close_to_the_share() -> None:
    held = whole_groups(np.repeat(np.arange(400), 5), 200, (1, 2))
    assert abs(held.sum() - 200) < 5


def test_another_seed_draws_others() -> None:
    data = numbered(np.arange(100) % 4)
    first, other = (numbers(parted(data, Shares(0.2, 0.2), seed, "x")) for seed in (1, 2))
    assert first["test"] != other["test"]
    assert first["validation"] != other["validation"]


def test_what_the_source_gives_stays() -> None:
    data = numbered(np.arange(100) % 4, test=True)
    found = parted(data, Shares(0.1, 0.3), 1, "x")
    assert {name: len(split) for name, split in found.splits().items()} == {"training": 90, "validation": 10, "test": 2}


@pytest.mark.parametrize(
    ("data", "shares", "words"),
    [
        (numbered(np.arange(1)), Shares(0.1), "a single image cannot be split"),
        (numbered(np.arange(2)), Shares(0.1, 0.1), "2 images cannot be split"),
        (numbered(np.arange(9)), Shares(0.1, by="group"), "x has no groups"),
        (numbered(np.arange(9), np.zeros(9, int)), Shares(0.1), "too few groups"),
        (numbered(np.zeros((9, 2), int)), Shares(0.1, by="label"), "not one class an image"),
    ],
)
def test_what_cannot_be_parted(data: Dataset, shares: Shares, words: str) -> None:
    with pytest.raises(DataError, match=words):
        parted(data, shares, 1, "x")


def test_a_table_of_the_classes() -> None:
    labels = np.array([0] * 30 + [2] * 10)
    data = parted(numbered(labels), Shares(0.25), 1, "x")
    (counts,) = each_class(data)
    assert list(counts.lines()) == [
        "images of each class:",
        "               0  1  2",
        "  training    22  0  8",
        "  validation   8  0  2",
    ]
    assert list(counts.missing()) == [
        "no training image is of the class `1`",
        "no validation image is of the class `1`",
    ]


def test_a_table_with_long_names_stands_upright() -> None:
    names = tuple(f"a class with a long name {number}" for number in range(5))
    split = Split({ALL: np.zeros(5)}, {ALL: np.arange(5)})
    (counts,) = each_class(Dataset(split, split, {ALL: 5}, names=names))
    assert [line.split()[-2:] for line in counts.lines()][1:3] == [["training", "test"], ["1", "1"]]
    many = np.arange(30)
    assert not [*each_class(Dataset(Split({ALL: many}, {ALL: many}), None, {ALL: 30}))]
