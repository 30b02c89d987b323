"""Holds that nobody settles: those whose time is over, and those that a restart has orphaned.

A feature names the purposes whose holds it settles itself after a restart; all others go back to
their owners at the start.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass

from kryten_economy.ledger.holds import HOLD_COLUMNS, HOLD_FROM, Hold, give_back, owner_of
from kryten_economy.ledger.operation import Request, operation
from kryten_economy.ledger.posting import Entry
from kryten_economy.ledger.statements import Row
from kryten_economy.ledger.tx import Tx
from kryten_economy.users import UserKey

__all__ = (
    "ExpireHolds",
    "Expired",
    "ReleaseOrphans",
    "ReleasedHold",
    "expire_holds",
    "expires_with",
    "release_orphans",
    "resumable",
    "resumes",
)

_OPEN = f"""
    SELECT {HOLD_COLUMNS} {HOLD_FROM} WHERE h.state = 'open' AND c.read_only_reason IS NULL AND
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


_EXPIRING: dict[str, Callable[[Tx, Hold, int], str]] = {}


def expires_with(purpose: str, write: Callable[[Tx, Hold, int], str]) -> None:
    """What a feature adds when a hold of its purpose runs out; it answers the row's reason."""
    assert purpose not in _EXPIRING, purpose
    _EXPIRING[purpose] = write


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
    owner = owner_of(tx, hold, day)
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
