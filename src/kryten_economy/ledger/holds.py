"""Money set aside: placed once, then captured, released or expired once.

What is given back lowers the counters that the hold raised, on the day it was placed; a stake
raises them only when it is captured. A settled hold never moves again: the change of state is
guarded, and whoever comes second learns the state. Features place, capture and give back holds
within operations of their own by `place`, `capture` and `give_back`.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from kryten_economy.ledger.account import Account
from kryten_economy.ledger.journal import Side
from kryten_economy.ledger.operation import ALWAYS, READ_ONLY, SPENDING, Act, operation
from kryten_economy.ledger.posting import Entry, is_amount, post
from kryten_economy.ledger.tx import CachedTable, Tx
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.refusals import (
    AlreadySettled,
    Banned,
    Conflict,
    Insufficient,
    InvalidAmount,
    Level,
    NoAccount,
    NoHold,
    ReadOnly,
)
from kryten_economy.transaction_types import (
    NOTHING,
    Counters,
    held_counters,
    settled_counters,
    transaction_type,
)
from kryten_economy.users import UserKey

__all__ = (
    "HOLD_COLUMNS",
    "HOLD_FROM",
    "CaptureHold",
    "Captured",
    "Held",
    "Hold",
    "PlaceHold",
    "ReleaseHold",
    "Released",
    "capture_hold",
    "find_hold",
    "give_back",
    "owner_of",
    "place_hold",
    "release_hold",
    "settle_hold",
    "store_holds",
)

HOLD_COLUMNS = """
    h.id, c.name, a.name, h.amount_z, h.purpose, h.state, h.type, h.trigger_id,
    h.refund_type, h.refund_trigger, h.reason, h.data, h.day, h.placed_at_ms, h.expires_at_ms,
    h.channel_id, h.account_id, h.settled_at_ms, h.captured_z
"""
HOLD_FROM = """
    FROM hold AS h
    JOIN account AS a ON a.id = h.account_id JOIN channel AS c ON c.id = h.channel_id
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
    channel_id: int
    account_id: int
    settled_at_ms: int | None = None
    captured_z: int = 0

    @property
    def owner(self) -> UserKey:
        """Whose money it is."""
        return UserKey(self.channel, self.name)


_HOLDS: CachedTable[tuple[str], Hold] = CachedTable(
    f"SELECT {HOLD_COLUMNS} {HOLD_FROM} WHERE h.id = ?",
    # What stands at ?1 is the key, which the row has as well; ?3 and ?4 are names.
    """
    INSERT INTO hold (
        id, amount_z, purpose, state, type, trigger_id, refund_type, refund_trigger, reason, data,
        day, placed_at_ms, expires_at_ms, channel_id, account_id, settled_at_ms, captured_z
    ) VALUES (?2, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)
    """,
    "UPDATE hold SET state = ?7, settled_at_ms = ?19, captured_z = ?20 WHERE id = ?1",
)


def find_hold(tx: Tx, hold_id: str) -> Hold | None:
    """The hold of an id, in whatever state."""
    row = tx.cached(_HOLDS).get((hold_id,))
    return None if row is None else Hold._make(row)


def store_holds(tx: Tx) -> None:
    """Write the holds that wait for the end of the batch, for a statement that reads them.

    Everything else goes on waiting: written act by act, it costs everybody in the batch.
    """
    tx.cached(_HOLDS).write()


# Placing


@dataclass(frozen=True, slots=True)
class Held:
    """The wallet after the money was set aside."""

    hold_id: str
    wallet: Wallet
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class PlaceHold(Act[Held | Insufficient | NoAccount | Banned | InvalidAmount]):
    """Set money of a wallet aside until it is captured, released or expired.

    ``data`` is JSON for whoever placed it. ``refund_type`` and ``refund_trigger`` name the
    row that gives the money back when nobody else says so (default: what belongs to
    ``type``, and ``trigger_id`` + ``.refund``).
    """

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

    @property
    def halted_by(self) -> tuple[Level, ...]:
        """What is to be spent; games refuse their stakes themselves."""
        return SPENDING if transaction_type(self.type).lifetime_spent else READ_ONLY


