"""A chat line: its counters and everything it pays, in one transaction (`spec/earning.md` 8)."""

from kryten_economy.ledger.activity import record_activity
from kryten_economy.ledger.answers import Answer, Wallet
from kryten_economy.ledger.chat_answers import ChatRecorded
from kryten_economy.ledger.chat_requests import RecordChat
from kryten_economy.ledger.once import Kept, Memo, money_of, once, wallet_then
from kryten_economy.ledger.requests import RecordActivity
from kryten_economy.ledger.triggers import memo_of, pay_all, retold
from kryten_economy.ledger.tx import Tx

__all__ = ("record_chat",)

_USE_TODAY = "INSERT OR IGNORE INTO daily_emotes (account_id, day, emote) VALUES (?, ?, ?)"
_USE_EVER = "INSERT OR IGNORE INTO lifetime_emotes (account_id, emote) VALUES (?, ?)"
_FORGET_EMOTES = "DELETE FROM daily_emotes WHERE account_id = ? AND day < date(?, '-1 day')"
_COUNT_EMOTES = """
    UPDATE daily_activity SET unique_emotes_used = unique_emotes_used + ?4
    WHERE channel_id = ?1 AND day = ?2 AND account_id = ?3
"""


def record_chat(tx: Tx, request: RecordChat) -> Answer:
    """Count the line and pay its awards; a line that pays nobody needs no id."""
    if request.awards or request.tallies:
        return once(tx, request, request.user.channel, _record_and_pay, _retell)
    return ChatRecorded(_record(tx, request))


def _record_and_pay(tx: Tx, request: RecordChat) -> Kept | Answer:
    speaker = _record(tx, request)
    channel = tx.channels.get(request.user.channel)
    paid = () if speaker.banned else pay_all(tx, request, channel)
    own = [each.wallet for each in paid if each.wallet.user == request.user]
    wallet = own[-1] if own else speaker
    return Kept(ChatRecorded(wallet, paid), [money_of(wallet), memo_of(paid)])


def _record(tx: Tx, request: RecordChat) -> Wallet:
    channel = tx.channels.get(request.user.channel)
    is_counted = not tx.is_banned(channel.id, request.user.name)
    wallet = record_activity(
        tx,
        RecordActivity(
            user=request.user,
            display_name=request.display_name,
            at_ms=request.at_ms,
            day=request.day,
            messages=int(is_counted),
            long_messages=request.long_messages * is_counted,
            gifs_posted=request.gifs_posted * is_counted,
            chatted=True,
        ),
    )
    if request.emotes and is_counted:
        _count_emotes(tx, request)
    return wallet


def _count_emotes(tx: Tx, request: RecordChat) -> None:
    found = tx.find(request.user, request.day)
    assert found is not None, request
    account_id, fresh = found[1].account_id, 0
    tx.sql.run(_FORGET_EMOTES, account_id, request.day)
    for emote in request.emotes:
        tx.sql.run(_USE_TODAY, account_id, request.day, emote)
        fresh += tx.sql.changed()
        tx.sql.run(_USE_EVER, account_id, emote)
    if fresh:
        tx.sql.run(_COUNT_EMOTES, found[0].id, request.day, account_id, fresh)


def _retell(tx: Tx, request: RecordChat, memo: Memo) -> Answer:
    money, paid = memo
    wallet = wallet_then(tx, request.user, request.day, money)
    told = retold(tx, request.user.channel, request.day, paid)
    return ChatRecorded(wallet, told, replayed=True)
