"""Which channels have a robot, as far as is known; channel and outbox are told of each change.

A robot that is gone never empties its channel: who is there is told by user lists only.
"""

import anyio

from economy_actors.channel.messages import RobotPresence
from economy_actors.context import World
from economy_actors.outbox.protocol import RobotBack, RobotGone

__all__ = ("LATE_S", "SAID_TWICE_S", "Robots")

LATE_S = 1.0
"""Events that were under way when the robot said goodbye are no sign of life."""
SAID_TWICE_S = 2.0


class Robots:
    """At first none is known to be there, and nobody has been told so."""

    __slots__ = ("_away", "_returned_at_s", "_world")

    def __init__(self, world: World) -> None:
        self._world = world
        self._away: dict[str, float] = {}
        self._returned_at_s: dict[str, float] = {}

    @property
    def away(self) -> tuple[str, ...]:
        """The channels without a robot."""
        return tuple(self._away)

    @property
    def any_away(self) -> bool:
        """Whether there is such a channel."""
        return bool(self._away)

    def gone(self, channel: str, *, is_silent: bool = False) -> None:
        """What is sent to this channel reaches nobody; ``is_silent``: nothing can come either."""
        is_news = channel not in self._away
        self._away[channel] = anyio.current_time() + (0.0 if is_silent else LATE_S)
        if is_news:
            self._world.channels[channel].offer(RobotPresence(here=False))
            self._world.outboxes[channel].offer(RobotGone())

    def all_gone(self) -> None:
        """Robots or bus are away; whatever is heard next shows that they are back."""
        for channel in self._world.channels:
            self.gone(channel, is_silent=True)

    def returned(self, channel: str) -> None:
        """The robot says that it has come into its channel, which it says twice.

        Nobody may have said that it was gone: a robot that was killed shows only by its return.
        """
        now_s = anyio.current_time()
        said_at_s = self._returned_at_s.get(channel, float("-inf"))
        self._returned_at_s[channel] = now_s
        if channel in self._away or now_s - said_at_s > SAID_TWICE_S:
            self.back(channel)

    def back(self, channel: str) -> None:
        """The robot is in its channel."""
        self._away.pop(channel, None)
        self._world.channels[channel].offer(RobotPresence(here=True))
        self._world.outboxes[channel].offer(RobotBack())

    def heard(self, channel: str) -> None:
        """An event came: so the robot is there."""
        if anyio.current_time() >= self._away.get(channel, float("inf")):
            self.back(channel)
