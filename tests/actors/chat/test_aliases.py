"""One person under two names (`earning.md` 1, 8.2, 8.3)."""

from contextlib import closing
from pathlib import Path
from typing import Any

import anyio
import apsw
import pytest
from structlog.testing import capture_logs
from tests.actors.api.helpers import spawn
from tests.actors.house import NO_TRIGGERS, House, house, settings_with

from economy_actors.gateway.bus import ANSWER_S, BusAway
from economy_actors.gateway.worker import AWAY_S, KEPT_S, NAMES_MAX, Aliases, Persons
from economy_actors.messages.channel import PrivateMessage, Said
from economy_actors.session.actor import PERSON_TIMEOUT_S
from kryten_economy.config import Settings


class Userstats:
    """Knows some aliases, may be away or slow, and remembers what it was asked."""

    def __init__(self, **owners: str) -> None:
        self.owners = owners
        self.asked: list[str] = []
        self.is_away = False
        self.delay_s = 0.0

    async def owner_of(self, name: str) -> str | None:
        self.asked.append(name)
        await anyio.sleep(self.delay_s)
        if self.is_away:
            raise BusAway("no responders")
        return self.owners.get(name)


async def test_an_answer_is_kept_for_ten_minutes() -> None:
    """Aliases and names without alias alike, in any casing."""
    stats = Userstats(al="Alice")
    aliases = Aliases(stats.owner_of)
    for _ in range(2):
        assert [await aliases.canonical(name) for name in ("AL", "al", "Alice", "Bob")] == [
            "alice",
            "alice",
            "alice",
            "bob",
        ]
        await anyio.sleep(KEPT_S - 1)
    assert stats.asked == ["al", "alice", "bob"]
    stats.owners = {}
    await anyio.sleep(1)
    assert await aliases.canonical("al") == "al"


async def test_a_failure_is_kept_for_a_minute() -> None:
    """Meanwhile every name stands for itself and nobody waits; what is known stays known."""
    stats = Userstats(al="Alice")
    aliases = Aliases(stats.owner_of)
    assert await aliases.canonical("al") == "alice"
    stats.is_away = True
    for name in ("bob", "bob", "carol"):
        assert await aliases.canonical(name) == name
    assert await aliases.canonical("al") == "alice"
    assert stats.asked == ["al", "bob"]
    stats.is_away, stats.owners["bob"] = False, "Robert"
    await anyio.sleep(AWAY_S)
    assert await aliases.canonical("bob") == "robert"


async def test_what_is_known_is_at_hand() -> None:
    """Nobody waits for names that were asked for, nor while userstats is away."""
    stats = Userstats(al="Alice")
    aliases = Aliases(stats.owner_of)
    assert aliases.at_hand(["AL", "Alice"]) is None
    await aliases.canonical("al")
    assert aliases.at_hand(["AL", "Alice"]) is None
    await aliases.canonical("alice")
    assert aliases.at_hand(["AL", "Alice"]) == ["alice", "alice"]
    stats.is_away = True
    await aliases.canonical("bob")
    assert aliases.at_hand(["Bob", "al", "Carol"]) == ["bob", "alice", "carol"]
    await anyio.sleep(AWAY_S)
    assert aliases.at_hand(["Carol"]) is None
    await anyio.sleep(KEPT_S)
    assert aliases.at_hand(["al"]) is None
    assert stats.asked == ["al", "alice", "bob"]


async def test_silence_is_a_failure() -> None:
    """Whoever asks first waits two seconds, the others not at all."""
    stats = Userstats(al="Alice")
    stats.delay_s = 1000
    aliases = Aliases(stats.owner_of)
    began_s = anyio.current_time()
    assert await aliases.canonical("al") == "al"
    assert anyio.current_time() - began_s == pytest.approx(ANSWER_S, abs=0.01)
    assert await aliases.canonical("bob") == "bob"
    assert stats.asked == ["al"]


async def test_the_memory_is_bounded() -> None:
    """Made-up names, however many, do not fill it."""
    stats = Userstats()
    aliases = Aliases(stats.owner_of)
    for number in range(NAMES_MAX + 2):
        await aliases.canonical(f"user{number}")
    assert len(aliases._known) == 2


