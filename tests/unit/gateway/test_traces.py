"""Both recordings of real traffic, whole: what counts, what is dropped, and why."""

from collections import Counter
from pathlib import Path

from tests.unit.gateway.helpers import BASIC, RESTART, Wire, start_ms, trace

from economy_actors.gateway.events import Dropped, Translated
from economy_actors.messages.channel import Listed, PrivateMessage, Said

Tally = Counter[tuple[str, str]]


def told(path: Path, wire: Wire | None = None) -> tuple[Tally, list[tuple[float, Translated]]]:
    """Every event of a recording: what became of each kind, and what went on."""
    wire = wire or Wire(start_ms(path))
    tally: Tally = Counter()
    passed = []
    for line in trace(path):
        name = str(line["data"].get("event_name")) if isinstance(line["data"], dict) else ""
        if not line["subject"].startswith("kryten.events.") or (
            name.lower() not in wire.translator.kinds
        ):
            continue
        result = wire.feed(line["data"])
        match result:
            case Translated(_, message):
                tally[name, type(message).__name__] += 1
                passed.append((line["t"], result))
            case Dropped(reason):
                tally[name, reason] += 1
            case _:
                tally[name, "nothing"] += 1
    return tally, passed


def spoken(passed: list[tuple[float, Translated]], kind: type[Said | PrivateMessage]) -> list[str]:
    return [each.message.text for _, each in passed if isinstance(each.message, kind)]


def test_session_basic() -> None:
    """Each event of the first recording is counted, used or dropped for its own reason."""
    tally, _ = told(BASIC)
    assert tally == {
        ("addUser", "Joined"): 19,
        ("addUser", "ignored"): 1,
        ("changeMedia", "MediaChanged"): 9,
        ("channelCSSJS", "StylesheetTold"): 2,
        ("chatMsg", "Echoed"): 12,
        ("chatMsg", "Said"): 68,
        ("chatMsg", "server_line"): 31,
        ("chatMsg", "shadow"): 1,
        ("cooldown", "Throttled"): 28,
        ("delete", "nothing"): 4,
        ("emoteList", "EmotesListed"): 1,
        ("errorMsg", "PmFailed"): 1,
        ("errorMsg", "nothing"): 1,
        ("mediaUpdate", "nothing"): 62,
        ("moveVideo", "nothing"): 2,
        ("playlist", "PlaylistEmptied"): 1,
        ("playlist", "nothing"): 3,
        ("pm", "Echoed"): 41,
        ("pm", "PrivateMessage"): 26,
        ("queue", "nothing"): 8,
        ("queueFail", "nothing"): 3,
        ("rank", "BotRanked"): 3,
        ("removeEmote", "EmoteChanged"): 1,
        ("setAFK", "AfkChanged"): 6,
        ("setCurrent", "nothing"): 11,
        ("setPermissions", "nothing"): 1,
        ("setPlaylistLocked", "nothing"): 2,
        ("setPlaylistMeta", "PlaylistEmptied"): 1,
        ("setPlaylistMeta", "nothing"): 14,
        ("setUserMeta", "AfkChanged"): 10,
        ("setUserRank", "RankChanged"): 27,
        ("setUserRank", "ignored"): 1,
        ("updateEmote", "EmoteChanged"): 2,
        ("userLeave", "Left"): 22,
        ("usercount", "nothing"): 14,
        ("userlist", "Listed"): 2,
    }


def test_private_messages_of_session_basic() -> None:
    """Every PM to the bot arrives as it was typed, blank ones and line breaks included."""
    _, passed = told(BASIC)
    texts = spoken(passed, PrivateMessage)
    assert texts[:8] == [
        "balance",
        "help",
        "spin 50",
        "tip @bob 10",
        'bounty 100 "first to say hi"',
        "",
        "   ",
        "  balance  ",
    ]
    assert texts[8] == "p" * 320
    assert texts[10:] == [
        "BALANCE",
        "tip @Dr_Z_oid 10",
        "gift <b>x</b> & \"y\" 'z'",
        "line one\nline two",
        "!balance",
        "/me balance",
        "> quoted",
        "https://example.com/pay?to=a&n=1",
        "balance",
        "balance",
        "balance",
        "balance",
        "balance",
        "balance",
        "spin 50",
        "help",
    ]


def test_chat_of_session_basic() -> None:
    """Chat arrives as it was typed: marks, links, signs and emotes; a flood keeps every line."""
    _, passed = told(BASIC)
    texts = spoken(passed, Said)
    for text in (
        "look http://example.com/a.png and https://example.com/x?a=1&b=2",
        "<script>alert(1)</script> & \"double\" 'single' 100% <3",
        "emoji 😀👍🏽🎉 ünïcödé 日本語",
        "*bold* _italic_ ~~strike~~ `code` [sp]spoiler[/sp]",
        "my name is Dr_Z_oid and snake_case_words",
        "> greentext line",
        "   padded   ",
        ":kappa: nice",
    ):
        assert text in texts
    assert [text for text in texts if text.startswith("flood")] == [f"flood {n}" for n in range(20)]


def test_robot_restart() -> None:
    """Of 40 lines that come by chat in the second recording 28 are repetitions."""
    tally, passed = told(RESTART)
    assert {key: n for key, n in tally.items() if key[0] in {"chatMsg", "pm"}} == {
        ("chatMsg", "Said"): 10,
        ("chatMsg", "replayed"): 28,
        ("chatMsg", "server_line"): 5,
        ("pm", "Echoed"): 5,
        ("pm", "PrivateMessage"): 5,
    }
    assert spoken(passed, Said) == [
        "one",
        "two",
        "three",
        "robot is away",
        "still talking",
        "welcome back",
        "bot should be back",
        "said while NATS is down",
        "after NATS came back",
        "after cytube restart 2",
    ]


def test_spoken_while_the_robot_was_away() -> None:
    """What was said while the robot was away counts once, with the time at which it was said."""
    _, passed = told(RESTART)
    away = [
        (t, each.message.at_ms)
        for t, each in passed
        if isinstance(each.message, Said) and each.message.text == "robot is away"
    ]
    assert away == [(29.0244, 1795171457430)]


def test_both_recordings_in_a_row() -> None:
    """A service that has lived through the first recording counts nothing of it again."""
    wire = Wire(start_ms(BASIC))
    told(BASIC, wire)
    tally, passed = told(RESTART, wire)
    assert tally["chatMsg", "Said"] == 10
    assert "good night" not in spoken(passed, Said)


def test_user_lists_of_the_robot_restarts() -> None:
    """Each user list names everybody but the bot, with channel ranks."""
    _, passed = told(RESTART)
    lists = [each.message for _, each in passed if isinstance(each.message, Listed)]
    assert [len(each.users) for each in lists] == [4, 4, 3, 3, 4, 4, 1, 2]
    assert all(user.name != "ZCoinBot" for each in lists for user in each.users)
    boss = [user for user in lists[1].users if user.name == "boss"]
    assert [user.rank for user in boss] == [5.0]
    assert not any(each.stored for each in lists)
