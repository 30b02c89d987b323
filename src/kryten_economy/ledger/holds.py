"""Money set aside: placed once, then captured, released or expired once.

What is given back lowers the counters that the hold raised, on the day it was placed; a stake
raises them only when it is captured. A settled hold never moves again: the change of state is
guarded, and whoever comes second learns the state. Features place, capture and give back holds
within operations of their own by `place`, `capture` and `give_back`.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from kryten_economy.ledger.accounts import Account
from kryten_economy.ledger.displacement import Row
from kryten_economy.ledger.journal import Side
from kryten_economy.ledger.operation import Act, Request, operation
from kryten_economy.ledger.posting import Entry, is_amount, post
from kryten_economy.ledger.tx import CachedTable, Tx
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
    "capture_hold",
    "expire_holds",
    "expires_with",
    "find_hold",
    "give_back",
    "place_hold",
    "release_hold",
    "release_orphans",
    "resumable",
    "resumes",
    "store_holds",
)

HOLD_COLUMNS = """
    h.id, c.name, a.name, h.amount_z, h.purpose, h.state, h.type, h.trigger_id,
    h.refund_type, h.refund_trigger, h.reason, h.data, h.day, h.placed_at_ms, h.expires_at_ms,
    h.channel_id, h.account_id, h.settled_at_ms, h.captured_z
"""
_FROM = """
    FROM hold AS h
    JOIN account AS a ON a.id = h.account_id JOIN channel AS c ON c.id = h.channel_id
"""
_OPEN = f"""
    SELECT {HOLD_COLUMNS} {_FROM} WHERE h.state = 'open' AND c.read_only_reason IS NULL AND
"""
_DUE = _OPEN + "h.expires_at_ms <= ?1 ORDER BY h.expires_at_ms LIMIT ?2"
_ORPHANED = (
    _OPEN + "h.purpose IN (SELECT value FROM json_each(?1)) ORDER BY h.id LIMIT ?2"  # noqa: S608 - likewise
)


_RESUMABLE: set[str] = set()


def resumable(purpose: str) -> str:
    """Name a purpose whose holds outlive a restart: the feature settles them itself."""
    _RESUMABLE.add(purpose)
    return purpose


def resumes(purpose: str) -> bool:
    """Whether holds of this purpose are left alone at a start."""
    return purpose in _RESUMABLE


_EXPIRING: dict[str, "Callable[[Tx, Hold, int], str]"] = {}


def expires_with(purpose: str, write: "Callable[[Tx, Hold, int], str]") -> None:
    """What a feature adds when a hold of its purpose runs out; it answers the row's reason."""
    assert purpose not in _EXPIRING, purpose
    _EXPIRING[purpose] = write


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
    f"SELECT {HOLD_COLUMNS} {_FROM} WHERE h.id = ?",
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
    if account.banned and not kind.despite_ban:
        return Banned(ask.user)
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
    owner = _owner(tx, hold, ask.day)
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


def _owner(tx: Tx, hold: Hold, day: str) -> Account:
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
    owner = _owner(tx, hold, ask.day)
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
    due = tx.query(_DUE, ask.now_ms, ask.limit)
    return _give_all_back(tx, due, "expired", None, ask.now_ms, ask.day)


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
    orphans = tx.query(_ORPHANED, json.dumps(ask.purposes), ask.limit)
    return _give_all_back(tx, orphans, "released", ask.reason, ask.at_ms, ask.day)


def _give_all_back(
    tx: Tx, rows: list[Row], state: str, reason: str | None, at_ms: int, day: str
) -> Expired:
    told = [_give_one_back(tx, Hold._make(row), state, reason, at_ms, day) for row in rows]
    return Expired(tuple(one for one in told if one is not None))


def _give_one_back(
    tx: Tx, hold: Hold, state: str, reason: str | None, at_ms: int, day: str
) -> ReleasedHold | None:
    owner = _owner(tx, hold, day)
    if not owner.has_room(hold.amount_z):
        return None
    write = _EXPIRING.get(hold.purpose) if state == "expired" else None
    said = reason or (hold.reason if write is None else write(tx, hold, at_ms))
    entry = Entry(hold.refund_type, hold.refund_trigger, said, at_ms, hold.day)
    give_back(tx, hold, owner, entry, state)
    # The hold itself can be given back only once; the operation's id just says by whom.
    tx.journal.finish(f"ledger:{state}:{hold.hold_id}", "GiveBack", b"", "{}", at_ms)
    return ReleasedHold(
        hold.hold_id,
        hold.owner,
        owner.display_name,
        hold.purpose,
        hold.amount_z,
        owner.balance_z,
        hold.data,
    )
