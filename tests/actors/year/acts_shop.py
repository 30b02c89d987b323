"""What people do at the counter of the channel's own shop, and with the bot's voice."""

import re

from tests.actors.year.agenda import Agenda
from tests.actors.year.oracle_shop import WEEK_MS
from tests.actors.year.purses import (
    COOLING,
    DONE,
    HAD,
    HOUR_MS,
    LIMIT,
    NOT_NOW,
    SHORT,
    SOLD_OUT,
)

from economy_actors.messages.vanity import LineTold
from economy_actors.outbox.message import Line

__all__ = ("Shopping",)

_ASKED = "asked"
_REFUSALS = {
    SHORT: "short.",
    LIMIT: "today's limit",
    COOLING: "cooling down",
    HAD: "Nobody can have more",
    SOLD_OUT: "is sold out",
    NOT_NOW: "already. Nothing was charged",
}
_ANSWERS = _REFUSALS | {DONE: "✅", "too low": "and above; you are"}
_NUMBER = re.compile(r"request (\d+) waits")


class Shopping(Agenda):
    """Buying by message and by request, fulfilling, rejecting; shouting and what comes of it."""

    async def shop(self, user: str | None = None, name: str | None = None) -> None:
        """By either way; often once more before the wait is over."""
        user = user or self.somebody()
        name = name or self.random.choice((*self.oracle.shop.names, "song"))
        buy = self._buy_by_message if self.chance(0.4) else self._buy_by_request
        approval_id = await buy(user, name)
        if approval_id is not None:
            self.oracle.shop.asked(approval_id)
            self.ends_with_the_hour(self.now_ms + WEEK_MS)
            first, last = (10, 600) if self.chance(0.8) else (6_000, 20_000)
            self.later(first, last, lambda: self.decide(approval_id))
        if self.chance(0.5):
            self.later(20, 60, lambda: self.shop(user, name))

    async def _buy_by_request(self, user: str, name: str) -> int | None:
        shop = self.oracle.shop
        cost, expected = shop.price(name, user), shop.buy(user, name, self.now_ms)
        verdict, data = await self.asked(
            "shop.buy", username=user, item=name, text="please", request_id=self.new_id("shop")
        )
        assert verdict == expected, (user, name)
        self.answers["shop", verdict] += 1
        if verdict != DONE:
            return None
        found = (data["cost_z"], data["new_balance"], data["stock"])
        assert found == (cost, self.oracle.balance[user], shop.left(name)), (user, name)
        approval_id: int | None = data["approval_id"]
        assert (approval_id is not None) == shop.is_request(name)
        return approval_id

    async def _buy_by_message(self, user: str, name: str) -> int | None:
        cost, expected = (
            self.oracle.shop.price(name, user),
            self.oracle.shop.buy(user, name, self.now_ms),
        )
        sentences = _ANSWERS | {_ASKED: "Say YES"}
        verdict, answer = await self.said(user, f"buy {name}", sentences)
        if verdict == _ASKED:
            assert f"{cost:,} Z" in answer, answer
            verdict, answer = await self.said(user, "YES", _ANSWERS)
        verdict = {"too low": NOT_NOW}.get(verdict, verdict)
        assert verdict == expected, (user, name, answer)
        self.answers["shop", verdict] += 1
        number = _NUMBER.search(answer)
        return None if number is None else int(number[1])

    async def decide(self, approval_id: int) -> None:
        """An operator has done it, or will not, or comes too late for either."""
        if approval_id not in self.oracle.shop.waiting:
            self.answers["over", "approval"] += 1
            return
        approved = self.chance(0.5)
        refund = self.oracle.shop.decided(approval_id, approved=approved)
        if self.chance(0.5):
            fields = {"approval_id": approval_id, "approved": approved, "resolved_by": "Boss"}
            assert (await self.api.data("approval.resolve", **fields))["refund"] == refund
            self.answers["approval.resolve", str(approved)] += 1
            return
        word = "approve_item" if approved else "reject_item"
        sentences = {DONE: "is fulfilled" if approved else f"{refund:,} Z went back"}
        await self.said("Boss", f"{word} {approval_id}", sentences)

    async def restock(self) -> None:
        """An operator brings new posters."""
        left = self.random.randint(2, 4)
        before = self.oracle.shop.left("poster")
        self.oracle.shop.restocked("poster", left)
        data = await self.api.data("shop.stock", item="poster", stock=left, admin="Boss")
        assert (data["stock_before"], data["stock"]) == (before, left)

    # The bot's voice

    async def shout(self, user: str | None = None, *, echo: str = "") -> None:
        """It is heard, can't be said, or nobody ever tells what became of it."""
        user = user or self.somebody()
        cost = self.oracle.shouts.price(user)
        expected = self.oracle.shouts.shout(user, self.now_ms)
        placed_ms = self.now_ms
        verdict, data = await self.asked(
            "vanity.shoutout", username=user, value="Hello all", request_id=self.new_id("shout")
        )
        assert verdict == expected, user
        if self.chance(0.5):
            self.later(30, 60, lambda: self.shout(user))
        if verdict != DONE:
            return
        assert (data["charged"], data["new_balance"]) == (cost, self.oracle.balance[user])
        receipt = self._last_receipt()
        echo = echo or self.random.choice(("heard", "heard", "unheard", "unknown"))
        self.answers["echo", echo] += 1
        if echo == "unknown":
            self.ends_with_the_minute(placed_ms + HOUR_MS)
        elif self.chance(0.5):
            await self._told(user, receipt, echo)
        else:
            self.later(1, 25, lambda: self._told(user, receipt, echo))

    def _last_receipt(self) -> str:
        lines = (each for each in reversed(self.api.house.heard) if isinstance(each, Line))
        return next(each.receipt for each in lines if each.receipt is not None)

    async def _told(self, user: str, receipt: str, echo: str) -> None:
        """What the outbox tells of a line; a start has given up all that was out before."""
        if user not in self.oracle.shouts.out:
            return
        if echo == "heard":
            self.oracle.shouts.heard(user)
        else:
            self.oracle.shouts.unheard(user)
        self.api.house.channel.tell(LineTold(receipt, said=echo == "heard"))
        await self.api.house.settle()
