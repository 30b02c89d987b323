"""Sessions, bounces, departures, minutes and the welcome wallet (`earning.md` 3 and 7)."""

from pathlib import Path

import anyio
from tests.actors.house import CHANNEL, house, settings_with

from economy_actors.messages.channel import AfkChanged, Joined, MinutePassed
from economy_actors.outbox.protocol import Left as OutboxLeft
from kryten_economy.features.bans import Ban
from kryten_economy.users import UserKey

NO_WALLET = {"onboarding": {"welcome_wallet": 0}}


async def test_each_connected_minute_earns_the_base_rate(tmp_path: Path) -> None:
    """A user who is here earns base_rate_per_minute at every tick, and minutes are counted."""
    async with house(tmp_path / "e.db", settings_with(**NO_WALLET)) as h:
        await h.join("Alice")
        await h.minutes(10)
        wallet = h.wallet("alice")
        assert wallet is not None
        assert (wallet.balance_z, wallet.minutes_today) == (10, 10)
        assert wallet.display_name == "Alice"


async def test_minutes_count_even_when_the_rate_is_zero(tmp_path: Path) -> None:
    """P-PRES-6: with nothing to pay, minutes are counted all the same."""
    settings = settings_with(**NO_WALLET, presence={"base_rate_per_minute": 0})
    async with house(tmp_path / "e.db", settings) as h:
        await h.join("Alice")
        await h.minutes(3)
        wallet = h.wallet("alice")
        assert wallet is not None
        assert (wallet.balance_z, wallet.minutes_today) == (0, 3)


async def test_a_genuine_arrival_gets_the_welcome_wallet_once(tmp_path: Path) -> None:
    """The wallet is paid at the first genuine arrival and never again."""
    async with house(tmp_path / "e.db") as h:
        await h.join("Alice")
        assert h.balance("alice") == 100
        await h.leave("Alice")
        await anyio.sleep(3600)
        await h.minutes(1)
        await h.join("ALICE")
        assert h.balance("alice") == 100


async def test_the_welcome_pm_comes_after_its_delay_also_in_quiet_mode(tmp_path: Path) -> None:
    """The money comes at once, the greeting 90 seconds later, and quiet does not mute it."""
    async with house(tmp_path / "e.db") as h:
        await h.join("Alice")
        await h.pm("Alice", "quiet")
        await anyio.sleep(80)
        assert not any("Welcome" in text for text in h.pms("alice"))
        await anyio.sleep(15)
        assert [text for text in h.pms("alice") if "100" in text and "Welcome" in text]


async def test_no_welcome_pm_for_somebody_who_has_left(tmp_path: Path) -> None:
    """Whoever left before the delay was over is not greeted into the void."""
    async with house(tmp_path / "e.db") as h:
        await h.join("Alice")
        await h.leave("Alice")
        await anyio.sleep(120)
        assert h.pms("alice") == []
        assert h.balance("alice") == 100


async def test_a_bounce_keeps_the_session_and_its_held_minutes(tmp_path: Path) -> None:
    """P-PRES-1: away for less than the window: no arrival, and the minutes are paid together."""
    async with house(tmp_path / "e.db", settings_with(**NO_WALLET)) as h:
        await h.join("Alice")
        await h.minutes(2)
        await h.leave("Alice")
        await h.minutes(4)
        assert h.balance("alice") == 2
        await h.join("Alice")
        await h.minutes(1)
        assert h.balance("alice") == 7


async def test_minutes_of_a_bounce_count_from_the_return(tmp_path: Path) -> None:
    """Whoever has come back is paid for the bounce, also if they leave before the next minute."""
    async with house(tmp_path / "e.db", settings_with(**NO_WALLET)) as h:
        await h.join("Alice")
        await h.minutes(2)
        await h.leave("Alice")
        await h.minutes(2)
        await h.join("Alice")
        await anyio.sleep(20)
        left_ms = h.now_ms
        await h.leave("Alice")
        await h.minutes(7)
        wallet = h.wallet("alice")
        assert wallet is not None
        assert (wallet.balance_z, wallet.minutes_today) == (4, 4)
        assert (wallet.last_seen_ms, wallet.last_departure_ms) == (left_ms, left_ms)


async def test_ten_bounces_in_a_minute_keep_one_session_and_every_minute(tmp_path: Path) -> None:
    """A flapping connection costs nothing and pays nothing twice."""
    async with house(tmp_path / "e.db", settings_with(**NO_WALLET)) as h:
        await h.join("Alice")
        await h.minutes(1)
        for _ in range(10):
            await h.leave("Alice")
            await anyio.sleep(2)
            await h.join("Alice")
            await anyio.sleep(2)
        await h.minutes(3)
        assert h.balance("alice") == 4
        assert await h.present() == {"Alice"}


