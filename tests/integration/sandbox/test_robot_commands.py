"""Commands, queries and KV reads of the real kryten-py client, answered as recorded."""

import asyncio

import pytest
from kryten import KrytenClient
from tests.integration.conftest import MakeRobot
from tests.integration.sandbox.waiting import listen, until

from economy_sandbox.media import Media
from economy_sandbox.nats import NatsServer
from economy_sandbox.robot import SimulatedRobot, SimulatedUserstats

CLIP = Media("https://media.test/m1.json", "Clip One (1987)", 40)


async def test_state_is_read_from_kv(robot: SimulatedRobot, client: KrytenClient) -> None:
    """The client's KV getters find what the robot has written."""
    robot.dressing.update_emote(":kappa:", "https://example.com/kappa.png")
    await robot.act([*robot.dressing.set_css("a{}"), robot.dressing.set_motd("x & y")])
    await robot.change_media(CLIP)
    await robot.join("Bob")
    current = await client.get_state_current_media(robot.channel)
    assert current is not None
    assert (current["title"], current["uid"]) == ("Clip One (1987)", 0)
    assert [i["uid"] for i in await client.get_state_playlist_items(robot.channel)] == [0]
    assert await client.get_state_channel_css(robot.channel) == "a{}"
    assert await client.get_state_motd(robot.channel) == "x &amp; y"
    users = await client.kv_get(f"kryten_{robot.channel}_userlist", "users", parse_json=True)
    assert [user["name"] for user in users] == ["ZCoinBot", "Bob"]


async def test_state_queries_are_answered(robot: SimulatedRobot, client: KrytenClient) -> None:
    """State queries know exact names only; emotes come by request."""
    await robot.act([robot.dressing.update_emote(":kappa:", "https://example.com/kappa.png")])
    await robot.join("Bob", rank=2)
    assert (await client.get_user(robot.channel, "Bob")) == {"name": "Bob", "rank": 2}
    assert await client.get_user(robot.channel, "BOB") is None
    assert [e["name"] for e in await client.get_state_emotes(robot.channel)] == [":kappa:"]
    assert (await client.get_channels())[0]["channel"] == robot.channel
    assert (await client.ping())["pong"] is True
    await robot.service_started("economy")
    services = (await client.get_services())["services"]
    assert [service["name"] for service in services] == ["robot", "economy"]


async def test_user_level_is_asked_on_the_wrong_subject(
    robot: SimulatedRobot, client: KrytenClient
) -> None:
    """The client's rank check fails as in reality; the robot's own subject says rank 1."""
    result = await client.safe_set_channel_rank(robot.channel, "Bob", 2, timeout=0.2)
    assert result["success"] is False
    subject = f"kryten.user_level.cytube.test.{robot.channel}"
    answer = await client.nats_request(subject, {})
    assert answer == {"success": True, "rank": 1, "username": "ZCoinBot"}


async def test_add_media_answers_inside(robot: SimulatedRobot, client: KrytenClient) -> None:
    """The outer success is always true; the inner one tells what CyTube did."""
    robot.room.playlist.library.refuse("zzz", "Expected HTTP 200 OK, not 404 Not Found")
    added = await client.add_media(robot.channel, "cm", "m1")
    twice = await client.add_media(robot.channel, "cm", "m1")
    refused = await client.add_media(robot.channel, "cm", "zzz")
    silent = await client.add_media(robot.channel, "cm", "m2", position="7")
    assert all(one["success"] for one in (added, twice, refused, silent))
    assert added["data"] == {"success": True, "uid": 0}
    assert twice["data"]["error"] == "This item is already on the playlist"
    assert refused["data"]["queue_fail"]["id"] == "zzz"
    assert silent["data"] == {"success": True, "uid": None}


async def test_foreign_item_is_taken_for_ours(make_robot: MakeRobot, client: KrytenClient) -> None:
    """While a bad request waits, anybody's item is reported as its own, uid and all."""
    robot = await make_robot(queue_wait_s=5.0)
    waiting = asyncio.ensure_future(client.add_media(robot.channel, "cm", "m2", position="7"))
    await until(lambda: bool(robot.commands))
    await robot.queue("boss", CLIP)
    assert (await waiting)["data"] == {"success": True, "uid": 0}


async def test_jump_needs_a_text(robot: SimulatedRobot, client: KrytenClient) -> None:
    """A number as uid does nothing, the same as text jumps."""
    await robot.queue("boss", CLIP, temp=False)
    second = await robot.queue("boss", Media("m2", "Two", 45), temp=False)
    events = listen(client, "setcurrent")
    await client.jump_to(robot.channel, second)
    await client.jump_to(robot.channel, str(second))
    assert (await events.get()).payload == second
    assert events.empty()


async def test_ranks_follow_cytube(robot: SimulatedRobot, client: KrytenClient) -> None:
    """A rank change is an event, a refusal ``channelRankFail``; absent accounts work too."""
    events = listen(client, "setuserrank", "channelrankfail")
    await robot.join("Bob")
    assert (await events.get()).payload == {"name": "Bob", "rank": 1}
    robot.room.account("helen")
    await client.set_channel_rank(robot.channel, "Bob", 2)
    await client.set_channel_rank(robot.channel, "Bob", 5)
    await client.set_channel_rank(robot.channel, "helen", 2)
    assert (await events.get()).payload == {"name": "Bob", "rank": 2}
    assert (await events.get()).event_name == "channelRankFail"
    assert (await events.get()).payload == {"name": "helen", "rank": 2, "userrank": 4}


