"""Other services charge for the queue: once, in time, at the price that was shown."""

from pathlib import Path
from typing import Any, ClassVar

import anyio
import pytest
from structlog.testing import capture_logs
from tests.actors.api.helpers import Api, api, spawn
from tests.actors.house import CHANNEL, settings_with

from economy_actors.messages.ledger import Commit
from economy_actors.runtime import Actor, Ref
from kryten_economy.config import Settings
from kryten_economy.features.audit.queries import entries
from kryten_economy.features.bans import Ban
from kryten_economy.ledger.records import SetReadOnly
from kryten_economy.users import UserKey

UUID = "6b1d2a3e-7c55-4b58-9c6b-2f0a4f6f0b11"
HOUR_S = 3600


def settings(**spending: Any) -> Settings:
    """Prices as listed, without waiting in between."""
    ranks = {"spend_discount_per_rank": 0}
    return settings_with(spending={"queue_cooldown_minutes": 0} | spending, ranks=ranks)


def buying(user: str = "alice", request_id: str = UUID, **fields: object) -> dict[str, object]:
    """As the gateway sends it: a flat object without an admin."""
    return {
        "command": "spending.queue",
        "channel": CHANNEL,
        "username": user,
        "duration_sec": 600,
        "tier": "queue",
        "request_id": request_id,
    } | fields


async def preview(a: Api, user: str = "alice", **fields: object) -> dict[str, Any]:
    asked = {"username": user, "duration_sec": 600, "tier": "queue"} | fields
    return await a.data("spending.queue_preview", **asked)


async def refund(a: Api, user: str = "alice", request_id: str = UUID) -> dict[str, Any]:
    fields = {"username": user, "request_id": request_id, "reason": "add_failed"}
    return await a.data("spending.queue_refund", **fields)


# The requests of the callers


async def test_a_preview_says_all_that_a_receipt_shows(tmp_path: Path) -> None:
    """The gateway's preview gets every field that it and the web queue read, and moves nothing."""
    async with api(tmp_path, settings()) as a:
        await a.account("Alice", 3_000)
        assert await preview(a) == {
            "available": True,
            "cost_z": 2_500,
            "base_cost": 2_500,
            "tier_label": "Short / Music Video",
            "discount_pct": 0.0,
            "daily_remaining": 3,
            "error_code": None,
            "inflation_multiplier": 1.0,
        }
        assert a.house.balance("Alice") == 3_000


async def test_a_spend_charges_what_the_preview_said(tmp_path: Path) -> None:
    """A spend right after a preview takes its price, at a later rank and inflated as well."""
    inflation = {"enabled": True, "anchor_float": 100_000_000}
    ranks = {"spend_discount_per_rank": 0.02}
    async with api(tmp_path, settings_with(inflation=inflation, ranks=ranks)) as a:
        await a.account("Alice", 300_000)
        a.house.context.floats[CHANNEL] = 133_000_000
        told = await preview(a, duration_sec=4_000, tier="playnext")
        answer = await a.raw(buying(duration_sec=4_000, tier="playnext"))
        assert told["base_cost"] == 10_000
        assert told["inflation_multiplier"] == 1.33
        assert told["discount_pct"] > 0
        assert told["cost_z"] == int(13_300 * (100 - told["discount_pct"]) / 100)
        assert answer == {
            "service": "economy",
            "command": "spending.queue",
            "success": True,
            "data": {
                "success": True,
                "cost_z": told["cost_z"],
                "tier": "playnext",
                "tier_label": "Movie",
                "new_balance": 300_000 - told["cost_z"],
                "request_id": UUID,
            },
        }
        row = a.rows("Alice")[-1]
        assert (row.amount_z, row.type, row.trigger_id, row.reason) == (
            -told["cost_z"],
            "spend",
            f"spend.queue.{UUID}",
            "Played next on the web: Movie",
        )


