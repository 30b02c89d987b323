"""The bus is away at the start, goes away, comes back; and a stop is quick in any case."""

import io
import json
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import anyio
import pytest
import structlog.testing
from anyio.abc import SocketAttribute
from tests.integration.gateway.house import House, open_house, settings_for, until

from economy_actors import logs
from economy_actors.channel.messages import Listed, RobotPresence, Said
from economy_actors.gateway.actor import PULSE_S
from economy_actors.gateway.intake import Intake
from economy_actors.outbox.protocol import RobotBack, RobotGone, SendFailed
from economy_sandbox.nats import NatsServer
from economy_sandbox.robot import SimulatedRobot

DEADLINE_S = 40.0
"""What a stop may take; one that waits for something in vain takes all of it."""


@asynccontextmanager
async def live(server: NatsServer, channel: str) -> AsyncIterator[tuple[House, SimulatedRobot]]:
    """A robot with alice, and a gateway that knows both."""
    quick = {"retries_s": (0.1, 0.2, 0.4), "reconnect_wait_s": 0.05}
    async with SimulatedRobot(server.url, channel=channel, **quick) as robot:  # type: ignore[arg-type]  # mixed
        await robot.join("alice")
        async with open_house(settings_for(server.url, channel)) as house:
            await until(lambda: house.told(channel, Listed))
            yield house, robot


def works(house: House) -> bool:
    """Whether the bus counts as working; the metric must say the same."""
    connected = house.bus.connected
    assert house.sample("economy_nats_connected") == connected
    return connected


@pytest.mark.slow
async def test_outage_and_return(own_nats_server: NatsServer, channel: str) -> None:
    """After 3 s without NATS all works again: robots, list, announcement, events, requests."""
    async with live(own_nats_server, channel) as (house, robot):
        await own_nats_server.stop()
        await until(lambda: house.sent(channel, RobotGone)[1:])
        assert not works(house)
        with pytest.raises(SendFailed):
            await house.bus.pm(channel, "alice", "into the void")
        await anyio.sleep(3)
        house.channels[channel].clear()
        await own_nats_server.start()
        await until(lambda: house.told(channel, Listed), within_s=30)
        assert works(house)
        assert house.told(channel, RobotPresence)[-1] == RobotPresence(here=True)
        assert house.outboxes[channel][-1] == RobotBack()
        assert [user.name for user in house.told(channel, Listed)[0].users] == ["alice"]
        await robot.chat("alice", "all well?")
        await until(lambda: house.told(channel, Said))
        await house.bus.pm(channel, "alice", "all well")
        await robot.wait_pm("alice", "all well")
        assert any("economy" in each for each in robot._registry.versions())


@pytest.mark.slow
async def test_an_outage_is_few_lines(own_nats_server: NatsServer, channel: str) -> None:
    """Nine seconds without NATS: one line of ours, one of the library's, and no error.

    The log is read as an operator sees it, of all loggers. The pulse is the service's own: one of
    a fraction of a second would miss answers on a busy machine, each time with a line that is due.
    """
    log = io.StringIO()
    settings = settings_for(own_nats_server.url, channel)
    async with open_house(settings, pulse_s=PULSE_S) as house:
        await until(lambda: works(house))
        logs.configure("WARNING", log, as_json=True)
        began_s = time.monotonic()
        await own_nats_server.stop()
        await until(lambda: not works(house))
        await anyio.sleep(9)
        await own_nats_server.start()
        await until(lambda: works(house))
        took_s = time.monotonic() - began_s
        # What a stop leaves undone is told as well, but is no matter of the outage.
        lines = [json.loads(line[3:]) for line in log.getvalue().splitlines()]
    told = Counter(line["event"] for line in lines)
    assert told["the bus is away"] == 1, told
    # After the first line the library's troubles are told again after 15 s, then 45 s later.
    assert told["no connection to NATS"] == (1 if took_s < 15 else 2), told
    assert told.total() == told["the bus is away"] + told["no connection to NATS"], told
    assert {line["level"] for line in lines} == {"warning"}


