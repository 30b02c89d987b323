"""Everything that happens because time passed.

Each minute is told to the channels once, without drift. The first one ends with a whole minute of
the wall clock, and from then on the steady clock counts: a clock that is set changes neither how
many minutes there are nor when they come. Upkeep (holds that ran out, lifetime counters, backups)
follows the same minutes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import anyio.to_thread
import structlog

from economy_actors.channel.messages import MinutePassed
from economy_actors.context import World
from economy_actors.ledger.client import commit
from economy_actors.ledger.messages import Commit
from economy_actors.outbox.message import Pm, Priority
from economy_actors.runtime import Actor
from kryten_economy.calendar import day_before
from kryten_economy.features.money import texts as money_texts
from kryten_economy.features.presence.rules import MINUTE_MS, nearest_minute
from kryten_economy.ledger.backup import backup, newest_backup_ms
from kryten_economy.ledger.errors import LedgerError
from kryten_economy.ledger.holds import ExpireHolds, ReleasedHold
from kryten_economy.ledger.records import PruneHelpers, SaveCounters

__all__ = ("Look", "Scheduler")

_SAVE_EVERY_MINUTES = 5
_HELPER_DAYS = 35
_HOUR_MS = 60 * MINUTE_MS

_log = structlog.get_logger("scheduler")


@dataclass(frozen=True, slots=True)
class Look:
    """Time to look at the clock."""


class Scheduler(Actor[Look]):
    """Turns the clock into messages."""

    def __init__(self, world: World, data_file: Path | None) -> None:
        self._world = world
        self._data_file = data_file
        left_ms = MINUTE_MS - world.clock.now_ms() % MINUTE_MS
        self._next_ms = world.clock.steady_ms() + left_ms
        self._backed_up_at_ms: int | None = None

    async def started(self) -> None:
        """Give back what ran out while nobody looked, and wait for the next minute."""
        await self._expire_holds(self._world.clock.now_ms())
        if self._data_file is not None:
            self._backed_up_at_ms = newest_backup_ms(
                self._data_file,
                self._backup_directory(self._data_file),
                self._world.clock.now_ms(),
            )
            self._world.metrics.set_backup_at_ms(self._backed_up_at_ms)
        self._sleep()

    async def receive(self, _message: Look) -> None:
        """Tell the minutes that have passed; a stall is told as one step."""
        clock = self._world.clock
        steady_ms = clock.steady_ms()
        if steady_ms >= self._next_ms:
            late_ms = (steady_ms - self._next_ms) % MINUTE_MS
            self._next_ms = steady_ms - late_ms + MINUTE_MS
            minute_ms = nearest_minute(clock.now_ms() - late_ms) * MINUTE_MS
            for channel in self._world.channels.values():
                channel.offer(MinutePassed(minute_ms, steady_ms - late_ms))
            await self._upkeep(minute_ms)
        self._sleep()

    def _sleep(self) -> None:
        clock = self._world.clock
        left_ms = self._next_ms - clock.steady_ms()
        self.after(clock.wait_s(clock.now_ms() + left_ms), Look())

    async def _upkeep(self, minute_ms: int) -> None:
        await self._expire_holds(minute_ms)
        if minute_ms // MINUTE_MS % _SAVE_EVERY_MINUTES == 0:
            self._save_counters()
        if minute_ms % _HOUR_MS == 0:
            self._prune(minute_ms)
        if self._data_file is not None:
            await self._back_up(self._data_file, minute_ms)

    # Holds

    async def _expire_holds(self, at_ms: int) -> None:
        """Give back all holds whose time is over, and tell their owners."""
        day = self._world.live.calendar.day(at_ms)
        while True:
            answer = await commit(self._world.ledger, ExpireHolds(at_ms, day))
            if not answer.released:
                return
            for hold in answer.released:
                self._tell_owner(hold)

    def _tell_owner(self, hold: ReleasedHold) -> None:
        outbox = self._world.outboxes.get(hold.user.channel)
        if outbox is not None:
            symbol = self._world.live.settings.currency.symbol
            text = money_texts.hold_returned(hold.amount_z, hold.balance_z, hold.purpose, symbol)
            outbox.offer(Pm(to=hold.display_name, text=text, priority=Priority.RESULT))

    # Upkeep

    def _save_counters(self) -> None:
        values = tuple(self._world.metrics.persistent().items())
        self._world.ledger.offer(Commit(SaveCounters(values, self._world.clock.now_ms())))

    def _prune(self, at_ms: int) -> None:
        day = self._world.live.calendar.day(at_ms)
        for _ in range(_HELPER_DAYS):
            day = day_before(day)
        self._world.ledger.offer(Commit(PruneHelpers(day)))

    # Backups

    def _backup_directory(self, data_file: Path) -> Path:
        configured = self._world.live.settings.database.backup_directory
        return Path(configured) if configured else data_file.parent / "backups"

    async def _back_up(self, data_file: Path, at_ms: int) -> None:
        """Make a verified copy when the last one is old enough; a failure is an error line."""
        database = self._world.live.settings.database
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
            self._world.metrics.error("backup")
            _log.error("backup failed", directory=str(directory), error=str(error))
            return
        self._backed_up_at_ms = at_ms
        self._world.metrics.set_backup_at_ms(at_ms)
        _log.info("backup made and verified", directory=str(directory))

    async def stopping(self) -> None:
        """Keep the lifetime counters."""
        self._save_counters()
