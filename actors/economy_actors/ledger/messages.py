"""What the ledger actor and the reader actor take."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from economy_actors.runtime import Reply
from kryten_economy.ledger import Answer
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.operation import Request
from kryten_economy.refusals import Refusal

__all__ = ("Awaiting", "CheckBooks", "Commit", "LedgerMessage", "Look", "ReaderMessage")


class Awaiting(Protocol):
    """Who gets the answer of the books or the fault in its place: a reply, or one who goes on."""

    def send(self, value: Answer | Refusal, /) -> None:
        """Take the answer."""
        ...

    def fail(self, fault: BaseException, /) -> None:
        """Take the fault."""
        ...


@dataclass(frozen=True, slots=True)
class Commit:
    """Carry out a request and answer after the commit; without reply nobody waits for it."""

    request: Request
    reply: Awaiting | None = None


LedgerMessage = Commit


@dataclass(frozen=True, slots=True)
class Look:
    """Run a query on the read connection; use `economy_actors.ledger.client.look`."""

    query: Callable[[Reports], Any]
    reply: Reply[Any]


@dataclass(frozen=True, slots=True)
class CheckBooks:
    """Time to check the invariants."""


ReaderMessage = Look | CheckBooks
