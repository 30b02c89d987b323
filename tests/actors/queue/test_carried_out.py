"""What CyTube does with an item that was paid for decides about the money (`traces/`)."""

from pathlib import Path
from typing import Any

import anyio
import pytest
from tests.actors.api.helpers import Refuser, spawn
from tests.actors.house import CHANNEL, House, house
from tests.actors.queue.cinema import (
    PRICE_Z,
    SETTINGS,
    WEALTH_Z,
    Cinema,
    address,
    buy,
    on_playlist,
    open_purchases,
    pay,
    wealthy,
)

from economy_actors.messages.ledger import OutcomeUnknown
from economy_actors.messages.playlist import Fulfil, RightsTold
from kryten_economy.features.approvals import pending_approvals
from kryten_economy.features.bans import Ban
from kryten_economy.features.queue.buying import ApproveForcePlay, Bought, BuyMedia
from kryten_economy.features.queue.rules import Media, QueueLimits
from kryten_economy.features.queue.settling import QueueRefused
from kryten_economy.ledger.operation import Request
from kryten_economy.users import UserKey

BACK = f"You got your {PRICE_Z:,} Z back. Balance: {WEALTH_Z:,} Z."


def uses(h: House, name: str) -> int:
    """How many items of today somebody has used up."""
    sql = (
        "SELECT sum(d.queues_used) FROM daily_activity AS d JOIN account AS a"
        " ON a.id = d.account_id WHERE a.name = ?"
    )
    return int(h.report(lambda reports: reports.sql.row(sql, name.lower()))[0])


async def test_a_paid_item_is_queued_charged_and_announced(tmp_path: Path) -> None:
    """The item goes next and temporary; the buyer is told what is left, the channel who it was."""
    cinema = Cinema()
    async with house(tmp_path / "e.db", SETTINGS, gateway=cinema.gateway) as h:
        await wealthy(h, "Alice")
        cinema.queue("boss", "running")
        await buy(h, "Alice", "metropolis")
        assert cinema.sent("addvideo") == [
            {"type": "cm", "id": address("metropolis"), "pos": "next", "temp": True}
        ]
        assert cinema.titles == ["running", "metropolis"]
        assert h.pms("Alice")[-1] == (
            '🎬 "Metropolis" is on the playlist. You paid 2,500 Z. Balance: 97,500 Z.'
        )
        assert h.lines()[-1] == '🎬 Alice just queued "Metropolis"! (2,500 Z-Coin)'
        assert (h.balance("Alice"), on_playlist(h)) == (97_500, [("Alice", 1)])
        assert (open_purchases(h), uses(h, "Alice")) == (0, 1)


async def test_what_the_rank_saved_is_told(tmp_path: Path) -> None:
    """A buyer with a discount sees it once more on the receipt."""
    cinema = Cinema()
    async with house(tmp_path / "e.db", SETTINGS, gateway=cinema.gateway) as h:
        await wealthy(h, "Alice")
        bought = await pay(h, "Alice", "metropolis")
        h.context.playlists[CHANNEL].tell(Fulfil(bought.purchase, saved_z=278))
        await h.settle()
        assert "You paid 2,500 Z (your rank saved you 278 Z)." in h.pms("Alice")[-1]


async def test_uid_zero_is_a_uid(tmp_path: Path) -> None:
    """The first item of a fresh channel is paid for like any other."""
    cinema = Cinema()
    async with house(tmp_path / "e.db", SETTINGS, gateway=cinema.gateway) as h:
        await wealthy(h, "Alice")
        await buy(h, "Alice", "metropolis")
        assert (on_playlist(h), h.balance("Alice")) == ([("Alice", 0)], 97_500)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Expected HTTP 200 OK, not 404 Not Found", "the film is not where the catalogue says"),
        ("Playlist is full", "the playlist is full"),
        ("Unknown media type &#39;zz&#39;", "the playlist refused it: Unknown media type 'zz'"),
    ],
)
async def test_a_refused_item_is_given_back(tmp_path: Path, text: str, words: str) -> None:
    """Money and the use of the day return at once, with CyTube's reason in words."""
    cinema = Cinema()
    cinema.library.refuse(address("metropolis"), text)
    async with house(tmp_path / "e.db", SETTINGS, gateway=cinema.gateway) as h:
        await wealthy(h, "Alice")
        await buy(h, "Alice", "metropolis")
        assert h.pms("Alice")[-1] == f'"Metropolis" could not be queued: {words}. {BACK}'
        assert (h.balance("Alice"), uses(h, "Alice")) == (WEALTH_Z, 0)
        assert (on_playlist(h), open_purchases(h), h.lines()) == ([], 0, [])


