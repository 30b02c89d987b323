"""Paying triggers: limit, fraction, counters and credit in one (`storage.md` 4)."""

from kryten_economy.features.chat.triggers import FirstOfDay, Tally, TriggerAward, Window
from kryten_economy.features.events.rules import with_carry
from kryten_economy.ledger.answers import Answer
from kryten_economy.ledger.channels import Channel
from kryten_economy.ledger.chat_answers import PaidTrigger, TriggersPaid
from kryten_economy.ledger.chat_requests import PayTriggers, RecordChat
from kryten_economy.ledger.once import Kept, Memo, money_of, once, wallet_then
from kryten_economy.ledger.page import Page
from kryten_economy.ledger.posting import Line, post
from kryten_economy.ledger.rewarding import may_earn
from kryten_economy.ledger.tx import Tx
from kryten_economy.users import UserKey

__all__ = ("memo_of", "pay_all", "pay_triggers", "retold")

_ROUNDING = 1e-9
"""What adding binary fractions may lose; a sum this close to whole is whole."""

_CLAIM_FIRST = """
    INSERT INTO daily_activity (channel_id, day, account_id, first_message_claimed)
    VALUES (?, ?, ?, 1)
    ON CONFLICT DO UPDATE SET first_message_claimed = 1 WHERE first_message_claimed = 0
"""


def pay_triggers(tx: Tx, request: PayTriggers) -> Answer:
    """Count and pay what other people or the channel set off."""
    return once(tx, request, request.channel, _pay, _retell)


def _pay(tx: Tx, request: PayTriggers) -> Kept | Answer:
    paid = pay_all(tx, request, tx.channels.get(request.channel))
    return Kept(TriggersPaid(paid), memo_of(paid))


def _retell(tx: Tx, request: PayTriggers, memo: Memo) -> Answer:
    tx.slate.close()
    return TriggersPaid(retold(tx, request.channel, request.day, memo), replayed=True)


def pay_all(tx: Tx, request: PayTriggers | RecordChat, channel: Channel) -> tuple[PaidTrigger, ...]:
    """Count the tallies, then pay what passes its limits; the rest is skipped silently."""
    for tally in request.tallies:
        _count(tx, request, channel, tally)
    paid = (_pay_one(tx, request, channel, award) for award in request.awards)
    return tuple(each for each in paid if each is not None)


def _find(tx: Tx, request: PayTriggers | RecordChat, channel: Channel, name: str) -> Page | None:
    """The page of somebody who may earn at all."""
    page = tx.slate.find(channel.id, UserKey(request.channel, name), request.day)
    return None if page is None or page.banned else page


def _count(tx: Tx, request: PayTriggers | RecordChat, channel: Channel, tally: Tally) -> None:
    page = _find(tx, request, channel, tally.name)
    if page is None or (tally.others and _find(tx, request, channel, tally.others) is None):
        return
    tx.slate.count(page, tally.counter)


def _pay_one(
    tx: Tx, request: PayTriggers | RecordChat, channel: Channel, award: TriggerAward
) -> PaidTrigger | None:
    page = _find(tx, request, channel, award.name)
    if page is None or not _passes(tx, request, page, award):
        return None
    amount_z, why = 0, award.metadata
    facts = page.facts
    if request.gate.is_open(facts.first_seen_ms, facts.lifetime_messages, request.at_ms):
        amount_z, why = _whole(tx, page, award)
    if amount_z and may_earn(tx, channel, page, amount_z):
        line = Line(
            "earn",
            award.trigger_id,
            award.reason,
            request.at_ms,
            request.day,
            award.related_user,
            why,
        )
        post(tx, page, amount_z, channel.mint, line)
    else:
        amount_z = 0
    return PaidTrigger(award.name, award.trigger_id, amount_z, page.facts)


def _passes(tx: Tx, request: PayTriggers | RecordChat, page: Page, award: TriggerAward) -> bool:
    match award.limit:
        case None:
            return True
        case FirstOfDay():
            tx.sql.run(_CLAIM_FIRST, page.channel_id, request.day, page.account_id)
            return tx.sql.changed() == 1
        case Window(key, ends_at_ms, most):
            count, known_ends_ms = tx.slate.window(page, key)
            if request.at_ms < known_ends_ms:
                ends_at_ms = known_ends_ms
            else:
                count = 0
            if count >= most:
                return False
            tx.slate.hit_window(page, key, count + 1, ends_at_ms)
            return True


def _whole(tx: Tx, page: Page, award: TriggerAward) -> tuple[int, str | None]:
    """Add to what is held of this trigger; take out what has become whole (2.2), and say why."""
    held = tx.slate.held(page, award.trigger_id)
    total = held + award.amount
    whole = int(total + _ROUNDING)
    rest = max(0.0, total - whole)
    rest = rest if rest > _ROUNDING else 0.0
    if rest != held:
        tx.slate.hold(page, award.trigger_id, rest)
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
