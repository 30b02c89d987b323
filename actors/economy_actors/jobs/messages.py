"""What a channel's occasions are told. Times are UTC epoch milliseconds."""

from dataclasses import dataclass

from kryten_economy.features.events.operations import RunningEvent

__all__ = ("AdHocBegun", "AdHocEnded", "LookAround", "OccasionMessage", "RainDue")


@dataclass(frozen=True, slots=True)
class LookAround:
    """A minute has passed: see what begins and what ends."""


@dataclass(frozen=True, slots=True)
class RainDue:
    """The clouds are full."""


@dataclass(frozen=True, slots=True)
class AdHocBegun:
    """An operator has started an event, as the books know already."""

    event: RunningEvent
    minutes: int
    by: str


@dataclass(frozen=True, slots=True)
class AdHocEnded:
    """An operator has ended their event, as the books know already."""

    name: str
    fired_at_ms: int
    by: str


OccasionMessage = LookAround | RainDue | AdHocBegun | AdHocEnded
