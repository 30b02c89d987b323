"""What people do in a year: each act is told to the oracle, then done, and the answers compared."""

from datetime import date, timedelta

from tests.actors.year.acts_shop import Shopping
from tests.actors.year.agenda import Act, midnight_ms
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
    TOO_MANY,
)
from tests.actors.year.terms import PAY_Z, PEOPLE

__all__ = ("Year",)

SECONDS = (600, 900, 901, 2_100, 2_101, 3_900, 3_901, 9_000)

WANTED = (
    *(("spending.queue", each) for each in (DONE, LIMIT, COOLING, SHORT)),
    *(("shop", each) for each in (DONE, LIMIT, COOLING, SHORT, HAD, SOLD_OUT, NOT_NOW)),
    ("shop.buy", DONE),
    ("YES", DONE),
    *(("approval.resolve", each) for each in ("True", "False")),
    *(("vanity.shoutout", each) for each in (DONE, COOLING)),
    *(("echo", each) for each in ("heard", "unheard", "unknown")),
    *(("wallet.reserve", each) for each in (DONE, LIMIT)),
    *(("tip", each) for each in (DONE, LIMIT)),
    *(("fortune", each) for each in (DONE, LIMIT)),
    *(("bounty", each) for each in (DONE, TOO_MANY)),
    *(("cancel_bounty", each) for each in ("creator", "admin")),
    *(("charged", each) for each in ("None", "reserved")),
    ("spending.queue_refund", DONE),
    ("vanity.set_greeting", DONE),
    ("approve_item", DONE),
    ("reject_item", DONE),
    ("wallet.release", DONE),
    ("claim_bounty", "won"),
    ("over", "bounty"),
    ("over", "reservation"),
)
"""What a year must have seen, or it would prove less than it says."""


