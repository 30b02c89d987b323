"""What happens because time passed, from the clock to a balance and a message."""

from pathlib import Path

import anyio
import pytest
from tests.actors.house import CHANNEL, House, VirtualClock, house, settings_with

from economy_actors.outbox.message import Pm
from kryten_economy.features.money.operations import Credit
from kryten_economy.ledger.holds import Held, PlaceHold
from kryten_economy.users import UserKey

pytestmark = pytest.mark.usefixtures("rare_housekeeping")

ONLY_MINUTES = {
    "onboarding": {"welcome_wallet": 0},
    "presence": {"hourly_milestones": {}},
    "streaks": {"daily": {"enabled": False}, "weekend_weekday_bridge": {"enabled": False}},
}
ALICE = UserKey(CHANNEL, "alice")


async def test_the_clock_pays_each_minute_once(tmp_path: Path) -> None:
    """P-PRES-5: an hour is sixty minutes, whole and in step with the clock."""
    async with house(tmp_path / "e.db", settings_with(**ONLY_MINUTES), scheduled=True) as h:
        await h.join("Alice")
        await anyio.sleep(3600)
        assert h.balance("alice") == 60


async def test_twenty_four_hours_are_1440_minutes(tmp_path: Path) -> None:
    """The schedule does not drift over a day."""
    async with house(tmp_path / "e.db", settings_with(**ONLY_MINUTES), scheduled=True) as h:
        await h.join("Alice")
        await anyio.sleep(24 * 3600)
        assert h.balance("alice") == 1440


async def test_minutes_belong_to_the_day_of_the_channels_zone(tmp_path: Path) -> None:
    """At local midnight the day's counters start at 0, also in a zone that is not UTC."""
    # 10:00 UTC is 02:00 in Los Angeles; local midnight is 22 hours away.
    settings = settings_with(**ONLY_MINUTES, timezone="America/Los_Angeles")
    async with house(tmp_path / "e.db", settings, scheduled=True) as h:
        await h.join("Alice")
        await anyio.sleep(22 * 3600 + 1)
        wallet = h.wallet("alice")
        assert wallet is not None
        assert (wallet.balance_z, wallet.minutes_today) == (1320, 1)


async def _hold(h: House, expires_in_s: float) -> None:
    await h.commit(
        Credit("c", ALICE, 100, "admin_grant", "admin.grant", "", h.now_ms, "2026-11-20")
    )
    held = await h.commit(
        PlaceHold(
            op_id="h",
            hold_id="h",
            user=ALICE,
            amount_z=40,
            purpose="a challenge",
            type="gamble_stake",
            trigger_id="gambling.challenge",
            reason="",
            expires_at_ms=h.now_ms + round(expires_in_s * 1000),
            at_ms=h.now_ms,
            day="2026-11-20",
        )
    )
    assert isinstance(held, Held), held


async def test_a_hold_nobody_answers_comes_back_with_a_notice(tmp_path: Path) -> None:
    """When its time is over the money returns, and its owner is told."""
    async with house(tmp_path / "e.db", settings_with(**ONLY_MINUTES), scheduled=True) as h:
        await h.userlist(("Alice", 1), stored=True)
        await anyio.sleep(61)
        await _hold(h, 120)
        assert h.balance("alice") == 61
        await anyio.sleep(200)
        assert h.balance("alice") == 101 + 3
        [notice] = [m for m in h.heard if isinstance(m, Pm) and "came back" in m.text]
        assert notice.to == "Alice"
        assert "40" in notice.text


async def test_lifetime_counters_are_kept(tmp_path: Path) -> None:
    """Every five minutes and at the stop the counters go into the books."""
    async with house(tmp_path / "e.db", scheduled=True) as h:
        h.context.metrics.event("chatmsg")
        await anyio.sleep(360)
        assert h.report(lambda reports: reports.counters())["events_processed"] == 1
        h.context.metrics.event("chatmsg")
    async with house(tmp_path / "e.db") as h:
        assert h.report(lambda reports: reports.counters())["events_processed"] == 2


@pytest.mark.parametrize("stall_minutes", [2, 30])
async def test_a_stalled_clock_is_told_as_one_step(tmp_path: Path, stall_minutes: int) -> None:
    """After a stall the elapsed minutes are paid in one tick, five at most."""
    async with house(tmp_path / "e.db", settings_with(**ONLY_MINUTES), scheduled=True) as h:
        await h.join("Alice")
        await anyio.sleep(60)
        assert isinstance(h.context.clock, VirtualClock)
        h.context.clock.stall(stall_minutes * 60_000)
        await anyio.sleep(60)
        assert h.balance("alice") == 1 + min(stall_minutes + 1, 5)
