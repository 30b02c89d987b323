"""Money set aside: placed once, then captured, released or expired once.

What is given back lowers the counters that the hold raised, on the day it was placed; a stake
raises them only when it is captured. A settled hold never moves again: the change of state is
guarded, and whoever comes second learns the state.

`place`, `capture` and `give_back` work on values inside any operation. Whoever calls them has
asked `cannot_place`, `cannot_capture` or `cannot_give_back` before; what is not possible then is
a defect.
"""

import json
from dataclasses import dataclass
from typing import Literal

from kryten_economy.ledger.accounts import Account
from kryten_economy.ledger.channels import Channel
from kryten_economy.ledger.journal import Side
from kryten_economy.ledger.operation import Act, Request, operation
from kryten_economy.ledger.posting import Entry, is_amount, post
from kryten_economy.ledger.sqlite import Row
from kryten_economy.ledger.tx import Tx
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.refusals import (
    AlreadySettled,
    Banned,
    Conflict,
    Insufficient,
    InvalidAmount,
    NoAccount,
    NoHold,
    ReadOnly,
)
from kryten_economy.transaction_types import held_counters, settled_counters, transaction_type
from kryten_economy.users import UserKey

__all__ = (
    "CaptureHold",
    "Captured",
    "ExpireHolds",
    "Expired",
    "Held",
    "Hold",
    "PlaceHold",
    "ReleaseHold",
    "ReleaseOrphans",
    "Released",
    "ReleasedHold",
    "cannot_capture",
    "cannot_give_back",
    "cannot_place",
    "capture",
    "capture_hold",
    "expire_holds",
    "find_hold",
    "give_back",
    "owner_of",
    "place",
    "place_hold",
    "refund_entry",
    "release_hold",
    "release_orphans",
)

_SELECT = """
    SELECT h.id, c.name, a.name, h.amount_z, h.purpose, h.type, h.trigger_id, h.reason, h.day,
        h.placed_at_ms, h.expires_at_ms, h.data, h.refund_type, h.refund_trigger, h.state
    FROM hold AS h
    JOIN account AS a ON a.id = h.account_id JOIN channel AS c ON c.id = h.channel_id
"""
_FIND = _SELECT + "WHERE h.id = ?"
_PLACE = """
    INSERT INTO hold (
        id, channel_id, account_id, amount_z, purpose, type, trigger_id, reason, day,
        placed_at_ms, expires_at_ms, data, refund_type, refund_trigger
    ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_SETTLE = """
    UPDATE hold SET state = ?2, settled_at_ms = ?3, captured_z = ?4
    WHERE id = ?1 AND state = 'open'
"""

# Holds as values


@dataclass(frozen=True, slots=True)
class Hold:
    """Money of a user that is set aside.

    ``data`` is JSON for whoever placed it. ``refund_type`` and ``refund_trigger`` name the
    row that gives the money back when nobody else says so (default: what belongs to
    ``type``, and ``trigger_id`` + ``.refund``). ``day`` is the day on which it was placed.
    """

    hold_id: str
    user: UserKey
    amount_z: int
    purpose: str
    type: str
    trigger_id: str
    reason: str
    day: str
    placed_at_ms: int
    expires_at_ms: int
    data: str | None = None
    refund_type: str = ""
    refund_trigger: str = ""
    state: str = "open"

    @property
    def channel(self) -> str:
        """Whose books it is in."""
        return self.user.channel


def find_hold(tx: Tx, hold_id: str) -> Hold | None:
    """The hold of an id, settled or not."""
    row = tx.sql.row(_FIND, hold_id)
    return None if row is None else _hold_of(row)


def _hold_of(row: Row) -> Hold:
    hold_id, channel, name, *rest = row
    return Hold(hold_id, UserKey(channel, name), *rest)


def owner_of(tx: Tx, hold: Hold, day: str) -> Account:
    """Whose money it is."""
    account = tx.find(hold.user, day)
    assert account is not None, hold
    return account


def refund_entry(
    hold: Hold,
    reason: str,
    at_ms: int,
    refund_type: str | None = None,
    refund_trigger: str | None = None,
) -> Entry:
    """What the row says that gives money of a hold back."""
    type_name = refund_type or hold.refund_type
    return Entry(type_name, refund_trigger or hold.refund_trigger, reason, at_ms, hold.day)


# Placing


def cannot_place(
    tx: Tx, account: Account, hold: Hold
) -> Banned | Conflict | Insufficient | InvalidAmount | None:
    """Why a hold can't be placed, if so."""
    kind = transaction_type(hold.type)
    assert kind.debits, hold
    if not is_amount(hold.amount_z):
        return InvalidAmount(hold.amount_z)
    if find_hold(tx, hold.hold_id) is not None:
        return Conflict(hold.hold_id)
    if account.banned and not kind.despite_ban:
        return Banned(account.user)
    if account.balance_z < hold.amount_z:
        return Insufficient(account.balance_z, hold.amount_z - account.balance_z)
    if not tx.system(account.channel, "escrow").has_room(hold.amount_z):
        return InvalidAmount(hold.amount_z)
    return None


