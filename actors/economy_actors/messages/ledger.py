"""What the books are asked, how they are asked, and the faults an asker may meet.

One ask per act, tried again by its id when the outcome is unknown.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from economy_actors.runtime import AskExpired, AskFailed, Ref, Reply
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.audit import Acted, Line
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
    "commit_on_record",
    "query",
)


class OutcomeUnknown(AskFailed):
    """The commit failed and nobody knows what reached the disk. Ask again with the same id."""


class Defect(AskFailed):
    """The request met a defect in the books' code; nothing of it stands. See the log."""


@dataclass(frozen=True, slots=True)
class Commit:
    """Carry out a request and answer after the commit; without reply nobody waits for it.

    With a ``line`` it is written into the audit log in the same transaction, and the answer is
    an `Acted`. ``is_awaited`` says that who asks does nothing else until the answer is there.
    """

    request: Request[Any]
    reply: Reply[Any] | None = None
    line: Line | None = None
    is_awaited: bool = False


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
    answer: A = await _again_and_again(ledger, request, None, timeout_s)
    return answer


async def commit_on_record(ledger: Ref[LedgerMessage], request: Request[Any], line: Line) -> Acted:
    """As `commit`, with a line of the audit log; the same line makes one row."""
    answer = await _again_and_again(ledger, request, line, COMMIT_TIMEOUT_S)
    return answer if isinstance(answer, Acted) else Acted(answer)


async def _again_and_again(
    ledger: Ref[LedgerMessage], request: Request[Any], line: Line | None, timeout_s: float
) -> Any:  # noqa: ANN401 - what the request says
    attempts = _ATTEMPTS if isinstance(request, Act) else 1
    for _ in range(attempts - 1):
        try:
            return await _ask(ledger, request, line, timeout_s)
        except Defect:
            raise
        except (AskExpired, AskFailed):
            continue
    return await _ask(ledger, request, line, timeout_s)


async def _ask(
    ledger: Ref[LedgerMessage], request: Request[Any], line: Line | None, timeout_s: float
) -> Any:  # noqa: ANN401 - what the request says
    return await ledger.ask(
        lambda reply: Commit(request, reply, line, is_awaited=True), timeout_s=timeout_s
    )


async def query(
    reader: Ref[ReaderMessage], run: Callable[[Reports], T], *, timeout_s: float = QUERY_TIMEOUT_S
) -> T:
    """Run a query on the read connection; it neither waits for money nor delays it."""
    result: T = await reader.ask(lambda reply: Query(run, reply), timeout_s=timeout_s)
    return result
