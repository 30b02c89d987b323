"""From a search to the film on the playlist, and back where it can't be played."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import pytest
from tests.actors.api.helpers import spawn
from tests.actors.house import CHANNEL, START_MS, House, house, settings_with
from tests.actors.queue.jukebox import Jukebox
from tests.actors.shelf import Shelf

from economy_actors.handlers.approvals import reject_overdue
from economy_actors.messages.channel import RobotPresence
from economy_actors.runtime import Actor, Ref
from kryten_economy.features.catalogue import CatalogueItem
from kryten_economy.features.money.operations import Credit
from kryten_economy.features.queue.buying import BuyMedia
from kryten_economy.features.queue.purchases import purchases_on_playlist, queue_standing
from kryten_economy.users import UserKey

FILMS = (
    CatalogueItem("trip", "A Trip to the Moon", 780),
    CatalogueItem("metro", "Metropolis", 9_000),
    CatalogueItem("reel", "Lost reel", 0),
)
BASE = "https://media.test"
DEAR_Z = 2_000_000


@dataclass
class Cinema:
    """A channel with a catalogue and a robot."""

    house: House
    shelf: Shelf
    robot: Jukebox
    told: list[str] = field(default_factory=list)

    async def rich(self, name: str, balance_z: int = 20_000) -> None:
        await self.house.join(name)
        act = Credit(
            f"seed:{name}",
            UserKey.of(CHANNEL, name),
            balance_z,
            "admin_grant",
            "admin.grant",
            "seed",
            self.house.now_ms,
            "2026-11-20",
            create=True,
            display_name=name,
        )
        await self.house.commit(act)
        await self.house.settle()

    async def pm(self, name: str, text: str) -> str:
        """The answer to a message; what is told besides is kept for `later`."""
        answer, *self.told = await self.house.pm(name, text)
        return answer

    async def later(self, name: str, wait_s: float = 3) -> list[str]:
        """What the service has told somebody by itself since the last answer, and soon tells."""
        before = len(self.house.pms(name))
        await anyio.sleep(wait_s)
        await self.house.settle()
        return self.told + self.house.pms(name)[before:]

    @property
    def added(self) -> list[object]:
        return [args["id"] for command, args in self.robot.commands if command == "addvideo"]


@asynccontextmanager
async def cinema(
    folder: Path,
    *,
    mediacms: dict[str, Any] | None = None,
    start_ms: int = START_MS,
    sections: dict[str, Any] | None = None,
    **spending: Any,
) -> AsyncIterator[Cinema]:
    shelf, robots = Shelf(FILMS), []
    media = {"base_url": f"{BASE}/", "web_queue_redirect": False} | (mediacms or {})
    settings = settings_with(
        mediacms=media,
        spending={"queue_cooldown_minutes": 0} | spending,
        ranks={"spend_discount_per_rank": 0},
        onboarding={"welcome_wallet": 0},
        commands={"confirm_timeout_seconds": 60},
        **(sections or {}),
    )

    def robot(context: Any) -> Jukebox:
        robots.append(Jukebox(context))
        return robots[-1]

    async with house(
        folder / "e.db",
        settings,
        start_ms=start_ms,
        catalogue=lambda _: shelf,
        gateway=robot,
    ) as h:
        await h.settle()
        yield Cinema(h, shelf, robots[-1])


# Searching and choosing


async def test_a_film_is_searched_chosen_paid_and_queued(tmp_path: Path) -> None:
    """The price in the list is the price asked for and the price paid (P-SHOP-1)."""
    async with cinema(tmp_path) as c:
        await c.rich("Alice")
        assert await c.pm("Alice", "search o") == (
            "🔎 Reply with a number to queue:\n"
            "1. A Trip to the Moon | 13m | 2,500 Z\n"
            "2. Metropolis | 2h 30m | 10,000 Z\n"
            "3. Lost reel | length unknown, can't be queued"
        )
        assert await c.pm("Alice", "2") == (
            '🎬 Queue: "Metropolis" (2h 30m) for 10,000 Z? You have 20,000 Z. Reply YES within 1m.'
        )
        assert c.house.balance("Alice") == 20_000
        assert await c.pm("Alice", "yes") == (
            '⏳ 10,000 Z set aside for "Metropolis".'
            " I'll tell you as soon as it is on the playlist."
        )
        [told] = await c.later("Alice")
        assert '"Metropolis" is on the playlist. You paid 10,000 Z.' in told
        assert c.added == [f"{BASE}/api/v1/media/cytube/metro.json?format=json"]
        assert c.house.balance("Alice") == 10_000
        assert b"economy_queues_total 1.0" in c.house.context.metrics.render()
        [mine] = c.house.report(lambda reports: purchases_on_playlist(reports, CHANNEL))
        assert (mine.display_name, mine.title, mine.uid) == ("Alice", "Metropolis", 1)


async def test_a_list_stays_until_another_command(tmp_path: Path) -> None:
    """A number out of range keeps it, any other command drops it."""
    async with cinema(tmp_path) as c:
        await c.rich("Alice")
        await c.pm("Alice", "search moon")
        assert await c.pm("Alice", "7") == "The list has only number 1."
        assert "A Trip to the Moon" in await c.pm("Alice", "1")
        await c.pm("Alice", "balance")
        assert "I don't know the command '1'" in await c.pm("Alice", "1")


async def test_anything_but_yes_cancels(tmp_path: Path) -> None:
    """A command instead of YES is carried out, and a late YES buys nothing (P-QUE-7)."""
    async with cinema(tmp_path) as c:
        await c.rich("Alice")
        await c.pm("Alice", "queue trip")
        assert "20,000 Z" in await c.pm("Alice", "balance")
        assert "nothing to confirm" in (await c.pm("Alice", "yes")).lower()
        await c.pm("Alice", "queue trip")
        await anyio.sleep(61)
        assert "run out of time" in await c.pm("Alice", "yes")
        assert (c.house.balance("Alice"), c.added) == (20_000, [])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("search", "Say what to look for"),
        ("search zzz", "The catalogue has nothing for 'zzz'"),
        ("queue", "Say which one"),
        ("queue a b", "Usage: queue <id>"),
        ("queue ../etc", "is no item of the catalogue"),
        ("playnext nothing", "The catalogue has no item 'nothing'"),
        ("queue reel", '"Lost reel" has no known length'),
        ("forcenow metro", "That takes 1,000,000 Z and you have 20,000 Z: 980,000 Z short."),
    ],
)
async def test_what_can_not_be_queued_is_told(tmp_path: Path, text: str, said: str) -> None:
    """Each mistake has its own sentence, and no question follows."""
    async with cinema(tmp_path) as c:
        await c.rich("Alice")
        assert said in await c.pm("Alice", text)
        assert "nothing to confirm" in (await c.pm("Alice", "yes")).lower()
        assert c.house.balance("Alice") == 20_000


async def test_a_catalogue_that_is_away_is_no_empty_one(tmp_path: Path) -> None:
    """Nobody is told that there are no results while nobody could look (P-QUE-6)."""
    async with cinema(tmp_path) as c:
        await c.rich("Alice")
        c.shelf.away = True
        for text in ("search moon", "queue trip"):
            assert "unavailable" in await c.pm("Alice", text)


async def test_an_item_that_left_the_catalogue_is_not_charged(tmp_path: Path) -> None:
    """Between the question and YES it is looked up again."""
    async with cinema(tmp_path) as c:
        await c.rich("Alice")
        await c.pm("Alice", "queue trip")
        del c.shelf.items["trip"]
        assert await c.pm("Alice", "yes") == (
            '"A Trip to the Moon" is no longer in the catalogue. Nothing was charged.'
        )
        assert (c.house.balance("Alice"), c.added) == (20_000, [])


# Prices


async def test_a_quote_is_honoured(tmp_path: Path) -> None:
    """Prices that rise while the question stands do not change what was said (P-SHOP-1)."""
    async with cinema(tmp_path, sections={"inflation": {"enabled": True}}) as c:
        await c.rich("Alice")
        c.house.context.floats[CHANNEL] = 100_000_000
        await c.pm("Alice", "queue trip")
        c.house.context.floats[CHANNEL] = 400_000_000
        await c.pm("Alice", "yes")
        await c.later("Alice")
        assert c.house.balance("Alice") == 17_500
        asked = await c.pm("Alice", "queue trip")
        assert "for 10,000 Z (base 2,500 Z x 4.00)?" in asked


async def test_playing_next_costs_more_where_configured(tmp_path: Path) -> None:
    """Without the premium it costs what queueing does."""
    async with cinema(tmp_path) as c:
        await c.rich("Alice")
        assert "Play next" in (asked := await c.pm("Alice", "playnext trip"))
        assert "2,500 Z" in asked
    async with cinema(tmp_path, playnext_premium=True, interrupt_play_next=9_000) as c:
        await c.rich("Bob")
        assert "for 9,000 Z?" in await c.pm("Bob", "playnext trip")


# Giving back


async def test_what_the_playlist_refuses_is_given_back(tmp_path: Path) -> None:
    """Money, the day's use and the cooldown are as before, and the buyer is told (P-MON-11)."""
    async with cinema(tmp_path, max_queues_per_day=1, queue_cooldown_minutes=30) as c:
        await c.rich("Alice")
        c.robot.refuses = "This item is already on the playlist"
        await c.pm("Alice", "queue trip")
        await c.pm("Alice", "yes")
        [told] = await c.later("Alice")
        assert "could not be queued" in told
        wallet = c.house.wallet("Alice")
        assert wallet is not None
        assert (wallet.balance_z, wallet.lifetime_spent_z) == (20_000, 0)
        c.robot.refuses = ""
        assert "Reply YES" in await c.pm("Alice", "queue metro")
        await c.pm("Alice", "yes")
        await c.later("Alice")
        assert c.house.balance("Alice") == 10_000


