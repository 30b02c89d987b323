"""Reports and checks on reading connections, so that they neither wait for money nor delay it.

Several connections answer at one queue: a report that takes seconds holds up who asked for it and
nobody else. The conservation guard has a connection of its own.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import assert_never

import structlog

from economy_actors.ledger.home import Home
from economy_actors.ledger.messages import (
    CheckBooks,
    Commit,
    Defect,
    LedgerMessage,
    Query,
    ReaderMessage,
)
from economy_actors.metrics.metrics import Metrics
from economy_actors.runtime import Actor, AskFailed, Ref
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.invariants import ConservationGuard, Violation
from kryten_economy.ledger.opening import BROKEN_WORLD
from kryten_economy.ledger.records import SetReadOnly

__all__ = ("CHECK_EVERY_S", "CONNECTIONS", "MAILBOX", "Reader")

MAILBOX = 1024
CHECK_EVERY_S = 300.0
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


class Reader(Actor[ReaderMessage]):
    """Hands queries to whoever is free, and looks after the guard."""

    def __init__(
        self,
        home: Callable[[], Home[Reports]],
        ledger: Ref[LedgerMessage],
        metrics: Metrics,
        now_ms: Callable[[], int],
        channels: Sequence[str],
    ) -> None:
        self._home = home
        self._metrics = metrics
        self._guard_of = lambda: _Guard(home, ledger, metrics, now_ms, channels)
        self._waiting = _Waiting()
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
        return lambda: _Answerer(number, self._home, self._metrics, self._waiting)

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
        if len(self._waiting.queries) >= MAILBOX:
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
        home: Callable[[], Home[Reports]],
        metrics: Metrics,
        waiting: _Waiting,
    ) -> None:
        self._number = number
        self._home = home()
        self._metrics = metrics
        self._waiting = waiting

    async def started(self) -> None:
        """Open the connection, and take up what waits."""
        await self._home.open()
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
            query.reply.send(await self._home.run(query.run))
        except BROKEN_WORLD as error:
            query.reply.fail(AskFailed(f"the reading connection crashed: {error}"))
            raise
        except Exception as error:  # noqa: BLE001 - the reader supervises its queries
            self._metrics.error("books")
            _log.error("query failed", exc_info=error)
            query.reply.fail(Defect(f"{type(error).__name__}: {error}"))

    async def release(self) -> None:
        """Let go of the file."""
        await self._home.close()


class _Guard(Actor[CheckBooks]):
    """Checks the books every few minutes, and closes a channel that does not balance."""

    def __init__(
        self,
        home: Callable[[], Home[Reports]],
        ledger: Ref[LedgerMessage],
        metrics: Metrics,
        now_ms: Callable[[], int],
        channels: Sequence[str],
    ) -> None:
        self._home = home()
        self._ledger = ledger
        self._metrics = metrics
        self._now_ms = now_ms
        self._channels = channels
        self._guard: ConservationGuard

    async def started(self) -> None:
        """Open the connection and set the time of the first check."""
        await self._home.open()
        self._guard = await self._home.run(lambda reports: ConservationGuard(reports.connection))
        self.after(1.0, CheckBooks())

    async def receive(self, _message: CheckBooks) -> None:
        """Check the books; a long history is read in slices."""
        await self._check()
        self.after(_NEXT_SLICE_S if self._guard.behind else CHECK_EVERY_S, CheckBooks())

    async def _check(self) -> None:
        violations = await self._home.run(lambda _reports: self._guard.check())
        by_channel: dict[str, list[Violation]] = {}
        for violation in violations:
            by_channel.setdefault(violation.channel, []).append(violation)
        overall = by_channel.pop("", [])
        # A sum over all accounts names no culprit: where nobody else does either, all are closed.
        closed = by_channel or {channel: overall for channel in self._channels if overall}
        for channel, found in closed.items():
            self._close(channel, [*found, *(overall if found is not overall else ())])
        for channel in self._channels:
            wrong = len(by_channel.get(channel, ()))
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
        await self._home.close()
