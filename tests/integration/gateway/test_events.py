"""Channel events on a real bus, through kryten-py and the gateway, to channel and outbox."""

import time
from collections.abc import AsyncIterator

import anyio
import pytest
from tests.integration.conftest import MakeRobot
from tests.integration.gateway.house import House, open_house, settings_for, until

from economy_actors.messages.channel import (
    AfkChanged,
    Joined,
    Left,
    Listed,
    MediaChanged,
    PrivateMessage,
    RankChanged,
    RobotPresence,
    RoomStored,
    Said,
)
from economy_actors.messages.gateway import ReadRoom, ReadUserlist, RoomRead, RoomsRead
from economy_actors.outbox.message import Medium
from economy_actors.outbox.protocol import Echoed, PmFailed, RobotBack, RobotGone
from economy_sandbox.media import Media
from economy_sandbox.nats import NatsServer
from economy_sandbox.robot import SimulatedRobot
from kryten_economy.features.media.rules import Medium as Film


@pytest.fixture
async def house(
    nats_server: NatsServer, channel: str, robot: SimulatedRobot
) -> AsyncIterator[House]:
    """A gateway in the test's channel, with the robot there before it."""
    await robot.join("alice")
    async with open_house(settings_for(nats_server.url, channel)) as house:
        await until(lambda: house.told(channel, RoomStored))
        yield house


async def test_people_come_speak_and_go(house: House, channel: str, robot: SimulatedRobot) -> None:
    """What a user does reaches the channel in order, in the economy's words."""
    await robot.join("Bob")
    await robot.chat("Bob", "hi _there_ <3")
    await robot.pm("Bob", "tip @Dr_Z_oid 10")
    await robot.afk("Bob")
    await robot.leave("Bob")
    await until(lambda: house.told(channel, Left))
    story = [each for each in house.channels[channel] if getattr(each, "name", "") == "Bob"]
    assert [type(each) for each in story] == [
        Joined,
        RankChanged,
        Said,
        PrivateMessage,
        AfkChanged,
        AfkChanged,
        Left,
    ]
    assert [each.text for each in house.told(channel, Said)] == ["hi _there_ <3"]
    assert [each.text for each in house.told(channel, PrivateMessage)] == ["tip @Dr_Z_oid 10"]
    assert house.sample("economy_events_total", type="pm") == 1


async def test_every_message_bears_the_event_id(
    house: House, channel: str, robot: SimulatedRobot
) -> None:
    """The correlation id of the event is the trace of the message."""
    await robot.raw_event(
        "userLeave", {"name": "alice"}, correlation_id="11111111-2222-3333-4444-555555555555"
    )
    await until(lambda: house.told(channel, Left))
    assert house.traces[-1] == "11111111-2222-3333-4444-555555555555"


async def test_stored_list_at_the_start(house: House, channel: str) -> None:
    """At the start the stored list tells who is there; nobody arrives by it."""
    assert [type(each) for each in house.channels[channel]] == [
        RobotPresence,
        RobotPresence,
        Listed,
        RoomStored,
    ]
    listed = house.told(channel, Listed)[0]
    assert listed.stored
    assert [user.name for user in listed.users] == ["alice"]
    assert house.bus.connected
    assert house.sample("economy_nats_connected") == 1
    assert house.outboxes[channel] == [RobotGone(), RobotBack()]


async def test_channel_asks_for_the_list(house: House, channel: str, robot: SimulatedRobot) -> None:
    """A channel that was restarted gets the stored list again."""
    assert house.context.gateway is not None
    await robot.join("Bob")
    await until(lambda: house.told(channel, Joined))
    house.context.gateway.tell(ReadUserlist(channel))
    await until(lambda: len(house.told(channel, Listed)) == 2)
    assert {user.name for user in house.told(channel, Listed)[1].users} == {"alice", "Bob"}


async def test_channel_asks_for_emotes_and_film(
    house: House, channel: str, robot: SimulatedRobot
) -> None:
    """The store is read again when a channel wants it, and holds the uid with the film."""
    assert house.context.gateway is not None
    assert house.told(channel, RoomStored) == [RoomStored(frozenset(), None)]
    await robot.act([robot.dressing.update_emote(":kappa:", "https://example.com/kappa.png")])
    await robot.change_media(Media("abc", "Some Film", 90, "yt"))
    await until(lambda: house.told(channel, MediaChanged))
    house.context.gateway.tell(ReadRoom(channel))
    await until(lambda: len(house.told(channel, RoomStored)) == 2)
    medium = Film("yt:abc", "Some Film", 90, 0)
    assert house.told(channel, RoomStored)[1] == RoomStored(frozenset({":kappa:"}), medium)
    assert house.told(channel, MediaChanged)[0].medium == medium
    assert house.told(channel, MediaChanged)[0].position_s == -3