async def test_limits_are_checked_before_asking_and_again(tmp_path: Path) -> None:
    """The day's limit and the cooldown refuse the question, and a YES that comes too late."""
    async with cinema(tmp_path, max_queues_per_day=2, queue_cooldown_minutes=30) as c:
        await c.rich("Alice")
        await c.pm("Alice", "queue trip")
        await c.pm("Alice", "yes")
        assert await c.pm("Alice", "queue metro") == ("Queueing is cooling down: try again in 30m.")
        await anyio.sleep(29 * 60 + 5)
        assert "in 1m." in await c.pm("Alice", "playnext metro")
        await anyio.sleep(60)
        await c.pm("Alice", "queue metro")
        await c.pm("Alice", "yes")
        assert "today's limit of 2 queued videos" in await c.pm("Alice", "queue trip")


@pytest.mark.parametrize("when", ["before the question", "before YES"])
async def test_nothing_is_paid_while_nothing_can_be_added(tmp_path: Path, when: str) -> None:
    """A robot that is away, or without the rank it needs, is told before money moves."""
    for is_here, said in ((False, "I'm not in the channel"), (True, "I need channel rank 2")):
        folder = tmp_path / ("here" if is_here else "away")
        folder.mkdir()
        async with cinema(folder) as c:
            await c.rich("Alice")
            if when == "before YES":
                await c.pm("Alice", "queue trip")
            c.house.context.playlists[CHANNEL].tell(RobotPresence(is_here))
            c.house.context.bot_ranks[CHANNEL] = 1
            answer = await c.pm("Alice", "yes" if when == "before YES" else "queue trip")
            assert said in answer
            assert "Nothing was charged" in answer
            assert c.house.balance("Alice") == 20_000


