"""Paid items keep their order and their buyer, whatever happens to uids and places (P-QUE-3)."""

from pathlib import Path

import anyio
import pytest
from tests.actors.house import House, house, settings_with
from tests.actors.queue.cinema import (
    BOT,
    PRICE_Z,
    SETTINGS,
    WEALTH_Z,
    Cinema,
    buy,
    on_playlist,
    wealthy,
)

from economy_actors.messages.channel import PlaylistEmptied

NAMES = ("Alice", "Bob", "Carol")


def state_of(h: House, name: str) -> list[str]:
    """What has become of somebody's purchases, by the books."""
    sql = (
        "SELECT p.state FROM purchase AS p JOIN account AS a ON a.id = p.account_id"
        " WHERE a.name = ? ORDER BY p.number"
    )
    return [state for (state,) in h.report(lambda reports: reports.sql.rows(sql, name.lower()))]


def thanks(h: House) -> list[str]:
    """Whom the channel was told to thank."""
    return [
        line.split("hat tip to ")[1].split(" for")[0] for line in h.lines() if "hat tip" in line
    ]


async def test_who_pays_first_plays_first(tmp_path: Path) -> None:
    """Behind what plays and what was paid for before; ahead of everything else."""
    cinema = Cinema()
    async with house(tmp_path / "e.db", SETTINGS, gateway=cinema.gateway) as h:
        await wealthy(h, *NAMES)
        for film in ("running", "free", "also-free"):
            cinema.queue("boss", film)
        for name in NAMES:
            await buy(h, name, f"of-{name.lower()}")
        assert cinema.titles == ["running", "of-alice", "of-bob", "of-carol", "free", "also-free"]
        assert cinema.sent("mvvideo") == [{"from": 4, "after": 3}, {"from": 5, "after": 4}]


async def test_playnext_goes_ahead_of_all_paid_items(tmp_path: Path) -> None:
    """The dearer act buys the place right behind what plays."""
    cinema = Cinema()
    async with house(tmp_path / "e.db", SETTINGS, gateway=cinema.gateway) as h:
        await wealthy(h, *NAMES)
        cinema.queue("boss", "running")
        await buy(h, "Alice", "first")
        await buy(h, "Bob", "second")
        await buy(h, "Carol", "urgent", action="playnext")
        await buy(h, "Alice", "third")
        assert cinema.titles == ["running", "urgent", "first", "second", "third"]
        assert '"Urgent" plays next.' in h.pms("Carol")[-1]


async def test_what_has_played_or_gone_holds_nobody_up(tmp_path: Path) -> None:
    """Only items that are still to come count; the books know what became of the others."""
    cinema = Cinema()
    async with house(tmp_path / "e.db", SETTINGS, gateway=cinema.gateway) as h:
        await wealthy(h, *NAMES)
        cinema.queue("boss", "running")
        await buy(h, "Alice", "first")
        await buy(h, "Bob", "second")
        cinema.end_film()
        cinema.show(cinema.list.delete(2))
        await h.settle()
        cinema.queue("boss", "free")
        await buy(h, "Carol", "third")
        assert cinema.titles == ["first", "third", "free"]
        cinema.end_film()
        await h.settle()
        assert (state_of(h, "Alice"), state_of(h, "Bob")) == (["played"], ["gone"])
        assert on_playlist(h) == [("Carol", 4)]


async def test_a_list_that_goes_round_keeps_its_order(tmp_path: Path) -> None:
    """Somebody has jumped past a paid item: it still plays before those paid for later."""
    cinema = Cinema()
    async with house(tmp_path / "e.db", SETTINGS, gateway=cinema.gateway) as h:
        await wealthy(h, *NAMES)
        cinema.list.queue("boss", "cm", "x", temp=False)
        last = cinema.queue("boss", "last")
        await buy(h, "Alice", "first")
        cinema.show(cinema.list.jump(last))
        await buy(h, "Bob", "second")
        assert cinema.titles == ["x", "first", "second", "last"]


async def test_a_shuffle_takes_nobody_their_item(tmp_path: Path) -> None:
    """All uids are new: items are known again by what they show."""
    cinema = Cinema()
    async with house(tmp_path / "e.db", SETTINGS, gateway=cinema.gateway) as h:
        await wealthy(h, *NAMES)
        cinema.queue("boss", "running")
        for name in NAMES:
            await buy(h, name, f"of-{name.lower()}")
        cinema.shuffle()
        await h.settle()
        shown = {item.uid: item.media.title.lower() for item in cinema.list.items}
        assert {name: shown[uid or 0] for name, uid in on_playlist(h)} == {
            name: f"of-{name.lower()}" for name in NAMES
        }
        assert thanks(h) == ["boss"]


async def test_a_restarted_cytube_takes_nobody_their_item(tmp_path: Path) -> None:
    """It counts from 0 again, so that another item has the old uid now."""
    cinema = Cinema()
    async with house(tmp_path / "e.db", SETTINGS, gateway=cinema.gateway) as h:
        await wealthy(h, *NAMES)
        cinema.queue("boss", "running")
        cinema.show(cinema.list.delete(cinema.queue("boss", "gone")))
        for name in NAMES:
            await buy(h, name, f"of-{name.lower()}")
        assert on_playlist(h) == [("Alice", 2), ("Bob", 3), ("Carol", 4)]
        cinema.restart_cytube()
        await h.settle()
        assert on_playlist(h) == [("Alice", 1), ("Bob", 2), ("Carol", 3)]
        for _ in NAMES:
            cinema.end_film()
            await h.settle()
        assert thanks(h) == ["boss", *NAMES]
        assert [h.balance(name) for name in NAMES] == [WEALTH_Z - PRICE_Z] * 3


