"""Tips from the private message to both balances and what both are told."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from tests.actors.api.helpers import spawn
from tests.actors.chat.test_aliases import Userstats
from tests.actors.house import CHANNEL, House, house, settings_with
from tests.unit.features.test_achievements import achievement

from economy_actors.gateway.worker import Aliases, Persons
from economy_actors.messages.channel import PrivateMessage
from kryten_economy.features.bans import Ban
from kryten_economy.features.tips import Tip, Tipped
from kryten_economy.refusals import DailySum, Insufficient
from kryten_economy.users import UserKey


@asynccontextmanager
async def _channel(path: Path, *, old: bool = True, **sections: Any) -> AsyncIterator[House]:
    """Alice with 1,000 Z and Bob with 100, both old enough; nobody else pays or limits anything."""
    base: dict[str, Any] = {
        "onboarding": {"welcome_wallet": 100},
        "presence": {"base_rate_per_minute": 0},
        "commands": {"rate_limit_per_minute": 999},
        "ignored_users": ["Robot"],
        "bot": {"username": "CoinBot"},
    }
    async with house(path / "e.db", settings_with(**(base | sections))) as h:
        await h.userlist(("Boss", 4))
        for name in ("Alice", "Bob"):
            await h.join(name)
        await h.pm("Boss", "grant alice 900")
        if old:
            await h.minutes(30)
        yield h


def _money(h: House) -> tuple[int, int]:
    return h.balance("alice"), h.balance("bob")


@pytest.mark.parametrize(
    ("text", "amount_z"),
    [
        ("tip @Bob 50", 50),
        ("tip bob 50", 50),
        ("!TIP @bob, 50", 50),
        ("tip 50 @Bob", 50),
        ("tip 50 bob", 50),
        ("tip BOB half", 500),
        ("tip all @bob", 1000),
        ("tip @bob 33%", 330),
        ("tip bob 0.5k", 500),
        ("tip bob 1,000", 1000),
    ],
)
async def test_a_tip_moves_and_is_told(tmp_path: Path, text: str, amount_z: int) -> None:
    """Sender and receiver learn amount and new balance, in whichever order it was written."""
    async with _channel(tmp_path) as h:
        [answer] = await h.pm("Alice", text)
        assert _money(h) == (1000 - amount_z, 100 + amount_z)
        assert f"You tipped Bob {amount_z:,} Z" in answer
        assert f"Your balance: {1000 - amount_z:,} Z" in answer
        assert f"{5000 - amount_z:,} Z more today" in answer
        told = h.pms("Bob")[-1]
        assert f"Alice tipped you {amount_z:,} Z! Your balance: {100 + amount_z:,} Z." in told


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("tip", "Usage: tip @user <amount>"),
        ("tip @Bob", "Usage: tip @user <amount>"),
        ("tip @Bob 1 000", "Usage: tip @user <amount>"),
        ("tip @Bob lots", "Write it like 50, 1,000, 5k, 1.5m, 50%, half or all; you have 1,000 Z."),
        ("tip @Bob 1.5", "only whole amounts are possible. Write it like 50"),
        ("tip @Bob 1.2345k", "that makes no whole amount"),
        ("tip @Bob 0", "must be at least 1"),
        ("tip @Bob -5", "without a sign"),
        ("tip @Bob 101%", "100% is all there is"),
        ("tip @Bob 2", "the minimum is 3 Z"),
        ("tip @B!b 10", "can't be a user name"),
        ("tip @aLiCe 10", "You can't tip yourself."),
        ("tip @coinbot 10", "I hold no money"),
        ("tip @robot 10", "on the list of ignored users"),
        ("tip @Nobody 10", "I don't know anyone called Nobody in this channel. Guests can't"),
        ("tip @Villain 10", "Villain is suspended from the economy"),
        ("tip @Bob 1001", "That takes 1,001 Z and you have 1,000 Z: 1 Z short."),
        ("tip @Bob 5k", "You can send 2,000 Z in tips a day, and 2,000 Z of it are left today."),
    ],
)
async def test_each_refusal_has_its_sentence(tmp_path: Path, text: str, why: str) -> None:
    """What is wrong and what is allowed is told, nobody else hears of it, and no money moves."""
    tipping = {"min_amount": 3, "max_per_day": 2000}
    async with _channel(tmp_path, tipping=tipping) as h:
        await h.commit(Ban(UserKey.of(CHANNEL, "Villain"), "Villain", "Boss", "", h.now_ms))
        await h.join("Villain")
        heard = len(h.heard)
        [answer] = await h.pm("Alice", text)
        assert why in answer
        assert _money(h) == (1000, 100)
        assert len(h.heard) == heard + 1


async def test_switched_off(tmp_path: Path) -> None:
    """`tipping.enabled` false: it is said so, and help does not name it."""
    async with _channel(tmp_path, tipping={"enabled": False}) as h:
        assert "switched off" in (await h.pm("Alice", "tip bob 5"))[0]
        assert "tip" not in "".join(await h.pm("Alice", "help")).split()
        assert _money(h) == (1000, 100)


async def test_the_banned_tip_nobody(tmp_path: Path) -> None:
    """P-USR-6: a banned sender is told of the suspension, and keeps what they have."""
    async with _channel(tmp_path) as h:
        await h.pm("Boss", "ban alice")
        assert "suspended" in (await h.pm("Alice", "tip bob 5"))[-1]
        assert _money(h) == (1000, 100)


async def test_an_account_must_be_old_enough(tmp_path: Path) -> None:
    """Not before 30 minutes have passed, and at the exact age."""
    async with _channel(tmp_path, old=False) as h:
        first_ms = h.wallet("alice").first_seen_ms  # type: ignore[union-attr]
        assert "too new for this: try again in 30 minutes" in (await h.pm("Alice", "tip bob 5"))[0]
        await anyio.sleep((first_ms + 30 * 60_000 - 1000 - h.now_ms) / 1000)
        assert "too new" in (await h.pm("Alice", "tip bob 5"))[0]
        await anyio.sleep((first_ms + 30 * 60_000 - h.now_ms) / 1000)
        assert "You tipped Bob" in (await h.pm("Alice", "tip bob 5"))[0]
        assert _money(h) == (995, 105)


async def test_so_much_a_day(tmp_path: Path) -> None:
    """The refusal tells what is left; the next day is a new one; what is got does not count."""
    async with _channel(tmp_path, tipping={"max_per_day": 100}) as h:
        await h.pm("Alice", "tip bob 70")
        await h.pm("Bob", "tip alice 20")
        assert "30 Z of it are left today" in (await h.pm("Alice", "tip bob 31"))[0]
        assert "You can tip 0 Z more today" in (await h.pm("Alice", "tip bob 30"))[0]
        assert "nothing of it is left today" in (await h.pm("Alice", "tip bob 3"))[0]
        assert _money(h) == (920, 180)
        await anyio.sleep(14 * 3600)
        await h.join("Alice")
        assert "You tipped Bob 100 Z" in (await h.pm("Alice", "tip bob 100"))[0]


async def test_a_message_that_comes_twice_tips_once(tmp_path: Path) -> None:
    """The same cause moves the money and tells the receiver once."""
    async with _channel(tmp_path) as h:
        for _ in range(2):
            await h.pm("Alice", "tip bob 50", trace="same")
        assert _money(h) == (950, 150)
        assert len([each for each in h.pms("Bob") if "tipped you" in each]) == 1


async def test_quiet_mode_does_not_mute_a_tip(tmp_path: Path) -> None:
    """The receiver hears of their money in any case."""
    async with _channel(tmp_path) as h:
        await h.pm("Bob", "quiet")
        await h.pm("Alice", "tip bob 5")
        assert "Alice tipped you 5 Z" in h.pms("Bob")[-1]


def _knows(h: House, stats: Userstats) -> None:
    h.context.people = aliases = Aliases(stats.owner_of)
    h.context.persons = spawn(h, "persons-of-stats", lambda: Persons(aliases))


async def test_nobody_tips_themselves_under_another_name(tmp_path: Path) -> None:
    """P-USR-10: one's alias is refused, from whichever side, before and after it is known."""
    async with _channel(tmp_path) as h:
        _knows(h, Userstats(bob="Alice"))
        for _ in range(2):
            assert "Bob is you under another name" in (await h.pm("Alice", "tip bob 5"))[0]
        assert "Alice is you under another name" in (await h.pm("Bob", "tip alice 5"))[0]
        assert _money(h) == (1000, 100)


