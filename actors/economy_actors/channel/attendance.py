"""Tells sessions when their user has been here long enough for something.

Told again with each fact until the session says that it is settled: at most once per mark is
the promise of the books, at least once that of this repetition.
"""

from collections.abc import Callable, Iterable, Sequence

from economy_actors.channel.messages import AttendanceSettled
from economy_actors.context import World
from economy_actors.runtime import Ref
from economy_actors.session.messages import AttendanceDue, SessionMessage
from kryten_economy.features.presence.attendance import Attendance, marks
from kryten_economy.features.presence.rules import MINUTE_MS
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.wallet import Wallet

__all__ = ("AttendanceWatch", "CutOff", "cut_off")

CUT_OFF_MINUTES = 10
"""How long before the last sign of life an award may have been cut off: a tick, generously."""

CutOff = tuple[int, tuple[tuple[str, int], ...]]
"""When anybody was seen last, and the minutes of that day of those who were seen then."""


def cut_off(reports: Reports, channel: str, day_of: Callable[[int], str]) -> CutOff | None:
    """Whose minutes were counted by the instance before, just before it stopped."""
    last_ms = reports.last_seen_ms(channel)
    if last_ms is None:
        return None
    since_ms = last_ms - CUT_OFF_MINUTES * MINUTE_MS
    return last_ms, reports.minutes_of(channel, day_of(last_ms), since_ms)


class AttendanceWatch:
    """What the channel remembers of the marks of today."""

    def __init__(self, world: World, session: Callable[[str], Ref[SessionMessage]]) -> None:
        self._world = world
        self._session = session
        self._attendance = Attendance()

    def catch_up(self, found: CutOff) -> None:
        """See to what a stop cut off: minutes that were counted, and what they bring was not.

        That can only be true of those who were here in the last minutes of the instance
        before; they may be gone since, and their day may be over.
        """
        last_ms, minutes = found
        self._tell(minutes, self._world.live.calendar.day(last_ms), last_ms)

    def changed(self, wallets: Iterable[Wallet], at_ms: int) -> None:
        """See for whom of those whose wallets have changed something is due."""
        by_day: dict[str, list[tuple[str, int]]] = {}
        for wallet in wallets:
            if wallet.minutes_today:
                minutes = (wallet.user.name, wallet.minutes_today)
                by_day.setdefault(wallet.day, []).append(minutes)
        for day, minutes_of_day in by_day.items():
            self._tell(minutes_of_day, day, at_ms)

    def _tell(self, minutes: Sequence[tuple[str, int]], day: str, at_ms: int) -> None:
        due = set(self._attendance.due(minutes, day, marks(self._world.live.settings)))
        for name, present in minutes:
            if name in due and not self._world.live.ignores(name):
                self._session(name).offer(AttendanceDue(day, present, at_ms))

    def settled(self, message: AttendanceSettled) -> None:
        """The books hold everything up to there."""
        self._attendance.settle(message.name, message.day, message.minutes)

    def forget(self, name: str) -> None:
        """The user has gone."""
        self._attendance.forget(name)

    def settings_changed(self) -> None:
        """Marks that were not in force before may be due by now."""
        self._attendance.forget_all()
