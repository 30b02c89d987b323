"""What every game pays in the long run, against the edge that was computed before anybody played.

`just million` plays a million rounds of each way to play and prints what came of them
(``ECONOMY_ROUNDS``); by default it is less. Each way has rounds of its own, so that no two of them
share a draw.
"""

import os
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

import pytest

from kryten_economy.config import Settings
from kryten_economy.dice import Chance
from kryten_economy.features.games.auction import AUCTION
from kryten_economy.features.games.blackjack.rules import BLACKJACK, advice, deck_of, play
from kryten_economy.features.games.challenge.operations import CHALLENGE
from kryten_economy.features.games.fairness import FairDice, public_id
from kryten_economy.features.games.flip import FLIP
from kryten_economy.features.games.heist import HEIST
from kryten_economy.features.games.heist import round_terms as heist_terms
from kryten_economy.features.games.prediction import PREDICTION
from kryten_economy.features.games.questions import LETTERS, Question
from kryten_economy.features.games.race.rules import FIXED, POOL, RACE, lineup
from kryten_economy.features.games.raffle import RAFFLE
from kryten_economy.features.games.returns import DEVIATIONS
from kryten_economy.features.games.rules import GAMES, Game, Stake
from kryten_economy.features.games.slots import SPIN, table_of
from kryten_economy.features.games.trivia import ANSWER, TRIVIA
from kryten_economy.features.games.trivia import round_terms as trivia_terms

ROUNDS = int(os.environ.get("ECONOMY_ROUNDS", "20000"))
SEED = "fedcba9876543210" * 4


def configured(**gambling: Any) -> Settings:
    """Games that ship, with a rake where players play for each other's money."""
    rakes = {"prediction": {"rake_percent": 5}, "raffle": {"rake_percent": 10}}
    return Settings.model_validate(
        {
            "nats": {"servers": ["nats://127.0.0.1:4222"]},
            "channels": [{"domain": "cytube.test", "channel": "Lounge"}],
            "gambling": rakes | gambling,
        }
    )


SETTINGS = configured()
FIXED_ODDS = configured(race={"odds_mode": FIXED})
STANDS = configured(blackjack={"dealer_hits_soft_17": False})

Brought = tuple[int, int]
"""What one round has taken and paid."""

Playing = Callable[[int, Callable[[], Chance]], Brought]
"""A round by its number; whoever calls the second has its dice, from the first draw on."""


@dataclass(frozen=True)
class Way:
    """A way to play a game, the label of its edge, and how a round of it is played."""

    game: Game
    label: str
    playing: Playing
    settings: Settings = SETTINGS
    note: str = ""

    @property
    def name(self) -> str:
        return f"{self.game.name}, {self.label}{self.note}"

    @property
    def expected(self) -> Fraction:
        edges = {each.label: each for each in self.game.edges(self.settings)}
        return edges[self.label].expected


class Settled:
    """What a round pays its players, worked out once for each way it can end."""

    def __init__(
        self,
        game: Game,
        terms: Mapping[str, Any],
        stakes: Sequence[Stake],
        end_of: Callable[[Mapping[str, Any]], Hashable],
    ) -> None:
        self._game, self._terms, self._stakes, self._end_of = game, terms, stakes, end_of
        self._known: dict[Hashable, list[int]] = {}

    def played(self, number: int, dice: Chance, said: str = "", who: int | None = None) -> Brought:
        """Draw, and look at one of the players: each in turn, if nobody is named."""
        outcome = self._game.draw(dice, self._terms, self._stakes, said)
        end = self._end_of(outcome)
        if end not in self._known:
            assert self._game.pay is not None
            paid = self._game.pay(self._terms, outcome, self._stakes)
            self._known[end] = [each.payout_z for each in paid]
        place = number % len(self._stakes) if who is None else who
        return self._stakes[place].stake_z, self._known[end][place]


def staked(*amounts_z: int, **data: Sequence[Any]) -> list[Stake]:
    """One player for each amount; what is kept with their stakes by its name."""
    return [
        Stake(f"p{place}", f"P{place}", amount_z, {name: data[name][place] for name in data})
        for place, amount_z in enumerate(amounts_z)
    ]


