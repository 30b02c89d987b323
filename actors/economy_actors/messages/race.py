"""What the table of a race is told."""

from dataclasses import dataclass

from economy_actors.messages.llm import Text
from economy_actors.messages.tables import PlayerGone
from kryten_economy.features.games.race.texts import Bet

__all__ = ("BetMade", "BettingEnds", "RaceEnds", "RaceMessage", "RaceOpens", "ResultDue", "Written")


@dataclass(frozen=True, slots=True)
class RaceOpens:
    """The race is open: tell the channel."""


@dataclass(frozen=True, slots=True)
class BetMade:
    """Somebody's bet is in the books; ``aloud``: it was made in the channel."""

    bet: Bet
    aloud: bool


@dataclass(frozen=True, slots=True)
class Written:
    """What a text model has come up with for this race."""

    text: Text


@dataclass(frozen=True, slots=True)
class BettingEnds:
    """The time for bets before the race is over."""


@dataclass(frozen=True, slots=True)
class RaceEnds:
    """The winner has come to the finish."""


@dataclass(frozen=True, slots=True)
class ResultDue:
    """Everybody is paid, and the picture has come to its end: tell who has won."""


RaceMessage = RaceOpens | BetMade | PlayerGone | Written | BettingEnds | RaceEnds | ResultDue
