"""Promotions from a credit or a minute to the messages (`progression.md` 1)."""

from pathlib import Path

import anyio
from tests.actors.api.helpers import Refuser, api, spawn
from tests.actors.house import CHANNEL, NO_TRIGGERS, START_MS, House, house, settings_with
from tests.actors.session.test_money_achievements import tip

from economy_actors.runtime import AskFailed
from kryten_economy.config import Settings
from kryten_economy.features.money.operations import Credit, Posted
from kryten_economy.users import UserKey

HOUR_MS = 3_600_000
STAR = {"min_rank": "Star"}


def ladder_from(first: int = 103, **sections: object) -> Settings:
    """Three ranks: the second from ``first``, the third 2 Z later."""
    tiers = [
        {"name": "Extra", "min_lifetime_earned": 0},
        {"name": "Grip", "min_lifetime_earned": first, "perks": ["+1 queue/day", "5% discount"]},
        {"name": "Gaffer", "min_lifetime_earned": first + 2},
    ]
    return settings_with(ranks={"tiers": tiers}, cytube_promotion={"min_rank": "Grip"}, **sections)


async def earn(h: House, name: str, amount_z: int) -> None:
    """Something that counts as earned, of which nobody tells the channel."""
    request = Credit(
        f"earn:{name}:{h.now_ms}",
        UserKey.of(CHANNEL, name),
        amount_z,
        "admin_grant",
        "admin.grant",
        "Test",
        h.now_ms,
        h.context.live.calendar.day(h.now_ms),
    )
    assert isinstance(await h.commit(request), Posted)


async def test_a_minute_that_crosses_a_threshold_promotes_at_that_tick(tmp_path: Path) -> None:
    """Stored, told privately with the perks that are there, told publicly, counted."""
    nothing_to_queue = {"web_queue_redirect": False}
    async with house(tmp_path / "e.db", ladder_from(mediacms=nothing_to_queue)) as h:
        await h.join("Alice")
        await h.minutes(2)
        assert not [text for text in h.pms("alice") if "promoted" in text]
        await h.minutes(1)
        [notice] = [text for text in h.pms("alice") if "promoted" in text]
        assert "Grip" in notice
        # Nothing can be queued without a catalogue, so that perk is none.
        assert "queue" not in notice
        assert "2% off everything you buy" in notice
        await anyio.sleep(5)
        assert h.lines() == ["⭐ Alice is now a Grip!"]
        wallet = h.wallet("alice")
        assert wallet is not None
        assert wallet.rank_name == "Grip"
        assert b"economy_rank_promotions_total 1.0" in h.context.metrics.render()


async def test_rank_ups_of_one_tick_are_one_line(tmp_path: Path) -> None:
    """Several users at once: one public line, grouped by rank, each with a PM of their own."""
    async with house(tmp_path / "e.db", ladder_from()) as h:
        for name in ("Alice", "Bob", "Carol"):
            await h.join(name)
        await h.minutes(3)
        await anyio.sleep(5)
        [line] = h.lines()
        assert "Grip: Alice, Bob, Carol" in line
        assert all(any("promoted" in text for text in h.pms(name)) for name in ("bob", "carol"))


async def test_a_quiet_user_is_promoted_without_a_private_message(tmp_path: Path) -> None:
    """Quiet mode mutes the PM, not the rank and not the public line."""
    async with house(tmp_path / "e.db", ladder_from()) as h:
        await h.join("Alice")
        await h.pm("Alice", "quiet")
        await h.minutes(3)
        await anyio.sleep(5)
        assert not [text for text in h.pms("alice") if "promoted" in text]
        assert len(h.lines()) == 1


async def test_the_gate_closes_the_public_line_only(tmp_path: Path) -> None:
    """With rank_promotion off, the user is told and nobody else."""
    async with house(tmp_path / "e.db", ladder_from(announcements={"rank_promotion": False})) as h:
        await h.join("Alice")
        await h.minutes(3)
        await anyio.sleep(5)
        assert [text for text in h.pms("alice") if "promoted" in text]
        assert h.lines() == []


async def test_a_wallet_that_crosses_a_threshold_promotes_at_arrival(tmp_path: Path) -> None:
    """The check follows every credit that counts as earned, the welcome wallet too."""
    async with house(tmp_path / "e.db", ladder_from(first=100)) as h:
        await h.join("Alice")
        assert [text for text in h.pms("alice") if "Grip" in text]


async def test_raised_thresholds_demote_nobody(tmp_path: Path) -> None:
    """P-USR-8: after a reload with higher thresholds the rank stays and nothing is told."""
    async with house(tmp_path / "e.db", ladder_from()) as h:
        await h.join("Alice")
        await h.minutes(3)
        h.context.live.swap(ladder_from(first=10_000))
        await h.minutes(2)
        [answer] = await h.pm("Alice", "balance")
        assert "Grip" in answer
        assert len([text for text in h.pms("alice") if "promoted" in text]) == 1


