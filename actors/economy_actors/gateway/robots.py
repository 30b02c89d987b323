"""Which channels have a robot, as far as is known; channel and outbox are told of each change.

A robot that is gone never empties its channel: who is there is told by user lists only. Of the
notices that a robot gives of itself only that of a robot which is ready names its channel; one
that leaves does not. One that is killed or deaf gives none: it shows by its silence.

The configured channels: which event belongs to which, and which domain to send to.

Subjects on the bus carry no domain, so two servers with a channel of the same name share them
(`wire.md` 1). Domains are compared exactly, as the robot does, channels in any casing.

Other services of our name on the bus: two of them with one channel answer everybody twice.

Each service says of itself by `about` which instance it is and which channels it serves, in the
metadata of its lifecycle messages. An older one says neither: it may serve any channel, so it
counts as one that serves ours.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from typing import Any, NamedTuple

import anyio
import structlog

from economy_actors.context import Context
from economy_actors.messages.channel import RobotPresence
from economy_actors.messages.colours import SightLost
from economy_actors.outbox.protocol import RobotBack, RobotGone
from kryten_economy.config.connection import Channel

__all__ = (
    "LATE_S",
    "SAID_TWICE_S",
    "SILENCES_MAX",
    "SILENT_S",
    "News",
    "Notice",
    "Places",
    "Rivals",
    "Robots",
    "about",
    "read_notice",
)

_SPELLINGS_MAX = 64


class Places:
    """Immutable but for a memory of spellings seen."""

    __slots__ = ("_domains", "_lowered", "_spellings")

    def __init__(self, channels: Iterable[Channel]) -> None:
        self._domains = {each.channel: each.domain for each in channels}
        self._lowered = {(domain, name.lower()): name for name, domain in self._domains.items()}
        self._spellings = {(domain, name): name for name, domain in self._domains.items()}

    @property
    def names(self) -> tuple[str, ...]:
        """The channels as configured."""
        return tuple(self._domains)

    @property
    def only(self) -> str | None:
        """The channel, if exactly one is configured."""
        return next(iter(self._domains)) if len(self._domains) == 1 else None

    def domain_of(self, channel: str) -> str:
        """The domain of a channel, spelled as configured; KeyError for others."""
        return self._domains[channel]

    def find(self, domain: str, channel: str) -> str | None:
        """The configured spelling of an event's channel; None for somebody else's."""
        found = self._spellings.get((domain, channel))
        if found is None:
            found = self._lowered.get((domain, channel.lower()))
            if found is not None and len(self._spellings) < _SPELLINGS_MAX:
                self._spellings[domain, channel] = found
        return found


LATE_S = 1.0
"""Events that were under way when the robot said goodbye are no sign of life."""
SAID_TWICE_S = 2.0
LEAVING_S = 5.0
"""For so long a robot that has said goodbye may still answer questions."""
SILENCES_MAX = 2
"""One answer may be lost; after so many in a row the robot is away."""


class _Away(NamedTuple):
    """From when on events and answers are signs of life again; seconds of the loop's clock."""

    events_from_s: float
    answers_from_s: float


class Robots:
    """At first none is known to be there, and nobody has been told so."""

    __slots__ = ("_away", "_context", "_heard_at_s", "_now_s", "_returned_at_s", "_silences")

    def __init__(self, context: Context, now_s: Callable[[], float] = anyio.current_time) -> None:
        self._context = context
        self._now_s = now_s
        self._away: dict[str, _Away] = {}
        self._heard_at_s: dict[str, float] = {}
        self._returned_at_s: dict[str, float] = {}
        self._silences: dict[str, int] = {}

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
        now_s = self._now_s()
        if is_silent:
            self._away[channel] = _Away(now_s, now_s)
        else:
            self._away[channel] = _Away(now_s + LATE_S, now_s + LEAVING_S)
        self._show(channel, here=False)
        self._context.bot_ranks.pop(channel, None)
        if (stylesheet := self._context.stylesheets.get(channel)) is not None:
            stylesheet.offer(SightLost())
        if is_news:
            self._tell(channel, RobotPresence(here=False))
            self._context.outboxes[channel].offer(RobotGone())

    def all_gone(self) -> None:
        """Robots or bus are away; whatever is heard next shows that they are back."""
        for channel in self._context.channels:
            self.gone(channel, is_silent=True)

    def returned(self, channel: str) -> None:
        """The robot says that it has come into its channel, which it says twice.

        Nobody may have said that it was gone: a robot that was killed shows only by its return.
        """
        now_s = self._now_s()
        said_at_s = self._returned_at_s.get(channel, float("-inf"))
        self._returned_at_s[channel] = now_s
        if channel in self._away or now_s - said_at_s > SAID_TWICE_S:
            self.back(channel)

    def back(self, channel: str) -> None:
        """The robot is in its channel."""
        self._away.pop(channel, None)
        self._silences.pop(channel, None)
        self._show(channel, here=True)
        self._tell(channel, RobotPresence(here=True))
        self._context.outboxes[channel].offer(RobotBack())

    def heard(self, channel: str) -> None:
        """An event came: so the robot is there."""
        now_s = self._heard_at_s[channel] = self._now_s()
        away = self._away.get(channel)
        if away is not None and now_s >= away.events_from_s:
            self.back(channel)

    def answered(self, channel: str) -> bool:
        """The robot answers; whether it may have missed something since it did so last."""
        away = self._away.get(channel)
        if away is None:
            return self._silences.pop(channel, 0) > 0
        if self._now_s() >= away.answers_from_s:
            self.back(channel)
        return False

    def silent(self, channel: str, since_s: float) -> None:
        """The robot has not answered what it was asked at ``since_s``."""
        if channel in self._away or self._heard_at_s.get(channel, float("-inf")) >= since_s:
            return
        self._silences[channel] = self._silences.get(channel, 0) + 1
        if self._silences[channel] >= SILENCES_MAX:
            self.gone(channel, is_silent=True)

    def _tell(self, channel: str, presence: RobotPresence) -> None:
        self._context.channels[channel].offer(presence)
        self._context.playlists[channel].offer(presence)

    def _show(self, channel: str, *, here: bool) -> None:
        self._context.metrics.set_channel_gauges(channel, {"robot_present": float(here)})


