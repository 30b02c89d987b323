"""Chat and PMs: what is an echo, what is no user, what is new, and what was typed."""

import pytest
from tests.unit.gateway.helpers import (
    BASIC,
    NOW_MS,
    Wire,
    chat_payload,
    envelope_of,
    recorded,
    start_ms,
)

from economy_actors.gateway.events import Dropped, Translated
from economy_actors.gateway.payloads import TEXT_MAX
from economy_actors.messages.channel import PrivateMessage, Said
from economy_actors.outbox.message import Medium
from economy_actors.outbox.protocol import Echoed


def test_own_pm_comes_back_as_an_echo() -> None:
    """A PM of the bot is told to the outbox, as typed, and to nobody else."""
    wire = Wire(start_ms(BASIC))
    result = wire.feed(recorded(BASIC, 65.1226))
    assert isinstance(result, Translated)
    assert isinstance(result.message, Echoed)
    assert result.message.medium is Medium.PM
    assert result.message.to is None
    assert "Dr_Z_oid" in result.message.text


@pytest.mark.parametrize("name", ["ZCoinBot", "zcoinbot", "ZCOINBOT"])
def test_own_name_in_any_casing(name: str) -> None:
    """The bot is recognised by its name in any casing, in chat and in PMs (P-USR-11)."""
    wire = Wire()
    assert wire.say(name, "a <em>b</em>") == Translated(
        "testchan", Echoed(Medium.CHAT, None, "a _b_")
    )
    assert wire.whisper(name, "hi") == Translated("testchan", Echoed(Medium.PM, None, "hi"))


def test_own_replayed_line_is_no_proof() -> None:
    """An old line of the bot that is repeated at a robot start proves no delivery."""
    wire = Wire()
    assert isinstance(wire.say("ZCoinBot", "hi", 1), Translated)
    assert wire.say("ZCoinBot", "hi", 1) == Dropped("replayed")


@pytest.mark.parametrize("t", [15.2904, 92.2158, 104.8379, 139.0444, 143.6753, 277.7746])
def test_lines_of_the_server(t: float) -> None:
    """Notices of the server come as chat of names that no account can have."""
    assert Wire(start_ms(BASIC)).feed(recorded(BASIC, t, "chatMsg")) == Dropped("server_line")


def test_shadow_muted_lines() -> None:
    """A shadow-muted user is not heard, in chat and, where it is told, in PMs (P-USR-12)."""
    wire = Wire()
    payload = chat_payload("Mallory", "hi", shadow=True)
    assert wire.see("chatMsg", payload) == Dropped("shadow")
    assert wire.see("pm", payload) == Dropped("shadow")


def test_ignored_users() -> None:
    """Ignored users are dropped by name in any casing, before anything else is looked at."""
    wire = Wire(ignored_users=["HalBot"])
    assert wire.say("halbot", "hi") == Dropped("ignored")
    assert wire.whisper("HALBOT", "hi") == Dropped("ignored")
    assert isinstance(wire.say("halbot2", "hi"), Translated)


def test_reloaded_ignore_list() -> None:
    """A reload of the settings changes at once who is ignored."""
    wire = Wire()
    wire.live.swap(wire.live.settings.model_copy(update={"ignored_users": ("Eve",)}))
    assert wire.say("eve", "hi") == Dropped("ignored")


def test_times_are_those_of_cytube() -> None:
    """A message bears the time at which it was said, to the millisecond, not that of the robot."""
    wire = Wire()
    for after_ms in (1, 973, 974, 59_999):
        result = wire.whisper("alice", "hi", after_ms)
        assert result == Translated("testchan", PrivateMessage("alice", "hi", NOW_MS + after_ms))


FAR_MS = 70 * 365 * 86_400_000


@pytest.mark.parametrize("after_ms", [60_001, 3_600_000, FAR_MS])
def test_a_line_from_the_future_is_said_now(after_ms: int) -> None:
    """A time more than a minute ahead is not believed: the line is said now, by our clock."""
    wire = Wire()
    assert wire.say("alice", "hi", after_ms) == Translated("testchan", Said("alice", "hi", NOW_MS))
    assert wire.whisper("alice", "hi", after_ms) == Translated(
        "testchan", PrivateMessage("alice", "hi", NOW_MS)
    )


def test_lines_after_one_from_the_future() -> None:
    """A line from the year 2095 makes none of the lines after it look like an old one."""
    wire = Wire()
    assert isinstance(wire.say("alice", "hello from afar", FAR_MS), Translated)
    heard = [wire.say("bob", f"line {n}", n) for n in range(1, 20)]
    assert heard == [
        Translated("testchan", Said("bob", f"line {n}", NOW_MS + n)) for n in range(1, 20)
    ]


def test_a_line_from_the_future_is_repeated_in_vain() -> None:
    """What came from the future counts once, however often the robot starts."""
    wire = Wire()
    assert isinstance(wire.say("alice", "hello from afar", FAR_MS), Translated)
    for _ in range(3):
        assert wire.say("alice", "hello from afar", FAR_MS) == Dropped("replayed")


