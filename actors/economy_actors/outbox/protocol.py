"""What one tells an outbox, and the port through which it sends.

To send something, tell it a `Pm` or a `Line`, or a `Bundle` of them. All other messages are facts
about the channel. Names may be in any casing.
"""

from dataclasses import dataclass
from typing import Protocol

from economy_actors.outbox.limits import Limits
from economy_actors.outbox.message import Line, Medium, Outgoing, Pm
from economy_actors.runtime import Reply
from kryten_economy.config import Pace

__all__ = (
    "Bundle",
    "Drain",
    "DrainOver",
    "Echoed",
    "GoOn",
    "Here",
    "Left",
    "OutboxMessage",
    "PmFailed",
    "Present",
    "RobotBack",
    "RobotGone",
    "SendFailed",
    "Sender",
    "SettingsChanged",
    "Throttled",
    "Wake",
)


class SendFailed(Exception):  # noqa: N818  # says what happened, as the faults of the runtime do
    """The text could not be handed to the bus. It is tried again later."""


class Sender(Protocol):
    """The way out. Both raise SendFailed, OSError or TimeoutError when the bus is in trouble."""

    async def pm(self, channel: str, to: str, text: str) -> None:
        """Send a private message."""

    async def chat(self, channel: str, text: str) -> None:
        """Send a public line."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """Messages handed over at once: whatever their number they take one place in the mailbox."""

    messages: tuple[Outgoing, ...]


@dataclass(frozen=True, slots=True)
class Echoed:
    """The bot's own text came back, in the form `typed_text` gives it.

    ``to`` is None for a public line, and for a PM whose recipient is not known.
    """

    medium: Medium
    to: str | None
    text: str


@dataclass(frozen=True, slots=True)
class RobotGone:
    """What is sent from now on reaches nobody: robot, bus or bus connection are away."""


@dataclass(frozen=True, slots=True)
class RobotBack:
    """What is sent from now on arrives again."""


@dataclass(frozen=True, slots=True)
class Here:
    """Exactly these users are present (a user list)."""

    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class Present:
    """A user has come."""

    name: str


@dataclass(frozen=True, slots=True)
class Left:
    """A user has left."""

    name: str


@dataclass(frozen=True, slots=True)
class PmFailed:
    """The server refused a PM since this user is not connected (an ``errorMsg`` event)."""

    name: str


@dataclass(frozen=True, slots=True)
class Throttled:
    """The server dropped messages of the bot (``cooldown`` events)."""

    count: int = 1


@dataclass(frozen=True, slots=True)
class SettingsChanged:
    """A reload: go on with these."""

    pace: Pace
    limits: Limits


@dataclass(frozen=True, slots=True)
class Drain:
    """Answer with the number of messages still waiting, once that is 0 or time is up."""

    reply: Reply[int]


@dataclass(frozen=True, slots=True)
class Wake:
    """From the outbox to itself: the time has come for which it waited."""


@dataclass(frozen=True, slots=True)
class GoOn:
    """From the outbox to itself: more could be sent at once."""


@dataclass(frozen=True, slots=True)
class DrainOver:
    """From the outbox to itself: the time for draining is up."""


OutboxMessage = (
    Pm
    | Line
    | Bundle
    | Echoed
    | RobotGone
    | RobotBack
    | Here
    | Present
    | Left
    | PmFailed
    | Throttled
    | SettingsChanged
    | Drain
    | Wake
    | GoOn
    | DrainOver
)
