"""Requests on the API subject, restart notices, and what goes out when nobody is there."""

import json
from collections.abc import AsyncIterator

import anyio
import nats
import pytest
from nats.aio.client import Client
from tests.integration.gateway.house import House, open_house, settings_for, until

from economy_actors.gateway.bus import COMMAND_SUBJECT, Bus
from economy_actors.messages.workers import ApiRequest
from economy_actors.outbox.protocol import SendFailed
from economy_sandbox.nats import NatsServer


@pytest.fixture
async def house(own_nats_server: NatsServer, channel: str) -> AsyncIterator[House]:
    """A gateway on a bus of its own, without any robot."""
    settings = settings_for(own_nats_server.url, channel)
    async with open_house(settings, admin_capacity=8) as house:
        await until(lambda: house.bus.connected)
        yield house


@pytest.fixture
async def caller(own_nats_server: NatsServer) -> AsyncIterator[Client]:
    """Another service."""
    connection = await nats.connect(own_nats_server.url)
    yield connection
    await connection.close()


async def test_request_and_answer(house: House, caller: Client) -> None:
    """A request reaches the API with its body as it came, and the answer its caller."""
    answer = await caller.request(COMMAND_SUBJECT, b'{"command": "x"}', timeout=30)
    assert json.loads(answer.data) == {"length": 16}
    assert house.requests[0].body == b'{"command": "x"}'


async def test_rubbish_and_requests_without_address(house: House, caller: Client) -> None:
    """Rubbish and requests that nobody waits for are handed on and harm nobody."""
    for body in (b"", b"\xff\xfe", b"[[[", b'{"command": 5}'):
        await caller.publish(COMMAND_SUBJECT, body)
    await caller.flush()
    await until(lambda: len(house.requests) == 4)
    assert house.requests[0] == ApiRequest(b"", "")
    answer = await caller.request(COMMAND_SUBJECT, b"7", timeout=30)
    assert json.loads(answer.data) == {"length": 1}


async def test_pulses_are_no_requests(house: House) -> None:
    """What the service sends itself is not taken for somebody's request."""
    await anyio.sleep(0.7)
    assert house.requests == []
    assert house.bus.connected


async def test_busy_api(house: House, caller: Client) -> None:
    """A caller for whom the API has no room is told so at once."""
    house.admin_free = anyio.Event()
    for _ in range(9):
        # One by one: the first must be in hand before the others fill the mailbox.
        await caller.publish(COMMAND_SUBJECT, b"{}", reply="nowhere")
        await anyio.sleep(0.02)
    answer = await caller.request(COMMAND_SUBJECT, b'{"command": "balance.get"}', timeout=30)
    assert json.loads(answer.data) == {
        "service": "economy",
        "command": "balance.get",
        "success": False,
        "error": "The economy is busy. Please try again in a moment.",
        "error_code": "unavailable",
    }
    for rubbish in (b"\xff", b"[" * 100_000, b'{"command": 5}'):
        answer = await caller.request(COMMAND_SUBJECT, rubbish, timeout=30)
        assert json.loads(answer.data)["command"] == ""
    assert json.loads(answer.data)["error_code"] == "unavailable"
    house.admin_free.set()


async def test_group_restart(house: House, caller: Client) -> None:
    """A notice to all services asks the process to stop, with the reason; rubbish does not."""
    for body in (b"rubbish", b"[]"):
        await caller.publish("kryten.lifecycle.group.restart", body)
    notice = {"initiator": "ops", "reason": "new version", "delay_seconds": 5}
    await caller.publish("kryten.lifecycle.group.restart", json.dumps(notice).encode())
    await until(lambda: house.stops)
    assert house.stops == ["group restart: new version"]


async def test_rubbish_about_robots(house: House, caller: Client, channel: str) -> None:
    """Notices that can't be read name no channel, and nothing breaks."""
    for kind in ("startup", "connected", "disconnected", "shutdown"):
        for body in (b"", b"[" * 100_000, b'{"channel": 5}', b'{"channel": "x", "domain": null}'):
            await caller.publish(f"kryten.lifecycle.robot.{kind}", body)
    answer = await caller.request(COMMAND_SUBJECT, b"7", timeout=30)
    assert json.loads(answer.data) == {"length": 1}


