"""Setting out, winning, cancelling and ending bounties; the money waits in a hold meanwhile.

A bounty ends once: its state changes with its money, in one act that looks at the state first
(P-MON-4), and whoever comes second learns what it is. A bounty that was won is no earning of the
winner's; what the creator does not get back of one that ended counts as spent on that day.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

from kryten_economy.features.bounties.rules import Bounty
from kryten_economy.ledger.audit import final
from kryten_economy.ledger.channels import Reader
from kryten_economy.ledger.expiry import resumable
from kryten_economy.ledger.holds import (
    Captured,
    CaptureHold,
    Held,
    PlaceHold,
    Released,
    ReleaseHold,
    capture_hold,
    place_hold,
    release_hold,
)
from kryten_economy.ledger.operation import ALWAYS, SPENDING, Act, operation
from kryten_economy.ledger.statements import Row
from kryten_economy.ledger.tx import Tx
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.refusals import (
    Banned,
    BountyOver,
    Conflict,
    Insufficient,
    InvalidAmount,
    NoAccount,
    NoBounty,
    NotPending,
    NotYours,
    ReadOnly,
    SameAccount,
    TooManyOpen,
)
from kryten_economy.users import UserKey

__all__ = (
    "BOUNTY_PURPOSE",
    "BountyClaimed",
    "BountyCreated",
    "BountyEnded",
    "ClaimBounty",
    "CreateBounty",
    "EndBounty",
    "bounty_of",
    "claim_bounty",
    "create_bounty",
    "end_bounty",
    "newest_open",
    "open_bounties",
    "overdue_bounties",
)

BOUNTY_PURPOSE = resumable("bounty")
_NEVER_MS = 100 * 365 * 86_400_000
"""The hold has no end of its own: with that of the bounty only a part may go back."""


_SELECT = """
    SELECT b.id, c.name, a.name, a.display_name, h.amount_z, b.description, b.state,
        b.created_at_ms, b.expires_at_ms, b.hold_id, w.display_name, b.resolved_by
    FROM bounty AS b JOIN account AS a ON a.id = b.account_id
    JOIN channel AS c ON c.id = b.channel_id JOIN hold AS h ON h.id = b.hold_id
    LEFT JOIN account AS w ON w.id = b.winner_id
"""
_BY_ID = _SELECT + "WHERE b.id = ?1 AND c.name = ?2"
_NEWEST = _SELECT + "WHERE b.state = 'open' AND c.name = ?1 ORDER BY b.id DESC LIMIT ?2"
_OVERDUE = _SELECT + (
    "WHERE b.state = 'open' AND c.name = ?1 AND b.expires_at_ms <= ?2"
    " ORDER BY b.expires_at_ms, b.id LIMIT ?3"
)
_OPEN_IN_CHANNEL = """
    SELECT count(*) FROM bounty
    WHERE state = 'open' AND channel_id = (SELECT id FROM channel WHERE name = ?)
"""
_OPEN_OF = "SELECT count(*) FROM bounty WHERE state = 'open' AND account_id = ?"
_CREATE = """
    INSERT INTO bounty (
        channel_id, account_id, hold_id, description, created_at_ms, expires_at_ms
    ) VALUES (?, ?, ?, ?, ?, ?) RETURNING id
"""
_END = """
    UPDATE bounty SET state = ?, winner_id = ?, resolved_by = ?, resolved_at_ms = ?
    WHERE id = ? AND state = 'open'
