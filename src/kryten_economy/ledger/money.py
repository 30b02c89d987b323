"""Credit, debit, set balance, transfer: money that moves at once."""

import json
from collections.abc import Callable

from kryten_economy.ledger.answers import Answer, BalanceSet, Posted, Transferred
from kryten_economy.ledger.channels import Channel
from kryten_economy.ledger.once import Kept, Memo, money_of, once, wallet_then
from kryten_economy.ledger.page import Page
from kryten_economy.ledger.posting import Line, Purse, has_room, is_amount, move_side, post
from kryten_economy.ledger.requests import Credit, Debit, SetBalance, Transfer
from kryten_economy.ledger.tx import Tx
from kryten_economy.refusals import (
    AMOUNT_MAX_Z,
    Banned,
    Insufficient,
    InvalidAmount,
    NoAccount,
    SameAccount,
)
from kryten_economy.transaction_types import TransactionType, counters_of, transaction_type
from kryten_economy.users import UserKey

__all__ = ("credit", "debit", "is_plain", "set_balance", "transfer")

_Opener = Callable[[int, UserKey, str, str, int], Purse]


def is_plain(request: Credit) -> bool:
    """Whether a credit takes no counter back, perhaps on another day; it works on the slate."""
    return not transaction_type(request.type).undoes


def credit(tx: Tx, request: Credit) -> Answer:
    """Pay a user from the account that stands behind the type."""
    return once(tx, request, request.user.channel, _credit, _retell_posted)


def debit(tx: Tx, request: Debit) -> Answer:
    """Take from a user, to the account that stands behind the type."""
    return once(tx, request, request.user.channel, _debit, _retell_posted)


def set_balance(tx: Tx, request: SetBalance) -> Answer:
    """Make a balance what an admin says; the difference is one row (P-MON-15)."""
    return once(tx, request, request.user.channel, _set_balance, _retell_balance_set)


def transfer(tx: Tx, request: Transfer) -> Answer:
    """Move money from one user to another."""
    return once(tx, request, request.giver.channel, _transfer, _retell_transferred)


def _credit(tx: Tx, request: Credit) -> Kept | Answer:
    kind = transaction_type(request.type)
    assert kind.credits, request
    if not is_amount(request.amount_z) or not 0 <= request.net_z <= request.amount_z:
        return InvalidAmount(request.amount_z)
    user, day = request.user, request.day
    if is_plain(request):
        return _credit_to(tx, request, tx.page(user, day), tx.slate.open)
    return _credit_to(tx, request, tx.find(user, day), tx.wallets.open)


def _credit_to(
    tx: Tx, request: Credit, found: tuple[Channel, Purse] | None, open_: _Opener[Purse]
) -> Kept | Answer:
    if found is None:
        return _credit_newcomer(tx, request, open_)
    channel, purse = found
    kind = transaction_type(request.type)
    if purse.facts.banned and not kind.despite_ban:
        return Banned(request.user)
    source = _counterpart(channel, kind)
    if not has_room(purse, request.amount_z) or not tx.journal.fits(source, -request.amount_z):
        return InvalidAmount(request.amount_z)
    return _pay(tx, request, purse, source)


def _credit_newcomer(tx: Tx, request: Credit, open_: _Opener[Purse]) -> Kept | Answer:
    if not request.create:
        return NoAccount(request.user)
    kind = transaction_type(request.type)
    channel = tx.channels.get(request.user.channel)
    if tx.is_banned(channel.id, request.user.name) and not kind.despite_ban:
        return Banned(request.user)
    source = _counterpart(channel, kind)
    if not tx.journal.fits(source, -request.amount_z):
        return InvalidAmount(request.amount_z)
    name = request.display_name or request.user.name
    purse = open_(channel.id, request.user, name, request.day, request.at_ms)
    return _pay(tx, request, purse, source)


def _pay(tx: Tx, request: Credit, purse: Purse, source: int) -> Kept:
    line = Line(
        request.type,
        request.trigger_id,
        request.reason,
        request.at_ms,
        request.spent_day or request.day,
        request.related_user,
        request.metadata,
    )
    moved, row_id = post(tx, purse, request.amount_z, source, line, net_z=request.net_z)
    return Kept(Posted(row_id, moved.facts), [row_id, money_of(moved.facts)])