@operation
def place_hold(  # noqa: PLR0911 - one way out for each refusal
    tx: Tx, ask: PlaceHold
) -> Held | Insufficient | NoAccount | Banned | InvalidAmount | Conflict:
    """Move money from a wallet to the channel's escrow."""
    kind = transaction_type(ask.type)
    assert kind.debits, ask
    if not is_amount(ask.amount_z):
        return InvalidAmount(ask.amount_z)
    if find_hold(tx, ask.hold_id) is not None:
        return Conflict(ask.hold_id)
    account = tx.find(ask.user, ask.day)
    if account is None:
        return NoAccount(ask.user)
    if account.barred is not None and not kind.despite_ban:
        return account.barred
    if account.balance_z < ask.amount_z:
        return Insufficient(account.balance_z, ask.amount_z - account.balance_z)
    escrow = tx.system(account.channel, "escrow")
    if not escrow.has_room(ask.amount_z):
        return InvalidAmount(ask.amount_z)
    entry = Entry(ask.type, ask.trigger_id, ask.reason, ask.at_ms, ask.day)
    counters = held_counters(ask.type, ask.amount_z)
    post(tx, account, -ask.amount_z, escrow, entry, counters=counters)
    hold = Hold(
        ask.hold_id,
        ask.user.channel,
        ask.user.name,
        ask.amount_z,
        ask.purpose,
        "open",
        ask.type,
        ask.trigger_id,
        ask.refund_type or kind.refunded_as,
        ask.refund_trigger or f"{ask.trigger_id}.refund",
        ask.reason,
        ask.data,
        ask.day,
        ask.at_ms,
        ask.expires_at_ms,
        account.channel.id,
        account.id,
    )
    tx.cached(_HOLDS).put((ask.hold_id,), hold)
    return Held(ask.hold_id, account.wallet)


# Capturing


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

    HALTED_BY = ALWAYS

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
        """The hold knows its channel."""


@operation
def capture_hold(  # noqa: PLR0911 - one way out for each refusal
    tx: Tx, ask: CaptureHold
) -> Captured | NoHold | AlreadySettled | NoAccount | Banned | InvalidAmount | ReadOnly:
    """Use some or all of a hold, and give the rest back."""
    hold = find_hold(tx, ask.hold_id)
    if hold is None:
        return NoHold(ask.hold_id)
    if (closed := tx.closed(hold.channel)) is not None:
        return closed
    if ask.amount_z < 0 or not 0 <= ask.net_z <= ask.amount_z:
        return InvalidAmount(ask.amount_z)
    if hold.state != "open":
        return AlreadySettled(hold.hold_id, hold.state)
    owner = owner_of(tx, hold, ask.day)
    captured_z = min(ask.amount_z, hold.amount_z)
    taker = _taker(tx, ask, owner, captured_z)
    if not isinstance(taker, Account):
        return taker
    if not owner.has_room(hold.amount_z):
        return InvalidAmount(hold.amount_z)
    _settle(tx, hold, "captured", ask.at_ms, captured_z)
    released_z = hold.amount_z - captured_z
    entry = Entry(
        ask.refund_type or hold.refund_type,
        ask.refund_trigger or hold.refund_trigger,
        ask.reason,
        ask.at_ms,
        hold.day,
    )
    _give(tx, hold, owner, released_z, entry)
    if captured_z and (settled := settled_counters(hold.type, captured_z)) != NOTHING:
        tx.accounts.tally(owner, settled, ask.day)
    if not taker.is_wallet:
        _spend(tx, ask, hold, owner, taker, captured_z)
        return Captured(ask.hold_id, captured_z, released_z, owner.wallet)
    _pay(tx, ask, taker, captured_z, None if taker is owner else hold.name)
    return Captured(ask.hold_id, captured_z, released_z, owner.wallet, taker.wallet)


def owner_of(tx: Tx, hold: Hold, day: str) -> Account:
    """The account that the money comes from."""
    owner = tx.find(hold.owner, day)
    assert owner is not None, hold
    return owner


def _taker(
    tx: Tx, ask: CaptureHold, owner: Account, captured_z: int
) -> Account | NoAccount | Banned | InvalidAmount:
    """Who is paid: the sink, the house or a user, who must exist and may be banned."""
    match ask.to:
        case "sink" | "house":
            other = tx.system(owner.channel, ask.to)
            return other if other.has_room(captured_z) else InvalidAmount(captured_z)
        case user:
            kind = transaction_type(ask.credit_type)
            assert kind.credits, ask
            assert user.channel == owner.user.channel, ask
            taker = tx.find(user, ask.day)
            if taker is None:
                return NoAccount(user)
            if taker.banned and not kind.despite_ban:
                return Banned(user)
            if ask.credit_type == "bounty_claim" and taker.barred is not None:
                return taker.barred
            return taker if taker.has_room(captured_z) else InvalidAmount(captured_z)