async def test_stylesheets_as_recorded(robot: SimulatedRobot, client: KrytenClient) -> None:
    """A new one is an event and a value; the same one neither; one too long is cut silently."""
    events = listen(client, "channelcssjs")
    await client.set_channel_css(robot.channel, "a{}")
    await client.set_channel_css(robot.channel, "a{}")
    await client.set_channel_css(robot.channel, "a{}" + "z" * 25_000)
    await until(lambda: len(robot.commands) >= 3)
    assert (await events.get()).payload["css"] == "a{}"
    cut = (await events.get()).payload["css"]
    assert (len(cut), cut[:4]) == (20_000, "a{}z")
    await robot.settled()
    assert await client.get_state_channel_css(robot.channel) == cut
    await robot.dress("body{}")
    assert (await events.get()).payload["css"] == "body{}"
    assert events.empty()


async def test_a_bot_below_the_rank_is_thrown_out(
    robot: SimulatedRobot, client: KrytenClient
) -> None:
    """The command succeeds, nothing changes, and the bot is kicked and gone until it is started."""
    await robot.dress("a{}")
    events = listen(client, "rank", "kick")
    await robot.set_rank(robot.bot, 2)
    assert (await events.get()).payload == 2
    await client.set_channel_css(robot.channel, "b{}")
    assert (await events.get()).payload == {"reason": "Attempted setChannelCSS as non-admin"}
    await until(lambda: not robot.is_running)
    assert robot.dressing.css == "a{}"
    await robot.start()
    assert (await events.get()).payload == -1


async def test_commands_for_others_are_ignored(robot: SimulatedRobot, client: KrytenClient) -> None:
    """Domain exactly and channel in any casing must fit, else the robot is deaf."""
    await robot.join("Bob")
    await client.send_pm(robot.channel, "Bob", "elsewhere", domain="other.test")
    await client.send_pm("otherchan", "Bob", "elsewhere")
    await client.send_pm(robot.channel.lower(), "Bob", "here")
    assert await robot.wait_pm("Bob") == "here"
    assert robot.pms_to("Bob") == ["here"]


async def test_absent_user_gives_error_message(robot: SimulatedRobot, client: KrytenClient) -> None:
    """A PM to somebody absent, or to itself, comes back as ``errorMsg``."""
    events = listen(client, "errormsg")
    await client.send_pm(robot.channel, "Gina-X", "hello")
    await client.send_pm(robot.channel, "zcoinbot", "hello")
    texts = [(await events.get()).payload["msg"] for _ in range(2)]
    assert texts == [
        "PM failed: gina-x isn't connected to this channel.",
        "You can't PM yourself!",
    ]


async def test_burst_is_throttled_as_recorded(make_robot: MakeRobot, client: KrytenClient) -> None:
    """Of 40 PMs at once 20 are delivered and 28 short of that are ``cooldown`` 100."""
    robot = await make_robot(clock=lambda: 1_795_000_000.0)
    events = listen(client, "cooldown")
    await robot.join("Bob")
    for number in range(40):
        await client.send_pm(robot.channel, "Bob", f"burst {number}")
    for _ in range(20):
        assert (await events.get()).payload == 100
    assert robot.pms_to("Bob") == [f"burst {number}" for number in range(20)]


async def test_system_pm_is_eaten(robot: SimulatedRobot, client: KrytenClient) -> None:
    """The service sees the robot's answer to ``system:about`` but not the question."""
    events = listen(client, "pm")
    await robot.join("alice")
    await robot.pm("alice", "system:about")
    echo = await events.get()
    assert echo.username == "ZCoinBot"
    assert echo.message.startswith("Kryten Robot v1.12.6 | up 0m | channel: ")
    assert events.empty()


async def test_shadow_muted_chat_is_marked(robot: SimulatedRobot, client: KrytenClient) -> None:
    """A shadow-muted line carries the flag, a muted one never comes, PMs of both do."""
    await robot.join("Mallory")
    await robot.shadow_mute("Mallory")
    events = listen(client, "chatmsg", "pm")
    await robot.chat("Mallory", "shadow")
    await robot.mute("Mallory")
    await robot.chat("Mallory", "never")
    await robot.pm("Mallory", "balance")
    seen: list[tuple[str, bool]] = []
    while len(seen) < 2:
        event = await events.get()
        if event.username == "Mallory":
            seen.append((event.message, event.shadow))
    assert seen == [("shadow", True), ("balance", False)]


async def test_aliases_are_found(nats_server: NatsServer, client: KrytenClient) -> None:
    """The userstats stand-in answers as recorded, in any casing."""
    async with SimulatedUserstats(nats_server.url) as userstats:
        userstats.add("alice", "al")
        request = {"service": "userstats", "command": "alias.find"}
        subject = "kryten.userstats.command"
        found = await client.nats_request(subject, {**request, "alias": "AL"})
        missing = await client.nats_request(subject, {**request, "alias": "nobody"})
    assert found["data"] == {"alias": "AL", "username": "alice", "found": True}
    assert missing == {
        "service": "userstats",
        "command": "alias.find",
        "success": True,
        "data": {"alias": "nobody", "username": None, "found": False},
    }


async def test_waiting_in_vain_says_what_came(robot: SimulatedRobot) -> None:
    """A test that waits for the wrong line is told the right one."""
    await robot.join("Bob")
    await robot.act(robot.room.pm("ZCoinBot", "Bob", "hi"), typed="hi")
    with pytest.raises(TimeoutError, match="hi"):
        await robot.wait_pm("Bob", "balance", timeout_s=0.01)
