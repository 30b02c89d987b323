"""Recordings fed to the real kryten-py client."""

import time
from typing import Any

import pytest
from kryten import KrytenClient
from tests.integration.sandbox.conftest import MakeClient
from tests.integration.sandbox.recordings import BASIC, RESTART, lines
from tests.integration.sandbox.waiting import listen

from economy_sandbox.nats import NatsServer
from economy_sandbox.outbox import SandboxError
from economy_sandbox.replay import Progress, TimeShift, replay
from economy_sandbox.trace import Trace


@pytest.fixture
def channel() -> str:
    """The recorded channel."""
    return "testchan"


@pytest.fixture
async def listener(own_nats_server: NatsServer, make_client: MakeClient) -> KrytenClient:
    """A client on a bus of its own, since recordings have a fixed channel."""
    return await make_client(url=own_nats_server.url)


async def test_every_robot_event_comes_in_order(
    own_nats_server: NatsServer, listener: KrytenClient
) -> None:
    """As fast as possible, the recorded events all come, in the recorded order."""
    recorded = [
        line["data"]["correlation_id"]
        for line in lines(BASIC)
        if line["subject"].startswith("kryten.events.")
    ]
    names = {line["subject"].rsplit(".", 1)[-1] for line in lines(BASIC)}
    events = listen(listener, *names)
    report = await replay(own_nats_server.url, Trace.load(BASIC), None)
    got = [(await events.get()).correlation_id for _ in recorded]
    assert got == recorded
    assert report.events == len(recorded) + sum(
        line["subject"].startswith(("kryten.lifecycle.robot", "kryten.lifecycle.userstats"))
        for line in lines(BASIC)
    )


async def test_state_is_the_recorded_one(
    own_nats_server: NatsServer, listener: KrytenClient
) -> None:
    """KV holds the last values, and live queries are answered from them."""
    trace = Trace.load(BASIC)
    until_joined = Trace([line for line in trace.lines if line.at_s < 18])
    report = await replay(own_nats_server.url, until_joined, None)
    users = await listener.kv_get("kryten_testchan_userlist", "users", parse_json=True)
    assert [user["name"] for user in users][-4:] == ["carol", "Dave_99", "eve", "frank"]
    assert await listener.get_state_channel_css("testchan") == "#chatheader { color: #fff }"
    assert report.kv_values > 10


async def test_live_requests_are_answered_while_replaying(
    own_nats_server: NatsServer, listener: KrytenClient
) -> None:
    """The service gets state, echoes of its PMs, and an honest no to a queue request."""
    answers: list[Any] = []
    pms = listen(listener, "pm")

    async def ask(event: Any) -> None:
        if event.username == "Dave_99":
            answers.append(await listener.get_user("testchan", "boss"))
            answers.append(await listener.add_media("testchan", "cm", "m1"))
            await listener.send_pm("testchan", "Dave_99", "a *live* reply")

    listener.on("adduser")(ask)
    trace = Trace.load(BASIC)
    until_joined = Trace([line for line in trace.lines if line.at_s < 17])
    report = await replay(own_nats_server.url, until_joined, None, settle_s=0.3)
    echo = await pms.get()
    assert (echo.username, echo.message) == ("ZCoinBot", "a <strong>live</strong> reply")
    assert answers[0]["rank"] == 5
    assert answers[1]["data"]["success"] is False
    assert [command.name for command in report.commands] == ["addvideo", "pm"]


async def test_times_are_moved_to_now(own_nats_server: NatsServer, listener: KrytenClient) -> None:
    """Old chat keeps its age; what was fresh when recorded is fresh now."""
    events = listen(listener, "chatmsg")
    began_s = time.time()
    await replay(own_nats_server.url, Trace.load(RESTART), None)
    count = sum(line["subject"].endswith(".chatmsg") for line in lines(RESTART))
    chat = [await events.get() for _ in range(count)]
    fresh = [e for e in chat if e.message in {"one", "welcome back"}]
    assert all(abs(e.timestamp.timestamp() - began_s) < 5 for e in fresh)
    assert [e.message for e in fresh] == ["one", "one", "welcome back", "one", "welcome back"]
    assert len({e.timestamp for e in fresh}) == 2


async def test_times_can_be_kept(own_nats_server: NatsServer, listener: KrytenClient) -> None:
    """On request nothing is moved."""
    events = listen(listener, "chatmsg")
    await replay(own_nats_server.url, Trace.load(RESTART), None, keep_times=True)
    first = await events.get()
    assert first.timestamp.isoformat().startswith("2026-11-20T10:44:07")


async def test_speed_is_kept_and_progress_told(own_nats_server: NatsServer) -> None:
    """At 100 times the speed, ten seconds take a tenth of one; each line is reported."""
    trace = Trace([line for line in Trace.load(RESTART).lines if line.at_s < 11.3])
    told: list[Progress] = []
    began_s = time.monotonic()
    await replay(own_nats_server.url, trace, 100, told.append)
    assert time.monotonic() - began_s > 0.07
    assert [progress.lines for progress in told] == list(range(1, len(trace.lines) + 1))
    assert told[-1].at_s == told[-1].duration_s == trace.duration_s


async def test_no_bus_is_a_clear_error(own_nats_server: NatsServer) -> None:
    """Without a server the replay says where it looked."""
    await own_nats_server.stop()
    with pytest.raises(SandboxError, match=own_nats_server.url):
        await replay(own_nats_server.url, Trace.load(RESTART), None)


def test_shift_keeps_order_and_age() -> None:
    """Times after the beginning run at the replay's speed, times before keep their distance."""
    shift = TimeShift(began_s=1000.0, now_s=5000.0, speed=10.0)
    assert shift.moved_s(1020.0) == 5002.0
    assert shift.moved_s(990.0) == 4990.0
    assert shift.moved_s(1000.0) == 5000.0