class SlowBooks(Actor[Any]):
    """Books whose disk takes its time: what was begun is done to its end, whoever still waits."""

    def __init__(self, books: Ref[Any]) -> None:
        self.books = books

    async def receive(self, message: Any) -> None:
        if isinstance(message.request, BuyMedia):
            await anyio.sleep(20)
        self.books.tell(message)


async def test_a_purchase_of_unknown_outcome_is_given_back(tmp_path: Path) -> None:
    """What the books do after everybody has stopped waiting is neither played nor paid."""
    async with cinema(tmp_path) as c:
        await c.rich("Alice")
        await c.pm("Alice", "queue trip")
        books = c.house.context.ledger
        c.house.context.ledger = spawn(c.house, "slow", lambda: SlowBooks(books))
        await c.house.pm("Alice", "yes")
        await anyio.sleep(30)
        assert "Nothing was charged" in c.house.pms("Alice")[-1]
        amounts = [row.amount_z for row in c.house.report(lambda r: r.recent(CHANNEL))]
        assert amounts[:2] == [2_500, -2_500]
        assert (c.house.balance("Alice"), c.added) == (20_000, [])


# What an operator decides on


async def asked(c: Cinema) -> None:
    """Alice pays for a film to be forced in, and waits; Boss is an operator."""
    await c.rich("Alice", DEAR_Z)
    await c.house.join("Boss", rank=4)
    await c.pm("Alice", "forcenow metro")
    assert await c.pm("Alice", "yes") == (
        '⏳ 1,000,000 Z set aside for "Metropolis": request #1 waits for an operator.'
        " If they say no, or nothing for 24 hours, you get it all back."
    )
    assert (await c.later("Alice"), c.added) == ([], [])
    assert c.house.balance("Alice") == DEAR_Z - 1_000_000


