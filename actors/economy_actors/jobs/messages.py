"""What a channel's occasions are told. Times are UTC epoch milliseconds."""

from dataclasses import dataclass
from fractions import Fraction

from economy_actors.runtime import Reply
from kryten_economy.features.events.operations import EventStarted

__all__ = ("LookAround", "OccasionMessage", "RainDue", "StartEvent", "StopEvent")


@dataclass(frozen=True, slots=True)
class LookAround:
    """A minute has passed: see what begins and what ends."""


@dataclass(frozen=True, slots=True)
class RainDue:
    """The clouds are full."""


@dataclass(frozen=True, slots=True)
class StartEvent:
    """An operator starts an event; its limits have been checked."""

    multiplier: Fraction
    minutes: int
    name: str
    by: str
    reply: Reply[EventStarted]


@dataclass(frozen=True, slots=True)
class StopEvent:
    """An operator ends the event; the answer is its name, None if there was none."""

    by: str
    reply: Reply[str | None]


OccasionMessage = LookAround | RainDue | StartEvent | StopEvent