async def test_forcenow_plays_at_once(tmp_path: Path) -> None:
    """The jump names the uid as a text, since the robot takes no other."""
    cinema = Cinema()
    async with house(tmp_path / "e.db", SETTINGS, gateway=cinema.gateway) as h:
        await wealthy(h, "Alice")
        cinema.queue("boss", "running")
        await buy(h, "Alice", "urgent", action="forcenow", price_z=50_000)
        assert cinema.sent("jump") == [{"uid": "1"}]
        assert cinema.titles == ["urgent"]
        assert '"Urgent" plays now. You paid 50,000 Z.' in h.pms("Alice")[-1]
        assert thanks(h) == ["boss", "Alice"]


async def test_forcenow_on_an_empty_list_needs_no_jump(tmp_path: Path) -> None:
    """What is added there plays anyway."""
    cinema = Cinema()
    async with house(tmp_path / "e.db", SETTINGS, gateway=cinema.gateway) as h:
        await wealthy(h, "Alice")
        await buy(h, "Alice", "urgent", action="forcenow")
        await anyio.sleep(6)
        assert cinema.sent("jump") == []
        assert len(h.pms("Alice")) == 1


async def test_a_jump_that_fails_is_told(tmp_path: Path) -> None:
    """The item stays next, paid for; others go on after it."""
    cinema = Cinema()
    async with house(tmp_path / "e.db", SETTINGS, gateway=cinema.gateway) as h:
        await wealthy(h, "Alice", "Bob")
        cinema.queue("boss", "running")
        cinema.cannot_jump = True
        await buy(h, "Alice", "urgent", action="forcenow")
        await buy(h, "Bob", "second")
        assert on_playlist(h) == [("Alice", 1)]
        await anyio.sleep(6)
        assert h.pms("Alice")[-1] == (
            'The playlist did not jump to "Urgent": it plays next instead.'
        )
        assert (cinema.titles, h.balance("Alice")) == (
            ["running", "urgent", "second"],
            WEALTH_Z - PRICE_Z,
        )


# Who is thanked


async def test_the_buyer_is_thanked_and_not_the_bot(tmp_path: Path) -> None:
    """CyTube lists the bot for every item that was paid for (P-QUE-9)."""
    cinema = Cinema()
    async with house(tmp_path / "e.db", SETTINGS, gateway=cinema.gateway) as h:
        await wealthy(h, "Alice")
        cinema.queue("carlos", "running")
        await buy(h, "Alice", "metropolis")
        cinema.queue(BOT, "of-the-bot")
        cinema.end_film()
        cinema.end_film()
        await h.settle()
        assert thanks(h) == ["carlos", "Alice"]
        assert h.lines()[-1] == (
            '🎬 Now playing: "metropolis" — hat tip to Alice for the queue! 🎩'
        )


async def test_an_ignored_user_is_not_thanked(tmp_path: Path) -> None:
    """Nor is an item whose owner is not known."""
    cinema = Cinema()
    settings = settings_with(ignored_users=["Mallory"], bot={"username": BOT})
    async with house(tmp_path / "e.db", settings, gateway=cinema.gateway) as h:
        await h.settle()
        cinema.queue("mallory", "running")
        unknown = cinema.list.change_media()
        cinema.publish("setCurrent", 77)
        cinema.publish("changeMedia", {**unknown.payload, "id": "other", "currentTime": -3})
        await h.settle()
        assert thanks(h) == []


async def test_nobody_is_thanked_twice_for_the_same_item(tmp_path: Path) -> None:
    """A shuffle, a robot's and CyTube's restart tell again what plays; it began once."""
    cinema = Cinema()
    async with house(tmp_path / "e.db", SETTINGS, gateway=cinema.gateway) as h:
        await h.settle()
        cinema.queue("carlos", "running")
        cinema.queue("boss", "later")
        await anyio.sleep(60)
        cinema.shuffle()
        cinema.robot_goes()
        cinema.robot_comes()
        cinema.restart_cytube()
        await h.settle()
        assert thanks(h) == ["carlos"]


async def test_the_same_film_again_is_another_item(tmp_path: Path) -> None:
    """After an empty list it begins anew, and whoever has brought it is thanked."""
    cinema = Cinema()
    async with house(tmp_path / "e.db", SETTINGS, gateway=cinema.gateway) as h:
        await h.settle()
        cinema.queue("carlos", "running")
        cinema.show(cinema.list.delete(0))
        cinema.tell(PlaylistEmptied(h.now_ms, is_seen=True))
        await anyio.sleep(60)
        cinema.queue("boss", "running")
        await h.settle()
        assert thanks(h) == ["carlos", "boss"]


@pytest.mark.parametrize("position_s", [0.4, 40.0])
async def test_what_had_begun_before_is_nobodys_news(tmp_path: Path, position_s: float) -> None:
    """A robot that comes in mid-film tells what plays, which began while nobody listened."""
    cinema = Cinema()
    async with house(tmp_path / "e.db", SETTINGS, gateway=cinema.gateway) as h:
        await h.settle()
        cinema.unheard = True
        cinema.queue("carlos", "running")
        await anyio.sleep(3 + position_s)
        cinema.unheard = False
        cinema.robot_comes()
        await h.settle()
        assert thanks(h) == []