async def test_a_duplicate_is_given_back(tmp_path: Path) -> None:
    """What is on the playlist already stays what it was, somebody else's."""
    cinema = Cinema()
    async with house(tmp_path / "e.db", SETTINGS, gateway=cinema.gateway) as h:
        await wealthy(h, "Alice")
        cinema.queue("boss", "metropolis")
        await buy(h, "Alice", "metropolis")
        assert "could not be queued: it is already on the playlist." in h.pms("Alice")[-1]
        assert (h.balance("Alice"), on_playlist(h)) == (WEALTH_Z, [])


async def test_too_quickly_is_tried_again(tmp_path: Path) -> None:
    """CyTube takes the same item a moment later."""
    cinema = Cinema()
    cinema.library.refuse(address("metropolis"), "You are adding videos too quickly")
    async with house(tmp_path / "e.db", SETTINGS, gateway=cinema.gateway) as h:
        await wealthy(h, "Alice")
        await buy(h, "Alice", "metropolis")
        assert (h.balance("Alice"), open_purchases(h)) == (97_500, 1)
        cinema.library._refusals.clear()
        await anyio.sleep(4)
        assert (on_playlist(h), h.balance("Alice")) == ([("Alice", 0)], 97_500)
        assert len(cinema.sent("addvideo")) == 2


async def test_too_quickly_for_good_is_given_back(tmp_path: Path) -> None:
    """After three tries the buyer is told why it can't be now."""
    cinema = Cinema()
    cinema.library.refuse(address("metropolis"), "You are adding videos too quickly")
    async with house(tmp_path / "e.db", SETTINGS, gateway=cinema.gateway) as h:
        await wealthy(h, "Alice")
        await buy(h, "Alice", "metropolis")
        await anyio.sleep(15)
        assert len(cinema.sent("addvideo")) == 3
        assert "too much is being queued at the moment" in h.pms("Alice")[-1]
        assert h.balance("Alice") == WEALTH_Z


async def test_an_item_of_which_nothing_is_heard_is_given_back(tmp_path: Path) -> None:
    """The robot hangs for 8 s and nothing is queued: the playlist is looked at, then all returns.

    Replies do not wait for that.
    """
    cinema = Cinema()
    cinema.silent = True
    async with house(tmp_path / "e.db", SETTINGS, gateway=cinema.gateway) as h:
        await wealthy(h, "Alice", "Bob")
        await buy(h, "Alice", "metropolis")
        assert await h.pm("Bob", "balance")
        looks = cinema.looks
        await anyio.sleep(10)
        assert open_purchases(h) == 1
        await anyio.sleep(3)
        assert cinema.looks == looks + 6
        assert "the playlist did not take it in time" in h.pms("Alice")[-1]
        assert (h.balance("Alice"), open_purchases(h)) == (WEALTH_Z, 0)


async def test_an_item_in_between_is_not_ours(tmp_path: Path) -> None:
    """While CyTube looks the film up somebody else queues another one: each keeps their own."""
    cinema = Cinema()
    cinema.library.delay(address("metropolis"), 3)
    async with house(tmp_path / "e.db", SETTINGS, gateway=cinema.gateway) as h:
        await wealthy(h, "Alice")
        await buy(h, "Alice", "metropolis")
        cinema.queue("carlos", "between")
        await h.settle()
        assert (on_playlist(h), open_purchases(h)) == ([], 1)
        await anyio.sleep(4)
        assert on_playlist(h) == [("Alice", 1)]


