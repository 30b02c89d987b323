"""Reports about who was here last, for what a stop may have left undone."""

from kryten_economy.ledger.account_reports import bounded
from kryten_economy.ledger.sqlite import Sql

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


class DwellReports:
    """Questions about the last minutes before now."""

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
