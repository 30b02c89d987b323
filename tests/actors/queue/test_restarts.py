"""A service that is killed leaves no paid item unplayed and no played item unpaid (P-MON-3)."""

from pathlib import Path

import anyio
import pytest
from tests.actors.house import CHANNEL, House, house
from tests.actors.queue.cinema import (
    BOT,
    PRICE_Z,
    SETTINGS,
    WEALTH_Z,
    Cinema,
    address,
    buy,
    kill,
    on_playlist,
    open_purchases,
    pay,
    wealthy,
)
from tests.actors.queue.test_order_and_owners import thanks

from economy_actors.messages.playlist import Fulfil
from kryten_economy.ledger.invariants import verify

NAMES = ("Alice", "Bob", "Carol")


async def test_what_was_never_asked_for_is_given_back(tmp_path: Path) -> None:
    """Paid for, and killed before the robot was told: the next service gives everything back."""
    cinema = Cinema()
    async with house(tmp_path / "e.db", SETTINGS, gateway=cinema.gateway) as h:
        await wealthy(h, "Alice")
        await pay(h, "Alice", "metropolis")
        left = kill(h, cinema)
    async with house(left, SETTINGS, gateway=cinema.gateway) as h:
        await h.join("Alice")
        assert (open_purchases(h), h.balance("Alice")) == (1, WEALTH_Z - PRICE_Z)
        await anyio.sleep(11)
        assert (open_purchases(h), h.balance("Alice")) == (0, WEALTH_Z)
        assert "You got your 2,500 Z back." in h.pms("Alice")[-1]
        assert cinema.titles == []


async def test_what_stands_on_the_playlist_is_paid(tmp_path: Path) -> None:
    """The item came, and the service was killed before the books knew: it is theirs."""
    cinema = Cinema()
    async with house(tmp_path / "e.db", SETTINGS, gateway=cinema.gateway) as h:
        await wealthy(h, "Alice")
        cinema.queue("boss", "running")
        await pay(h, "Alice", "metropolis")
        left = kill(h, cinema)
    cinema.queue(BOT, "metropolis")
    async with house(left, SETTINGS, gateway=cinema.gateway) as h:
        await h.settle()
        assert (on_playlist(h), open_purchases(h)) == ([("Alice", 1)], 0)
        cinema.end_film()
        await h.settle()
        assert thanks(h) == ["Alice"]
        await anyio.sleep(60)
        assert h.balance("Alice") == WEALTH_Z - PRICE_Z


async def test_what_the_robot_was_still_busy_with_is_waited_for(tmp_path: Path) -> None:
    """Nobody is given up while the robot may still be at it."""
    cinema = Cinema()
    cinema.library.delay(address("metropolis"), 100)
    async with house(tmp_path / "e.db", SETTINGS, gateway=cinema.gateway) as h:
        await wealthy(h, "Alice")
        await buy(h, "Alice", "metropolis")
        left = kill(h, cinema)
    async with house(left, SETTINGS, gateway=cinema.gateway) as h:
        await anyio.sleep(6)
        cinema.finish()
        await anyio.sleep(10)
        assert (on_playlist(h), h.balance("Alice")) == ([("Alice", 0)], WEALTH_Z - PRICE_Z)


async def test_what_comes_later_still_is_taken_off(tmp_path: Path) -> None:
    """It was given back in doubt, so it does not play."""
    cinema = Cinema()
    cinema.library.delay(address("metropolis"), 100)
    async with house(tmp_path / "e.db", SETTINGS, gateway=cinema.gateway) as h:
        await wealthy(h, "Alice")
        await buy(h, "Alice", "metropolis")
        left = kill(h, cinema)
    async with house(left, SETTINGS, gateway=cinema.gateway) as h:
        await anyio.sleep(30)
        assert h.balance("Alice") == WEALTH_Z
        cinema.finish()
        await h.settle()
        assert (cinema.titles, on_playlist(h)) == ([], [])


