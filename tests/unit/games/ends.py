"""All decks of blackjack, card by card: how often basic strategy ends which way.

Written apart from the rules of the game, in points instead of cards, so that each checks the other.
"""

from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple, TypeAlias

from kryten_economy.features.games.blackjack.rules import Total, advised

__all__ = ("ends_of_basic_strategy",)

End: TypeAlias = tuple[int, int, bool]
"""Stakes in the hand, stakes paid (0 for a natural, which pays what it pays), natural."""

Counts: TypeAlias = tuple[int, ...]
"""How many cards are left of each value, aces first."""

FULL: Counts = (4,) * 9 + (16,)


class Side(NamedTuple):
    """The cards of one side: their sum with aces as 1, whether there is one, how many."""

    hard: int
    ace: bool
    cards: int

    def with_card(self, place: int) -> "Side":
        return Side(self.hard + place + 1, self.ace or place == 0, self.cards + 1)

    @property
    def total(self) -> Total:
        soft = self.ace and self.hard <= 11
        return Total(self.hard + 10 if soft else self.hard, soft)


NONE = Side(0, False, 0)


def drawn(counts: Counts) -> Iterator[tuple[int, Counts, float]]:
    """Every card that may come next, what is left then, and its probability."""
    left = sum(counts)
    for place, count in enumerate(counts):
        if count:
            then = (*counts[:place], count - 1, *counts[place + 1 :])
            yield place, then, count / left


def deals() -> Iterator[tuple[Side, Side, int, Counts, float]]:
    """The first four cards, the player's two in one order only, which counts twice.

    Where the dealer can't have a natural, the second card of theirs may be drawn when it is needed.
    """
    for first, one, w1 in drawn(FULL):
        for second, two, w2 in drawn(one):
            if second < first:
                continue
            player = NONE.with_card(first).with_card(second)
            for up, three, w3 in drawn(two):
                house, weight = NONE.with_card(up), w1 * w2 * w3 * (1 if first == second else 2)
                if up not in {0, 9}:
                    yield player, house, up + 1, three, weight
                    continue
                for hole, four, w4 in drawn(three):
                    yield player, house.with_card(hole), up + 1, four, weight * w4


def ends_of_basic_strategy(*, hits_soft_17: bool) -> dict[End, float]:
    """The probability of each end."""
    found: defaultdict[End, float] = defaultdict(float)

    @cache
    def dealer(counts: Counts, hard: int, ace: bool) -> tuple[float, ...]:
        """The chances of 17, 18, 19, 20, 21 and a bust; most of the time is spent here."""
        soft = ace and hard <= 11
        points = hard + 10 if soft else hard
        if points > 17 or (points == 17 and not (soft and hits_soft_17)):
            return tuple(float(each == min(points, 22)) for each in range(17, 23))
        ends, left = [0.0] * 6, sum(counts)
        for place, count in enumerate(counts):
            if count:
                then = (*counts[:place], count - 1, *counts[place + 1 :])
                for end, more in enumerate(dealer(then, hard + place + 1, ace or not place)):
                    ends[end] += more * count / left
        return tuple(ends)

    def stand(counts: Counts, points: int, house: Side, coins: int, weight: float) -> None:
        if points > 21:
            found[coins, 0, False] += weight
            return
        for his, chance in enumerate(dealer(counts, house.hard, house.ace), 17):
            won = his > 21 or points > his
            paid = 2 * coins if won else coins if points == his else 0
            if chance:
                found[coins, paid, False] += weight * chance

    def play(counts: Counts, side: Side, up: int, house: Side, weight: float) -> None:
        points = side.total.points
        move = advised(side.total, up, first_two=side.cards == 2, hits_soft_17=hits_soft_17)
        if points >= 21 or move == "stand":
            stand(counts, points, house, 1, weight)
            return
        for place, then, chance in drawn(counts):
            if move == "hit":
                play(then, side.with_card(place), up, house, weight * chance)
            else:
                stand(then, side.with_card(place).total.points, house, 2, weight * chance)

    for player, house, up, counts, weight in deals():
        mine, his = player.total.points == 21, house.total.points == 21
        if his:
            found[1, int(mine), False] += weight
        elif mine:
            found[1, 0, True] += weight
        else:
            play(counts, player, up, house, weight)
    return dict(found)
