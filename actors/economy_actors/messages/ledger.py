"""How others speak to the books: one ask per act, tried again by id when the outcome is unknown.

What the ledger actor and the reader actor take, and the faults an asker may meet.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from economy_actors.runtime import AskExpired, AskFailed, Ref, Reply
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.operation import Act, Request

__all__ = (
    "COMMIT_TIMEOUT_S",
    "QUERY_TIMEOUT_S",
    "CheckBooks",
    "CheckPlace",
    "Commit",
    "Defect",
    "LedgerMessage",
    "OutcomeUnknown",
    "Query",
    "ReaderMessage",
    "commit",
    "query",
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


A = TypeVar("A")
T = TypeVar("T")

COMMIT_TIMEOUT_S = 5.0
QUERY_TIMEOUT_S = 5.0
_ATTEMPTS = 3


async def commit(
    ledger: Ref[LedgerMessage], request: Request[A], *, timeout_s: float = COMMIT_TIMEOUT_S
) -> A:
    """Carry out ``request`` and return what the books answered after the commit.

    An act whose outcome is unknown is tried again with its id, which makes the repetition
    harmless. Raises AskExpired or AskFailed when the outcome stays unknown, and Defect when the
    books failed over the request, of which nothing stands then.
    """
    attempts = _ATTEMPTS if isinstance(request, Act) else 1
    for _ in range(attempts - 1):
        try:
            return await _ask(ledger, request, timeout_s)
        except Defect:
            raise
        except (AskExpired, AskFailed):
            continue
    return await _ask(ledger, request, timeout_s)


async def _ask(ledger: Ref[LedgerMessage], request: Request[A], timeout_s: float) -> A:
    answer: A = await ledger.ask(lambda reply: Commit(request, reply), timeout_s=timeout_s)
    return answer


async def query(
    reader: Ref[ReaderMessage], run: Callable[[Reports], T], *, timeout_s: float = QUERY_TIMEOUT_S
) -> T:
    """Run a query on the read connection; it neither waits for money nor delays it."""
    result: T = await reader.ask(lambda reply: Query(run, reply), timeout_s=timeout_s)
    return result
