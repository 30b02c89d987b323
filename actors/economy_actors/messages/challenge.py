"""What the table of a challenge is told."""

from dataclasses import dataclass

from economy_actors.messages.tables import PlayerGone

__all__ = ("ChallengeMessage", "ChallengeOverdue")


@dataclass(frozen=True, slots=True)
class ChallengeOverdue:
    """The time in which it could be accepted is over."""


ChallengeMessage = ChallengeOverdue | PlayerGone