async def test_aliases_may_be_allowed(tmp_path: Path) -> None:
    """`self_tip_blocked` false lets a known alias be tipped, and never the same account."""
    async with _channel(tmp_path, tipping={"self_tip_blocked": False}) as h:
        _knows(h, Userstats(bob="Alice"))
        assert "You tipped Bob" in (await h.pm("Alice", "tip bob 5"))[0]
        assert "can't tip yourself" in (await h.pm("Alice", "tip alice 5"))[0]
        assert _money(h) == (995, 105)


async def test_userstats_that_is_silent_costs_one_wait(tmp_path: Path) -> None:
    """Then plain names count, for the sender alone has waited: others are answered meanwhile."""
    async with _channel(tmp_path) as h:
        stats = Userstats()
        stats.delay_s = 1000
        _knows(h, stats)
        h.channel.tell(PrivateMessage("Alice", "tip bob 5", h.now_ms))
        assert "Balance" in (await h.pm("Bob", "balance"))[0]
        assert _money(h) == (1000, 100)
        await anyio.sleep(3)
        assert _money(h) == (995, 105)
        assert "You tipped Bob" in (await h.pm("Alice", "tip bob 5"))[0]
        assert stats.asked == ["alice"]


async def test_history_and_why_name_the_other(tmp_path: Path) -> None:
    """Both sides see who it was, and that it was a tip."""
    async with _channel(tmp_path) as h:
        await h.pm("Alice", "tip bob 5")
        assert "-5 Z | Tip to Bob" in "".join(await h.pm("Alice", "history 1"))
        assert "+5 Z | Tip from Alice" in "".join(await h.pm("Bob", "history 1"))
        assert "A tip given to Bob (spend.tip)" in "".join(await h.pm("Alice", "why"))
        assert "A tip received from Alice (earn.tip)" in "".join(await h.pm("Bob", "why"))