async def test_the_same_film_of_somebody_else_is_not_ours(tmp_path: Path) -> None:
    """Somebody was faster with it: CyTube refuses ours, which is given back."""
    cinema = Cinema()
    cinema.library.delay(address("metropolis"), 3)
    async with house(tmp_path / "e.db", SETTINGS, gateway=cinema.gateway) as h:
        await wealthy(h, "Alice")
        await buy(h, "Alice", "metropolis")
        cinema.queue("carlos", "metropolis")
        await anyio.sleep(4)
        assert (on_playlist(h), h.balance("Alice")) == ([], WEALTH_Z)
        assert cinema.titles == ["metropolis"]


async def test_an_item_that_is_only_in_the_store_is_found_there(tmp_path: Path) -> None:
    """Its event was lost in an outage: the look at the playlist finds it."""
    cinema = Cinema()
    async with house(tmp_path / "e.db", SETTINGS, gateway=cinema.gateway) as h:
        await wealthy(h, "Alice")
        cinema.unheard = True
        await buy(h, "Alice", "metropolis")
        cinema.unheard = False
        await anyio.sleep(11)
        assert (on_playlist(h), h.balance("Alice")) == ([("Alice", 0)], 97_500)
        assert "is on the playlist" in h.pms("Alice")[-1]


