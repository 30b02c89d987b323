"""What an answer of the books says was earned: written anew for tests, act by act."""

from collections.abc import Container
from typing import Any

from kryten_economy.config.ranks import Tier
from kryten_economy.features.achievements import Award, Awarded
from kryten_economy.features.money.operations import Credit, Posted
from kryten_economy.features.presence.operations import (
    Arrive,
    Arrived,
    PresenceMinute,
    PresencePaid,
)
from kryten_economy.features.ranks.rules import Ladder
from kryten_economy.ledger.operation import Request
from kryten_economy.ledger.wallet import Wallet

__all__ = ("LADDER", "minted", "rank_of")

LADDER = Ladder(
    [
        Tier(name=name, min_lifetime_earned=earned_z)
        for name, earned_z in (("Extra", 0), ("Grip", 51), ("Gaffer", 60), ("Mogul", 90))
    ]
)
"""Whoever has earned 50 is one coin short of a rank."""


def minted(request: Request[Any], answer: object, banned: Container[str] = ()) -> dict[str, int]:
    """By how much each lower-case name's lifetime earnings must have risen."""
    match request, answer:
        case Credit(user=user, type="gamble_win", net_z=net_z), Posted(replayed=False):
            return {user.name: net_z}
        case Credit(user=user, type="earn", amount_z=amount_z), Posted(replayed=False):
            return {user.name: amount_z}
        case Arrive(user=user), Arrived(welcomed_z=first_z, welcomed_back_z=back_z, replayed=False):
            return {user.name: first_z + back_z}
        case Award(user=user), Awarded(reward_z=reward_z, new=True, replayed=False):
            return {user.name: reward_z}
        case PresenceMinute(entries=entries), PresencePaid(paid_z=paid_z, replayed=False):
            # A coin for each active minute, as `acts.minute` has it.
            earned = {each.name: each.active_minutes for each in entries if each.name not in banned}
            assert paid_z == sum(earned.values())
            return earned
        case _:
            return {}


def rank_of(wallet: Wallet) -> int:
    """The index of the tier that counts for a user."""
    return LADDER.effective(wallet.rank_name, wallet.lifetime_earned_z, wallet.rank_held_from_z)
