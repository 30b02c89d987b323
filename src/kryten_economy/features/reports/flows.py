"""Where the coins of a channel come from and go to, and how it has stood day by day.

Sums by day and source are kept with every commit, so that a year is read in a few thousand rows.
"""

from collections.abc import Sequence
from typing import NamedTuple

from kryten_economy.calendar import Calendar, day_after
from kryten_economy.features.approvals import Approval, pending_approvals
from kryten_economy.features.reports.figures import Figures, figures_of
from kryten_economy.features.reports.queries import Reports
from kryten_economy.features.reports.rules import days_back
from kryten_economy.features.reports.snapshots import Snapshot, snapshots_between
from kryten_economy.ledger.channels import Reader

__all__ = ("APPROVALS_MAX", "Course", "DayFlow", "Flow", "course_of", "flows_by_day", "flows_of")

APPROVALS_MAX = 100
_SOURCES_MAX = 200

_CHANNEL = "(SELECT id FROM channel WHERE name = ?1)"
_BY_SOURCE = f"""
    SELECT source, sum(come_z), sum(gone_z) FROM daily_flow
    WHERE channel_id = {_CHANNEL} AND day BETWEEN ?2 AND ?3
    GROUP BY source ORDER BY max(sum(come_z), sum(gone_z)) DESC, source LIMIT {_SOURCES_MAX}
"""  # noqa: S608 - put together from constants
_BY_DAY = f"""
    SELECT day, sum(come_z), sum(gone_z) FROM daily_flow
    WHERE channel_id = {_CHANNEL} AND day BETWEEN ?2 AND ?3 GROUP BY day
"""  # noqa: S608 - put together from constants


class Flow(NamedTuple):
    """What has come into wallets from a source and gone from them to it, in Z."""

    source: str
    come_z: int
    gone_z: int


class DayFlow(NamedTuple):
    """All that has come into wallets on a day, and gone from them."""

    day: str
    come_z: int
    gone_z: int


class Course(NamedTuple):
    """How a channel stands, and how it has stood on the days up to that.

    ``snapshots`` holds the last one of each day that has any; ``days`` has all days.
    """

    figures: Figures
    top_share_percent: float
    gini: float
    sources: tuple[Flow, ...]
    days: tuple[DayFlow, ...]
    snapshots: tuple[tuple[str, Snapshot], ...]
    approvals: tuple[Approval, ...]

    @property
    def come_z(self) -> int:
        """All that has come."""
        return sum(each.come_z for each in self.sources)

    @property
    def gone_z(self) -> int:
        """All that has gone."""
        return sum(each.gone_z for each in self.sources)


def flows_of(reader: Reader, channel: str, first_day: str, last_day: str) -> tuple[Flow, ...]:
    """By source, the largest first; both days included."""
    rows = reader.sql.rows(_BY_SOURCE, channel, first_day, last_day)
    return tuple(map(Flow._make, rows))


def flows_by_day(
    reader: Reader, channel: str, first_day: str, last_day: str
) -> tuple[DayFlow, ...]:
    """Each day of these, also those on which nothing has moved."""
    rows = reader.sql.rows(_BY_DAY, channel, first_day, last_day)
    moved = {day: DayFlow(day, come_z, gone_z) for day, come_z, gone_z in rows}
    found, day = [], first_day
    while day <= last_day:
        found.append(moved.get(day, DayFlow(day, 0, 0)))
        day = day_after(day)
    return tuple(found)


def course_of(reports: Reports, channel: str, calendar: Calendar, days: int, now_ms: int) -> Course:
    """The last so many days, this one included."""
    today = calendar.day(now_ms)
    first_day = days_back(today, days - 1)
    since_ms = calendar.day_start_ms(first_day)
    figures = figures_of(reports, channel, today)
    return Course(
        figures=figures,
        top_share_percent=reports.top_share_percent(channel),
        gini=reports.gini(channel),
        sources=flows_of(reports, channel, first_day, today),
        days=flows_by_day(reports, channel, first_day, today),
        snapshots=_last_of_days(snapshots_between(reports, channel, since_ms, now_ms), calendar),
        approvals=pending_approvals(reports, channel, limit=APPROVALS_MAX),
    )


def _last_of_days(
    snapshots: Sequence[Snapshot], calendar: Calendar
) -> tuple[tuple[str, Snapshot], ...]:
    return tuple({calendar.day(each.taken_at_ms): each for each in snapshots}.items())
