"""The heist: a crew stakes the same each, one roll decides for all (`gambling.md` 6).

The larger the crew, the more a win pays. Pure; everything is exact arithmetic.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from kryten_economy.config import Settings
from kryten_economy.config import gambling as config
from kryten_economy.config.notices import heist_return
from kryten_economy.dice import Chance
from kryten_economy.features.games.rules import (
    Edge,
    Game,
    Payout,
    Prospect,
    Stake,
    Terms,
    game,
    prospect_of,
    terms_for,
)
from kryten_economy.features.narration import Wanted

__all__ = ("HEIST", "WANTED", "factor_of", "limits_of", "round_terms")

_CREW_MAX_SHOWN = 8

WANTED = (
    Wanted("scenario", 280),
    Wanted("win", 280),
    Wanted("lose", 280),
    Wanted("push", 280, required=False),
)
"""What a text model is to write for a heist."""


def limits_of(settings: Settings) -> Terms:
    """What a stake in a heist has to keep to."""
    heist = settings.gambling.heist
    return terms_for(settings, "heist", heist.min_wager, heist.max_wager)


def round_terms(heist: config.Heist, stake_z: int, starter: str) -> dict[str, Any]:
    """What a heist is played by from its start to its end, whatever is configured meanwhile."""
    cap = heist.max_payout_factor
    return {
        "stake_z": stake_z,
        "starter": starter,
        "window_s": heist.join_window_seconds,
        "crew_min": heist.min_participants,
        "success": str(heist.success_chance),
        "push": str(heist.push_chance),
        "fee": str(heist.push_fee_pct),
        "multiplier": str(heist.payout_multiplier),
        "bonus": str(heist.crew_bonus_per_player),
        "factor_max": None if cap is None else str(cap),
    }


def factor_of(terms: Mapping[str, Any], crew: int) -> Fraction:
    """By what a win multiplies each stake of a crew of this size."""
    factor = Fraction(terms["multiplier"]) + (crew - 1) * Fraction(terms["bonus"])
    cap = terms["factor_max"]
    return factor if cap is None else min(factor, Fraction(cap))


def _edges(settings: Settings) -> tuple[Edge, ...]:
    heist = settings.gambling.heist
    smallest = heist.min_participants
    sizes = range(smallest, max(_CREW_MAX_SHOWN, smallest) + 1)
    return tuple(Edge(f"crew of {crew}", heist_return(heist, crew)) for crew in sizes)


def _draw(
    dice: Chance, terms: Mapping[str, Any], stakes: Sequence[Stake], _said: str = ""
) -> Mapping[str, Any]:
    """One roll for all: won, pushed, or lost."""
    roll, success = Fraction(dice.roll()), Fraction(terms["success"])
    if roll < success:
        result, factor = "win", factor_of(terms, len(stakes))
    elif roll < success + Fraction(terms["push"]):
        result, factor = "push", 1 - Fraction(terms["fee"])
    else:
        result, factor = "lose", Fraction()
    return {"result": result, "factor": str(factor), "crew": len(stakes)}


def _pay(
    terms: Mapping[str, Any], outcome: Mapping[str, Any], stakes: Sequence[Stake]
) -> Sequence[Payout]:
    factor, success = Fraction(outcome["factor"]), Fraction(terms["success"])
    chances = [
        (factor_of(terms, outcome["crew"]), success),
        (1 - Fraction(terms["fee"]), Fraction(terms["push"])),
    ]
    # One roll for all: what the crew wins spreads as one stake of their sum would.
    pool_z = sum(each.stake_z for each in stakes)
    payouts = []
    for each in stakes:
        mean, variance = prospect_of(chances, each.stake_z)
        prospect = Prospect(mean, variance * pool_z / each.stake_z)
        payouts.append(Payout(int(each.stake_z * factor), prospect))
    return payouts


HEIST = game(
    Game(
        "heist",
        "Heist",
        "heists",
        lambda settings: settings.gambling.heist.enabled,
        _edges,
        _draw,
        _pay,
        spectacle=True,
    )
)
