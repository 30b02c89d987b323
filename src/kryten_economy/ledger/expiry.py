"""Holds that nobody will settle any more: their time is over, or their owner's room is gone."""

import json

from kryten_economy.ledger.answers import Expired, ReleasedHold
from kryten_economy.ledger.holds import HOLD_COLUMNS, Hold, give_back
from kryten_economy.ledger.posting import Line, has_room
from kryten_economy.ledger.requests import ExpireHolds, ReleaseOrphans
from kryten_economy.ledger.sqlite import Row
from kryten_economy.ledger.tx import Tx

__all__ = ("expire_holds", "release_orphans")

_OPEN = f"""
    SELECT {HOLD_COLUMNS} FROM hold AS h
    JOIN account AS a ON a.id = h.account_id JOIN channel AS c ON c.id = h.channel_id
    WHERE h.state = 'open' AND c.read_only_reason IS NULL AND
"""  # noqa: S608 - put together from constants
_DUE = _OPEN + "h.expires_at_ms <= ?1 ORDER BY h.expires_at_ms LIMIT ?2"
_ORPHANED = (
    _OPEN + "h.purpose IN (SELECT value FROM json_each(?1)) ORDER BY h.id LIMIT ?2"  # noqa: S608 - likewise
)


def expire_holds(tx: Tx, request: ExpireHolds) -> Expired:
    """Give back what is due, of all channels alike (P-MON-6)."""
    due = tx.sql.rows(_DUE, request.now_ms, request.limit)
    return _give_all_back(tx, due, "expired", None, request.now_ms, request.day)


def release_orphans(tx: Tx, request: ReleaseOrphans) -> Expired:
    """Give back what a restart has orphaned (P-MON-3)."""
    orphans = tx.sql.rows(_ORPHANED, json.dumps(request.purposes), request.limit)
    return _give_all_back(tx, orphans, "released", request.reason, request.at_ms, request.day)


def _give_all_back(
    tx: Tx, rows: list[Row], state: str, reason: str | None, at_ms: int, day: str
) -> Expired:
    told = [_give_one_back(tx, Hold._make(row), state, reason, at_ms, day) for row in rows]
    return Expired(tuple(one for one in told if one is not None))


def _give_one_back(
    tx: Tx, hold: Hold, state: str, reason: str | None, at_ms: int, day: str
) -> ReleasedHold | None:
    found = tx.find(hold.owner, day)
    assert found is not None, hold
    channel, owner = found
    if not has_room(owner, hold.amount_z):
        return None
    line = Line(hold.refund_type, hold.refund_trigger, reason or hold.reason, at_ms, hold.day)
    owner = give_back(tx, hold, channel, owner, line, state)
    # The hold itself can be given back only once; the operation's id just says by whom.
    tx.journal.finish(f"ledger:{state}:{hold.hold_id}", "GiveBack", b"", "[]", at_ms)
    facts = owner.facts
    return ReleasedHold(
        hold.hold_id,
        hold.owner,
        facts.display_name,
        hold.purpose,
        hold.amount_z,
        facts.balance_z,
        hold.data,
    )