async def test_an_item_that_comes_after_the_refund_is_taken_off(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing plays that nobody has paid for; operators find it in the log."""
    cinema = Cinema()
    cinema.library.delay(address("metropolis"), 20)
    async with house(tmp_path / "e.db", SETTINGS, gateway=cinema.gateway) as h:
        await wealthy(h, "Alice")
        cinema.queue("boss", "running")
        await buy(h, "Alice", "metropolis")
        await anyio.sleep(15)
        assert h.balance("Alice") == WEALTH_Z
        await anyio.sleep(7)
        assert cinema.sent("rmvideo") == [{"uid": 1}]
        assert (cinema.titles, h.balance("Alice")) == (["running"], WEALTH_Z)
    assert "a refunded item is taken off" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("rank", "words"), [(1, "I need channel rank 2 to add to this playlist"), (2, None), (4, None)]
)
async def test_a_bot_below_the_needed_rank_asks_for_nothing(
    tmp_path: Path, rank: float, words: str | None
) -> None:
    """A command that CyTube does not answer would keep the robot busy: it is not sent."""
    cinema = Cinema()
    async with house(tmp_path / "e.db", SETTINGS, gateway=cinema.gateway) as h:
        await wealthy(h, "Alice")
        cinema.publish("rank", rank)
        await buy(h, "Alice", "metropolis")
        await anyio.sleep(3)
        assert bool(cinema.sent("addvideo")) == (words is None)
        if words is not None:
            assert words in h.pms("Alice")[-1]
            assert h.balance("Alice") == WEALTH_Z


async def test_an_open_playlist_may_need_less(tmp_path: Path) -> None:
    """The channel says which rank adds to it, locked and open."""
    cinema = Cinema()
    async with house(tmp_path / "e.db", SETTINGS, gateway=cinema.gateway) as h:
        await wealthy(h, "Alice")
        cinema.tell(RightsTold(locked=3, open=1))
        h.context.bot_ranks[CHANNEL] = 2
        await buy(h, "Alice", "metropolis")
        await anyio.sleep(3)
        assert "I need channel rank 3" in h.pms("Alice")[-1]
        cinema.publish("setPlaylistLocked", False)
        await buy(h, "Alice", "metropolis")
        assert on_playlist(h) == [("Alice", 0)]


async def test_a_robot_that_is_just_told_its_rank_is_waited_for(tmp_path: Path) -> None:
    """As it comes in CyTube calls it a guest for a moment."""
    cinema = Cinema()
    async with house(tmp_path / "e.db", SETTINGS, gateway=cinema.gateway) as h:
        await wealthy(h, "Alice")
        cinema.publish("rank", -1)
        await buy(h, "Alice", "metropolis")
        cinema.publish("rank", 4)
        await anyio.sleep(3)
        assert on_playlist(h) == [("Alice", 0)]


async def test_without_a_robot_nothing_is_bought(tmp_path: Path) -> None:
    """Its absence is known: everything comes back at once, and nothing is sent."""
    cinema = Cinema()
    async with house(tmp_path / "e.db", SETTINGS, gateway=cinema.gateway) as h:
        await wealthy(h, "Alice")
        cinema.robot_goes()
        await buy(h, "Alice", "metropolis")
        assert "I'm not in the channel at the moment" in h.pms("Alice")[-1]
        assert (cinema.commands, h.balance("Alice")) == ([], WEALTH_Z)


async def test_a_command_that_was_not_sent_is_given_back_at_once(tmp_path: Path) -> None:
    """The bus broke as it was to go out, so nothing can come of it."""
    cinema = Cinema()
    cinema.lost = True
    async with house(tmp_path / "e.db", SETTINGS, gateway=cinema.gateway) as h:
        await wealthy(h, "Alice")
        await buy(h, "Alice", "metropolis")
        assert h.balance("Alice") == WEALTH_Z


async def test_a_robot_that_goes_with_the_item_leaves_a_refund(tmp_path: Path) -> None:
    """It was killed before it could ask CyTube; the item is not there when it comes back."""
    cinema = Cinema()
    cinema.deaf = True
    async with house(tmp_path / "e.db", SETTINGS, gateway=cinema.gateway) as h:
        await wealthy(h, "Alice")
        await buy(h, "Alice", "metropolis")
        cinema.robot_goes()
        await anyio.sleep(5)
        cinema.robot_comes()
        await anyio.sleep(8)
        assert (h.balance("Alice"), open_purchases(h)) == (WEALTH_Z, 0)


async def test_a_robot_that_comes_back_with_the_item_has_earned_it(tmp_path: Path) -> None:
    """CyTube had taken it when the robot went: the list that it tells shows the item."""
    cinema = Cinema()
    async with house(tmp_path / "e.db", SETTINGS, gateway=cinema.gateway) as h:
        await wealthy(h, "Alice")
        cinema.unheard = cinema.store_lags = True
        await buy(h, "Alice", "metropolis")
        cinema.robot_goes()
        cinema.unheard = cinema.store_lags = False
        await anyio.sleep(5)
        cinema.robot_comes()
        await h.settle()
        assert (on_playlist(h), h.balance("Alice")) == ([("Alice", 0)], 97_500)


async def test_one_item_at_a_time(tmp_path: Path) -> None:
    """Ten people buy at once: one item is under way, and they play in the order of paying."""
    cinema = Cinema()
    names = [f"user{number}" for number in range(10)]
    async with house(tmp_path / "e.db", SETTINGS, gateway=cinema.gateway) as h:
        await wealthy(h, *names)
        cinema.queue("boss", "running")
        cinema.queue("boss", "later")
        for name in names:
            cinema.library.delay(address(f"film-{name}"), 1)
            await buy(h, name, f"film-{name}")
        assert len(cinema.sent("addvideo")) == 1
        await anyio.sleep(12)
        assert cinema.titles == ["running", *[f"film-{name}" for name in names], "later"]
        assert [name for name, _ in on_playlist(h)] == names


async def test_an_order_that_is_told_twice_is_carried_out_once(tmp_path: Path) -> None:
    """Also when it is told again after it was done."""
    cinema = Cinema()
    async with house(tmp_path / "e.db", SETTINGS, gateway=cinema.gateway) as h:
        await wealthy(h, "Alice")
        bought = await buy(h, "Alice", "metropolis")
        for _ in range(2):
            h.context.playlists[CHANNEL].tell(Fulfil(bought.purchase))
            await h.settle()
        assert len(cinema.sent("addvideo")) == 1
        assert len(h.pms("Alice")) == 1


async def test_what_was_given_back_meanwhile_is_not_played(tmp_path: Path) -> None:
    """Somebody settled the purchase otherwise before the item came: it is taken off."""
    cinema = Cinema()
    cinema.library.delay(address("metropolis"), 2)
    async with house(tmp_path / "e.db", SETTINGS, gateway=cinema.gateway) as h:
        await wealthy(h, "Alice")
        cinema.queue("boss", "running")
        bought = await buy(h, "Alice", "metropolis")
        day = h.context.live.calendar.day(h.now_ms)
        await h.commit(
            QueueRefused("other", CHANNEL, bought.purchase.id, "an operator", h.now_ms, day)
        )
        await anyio.sleep(3)
        assert (cinema.titles, h.balance("Alice")) == (["running"], WEALTH_Z)


async def test_books_that_do_not_answer_are_asked_again(tmp_path: Path) -> None:
    """The item is there and nobody knows whether it is paid for: it is, once."""
    cinema = Cinema()
    async with house(tmp_path / "e.db", SETTINGS, gateway=cinema.gateway) as h:
        await wealthy(h, "Alice")
        bought = await pay(h, "Alice", "metropolis")
        ledger = h.context.ledger
        faults: list[Request[Any]] = []
        fault = OutcomeUnknown("the disk is gone")
        h.context.ledger = spawn(h, "broken", lambda: Refuser(fault, faults))
        h.context.playlists[CHANNEL].tell(Fulfil(bought.purchase))
        await anyio.sleep(5)
        assert (len(faults) > 1, open_purchases(h)) == (True, 1)
        h.context.ledger = ledger
        await anyio.sleep(2)
        assert (on_playlist(h), h.balance("Alice")) == ([("Alice", 0)], 97_500)
        assert len(h.pms("Alice")) == 1


async def test_an_approved_force_play_is_paid_when_it_plays(tmp_path: Path) -> None:
    """Until then the money waits in the approval's hold."""
    cinema = Cinema()
    async with house(tmp_path / "e.db", SETTINGS, gateway=cinema.gateway) as h:
        await wealthy(h, "Alice")
        cinema.queue("boss", "running")
        day = h.context.live.calendar.day(h.now_ms)
        film = Media("cm", address("metropolis"), "Metropolis", 600)
        asked = await h.commit(
            BuyMedia(
                "force",
                UserKey.of(CHANNEL, "Alice"),
                "forcenow",
                film,
                PRICE_Z,
                QueueLimits(9, 0),
                h.now_ms,
                day,
                needs_approval=True,
            )
        )
        number = asked.purchase.approval_id
        allowed = await h.commit(ApproveForcePlay("yes", CHANNEL, number, h.now_ms, day))
        assert isinstance(allowed, Bought)
        h.context.playlists[CHANNEL].tell(Fulfil(allowed.purchase))
        await h.settle()
        assert cinema.list.current is not None
        assert cinema.list.current.media.id == film.id
        assert '"Metropolis" plays now. You paid 2,500 Z.' in h.pms("Alice")[0]
        assert h.report(lambda reports: pending_approvals(reports, CHANNEL)) == ()
        assert h.balance("Alice") == 97_500


async def test_a_banned_buyer_is_paid_back_all_the_same(tmp_path: Path) -> None:
    """What they paid for before is carried out or given back like anybody's."""
    cinema = Cinema()
    cinema.library.refuse(address("metropolis"), "Playlist is full")
    async with house(tmp_path / "e.db", SETTINGS, gateway=cinema.gateway) as h:
        await wealthy(h, "Alice")
        bought = await pay(h, "Alice", "metropolis")
        day = h.context.live.calendar.day(h.now_ms)
        await h.commit(Ban(UserKey.of(CHANNEL, "Alice"), "Alice", "boss", "spam", h.now_ms, day))
        h.context.playlists[CHANNEL].tell(Fulfil(bought.purchase))
        await h.settle()
        assert h.balance("Alice") == WEALTH_Z
