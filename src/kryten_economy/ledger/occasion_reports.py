"""Questions about events, daily jobs and what a day's competitions are judged by."""

from fractions import Fraction

from kryten_economy.features.competitions.rules import FIELDS, DayOf
from kryten_economy.ledger.account_reports import bounded
from kryten_economy.ledger.occasion_answers import RunningEvent
from kryten_economy.ledger.sqlite import Sql

__all__ = ("OccasionReports",)

_RUNNING = """
    SELECT e.kind, e.name, e.fired_at_ms, e.ends_at_ms, e.multiplier, e.announced
    FROM active_events AS e JOIN channel AS c ON c.id = e.channel_id
    WHERE c.name = ? AND e.ended_at_ms IS NULL ORDER BY e.fired_at_ms, e.name
"""
_FINISHED = """
    SELECT finished_at_ms FROM job_runs
    WHERE job = ? AND channel = ? AND period = ? AND finished_at_ms IS NOT NULL
"""
_DAY = f"""
    SELECT a.name, a.display_name, EXISTS (
        SELECT 1 FROM banned_users AS b WHERE b.channel_id = a.channel_id AND b.name = a.name
    ), {", ".join(f"d.{field}" for field in FIELDS)}
    FROM daily_activity AS d
    JOIN channel AS c ON c.id = d.channel_id
    JOIN account AS a ON a.id = d.account_id
    WHERE c.name = ? AND d.day = ? ORDER BY a.name LIMIT ?
"""  # noqa: S608 - put together from constants
_BALANCES = """
    SELECT a.display_name, a.balance_z, EXISTS (
        SELECT 1 FROM banned_users AS b WHERE b.channel_id = a.channel_id AND b.name = a.name
    ) FROM account AS a JOIN channel AS c ON c.id = a.channel_id
    WHERE c.name = ? AND a.kind = 'wallet' AND a.balance_z >= ? ORDER BY a.name LIMIT ?
"""


class OccasionReports:
    """What the daily jobs and the events of a channel go by."""

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def running_events(self, channel: str) -> tuple[RunningEvent, ...]:
        """Events whose end has not been noted; their time may be over."""
        return tuple(
            RunningEvent(kind, name, fired_at_ms, ends_at_ms, Fraction(mult), bool(announced))
            for kind, name, fired_at_ms, ends_at_ms, mult, announced in self._sql.rows(
                _RUNNING, channel
            )
        )

    def job_is_done(self, job: str, channel: str, period: str) -> bool:
        """Whether a job has been finished for a period."""
        return self._sql.row(_FINISHED, job, channel, period) is not None

    def balances_from(self, channel: str, from_z: int) -> tuple[tuple[str, int, bool], ...]:
        """Display name, balance and ban of all wallets of at least ``from_z``, by name."""
        rows = self._sql.rows(_BALANCES, channel, from_z, bounded(2**31))
        return tuple((name, balance_z, bool(banned)) for name, balance_z, banned in rows)

    def day_of_all(self, channel: str, day: str) -> tuple[DayOf, ...]:
        """What everybody did on a day, in the order of the names."""
        return tuple(
            DayOf(name, display_name, bool(banned), dict(zip(FIELDS, values, strict=True)))
            for name, display_name, banned, *values in self._sql.rows(
                _DAY, channel, day, bounded(2**31)
            )
        )
