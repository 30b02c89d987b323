"""A qualifying day: streak, bridge and what they pay, in one operation (`earning.md` 5, 6).

The streak is read, decided and written under the guard of its old date (P-PRES-9).
"""

from typing import NamedTuple

from kryten_economy.features.streaks.rules import (
    BridgeState,
    Reward,
    StreakState,
    counted,
    must_remind,
    pays,
    seen,
    streak_awards,
)
from kryten_economy.ledger.answers import Answer, DayQualified
from kryten_economy.ledger.channels import Channel
from kryten_economy.ledger.once import Kept, Memo, money_of, once, wallet_then
from kryten_economy.ledger.posting import Line, post
from kryten_economy.ledger.presence_requests import QualifyDay
from kryten_economy.ledger.rewarding import is_past, may_earn
from kryten_economy.ledger.tx import Tx
from kryten_economy.ledger.wallets import Holder
from kryten_economy.refusals import NoAccount

__all__ = ("qualify_day",)

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


class _Streak(NamedTuple):
    holder: Holder
    days: int | None
    awards: tuple[Reward, ...]


class _Bridge(NamedTuple):
    holder: Holder
    paid_z: int
    remind: bool


def qualify_day(tx: Tx, request: QualifyDay) -> Answer:
    """Count a day once; what it earns is paid with it or never."""
    return once(tx, request, request.user.channel, _qualify, _retell)


def _qualify(tx: Tx, request: QualifyDay) -> Kept | Answer:
    found = tx.find(request.user, request.day)
    if found is None:
        return NoAccount(request.user)
    channel, holder = found
    tx.sql.run(_OPEN, holder.account_id)
    streak = _count_streak(tx, request, channel, holder)
    bridge = _cross_bridge(tx, request, channel, streak.holder)
    facts = bridge.holder.facts
    answer = DayQualified(streak.days, streak.awards, bridge.paid_z, bridge.remind, facts)
    awards = [list(award) for award in streak.awards]
    return Kept(answer, [streak.days, awards, bridge.paid_z, bridge.remind, money_of(facts)])


def _count_streak(tx: Tx, request: QualifyDay, channel: Channel, holder: Holder) -> _Streak:
    if request.streak is None:
        return _Streak(holder, None, ())
    state = StreakState._make(tx.sql.only(_STREAK, holder.account_id))
    now = counted(state, request.day)
    if now is None:
        return _Streak(holder, None, ())
    tx.sql.run(_COUNT, holder.account_id, *now, state.last_day)
    assert tx.sql.changed() == 1, (request, state)
    holder = holder._replace(facts=holder.facts._replace(streak_days=now.days))
    if not is_past(request.gate, holder, request.at_ms):
        return _Streak(holder, now.days, ())
    paid = []
    for award in streak_awards(now.days, request.streak):
        if may_earn(tx, channel, holder, award.amount_z):
            holder = _pay(tx, request, channel, holder, "streak_bonus", award)
            paid.append(award)
    return _Streak(holder, now.days, tuple(paid))


def _cross_bridge(tx: Tx, request: QualifyDay, channel: Channel, holder: Holder) -> _Bridge:
    bonus_z, day = request.bridge_z, request.day
    if bonus_z is None:
        return _Bridge(holder, 0, remind=False)
    state = seen(BridgeState._make(tx.sql.only(_BRIDGE, holder.account_id)), day)
    paid_z = bonus_z if pays(state, day) and may_earn(tx, channel, holder, bonus_z) else 0
    if paid_z:
        award = Reward("bridge.weekly", "Weekend and weekday", paid_z)
        holder = _pay(tx, request, channel, holder, "earn", award)
        state = state._replace(claimed=True)
    remind = request.remind and must_remind(state, day)
    if remind:
        state = state._replace(reminded_week=state.week)
    tx.sql.run(_SEE, holder.account_id, *state)
    return _Bridge(holder, paid_z, remind)


def _pay(
    tx: Tx, request: QualifyDay, channel: Channel, holder: Holder, kind: str, award: Reward
) -> Holder:
    line = Line(kind, award.trigger_id, award.reason, request.at_ms, request.day)
    paid, _ = post(tx, holder, award.amount_z, channel.mint, line)
    return paid


def _retell(tx: Tx, request: QualifyDay, memo: Memo) -> Answer:
    days, awards, bridge_z, remind, money = memo
    wallet = wallet_then(tx, request.user, request.day, money)
    paid = tuple(Reward._make(award) for award in awards)
    return DayQualified(days, paid, bridge_z, remind, wallet, replayed=True)
