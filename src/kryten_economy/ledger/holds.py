"""Money set aside: placed once, then captured, released or expired once.

What is given back lowers the counters that the hold raised, on the day it was placed
(`storage.md` 2.1 note 2); a stake raises them only when it is captured. A settled hold
never moves again: the change of state is guarded, and whoever comes second learns the state.
"""

from typing import NamedTuple

from kryten_economy.ledger.answers import Answer, Captured, Held, Released, Wallet
from kryten_economy.ledger.channels import Channel
from kryten_economy.ledger.journal import Side
from kryten_economy.ledger.once import Kept, Memo, money_of, once, wallet_then
from kryten_economy.ledger.posting import Line, has_room, is_amount, post
from kryten_economy.ledger.requests import CaptureHold, PlaceHold, ReleaseHold
from kryten_economy.ledger.tx import Tx
from kryten_economy.ledger.wallets import Holder
from kryten_economy.refusals import (
    AlreadySettled,
    Banned,
    Conflict,
    Insufficient,
    InvalidAmount,
    NoAccount,
    NoHold,
    Refusal,
)
from kryten_economy.transaction_types import (
    NOTHING,
    held_counters,
    settled_counters,
    transaction_type,
)
from kryten_economy.users import UserKey

__all__ = ("HOLD_COLUMNS", "Hold", "capture_hold", "give_back", "place_hold", "release_hold")

HOLD_COLUMNS = """
    h.id, c.name, a.name, h.amount_z, h.purpose, h.state, h.type, h.trigger_id,
    h.refund_type, h.refund_trigger, h.reason, h.data, h.day, h.placed_at_ms, h.expires_at_ms
"""
_FIND = f"""
    SELECT {HOLD_COLUMNS} FROM hold AS h
    JOIN account AS a ON a.id = h.account_id JOIN channel AS c ON c.id = h.channel_id
    WHERE h.id = ?
"""  # noqa: S608 - put together from constants
_PLACE = """
    INSERT INTO hold (
        id, channel_id, account_id, amount_z, purpose, type, trigger_id, refund_type,
        refund_trigger, reason, data, day, placed_at_ms, expires_at_ms
    ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_SETTLE = """
    UPDATE hold SET state = ?2, settled_at_ms = ?3, captured_z = ?4
    WHERE id = ?1 AND state = 'open'
"""


class Hold(NamedTuple):
    """A row of ``HOLD_COLUMNS``."""

    hold_id: str
    channel: str
    name: str
    amount_z: int
    purpose: str
    state: str
    type: str
    trigger_id: str
    refund_type: str
    refund_trigger: str
    reason: str
    data: str | None
    day: str
    placed_at_ms: int
    expires_at_ms: int

    @property
    def owner(self) -> UserKey:
        """Whose money it is."""
        return UserKey(self.channel, self.name)


def place_hold(tx: Tx, request: PlaceHold) -> Answer:
    """Move money from a wallet to the channel's escrow."""
    return once(tx, request, request.user.channel, _place, _retell_held)


def capture_hold(tx: Tx, request: CaptureHold) -> Answer:
    """Use some or all of a hold, and give the rest back."""
    hold = _find(tx, request.hold_id)
    if hold is None:
        return NoHold(request.hold_id)
    return once(tx, request, hold.channel, _capture, _retell_captured)


def release_hold(tx: Tx, request: ReleaseHold) -> Answer:
    """Give all of a hold back."""
    hold = _find(tx, request.hold_id)
    if hold is None:
        return NoHold(request.hold_id)
    return once(tx, request, hold.channel, _release, _retell_released)


def _find(tx: Tx, hold_id: str) -> Hold | None:
    row = tx.sql.row(_FIND, hold_id)
    return None if row is None else Hold._make(row)


