"""How much the outbox may say and how fast, and how long its messages are of use.

CyTube drops what comes faster than 20 messages at once and then 10 per second; after 20 messages
without two seconds of silence it drops the second of two within 100 ms. Other services share the
bot, so this one stays below that, and slows down where the server drops something all the same.
"""

import math
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Self

from economy_actors.outbox.message import Line, Outgoing, Priority
from kryten_economy.config import Pace, Settings

__all__ = ("LINE_GAP_S", "LINE_WINDOW_S", "SLOP_S", "Limits", "LineClock", "Pacer")

LINE_GAP_S = 2.0
"""At most one public line in this time."""
LINE_WINDOW_S = 60.0
"""The window of ``announcements.max_per_minute``."""
SLOP_S = 1e-6
"""Timers round; without this a wake-up a nanosecond early would wait once more."""
_LIFETIMES_S = MappingProxyType(
    {Priority.PUBLIC: 120.0, Priority.BULK: 300.0, Priority.DIGEST: 900.0}
)
_OUTAGE_LIFETIMES_S = MappingProxyType({Priority.REPLY: 300.0, Priority.RESULT: 600.0})
_UNSPACED_MAX = 16
"""So many messages go without a distance; the server allows 20 to all services of the bot."""
_DISTANCE_S = 0.125
"""The server asks for 100 ms; the way to it makes a distance shorter or longer."""
_KNOWN_DISTANCE_S = 0.12
"""Where the echo has told when the message before arrived."""
_QUICK_ECHO_S = 0.1
"""Where echoes are slower than this, waiting for them would cost more than a lost message."""
_ECHO_PATIENCE_S = 0.125
_QUICKEST_GROWS = 1.02
"""The quickest echo is forgotten slowly, for a way that has become longer."""
_SILENCE_S = 2.2
"""After 2 s without a message the server counts from the start; the way there takes time too."""
_SHARE_MIN = 0.125
_SHARE_STEP = 0.125
_STEP_S = 10.0
_ONE_FLOOD_S = 2.0
"""The server tells each message it drops; those within this time are one reason to slow down."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Lengths in UTF-16 units, times in seconds.

    ``lifetimes_s`` holds for messages without an expiry of their own; a priority that is not in
    it waits as long as it takes. ``outage_lifetimes_s`` holds for those only while nothing can be
    sent: an answer nobody remembers asking for helps nobody. Paid and ordered lines never expire,
    but for those with a receipt: their buyers get the money back instead of waiting for ever.
    """

    max_units: int = 240
    """``messages.max_length``."""
    lines_per_minute: int = 10
    """``announcements.max_per_minute``."""
    dedup_window_s: float = 30.0
    """``announcements.dedup_window_seconds``."""
    closed_gates: frozenset[str] = frozenset()
    """The kinds that are switched off in the configuration."""
    waiting_max: int = 500
    protected_max: int = 2000
    """Where even replies are refused: the world is broken and memory is not endless."""
    echo_timeout_s: float = 10.0
    return_grace_s: float = 3.0
    """Events of an outage come up to some seconds late, echoes among them."""
    receipt_lifetime_s: float = 600.0
    throttle_pause_s: float = 2.0
    """CyTube's burst refills after so much silence."""
    lifetimes_s: Mapping[Priority, float] = field(default_factory=lambda: _LIFETIMES_S)
    outage_lifetimes_s: Mapping[Priority, float] = field(
        default_factory=lambda: _OUTAGE_LIFETIMES_S
    )

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """What the configuration says; a gate is a switch of ``announcements``."""
        said = settings.announcements
        return cls(
            max_units=settings.messages.max_length,
            lines_per_minute=said.max_per_minute,
            dedup_window_s=float(said.dedup_window_seconds),
            closed_gates=frozenset(name for name, value in said if value is False),
        )

    def expires_at_s(self, message: Outgoing, offered_at_s: float) -> float:
        """When a message offered then has lost its use."""
        if _wants_receipt(message):
            return offered_at_s + self.receipt_lifetime_s
        if _kept(message):
            return float("inf")
        if message.expires_at_s is not None:
            return message.expires_at_s
        return offered_at_s + self.lifetimes_s.get(message.priority, float("inf"))

    def outage_expires_at_s(self, message: Outgoing, offered_at_s: float) -> float:
        """The same, for a message that finds the robot away."""
        if _wants_receipt(message):
            return offered_at_s + self.receipt_lifetime_s
        if _kept(message):
            return float("inf")
        return offered_at_s + self.outage_lifetimes_s.get(message.priority, float("inf"))


def _kept(message: Outgoing) -> bool:
    return isinstance(message, Line) and message.kind.kept


def _wants_receipt(message: Outgoing) -> bool:
    return isinstance(message, Line) and message.receipt is not None


