"""The whole of a moved channel: callers get of it what the old service answered them last.

Only where 0.13.0 can be installed from PyPI. Everything else is real as well: the import, the
service on the settings of old, the bus.
"""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.integration.migration.asked import CHANNEL, CHARGED, GIVEN_BACK, PEOPLE, READS, TWICE
from tests.integration.migration.differences import (
    DIFFERENCES,
    OPENING,
    Difference,
    compared,
    guide_line,
)
from tests.integration.migration.published import Published, published
from tests.integration.service.house import SUBJECT, House, open_house
from tests.unit.migration.old import run_import

from economy_sandbox.nats import NatsServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

_GUIDE = Path(__file__).parents[3] / "docs" / "migration.md"
_NEW = "0b8a1f6e-94a7-4f6c-8a55-2f2b6a0f7c11"
_ALL = 500
_SUMS = (
    "balance",
    "lifetime_earned",
    "lifetime_spent",
    "lifetime_gambled_in",
    "lifetime_gambled_out",
)
_OURS = ("nats", "channels", "database", "metrics")
"""Sections of the old file that are where this service runs, not how."""


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Published:
    return published(tmp_path_factory)


@pytest.fixture
async def moved(
    tmp_path: Path, own_nats_server: NatsServer, old: Published
) -> AsyncIterator[House]:
    """The channel at the moment at which the old service was asked, with nobody in it yet."""
    settings = {key: value for key, value in old.settings.items() if key not in _OURS}
    async with open_house(
        tmp_path, own_nats_server.url, CHANNEL, people=(), start=False, **settings
    ) as house:
        assert run_import(house.config, old.database, "--yes") == 0
        house.clock.move_to(old.asked_at_ms)
        await house.start()
        yield house


