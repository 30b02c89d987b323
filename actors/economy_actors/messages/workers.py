"""What the events of a channel are told. Times are UTC epoch milliseconds.

What the API takes: requests as they came from the bus.
"""

from dataclasses import dataclass, field

from kryten_economy.features.events.operations import RunningEvent

__all__ = (
    "AdHocBegun",
    "AdHocEnded",
    "ApiRequest",
    "EventsDue",
    "EventsMessage",
    "RainDue",
)


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """The raw body of a request on ``kryten.economy.command`` and where its answer goes.

    ``reply_to`` is "" when the caller left no address.
    """

    body: bytes = field(repr=False)
    reply_to: str


@dataclass(frozen=True, slots=True)
class EventsDue:
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


EventsMessage = EventsDue | RainDue | AdHocBegun | AdHocEnded
