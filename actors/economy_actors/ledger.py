"""The one writer of the books: what waits together is committed together.

It takes one request, drains up to 256 more, has them carried out as one durable transaction,
and only then answers. Batches grow by themselves under load; there is no timer. What a commit has
changed leaves here once: its answers to the askers, its counts to the metrics, its facts to the
channels. After a failed commit nothing is known: the batch's asks fail, the connection is opened
afresh, and askers repeat their requests by id. Once the file was taken away nothing is answered
any more: what still comes is kept for the operator, and the service is ended.

Where a database connection lives: in a thread of its own, or right here.

The thread is the standard library's and the connection a plain one: on a connection of APSW's
asynchronous API each statement costs half as much again, also within the connection's own thread.
Inline executors serve tests on a virtual clock, to which threads are invisible.

Reports and checks on reading connections, so that they neither wait for money nor delay it.

Several connections answer at one queue: a report that takes seconds holds up who asked for it and
nobody else. The conservation guard has a connection of its own.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from time import perf_counter
from typing import ClassVar, Generic, Protocol, TypeVar, TypeVarTuple, Unpack, assert_never

import apsw
import structlog

from economy_actors.messages.ledger import (
    CheckBooks,
    CheckPlace,
    Commit,
    Defect,
    LedgerMessage,
    OutcomeUnknown,
    Query,
    ReaderMessage,
)
from economy_actors.metrics.metrics import Metrics
from economy_actors.runtime import Actor, AskFailed, Ref
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger import opening
from kryten_economy.ledger.audit import OnRecord
from kryten_economy.ledger.books import Books
from kryten_economy.ledger.errors import (
    CommitUnknown,
    DisplacedBooks,
    LedgerError,
    UnsavedBooks,
)
from kryten_economy.ledger.facts import Committed, Facts
from kryten_economy.ledger.invariants import ConservationGuard, Violation
from kryten_economy.ledger.opening import BROKEN_WORLD
from kryten_economy.ledger.operation import Failed
from kryten_economy.ledger.records import SetReadOnly

__all__ = (
    "CHECK_EVERY_S",
    "CHECK_PLACE_EVERY_S",
    "CONNECTIONS",
    "LEDGER_MAILBOX",
    "Executor",
    "InlineExecutor",
    "Ledger",
    "Reader",
    "ThreadExecutor",
    "books_at",
    "by_kind",
    "reader_capacity",
    "reports_at",
)

T = TypeVar("T")
Args = TypeVarTuple("Args")


class Closeable(Protocol):
    """What an executor opens, runs and closes."""

    def close(self) -> None:
        """Close the connection."""
        ...


R = TypeVar("R", bound=Closeable)
R_co = TypeVar("R_co", bound=Closeable, covariant=True)


class Executor(Protocol[R_co]):
    """A place in which functions of a connection's owner are run one at a time."""

    async def open(self) -> None:
        """Open the connection; raises the errors of `kryten_economy.ledger.errors`."""
        ...

    async def run(self, work: Callable[[R_co], T]) -> T:
        """Run ``work`` where the connection lives and return what it returns."""
        ...

    async def close(self) -> None:
        """Close the connection; harmless when it is not open."""
        ...


class InlineExecutor(Generic[R]):
    """Runs everything in the caller's own thread."""

    def __init__(self, open_: Callable[[], R]) -> None:
        self._open = open_
        self._owned: R | None = None

    async def open(self) -> None:
        """Open the connection."""
        self._owned = self._open()

    async def run(self, work: Callable[[R], T]) -> T:
        """Run ``work`` at once."""
        assert self._owned is not None, "open() first"
        return work(self._owned)

    async def close(self) -> None:
        """Close the connection."""
        owned, self._owned = self._owned, None
        if owned is not None:
            owned.close()


class ThreadExecutor(Generic[R]):
    """Runs everything in the one thread that owns the connection; on asyncio, as the bus.

    Work that has begun is done to its end, also when nobody waits for it any more.
    """

    def __init__(self, path: Path, flags: int, wrap: Callable[[apsw.Connection], R]) -> None:
        self._path = path
        self._flags = flags
        self._wrap = wrap
        self._thread: ThreadPoolExecutor | None = None
        self._owned: R | None = None

    async def open(self) -> None:
        """Start the thread and open the connection in it."""
        thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="books")
        try:
            self._owned = await _in_thread(thread, self._enter)
        except BaseException:
            thread.shutdown(wait=False)
            raise
        self._thread = thread

    async def run(self, work: Callable[[R], T]) -> T:
        """Run ``work`` in the connection's thread."""
        assert self._thread is not None, "open() first"
        assert self._owned is not None, "open() first"
        return await _in_thread(self._thread, work, self._owned)

    async def close(self) -> None:
        """Close the connection and end its thread."""
        thread, self._thread = self._thread, None
        owned, self._owned = self._owned, None
        if thread is None:
            return
        try:
            if owned is not None:
                await _in_thread(thread, owned.close)
        finally:
            thread.shutdown(wait=False)

    def _enter(self) -> R:
        connection = opening.connect(self._path, self._flags)
        try:
            return self._wrap(connection)
        except BaseException:
            connection.close(True)
            raise