async def test_somebody_elses_item_is_not_taken_for_it(tmp_path: Path) -> None:
    """Only an item that the bot has queued, and that shows the film, can be theirs."""
    cinema = Cinema()
    async with house(tmp_path / "e.db", SETTINGS, gateway=cinema.gateway) as h:
        await wealthy(h, "Alice")
        await pay(h, "Alice", "metropolis")
        left = kill(h, cinema)
    cinema.queue("carlos", "metropolis")
    cinema.queue(BOT, "other")
    async with house(left, SETTINGS, gateway=cinema.gateway) as h:
        await anyio.sleep(11)
        assert (on_playlist(h), h.balance("Alice")) == ([], WEALTH_Z)
        assert cinema.titles == ["metropolis", "other"]


async def test_order_and_buyers_survive_a_restart(tmp_path: Path) -> None:
    """The next service puts new items behind the old ones, and thanks the right people."""
    cinema = Cinema()
    async with house(tmp_path / "e.db", SETTINGS, gateway=cinema.gateway) as h:
        await wealthy(h, *NAMES)
        cinema.queue("boss", "running")
        await buy(h, "Alice", "first")
        await buy(h, "Bob", "second")
        left = kill(h, cinema)
    cinema.list.renumber()
    cinema.shuffle()
    async with house(left, SETTINGS, gateway=cinema.gateway) as h:
        await h.settle()
        cinema.queue("boss", "free")
        await buy(h, "Carol", "third")
        assert set(cinema.titles[1:3]) == {"first", "second"}
        assert cinema.titles[3:] == ["third", "free"]
        owners = {"first": "Alice", "second": "Bob", "third": "Carol"}
        expected = [owners[title] for title in cinema.titles[1:4]]
        for _ in NAMES:
            cinema.end_film()
            await h.settle()
        assert thanks(h) == expected
        assert on_playlist(h)[0][0] == "Carol"


async def test_an_item_gets_its_place_after_the_restart(tmp_path: Path) -> None:
    """Killed between the item and its move: the next service sees to it, and to a jump."""
    cinema = Cinema()
    async with house(tmp_path / "e.db", SETTINGS, gateway=cinema.gateway) as h:
        await wealthy(h, *NAMES)
        cinema.queue("boss", "running")
        await buy(h, "Alice", "first")
        await pay(h, "Bob", "second")
        left = kill(h, cinema)
    cinema.queue(BOT, "second", pos="next")
    assert cinema.titles == ["running", "second", "first"]
    async with house(left, SETTINGS, gateway=cinema.gateway) as h:
        await h.settle()
        assert cinema.titles == ["running", "first", "second"]
        await pay(h, "Carol", "urgent", action="forcenow")
        left = kill(h, cinema)
    cinema.queue(BOT, "urgent", pos="next")
    async with house(left, SETTINGS, gateway=cinema.gateway) as h:
        await h.settle()
        assert cinema.titles == ["urgent", "first", "second"]


async def test_without_a_robot_everything_is_given_back_in_the_end(tmp_path: Path) -> None:
    """Nobody's money waits for a robot that may not come for days."""
    cinema = Cinema()
    async with house(tmp_path / "e.db", SETTINGS, gateway=cinema.gateway) as h:
        await wealthy(h, "Alice")
        await pay(h, "Alice", "metropolis")
        left = kill(h, cinema)
    cinema.here_at_start = False
    async with house(left, SETTINGS, gateway=cinema.gateway) as h:
        await anyio.sleep(50)
        assert h.balance("Alice") == WEALTH_Z - PRICE_Z
        await anyio.sleep(11)
        assert h.balance("Alice") == WEALTH_Z
        cinema.list.queue(BOT, "cm", address("metropolis"))
        cinema.robot_comes()
        await h.settle()
        assert cinema.titles == []


