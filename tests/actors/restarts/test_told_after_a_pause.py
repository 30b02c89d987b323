"""What somebody is owed after a pause is told by the next service, if this one is killed."""

from contextlib import closing
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import apsw
import pytest
from tests.actors.api.helpers import spawn
from tests.actors.house import CHANNEL, START_MS, House, house, settings_with
from tests.actors.session.test_ranks import earn

from economy_actors.messages.channel import (
    Joined,
    NoticeOwed,
    OwedRead,
    RankChanged,
    RobotPresence,
)
from economy_actors.messages.gateway import GiveRank
from economy_actors.runtime import Actor
from kryten_economy.ledger.records import OwedNotice
from kryten_economy.users import UserKey

DAY_MS = 86_400_000
TIERS = [
    {"name": "Extra", "min_lifetime_earned": 0},
    {"name": "Grip", "min_lifetime_earned": 1_000},
    {"name": "Gaffer", "min_lifetime_earned": 2_000},
]
RANKS = settings_with(ranks={"tiers": TIERS}, cytube_promotion={"min_rank": "Grip"})
LEVELS = settings_with(
    ranks={
        "tiers": [
            {"name": "Extra", "min_lifetime_earned": 0},
            {"name": "Mogul", "min_lifetime_earned": 102, "cytube_level_promotion": 2},
        ]
    },
    cytube_promotion={"min_rank": "Mogul"},
    onboarding={"welcome_wallet": 102},
)
AT_ONCE = settings_with(onboarding={"welcome_delay_seconds": 0})


def killed(h: House, name: str) -> Path:
    """What a kill at this moment leaves: the books as far as they were committed."""
    target = h.path.with_name(name)
    with closing(apsw.Connection(str(h.path), flags=apsw.SQLITE_OPEN_READONLY)) as connection:
        connection.execute("VACUUM INTO ?", (str(target),))
    return target


def owed(path: Path, kind: str = "%") -> int:
    """How many notices (of a kind) the books still keep."""
    with closing(apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)) as connection:
        [(count,)] = connection.execute(
            "SELECT count(*) FROM notice_due WHERE kind LIKE ?", (kind,)
        ).fetchall()
    assert isinstance(count, int)
    return count


def told(h: House, what: str) -> list[str]:
    """The PMs to Alice with these words in them."""
    return [text for text in h.pms("Alice") if what in text]


def handed_over(h: House, what: str) -> bool:
    """Whether the outbox has the PM, or gets it with its next turn."""
    return bool(told(h, what)) or h.context.outboxes[CHANNEL].depth > 0


async def newcomer(path: Path) -> Path:
    """Alice comes for the first time, and the service is killed half a minute later."""
    async with house(path) as h:
        await h.join("Alice")
        await anyio.sleep(30)
        assert h.balance("Alice") == 100
        assert told(h, "Stick around") == []
        return killed(h, "killed.db")


async def test_a_welcome_survives_a_kill(tmp_path: Path) -> None:
    """Who is still here is greeted when it is due, and once."""
    path = await newcomer(tmp_path / "e.db")
    async with house(path, start_ms=START_MS + 40_000) as h:
        await h.userlist(("Alice", 1), stored=True)
        await anyio.sleep(45)
        assert told(h, "Stick around") == []
        await anyio.sleep(10)
        assert len(told(h, "Stick around")) == 1
        assert "100" in told(h, "Stick around")[0]
    async with house(path, start_ms=START_MS + 400_000) as h:
        await h.userlist(("Alice", 1), stored=True)
        await anyio.sleep(120)
        assert told(h, "Stick around") == []


async def test_a_welcome_that_fell_due_meanwhile_comes_at_the_start(tmp_path: Path) -> None:
    """The pause is over for those who are here; the others hear it when they come."""
    path = await newcomer(tmp_path / "e.db")
    async with house(path, start_ms=START_MS + 3_600_000) as h:
        await h.userlist(("Bob", 1), stored=True)
        await anyio.sleep(120)
        assert h.pms("Alice") == []
        await h.join("Alice")
        assert len(told(h, "Stick around")) == 1
        assert owed(path) == 0


