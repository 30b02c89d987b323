"""The request-reply API over NATS, as another service sees it (`admin-api.md`)."""

import asyncio
import json
import re
from typing import Any

import anyio
import pytest
from tests.integration.service.house import SUBJECT, House, OpenHouse, until

from kryten_economy import __version__

NO_AMOUNTS: tuple[object, ...] = (
    0, "0", 1.5, "1e9", "NaN", "１０", True, None, "", [], {}, 10**30, "9" * 20, "-", "5; --",
)  # fmt: skip


async def raw(house: House, body: bytes) -> dict[str, Any]:
    """The answer to a body that need not be a request."""
    reply = await house.client._nats.request(SUBJECT, body, timeout=30)
    answer: dict[str, Any] = json.loads(reply.data)
    return answer


class TestReading:
    """Commands that only read."""

    async def test_ping(self, house: House) -> None:
        """`system.ping` tells that somebody listens, in the envelope of every answer."""
        assert await house.api("system.ping") == {
            "service": "economy",
            "command": "system.ping",
            "success": True,
            "data": {"pong": True, "version": __version__},
        }

    async def test_about(self, house: House) -> None:
        """`system.about` tells version and uptime."""
        data = await house.data("system.about")

        assert data["version"] == __version__
        assert data["uptime_seconds"] >= 0
        assert re.fullmatch(r"\d+h \d+m \d+s", data["uptime_human"])

    async def test_health(self, house: House) -> None:
        """`system.health` comes from a real query and names the users present."""
        data = await house.data("system.health")

        assert data["status"] == "healthy"
        assert data["database"] == "connected"
        assert data["active_sessions"] == 4

    async def test_balance_get(self, house: House) -> None:
        """Balances by name in any casing; asking creates nobody."""
        assert await house.data("balance.get", username="alice") == {"found": False}
        await house.give("alice", 40)

        data = await house.data("balance.get", username="@ALICE", channel=house.channel.upper())

        assert data["found"]
        assert (data["username"], data["channel"]) == ("alice", house.channel)
        assert (data["balance"], data["lifetime_earned"]) == (40, 40)
        assert data["rank_name"]
        assert house.balance("Bob") is None

    async def test_balance_search(self, house: House) -> None:
        """Literal substrings, the richest first, limits respected."""
        await house.give("alice", 40)
        await house.give("Bob", 50)
        await house.give("Dr_Z_oid", 60)

        everybody = await house.data("balance.search")
        underscore = await house.data("balance.search", pattern="_z")
        richest = await house.data("balance.search", limit="1")

        names = [row["username"] for row in everybody["results"]]
        assert names == ["Dr_Z_oid", "Bob", "alice"]
        assert everybody["count"] == 3
        assert [row["username"] for row in underscore["results"]] == ["Dr_Z_oid"]
        assert [row["balance"] for row in richest["results"]] == [60]
        assert (await house.data("balance.search", pattern="%"))["count"] == 0

    async def test_transactions(self, house: House) -> None:
        """Lists of movements, newest first, in the form that existing clients parse."""
        for reason in ("one", "two", "three"):
            await house.data("balance.adjust", username="alice", amount=5, reason=reason)
        await house.give("Bob", 1)

        data = await house.data("transactions.list", username="Alice", limit=2, offset=1)
        recent = await house.data("transactions.recent", limit=3)

        assert (data["username"], data["limit"], data["offset"]) == ("alice", 2, 1)
        assert [row["reason"] for row in data["transactions"]] == ["two", "one"]
        row = data["transactions"][0]
        assert {
            "id", "username", "channel", "amount", "type", "reason", "trigger_id",
            "related_user", "metadata", "created_at",
        } == set(row)  # fmt: skip
        assert row["created_at"] == "2026-03-04 12:00:10"
        assert [row["username"] for row in recent["transactions"]] == ["Bob", "alice", "alice"]

    async def test_stats_float(self, house: House) -> None:
        """The money there is, and in how many accounts."""
        await house.give("alice", 40)
        await house.give("Bob", 2)

        data = await house.data("stats.float")

        assert data == {"channel": house.channel, "float": 42, "accounts": 2}


