"""The same thing for several users in one operation: rain, event bonuses."""

import json
from collections.abc import Iterable
from itertools import repeat

from kryten_economy.features.gifts.rules import split_evenly
from kryten_economy.ledger.answers import Answer
from kryten_economy.ledger.channels import Channel
from kryten_economy.ledger.occasion_answers import Distributed, Paid, TooFewCoins
from kryten_economy.ledger.occasion_requests import AdminRain, RainDrop
from kryten_economy.ledger.once import Kept, Memo, money_of, once, wallet_then
from kryten_economy.ledger.posting import Line, has_room, is_amount, post
from kryten_economy.ledger.tx import Tx
from kryten_economy.ledger.wallets import Holder
from kryten_economy.refusals import InvalidAmount
from kryten_economy.users import UserKey

__all__ = ("admin_rain", "holder_of", "memo_of", "paid_then", "pay_each", "rain_drop")


def rain_drop(tx: Tx, request: RainDrop) -> Answer:
    """Let it rain on everybody who may earn."""
    return once(tx, request, request.channel, _drop, _retell)


def admin_rain(tx: Tx, request: AdminRain) -> Answer:
    """Let an operator's rain fall, to the coin (P-MON-16)."""
    return once(tx, request, request.channel, _admin_rain, _retell)


def _drop(tx: Tx, request: RainDrop) -> Kept | Answer:
    if not all(is_amount(share.amount_z) for share in request.shares):
        return InvalidAmount(sum(share.amount_z for share in request.shares))
    channel = tx.channels.get(request.channel)
    line = Line("rain", "rain.ambient", "Rain", request.at_ms, request.day)
    gate, shares = request.gate, []
    for share in request.shares:
        holder = holder_of(
            tx, channel, UserKey(request.channel, share.name), share.display_name, line
        )
        facts = holder.facts
        if gate.is_open(facts.first_seen_ms, facts.lifetime_messages, request.at_ms):
            shares.append((holder, share.amount_z, line._replace(metadata=share.metadata)))
    return _kept(pay_each(tx, channel, shares))


def _admin_rain(tx: Tx, request: AdminRain) -> Kept | Answer:
    channel = tx.channels.get(request.channel)
    line = Line("admin_rain", "admin.rain", f"Rain by {request.by}", request.at_ms, request.day)
    wet = [
        each
        for each in sorted(request.present, key=lambda each: each.name)
        if not tx.is_banned(channel.id, each.name)
    ]
    parts = split_evenly(request.total_z, len(wet))
    if parts is None:
        return TooFewCoins(len(wet))
    if not is_amount(request.total_z):
        return InvalidAmount(request.total_z)
    holders = [
        holder_of(tx, channel, UserKey(request.channel, each.name), each.display_name, line)
        for each in wet
    ]
    if not all(map(has_room, holders, parts)):
        return InvalidAmount(request.total_z)
    why = {"by": request.by, "total": request.total_z, "users": len(wet)}
    line = line._replace(metadata=json.dumps(why))
    shares = zip(holders, parts, repeat(line, len(wet)), strict=True)
    return _kept(pay_each(tx, channel, shares))


def holder_of(tx: Tx, channel: Channel, user: UserKey, display_name: str, line: Line) -> Holder:
    """The wallet of somebody present, opened if the presence tick has not come yet."""
    found = tx.wallets.find(channel.id, user, line.day)
    return found or tx.wallets.open(channel.id, user, display_name, line.day, line.at_ms)


def pay_each(
    tx: Tx, channel: Channel, shares: Iterable[tuple[Holder, int, Line]]
) -> tuple[Paid, ...]:
    """Credit each from the mint; who is banned or has no room is passed over."""
    paid = []
    for holder, amount_z, line in shares:
        if holder.facts.banned or not has_room(holder, amount_z):
            continue
        if not tx.journal.fits(channel.mint, -amount_z):
            continue
        moved, _ = post(tx, holder, amount_z, channel.mint, line)
        paid.append(Paid(moved.facts, amount_z))
    return tuple(paid)


def memo_of(paid: tuple[Paid, ...]) -> Memo:
    """What is needed to tell the payments again."""
    return [[each.wallet.user.name, each.amount_z, money_of(each.wallet)] for each in paid]


def paid_then(tx: Tx, channel: str, day: str, memo: Memo) -> tuple[Paid, ...]:
    """The payments of then."""
    return tuple(
        Paid(wallet_then(tx, UserKey(channel, name), day, money), amount_z)
        for name, amount_z, money in memo
    )


def _kept(paid: tuple[Paid, ...]) -> Kept:
    return Kept(Distributed(paid), memo_of(paid))


def _retell(tx: Tx, request: RainDrop | AdminRain, memo: Memo) -> Distributed:
    return Distributed(paid_then(tx, request.channel, request.day, memo), replayed=True)
