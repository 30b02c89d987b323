"""What the bot says in public, how fast it speaks, and in which order (`announcements.md`)."""

import time
from typing import Any

import anyio
import pytest
from tests.integration.service.house import House, OpenHouse, until

from economy_sandbox.view import Heard

HERE = ("boss", "alice", "Bob", "Dr_Z_oid")
BUCKET = {"chat_min_delay": None, "chat_jitter": None}


class Stopwatch:
    """When the bot said what, in seconds since the start."""

    def __init__(self, house: House) -> None:
        self._bot = house.robot.bot
        self._began_s = time.monotonic()
        self.times_s: list[float] = []
        house.robot.listeners.append(self._heard)

    def _heard(self, heard: Heard) -> None:
        if heard.sender == self._bot:
            self.times_s.append(time.monotonic() - self._began_s)


@pytest.fixture
async def paced(make_house: OpenHouse) -> House:
    """A service that speaks as fast as it does by default."""
    house = await make_house(start=False, onboarding={"welcome_delay_seconds": 0})
    for key in BUCKET:
        del house.settings[key]
    house.write_config()
    await house.start()
    return house


async def unpace(house: House) -> None:
    """Let everything that waits go out at once, so that the stop has nothing to drain."""
    house.write_config(chat_min_delay=0, chat_jitter=0)
    await house.data("config.reload")
    await until(lambda: house.metric("economy_outbox_depth", channel=house.channel) == 0)


@pytest.mark.parametrize("way", ["pm", "api"])
async def test_one_line(house: House, way: str) -> None:
    """An announcement is one public line, as typed, without anything added."""
    text = "Movie *night* at 8 — {user} <3 %s"
    await announce(house, way, text)

    assert await house.robot.wait_chat() == text
    await house.settled()
    assert house.robot.chat_lines == [text]


@pytest.mark.parametrize("way", ["pm", "api"])
@pytest.mark.parametrize("text", ["/kick Bob", "/clear", "  /kick Bob", "!bot", "\u200b/kick Bob"])
async def test_never_a_command(house: House, way: str, text: str) -> None:
    """A text that begins with a slash is said, not carried out."""
    await announce(house, way, text)

    line = await house.robot.wait_chat()
    assert not line.startswith(("/", "!"))
    assert line.endswith(text.strip(" \u200b"))
    await house.settled()
    assert house.robot.room.find("Bob") is not None


async def test_a_slash_at_a_split_is_no_command(house: House) -> None:
    """Also a later part of a long text never begins with a slash."""
    await announce(house, "api", "x" * 239 + " /kick Bob\n/clear\n/mute alice")

    await house.robot.wait_chat("mute alice")
    lines = house.robot.chat_lines
    assert len(lines) >= 3
    assert not [line for line in lines if line.startswith("/")]
    assert house.robot.room.find("Bob") is not None


async def test_long_texts_are_split(house: House) -> None:
    """Nothing is lost of a long text, no line is longer than the limit, words stay whole."""
    words = [f"word{number:03}" for number in range(100)]
    await announce(house, "api", " ".join(words))

    await house.robot.wait_chat("word099")
    lines = house.robot.chat_lines
    assert all(len(line) <= 240 for line in lines)
    assert " ".join(lines).split() == words