class TestChanging:
    """Commands that change something."""

    async def test_adjust(self, house: House) -> None:
        """Money is given or taken by the sign; user and audit log hear of it."""
        given = await house.data(
            "balance.adjust", username="alice", amount="50", reason="prize", admin="ops"
        )
        taken = await house.data("balance.adjust", username="alice", amount=-20)

        assert given.pop("undo_id") < taken["undo_id"]
        assert given == {
            "username": "alice", "channel": house.channel, "amount": 50, "balance": 50
        }  # fmt: skip
        assert (taken["amount"], taken["balance"]) == (-20, 30)
        assert "50 Z: prize." in await house.robot.wait_pm("alice", "gave you")
        assert "deducted 20 Z" in await house.robot.wait_pm("alice", "deducted")
        await house.row("SELECT 1 FROM audit_log WHERE arguments LIKE '%-20%'")
        admins = house.rows("SELECT admin, command FROM audit_log")
        assert admins == [("ops", "balance.adjust"), ("system", "balance.adjust")]

    async def test_adjust_refused(self, house: House) -> None:
        """Too much, nobody, an ignored user, no amount: a code, a text, and nothing moves."""
        await house.give("alice", 10)

        assert await house.code("balance.adjust", username="alice", amount=-11) == (
            "insufficient_balance"
        )
        assert await house.code("balance.adjust", username="nobody", amount=-5) == "not_found"
        assert await house.code("balance.adjust", username="ZCoinBot", amount=5) == "ignored_user"
        for amount in NO_AMOUNTS:
            code = await house.code("balance.adjust", username="alice", amount=amount)
            assert code == "invalid_request", amount
        assert house.accounts() == {"alice": 10}

    async def test_set(self, house: House) -> None:
        """`balance.set` needs an amount and no account; the difference is one row."""
        assert (await house.data("balance.set", username="Winner", amount=5))["delta"] == 5
        await house.give("alice", 10)
        assert await house.code("balance.set", username="alice") == "invalid_request"
        assert await house.code("balance.set", username="alice", amount=-1) == "invalid_request"

        data = await house.data("balance.set", username="alice", amount=3)

        assert (data["old_balance"], data["new_balance"], data["delta"]) == (10, 3, -7)
        assert house.balance("alice") == 3

    async def test_ban(self, house: House) -> None:
        """Ban and unban answer whether anything changed, and the user is told."""
        first = await house.data("user.ban", username="ALICE", reason="rude", admin="ops")
        again = await house.data("user.ban", username="alice", reason="other")
        assert (first["banned"], first["new_ban"], first["reason"]) == (True, True, "rude")
        assert (again["new_ban"], again["reason"]) == (False, "rude")
        assert "rude" in await house.robot.wait_pm("alice", "suspended")
        assert "suspended" in await house.ask("alice", "balance")

        lifted = await house.data("user.unban", username="alice")
        nothing = await house.data("user.unban", username="alice")

        assert (lifted["banned"], lifted["was_banned"]) == (False, True)
        assert nothing["was_banned"] is False

    async def test_announce(self, house: House) -> None:
        """The text is said in public as it is; an empty one is refused."""
        data = await house.data("announce", message="Movie night *tonight*!")

        assert data == {"channel": house.channel, "sent": True}
        assert await house.robot.wait_chat() == "Movie night *tonight*!"
        assert await house.code("announce", message=" \n ") == "invalid_request"
        assert await house.code("announce") == "invalid_request"


class TestOnce:
    """Money once per request id."""

    async def test_a_repetition_answers_the_same(self, house: House) -> None:
        """The same id again moves nothing and says so."""
        first = await house.data("balance.adjust", username="alice", amount=5, request_id="a-1")
        again = await house.data("balance.adjust", username="alice", amount=5, request_id="a-1")

        assert again == first | {"idempotent_replay": True}
        assert house.balance("alice") == 5

    async def test_twenty_at_once(self, house: House) -> None:
        """The same id twenty times at once pays once, and all twenty succeed."""
        answers = await asyncio.gather(
            *(
                house.api("balance.adjust", username="alice", amount=5, request_id="b-1")
                for _ in range(20)
            )
        )

        assert all(answer["success"] for answer in answers)
        assert sum("idempotent_replay" not in answer["data"] for answer in answers) == 1
        assert house.balance("alice") == 5
        await house.settled()
        assert len([text for text in house.robot.pms_to("alice") if "gave you" in text]) == 1

    async def test_an_id_belongs_to_its_content(self, house: House) -> None:
        """The same id for another amount or user is a conflict."""
        await house.data("balance.adjust", username="alice", amount=5, request_id="c-1")

        assert (
            await house.code("balance.adjust", username="alice", amount=6, request_id="c-1")
            == "request_id_conflict"
        )
        assert (
            await house.code("balance.adjust", username="Bob", amount=5, request_id="c-1")
            == "request_id_conflict"
        )
        assert house.accounts() == {"alice": 5}

    async def test_an_id_outlives_the_service(self, house: House) -> None:
        """After a restart the id is still spent."""
        await house.data("balance.adjust", username="alice", amount=5, request_id="d-1")
        await house.restart()

        again = await house.data("balance.adjust", username="alice", amount=5, request_id="d-1")

        assert again["idempotent_replay"] is True
        assert house.balance("alice") == 5

    async def test_a_refused_id_stays_free(self, house: House) -> None:
        """What was refused may be asked again under the same id."""
        await house.give("alice", 1)
        fields = {"username": "alice", "amount": -5, "request_id": "e-1"}
        assert await house.code("balance.adjust", **fields) == "insufficient_balance"
        await house.give("alice", 4)

        assert (await house.data("balance.adjust", **fields))["balance"] == 0

    async def test_sixty_four_debits_at_once(self, house: House) -> None:
        """With 300 Z exactly 30 of 64 concurrent debits of 10 Z succeed."""
        await house.give("alice", 300)

        answers = await asyncio.gather(
            *(house.api("balance.adjust", username="alice", amount=-10) for _ in range(64))
        )

        done = [answer for answer in answers if answer["success"]]
        refused = {answer["error_code"] for answer in answers if not answer["success"]}
        assert len(done) == 30
        assert refused == {"insufficient_balance"}
        assert sorted(answer["data"]["balance"] for answer in done) == [*range(0, 300, 10)]
        assert house.balance("alice") == 0
        house.balanced()