async def test_a_reading_that_an_event_overtook_is_repeated(house: House, channel: str) -> None:
    """What was read before the news of another emote takes nothing away again."""
    assert house.context.gateway is not None
    late = RoomRead(channel, news=-1, emotes=[{"name": ":late:"}], items=None, current=None)
    house.context.gateway.tell(RoomsRead((late,)))
    await until(lambda: len(house.told(channel, RoomStored)) == 2)
    assert house.told(channel, RoomStored)[1] == RoomStored(frozenset(), None)


async def test_own_messages_come_back_to_the_outbox(
    house: House, channel: str, robot: SimulatedRobot
) -> None:
    """PMs and public lines of the bot are proofs of delivery, and nothing else."""
    await house.bus.pm(channel, "alice", "for _you_ <only>")
    await house.bus.chat(channel, "for all")
    await until(lambda: len(house.sent(channel, Echoed)) == 2)
    assert house.sent(channel, Echoed) == [
        Echoed(Medium.PM, None, "for _you_ <only>"),
        Echoed(Medium.CHAT, None, "for all"),
    ]
    assert robot.pms_to("alice") == ["for _you_ <only>"]
    assert not house.told(channel, PrivateMessage)
    assert not house.told(channel, Said)
    assert house.dropped("echo") == 2


async def test_sends_are_not_paced(house: House, channel: str, robot: SimulatedRobot) -> None:
    """The bus does not add the library's gap of a second: the outbox paces."""
    began_s = anyio.current_time()
    for n in range(8):
        await house.bus.pm(channel, "alice", f"line {n}")
    await until(lambda: len(house.sent(channel, Echoed)) == 8)
    # Seven of the library's gaps would be seven seconds at least.
    assert anyio.current_time() - began_s < 5


async def test_pm_to_somebody_absent(house: House, channel: str) -> None:
    """The server's refusal tells the outbox whom a PM did not reach."""
    await house.bus.pm(channel, "Gina-X", "hello?")
    await until(lambda: house.sent(channel, PmFailed))
    assert house.sent(channel, PmFailed) == [PmFailed("gina-x")]


async def test_robot_restart(house: House, channel: str, robot: SimulatedRobot) -> None:
    """A robot that restarts replays old chat, which does not count; what is new counts once."""
    await robot.chat("alice", "before")
    await until(lambda: house.told(channel, Said))
    await robot.stop()
    await until(lambda: house.told(channel, RobotPresence)[-1] == RobotPresence(here=False))
    assert house.sent(channel, RobotGone)
    await robot.chat("alice", "while it was away")
    await robot.start()
    await until(lambda: len(house.told(channel, Listed)) >= 3)
    await robot.restart(kill=True)
    await until(lambda: len(house.told(channel, Listed)) >= 5)
    assert [each.text for each in house.told(channel, Said)] == ["before", "while it was away"]
    assert house.told(channel, RobotPresence)[-1] == RobotPresence(here=True)
    assert house.outboxes[channel][-1] == RobotBack()
    assert house.dropped("replayed") == 3


async def test_robot_gone_empties_no_channel(
    house: House, channel: str, robot: SimulatedRobot
) -> None:
    """A robot that leaves takes nobody with it."""
    await robot.stop()
    await until(lambda: house.told(channel, RobotPresence)[-1] == RobotPresence(here=False))
    assert not house.told(channel, Left)
    assert len(house.told(channel, Listed)) == 1


async def test_service_announces_itself_to_a_new_robot(
    house: House, channel: str, robot: SimulatedRobot
) -> None:
    """After a robot restart the robot knows the service again (P-OPS-4)."""
    await robot.restart()
    client = house.bus._client
    assert client is not None

    async def known() -> bool:
        services = await client.get_services()
        return "economy" in {each["name"] for each in services["services"]}

    for _ in range(100):
        if await known():
            return
    raise AssertionError("the robot has not heard of the service")


async def test_kick(house: House, channel: str, robot: SimulatedRobot) -> None:
    """When the bot is kicked nothing can be sent until it is back."""
    await robot.kick_bot()
    await until(lambda: len(house.sent(channel, RobotGone)) == 2)
    await robot.start()
    await until(lambda: house.outboxes[channel][-1] == RobotBack())