async def test_departed_users_neither_earn_nor_count(tmp_path: Path) -> None:
    """P-PRES-4: from the moment of leaving nothing is paid, and the held minutes lapse."""
    async with house(tmp_path / "e.db", settings_with(**NO_WALLET)) as h:
        await h.join("Alice")
        await h.minutes(1)
        await h.leave("Alice")
        assert await h.present() == set()
        await h.minutes(7)
        await h.join("Alice")
        await h.minutes(1)
        assert h.balance("alice") == 2


async def test_an_absence_of_exactly_the_window_is_a_new_arrival(tmp_path: Path) -> None:
    """Five minutes away is away: the held minutes are gone."""
    async with house(tmp_path / "e.db", settings_with(**NO_WALLET)) as h:
        await h.join("Alice")
        await h.minutes(1)
        await h.leave("Alice")
        left_ms = h.now_ms
        while h.now_ms < left_ms + 299_000:
            await h.minutes(1)
        await anyio.sleep((left_ms + 300_000 - h.now_ms) / 1000)
        await h.join("Alice")
        await h.minutes(1)
        assert h.balance("alice") == 2


async def test_the_departure_is_the_moment_of_leaving(tmp_path: Path) -> None:
    """P-PRES-2: cleanup minutes later does not move the departure."""
    async with house(tmp_path / "e.db", settings_with(**NO_WALLET)) as h:
        await h.join("Alice")
        await h.minutes(1)
        left_ms = h.now_ms
        await h.leave("Alice")
        await h.minutes(8)
        wallet = h.wallet("alice")
        assert wallet is not None
        assert wallet.last_departure_ms == left_ms


async def test_the_outbox_learns_who_left(tmp_path: Path) -> None:
    """A PM to somebody who has left need not be sent."""
    async with house(tmp_path / "e.db") as h:
        await h.join("Alice")
        await h.leave("Alice")
        assert OutboxLeft("Alice") in h.heard


async def test_a_stall_pays_five_minutes_at_most(tmp_path: Path) -> None:
    """After a pause of the process whole elapsed minutes are paid, but no more than five."""
    async with house(tmp_path / "e.db", settings_with(**NO_WALLET)) as h:
        await h.join("Alice")
        await anyio.sleep(180)
        await h.minutes(1)
        assert h.balance("alice") == 4
        await anyio.sleep(3600)
        await h.minutes(1)
        assert h.balance("alice") == 9


async def test_guests_do_not_earn_and_are_told_so(tmp_path: Path) -> None:
    """Below min_cytube_rank nobody is tracked; a PM is answered with the reason."""
    async with house(tmp_path / "e.db") as h:
        await h.join("Visitor1", rank=0)
        await h.minutes(3)
        assert h.wallet("visitor1") is None
        [answer] = await h.pm("Visitor1", "balance")
        assert "regist" in answer.lower()
        assert h.wallet("visitor1") is None


async def test_a_banned_user_counts_minutes_but_is_not_paid(tmp_path: Path) -> None:
    """P-USR-6: the ban sits in the credit path; minutes are still counted."""
    async with house(tmp_path / "e.db", settings_with(**NO_WALLET)) as h:
        await h.join("Mallory")
        await h.commit(Ban(UserKey(CHANNEL, "mallory"), "Mallory", "boss", "", h.now_ms))
        await h.minutes(3)
        wallet = h.wallet("mallory")
        assert wallet is not None
        assert (wallet.balance_z, wallet.minutes_today) == (0, 3)


async def test_active_users_earn_the_bonus_and_afk_users_the_base(tmp_path: Path) -> None:
    """AFK never reduces the base rate; the bonus needs a chat line within the threshold."""
    settings = settings_with(**NO_WALLET, presence={"active_bonus_per_minute": 2})
    async with house(tmp_path / "e.db", settings) as h:
        await h.join("Alice")
        await h.join("Bob")
        h.channel.tell(AfkChanged("Bob", True))
        await h.minutes(1)
        assert (h.balance("alice"), h.balance("bob")) == (3, 1)
        await h.minutes(5)
        before = h.balance("alice")
        await h.minutes(1)
        assert h.balance("alice") == before + 1
        await h.chat("Alice", "back again")
        await h.minutes(1)
        assert h.balance("alice") == before + 4


