"""Achievements of money that others move: from the books and the clock to PM and balance."""

from collections.abc import Awaitable, Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from tests.actors.house import CHANNEL, House, house, settings_with
from tests.unit.features.test_achievements import achievement

from kryten_economy.features.money.operations import Credit, Debit
from kryten_economy.features.tips import Tip, Tipped
from kryten_economy.ledger.holds import CaptureHold, PlaceHold, ReleaseHold
from kryten_economy.users import UserKey

Act = Callable[[House], Awaitable[None]]

_ids = count(1)


def _key(name: str) -> UserKey:
    return UserKey.of(CHANNEL, name)


def _about(h: House) -> tuple[str, int, str]:
    """Reason, time and day of an act."""
    return "Test", h.now_ms, h.context.live.calendar.day(h.now_ms)


async def tip(h: House, giver: str, taker: str, amount_z: int = 1) -> None:
    """What a tip does to the books."""
    at = _about(h)[1:]
    request = Tip(f"tip-{next(_ids)}", _key(giver), _key(taker), amount_z, *at)
    assert isinstance(await h.commit(request), Tipped)


async def _stake(h: House, name: str, amount_z: int, hold_id: str) -> None:
    reason, at_ms, day = _about(h)
    kind = ("challenge", "gamble_stake", "gambling.challenge")
    await h.commit(
        PlaceHold(
            f"place-{hold_id}",
            hold_id,
            _key(name),
            amount_z,
            *kind,
            reason,
            at_ms + 10**9,
            at_ms,
            day,
        )
    )


async def _tips_two(h: House) -> None:
    await tip(h, "Alice", "Bob")
    await tip(h, "Alice", "Bob")
    await tip(h, "Alice", "Carol")


async def _is_tipped_by_two(h: House) -> None:
    await tip(h, "Bob", "Alice")
    await tip(h, "Carol", "Alice")


async def _spends(h: House) -> None:
    await h.commit(Debit("d", _key("Alice"), 2, "spend", "spend.queue", *_about(h)))


async def _loses_a_stake(h: House) -> None:
    await _stake(h, "Alice", 2, "h")
    await h.commit(CaptureHold("c", "h", 2, "house", *_about(h)))


async def _wins_of_the_house(h: House) -> None:
    reason, at_ms, day = _about(h)
    win = Credit("w", _key("Alice"), 3, "gamble_win", "gambling.spin", reason, at_ms, day, net_z=2)
    await h.commit(win)


async def _wins_of_another(h: House) -> None:
    await _stake(h, "Bob", 2, "h")
    won = ("gamble_win", "gambling.challenge")
    await h.commit(CaptureHold("c", "h", 2, _key("Alice"), *_about(h), *won))


WAYS: list[tuple[str, Act]] = [
    ("unique_tip_recipients", _tips_two),
    ("unique_tip_senders", _is_tipped_by_two),
    ("lifetime_spent", _spends),
    ("lifetime_gambled", _loses_a_stake),
    ("gambling_biggest_win", _wins_of_the_house),
    ("gambling_biggest_win", _wins_of_another),
]


def _goal(kind: str, **more: Any) -> dict[str, Any]:
    return achievement("goal", kind, 2, reward=50, **more)


def _rewards(h: House, name: str) -> list[int]:
    rows = h.report(lambda reports: reports.transactions(_key(name)))
    return [row.amount_z for row in rows if row.type == "achievement"]


@pytest.mark.parametrize(("kind", "act"), WAYS, ids=lambda each: getattr(each, "__name__", each))
async def test_the_next_minute_wins_what_money_has_reached(
    tmp_path: Path, kind: str, act: Act
) -> None:
    """Reward, PM and public line come once, for the one who has reached it."""
    async with house(tmp_path / "e.db", settings_with(achievements=[_goal(kind)])) as h:
        for name in ("Alice", "Bob", "Carol"):
            await h.join(name)
        await h.minutes(1)
        await act(h)
        # Whether the reward has come by now is a matter of who runs first.
        before = h.balance("alice") - sum(_rewards(h, "alice"))
        await h.minutes(2)
        assert h.balance("alice") == before + 50 + 2
        assert [text for text in h.pms("alice") if "Did goal" in text and "50 Z" in text]
        assert len([line for line in h.lines() if "Alice" in line and "Did goal" in line]) == 1
        assert (_rewards(h, "alice"), _rewards(h, "bob")) == ([50], [])


@pytest.mark.parametrize(("kind", "act"), WAYS, ids=lambda each: getattr(each, "__name__", each))
async def test_one_below_the_threshold_is_progress_only(
    tmp_path: Path, kind: str, act: Act
) -> None:
    """`achievements` shows how far it is; nothing is won."""
    goal = _goal(kind, hidden=False)
    goal["condition"]["threshold"] = 4
    async with house(tmp_path / "e.db", settings_with(achievements=[goal])) as h:
        for name in ("Alice", "Bob", "Carol"):
            await h.join(name)
        await act(h)
        await h.minutes(1)
        [answer] = await h.pm("Alice", "achievements")
        assert "█████░░░░░ Did goal 2/4" in answer.splitlines()
        assert _rewards(h, "alice") == []


async def test_the_next_credit_wins_it_without_waiting_for_the_minute(tmp_path: Path) -> None:
    """A paid chat line is a credit like any other."""
    settings = settings_with(
        achievements=[_goal("unique_tip_senders")],
        chat_triggers={"long_message": {}, "conversation_starter": {"enabled": False}},
    )
    async with house(tmp_path / "e.db", settings) as h:
        for name in ("Alice", "Bob", "Carol"):
            await h.join(name)
        await _is_tipped_by_two(h)
        assert _rewards(h, "alice") in ([], [50])  # it may have come with the tip itself
        await h.chat("Alice", "x" * 30)
        assert _rewards(h, "alice") == [50]


async def test_who_was_away_wins_at_the_next_arrival(tmp_path: Path) -> None:
    """A tip to somebody who has left is looked at when they come back."""
    async with house(tmp_path / "e.db", settings_with(achievements=[_goal(WAYS[1][0])])) as h:
        for name in ("Alice", "Bob", "Carol"):
            await h.join(name)
        await h.leave("Alice")
        await h.minutes(10)
        await _is_tipped_by_two(h)
        await h.minutes(10)
        assert _rewards(h, "alice") == []
        await h.join("Alice")
        assert _rewards(h, "alice") == [50]


async def test_a_stake_that_was_given_back_wins_nothing(tmp_path: Path) -> None:
    """Neither while the game waits nor after it was called off (gambling.md 1.1)."""
    async with house(
        tmp_path / "e.db", settings_with(achievements=[_goal("lifetime_gambled")])
    ) as h:
        await h.join("Alice")
        await _stake(h, "Alice", 9, "h")
        await h.minutes(1)
        await h.commit(ReleaseHold("r", "h", None, None, *_about(h)))
        await h.minutes(1)
        assert _rewards(h, "alice") == []
