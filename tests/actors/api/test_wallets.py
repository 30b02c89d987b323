"""``wallet.*``: another service charges a user, from its request to balances, messages and logs."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from tests.actors.api.helpers import Api, api
from tests.actors.house import CHANNEL, START_MS, house, settings_with

from economy_actors.handlers.reading import Understood, understand
from economy_actors.handlers.registry import REQUESTS, ApiCall
from economy_actors.outbox.message import Pm
from kryten_economy.features.bans import Ban
from kryten_economy.features.wallets.queries import usage_of
from kryten_economy.ledger.records import SetReadOnly
from kryten_economy.users import UserKey

BOB = UserKey.of(CHANNEL, "bob")
WALLETS: dict[str, Any] = {
    "enabled": True,
    "user_daily_cap": 500,
    "service_daily_cap": 300,
    "max_ttl_seconds": 600,
    "services": [{"name": "chatbot"}, {"name": "bingo", "daily_cap": 400, "total_daily_cap": 450}],
}


def with_wallets(**changes: Any) -> Any:
    """Settings with wallets on; nobody is given anything at first sight."""
    return settings_with(onboarding={"welcome_wallet": 0}, wallets=WALLETS | changes)


@asynccontextmanager
async def shop(path: Path, **changes: Any) -> AsyncIterator[Api]:
    """Bob is here and has 1,000 Z."""
    async with api(path, with_wallets(**changes)) as it:
        await it.account("Bob", 1_000)
        await it.house.join("Bob")
        await it.house.join("Guest", rank=0)
        it.house.heard.clear()
        yield it


async def reserve(it: Api, budget: int, request_id: str = "r-1", **more: Any) -> dict[str, Any]:
    """A reservation of the chatbot that must be granted."""
    fields = {"username": "bob", "service": "chatbot", "budget": budget} | more
    return await it.data("wallet.reserve", request_id=request_id, **fields)


async def test_a_service_charges_what_it_did_cost(tmp_path: Path) -> None:
    """Reserve, finalize: the rest is back, the user told, the usage logged, all audited."""
    async with shop(tmp_path) as it:
        granted = await reserve(it, 200, reason="an answer", admin="chatbot")
        assert granted == {
            "username": "Bob",
            "channel": CHANNEL,
            "service": "chatbot",
            "reservation_id": "wallet:api:r-1",
            "budget": 200,
            "reserved": 200,
            "balance": 800,
            "left_today": 100,
            "expires_at": "2026-11-20T10:05:00+00:00",
        }
        charged = await it.data(
            "wallet.finalize",
            service="chatbot",
            reservation_id=granted["reservation_id"],
            cost="75",
            units_in=900,
            units_out=120,
            request_id="f-1",
        )
        assert charged == {
            "username": "Bob",
            "channel": CHANNEL,
            "service": "chatbot",
            "reservation_id": "wallet:api:r-1",
            "cost": 75,
            "reserved": 200,
            "charged": 75,
            "returned": 125,
            "capped": None,
            "balance": 925,
            "spent_today": 75,
            "left_today": 225,
        }
        assert it.house.balance("bob") == 925
        (used,) = it.house.report(lambda r: usage_of(r, BOB))
        assert (used.amount_z, used.units_in, used.units_out, used.adds_up) == (75, 900, 120, True)
        assert [row.command for row in it.audit()] == ["wallet.reserve", "wallet.finalize"]
        (notice,) = [m for m in it.house.heard if isinstance(m, Pm)]
        assert notice.text == "💸 chatbot charged you 75 Z for an answer. Your balance: 925 Z."
        assert (notice.merge, notice.mutable) == (True, True)


async def test_a_quiet_user_is_not_told(tmp_path: Path) -> None:
    """The charge stands in their history, which says what it was for."""
    async with shop(tmp_path) as it:
        await it.house.pm("Bob", "quiet")
        granted = await reserve(it, 200, reason="an answer")
        before = len(it.house.pms("bob"))
        await it.data(
            "wallet.finalize",
            service="chatbot",
            reservation_id=granted["reservation_id"],
            cost=75,
            request_id="f-1",
        )
        assert len(it.house.pms("bob")) == before
        (history,) = await it.house.pm("Bob", "history")
        assert "-200 Z | chatbot: an answer" in history
        assert "+125 Z | chatbot: charged 75 of 200, the rest is back" in history
        number = history.rpartition("-200 Z")[0].rpartition("#")[2].split()[0]
        (why,) = await it.house.pm("Bob", f"why {number}")
        _, words = why.splitlines()
        assert words.startswith("Set aside for another service, which gives back")
        assert words.endswith("chatbot: an answer (spend.wallet.chatbot)")


async def test_what_is_left_and_what_is_set_aside(tmp_path: Path) -> None:
    """``wallet.get`` tells balance, reserved, spent today by service, caps and what is left."""
    async with shop(tmp_path) as it:
        await it.account("Eve", 300)
        granted = await reserve(it, 100)
        await it.data(
            "wallet.finalize",
            service="chatbot",
            reservation_id=granted["reservation_id"],
            cost=40,
            request_id="f",
        )
        await reserve(it, 150, "r-2", service="bingo")
        await reserve(it, 250, "r-3", service="Bingo", username="eve")
        plain = await it.data("wallet.get", username="BOB")
        assert plain == {
            "found": True,
            "username": "Bob",
            "channel": CHANNEL,
            "balance": 810,
            "available": 310,
            "frozen": False,
            "reserved": 150,
            "day": "2026-11-20",
            "spent_today": {"chatbot": 40},
            "spent_today_total": 40,
            "banned": False,
            "reserved_by_service": {"bingo": 150},
            "user_daily_cap": 500,
            "left_today": 310,
        }
        for_bingo = await it.data("wallet.get", username="bob", service="bingo")
        caps = ("user_daily_cap", "daily_cap", "total_daily_cap", "left_today", "available")
        assert [for_bingo[each] for each in caps] == [500, 400, 450, 50, 50]
        nobody = await it.data("wallet.get", username="zoe")
        assert nobody == {"found": False, "username": "zoe", "channel": CHANNEL}
        other = await it.data("wallet.get", username="bob", service="dice")
        assert (other["allowed"], other["available"]) == (False, 0)


async def test_a_frozen_user_has_nothing_to_reserve(tmp_path: Path) -> None:
    """They keep their balance, and services see beforehand that none of it is theirs to take."""
    async with shop(tmp_path) as it:
        await it.house.join("Boss", rank=5)
        before = await it.data("wallet.get", username="bob", service="bingo")
        await it.house.pm("Boss", "freeze @bob 10m")
        for fields in ({}, {"service": "bingo"}):
            got = await it.data("wallet.get", username="bob", **fields)
            assert (got["available"], got["frozen"], got["banned"]) == (0, True, False)
            assert got["balance"] == before["balance"] > 0
        asked = {"username": "bob", "service": "bingo", "request_id": "frozen"}
        assert (await it.refused("wallet.reserve", budget=1, **asked))[0] == "banned"
        await it.house.pm("Boss", "resume @bob")
        assert await it.data("wallet.get", username="bob", service="bingo") == before


async def test_all_or_what_there_is(tmp_path: Path) -> None:
    """Without ``partial`` too much is refused with its numbers; with it the rest is granted."""
    async with shop(tmp_path) as it:
        ask = {"username": "bob", "service": "chatbot", "budget": 400, "request_id": "r"}
        code, text = await it.refused("wallet.reserve", **ask)
        assert code == "daily_limit_reached"
        assert all(each in text for each in ("400 Z", "300 Z", "chatbot"))
        assert it.house.balance("bob") == 1_000
        partly = await it.data("wallet.reserve", **ask, partial=True)
        assert (partly["budget"], partly["reserved"], partly["left_today"]) == (400, 300, 0)
        await it.account("Poor", 5)
        ask |= {"username": "poor", "budget": 6, "request_id": "p"}
        code, text = await it.refused("wallet.reserve", **ask)
        assert (code, "Poor" in text or "poor" in text, "5 Z" in text) == (
            "insufficient_balance",
            True,
            True,
        )


async def test_a_release_is_done_once_without_an_id(tmp_path: Path) -> None:
    """All is back; doing it again answers the same; then nothing can be charged."""
    async with shop(tmp_path) as it:
        mine = {
            "service": "chatbot",
            "reservation_id": (await reserve(it, 100))["reservation_id"],
        }
        first = await it.data("wallet.release", **mine)
        assert (first["returned"], first["balance"]) == (100, 1_000)
        assert await it.data("wallet.release", **mine) == first | {"idempotent_replay": True}
        late = {**mine, "cost": 5, "request_id": "f"}
        assert (await it.refused("wallet.finalize", **late))[0] == "conflict"
        assert it.house.balance("bob") == 1_000


async def test_64_equal_requests_reserve_and_charge_once(tmp_path: Path) -> None:
    """One hold, one charge, one notice; another content under the id is a conflict."""
    async with shop(tmp_path) as it:
        body = {"channel": CHANNEL, "service": "chatbot"}
        ask = {"command": "wallet.reserve", "username": "bob", "budget": 64, "request_id": "r"}
        answers = await _at_once(it, [body | ask] * 64)
        assert {each["data"]["reservation_id"] for each in answers} == {"wallet:api:r"}
        assert [each["data"].get("idempotent_replay") for each in answers].count(None) == 1
        assert it.house.balance("bob") == 936
        pay = {"command": "wallet.finalize", "reservation_id": "wallet:api:r", "cost": 10}
        answers = await _at_once(it, [body | pay | {"request_id": "f"}] * 64)
        assert {each["data"]["charged"] for each in answers} == {10}
        assert it.house.balance("bob") == 990
        assert len(it.house.pms("bob")) == 1
        for other in (ask | {"budget": 65}, ask | {"ttl_seconds": 9}, pay | {"request_id": "r"}):
            answer = await it.raw(body | other)
            assert answer["error_code"] == "request_id_conflict"
        assert it.house.balance("bob") == 990


async def test_64_reservations_at_once_never_exceed_the_cap(tmp_path: Path) -> None:
    """Those that fit are granted, and when all are charged the cap is not exceeded."""
    async with shop(tmp_path) as it:
        body = {"channel": CHANNEL, "service": "chatbot", "username": "bob"}
        ask = body | {"command": "wallet.reserve", "budget": 7}
        answers = await _at_once(it, [ask | {"request_id": f"r-{n}"} for n in range(64)])
        granted = [each["data"] for each in answers if each["success"]]
        assert len(granted) == 300 // 7
        refused = {each["error_code"] for each in answers if not each["success"]}
        assert refused == {"daily_limit_reached"}
        pay = body | {"command": "wallet.finalize", "cost": 1_000}
        ids = [each["reservation_id"] for each in granted]
        await _at_once(it, [pay | {"reservation_id": n, "request_id": f"f-{n}"} for n in ids])
        got = await it.data("wallet.get", username="bob", service="chatbot")
        assert (got["spent_today"], got["reserved"]) == ({"chatbot": 294}, 0)
        assert got["left_today"] == 6


async def _at_once(it: Api, bodies: list[dict[str, Any]]) -> list[dict[str, Any]]:
    inboxes = [it.post(body) for body in bodies]
    with anyio.fail_after(20):
        while any(inbox not in it.bus.answers for inbox in inboxes):  # noqa: ASYNC110  # from outside
            await anyio.sleep(0.001)
    await it.house.settle()
    return [it.bus.answers[inbox] for inbox in inboxes]


async def test_a_service_settles_only_what_is_its_own(tmp_path: Path) -> None:
    """Another's reservation is not found, whatever is asked of it."""
    async with shop(tmp_path) as it:
        theirs = {"service": "bingo", "reservation_id": (await reserve(it, 100))["reservation_id"]}
        for command, more in (
            ("wallet.finalize", {"cost": 5, "request_id": "f"}),
            ("wallet.release", {}),
        ):
            assert (await it.refused(command, **theirs, **more))[0] == "not_found"
        assert it.house.balance("bob") == 900


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"username": "zoe"}, "not_found"),
        ({"username": "no name!"}, "not_found"),
        ({"username": "banned"}, "banned"),
        ({"username": "robby"}, "ignored_user"),
        ({"service": "dice"}, "rejected"),
        ({"service": None}, "invalid_request"),
        ({"service": "chat.bot"}, "invalid_request"),
        ({"service": "x" * 33}, "invalid_request"),
        ({"service": 5}, "invalid_request"),
        ({"request_id": None}, "invalid_request"),
        ({"request_id": ""}, "invalid_request"),
        ({"budget": 0}, "invalid_request"),
        ({"budget": -5}, "invalid_request"),
        ({"budget": 1.5}, "invalid_request"),
        ({"budget": True}, "invalid_request"),
        ({"partial": "yes"}, "invalid_request"),
        ({"ttl_seconds": "soon"}, "invalid_request"),
    ],
)
async def test_what_is_not_reserved(tmp_path: Path, change: dict[str, Any], code: str) -> None:
    """Each gets its code and a sentence, and no money moves."""
    async with api(tmp_path, with_wallets().model_copy(update={"ignored_users": ("robby",)})) as it:
        for name in ("Bob", "Banned", "Robby"):
            await it.account(name, 100)
        await it.house.commit(Ban(UserKey.of(CHANNEL, "banned"), "Banned", "Boss", "", START_MS))
        ask = {"username": "bob", "service": "chatbot", "budget": 10, "request_id": "r"} | change
        found, text = await it.refused("wallet.reserve", **ask)
        assert (found, bool(text)) == (code, True)
        assert [it.house.balance(name) for name in ("bob", "banned", "robby")] == [100] * 3