def thanks(**laughs_and_kudos: Any) -> Settings:
    terms = dict.fromkeys(("laugh_received", "kudos_received"), laughs_and_kudos)
    return settings_with(
        onboarding={"welcome_wallet": 0}, chat_triggers=NO_TRIGGERS["chat_triggers"] | terms
    )


async def everybody(home: House, stats: Userstats) -> None:
    people = Aliases(stats.owner_of, home.context.metrics.userstats_silent)
    home.context.people = people
    home.context.persons = spawn(home, "userstats", lambda: Persons(people))
    for name in ("Alice", "Al", "Bob"):
        await home.join(name)


def counted(home: House, name: str) -> tuple[int, int, int]:
    """Laughs received, kudos received, kudos given."""
    with closing(apsw.Connection(str(home.path))) as books:
        row = books.execute(
            "SELECT laughs_received, kudos_received, kudos_given FROM daily_activity AS d"
            " JOIN account AS a ON a.id = d.account_id WHERE a.name = ?",
            (name.lower(),),
        ).fetchone()
    laughs, received, given = row or (0, 0, 0)
    return int(laughs), int(received), int(given)


def lines_of(home: House, name: str) -> int:
    """How many lines of somebody the books have counted."""
    wallet = home.wallet(name)
    return 0 if wallet is None else wallet.lifetime_messages


@pytest.mark.parametrize(("excluded", "paid_z"), [(True, 2), (False, 4)])
async def test_who_laughs_under_another_name(tmp_path: Path, excluded: bool, paid_z: int) -> None:
    """The teller's alias pays nothing and counts nothing, unless that is allowed."""
    async with house(tmp_path / "e.db", thanks(self_excluded=excluded)) as home:
        await everybody(home, Userstats(al="Alice"))
        await home.chat("Alice", "a horse walks into a bar")
        await home.chat("Al", "lol")
        await home.chat("Bob", "lol")
        assert home.balance("Alice") == paid_z
        assert counted(home, "Alice")[0] == paid_z // 2


@pytest.mark.parametrize(("excluded", "paid_z"), [(True, 0), (False, 3)])
async def test_kudos_under_another_name(tmp_path: Path, excluded: bool, paid_z: int) -> None:
    """Only the own name is left out of a line that thanks several."""
    async with house(tmp_path / "e.db", thanks(self_excluded=excluded)) as home:
        await everybody(home, Userstats(al="Alice"))
        await home.chat("Al", "ALICE++ Bob++")
        assert (home.balance("Alice"), home.balance("Bob")) == (paid_z, 3)
        assert counted(home, "Alice")[1] == paid_z // 3
        assert counted(home, "Al")[2] == 1 + paid_z // 3


async def test_what_is_no_thanks_is_paid(tmp_path: Path) -> None:
    """A mention of the other name in the same line, and the line itself, count as ever."""
    mentions = NO_TRIGGERS["social_triggers"] | {"mentioned_by_other": {}}
    terms = {"kudos_received": {}, "long_message": {"min_chars": 3}}
    settings = settings_with(
        onboarding={"welcome_wallet": 0},
        chat_triggers=NO_TRIGGERS["chat_triggers"] | terms,
        social_triggers=mentions,
    )
    async with house(tmp_path / "e.db", settings) as home:
        await everybody(home, Userstats(al="Alice"))
        await home.chat("Al", "Alice++")
        assert (home.balance("Alice"), home.balance("Al")) == (1, 1)


async def test_two_aliases_of_a_third(tmp_path: Path) -> None:
    """Neither name need be the one by which userstats knows the person."""
    async with house(tmp_path / "e.db", thanks()) as home:
        await everybody(home, Userstats(al="Robert", alice="Robert"))
        await home.chat("Al", "Alice++")
        assert home.balance("Alice") == 0


async def test_who_asks_for_nothing_costs_nothing(tmp_path: Path) -> None:
    """Lines without laugh and kudos, and laughs at the own joke, ask nobody."""
    async with house(tmp_path / "e.db", thanks()) as home:
        stats = Userstats()
        await everybody(home, stats)
        for name, text in (("Alice", "a joke"), ("Alice", "lol"), ("Bob", "hi Alice"), ("Al", "x")):
            await home.chat(name, text)
        await home.chat("Alice", "alice++")
        assert stats.asked == []