async def test_a_film_is_forced_in_when_an_operator_allows_it(tmp_path: Path) -> None:
    """It is added next and jumped to, and paid for by that."""
    async with cinema(tmp_path) as c:
        await asked(c)
        assert "request to force a video in is still waiting" in await c.pm(
            "Alice", "forcenow trip"
        ) + await c.pm("Alice", "yes")
        assert "Metropolis" in await c.pm("Boss", "approvals")
        assert (await c.pm("Boss", "approve_force #1")).startswith('✅ "Metropolis" of Alice')
        await c.later("Alice")
        assert [command for command, _ in c.robot.commands] == ["addvideo", "jump"]
        wallet = c.house.wallet("Alice")
        assert wallet is not None
        assert (wallet.balance_z, wallet.lifetime_spent_z) == (DEAR_Z - 1_000_000, 1_000_000)
        assert "settled already" in await c.pm("Boss", "reject_force 1")


async def test_what_an_operator_refuses_is_given_back(tmp_path: Path) -> None:
    """All comes back, the buyer is told, and the day's allowance too (P-SHOP-4)."""
    async with cinema(tmp_path) as c:
        await asked(c)
        await c.pm("Boss", "reject_force 1")
        assert "Your force play was rejected" in c.house.pms("Alice")[-1]
        wallet = c.house.wallet("Alice")
        assert wallet is not None
        assert (wallet.balance_z, wallet.lifetime_spent_z) == (DEAR_Z, 0)
        standing = c.house.report(
            lambda r: queue_standing(r, UserKey.of(CHANNEL, "Alice"), "2026-11-20")
        )
        assert (standing.used_today, c.added) == (0, [])


async def test_nobody_waits_for_an_operator_for_ever(tmp_path: Path) -> None:
    """What nobody has decided for a day is rejected, with all that goes with it (P-SHOP-4)."""
    async with cinema(tmp_path) as c:
        await asked(c)
        await anyio.sleep(23.9 * 3600)
        await reject_overdue(c.house.context)
        assert c.house.balance("Alice") == DEAR_Z - 1_000_000
        await anyio.sleep(0.2 * 3600)
        await reject_overdue(c.house.context)
        await c.house.settle()
        assert c.house.balance("Alice") == DEAR_Z
        assert "nobody has decided in time" in c.house.pms("Alice")[-1]


async def test_an_allowed_film_that_can_not_be_played_is_given_back(tmp_path: Path) -> None:
    """If playing fails all comes back, and the request is settled."""
    async with cinema(tmp_path) as c:
        await asked(c)
        c.robot.refuses = "Failed to retrieve metadata"
        await c.pm("Boss", "approve_force 1")
        await c.later("Alice")
        assert "You got your 1,000,000 Z back" in c.house.pms("Alice")[-1]
        assert c.house.balance("Alice") == DEAR_Z
        assert "Metropolis" not in await c.pm("Boss", "approvals")


async def test_nobody_decides_while_nothing_can_be_added(tmp_path: Path) -> None:
    """An operator is told that the bot is away; the request goes on waiting."""
    async with cinema(tmp_path) as c:
        await asked(c)
        c.house.context.playlists[CHANNEL].tell(RobotPresence(False))
        assert "I'm not in the channel" in await c.pm("Boss", "approve_force 1")
        c.house.context.playlists[CHANNEL].tell(RobotPresence(True))
        assert (await c.pm("Boss", "approve_force 1")).startswith("✅")


@pytest.mark.parametrize("text", ["approve_force", "approve_force x", "reject_force 1 2"])
async def test_an_operator_names_a_request_by_number(tmp_path: Path, text: str) -> None:
    """Anything else gets the usage; users can't decide at all."""
    async with cinema(tmp_path) as c:
        await asked(c)
        assert "Usage" in await c.pm("Boss", text)
        assert "admin rights" in await c.pm("Alice", "approve_force 1")
        assert "settled already, or never was" in await c.pm("Boss", "approve_force 9")