def test_a_server_whose_clock_is_ahead() -> None:
    """With a clock an hour ahead every line still counts, once, at the time of our clock."""
    wire, hour_ms = Wire(), 3_600_000
    for start in range(3):
        for n in range(start * 15, start * 15 + 15):
            assert wire.say("alice", f"line {n}", hour_ms + n) == Translated(
                "testchan", Said("alice", f"line {n}", NOW_MS)
            )
        for n in range(start * 15, start * 15 + 15):
            assert wire.say("alice", f"line {n}", hour_ms + n) == Dropped("replayed")


def test_private_messages_are_never_replays() -> None:
    """PMs are not repeated by CyTube: an old one is late, and still counts."""
    wire = Wire()
    assert isinstance(wire.whisper("alice", "balance", -600_000), Translated)
    assert isinstance(wire.whisper("alice", "balance", -600_000), Translated)


def test_blank_private_message() -> None:
    """Blank PMs arrive and are passed on; the command parser answers them."""
    assert Wire().whisper("frank", "   ") == Translated(
        "testchan", PrivateMessage("frank", "   ", NOW_MS)
    )


def test_same_event_twice() -> None:
    """An event with an id that was seen already is dropped, of whatever kind."""
    wire = Wire()
    assert isinstance(wire.say("alice", "hi", 1, correlation_id="x"), Translated)
    assert wire.say("alice", "ho", 2, correlation_id="x") == Dropped("duplicate")
    assert wire.see("userLeave", {"name": "alice"}, correlation_id="x") == Dropped("duplicate")


def test_events_without_id() -> None:
    """An empty id says nothing about another event."""
    wire = Wire()
    assert isinstance(wire.whisper("alice", "a", correlation_id=""), Translated)
    assert isinstance(wire.whisper("alice", "a", correlation_id=""), Translated)


def test_other_domain_with_the_same_channel() -> None:
    """Subjects carry no domain: the other server's channel of the same name is not ours."""
    wire = Wire()
    assert wire.say("alice", "hi", domain="cytu.be") == Dropped("unknown_channel")
    assert wire.say("alice", "hi", domain="CyTube.test") == Dropped("unknown_channel")


def test_channel_spelled_as_configured() -> None:
    """An event's channel in any casing is told under its configured spelling."""
    channels = [{"domain": "cytube.test", "channel": "QuietRoom"}]
    wire = Wire(channels=channels)
    for spelling in ("quietroom", "QUIETROOM", "QuietRoom"):
        result = wire.whisper("alice", "hi", channel=spelling)
        assert isinstance(result, Translated)
        assert result.channel == "QuietRoom"
    assert wire.whisper("alice", "hi", channel="quietroom2") == Dropped("unknown_channel")


@pytest.mark.parametrize(
    ("html", "typed"),
    [
        ("a\x00b\x07c", "abc"),
        ("a\tb\nc", "a\tb\nc"),
        ("\x7f\x85\x9fé", "é"),
        ("cut \ud83d", "cut "),
        ("tip @Dr<em>Z</em>oid 10", "tip @Dr_Z_oid 10"),
        ("&lt;3 &amp;amp;", "<3 &amp;"),
        ("🤣" * 400, "🤣" * 400),
        ("x" * 5000, "x" * TEXT_MAX),
        ("&lt;" * 1200, "<" * TEXT_MAX),
    ],
)
def test_text_as_typed(html: str, typed: str) -> None:
    """Texts lose their HTML and control characters and are cut at the server's hard limit."""
    wire = Wire()
    assert wire.whisper("alice", html) == Translated(
        "testchan", PrivateMessage("alice", typed, NOW_MS)
    )
    assert wire.say("alice", html, 1) == Translated("testchan", Said("alice", typed, NOW_MS + 1))


@pytest.mark.parametrize("name", ["", "two words", "x" * 21, "ünï", "a\n", "<b>"])
def test_speakers_that_are_no_users(name: str) -> None:
    """A name that CyTube does not have is malformed."""
    assert Wire().say(name, "hi") == Dropped("malformed", "no user name")


@pytest.mark.parametrize(
    "payload",
    [
        None,
        7,
        "hi",
        [],
        {"username": 7, "msg": "hi"},
        {"username": "alice", "msg": None},
        {"username": "alice", "msg": ["hi"]},
        {"username": "alice", "msg": "hi", "time": "yesterday"},
        {"username": "alice", "msg": "hi", "time": 10**30},
    ],
)
@pytest.mark.parametrize("name", ["chatMsg", "pm"])
def test_malformed_lines(name: str, payload: object) -> None:
    """What kryten-py can't type is dropped with its reason."""
    result = Wire().feed(envelope_of(name, payload))
    assert result == Dropped("malformed", "not a chat event")