"""


# Setting out


@dataclass(frozen=True, slots=True)
class BountyCreated:
    """The number of the bounty, and what its creator has left."""

    bounty_id: int
    wallet: Wallet
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class CreateBounty(
    Act[BountyCreated | TooManyOpen | Insufficient | NoAccount | Banned | InvalidAmount]
):
    """Set money out for a deed; at most ``most_open`` bounties of a user are open at once."""

    HALTED_BY = SPENDING
    ATTEMPT: ClassVar[frozenset[str]] = Act.ATTEMPT | {"most_open"}

    op_id: str
    user: UserKey
    amount_z: int
    description: str
    expires_at_ms: int
    most_open: int
    at_ms: int
    day: str


@operation
def create_bounty(
    tx: Tx, ask: CreateBounty
) -> BountyCreated | TooManyOpen | Insufficient | NoAccount | Banned | InvalidAmount | Conflict:
    """Set the money aside and give the bounty its number."""
    account = tx.find(ask.user, ask.day)
    if account is None:
        return NoAccount(ask.user)
    ((open_now,),) = tx.query(_OPEN_OF, account.id)
    if open_now >= ask.most_open and account.barred is None:
        return TooManyOpen(ask.most_open)
    hold_id = f"bounty:{ask.op_id}"
    held = place_hold(
        tx,
        PlaceHold(
            ask.op_id,
            hold_id,
            ask.user,
            ask.amount_z,
            BOUNTY_PURPOSE,
            "bounty_create",
            "bounty.create",
            f'Bounty "{ask.description}"',
            ask.at_ms + _NEVER_MS,
            ask.at_ms,
            ask.day,
        ),
    )
    if not isinstance(held, Held):
        return held
    tx.write()
    (bounty_id,) = tx.sql.only(
        _CREATE,
        account.channel.id,
        account.id,
        hold_id,
        ask.description,
        ask.at_ms,
        ask.expires_at_ms,
    )
    tx.journal.count("bounties_created_total")
    return BountyCreated(bounty_id, held.wallet)


# Winning


@dataclass(frozen=True, slots=True)
class BountyClaimed:
    """Who got it, and both wallets after it."""

    bounty: Bounty
    winner: Wallet
    creator: Wallet
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class ClaimBounty(
    Act[BountyClaimed | NoBounty | BountyOver | SameAccount | NoAccount | Banned | InvalidAmount]
):
    """Pay all of an open bounty to ``winner``; ``by`` is the admin who says so."""

    HALTED_BY = ALWAYS

    op_id: str
    channel: str
    bounty_id: int
    winner: UserKey
    by: str
    at_ms: int
    day: str


@operation
def claim_bounty(
    tx: Tx, ask: ClaimBounty
) -> (
    BountyClaimed
    | NoBounty
    | BountyOver
    | SameAccount
    | NoAccount
    | Banned
    | InvalidAmount
    | ReadOnly
):
    """Pay the winner, who is not the creator."""
    bounty = _open(tx, ask.channel, ask.bounty_id)
    if not isinstance(bounty, Bounty):
        return bounty
    if ask.winner == bounty.user:
        return SameAccount(ask.winner)
    paid = capture_hold(
        tx,
        CaptureHold(
            ask.op_id,
            bounty.hold_id,
            bounty.amount_z,
            ask.winner,
            bounty.title,
            ask.at_ms,
            ask.day,
            credit_type="bounty_claim",
            credit_trigger=f"bounty.claim.{bounty.id}",
        ),
    )
    if isinstance(paid, NoAccount | Banned | InvalidAmount | ReadOnly):
        return paid
    assert isinstance(paid, Captured), (paid, bounty)
    assert paid.taker is not None, bounty
    winner = tx.find(ask.winner, ask.day)
    assert winner is not None, ask
    done = bounty._replace(state="claimed", winner=winner.display_name, ended_by=ask.by)
    _end(tx, done, winner.id, ask.at_ms)
    tx.journal.count("bounties_claimed_total")
    return BountyClaimed(done, paid.taker, paid.owner)


# Ending without a winner


@dataclass(frozen=True, slots=True)
class BountyEnded:
    """How it ended, and the creator's wallet with ``refund_z`` of it back."""

    bounty: Bounty
    refund_z: int
    creator: Wallet
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class EndBounty(Act[BountyEnded | NoBounty | BountyOver | NotYours | NotPending | InvalidAmount]):
    """End an open bounty; ``refund_percent`` of it, rounded down, goes back to its creator.

    ``by`` decides; with ``creator_only`` that must be the creator. Only an overdue bounty expires.
    """

    HALTED_BY = ALWAYS
    ATTEMPT: ClassVar[frozenset[str]] = Act.ATTEMPT | {"refund_percent"}

    op_id: str
    channel: str
    bounty_id: int
    state: Literal["cancelled", "expired"]
    by: str
    refund_percent: int
    at_ms: int
    day: str
    creator_only: bool = False