async def _in_thread(
    thread: ThreadPoolExecutor, work: Callable[[Unpack[Args]], T], *args: *Args
) -> T:
    return await asyncio.get_running_loop().run_in_executor(thread, work, *args)


def books_at(path: Path) -> ThreadExecutor[Books]:
    """The writing connection of a data file, in its own thread."""
    return ThreadExecutor(path, apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE, Books.on)


def reports_at(path: Path) -> ThreadExecutor[Reports]:
    """A reading connection of a data file, in its own thread."""
    return ThreadExecutor(path, apsw.SQLITE_OPEN_READONLY, Reports.on)


READER_MAILBOX = 1024
_QUERIES_A_CHANNEL = 4
"""At a start each channel reads what the instance before has left: all of them may wait at once."""
CHECK_EVERY_S = 25.0
"""With two intervals of Prometheus, 15 s each, an operator is called within a minute."""

CONNECTIONS = 4
_NEXT_SLICE_S = 0.5

_log = structlog.get_logger("books")


@dataclass(slots=True)
class _Waiting:
    """Queries nobody has taken yet, and who has nothing to do; used from one event loop."""

    queries: deque[Query] = field(default_factory=deque)
    idle: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Work:
    """Something waits."""


def reader_capacity(channels: int) -> int:
    """The queries that may wait at once where so many channels start together."""
    return READER_MAILBOX + _QUERIES_A_CHANNEL * channels


class Reader(Actor[ReaderMessage]):
    """Hands queries to whoever is free, and looks after the guard."""

    def __init__(
        self,
        executor: Callable[[], Executor[Reports]],
        ledger: Ref[LedgerMessage],
        metrics: Metrics,
        now_ms: Callable[[], int],
        channels: Sequence[str],
    ) -> None:
        self._executor = executor
        self._metrics = metrics
        self._guard_of = lambda: _Guard(executor, ledger, metrics, now_ms, channels)
        self._waiting = _Waiting()
        self._most_waiting = reader_capacity(len(channels))
        self._answerers: list[Ref[_Work]] = []
        self._guard: Ref[CheckBooks]

    async def started(self) -> None:
        """Open a connection for each, so that a file that can't be read is told at once."""
        for number in range(CONNECTIONS):
            answerer = self._answerer(number)
            name = f"reports-{number}"
            self._answerers.append(await self.spawn_started(name, answerer, kind="reports"))
        self._guard = await self.spawn_started("guard", self._guard_of)

    def _answerer(self, number: int) -> "Callable[[], _Answerer]":
        return lambda: _Answerer(number, self._executor, self._metrics, self._waiting)

    async def receive(self, message: ReaderMessage) -> None:
        """Pass on what is asked for."""
        match message:
            case Query():
                self._hand_on(message)
            case CheckBooks():
                self._guard.offer(message)
            case _:
                assert_never(message)

    def _hand_on(self, query: Query) -> None:
        if len(self._waiting.queries) >= self._most_waiting:
            query.reply.fail(AskFailed("too many queries wait"))
            return
        self._waiting.queries.append(query)
        if self._waiting.idle:
            self._answerers[self._waiting.idle.pop()].offer(_Work())


class _Answerer(Actor[_Work]):
    """One of several reading connections."""

    def __init__(
        self,
        number: int,
        executor: Callable[[], Executor[Reports]],
        metrics: Metrics,
        waiting: _Waiting,
    ) -> None:
        self._number = number
        self._executor = executor()
        self._metrics = metrics
        self._waiting = waiting

    async def started(self) -> None:
        """Open the connection, and take up what waits."""
        await self._executor.open()
        self.after(0.0, _Work())

    async def receive(self, _message: _Work) -> None:
        """Answer until nothing waits."""
        self._waiting.idle.discard(self._number)
        while self._waiting.queries:
            query = self._waiting.queries.popleft()
            if not query.reply.done:
                await self._answer(query)
        self._waiting.idle.add(self._number)

    async def _answer(self, query: Query) -> None:
        """Answer; a query that meets a defect takes only itself.

        A file that can't be read fails this actor: the next instance opens it afresh.
        """
        try:
            query.reply.send(await self._executor.run(query.run))
        except BROKEN_WORLD as error:
            query.reply.fail(AskFailed(f"the reading connection crashed: {error}"))
            raise
        except Exception as error:  # noqa: BLE001 - the reader supervises its queries
            self._metrics.error("books")
            _log.error("query failed", exc_info=error)
            query.reply.fail(Defect(f"{type(error).__name__}: {error}"))

    async def release(self) -> None:
        """Let go of the file."""
        await self._executor.close()