async def test_a_guest_has_no_money_to_be_taken(tmp_path: Path) -> None:
    """Anyone can take a guest's name, so it has no account and is not found."""
    async with shop(tmp_path) as it:
        ask = {"username": "guest", "service": "chatbot", "budget": 1, "request_id": "r"}
        assert (await it.refused("wallet.reserve", **ask))[0] == "not_found"


async def test_switched_off_and_closed(tmp_path: Path) -> None:
    """Nothing new is reserved; what was reserved can still be settled."""
    async with shop(tmp_path) as it:
        granted = await reserve(it, 100)
        it.house.context.live.swap(with_wallets(enabled=False, services=[]))
        ask = {"username": "bob", "service": "chatbot", "budget": 10, "request_id": "r-2"}
        assert (await it.refused("wallet.reserve", **ask))[0] == "disabled"
        assert (await it.refused("wallet.get", username="bob"))[0] == "disabled"
        mine = {"service": "chatbot", "reservation_id": granted["reservation_id"]}
        charged = await it.data("wallet.finalize", **mine, cost=30, request_id="f")
        assert charged["charged"] == 30
        it.house.context.live.swap(with_wallets())
        await it.house.commit(SetReadOnly(CHANNEL, "being looked at", it.house.now_ms))
        assert (await it.refused("wallet.reserve", **ask))[0] == "unavailable"