async def test_a_refund_answers_what_the_web_queue_reads(tmp_path: Path) -> None:
    """After a failed add all comes back; asked again nothing more does (P-MON-10)."""
    async with api(tmp_path, settings(max_queues_per_day=1, queue_cooldown_minutes=30)) as a:
        await a.account("Alice", 3_000)
        await a.raw(buying())
        assert (await preview(a))["error_code"] == "daily_limit_reached"
        assert await refund(a) == {
            "success": True,
            "refunded": 2_500,
            "new_balance": 3_000,
            "request_id": UUID,
        }
        assert await refund(a) == {
            "success": True,
            "refunded": 2_500,
            "request_id": UUID,
            "idempotent_replay": True,
        }
        assert (await preview(a))["available"] is True
        wallet = a.house.wallet("Alice")
        assert wallet is not None
        assert (wallet.balance_z, wallet.lifetime_spent_z) == (3_000, 0)
        row = a.rows("Alice")[-1]
        assert (row.trigger_id, row.reason) == (f"refund.queue.{UUID}", "add_failed")


async def test_an_unknown_tier_is_priced_as_queue(tmp_path: Path) -> None:
    """Whatever the browser sends as tier is kept and costs what queueing does."""
    async with api(tmp_path, settings(playnext_premium=True)) as a:
        await a.account("Alice", 200_000)
        answer = await a.raw(buying(tier="encore"))
        assert (answer["data"]["cost_z"], answer["data"]["tier"]) == (2_500, "encore")
        dearer = await a.raw(buying(request_id="other", tier="playnext"))
        assert dearer["data"]["cost_z"] == 100_000
        assert (await preview(a, tier="playnext"))["base_cost"] == 100_000


# Refusals


async def test_a_refused_spend_fails_and_carries_the_data(tmp_path: Path) -> None:
    """Who looks at the status sees a failure, who looks at the data sees why."""
    async with api(tmp_path, settings()) as a:
        await a.account("Alice", 2_499)
        with capture_logs() as logs:
            answer = await a.raw(buying())
        assert answer == {
            "service": "economy",
            "command": "spending.queue",
            "success": False,
            "error": "That takes 2,500 Z and you have 2,499 Z: 1 Z short.",
            "error_code": "insufficient_balance",
            "data": {"success": False, "cost_z": 2_500, "error_code": "insufficient_balance"},
        }
        assert a.house.balance("Alice") == 2_499
        assert a.counted("spending.queue", "refused") == 1
        [line] = [each for each in logs if each["event"] == "queue spend refused"]
        assert (line["user"], line["reason"]) == ("alice", "insufficient_balance")


async def test_preview_and_spend_agree_on_why_not(tmp_path: Path) -> None:
    """Limit, cooldown, funds, ban: the preview names the reason for which a spend is refused."""
    async with api(tmp_path, settings(max_queues_per_day=1, queue_cooldown_minutes=30)) as a:
        for name in ("Limited", "Banned"):
            await a.account(name, 10_000)
        await a.account("Poor", 1)
        await a.raw(buying("limited", "first"))
        await a.house.commit(
            Ban(UserKey.of(CHANNEL, "banned"), "Banned", "Boss", "Spam", a.house.now_ms)
        )
        expected = {
            "limited": "daily_limit_reached",
            "banned": "banned",
            "poor": "insufficient_balance",
            "stranger": "insufficient_balance",
        }
        for user, code in expected.items():
            shown = await preview(a, user)
            answer = await a.raw(buying(user, f"r-{user}"))
            assert (shown["available"], shown["error_code"]) == (False, code)
            assert answer["data"]["error_code"] == answer["error_code"] == code
            assert "cooldown_remaining_sec" not in answer["data"]
        assert a.house.wallet("stranger") is None


async def test_a_cooldown_tells_how_long(tmp_path: Path) -> None:
    """Seconds for services, whole minutes for people."""
    async with api(tmp_path, settings(queue_cooldown_minutes=30)) as a:
        await a.account("Alice", 10_000)
        await a.raw(buying())
        await anyio.sleep(61)
        shown = await preview(a)
        answer = await a.raw(buying(request_id="second"))
        assert (shown["error_code"], shown["daily_remaining"]) == ("cooldown_active", 2)
        assert 1_730 <= shown["cooldown_remaining_sec"] <= 1_739
        assert answer["data"]["cooldown_remaining_sec"] <= shown["cooldown_remaining_sec"]
        assert answer["error"] == "Queueing is cooling down: try again in 29m."
        assert a.house.balance("Alice") == 7_500


