"""What the ledger actor and the reader actor take, and the faults an asker may meet."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from economy_actors.runtime import AskFailed, Reply
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.operation import Request

__all__ = (
    "CheckBooks",
    "CheckPlace",
    "Commit",
    "Defect",
    "LedgerMessage",
    "OutcomeUnknown",
    "Query",
    "ReaderMessage",
)


class OutcomeUnknown(AskFailed):
    """The commit failed and nobody knows what reached the disk. Ask again with the same id."""


class Defect(AskFailed):
    """The request met a defect in the books' code; nothing of it stands. See the log."""


@dataclass(frozen=True, slots=True)
class Commit:
    """Carry out a request and answer after the commit; without reply nobody waits for it."""

    request: Request[Any]
    reply: Reply[Any] | None = None


@dataclass(frozen=True, slots=True)
class CheckPlace:
    """Time to see whether the books are still where they were opened."""


LedgerMessage = Commit | CheckPlace


@dataclass(frozen=True, slots=True)
class Query:
    """Run a query on the read connection; use `economy_actors.ledger.client.query`."""

    run: Callable[[Reports], Any]
    reply: Reply[Any]


@dataclass(frozen=True, slots=True)
class CheckBooks:
    """Time to check the invariants."""


ReaderMessage = Query | CheckBooks