async def test_a_welcome_waits_for_the_robot(tmp_path: Path) -> None:
    """While it is away nothing is given to the outbox, which a kill would empty."""
    async with house(tmp_path / "e.db") as h:
        await h.join("Alice")
        await h.join("Bob")
        h.channel.tell(RobotPresence(False))
        await anyio.sleep(120)
        assert h.pms("Alice") == []
        path = killed(h, "killed.db")
        h.channel.tell(RobotPresence(True))
        await h.userlist(("Alice", 1))
        assert len(told(h, "Stick around")) == 1
        assert h.pms("Bob") == []
    async with house(path, start_ms=START_MS + 240_000) as h:
        await h.userlist(("Alice", 1), stored=True)
        assert len(told(h, "Stick around")) == 1


@pytest.mark.parametrize(("days", "count"), [(6, 1), (8, 0)])
async def test_a_notice_is_told_within_a_week(tmp_path: Path, days: int, count: int) -> None:
    """Later it is no news any more, and the books forget it."""
    path = await newcomer(tmp_path / "e.db")
    async with house(path, start_ms=START_MS + days * DAY_MS) as h:
        await h.join("Alice")
        assert len(told(h, "Stick around")) == count
    assert owed(path) == 0


async def test_who_left_before_their_welcome_is_owed_none(tmp_path: Path) -> None:
    """Whoever left before the delay was over is not greeted later either."""
    async with house(tmp_path / "e.db") as h:
        await h.join("Alice")
        await h.leave("Alice")
        await anyio.sleep(120)
        await h.join("Alice")
        await h.settle()
        assert h.pms("Alice") == []
    assert owed(tmp_path / "e.db") == 0


async def test_a_notice_that_the_first_reading_has_seen_is_of_this_instance(tmp_path: Path) -> None:
    """Who comes while the books are read at the start, and leaves, is not greeted later either."""
    async with house(tmp_path / "e.db") as h:
        key = UserKey.of(CHANNEL, "Alice")
        due_ms = h.now_ms + 90_000
        notice = OwedNotice(9_999, key, "Alice", False, "welcome", due_ms, {"amount_z": 100})
        h.channel.tell(OwedRead((notice,)))
        h.channel.tell(NoticeOwed(notice))
        await anyio.sleep(120)
        await h.join("Alice")
        await h.settle()
        assert h.pms("Alice") == []


async def test_no_kill_loses_a_welcome(tmp_path: Path) -> None:
    """At whatever turn of the loop it comes: what is paid is told, by this service or the next."""
    paid = 0
    for turn in range(0, 60, 3):
        async with house(tmp_path / f"{turn}.db", AT_ONCE) as h:
            await h.settle()
            h.channel.tell(Joined("Alice", 1, False, h.now_ms))
            for _ in range(turn):
                await anyio.lowlevel.checkpoint()
            heard = handed_over(h, "Stick around")
            path = killed(h, f"{turn}-killed.db")
        async with house(path, AT_ONCE, start_ms=START_MS + 1_000) as h:
            wallet = h.wallet("Alice")
            await h.userlist(("Alice", 1), stored=True)
            if wallet is not None and wallet.welcome_wallet_claimed:
                paid += 1
                assert heard or told(h, "Stick around"), turn
            assert owed(path) == 0
    assert paid


# Rank-ups


@pytest.mark.parametrize("is_kill", [True, False])
async def test_the_quiet_hour_after_a_rank_up_outlives_a_restart(
    tmp_path: Path, is_kill: bool
) -> None:
    """Within the hour the same tier is not told again, and later it is."""
    path = tmp_path / "e.db"
    async with house(path, RANKS) as h:
        for name in ("Alice", "Bob"):
            await h.join(name)
        await earn(h, "Alice", 1_000)
        await anyio.sleep(5)
        assert h.lines() == ["⭐ Alice is now a Grip!"]
        path = killed(h, "killed.db") if is_kill else path
    async with house(path, RANKS, start_ms=START_MS + 600_000) as h:
        await h.userlist(("Alice", 1), ("Bob", 1), ("Carol", 1), stored=True)
        await h.minutes(1)
        await earn(h, "Bob", 1_000)
        await anyio.sleep(5)
        assert any("promoted" in text for text in h.pms("Bob"))
        assert h.lines() == []
        await anyio.sleep(3600)
        await earn(h, "Carol", 1_000)
        await anyio.sleep(5)
        assert h.lines() == ["⭐ Carol is now a Grip!"]


