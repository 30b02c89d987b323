"""Tells sessions when their user has been here long enough for something (`rules.dwell`).

Told again at each tick until the session says that it is settled: at most once per mark is
the promise of the books, at least once that of this repetition.
"""

from collections.abc import Callable, Iterable, Sequence

from economy_actors.channel.messages import DwellSettled
from economy_actors.context import World
from economy_actors.ledger.client import look
from economy_actors.runtime import Ref
from economy_actors.session.messages import Dwelt, SessionMessage
from kryten_economy.features.presence.attendance import Dwellers, marks
from kryten_economy.features.presence.rules import MINUTE_MS
from kryten_economy.ledger import PresenceFact

__all__ = ("Dwelling",)

CUT_OFF_MINUTES = 10
"""How long before the last sign of life an award may have been cut off: a tick, generously."""


class Dwelling:
    """What the channel remembers of the marks of today."""

    def __init__(self, world: World, session: Callable[[str], Ref[SessionMessage]]) -> None:
        self._world = world
        self._session = session
        self._dwellers = Dwellers()

    async def catch_up(self, channel: str) -> None:
        """See to what a stop cut off: minutes that were counted, and what they bring was not.

        That can only be true of those who were here in the last minutes of the instance
        before; they may be gone since, and their day may be over.
        """
        last_ms = await look(self._world.reader, lambda reports: reports.last_seen_ms(channel))
        if last_ms is None:
            return
        day = self._world.live.calendar.day(last_ms)
        since_ms = last_ms - CUT_OFF_MINUTES * MINUTE_MS
        minutes = await look(
            self._world.reader, lambda reports: reports.minutes_of(channel, day, since_ms)
        )
        self._tell(minutes, day, last_ms)

    def look(self, paid: Iterable[PresenceFact], day: str, at_ms: int) -> None:
        """See for whom of a tick's users something is due."""
        self._tell([(fact.name, fact.minutes_today) for fact in paid], day, at_ms)

    def _tell(self, minutes: Sequence[tuple[str, int]], day: str, at_ms: int) -> None:
        due = set(self._dwellers.due(minutes, day, marks(self._world.live.settings)))
        for name, present in minutes:
            if name in due and not self._world.live.ignores(name):
                self._session(name).offer(Dwelt(day, present, at_ms))

    def settled(self, message: DwellSettled) -> None:
        """The books hold everything up to there."""
        self._dwellers.settle(message.name, message.day, message.minutes)

    def forget(self, name: str) -> None:
        """The user has gone."""
        self._dwellers.forget(name)

    def settings_changed(self) -> None:
        """Marks that were not in force before may be due by now."""
        self._dwellers.forget_all()
