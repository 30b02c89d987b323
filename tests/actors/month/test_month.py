"""A month of a channel: an independent oracle agrees with the books on every coin of every day.

Streaks, bridges and everything else that hangs on days and hours live through both changes of
the clocks; the service is stopped and killed at random moments meanwhile.

``MONTH_SEED=n`` throws another month, ``MONTH_FULL=1`` makes every case a month of 200 regulars
(`just month`).
"""

import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.actors.month.books import COUNTERS, Held, Ledger, Totals
from tests.actors.month.cases import CASES, Case
from tests.actors.month.events import DayOver, Event
from tests.actors.month.feed import feed
from tests.actors.month.oracle import Oracle
from tests.actors.month.service import live_through

from kryten_economy.ledger.invariants import verify

SEED = int(os.environ.get("MONTH_SEED", "20261101"))
FULL = bool(os.environ.get("MONTH_FULL"))


EVERYTHING = frozenset(
    {
        *(f"achievement.{name}" for name in ("earner", "expressive", "faithful", "gaffer")),
        *("achievement.stayer", "achievement.talker", "bridge.weekly"),
        *(f"competition.{name}" for name in ("awake", "chatty", "funny", "liked", "rich")),
        *("chat.conversation_starter", "chat.first_message_of_day", "chat.kudos_received"),
        *("chat.laugh_received", "chat.long_message", "content.comment_during_media"),
        *("content.first_after_media_change", "content.like_current"),
        *("content.survived_full_media", "social.bot_interaction"),
        *("social.greeted_newcomer", "social.mentioned_by_other"),
        *(f"dwell.{hours}h" for hours in (1, 3, 6, 12, 24)),
        *("event.Movie Night.presence", "event.Small Hours.presence", "maintenance.interest"),
        *("onboarding.wallet", "presence.base", "rain.ambient", "retention.welcome_back"),
        *("streak.day2", "streak.day30", "streak.milestone.7", "streak.milestone.30"),
    }
)
"""What a month of 200 regulars must have paid, or it would prove less than it says."""


class Comparison:
    """The oracle beside the books, at the end of each day."""

    def __init__(self, case: Case, path: Path, heard: list[Event]) -> None:
        self._case = case
        self._books = Ledger(path)
        self._tiers = [tier["name"] for tier in case.terms["ranks"]["tiers"]]
        self._heard = iter(heard)
        self._oracle = Oracle(case)
        self.days = 0
        self.triggers: set[str] = set()

    def day_over(self, over: DayOver) -> None:
        """Let the oracle catch up with the service, and compare everything."""
        for event in self._heard:
            self._oracle.hear(event)
            if event == over:
                break
        oracle, books = self._oracle, self._books
        where = f"{self._case.name} seed {SEED}, {over.day}"
        paid = books.paid()
        self._agree(f"{where}: paid by trigger", paid, oracle.ledger.paid)
        self.triggers.update(trigger for _, trigger in paid)
        oracle.ledger.paid.clear()
        counted = {
            name: +person.days[day]
            for name, person in oracle.people.items()
            for day in person.days
            if day.isoformat() == over.day
        }
        for counts in counted.values():
            for name in set(counts) - set(COUNTERS):
                del counts[name]
        self._agree(f"{where}: counted", _full(books.day(over.day)), _full(counted))
        held = {name: self._held(name) for name, p in oracle.people.items() if p.known}
        self._agree(f"{where}: held", books.people(self._tiers), held)
        supply = sum(person.balance for person in oracle.people.values())
        expected = Totals(supply, 0, 0, oracle.ledger.minted, oracle.ledger.sunk)
        assert books.totals() == expected, where
        assert supply == oracle.ledger.minted - oracle.ledger.sunk, where
        self.days += 1

    def _held(self, name: str) -> Held:
        person = self._oracle.people[name]
        return Held(
            person.balance,
            person.lifetime,
            person.messages,
            person.tier,
            person.streak,
            person.longest,
            None if person.streak_day is None else person.streak_day.isoformat(),
            len(person.claims),
            frozenset(person.won),
        )

    @staticmethod
    def _agree(what: str, books: Mapping[Any, object], oracle: Mapping[Any, object]) -> None:
        wrong = [
            f"{key}: books {books.get(key)}, oracle {oracle.get(key)}"
            for key in sorted({*books, *oracle}, key=str)
            if books.get(key) != oracle.get(key)
        ]
        assert not wrong, "\n".join([f"{what}, {len(wrong)} wrong", *wrong[:20]])


def _full(days: Mapping[str, Counter[str]]) -> dict[str, Counter[str]]:
    return {name: counts for name, counts in days.items() if counts}


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.usefixtures("rare_housekeeping")
@pytest.mark.parametrize("anyio_backend", ["asyncio"], indirect=True)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_an_oracle_agrees_with_every_day_of_a_month(case: Case, tmp_path: Path) -> None:
    if FULL:
        case = replace(case, regulars=200, days=30)
    path = tmp_path / "economy.db"
    heard = feed(case, SEED)
    comparison = Comparison(case, path, heard)
    await live_through(case, path, heard, comparison.day_over)
    assert comparison.days == case.days
    if case.terms is CASES[0].terms:
        assert comparison.triggers >= EVERYTHING, EVERYTHING - comparison.triggers
    report = verify(path)
    assert report.ok, report