class Pacer:
    """Says when the next message may go.

    A cooldown event halves burst and rate; they come back in steps of an eighth in 10 s. A gap
    that the configuration sets stays as it is. The bucket is kept as the time at which it would
    be full again, so nothing needs refilling. ``chance`` gives numbers in [0, 1) for the jitter.

    Where the server asks for a distance, it is kept from the time at which the message before has
    arrived there: its echo tells how much longer than the quickest one it was on its way.
    """

    def __init__(self, pace: Pace, chance: Callable[[], float]) -> None:
        self._pace = pace
        self._chance = chance
        self._full_at_s = float("-inf")
        self._last_s = float("-inf")
        self._stretch = 0.0
        self._share = 1.0
        self._share_at_s = float("-inf")
        self._unspaced = 0
        self._heard_s = float("-inf")
        self._arrived_s: float | None = None
        self._quickest_s = float("inf")

    @property
    def unpaced(self) -> bool:
        """Whether the configuration asks for no pacing at all."""
        return self._pace.unpaced

    @property
    def _per_second(self) -> float:
        return self._pace.per_second * self._share

    def ready_at_s(self) -> float:
        """When the next message may go; in the past if it may go now."""
        pace = self._pace
        burst = max(1, int(pace.burst * self._share))
        by_bucket_s = self._full_at_s - (burst - 1) / self._per_second
        by_gap_s = self._last_s + pace.gap_s + pace.jitter_s * self._stretch
        return max(by_bucket_s, by_gap_s, self._by_server_s())

    def spend(self, now_s: float) -> None:
        """Count a message sent now."""
        self._recover(now_s)
        self.overheard(now_s)
        self._last_s = now_s
        self._arrived_s = None
        self._stretch = self._chance()
        self._full_at_s = max(self._full_at_s, now_s) + 1.0 / self._per_second

    def overheard(self, now_s: float) -> None:
        """Count a message that another service has sent through the same bot."""
        if now_s - self._heard_s > _SILENCE_S:
            self._unspaced = 0
        self._unspaced += 1
        self._heard_s = now_s

    def echoed(self, sent_at_s: float, now_s: float) -> None:
        """Learn from the echo of a message sent then."""
        self._quickest_s = min(self._quickest_s * _QUICKEST_GROWS, max(0.0, now_s - sent_at_s))
        if sent_at_s == self._last_s:
            self._arrived_s = now_s - self._quickest_s

    def throttled(self, now_s: float) -> None:
        """The server has dropped a message: go on at half the pace."""
        self._recover(now_s)
        if now_s - self._share_at_s > _ONE_FLOOD_S or self._share == 1.0:
            self._share = max(_SHARE_MIN, self._share / 2)
            self._share_at_s = now_s

    def change(self, pace: Pace) -> None:
        """Go on with other numbers; what was spent stays spent."""
        self._pace = pace

    def _by_server_s(self) -> float:
        if math.isinf(self._pace.per_second) or self._unspaced < _UNSPACED_MAX:
            return float("-inf")
        if self._arrived_s is not None:
            return max(self._heard_s, self._arrived_s) + _KNOWN_DISTANCE_S
        awaited = self._quickest_s < _QUICK_ECHO_S
        return self._heard_s + _DISTANCE_S + (_ECHO_PATIENCE_S if awaited else 0.0)

    def _recover(self, now_s: float) -> None:
        if self._share < 1.0:
            steps = int((now_s - self._share_at_s) / _STEP_S)
            self._share = min(1.0, self._share + steps * _SHARE_STEP)
            self._share_at_s += steps * _STEP_S


class LineClock:
    """When the next public line may go: the gap, and the rolling minute."""

    def __init__(self, per_minute: int) -> None:
        self.per_minute = per_minute
        self._sent_at_s: deque[float] = deque()
        self._last_s = float("-inf")

    def spend(self, now_s: float) -> None:
        """Count a line sent now."""
        self._last_s = now_s
        self._sent_at_s.append(now_s)

    def full(self, now_s: float) -> bool:
        """Whether the rolling minute holds all the lines it may."""
        return self._room_at_s(now_s) > now_s + SLOP_S

    def ready_at_s(self, now_s: float, gap_s: float) -> float:
        """When the next line may go that keeps ``gap_s`` to the line before it."""
        return max(self._last_s + gap_s, self._room_at_s(now_s))

    def _room_at_s(self, now_s: float) -> float:
        while self._sent_at_s and self._sent_at_s[0] + LINE_WINDOW_S <= now_s + SLOP_S:
            self._sent_at_s.popleft()
        over = len(self._sent_at_s) - self.per_minute
        return self._sent_at_s[over] + LINE_WINDOW_S if over >= 0 else float("-inf")
