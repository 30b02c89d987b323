"""Paying triggers: limit, fraction, counters and credit in one (`spec/storage.md` 4)."""

from kryten_economy.ledger.answers import Answer
from kryten_economy.ledger.channels import Channel
from kryten_economy.ledger.chat_answers import PaidTrigger, TriggersPaid
from kryten_economy.ledger.chat_requests import PayTriggers, RecordChat
from kryten_economy.ledger.once import Kept, Memo, money_of, once, wallet_then
from kryten_economy.ledger.posting import Line, post
from kryten_economy.ledger.rewarding import is_past, may_earn
from kryten_economy.ledger.tx import Tx
from kryten_economy.ledger.wallets import Holder
from kryten_economy.rules.awards import FirstOfDay, Tally, TriggerAward, Window
from kryten_economy.rules.multipliers import with_carry
from kryten_economy.users import UserKey

__all__ = ("memo_of", "pay_all", "pay_triggers", "retold")

_ROUNDING = 1e-9
"""What adding binary fractions may lose; a sum this close to whole is whole."""

_WINDOW = "SELECT count, ends_at_ms FROM trigger_windows WHERE account_id = ? AND trigger_key = ?"
_HIT_WINDOW = """
    INSERT INTO trigger_windows (account_id, trigger_key, count, ends_at_ms) VALUES (?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET count = excluded.count, ends_at_ms = excluded.ends_at_ms
"""
_CLAIM_FIRST = """
    INSERT INTO daily_activity (channel_id, day, account_id, first_message_claimed)
    VALUES (?, ?, ?, 1)
    ON CONFLICT DO UPDATE SET first_message_claimed = 1 WHERE first_message_claimed = 0
"""
_HELD = "SELECT held FROM trigger_fractions WHERE account_id = ? AND trigger_id = ?"
_HOLD = """
    INSERT INTO trigger_fractions (account_id, trigger_id, held) VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET held = excluded.held
"""
_TALLY = {
    counter: f"""
        INSERT INTO daily_activity (channel_id, day, account_id, {counter}) VALUES (?, ?, ?, 1)
        ON CONFLICT DO UPDATE SET {counter} = {counter} + 1
    """  # noqa: S608 - put together from constants
    for counter in ("kudos_given", "kudos_received", "laughs_received", "bot_interactions")
}


def pay_triggers(tx: Tx, request: PayTriggers) -> Answer:
    """Count and pay what other people or the channel set off."""
    return once(tx, request, request.channel, _pay, _retell)


def _pay(tx: Tx, request: PayTriggers) -> Kept | Answer:
    paid = pay_all(tx, request, tx.channels.get(request.channel))
    return Kept(TriggersPaid(paid), memo_of(paid))


def _retell(tx: Tx, request: PayTriggers, memo: Memo) -> Answer:
    return TriggersPaid(retold(tx, request.channel, request.day, memo), replayed=True)


def pay_all(tx: Tx, request: PayTriggers | RecordChat, channel: Channel) -> tuple[PaidTrigger, ...]:
    """Count the tallies, then pay what passes its limits; the rest is skipped silently."""
    for tally in request.tallies:
        _count(tx, request, tally)
    paid = (_pay_one(tx, request, channel, award) for award in request.awards)
    return tuple(each for each in paid if each is not None)


def _find(tx: Tx, request: PayTriggers | RecordChat, name: str) -> Holder | None:
    """The wallet of somebody who may earn at all."""
    found = tx.find(UserKey(request.channel, name), request.day)
    return None if found is None or found[1].facts.banned else found[1]


def _count(tx: Tx, request: PayTriggers | RecordChat, tally: Tally) -> None:
    holder = _find(tx, request, tally.name)
    if holder is None or (tally.others and _find(tx, request, tally.others) is None):
        return
    tx.sql.run(_TALLY[tally.counter], holder.channel_id, request.day, holder.account_id)


def _pay_one(
    tx: Tx, request: PayTriggers | RecordChat, channel: Channel, award: TriggerAward
) -> PaidTrigger | None:
    holder = _find(tx, request, award.name)
    if holder is None or not _passes(tx, request, holder, award):
        return None
    amount_z, why = 0, award.metadata
    if is_past(request.gate, holder, request.at_ms):
        amount_z, why = _whole(tx, holder, award)
    if amount_z and may_earn(tx, channel, holder, amount_z):
        line = Line(
            "earn",
            award.trigger_id,
            award.reason,
            request.at_ms,
            request.day,
            award.related_user,
            why,
        )
        holder, _ = post(tx, holder, amount_z, channel.mint, line)
    else:
        amount_z = 0
    return PaidTrigger(award.name, award.trigger_id, amount_z, holder.facts)


def _passes(tx: Tx, request: PayTriggers | RecordChat, holder: Holder, award: TriggerAward) -> bool:
    match award.limit:
        case None:
            return True
        case FirstOfDay():
            tx.sql.run(_CLAIM_FIRST, holder.channel_id, request.day, holder.account_id)
            return tx.sql.changed() == 1
        case Window(key, ends_at_ms, most):
            row = tx.sql.row(_WINDOW, holder.account_id, key)
            count = 0
            if row is not None and request.at_ms < row[1]:
                count, ends_at_ms = row
            if count >= most:
                return False
            tx.sql.run(_HIT_WINDOW, holder.account_id, key, count + 1, ends_at_ms)
            return True


def _whole(tx: Tx, holder: Holder, award: TriggerAward) -> tuple[int, str | None]:
    """Add to what is held of this trigger; take out what has become whole (2.2), and say why."""
    row = tx.sql.row(_HELD, holder.account_id, award.trigger_id)
    held: float = 0.0 if row is None else row[0]
    total = held + award.amount
    whole = int(total + _ROUNDING)
    rest = max(0.0, total - whole)
    rest = rest if rest > _ROUNDING else 0.0
    if rest != held:
        tx.sql.run(_HOLD, holder.account_id, award.trigger_id, rest)
    return whole, with_carry(award.metadata, award.amount, held, rest)


def memo_of(paid: tuple[PaidTrigger, ...]) -> Memo:
    """What is needed to tell of these payments again."""
    return [[each.name, each.trigger_id, each.amount_z, money_of(each.wallet)] for each in paid]


def retold(tx: Tx, channel: str, day: str, memo: Memo) -> tuple[PaidTrigger, ...]:
    """The payments of a memo."""
    return tuple(
        PaidTrigger(name, trigger_id, amount_z, wallet_then(tx, UserKey(channel, name), day, money))
        for name, trigger_id, amount_z, money in memo
    )
