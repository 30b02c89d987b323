"""The simulated robot beside the recordings: same names, same order, same keys."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import anyio
import nats
import pytest
from nats.aio.msg import Msg
from tests.integration.conftest import MakeRobot
from tests.integration.sandbox.recordings import BASIC, RESTART, between, events, shape

from economy_sandbox.media import Media
from economy_sandbox.nats import NatsServer
from economy_sandbox.outbox import arrived
from economy_sandbox.robot import SimulatedRobot

RICK = Media("dQw4w9WgXcQ", "Rick Astley - Never Gonna Give You Up", 213, "yt")
SHORT = Media("shortClip01", 'Short Clip & "Quotes" <tag>', 30, "yt")


class Tap:
    """Everything on the bus that concerns one channel, in order, parsed."""

    def __init__(self, kv_prefix: str) -> None:
        self._kv_prefix = kv_prefix
        self.messages: list[tuple[str, Any]] = []
        self.marked = asyncio.Event()

    async def hear(self, msg: Msg) -> None:
        """Keep one message."""
        if msg.subject.startswith("$KV.") and not msg.subject.startswith(self._kv_prefix):
            return
        if msg.subject.endswith(".endmark"):
            self.marked.set()
            return
        try:
            data = json.loads(msg.data) if msg.data else ""
        except ValueError:
            data = msg.data.decode(errors="replace")
        self.messages.append((msg.subject, data))

    def events(self) -> list[dict[str, Any]]:
        """The event envelopes, without ``usercount``, which comes when it likes."""
        return [
            data
            for subject, data in self.messages
            if subject.startswith("kryten.events.") and data["event_name"] != "usercount"
        ]


@pytest.fixture
async def tap(nats_server: NatsServer, channel: str) -> AsyncIterator[Tap]:
    """What passes on this test's channel."""
    listener = Tap(f"$KV.kryten_{channel}_")
    connection = await nats.connect(nats_server.url)
    try:
        for subject in (f"kryten.events.cytube.{channel.lower()}.>", "$KV.>", "kryten.lifecycle.>"):
            await connection.subscribe(subject, cb=listener.hear)
        await arrived(connection)
        yield listener
    finally:
        await connection.close()


async def _as_in_the_recording(make_robot: MakeRobot, tap: Tap) -> SimulatedRobot:
    """A robot that comes into the channel as it was when the recording began."""
    robot = await make_robot()
    await _settle(robot, tap)
    await robot.stop(kill=True)
    tap.messages.clear()
    robot.dressing.update_emote(":kappa:", "https://example.com/kappa.png")
    robot.dressing.set_css("#chatheader { color: #fff }")
    robot.dressing.set_motd("Welcome to <b>testchan</b>")
    await robot.queue("boss", RICK, temp=False)
    await robot.queue("oldmod", SHORT, temp=False)
    await robot.join("alice", image="https://example.com/alice.png", text="hi, I am alice")
    await robot.join("Bob")
    await robot.join("boss", rank=5)
    await robot.chat("alice", "early message before the robot came")
    await robot.chat("Bob", "hi alice")
    return robot


async def _settle(robot: SimulatedRobot, tap: Tap) -> None:
    """Wait until the tap has what the robot has published."""
    tap.marked.clear()
    await robot.raw_event("endMark", None)
    with anyio.fail_after(30):
        await tap.marked.wait()


async def test_start_burst_is_the_recorded_one(make_robot: MakeRobot, tap: Tap) -> None:
    """At a start the same events come in the same order, with the same keys in each payload."""
    robot = await _as_in_the_recording(make_robot, tap)
    await robot.start()
    await _settle(robot, tap)
    recorded, simulated = events(BASIC, 2.5, 4), tap.events()
    assert [e["event_name"] for e in simulated] == [e["event_name"] for e in recorded]
    for mine, theirs in zip(simulated, recorded, strict=True):
        assert shape(mine) == shape(theirs), mine["event_name"]