# The ways to play. Stakes are such that no payout has to be rounded.


def of_one_move(game: Game, terms: Mapping[str, Any], stake_z: int) -> Playing:
    return lambda _number, dice: (stake_z, game.draw(dice(), terms, (), "")["payout_z"])


def slots() -> Iterator[Way]:
    """Bought spins, and free ones, which pay as if so much were staked."""
    gambling = SETTINGS.gambling
    for note, z in (("", 100), (", free", gambling.daily_free_spin.equivalent_wager)):
        terms = {"table": table_of(gambling.spin.payouts), "worth_z": z}
        yield Way(SPIN, "any stake", of_one_move(SPIN, terms, z), note=note)


def coins() -> Iterator[Way]:
    terms = {"chance": str(SETTINGS.gambling.flip.win_chance), "stake_z": 10}
    yield Way(FLIP, "any stake", of_one_move(FLIP, terms, 10))


def duels() -> Iterator[Way]:
    rake = str(SETTINGS.gambling.challenge.rake_percent)
    terms = {"challenger": "p0", "target": "p1", "stake_z": 1000, "rake": rake}
    duel = Settled(CHALLENGE, terms, staked(1000, 1000), lambda outcome: outcome["winner"])
    yield Way(CHALLENGE, "either player", lambda number, dice: duel.played(number, dice()))


def heists() -> Iterator[Way]:
    """Crews of each size that is told."""
    for edge in HEIST.edges(SETTINGS):
        crew = int(edge.label.rpartition(" ")[2])
        terms = heist_terms(SETTINGS.gambling.heist, 10_000, "P0")
        heist = Settled(HEIST, terms, staked(*[10_000] * crew), lambda outcome: outcome["result"])
        yield Way(HEIST, edge.label, _each_in_turn(heist))


def races() -> Iterator[Way]:
    """At fixed odds a bet on any colour; in the pool, where all bet as the chances are."""
    for place, profile in enumerate(SETTINGS.gambling.race.odds_profiles, 1):
        for mode, settings in ((FIXED, FIXED_ODDS), (POOL, SETTINGS)):
            race = settings.gambling.race.model_copy(update={"odds_profiles": (profile,)})
            course = lineup(race, FairDice(SEED, "lineup"))
            colors = [each.color for each in course.runners]
            bets_z = [
                1_000_000 if mode == FIXED else int(1_000_000 * Fraction(each.chance))
                for each in course.runners
            ]
            stakes = staked(*bets_z, color=colors)
            terms = course._replace(live=False).as_terms()
            run = Settled(RACE, terms, stakes, lambda outcome: outcome["winner"])
            label = f"fixed, profile {place}" if mode == FIXED else "pool"
            note = "" if mode == FIXED else f", profile {place}"
            yield Way(RACE, label, _each_in_turn(run), settings, note)


def _each_in_turn(played: Settled) -> Playing:
    return lambda number, dice: played.played(number, dice())


def quizzes() -> Iterator[Way]:
    """Each letter is guessed in turn."""
    for edge in TRIVIA.edges(SETTINGS):
        difficulty = edge.label.partition(" ")[0].replace("unrated", "")
        question = Question("Any", difficulty, "What?", "this", ("that", "those", "these"))
        terms = trivia_terms(SETTINGS.gambling.trivia, question, "P0")
        stakes = staked(*[100] * len(LETTERS), **{ANSWER: LETTERS})
        quiz = Settled(TRIVIA, terms, stakes, lambda outcome: outcome["right"])
        yield Way(TRIVIA, edge.label, _each_in_turn(quiz))


def cards() -> Iterator[Way]:
    """Basic strategy, by both rules of the dealer."""
    for settings, note in ((SETTINGS, ", dealer hits soft 17"), (STANDS, ", stands")):
        yield Way(BLACKJACK, "basic strategy", _hands(settings), settings, note)


