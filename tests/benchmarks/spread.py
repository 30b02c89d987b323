"""Numbers of several rounds: least, median, greatest; and percentiles within a round."""

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

__all__ = ("Spread", "percentile", "spread")


@dataclass(frozen=True, slots=True)
class Spread:
    """What several rounds gave."""

    least: float
    median: float
    greatest: float
    rounds: int


def spread(values: Iterable[float]) -> Spread | None:
    """The spread of the values, None when there are none."""
    found = sorted(values)
    if not found:
        return None
    return Spread(found[0], statistics.median(found), found[-1], len(found))


def percentile(ordered: Sequence[float], share: float) -> float:
    """The value that ``share`` of the ordered values do not exceed; NaN without values."""
    if not ordered:
        return math.nan
    return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)]
