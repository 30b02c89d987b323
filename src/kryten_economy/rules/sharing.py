"""A sum for several users, to the coin (`spec/commands.md` 8, rain)."""

from fractions import Fraction

__all__ = ("percent_of", "rounded", "split_evenly")


def split_evenly(total_z: int, users: int) -> list[int] | None:
    """Parts that add up to ``total_z`` and differ by one at most, the larger ones first.

    None if there is nobody, or not one coin for each.
    """
    if not 0 < users <= total_z:
        return None
    each, rest = divmod(total_z, users)
    return [each + (place < rest) for place in range(users)]


def percent_of(amount_z: int, percent: float) -> int:
    """A part in percent, rounded down; exact for every percentage that can be written down."""
    return int(amount_z * Fraction(str(percent)) / 100)


def rounded(amount: Fraction) -> int:
    """The nearest whole coin, halves up."""
    return int(amount + Fraction(1, 2))