def _settle(tx: Tx, hold: Hold, state: str, at_ms: int, captured_z: int = 0) -> None:
    known = find_hold(tx, hold.hold_id)
    assert known is not None, hold
    assert known.state == "open", hold
    settled = known._replace(state=state, settled_at_ms=at_ms, captured_z=captured_z)
    tx.cached(_HOLDS).put((hold.hold_id,), settled)


def _give(tx: Tx, hold: Hold, owner: Account, amount_z: int, entry: Entry) -> None:
    if amount_z:
        undone = held_counters(hold.type, amount_z).negated()
        post(tx, owner, amount_z, tx.system(owner.channel, "escrow"), entry, counters=undone)


def _spend(
    tx: Tx, ask: CaptureHold, hold: Hold, owner: Account, taker: Account, captured_z: int
) -> None:
    """From escrow to the sink or the house; what is kept may count as spent on that day."""
    if not captured_z:
        return
    escrow = tx.system(owner.channel, "escrow")
    tx.accounts.move(escrow, -captured_z)
    tx.accounts.move(taker, captured_z)
    tx.journal.add(
        owner.channel.id,
        Side(escrow.id),
        Side(taker.id),
        captured_z,
        ask.reason,
        ask.at_ms,
        hold.name,
        ask.metadata,
    )
    if ask.to == "sink" and transaction_type(hold.type).keeps_as_spent:
        tx.journal.count("z_spent_total", captured_z)
        tx.accounts.tally(owner, Counters(z_spent=captured_z), ask.day)


def _pay(tx: Tx, ask: CaptureHold, taker: Account, captured_z: int, won_of: str | None) -> None:
    """Pay a user; ``won_of`` is whose money it was, None for their own."""
    if not captured_z:
        return
    entry = Entry(
        ask.credit_type,
        ask.credit_trigger,
        ask.reason,
        ask.at_ms,
        ask.day,
        won_of,
        ask.metadata,
    )
    won_z = 0 if won_of is None else captured_z
    escrow = tx.system(taker.channel, "escrow")
    post(tx, taker, captured_z, escrow, entry, net_z=ask.net_z, won_z=won_z)


# Giving back


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

    HALTED_BY = ALWAYS

    op_id: str
    hold_id: str
    refund_type: str | None
    refund_trigger: str | None
    reason: str
    at_ms: int
    day: str

    @property
    def books_channel(self) -> None:
        """The hold knows its channel."""


@operation
def release_hold(
    tx: Tx, ask: ReleaseHold
) -> Released | NoHold | AlreadySettled | InvalidAmount | ReadOnly:
    """Give all of a hold back."""
    hold = find_hold(tx, ask.hold_id)
    if hold is None:
        return NoHold(ask.hold_id)
    if (closed := tx.closed(hold.channel)) is not None:
        return closed
    if hold.state != "open":
        return AlreadySettled(hold.hold_id, hold.state)
    owner = owner_of(tx, hold, ask.day)
    if not owner.has_room(hold.amount_z):
        return InvalidAmount(hold.amount_z)
    entry = Entry(
        ask.refund_type or hold.refund_type,
        ask.refund_trigger or hold.refund_trigger,
        ask.reason,
        ask.at_ms,
        hold.day,
    )
    give_back(tx, hold, owner, entry, "released")
    return Released(hold.hold_id, hold.amount_z, owner.wallet)


def give_back(tx: Tx, hold: Hold, owner: Account, entry: Entry, state: str) -> None:
    """Settle an open hold as ``state`` and give all of it back."""
    _settle(tx, hold, state, entry.at_ms)
    _give(tx, hold, owner, hold.amount_z, entry)


def settle_hold(
    tx: Tx, ask: CaptureHold, *, keep: bool
) -> Captured | Released | NoHold | AlreadySettled | InvalidAmount | ReadOnly:
    """Keep what was paid for something, or give all of it back with the reason that ``ask`` has."""
    if not keep:
        back = ReleaseHold(ask.op_id, ask.hold_id, None, None, ask.reason, ask.at_ms, ask.day)
        return release_hold(tx, back)
    kept = capture_hold(tx, ask)
    assert not isinstance(kept, NoAccount | Banned), ask
    return kept
