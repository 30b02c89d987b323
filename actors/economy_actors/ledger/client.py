"""How others speak to the books: one ask per act, tried again by id when the outcome is unknown."""

from collections.abc import Callable
from typing import TypeVar

from economy_actors.ledger.faults import Defect
from economy_actors.ledger.messages import Commit, LedgerMessage, Look, ReaderMessage
from economy_actors.runtime import AskExpired, AskFailed, Ref
from kryten_economy.ledger import Answer, MoneyRequest
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.operation import Request
from kryten_economy.refusals import Refusal

__all__ = ("COMMIT_TIMEOUT_S", "LOOK_TIMEOUT_S", "commit", "look")

T = TypeVar("T")

COMMIT_TIMEOUT_S = 5.0
LOOK_TIMEOUT_S = 5.0
_ATTEMPTS = 3


async def commit(
    ledger: Ref[LedgerMessage], request: Request, *, timeout_s: float = COMMIT_TIMEOUT_S
) -> Answer | Refusal:
    """Carry out ``request`` and return what the books answered after the commit.

    A money request whose outcome is unknown is tried again with its id, which makes the
    repetition harmless. Raises AskExpired or AskFailed when the outcome stays unknown, and
    Defect when the books failed over the request, of which nothing stands then.
    """
    attempts = _ATTEMPTS if isinstance(request, MoneyRequest) else 1
    for _ in range(attempts - 1):
        try:
            return await ledger.ask(lambda reply: Commit(request, reply), timeout_s=timeout_s)
        except Defect:
            raise
        except (AskExpired, AskFailed):
            continue
    return await ledger.ask(lambda reply: Commit(request, reply), timeout_s=timeout_s)


async def look(
    reader: Ref[ReaderMessage], query: Callable[[Reports], T], *, timeout_s: float = LOOK_TIMEOUT_S
) -> T:
    """Run a query on the read connection; it neither waits for money nor delays it."""
    result: T = await reader.ask(lambda reply: Look(query, reply), timeout_s=timeout_s)
    return result
