"""Which channels have a robot, as far as is known; channel and outbox are told of each change.

A robot that is gone never empties its channel: who is there is told by user lists only. Of the
notices that a robot gives of itself only that of a robot which is ready names its channel; one
that leaves does not. One that is killed or deaf gives none: it shows by its silence.
"""

import json
from enum import Enum
from typing import NamedTuple

import anyio

from economy_actors.channel.messages import RobotPresence
from economy_actors.context import World
from economy_actors.outbox.protocol import RobotBack, RobotGone

__all__ = ("LATE_S", "SAID_TWICE_S", "SILENCES_MAX", "News", "Notice", "Robots", "read_notice")

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

    __slots__ = ("_away", "_heard_at_s", "_returned_at_s", "_silences", "_world")

    def __init__(self, world: World) -> None:
        self._world = world
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
        now_s = anyio.current_time()
        if is_silent:
            self._away[channel] = _Away(now_s, now_s)
        else:
            self._away[channel] = _Away(now_s + LATE_S, now_s + LEAVING_S)
        self._show(channel, here=False)
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
        self._silences.pop(channel, None)
        self._show(channel, here=True)
        self._world.channels[channel].offer(RobotPresence(here=True))
        self._world.outboxes[channel].offer(RobotBack())

    def heard(self, channel: str) -> None:
        """An event came: so the robot is there."""
        now_s = self._heard_at_s[channel] = anyio.current_time()
        away = self._away.get(channel)
        if away is not None and now_s >= away.events_from_s:
            self.back(channel)

    def answered(self, channel: str) -> bool:
        """The robot answers; whether it may have missed something since it did so last."""
        away = self._away.get(channel)
        if away is None:
            return self._silences.pop(channel, 0) > 0
        if anyio.current_time() >= away.answers_from_s:
            self.back(channel)
        return False

    def silent(self, channel: str, since_s: float) -> None:
        """The robot has not answered what it was asked at ``since_s``."""
        if channel in self._away or self._heard_at_s.get(channel, float("-inf")) >= since_s:
            return
        self._silences[channel] = self._silences.get(channel, 0) + 1
        if self._silences[channel] >= SILENCES_MAX:
            self.gone(channel, is_silent=True)

    def _show(self, channel: str, *, here: bool) -> None:
        self._world.metrics.set_channel_gauges(channel, {"robot_present": float(here)})


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
