"""A restart at any moment repeats no once-only award and loses none.

An evening (`script`) is lived once without a stop, and again with one to four stops at random
instants, between any two turns of the loop. A killed service leaves what was committed; a
stopped one drains. Then the ledger must hold the same rows, but for presence minutes.

What may differ, and only this:

* Minutes pass while the service is down. The evening leaves time for every mark all the same.
* A line that a killed service had not yet handed to the books was not heard; whoever said it
  says it again, as does who got no answer to a command. A clean stop must lose neither.
* Jokes, newcomers, what plays and who spoke to the bot are remembered, not booked: where a
  stop came into such a scene, its awards may be missing. They may never come twice.
* What was booked and not yet told when a service was killed stays untold. It is never told
  twice, and a clean stop tells it. But what is told after a pause (welcomes, CyTube levels) is
  never lost; a kill between the telling and the books may repeat it.

``KRYTEN_RESTARTS=500`` plays so many seeds; a failing seed is named and replays alone as
``KRYTEN_RESTARTS_FROM=417 KRYTEN_RESTARTS=1``. On asyncio only, since trio's order of tasks has
a chance of its own.
"""

import os
from collections import Counter
from pathlib import Path
from random import Random

import pytest
from tests.actors.restarts.evening import OWED, Outcome, books_before, play, stops_of
from tests.actors.restarts.script import HERE, SCENE_OF

FIRST = int(os.environ.get("KRYTEN_RESTARTS_FROM", "0"))
SEEDS = range(FIRST, FIRST + int(os.environ.get("KRYTEN_RESTARTS", "4")))

pytestmark = [
    pytest.mark.usefixtures("rare_housekeeping"),
    pytest.mark.parametrize("anyio_backend", ["asyncio"], indirect=True),
    pytest.mark.timeout(60 + 10 * len(SEEDS)),
]


def wrong_rows(outcome: Outcome, reference: Outcome) -> dict[str, object]:
    """Rows that came too often, and those missing without a stop that explains it."""
    missing = reference.rows - outcome.rows
    unexplained = {
        row: count
        for row, count in missing.items()
        if SCENE_OF.get((row[2], row[0])) not in outcome.torn
    }
    return {"repeated": dict(outcome.rows - reference.rows), "lost": unexplained}


async def test_the_evening_has_everything_in_it(tmp_path: Path) -> None:
    """The reference: each kind of award comes, and everybody's rank brings a CyTube level."""
    books_before(tmp_path / "before.db")
    evening = await play(tmp_path, tmp_path / "before.db", [])
    assert {row[2] for row in evening.rows} == {
        "achievement.chatty",
        "achievement.month",
        "achievement.week",
        "bridge.weekly",
        "chat.conversation_starter",
        "chat.first_message_of_day",
        "chat.kudos_received",
        "chat.laugh_received",
        "chat.long_message",
        "competition.talker",
        "competition.thanked",
        "content.first_after_media_change",
        "content.like_current",
        "content.survived_full_media",
        "dwell.1h",
        "dwell.3h",
        "event.Movie Night.presence",
        "maintenance.interest",
        "onboarding.wallet",
        "retention.welcome_back",
        "social.bot_interaction",
        "social.greeted_newcomer",
        "social.mentioned_by_other",
        "streak.day2",
        "streak.day29",
        "streak.day30",
        "streak.day7",
        "streak.day8",
        "streak.milestone.30",
        "streak.milestone.7",
    }
    limited = Counter({row[2]: count for row, count in evening.rows.items() if row[4] == "erin"})
    assert limited["chat.kudos_received"] == 10
    assert limited["social.mentioned_by_other"] == 5
    assert evening.torn == set()
    levels = {name: state[1] for name, state in evening.state.items()}
    assert levels == dict.fromkeys(levels, 2) | {"Boss": 1}
    assert levels.keys() == HERE.keys() | {"Frank", "Grace"}


@pytest.mark.parametrize("kill", [True, False, None], ids=["killed", "stopped", "mixed"])
async def test_stops_at_any_moment_repeat_nothing_and_lose_nothing(
    tmp_path: Path, kill: bool | None
) -> None:
    """The rule of this module, for every seed."""
    before = tmp_path / "before.db"
    books_before(before)
    reference = await play(tmp_path / "reference", before, [])
    for seed in SEEDS:
        stops = stops_of(Random(f"{seed} {kill}"), kill=kill)
        outcome = await play(tmp_path / f"{seed}", before, stops)
        where = (seed, kill, stops, outcome.torn)
        assert wrong_rows(outcome, reference) == {"repeated": {}, "lost": {}}, where
        assert outcome.ranks() == reference.ranks(), where
        assert not {text for _, text in outcome.told_twice()} - OWED, where
        assert outcome.never_told() == set(), where
        assert outcome.minutes_lost(reference) <= 2 * len(stops), where