def place(tx: Tx, account: Account, hold: Hold) -> None:
    """Move money from a wallet to the channel's escrow."""
    assert hold.user == account.user, hold
    entry = Entry(hold.type, hold.trigger_id, hold.reason, hold.placed_at_ms, hold.day)
    escrow, counters = tx.system(account.channel, "escrow"), held_counters(hold.type, hold.amount_z)
    post(tx, account, -hold.amount_z, escrow, entry, counters=counters)
    tx.run(
        _PLACE,
        hold.hold_id,
        account.channel.id,
        account.id,
        hold.amount_z,
        hold.purpose,
        hold.type,
        hold.trigger_id,
        hold.reason,
        hold.day,
        hold.placed_at_ms,
        hold.expires_at_ms,
        hold.data,
        hold.refund_type or transaction_type(hold.type).refunded_as,
        hold.refund_trigger or f"{hold.trigger_id}.refund",
    )


# Settling


def cannot_give_back(hold: Hold, owner: Account) -> AlreadySettled | InvalidAmount | None:
    """Why a hold can't be given back, if so."""
    if hold.state != "open":
        return AlreadySettled(hold.hold_id, hold.state)
    return None if owner.has_room(hold.amount_z) else InvalidAmount(hold.amount_z)


def give_back(
    tx: Tx,
    hold: Hold,
    owner: Account,
    entry: Entry,
    state: Literal["released", "expired"] = "released",
) -> None:
    """Settle an open hold as ``state`` and give all of it back."""
    _settle(tx, hold, state, entry.at_ms)
    _return(tx, hold, owner, hold.amount_z, entry)


def cannot_capture(
    hold: Hold, owner: Account, amount_z: int, to: Account, entry: Entry, net_z: int = 0
) -> AlreadySettled | Banned | InvalidAmount | None:
    """Why a hold can't be captured by a wallet, the sink or the house, if so."""
    if (refused := _cannot_use(hold, amount_z, net_z)) is not None:
        return refused
    captured_z = min(amount_z, hold.amount_z)
    if to.is_wallet:
        kind = transaction_type(entry.type)
        assert kind.credits, entry
        if to.banned and not kind.despite_ban:
            return Banned(to.user)
    if not to.has_room(captured_z):
        return InvalidAmount(captured_z)
    return None if owner.has_room(hold.amount_z) else InvalidAmount(hold.amount_z)


def _cannot_use(hold: Hold, amount_z: int, net_z: int) -> AlreadySettled | InvalidAmount | None:
    if amount_z < 0 or not 0 <= net_z <= amount_z:
        return InvalidAmount(amount_z)
    return None if hold.state == "open" else AlreadySettled(hold.hold_id, hold.state)


def capture(
    tx: Tx,
    hold: Hold,
    owner: Account,
    amount_z: int,
    to: Account,
    entry: Entry,
    back: Entry,
    net_z: int = 0,
) -> int:
    """Use some or all of a hold, and give the rest back; answers how much was used.

    ``to`` is a wallet, whose row is ``entry``, or the channel's sink or house, which have no
    row. ``back`` is the row of what is given back.
    """
    captured_z = min(amount_z, hold.amount_z)
    _settle(tx, hold, "captured", entry.at_ms, captured_z)
    _return(tx, hold, owner, hold.amount_z - captured_z, back)
    if not captured_z:
        return 0
    tx.accounts.tally(owner, settled_counters(hold.type, captured_z), entry.day)
    if to.is_wallet:
        # What comes back to its own stakeholder was not won of anybody.
        won_z = 0 if to is owner else captured_z
        escrow = tx.system(owner.channel, "escrow")
        post(tx, to, captured_z, escrow, entry, net_z=net_z, won_z=won_z)
    else:
        _spend(tx, hold, owner, captured_z, to, entry)
    return captured_z


def _settle(tx: Tx, hold: Hold, state: str, at_ms: int, captured_z: int = 0) -> None:
    changed = tx.run(_SETTLE, hold.hold_id, state, at_ms, captured_z)
    assert changed == 1, hold


def _return(tx: Tx, hold: Hold, owner: Account, amount_z: int, entry: Entry) -> None:
    if amount_z:
        undone = held_counters(hold.type, amount_z).negated()
        post(tx, owner, amount_z, tx.system(owner.channel, "escrow"), entry, counters=undone)