async def test_several_tiers_at_once_are_one_promotion(tmp_path: Path) -> None:
    """A credit over two thresholds: one PM, one line, one count, for the highest."""
    async with house(tmp_path / "e.db", ladder_from(first=50)) as h:
        await h.join("Alice")
        await anyio.sleep(5)
        [notice] = [text for text in h.pms("alice") if "promoted" in text]
        assert "Gaffer" in notice
        assert h.lines() == ["⭐ Alice is now a Gaffer!"]
        assert b"economy_rank_promotions_total 1.0" in h.context.metrics.render()


async def test_a_rank_that_left_the_file_gives_way_to_the_earnings(tmp_path: Path) -> None:
    """A stored name that no tier has any more counts for nothing; nobody is told a promotion."""
    async with house(tmp_path / "e.db", ladder_from(first=101)) as h:
        await h.join("Alice")
        await h.minutes(1)
        await anyio.sleep(5)
        assert any("promoted to Grip" in text for text in h.pms("alice"))
        h.heard.clear()
        tiers = [
            {"name": "Walk-on", "min_lifetime_earned": 0},
            {"name": "Star", "min_lifetime_earned": 100},
        ]
        h.context.live.swap(settings_with(ranks={"tiers": tiers}, cytube_promotion=STAR))
        [answer] = await h.pm("Alice", "rank")
        assert answer.startswith("⭐ Rank: Star")
        await h.minutes(1)
        await anyio.sleep(5)
        wallet = h.wallet("alice")
        assert wallet is not None
        assert wallet.rank_name == "Star"
        assert not [text for text in h.pms("alice") if "promoted" in text]
        assert h.lines() == []


async def test_one_is_told_by_the_template_and_several_by_rank(tmp_path: Path) -> None:
    """`{user}` and `{rank}` stand in the template; two ranks in one tick are two groups."""
    texts = {"templates": {"rank_up": "Cheers for {user}, our {rank}"}}
    async with house(tmp_path / "e.db", ladder_from(101, announcements=texts)) as h:
        await h.join("Alice")
        await h.minutes(1)
        await anyio.sleep(5)
        assert h.lines() == ["Cheers for Alice, our Grip"]
        await h.join("Bob")
        await anyio.sleep(3600)
        h.heard.clear()
        await h.minutes(1)
        await earn(h, "Alice", 2)
        await anyio.sleep(5)
        [line] = h.lines()
        assert line == "⭐ Rank-ups! Gaffer: Alice, Bob"


async def test_two_ranks_in_one_line_stand_in_groups(tmp_path: Path) -> None:
    """The higher rank first, each with its users."""
    async with house(tmp_path / "e.db", ladder_from(200)) as h:
        amounts = (("Alice", 100), ("Bob", 100), ("Carol", 102))
        for name, _ in amounts:
            await h.join(name)
        await h.minutes(1)
        for name, amount_z in amounts:
            await earn(h, name, amount_z - 1)
        await anyio.sleep(5)
        assert h.lines() == ["⭐ Rank-ups! Gaffer: Carol | Grip: Alice, Bob"]


async def test_rank_ups_are_told_first_of_the_day_higher_or_an_hour_later(tmp_path: Path) -> None:
    """Within the hour the same tier is dropped, not kept; the next UTC day begins anew."""
    tiers = [
        {"name": "Extra", "min_lifetime_earned": 0},
        {"name": "Grip", "min_lifetime_earned": 1_000},
        {"name": "Gaffer", "min_lifetime_earned": 2_000},
    ]
    settings = settings_with(ranks={"tiers": tiers}, cytube_promotion={"min_rank": "Grip"})
    ten_in_the_evening_ms = START_MS + 12 * HOUR_MS
    async with house(tmp_path / "e.db", settings, start_ms=ten_in_the_evening_ms) as h:

        async def rise(name: str) -> list[str]:
            h.heard.clear()
            await earn(h, name, 1_000)
            await h.minutes(1)
            await anyio.sleep(5)
            return h.lines()

        for name in ("Al", "Bob", "Cy", "Dee", "Eve"):
            await h.join(name)
        assert await rise("Al") == ["⭐ Al is now a Grip!"]
        assert await rise("Bob") == []
        assert any("promoted" in text for text in h.pms("bob"))
        assert await rise("Al") == ["⭐ Al is now a Gaffer!"]
        await anyio.sleep(3600)
        assert await rise("Cy") == ["⭐ Cy is now a Grip!"]
        assert await rise("Dee") == []
        await anyio.sleep(55 * 60)
        assert await rise("Eve") == ["⭐ Eve is now a Grip!"]


