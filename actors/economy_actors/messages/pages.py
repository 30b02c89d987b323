"""What the sign-in of the pages is asked; every answer is a value."""

from dataclasses import dataclass, field

from economy_actors.runtime import Reply

__all__ = (
    "AskCode",
    "CodeAnswer",
    "CodeSent",
    "NotSent",
    "RedeemCode",
    "Redeemed",
    "SignInMessage",
    "TryAnswer",
    "TryFailed",
)


@dataclass(frozen=True, slots=True)
class CodeSent:
    """A code is on its way by PM; only who has the ``ticket`` can redeem it."""

    ticket: str = field(repr=False)
    display_name: str


@dataclass(frozen=True, slots=True)
class NotSent:
    """No code was sent; ``text`` says why. ``wait_s``: too many were asked for."""

    text: str
    wait_s: float | None = None


CodeAnswer = CodeSent | NotSent


@dataclass(frozen=True, slots=True)
class AskCode:
    """Send a code to somebody of a channel; ``address`` is where the wish comes from."""

    channel: str
    name: str
    address: str
    reply: Reply[CodeAnswer]


@dataclass(frozen=True, slots=True)
class Redeemed:
    """The code was right: this is who has read it."""

    channel: str
    display_name: str


@dataclass(frozen=True, slots=True)
class TryFailed:
    """The code was wrong; ``tries_left`` 0: a new one is needed."""

    text: str
    tries_left: int = 0
    wait_s: float | None = None


TryAnswer = Redeemed | TryFailed


@dataclass(frozen=True, slots=True)
class RedeemCode:
    """Somebody types the code of a ticket in a channel."""

    channel: str
    ticket: str = field(repr=False)
    code: str = field(repr=False)
    address: str
    reply: Reply[TryAnswer]


SignInMessage = AskCode | RedeemCode
