"""What the events of a channel, its prices and the workers of the API are told.

Times are UTC epoch milliseconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from economy_actors.runtime import Reply
from kryten_economy.features.events.adhoc import RunningEvent
from kryten_economy.features.panic import Halt

__all__ = (
    "AdHocBegun",
    "AdHocEnded",
    "ApiRequest",
    "EventsDue",
    "EventsMessage",
    "HaltsKnown",
    "Inside",
    "PanicDue",
    "PanicMessage",
    "PricesDue",
    "RainDue",
)


@dataclass(frozen=True, slots=True)
class Inside:
    """A request from inside this process, of a caller who has proved who they are.

    ``fixed`` stands in the request whatever its body says, ``by`` is who asks, "" for whoever the
    body names; ``subject`` is whom a token was given to. ``ids`` goes before the caller's own
    ids, so that nobody meets those of another. ``reply`` gets the envelope. ``of_channel`` is the
    only channel that the caller belongs to, "" for who is trusted with all of them.
    """

    origin: Literal["key", "api"]
    fixed: Mapping[str, object]
    by: str
    subject: str
    ids: str
    reply: Reply[dict[str, object]]
    of_channel: str = ""


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """The raw body of a request on ``kryten.economy.command`` and where its answer goes.

    ``reply_to`` is "" when the caller left no address. What comes from ``inside`` is answered
    there.
    """

    body: bytes = field(repr=False)
    reply_to: str
    inside: Inside | None = None


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
