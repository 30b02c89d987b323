"""What a wallet has reached: one pure decision about rank and achievements."""

from collections.abc import Sequence
from typing import NamedTuple

from kryten_economy.config.achievements import Achievement
from kryten_economy.features.achievements.rules import Facts, earned_now
from kryten_economy.features.ranks.rules import Ladder, RankStep
from kryten_economy.ledger.wallet import Wallet

__all__ = ("Reached", "facts_of", "reached")


class Reached(NamedTuple):
    """The rank to be stored, if any, and the achievements to be awarded."""

    rank: RankStep | None
    achievements: tuple[Achievement, ...]


def facts_of(wallet: Wallet, ladder: Ladder) -> Facts:
    """What achievements are measured by."""
    return Facts(
        earned_z=wallet.lifetime_earned_z,
        spent_z=wallet.lifetime_spent_z,
        gambled_z=wallet.lifetime_gambled_in_z,
        biggest_win_z=wallet.biggest_win_z,
        tip_recipients=wallet.tip_recipients,
        tip_senders=wallet.tip_senders,
        messages=wallet.lifetime_messages,
        streak_days=wallet.streak_days,
        rank=ladder.effective(wallet.rank_name, wallet.lifetime_earned_z, wallet.rank_held_from_z),
        minutes_present=wallet.lifetime_minutes,
        emotes_used=wallet.emotes_used,
    )


def reached(wallet: Wallet, ladder: Ladder, achievements: Sequence[Achievement]) -> Reached | None:
    """What is due for this wallet, or None; the banned reach nothing."""
    if wallet.banned:
        return None
    step = ladder.step(wallet.rank_name, wallet.lifetime_earned_z, wallet.rank_held_from_z)
    due = earned_now(achievements, facts_of(wallet, ladder), wallet.won) if achievements else ()
    return Reached(step, due) if step is not None or due else None