async def test_an_order_that_waits_for_the_next_service_is_carried_out(tmp_path: Path) -> None:
    """Told after the start, as an operator's approval may be: it is put on the playlist."""
    cinema = Cinema()
    async with house(tmp_path / "e.db", SETTINGS, gateway=cinema.gateway) as h:
        await wealthy(h, "Alice")
        bought = await pay(h, "Alice", "metropolis")
        left = kill(h, cinema)
    async with house(left, SETTINGS, gateway=cinema.gateway) as h:
        await h.settle()
        h.context.playlists[CHANNEL].tell(Fulfil(bought.purchase))
        await anyio.sleep(30)
        assert (on_playlist(h), h.balance("Alice")) == ([("Alice", 0)], WEALTH_Z - PRICE_Z)


async def test_what_was_never_told_is_given_back_without_a_restart(tmp_path: Path) -> None:
    """Whoever was to hand it over has died with it: the books are looked at every minute."""
    cinema = Cinema()
    async with house(tmp_path / "e.db", SETTINGS, gateway=cinema.gateway) as h:
        await wealthy(h, "Alice")
        await anyio.sleep(30)
        await pay(h, "Alice", "metropolis")
        await anyio.sleep(75)
        assert h.balance("Alice") == WEALTH_Z
        assert len(h.pms("Alice")) == 1


async def test_a_playlist_that_fails_knows_its_work_again(tmp_path: Path) -> None:
    """A defect costs the message that met it: the item under way is still its buyer's."""
    cinema = Cinema()
    cinema.library.delay(address("second"), 3)
    async with house(tmp_path / "e.db", SETTINGS, gateway=cinema.gateway) as h:
        await wealthy(h, *NAMES)
        cinema.queue("boss", "running")
        await buy(h, "Alice", "first")
        await buy(h, "Bob", "second")
        await buy(h, "Carol", "third")
        cinema.tell(object())  # type: ignore[arg-type]  # what no actor understands
        await anyio.sleep(30)
        assert set(cinema.titles) == {"running", "first", "second"}
        assert [name for name, _ in on_playlist(h)] == ["Alice", "Bob"]
        assert h.balance("Carol") == WEALTH_Z
        for _ in range(2):
            cinema.end_film()
            await h.settle()
        assert sorted(thanks(h)) == ["Alice", "Bob", "boss"]


async def evening(h: House, cinema: Cinema, steps: int) -> None:
    """Three people buy, and items take their time; it is killed after so many moments."""
    for name in NAMES:
        cinema.library.delay(address(f"of-{name.lower()}"), 0.05)
        bought = await pay(h, name, f"of-{name.lower()}")
        h.context.playlists[CHANNEL].tell(Fulfil(bought.purchase))
    for _ in range(steps):
        await anyio.sleep(0.0007)


@pytest.mark.parametrize("steps", range(0, 320, 32))
@pytest.mark.parametrize("is_finished", [True, False])
async def test_killed_at_any_moment(tmp_path: Path, steps: int, is_finished: bool) -> None:
    """Whoever has paid has an item, whoever has an item has paid, and nothing waits for ever."""
    cinema = Cinema()
    async with house(tmp_path / "e.db", SETTINGS, gateway=cinema.gateway) as h:
        await wealthy(h, *NAMES)
        cinema.queue("boss", "running")
        await evening(h, cinema, steps)
        left = kill(h, cinema)
    async with house(left, SETTINGS, gateway=cinema.gateway) as h:
        await anyio.sleep(2)
        if is_finished:
            cinema.finish()
        await anyio.sleep(30)
        paid = {name for name in NAMES if h.balance(name) == WEALTH_Z - PRICE_Z}
        free = {name for name in NAMES if h.balance(name) == WEALTH_Z}
        assert paid | free == set(NAMES)
        assert {title for title in cinema.titles if title.startswith("of-")} == {
            f"of-{name.lower()}" for name in paid
        }
        assert {name for name, _ in on_playlist(h)} == paid
        assert open_purchases(h) == 0
    assert verify(left).ok
