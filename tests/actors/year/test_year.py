"""A year of spending: an independent oracle agrees with the books on every coin of every day.

Both changes of the clocks fall into it, the service is restarted each quarter, and prices follow
the coins in circulation from the second half on. ``YEAR_SEED=n`` throws another year.
"""

import heapq
import os
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import date, datetime, time, timedelta
from pathlib import Path
from random import Random
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import anyio
import apsw
import pytest
from tests.actors.api.helpers import Api, api
from tests.actors.house import CHANNEL, settings_with
from tests.actors.year.oracle import DONE, Oracle

from economy_actors import ledger
from economy_actors.jobs import scheduler
from economy_actors.playlist import actor as playlist
from kryten_economy.ledger.invariants import verify

SEED = int(os.environ.get("YEAR_SEED", "20270101"))
ZONE = ZoneInfo("Europe/Berlin")
FIRST = date(2027, 1, 1)
DAYS = 365
PEOPLE = ("Alice", "Bob", "Carol", "Dave")
PAY_Z = 25_000
MINUTE_MS = 60_000
ANCHORS_Z = (None, None, 14_001, 11_003)
SECONDS = (600, 900, 901, 2_100, 2_101, 3_900, 3_901, 9_000)

TERMS: dict[str, Any] = {
    "timezone": "Europe/Berlin",
    "spending": {
        "queue_tiers": [
            {"max_minutes": 15, "label": "Short", "cost": 2_501},
            {"max_minutes": 35, "label": "Episode", "cost": 5_000},
            {"max_minutes": 65, "label": "Long", "cost": 7_500},
            {"max_minutes": 999, "label": "Movie", "cost": 10_000},
        ],
        "max_queues_per_day": 2,
        "queue_cooldown_minutes": 30,
    },
    "tipping": {"max_per_day": 1_500, "min_account_age_minutes": 0},
    "bounties": {
        "default_expiry_hours": 99_999,
        "max_open_per_user": 3,
        "expiry_refund_percent": 33,
    },
    "vanity_shop": {"custom_greeting": {"cost": 775}, "daily_fortune": {"cost": 101}},
    "wallets": {
        "enabled": True,
        "user_daily_cap": 500,
        "service_daily_cap": 300,
        "max_ttl_seconds": 3_600,
        "services": [
            {"name": "chatbot"},
            {"name": "bingo", "daily_cap": 400, "total_daily_cap": 450},
        ],
    },
}

EARNING_OFF: dict[str, Any] = {
    "onboarding": {"welcome_wallet": 0},
    "presence": {"base_rate_per_minute": 0, "hourly_milestones": {}},
    "retention": {"welcome_back": {"enabled": False}},
    "commands": {"rate_limit_per_minute": 999},
    "cytube_promotion": {"enabled": False, "min_rank": "Extra"},
    "ranks": {
        "spend_discount_per_rank": 0,
        "tiers": [{"name": "Extra", "min_lifetime_earned": 0}],
    },
}

Act = Callable[[], Awaitable[None]]


def _inflation(anchor_z: int | None) -> dict[str, Any]:
    """Off, or from the float that is read at the start and at no other time."""
    if anchor_z is None:
        return {"enabled": False}
    limits = {"min_multiplier": 0.25, "max_multiplier": 8}
    return {
        "enabled": True,
        "anchor_float": anchor_z,
        "update_interval_seconds": 10**9,
    } | limits


def _midnight_ms(day: date) -> int:
    return round(datetime.combine(day, time(), ZONE).timestamp()) * 1000


class Booked(NamedTuple):
    """What the books say: balances, lifetime spending, counters of days, escrow, open holds."""

    balance: dict[str, int]
    lifetime_spent: dict[str, int]
    z_spent: Counter[tuple[str, str]]
    queues: Counter[tuple[str, str]]
    tips: Counter[tuple[str, str]]
    escrow: int
    held: int


_ACCOUNTS = "SELECT display_name, balance_z, lifetime_spent_z FROM account WHERE kind = 'wallet'"
_DAYS = """
    SELECT a.display_name, d.day, d.z_spent, d.queues_used, d.tips_sent_z
    FROM daily_activity AS d JOIN account AS a ON a.id = d.account_id
"""
_ESCROW = "SELECT coalesce(sum(balance_z), 0) FROM account WHERE kind = 'escrow'"
_HELD = "SELECT coalesce(sum(amount_z), 0) FROM hold WHERE state = 'open'"


