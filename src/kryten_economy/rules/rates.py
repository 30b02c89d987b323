"""What amounts come to under the factors of one moment, each worked out once.

The exact arithmetic of `rules.multipliers` is slow, and in one minute the same few amounts are
asked for again and again.
"""

from kryten_economy.config import Settings
from kryten_economy.rules.minutes import rank_factor
from kryten_economy.rules.multipliers import Combined, exact, metadata

__all__ = ("Rates",)

_REMEMBERED_MAX = 1_000


class Rates:
    """Made for one settings object and the factors that are active in a channel."""

    __slots__ = ("_combined", "_settings", "_worth")

    def __init__(self, settings: Settings, combined: Combined) -> None:
        self._settings = settings
        self._combined = combined
        self._worth: dict[tuple[float, int], tuple[float, str | None]] = {}

    def of(self, amount: float, tier: int) -> tuple[float, str | None]:
        """``amount`` Z multiplied for a rank index, and the metadata that tells why (2.1)."""
        worth = self._worth.get((amount, tier))
        if worth is None:
            factors = self._combined.also(rank_factor(self._settings, tier))
            worth = float(exact(amount) * factors.product), metadata(amount, factors)
            if len(self._worth) < _REMEMBERED_MAX:
                self._worth[amount, tier] = worth
        return worth

    def in_force(self, at_ms: int) -> bool:
        """Whether none of the factors has ended; ends are UTC epoch milliseconds."""
        ends = (each.ends_at_ms for each in self._combined.factors)
        return all(end is None or at_ms < end for end in ends)
