"""A qualifying day: streak, bridge and what they pay, in one act (P-PRES-9)."""

from dataclasses import dataclass
from typing import NamedTuple

from kryten_economy.features.presence.onboarding import OPEN, EarningGate
from kryten_economy.features.streaks.rules import (
    BridgeState,
    Reward,
    StreakState,
    StreakTerms,
    counted,
    must_remind,
    pays,
    seen,
    streak_awards,
)
from kryten_economy.ledger.accounts import Account
from kryten_economy.ledger.operation import Act, operation
from kryten_economy.ledger.posting import Entry, may_earn, post
from kryten_economy.ledger.tx import Tx
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.refusals import NoAccount
from kryten_economy.users import UserKey

__all__ = ("DayQualified", "QualifyDay", "qualify_day")

_OPEN = "INSERT INTO streaks (account_id) VALUES (?) ON CONFLICT DO NOTHING"
_STREAK = """
    SELECT current_daily_streak, longest_daily_streak, last_streak_date FROM streaks
    WHERE account_id = ?
"""
_COUNT = """
    UPDATE streaks SET
        current_daily_streak = ?2, longest_daily_streak = ?3, last_streak_date = ?4
    WHERE account_id = ?1 AND last_streak_date IS ?5
"""
_BRIDGE = """
    SELECT weekend_seen_this_week, weekday_seen_this_week, weekend_seen_last_week,
        bridge_claimed_this_week, week_number, reminder_week
    FROM streaks WHERE account_id = ?
"""
_SEE = """
    UPDATE streaks SET
        weekend_seen_this_week = ?2, weekday_seen_this_week = ?3, weekend_seen_last_week = ?4,
        bridge_claimed_this_week = ?5, week_number = ?6, reminder_week = ?7
    WHERE account_id = ?1
"""


@dataclass(frozen=True, slots=True)
class DayQualified:
    """What a day brought. ``streak_days`` is None where the streak had counted it or is off.

    ``remind``: this weekend visitor is to be asked back for a weekday, told once a week.
    """

    streak_days: int | None
    rewards: tuple[Reward, ...]
    bridge_z: int
    remind: bool
    wallet: Wallet
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class QualifyDay(Act[DayQualified | NoAccount]):
    """The user was there long enough for ``day`` to count.

    ``streak`` None and ``bridge_z`` None mean that the feature is off. ``remind`` asks
    weekend visitors once per ISO week to come back on a weekday.
    """

    op_id: str
    user: UserKey
    at_ms: int
    day: str
    streak: StreakTerms | None
    bridge_z: int | None
    remind: bool = False
    gate: EarningGate = OPEN


class _Streak(NamedTuple):
    days: int | None
    rewards: tuple[Reward, ...]


class _Bridge(NamedTuple):
    paid_z: int
    remind: bool


@operation
def qualify_day(tx: Tx, ask: QualifyDay) -> DayQualified | NoAccount:
    """Count a day once; what it earns is paid with it or never."""
    account = tx.find(ask.user, ask.day)
    if account is None:
        return NoAccount(ask.user)
    tx.run(_OPEN, account.id)
    streak = _count_streak(tx, ask, account)
    bridge = _cross_bridge(tx, ask, account)
    return DayQualified(streak.days, streak.rewards, bridge.paid_z, bridge.remind, account.wallet)


def _count_streak(tx: Tx, ask: QualifyDay, account: Account) -> _Streak:
    if ask.streak is None:
        return _Streak(None, ())
    state = StreakState(*tx.sql.only(_STREAK, account.id))
    now = counted(state, ask.day)
    if now is None:
        return _Streak(None, ())
    changed = tx.run(_COUNT, account.id, now.days, now.longest, now.last_day, state.last_day)
    assert changed == 1, (ask, state)
    account.streak, account.streak_date = now.days, now.last_day
    tx.accounts.touch(account)
    if not ask.gate.is_open(account.first_seen_ms, account.lifetime_messages, ask.at_ms):
        return _Streak(now.days, ())
    paid = []
    for reward in streak_awards(now.days, ask.streak):
        if may_earn(tx, account, reward.amount_z):
            _pay(tx, ask, account, "streak_bonus", reward)
            paid.append(reward)
    return _Streak(now.days, tuple(paid))


def _cross_bridge(tx: Tx, ask: QualifyDay, account: Account) -> _Bridge:
    bonus_z, day = ask.bridge_z, ask.day
    if bonus_z is None:
        return _Bridge(0, remind=False)
    state = seen(BridgeState(*tx.sql.only(_BRIDGE, account.id)), day)
    paid_z = bonus_z if pays(state, day) and may_earn(tx, account, bonus_z) else 0
    if paid_z:
        _pay(tx, ask, account, "earn", Reward("bridge.weekly", "Weekend and weekday", paid_z))
        state = state._replace(claimed=True)
    remind = ask.remind and must_remind(state, day)
    if remind:
        state = state._replace(reminded_week=state.week)
    tx.run(_SEE, account.id, *state)
    return _Bridge(paid_z, remind)


def _pay(tx: Tx, ask: QualifyDay, account: Account, kind: str, reward: Reward) -> None:
    entry = Entry(kind, reward.trigger_id, reward.reason, ask.at_ms, ask.day)
    post(tx, account, reward.amount_z, tx.system(account.channel, "mint"), entry)
