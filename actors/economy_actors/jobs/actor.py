"""What happens in one channel by the clock or by an operator's word: events and rain."""

from typing import assert_never

from economy_actors.context import World
from economy_actors.jobs.events import Events
from economy_actors.jobs.messages import (
    AdHocBegun,
    AdHocEnded,
    LookAround,
    OccasionMessage,
    RainDue,
)
from economy_actors.jobs.rain import let_it_rain
from economy_actors.runtime import Actor
from kryten_economy.features.gifts.rules import rain_pause_s
from kryten_economy.features.presence.rules import MINUTE_MS

__all__ = ("MAILBOX", "Occasions")

MAILBOX = 64


class Occasions(Actor[OccasionMessage]):
    """Owns the events of a channel and its clouds."""

    def __init__(self, channel: str, world: World) -> None:
        self._channel = channel
        self._world = world
        self._events = Events(channel, world)

    async def started(self) -> None:
        """Take up the events that run, and wait for the next minute and the next drop."""
        await self._events.load()
        self._sleep()
        self._gather()

    async def receive(self, message: OccasionMessage) -> None:
        """Do what is due."""
        match message:
            case LookAround():
                self._sleep()
                minute_ms = self._world.clock.now_ms() // MINUTE_MS * MINUTE_MS
                await self._events.look_around(minute_ms)
            case RainDue():
                self._gather()
                if self._world.live.settings.rain.enabled:
                    await let_it_rain(self._world, self._channel)
            case AdHocBegun():
                self._events.begun(message)
            case AdHocEnded():
                self._events.ended(message)
            case _:
                assert_never(message)

    def _sleep(self) -> None:
        next_ms = (self._world.clock.now_ms() // MINUTE_MS + 1) * MINUTE_MS
        self.after(self._world.clock.wait_s(next_ms), LookAround())

    def _gather(self) -> None:
        """Also while rain is off, so that a reload that turns it on needs nothing else."""
        self.after(rain_pause_s(self._world.live.settings.rain, self._world.dice), RainDue())
