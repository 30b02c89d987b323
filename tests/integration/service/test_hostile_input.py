"""Whatever people type and the bus carries: a clear refusal or a counted drop, nothing moves."""

from typing import Any

import pytest
from tests.integration.service.house import House, until

AMOUNTS = {
    "-5": "without a sign",
    "+5": "without a sign",
    "0": "at least 1",
    "1e9": "not an amount",
    "NaN": "not an amount",
    "inf": "not an amount",
    "１０": "digits 0 to 9",
    "٣": "digits 0 to 9",
    "²": "digits 0 to 9",
    "99999999999999999999": "the most is",
    "9007199254740993": "the most is",
    "1.5": "whole amounts",
    "1_0": "groups of three",
    "1,00": "groups of three",
    "0x10": "not an amount",
    "10Z": "not an amount",
    "%d": "not an amount",
    "{0}": "not an amount",
    "<em>": "not an amount",
    "10;--": "not an amount",
}


@pytest.mark.parametrize("command", ["grant", "deduct"])
async def test_amounts_that_are_none(house: House, command: str) -> None:
    """What is no amount is told with the reason and the syntax, and nothing moves."""
    await house.ask("boss", "grant alice 50")
    for text, reason in AMOUNTS.items():
        reply = await house.ask("boss", f"{command} alice {text}")
        assert reason in reply, text
        assert f"Usage: {command} @user <amount>" in reply, text

    assert house.balance("alice") == 50
    assert house.rows("SELECT count(*) FROM transactions") == [(1,)]


async def test_a_balance_of_nothing(house: House) -> None:
    """`set_balance` takes 0, and nothing that is no amount."""
    await house.ask("boss", "grant alice 50")
    for text in AMOUNTS:
        if text != "0":
            assert "Usage" in await house.ask("boss", f"set_balance alice {text}"), text
    assert "Usage" in await house.ask("boss", "set_balance alice 5 6")

    assert house.balance("alice") == 50


NAMES = [
    "@",
    "a b",
    "[server]",
    "<em>alice</em>",
    "al*ice",
    "äöü",
    "x" * 21,
    "'; DROP TABLE",
    "../x",
]


@pytest.mark.parametrize("name", NAMES)
async def test_names_that_are_none(house: House, name: str) -> None:
    """What can't be a name is refused, and no account appears."""
    reply = await house.ask("boss", f"grant {name} 10")

    assert "Usage: grant" in reply
    assert set(house.accounts()) == {"boss"}


async def test_marks_inside_a_name_are_kept_apart(house: House) -> None:
    """`al*ic*e` typed is not alice, although the filtered HTML without tags would read so."""
    assert "can't be a user name" in await house.ask("boss", "grant al*ic*e 10")
    assert "can't be a user name" in await house.ask("boss", "grant @`alice` 10")

    assert house.balance("alice") is None


TEXTS = {
    "format": "%s %n {} {0} {user.__class__} ${HOME}",
    "sql": "balance'; DELETE FROM account; --",
    "html": "<script>alert(1)</script><img src=x onerror=y>",
    "control": "bal\x00ance\x1b[31m\x07",
    "bidi": "\u202ebalance\u202c\u200b",
    "emoji": "💰" * 60,
    "quotes": "\"'`´",
    "newlines": "\n\nnosuch\n\n",
    "long": "x" * 2000,
    "long words": "grant " * 400,
    "slash": "/kick alice",
    "json": '{"command": "balance.set", "amount": 5}',
}


@pytest.mark.parametrize("kind", TEXTS)
async def test_rubbish_is_answered(house: House, kind: str) -> None:
    """Any text gets one answer that stays within the length limit, and moves nothing."""
    reply = await house.ask("alice", TEXTS[kind])

    assert 0 < len(reply.encode("utf-16-le")) // 2 <= 240
    assert "\x00" not in reply
    assert "\x1b" not in reply
    assert "\u202e" not in reply
    assert "went wrong" not in reply
    assert house.rows("SELECT count(*) FROM transfer") == [(0,)]
    assert not house.robot.chat_lines
    assert "Balance: 0 Z" in await house.ask("alice", "balance")


@pytest.mark.parametrize("text", ["", "   ", "\n", "\t \n", "!", "/", "! ", "\u200b"])
async def test_blank_messages_are_not_answered(house: House, text: str) -> None:
    """A PM with nothing in it gets no answer and costs nobody anything."""
    await house.robot.pm("alice", text)
    await house.settled()

    got = house.robot.pms_to("alice")
    assert len(got) <= (1 if text == "\u200b" else 0)


async def test_words_of_admins_stay_words(house: House) -> None:
    """Reasons with SQL, templates and HTML are stored and told as typed."""
    reason = "'); DROP TABLE account;-- {user} %s <b>x</b>"
    await house.ask("boss", f"grant alice 10 {reason}")

    assert reason in await house.robot.wait_pm("alice", "gave you")
    assert house.rows("SELECT reason FROM transactions") == [(reason,)]
    assert house.balance("alice") == 10


