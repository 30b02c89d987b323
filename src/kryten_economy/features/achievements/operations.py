"""Achievements: the award and its reward in one operation."""

import json
from dataclasses import dataclass
from fractions import Fraction

from kryten_economy.ledger.operation import Act, operation
from kryten_economy.ledger.posting import Entry, may_earn, post
from kryten_economy.ledger.tx import Tx
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.refusals import Banned, InvalidAmount, NoAccount
from kryten_economy.users import UserKey

__all__ = ("Award", "Awarded", "award")

_WIN = "INSERT INTO achievement (account_id, achievement_id, awarded_at_ms) VALUES (?, ?, ?)"


@dataclass(frozen=True, slots=True)
class Awarded:
    """An achievement; not ``new`` where the user had it already. ``reward_z`` may be 0."""

    achievement_id: str
    reward_z: int
    new: bool
    wallet: Wallet
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Award(Act[Awarded | NoAccount | Banned | InvalidAmount]):
    """Award an achievement, once per user, with its reward.

    With ``reward_percent`` above 0 the reward is that part of the lifetime earnings, rounded
    down, at least 1; otherwise it is ``reward_z``, where 0 pays nothing.
    """

    op_id: str
    user: UserKey
    achievement_id: str
    description: str
    reward_z: int
    reward_percent: float
    at_ms: int
    day: str


@operation
def award(tx: Tx, ask: Award) -> Awarded | NoAccount | Banned | InvalidAmount:
    """Award and reward in one; who has it already gets nothing."""
    account = tx.find(ask.user, ask.day)
    if account is None:
        return NoAccount(ask.user)
    if account.banned:
        return Banned(ask.user)
    earned_z = account.lifetime_earned_z
    reward_z = _reward(ask, earned_z)
    if reward_z and not may_earn(tx, account, reward_z):
        return InvalidAmount(reward_z)
    if ask.achievement_id in account.won:
        return Awarded(ask.achievement_id, 0, False, account.wallet)
    tx.run(_WIN, account.id, ask.achievement_id, ask.at_ms)
    account.won |= {ask.achievement_id}
    tx.accounts.touch(account)
    tx.journal.count("achievements_awarded_total")
    if reward_z:
        entry = Entry(
            "achievement",
            f"achievement.{ask.achievement_id}",
            f"Achievement: {ask.description}",
            ask.at_ms,
            ask.day,
            metadata=_share(ask, earned_z),
        )
        post(tx, account, reward_z, tx.system(account.channel, "mint"), entry)
    return Awarded(ask.achievement_id, reward_z, True, account.wallet)


def _reward(ask: Award, lifetime_earned_z: int) -> int:
    # Through its text a percentage is the number that stands in the file (P-MON-14).
    percent = Fraction(str(ask.reward_percent))
    if percent > 0:
        return max(1, int(lifetime_earned_z * percent / 100))
    return ask.reward_z


def _share(ask: Award, lifetime_earned_z: int) -> str | None:
    """What the reward was a part of; None where it was a fixed one."""
    if ask.reward_percent <= 0:
        return None
    return json.dumps({"percent": ask.reward_percent, "of": lifetime_earned_z})
