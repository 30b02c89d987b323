"""What somebody is still to be told: kept from the act that made it owed until it was told.

A notice that comes after a pause, or that waits for the outside, is a row written in the
transaction of its act and taken out when it has been handed to the outbox. So a kill loses none;
one that falls between the two tells it again.
"""

import json
from dataclasses import dataclass

from kryten_economy.ledger.accounts import Account
from kryten_economy.ledger.operation import Request, operation
from kryten_economy.ledger.tx import Tx
from kryten_economy.users import UserKey

__all__ = (
    "NoticesSettled",
    "OwedNotice",
    "SettleNotices",
    "owe",
    "settle_kind",
    "settle_notices",
)

_OWE = """
    INSERT INTO notice_due (channel_id, account_id, kind, due_at_ms, data)
    VALUES (?, ?, ?, ?, ?) RETURNING id
"""
_SETTLE = "DELETE FROM notice_due WHERE id = ?"
_SETTLE_KIND = "DELETE FROM notice_due WHERE account_id = ? AND kind = ?"


@dataclass(frozen=True, slots=True)
class OwedNotice:
    """One thing to be told about ``user`` from ``due_at_ms`` on; ``data`` is what its kind needs.

    ``quiet`` says whether the user wants no automatic notices.
    """

    id: int
    user: UserKey
    display_name: str
    quiet: bool
    kind: str
    due_at_ms: int
    data: dict[str, int | str]


def owe(
    tx: Tx, account: Account, kind: str, due_at_ms: int, data: dict[str, int | str]
) -> OwedNotice:
    """Keep a notice with the act that makes it owed."""
    (id_,) = tx.sql.only(_OWE, account.channel.id, account.id, kind, due_at_ms, json.dumps(data))
    return OwedNotice(
        id_, account.user, account.display_name, bool(account.quiet), kind, due_at_ms, data
    )


def settle_kind(tx: Tx, account: Account, kind: str) -> None:
    """Take out what an account is owed of one kind."""
    tx.run(_SETTLE_KIND, account.id, kind)


@dataclass(frozen=True, slots=True)
class NoticesSettled:
    """How many of them were still owed."""

    count: int


@dataclass(frozen=True, slots=True)
class SettleNotices(Request[NoticesSettled]):
    """These notices were told, or are too old to be told; unknown ones are passed over."""

    ids: tuple[int, ...]


@operation
def settle_notices(tx: Tx, ask: SettleNotices) -> NoticesSettled:
    """Take out what is no longer owed."""
    return NoticesSettled(sum(tx.run(_SETTLE, each) for each in ask.ids))
