"""Chance is reproducible, fair, and never leaves its range."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kryten_economy.dice import Dice

_SEEDS = st.integers(0, 2**63 - 1)


def _sequence(dice: Dice) -> list[object]:
    return [
        dice.roll(),
        dice.between(1, 6),
        dice.pick("abc"),
        dice.shuffled(range(9)),
        dice.weighted([("x", 0.2), ("y", 0.8)]),
        dice.jitter(45, 0.3),
        dice.next_seed(),
    ]


@given(_SEEDS)
def test_a_seed_replays_its_sequence(seed: int) -> None:
    """Equal seeds give equal outcomes, so that any round can be derived again."""
    assert _sequence(Dice(seed)) == _sequence(Dice(seed))


def test_outcomes_of_a_seed_are_fixed_for_ever() -> None:
    """Stored seeds keep their meaning: these values may never change."""
    dice = Dice(42)
    assert dice.roll() == pytest.approx(0.6394267984578837, abs=0)
    assert [dice.between(1, 6) for _ in range(5)] == [1, 2, 2, 5, 5]
    assert Dice(42).derive("race:1").seed == 5_214_508_669_364_089_341


@given(_SEEDS, st.text(), st.text())
def test_derived_dice_depend_on_seed_and_label_alone(seed: int, one: str, two: str) -> None:
    """What was rolled before does not matter; another label gives another dice."""
    dice = Dice(seed)
    first = dice.derive(one).seed
    dice.roll()
    assert dice.derive(one).seed == first
    assert (dice.derive(two).seed == first) is (one == two)


def test_system_dice_differ() -> None:
    """Two dice of the system have different seeds."""
    assert Dice.from_system().seed != Dice.from_system().seed


@given(_SEEDS, st.integers(-(10**9), 10**9), st.integers(0, 10**9))
def test_outcomes_stay_in_range(seed: int, low: int, span: int) -> None:
    """Rolls are in [0, 1), whole numbers within both bounds, jitter within its share."""
    dice = Dice(seed)
    assert 0 <= dice.roll() < 1
    assert low <= dice.between(low, low + span) <= low + span
    assert dice.pick((1, 2, 3)) in {1, 2, 3}
    assert 31.5 <= dice.jitter(45, 0.3) <= 58.5
    assert sorted(dice.shuffled([3, 1, 2])) == [1, 2, 3]
    assert 0 <= dice.next_seed() < 2**63


def test_all_faces_come_up_equally() -> None:
    """Six thousand throws give each face about a thousand times."""
    dice = Dice(7)
    faces = Counter(dice.between(1, 6) for _ in range(6_000))
    assert set(faces) == {1, 2, 3, 4, 5, 6}
    assert all(850 < hits < 1_150 for hits in faces.values())


def test_weights_decide_and_nothing_has_no_chance() -> None:
    """A choice comes up as often as its weight says; weight 0 never."""
    dice = Dice(7)
    hits = Counter(dice.weighted([("never", 0), ("rare", 1), ("often", 3)]) for _ in range(4_000))
    assert hits["never"] == 0
    assert 850 < hits["rare"] < 1_150
    assert Dice(1).weighted([("a", 1e-9), ("b", 0)]) == "a"


def test_sure_and_impossible() -> None:
    """Probability 1 always happens, 0 never."""
    dice = Dice(1)
    assert all(dice.chance(1) and not dice.chance(0) for _ in range(1_000))


def test_seeds_out_of_range_are_defects() -> None:
    """Negative seeds would repeat the positive ones; larger ones would not fit the books."""
    for seed in (-1, 2**63):
        with pytest.raises(AssertionError):
            Dice(seed)
