"""What games pay in the long run, and whether the dice favour any number.

``ECONOMY_ROUNDS=1000000`` plays a million rounds of each game; by default it is less.
"""

import os
from collections import Counter
from fractions import Fraction
from typing import Any

import pytest

from kryten_economy.config import Settings
from kryten_economy.features.games.fairness import FairDice, public_id
from kryten_economy.features.games.flip import FLIP
from kryten_economy.features.games.heist import HEIST, round_terms
from kryten_economy.features.games.returns import DEVIATIONS, ROUNDS_MIN, GameReturn
from kryten_economy.features.games.rules import Game, Prospect, Stake, prospect_of, warnings
from kryten_economy.features.games.slots import SPIN, table_of

ROUNDS = int(os.environ.get("ECONOMY_ROUNDS", "20000"))
SEED = "0123456789abcdef" * 4
SETTINGS = Settings.model_validate(
    {
        "nats": {"servers": ["nats://127.0.0.1:4222"]},
        "channels": [{"domain": "cytube.test", "channel": "Lounge"}],
    }
)
TABLE = table_of(SETTINGS.gambling.spin.payouts)
STAKE_Z = 11


def _returned(game: Game, terms: dict[str, Any], worth: Prospect) -> GameReturn:
    paid_z = 0
    for number in range(ROUNDS):
        dice = FairDice(SEED, public_id("Lounge", number))
        paid_z += game.draw(dice, terms, (), "")["payout_z"]
    staked_z = ROUNDS * STAKE_Z
    variance = float(ROUNDS * STAKE_Z**2 * worth.variance)
    return GameReturn(game.name, ROUNDS, staked_z, paid_z, float(staked_z * worth.mean), variance)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_game_of_one_move_pays_what_was_computed() -> None:
    """Spins and flips of 11 Z, where whole coins matter, land within the interval."""
    chances = [(Fraction(factor), Fraction(chance)) for _, factor, chance in TABLE]
    spins = _returned(SPIN, {"table": TABLE, "worth_z": STAKE_Z}, prospect_of(chances, STAKE_Z))
    flips = _returned(
        FLIP,
        {"chance": "0.45", "stake_z": STAKE_Z},
        prospect_of([(Fraction(2), Fraction("0.45"))], STAKE_Z),
    )
    assert not spins.is_outside, spins
    assert not flips.is_outside, flips


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_heists_spread_as_their_crews_do() -> None:
    """One roll decides for all of a crew: the interval is that of the pool."""
    stakes = [Stake(name, name, 33, {}) for name in ("al", "bob", "cy")]
    terms = round_terms(SETTINGS.gambling.heist, 33, "Al")
    assert HEIST.pay is not None
    staked_z, paid_z, expected_z, variance = 0, 0, 0.0, 0.0
    heists = max(ROUNDS // 5, 2000)
    for number in range(heists):
        outcome = HEIST.draw(FairDice(SEED, public_id("Lounge", number)), terms, stakes, "")
        for stake, paid in zip(stakes, HEIST.pay(terms, outcome, stakes), strict=True):
            assert paid.prospect is not None
            staked_z += stake.stake_z
            paid_z += paid.payout_z
            expected_z += float(stake.stake_z * paid.prospect.mean)
            variance += float(stake.stake_z**2 * paid.prospect.variance)
    found = GameReturn("heist", 3 * heists, staked_z, paid_z, expected_z, variance)
    assert not found.is_outside, found
    alone = heists * 3 * 33**2 * float(prospect_of(_heist_chances()).variance)
    assert 2.5 < variance / alone < 3.5


def _heist_chances() -> list[tuple[Fraction, Fraction]]:
    return [(Fraction(2), Fraction("0.4")), (Fraction("0.95"), Fraction("0.15"))]


@pytest.mark.slow
def test_no_number_is_favoured() -> None:
    """Chi-square over 256 classes, of first draws and of later ones of the same round."""
    draws = 51_200
    first: Counter[int] = Counter()
    later: Counter[int] = Counter()
    for number in range(draws):
        dice = FairDice(SEED, public_id("Lounge", number))
        first[int(dice.roll() * 256)] += 1
        later[int(dice.roll() * 256)] += 1
    for counted in (first, later):
        expected = draws / 256
        chi_square = sum((counted[each] - expected) ** 2 / expected for each in range(256))
        assert 190 < chi_square < 330.5  # 99.9 % of 255 degrees of freedom


def test_the_interval_notices_what_chance_does_not_explain() -> None:
    """A game that pays too much or too little is outside; a short evening says nothing."""
    rounds, variance = 10_000, 10_000.0 * 100 * 8
    margin_z = DEVIATIONS * variance**0.5
    for off_z, outside in ((0.9, False), (1.1, True), (-0.9, False), (-1.1, True)):
        paid_z = round(92_500 + off_z * margin_z)
        found = GameReturn("spin", rounds, 100_000, paid_z, 92_500.0, variance)
        assert found.is_outside is outside
    few = GameReturn("spin", ROUNDS_MIN - 1, 100_000, 10**6, 92_500.0, variance)
    assert few.margin is None
    assert not few.is_outside


def test_whole_coins_make_a_stake_worth_a_little_less() -> None:
    """Half of 11 Z is 5 Z: what is expected is what can be paid."""
    chances = [(Fraction(1, 2), Fraction(1, 2))]
    assert prospect_of(chances, 11).mean == Fraction(5, 22)
    assert prospect_of(chances, 10).mean == prospect_of(chances).mean == Fraction(1, 4)


def test_games_that_ship_are_warned_of_nowhere() -> None:
    """Nothing that ships pays more than it takes, by the games' own account."""
    assert warnings(SETTINGS) == []