async def test_services_that_are_not_listed_may_be_allowed(tmp_path: Path) -> None:
    """They have the common caps."""
    async with shop(tmp_path, allow_unknown_services=True) as it:
        assert (await reserve(it, 10, service="Dice"))["left_today"] == 290


async def test_the_time_of_a_reservation_is_bounded(tmp_path: Path) -> None:
    """Five minutes unless asked otherwise, and never longer than the configuration allows."""
    async with shop(tmp_path) as it:
        longest = await reserve(it, 10, ttl_seconds=86_400)
        assert longest["expires_at"] == "2026-11-20T10:10:00+00:00"
        short = await reserve(it, 10, "r-2", ttl_seconds=2)
        assert short["expires_at"] == "2026-11-20T10:00:02+00:00"


async def test_an_orphan_comes_back_by_the_clock(tmp_path: Path) -> None:
    """After its time the money is the user's again, who is told; the audit log has a line."""
    settings = with_wallets()
    async with house(tmp_path / "economy.db", settings, scheduled=True) as h:
        await h.join("Bob")
        await h.join("Boss", rank=5)
        await h.pm("Boss", "grant Bob 100")
        body = {
            "command": "wallet.reserve",
            "channel": CHANNEL,
            "username": "bob",
            "service": "chatbot",
            "budget": 100,
            "request_id": "r",
        }
        found = understand(body, h.context.channel_named)
        assert isinstance(found, Understood)
        spec = REQUESTS.find("wallet.reserve")
        assert spec is not None
        await spec.handler(ApiCall.of(h.context, CHANNEL, found.values, spec.fields))
        before = h.balance("bob")
        await anyio.sleep(400)
        assert h.balance("bob") >= before + 100
        (told,) = [text for text in h.pms("bob") if "chatbot" in text]
        assert told.startswith("100 Z that chatbot had set aside are yours again")
        lines = [row for row in h.report(lambda r: r.audit()) if row.command == "wallet.expire"]
        assert [json.loads(row.arguments)["amount"] for row in lines] == [100]


