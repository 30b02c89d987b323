"""What comes from strangers and what breaks inside: the caller is answered all the same."""

import json
import sys
from pathlib import Path

import anyio
import pytest
from tests.actors.api.helpers import Api, Refuser, api, spawn
from tests.actors.house import CHANNEL

from economy_actors import logs
from economy_actors.api import ANSWER_TIMEOUT_S, WAITING_MAX, WORKERS
from economy_actors.messages.ledger import Defect, OutcomeUnknown
from economy_actors.messages.workers import ApiRequest

RUBBISH = [
    b"",
    b"rubbish",
    b"\xff\x00",
    b"[]",
    b"null",
    b"{}",
    b'{"command": 5}',
    b'{"command": null, "channel": "TestChan"}',
    b'{"command": "balance.get", "channel": 5, "username": "a"}',
    b'{"command": "balance.get", "channel": "TestChan", "username": ["a"]}',
    b'{"command": "balance.adjust", "channel": "TestChan", "username": "a", "amount": 1e9}',
    b'{"command": "balance.adjust", "channel": "TestChan", "username": "a", "amount": NaN}',
    b'{"command": "announce", "channel": "TestChan", "message": {"a": 1}}',
    b"[" * 100_000,
]


async def test_rubbish_is_answered_and_stops_nothing(tmp_path: Path) -> None:
    """Whatever comes gets ``invalid_request``, and the next request is served."""
    async with api(tmp_path) as it:
        for body in RUBBISH:
            answer = await it.raw(body)
            assert answer["service"] == "economy"
            assert answer["success"] is False
            assert answer["error_code"] == "invalid_request", body
            assert answer["error"]
        assert (await it.data("system.ping"))["pong"] is True
        assert it.house.wallet("a") is None


async def test_unknown_commands_are_named_and_counted_together(tmp_path: Path) -> None:
    """Label values come from a fixed set, whatever callers invent."""
    async with api(tmp_path) as it:
        code, text = await it.refused("rank.get")
        assert (code, text) == ("unknown_command", "Unknown command: rank.get")
        assert it.counted("unknown", "refused") == 1
        await it.data("system.ping")
        await it.refused("balance.get")
        assert it.counted("system.ping", "ok") == 1
        assert it.counted("balance.get", "refused") == 1


async def test_a_slow_request_delays_no_other(tmp_path: Path) -> None:
    """While reports hang, money and pings are served at once; the slow one is answered in time."""
    async with api(tmp_path) as it:
        await it.account("Alice", 5)
        reader, it.house.context.reader = it.house.context.reader, it.mute("reader")
        began_s = anyio.current_time()
        body = {"command": "balance.get", "channel": CHANNEL, "username": "alice"}
        slow = [it.post(body) for _ in range(WORKERS - 1)]
        await it.data("system.ping")
        await it.data("balance.adjust", username="alice", amount=5)
        assert anyio.current_time() - began_s < 0.5
        await anyio.sleep(ANSWER_TIMEOUT_S)
        for inbox in slow:
            assert it.bus.answers[inbox]["error_code"] == "unavailable"
            assert it.bus.at_s[inbox] - began_s < 5
        it.house.context.reader = reader
        assert (await it.data("balance.get", username="alice"))["balance"] == 10


async def test_with_every_desk_held_up_all_are_answered_in_time(tmp_path: Path) -> None:
    """Far more slow requests than workers: each has an answer before its caller gives up."""
    async with api(tmp_path) as it:
        it.house.context.reader = it.mute("reader")
        began_s = anyio.current_time()
        body = {"command": "stats.float", "channel": CHANNEL}
        inboxes = [it.post(body) for _ in range(WORKERS * 5)]
        await anyio.sleep(5)
        assert all(it.bus.at_s[inbox] - began_s < 5 for inbox in inboxes)
        assert {it.bus.answers[inbox]["error_code"] for inbox in inboxes} == {"unavailable"}


async def test_money_that_waited_too_long_is_not_moved(tmp_path: Path) -> None:
    """An expired request is not executed; its caller has long gone."""
    async with api(tmp_path) as it:
        await it.account("Alice", 5)
        it.house.context.reader = it.mute("reader")
        for _ in range(WORKERS):
            it.post({"command": "stats.float", "channel": CHANNEL})
        code, text = await it.refused("balance.adjust", username="alice", amount=5)
        assert code == "unavailable"
        assert "did nothing" in text
        assert it.house.balance("alice") == 5