async def list_of(house: House, channel: str, *, confirmed: bool = False) -> object:
    """The user list that can be had of this channel."""
    found = await house.bus.look_for_robots({channel: confirmed})
    return dict(found.lists)[channel]


async def test_stored_list_without_a_robot(house: House, channel: str) -> None:
    """Without store, or without a robot that answers, there is no list."""
    assert await list_of(house, channel) is None
    client = house.bus._client
    assert client is not None
    await client.get_or_create_kv_bucket(f"kryten_{channel}_userlist")
    users = [{"name": "alice", "rank": 1}]
    await client.kv_put(f"kryten_{channel}_userlist", "users", users, as_json=True)
    assert await list_of(house, channel) is None
    assert house.channels[channel] == house.channels[channel][:1]


async def test_confirmed_list(house: House, channel: str) -> None:
    """A confirmed list is one of which a robot's own memory says the same."""
    client = house.bus._client
    assert client is not None
    told = ["alice"]

    async def robot(request: dict[str, object]) -> dict[str, object]:
        users = [{"name": name} for name in told]
        where = {"domain": "cytube.test", "channel": channel}
        return {"success": True, "data": {"userlist": users} | where}

    await client.subscribe_request_reply("kryten.robot.command", robot)
    await client.get_or_create_kv_bucket(f"kryten_{channel}_userlist")
    users = [{"name": "Alice", "rank": 1}]
    await client.kv_put(f"kryten_{channel}_userlist", "users", users, as_json=True)
    assert await list_of(house, channel, confirmed=True) == users
    told.append("bob")
    assert await list_of(house, channel, confirmed=True) is None
    assert await list_of(house, channel) == users


async def test_stopped_gateway_still_lets_others_send(
    own_nats_server: NatsServer, channel: str, caller: Client
) -> None:
    """After the gateway has stopped nothing comes in, and the outboxes can still send."""
    sent = await caller.subscribe("kryten.robot.command")
    async with open_house(settings_for(own_nats_server.url, channel)) as house:
        await until(lambda: house.bus.connected)
        await until(lambda: sent.pending_msgs > 0)
        assert house.system is not None
        await house.system.stop(2.0)
        await house.bus.pm(channel, "alice", "last words")
        with anyio.fail_after(30):
            while json.loads((await sent.next_msg()).data).get("command") != "pm":
                pass
        with pytest.raises(nats.errors.NoRespondersError):
            await caller.request(COMMAND_SUBJECT, b"{}", timeout=30)


async def test_nothing_is_sent_before_there_is_a_bus(channel: str) -> None:
    """Without a connection every send fails at once, and an answer without address is none."""
    bus = Bus(settings_for("nats://127.0.0.1:1", channel))
    for sending in (
        bus.pm(channel, "alice", "hi"),
        bus.chat(channel, "hi"),
        bus.reply("somewhere", {}),
        bus.announce(),
        bus.pulse(),
    ):
        with pytest.raises(SendFailed):
            await sending
    await bus.reply("", {})
    for confirmed in (False, True):
        found = await bus.look_for_robots({channel: confirmed})
        assert found == (frozenset(), ((channel, None),))
    assert not bus.is_open
    await bus.close()


async def test_answer_too_large_for_the_bus(house: House, caller: Client) -> None:
    """A caller hears that an answer is too large for NATS, instead of nothing."""
    inbox = caller.new_inbox()
    heard = await caller.subscribe(inbox)
    await caller.flush()
    answer = {"service": "economy", "command": "x", "success": True, "data": {"text": "x" * 2**21}}
    await house.bus.reply(inbox, answer)
    told = json.loads((await heard.next_msg(30)).data)
    assert (told["success"], told["error_code"]) == (False, "answer_too_large")
    rows = [{"id": number, "reason": "x" * 3000} for number in range(500)]
    await house.bus.reply(inbox, {**answer, "data": {"offset": 100, "rows": rows}})
    data = json.loads((await heard.next_msg(30)).data)["data"]
    assert data["truncated"]
    assert 300 < len(data["rows"]) < 500
    assert data["next_offset"] == 100 + len(data["rows"])
