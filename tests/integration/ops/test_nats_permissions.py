"""The example of NATS permissions, tried on a real nats-server.

Who is not chosen can't ask the economy; who is chosen gets an answer; and the economy itself can
do everything it needs, seen through kryten-py as the service uses it.
"""

import asyncio
import io
import json
import os
import re
import subprocess
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, redirect_stdout, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import nats
import nats.aio.client
import nats.errors
import pytest
from kryten import KrytenClient

from economy_sandbox.nats import NatsServer, find_nats_server
from economy_sandbox.robot import SimulatedRobot
from kryten_economy.cli import main

CONF = Path(__file__).parents[3] / "ops" / "nats-permissions.conf"
USERS = ("economy", "robot", "gateway", "operator", "userstats", "service", "sys")
WAIT_S = 30.0


@pytest.fixture
def anyio_backend() -> str:
    """nats-py runs on asyncio only."""
    return "asyncio"


@pytest.fixture(autouse=True)
def _passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    for user in USERS:
        monkeypatch.setenv(f"NATS_{user.upper()}_PASSWORD", f"pw{user}")


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[NatsServer]:
    """A server with the example, except for its address and store."""
    text = re.sub(r"^(host|port): .*$", "", CONF.read_text(), flags=re.MULTILINE)
    text = re.sub(r"store_dir: \S+", f'store_dir: "{tmp_path / "js"}"', text)
    async with NatsServer(config=text, jetstream=False) as running:
        yield running


@dataclass
class Client:
    """A connection and the permission errors it was told about."""

    connection: nats.aio.client.Client
    errors: list[str] = field(default_factory=list)

    async def refused(self) -> str:
        """The first permissions violation; flushing makes sure that the server has spoken."""
        async with asyncio.timeout(WAIT_S):
            while not self.errors:
                await self.connection.flush()
                await asyncio.sleep(0)
        return self.errors[0]


@asynccontextmanager
async def connected(server: NatsServer, user: str) -> AsyncIterator[Client]:
    """A nats-py connection as one of the users."""
    errors: list[str] = []

    async def note(error: Exception) -> None:
        errors.append(str(error).lower())

    connection = await nats.connect(server.url_for(user, f"pw{user}"), error_cb=note)
    try:
        yield Client(connection, errors)
    finally:
        await connection.close()


@asynccontextmanager
async def economy(server: NatsServer) -> AsyncIterator[KrytenClient]:
    """kryten-py as the service runs it, answering requests with pong."""
    client = KrytenClient(
        {
            "nats": {"servers": [server.url], "user": "economy", "password": "pweconomy"},
            "channels": [{"domain": "cytube.test", "channel": "testchan"}],
            "service": {"name": "economy", "version": "1"},
            "chat_min_delay": 0,
            "chat_jitter": 0,
        }
    )

    async def answer(request: dict[str, Any]) -> dict[str, Any]:
        return {"service": "economy", "command": request["command"], "success": True}

    await client.connect()
    try:
        await client.subscribe_request_reply("kryten.economy.command", answer)
        yield client
    finally:
        await client.disconnect()