def _hands(settings: Settings) -> Playing:
    blackjack = settings.gambling.blackjack
    hits = blackjack.dealer_hits_soft_17
    terms = {"player": "p0", "natural": str(blackjack.blackjack_payout), "hits_soft_17": hits}
    once, doubled = (
        Settled(BLACKJACK, terms, staked(stake_z), lambda outcome: outcome["end"])
        for stake_z in (100, 200)
    )

    def hand(number: int, dice: Callable[[], Chance]) -> Brought:
        deck, moves = deck_of(dice()), list[str]()
        while not (seen := play(deck, moves, hits_soft_17=hits)).end:
            moves.append(advice(seen.player, seen.dealer[0], hits_soft_17=hits))
        table = doubled if seen.doubled else once
        return table.played(number, dice(), " ".join(moves))

    return hand


def predictions() -> Iterator[Way]:
    """All bet the same, and any of the outcomes comes true."""
    terms = {"outcomes": ["yes", "no", "snow"], "rake": "5"}
    stakes = staked(1000, 1000, 1000, outcome=range(3))
    asked = Settled(PREDICTION, terms, stakes, lambda outcome: outcome["won"])

    def settled(number: int, dice: Callable[[], Chance]) -> Brought:
        return asked.played(number, dice(), str(dice().between(0, 2)))

    yield Way(PREDICTION, "the pool, after the rake", settled)


def raffles() -> Iterator[Way]:
    """Few tickets or many: each is worth the same."""
    terms = {"rake": "10", "prize_z": 0}
    stakes = staked(100, 700, 1200, tickets=(1, 7, 12))
    draw = Settled(RAFFLE, terms, stakes, lambda outcome: outcome["winner"])
    yield Way(RAFFLE, "a ticket, after the rake", _each_in_turn(draw))


BUILDERS = (slots, coins, duels, heists, races, quizzes, cards, predictions, raffles)
WAYS = [each for build in BUILDERS for each in build()]


class Found(NamedTuple):
    """What came of many rounds; ``off_z`` is how far from expected, ``spread_z`` one deviation."""

    rounds: int
    staked_z: int
    paid_z: int
    off_z: float
    spread_z: float

    @property
    def is_outside(self) -> bool:
        return abs(self.off_z) > DEVIATIONS * self.spread_z

    def in_words(self, name: str, expected: Fraction) -> str:
        observed, margin = self.paid_z / self.staked_z, DEVIATIONS * self.spread_z / self.staked_z
        return (
            f"{name}: {self.rounds:,} rounds returned {observed:.4%},"
            f" expected {float(expected):.4%} ± {margin:.4%}"
        )


def played(way: Way, expected: Fraction, rounds: int = ROUNDS) -> Found:
    """Play, and compare with what was expected.

    The spread is that of the rounds themselves, so the interval owes nothing to what is tested.
    """
    mean, staked_z, paid_z, off_z, square = float(expected), 0, 0, 0.0, 0.0
    for number in range(1, rounds + 1):
        name = public_id(way.name, number)
        taken_z, back_z = way.playing(number, lambda name=name: FairDice(SEED, name))  # type: ignore[misc]
        staked_z += taken_z
        paid_z += back_z
        residue = back_z - mean * taken_z
        off_z += residue
        square += residue * residue
    return Found(rounds, staked_z, paid_z, off_z, square**0.5)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_rounds_return_the_computed_edge(way: Way) -> None:
    """Of every game, every way it is said to pay; within 99.9 % of what chance allows."""
    found = played(way, way.expected)
    print(found.in_words(way.name, way.expected))
    assert not found.is_outside, found.in_words(way.name, way.expected)


def test_every_edge_is_played() -> None:
    """A game that gets an edge, or another way to play, is missing here until it is played."""
    told = {
        (game.name, edge.label)
        for game in GAMES.values()
        for settings in (SETTINGS, FIXED_ODDS)
        for edge in game.edges(settings)
    }
    assert {(way.game.name, way.label) for way in WAYS} == told
    assert not AUCTION.edges(SETTINGS)
    assert set(GAMES) - {name for name, _ in told} == {AUCTION.name}


@pytest.mark.parametrize("off", [Fraction(95, 100), Fraction(105, 100)])
def test_an_edge_that_is_a_little_wrong_is_noticed(off: Fraction) -> None:
    """Twenty thousand flips tell 90 % from what is a twentieth more or less of it."""
    [flips] = coins()
    assert played(flips, flips.expected * off, 20_000).is_outside
