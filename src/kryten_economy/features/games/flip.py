"""The coin flip: twice the stake or nothing (`gambling.md` 4)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import Any

from kryten_economy.config import Settings
from kryten_economy.dice import Chance
from kryten_economy.features.games import rounds
from kryten_economy.features.games.rules import (
    Edge,
    Game,
    Payout,
    Prospect,
    Stake,
    Terms,
    exact,
    game,
    prospect_of,
    terms_for,
)
from kryten_economy.features.games.stakes import StakeRefused, may_stake
from kryten_economy.ledger.account import Account
from kryten_economy.ledger.operation import STAKING, Act, operation
from kryten_economy.ledger.tx import Tx
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.users import UserKey

__all__ = ("Flip", "Flipped", "flip", "terms_of")


def _edges(settings: Settings) -> tuple[Edge, ...]:
    return (Edge("any stake", 2 * exact(settings.gambling.flip.win_chance)),)


def _draw(
    dice: Chance, terms: Mapping[str, Any], _stakes: Sequence[Stake] = (), _said: str = ""
) -> Mapping[str, Any]:
    won = Fraction(dice.roll()) < Fraction(terms["chance"])
    return {"won": won, "payout_z": 2 * terms["stake_z"] if won else 0}


@lru_cache(maxsize=64)
def _prospect(chance: str) -> Prospect:
    return prospect_of([(Fraction(2), Fraction(chance))])


FLIP = game(
    Game("flip", "Flip", "flips", lambda settings: settings.gambling.flip.enabled, _edges, _draw)
)


@dataclass(frozen=True, slots=True)
class Flipped:
    """How the coin fell in round ``number``, and the wallet after it."""

    number: int
    won: bool
    payout_z: int
    wallet: Wallet
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Flip(Act[Flipped | StakeRefused]):
    """Stake so much on the coin; ``chance`` is how likely it wins, as it is configured."""

    HALTED_BY = STAKING
    ATTEMPT = Act.ATTEMPT | {"chance", "terms", "fresh_seed"}

    op_id: str
    user: UserKey
    stake_z: int
    chance: str
    terms: Terms
    fresh_seed: str = field(repr=False)
    at_ms: int
    day: str


@operation
def flip(tx: Tx, ask: Flip) -> Flipped | StakeRefused:
    """Take the stake and pay what the coin says."""
    account = may_stake(tx, ask.user, ask.stake_z, ask.terms, ask.at_ms, ask.day)
    if not isinstance(account, Account):
        return account
    terms = {"chance": ask.chance, "stake_z": ask.stake_z}
    playing = rounds.begin(tx, account.channel, "flip", ask.day, ask.fresh_seed, terms, ask.at_ms)
    outcome = _draw(playing.dice, terms)
    reason = "Flip won" if outcome["won"] else "Flip lost"
    rounds.take_stake(tx, playing, account, ask.stake_z, reason, ask.at_ms)
    paid = Payout(outcome["payout_z"], _prospect(ask.chance))
    rounds.settle(tx, playing, account, ask.stake_z, paid, reason, ask.at_ms)
    rounds.played(tx, playing.number, outcome, ask.at_ms)
    return Flipped(playing.number, outcome["won"], outcome["payout_z"], account.wallet)


def terms_of(settings: Settings) -> Terms:
    """What a stake on the coin has to keep to."""
    flip_ = settings.gambling.flip
    return terms_for(
        settings,
        "flip",
        flip_.min_wager,
        flip_.max_wager,
        cooldown_s=flip_.cooldown_seconds,
        daily_rounds=flip_.daily_limit,
    )
