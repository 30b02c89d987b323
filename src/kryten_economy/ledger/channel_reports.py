"""Reports about a channel's economy as a whole (`progression.md` 7)."""

from kryten_economy.ledger.account_reports import bounded
from kryten_economy.ledger.report_rows import (
    AuditRow,
    ChannelGauges,
    ChannelRow,
    DayTotals,
    Float,
    HoldRow,
    Participation,
    RankInput,
    TriggerRow,
)
from kryten_economy.ledger.sqlite import Sql
from kryten_economy.users import UserKey

__all__ = ("ChannelReports",)

_CHANNEL = "(SELECT id FROM channel WHERE name = ?1)"
_FLOAT = f"""
    SELECT
        coalesce(sum(balance_z), 0),
        coalesce(sum(balance_z) FILTER (WHERE kind = 'escrow'), 0),
        count(*) FILTER (WHERE kind = 'wallet')
    FROM account WHERE channel_id = {_CHANNEL} AND kind IN ('wallet', 'escrow')
"""  # noqa: S608 - put together from constants
_TOTALS = f"""
    SELECT
        coalesce(sum(z_earned), 0), coalesce(sum(z_spent), 0),
        coalesce(sum(z_gambled_in), 0), coalesce(sum(z_gambled_out), 0),
        count(DISTINCT account_id) FILTER (WHERE z_earned > 0 OR z_spent > 0)
    FROM daily_activity WHERE channel_id = {_CHANNEL} AND day BETWEEN ?2 AND ?3
"""  # noqa: S608 - put together from constants
_PARTICIPATION = f"""
    SELECT
        count(*) FILTER (
            WHERE commands_used > 0 OR z_spent > 0 OR tips_sent_z > 0 OR z_gambled_in > 0
            OR free_spin_used = 1
        ),
        count(*) FILTER (WHERE minutes_present > 0)
    FROM daily_activity WHERE channel_id = {_CHANNEL} AND day = ?2
"""  # noqa: S608 - put together from constants
_MEDIAN = f"""
    WITH sorted AS MATERIALIZED (
        SELECT balance_z, row_number() OVER (ORDER BY balance_z) AS place, count(*) OVER () AS n
        FROM account WHERE channel_id = {_CHANNEL} AND kind = 'wallet'
    )
    SELECT coalesce(sum(balance_z) / count(*), 0) FROM sorted
    WHERE place IN ((n + 1) / 2, n / 2 + 1)
"""  # noqa: S608 - put together from constants
_HOLDS = f"""
    SELECT h.id, a.name, h.amount_z, h.purpose, h.type, h.trigger_id, h.reason, h.data, h.day,
        h.placed_at_ms, h.expires_at_ms
    FROM hold AS h JOIN account AS a ON a.id = h.account_id
    WHERE h.channel_id = {_CHANNEL} AND h.state = 'open'
    ORDER BY h.placed_at_ms, h.id LIMIT ?2
"""  # noqa: S608 - put together from constants
_TRIGGERS = f"""
    SELECT t.trigger_id, sum(t.hit_count), (
        SELECT count(DISTINCT u.account_id) FROM trigger_user AS u
        WHERE u.channel_id = t.channel_id AND u.trigger_id = t.trigger_id
        AND u.day BETWEEN ?2 AND ?3
    ), sum(t.total_z_awarded) AS total
    FROM trigger_analytics AS t
    WHERE t.channel_id = {_CHANNEL} AND t.day BETWEEN ?2 AND ?3
    GROUP BY t.trigger_id ORDER BY total DESC, t.trigger_id LIMIT ?4
"""  # noqa: S608 - put together from constants
_RANKS = f"""
    SELECT rank_name, lifetime_earned_z, count(*), rank_held_from_z FROM account
    WHERE channel_id = {_CHANNEL} AND kind = 'wallet'
    GROUP BY rank_name, lifetime_earned_z, rank_held_from_z LIMIT ?2
"""  # noqa: S608 - put together from constants
_GAMBLED = f"""
    SELECT coalesce(sum(lifetime_gambled_in_z), 0), coalesce(sum(lifetime_gambled_out_z), 0)
    FROM account WHERE channel_id = {_CHANNEL} AND kind = 'wallet'
"""  # noqa: S608 - put together from constants
_CHANNELS = "SELECT name, read_only_reason FROM channel ORDER BY name LIMIT ?"
_LAST_ACTIVE = f"""
    SELECT max(last_active_ms) FROM account WHERE channel_id = {_CHANNEL} AND kind = 'wallet'
"""  # noqa: S608 - put together from constants
_COUNTERS = "SELECT key, value FROM service_metrics"
_AUDIT = """
    SELECT id, at_ms, admin, channel, command, arguments, result FROM audit_log
    ORDER BY id DESC LIMIT ?
"""


