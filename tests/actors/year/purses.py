"""What four people have, what was counted of each day, and what things cost them.

Nothing of the service is imported here: days are those of the standard library, prices, ranks and
counters are written down a second time, as the rules say them.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

__all__ = (
    "COOLING",
    "DONE",
    "HAD",
    "HOUR_MS",
    "LIMIT",
    "MINUTE_MS",
    "NOT_NOW",
    "SHORT",
    "SOLD_OUT",
    "TOO_MANY",
    "Purses",
)

DONE = "done"
SHORT = "insufficient_balance"
LIMIT = "daily_limit_reached"
COOLING = "cooldown_active"
HAD = "limit_reached"
SOLD_OUT = "sold_out"
NOT_NOW = "rejected"
TOO_MANY = "too many open"
MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS


class Purses:
    """Balances, counters, ranks and prices.

    ``escrow`` is all that is set out or set aside.
    """

    def __init__(self, terms: Mapping[str, Any]) -> None:
        self._zone = ZoneInfo(terms["timezone"])
        self._ranks = terms["ranks"]
        self._float = self._anchor = 1
        self.escrow = 0
        self.balance: Counter[str] = Counter()
        self.lifetime_earned: Counter[str] = Counter()
        self.lifetime_spent: Counter[str] = Counter()
        self.z_spent: Counter[tuple[str, str]] = Counter()

    def day(self, at_ms: int) -> str:
        """The date on the wall of the channel."""
        return datetime.fromtimestamp(at_ms // 1000, self._zone).date().isoformat()

    @property
    def circulating(self) -> int:
        """All that people have, whether at hand or set aside."""
        return sum(self.balance.values()) + self.escrow

    def follow(self, anchor: int | None) -> None:
        """The service has started: prices follow what circulates at that moment, or nothing.

        They are never below a quarter nor above eight times what is listed.
        """
        if anchor is None:
            self._float = self._anchor = 1
        else:
            self._float, self._anchor = 4 * self.circulating, 4 * anchor
            self._float = min(max(self._float, anchor), 32 * anchor)

    def given(self, user: str, amount: int) -> None:
        """An operator gives money, which counts as earned."""
        self.balance[user] += amount
        self.lifetime_earned[user] += amount

    # Ranks and prices

    def rank(self, user: str) -> int:
        """The highest tier that was reached with what was earned; exactly is enough."""
        earned = self.lifetime_earned[user]
        reached = [each for each in self._ranks["tiers"] if each["min_lifetime_earned"] <= earned]
        return len(reached) - 1

    def is_at_least(self, user: str, rank_name: str) -> bool:
        """Whether the user has that rank or a higher one."""
        names = [each["name"] for each in self._ranks["tiers"]]
        return self.rank(user) >= names.index(rank_name)

    def has_perk(self, user: str, perk: str) -> bool:
        """Perks stay with whoever rises further."""
        tiers = self._ranks["tiers"][: self.rank(user) + 1]
        return any(perk in each.get("perks", ()) for each in tiers)

    def price(self, base: int, user: str) -> int:
        """Base times float by anchor to the nearest Z, a half to the even one; less the discount.

        What remains is rounded down, and nothing is free.
        """
        whole, rest = divmod(base * self._float, self._anchor)
        up = rest * 2 > self._anchor or (rest * 2 == self._anchor and whole % 2 == 1)
        inflated = max(1, whole + up)
        discount = Fraction(str(self._ranks["spend_discount_per_rank"])) * self.rank(user)
        return max(1, int(inflated * max(Fraction(0), 1 - discount)))

    # Paying

    def bought(self, user: str, cost: int, day: str) -> str:
        """For money that one has."""
        if self.balance[user] < cost:
            return SHORT
        self.spend(user, cost, day)
        return DONE

    def spend(self, user: str, amount: int, day: str) -> None:
        """It is gone, and counted on that day; a negative amount undoes so much of it."""
        self.balance[user] -= amount
        self.lifetime_spent[user] += amount
        self.z_spent[user, day] += amount

    def set_aside(self, user: str, cost: int, day: str) -> str:
        """Paid for what has still to happen."""
        if self.bought(user, cost, day) == SHORT:
            return SHORT
        self.escrow += cost
        return DONE

    def came_back(self, user: str, cost: int, day: str) -> int:
        """It did not happen: all is undone, on the day on which it was paid."""
        self.escrow -= cost
        self.spend(user, -cost, day)
        return cost