def _debit(tx: Tx, request: Debit) -> Kept | Answer:
    kind = transaction_type(request.type)
    assert kind.debits, request
    if not is_amount(request.amount_z):
        return InvalidAmount(request.amount_z)
    found = tx.page(request.user, request.day)
    if found is None:
        return NoAccount(request.user)
    channel, page = found
    if page.facts.banned and not kind.despite_ban:
        return Banned(request.user)
    if page.facts.balance_z < request.amount_z:
        return _short(page, request.amount_z)
    target = _counterpart(channel, kind)
    if not tx.journal.fits(target, request.amount_z):
        return InvalidAmount(request.amount_z)
    line = Line(
        request.type,
        request.trigger_id,
        request.reason,
        request.at_ms,
        request.day,
        request.related_user,
        request.metadata,
    )
    moved, row_id = post(tx, page, -request.amount_z, target, line)
    return Kept(Posted(row_id, moved.facts), [row_id, money_of(moved.facts)])


def _retell_posted(tx: Tx, request: Credit | Debit, memo: Memo) -> Answer:
    tx.slate.close()
    row_id, money = memo
    wallet = wallet_then(tx, request.user, request.day, money)
    return Posted(row_id, wallet, replayed=True)


def _set_balance(tx: Tx, request: SetBalance) -> Kept | Answer:
    if not 0 <= request.amount_z <= AMOUNT_MAX_Z:
        return InvalidAmount(request.amount_z)
    found = tx.find(request.user, request.day)
    if found is None:
        return NoAccount(request.user)
    channel, holder = found
    old_z = holder.facts.balance_z
    delta_z = request.amount_z - old_z
    if delta_z:
        other = channel.mint if delta_z > 0 else channel.sink
        if not tx.journal.fits(other, -delta_z):
            return InvalidAmount(request.amount_z)
        line = Line(
            "admin_set_balance",
            "admin.set_balance",
            request.reason,
            request.at_ms,
            request.day,
            metadata=json.dumps({"by": request.by}),
        )
        holder, _ = post(tx, holder, delta_z, other, line)
    answer = BalanceSet(old_z, request.amount_z, holder.facts)
    return Kept(answer, [old_z, request.amount_z, money_of(holder.facts)])


def _retell_balance_set(tx: Tx, request: SetBalance, memo: Memo) -> Answer:
    old_z, new_z, money = memo
    wallet = wallet_then(tx, request.user, request.day, money)
    return BalanceSet(old_z, new_z, wallet, replayed=True)


def _transfer(  # noqa: PLR0911 - one way out for each refusal
    tx: Tx, request: Transfer
) -> Kept | Answer:
    assert request.giver.channel == request.taker.channel, request
    debit_kind, credit_kind = (
        transaction_type(request.debit_type),
        transaction_type(request.credit_type),
    )
    assert debit_kind.debits, request
    assert credit_kind.credits, request
    if not is_amount(request.amount_z):
        return InvalidAmount(request.amount_z)
    if request.giver == request.taker:
        return SameAccount(request.giver)
    giver, taker = tx.page(request.giver, request.day), tx.page(request.taker, request.day)
    if giver is None:
        return NoAccount(request.giver)
    if taker is None:
        return NoAccount(request.taker)
    if giver[1].facts.banned and not debit_kind.despite_ban:
        return Banned(request.giver)
    if taker[1].facts.banned and not credit_kind.despite_ban:
        return Banned(request.taker)
    if giver[1].facts.balance_z < request.amount_z:
        return _short(giver[1], request.amount_z)
    if not has_room(taker[1], request.amount_z):
        return InvalidAmount(request.amount_z)
    return _move_between(tx, request, giver[1], taker[1])


def _move_between(tx: Tx, request: Transfer, giver: Page, taker: Page) -> Kept:
    amount_z, reason = request.amount_z, request.reason
    paid = Line(request.debit_type, request.debit_trigger, reason, request.at_ms, request.day)
    got = Line(request.credit_type, request.credit_trigger, reason, request.at_ms, request.day)
    giver, debit_side = move_side(tx, giver, -amount_z, paid, counters_of(paid.type, -amount_z))
    won = counters_of(got.type, amount_z, won_z=amount_z)
    taker, credit_side = move_side(tx, taker, amount_z, got, won)
    tx.journal.add(giver.channel_id, debit_side, credit_side, amount_z, reason, request.at_ms)
    if transaction_type(request.debit_type).tips:
        tx.slate.met(giver, taker)
    memo = [money_of(giver.facts), money_of(taker.facts)]
    return Kept(Transferred(giver.facts, taker.facts), memo)


def _retell_transferred(tx: Tx, request: Transfer, memo: Memo) -> Answer:
    tx.slate.close()
    giver = wallet_then(tx, request.giver, request.day, memo[0])
    taker = wallet_then(tx, request.taker, request.day, memo[1])
    return Transferred(giver, taker, replayed=True)


def _short(page: Page, amount_z: int) -> Insufficient:
    return Insufficient(page.balance_z, amount_z - page.balance_z)


def _counterpart(channel: Channel, kind: TransactionType) -> int:
    assert kind.counterpart != "wallet", f"{kind.name} goes from user to user"
    return channel.system(kind.counterpart)
