"""The seeds of the fair dice: today's and tomorrow's are in the books before anybody plays.

At the start and at each midnight. As long as that fails nobody plays (`economy_actors.seeds`).
"""

from dataclasses import dataclass

import structlog

from economy_actors.context import Context
from economy_actors.runtime import Actor, RuntimeFault
from economy_actors.seeds import make_seeds

__all__ = ("FairSeeds", "SeedsDue")

_AGAIN_S = 60.0

_log = structlog.get_logger("jobs")


@dataclass(frozen=True, slots=True)
class SeedsDue:
    """A day has begun, or the seeds were not made at the last try."""


class FairSeeds(Actor[SeedsDue]):
    """Keeps the seeds of all channels ahead of the day."""

    def __init__(self, context: Context, channels: tuple[str, ...]) -> None:
        self._context = context
        self._channels = channels

    async def started(self) -> None:
        """Look at once, but let the start go on meanwhile."""
        self.after(0.0, SeedsDue())

    async def receive(self, _message: SeedsDue) -> None:
        """Have the seeds made; what fails is tried again in a minute."""
        context, calendar = self._context, self._context.live.calendar
        now_ms = context.clock.now_ms()
        today = calendar.day(now_ms)
        made = [await self._ensure(channel, today) for channel in self._channels]
        wait_s = context.clock.wait_s(calendar.next_midnight_ms(now_ms))
        self.after(wait_s if all(made) else min(wait_s, _AGAIN_S), SeedsDue())

    async def _ensure(self, channel: str, today: str) -> bool:
        context = self._context
        try:
            await make_seeds(context, channel, today)
        except RuntimeFault as fault:
            context.metrics.error("scheduler")
            _log.warning("seeds wait", channel=channel, day=today, error=type(fault).__name__)
            return False
        return True