async def test_tips_bring_achievements(tmp_path: Path) -> None:
    """Whom one has tipped and who has tipped one count once each, and are told at once."""
    goals = (
        achievement("giver", "unique_tip_recipients", 2),
        achievement("taker", "unique_tip_senders", 1),
    )
    async with _channel(tmp_path, achievements=goals) as h:
        await h.join("Carol")
        for name in ("bob", "bob", "carol"):
            await h.pm("Alice", f"tip {name} 5")
        won = {
            name: h.wallet(name).won  # type: ignore[union-attr]
            for name in ("alice", "bob", "carol")
        }
        assert won == {"alice": {"giver"}, "bob": {"taker"}, "carol": {"taker"}}


async def test_tips_are_counted(tmp_path: Path) -> None:
    """The counters of the dashboards follow the books."""
    async with _channel(tmp_path) as h:
        await h.pm("Alice", "tip bob 5")
        await h.pm("Bob", "tip alice 7")
        sample = h.context.metrics.registry.get_sample_value
        assert sample("economy_tips_total") == 2
        assert sample("economy_tips_z_total") == 12


@pytest.mark.parametrize(("each_z", "most_z", "paid"), [(10, 5000, 10), (10, 75, 7), (3, 100, 33)])
async def test_many_tips_at_once(tmp_path: Path, each_z: int, most_z: int, paid: int) -> None:
    """64 at the same time exceed neither the balance of 100 nor the allowance of the day."""
    answers: list[object] = []
    async with house(tmp_path / "e.db", settings_with(onboarding={"welcome_wallet": 100})) as h:
        for name in ("Al", "Bob"):
            await h.join(name)
        day = h.context.live.calendar.day(h.now_ms)
        al, bob = UserKey.of(CHANNEL, "Al"), UserKey.of(CHANNEL, "Bob")

        async def send(number: int) -> None:
            one = Tip(f"tip-{number}", al, bob, each_z, h.now_ms, day, most_per_day_z=most_z)
            answers.append(await h.commit(one))

        async with anyio.create_task_group() as tasks:
            for number in range(64):
                tasks.start_soon(send, number)
        assert (h.balance("al"), h.balance("bob")) == (100 - paid * each_z, 100 + paid * each_z)
    done = [each for each in answers if isinstance(each, Tipped)]
    refused = [each for each in answers if isinstance(each, DailySum | Insufficient)]
    assert (len(done), len(refused)) == (paid, 64 - paid)