def test_the_server_accepts_the_example() -> None:
    """nats-server -t finds no error in the file as it is shipped."""
    done = subprocess.run(
        [find_nats_server(), "-t", "-c", str(CONF)],
        check=False,
        capture_output=True,
        text=True,
        timeout=20,
        env=os.environ,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("user", ["gateway", "operator"])
async def test_a_chosen_client_gets_an_answer(server: NatsServer, user: str) -> None:
    """Gateway and operator UI may ask the economy."""
    async with economy(server), connected(server, user) as client:
        reply = await client.connection.request(
            "kryten.economy.command", b'{"command":"system.ping"}', timeout=WAIT_S
        )
        assert json.loads(reply.data) == {
            "service": "economy",
            "command": "system.ping",
            "success": True,
        }
        assert client.errors == []


@pytest.mark.parametrize("user", ["service", "userstats", "robot"])
async def test_an_unchosen_client_is_refused(server: NatsServer, user: str) -> None:
    """Nobody else may: the server says so, and the economy never sees the request."""
    async with AsyncExitStack() as stack:
        seen = await stack.enter_async_context(connected(server, "economy"))
        heard = await seen.connection.subscribe("kryten.economy.command")
        await seen.connection.flush()
        client = await stack.enter_async_context(connected(server, user))
        await client.connection.publish("kryten.economy.command", b'{"command":"balance.adjust"}')
        error = await client.refused()
        assert "permissions violation for publish" in error
        assert "kryten.economy.command" in error
        await seen.connection.flush()
        assert heard.pending_msgs == 0


@pytest.mark.parametrize("user", ["service", "gateway", "operator", "userstats", "robot"])
async def test_nobody_else_answers_for_the_economy(server: NatsServer, user: str) -> None:
    """A false economy could tell anybody anything; only the real one may listen."""
    async with connected(server, user) as client:
        await client.connection.subscribe("kryten.economy.command")
        assert "permissions violation for subscription" in await client.refused()


@pytest.mark.parametrize("user", ["service", "gateway", "operator", "userstats"])
async def test_only_the_robot_speaks_for_the_channel(server: NatsServer, user: str) -> None:
    """A forged chat or PM event would move the money of the user it names."""
    async with connected(server, user) as client:
        await client.connection.publish("kryten.events.cytube.testchan.pm", b"{}")
        assert "permissions violation for publish" in await client.refused()


async def test_without_a_password_nobody_comes_in(server: NatsServer) -> None:
    """There is no user for strangers."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        assert (await reader.readline()).startswith(b"INFO ")
        writer.write(b'CONNECT {"verbose":false}\r\nPING\r\n')
        assert await reader.readline() == b"-ERR 'Authorization Violation'\r\n"
    finally:
        writer.close()
        await writer.wait_closed()


async def test_the_economy_can_do_all_it_needs(server: NatsServer) -> None:
    """Events in, commands and requests out, KV read, lifecycle told: without one violation."""
    async with AsyncExitStack() as stack:
        robot = await stack.enter_async_context(connected(server, "robot"))
        bucket = await robot.connection.jetstream().create_key_value(
            bucket="kryten_testchan_userlist"
        )
        await bucket.put("users", b'[{"name":"alice","rank":1}]')
        lifecycle = await robot.connection.subscribe("kryten.lifecycle.*.startup")
        commands = await robot.connection.subscribe("kryten.robot.command")
        await robot.connection.flush()

        client = await stack.enter_async_context(economy(server))
        assert (await lifecycle.next_msg(WAIT_S)).subject == "kryten.lifecycle.economy.startup"

        arrived: asyncio.Queue[str] = asyncio.Queue()

        async def heard(event: Any) -> None:
            arrived.put_nowait(event.username)

        client.on("chatmsg")(heard)

        await robot.connection.publish(
            "kryten.events.cytube.testchan.chatmsg",
            json.dumps(
                {
                    "event_name": "chatMsg",
                    "payload": {"username": "alice", "msg": "hi", "meta": {}, "time": 1},
                    "channel": "testchan",
                    "domain": "cytube.test",
                    "timestamp": "2026-11-20T10:39:06+00:00",
                    "correlation_id": "c",
                }
            ).encode(),
        )
        assert await asyncio.wait_for(arrived.get(), WAIT_S) == "alice"

        await client.send_pm("testchan", "alice", "hello")
        assert json.loads((await commands.next_msg(WAIT_S)).data)["command"] == "pm"

        users = await client.kv_get("kryten_testchan_userlist", "users", parse_json=True)
        assert users == [{"name": "alice", "rank": 1}]
        assert await client.kv_keys("kryten_testchan_userlist") == ["users"]

        own = await client.get_or_create_kv_bucket("kryten_economy_wallets", max_value_size=1024)
        await own.put("testchan.alice", b'{"balance":5}')
        told = await client.kv_get("kryten_economy_wallets", "testchan.alice", parse_json=True)
        assert told == {"balance": 5}

        asked = asyncio.ensure_future(client.nats_request("kryten.robot.command", {"x": 1}))
        request = await commands.next_msg(WAIT_S)
        await robot.connection.publish(request.reply, b'{"success":true}')
        assert await asked == {"success": True}

        userstats = await stack.enter_async_context(connected(server, "userstats"))
        questions = await userstats.connection.subscribe("kryten.userstats.command")
        await userstats.connection.flush()
        asked = asyncio.ensure_future(client.nats_request("kryten.userstats.command", {"x": 1}))
        request = await questions.next_msg(WAIT_S)
        await userstats.connection.publish(request.reply, b'{"success":true}')
        assert await asked == {"success": True}

        assert robot.errors == userstats.errors == []
        assert client.health().errors == 0


async def test_the_economy_can_not_write_the_robots_state(server: NatsServer) -> None:
    """The KV buckets are the robot's: a wrong user list there would mislead every service."""
    async with connected(server, "robot") as robot, connected(server, "economy") as client:
        await robot.connection.jetstream().create_key_value(bucket="kryten_testchan_userlist")
        with suppress(nats.errors.Error):
            await client.connection.publish("$KV.kryten_testchan_userlist.users", b"[]")
        assert "permissions violation for publish" in await client.refused()


@pytest.mark.parametrize(("user", "missing"), [("economy", None), ("gateway", "subscribe to")])
async def test_the_doctor_under_these_permissions(
    server: NatsServer, tmp_path: Path, user: str, missing: str | None
) -> None:
    """The doctor may do all it does as the economy; as somebody else it says what is missing."""
    config = tmp_path / "config.yaml"
    settings = {
        "nats": {"servers": [server.url], "user": user, "password": f"pw{user}"},
        "channels": [{"domain": "cytube.test", "channel": "testchan"}],
        "database": {"path": str(tmp_path / "economy.db")},
    }
    config.write_text(json.dumps(settings))
    url = server.url_for("robot", "pwrobot")
    out = io.StringIO()
    async with SimulatedRobot(url, "cytube.test", "testchan"):
        with redirect_stdout(out):
            arguments = ["doctor", "--json", "--config", str(config)]
            code = await anyio.to_thread.run_sync(main, arguments)
    checks = {each["check"]: each for each in json.loads(out.getvalue())["checks"]}

    if missing is None:
        assert code == 0, checks
        assert checks["robot testchan"]["status"] == checks["nats"]["status"] == "PASS"
    else:
        assert code == 1
        assert f"{missing} kryten.economy.command" in checks["nats"]["found"]
