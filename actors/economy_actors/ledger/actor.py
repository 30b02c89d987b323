"""The one writer of the books: what waits together is committed together.

It takes one request, drains up to 256 more, has them carried out as one durable transaction,
and only then answers. Batches grow by themselves under load; there is no timer. What a commit has
changed leaves here once: its answers to the askers, its counts to the metrics, its facts to the
channels. After a failed commit nothing is known: the batch's asks fail, the connection is opened
afresh, and askers repeat their requests by id.
"""

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import ClassVar

import structlog

from economy_actors.ledger.home import Home
from economy_actors.ledger.messages import Commit, Defect, LedgerMessage, OutcomeUnknown
from economy_actors.metrics.metrics import Metrics
from economy_actors.runtime import Actor
from kryten_economy.ledger.books import Books
from kryten_economy.ledger.errors import CommitUnknown
from kryten_economy.ledger.facts import Committed, Facts
from kryten_economy.ledger.operation import Failed

__all__ = ("MAILBOX", "Ledger")

MAILBOX = 4096

_log = structlog.get_logger("ledger")


class Ledger(Actor[LedgerMessage]):
    """Owns the writing connection; ``publish`` hands the facts of a channel to it."""

    batch_max: ClassVar[int] = 257

    def __init__(
        self,
        home: Callable[[], Home[Books]],
        metrics: Metrics,
        publish: Callable[[Facts], object],
    ) -> None:
        self._home = home()
        self._metrics = metrics
        self._publish = publish

    async def started(self) -> None:
        """Open the books; a failure goes to the supervisor, who tries again."""
        await self._home.open()

    async def receive_batch(self, messages: Sequence[Commit]) -> None:
        """Commit what came together, then answer."""
        began_s = perf_counter()
        requests = [each.request for each in messages]
        try:
            committed = await self._home.run(lambda books: books.commit(requests))
        except CommitUnknown as error:
            await self._start_over(messages, error)
            return
        self._metrics.ledger_committed(len(messages), perf_counter() - began_s)
        for message, answer in zip(messages, committed.answers, strict=True):
            self._answer(message, answer)
        self._tell(committed)

    def _tell(self, committed: Committed) -> None:
        self._metrics.committed(committed)
        for facts in committed.facts:
            self._publish(facts)

    def _answer(self, message: Commit, answer: object) -> None:
        if isinstance(answer, Failed):
            self._metrics.error("ledger")
            _log.error(
                "request failed",
                request=type(message.request).__name__,
                error=answer.error,
                exc_info=answer.exception,
            )
            if message.reply is not None:
                message.reply.fail(Defect(answer.error))
        elif message.reply is not None:
            message.reply.send(answer)

    async def _start_over(self, messages: Sequence[Commit], error: CommitUnknown) -> None:
        self._metrics.ledger_unknown(len(messages))
        self._metrics.error("ledger")
        _log.error("commit failed, outcome unknown", operations=len(messages), error=str(error))
        for message in messages:
            if message.reply is not None:
                message.reply.fail(OutcomeUnknown(str(error)))
        await self._home.close()
        await self._home.open()
        _log.warning("books reopened")

    async def release(self) -> None:
        """Let go of the file and its lock, so that the next instance may have them."""
        await self._home.close()