class TestEdge:
    """Rubbish, strangers and silence."""

    @pytest.mark.parametrize(
        "body",
        [
            b"", b"rubbish", b"[]", b"null", b"5", b"\xff\xfe", b'{"command": 5}', b"{}",
            b"[" * 100_000, b'{"command": ""}', b'{"command":"system.ping"', b'"system.ping"',
        ],
        ids=range(12),
    )  # fmt: skip
    async def test_rubbish_bodies(self, house: House, body: bytes) -> None:
        """Whatever comes is answered with an envelope and `invalid_request`."""
        answer = await raw(house, body)

        assert answer["service"] == "economy"
        assert answer["success"] is False
        assert answer["error_code"] == "invalid_request"
        assert "Traceback" not in answer["error"]
        assert (await house.data("system.ping"))["pong"]

    async def test_unknown_command(self, house: House) -> None:
        """The text names the command; a hostile name is shown shortened."""
        answer = await house.api("no.such.command")
        assert answer["error_code"] == "unknown_command"
        assert "no.such.command" in answer["error"]

        answer = await house.api("x" * 5000)
        assert answer["error_code"] == "unknown_command"
        assert len(answer["error"]) < 200

    async def test_unknown_channel(self, house: House) -> None:
        """A channel that is not configured, or none."""
        assert await house.code("balance.get", channel="nowhere", username="alice") == (
            "unknown_channel"
        )
        assert await house.code("stats.float", channel=None) == "invalid_request"
        assert await house.code("stats.float", channel=5) == "invalid_request"

    @pytest.mark.parametrize("name", [None, "", 5, "a b", "'; --", "x" * 21, ["alice"], "[server]"])
    async def test_bad_user_names(self, house: House, name: Any) -> None:
        """What can't be a user name is refused."""
        code = "not_found" if isinstance(name, str) and name else "invalid_request"
        assert await house.code("balance.get", username=name) == code
        assert await house.code("balance.adjust", username=name, amount=5) == code
        assert not house.accounts()

    async def test_without_reply_address(self, house: House) -> None:
        """A command sent without a reply subject is carried out all the same."""
        body = {"command": "balance.adjust", "channel": house.channel, "username": "alice"}
        await house.client.publish(SUBJECT, {**body, "amount": 7})
        await house.client.publish(SUBJECT, {"command": "no.such"})
        await house.client.publish(SUBJECT, b"rubbish")

        await until(lambda: house.balance("alice") == 7)
        assert (await house.data("system.ping"))["pong"]
        assert house.metric("economy_errors_total", component="admin") == 0

    async def test_by_the_library(self, house: House) -> None:
        """`economy_request` of kryten-py is all a caller needs."""
        answer = await house.client.economy_request(
            house.channel, "balance.adjust", {"username": "Bob", "amount": 3}
        )

        assert answer["data"]["balance"] == 3

    async def test_limits_of_lists(self, house: House) -> None:
        """Limits outside the range are refused or clamped, never taken as they are."""
        for limit in (0, -1, 501, "many", 1.5):
            answer = await house.api("transactions.recent", limit=limit)
            assert not answer["success"] or 1 <= answer["data"]["limit"] <= 500, limit

    async def test_many_at_once(self, house: House) -> None:
        """Three hundred requests at once are all answered, each with its own answer."""
        await house.give("alice", 1)
        with anyio.fail_after(30):
            answers = await asyncio.gather(
                *(house.data("balance.search", pattern=f"x{number}") for number in range(300))
            )

        assert [answer["pattern"] for answer in answers] == [f"x{n}" for n in range(300)]

    async def test_the_bus_of_a_service_with_two_channels(
        self, make_house: OpenHouse, channel: str
    ) -> None:
        """Balances are per channel."""
        other = f"{channel}-b"
        places = [{"domain": "cytube.test", "channel": name} for name in (channel, other)]
        house = await make_house(channels=places)
        await house.give("alice", 5)

        assert (await house.data("balance.get", username="alice"))["balance"] == 5
        assert (await house.data("balance.get", username="alice", channel=other))["found"] is False
        assert await house.code("balance.adjust", username="alice", amount=-5, channel=other) == (
            "not_found"
        )
