"""Films that people pay for, from the PM to CyTube's playlist and back, on a real bus."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import anyio
import pytest
from tests.integration.service.house import House, OpenHouse, until

from economy_sandbox.catalogue import Film, MediaCmsSite
from economy_sandbox.media import Media
from economy_sandbox.robot import SimulatedRobot
from kryten_economy.features.catalogue import cytube_media

FIRST = Film("The First Film (1921)", 600, "short")
SECOND = Film("The Second Film (1922)", 600, "short")
RUNNING = Media("https://media.test/running.json", "Running", 3_600)
WEALTH_Z = 50_000
PRICE_Z = 2_500


@dataclass
class Hall:
    """A house with a catalogue and a film that plays already."""

    house: House
    site: MediaCmsSite

    @property
    def robot(self) -> SimulatedRobot:
        return self.house.robot

    def address(self, film: Film) -> str:
        """Where CyTube finds it."""
        return cytube_media(self.site.url, film.token)[1]

    async def order(self, name: str, film: Film, word: str = "queue") -> str:
        """Ask for a film and say YES; the answer to that."""
        asked = await self.house.ask(name, f"{word} {film.token}")
        assert "Reply YES" in asked, asked
        return await self.house.ask(name, "YES")

    async def buy(self, name: str, film: Film, word: str = "queue") -> str:
        """The same, and what became of it."""
        before = len(self.robot.pms_to(name))
        await self.order(name, film, word)
        await until(lambda: len(self.robot.pms_to(name)) >= before + 3, what="an outcome")
        return self.robot.pms_to(name)[-1]

    @property
    def playlist(self) -> list[str]:
        """The titles of the list."""
        return [item.media.title for item in self.robot.room.playlist.items]

    @property
    def playing(self) -> str | None:
        """The title of what plays."""
        current = self.robot.room.playlist.current
        return None if current is None else current.media.title

    def adds(self) -> int:
        """How many items the robot was asked to add."""
        return sum(each.name == "addvideo" for each in self.robot.commands)

    def balance(self, name: str) -> int | None:
        """What somebody has beyond what they began with."""
        return self.house.balance(name)


@pytest.fixture
async def hall(make_house: OpenHouse) -> AsyncIterator[Hall]:
    async with MediaCmsSite([FIRST, SECOND]) as site:
        house = await make_house(
            mediacms={"base_url": site.url, "web_queue_redirect": False},
            spending={"queue_cooldown_minutes": 0, "max_queues_per_day": 50},
            onboarding={"welcome_wallet": 0},
            ranks={"tiers": [{"name": "Extra", "min_lifetime_earned": 0}]},
            cytube_promotion={"min_rank": "Extra"},
            announcements={"dedup_window_seconds": 0},
        )
        hall = Hall(house, site)
        site.stock(house.robot.room.playlist.library)
        await house.robot.change_media(RUNNING)
        for name in ("alice", "Bob"):
            await house.give(name, WEALTH_Z - (house.balance(name) or 0))
        yield hall


async def test_a_film_is_bought_queued_and_thanked_for(hall: Hall) -> None:
    """The reply goes out before the robot is kept busy; the buyer is thanked when it plays."""
    told = await hall.buy("alice", FIRST)
    assert "is on the playlist. You paid 2,500 Z. Balance: 47,500 Z." in told
    assert hall.playlist == ["Running", FIRST.title]
    assert hall.balance("alice") == WEALTH_Z - PRICE_Z
    await hall.robot.wait_chat(f'🎬 alice just queued "{FIRST.title}"! (2,500 Z-Coin)')
    names = [(each.name, str(each.args.get("msg", ""))[:1]) for each in hall.robot.commands]
    assert names.index(("pm", "⏳")) < names.index(("addvideo", ""))
    await hall.robot.change_media()
    await hall.robot.wait_chat(
        f'🎬 Now playing: "{FIRST.title}" — hat tip to alice for the queue! 🎩'
    )
    hall.house.balanced()


async def test_a_film_that_cannot_be_loaded_is_given_back(hall: Hall) -> None:
    """CyTube's 404 comes back as words and money."""
    text = "Expected HTTP 200 OK, not 404 Not Found"
    hall.robot.room.playlist.library.refuse(hall.address(FIRST), text)
    told = await hall.buy("alice", FIRST)
    assert "could not be queued: the film is not where the catalogue says." in told
    assert (hall.playlist, hall.balance("alice")) == (["Running"], WEALTH_Z)


async def test_a_duplicate_is_given_back(hall: Hall) -> None:
    """The film stays the first buyer's."""
    await hall.buy("Bob", FIRST)
    told = await hall.buy("alice", FIRST)
    assert "it is already on the playlist" in told
    assert hall.balance("alice") == WEALTH_Z
    assert hall.balance("bob") == WEALTH_Z - PRICE_Z