async def test_who_was_held_up_does_not_blame_the_bus(
    own_nats_server: NatsServer, channel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pulse whose answer we could not hear, since our own process stood still, is no outage."""
    async with open_house(settings_for(own_nats_server.url, channel), pulse_s=0.5) as house:
        await until(lambda: works(house))
        sound, held_up = house.bus.pulse, anyio.Event()

        async def pulse() -> None:
            await sound()
            if not held_up.is_set():
                held_up.set()
                time.sleep(1.0)  # noqa: ASYNC251  # this is what is tested

        with structlog.testing.capture_logs() as logged:
            monkeypatch.setattr(house.bus, "pulse", pulse)
            await held_up.wait()
            await anyio.sleep(0.2)
        assert [line["event"] for line in logged if line["log_level"] == "warning"] == []
        assert works(house)


async def test_nats_that_never_came_is_told_once(channel: str) -> None:
    """A service that can't reach NATS says so at its first try, and not at each of the next."""
    with structlog.testing.capture_logs() as logged:
        async with open_house(settings_for("nats://127.0.0.1:1", channel)):
            await anyio.sleep(6)
    assert len([line for line in logged if line["event"].startswith("NATS is away")]) == 1


@pytest.mark.slow
async def test_pulse_alone_notices(
    own_nats_server: NatsServer, channel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a word from the library, the pulse notices an outage and its end."""
    monkeypatch.setattr(Intake, "link", lambda *_: None)
    async with open_house(settings_for(own_nats_server.url, channel)) as house:
        await until(lambda: works(house))
        await own_nats_server.stop()
        await until(lambda: not works(house))
        await own_nats_server.start()
        await until(lambda: works(house))
        assert house.bus.is_open


@pytest.mark.slow
async def test_nats_comes_after_the_service(tmp_path: Path, channel: str) -> None:
    """A service that starts before NATS waits, says so, and works once NATS is there."""
    async with NatsServer(store_dir=tmp_path / "nats") as server:
        await server.stop()
        async with open_house(settings_for(server.url, channel)) as house:
            await anyio.sleep(2)
            assert not works(house)
            assert house.sent(channel, RobotBack) == []
            await server.start()
            await until(lambda: house.bus.connected, within_s=30)
            async with SimulatedRobot(server.url, channel=channel) as robot:
                await robot.join("alice")
                await robot.chat("alice", "hello")
                await until(lambda: house.told(channel, Said))


async def test_stop_while_nats_never_came(channel: str) -> None:
    """A stop in the middle of connecting is quick."""
    async with open_house(settings_for("nats://127.0.0.1:1", channel)) as house:
        await anyio.sleep(0.3)
        began_s = time.monotonic()
        assert house.system is not None
        await house.system.stop(DEADLINE_S)
        await house.bus.close()
        assert time.monotonic() - began_s < DEADLINE_S / 2


async def test_stop_in_an_outage(own_nats_server: NatsServer, channel: str) -> None:
    """A stop while NATS is away does not wait for it."""
    async with open_house(settings_for(own_nats_server.url, channel)) as house:
        await until(lambda: house.bus.connected)
        await own_nats_server.stop()
        await until(lambda: not house.bus.connected)
        began_s = time.monotonic()
        assert house.system is not None
        await house.system.stop(DEADLINE_S)
        await house.bus.close()
        assert time.monotonic() - began_s < DEADLINE_S / 2


async def test_stop_while_a_server_keeps_silent(channel: str) -> None:
    """A server that accepts and says nothing holds up neither the start nor the stop."""
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = listener.extra(SocketAttribute.local_port)  # noqa: S610  # anyio's, not Django's
    async with listener, open_house(settings_for(f"nats://127.0.0.1:{port}", channel)) as house:
        await anyio.sleep(0.3)
        assert not house.bus.connected
        began_s = time.monotonic()
        assert house.system is not None
        await house.system.stop(DEADLINE_S)
        assert time.monotonic() - began_s < DEADLINE_S / 2


async def test_server_refuses_our_own_subject(tmp_path: Path, channel: str) -> None:
    """Where the pulse may not be published the bus does not count as connected."""
    config = """
    authorization {
      users: [{ user: u, password: p, permissions: {
        publish: { deny: ["kryten.economy.command"] } } }]
    }
    """
    server = NatsServer(store_dir=tmp_path / "nats", config=config)
    async with server, AsyncExitStack() as stack:
        settings = settings_for(server.url_for("u", "p"), channel)
        house = await stack.enter_async_context(open_house(settings))
        await until(lambda: house.bus.is_open)
        await anyio.sleep(0.5)
        assert not works(house)


@pytest.mark.slow
async def test_connection_closed_for_good(own_nats_server: NatsServer, channel: str) -> None:
    """Where the library may give up reconnecting, the gateway opens a new connection."""
    nats = {
        "servers": [own_nats_server.url],
        "connect_timeout": 1,
        "reconnect_time_wait": 1,
        "max_reconnect_attempts": 1,
    }
    async with open_house(settings_for("", channel, nats=nats)) as house:
        await until(lambda: house.bus.connected)
        await own_nats_server.stop()
        await until(lambda: not house.bus.is_open, within_s=30)
        await own_nats_server.start()
        await until(lambda: house.bus.connected, within_s=30)
