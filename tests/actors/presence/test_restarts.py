"""A stop at any moment neither repeats an award nor loses one."""

from collections import Counter
from contextlib import closing
from pathlib import Path
from random import Random

import anyio
import anyio.lowlevel
import apsw
import pytest
from tests.actors.house import MINUTE_MS, START_MS, House, house
from tests.actors.presence.helpers import been_here, only, triggers

from economy_actors.messages.channel import MinutePassed

EVENING_MS = START_MS + (12 * 60 + 40) * MINUTE_MS
"""Friday, 22:40."""
EVERYTHING = only(
    presence={"hourly_milestones": {1: 10}},
    streaks={"daily": {"enabled": True}, "weekend_weekday_bridge": {"enabled": True}},
)
USERS = (("Alice", 1.0), ("Bob", 1.0))


async def minutes_until_cut_off(h: House, dice: Random, minutes: int, copy: Path) -> int:
    """Let minutes pass; in the midst of the last one the books are torn from the service.

    Returns the instant. The copy holds what was committed by then, as a disk would.
    """
    await h.userlist(*USERS, stored=True)
    await h.minutes(minutes - 1)
    due_ms = (h.now_ms // MINUTE_MS + 1) * MINUTE_MS
    await anyio.sleep((due_ms - h.now_ms) / 1000)
    h.channel.tell(MinutePassed(due_ms))
    for _ in range(dice.randrange(40)):
        await anyio.lowlevel.checkpoint()
    at_ms = h.now_ms
    with closing(apsw.Connection(str(h.path), flags=apsw.SQLITE_OPEN_READONLY)) as connection:
        connection.execute("VACUUM INTO ?", (str(copy),))
    return at_ms


@pytest.mark.parametrize("seed", range(4))
async def test_over_midnight_with_random_stops_every_award_is_paid_once(
    tmp_path: Path, seed: int
) -> None:
    """80 minutes of Friday and at least 61 of Saturday: two streak days, two hours, a bridge."""
    dice = Random(seed)
    now_ms, path = EVENING_MS, tmp_path / "0.db"
    end_ms = START_MS + (15 * 60 + 20) * MINUTE_MS
    while now_ms < end_ms:
        async with house(path, EVERYTHING, start_ms=now_ms) as h:
            # Stops come where something is due: at minutes 15 and 60 of a day, and around them.
            copy = path.with_name(f"{now_ms}.db")
            minutes = dice.choice((1, 1, 2, 12, 15, 45, 60))
            now_ms = await minutes_until_cut_off(h, dice, minutes, copy)
            path = copy
        now_ms += dice.randrange(5_000)
    async with house(path, EVERYTHING, start_ms=now_ms) as h:
        await h.userlist(*USERS, stored=True)
        await h.minutes(2)
        expected = Counter({("dwell.1h", 10): 2, ("streak.day2", 10): 1, ("bridge.weekly", 500): 1})
        for name, _ in USERS:
            assert Counter(triggers(h, name)) == expected, seed


@pytest.mark.parametrize("hours_down", [0, 30])
async def test_what_a_stop_cut_off_is_paid_to_those_who_are_gone(
    tmp_path: Path, hours_down: int
) -> None:
    """Minutes counted and no award booked: the next start pays it, also the day after."""
    path = tmp_path / "e.db"
    async with house(path, EVERYTHING) as h:
        await been_here(h, "Alice", 60)
    for _ in range(2):
        async with house(path, EVERYTHING, start_ms=START_MS + hours_down * 60 * MINUTE_MS) as h:
            await h.settle()
            assert triggers(h, "alice") == [("dwell.1h", 10)]