async def test_an_item_in_between_stays_its_own(hall: Hall) -> None:
    """The robot answers with the uid of the other one; nobody believes it."""
    hall.robot.room.playlist.library.delay(hall.address(FIRST), 0.5)
    await hall.order("alice", FIRST)
    await until(lambda: hall.adds() == 1, what="the robot is asked")
    foreign = await hall.robot.queue("boss", Media("https://media.test/b.json", "Between", 60))
    (uid,) = await hall.house.row("SELECT uid FROM purchase WHERE state = 'queued'")
    ours = next(item for item in hall.robot.room.playlist.items if item.uid == uid)
    assert (ours.media.title, ours.uid != foreign) == (FIRST.title, True)


@pytest.mark.parametrize("is_found", [False, True])
async def test_a_bot_without_the_rank_keeps_nobody_waiting(hall: Hall, is_found: bool) -> None:
    """Nothing is sent that the robot would hang on; the buyer hears why, and pays nothing.

    The service hears of the rank when it changes, and finds it in the store when it starts.
    """
    await hall.robot.rank_bot(1)
    await hall.robot.settled()
    if is_found:
        await hall.house.restart()
    asked = await hall.house.ask("alice", f"queue {FIRST.token}")
    told = await hall.house.ask("alice", "YES") if "YES" in asked else asked
    assert "rank 2" in told
    assert (hall.adds(), hall.balance("alice")) == (0, WEALTH_Z)


async def test_an_item_that_nobody_answers_for_is_given_back(hall: Hall) -> None:
    """The robot hangs for 8 s and says success without a uid; the service does not."""
    hall.robot.room.bot.account.rank = 1
    await hall.order("alice", FIRST)
    await until(lambda: hall.adds() == 1, what="the robot is asked")
    # The robot would hold a reply up, but nothing else is held up by it.
    assert (await hall.house.data("balance.get", username="Bob"))["balance"] == WEALTH_Z
    await hall.robot.wait_pm("alice", "the playlist did not take it in time")
    assert (hall.playlist, hall.balance("alice")) == (["Running"], WEALTH_Z)


async def test_forcenow_needs_an_operator_and_then_plays(hall: Hall) -> None:
    """What they allow is added and jumped to, by its uid as a text."""
    await hall.house.give("alice", 1_000_000)
    told = await hall.order("alice", FIRST, "forcenow")
    assert "waits for an operator" in told
    assert hall.adds() == 0
    (number,) = await hall.house.row("SELECT id FROM approval")
    await hall.house.ask("boss", f"approve_force {number}")
    await hall.robot.wait_pm("alice", f'"{FIRST.title}" plays now.')
    await until(lambda: hall.playing == FIRST.title, what="the film plays")
    assert hall.balance("alice") == WEALTH_Z


@pytest.mark.parametrize("what", ["service", "robot", "cytube", "shuffle"])
async def test_order_and_buyers_survive(hall: Hall, what: str) -> None:
    """Whatever is started again: who paid first plays first, and the right person is thanked."""
    await hall.buy("alice", FIRST)
    await hall.buy("Bob", SECOND)
    assert hall.playlist == ["Running", FIRST.title, SECOND.title]
    match what:
        case "service":
            await hall.house.restart()
        case "robot":
            await hall.robot.restart(kill=True)
        case "cytube":
            await hall.robot.restart_cytube()
            for name in ("boss", "alice", "Bob"):
                await hall.robot.join(name)
        case "shuffle":
            await hall.robot.shuffle()
    await hall.robot.settled()
    await anyio.sleep(0.5)
    order = {FIRST.title: "alice", SECOND.title: "Bob"}
    for title in hall.playlist[1:]:
        await hall.robot.change_media()
        await hall.robot.wait_chat(
            f'🎬 Now playing: "{title}" — hat tip to {order[title]} for the queue! 🎩'
        )
    hall.house.balanced()


async def test_the_bots_own_item_is_nobodys_purchase(hall: Hall) -> None:
    """What it had queued by itself while the service was away does not become a buyer's."""
    await hall.buy("alice", FIRST)
    house = hall.house
    await house.stop()
    own = Media(hall.address(SECOND), SECOND.title, SECOND.seconds)
    await hall.robot.queue(hall.robot.bot, own)
    await house.start()
    await hall.buy("Bob", SECOND)
    assert house.rows("SELECT state FROM purchase ORDER BY number") == [("queued",), ("failed",)]
    assert hall.balance("bob") == WEALTH_Z
    house.balanced()
