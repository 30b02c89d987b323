"""The rules of blackjack (`gambling.md` 9), and what it pays on average.

A hand is a deck and the moves that were made: everything else follows. The deck is what the fair
dice make of a fresh one, so nothing of it has to be kept, and nothing can be looked up before the
end but by who has the seed.
"""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any, Final, NamedTuple

from kryten_economy.config import Settings
from kryten_economy.dice import Chance
from kryten_economy.features.games.rules import (
    Edge,
    Game,
    Payout,
    Prospect,
    Stake,
    Terms,
    exact,
    game,
)

__all__ = (
    "BLACKJACK",
    "DECK",
    "MOVES",
    "Hand",
    "Total",
    "advice",
    "advised",
    "deck_of",
    "play",
    "prospect",
    "terms_of",
    "total",
)

MOVES: Final = ("hit", "stand", "double")
_RANKS = ("A", "2", "3", "4", "5", "6", "7", "8", "9", "10", "J", "Q", "K")
DECK: Final = tuple(f"{rank}{suit}" for suit in "♠♥♦♣" for rank in _RANKS)
_POINTS = {rank: min(place, 10) for place, rank in enumerate(_RANKS, 1)}

BEST: Final = 21
_DEALER_STANDS = 17


# Cards


class Total(NamedTuple):
    """What cards are worth; ``soft`` while an ace counts 11."""

    points: int
    soft: bool


def total(cards: Iterable[str]) -> Total:
    """The best the cards can count."""
    points = [_POINTS[card[:-1]] for card in cards]
    hard = sum(points)
    soft = 1 in points and hard + 10 <= BEST
    return Total(hard + 10 if soft else hard, soft)


def deck_of(dice: Chance) -> tuple[str, ...]:
    """A fresh deck as these dice shuffle it."""
    return tuple(dice.shuffled(DECK))


class Hand(NamedTuple):
    """Both sides as far as they were played; ``end`` is how it ended, "" while it goes on.

    While it goes on, nobody but the dealer knows more of theirs than the first card.
    """

    player: tuple[str, ...]
    dealer: tuple[str, ...]
    end: str
    doubled: bool = False

    @property
    def may_double(self) -> bool:
        """Only on the first two cards."""
        return not self.end and len(self.player) == 2


def play(deck: Sequence[str], moves: Sequence[str], *, hits_soft_17: bool) -> Hand:
    """Where the moves have led; the dealer looks for a natural before the player acts."""
    player, dealer, rest = [deck[0], deck[2]], [deck[1], deck[3]], iter(deck[4:])
    if natural := _naturals(player, dealer):
        return Hand(tuple(player), tuple(dealer), natural)
    over = False
    for move in moves:
        assert not over, moves
        if move != "stand":
            player.append(next(rest))
        over = move != "hit" or total(player).points >= BEST
    doubled = bool(moves) and moves[-1] == "double"
    if not over:
        return Hand(tuple(player), tuple(dealer), "")
    if total(player).points <= BEST:
        while _draws(total(dealer), hits_soft_17=hits_soft_17):
            dealer.append(next(rest))
    return Hand(tuple(player), tuple(dealer), _end(player, dealer), doubled)


def _naturals(player: Sequence[str], dealer: Sequence[str]) -> str:
    theirs, his = total(player).points == BEST, total(dealer).points == BEST
    if theirs and his:
        return "push"
    return "natural" if theirs else "dealer_natural" if his else ""


def _draws(dealer: Total, *, hits_soft_17: bool) -> bool:
    if dealer.points == _DEALER_STANDS:
        return dealer.soft and hits_soft_17
    return dealer.points < _DEALER_STANDS


def _end(player: Sequence[str], dealer: Sequence[str]) -> str:
    mine, his = total(player).points, total(dealer).points
    if mine > BEST:
        return "bust"
    if his > BEST:
        return "dealer_bust"
    return "push" if mine == his else "win" if mine > his else "lose"


# The game


def _draw(
    dice: Chance, terms: Mapping[str, Any], _stakes: Sequence[Stake] = (), said: str = ""
) -> Mapping[str, Any]:
    """The outcome of the moves ``said``, which stand in it for whoever works it out again."""
    hand = play(deck_of(dice), said.split(), hits_soft_17=terms["hits_soft_17"])
    return {
        "said": said,
        "player": list(hand.player),
        "dealer": list(hand.dealer),
        "end": hand.end,
        "doubled": hand.doubled,
    }


def _pay(
    terms: Mapping[str, Any], outcome: Mapping[str, Any], stakes: Sequence[Stake]
) -> Sequence[Payout]:
    end, ratio = outcome["end"], terms["natural"]
    worth = prospect(ratio, hits_soft_17=terms["hits_soft_17"])
    return [
        Payout(_payout_z(end, each.stake_z, Fraction(ratio)), worth, end == "natural")
        for each in stakes
    ]