async def _answer(house: House, request: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = await house.client.nats_request(SUBJECT, request, timeout=20)
    return answer


def test_the_guide_has_each_difference_that_is_meant() -> None:
    """Operators and callers read of them in the words by which they are tested."""
    guide = _GUIDE.read_text(encoding="utf-8")
    told = guide.partition("## What differs\n")[2].partition("\n## ")[0]
    lines = [line for line in told.splitlines() if line.startswith("|")]
    assert lines[2:] == [guide_line(each) for each in DIFFERENCES]


async def test_whoever_asks_is_answered_as_before(moved: House, old: Published) -> None:
    """Field by field the same, or a difference that the guide tells of."""
    used: set[Difference] = set()
    surprises = []
    asked = list(zip(READS, old.answers, strict=True))
    # There everybody was in the channel; here that comes last, since it changes who was last seen.
    asked.sort(key=lambda each: each[0]["command"] == "system.health")
    for request, before in asked:
        if _is_of_two(request) or _is_page(request):
            continue
        if request["command"] == "system.health":
            await moved.robot.join_many(PEOPLE, rank=1)
            await moved.present(*PEOPLE)
        after = await _answer(moved, request)
        surprises += [
            (request["command"], request.get("username"), *each)
            for each in compared(request, before, after, used)
        ]
    assert not surprises
    assert not [each.words for each in DIFFERENCES if each not in used]


def _is_of_two(request: dict[str, Any]) -> bool:
    return str(request.get("username", "")).lower() in map(str.lower, TWICE)


def _is_page(request: dict[str, Any]) -> bool:
    return request["command"] == "transactions.list" and int(request["limit"]) < _ALL


async def test_pages_are_parts_of_the_whole_history(moved: House) -> None:
    """Whoever scrolls through their movements finds each of them once."""
    for request in filter(_is_page, READS):
        limit, offset = request["limit"], request["offset"]
        page = (await _answer(moved, request))["data"]
        whole = (await _answer(moved, {**request, "limit": _ALL, "offset": 0}))["data"]
        assert (page["limit"], page["offset"]) == (limit, offset)
        assert page["transactions"] == whole["transactions"][offset : offset + limit]


async def test_two_accounts_of_one_name_are_one(moved: House, old: Published) -> None:
    """Whichever spelling is asked for, there is the money and the history of both."""
    before: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for request, answer in zip(READS, old.answers, strict=True):
        if _is_of_two(request) and not _is_page(request) and answer["success"]:
            key = request["username"].lower(), request["command"]
            before.setdefault(key, []).append(answer["data"])
    for name, other in TWICE.items():
        for spelling in (name, other):
            about = {"username": spelling}
            detail = (await moved.data("user.detail", **about))["account"]
            accounts = [each["account"] for each in before[name.lower(), "user.detail"]]
            assert len(accounts) == len({name, other})
            for field in _SUMS:
                assert detail[field] == sum(each[field] for each in accounts)
            assert detail["username"] == name
            assert (await moved.data("balance.get", **about))["balance"] == detail["balance"]
            told = (await moved.data("transactions.list", **about, limit=_ALL))["transactions"]
            lists = [each["transactions"] for each in before[name.lower(), "transactions.list"]]
            rows = sorted((row for each in lists for row in each), key=_id, reverse=True)
            assert [_movement(row) for row in told if row["trigger_id"] != OPENING] == [
                _movement(row) for row in rows
            ]


def _id(row: dict[str, Any]) -> int:
    number: int = row["id"]
    return number


def _movement(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[key] for key in ("amount", "type", "trigger_id", "reason", "created_at"))


async def test_a_film_is_paid_for_and_given_back(moved: House) -> None:
    """Preview, spend, the same request again and the refund, as the web queue sends them."""
    film = {"username": "Fritz", "duration_sec": 600, "tier": "queue"}
    had_z = (await moved.data("balance.get", username="Fritz"))["balance"]
    offer = await moved.data("spending.queue_preview", **film)
    cost_z = offer["cost_z"]
    spent = await moved.data("spending.queue", **film, request_id=_NEW)
    assert spent == {
        "success": True,
        "cost_z": cost_z,
        "tier": "queue",
        "tier_label": offer["tier_label"],
        "new_balance": had_z - cost_z,
        "request_id": _NEW,
    }
    again = await moved.data("spending.queue", **film, request_id=_NEW)
    assert again == {
        "success": True,
        "cost_z": cost_z,
        "tier": "queue",
        "request_id": _NEW,
        "idempotent_replay": True,
        "refunded": False,
    }
    [row] = (await moved.data("transactions.list", username="Fritz", limit=1))["transactions"]
    assert (row["amount"], row["type"], row["trigger_id"]) == (
        -cost_z,
        "spend",
        f"spend.queue.{_NEW}",
    )
    back = await _refund(moved, "Fritz", _NEW)
    assert back == {
        "success": True,
        "refunded": cost_z,
        "new_balance": had_z,
        "request_id": _NEW,
    }
    assert moved.balance("Fritz") == had_z
    moved.balanced()


async def _refund(house: House, name: str, request_id: str) -> dict[str, Any]:
    return await house.data(
        "spending.queue_refund", username=name, request_id=request_id, reason="add_failed"
    )


async def test_what_the_old_service_charged_is_given_back_once(moved: House) -> None:
    """An id of before is known: charged again never, given back once, and the film with it."""
    film = {"username": "Gina", "duration_sec": 600, "tier": "queue"}
    had_z = (await moved.data("balance.get", username="Gina"))["balance"]
    waiting = await moved.data("spending.queue_preview", **film)
    assert waiting["error_code"] == "cooldown_active"
    again = await moved.data("spending.queue", **film, request_id=CHARGED)
    assert (again["success"], again["idempotent_replay"], again["tier"]) == (True, True, "queue")
    assert moved.balance("Gina") == had_z
    back = await _refund(moved, "Gina", CHARGED)
    assert back == {
        "success": True,
        "refunded": again["cost_z"],
        "new_balance": had_z + again["cost_z"],
        "request_id": CHARGED,
    }
    twice = await _refund(moved, "Gina", CHARGED)
    assert twice == {
        "success": True,
        "refunded": again["cost_z"],
        "request_id": CHARGED,
        "idempotent_replay": True,
    }
    assert moved.balance("Gina") == back["new_balance"]
    after = await moved.data("spending.queue_preview", **film)
    assert (after["available"], after["daily_remaining"]) == (True, waiting["daily_remaining"] + 1)
    moved.balanced()


async def test_what_the_old_service_gave_back_is_not_given_again(moved: House) -> None:
    """The id is known with both that it was charged and that it was given back."""
    had_z = (await moved.data("balance.get", username="dora-4"))["balance"]
    film = {"username": "dora-4", "duration_sec": 600, "tier": "queue"}
    again = await moved.data("spending.queue", **film, request_id=GIVEN_BACK)
    assert (again["idempotent_replay"], again["refunded"]) == (True, True)
    assert await _refund(moved, "dora-4", GIVEN_BACK) == {
        "success": True,
        "refunded": again["cost_z"],
        "request_id": GIVEN_BACK,
        "idempotent_replay": True,
    }
    assert moved.balance("dora-4") == had_z
    moved.balanced()


async def test_a_greeting_is_bought(moved: House) -> None:
    """For what the summary says it costs this user, and the summary has it from then on."""
    before = await moved.data("account.summary", username="Bob_2")
    cost_z = before["vanity_final_costs"]["custom_greeting"]
    bought = await moved.data("vanity.set_greeting", username="Bob_2", value="Welcome back")
    assert bought == {
        "username": "Bob_2",
        "channel": CHANNEL,
        "item_type": "custom_greeting",
        "value": "Welcome back",
        "charged": cost_z,
        "discount": before["spend_discount_percent"] / 100,
        "new_balance": before["balance"] - cost_z,
    }
    after = await moved.data("account.summary", username="Bob_2")
    assert after["balance"] == before["balance"] - cost_z == moved.balance("Bob_2")
    assert after["vanity"]["custom_greeting"] == "Welcome back"
    [row] = (await moved.data("transactions.list", username="Bob_2", limit=1))["transactions"]
    assert (row["trigger_id"], row["amount"]) == ("spend.vanity.custom_greeting", -cost_z)
    moved.balanced()


@pytest.mark.parametrize("amount", [250, -40])
async def test_an_operator_adjusts(moved: House, amount: int) -> None:
    """Up and down; what was earned in a lifetime only grows."""
    before = await moved.data("balance.get", username="CARL")
    done = await moved.data("balance.adjust", username="CARL", amount=amount, reason="Thanks")
    balance_z = before["balance"] + amount
    assert done.pop("undo_id") > 0
    assert done == {
        "username": "CARL",
        "channel": CHANNEL,
        "amount": amount,
        "balance": balance_z,
    }
    assert moved.balance("CARL") == balance_z
    [row] = (await moved.data("transactions.list", username="CARL", limit=1))["transactions"]
    assert (row["amount"], row["type"], row["trigger_id"], row["reason"]) == (
        amount,
        "admin_adjust",
        "admin.adjust",
        "Thanks",
    )
    moved.balanced()
