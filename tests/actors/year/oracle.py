"""What a year of spending comes to, worked out from the terms alone.

Nothing of the service is imported here: days are those of the standard library, prices, limits
and counters are written down a second time, as the rules say them.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

__all__ = ("DONE", "Oracle")

DONE = "done"
SHORT = "insufficient_balance"
LIMIT = "daily_limit_reached"
COOLING = "cooldown_active"
TOO_MANY = "too many open"
MINUTE_MS = 60_000


class Queued(NamedTuple):
    """A queue spend that can still be refunded."""

    user: str
    cost: int
    day: str
    at_ms: int


class Bounty(NamedTuple):
    """Money that is set out for a deed."""

    user: str
    amount: int


class Reservation(NamedTuple):
    """Money that another service has set aside."""

    user: str
    service: str
    amount: int
    day: str


class Oracle:
    """Four purses and what was counted of each day; every act tells whether it is allowed."""

    def __init__(self, terms: Mapping[str, Any]) -> None:
        self._terms = terms
        self._zone = ZoneInfo(terms["timezone"])
        self._float = self._anchor = 1
        self._queued_at: dict[str, int] = {}
        self._fortunes: set[tuple[str, str]] = set()
        self._taken: Counter[tuple[str, str, str]] = Counter()
        self._bounties_made = 0
        self.balance: Counter[str] = Counter()
        self.lifetime_spent: Counter[str] = Counter()
        self.z_spent: Counter[tuple[str, str]] = Counter()
        self.queues: Counter[tuple[str, str]] = Counter()
        self.tips: Counter[tuple[str, str]] = Counter()
        self.queued: dict[str, Queued] = {}
        self.bounties: dict[int, Bounty] = {}
        self.reserved: dict[str, Reservation] = {}

    def day(self, at_ms: int) -> str:
        """The date on the wall of the channel."""
        return datetime.fromtimestamp(at_ms // 1000, self._zone).date().isoformat()

    @property
    def escrow(self) -> int:
        """All that is set out or set aside."""
        out = sum(each.amount for each in self.bounties.values())
        return out + sum(each.amount for each in self.reserved.values())

    @property
    def circulating(self) -> int:
        """All that people have, whether at hand or set aside."""
        return sum(self.balance.values()) + self.escrow

    def started(self, anchor: int | None) -> None:
        """The service has started: prices follow what circulates at that moment, or nothing.

        They are never below a quarter nor above eight times what is listed.
        """
        if anchor is None:
            self._float = self._anchor = 1
        else:
            self._float, self._anchor = 4 * self.circulating, 4 * anchor
            self._float = min(max(self._float, anchor), 32 * anchor)

    def given(self, user: str, amount: int) -> None:
        """An operator gives money, which is no spending."""
        self.balance[user] += amount

    # What is bought

    def price(self, base: int) -> int:
        """Base times float by anchor, to the nearest Z; a half goes to the even one."""
        whole, rest = divmod(base * self._float, self._anchor)
        up = rest * 2 > self._anchor or (rest * 2 == self._anchor and whole % 2 == 1)
        return max(1, whole + up)

    def queue_price(self, seconds: int) -> int:
        """By the first tier that is long enough."""
        tiers = self._terms["spending"]["queue_tiers"]
        return self.price(next(t["cost"] for t in tiers if seconds <= t["max_minutes"] * 60))

    def queue(self, user: str, seconds: int, request_id: str, at_ms: int) -> str:
        """So many a day, so long after the last one, and for money that one has."""
        spending, day = self._terms["spending"], self.day(at_ms)
        if self.queues[user, day] >= spending["max_queues_per_day"]:
            return LIMIT
        last_ms = self._queued_at.get(user)
        wait_ms = spending["queue_cooldown_minutes"] * MINUTE_MS
        if last_ms is not None and at_ms < last_ms + wait_ms:
            return COOLING
        cost = self.queue_price(seconds)
        if self._bought(user, cost, day) == SHORT:
            return SHORT
        self.queues[user, day] += 1
        self._queued_at[user] = at_ms
        self.queued[request_id] = Queued(user, cost, day, at_ms)
        return DONE

    def refund(self, request_id: str) -> int:
        """All is undone on the day of the spend, the wait too if no later one has begun it."""
        user, cost, day, at_ms = self.queued.pop(request_id)
        self._spend(user, -cost, day)
        self.queues[user, day] -= 1
        if self._queued_at.get(user) == at_ms:
            del self._queued_at[user]
        return cost

    def greeting(self, user: str, at_ms: int) -> str:
        """As often as one likes."""
        shop = self._terms["vanity_shop"]
        return self._bought(user, self.price(shop["custom_greeting"]["cost"]), self.day(at_ms))

    def fortune(self, user: str, at_ms: int) -> str:
        """One a day."""
        day = self.day(at_ms)
        if (user, day) in self._fortunes:
            return LIMIT
        cost = self.price(self._terms["vanity_shop"]["daily_fortune"]["cost"])
        if self._bought(user, cost, day) == SHORT:
            return SHORT
        self._fortunes.add((user, day))
        return DONE

    def _bought(self, user: str, cost: int, day: str) -> str:
        if self.balance[user] < cost:
            return SHORT
        self._spend(user, cost, day)
        return DONE

    def _spend(self, user: str, amount: int, day: str) -> None:
        self.balance[user] -= amount
        self.lifetime_spent[user] += amount
        self.z_spent[user, day] += amount

    # What goes to others

    def tip(self, giver: str, taker: str, amount: int, at_ms: int) -> str:
        """So much a day; spent over a lifetime, yet not on the day, for nothing was bought."""
        day = self.day(at_ms)
        if self.tips[giver, day] + amount > self._terms["tipping"]["max_per_day"]:
            return LIMIT
        if self.balance[giver] < amount:
            return SHORT
        self.balance[giver] -= amount
        self.balance[taker] += amount
        self.lifetime_spent[giver] += amount
        self.tips[giver, day] += amount
        return DONE

    def bounty(self, user: str, amount: int) -> str:
        """Spent over a lifetime as soon as it is out, and on a day only what nobody gets."""
        mine = [each for each in self.bounties.values() if each.user == user]
        if len(mine) >= self._terms["bounties"]["max_open_per_user"]:
            return TOO_MANY
        if self.balance[user] < amount:
            return SHORT
        self.balance[user] -= amount
        self.lifetime_spent[user] += amount
        self._bounties_made += 1
        self.bounties[self._bounties_made] = Bounty(user, amount)
        return DONE

    def claimed(self, number: int, winner: str) -> None:
        """All goes to the winner."""
        self.balance[winner] += self.bounties.pop(number).amount

    def cancelled(self, number: int, at_ms: int, *, by_admin: bool) -> None:
        """The creator gets a part back, whole Z rounded down; an admin gives all back."""
        user, amount = self.bounties.pop(number)
        percent = 100 if by_admin else self._terms["bounties"]["expiry_refund_percent"]
        back = amount * percent // 100
        self.balance[user] += back
        self.lifetime_spent[user] -= back
        self.z_spent[user, self.day(at_ms)] += amount - back

    # What other services take

    def reserve(
        self, user: str, service: str, budget: int, at_ms: int, *, partial: bool
    ) -> tuple[str, int]:
        """Within caps and balance, all of it or with ``partial`` what there is."""
        day = self.day(at_ms)
        left = self._left(user, service, day, besides_open=True)
        granted = min(budget, left, self.balance[user])
        if granted <= 0 or (granted < budget and not partial):
            # Whichever leaves less is told.
            return (LIMIT if left < min(budget, self.balance[user] + 1) else SHORT), 0
        self._spend(user, granted, day)
        return DONE, granted

    def set_aside(
        self, reservation_id: str, user: str, service: str, granted: int, at_ms: int
    ) -> None:
        """What was granted has got its id."""
        self.reserved[reservation_id] = Reservation(user, service, granted, self.day(at_ms))

    def finalize(self, reservation_id: str, cost: int, at_ms: int) -> int:
        """Never more than is reserved or left of the day on which it is charged."""
        user, service, amount, reserved_on = self.reserved.pop(reservation_id)
        day = self.day(at_ms)
        charged = min(cost, amount, self._left(user, service, day, besides_open=False))
        self._spend(user, -amount, reserved_on)
        self._spend(user, charged, day)
        self._taken[user, service, day] += charged
        return charged

    def released(self, reservation_id: str) -> int:
        """All is back."""
        user, _, amount, day = self.reserved.pop(reservation_id)
        self._spend(user, -amount, day)
        return amount

    def _left(self, user: str, service: str, day: str, *, besides_open: bool) -> int:
        wallets = self._terms["wallets"]
        mine = next(each for each in wallets["services"] if each["name"] == service)
        taken = [
            (who, what, amount) for (who, what, on), amount in self._taken.items() if on == day
        ]
        if besides_open:
            taken += [(each.user, each.service, each.amount) for each in self.reserved.values()]
        by_all = sum(z for _, what, z in taken if what == service)
        by_user = sum(z for who, _, z in taken if who == user)
        by_both = sum(z for who, what, z in taken if (who, what) == (user, service))
        left: list[int] = [
            wallets["user_daily_cap"] - by_user,
            mine.get("daily_cap", wallets["service_daily_cap"]) - by_both,
        ]
        if "total_daily_cap" in mine:
            left.append(mine["total_daily_cap"] - by_all)
        return max(0, min(left))