def _spend(tx: Tx, hold: Hold, owner: Account, captured_z: int, to: Account, entry: Entry) -> None:
    escrow = tx.system(owner.channel, "escrow")
    tx.accounts.move(escrow, -captured_z)
    tx.accounts.move(to, captured_z)
    tx.journal.add(
        owner.channel.id,
        Side(escrow.id),
        Side(to.id),
        captured_z,
        entry.reason,
        entry.at_ms,
        hold.user.name,
        entry.metadata,
    )
    if to.kind == "sink" and transaction_type(hold.type).keeps_as_spent:
        tx.journal.count("z_spent_total", captured_z)
        tx.accounts.count(tx.accounts.day(owner, entry.day), "z_spent", captured_z)


# Requests about one hold


@dataclass(frozen=True, slots=True)
class Held:
    """The wallet after the money was set aside."""

    hold_id: str
    wallet: Wallet
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class PlaceHold(Act[Held | Insufficient | NoAccount | Banned | InvalidAmount]):
    """Set money of a wallet aside until it is captured, released or expired; see `Hold`."""

    op_id: str
    hold_id: str
    user: UserKey
    amount_z: int
    purpose: str
    type: str
    trigger_id: str
    reason: str
    expires_at_ms: int
    at_ms: int
    day: str
    data: str | None = None
    refund_type: str | None = None
    refund_trigger: str | None = None


@operation
def place_hold(
    tx: Tx, ask: PlaceHold
) -> Held | Insufficient | NoAccount | Banned | InvalidAmount | Conflict:
    """Move money from a wallet to the channel's escrow."""
    hold = Hold(
        ask.hold_id,
        ask.user,
        ask.amount_z,
        ask.purpose,
        ask.type,
        ask.trigger_id,
        ask.reason,
        ask.day,
        ask.at_ms,
        ask.expires_at_ms,
        ask.data,
        ask.refund_type or "",
        ask.refund_trigger or "",
    )
    if not is_amount(ask.amount_z):
        return InvalidAmount(ask.amount_z)
    if find_hold(tx, ask.hold_id) is not None:
        return Conflict(ask.hold_id)
    account = tx.find(ask.user, ask.day)
    if account is None:
        return NoAccount(ask.user)
    if (refused := cannot_place(tx, account, hold)) is not None:
        return refused
    place(tx, account, hold)
    return Held(ask.hold_id, account.wallet)


@dataclass(frozen=True, slots=True)
class Captured:
    """What was taken and what went back; ``taker`` only if a user was paid.

    A user who captures their own hold stands in ``owner`` and ``taker`` alike.
    """

    hold_id: str
    captured_z: int
    released_z: int
    owner: Wallet
    taker: Wallet | None = None
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class CaptureHold(Act[Captured | NoHold | AlreadySettled | NoAccount | Banned | InvalidAmount]):
    """Use ``amount_z`` of a hold (capped at it) and release the rest.

    Paid to the channel's sink or house, or to a user, whose row is then ``credit_type``,
    ``credit_trigger``, with ``net_z`` of it counted as earned by a house game.
    """

    op_id: str
    hold_id: str
    amount_z: int
    to: Literal["sink", "house"] | UserKey
    reason: str
    at_ms: int
    day: str
    credit_type: str = ""
    credit_trigger: str = ""
    net_z: int = 0
    refund_type: str | None = None
    refund_trigger: str | None = None
    metadata: str | None = None

    @property
    def books_channel(self) -> None:
        """The channel of the hold, which is found by its id."""


@operation
def capture_hold(
    tx: Tx, ask: CaptureHold
) -> Captured | NoHold | ReadOnly | AlreadySettled | NoAccount | Banned | InvalidAmount:
    """Use some or all of a hold, and give the rest back."""
    hold = find_hold(tx, ask.hold_id)
    if hold is None:
        return NoHold(ask.hold_id)
    if (closed := tx.closed(hold.channel)) is not None:
        return closed
    if (refused := _cannot_use(hold, ask.amount_z, ask.net_z)) is not None:
        return refused
    owner = owner_of(tx, hold, ask.day)
    to = _receiver(tx, ask, owner.channel)
    if isinstance(to, NoAccount):
        return to
    entry = Entry(
        ask.credit_type,
        ask.credit_trigger,
        ask.reason,
        ask.at_ms,
        ask.day,
        metadata=ask.metadata,
    )
    impossible = cannot_capture(hold, owner, ask.amount_z, to, entry, ask.net_z)
    if impossible is not None:
        return impossible
    back = refund_entry(hold, ask.reason, ask.at_ms, ask.refund_type, ask.refund_trigger)
    captured_z = capture(tx, hold, owner, ask.amount_z, to, entry, back, ask.net_z)
    taker = to.wallet if to.is_wallet else None
    return Captured(hold.hold_id, captured_z, hold.amount_z - captured_z, owner.wallet, taker)


