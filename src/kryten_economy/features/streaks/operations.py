"""A qualifying day: streak, bridge and what they pay, in one operation (P-PRES-9)."""

from dataclasses import dataclass

from kryten_economy.features.presence.rules import OPEN, EarningGate, is_past
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
from kryten_economy.ledger.account import Account
from kryten_economy.ledger.operation import ALWAYS, Act, operation
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

    HALTED_BY = ALWAYS

    op_id: str
    user: UserKey
    at_ms: int
    day: str
    streak: StreakTerms | None
    bridge_z: int | None
    remind: bool = False
    gate: EarningGate = OPEN


@operation
def qualify_day(tx: Tx, ask: QualifyDay) -> DayQualified | NoAccount:
    """Count a day once; what it earns is paid with it or never."""
    account = tx.find(ask.user, ask.day)
    if account is None:
        return NoAccount(ask.user)
    tx.run(_OPEN, account.id)
    days: int | None = None
    rewards: tuple[Reward, ...] = ()
    if ask.streak is not None:
        days = _count_day(tx, account, ask.day)
        if days is not None:
            rewards = _reward(tx, ask, account, days, ask.streak)
    bridge_z, remind = 0, False
    if ask.bridge_z is not None:
        bridge_z, remind = _cross_bridge(tx, ask, account, ask.bridge_z)
    return DayQualified(days, rewards, bridge_z, remind, account.wallet)


def _count_day(tx: Tx, account: Account, day: str) -> int | None:
    """The days in a row with this one, or None if it was counted before."""
    state = StreakState._make(tx.sql.only(_STREAK, account.id))
    now = counted(state, day)
    if now is None:
        return None
    changed = tx.run(_COUNT, account.id, *now, state.last_day)
    assert changed == 1, (account.user, state)
    account.streak, account.streak_date = now.days, now.last_day
    tx.accounts.touch(account)
    return now.days


def _reward(
    tx: Tx, ask: QualifyDay, account: Account, days: int, terms: StreakTerms
) -> tuple[Reward, ...]:
    """Pay what a day of the streak earns; answers what of it was paid."""
    if not is_past(ask.gate, account, ask.at_ms):
        return ()
    paid = []
    for reward in streak_awards(days, terms):
        if may_earn(tx, account, reward.amount_z):
            _pay(tx, ask, account, "streak_bonus", reward)
            paid.append(reward)
    return tuple(paid)


def _cross_bridge(tx: Tx, ask: QualifyDay, account: Account, bonus_z: int) -> tuple[int, bool]:
    """Note the day in the user's week; answers what was paid, and whether to remind them."""
    day = ask.day
    state = seen(BridgeState._make(tx.sql.only(_BRIDGE, account.id)), day)
    paid_z = bonus_z if pays(state, day) and may_earn(tx, account, bonus_z) else 0
    if paid_z:
        _pay(tx, ask, account, "earn", Reward("bridge.weekly", "Weekend and weekday", paid_z))
        state = state._replace(claimed=True)
    remind = ask.remind and must_remind(state, day)
    if remind:
        state = state._replace(reminded_week=state.week)
    tx.run(_SEE, account.id, *state)
    return paid_z, remind


def _pay(tx: Tx, ask: QualifyDay, account: Account, kind: str, reward: Reward) -> None:
    entry = Entry(kind, reward.trigger_id, reward.reason, ask.at_ms, ask.day)
    post(tx, account, reward.amount_z, tx.system(account.channel, "mint"), entry)