WINDOW = {"name": "Movie Night", "cron": "0 10 * * 5", "duration_hours": 4}


@pytest.mark.parametrize("applies", [False, True])
async def test_windows_hold_for_others_where_configured(tmp_path: Path, applies: bool) -> None:
    """The web queue locks by itself; with the key set both requests use the rule of the PM."""
    given = settings(blackout_windows=[WINDOW], blackout_applies_to_api=applies)
    async with api(tmp_path, given) as a:
        await a.account("Alice", 10_000)
        shown = await preview(a)
        answer = await a.raw(buying())
        if not applies:
            assert (shown["available"], answer["success"]) == (True, True)
            return
        assert shown["error_code"] == answer["data"]["error_code"] == "blackout_active"
        assert answer["error"] == "🚫 Queueing is closed for Movie Night until Fri 14:00 UTC."
        assert a.house.balance("Alice") == 10_000


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"duration_sec": 0}, "no known length"),
        ({"duration_sec": -5}, "no known length"),
        ({"duration_sec": None}, "duration_sec is required"),
        ({"duration_sec": 3.5}, "duration_sec must be a whole number"),
        ({"duration_sec": True}, "duration_sec must be a whole number"),
        ({"request_id": ""}, "request_id is required"),
        ({"request_id": "x" * 129}, "at most 128"),
        ({"tier": 7}, "tier must be a text"),
    ],
)
async def test_what_is_wrong_with_a_request_is_said(
    tmp_path: Path, fields: dict[str, Any], said: str
) -> None:
    """A field of another kind fails the request with what is allowed, and charges nothing."""
    async with api(tmp_path, settings()) as a:
        await a.account("Alice", 10_000)
        answer = await a.raw(buying(**fields))
        assert (answer["success"], answer["error_code"]) == (False, "invalid_request")
        assert said in answer["error"]
        assert a.house.balance("Alice") == 10_000


async def test_a_number_may_come_as_text(tmp_path: Path) -> None:
    """Numeric strings are numbers, user and channel are found in any casing."""
    async with api(tmp_path, settings()) as a:
        await a.account("Alice", 10_000)
        answer = await a.raw(buying("ALICE", duration_sec="901", channel=CHANNEL.upper()))
        assert (answer["data"]["cost_z"], answer["data"]["new_balance"]) == (5_000, 5_000)


async def test_a_closed_channel_charges_nothing(tmp_path: Path) -> None:
    """While an operator checks the books, the caller is told that it is not now."""
    async with api(tmp_path, settings()) as a:
        await a.account("Alice", 10_000)
        await a.house.commit(SetReadOnly(CHANNEL, "checked", a.house.now_ms))
        answer = await a.raw(buying())
        assert (answer["success"], answer["error_code"]) == (False, "unavailable")
        assert answer["data"] == {"success": False, "cost_z": 2_500, "error_code": "unavailable"}


# Once


async def test_parallel_equal_requests_charge_once(tmp_path: Path) -> None:
    """64 deliveries of one request: one charge, and all are told so (P-MON-8)."""
    async with api(tmp_path, settings(max_queues_per_day=99)) as a:
        await a.account("Alice", 1_000_000)
        inboxes = [a.post(buying()) for _ in range(64)]
        await anyio.sleep(1)
        answers = [a.bus.answers[inbox]["data"] for inbox in inboxes]
        fresh = [each for each in answers if "idempotent_replay" not in each]
        assert a.house.balance("Alice") == 1_000_000 - 2_500
        assert [each["new_balance"] for each in fresh] == [1_000_000 - 2_500]
        replay = {
            "success": True,
            "cost_z": 2_500,
            "tier": "queue",
            "request_id": UUID,
            "idempotent_replay": True,
            "refunded": False,
        }
        assert [each for each in answers if each not in fresh] == [replay] * 63
        counters = a.house.report(lambda reports: reports.counters())
        assert counters["queues_total"] == 1


