"""What the events of a channel, its prices and the workers of the API are told.

Times are UTC epoch milliseconds.
"""

from dataclasses import dataclass, field

from kryten_economy.features.events.adhoc import RunningEvent
from kryten_economy.features.panic import Halt

__all__ = (
    "AdHocBegun",
    "AdHocEnded",
    "ApiRequest",
    "EventsDue",
    "EventsMessage",
    "HaltsKnown",
    "PanicDue",
    "PanicMessage",
    "PricesDue",
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
class PricesDue:
    """Prices are to follow the coins that are in circulation now."""


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


@dataclass(frozen=True, slots=True)
class PanicDue:
    """See whether something that was stopped is to go on."""


@dataclass(frozen=True, slots=True)
class HaltsKnown:
    """What is stopped in a channel from now on, as the books know already."""

    channel: str
    halts: tuple[Halt, ...]


PanicMessage = PanicDue | HaltsKnown

EventsMessage = EventsDue | RainDue | AdHocBegun | AdHocEnded