@pytest.mark.parametrize(("minutes_down", "lines"), [(1, 1), (70, 0)])
async def test_rank_ups_that_wait_to_be_told_together_survive_a_kill(
    tmp_path: Path, minutes_down: int, lines: int
) -> None:
    """The next service tells them, unless they are no news any more."""
    async with house(tmp_path / "e.db", RANKS) as h:
        for name in ("Alice", "Bob"):
            await h.join(name)
            await earn(h, name, 1_000)
        await anyio.sleep(1)
        assert h.lines() == []
        path = killed(h, "killed.db")
    async with house(path, RANKS, start_ms=START_MS + minutes_down * 60_000) as h:
        await anyio.sleep(5)
        assert h.lines() == ["⭐ Rank-ups! Grip: Alice, Bob"][:lines]
    assert owed(path, "rank_up") == 0


# Levels


class _Gateway(Actor[Any]):
    def __init__(self, heard: list[GiveRank]) -> None:
        self._heard = heard

    async def receive(self, message: Any) -> None:
        if isinstance(message, GiveRank):
            self._heard.append(message)


def gateway(h: House) -> list[GiveRank]:
    """Stands where the gateway stands; the level requests it was given."""
    heard: list[GiveRank] = []
    h.context.gateway = spawn(h, "gateway", lambda: _Gateway(heard))
    return heard


async def asked_for(h: House) -> None:
    """Alice's rank brings a level, for which the bot has asked."""
    asked = gateway(h)
    await h.join("Alice")
    await h.rank("Alice", 1)
    await h.minutes(2)
    await anyio.sleep(6)
    assert asked == [GiveRank(CHANNEL, "Alice", 2)]


def level(h: House) -> int:
    wallet = h.wallet("Alice")
    assert wallet is not None
    return wallet.cytube_level


async def test_a_level_that_was_given_while_the_service_was_down_is_told(tmp_path: Path) -> None:
    """Asked for, killed, given meanwhile: the user list tells, the books follow, the user hears."""
    async with house(tmp_path / "e.db", LEVELS) as h:
        await asked_for(h)
        path = killed(h, "killed.db")
    async with house(path, LEVELS, start_ms=START_MS + 240_000) as h:
        asked = gateway(h)
        await h.userlist(("Alice", 2), stored=True)
        await anyio.sleep(10)
        assert level(h) == 2
        assert len(told(h, "CyTube level 2")) == 1
        assert b"economy_cytube_promotions_total 1.0" in h.context.metrics.render()
        assert asked == []
    assert owed(path) == 0


async def test_a_level_that_never_came_is_asked_for_again(tmp_path: Path) -> None:
    """Killed before CyTube heard of it: who still stands lower is asked for at the start."""
    async with house(tmp_path / "e.db", LEVELS) as h:
        await asked_for(h)
        path = killed(h, "killed.db")
    async with house(path, LEVELS, start_ms=START_MS + 240_000) as h:
        asked = gateway(h)
        await h.userlist(("Alice", 1), stored=True)
        assert asked == [GiveRank(CHANNEL, "Alice", 2)]
        await h.rank("Alice", 2)
        assert level(h) == 2
        assert len(told(h, "CyTube level 2")) == 1


async def test_no_kill_loses_the_news_of_a_level(tmp_path: Path) -> None:
    """CyTube confirms, and at whatever turn of the loop the kill comes, the user hears of it."""
    async with house(tmp_path / "e.db", LEVELS) as h:
        await asked_for(h)
        before = killed(h, "before.db")
    for turn in range(0, 60, 3):
        path = tmp_path / f"{turn}.db"
        path.write_bytes(before.read_bytes())
        async with house(path, LEVELS, start_ms=START_MS + 240_000) as h:
            gateway(h)
            await h.userlist(("Alice", 1), stored=True)
            h.channel.tell(RankChanged("Alice", 2))
            for _ in range(turn):
                await anyio.lowlevel.checkpoint()
            heard = handed_over(h, "CyTube level 2")
            path = killed(h, f"{turn}-killed.db")
        async with house(path, LEVELS, start_ms=START_MS + 300_000) as h:
            gateway(h)
            await h.userlist(("Alice", 2), stored=True)
            assert level(h) == 2, turn
            assert heard or told(h, "CyTube level 2"), turn
        assert owed(path) == 0