def _place(  # noqa: PLR0911 - one way out for each refusal
    tx: Tx, request: PlaceHold
) -> Kept | Answer:
    kind = transaction_type(request.type)
    assert kind.debits, request
    if not is_amount(request.amount_z):
        return InvalidAmount(request.amount_z)
    if _find(tx, request.hold_id) is not None:
        return Conflict(request.hold_id)
    found = tx.find(request.user, request.day)
    if found is None:
        return NoAccount(request.user)
    channel, holder = found
    balance_z = holder.facts.balance_z
    if holder.facts.banned and not kind.despite_ban:
        return Banned(request.user)
    if balance_z < request.amount_z:
        return Insufficient(balance_z, request.amount_z - balance_z)
    if not tx.journal.fits(channel.escrow, request.amount_z):
        return InvalidAmount(request.amount_z)
    line = Line(request.type, request.trigger_id, request.reason, request.at_ms, request.day)
    counters = held_counters(request.type, request.amount_z)
    holder, _ = post(tx, holder, -request.amount_z, channel.escrow, line, counters=counters)
    _insert(tx, request, holder)
    return Kept(Held(request.hold_id, holder.facts), [money_of(holder.facts)])


def _insert(tx: Tx, request: PlaceHold, holder: Holder) -> None:
    tx.sql.run(
        _PLACE,
        request.hold_id,
        holder.channel_id,
        holder.account_id,
        request.amount_z,
        request.purpose,
        request.type,
        request.trigger_id,
        request.refund_type or transaction_type(request.type).refunded_as,
        request.refund_trigger or f"{request.trigger_id}.refund",
        request.reason,
        request.data,
        request.day,
        request.at_ms,
        request.expires_at_ms,
    )


def _retell_held(tx: Tx, request: PlaceHold, memo: Memo) -> Answer:
    wallet = wallet_then(tx, request.user, request.day, memo[0])
    return Held(request.hold_id, wallet, replayed=True)


def _capture(tx: Tx, request: CaptureHold) -> Kept | Answer:
    hold, channel, owner = _open_hold(tx, request.hold_id, request.day)
    if request.amount_z < 0 or not 0 <= request.net_z <= request.amount_z:
        return InvalidAmount(request.amount_z)
    if hold.state != "open":
        return AlreadySettled(hold.hold_id, hold.state)
    captured_z = min(request.amount_z, hold.amount_z)
    taker = _taker(tx, request, channel, owner, captured_z)
    if taker is not None and not isinstance(taker, Holder):
        return taker
    if not has_room(owner, hold.amount_z):
        return InvalidAmount(hold.amount_z)
    _settle(tx, hold, "captured", request.at_ms, captured_z)
    released_z = hold.amount_z - captured_z
    owner = _give(
        tx,
        hold,
        channel,
        owner,
        released_z,
        Line(
            request.refund_type or hold.refund_type,
            request.refund_trigger or hold.refund_trigger,
            request.reason,
            request.at_ms,
            hold.day,
        ),
    )
    if captured_z and (settled := settled_counters(hold.type, captured_z)) != NOTHING:
        owner = tx.wallets.count(owner, settled, request.day)
    if taker is None:
        _spend(tx, request, hold, channel, owner, captured_z)
        return _captured(request, captured_z, released_z, owner.facts, None)
    if taker.account_id == owner.account_id:
        owner = taker = _pay(tx, request, channel, owner, captured_z)
    else:
        taker = _pay(tx, request, channel, taker, captured_z, won_z=captured_z)
    return _captured(request, captured_z, released_z, owner.facts, taker.facts)


def _open_hold(tx: Tx, hold_id: str, day: str) -> tuple[Hold, Channel, Holder]:
    hold = _find(tx, hold_id)
    assert hold is not None, hold_id
    found = tx.find(hold.owner, day)
    assert found is not None, hold
    return hold, *found


def _taker(
    tx: Tx, request: CaptureHold, channel: Channel, owner: Holder, captured_z: int
) -> Holder | Refusal | None:
    match request.to:
        case "sink" | "house":
            other = channel.system(request.to)
            return None if tx.journal.fits(other, captured_z) else InvalidAmount(captured_z)
        case user:
            kind = transaction_type(request.credit_type)
            assert kind.credits, request
            assert user.channel == owner.facts.user.channel, request
            found = tx.find(user, request.day)
            if found is None:
                return NoAccount(user)
            if found[1].facts.banned and not kind.despite_ban:
                return Banned(user)
            return found[1] if has_room(found[1], captured_z) else InvalidAmount(captured_z)


