"""What all games share: their names, what they pay on average, and what a stake has to keep to.

Pure. A game is registered where it is written, with `game`; lists of games, odds, statistics,
help and the check of an outcome find it there.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

from kryten_economy.config import Settings, return_to_player
from kryten_economy.dice import Chance

__all__ = (
    "GAMES",
    "STAKE",
    "Draw",
    "Edge",
    "Game",
    "Pay",
    "Payout",
    "Prospect",
    "Stake",
    "Terms",
    "exact",
    "game",
    "in_words",
    "percent",
    "prospect_of",
    "returns_in_words",
    "terms_for",
    "trigger_of",
    "warnings",
)


STAKE = "gamble_stake"
"""The transaction type of what is staked."""


class Prospect(NamedTuple):
    """What one coin staked brings back: on average, and how far that spreads (variance)."""

    mean: Fraction
    variance: Fraction


def prospect_of(
    chances: Sequence[tuple[Fraction, Fraction]], stake_z: int | None = None
) -> Prospect:
    """Of factors and their probabilities; what is missing to 1 brings nothing.

    Of a stake whole coins are paid, which makes its prospect a little worse than the table's.
    """
    if stake_z:
        chances = [(Fraction(int(stake_z * factor), stake_z), p) for factor, p in chances]
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


class Stake(NamedTuple):
    """What somebody has put into a round; ``data`` is what the game keeps with it (a colour)."""

    name: str
    display_name: str
    stake_z: int
    data: Mapping[str, Any]


class Payout(NamedTuple):
    """What a round brings a player, the stake included.

    ``prospect`` is what the stake was worth on average; None for what is not the house's game.
    ``is_natural`` counts a natural of blackjack. ``among_players``: the others have paid for it,
    so it is no earning, though another round of this game may be the house's. ``is_won`` says
    whether the round counts as won or lost where not the money says so.
    """

    payout_z: int
    prospect: Prospect | None = None
    is_natural: bool = False
    among_players: bool = False
    is_won: bool | None = None


def terms_for(
    settings: Settings,
    game: str,
    lowest_z: int,
    highest_z: int,
    *,
    cooldown_s: int = 0,
    daily_rounds: int = 0,
) -> Terms:
    """What a stake in a game has to keep to: its own bounds, and those that hold in all games."""
    games = settings.gambling
    return Terms(
        game,
        lowest_z,
        highest_z,
        games.min_account_age_minutes * 60_000,
        cooldown_s * 1000,
        daily_rounds,
        games.limits.daily_stakes,
        games.limits.daily_losses,
    )


Draw = Callable[[Chance, Mapping[str, Any], Sequence[Stake], str], Mapping[str, Any]]
"""From dice, terms, stakes and what was decided by people: the outcome, as it is stored."""

Pay = Callable[[Mapping[str, Any], Mapping[str, Any], Sequence[Stake]], Sequence[Payout]]
"""From terms, outcome and stakes: what each of them brings, in their order."""


@dataclass(frozen=True, slots=True)
class Game:
    """One game: ``name`` is the end of its trigger id, ``counted`` what its rounds are called.

    ``draw`` is all there is of chance in it, so an outcome can be worked out again. Games that
    wait on people have ``pay`` too. ``among_players``: winnings come from other players and are
    no earnings. ``spectacle``: one at a time in a channel. ``resumes``: a round goes on after a
    restart; others that were not drawn are called off. ``held_as`` is how what is put in is booked
    while it waits; what is no stake counts toward no limit of play.
    ``counted_once``: a round is one of what is counted, not one for each of its players.
    ``bound`` names those without whom a round can't go on, by its terms: if one of them may play
    no longer, it is called off for all. ``least`` is how many stakes it takes to draw a round.
    """

    name: str
    title: str
    counted: str
    enabled: Callable[[Settings], bool]
    edges: Callable[[Settings], tuple[Edge, ...]]
    draw: Draw
    pay: Pay | None = None
    among_players: bool = False
    spectacle: bool = False
    resumes: bool = False
    held_as: str = STAKE
    counted_once: bool = False
    bound: Callable[[Mapping[str, Any]], Collection[str]] = lambda _terms: ()
    least: Callable[[Mapping[str, Any]], int] = lambda _terms: 0


GAMES: dict[str, Game] = {}


def title_of(name: str) -> str:
    """What a game is called, also one that is not played any more."""
    return GAMES[name].title if name in GAMES else name


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
    """The ways to play that pay more than they take on average, in loud words.

    Of games whose return is plain from the configuration it has warned itself (`config.notices`).
    """
    if not settings.gambling.enabled:
        return []
    plain = {each.game for each in return_to_player(settings) if each.rtp is not None}
    return [
        f"THE PLAYERS WIN AGAINST THE HOUSE: {each.name} ({edge.label}) returns"
        f" {percent(edge.expected)} of every stake"
        for each in GAMES.values()
        if each.name not in plain and not each.among_players and each.enabled(settings)
        for edge in each.edges(settings)
        if edge.expected - edge.error > 1
    ]


def returns_in_words(settings: Settings) -> list[str]:
    """What every game pays of a stake on average, exactly where it can be said exactly."""
    return [
        f"{each.name} ({edge.label}): returns {in_words(edge)}"
        f"{'' if settings.gambling.enabled and each.enabled(settings) else ', switched off'}"
        for each in GAMES.values()
        for edge in each.edges(settings)
    ]


_ERROR_SHOWN = 5e-7
"""Half of the last digit that `percent` shows."""


def in_words(edge: Edge) -> str:
    """``92.5 %``, with its error where it was found out by trying and can be seen."""
    shown, error = percent(edge.expected), percent(edge.error)
    return f"{shown} ± {error}" if edge.error >= _ERROR_SHOWN else shown


def percent(part: float | Fraction) -> str:
    """``92.5 %``."""
    return f"{float(part * 100):.6g} %"
