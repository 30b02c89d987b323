"""Welcome back, the gates before earning, and what the night watch adds."""

from pathlib import Path

from tests.actors.house import CHANNEL, house
from tests.actors.presence.helpers import DAY_S, days_later, hits, only, triggers

from kryten_economy.features.bans import Ban
from kryten_economy.users import UserKey

WELCOME = only(
    onboarding={"welcome_wallet": 100},
    retention={"welcome_back": {"enabled": True, "days_absent": 7, "bonus": 50}},
)


async def test_seven_whole_days_away_bring_a_welcome_back(tmp_path: Path) -> None:
    """Paid at the genuine arrival, told at once, and not again at the next one."""
    async with house(tmp_path / "e.db", WELCOME) as h:
        await h.join("Alice")
        await h.leave("Alice")
        await days_later(h, 7)
        await h.minutes(1)
        await h.join("Alice")
        assert triggers(h, "alice") == [("onboarding.wallet", 100), ("retention.welcome_back", 50)]
        assert [text for text in h.pms("alice") if "50" in text and "missed" in text]
        await h.leave("Alice")
        await h.minutes(10)
        await h.join("Alice")
        assert h.balance("alice") == 150


async def test_an_hour_less_is_no_return(tmp_path: Path) -> None:
    """Six days and 23 hours are six whole days."""
    async with house(tmp_path / "e.db", WELCOME) as h:
        await h.join("Alice")
        await h.leave("Alice")
        await days_later(h, 7 - 3600 / DAY_S)
        await h.minutes(1)
        await h.join("Alice")
        assert triggers(h, "alice") == [("onboarding.wallet", 100)]


async def test_the_wallet_and_the_welcome_back_never_come_together(tmp_path: Path) -> None:
    """Known since long, but never welcomed: the wallet comes first, the bonus at a later return."""
    path = tmp_path / "e.db"
    async with house(path, WELCOME) as h:
        await h.userlist(("Alice", 1), stored=True)
        await h.minutes(1)
        await h.leave("Alice")
        for expected in (100, 150):
            await days_later(h, 8)
            await h.minutes(1)
            await h.join("Alice")
            assert h.balance("alice") == expected
            await h.leave("Alice")


async def test_the_banned_are_not_welcomed_back(tmp_path: Path) -> None:
    """P-USR-6: no money and no notice."""
    async with house(tmp_path / "e.db", WELCOME) as h:
        await h.join("Mallory")
        await h.leave("Mallory")
        await h.commit(Ban(UserKey(CHANNEL, "mallory"), "Mallory", "boss", "", h.now_ms))
        await days_later(h, 9)
        await h.minutes(1)
        await h.join("Mallory")
        assert (h.balance("mallory"), h.pms("mallory")) == (100, [])


async def test_minutes_before_the_gate_opens_are_counted_and_not_paid(tmp_path: Path) -> None:
    """Ten minutes old and one message: what came before stays unpaid."""
    gated = only(
        presence={"base_rate_per_minute": 1},
        onboarding={
            "welcome_wallet": 100,
            "min_account_age_minutes": 10,
            "min_messages_to_earn": 1,
        },
    )
    async with house(tmp_path / "e.db", gated) as h:
        await h.join("Alice")
        await h.minutes(12)
        assert h.balance("alice") == 100
        await h.chat("Alice", "hello")
        await h.minutes(3)
        wallet = h.wallet("alice")
        assert wallet is not None
        assert (wallet.balance_z, wallet.minutes_today) == (103, 15)
        await h.join("Bob")
        await h.chat("Bob", "hi")
        await h.minutes(9)
        assert h.balance("bob") == 100
        await h.minutes(2)
        assert h.balance("bob") > 100


async def test_the_night_watch_shows_its_hits_and_only_its_part(tmp_path: Path) -> None:
    """Two users, two minutes of 1 x 1.5: 6 Z in all, of which the night watch gave 2."""
    night = {"enabled": True, "hours": [10], "multiplier": 1.5}
    settings = only(presence={"base_rate_per_minute": 1, "night_watch": night})
    async with house(tmp_path / "e.db", settings) as h:
        await h.join("Alice")
        await h.join("Bob")
        await h.minutes(2)
        base, watch = hits(h, "presence.base"), hits(h, "presence.night_watch")
        assert base is not None
        assert watch is not None
        assert (base.hit_count, base.unique_users, base.total_z_awarded) == (4, 2, 6)
        assert (watch.hit_count, watch.unique_users, watch.total_z_awarded) == (4, 2, 2)
        await h.minutes(65)
        assert hits(h, "presence.night_watch").hit_count < 2 * 67  # type: ignore[union-attr]
