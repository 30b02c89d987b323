"""Robot or bus go away and come back: nothing committed is lost, presence is right, all go on."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
import structlog.testing
from tests.integration.service.house import House, free_port, get, open_house, until

from economy_actors.context import Context
from economy_actors.exporter import check_health
from economy_sandbox.nats import NatsServer
from economy_sandbox.outbox import arrived

STARTUP = "kryten.lifecycle.economy.startup"


async def announcements(house: House) -> list[Any]:
    """The service's announcements of itself, from now on."""
    seen: list[Any] = []

    async def note(message: Any) -> None:
        seen.append(message)

    await house.client.subscribe(STARTUP, note)
    await arrived(house.client._nats)
    return seen


async def test_a_restarted_robot_is_told_who_we_are(house: House) -> None:
    """After a robot start the service announces itself again (P-OPS-4)."""
    seen = await announcements(house)
    await house.robot.restart()

    await until(lambda: seen)
    await house.robot.service_started()
    assert "up 0h" in await house.ask("alice", "about")


async def test_a_killed_robot(house: House) -> None:
    """A robot that vanishes without a word and comes back finds everything as it was."""
    await house.give("alice", 5)
    await house.robot.wait_pm("alice", "gave you")
    await house.robot.stop(kill=True)
    await house.minutes(2)
    house.robot.room.leave("Bob")
    await house.robot.start()

    await house.present("boss", "alice", "Dr_Z_oid")
    assert "Balance: 7 Z" in await house.ask("alice", "balance")


async def test_nobody_is_paid_without_a_robot(house: House) -> None:
    """From the stop of the robot on nobody is paid; its next list settles what was held."""
    await house.minutes(2)
    await house.robot.stop()
    await until(house.robots_away)
    for name in ("boss", "Bob", "Dr_Z_oid"):
        house.robot.room.leave(name)
    await house.minutes(4)

    assert [house.balance(name) for name in ("alice", "Bob")] == [2, 2]
    assert house.service is not None
    health = await check_health(house.service.context)
    assert (health.status, len(health.problems)) == ("degraded", 1)
    assert house.channel in health.problems[0]
    assert house.metric("economy_robot_present", channel=house.channel) == 0

    await house.robot.start()
    await house.present("alice")
    await house.minutes(1)
    assert [house.balance(name) for name in ("alice", "Bob")] == [7, 2]
    assert (await check_health(house.service.context)).status == "healthy"


async def test_notices_wait_for_the_robot(house: House) -> None:
    """What was done while the robot was away is told when it is back, once."""
    await house.robot.stop()
    await house.give("alice", 5)
    await anyio.sleep(0.2)
    assert not house.robot.pms_to("alice")

    await house.robot.start()

    assert "gave you 5 Z" in await house.robot.wait_pm("alice", timeout_s=30)
    await house.settled()
    assert len(house.robot.pms_to("alice")) == 1


async def test_a_kicked_bot(house: House) -> None:
    """When the bot is thrown out and rejoins without old chat, service and presence go on."""
    await house.robot.kick_bot(is_persistent=True)
    house.robot.room.leave("Bob")
    await house.robot.rejoin()

    await house.present("boss", "alice", "Dr_Z_oid")
    assert "up 0h" in await house.ask("alice", "about")


async def test_cytube_restarts(house: House) -> None:
    """Everybody is gone after a restart of CyTube, and earns again after coming back."""
    await house.robot.restart_cytube()
    await house.present()
    await house.robot.join("alice")
    await house.present("alice")
    await house.minutes(1)

    assert house.balance("alice") == 1
    assert "Balance" in await house.ask("alice", "balance")


async def test_the_service_restarts(house: House) -> None:
    """A restart keeps money, minutes and presence, and pays no minute twice."""
    await house.minutes(3)
    paid = house.minute_id()
    await house.restart()
    await house.minutes(1)

    assert house.balance("alice") == 4
    assert house.activity("alice", "minutes_present") == 4
    assert house.rows("SELECT count(*) FROM operation WHERE id = ?", paid) == [(1,)]
    assert "Balance: 4 Z" in await house.ask("alice", "balance")
    house.balanced()


async def test_the_service_starts_before_the_robot(make_house: Callable[..., Any]) -> None:
    """Without a robot, requests are answered; when it comes, people are."""
    house: House = await make_house(start=False)
    await house.robot.stop()
    await house.start()
    with anyio.fail_after(30):
        while True:
            try:
                assert (await house.data("system.ping"))["pong"]
                break
            except Exception:  # noqa: BLE001  # nobody answers before it is connected
                await anyio.sleep(0.02)

    await house.robot.start()

    await house.present("boss", "alice", "Bob", "Dr_Z_oid")
    assert "up 0h" in await house.ask("alice", "about")


