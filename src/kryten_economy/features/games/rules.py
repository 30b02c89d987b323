"""What all games share: their names, what they pay on average, and what a stake has to keep to.

Pure. A game is registered where it is written, with `game`; lists of games, odds, statistics,
help and the check of an outcome find it there.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

from kryten_economy.config import Settings
from kryten_economy.dice import Chance

__all__ = (
    "GAMES",
    "Edge",
    "Game",
    "Prospect",
    "Terms",
    "exact",
    "game",
    "prospect_of",
    "trigger_of",
    "warnings",
)


class Prospect(NamedTuple):
    """What one coin staked brings back: on average, and how far that spreads (variance)."""

    mean: Fraction
    variance: Fraction


def prospect_of(chances: Sequence[tuple[Fraction, Fraction]]) -> Prospect:
    """Of factors and their probabilities; what is missing to 1 brings nothing."""
    mean = sum((factor * chance for factor, chance in chances), Fraction())
    square = sum((factor * factor * chance for factor, chance in chances), Fraction())
    return Prospect(mean, square - mean * mean)


class Edge(NamedTuple):
    """The return to the player of one way to play; ``error`` is that of a simulated one."""

    label: str
    expected: Fraction
    error: Fraction = Fraction()


class Terms(NamedTuple):
    """What a stake has to keep to, from the settings in force (`gambling.md` 1, G1).

    Limits of 0 are none; ``stakes_z`` and ``losses_z`` are the channel's limits of a day for
    all games of one player.
    """

    game: str
    lowest_z: int
    highest_z: int
    min_age_ms: int = 0
    cooldown_ms: int = 0
    daily_rounds: int = 0
    stakes_z: int = 0
    losses_z: int = 0


@dataclass(frozen=True, slots=True)
class Game:
    """One game: ``name`` is the end of its trigger id, ``counted`` what its rounds are called.

    ``again`` works an outcome out anew from the dice and the stored terms; None for a game whose
    outcome is no matter of chance.
    """

    name: str
    title: str
    counted: str
    enabled: Callable[[Settings], bool]
    edges: Callable[[Settings], tuple[Edge, ...]]
    again: Callable[[Chance, Mapping[str, Any]], Mapping[str, Any]] | None = None


GAMES: dict[str, Game] = {}


def game(each: Game) -> Game:
    """Register a game; its name must be free."""
    assert each.name not in GAMES, each.name
    GAMES[each.name] = each
    return each


def trigger_of(name: str) -> str:
    """The trigger id of a game's movements."""
    return f"gambling.{name}"


def exact(number: float) -> Fraction:
    """A number of the configuration as it is written there."""
    return Fraction(str(number))


def warnings(settings: Settings) -> list[str]:
    """The ways to play that pay more than they take on average, in words."""
    return [
        f"{each.title}, {edge.label}: pays {float(edge.expected):.2%} of what is staked"
        for each in GAMES.values()
        if settings.gambling.enabled and each.enabled(settings)
        for edge in each.edges(settings)
        if edge.expected - edge.error > 1
    ]
