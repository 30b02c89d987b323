"""A month of the virtual channel under another configuration, against its independent oracle.

The service lives through the month once; the oracle lives through it again under each of the
other configurations, from what people did. What the replay makes of the books must be the same,
of every person and trigger, to the coin: with whatever follows from it, as ranks that rain more,
interest, prizes for who earned most, and achievements that come sooner or never.
"""

from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import apsw
import pytest
from tests.actors.house import CHANNEL, settings_with
from tests.actors.month.cases import CASES, Case
from tests.actors.month.events import Event
from tests.actors.month.feed import feed
from tests.actors.month.oracle import Oracle
from tests.actors.month.service import live_through

from kryten_economy.calendar import Calendar
from kryten_economy.config import Settings
from kryten_economy.features.reports.queries import Reports
from kryten_economy.whatif.outcome import Outcome
from kryten_economy.whatif.reading import last_days, one_moment, read_past
from kryten_economy.whatif.replay import replay

SEED = 20261101
CASE = replace(CASES[0], regulars=12)
MORE_MILESTONES = {1: 25, 3: 30, 6: 75, 12: 200, 24: 1000}
EXACT: tuple[tuple[str, Any], ...] = (
    ("chat_triggers.kudos_received.reward", 5),
    ("chat_triggers.kudos_received.reward", 300),
    ("chat_triggers.conversation_starter.reward", 0),
    ("chat_triggers.long_message.max_per_hour", 1),
    ("presence.hourly_milestones", MORE_MILESTONES),
    ("onboarding.welcome_wallet", 250),
    ("streaks.weekend_weekday_bridge.bonus", 0),
    ("streaks.daily.rewards", {2: 20, 3: 20, 4: 30, 5: 50, 6: 75, 7: 110}),
    ("balance_maintenance.interest.daily_rate", 0.01),
    ("balance_maintenance.mode", "none"),
    ("balance_maintenance.mode", "decay"),
    ("achievements.0.reward_percent_of_earnings", 20),
    ("daily_competitions.1.reward_percent_of_earnings", 50),
)
"""One key each; ``long_message`` pays whole coins here, so each of its hits has a row."""
ABOUT: tuple[tuple[str, Any], ...] = (
    ("presence.base_rate_per_minute", 2),
    ("presence.active_bonus_per_minute", 3),
    ("presence.night_watch.multiplier", 2.0),
    ("multipliers.off_peak.multiplier", 3.0),
    ("multipliers.high_population.multiplier", 2.0),
    ("ranks.earn_multiplier_per_rank", 0.1),
    ("content_triggers.comment_during_media.reward_per_message", 2),
    ("rain.max_amount", 50),
)


def _settings(case: Case, terms: dict[str, Any]) -> Settings:
    return settings_with(timezone=case.zone, **terms)


def _with(terms: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """The terms with one key changed."""
    changed = deepcopy(terms)
    section: Any = changed
    *above, key = path.split(".")
    for step in above:
        section = section[int(step)] if step.isdigit() else section[step]
    section[key] = value
    return changed


def _replayed(path: Path, after: Settings) -> Outcome:
    before = _settings(CASE, CASE.terms)
    calendar = Calendar(CASE.zone)
    reports = Reports.open(path)
    try:
        with one_moment(reports):
            window = last_days(reports.sql, CHANNEL, calendar, 60)
            assert window is not None
            past = read_past(reports, CHANNEL, calendar, *window)
            return replay(past, before, after, seed=1)
    finally:
        reports.close()


@cache
def _heard() -> tuple[Event, ...]:
    """What the service and every oracle hear."""
    return tuple(feed(CASE, SEED))


def _oracle(terms: dict[str, Any]) -> Oracle:
    oracle = Oracle(replace(CASE, terms=terms))
    for event in _heard():
        oracle.hear(event)
    return oracle


def _balances(path: Path) -> Iterator[tuple[str, int]]:
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        yield from connection.execute("SELECT name, balance_z FROM account WHERE kind = 'wallet'")
    finally:
        connection.close()


def _unchanged(path: Path) -> None:
    outcome = _replayed(path, _settings(CASE, CASE.terms))
    assert {name: now for name, (_, now) in outcome.wallets.items()} == dict(_balances(path))
    assert outcome.paid[1] == outcome.paid[0] == +_paid(_oracle(CASE.terms))
    assert all(was == now for was, now in outcome.system.values())
    assert outcome.explained == 1
    assert (outcome.days[-1].before_z, outcome.days[-1].after_z) == outcome.supply


def _paid(oracle: Oracle) -> Counter[tuple[str, str]]:
    return Counter({key: amount for key, amount in oracle.ledger.paid.items() if amount})


def _exact(path: Path, key: str, value: Any) -> None:
    terms = _with(CASE.terms, key, value)
    outcome, oracle = _replayed(path, _settings(CASE, terms)), _oracle(terms)
    wanted, found = _paid(oracle), outcome.paid[1]
    wrong = {each: (found[each], wanted[each]) for each in {*found, *wanted}}
    wrong = {each: pair for each, pair in wrong.items() if pair[0] != pair[1]}
    assert not wrong, (key, value, wrong)
    supply = sum(person.balance for person in oracle.people.values())
    assert outcome.supply[1] == supply, (key, value)
    assert outcome.supply[0] != supply, f"{key} = {value} changes nothing, so nothing is proved"


def _about(path: Path, key: str, value: Any) -> None:
    """Within a twentieth of what it changes and a tenth of a percent of the supply."""
    terms = _with(CASE.terms, key, value)
    was, now = _replayed(path, _settings(CASE, terms)).supply
    wanted = sum(person.balance for person in _oracle(terms).people.values())
    assert abs(now - wanted) <= abs(wanted - was) / 20 + wanted / 1000, (key, was, now, wanted)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.usefixtures("rare_housekeeping")
@pytest.mark.parametrize("anyio_backend", ["asyncio"], indirect=True)
async def test_a_month_under_another_configuration_is_what_the_oracle_says(tmp_path: Path) -> None:
    """Unchanged it is the month to the coin; one reward changes its share and what follows."""
    path = tmp_path / "economy.db"
    await live_through(CASE, path, _heard(), lambda _: None)
    _unchanged(path)
    for key, value in EXACT:
        _exact(path, key, value)
    for key, value in ABOUT:
        _about(path, key, value)
