"""Whether the fair dice favour any number, order or choice, however few there are."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping
from itertools import pairwise, permutations
from typing import TypeVar

import pytest

from kryten_economy.dice import Chance
from kryten_economy.features.games.blackjack.rules import DECK, deck_of
from kryten_economy.features.games.fairness import FairDice, public_id

SEED = "a5" * 32
RANGES = (2, 3, 5, 6, 7, 10, 13, 24, 52, 100)
_NUMBERS = 1 << 52
_DEVIATIONS = 3.2905

K = TypeVar("K", bound=Hashable)


def thrown(label: str, throws: int, what: Callable[[Chance], K]) -> Counter[K]:
    """What came of so many rounds."""
    rounds = (FairDice(SEED, public_id(label, number)) for number in range(throws))
    return Counter(what(dice) for dice in rounds)


def chi_square_is_usual(found: Counter[K], parts: Mapping[K, float]) -> bool:
    """Whether chance explains the counts: within 99.9 %, by Wilson and Hilferty's approximation.

    Counts that fit too well are no chance either.
    """
    throws, whole = found.total(), sum(parts.values())
    assert set(found) <= set(parts), set(found) - set(parts)
    square = 0.0
    for each, part in parts.items():
        expected = throws * part / whole
        square += (found[each] - expected) ** 2 / expected
    free = len(parts) - 1
    cube, spread = (square / free) ** (1 / 3), (2 / (9 * free)) ** 0.5
    off = abs(float(cube) - (1 - spread**2))
    return bool(off <= _DEVIATIONS * spread)


def evenly(choices: Iterable[K]) -> dict[K, float]:
    return dict.fromkeys(choices, 1.0)


@pytest.mark.parametrize("sides", RANGES)
def test_no_side_is_favoured(sides: int) -> None:
    """Chi-square of first throws, also where the sides are no power of two."""
    found = thrown(f"sides-{sides}", 20_000, lambda dice: dice.between(1, sides))
    assert chi_square_is_usual(found, evenly(range(1, sides + 1)))


@pytest.mark.parametrize("sides", RANGES)
def test_each_side_has_as_many_numbers_as_the_others(sides: int) -> None:
    """Of the 2^52 numbers a draw can be each side owns the same count, but for two at most."""

    def side(number: int) -> int:
        return _Fixed(number / _NUMBERS).between(0, sides - 1)

    firsts = [_first(lambda number, each=each: side(number) >= each) for each in range(sides)]  # type: ignore[misc]
    own = [after - first for first, after in zip(firsts, [*firsts[1:], _NUMBERS], strict=True)]
    assert max(own) - min(own) <= 2
    assert side(0) == 0
    assert side(_NUMBERS - 1) == sides - 1


class _Fixed(Chance):
    """Always the same number."""

    def __init__(self, number: float) -> None:
        self._number = number

    def roll(self) -> float:
        return self._number


def _first(holds: Callable[[int], bool]) -> int:
    """The lowest number from which on it holds."""
    low, high = 0, _NUMBERS
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low


def test_a_throw_says_nothing_of_the_next() -> None:
    """Chi-square of pairs: of neighbouring draws, and of the same draw in neighbouring rounds."""
    pairs = evenly([(one, other) for one in range(7) for other in range(7)])
    draws = thrown("pairs", 20_000, lambda dice: (dice.between(0, 6), dice.between(0, 6)))
    assert chi_square_is_usual(draws, pairs)
    firsts = [FairDice(SEED, public_id("next", number)).between(0, 6) for number in range(20_001)]
    rounds = Counter(pairwise(firsts))
    assert chi_square_is_usual(rounds, pairs)


def test_no_order_is_favoured() -> None:
    """Chi-square of all orders of four options."""
    found = thrown("orders", 20_000, lambda dice: "".join(dice.shuffled("ABCD")))
    assert chi_square_is_usual(found, evenly(["".join(each) for each in permutations("ABCD")]))


@pytest.mark.slow
def test_no_card_is_favoured_anywhere_in_the_deck() -> None:
    """Chi-square of which card lies where: the first four, and the last."""
    decks = [deck_of(FairDice(SEED, public_id("decks", number))) for number in range(5_000)]
    for place in (0, 1, 2, 3, len(DECK) - 1):
        found = Counter(deck[place] for deck in decks)
        assert chi_square_is_usual(found, evenly(list(DECK)))


def test_weights_decide_by_their_part() -> None:
    """Chi-square of choices that are not alike, whose weights add up to no round number."""
    weights = {"Blue": 0.31, "Red": 0.27, "Green": 0.2, "Gold": 0.11, "Grey": 0.07}
    found = thrown("weights", 20_000, lambda dice: dice.weighted(list(weights.items())))
    assert chi_square_is_usual(found, weights)


def test_the_test_notices_loaded_dice() -> None:
    """One side of six that comes up a twelfth more often is seen, and so are counts too even."""
    loaded = Counter({1: 3611, 2: 3278, 3: 3278, 4: 3278, 5: 3278, 6: 3277})
    assert not chi_square_is_usual(loaded, evenly(range(1, 7)))
    assert not chi_square_is_usual(Counter(dict.fromkeys(range(1, 53), 400)), evenly(range(1, 53)))