def booked(path: Path) -> Booked:
    """Read by plain SQL beside the running service; what is 0 is left out of the days."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        accounts = [row for row in connection.execute(_ACCOUNTS) if row[0] in PEOPLE]
        days = list(connection.execute(_DAYS))
        ((escrow,),) = connection.execute(_ESCROW)
        ((held,),) = connection.execute(_HELD)
    finally:
        connection.close()
    spent, queues, tips = (
        +Counter({(str(row[0]), str(row[1])): int(row[column]) for row in days})
        for column in (2, 3, 4)
    )
    return Booked(
        {row[0]: row[1] for row in accounts},
        {row[0]: row[2] for row in accounts},
        spent,
        queues,
        tips,
        escrow,
        held,
    )


class Year:
    """Acts at random minutes: each is told to the oracle, then done, and the answers compared."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.oracle = Oracle(TERMS)
        self.answers: Counter[tuple[str, str]] = Counter()
        self._agenda: list[tuple[int, int, Act]] = []
        self._number = 0
        self._api: Api | None = None

    @property
    def api(self) -> Api:
        assert self._api is not None
        return self._api

    @property
    def now_ms(self) -> int:
        return self.api.house.now_ms

    async def open(self, it: Api, anchor_z: int | None) -> None:
        """The service has started, and everybody comes in."""
        self._api = it
        self.oracle.started(anchor_z)
        for name in PEOPLE:
            await it.house.join(name)
        await it.house.join("Boss", 4)

    def plan(self, day: date) -> None:
        """Two to four acts of a day; some of them late, so that what follows is on the next.

        Every fifth night a service takes from the same user on both sides of midnight.
        """
        for _ in range(self.random.randint(2, 4)):
            late = self.random.random() < 0.2
            second = self.random.randint(84_600 if late else 0, 86_399)
            # By the wall: the days on which the clocks change are shorter or longer.
            self._at(_midnight_ms(day) + second * 1000, self._random_act())
        if day.day % 5 == 0:
            user = self._somebody()
            for minutes in (-5, 10):
                at_ms = _midnight_ms(day + timedelta(days=1)) + minutes * MINUTE_MS
                self._at(at_ms, lambda: self.reserve(user, "chatbot"))

    def _at(self, at_ms: int, act: Act) -> None:
        self._number += 1
        heapq.heappush(self._agenda, (at_ms, self._number, act))

    def _later(self, low: int, high: int, act: Act) -> None:
        """In so many minutes."""
        self._at(self.now_ms + self.random.randint(low * 60, high * 60) * 1000, act)

    async def live_until(self, until_ms: int) -> None:
        """All that is planned before that time, then the time itself."""
        while self._agenda and self._agenda[0][0] < until_ms:
            at_ms, _, act = heapq.heappop(self._agenda)
            await self._sleep_until(at_ms)
            await act()
        await self._sleep_until(until_ms)

    async def _sleep_until(self, at_ms: int) -> None:
        await anyio.sleep(max(0, at_ms - self.now_ms) / 1000)

    def _random_act(self) -> Act:
        acts = (self.queue, self.queue, self.greet, self.tip, self.bounty, self.fortune)
        return self.random.choice((*acts, self.reserve, self.reserve, self.end_bounty))

    def _somebody(self) -> str:
        return self.random.choice(PEOPLE)

    def _id(self, kind: str) -> str:
        self._number += 1
        return f"{kind}-{self._number}"

    async def _asked(self, command: str, **fields: object) -> tuple[str, dict[str, Any]]:
        """A request, now and then sent again: the repetition has the same outcome."""
        body = {"command": command, "channel": CHANNEL} | fields
        answer = await self.api.raw(body)
        verdict = DONE if answer["success"] else answer["error_code"]
        if verdict == DONE and self.random.random() < 0.2:
            assert (await self.api.raw(body))["data"]["idempotent_replay"] is True
        self.answers[command, verdict] += 1
        return verdict, answer.get("data", {})

    async def _said(self, name: str, text: str, sentences: dict[str, str]) -> str:
        """A private message; which of the sentences it was answered with."""
        answer = "\n".join(await self.api.house.pm(name, text))
        verdicts = [verdict for verdict, part in sentences.items() if part in answer]
        assert len(verdicts) == 1, (text, answer)
        self.answers[text.split(maxsplit=1)[0], verdicts[0]] += 1
        return verdicts[0]

    # The acts

    async def pay(self) -> None:
        """An operator gives everybody the money of the month."""
        for name in PEOPLE:
            fields = {"username": name, "amount": PAY_Z, "reason": "pay", "admin": "Boss"}
            await self.api.data("balance.adjust", **fields)
            self.oracle.given(name, PAY_Z)

    async def queue(self, user: str | None = None) -> None:
        user, seconds = user or self._somebody(), self.random.choice(SECONDS)
        request_id = self._id("queue")
        cost = self.oracle.queue_price(seconds)
        expected = self.oracle.queue(user, seconds, request_id, self.now_ms)
        verdict, data = await self._asked(
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
            self._later(1, 60, lambda: self.refund(request_id))
        elif then < 0.7:
            self._later(25, 35, lambda: self.queue(user))

    async def refund(self, request_id: str) -> None:
        user, cost = self.oracle.queued[request_id].user, self.oracle.refund(request_id)
        fields = {"username": user, "request_id": request_id, "reason": "add_failed"}
        verdict, data = await self._asked("spending.queue_refund", **fields)
        assert (verdict, data["refunded"]) == (DONE, cost)

    async def greet(self) -> None:
        user, request_id = self._somebody(), self._id("greeting")
        expected = self.oracle.greeting(user, self.now_ms)
        fields = {"username": user, "value": f"Hello {request_id}", "request_id": request_id}
        verdict, _ = await self._asked("vanity.set_greeting", **fields)
        assert verdict == expected, user

    async def fortune(self, user: str | None = None) -> None:
        user = user or self._somebody()
        expected = self.oracle.fortune(user, self.now_ms)
        sentences = {
            DONE: "🔮",
            "daily_limit_reached": "limit of 1 fortune",
            "insufficient_balance": "short.",
        }
        assert await self._said(user, "fortune", sentences) == expected, user
        if self.random.random() < 0.3:
            self._later(1, 600, lambda: self.fortune(user))

    async def tip(self) -> None:
        giver, taker = self.random.sample(PEOPLE, 2)
        amount = self.random.choice((50, 400, 750, 751, 1_500, 1_501))
        expected = self.oracle.tip(giver, taker, amount, self.now_ms)
        sentences = {
            DONE: "You tipped",
            "daily_limit_reached": "You can send",
            "insufficient_balance": "short.",
        }
        said = await self._said(giver, f"tip @{taker} {amount}", sentences)
        assert said == expected, (giver, amount)

    async def bounty(self) -> None:
        user, amount = self._somebody(), self.random.randint(100, 3_001)
        expected = self.oracle.bounty(user, amount)
        sentences = {
            DONE: "Your bounty #",
            "too many open": "open bounties already",
            "insufficient_balance": "short.",
        }
        assert await self._said(user, f"bounty {amount} a deed", sentences) == expected, user

    async def end_bounty(self) -> None:
        """One of the open ones is won, or cancelled by whoever made it or by an admin."""
        if not self.oracle.bounties:
            return
        number, (user, _) = self.random.choice(list(self.oracle.bounties.items()))
        how = self.random.choice(("won", "creator", "admin"))
        if how == "won":
            winner = self.random.choice([name for name in PEOPLE if name != user])
            self.oracle.claimed(number, winner)
            await self._said("Boss", f"claim_bounty {number} @{winner}", {"won": "paid to"})
            return
        by = "Boss" if how == "admin" else user
        self.oracle.cancelled(number, self.now_ms, by_admin=how == "admin")
        await self._said(by, f"cancel_bounty {number}", {how: "went back to"})

    async def reserve(self, user: str | None = None, service: str | None = None) -> None:
        """Settled soon or late: the next one may be settled before it, over midnight too."""
        user = user or self._somebody()
        service = service or self.random.choice(("chatbot", "bingo"))
        budget, partial = self.random.randint(50, 450), self.random.random() < 0.5
        request_id = self._id("wallet")
        expected, granted = self.oracle.reserve(user, service, budget, self.now_ms, partial=partial)
        verdict, data = await self._asked(
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
        self.oracle.set_aside(reservation_id, user, service, granted, self.now_ms)
        assert (data["reserved"], data["balance"]) == (granted, self.oracle.balance[user])
        settle = self.release if self.random.random() < 0.25 else self.finalize
        first, last = self.random.choice(((1, 10), (40, 55)))
        self._later(first, last, lambda: settle(reservation_id, service))
        if self.random.random() < 0.6:
            self._later(8, 30, lambda: self.reserve(user, service))

    async def finalize(self, reservation_id: str, service: str) -> None:
        cost = self.random.randint(0, 450)
        charged = self.oracle.finalize(reservation_id, cost, self.now_ms)
        verdict, data = await self._asked(
            "wallet.finalize",
            service=service,
            reservation_id=reservation_id,
            cost=cost,
            request_id=self._id("charge"),
        )
        assert (verdict, data["charged"]) == (DONE, charged)
        self.answers["charged", str(data["capped"])] += 1

    async def release(self, reservation_id: str, service: str) -> None:
        returned = self.oracle.released(reservation_id)
        fields = {"service": service, "reservation_id": reservation_id}
        verdict, data = await self._asked("wallet.release", **fields)
        assert (verdict, data["returned"]) == (DONE, returned)

    # The comparison

    def compare(self, path: Path) -> None:
        """Every balance, every lifetime's and every day's counter, and what is in escrow."""
        found, oracle = booked(path), self.oracle
        assert found == Booked(
            {name: oracle.balance[name] for name in PEOPLE},
            {name: oracle.lifetime_spent[name] for name in PEOPLE},
            +oracle.z_spent,
            +oracle.queues,
            +oracle.tips,
            oracle.escrow,
            oracle.escrow,
        )


def _missing(year: Year) -> list[tuple[str, str]]:
    """What a year must have seen, or it would prove less than it says."""
    short, limit = "insufficient_balance", "daily_limit_reached"
    wanted = [
        *(("spending.queue", each) for each in (DONE, limit, "cooldown_active", short)),
        *(("wallet.reserve", each) for each in (DONE, limit)),
        *(("tip", each) for each in (DONE, limit)),
        *(("fortune", each) for each in (DONE, limit)),
        *(("bounty", each) for each in (DONE, "too many open")),
        *(("cancel_bounty", each) for each in ("creator", "admin")),
        *(("charged", each) for each in ("None", "reserved")),
        ("spending.queue_refund", DONE),
        ("vanity.set_greeting", DONE),
        ("wallet.release", DONE),
        ("claim_bounty", "won"),
    ]
    return [each for each in wanted if not year.answers[each]]


@pytest.mark.slow
async def test_a_year_of_spending_comes_to_what_the_rules_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who may buy what at which price, and what stands in the books in the end, for twelve months.

    What is set aside or set out when the service is stopped is still so when it is back.
    """
    # Who looks after something by the minute looks by the hour: a year has half a million minutes.
    monkeypatch.setattr(ledger, "CHECK_EVERY_S", 3600.0)
    monkeypatch.setattr(ledger, "CHECK_PLACE_EVERY_S", 3600.0)
    monkeypatch.setattr(playlist, "PATIENCE_S", 3600.0)
    monkeypatch.setattr(scheduler, "MINUTE_MS", 3_600_000)
    year = Year(SEED)
    days = [FIRST + timedelta(days=number) for number in range(DAYS)]
    quarters = [[day for day in days if (day.month - 1) // 3 == number] for number in range(4)]
    for number, quarter in enumerate(quarters):
        anchor_z = ANCHORS_Z[number]
        settings = settings_with(**EARNING_OFF, **TERMS, inflation=_inflation(anchor_z))
        start_ms = _midnight_ms(quarter[0]) + (300_000 if number else 0)
        async with api(tmp_path, settings, start_ms=start_ms) as it:
            await year.open(it, anchor_z)
            for day in quarter:
                if day.day == 1:
                    await year.pay()
                year.plan(day)
                tomorrow = day + timedelta(days=1)
                await year.live_until(_midnight_ms(tomorrow))
                if tomorrow.day == 1:
                    year.compare(it.house.path)
            await year.reserve()
            year.compare(it.house.path)
    report = verify(tmp_path / "economy.db")
    assert report.ok, report
    assert not _missing(year), year.answers