final(
    ClaimBounty,
    EndBounty,
    why="A bounty that is over stays over. Use grant or deduct, or have it posted again.",
)


@operation
def end_bounty(
    tx: Tx, ask: EndBounty
) -> BountyEnded | NoBounty | BountyOver | NotYours | NotPending | InvalidAmount | ReadOnly:
    """Give back what is due; the rest leaves circulation."""
    assert 0 <= ask.refund_percent <= 100, ask
    bounty = _open(tx, ask.channel, ask.bounty_id)
    if not isinstance(bounty, Bounty):
        return bounty
    if ask.creator_only and ask.by.lower() != bounty.creator:
        return NotYours("bounty")
    if ask.state == "expired" and ask.at_ms < bounty.expires_at_ms:
        return NotPending()
    refund_z = bounty.amount_z * ask.refund_percent // 100
    settled = _give_back(tx, ask, bounty, refund_z)
    if isinstance(settled, InvalidAmount | ReadOnly):
        return settled
    done = bounty._replace(state=ask.state, ended_by=ask.by)
    _end(tx, done, None, ask.at_ms)
    if ask.state == "expired":
        tx.journal.count("bounties_expired_total")
    return BountyEnded(done, refund_z, settled)


def _give_back(
    tx: Tx, ask: EndBounty, bounty: Bounty, refund_z: int
) -> Wallet | InvalidAmount | ReadOnly:
    trigger_id, reason = f"bounty.{ask.state}.{bounty.id}", f"{bounty.title} {ask.state}"
    about = (reason, ask.at_ms, ask.day)
    settled: object
    if refund_z == bounty.amount_z:
        release = ReleaseHold(ask.op_id, bounty.hold_id, None, trigger_id, *about)
        settled = release_hold(tx, release)
    else:
        kept_z = bounty.amount_z - refund_z
        settled = capture_hold(
            tx,
            CaptureHold(
                ask.op_id, bounty.hold_id, kept_z, "sink", *about, refund_trigger=trigger_id
            ),
        )
    if isinstance(settled, InvalidAmount | ReadOnly):
        return settled
    assert isinstance(settled, Captured | Released), (settled, bounty)
    return settled.owner if isinstance(settled, Captured) else settled.wallet


def _open(tx: Tx, channel: str, bounty_id: int) -> Bounty | NoBounty | BountyOver:
    rows = tx.query(_BY_ID, bounty_id, channel)
    if not rows:
        return NoBounty(bounty_id)
    bounty = _bounty(rows[0])
    return bounty if bounty.state == "open" else BountyOver(bounty_id, bounty.state)


def _end(tx: Tx, bounty: Bounty, winner_id: int | None, at_ms: int) -> None:
    ended = tx.run(_END, bounty.state, winner_id, bounty.ended_by, at_ms, bounty.id)
    assert ended, bounty


# Queries


def _bounty(row: Row) -> Bounty:
    return Bounty._make(row)


def bounty_of(reader: Reader, channel: str, bounty_id: int) -> Bounty | None:
    """The bounty of this number in a channel, open or not."""
    row = reader.sql.row(_BY_ID, bounty_id, channel)
    return None if row is None else _bounty(row)


def newest_open(reader: Reader, channel: str, limit: int) -> tuple[Bounty, ...]:
    """The open bounties of a channel, the newest first."""
    return tuple(map(_bounty, reader.sql.rows(_NEWEST, channel, limit)))


def open_bounties(reader: Reader, channel: str) -> int:
    """How many are open in a channel."""
    count: int = reader.sql.only(_OPEN_IN_CHANNEL, channel)[0]
    return count


def overdue_bounties(
    reader: Reader, channel: str, now_ms: int, limit: int = 1_000
) -> tuple[Bounty, ...]:
    """The open bounties of a channel whose time is over, the longest ago first."""
    return tuple(map(_bounty, reader.sql.rows(_OVERDUE, channel, now_ms, limit)))