async def test_parallel_requests_charge_as_the_limit_allows(tmp_path: Path) -> None:
    """64 ids at once: as many a day as the day has, and the rest are refused with the reason."""
    async with api(tmp_path, settings()) as a:
        await a.account("Alice", 10_000)
        inboxes = [a.post(buying(request_id=f"r{number}")) for number in range(64)]
        await anyio.sleep(1)
        answers = [a.bus.answers[inbox] for inbox in inboxes]
        assert sum(each["success"] for each in answers) == 3
        refused = [each["data"]["error_code"] for each in answers if not each["success"]]
        assert refused == ["daily_limit_reached"] * 61
        assert a.house.balance("Alice") == 10_000 - 7_500


async def test_parallel_refunds_pay_once(tmp_path: Path) -> None:
    """64 refunds of one spend give it back once."""
    async with api(tmp_path, settings()) as a:
        await a.account("Alice", 3_000)
        await a.raw(buying())
        body = buying() | {"command": "spending.queue_refund", "reason": "move_failed"}
        inboxes = [a.post(body) for _ in range(64)]
        await anyio.sleep(1)
        assert a.house.balance("Alice") == 3_000
        assert all(a.bus.answers[inbox]["data"]["refunded"] == 2_500 for inbox in inboxes)


async def test_a_replay_after_a_refund_says_so(tmp_path: Path) -> None:
    """The id stays used, whatever the item would cost now."""
    async with api(tmp_path, settings()) as a:
        await a.account("Alice", 3_000)
        await a.raw(buying())
        await refund(a)
        again = await a.raw(buying(duration_sec=9_000))
        assert again["data"]["idempotent_replay"] is True
        assert (again["data"]["refunded"], again["data"]["cost_z"]) == (True, 2_500)
        assert a.house.balance("Alice") == 3_000


async def test_an_id_belongs_to_who_was_charged(tmp_path: Path) -> None:
    """Another user neither spends nor is refunded under it (P-MON-9)."""
    async with api(tmp_path, settings()) as a:
        await a.account("Alice", 3_000)
        await a.account("Bob", 3_000)
        await a.raw(buying())
        answer = await a.raw(buying("bob"))
        assert (answer["success"], answer["error_code"]) == (False, "request_id_conflict")
        assert answer["data"]["error_code"] == "request_id_conflict"
        conflict = await refund(a, "bob")
        assert (conflict["success"], conflict["error_code"]) == (False, "request_id_conflict")
        assert (a.house.balance("Alice"), a.house.balance("Bob")) == (500, 3_000)
        unknown = await refund(a, request_id="never")
        assert unknown == {"success": False, "error": "unknown_request_id"}


async def test_a_late_refund_counts_on_the_day_of_the_spend(tmp_path: Path) -> None:
    """The next day's allowance stays as it is, and an old refund leaves a line in the log."""
    async with api(tmp_path, settings(max_queues_per_day=1)) as a:
        await a.account("Alice", 10_000)
        await a.raw(buying())
        await anyio.sleep(25 * HOUR_S)
        await a.raw(buying(request_id="today"))
        with capture_logs() as logs:
            assert (await refund(a))["success"] is True
        assert (await preview(a))["daily_remaining"] == 0
        assert "an old queue spend was refunded" in [each["event"] for each in logs]


# Who asked for it


async def test_a_spend_and_its_refund_are_written_down_with_them(tmp_path: Path) -> None:
    """A kill right after either leaves no movement of money without its row, and no second one."""
    async with api(tmp_path, settings()) as a:
        await a.account("Alice", 3_000)
        a.kill_before_the_log()
        await a.raw(buying())
        await a.raw(buying())
        await refund(a)
        assert [row.command for row in a.audit()] == ["spending.queue", "spending.queue_refund"]
        spent, refunded = a.house.report(lambda r: entries(r, CHANNEL, limit=9))[::-1]
        assert (spent.done, spent.origin, spent.about) == (1, "api", "alice")
        assert (spent.was, spent.became) == ({"balance": 3_000}, {"balance": 500})
        assert (refunded.was, refunded.became) == ({"balance": 500}, {"balance": 3_000})
        assert not spent.can_be_undone


