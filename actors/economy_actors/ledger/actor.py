"""The one writer of the books: what waits together is committed together.

It takes one request, drains up to 256 more, has them carried out as one durable transaction,
and only then answers. Batches grow by themselves under load; there is no timer. What a commit has
changed leaves here once: its answers to the askers, its counts to the metrics, its facts to the
channels. After a failed commit nothing is known: the batch's asks fail, the connection is opened
afresh, and askers repeat their requests by id. Once the file was taken away nothing is answered
any more: what still comes is kept for the operator, and the service is ended.
"""

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import ClassVar

import structlog

from economy_actors.ledger.home import Home
from economy_actors.ledger.messages import (
    CheckPlace,
    Commit,
    Defect,
    LedgerMessage,
    OutcomeUnknown,
)
from economy_actors.metrics.metrics import Metrics
from economy_actors.runtime import Actor
from kryten_economy.ledger.books import Books
from kryten_economy.ledger.errors import (
    CommitUnknown,
    DisplacedBooks,
    LedgerError,
    UnsavedBooks,
)
from kryten_economy.ledger.facts import Committed, Facts
from kryten_economy.ledger.operation import Failed

__all__ = ("CHECK_PLACE_EVERY_S", "MAILBOX", "Ledger")

MAILBOX = 4096
CHECK_PLACE_EVERY_S = 30.0

_log = structlog.get_logger("ledger")


class Ledger(Actor[LedgerMessage]):
    """Owns the writing connection; ``publish`` hands the facts of a channel to it.

    ``taken_away`` is told that the file is not at its place any more: UnsavedBooks as long as
    this process has the only copy, DisplacedBooks once it may end.
    """

    batch_max: ClassVar[int] = 257

    def __init__(
        self,
        home: Callable[[], Home[Books]],
        metrics: Metrics,
        publish: Callable[[Facts], object],
        taken_away: Callable[[LedgerError], object],
    ) -> None:
        self._home = home()
        self._metrics = metrics
        self._publish = publish
        self._taken_away = taken_away
        self._told: type[LedgerError] | None = None

    async def started(self) -> None:
        """Open the books; a failure goes to the supervisor, who tries again."""
        await self._home.open()
        self._sleep()

    async def receive_batch(self, messages: Sequence[LedgerMessage]) -> None:
        """Commit what came together, then answer; or see whether the file is still there."""
        commits = [each for each in messages if isinstance(each, Commit)]
        try:
            if commits:
                await self._commit(commits)
            else:
                await self._home.run(Books.check_place)
        except (DisplacedBooks, UnsavedBooks) as error:
            self._stop_answering(commits, error)
        if len(commits) < len(messages):
            self._sleep()

    def _sleep(self) -> None:
        self.after(CHECK_PLACE_EVERY_S, CheckPlace())

    async def _commit(self, messages: Sequence[Commit]) -> None:
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
        # Where the file was taken away there is nothing to be opened again.
        await self._home.run(Books.check_place)
        await self._home.close()
        await self._home.open()
        _log.warning("books reopened")

    def _stop_answering(self, messages: Sequence[Commit], error: LedgerError) -> None:
        """What was asked is kept, but only an operator can say whether it counts."""
        for message in messages:
            if message.reply is not None:
                message.reply.fail(OutcomeUnknown(str(error)))
        if self._told is not type(error):
            self._told = type(error)
            self._metrics.error("ledger")
            _log.critical("the book file was removed or replaced", reason=str(error))
            self._taken_away(error)

    async def release(self) -> None:
        """Let go of the file and its lock, so that the next instance may have them."""
        await self._home.close()
