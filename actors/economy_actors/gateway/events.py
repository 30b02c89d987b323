"""What an event of the bus becomes, and what is asked of every event before it is read."""

from datetime import datetime
from typing import Final, NamedTuple, Protocol

from kryten import RawEvent

from economy_actors.channel.messages import (
    AfkChanged,
    EmoteChanged,
    EmotesListed,
    Joined,
    Left,
    Listed,
    MediaChanged,
    PlaylistEmptied,
    PrivateMessage,
    RankChanged,
    Said,
)
from economy_actors.clock import Clock
from economy_actors.context import LiveSettings
from economy_actors.gateway.freshness import AHEAD_MAX_MS, RecentIds
from economy_actors.gateway.payloads import epoch_ms
from economy_actors.gateway.places import Places
from economy_actors.metrics.families import GatewayDrop
from economy_actors.outbox.protocol import Echoed, PmFailed, RobotGone, Throttled

__all__ = (
    "IGNORED",
    "Domestic",
    "Door",
    "Dropped",
    "Event",
    "Nothing",
    "Translated",
    "Translation",
    "malformed",
    "payload_of",
)

Domestic = (
    Joined
    | Left
    | Listed
    | Said
    | PrivateMessage
    | MediaChanged
    | PlaylistEmptied
    | EmotesListed
    | EmoteChanged
    | AfkChanged
    | RankChanged
    | Echoed
    | PmFailed
    | Throttled
    | RobotGone
)
"""What an event can become: a message for the channel, or one for its outbox."""


class Event(Protocol):
    """What all of kryten-py's events have in common."""

    channel: str
    domain: str
    timestamp: datetime
    correlation_id: str


class Translated(NamedTuple):
    """A message for ``channel``, which is spelled as configured."""

    channel: str
    message: Domestic


class Dropped(NamedTuple):
    """An event that goes no further; ``detail`` says what was wrong with a malformed one."""

    reason: GatewayDrop
    detail: str = ""


class Nothing(NamedTuple):
    """An event of ``channel`` that only shows that its robot lives."""

    channel: str


Translation = Translated | Dropped | Nothing

IGNORED: Final = Dropped("ignored")
_UNKNOWN_CHANNEL: Final = Dropped("unknown_channel")
_DUPLICATE: Final = Dropped("duplicate")


def malformed(detail: str) -> Dropped:
    """An event that can't be read."""
    return Dropped("malformed", detail)


def payload_of(event: Event) -> object:
    """What CyTube sent; nothing for an event that kryten-py typed although it should not."""
    return event.payload if isinstance(event, RawEvent) else None


class Door:
    """Lets in what is ours and new, and tells when it happened."""

    def __init__(self, live: LiveSettings, clock: Clock) -> None:
        self.live = live
        self.places = Places(live.settings.channels)
        self._clock = clock
        self._recent = RecentIds(clock)

    def place(self, event: Event) -> str | Dropped:
        """The channel of an event that is ours and new."""
        channel = self.places.find(event.domain, event.channel)
        if channel is None:
            return _UNKNOWN_CHANNEL
        return _DUPLICATE if self._recent.is_repeated(event.correlation_id) else channel

    def time_of(self, event: Event) -> int:
        """When it happened, in epoch milliseconds, as far as that is believed."""
        return self.believed(epoch_ms(event.timestamp))

    def believed(self, said_ms: int) -> int:
        """The same time; now for one that is still to come, by more than clocks differ."""
        now_ms = self._clock.now_ms()
        return said_ms if said_ms <= now_ms + AHEAD_MAX_MS else now_ms

    def unless_ignored(self, channel: str, name: str, message: Domestic) -> Translation:
        """The message, if it is about somebody who takes part."""
        return IGNORED if self.live.ignores(name) else Translated(channel, message)
