"""Everything that happens because time passed.

Each whole minute is told to the channels once, in step with the clock and without drift; upkeep
(holds that ran out, lifetime counters, backups) follows the same minutes. Events and rain of a
channel have an actor of their own, which an operator's word reaches as well.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, assert_never

import anyio.to_thread
import structlog

from economy_actors.context import Context
from economy_actors.handlers.approvals import reject_overdue
from economy_actors.jobs.bounties import end_overdue_bounties
from economy_actors.jobs.events import Events, let_it_rain
from economy_actors.messages.channel import MinutePassed
from economy_actors.messages.ledger import Commit, commit
from economy_actors.messages.workers import (
    AdHocBegun,
    AdHocEnded,
    EventsDue,
    EventsMessage,
    RainDue,
)
from economy_actors.outbox.message import Pm, Priority
from economy_actors.runtime import Actor, RuntimeFault, Timer
from kryten_economy.calendar import day_before
from kryten_economy.features.gifts import rain_pause_now_s, rain_pause_s
from kryten_economy.features.money import texts as money_texts
from kryten_economy.features.presence.rules import MINUTE_MS, nearest_minute
from kryten_economy.features.wallets import texts as wallets_texts
from kryten_economy.features.wallets.operations import PURPOSE as WALLET
from kryten_economy.ledger.backup import backup, newest_backup_ms
from kryten_economy.ledger.errors import LedgerError
from kryten_economy.ledger.expiry import ExpireHolds, ReleasedHold
from kryten_economy.ledger.records import PruneHelpers, SaveCounters

__all__ = (
    "MAILBOX",
    "ChannelEvents",
    "Scheduler",
    "Tick",
)

MAILBOX = 64


class _Cloud(NamedTuple):
    """The next drop: since when it gathers (loop time), by which interval, and how long."""

    since_s: float
    minutes: int
    pause_s: float
    due: Timer


class ChannelEvents(Actor[EventsMessage]):
    """Owns the events of a channel and its clouds."""

    def __init__(self, channel: str, context: Context) -> None:
        self._channel = channel
        self._context = context
        self._events = Events(channel, context)
        self._cloud: _Cloud | None = None

    async def started(self) -> None:
        """Take up the events that run, and wait for the next minute and the next drop."""
        await self._events.load()
        self._sleep()
        self._gather()

    async def receive(self, message: EventsMessage) -> None:
        """Do what is due."""
        match message:
            case EventsDue():
                self._sleep()
                self._hasten()
                minute_ms = self._context.clock.now_ms() // MINUTE_MS * MINUTE_MS
                await self._events.begin_and_end(minute_ms)
            case RainDue():
                self._gather()
                if self._context.live.settings.rain.enabled:
                    await let_it_rain(self._context, self._channel)
            case AdHocBegun():
                self._events.begun(message)
            case AdHocEnded():
                self._events.ended(message)
            case _:
                assert_never(message)

    def _sleep(self) -> None:
        next_ms = (self._context.clock.now_ms() // MINUTE_MS + 1) * MINUTE_MS
        self.after(self._context.clock.wait_s(next_ms), EventsDue())

    def _gather(self) -> None:
        """Also while rain is off, so that a reload that turns it on needs nothing else."""
        rain = self._context.live.settings.rain
        self._plan(self.now_s(), rain.interval_minutes, rain_pause_s(rain, self._context.dice))

    def _hasten(self) -> None:
        """A reload may have made the interval shorter: then the drop that is due falls earlier."""
        cloud, minutes = self._cloud, self._context.live.settings.rain.interval_minutes
        if cloud is not None and minutes < cloud.minutes:
            pause_s = rain_pause_now_s(cloud.pause_s, cloud.minutes, minutes)
            self._plan(cloud.since_s, minutes, pause_s)

    def _plan(self, since_s: float, minutes: int, pause_s: float) -> None:
        if self._cloud is not None:
            self._cloud.due.cancel()
        due = self.after(max(0.0, since_s + pause_s - self.now_s()), RainDue())
        self._cloud = _Cloud(since_s, minutes, pause_s, due)


_SAVE_EVERY_MINUTES = 5
_HELPER_DAYS = 35
_HOUR_MS = 60 * MINUTE_MS

_log = structlog.get_logger("scheduler")


@dataclass(frozen=True, slots=True)
class Tick:
    """Time to look at the clock."""


class Scheduler(Actor[Tick]):
    """Turns the clock into messages."""

    def __init__(self, context: Context, data_file: Path | None) -> None:
        self._context = context
        self._data_file = data_file
        left_ms = MINUTE_MS - context.clock.now_ms() % MINUTE_MS
        self._next_ms = context.clock.steady_ms() + left_ms
        self._backed_up_at_ms: int | None = None
        self._hour: int | None = None

    async def started(self) -> None:
        """Give back what ran out while nobody looked, and wait for the next minute."""
        await self._expire_holds(self._context.clock.now_ms())
        await self._reject_overdue()
        if self._data_file is not None:
            self._backed_up_at_ms = newest_backup_ms(
                self._data_file,
                self._backup_directory(self._data_file),
                self._context.clock.now_ms(),
            )
            self._context.metrics.set_backup_at_ms(self._backed_up_at_ms)
        self.after(0.0, Tick())

    async def receive(self, _message: Tick) -> None:
        """Tell the minutes that have passed; a stall is told as one step."""
        clock = self._context.clock
        steady_ms = clock.steady_ms()
        if steady_ms >= self._next_ms:
            late_ms = (steady_ms - self._next_ms) % MINUTE_MS
            self._next_ms = steady_ms - late_ms + MINUTE_MS
            minute_ms = nearest_minute(clock.now_ms() - late_ms) * MINUTE_MS
            for channel in self._context.channels.values():
                channel.offer(MinutePassed(minute_ms, steady_ms - late_ms))
            await self._upkeep(minute_ms)
        await self._each_hour()
        self._sleep()

    def _sleep(self) -> None:
        clock = self._context.clock
        left_ms = self._next_ms - clock.steady_ms()
        self.after(clock.wait_s(clock.now_ms() + left_ms), Tick())

    async def _each_hour(self) -> None:
        """What is done when an hour has begun, and once at the start for those that were missed."""
        hour = self._context.clock.now_ms() // _HOUR_MS
        if hour != self._hour:
            self._hour = hour
            await end_overdue_bounties(self._context)

    async def _upkeep(self, minute_ms: int) -> None:
        await self._expire_holds(minute_ms)
        if minute_ms // MINUTE_MS % _SAVE_EVERY_MINUTES == 0:
            self._save_counters()
        if minute_ms % _HOUR_MS == 0:
            self._prune(minute_ms)
            await self._reject_overdue()
        if self._data_file is not None:
            await self._back_up(self._data_file, minute_ms)

    # Holds

    async def _expire_holds(self, at_ms: int) -> None:
        """Give back all holds whose time is over, and tell their owners."""
        day = self._context.live.calendar.day(at_ms)
        while True:
            answer = await commit(self._context.ledger, ExpireHolds(at_ms, day))
            if not answer.released:
                return
            for hold in answer.released:
                self._tell_owner(hold)

    async def _reject_overdue(self) -> None:
        """Give back what no operator has decided on; what fails is tried in an hour."""
        try:
            await reject_overdue(self._context)
        except RuntimeFault as fault:
            self._context.metrics.error("scheduler")
            _log.warning("overdue approvals wait", error=repr(fault))

    def _tell_owner(self, hold: ReleasedHold) -> None:
        outbox = self._context.outboxes.get(hold.user.channel)
        if outbox is not None:
            symbol = self._context.live.settings.currency.symbol
            text = _returned(hold, symbol)
            outbox.offer(Pm(to=hold.display_name, text=text, priority=Priority.RESULT))

    # Upkeep

    def _save_counters(self) -> None:
        values = tuple(self._context.metrics.persistent().items())
        self._context.ledger.offer(Commit(SaveCounters(values, self._context.clock.now_ms())))

    def _prune(self, at_ms: int) -> None:
        day = self._context.live.calendar.day(at_ms)
        for _ in range(_HELPER_DAYS):
            day = day_before(day)
        self._context.ledger.offer(Commit(PruneHelpers(day)))

    # Backups

    def _backup_directory(self, data_file: Path) -> Path:
        configured = self._context.live.settings.database.backup_directory
        return Path(configured) if configured else data_file.parent / "backups"

    async def _back_up(self, data_file: Path, at_ms: int) -> None:
        """Make a verified copy when the last one is old enough; a failure is an error line."""
        database = self._context.live.settings.database
        interval_ms = database.backup_interval_hours * _HOUR_MS
        if not interval_ms:
            return
        # A clock that was ahead and is right again must not stop the backups until that time.
        last_ms = self._backed_up_at_ms
        if last_ms is not None and last_ms <= at_ms < last_ms + interval_ms:
            return
        # Also after a failure the next try waits for the next hour, not for the next minute.
        self._backed_up_at_ms = at_ms - interval_ms + _HOUR_MS
        directory, keep = self._backup_directory(data_file), database.backup_keep
        work: Callable[[], object] = lambda: backup(data_file, directory, at_ms, keep)  # noqa: E731  # runs in a thread
        try:
            await anyio.to_thread.run_sync(work)
        except (LedgerError, OSError) as error:
            self._context.metrics.error("backup")
            _log.error("backup failed", directory=str(directory), error=str(error))
            return
        self._backed_up_at_ms = at_ms
        self._context.metrics.set_backup_at_ms(at_ms)
        _log.info("backup made and verified", directory=str(directory))

    async def stopping(self) -> None:
        """Keep the lifetime counters."""
        self._save_counters()


def _returned(hold: ReleasedHold, symbol: str) -> str:
    if hold.purpose == WALLET:
        service = json.loads(hold.data or "{}").get("service", "")
        return wallets_texts.came_back(service, hold.amount_z, hold.balance_z, symbol)
    return money_texts.hold_returned(hold.amount_z, hold.balance_z, hold.purpose, symbol)