async def test_night_watch_pays_fractions_when_they_are_whole(tmp_path: Path) -> None:
    """P-EARN-2: 1 x 1.5 pays 1, then 2."""
    night = {"enabled": True, "hours": [10], "multiplier": 1.5}
    settings = settings_with(**NO_WALLET, presence={"night_watch": night})
    async with house(tmp_path / "e.db", settings) as h:
        await h.join("Alice")
        await h.minutes(1)
        assert h.balance("alice") == 1
        await h.minutes(1)
        assert h.balance("alice") == 3


async def test_a_user_list_is_the_truth(tmp_path: Path) -> None:
    """Unknown names get a session, missing ones depart at that moment, ranks are taken over."""
    async with house(tmp_path / "e.db", settings_with(**NO_WALLET)) as h:
        await h.join("Alice")
        await h.join("Bob")
        await h.minutes(1)
        await h.userlist(("Alice", 4), ("carol", 1), ("guest", 0))
        assert await h.present() == {"Alice", "carol"}
        await h.minutes(1)
        assert (h.balance("alice"), h.balance("bob"), h.balance("carol")) == (2, 1, 1)
        assert h.wallet("guest") is None


async def test_users_found_at_the_start_get_no_welcome(tmp_path: Path) -> None:
    """The stored list at start makes sessions, not arrivals."""
    async with house(tmp_path / "e.db") as h:
        await h.userlist(("Alice", 1), stored=True)
        await h.minutes(1)
        assert h.balance("alice") == 1
        await anyio.sleep(120)
        assert h.pms("alice") == []


async def test_a_join_told_after_the_stored_list_is_still_an_arrival(tmp_path: Path) -> None:
    """News that come late, after an outage, are judged by the books: a newcomer is welcomed."""
    async with house(tmp_path / "e.db") as h:
        await h.userlist(("Alice", 1), ("Bob", 1), stored=True)
        await h.join("Alice")
        await h.join("Alice")
        await h.minutes(1)
        assert (h.balance("alice"), h.balance("bob")) == (101, 1)
        await h.join("Bob")
        assert h.balance("bob") == 1, "seen a moment ago, so this is no arrival"


async def test_a_restart_within_a_minute_neither_pays_twice_nor_loses_presence(
    tmp_path: Path,
) -> None:
    """Minutes are named after the clock, so a second service can't pay the same one again."""
    path = tmp_path / "e.db"
    async with house(path, settings_with(**NO_WALLET)) as h:
        await h.userlist(("Alice", 1), stored=True)
        await h.minutes(3)
    async with house(path, settings_with(**NO_WALLET)) as h:
        # The clock of this house starts at the same instant: its first minutes were paid.
        await h.userlist(("Alice", 1), stored=True)
        await h.minutes(3)
        assert h.balance("alice") == 3
        await h.minutes(1)
        assert h.balance("alice") == 4


async def test_a_join_inside_the_window_after_a_restart_is_no_arrival(tmp_path: Path) -> None:
    """P-PRES-8: the last departure comes from the store, not from memory."""
    path = tmp_path / "e.db"
    async with house(path, settings_with(**NO_WALLET)) as h:
        await h.join("Alice")
        await h.minutes(2)
        await h.leave("Alice")
    async with house(path) as h:
        await anyio.sleep(180)
        await h.join("Alice")
        assert h.balance("alice") == 2
        await h.leave("Alice")
        await anyio.sleep(600)
        await h.minutes(1)
        await h.join("Alice")
        assert h.balance("alice") == 102


async def test_channels_do_not_mix(tmp_path: Path) -> None:
    """One user can have a session in each channel, with a balance in each."""
    async with house(
        tmp_path / "e.db", settings_with(**NO_WALLET), channels=(CHANNEL, "Other")
    ) as h:
        await h.join("Alice")
        await h.minutes(2)
        other = h.report(lambda reports: reports.wallet(UserKey("Other", "alice"), "2026-11-20"))
        assert other is None
        assert h.balance("alice") == 2


async def test_who_returns_as_his_visit_is_forgotten_gets_a_new_session(tmp_path: Path) -> None:
    """The minute that ends a session and the join that wants a new one may come back to back."""
    async with house(tmp_path / "economy.db") as home:
        await home.join("Alice")
        await home.pm("Alice", "balance")
        await home.leave("Alice")
        await anyio.sleep(6 * 60)
        home.channel.tell(MinutePassed(home.now_ms))
        home.channel.tell(Joined("Alice", 1, afk=False, at_ms=home.now_ms))
        await home.settle()
        assert await home.present() == {"Alice"}
        assert len(await home.pm("Alice", "balance")) == 1
        assert home.observer.stats("channel").restarts == 0
