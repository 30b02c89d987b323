"""The emotes of a channel, which its users' lines are searched for (`earning.md` 8.6).

The names come from the robot's store at the start, once an hour and after an outage, and from
its events in between. Where none are known no line holds any, and that is all.
"""

from economy_actors.channel.messages import EmoteChanged, EmotesListed, RoomStored
from economy_actors.context import World
from economy_actors.gateway.messages import ReadRoom
from kryten_economy.features.chat.utterances import emotes_in

__all__ = ("Emotes",)

_HOUR_MS = 3_600_000


class Emotes:
    """Knows the names; finds them in texts."""

    def __init__(self, channel: str, world: World) -> None:
        self._channel = channel
        self._world = world
        self._names: frozenset[str] = frozenset()
        self._asked_in_hour = world.clock.now_ms() // _HOUR_MS

    def told(self, message: EmotesListed | EmoteChanged | RoomStored) -> None:
        """Take in what the robot or its store says; a store without a list changes nothing."""
        match message:
            case EmotesListed(names):
                self._names = names
            case EmoteChanged(name, True):
                self._names |= {name}
            case EmoteChanged(name):
                self._names -= {name}
            case RoomStored(emotes) if emotes is not None:
                self._names = emotes
            case _:
                pass

    def used(self, text: str) -> tuple[str, ...]:
        """The distinct emotes in a line."""
        return emotes_in(text, self._names)

    def minute(self, at_ms: int) -> None:
        """Have the list read again with the first minute of each hour."""
        hour = at_ms // _HOUR_MS
        if hour != self._asked_in_hour:
            self._asked_in_hour = hour
            self.ask()

    def ask(self) -> None:
        """Have the store read. Before the first connection there is no gateway to ask."""
        if self._world.gateway is not None:
            self._world.gateway.offer(ReadRoom(self._channel))