class Year(Shopping):
    """All acts, and when they are done."""

    def plan(self, day: date) -> None:
        """Three to five acts of a day; some of them late, so that what follows is on the next.

        Every fifth night a service takes from the same user on both sides of midnight.
        """
        for _ in range(self.random.randint(3, 5)):
            second = self.random.randint(84_600 if self.chance(0.2) else 0, 86_399)
            # By the wall: the days on which the clocks change are shorter or longer.
            self.at(midnight_ms(day) + second * 1000, self._random_act())
        if day.day % 5 == 0:
            user = self.somebody()
            for minutes in (-5, 10):
                at_ms = midnight_ms(day + timedelta(days=1)) + minutes * MINUTE_MS
                self.at(at_ms, lambda: self.reserve(user, "chatbot"))

    def _random_act(self) -> Act:
        acts = (self.queue, self.queue, self.greet, self.tip, self.bounty, self.fortune)
        more = (self.reserve, self.reserve, self.end_bounty, self.shop, self.shop, self.shout)
        return self.random.choice((*acts, *more))

    @property
    def missing(self) -> list[tuple[str, str]]:
        """What has not come about."""
        return [each for each in WANTED if not self.answers[each]]

    # Money and the queue

    async def pay(self) -> None:
        """An operator gives everybody the money of the month."""
        for name in PEOPLE:
            amount = PAY_Z[name]
            fields = {"username": name, "amount": amount, "reason": "pay", "admin": "Boss"}
            await self.api.data("balance.adjust", **fields)
            self.oracle.given(name, amount)

    async def queue(self, user: str | None = None) -> None:
        user, seconds = user or self.somebody(), self.random.choice(SECONDS)
        request_id = self.new_id("queue")
        cost = self.oracle.queue_price(user, seconds)
        expected = self.oracle.queue(user, seconds, request_id, self.now_ms)
        verdict, data = await self.asked(
            "spending.queue",
            username=user,
            duration_sec=seconds,
            tier="queue",
            request_id=request_id,
        )
        assert (verdict, data["cost_z"]) == (expected, cost), (user, data)
        if verdict != DONE:
            return
        assert data["new_balance"] == self.oracle.balance[user]
        then = self.random.random()
        if then < 0.3:
            self.later(1, 60, lambda: self.refund(request_id))
        elif then < 0.8:
            self.later(25, 35, lambda: self.queue(user))

    async def refund(self, request_id: str) -> None:
        user, cost = self.oracle.queued[request_id].user, self.oracle.refund(request_id)
        fields = {"username": user, "request_id": request_id, "reason": "add_failed"}
        verdict, data = await self.asked("spending.queue_refund", **fields)
        assert (verdict, data["refunded"]) == (DONE, cost)

    async def greet(self) -> None:
        user, request_id = self.somebody(), self.new_id("greeting")
        cost = self.oracle.greeting_price(user)
        expected = self.oracle.greeting(user, self.now_ms)
        fields = {"username": user, "value": f"Hello {request_id}", "request_id": request_id}
        verdict, data = await self.asked("vanity.set_greeting", **fields)
        assert verdict == expected, user
        assert verdict != DONE or data["charged"] == cost, user

    async def fortune(self, user: str | None = None) -> None:
        user = user or self.somebody()
        expected = self.oracle.fortune(user, self.now_ms)
        sentences = {
            DONE: "🔮",
            LIMIT: "limit of 1 fortune",
            SHORT: "short.",
        }
        verdict, _ = await self.said(user, "fortune", sentences)
        assert verdict == expected, user
        if self.chance(0.3):
            self.later(1, 600, lambda: self.fortune(user))

    # What goes to others

    async def tip(self) -> None:
        giver, taker = self.random.sample(PEOPLE, 2)
        amount = self.random.choice((50, 400, 750, 751, 1_500, 1_501))
        await self.tip_of(giver, taker, amount)

    async def tip_of(self, giver: str, taker: str, amount: int) -> None:
        expected = self.oracle.tip(giver, taker, amount, self.now_ms)
        sentences = {DONE: "You tipped", LIMIT: "You can send", SHORT: "short."}
        verdict, _ = await self.said(giver, f"tip @{taker} {amount}", sentences)
        assert verdict == expected, (giver, amount)

    async def bounty(self) -> None:
        """It ends with the hour if nobody wins or cancels it before."""
        user, amount = self.somebody(), self.random.randint(100, 3_001)
        expected = self.oracle.bounty(user, amount, self.now_ms)
        if expected == DONE:
            self.ends_with_the_hour(list(self.oracle.bounties.values())[-1].ends_ms)
        sentences = {DONE: "Your bounty #", TOO_MANY: "open bounties already", SHORT: "short."}
        verdict, _ = await self.said(user, f"bounty {amount} a deed", sentences)
        assert verdict == expected, user

    async def end_bounty(self) -> None:
        """One of the open ones is won, or cancelled by whoever made it or by an admin."""
        if not self.oracle.bounties:
            return
        number, (user, _, _) = self.random.choice(list(self.oracle.bounties.items()))
        how = self.random.choice(("won", "creator", "admin"))
        if how == "won":
            winner = self.random.choice([name for name in PEOPLE if name != user])
            self.oracle.claimed(number, winner)
            await self.said("Boss", f"claim_bounty {number} @{winner}", {"won": "paid to"})
            return
        by = "Boss" if how == "admin" else user
        self.oracle.cancelled(number, self.now_ms, by_admin=how == "admin")
        await self.said(by, f"cancel_bounty {number}", {how: "went back to"})

    # What other services take

    async def reserve(self, user: str | None = None, service: str | None = None) -> None:
        """Settled soon, late or never: the next one may be settled before it, over midnight too."""
        user = user or self.somebody()
        service = service or self.random.choice(("chatbot", "bingo"))
        budget, partial = self.random.randint(50, 450), self.chance(0.5)
        request_id, asked_ms = self.new_id("wallet"), self.now_ms
        expected, granted = self.oracle.reserve(user, service, budget, self.now_ms, partial=partial)
        verdict, data = await self.asked(
            "wallet.reserve",
            username=user,
            service=service,
            budget=budget,
            partial=partial,
            ttl_seconds=3_600,
            request_id=request_id,
        )
        assert verdict == expected, (user, service, budget)
        if verdict != DONE:
            return
        reservation_id = data["reservation_id"]
        self.oracle.granted(reservation_id, user, service, granted, asked_ms)
        assert (data["reserved"], data["balance"]) == (granted, self.oracle.balance[user])
        if self.chance(0.15):
            self.ends_with_the_minute(asked_ms + HOUR_MS)
        else:
            settle = self.release if self.chance(0.25) else self.finalize
            first, last = self.random.choice(((1, 10), (40, 55)))
            self.later(first, last, lambda: settle(reservation_id, service))
        if self.chance(0.6):
            self.later(8, 30, lambda: self.reserve(user, service))

    async def finalize(self, reservation_id: str, service: str) -> None:
        cost = self.random.randint(0, 450)
        charged = self.oracle.finalize(reservation_id, cost, self.now_ms)
        verdict, data = await self.asked(
            "wallet.finalize",
            service=service,
            reservation_id=reservation_id,
            cost=cost,
            request_id=self.new_id("charge"),
        )
        assert (verdict, data["charged"]) == (DONE, charged)
        self.answers["charged", str(data["capped"])] += 1

    async def release(self, reservation_id: str, service: str) -> None:
        returned = self.oracle.released(reservation_id)
        fields = {"service": service, "reservation_id": reservation_id}
        verdict, data = await self.asked("wallet.release", **fields)
        assert (verdict, data["returned"]) == (DONE, returned)
