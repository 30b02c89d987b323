"""The client of other services: where it reads, what it asks, and how a charge ends."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import pytest

from kryten_economy.client import (
    Balance,
    EconomyAway,
    EconomyRefusal,
    WalletReader,
    Wallets,
)

NOW_MS = 1_795_168_800_000
DAY_ENDS_MS = NOW_MS + 3_600_000
BY_REQUEST = {
    "found": True,
    "username": "Bob",
    "channel": "Lounge",
    "balance": 70,
    "reserved": 5,
    "spent_today": {"bot": 30},
}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@dataclass
class FakeBus:
    """A bucket of raw bytes, and answers in the order in which they are asked for."""

    entries: dict[str, bytes | None] = field(default_factory=dict)
    answers: list[dict[str, Any] | Exception] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    tokens: list[str | None] = field(default_factory=list)
    broken: Exception | None = None
    reads: int = 0

    async def kv_get(self, bucket_name: str, key: str) -> Any:
        self.reads += 1
        assert bucket_name == "kryten_economy_wallets"
        if self.broken is not None:
            raise self.broken
        return self.entries.get(key)

    async def nats_request(
        self,
        subject: str,
        request: dict[str, Any],
        timeout: float,  # noqa: ASYNC109 - the library's own parameter
    ) -> dict[str, Any]:
        assert (subject, timeout) == ("kryten.economy.command", 5.0)
        self.asked.append(request)
        self.tokens.append(request.get("token"))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def ok(**data: Any) -> dict[str, Any]:
    return {"service": "economy", "success": True, "data": data}


def no(code: str) -> dict[str, Any]:
    return {"service": "economy", "success": False, "error": f"It is {code}.", "error_code": code}


def beat(**changes: Any) -> bytes:
    known = {"at_ms": NOW_MS - 4_000, "stale": False, "number": 7, "waiting": 0}
    return json.dumps(known | changes).encode()


def entry(**changes: Any) -> bytes:
    known = {"username": "Bob", "balance": 70, "reserved": 5, "spent_today": {"bot": 30}}
    return json.dumps(known | {"day_ends_at_ms": DAY_ENDS_MS} | changes).encode()


def bucket(**entries: bytes | None) -> dict[str, bytes | None]:
    return {"heartbeat": beat(), "lounge.bob": entry()} | {
        {"bob": "lounge.bob"}.get(key, key): value for key, value in entries.items()
    }


def reader(bus: FakeBus) -> WalletReader:
    return WalletReader(bus, "Lounge", now_ms=lambda: NOW_MS)


async def test_the_bucket_is_enough() -> None:
    """While it is fresh nobody is asked."""
    bus = FakeBus(bucket())
    found = await reader(bus).balance("@BOB")
    assert found == Balance("Bob", 70, 5, {"bot": 30}, "bucket")
    assert bus.asked == []


async def test_yesterdays_spending_is_not_todays() -> None:
    """An entry that nobody has changed since midnight says nothing was spent today."""
    bus = FakeBus(bucket(bob=entry(day_ends_at_ms=NOW_MS)))
    found = await reader(bus).balance("bob")
    assert found == Balance("Bob", 70, 5, {}, "bucket")


@pytest.mark.parametrize(
    "entries",
    [
        {},
        bucket(heartbeat=None),
        bucket(heartbeat=beat(stale=True)),
        bucket(heartbeat=beat(at_ms=NOW_MS - 15_001)),
        bucket(heartbeat=beat(at_ms=NOW_MS + 15_001)),
        bucket(heartbeat=b"{"),
        bucket(heartbeat=b"[]"),
        bucket(heartbeat=b"{}"),
        bucket(bob=None),
        bucket(bob=b""),
        bucket(bob=b"\xff"),
        bucket(bob=b"null"),
        bucket(bob=b"{}"),
        bucket(bob=entry(balance="70")),
        bucket(bob=entry(balance=None)),
        bucket(bob=entry(spent_today=[])),
        bucket(bob=entry(spent_today={"bot": 1.5})),
        bucket(bob=entry(day_ends_at_ms=None)),
    ],
)
async def test_without_a_good_bucket_the_service_is_asked(
    entries: dict[str, bytes | None],
) -> None:
    """Missing, stale or broken: the request tells the same number."""
    bus = FakeBus(entries, [ok(**BY_REQUEST)])
    assert await reader(bus).balance("bob") == Balance("Bob", 70, 5, {"bot": 30}, "request")
    assert bus.asked == [{"command": "wallet.get", "channel": "Lounge", "username": "bob"}]


async def test_a_store_that_is_away_is_not_waited_for_each_time() -> None:
    """After a fault the next readings go to the service at once."""
    bus = FakeBus(answers=[ok(**BY_REQUEST)] * 3, broken=TimeoutError("no JetStream"))
    reads = reader(bus)
    for _ in range(3):
        found = await reads.balance("bob")
        assert found is not None
        assert found.source == "request"
    assert bus.reads == 1


async def test_who_has_no_account() -> None:
    """Nothing, and no error."""
    assert await reader(FakeBus(answers=[ok(found=False)])).balance("zoe") is None


def granted(reserved: int = 60) -> dict[str, Any]:
    return ok(
        reservation_id="wallet:api:x",
        username="Bob",
        budget=60,
        reserved=reserved,
        balance=40,
        left_today=None,
        expires_at="2026-11-20T10:05:00+00:00",
    )


def charged(amount: int) -> dict[str, Any]:
    return ok(
        charged=amount,
        returned=60 - amount,
        capped=None,
        balance=100 - amount,
        spent_today=amount,
        left_today=None,
    )


async def test_a_charge_reserves_and_pays_the_cost() -> None:
    """The block says what it did cost and what was used."""
    bus = FakeBus(answers=[granted(), charged(25)])
    async with Wallets(bus, "Lounge", "bot").charge("bob", 60, reason="an answer") as charge:
        assert charge.reservation.reserved == 60
        charge.cost, charge.units_in, charge.units_out = 25, 900, 120
    assert charge.done is not None
    assert (charge.done.charged, charge.done.balance) == (25, 75)
    reserve, finalize = bus.asked
    assert (reserve["budget"], reserve["partial"], reserve["reason"]) == (60, False, "an answer")
    assert (finalize["cost"], finalize["units_in"], finalize["units_out"]) == (25, 900, 120)
    assert len({reserve["request_id"], finalize["request_id"]}) == 2


async def test_a_block_that_fails_pays_nothing() -> None:
    """The reservation is released, and the exception goes on."""
    bus = FakeBus(answers=[granted(), ok(returned=60)])

    async def serve() -> None:
        async with Wallets(bus, "Lounge", "bot").charge("bob", 60) as charge:
            charge.cost = 25
            raise RuntimeError("no answer today")

    with pytest.raises(RuntimeError, match="no answer today"):
        await serve()
    assert [each["command"] for each in bus.asked] == ["wallet.reserve", "wallet.release"]


async def test_a_block_without_a_cost_pays_nothing() -> None:
    """All is given back."""
    bus = FakeBus(answers=[granted(), ok(returned=60)])
    async with Wallets(bus, "Lounge", "bot").charge("bob", 60) as charge:
        pass
    assert charge.done is None
    assert [each["command"] for each in bus.asked] == ["wallet.reserve", "wallet.release"]


async def test_a_block_that_is_cancelled_pays_nothing() -> None:
    """Also then the reservation is released, before the cancellation goes on."""
    bus = FakeBus(answers=[granted(), ok(returned=60)])
    with anyio.move_on_after(0.01):
        async with Wallets(bus, "Lounge", "bot").charge("bob", 60):
            await anyio.sleep(60)
    assert [each["command"] for each in bus.asked] == ["wallet.reserve", "wallet.release"]


async def test_an_answer_that_did_not_come_is_asked_for_again_by_the_same_id() -> None:
    """So that it is done once, however often it is asked for."""
    bus = FakeBus(answers=[TimeoutError(), no("unavailable"), granted()])
    reservation = await Wallets(bus, "Lounge", "bot").reserve("bob", 60)
    assert reservation.id == "wallet:api:x"
    assert len({each["request_id"] for each in bus.asked}) == 1
    assert len(bus.asked) == 3


async def test_a_token_is_fetched_for_each_try() -> None:
    """Where the economy asks for tokens, each request carries the one that is good now."""
    tokens = iter(["first", "second"])
    bus = FakeBus(answers=[no("unavailable"), granted()])
    await Wallets(bus, "Lounge", "bot", token=lambda: next(tokens)).reserve("bob", 60)
    assert bus.tokens == ["first", "second"]


async def test_refusals_and_silence_are_told_apart() -> None:
    """A refusal has its code and is not repeated; silence is an error of its own."""
    bus = FakeBus(answers=[no("daily_limit_reached")])
    with pytest.raises(EconomyRefusal, match="It is daily_limit_reached") as told:
        await Wallets(bus, "Lounge", "bot").reserve("bob", 60)
    assert told.value.code == "daily_limit_reached"
    bus = FakeBus(answers=[TimeoutError("late")] * 3)
    with pytest.raises(EconomyAway, match="late"):
        await Wallets(bus, "Lounge", "bot").finalize("wallet:api:x", 5)


async def test_the_example_of_the_page_works() -> None:
    """docs/wallets.md 2 charges what the answer did cost, and tells refusals in words."""
    page = (Path(__file__).parents[2] / "docs" / "wallets.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    names: dict[str, Any] = {}
    exec(example, names)  # noqa: S102 - our own page

    async def model(question: str) -> tuple[str, int, int]:
        return f"{question}? 42.", 1_000, 500

    bus = FakeBus(answers=[granted(), charged(25), no("insufficient_balance")])
    said = [await names["answer"](bus, "Lounge", "bob", "Why", model) for _ in range(2)]
    assert said == ["Why? 42. (25 Z)", "It is insufficient_balance."]
    assert (bus.asked[1]["cost"], bus.asked[1]["units_out"]) == (25, 500)
    bus = FakeBus(answers=[ok(**BY_REQUEST)])
    assert await names["can_afford"](bus, "Lounge", "bob", 70)
