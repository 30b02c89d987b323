"""The oracle's people: what each of them has, has done and is owed.

Part of the oracle: shares nothing with the service but the specification.
"""

from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

__all__ = ("UNIT", "OwnLedger", "Person")

UNIT = 10**9
"""Parts of a coin are counted in whole billionths, which every factor of the terms allows."""


@dataclass(slots=True)
class Person:
    """Somebody the channel has seen."""

    name: str
    known: bool = False
    """Whether there is an account."""
    balance: int = 0
    lifetime: int = 0
    messages: int = 0
    minutes: int = 0
    wallet_claimed: bool = False
    seen_ms: int | None = None
    """The last sign of life that is stored."""
    # The visit: here, departing since ``left_ms``, or neither.
    here: bool = False
    left_ms: int | None = None
    since_ms: int = 0
    active_ms: int = 0
    afk: bool = False
    held: int = 0
    held_active: int = 0
    # What lasts.
    parts: Counter[str] = field(default_factory=Counter)
    windows: dict[Hashable, tuple[int, int]] = field(default_factory=dict)
    days: dict[date, Counter[str]] = field(default_factory=dict)
    claims: set[tuple[date, int]] = field(default_factory=set)
    won: set[str] = field(default_factory=set)
    tier: int = 0
    """The rank at the last look."""
    likes: set[str] = field(default_factory=set)
    emotes: set[str] = field(default_factory=set)
    streak: int = 0
    longest: int = 0
    streak_day: date | None = None
    weekends: set[date] = field(default_factory=set)
    weekdays: set[date] = field(default_factory=set)
    bridges: set[date] = field(default_factory=set)
    """Weeks, by their Mondays: seen at the weekend, seen on a weekday, paid."""

    @property
    def in_room(self) -> bool:
        return self.here or self.left_ms is not None

    def today(self, day: date) -> Counter[str]:
        counters = self.days.get(day)
        if counters is None:
            counters = self.days[day] = Counter()
        return counters


class OwnLedger:
    """Pays people, and keeps what was paid by what, for the comparison at the end of each day."""

    def __init__(self, terms: dict[str, Any]) -> None:
        self._tiers = terms["ranks"]["tiers"]
        self._thresholds = [tier["min_lifetime_earned"] for tier in self._tiers]
        self._achievements = terms["achievements"]
        self._step = Fraction(str(terms["ranks"]["earn_multiplier_per_rank"]))
        self.paid: Counter[tuple[str, str]] = Counter()
        self.minted = 0
        self.sunk = 0

    def rank(self, person: Person) -> int:
        """Lifetime never falls and nobody sets ranks, so the computed tier is the one in force."""
        return sum(1 for threshold in self._thresholds if threshold <= person.lifetime) - 1

    def rank_factor(self, rank: int) -> Fraction:
        return 1 + self._step * rank

    def rain_percent(self, rank: int) -> int:
        """The terms hold one kind of rain perk only (progression.md 1.1)."""
        perks = [perk for tier in self._tiers[: rank + 1] for perk in tier.get("perks", ())]
        return 20 if "rain drops +20%" in perks else 0

    def credit(self, person: Person, day: date, amount: int, trigger: str) -> None:
        """Money from the mint; all of it counts as earned (storage.md 2.1)."""
        if amount:
            person.balance += amount
            person.lifetime += amount
            person.today(day)["z_earned"] += amount
            self.paid[person.name, trigger] += amount
            self.minted += amount

    def earn(self, person: Person, day: date, units: int, trigger: str) -> None:
        """Parts of a coin wait until they make a whole one (earning.md 2.2)."""
        whole, person.parts[trigger] = divmod(person.parts[trigger] + units, UNIT)
        self.credit(person, day, whole, trigger)

    def fee(self, person: Person, day: date, amount: int) -> None:
        """Money for the sink."""
        if amount:
            person.balance -= amount
            person.today(day)["z_spent"] += amount
            self.paid[person.name, "maintenance.decay"] -= amount
            self.sunk += amount

    def look(self, person: Person, day: date) -> None:
        """Award what has been reached (progression.md 2)."""
        fresh = True
        while fresh:
            fresh = False
            for each in self._achievements:
                if each["id"] not in person.won and self._is_met(each, person, day):
                    fresh = True
                    person.won.add(each["id"])
                    percent = each.get("reward_percent_of_earnings", 0)
                    amount = max(1, person.lifetime * percent // 100) if percent else each["reward"]
                    self.credit(person, day, amount, f"achievement.{each['id']}")
        person.tier = self.rank(person)

    def _is_met(self, each: dict[str, Any], person: Person, day: date) -> bool:
        threshold: int = each["condition"]["threshold"]
        match each["condition"]["type"]:
            case "lifetime_messages":
                return person.messages >= threshold
            case "lifetime_presence_hours":
                return person.minutes >= 60 * threshold
            case "daily_streak":
                is_current = person.streak_day in {day, day - timedelta(days=1)}
                return is_current and person.streak >= threshold
            case "lifetime_earned":
                return person.lifetime >= threshold
            case "unique_emotes_used_lifetime":
                return len(person.emotes) >= threshold
            case "rank_reached":
                return self.rank(person) >= threshold
            case other:
                raise AssertionError(other)
