"""What the real kryten-py client sees of the simulated robot."""

from kryten import KrytenClient
from kryten.models import (
    ChangeMediaEvent,
    ChatMessageEvent,
    RawEvent,
    UserJoinEvent,
    UserLeaveEvent,
)
from tests.integration.sandbox.waiting import listen

from economy_sandbox.media import Media
from economy_sandbox.robot import SimulatedRobot

CLIP = Media("https://media.test/m1.json", "Clip One (1987)", 40)


async def test_join_arrives_typed(robot: SimulatedRobot, client: KrytenClient) -> None:
    """A join is a typed event with the account's global rank; its channel rank follows."""
    events = listen(client, "adduser", "setuserrank")
    await robot.join("Bob", rank=3)
    joined, ranked = await events.get(), await events.get()
    assert isinstance(joined, UserJoinEvent)
    assert (joined.username, joined.rank) == ("Bob", 1)
    assert isinstance(ranked, RawEvent)
    assert ranked.payload == {"name": "Bob", "rank": 3}


async def test_leave_arrives_typed(robot: SimulatedRobot, client: KrytenClient) -> None:
    """A leave is a typed event."""
    events = listen(client, "userleave")
    await robot.join("Bob")
    await robot.leave("bob")
    left = await events.get()
    assert isinstance(left, UserLeaveEvent)
    assert left.username == "Bob"


async def test_chat_is_filtered_html(robot: SimulatedRobot, client: KrytenClient) -> None:
    """People type text, the bus carries CyTube's HTML of it."""
    events = listen(client, "chatmsg")
    await robot.join("Bob")
    await robot.chat("Bob", "Dr_Z_oid <3")
    lines = [await events.get(), await events.get()]
    assert all(isinstance(line, ChatMessageEvent) for line in lines)
    assert [(line.username, line.message) for line in lines] == [
        ("[server]", "Bob joined (aliases: Bob)"),
        ("Bob", "Dr<em>Z</em>oid &lt;3"),
    ]


async def test_pm_is_answered_and_echoed(robot: SimulatedRobot, client: KrytenClient) -> None:
    """A PM of the service reaches the user as typed and comes back as the bot's own event."""
    events = listen(client, "pm")
    await robot.join("Bob")
    await robot.pm("Bob", "balance")
    question = await events.get()
    await client.send_pm(robot.channel, "BOB", "You have *5* Z")
    echo = await events.get()
    assert (question.username, question.message) == ("Bob", "balance")
    assert (echo.username, echo.message) == ("ZCoinBot", "You have <strong>5</strong> Z")
    assert await robot.wait_pm("Bob") == "You have *5* Z"
    assert robot.pms_to("Bob") == ["You have *5* Z"]


async def test_media_change_arrives_typed(robot: SimulatedRobot, client: KrytenClient) -> None:
    """A new medium is ``setcurrent`` with its uid, then a typed ``changemedia``."""
    events = listen(client, "setcurrent", "changemedia")
    await robot.change_media(CLIP)
    current, changed = await events.get(), await events.get()
    assert current.payload == 0
    assert isinstance(changed, ChangeMediaEvent)
    assert (changed.title, changed.duration) == ("Clip One (1987)", 40)


async def test_raw_event_can_be_anything(robot: SimulatedRobot, client: KrytenClient) -> None:
    """Bad input can be put on the bus: any payload, any envelope field."""
    events = listen(client, "adduser")
    payload = {"name": "Bob", "rank": 1.5}
    await robot.raw_event("addUser", payload, domain="elsewhere.test")
    event = await events.get()
    assert isinstance(event, RawEvent)
    assert (event.payload, event.domain) == (payload, "elsewhere.test")