async def test_a_rank_that_was_taken_back_is_not_told(tmp_path: Path) -> None:
    """An undo that comes before the public line leaves out whose rank it took, and nobody else."""
    async with house(tmp_path / "e.db", ladder_from(1_100)) as h:
        for name in ("Alice", "Bob"):
            await h.join(name)
        await h.join("Boss", rank=5)
        await h.pm("Boss", "grant bob 1000")
        await h.pm("Boss", "grant alice 1000")
        assert [text for text in h.pms("alice") if "promoted to Grip" in text]
        [answer] = await h.pm("Boss", "undo last")
        assert "undone" in answer
        await anyio.sleep(5)
        assert h.lines() == ["⭐ Bob is now a Grip!"]
        assert "Extra" in (await h.pm("Alice", "rank"))[0]
        await h.pm("Boss", "grant alice 1002")
        await anyio.sleep(5)
        assert h.lines()[1:] == ["⭐ Alice is now a Gaffer!"]


async def test_a_rank_taken_back_while_nobody_listened_is_not_told(tmp_path: Path) -> None:
    """The line that a kill has left untold is looked at again by the next instance."""
    async with house(tmp_path / "e.db", ladder_from(1_100)) as h:
        await h.join("Alice")
        await h.join("Boss", rank=5)
        await h.pm("Boss", "grant alice 1000")
        await h.pm("Boss", "undo last")
        later_ms = h.now_ms + 60_000
    async with house(tmp_path / "e.db", ladder_from(1_100), start_ms=later_ms) as h:
        await anyio.sleep(5)
        assert h.lines() == []


async def test_rank_ups_wait_until_the_books_can_say_who_has_them(tmp_path: Path) -> None:
    """A reader that is away for a moment delays the line, and does not lose it."""
    async with house(tmp_path / "e.db", ladder_from(1_100)) as h:
        await h.join("Alice")
        await h.join("Boss", rank=5)
        await h.pm("Boss", "grant alice 1000")
        reader = h.context.reader
        h.context.reader = spawn(h, "away", lambda: Refuser(AskFailed("no report"), []))
        await anyio.sleep(10)
        assert h.lines() == []
        h.context.reader = reader
        await anyio.sleep(30)
        assert h.lines() == ["⭐ Alice is now a Grip!"]


async def test_a_promotion_follows_a_paid_chat_line_at_once(tmp_path: Path) -> None:
    """The check comes after every credit that counts as earned."""
    chat = NO_TRIGGERS["chat_triggers"] | {"long_message": {"reward": 5}}
    async with house(tmp_path / "e.db", ladder_from(105, chat_triggers=chat)) as h:
        await h.join("Alice")
        await h.chat("Alice", "x" * 30)
        assert any("promoted to Grip" in text for text in h.pms("alice"))


async def test_a_tip_makes_nobody_rise(tmp_path: Path) -> None:
    """P-MON-2: what was received lies in the balance and raises no rank, whatever the clock."""
    async with house(tmp_path / "e.db", ladder_from(150)) as h:
        await h.join("Alice")
        await h.join("Bob")
        await tip(h, "Alice", "Bob", 90)
        await h.minutes(3)
        await tip(h, "Bob", "Alice", 150)
        await h.minutes(3)
        assert not [text for name in ("alice", "bob") for text in h.pms(name) if "promot" in text]
        assert h.balance("alice") == 100 + 6 + 60
        [answer] = await h.pm("Alice", "rank")
        assert answer.startswith("⭐ Rank: Extra")


async def test_the_rank_shows_the_real_discount_and_no_other(tmp_path: Path) -> None:
    """Perks of lower tiers stay; texts that state a discount are dropped, also from the API."""
    async with api(tmp_path, settings_with(mediacms={"web_queue_redirect": False})) as it:
        await it.house.join("Alice")
        for rank, percent in (("Grip", 2), ("Associate Producer", 10), ("Studio Mogul", 18)):
            await it.data("rank.set", username="alice", rank_name=rank)
            [answer] = await it.house.pm("Alice", "rank")
            assert f"Discount: {percent}%" in answer
            assert "1 free daily fortune" in answer
            summary = await it.data("account.summary", username="alice")
            assert summary["spend_discount_percent"] == percent
            assert not [perk for perk in summary["perks"] if "discount" in perk]
        for perk in ("+2 queues/day", "rain drops +20%", "legendary status"):
            assert (perk in answer) is ("queue" not in perk)
            assert perk in summary["perks"]
        assert "20%" not in answer.replace("rain drops +20%", "")