async def test_event_after_silence_shows_the_robot(
    house: House, channel: str, robot: SimulatedRobot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An event of the channel shows that a robot is there, unless it comes with its goodbye."""
    monkeypatch.setattr("economy_actors.gateway.robots.LATE_S", 0.2)
    client = house.bus._client
    assert client is not None
    await client.publish("kryten.lifecycle.robot.shutdown", b"{}")
    await until(lambda: house.outboxes[channel][-1] == RobotGone())
    await robot.chat("alice", "on its way when the robot left")
    await until(lambda: house.told(channel, Said))
    assert house.outboxes[channel][-1] == RobotGone()
    await anyio.sleep(0.2)
    await robot.chat("alice", "later")
    await until(lambda: house.outboxes[channel][-1] == RobotBack())


async def test_unknown_domain(
    house: House, channel: str, nats_server: NatsServer, robot: SimulatedRobot
) -> None:
    """The same channel name on another server is somebody else's channel."""
    told = len(house.channels[channel])
    async with SimulatedRobot(nats_server.url, domain="else.where", channel=channel) as stranger:
        await stranger.join("Zoe")
        await stranger.chat("Zoe", "hello from elsewhere")
        await until(lambda: house.dropped("unknown_channel") >= 3)
    heard = house.channels[channel][told:]
    assert not [each for each in heard if isinstance(each, Said | Joined | Listed)]


async def test_rubbish_on_the_event_subject(
    house: House, channel: str, robot: SimulatedRobot
) -> None:
    """Rubbish is dropped, and the next event is handled."""
    for body in (b"", b"\xff", b"[]", b"7", b'{"event_name": 5}'):
        await robot.raw_bytes("chatMsg", body)
    payload = {"username": "alice", "msg": 5, "meta": None, "time": "x"}
    await robot.raw_event("chatMsg", payload)
    await robot.raw_event("userlist", {"not": "a list"})
    await robot.chat("alice", "still here")
    await until(lambda: house.told(channel, Said))
    assert [each.text for each in house.told(channel, Said)] == ["still here"]
    assert house.dropped("malformed") == 2


async def test_two_channels(
    nats_server: NatsServer,
    channel: str,
    make_robot: MakeRobot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With two channels each hears its own events only, and a goodbye empties neither."""
    monkeypatch.setattr("economy_actors.gateway.actor._DOUBT_S", 0.2)
    other = f"{channel}-Two"
    first, second = await make_robot(), await make_robot(channel=other)
    async with open_house(settings_for(nats_server.url, channel, other)) as house:
        await until(lambda: house.told(channel, Listed) and house.told(other, Listed))
        for robot, name in ((first, "alice"), (second, "bob")):
            await robot.join(name)
            await robot.chat(name, f"I am {name}")
        await until(lambda: house.told(channel, Said) and house.told(other, Said))
        assert [each.name for each in house.told(channel, Said)] == ["alice"]
        assert [each.name for each in house.told(other, Said)] == ["bob"]
        await house.bus.chat(other, "only there")
        await until(lambda: house.sent(other, Echoed))
        assert not house.sent(channel, Echoed)
        await first.stop()
        await second.stop()
        await until(lambda: house.told(other, RobotPresence)[-1] == RobotPresence(here=False))
        assert not house.told(channel, Left)
        assert not house.told(other, Left)


async def test_another_robots_answer_brings_no_channel_back(
    nats_server: NatsServer, channel: str, make_robot: MakeRobot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one of two robots is stopped, its channel has none, whatever the other one answers."""
    monkeypatch.setattr("economy_actors.gateway.actor._DOUBT_S", 0.2)
    other = f"{channel}-Two"
    first, second = await make_robot(), await make_robot(channel=other)
    async with open_house(settings_for(nats_server.url, channel, other)) as house:
        await until(lambda: house.told(channel, Listed) and house.told(other, Listed))
        await first.stop()
        await until(lambda: house.told(channel, RobotPresence)[-1] == RobotPresence(here=False))
        await second.chat("ZCoinBot", "still there")
        await anyio.sleep(1.5)  # the search goes on, and the other robot answers it
        assert house.told(channel, RobotPresence)[-1] == RobotPresence(here=False)
        assert house.told(other, RobotPresence)[-1] == RobotPresence(here=True)
        for asked, name in ((first, channel), (second, other)):
            ping = next(each for each in asked.commands if each.name == "system.ping")
            assert (ping.meta["domain"], ping.meta["channel"]) == ("cytube.test", name)
        await first.start()
        await until(lambda: house.told(channel, RobotPresence)[-1] == RobotPresence(here=True))


async def test_chat_waits_at_the_gate(house: House, channel: str, robot: SimulatedRobot) -> None:
    """While the gate is closed chat waits, PMs go on, and nothing is lost or out of order."""
    await robot.join_many(["bob", "carol"])
    await until(lambda: len(house.told(channel, Joined)) >= 2)
    house.bus.gate.close()
    for number in range(300):
        await robot.raw_event("chatMsg", line("alice", f"line {number}", number))
    for number in range(5):
        await robot.pm("bob", f"question {number}")
    await until(lambda: len(house.told(channel, PrivateMessage)) == 5, within_s=5)
    assert not house.told(channel, Said)
    house.bus.gate.open()
    await until(lambda: len(house.told(channel, Said)) == 300)
    assert [each.text for each in house.told(channel, Said)] == [f"line {n}" for n in range(300)]
    questions = [each.text for each in house.told(channel, PrivateMessage)]
    assert questions == [f"question {number}" for number in range(5)]


def line(name: str, text: str, number: int) -> dict[str, object]:
    """What CyTube sends for a line that is said now."""
    said_ms = int(time.time() * 1000) + number
    return {"username": name, "msg": text, "meta": {}, "time": said_ms}
