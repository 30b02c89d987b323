"""What the questions of trivia are asked for; there is always one."""

from dataclasses import dataclass

from economy_actors.runtime import Reply
from kryten_economy.features.games.questions import Question

__all__ = ("PickQuestion",)


@dataclass(frozen=True, slots=True)
class PickQuestion:
    """A question as the settings in force want it, that was not asked lately."""

    reply: Reply[Question]