async def test_a_refused_spend_is_no_act(tmp_path: Path) -> None:
    """It was tried, and the log says why it was not done."""
    async with api(tmp_path, settings()) as a:
        await a.account("Alice", 30)
        await a.raw(buying())
        (tried,) = a.house.report(lambda r: entries(r, CHANNEL, limit=9))
        assert (tried.done, tried.result.split(":")[0]) == (0, "insufficient_balance")


# In time


class SlowBooks(Actor[Commit]):
    """Books whose disk takes its time: what was begun is done to its end, whoever still waits."""

    batch_max: ClassVar[int] = 1

    def __init__(self, books: Ref[Any], takes_s: list[float]) -> None:
        self.books = books
        self.takes_s = takes_s

    async def receive(self, message: Commit) -> None:
        if self.takes_s:
            await anyio.sleep(self.takes_s.pop(0))
        self.books.tell(message)


def slow_down(a: Api, *takes_s: float) -> None:
    books = a.house.context.ledger
    a.house.context.ledger = spawn(a.house, "slow", lambda: SlowBooks(books, list(takes_s)))


async def test_what_is_committed_late_is_not_charged(tmp_path: Path) -> None:
    """The caller is told in time that nothing was charged, and so it is in the end."""
    async with api(tmp_path, settings(max_queues_per_day=1)) as a:
        await a.account("Alice", 3_000)
        slow_down(a, 6.0)
        began_s = anyio.current_time()
        answer = await a.raw(buying())
        assert anyio.current_time() - began_s < 4.2
        assert (answer["success"], answer["error_code"]) == (False, "unavailable")
        assert "Nothing was charged" in answer["error"]
        assert answer["data"] == {"success": False, "cost_z": 2_500, "error_code": "unavailable"}
        await anyio.sleep(5)
        assert [row.amount_z for row in a.rows("Alice")] == [3_000, -2_500, 2_500]
        acts = a.house.report(lambda r: entries(r, CHANNEL, limit=9))
        moved = [(each.was, each.became) for each in acts if each.done]
        assert moved == [
            ({"balance": 500}, {"balance": 3_000}),
            ({"balance": 3_000}, {"balance": 500}),
        ]
        shown = await preview(a)
        assert (a.house.balance("Alice"), shown["available"]) == (3_000, True)


async def test_what_still_waits_is_not_charged_at_all(tmp_path: Path) -> None:
    """A spend that never came to its turn leaves no row."""
    async with api(tmp_path, settings()) as a:
        await a.account("Alice", 3_000)
        await a.account("Bob", 3_000)
        slow_down(a, 9.0)
        a.post(buying("bob", "first"))
        await anyio.sleep(0.1)
        answer = await a.raw(buying())
        assert answer["error_code"] == "unavailable"
        await anyio.sleep(10)
        assert [row.amount_z for row in a.rows("Alice")] == [3_000]


async def test_what_was_under_way_is_asked_for_again(tmp_path: Path) -> None:
    """Slow but in time: the answer is the charge, made once."""
    async with api(tmp_path, settings()) as a:
        await a.account("Alice", 3_000)
        slow_down(a, 3.0)
        answer = await a.raw(buying())
        assert answer["success"] is True
        await anyio.sleep(5)
        assert [row.amount_z for row in a.rows("Alice")] == [3_000, -2_500]


async def test_a_second_delivery_in_trouble_leaves_the_first_one_charged(tmp_path: Path) -> None:
    """What was answered as charged stays so, though its repetition finds no answer in time."""
    async with api(tmp_path, settings()) as a:
        await a.account("Alice", 3_000)
        assert (await a.raw(buying()))["success"] is True
        slow_down(a, 6.0)
        assert (await a.raw(buying()))["success"] is False
        await anyio.sleep(6)
        assert a.house.balance("Alice") == 500


async def test_silent_reports_charge_nothing(tmp_path: Path) -> None:
    """Where not even the price can be worked out in time, the answer says that as well."""
    async with api(tmp_path, settings()) as a:
        await a.account("Alice", 3_000)
        a.house.context.reader = a.mute("reader")
        answer = await a.raw(buying())
        assert "Nothing was charged" in answer["error"]
        assert answer["data"] == {"success": False, "error_code": "unavailable"}
        assert a.house.balance("Alice") == 3_000