async def test_more_than_can_wait_is_turned_away_at_once(tmp_path: Path) -> None:
    """Nothing grows without bounds, and who is turned away knows it."""
    async with api(tmp_path) as it:
        it.house.context.reader = it.mute("reader")
        inboxes: list[str] = []
        for _ in range(3):
            body = {"command": "stats.float", "channel": CHANNEL}
            inboxes += [it.post(body) for _ in range(WAITING_MAX // 2)]
            await it.house.settle()
        turned = [it.bus.answers[inbox] for inbox in inboxes if inbox in it.bus.answers]
        assert len(turned) == len(inboxes) - WAITING_MAX - WORKERS
        assert {answer["error_code"] for answer in turned} == {"unavailable"}
        await anyio.sleep(5)
        assert len(it.bus.answers) == len(inboxes)


async def test_an_unknown_outcome_is_called_unknown(tmp_path: Path) -> None:
    """Neither success nor failure is claimed, and the way to find out is told."""
    async with api(tmp_path) as it:
        fault = OutcomeUnknown("disk I/O error at /var/lib/economy.db")
        it.house.context.ledger = spawn(it.house, "broken", lambda: Refuser(fault, []))
        code, text = await it.refused("balance.adjust", username="alice", amount=5)
        assert code == "unavailable"
        assert "not known" in text
        assert "request_id" in text
        assert "/var" not in text
        assert it.counted("balance.adjust", "error") == 1


async def test_silent_books_are_answered_for_in_time(tmp_path: Path) -> None:
    """No answer from the books within 4 s: the outcome is unknown."""
    async with api(tmp_path) as it:
        it.house.context.ledger = it.mute("ledger")
        began_s = anyio.current_time()
        code, text = await it.refused("balance.set", username="alice", amount=5)
        assert (code, "not known" in text) == ("unavailable", True)
        assert ANSWER_TIMEOUT_S <= anyio.current_time() - began_s < 4.5


@pytest.mark.parametrize("command", ["balance.get", "balance.adjust"])
async def test_the_text_of_an_exception_never_goes_out(tmp_path: Path, command: str) -> None:
    """P-OPS-12: callers read ``internal``, operators read the log; the driver goes on."""
    async with api(tmp_path) as it:
        fault = Defect("sqlite3.OperationalError: no such table at /srv/x.py")
        it.house.context.ledger = it.house.context.reader = spawn(
            it.house, "broken", lambda: Refuser(fault, [])
        )
        code, text = await it.refused(command, username="alice", amount=5)
        assert code == "internal"
        assert not any(word in text for word in ("sqlite", "/srv", "table", "Error"))
        assert it.counted(command, "error") == 1
        assert (await it.data("system.ping"))["pong"] is True


async def test_a_defect_in_a_handler_is_internal(tmp_path: Path) -> None:
    """Any exception at all ends in an envelope, and is counted as an error of this part."""
    async with api(tmp_path) as it:
        it.house.context.live.calendar = None  # type: ignore[assignment]  # breaks every handler
        code, text = await it.refused("balance.get", username="alice")
        assert (code, "NoneType" in text) == ("internal", False)
        code, text = await it.refused("balance.set", username="alice", amount=1)
        assert (code, "not known" in text) == ("internal", True)
        registry = it.house.context.metrics.registry
        assert registry.get_sample_value("economy_errors_total", {"component": "admin"}) == 2


async def _tell(it: Api, body: bytes) -> None:
    it.ref.tell(ApiRequest(body, ""))
    await it.house.settle()


async def test_without_reply_address_changes_are_made_and_reading_is_dropped(
    tmp_path: Path,
) -> None:
    """A published change counts; nobody is there to read an answer."""
    async with api(tmp_path) as it:
        await it.account("Alice", 5)
        head = b'{"channel": "TestChan", "username": "alice", "command": '
        await _tell(it, head + b'"balance.adjust", "amount": 5, "request_id": "q"}')
        await _tell(it, head + b'"balance.adjust", "amount": 5, "request_id": "q"}')
        await _tell(it, head + b'"balance.adjust", "amount": "x"}')
        await _tell(it, head + b'"balance.get"}')
        await _tell(it, b"rubbish")
        assert it.house.balance("alice") == 10
        assert it.bus.answers == {}
        assert len(it.audit()) == 3
        assert it.counted("balance.get", "ok") == 0


@pytest.mark.parametrize("broken", [OSError("no bus"), ValueError("max payload"), TimeoutError()])
async def test_a_broken_bus_stops_no_desk(tmp_path: Path, broken: Exception) -> None:
    """An answer that can't be sent is lost; the money is where it belongs and work goes on."""
    async with api(tmp_path) as it:
        await it.account("Alice", 5)
        it.bus.broken = broken
        body = {"command": "balance.adjust", "channel": CHANNEL, "username": "alice", "amount": 1}
        for _ in range(WORKERS + 1):
            it.post(body)
        await it.house.settle()
        it.bus.broken = None
        assert (await it.data("balance.get", username="alice"))["balance"] == 5 + WORKERS + 1


async def test_two_hundred_requests_at_once(tmp_path: Path) -> None:
    """Every caller gets an own answer, and the books have every coin."""
    async with api(tmp_path) as it:
        await it.account("Alice", 5)
        body = {"command": "balance.adjust", "channel": CHANNEL, "username": "alice", "amount": 1}
        inboxes = [it.post(body) for _ in range(200)]
        await anyio.sleep(1)
        balances = sorted(it.bus.answers[inbox]["data"]["balance"] for inbox in inboxes)
        assert balances == list(range(6, 206))
        assert len(it.audit()) == 200


async def test_waiting_requests_are_answered_before_the_end(tmp_path: Path) -> None:
    """A stop lets what was accepted come to its end."""
    async with api(tmp_path) as it:
        inbox = it.post({"command": "system.ping"})
        await it.house.system.stop(9)
        assert it.bus.answers[inbox]["success"] is True


async def test_requests_without_address_are_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A thousand requests that want no answer are one line of the log, not a thousand."""
    logs.configure("INFO", sys.stdout, as_json=True)
    async with api(tmp_path) as it:
        body = json.dumps({"command": "system.ping"}).encode()
        for _ in range(500):
            it.ref.tell(ApiRequest(body, ""))
        await it.data("system.ping")
    told = [line for line in capsys.readouterr().out.splitlines() if "without reply" in line]
    assert len(told) == 1
