"""The simulated robot's playlist beside the third recording, and what it does with commands."""

import asyncio
from typing import Any

import pytest
from kryten import KrytenClient
from tests.integration.conftest import MakeRobot
from tests.integration.sandbox.recordings import FOLDER, between
from tests.integration.sandbox.waiting import until

from economy_sandbox.media import Event, Media
from economy_sandbox.robot import SimulatedRobot

CINEMA = "cinema-2"
ACTS = {"addvideo", "mvvideo", "rmvideo", "settemp", "jump"}
SHOWN = {"queue", "delete", "moveVideo", "setTemp", "queueFail", "setCurrent"}
LIMITED = {"type": "cm", "pos": "end"}


def lines(begin_s: float, end_s: float) -> list[dict[str, Any]]:
    """What passed on the bus in that time."""
    return list(between(FOLDER / "media.jsonl", begin_s, end_s))


def brief(name: str, payload: Any) -> tuple[Any, ...]:
    """What matters of an event."""
    if name == "queue":
        item = payload["item"]
        media = item["media"]["id"]
        return name, media, item["uid"], item["temp"], item["queueby"], payload["after"]
    if name == "queueFail":
        return name, payload["id"], payload["msg"]
    return name, payload


def told(recorded: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """The playlist's events of a recording."""
    events = [each["data"] for each in recorded if each["subject"].startswith("kryten.events.")]
    return [
        brief(each["event_name"], each["payload"])
        for each in events
        if each["channel"] == CINEMA and each["event_name"] in SHOWN
    ]


def asked(recorded: list[dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    """What the robot was told to do."""
    commands = [each["data"] for each in recorded if each["subject"] == "kryten.robot.command"]
    return [(each["command"], each["args"]) for each in commands if each["command"] in ACTS]


def answers(recorded: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the robot said to it."""
    replies = [each["data"] for each in recorded if each["subject"].startswith("_INBOX.")]
    return [each["data"] for each in replies if each.get("command") in ACTS]


def watch(robot: SimulatedRobot) -> list[tuple[Any, ...]]:
    """The same events of the simulated channel from now on."""
    seen: list[tuple[Any, ...]] = []

    def see(event: Event) -> None:
        if event.name in SHOWN:
            seen.append(brief(event.name, event.payload))

    robot.watchers.append(see)
    return seen


async def command(
    client: KrytenClient, robot: SimulatedRobot, name: str, args: dict[str, Any]
) -> dict[str, Any]:
    """The inner answer of the robot."""
    request = {
        "service": "robot",
        "command": name,
        "args": args,
        "meta": {"channel": robot.channel, "domain": robot.domain},
    }
    answer = await client.nats_request("kryten.robot.command", request, timeout=20)
    data: dict[str, Any] = answer["data"]
    return data


async def test_each_recorded_step_has_its_recorded_events(
    make_robot: MakeRobot, client: KrytenClient
) -> None:
    """Adding, duplicates, 404, places, moves, temp, jumps by text and number, removals: as told."""
    robot = await make_robot(clock=lambda: 1_795_896_632.0, is_throttled=False)
    library = robot.room.playlist.library
    for media_id, text in {
        "http://media.test:8090/bad-film-40.json": "Expected HTTP 200 OK, not 404 Not Found",
        "abc": "Unknown media type &#39;zz&#39;",
        "aaaaaaaaaaa": "The YouTube API now requires an API key.  Please see the documentation for"
        " youtube-v3-key in config.template.yaml",
    }.items():
        library.refuse(media_id, text)
    seen, recorded = watch(robot), lines(3.9, 24.4)
    said = [await command(client, robot, *each) for each in asked(recorded)]
    assert seen == told(recorded)
    assert [(each["success"], each.get("uid"), each.get("error")) for each in said] == [
        (each["success"], each.get("uid"), each.get("error")) for each in answers(recorded)
    ]


async def test_a_robot_that_is_busy_does_nothing_else(
    make_robot: MakeRobot, client: KrytenClient
) -> None:
    """An item that nobody answers for keeps the robot for its whole patience: it is deaf to PMs."""
    robot = await make_robot(queue_wait_s=0.4)
    await robot.join("alice")
    await robot.rank_bot(1)
    adding = asyncio.ensure_future(command(client, robot, "addvideo", {**LIMITED, "id": "m1"}))
    await until(lambda: any(each.name == "addvideo" for each in robot.commands))
    await client.send_pm(robot.channel, "alice", "hello")
    await asyncio.sleep(0.2)
    assert robot.pms_to("alice") == []
    assert await adding == {"success": True, "uid": None}
    assert await robot.wait_pm("alice") == "hello"


@pytest.mark.parametrize(("rank", "uid"), [(2, 0), (1.5, None), (1, None)])
async def test_a_bot_below_the_needed_rank_adds_nothing(
    make_robot: MakeRobot, client: KrytenClient, rank: float, uid: int | None
) -> None:
    """A film by its address needs rank 2; below it nothing is queued and nobody says so."""
    robot = await make_robot(queue_wait_s=0.1)
    await robot.rank_bot(rank)
    seen = watch(robot)
    said = await command(client, robot, "addvideo", {**LIMITED, "id": "m1"})
    assert said == {"success": True, "uid": uid}
    assert bool(seen) == (uid is not None)


async def test_a_bot_at_rank_one_moves_and_removes_nothing(
    robot: SimulatedRobot, client: KrytenClient
) -> None:
    """The answer is a success nevertheless."""
    first = await robot.queue("boss", Media("m1", "One", 40))
    second = await robot.queue("boss", Media("m2", "Two", 40))
    await robot.rank_bot(1)
    seen = watch(robot)
    acts: dict[str, dict[str, Any]] = {
        "rmvideo": {"uid": first},
        "mvvideo": {"from": second, "after": "prepend"},
        "jump": {"uid": str(second)},
    }
    for name, args in acts.items():
        assert (await command(client, robot, name, args))["success"] is True
    assert seen == []


async def test_others_queue_while_a_film_is_looked_up(
    robot: SimulatedRobot, client: KrytenClient
) -> None:
    """The robot says the uid of the item that came first, which is not its own."""
    robot.room.playlist.library.delay("m1", 0.2)
    seen = watch(robot)
    adding = asyncio.ensure_future(command(client, robot, "addvideo", {**LIMITED, "id": "m1"}))
    await until(lambda: any(each.name == "addvideo" for each in robot.commands))
    await robot.queue("boss", Media("m2", "Two", 40))
    assert await adding == {"success": True, "uid": 0}
    await until(lambda: len([each for each in seen if each[0] == "queue"]) == 2)
    queued = [each[1:5] for each in seen if each[0] == "queue"]
    assert [(media, uid, by) for media, uid, _, by in queued] == [
        ("m2", 0, "boss"),
        ("m1", 1, robot.bot),
    ]


async def test_of_fifteen_at_once_nine_get_in(make_robot: MakeRobot, client: KrytenClient) -> None:
    """Right after another one, as recorded; the rest is refused for its haste."""
    now_s = 1_795_896_632.0
    robot = await make_robot(clock=lambda: now_s)
    seen = watch(robot)
    await command(client, robot, "addvideo", {**LIMITED, "id": "before"})
    now_s += 1.5
    said = [
        await command(client, robot, "addvideo", {**LIMITED, "id": f"row-{number}"})
        for number in range(15)
    ]
    assert [each["success"] for each in said] == [True] * 9 + [False] * 6
    texts = {each[2] for each in seen if each[0] == "queueFail"}
    assert texts == {"You are adding videos too quickly"}
    recorded = lines(37, 39)
    assert [each[0] for each in told(recorded)].count("queue") == 9


async def test_a_restarted_cytube_counts_from_zero(make_robot: MakeRobot) -> None:
    """And a shuffle gives every item a uid that no item had before."""
    robot = await make_robot()
    await robot.queue("boss", Media("m1", "One", 40))
    gone = await robot.queue("boss", Media("m2", "Two", 40))
    await robot.queue("boss", Media("m3", "Three", 40))
    await robot.remove(gone)
    await robot.restart_cytube()
    items = robot.room.playlist.items
    assert [(item.media.id, item.uid) for item in items] == [("m1", 0), ("m3", 1)]
    await robot.shuffle()
    assert sorted(item.uid for item in items) == [2, 3]
