"""Reports and checks on a reading connection, so that they neither wait for money nor delay it."""

from collections.abc import Callable, Sequence
from typing import Any, assert_never

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
from economy_actors.runtime import Actor, Ref, Reply
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.invariants import ConservationGuard, Violation
from kryten_economy.ledger.opening import BROKEN_WORLD
from kryten_economy.ledger.records import SetReadOnly

__all__ = ("CHECK_EVERY_S", "MAILBOX", "Reader")

MAILBOX = 1024
CHECK_EVERY_S = 300.0
_NEXT_SLICE_S = 0.5

_log = structlog.get_logger("books")


class Reader(Actor[ReaderMessage]):
    """Owns the reading connection and the conservation guard."""

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

    async def receive(self, message: ReaderMessage) -> None:
        """Answer a query, or check the books."""
        match message:
            case Query(query, reply):
                await self._answer(query, reply)
            case CheckBooks():
                await self._check()
                # A long history is read in slices, so that queries get their turns in between.
                self.after(_NEXT_SLICE_S if self._guard.behind else CHECK_EVERY_S, CheckBooks())
            case _:
                assert_never(message)

    async def _answer(self, query: Callable[[Reports], Any], reply: Reply[Any]) -> None:
        """Answer; a query that meets a defect takes only itself.

        Everything but the ledger is restarted with this actor, so a failing report must not fail
        it. A file that can't be read does: the next instance opens it afresh.
        """
        try:
            reply.send(await self._home.run(query))
        except BROKEN_WORLD:
            raise
        except Exception as error:  # noqa: BLE001 - the reader supervises its queries
            self._metrics.error("books")
            _log.error("query failed", exc_info=error)
            reply.fail(Defect(f"{type(error).__name__}: {error}"))

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