class ChannelReports:
    """Questions about channels and the service."""

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def float_of(self, channel: str) -> Float:
        """Circulation, what of it is held, and the number of accounts."""
        return Float._make(self._sql.only(_FLOAT, channel))

    def daily_totals(self, channel: str, day: str, last_day: str | None = None) -> DayTotals:
        """Sums of one day, or of the days up to ``last_day``."""
        return DayTotals._make(self._sql.only(_TOTALS, channel, day, last_day or day))

    def participation(self, channel: str, day: str) -> Participation:
        """The part of those present who used the economy, never above 100 (P-OPS-5)."""
        users, present = self._sql.only(_PARTICIPATION, channel, day)
        rate = round(min(100.0, 100 * users / present), 2) if present else 0.0
        return Participation(users, present, rate)

    def median_balance(self, channel: str) -> int:
        """The middle balance; of an even number the two middle ones' mean, rounded down."""
        return int(self._sql.only(_MEDIAN, channel)[0])

    def open_holds(self, channel: str, limit: int = 10_000) -> tuple[HoldRow, ...]:
        """What is set aside, the oldest first."""
        return tuple(
            HoldRow(hold_id, UserKey(channel, name), *rest)
            for hold_id, name, *rest in self._sql.rows(_HOLDS, channel, bounded(limit))
        )

    def triggers(
        self, channel: str, first_day: str, last_day: str, limit: int = 1_000
    ) -> tuple[TriggerRow, ...]:
        """What paid how often between two days, both included; the largest amount first."""
        rows = self._sql.rows(_TRIGGERS, channel, first_day, last_day, bounded(limit))
        return tuple(map(TriggerRow._make, rows))

    def last_activity_ms(self, channel: str) -> int | None:
        """When somebody last said something there; None if nobody ever did."""
        at_ms: int | None = self._sql.only(_LAST_ACTIVE, channel)[0]
        return at_ms

    def rank_inputs(self, channel: str) -> tuple[RankInput, ...]:
        """What the distribution of ranks is worked out from."""
        return tuple(map(RankInput._make, self._sql.rows(_RANKS, channel, bounded(2**31))))

    def channels(self) -> tuple[ChannelRow, ...]:
        """Every channel the books know, and which take no money."""
        return tuple(map(ChannelRow._make, self._sql.rows(_CHANNELS, bounded(2**31))))

    def counters(self) -> dict[str, int]:
        """The lifetime counters of the service."""
        return dict(self._sql.rows(_COUNTERS))

    def audit(self, limit: int = 100) -> tuple[AuditRow, ...]:
        """The audit log, newest first."""
        return tuple(map(AuditRow._make, self._sql.rows(_AUDIT, bounded(limit))))

    def channel_gauges(self, channel: str, day: str) -> ChannelGauges:
        """Everything a scrape needs of one channel, of one moment."""
        self._sql.run("BEGIN")
        try:
            return self._gauges(channel, day)
        finally:
            self._sql.run("COMMIT")

    def _gauges(self, channel: str, day: str) -> ChannelGauges:
        circulation = self.float_of(channel)
        today = self.daily_totals(channel, day)
        gambled_in_z, gambled_out_z = self._sql.only(_GAMBLED, channel)
        return ChannelGauges(
            accounts=circulation.accounts,
            circulation_z=circulation.float_z,
            escrow_z=circulation.escrow_z,
            median_balance_z=self.median_balance(channel),
            participation_rate=self.participation(channel, day).rate,
            earned_today_z=today.earned_z,
            spent_today_z=today.spent_z,
            gambled_in_today_z=today.gambled_in_z,
            gambled_out_today_z=today.gambled_out_z,
            active_today=today.active,
            gambled_in_lifetime_z=gambled_in_z,
            gambled_out_lifetime_z=gambled_out_z,
        )