class _Guard(Actor[CheckBooks]):
    """Checks the books twice a minute, and closes a channel that does not balance."""

    def __init__(
        self,
        executor: Callable[[], Executor[Reports]],
        ledger: Ref[LedgerMessage],
        metrics: Metrics,
        now_ms: Callable[[], int],
        channels: Sequence[str],
    ) -> None:
        self._executor = executor()
        self._ledger = ledger
        self._metrics = metrics
        self._now_ms = now_ms
        self._channels = channels
        self._guard: ConservationGuard

    async def started(self) -> None:
        """Open the connection and set the time of the first check."""
        await self._executor.open()
        self._guard = await self._executor.run(
            lambda reports: ConservationGuard(reports.connection)
        )
        self.after(1.0, CheckBooks())

    async def receive(self, _message: CheckBooks) -> None:
        """Check the books; a long history is read in slices."""
        await self._check()
        self.after(_NEXT_SLICE_S if self._guard.behind else CHECK_EVERY_S, CheckBooks())

    async def _check(self) -> None:
        violations = await self._executor.run(lambda _reports: self._guard.check())
        by_channel: dict[str, list[Violation]] = {}
        for violation in violations:
            by_channel.setdefault(violation.channel, []).append(violation)
        overall = by_channel.pop("", [])
        # A sum over all accounts names no culprit: where nobody else does either, all are closed.
        closed = by_channel or {channel: overall for channel in self._channels if overall}
        for channel, found in closed.items():
            self._close(channel, [*found, *(overall if found is not overall else ())])
        for channel in self._channels:
            wrong = len(closed.get(channel, ()))
            self._metrics.set_channel_gauges(channel, {"ledger_mismatch_accounts": wrong})

    def _close(self, channel: str, found: list[Violation]) -> None:
        """Let a channel take no money until an operator acts (architecture.md 6)."""
        self._metrics.error("books")
        _log.critical(
            "the books do not balance",
            channel=channel,
            violations=[str(each) for each in found[:20]],
            count=len(found),
        )
        reason = f"{len(found)} accounts do not balance; see the log and run verify"
        self._ledger.tell(Commit(SetReadOnly(channel, reason, self._now_ms())))

    async def release(self) -> None:
        """Let go of the file."""
        await self._executor.close()


def by_kind(messages: Sequence[Commit]) -> list[Commit]:
    """The same, with those next to each other that ask for the same kind of operation.

    A kind that follows its own is faster by a third, since code and pages are at hand. Whoever
    waits for an answer has asked for nothing else and can't have learned of another of this batch,
    so that any order is as if they had come so; within a kind the first to come is the first. What
    is not waited for stays behind all that came before it, and before all that came after.
    """
    ordered: list[Commit] = []
    kinds: dict[type, list[Commit]] = {}
    for message in messages:
        if message.is_awaited:
            kinds.setdefault(type(message.request), []).append(message)
            continue
        ordered += chain.from_iterable(kinds.values())
        ordered.append(message)
        kinds.clear()
    ordered += chain.from_iterable(kinds.values())
    return ordered


LEDGER_MAILBOX = 4096
CHECK_PLACE_EVERY_S = 30.0


class Ledger(Actor[LedgerMessage]):
    """Owns the writing connection; ``publish`` hands the facts of a channel to it.

    ``taken_away`` is told that the file is not at its place any more: UnsavedBooks as long as
    this process has the only copy, DisplacedBooks once it may end.
    """

    batch_max: ClassVar[int] = 257

    def __init__(
        self,
        executor: Callable[[], Executor[Books]],
        metrics: Metrics,
        publish: Callable[[Facts], object],
        taken_away: Callable[[LedgerError], object],
    ) -> None:
        self._executor = executor()
        self._metrics = metrics
        self._publish = publish
        self._taken_away = taken_away
        self._told: type[LedgerError] | None = None

    async def started(self) -> None:
        """Open the books; a failure goes to the supervisor, who tries again."""
        await self._executor.open()
        self._sleep()

    async def receive_batch(self, messages: Sequence[LedgerMessage]) -> None:
        """Commit what came together, then answer; or see whether the file is still there."""
        commits = by_kind([each for each in messages if isinstance(each, Commit)])
        try:
            if commits:
                await self._commit(commits)
            else:
                await self._executor.run(Books.check_place)
        except (DisplacedBooks, UnsavedBooks) as error:
            self._stop_answering(commits, error)
        if len(commits) < len(messages):
            self._sleep()

    def _sleep(self) -> None:
        self.after(CHECK_PLACE_EVERY_S, CheckPlace())

    async def _commit(self, messages: Sequence[Commit]) -> None:
        began_s = perf_counter()
        requests = [
            each.request if each.line is None else OnRecord(each.request, each.line)
            for each in messages
        ]
        try:
            committed = await self._executor.run(lambda books: books.commit(requests))
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
        await self._executor.run(Books.check_place)
        await self._executor.close()
        await self._executor.open()
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
        await self._executor.close()