async def test_start_writes_kv_before_any_event(make_robot: MakeRobot, tap: Tap) -> None:
    """Lifecycle, then every KV key, then lifecycle again, then the events (`wire.md` 6)."""
    robot = await _as_in_the_recording(make_robot, tap)
    await robot.start()
    await _settle(robot, tap)
    kinds = [subject.split(".")[0] for subject, _ in tap.messages]
    assert "$KV" not in kinds[kinds.index("kryten", kinds.index("$KV")) :]
    recorded = [line for line in between(BASIC, 2.5, 3.3) if line["subject"].startswith("$KV")]
    prefix = f"$KV.kryten_{robot.channel}"
    assert {s.removeprefix(prefix) for s, _ in tap.messages if s.startswith("$KV")} == {
        line["subject"].removeprefix("$KV.kryten_testchan") for line in recorded
    }
    for subject, value in tap.messages:
        if subject.startswith("$KV"):
            name = subject.removeprefix(prefix)
            assert any(
                line["subject"].endswith(name) and shape(line["data"]) == shape(value)
                for line in recorded
            ), subject
    told = [(s.rsplit(".", 1)[1], d) for s, d in tap.messages if "lifecycle" in s]
    theirs = [
        (line["subject"].rsplit(".", 1)[1], line["data"])
        for line in between(BASIC, 2.5, 3.3)
        if "lifecycle" in line["subject"]
    ]
    assert [(kind, shape(data)) for kind, data in told] == [(k, shape(d)) for k, d in theirs]


async def test_join_is_the_recorded_one(robot: SimulatedRobot, tap: Tap) -> None:
    """A join is addUser, the server's notice and setUserRank, and KV loses the profile."""
    await robot.join("carol")
    await _settle(robot, tap)
    recorded = events(BASIC, 15.2, 15.5)
    assert [shape(e) for e in tap.events()] == [shape(e) for e in recorded]
    users = [data for subject, data in tap.messages if subject.endswith("userlist.users")]
    assert users[-1][-1] == {"name": "carol", "rank": 1}


async def test_afk_user_who_talks_is_back_first(robot: SimulatedRobot, tap: Tap) -> None:
    """Chat of an AFK user comes after setUserMeta and setAFK false."""
    await robot.join("alice")
    await robot.afk("alice")
    await _settle(robot, tap)
    tap.messages.clear()
    await robot.chat("alice", "back")
    await _settle(robot, tap)
    assert [shape(e) for e in tap.events()] == [shape(e) for e in events(BASIC, 31, 31.5)]


async def test_media_change_is_the_recorded_one(make_robot: MakeRobot, tap: Tap) -> None:
    """A finished temporary item is deleted, then the next one is current; KV ``current`` twice."""
    now_s = 1_795_000_000.0
    robot = await make_robot(clock=lambda: now_s)
    first = Media("m1", "Clip One", 40, meta={"direct": {}, "thumbnail": ""})
    second = Media("m4", "Bounty Short", 30, meta={"direct": {}, "thumbnail": ""})
    await robot.queue("boss", first)
    await robot.queue("boss", second)
    now_s += 45
    await _settle(robot, tap)
    tap.messages.clear()
    await robot.tick()
    await _settle(robot, tap)
    recorded = [e["event_name"] for e in events(BASIC, 253.79, 253.8)]
    assert [e["event_name"] for e in tap.events()] == recorded
    current = [d for s, d in tap.messages if s.endswith("playlist.current")]
    assert [(c["id"], c["uid"]) for c in current] == [("m1", 1), ("m4", 1)]


async def test_reconnect_brings_no_old_chat(make_robot: MakeRobot, tap: Tap) -> None:
    """After a kick with aggressive reconnect the burst has no chat and a note is told."""
    robot = await _as_in_the_recording(make_robot, tap)
    await robot.start()
    await robot.kick_bot(is_persistent=True)
    await robot.chat("alice", "lost for good")
    await _settle(robot, tap)
    tap.messages.clear()
    await robot.rejoin()
    await _settle(robot, tap)
    recorded = [e["event_name"] for e in events(RESTART, 56.5, 58)]
    assert [e["event_name"] for e in tap.events()] == recorded
    notes = [d for s, d in tap.messages if s.endswith("robot.connected")]
    assert notes[0]["note"] == "Reconnected after: Server sent disconnect packet (attempt 1)"


@pytest.mark.parametrize(
    ("act", "start_s", "end_s"),
    [("shadow_mute", 92.2, 92.7), ("mute", 94.3, 94.7), ("kick", 139, 139.1)],
)
async def test_moderation_is_the_recorded_one(
    robot: SimulatedRobot, tap: Tap, act: str, start_s: float, end_s: float
) -> None:
    """Mutes are setUserMeta and a notice, a kick is userLeave and a notice."""
    await robot.join("Mallory")
    await _settle(robot, tap)
    tap.messages.clear()
    await getattr(robot, act)("Mallory")
    await _settle(robot, tap)
    recorded = [e for e in events(BASIC, start_s, end_s) if e["event_name"] != "voteskip"]
    assert [shape(e) for e in tap.events()] == [shape(e) for e in recorded]