async def test_a_group_restart_notice_stops_the_service(house: House) -> None:
    """The notice to all services makes whoever runs it end it."""
    await house.client.publish(
        "kryten.lifecycle.group.restart",
        {"initiator": "ops", "reason": "update", "delay_seconds": 5, "timestamp": ""},
    )

    assert house.service is not None
    with anyio.fail_after(30):
        await house.service.stop_asked.wait()


def rivals_shown(context: Context) -> float | None:
    return context.metrics.registry.get_sample_value("economy_rival_services")


async def test_a_second_service_in_the_channel(house: House, tmp_path: Path) -> None:
    """Two services with the same channel both warn and are degraded, until one of them ends."""
    assert house.service is not None
    folder = tmp_path / "second"
    folder.mkdir()
    second = House(house.robot, house.clock, folder, house.settings, house.client)
    second.write_config(database={"path": str(folder / "economy.db")})
    with structlog.testing.capture_logs() as logged:
        await second.start()
        assert second.service is not None
        worlds = [house.service.context, second.service.context]
        await until(lambda: all(context.rivals() for context in worlds))
        warned = [line for line in logged if line["event"].startswith("another economy service")]
        assert [line["log_level"] for line in warned] == ["warning", "warning"]
        await until(lambda: all(rivals_shown(context) == 1 for context in worlds))
        for context in worlds:
            health = await check_health(context)
            assert health.status == "degraded"
            assert house.channel in health.problems[0]
        await second.stop()
        await until(lambda: not house.service or not house.service.context.rivals())
        await until(lambda: rivals_shown(worlds[0]) == 0)
    assert (await check_health(house.service.context)).status == "healthy"


class TestNatsAway:
    """The bus itself is gone for some seconds."""

    @pytest.fixture
    async def house(
        self, own_nats_server: NatsServer, channel: str, tmp_path: Path
    ) -> AsyncIterator[House]:
        """A house on a bus of its own, with HTTP."""
        port = free_port()
        async with open_house(
            tmp_path, own_nats_server.url, channel, metrics={"enabled": True, "port": port}
        ) as opened:
            yield opened

    async def test_minutes_go_on_and_all_come_back(
        self, house: House, own_nats_server: NatsServer
    ) -> None:
        """Committed facts stay, minutes are held, health tells the truth, then all is well."""
        health = f"http://127.0.0.1:{house.settings['metrics']['port']}/health"
        seen = await announcements(house)
        await house.give("alice", 5)
        await house.robot.wait_pm("alice", "gave you")
        assert (await get(health))[0] == 200

        await own_nats_server.stop()
        await until(lambda: house.metric("economy_nats_connected") == 0)
        status, text = await get(health)
        assert status == 503
        assert '"nats_connected": false' in text.replace('":', '": ').replace("  ", " ")
        await house.minutes(2)
        assert not house.balance("Bob")
        house.robot.room.leave("Bob")
        await house.robot.act([])
        await own_nats_server.start()

        await until(lambda: house.metric("economy_nats_connected") == 1, within_s=30)
        await until(lambda: seen, within_s=30)
        await until(lambda: not house.robots_away(), within_s=30)
        assert (await get(health))[0] == 200
        await until(house.sees, within_s=30)
        await house.minutes(1)
        assert (await house.data("balance.get", username="alice"))["balance"] == 8
        with anyio.fail_after(40):
            assert "Balance: 8 Z" in await house.ask("alice", "balance", timeout_s=30)
        house.balanced()

    async def test_who_left_meanwhile(self, house: House, own_nats_server: NatsServer) -> None:
        """Leaves and joins of the outage count, by late events or by the list."""
        await own_nats_server.stop()
        await until(lambda: house.metric("economy_nats_connected") == 0)
        await house.robot.leave("Bob")
        await house.robot.join("carol")
        await own_nats_server.start()
        await until(lambda: house.metric("economy_nats_connected") == 1, within_s=30)

        await house.robot.settled()
        # Until the robot has answered and told its list, a minute is held instead of paid.
        await until(lambda: not house.robots_away(), within_s=30)
        await until(house.sees, within_s=60)
        with anyio.fail_after(40):
            # The service may come back later than the robot, and then learns of it from the list.
            # Without a pause these would be more commands in a minute than are answered.
            while "see you" in await house.ask("carol", "balance", timeout_s=30):  # noqa: ASYNC110
                await anyio.sleep(0.05)
        before_z = house.balance("carol") or 0
        await house.minutes(1)
        assert house.balance("carol") == before_z + 1
        assert not house.balance("Bob")
        assert house.metric("economy_active_users", channel=house.channel) == 4