async def test_without_userstats_plain_names_count(tmp_path: Path) -> None:
    """Fail soft: everybody is who they say they are, and userstats is asked once."""
    async with house(tmp_path / "e.db", thanks()) as home:
        stats = Userstats(al="Alice")
        stats.is_away = True
        await everybody(home, stats)
        await home.chat("Alice", "a joke")
        await home.chat("Al", "lol")
        await home.chat("Bob", "lol")
        assert home.balance("Alice") == 4
        assert len(stats.asked) == 1


async def test_thanks_wait_and_nobody_with_them(tmp_path: Path) -> None:
    """While userstats is silent the line is booked; the laugh follows, by plain names."""
    async with house(tmp_path / "e.db", thanks()) as home:
        stats = Userstats()
        stats.delay_s = 1000
        await everybody(home, stats)
        await home.chat("Alice", "a joke")
        await home.chat("Al", "lol")
        assert home.balance("Alice") == 0
        assert lines_of(home, "Al") == 1
        assert "Balance" in (await home.pm("Bob", "balance"))[0]
        await anyio.sleep(PERSON_TIMEOUT_S)
        await home.settle()
        assert home.balance("Alice") == 2


async def test_who_thanks_is_answered_at_once(tmp_path: Path) -> None:
    """However many thanks wait for a silent userstats, their giver waits for nothing."""
    async with house(tmp_path / "e.db", thanks()) as home:
        stats = Userstats()
        stats.delay_s = 1000
        await everybody(home, stats)
        receivers = ("Alice", "Bob", "Carol", "Dave")
        for name in receivers[2:]:
            await home.join(name)
        began_s = anyio.current_time()
        for name in receivers:
            home.channel.tell(Said("Al", f"{name}++", home.now_ms))
        home.channel.tell(PrivateMessage("Al", "balance", home.now_ms))
        await home.settle()
        assert anyio.current_time() - began_s < 0.1
        assert "Balance" in home.pms("Al")[0]
        assert lines_of(home, "Al") == 4
        assert counted(home, "Al")[2] == 0
        await anyio.sleep(PERSON_TIMEOUT_S)
        await home.settle()
        assert [home.balance(name) for name in receivers] == [3, 3, 3, 3]
        assert counted(home, "Al")[2] == 4


async def test_after_one_silence_nobody_is_asked_for_a_minute(tmp_path: Path) -> None:
    """Thanks of that minute are paid with their line; one log line and a metric say why."""
    async with house(tmp_path / "e.db", thanks()) as home:
        stats = Userstats()
        stats.delay_s = 1000
        await everybody(home, stats)
        with capture_logs() as logged:
            await home.chat("Al", "Bob++")
            await anyio.sleep(PERSON_TIMEOUT_S)
            await home.settle()
            assert (home.balance("Bob"), stats.asked) == (3, ["al"])
            for number in range(3):
                await home.chat("Al", f"Alice++ Bob++ {number}")
                assert home.balance("Alice") == 3 * (number + 1)
            assert stats.asked == ["al"]
            await anyio.sleep(AWAY_S)
            await home.chat("Al", "Bob++ again")
            await anyio.sleep(PERSON_TIMEOUT_S)
            assert stats.asked == ["al", "al"]
            stats.delay_s = 0
            await anyio.sleep(AWAY_S)
            await home.chat("Al", "Bob++ and again")
        told = [each["event"] for each in logged if "userstats" in each["event"]]
        assert told == [
            "userstats does not answer: names stand for themselves",
            "userstats answers again",
        ]
        assert "economy_userstats_silences_total 2.0" in home.context.metrics.render().decode()


async def test_a_line_that_thanks_many_waits_no_longer(tmp_path: Path) -> None:
    """However slowly each name is answered, the thanks are booked after two seconds."""
    async with house(tmp_path / "e.db", thanks()) as home:
        stats = Userstats(al="Alice")
        stats.delay_s = 0.9
        await everybody(home, stats)
        names = " ".join(f"name{number}++" for number in range(20))
        await home.chat("Al", f"Alice++ Bob++ {names}")
        await anyio.sleep(PERSON_TIMEOUT_S)
        await home.settle()
        assert (home.balance("Alice"), home.balance("Bob")) == (0, 3)
        assert len(stats.asked) == 3