def _settle(tx: Tx, hold: Hold, state: str, at_ms: int, captured_z: int = 0) -> None:
    tx.sql.run(_SETTLE, hold.hold_id, state, at_ms, captured_z)
    assert tx.sql.changed() == 1, hold


def _give(tx: Tx, hold: Hold, channel: Channel, owner: Holder, amount_z: int, line: Line) -> Holder:
    if not amount_z:
        return owner
    undone = held_counters(hold.type, amount_z).negated()
    return post(tx, owner, amount_z, channel.escrow, line, counters=undone)[0]


def _spend(
    tx: Tx, request: CaptureHold, hold: Hold, channel: Channel, owner: Holder, captured_z: int
) -> None:
    assert isinstance(request.to, str)
    if not captured_z:
        return
    escrow, other = Side(channel.escrow), Side(channel.system(request.to))
    tx.journal.add(
        owner.channel_id,
        escrow,
        other,
        captured_z,
        request.reason,
        request.at_ms,
        hold.name,
        request.metadata,
    )
    if request.to == "sink" and transaction_type(hold.type).keeps_as_spent:
        tx.journal.count("z_spent_total", captured_z)
        kept = NOTHING._replace(z_spent=captured_z)
        tx.wallets.count_day(owner, kept, request.day)


def _pay(
    tx: Tx,
    request: CaptureHold,
    channel: Channel,
    taker: Holder,
    captured_z: int,
    *,
    won_z: int = 0,
) -> Holder:
    if not captured_z:
        return taker
    line = Line(
        request.credit_type,
        request.credit_trigger,
        request.reason,
        request.at_ms,
        request.day,
        metadata=request.metadata,
    )
    net_z = request.net_z
    return post(tx, taker, captured_z, channel.escrow, line, net_z=net_z, won_z=won_z)[0]


def _captured(
    request: CaptureHold, captured_z: int, released_z: int, owner: Wallet, taker: Wallet | None
) -> Kept:
    paid = None if taker is None else money_of(taker)
    return Kept(
        Captured(request.hold_id, captured_z, released_z, owner, taker),
        [captured_z, released_z, money_of(owner), paid],
    )


def _retell_captured(tx: Tx, request: CaptureHold, memo: Memo) -> Answer:
    captured_z, released_z, owner_money, paid = memo
    hold, _, _ = _open_hold(tx, request.hold_id, request.day)
    owner = wallet_then(tx, hold.owner, request.day, owner_money)
    taker = None
    if paid is not None:
        assert isinstance(request.to, UserKey)
        taker = wallet_then(tx, request.to, request.day, paid)
    return Captured(request.hold_id, captured_z, released_z, owner, taker, replayed=True)


def _release(tx: Tx, request: ReleaseHold) -> Kept | Answer:
    hold, channel, owner = _open_hold(tx, request.hold_id, request.day)
    if hold.state != "open":
        return AlreadySettled(hold.hold_id, hold.state)
    if not has_room(owner, hold.amount_z):
        return InvalidAmount(hold.amount_z)
    line = Line(
        request.refund_type or hold.refund_type,
        request.refund_trigger or hold.refund_trigger,
        request.reason,
        request.at_ms,
        hold.day,
    )
    owner = give_back(tx, hold, channel, owner, line, "released")
    return Kept(
        Released(hold.hold_id, hold.amount_z, owner.facts),
        [hold.amount_z, money_of(owner.facts)],
    )


def give_back(
    tx: Tx, hold: Hold, channel: Channel, owner: Holder, line: Line, state: str
) -> Holder:
    """Settle an open hold as ``state`` and give all of it back."""
    _settle(tx, hold, state, line.at_ms)
    return _give(tx, hold, channel, owner, hold.amount_z, line)


def _retell_released(tx: Tx, request: ReleaseHold, memo: Memo) -> Answer:
    hold, _, _ = _open_hold(tx, request.hold_id, request.day)
    wallet = wallet_then(tx, hold.owner, request.day, memo[1])
    return Released(hold.hold_id, memo[0], wallet, replayed=True)