class News(Enum):
    """What the notice means for us."""

    STARTED = "started"
    """A robot is on the bus and knows no services yet."""
    READY = "ready"
    """It is in its channel."""
    GONE = "gone"
    """It has left its channel, or the bus."""


class Notice(NamedTuple):
    """``domain`` and ``channel`` are "" where the robot did not name them."""

    news: News
    domain: str
    channel: str


def read_notice(kind: str, body: bytes) -> Notice | None:
    """Read a message on ``kryten.lifecycle.robot.<kind>``; None if it is of no concern."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        data = None
    fields = data if isinstance(data, dict) else {}
    domain, channel = _text(fields.get("domain")), _text(fields.get("channel"))
    match kind:
        case "startup":
            return Notice(News.STARTED, domain, channel)
        case "connected" if channel:
            return Notice(News.READY, domain, channel)
        case "disconnected" | "shutdown":
            return Notice(News.GONE, domain, channel)
        case _:
            return None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


SILENT_S = 90.0
"""Who has given no heartbeat for so long is gone, as the robot takes it, too."""
_RIVALS_MAX = 64

_log = structlog.get_logger("gateway")


def about(instance: str, places: Places) -> dict[str, Any]:
    """What we say of ourselves."""
    channels = [{"domain": places.domain_of(name), "channel": name} for name in places.names]
    return {"instance": instance, "channels": channels}


class _Rival(NamedTuple):
    host: str
    channels: tuple[str, ...]
    heard_at_s: float


class Rivals:
    """Who else serves a channel of ours, as far as they have been heard lately."""

    def __init__(self, instance: str, places: Places, *, silent_s: float = SILENT_S) -> None:
        self._instance = instance
        self._places = places
        self._silent_s = silent_s
        self._known: dict[str, _Rival] = {}

    def hear(self, kind: str, body: bytes) -> bool:
        """Take in a lifecycle message of our service's name; True if it is a new rival's."""
        message = _object(body)
        instance, channels = self._read(message)
        if instance == self._instance:
            return False
        host = str(message.get("hostname", "?"))[:100]
        # Without an instance, two of them on one host count as one.
        key = instance or f"unnamed on {host}"
        if kind == "shutdown":
            self._gone(key)
            return False
        if not channels or (key not in self._known and len(self._known) >= _RIVALS_MAX):
            return False
        is_new = key not in self._known
        self._known[key] = _Rival(host, channels, anyio.current_time())
        if is_new:
            _log.warning(
                "another economy service serves the same channel: everybody is answered twice",
                host=host,
                channels=channels,
                version=str(message.get("version", "?"))[:50],
            )
        return is_new

    def present(self) -> tuple[str, ...]:
        """One line for each, after those who have fallen silent are forgotten."""
        now_s = anyio.current_time()
        for key, rival in tuple(self._known.items()):
            if now_s - rival.heard_at_s > self._silent_s:
                self._gone(key)
        return tuple(
            f"another economy service on {rival.host} serves {', '.join(rival.channels)}"
            for rival in self._known.values()
        )

    def _gone(self, key: str) -> None:
        rival = self._known.pop(key, None)
        if rival is not None:
            _log.info("the other economy service is gone", host=rival.host)

    def _read(self, message: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
        """Which instance it is, and which of our channels it serves."""
        metadata = message.get("metadata")
        told = metadata if isinstance(metadata, Mapping) else {}
        instance, channels = told.get("instance"), told.get("channels")
        if not isinstance(instance, str) or not isinstance(channels, list):
            return "", self._places.names if message else ()
        return instance[:100], tuple(self._ours(channels))

    def _ours(self, channels: Iterable[object]) -> Iterable[str]:
        for each in channels:
            place = each if isinstance(each, Mapping) else {}
            found = self._places.find(str(place.get("domain")), str(place.get("channel")))
            if found is not None:
                yield found


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        message = None
    return message if isinstance(message, Mapping) else {}