def _receiver(tx: Tx, ask: CaptureHold, channel: Channel) -> Account | NoAccount:
    match ask.to:
        case "sink" | "house":
            return tx.system(channel, ask.to)
        case user:
            assert user.channel == channel.name, ask
            return tx.find(user, ask.day) or NoAccount(user)


@dataclass(frozen=True, slots=True)
class Released:
    """The owner's wallet after the money came back."""

    hold_id: str
    released_z: int
    wallet: Wallet
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class ReleaseHold(Act[Released | NoHold | AlreadySettled | InvalidAmount]):
    """Give all of a hold back to its owner."""

    op_id: str
    hold_id: str
    refund_type: str | None
    refund_trigger: str | None
    reason: str
    at_ms: int
    day: str

    @property
    def books_channel(self) -> None:
        """The channel of the hold, which is found by its id."""


@operation
def release_hold(
    tx: Tx, ask: ReleaseHold
) -> Released | NoHold | ReadOnly | AlreadySettled | InvalidAmount:
    """Give all of a hold back."""
    hold = find_hold(tx, ask.hold_id)
    if hold is None:
        return NoHold(ask.hold_id)
    if (closed := tx.closed(hold.channel)) is not None:
        return closed
    owner = owner_of(tx, hold, ask.day)
    if (refused := cannot_give_back(hold, owner)) is not None:
        return refused
    entry = refund_entry(hold, ask.reason, ask.at_ms, ask.refund_type, ask.refund_trigger)
    give_back(tx, hold, owner, entry)
    return Released(hold.hold_id, hold.amount_z, owner.wallet)


# Holds that nobody will settle any more: their time is over, or their owner's room is gone

_OPEN = _SELECT + "WHERE h.state = 'open' AND c.read_only_reason IS NULL AND "
_DUE = _OPEN + "h.expires_at_ms <= ?1 ORDER BY h.expires_at_ms LIMIT ?2"
_ORPHANED = _OPEN + "h.purpose IN (SELECT value FROM json_each(?1)) ORDER BY h.id LIMIT ?2"  # noqa: S608 - constants


@dataclass(frozen=True, slots=True)
class ReleasedHold:
    """A hold that was given back by the clock or at start, for the notice to its owner."""

    hold_id: str
    user: UserKey
    display_name: str
    purpose: str
    amount_z: int
    balance_z: int
    data: str | None


@dataclass(frozen=True, slots=True)
class Expired:
    """The holds given back by ExpireHolds or ReleaseOrphans."""

    released: tuple[ReleasedHold, ...]


@dataclass(frozen=True, slots=True)
class ExpireHolds(Request[Expired]):
    """Give back up to ``limit`` open holds whose time is over, of all channels.

    Holds of a read-only channel wait. Needs no id: each hold expires once.
    """

    now_ms: int
    day: str
    limit: int = 100


@operation
def expire_holds(tx: Tx, ask: ExpireHolds) -> Expired:
    """Give back what is due, of all channels alike (P-MON-6)."""
    due = map(_hold_of, tx.query(_DUE, ask.now_ms, ask.limit))
    told = (_take_home(tx, hold, "expired", None, ask.now_ms, ask.day) for hold in due)
    return Expired(tuple(one for one in told if one is not None))


@dataclass(frozen=True, slots=True)
class ReleaseOrphans(Request[Expired]):
    """Give back up to ``limit`` open holds of these purposes at start.

    Nobody is left who could settle them. Repeat until nothing comes.
    """

    purposes: tuple[str, ...]
    reason: str
    at_ms: int
    day: str
    limit: int = 100


@operation
def release_orphans(tx: Tx, ask: ReleaseOrphans) -> Expired:
    """Give back what a restart has orphaned (P-MON-3)."""
    orphans = map(_hold_of, tx.query(_ORPHANED, json.dumps(ask.purposes), ask.limit))
    told = (_take_home(tx, hold, "released", ask.reason, ask.at_ms, ask.day) for hold in orphans)
    return Expired(tuple(one for one in told if one is not None))


def _take_home(
    tx: Tx,
    hold: Hold,
    state: Literal["released", "expired"],
    reason: str | None,
    at_ms: int,
    day: str,
) -> ReleasedHold | None:
    """Give one hold back, or leave it where its owner's wallet is full."""
    owner = owner_of(tx, hold, day)
    if cannot_give_back(hold, owner) is not None:
        return None
    give_back(tx, hold, owner, refund_entry(hold, reason or hold.reason, at_ms), state)
    # The hold itself can be given back only once; the operation's id just says by whom.
    tx.journal.finish(f"ledger:{state}:{hold.hold_id}", "GiveBack", b"", "{}", at_ms)
    return ReleasedHold(
        hold.hold_id,
        hold.user,
        owner.display_name,
        hold.purpose,
        hold.amount_z,
        owner.balance_z,
        hold.data,
    )
