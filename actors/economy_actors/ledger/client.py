"""How others speak to the books: one ask per act, tried again by id when the outcome is unknown."""

from collections.abc import Callable
from typing import TypeVar

from economy_actors.ledger.messages import Commit, Defect, LedgerMessage, Query, ReaderMessage
from economy_actors.runtime import AskExpired, AskFailed, Ref
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.operation import Act, Request

__all__ = ("COMMIT_TIMEOUT_S", "QUERY_TIMEOUT_S", "commit", "query")

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
