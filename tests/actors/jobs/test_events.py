"""Events: noticed, announced, paid and ended once (`earning.md` 9.3 to 9.5)."""

from pathlib import Path
from typing import Any

import anyio
from tests.actors.api.helpers import Silent, spawn
from tests.actors.house import CHANNEL, PLAIN_MULTIPLIERS, House, house, settings_with

from kryten_economy.config import Settings

EVENT: dict[str, Any] = {
    "name": "Movie Night",
    "cron": "2 10 * * *",
    "duration_hours": 0.05,
    "multiplier": 3,
    "presence_bonus": 500,
}
MINUTE_S = 60


def _settings(*events: dict[str, Any], **multipliers: Any) -> Settings:
    return settings_with(
        onboarding={"welcome_wallet": 0},
        multipliers=PLAIN_MULTIPLIERS | {"scheduled_events": events} | multipliers,
    )


async def _wait(home: House, seconds: float) -> None:
    await anyio.sleep(seconds)
    await home.settle()


async def test_event_is_announced_and_paid_at_its_start(tmp_path: Path) -> None:
    """Everybody here gets a part of the pool and a notice; quiet users get no notice (P-MSG-4)."""
    async with house(tmp_path / "economy.db", _settings(EVENT)) as home:
        for name in ("Alice", "Bob", "Carl"):
            await home.join(name)
        await home.pm("Carl", "quiet")
        await _wait(home, 2.1 * MINUTE_S)
        assert [home.balance(name) for name in ("Alice", "Bob", "Carl")] == [166] * 3
        assert len(home.lines()) == 1
        assert "Movie Night has begun: 3x" in home.lines()[0]
        assert any("+166" in text for text in home.pms("Alice"))
        assert not any("+166" in text for text in home.pms("Carl"))
        assert "3x" in (await home.pm("Alice", "events"))[0]
        await _wait(home, 3 * MINUTE_S)
        assert "Movie Night is over" in home.lines()[-1]
        assert len(home.lines()) == 2
        assert "1x" in (await home.pm("Alice", "events"))[0]
        assert home.balance("Alice") == 166


async def test_restart_repeats_neither_word_nor_money(tmp_path: Path) -> None:
    """An event that runs goes on after a restart, and ends once (P-EARN-13)."""
    long = EVENT | {"cron": "58 9 * * *", "duration_hours": 0.1}
    for number in range(2):
        async with house(tmp_path / "economy.db", _settings(long)) as home:
            await home.join("Alice")
            await _wait(home, 1.1 * MINUTE_S)
            assert home.balance("Alice") == 500
            assert len(home.lines()) == 1 - number
            assert home.world.metrics.render().count(b"economy_multiplier_active{") == 1


async def test_late_start_is_silent_and_free(tmp_path: Path) -> None:
    """Noticed more than five minutes late, an event only multiplies."""
    long = EVENT | {"cron": "50 9 * * *", "duration_hours": 2}
    async with house(tmp_path / "economy.db", _settings(long)) as home:
        await home.join("Alice")
        await _wait(home, 1.1 * MINUTE_S)
        assert home.lines() == []
        await home.minutes(1)
        assert home.balance("Alice") == 3 * 2


async def test_event_without_pool_pays_the_default_and_zero_pays_nothing(tmp_path: Path) -> None:
    """No key means the default reward, an explicit 0 none."""
    free = EVENT | {"name": "Free", "presence_bonus": 0}
    plain = {key: value for key, value in EVENT.items() if key != "presence_bonus"}
    async with house(tmp_path / "economy.db", _settings(plain, free)) as home:
        await home.join("Alice")
        await _wait(home, 2.1 * MINUTE_S)
        default = home.world.live.settings.content_triggers.present_at_event_start
        assert home.balance("Alice") == (default.default_reward if default.enabled else 0)
        assert len(home.lines()) == 2


async def test_operator_starts_replaces_and_stops_an_event(tmp_path: Path) -> None:
    """One at a time; every change is told in the channel."""
    async with house(tmp_path / "economy.db", _settings()) as home:
        await home.join("Alice")
        await home.userlist(("Alice", 4))
        await home.pm("Alice", "event start 2.5 30 Big  Party")
        assert "Alice started Big Party: 2.5x" in home.lines()[-1]
        assert "Big Party: 2.5x, 30m left" in (await home.pm("Alice", "events"))[0]
        assert "replaces Big Party" in (await home.pm("Alice", "event start 2 5 Small"))[0]
        assert "Small has been stopped" in (await home.pm("Alice", "event stop"))[0]
        assert "Small was ended by Alice" in home.lines()[-1]
        assert "No event" in (await home.pm("Alice", "event stop"))[0]
        assert home.world.adhoc == {}


