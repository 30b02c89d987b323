"""A chat line: its counters and everything it pays, in one transaction (`earning.md` 8)."""

from kryten_economy.ledger.activity import page_of
from kryten_economy.ledger.answers import Answer
from kryten_economy.ledger.chat_answers import ChatRecorded
from kryten_economy.ledger.chat_requests import RecordChat
from kryten_economy.ledger.once import Kept, Memo, money_of, once, wallet_then
from kryten_economy.ledger.page import Page
from kryten_economy.ledger.triggers import memo_of, pay_all, retold
from kryten_economy.ledger.tx import Tx

__all__ = ("record_chat",)

_USE_TODAY = "INSERT OR IGNORE INTO daily_emotes (account_id, day, emote) VALUES (?, ?, ?)"
_USE_EVER = "INSERT OR IGNORE INTO lifetime_emotes (account_id, emote) VALUES (?, ?)"
_FORGET_EMOTES = "DELETE FROM daily_emotes WHERE account_id = ? AND day < date(?, '-1 day')"


def record_chat(tx: Tx, request: RecordChat) -> Answer:
    """Count the line and pay its awards; a line that pays nobody needs no id."""
    if request.is_only_counted:
        return ChatRecorded(_record(tx, request).facts)
    return once(tx, request, request.user.channel, _record_and_pay, _retell)


def _record_and_pay(tx: Tx, request: RecordChat) -> Kept | Answer:
    speaker = _record(tx, request)
    channel = tx.channels.get(request.user.channel)
    paid = () if speaker.banned else pay_all(tx, request, channel)
    wallet = speaker.facts
    return Kept(ChatRecorded(wallet, paid), [money_of(wallet), memo_of(paid)])


def _record(tx: Tx, request: RecordChat) -> Page:
    slate = tx.slate
    page = page_of(tx, request.user, request.display_name, request.day, request.at_ms)
    counted = not page.banned
    slate.touch(page, request.display_name, request.at_ms, chatted=True, messages=int(counted))
    if counted:
        slate.count(page, "messages_sent")
        if request.long_messages:
            slate.count(page, "long_messages", request.long_messages)
        if request.gifs_posted:
            slate.count(page, "gifs_posted", request.gifs_posted)
        if not page.emotes.issuperset(request.emotes):
            _count_emotes(tx, page, request)
    return page


def _count_emotes(tx: Tx, page: Page, request: RecordChat) -> None:
    account_id, fresh = page.account_id, 0
    if not page.emotes:
        tx.sql.run(_FORGET_EMOTES, account_id, request.day)
    for emote in request.emotes:
        tx.sql.run(_USE_TODAY, account_id, request.day, emote)
        fresh += tx.sql.changed()
        tx.sql.run(_USE_EVER, account_id, emote)
    page.emotes.update(request.emotes)
    if fresh:
        tx.slate.count(page, "unique_emotes_used", fresh)


def _retell(tx: Tx, request: RecordChat, memo: Memo) -> Answer:
    tx.slate.close()
    money, paid = memo
    wallet = wallet_then(tx, request.user, request.day, money)
    told = retold(tx, request.user.channel, request.day, paid)
    return ChatRecorded(wallet, told, replayed=True)