async def test_over_midnight_of_the_channels_zone(tmp_path: Path) -> None:
    """What is finalized after midnight in Berlin counts on the new day, with its own allowance."""
    before_ms = START_MS + (12 * 60 + 58) * 60_000
    settings = settings_with(
        onboarding={"welcome_wallet": 0}, wallets=WALLETS, timezone="Europe/Berlin"
    )
    async with api(tmp_path, settings) as it:
        await it.account("Bob", 1_000)
        it.house.context.clock.set_by(before_ms - it.house.now_ms)  # type: ignore[attr-defined]
        spent = await reserve(it, 250, "r-1")
        await _pay(it, spent["reservation_id"], 250)
        late = await reserve(it, 50, "r-2")
        await anyio.sleep(180)
        charged = await _pay(it, late["reservation_id"], 50)
        assert (charged["charged"], charged["spent_today"], charged["left_today"]) == (50, 50, 250)
        got = await it.data("wallet.get", username="bob")
        assert (got["day"], got["spent_today"]) == ("2026-11-21", {"chatbot": 50})


async def _pay(it: Api, reservation_id: str, cost: int) -> dict[str, Any]:
    what = {"service": "chatbot", "reservation_id": reservation_id, "cost": cost}
    return await it.data("wallet.finalize", **what, request_id=f"f-{reservation_id}")
