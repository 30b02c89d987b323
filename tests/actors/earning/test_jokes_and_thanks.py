"""Laughs and kudos at their edges, from the line to the balance (`earning.md` 8.2 and 8.3)."""

from pathlib import Path

import anyio
import pytest
from tests.actors.earning.street import earned, paying, street
from tests.actors.house import CHANNEL, START_MS, House, house

from kryten_economy.features.bans import Ban
from kryten_economy.users import UserKey

LAUGHS = [
    "lol",
    "LMAO",
    "lmfao",
    "Rofl",
    "kek",
    "dead",
    "haha",
    "HAHAHA",
    "hehe",
    "heheee",
    "💀",
    "😂",
    "🤣",
]
NO_LAUGHS = ("lols", "deadline", "ha", "he", "hah", "lmaof", "keks")


async def _crowd(home: House, *names: str) -> None:
    for name in names:
        await home.join(name)


async def test_each_word_and_sign_of_the_list_is_a_laugh(tmp_path: Path) -> None:
    """Every laugher is another user, so each laugh pays; what only looks like one does not."""
    many = {"laugh_received": {"max_laughers_per_joke": 99}}
    settings = paying("laugh_received", chat_triggers=many)
    async with house(tmp_path / "e.db", settings) as home:
        await home.join("Alice")
        await home.chat("Alice", "a joke")
        for number, word in enumerate(LAUGHS):
            await home.join(f"User{number}")
            await home.chat(f"User{number}", f"oh, {word}!")
            assert home.balance("Alice") == 2 * (number + 1), word
        for word in NO_LAUGHS:
            before = home.balance("Alice")
            await home.chat("Alice", "a joke")
            await home.chat("User1", f"oh, {word}!")
            assert home.balance("Alice") == before, word


async def test_ten_laughers_a_joke(tmp_path: Path) -> None:
    """The eleventh pays nothing; the next joke has ten of its own."""
    async with house(tmp_path / "e.db", paying("laugh_received")) as home:
        await home.join("Alice")
        for number in range(11):
            await home.join(f"User{number}")
        for joke in (1, 2):
            await home.chat("Alice", "a joke")
            for number in range(11):
                await home.chat(f"User{number}", "lol")
            assert home.balance("Alice") == 20 * joke


@pytest.mark.parametrize(("after_s", "paid"), [(300, 2), (300.1, 0)])
async def test_a_joke_is_funny_for_five_minutes(tmp_path: Path, after_s: float, paid: int) -> None:
    """300 s after it was told, and not later."""
    async with house(tmp_path / "e.db", paying("laugh_received")) as home:
        await _crowd(home, "Alice", "Bob")
        told_ms = home.now_ms
        await home.chat("Alice", "a joke")
        await anyio.sleep((told_ms + after_s * 1000 - home.now_ms) / 1000)
        await home.chat("Bob", "lol")
        assert home.balance("Alice") == paid


async def test_a_laugh_is_never_the_next_joke(tmp_path: Path) -> None:
    """P-EARN-5: every laugher pays the teller, in any order; nobody pays for laughing twice."""
    async with house(tmp_path / "e.db", paying("laugh_received")) as home:
        await _crowd(home, "Alice", "Bob", "Carol")
        await home.chat("Bob", "lol")
        assert earned(home, "Alice", "Bob", "Carol") == [[], [], []], "nobody has told a joke"
        await home.chat("Alice", "a joke")
        for name, text in (("Bob", "haha"), ("Carol", "a🤣b"), ("bob", "lol"), ("Alice", "lol")):
            await home.chat(name, text)
        laughs = [("chat.laugh_received", 2)] * 2
        assert earned(home, "Alice", "Bob", "Carol") == [laughs, [], []]


async def test_the_joke_of_somebody_banned_is_paid_to_nobody(tmp_path: Path) -> None:
    """It is the latest joke all the same: the one before it is over."""
    async with house(tmp_path / "e.db", paying("laugh_received")) as home:
        await _crowd(home, "Alice", "Bob", "Mallory")
        ban = Ban(UserKey(CHANNEL, "mallory"), "Mallory", "boss", "", home.now_ms)
        await home.commit(ban)
        await home.chat("Alice", "a joke")
        await home.chat("Mallory", "another")
        await home.chat("Bob", "lol")
        assert earned(home, "Alice", "Bob", "Mallory") == [[], [], []]


async def test_kudos_name_somebody_with_an_account(tmp_path: Path) -> None:
    """P-EARN-3: start or space, name, `++`, end or punctuation; each once, never oneself."""
    table = {
        "bob++": (3, 0),
        "@Bob++!": (3, 0),
        "thanks BOB++, dr_z-1++": (3, 3),
        "Bob++ bob++ @bob++": (3, 0),
        "bob ++": (0, 0),
        "bob+++": (0, 0),
        "xbob++": (0, 0),
        "c++ and nobody++": (0, 0),
        "Alice++": (0, 0),
    }
    async with house(tmp_path / "e.db", paying("kudos_received")) as home:
        await _crowd(home, "Alice", "Bob", "Dr_Z-1")
        await home.leave("Bob")
        for text, paid in table.items():
            before = [home.balance(name) for name in ("Alice", "Bob", "Dr_Z-1")]
            await home.chat("Alice", text)
            after = [home.balance(name) for name in ("Alice", "Bob", "Dr_Z-1")]
            assert [b - a for a, b in zip(before, after, strict=True)] == [0, *paid], text
        found = home.report(lambda reports: reports.search(CHANNEL))
        assert {row.username for row in found} == {"Alice", "Bob", "Dr_Z-1"}


async def test_ten_kudos_a_day_from_one_to_another(tmp_path: Path) -> None:
    """The eleventh is counted and not paid; others have their own ten; midnight begins anew."""
    start_ms = START_MS + 14 * 3_600_000 - 30_000
    async with house(tmp_path / "e.db", paying("kudos_received"), start_ms=start_ms) as home:
        await _crowd(home, "Alice", "Bob", "Carol")
        for _ in range(11):
            await home.chat("Alice", "Bob++")
        await home.chat("Carol", "Bob++")
        await home.chat("Alice", "Carol++")
        assert [home.balance("Bob"), home.balance("Carol")] == [33, 3]
        await anyio.sleep(30)
        await home.chat("Alice", "Bob++")
        assert home.balance("Bob") == 36


async def test_the_ignored_are_neither_thanked_nor_laughed_at(tmp_path: Path) -> None:
    """Also where an account is left from before they were ignored."""
    path, names = tmp_path / "e.db", ("kudos_received", "laugh_received")
    async with street(path, paying(*names)) as it:
        await it.join("HalBot")
        await it.join("Alice")
        await it.chat("Alice", "HalBot++")
        assert it.house.balance("HalBot") == 3
    ignoring = paying(*names, ignored_users=["halbot"])
    async with street(path, ignoring, start_ms=START_MS + 60_000) as it:
        await it.join("Alice")
        await it.chat("HalBot", "a joke")
        await it.chat("Alice", "lol HalBot++")
        assert it.house.balance("HalBot") == 3
