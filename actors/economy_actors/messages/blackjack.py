"""What the table of a hand of blackjack is told."""

from dataclasses import dataclass

from economy_actors.messages.tables import PlayerGone

__all__ = ("BlackjackMessage", "HandMoved", "IdleLong", "IdleTooLong")


@dataclass(frozen=True, slots=True)
class HandMoved:
    """The player has made their move number ``moves``."""

    moves: int


@dataclass(frozen=True, slots=True)
class IdleLong:
    """It is time to remind them, if they have not moved since."""

    moves: int


@dataclass(frozen=True, slots=True)
class IdleTooLong:
    """It is time to stand for them, if they have not moved since."""

    moves: int


BlackjackMessage = HandMoved | IdleLong | IdleTooLong | PlayerGone
