"""Reports about who was here when: the last minutes, and the days of streaks."""

from kryten_economy.features.streaks.rules import BridgeState, StreakState
from kryten_economy.ledger.account_reports import bounded
from kryten_economy.ledger.sqlite import Sql
from kryten_economy.users import UserKey

__all__ = ("DwellReports",)

_LAST_SEEN = """
    SELECT max(last_seen_ms) FROM account
    WHERE kind = 'wallet' AND channel_id = (SELECT id FROM channel WHERE name = ?1)
"""
_MINUTES = """
    SELECT a.name, d.minutes_present
    FROM daily_activity AS d JOIN account AS a ON a.id = d.account_id
    WHERE d.channel_id = (SELECT id FROM channel WHERE name = ?1) AND d.day = ?2
    AND a.last_seen_ms >= ?3
    ORDER BY a.name LIMIT ?4
"""
_STREAK = """
    SELECT s.current_daily_streak, s.longest_daily_streak, s.last_streak_date,
        s.weekend_seen_this_week, s.weekday_seen_this_week, s.weekend_seen_last_week,
        s.bridge_claimed_this_week, s.week_number, s.reminder_week
    FROM streaks AS s JOIN account AS a ON a.id = s.account_id
    WHERE a.kind = 'wallet' AND a.channel_id = (SELECT id FROM channel WHERE name = ?1)
    AND a.name = ?2
"""


class DwellReports:
    """Questions about being here."""

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def last_seen_ms(self, channel: str) -> int | None:
        """When anybody was seen last; None where nobody ever was."""
        at_ms: int | None = self._sql.only(_LAST_SEEN, channel)[0]
        return at_ms

    def minutes_of(
        self, channel: str, day: str, seen_since_ms: int, limit: int = 50_000
    ) -> tuple[tuple[str, int], ...]:
        """Lower-case names and the day's minutes of those who were seen since an instant."""
        rows = self._sql.rows(_MINUTES, channel, day, seen_since_ms, bounded(limit))
        return tuple((name, minutes) for name, minutes in rows)

    def streak_of(self, user: UserKey) -> tuple[StreakState, BridgeState]:
        """A user's streak and bridge as they are stored, which may be days ago."""
        row = self._sql.row(_STREAK, *user)
        if row is None:
            return StreakState(), BridgeState()
        return StreakState._make(row[:3]), BridgeState._make((*map(bool, row[3:7]), *row[7:]))