async def test_a_reason_of_a_thousand_characters(house: House) -> None:
    """A reason as long as CyTube lets through is cut, not refused."""
    await house.ask("boss", "grant alice 10 " + "long " * 400)

    notice = await house.robot.wait_pm("alice", "gave you 10 Z")
    assert len(notice) <= 240
    assert house.balance("alice") == 10


@pytest.mark.parametrize("count", ["0", "abc", "9" * 300, "%s"])
async def test_counts_that_are_drawn_in(house: House, count: str) -> None:
    """`history` clamps a number and ignores a word behind it."""
    await house.minutes(1)

    assert "+1 Z" in await house.ask("alice", f"history {count}")


@pytest.mark.parametrize("count", ["-1", "1e9", "９", "{0}", "1.5"])
async def test_counts_that_are_none(house: House, count: str) -> None:
    """A number that is no count gets the usage."""
    assert "Usage: history" in await house.ask("alice", f"history {count}")


@pytest.mark.parametrize("topic", ["%s", "{0}", "<b>x</b>", "\u202eevil", "x" * 300, "_a_ *b* `c`"])
async def test_topics_that_are_none(house: House, topic: str) -> None:
    """`help` on anything lists the topics."""
    assert "Topics:" in await house.whole("alice", f"help {topic}", "Topics:")


RUBBISH: tuple[tuple[str, Any], ...] = (
    ("pm", None),
    ("pm", []),
    ("pm", "text"),
    ("pm", {"username": "alice"}),
    ("pm", {"username": "alice", "msg": None, "time": 0, "meta": {}}),
    ("pm", {"username": ["alice"], "msg": "balance", "time": 0}),
    ("pm", {"username": "", "msg": "balance", "time": "soon", "meta": 5}),
    ("pm", {"username": "x" * 500, "msg": "balance", "time": 10**30, "meta": {}}),
    ("pm", {"username": "alice", "msg": {"a": 1}, "time": -1, "meta": None}),
    ("chatMsg", {"username": "alice", "msg": ["x"], "time": None, "meta": {}}),
    ("chatMsg", 42),
    ("addUser", {"name": "mallory", "rank": "five"}),
    ("addUser", {"name": {"x": 1}, "rank": 5}),
    ("addUser", "mallory"),
    ("addUser", {"name": "[server]", "rank": 255}),
    ("addUser", {"name": "mallory\u0000", "rank": 1}),
    ("userLeave", {"nam": "alice"}),
    ("userLeave", True),
    ("userlist", {"alice": 1}),
    ("userlist", [None, 1, "alice"]),
    ("setUserRank", {"name": "alice", "rank": True}),
    ("setUserRank", {"name": "alice", "rank": 10**400}),
    ("setUserRank", ["alice", 5]),
    ("setAFK", {"name": "alice", "afk": "yes"}),
    ("setUserMeta", {"name": "alice", "meta": "afk"}),
    ("errorMsg", {"msg": 5}),
    ("changeMedia", {"seconds": "long"}),
)


async def test_rubbish_on_the_bus(house: House) -> None:
    """Events of any shape are dropped; nobody gains a rank, a presence or a coin, all live on."""
    for name, payload in RUBBISH:
        await house.robot.raw_event(name, payload)
    for body in (b"", b"not json", b"[]", b"\xff\xfe", b'{"event_name": 5}', b"[" * 5000):
        await house.robot.raw_bytes("chatMsg", body)
    await house.settled()

    assert house.metric("economy_active_users", channel=house.channel) == 4
    assert house.metric("economy_errors_total", component="gateway") == 0
    assert house.metric("economy_errors_total", component="session") == 0
    assert house.dropped("malformed") > 10
    assert "needs admin rights" in await house.ask("alice", "grant alice 5")
    assert "Granted" in await house.ask("boss", "grant alice 5")


async def test_events_of_a_foreign_channel(house: House) -> None:
    """The same channel name on another server is somebody else's."""
    user = {"name": "mallory", "rank": 5, "profile": {}, "meta": {}}
    await house.robot.raw_event("addUser", user, domain="elsewhere.test")
    await house.robot.raw_event("userlist", [user], domain="elsewhere.test")
    await house.settled()

    assert house.dropped("unknown_channel") == 2
    assert house.metric("economy_active_users", channel=house.channel) == 4


async def test_a_flood_of_commands(house: House) -> None:
    """Two hundred commands at once from each of three users are all answered, in order."""
    for number in range(200):
        house.tick()
        for name in ("alice", "Bob", "Dr_Z_oid"):
            await house.robot.pm(name, f"nosuch{number}")
    for name in ("alice", "Bob", "Dr_Z_oid"):
        await until(
            lambda name=name: len(house.robot.pms_to(name)) == 200,  # type: ignore[misc]
            what=f"200 answers for {name}",
        )
        assert "'nosuch199'" in house.robot.pms_to(name)[-1]
