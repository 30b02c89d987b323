"""The rules of a heist (`gambling.md` 6): what a crew wins, how likely, and what it is worth."""

import json
from collections import Counter
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.actors.house import settings_with

from kryten_economy.config.gambling import Heist
from kryten_economy.config.notices import return_warnings
from kryten_economy.dice import Chance, Dice
from kryten_economy.features.games.heist import HEIST, factor_of, limits_of, round_terms
from kryten_economy.features.games.rules import Stake, prospect_of

DEFAULT = Heist()


class Fixed(Chance):
    """Always the same roll."""

    def __init__(self, number: float) -> None:
        self.number = number

    def roll(self) -> float:
        return self.number


def played(roll: float, crew: int, stake_z: int = 100, **heist: Any) -> tuple[str, list[int]]:
    """The result and the payouts for one roll."""
    terms = json.loads(json.dumps(round_terms(Heist(**heist), stake_z, "Ann")))
    stakes = [Stake(f"n{number}", f"N{number}", stake_z, {}) for number in range(crew)]
    outcome = json.loads(json.dumps(HEIST.draw(Fixed(roll), terms, stakes, "")))
    assert HEIST.pay is not None
    return outcome["result"], [each.payout_z for each in HEIST.pay(terms, outcome, stakes)]


@pytest.mark.parametrize(
    ("crew", "factor"), [(3, "2"), (4, "2.25"), (5, "2.5"), (8, "3.25"), (1, "1.5")]
)
def test_the_factor_grows_with_the_crew(crew: int, factor: str) -> None:
    """1.5 and a quarter for each further one, exactly (6.3)."""
    assert factor_of(round_terms(DEFAULT, 1, "Ann"), crew) == Fraction(factor)
    assert played(0.0, crew) == ("win", [int(100 * Fraction(factor))] * crew)


def test_the_factor_has_a_cap() -> None:
    """Crews of any size stay below it."""
    terms = round_terms(Heist(max_payout_factor=2.1), 1, "Ann")
    assert [factor_of(terms, crew) for crew in (3, 4, 100)] == [2, Fraction("2.1"), Fraction("2.1")]


@pytest.mark.parametrize(
    ("roll", "result"),
    [
        (0.0, "win"),
        (0.3999999, "win"),
        (0.4, "push"),
        (0.5499999, "push"),
        (0.55, "lose"),
        (0.9999999, "lose"),
    ],
)
def test_where_the_roll_falls(roll: float, result: str) -> None:
    """Below success it wins, below success + push it is pushed, else lost."""
    assert played(roll, 3)[0] == result


def test_parts_of_a_coin_stay_with_the_house() -> None:
    """Every payout is rounded down: 33 times 2.25, 33 times 0.95, and nothing."""
    assert played(0.1, 4, 33) == ("win", [74] * 4)
    assert played(0.5, 4, 33) == ("push", [31] * 4)
    assert played(0.9, 4, 33) == ("lose", [0] * 4)


def test_a_decimal_is_what_is_written() -> None:
    """Nothing is lost to binary fractions: 0.29 of 100 is 29, not 28."""
    assert played(0.0, 1, 100, success_chance=1, push_chance=0, payout_multiplier=0.29)[1] == [29]
    assert played(0.5, 1, 100, success_chance=0, push_chance=1, push_fee_pct=0.71)[1] == [29]


def test_the_edge_of_each_crew() -> None:
    """With the defaults crews of four and more beat the house, and it is said (P-GAM-31)."""
    settings = settings_with(gambling={"heist": {"enabled": True}})
    edges = {each.label: each.expected for each in HEIST.edges(settings)}
    assert list(edges) == [f"crew of {crew}" for crew in range(3, 9)]
    assert edges["crew of 3"] == Fraction("0.9425")
    assert edges["crew of 4"] == Fraction("1.0425")
    assert edges["crew of 8"] == Fraction("1.4425")
    warned = [each for each in return_warnings(settings) if "crew" in each]
    assert len(warned) == 1


def test_big_crews_only() -> None:
    """A crew that must be larger than eight has its own edge."""
    settings = settings_with(gambling={"heist": {"enabled": True, "min_participants": 12}})
    assert [each.label for each in HEIST.edges(settings)] == ["crew of 12"]


@given(
    st.integers(1, 12),
    st.integers(0, 100),
    st.integers(0, 100),
    st.floats(0, 9, allow_nan=False),
    st.none() | st.floats(0, 9, allow_nan=False),
)
def test_what_is_counted_as_expected_is_the_edge(
    crew: int, success: int, push: int, multiplier: float, cap: float | None
) -> None:
    """The prospect of each stake is that of the crew's own size, but for what is rounded down."""
    push = min(push, 100 - success)
    heist = {
        "enabled": True,
        "min_participants": crew,
        "success_chance": success / 100,
        "push_chance": push / 100,
        "payout_multiplier": multiplier,
        "max_payout_factor": cap,
    }
    settings = settings_with(gambling={"heist": heist})
    terms = round_terms(settings.gambling.heist, 10, "Ann")
    stakes = [Stake(f"n{number}", "N", 10, {}) for number in range(crew)]
    assert HEIST.pay is not None
    outcome = HEIST.draw(Dice(1), terms, stakes, "")
    for paid in HEIST.pay(terms, outcome, stakes):
        assert paid.prospect is not None
        expected = HEIST.edges(settings)[0].expected
        assert expected - Fraction(1, 10) < paid.prospect.mean <= expected


def test_a_hundred_thousand_heists() -> None:
    """Results fall as often as their chances say, and the mean lies within five errors."""
    dice, terms, rounds = Dice(3), round_terms(DEFAULT, 100, "Ann"), 100_000
    stakes = [Stake(f"n{number}", "N", 100, {}) for number in range(3)]
    assert HEIST.pay is not None
    results: Counter[str] = Counter()
    paid_z = 0
    for _ in range(rounds):
        outcome = HEIST.draw(dice, terms, stakes, "")
        results[outcome["result"]] += 1
        paid_z += HEIST.pay(terms, outcome, stakes)[0].payout_z
    for result, chance in (("win", 0.4), ("push", 0.15), ("lose", 0.45)):
        error = (chance * (1 - chance) * rounds) ** 0.5
        assert abs(results[result] - chance * rounds) < 5 * error, results
    spread = prospect_of([(Fraction(2), Fraction("0.4")), (Fraction("0.95"), Fraction("0.15"))])
    error = 100 * (float(spread.variance) / rounds) ** 0.5
    assert abs(paid_z / rounds - 94.25) < 5 * error


def test_limits_come_from_the_settings() -> None:
    """Least and greatest stake, age, and the channel's limits of a day."""
    settings = settings_with(
        gambling={
            "min_account_age_minutes": 5,
            "limits": {"daily_stakes": 700, "daily_losses": 300},
            "heist": {"min_wager": 7, "max_wager": 70},
        }
    )
    terms = limits_of(settings)
    assert (terms.lowest_z, terms.highest_z, terms.min_age_ms) == (7, 70, 300_000)
    assert (terms.stakes_z, terms.losses_z) == (700, 300)
    assert (terms.cooldown_ms, terms.daily_rounds) == (0, 0)
