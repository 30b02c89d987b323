"""The numbers the outbox works by; the defaults are those of architecture.md 7."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Self

from economy_actors.outbox.message import Line, Outgoing, Priority
from kryten_economy.config import Settings

__all__ = ("Limits",)

_LIFETIMES_S = MappingProxyType(
    {Priority.PUBLIC: 120.0, Priority.BULK: 300.0, Priority.DIGEST: 900.0}
)
_OUTAGE_LIFETIMES_S = MappingProxyType({Priority.REPLY: 300.0, Priority.RESULT: 600.0})


@dataclass(frozen=True, slots=True)
class Limits:
    """Lengths in UTF-16 units, times in seconds.

    ``lifetimes_s`` holds for messages without an expiry of their own; a priority that is not in
    it waits as long as it takes. ``outage_lifetimes_s`` holds for those only while nothing can be
    sent: an answer nobody remembers asking for helps nobody. Paid and ordered lines never expire.
    """

    max_units: int = 240
    """``messages.max_length``."""
    lines_per_minute: int = 10
    """``announcements.max_per_minute``."""
    dedup_window_s: float = 30.0
    """``announcements.dedup_window_seconds``."""
    closed_gates: frozenset[str] = frozenset()
    """The kinds that are switched off (`announcements.md` 2, column Gate)."""
    waiting_max: int = 500
    protected_max: int = 2000
    """Where even replies are refused: the world is broken and memory is not endless."""
    echo_timeout_s: float = 10.0
    return_grace_s: float = 3.0
    """Events of an outage come up to some seconds late (`wire.md` 6), echoes among them."""
    throttle_pause_s: float = 2.0
    """CyTube's burst refills after so much silence (`wire.md` 4)."""
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
        if _kept(message):
            return float("inf")
        if message.expires_at_s is not None:
            return message.expires_at_s
        return offered_at_s + self.lifetimes_s.get(message.priority, float("inf"))

    def outage_expires_at_s(self, message: Outgoing, offered_at_s: float) -> float:
        """The same, for a message that finds the robot away."""
        if _kept(message):
            return float("inf")
        return offered_at_s + self.outage_lifetimes_s.get(message.priority, float("inf"))


def _kept(message: Outgoing) -> bool:
    return isinstance(message, Line) and message.kind.kept