async def test_without_approval_a_film_is_forced_in_at_once(tmp_path: Path) -> None:
    """Where no operator is needed the payment goes straight to the playlist."""
    async with cinema(tmp_path, force_play_requires_admin=False) as c:
        await c.rich("Alice", DEAR_Z)
        await c.pm("Alice", "forcenow trip")
        await c.pm("Alice", "yes")
        await c.later("Alice")
        assert [command for command, _ in c.robot.commands] == ["addvideo", "jump"]
        assert c.house.balance("Alice") == DEAR_Z - 1_000_000


# On the web, and when it is closed


async def test_the_web_queue_is_pointed_to(tmp_path: Path) -> None:
    """With the redirect nothing is looked up, checked or charged here, but films are forced in."""
    media = {"web_queue_redirect": True, "web_queue_url": "https://queue.test/"}
    async with cinema(tmp_path, mediacms=media, blackout_windows=[_WINDOW]) as c:
        await c.rich("Alice")
        for text in ("search moon", "queue trip", "playnext nothing"):
            assert await c.pm("Alice", text) == (
                "🎬 Search and queue on the web: https://queue.test/"
            )
        assert "short" in await c.pm("Alice", "forcenow trip")


_WINDOW = {"name": "Movie Night", "cron": "0 20 * * 5", "duration_hours": 4}


_GALA = {"name": "Gala", "cron": "0 20 24 12 *", "duration_hours": 4}


def _friday(hour: int, minute: int) -> int:
    return int(datetime(2026, 11, 20, hour, minute, tzinfo=UTC).timestamp() * 1000)


async def test_nothing_is_queued_in_a_window_but_by_force(tmp_path: Path) -> None:
    """Search, queue and playnext name the event and its end; forcing in does not ask."""
    event = {"name": "Movie Night", "cron": "0 20 * * 5", "duration_hours": 4, "multiplier": 3}
    multipliers = {"off_peak": {"enabled": False}, "scheduled_events": [event]}
    async with cinema(
        tmp_path,
        start_ms=_friday(21, 0),
        blackout_windows=[_WINDOW],
        sections={"multipliers": multipliers},
    ) as c:
        await c.rich("Alice", DEAR_Z)
        for text in ("search moon", "queue trip", "playnext trip"):
            assert await c.pm("Alice", text) == (
                "🚫 Queueing is closed for Movie Night until Sat 00:00 UTC"
                " (meanwhile earnings count 3x)."
            )
        assert "Play right now" in await c.pm("Alice", "forcenow trip")


@pytest.mark.parametrize(
    ("hour", "windows", "said"),
    [
        (12, [], "Queueing open, no pauses planned"),
        (12, ["w"], "Queueing open until Movie Night, Fri 20:00 UTC"),
        (12, ["m"], "Queueing open until Gala, 2026-12-24 Thu 20:00 UTC"),
        (19, ["w"], "Queueing closed: Movie Night in 60 minutes"),
        (21, ["w"], "Queueing closed: Movie Night until Sat 00:00 UTC"),
    ],
)
async def test_status_says_whether_one_can_queue(
    tmp_path: Path, hour: int, windows: list[str], said: str
) -> None:
    """Open or closed, and the window that matters next, in the same message as the rest."""
    given = [_WINDOW if each == "w" else _GALA for each in windows]
    async with cinema(tmp_path, start_ms=_friday(hour, 0), blackout_windows=given) as c:
        await c.rich("Alice")
        answer = await c.pm("Alice", "status")
        assert said in answer
        assert "'events'" in answer


async def test_a_window_that_draws_near_stops_a_yes(tmp_path: Path) -> None:
    """An hour ahead a question that stands is not carried out any more, nor a number (P-QUE-8)."""
    async with cinema(tmp_path, start_ms=_friday(18, 59) + 30_000, blackout_windows=[_WINDOW]) as c:
        await c.rich("Alice")
        await c.pm("Alice", "search moon")
        await c.pm("Alice", "1")
        await anyio.sleep(35)
        closed = "🚫 Queueing is closed: Movie Night starts Fri 20:00 UTC and ends Sat 00:00 UTC."
        assert await c.pm("Alice", "yes") == closed
        assert c.house.balance("Alice") == 20_000