def _payout_z(end: str, stake_z: int, ratio: Fraction) -> int:
    match end:
        case "natural":
            return stake_z + int(stake_z * ratio)
        case "win" | "dealer_bust":
            return 2 * stake_z
        case "push":
            return stake_z
        case _:
            return 0


def _edges(settings: Settings) -> tuple[Edge, ...]:
    terms = settings.gambling.blackjack
    worth = prospect(str(terms.blackjack_payout), hits_soft_17=terms.dealer_hits_soft_17)
    return (Edge("basic strategy", worth.mean, _ERROR),)


BLACKJACK = game(
    Game(
        "blackjack",
        "Blackjack",
        "blackjacks",
        lambda settings: settings.gambling.blackjack.enabled,
        _edges,
        _draw,
        _pay,
        bound=lambda terms: (terms["player"],),
    )
)


def terms_of(settings: Settings) -> Terms:
    """What a stake has to keep to."""
    gambling = settings.gambling
    return Terms(
        BLACKJACK.name,
        gambling.blackjack.min_wager,
        gambling.blackjack.max_wager,
        gambling.min_account_age_minutes * 60_000,
        gambling.blackjack.cooldown_seconds * 1000,
        gambling.blackjack.daily_limit,
        gambling.limits.daily_stakes,
        gambling.limits.daily_losses,
    )


# Basic strategy, and what it brings


def advice(player: Sequence[str], shown: str, *, hits_soft_17: bool) -> str:
    """What basic strategy does with these cards against the dealer's first one."""
    up = _POINTS[shown[:-1]]
    return advised(total(player), up, first_two=len(player) == 2, hits_soft_17=hits_soft_17)


def advised(held: Total, up: int, *, first_two: bool, hits_soft_17: bool) -> str:
    """The same by what the cards are worth; an ace of the dealer is 1."""
    if first_two and up in _DOUBLES.get(held, ()):
        return "double"
    if held.soft:
        stands = 19 if up in {9, 10} or (up == 1 and hits_soft_17) else 18
    else:
        stands = 17 if up in {1, 7, 8, 9, 10} else 12 if up in {4, 5, 6} else 13
    return "stand" if held.points >= stands else "hit"


_DOUBLES: Final[Mapping[tuple[int, bool], Sequence[int]]] = {
    (8, False): (5, 6),
    (9, False): (2, 3, 4, 5, 6),
    (10, False): (2, 3, 4, 5, 6, 7, 8, 9),
    (11, False): (1, 2, 3, 4, 5, 6, 7, 8, 9, 10),
    (13, True): (4, 5, 6),
    (14, True): (4, 5, 6),
    (15, True): (4, 5, 6),
    (16, True): (4, 5, 6),
    (17, True): (2, 3, 4, 5, 6),
    (18, True): (3, 4, 5, 6),
    (19, True): (6,),
}
"""On which first two cards basic strategy doubles, by the points of the dealer's first one."""

_NATURAL = 0.046492443131
_ENDS: Final[Mapping[bool, Mapping[tuple[int, int], float]]] = {
    True: {
        (1, 0): 0.441580729599,
        (1, 1): 0.075505750019,
        (1, 2): 0.328354465991,
        (2, 0): 0.040841865793,
        (2, 2): 0.007446737352,
        (2, 4): 0.059778008115,
    },
    False: {
        (1, 0): 0.440436840449,
        (1, 1): 0.076039488272,
        (1, 2): 0.328964616888,
        (2, 0): 0.040815739345,
        (2, 2): 0.007444862984,
        (2, 4): 0.059806008931,
    },
}
"""How likely basic strategy ends a hand with so many stakes in it and so many paid, by whether
the dealer hits a soft 17; and with a natural that pays, which the dealer can't change.

From all decks there are, card by card; a test does it again.
"""

_ERROR = Fraction(1, 10**9)


@lru_cache(maxsize=64)
def prospect(natural: str, *, hits_soft_17: bool) -> Prospect:
    """What a coin brings back under basic strategy where a natural pays ``natural`` to one.

    A doubled stake counts twice, as it does in the books. The variance is what remains around
    the mean per coin, so that hands of one and of two stakes add up.
    """
    ways = [(1, 1 + Fraction(natural), exact(_NATURAL))]
    ways += [(coins, Fraction(paid), exact(p)) for (coins, paid), p in _ENDS[hits_soft_17].items()]
    staked = sum((p * coins for coins, _, p in ways), Fraction())
    mean = sum((p * paid for _, paid, p in ways), Fraction()) / staked
    off = sum((p * (paid - mean * coins) ** 2 for coins, paid, p in ways), Fraction())
    return Prospect(mean, off / sum((p * coins * coins for coins, _, p in ways), Fraction()))
