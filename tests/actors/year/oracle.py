"""What a year of spending comes to, worked out from the terms alone.

Nothing of the service is imported here: prices, limits and counters are written down a second
time, as the rules say them.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

from tests.actors.year.oracle_shop import ShopOracle, Shouts
from tests.actors.year.purses import (
    COOLING,
    DONE,
    HOUR_MS,
    LIMIT,
    MINUTE_MS,
    SHORT,
    TOO_MANY,
    Purses,
)

__all__ = ("Oracle",)


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
    ends_ms: int


class Reservation(NamedTuple):
    """Money that another service has set aside."""

    user: str
    service: str
    amount: int
    day: str
    ends_ms: int


class Oracle(Purses):
    """Four purses and what may be done with them; every act tells whether it is allowed."""

    def __init__(self, terms: Mapping[str, Any]) -> None:
        super().__init__(terms)
        self._terms = terms
        self._queued_at: dict[str, int] = {}
        self._fortunes: set[tuple[str, str]] = set()
        self._taken: Counter[tuple[str, str, str]] = Counter()
        self._bounties_made = 0
        self.queues: Counter[tuple[str, str]] = Counter()
        self.tips: Counter[tuple[str, str]] = Counter()
        self.queued: dict[str, Queued] = {}
        self.bounties: dict[int, Bounty] = {}
        self.reserved: dict[str, Reservation] = {}
        self.shop = ShopOracle(self, terms["shop"])
        self.shouts = Shouts(self, terms["vanity_shop"]["shoutout"])

    # What time does

    def started(self, anchor: int | None, at_ms: int) -> None:
        """The service has started: prices are made, then what ran out meanwhile is ended."""
        self.follow(anchor)
        self.shouts.restarted()
        self.minute_struck(at_ms)
        self.hour_struck(at_ms)

    def minute_struck(self, at_ms: int) -> int:
        """What was reserved or to be said, and settled by nobody, is over after its time.

        Answers how many reservations.
        """
        self.shouts.minute_struck(at_ms)
        over = [key for key, each in self.reserved.items() if each.ends_ms <= at_ms]
        for reservation_id in over:
            self.released(reservation_id)
        return len(over)

    def hour_struck(self, at_ms: int) -> int:
        """Bounties that nobody has won end with the hour, as if their creators had cancelled.

        Answers how many.
        """
        self.shop.hour_struck(at_ms)
        over = [key for key, each in self.bounties.items() if each.ends_ms <= at_ms]
        for number in over:
            self.cancelled(number, at_ms, by_admin=False)
        return len(over)

    # What is bought

    def queue_price(self, user: str, seconds: int) -> int:
        """By the first tier that is long enough."""
        tiers = self._terms["spending"]["queue_tiers"]
        base = next(t["cost"] for t in tiers if seconds <= t["max_minutes"] * 60)
        return self.price(base, user)

    def queue(self, user: str, seconds: int, request_id: str, at_ms: int) -> str:
        """So many a day, so long after the last one, and for money that one has."""
        spending, day = self._terms["spending"], self.day(at_ms)
        one_more = self.has_perk(user, "+1 queue/day")
        if self.queues[user, day] >= spending["max_queues_per_day"] + one_more:
            return LIMIT
        last_ms = self._queued_at.get(user)
        wait_ms = spending["queue_cooldown_minutes"] * MINUTE_MS
        if last_ms is not None and at_ms < last_ms + wait_ms:
            return COOLING
        cost = self.queue_price(user, seconds)
        if self.bought(user, cost, day) == SHORT:
            return SHORT
        self.queues[user, day] += 1
        self._queued_at[user] = at_ms
        self.queued[request_id] = Queued(user, cost, day, at_ms)
        return DONE

    def refund(self, request_id: str) -> int:
        """All is undone on the day of the spend, the wait too if no later one has begun it."""
        user, cost, day, at_ms = self.queued.pop(request_id)
        self.spend(user, -cost, day)
        self.queues[user, day] -= 1
        if self._queued_at.get(user) == at_ms:
            del self._queued_at[user]
        return cost

    def greeting_price(self, user: str) -> int:
        """What a greeting costs them."""
        return self.price(self._terms["vanity_shop"]["custom_greeting"]["cost"], user)

    def greeting(self, user: str, at_ms: int) -> str:
        """As often as one likes."""
        return self.bought(user, self.greeting_price(user), self.day(at_ms))

    def fortune(self, user: str, at_ms: int) -> str:
        """One a day, which a perk may pay."""
        day = self.day(at_ms)
        if (user, day) in self._fortunes:
            return LIMIT
        cost = self.price(self._terms["vanity_shop"]["daily_fortune"]["cost"], user)
        if self.has_perk(user, "1 free daily fortune"):
            cost = 0
        if self.bought(user, cost, day) == SHORT:
            return SHORT
        self._fortunes.add((user, day))
        return DONE

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

    def bounty(self, user: str, amount: int, at_ms: int) -> str:
        """Spent over a lifetime as soon as it is out, and on a day only what nobody gets."""
        terms, mine = self._terms["bounties"], Counter(b.user for b in self.bounties.values())
        if mine[user] >= terms["max_open_per_user"]:
            return TOO_MANY
        if self.balance[user] < amount:
            return SHORT
        self.balance[user] -= amount
        self.lifetime_spent[user] += amount
        self.escrow += amount
        self._bounties_made += 1
        ends_ms = at_ms + terms["default_expiry_hours"] * HOUR_MS
        self.bounties[self._bounties_made] = Bounty(user, amount, ends_ms)
        return DONE

    def claimed(self, number: int, winner: str) -> None:
        """All goes to the winner."""
        amount = self.bounties.pop(number).amount
        self.escrow -= amount
        self.balance[winner] += amount

    def cancelled(self, number: int, at_ms: int, *, by_admin: bool) -> None:
        """The creator gets a part back, whole Z rounded down; an admin gives all back."""
        user, amount, _ = self.bounties.pop(number)
        self.escrow -= amount
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
        self.set_aside(user, granted, day)
        return DONE, granted

    def granted(
        self, reservation_id: str, user: str, service: str, granted: int, at_ms: int
    ) -> None:
        """What was granted has got its id, and an hour."""
        day, ends_ms = self.day(at_ms), at_ms + HOUR_MS
        self.reserved[reservation_id] = Reservation(user, service, granted, day, ends_ms)

    def finalize(self, reservation_id: str, cost: int, at_ms: int) -> int:
        """Never more than is reserved or left of the day on which it is charged."""
        user, service, amount, reserved_on, _ = self.reserved.pop(reservation_id)
        day = self.day(at_ms)
        charged = min(cost, amount, self._left(user, service, day, besides_open=False))
        self.came_back(user, amount, reserved_on)
        self.spend(user, charged, day)
        self._taken[user, service, day] += charged
        return charged

    def released(self, reservation_id: str) -> int:
        """All is back."""
        user, _, amount, day, _ = self.reserved.pop(reservation_id)
        return self.came_back(user, amount, day)

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
