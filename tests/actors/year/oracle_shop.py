"""What the channel's own shop and the shoutouts come to, worked out from the terms alone."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

from tests.actors.year.purses import (
    COOLING,
    DONE,
    HAD,
    HOUR_MS,
    LIMIT,
    MINUTE_MS,
    NOT_NOW,
    SHORT,
    SOLD_OUT,
    Purses,
)

__all__ = ("WEEK_MS", "ShopOracle", "Shouts")


WEEK_MS = 7 * 24 * 3_600_000


class Purchase(NamedTuple):
    """Who has bought what; ``delivery`` says of which stock."""

    user: str
    item: str
    cost: int
    day: str
    at_ms: int
    delivery: int


class ShopOracle:
    """Items of the channel's own, and who has had how many of them.

    ``waiting`` are those that an operator has to fulfil, by the number of the request.
    """

    def __init__(self, purses: Purses, shop: Mapping[str, Any]) -> None:
        self._purses = purses
        self._items = {each["id"]: each for each in shop["items"]}
        self._left: dict[str, int | None] = {
            name: each.get("stock") for name, each in self._items.items()
        }
        self._deliveries: Counter[str] = Counter()
        self._titles: dict[str, str] = {}
        self._kept: list[Purchase] = []
        self.waiting: dict[int, Purchase] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """All there is."""
        return tuple(self._items)

    def price(self, name: str, user: str) -> int:
        """The same price rule as for everything."""
        return self._purses.price(self._items[name]["price"], user)

    def left(self, name: str) -> int | None:
        """How many there are; None is always one more."""
        return self._left[name]

    def restocked(self, name: str, left: int) -> None:
        """An operator says how many there are: it is counted from there."""
        self._left[name] = left
        self._deliveries[name] += 1

    def buy(self, user: str, name: str, at_ms: int) -> str:
        """For who has the rank, while there are some, as often as each may, for money one has."""
        item, day = self._items[name], self._purses.day(at_ms)
        refused = self._refused(user, name, at_ms)
        if refused is not None:
            return refused
        cost, waits = self.price(name, user), item["effect"] == "approval"
        pay = self._purses.set_aside if waits else self._purses.bought
        if pay(user, cost, day) == SHORT:
            return SHORT
        left = self._left[name]
        if left is not None:
            self._left[name] = left - 1
        self._kept.append(Purchase(user, name, cost, day, at_ms, self._deliveries[name]))
        if item["effect"] == "title":
            self._titles[user] = item["text"]
        return DONE

    def _refused(self, user: str, name: str, at_ms: int) -> str | None:
        item, day = self._items[name], self._purses.day(at_ms)
        had = [each for each in self._kept if (each.user, each.item) == (user, name)]
        a_day = item.get("per_user_period") == "day"
        counted = sum(each.day == day or not a_day for each in had)
        wait_ms = item.get("cooldown_minutes", 0) * MINUTE_MS
        if "min_rank" in item and not self._purses.is_at_least(user, item["min_rank"]):
            return NOT_NOW
        if self._left[name] == 0:
            return SOLD_OUT
        if "per_user" in item and counted >= item["per_user"]:
            return LIMIT if a_day else HAD
        if had and at_ms < had[-1].at_ms + wait_ms:
            return COOLING
        if item["effect"] == "title" and self._titles.get(user) == item["text"]:
            return NOT_NOW
        return None

    def is_request(self, name: str) -> bool:
        """Whether an operator has to fulfil it."""
        return bool(self._items[name]["effect"] == "approval")

    def asked(self, approval_id: int) -> None:
        """What was bought last waits under that number."""
        assert approval_id not in self.waiting, approval_id
        self.waiting[approval_id] = self._kept[-1]

    def decided(self, approval_id: int, *, approved: bool) -> int:
        """A rejection gives back money, limit and wait, and the piece to the stock it is of."""
        purchase = self.waiting.pop(approval_id)
        if approved:
            self._purses.escrow -= purchase.cost
            return 0
        self._kept.remove(purchase)
        left = self._left[purchase.item]
        if left is not None and purchase.delivery == self._deliveries[purchase.item]:
            self._left[purchase.item] = left + 1
        return self._purses.came_back(purchase.user, purchase.cost, purchase.day)

    def hour_struck(self, at_ms: int) -> int:
        """What no operator has decided on for a week is rejected; answers how many."""
        over = [key for key, each in self.waiting.items() if each.at_ms + WEEK_MS <= at_ms]
        for approval_id in over:
            self.decided(approval_id, approved=False)
        return len(over)


class Shout(NamedTuple):
    """A line that is paid for and not yet heard."""

    cost: int
    day: str
    at_ms: int


class Shouts:
    """One at a time; heard, it is paid and starts the wait, else it never was."""

    def __init__(self, purses: Purses, terms: Mapping[str, Any]) -> None:
        self._purses = purses
        self._terms = terms
        self._last_ms: dict[str, int] = {}
        self.out: dict[str, Shout] = {}

    def price(self, user: str) -> int:
        """The same price rule as for everything."""
        return self._purses.price(self._terms["cost"], user)

    def shout(self, user: str, at_ms: int) -> str:
        """So long after the last one, for money that one has."""
        wait_ms, last_ms = self._terms["cooldown_minutes"] * MINUTE_MS, self._last_ms.get(user)
        if user in self.out or (last_ms is not None and at_ms < last_ms + wait_ms):
            return COOLING
        cost, day = self.price(user), self._purses.day(at_ms)
        if self._purses.set_aside(user, cost, day) == SHORT:
            return SHORT
        self.out[user] = Shout(cost, day, at_ms)
        return DONE

    def heard(self, user: str) -> None:
        """The echo has come."""
        shout = self.out.pop(user)
        self._purses.escrow -= shout.cost
        self._last_ms[user] = shout.at_ms

    def unheard(self, user: str) -> None:
        """The line could not be said."""
        shout = self.out.pop(user)
        self._purses.came_back(user, shout.cost, shout.day)

    def minute_struck(self, at_ms: int) -> None:
        """Whoever was told nothing for an hour gets the money back."""
        for user, shout in list(self.out.items()):
            if shout.at_ms + HOUR_MS <= at_ms:
                self.unheard(user)

    def restarted(self) -> None:
        """The line died with the process."""
        for user in list(self.out):
            self.unheard(user)