async def test_an_operator_waits_for_the_books_alone(tmp_path: Path) -> None:
    """Whoever runs the channel's events may be busy: they are told, and nobody asks them."""
    async with house(tmp_path / "e.db") as home:
        await home.join("Alice", rank=5)
        home.world.occasions[CHANNEL] = spawn(home, "busy", Silent)
        began_ms = home.now_ms
        assert "Party" in (await home.pm("Alice", "event start 2 30 Party"))[0]
        running = home.report(lambda reports: reports.running_events(CHANNEL))
        assert [each.name for each in running] == ["Party"]
        assert "Party has been stopped" in (await home.pm("Alice", "event stop"))[0]
        assert home.report(lambda reports: reports.running_events(CHANNEL)) == ()
        assert home.now_ms - began_ms < 1000


async def test_operator_event_outlives_a_restart_and_its_end_is_told(tmp_path: Path) -> None:
    """Stored until its end, then over by itself (P-EARN-14)."""
    async with house(tmp_path / "economy.db", _settings()) as home:
        await home.userlist(("Alice", 4))
        await home.pm("Alice", "event start 2 3 Party")
    async with house(tmp_path / "economy.db", _settings()) as home:
        await home.userlist(("Alice", 4))
        await home.minutes(1)
        assert home.balance("Alice") == 2
        await _wait(home, 3.1 * MINUTE_S)
        assert home.lines() == ["🏁 Party has ended."]
        assert home.world.adhoc == {}


async def test_limits_of_an_operator_event(tmp_path: Path) -> None:
    """Nothing starts outside the limits, or without a name."""
    async with house(tmp_path / "economy.db", _settings()) as home:
        await home.userlist(("Alice", 4), ("Bob", 1))
        name = "x" * 61
        for wrong in ("1 5 A", "10.1 5 A", "2 0 A", "2 1441 A", f"2 5 {name}", "2 5", "nan 5 A"):
            assert "event start <multiplier>" in (await home.pm("Alice", f"event start {wrong}"))[0]
        assert "admin" in (await home.pm("Bob", "event start 2 5 A"))[0].lower()
        assert home.world.adhoc == {}


async def test_opening_of_off_peak_is_told_once_and_only_to_somebody(tmp_path: Path) -> None:
    """The window opens with one line, if anybody is here; the hidden crowd is never told."""
    off_peak = {"days": [5], "hours": [11, 12], "multiplier": 2.0}
    settings = _settings(off_peak=off_peak, high_population={"min_users": 1, "hidden": True})
    async with house(tmp_path / "economy.db", settings) as home:
        await home.join("Alice")
        shown = (await home.pm("Alice", "events"))[0]
        assert "1x" in shown
        assert "1.5" not in shown
        await _wait(home, 66 * MINUTE_S)
        assert home.lines() == ["⏰ Off-peak bonus: 2x earnings from now on!"]
        assert "economy_active_multiplier{" in home.world.metrics.render().decode()
        assert f'economy_active_multiplier{{channel="{CHANNEL}"}} 3.0' in (
            home.world.metrics.render().decode()
        )
    async with house(tmp_path / "empty.db", settings) as home:
        await _wait(home, 66 * MINUTE_S)
        assert home.lines() == []


async def test_event_that_leaves_the_settings_ends(tmp_path: Path) -> None:
    """A reload without the event is its end, and the end is told."""
    long = EVENT | {"cron": "0 10 * * *", "duration_hours": 5}
    async with house(tmp_path / "economy.db", _settings(long)) as home:
        await home.join("Alice")
        await _wait(home, 1.1 * MINUTE_S)
        home.world.live.swap(_settings())
        await home.minutes(1)
        await _wait(home, MINUTE_S)
        assert "Movie Night is over" in home.lines()[-1]
        assert home.balance("Alice") == 500 + 2


async def test_who_is_here_is_waited_for(tmp_path: Path) -> None:
    """A service that starts as an event does pays those whom the first user list names."""
    async with house(tmp_path / "economy.db", _settings(EVENT)) as home:
        await _wait(home, 2.1 * MINUTE_S)
        assert home.lines() == []
        await home.userlist(("Alice", 1), ("Bob", 1), stored=True)
        await _wait(home, MINUTE_S)
        assert [home.balance(name) for name in ("Alice", "Bob")] == [250] * 2
        assert len(home.lines()) == 1
        assert "Movie Night has begun: 3x" in home.lines()[0]
