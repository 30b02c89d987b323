"""The only source of chance: reproducible from a seed that is kept with the round.

Everything is derived from `random.Random.random`, whose sequence for a seed is the same
on every Python version, so that an outcome can be derived again later. A dice has one
user at a time; give each round a dice of its own with `Dice.derive`.
"""

import hashlib
import random
import secrets
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TypeVar

__all__ = ("Chance", "Dice")

T = TypeVar("T")

_SEED_BITS = 63  # fits a signed 64-bit column


class Chance(ABC):
    """A sequence of numbers in [0, 1), and everything that is decided by one."""

    __slots__ = ()

    @abstractmethod
    def roll(self) -> float:
        """A number in [0, 1)."""

    def chance(self, probability: float) -> bool:
        """True with ``probability``; always at 1, never at 0."""
        return self.roll() < probability

    def between(self, low: int, high: int) -> int:
        """A whole number from ``low`` to ``high``, both included."""
        assert low <= high, (low, high)
        return low + int(self.roll() * (high - low + 1))

    def pick(self, choices: Sequence[T]) -> T:
        """One of ``choices``, each as likely as the others; there must be one."""
        assert choices
        return choices[int(self.roll() * len(choices))]

    def weighted(self, choices: Sequence[tuple[T, float]]) -> T:
        """One of the choices, each as likely as its weight among all weights."""
        total = sum(weight for _, weight in choices)
        assert total > 0, choices
        mark = self.roll() * total
        last: T | None = None
        for choice, weight in choices:
            if weight <= 0:
                continue
            last = choice
            mark -= weight
            if mark < 0:
                return choice
        # Rounding may leave a crumb behind the last weight; it belongs to that choice.
        assert last is not None
        return last

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """The items in a random order; the given sequence stays as it is."""
        deck = list(items)
        for place in range(len(deck) - 1, 0, -1):
            other = self.between(0, place)
            deck[place], deck[other] = deck[other], deck[place]
        return deck

    def jitter(self, base: float, share: float) -> float:
        """``base`` more or less by up to ``share`` of it: 45 and 0.3 give 31.5 to 58.5."""
        return base * (1 + share * (2 * self.roll() - 1))


class Dice(Chance):
    """A sequence of chances; equal seeds give equal sequences. Seeds are 0 to 2**63 - 1."""

    __slots__ = ("_random", "seed")

    def __init__(self, seed: int) -> None:
        assert 0 <= seed < 1 << _SEED_BITS, seed
        self.seed = seed
        self._random = random.Random(seed)

    @classmethod
    def from_system(cls) -> "Dice":
        """A dice with a seed nobody can guess."""
        return cls(secrets.randbits(_SEED_BITS))

    def derive(self, label: str) -> "Dice":
        """An independent dice for ``label``; the same seed and label give the same one.

        It depends on the seed alone, not on what was rolled before.
        """
        digest = hashlib.sha256(f"{self.seed}:{label}".encode()).digest()
        return Dice(int.from_bytes(digest[:8], "big") >> 64 - _SEED_BITS)

    def next_seed(self) -> int:
        """A seed for a round of its own, taken from this sequence."""
        return int(self.roll() * (1 << 31)) << 32 | int(self.roll() * (1 << 32))

    def roll(self) -> float:
        """A number in [0, 1)."""
        return self._random.random()