async def test_emoji_are_not_cut(house: House) -> None:
    """Lengths are UTF-16 units, and no emoji is split."""
    await announce(house, "api", "💰" * 200)

    await until(lambda: sum(line.count("💰") for line in house.robot.chat_lines) == 200)
    assert all(len(line.encode("utf-16-le")) // 2 <= 240 for line in house.robot.chat_lines)
    assert "\ufffd" not in "".join(house.robot.chat_lines)


async def test_control_characters_are_taken_out(house: House) -> None:
    """Nothing invisible goes to the channel."""
    await announce(house, "api", "he\x00llo\u202e wor\x1bld\u200b")

    assert await house.robot.wait_chat() == "hello world"


async def test_the_same_announcement_twice(house: House) -> None:
    """What an admin says is not deduplicated."""
    await announce(house, "pm", "again")
    await announce(house, "api", "again")

    await until(lambda: house.robot.chat_lines == ["again", "again"])


async def test_no_echo_loop(house: House) -> None:
    """A conversation ends when people stop: three seconds later nothing more was said."""
    for text in ("balance", "about", "help", "nosuch", "history"):
        await house.ask("alice", text)
    await announce(house, "pm", "balance")
    await announce(house, "api", "!balance help")
    await house.robot.wait_chat("help")
    await house.settled()
    said = len([each for each in house.robot.heard if each.sender == house.robot.bot])

    await anyio.sleep(3)

    assert said == len([each for each in house.robot.heard if each.sender == house.robot.bot])
    assert house.dropped("echo") == said
    assert house.metric("economy_outbox_echo_seconds_count") == said


async def test_pms_of_the_bot_to_itself(house: House) -> None:
    """A PM event in the bot's own name, in any casing, is an echo and never a command."""
    for name in ("ZCoinBot", "zcoinbot"):
        now_ms = house.robot.room.now_ms
        payload: dict[str, Any] = {
            "username": name,
            "msg": "balance",
            "meta": {},
            "to": "alice",
            "time": now_ms,
        }
        await house.robot.raw_event("pm", payload)
    await house.settled()

    assert house.balance("ZCoinBot") is None
    assert not house.robot.pms_to("ZCoinBot")


async def test_system_messages_belong_to_the_robot(house: House) -> None:
    """`system:about` is answered by the robot; the service is not even asked."""
    assert "Kryten Robot" in await house.ask("alice", "system:about")
    await house.settled()

    assert len(house.robot.pms_to("alice")) == 1
    assert house.balance("alice") is None


async def test_who_has_left_is_told_nothing(house: House) -> None:
    """A notice for somebody absent is dropped and counted, and the money is there."""
    await house.ask("alice", "balance")
    await house.robot.leave("alice")
    await house.present("boss", "Bob", "Dr_Z_oid")
    before = len(house.robot.pms_to("alice"))

    await house.give("alice", 10)

    await until(lambda: house.metric("economy_pm_undeliverable_total", reason="absent") == 1)
    assert house.balance("alice") == 10
    assert len(house.robot.pms_to("alice")) == before


async def test_who_has_just_left_is_told_nothing(house: House) -> None:
    """The server's refusal of a PM is counted too, and not tried again."""
    await house.ask("alice", "balance")
    house.robot.room.leave("alice")

    await house.give("alice", 10)

    await until(lambda: house.metric("economy_pm_undeliverable_total", reason="absent") == 1)
    await house.settled()
    assert sum(each.args.get("to") == "alice" for each in house.robot.commands) == 2


async def test_without_a_pace_nothing_waits(house: House) -> None:
    """With both delays 0 a hundred replies do not wait for their turn, which takes 23 s."""
    watch = Stopwatch(house)
    for number in range(100):
        house.tick()
        await house.robot.pm("alice", f"nosuch{number}")
    await until(lambda: len(watch.times_s) == 100)

    assert watch.times_s[-1] < 15


async def test_a_configured_gap(make_house: OpenHouse) -> None:
    """`chat_min_delay` is the time between two messages at least, PMs and lines alike."""
    house = await make_house(chat_min_delay=0.3)
    watch = Stopwatch(house)
    await announce(house, "api", "one")
    for name in ("alice", "Bob"):
        await house.robot.pm(name, "about")
    await until(lambda: len(watch.times_s) == 3)

    assert watch.times_s[1] >= 0.29
    assert watch.times_s[2] >= 0.59


async def test_the_default_pace(paced: House) -> None:
    """Sixteen messages without waiting, then eight a second at most."""
    watch = Stopwatch(paced)
    for number in range(24):
        paced.tick()
        await paced.robot.pm("alice", f"nosuch{number}")
    await until(lambda: len(watch.times_s) == 24)

    # The first 16 may all have been said at once; the 17th and later ones wait in turn.
    for waited, at_s in enumerate(watch.times_s[16:], start=1):
        assert at_s >= 0.125 * waited - 0.05


async def test_a_reply_overtakes_five_hundred_notices(paced: House) -> None:
    """While hundreds of notices wait, a reply does not, and none of them is lost."""
    names = [f"user{number}" for number in range(490)]
    await paced.robot.join_many(names)
    await paced.present(*HERE, *names)
    await until(
        lambda: paced.metric("economy_outbox_depth", channel=paced.channel) > 350,
        what="most notices wait",
    )
    assert "up 0h" in await paced.ask("alice", "about")

    assert paced.metric("economy_outbox_depth", channel=paced.channel) > 250
    await unpace(paced)
    await until(lambda: all(paced.robot.pms_to(name) for name in names))


@pytest.fixture
async def throttled(make_house: OpenHouse) -> House:
    """A service at its default pace, in a channel that drops what comes too fast."""
    house = await make_house(start=False, is_throttled=True)
    for key in BUCKET:
        del house.settings[key]
    house.write_config()
    await house.start()
    return house


async def test_fifty_who_ask_at_once_wait_less_than_half_of_ten_seconds(throttled: House) -> None:
    """The server allows 20 messages at once and 10 per second; none of the answers is lost."""
    names = [f"asker{number}" for number in range(50)]
    await throttled.robot.join_many(names)
    await throttled.present(*HERE, *names)
    watch = Stopwatch(throttled)
    for name in names:
        await throttled.robot.pm(name, "balance")
    await until(lambda: all(throttled.robot.pms_to(name) for name in names))

    assert watch.times_s[-1] < 10.5 / 2
    assert [len(throttled.robot.pms_to(name)) for name in names] == [1] * 50
    assert throttled.metric("economy_outbox_depth", channel=throttled.channel) == 0


async def test_a_second_part_does_not_come_late(throttled: House) -> None:
    """After twenty messages without a pause the parts of a reply keep a distance, not a pause."""
    names = [f"asker{number}" for number in range(22)]
    await throttled.robot.join_many(names)
    await throttled.present(*HERE, *names)
    for name in names:
        await throttled.robot.pm(name, "balance")
    await until(lambda: all(throttled.robot.pms_to(name) for name in names))
    await anyio.sleep(1.0)
    watch = Stopwatch(throttled)
    await throttled.robot.pm("alice", "help")
    await until(lambda: len(throttled.robot.pms_to("alice")) > 1)
    await throttled.settled()

    assert watch.times_s[-1] - watch.times_s[0] < 0.2 * len(watch.times_s)


async def announce(house: House, way: str, text: str) -> None:
    """Announce by PM or by request."""
    if way == "pm":
        assert "Announced" in await house.ask("boss", f"announce {text}")
    else:
        assert (await house.data("announce", message=text))["sent"]
