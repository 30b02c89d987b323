"""Questions about a channel: its totals, who was here when, its events and daily jobs."""

import json
from fractions import Fraction

from kryten_economy.features.competitions import FIELDS, DayOf
from kryten_economy.features.events.adhoc import RunningEvent
from kryten_economy.features.presence.rules import MINUTE_IDS
from kryten_economy.features.ranks.operations import RANK_UP
from kryten_economy.features.ranks.rules import LastRankUp
from kryten_economy.features.reports.accounts import bounded
from kryten_economy.features.reports.rows import (
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
from kryten_economy.features.streaks.rules import BridgeState, StreakState
from kryten_economy.ledger.channels import Reader
from kryten_economy.ledger.folding import oldest_unfolded_ms
from kryten_economy.ledger.records import OwedNotice
from kryten_economy.users import UserKey

__all__ = ("ChannelReports", "DailyReports", "PresenceReports")


_CHANNEL = "(SELECT id FROM channel WHERE name = ?1)"


_CHANNEL_ID = "SELECT id FROM channel WHERE name = ?"


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


_TOP_SHARE = f"""
    WITH holders AS MATERIALIZED (
        SELECT balance_z, row_number() OVER (ORDER BY balance_z DESC) AS place,
            count(*) OVER () AS n
        FROM account WHERE channel_id = {_CHANNEL} AND kind = 'wallet' AND balance_z > 0
    )
    SELECT coalesce(sum(balance_z) FILTER (WHERE place <= (n + 99) / 100), 0),
        coalesce(sum(balance_z), 0)
    FROM holders
"""  # noqa: S608 - put together from constants


_GINI = f"""
    WITH holders AS MATERIALIZED (
        SELECT balance_z, row_number() OVER (ORDER BY balance_z) AS place FROM account
        WHERE channel_id = {_CHANNEL} AND kind = 'wallet' AND balance_z > 0
    )
    SELECT count(*), coalesce(sum(balance_z), 0), coalesce(sum(1.0 * place * balance_z), 0)
    FROM holders
"""  # noqa: S608 - put together from constants


_HOLDS = f"""
    SELECT h.id, a.name, h.amount_z, h.purpose, h.type, h.trigger_id, h.reason, h.data, h.day,
        h.placed_at_ms, h.expires_at_ms
    FROM hold AS h JOIN account AS a ON a.id = h.account_id
    WHERE h.channel_id = {_CHANNEL} AND h.state = 'open'
    ORDER BY h.placed_at_ms, h.id LIMIT ?2
"""  # noqa: S608 - put together from constants


# Whether an account was paid is one step in an index, for as many days as there may be; counting
# the different ones among the rows of a month would read millions of them. Who has not been paid
# for long has no rows and is passed over at once.
_TRIGGERS = f"""
    WITH paying AS MATERIALIZED (
        SELECT t.trigger_id, sum(t.hit_count) AS hits, sum(t.total_z_awarded) AS total
        FROM trigger_analytics AS t
        WHERE t.channel_id = {_CHANNEL} AND t.day BETWEEN ?2 AND ?3
        GROUP BY t.trigger_id ORDER BY total DESC, t.trigger_id LIMIT ?4
    ), reached AS MATERIALIZED (
        SELECT p.trigger_id, count(*) AS users FROM account AS a CROSS JOIN paying AS p
        WHERE a.channel_id = {_CHANNEL}
        AND EXISTS (SELECT 1 FROM trigger_user AS u WHERE u.account_id = a.id)
        AND EXISTS (
            SELECT 1 FROM trigger_user AS u
            WHERE u.account_id = a.id AND u.trigger_id = p.trigger_id
            AND u.day BETWEEN ?2 AND ?3
        )
        GROUP BY p.trigger_id
    )
    SELECT p.trigger_id, p.hits, coalesce(r.users, 0), p.total
    FROM paying AS p LEFT JOIN reached AS r ON r.trigger_id = p.trigger_id
    ORDER BY p.total DESC, p.trigger_id
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


_OWED = f"""
    SELECT n.id, a.name, a.display_name, a.quiet, n.kind, n.due_at_ms, n.data
    FROM notice_due AS n JOIN account AS a ON a.id = n.account_id
    WHERE n.channel_id = {_CHANNEL} ORDER BY n.due_at_ms, n.id LIMIT ?2
"""  # noqa: S608 - put together from constants


_LINE_TOLD = f"""
    SELECT told_at_ms, data FROM line_told WHERE channel_id = {_CHANNEL} AND kind = ?2
"""  # noqa: S608 - put together from constants


_COUNTERS = "SELECT key, value FROM service_metrics"


_AUDIT = """
    SELECT id, at_ms, admin, channel, command, arguments, result FROM audit_log
    ORDER BY id DESC LIMIT ?
"""


class ChannelReports(Reader):
    """Questions about channels and the service."""

    def float_of(self, channel: str) -> Float:
        """Circulation, what of it is held, and the number of accounts."""
        return Float._make(self.sql.only(_FLOAT, channel))

    def daily_totals(self, channel: str, day: str, last_day: str | None = None) -> DayTotals:
        """Sums of one day, or of the days up to ``last_day``."""
        return DayTotals._make(self.sql.only(_TOTALS, channel, day, last_day or day))

    def participation(self, channel: str, day: str) -> Participation:
        """The part of those present who used the economy, never above 100 (P-OPS-5)."""
        users, present = self.sql.only(_PARTICIPATION, channel, day)
        rate = round(min(100.0, 100 * users / present), 2) if present else 0.0
        return Participation(users, present, rate)

    def median_balance(self, channel: str) -> int:
        """The middle balance; of an even number the two middle ones' mean, rounded down."""
        return int(self.sql.only(_MEDIAN, channel)[0])

    def top_share_percent(self, channel: str) -> float:
        """What the richest hundredth of those who have anything hold; at least one counts."""
        richest_z, all_z = self.sql.only(_TOP_SHARE, channel)
        return round(100 * richest_z / all_z, 2) if all_z else 0.0

    def gini(self, channel: str) -> float:
        """How unequally coins are spread among who has any: 0 evenly, towards 1 one has all."""
        holders, all_z, weighed_z = self.sql.only(_GINI, channel)
        if not all_z:
            return 0.0
        uneven: float = 2 * weighed_z / (holders * all_z) - (holders + 1) / holders
        return round(uneven, 4) + 0.0

    def open_holds(self, channel: str, limit: int = 10_000) -> tuple[HoldRow, ...]:
        """What is set aside, the oldest first."""
        return tuple(
            HoldRow(hold_id, UserKey(channel, name), *rest)
            for hold_id, name, *rest in self.sql.rows(_HOLDS, channel, bounded(limit))
        )

    def triggers(
        self, channel: str, first_day: str, last_day: str, limit: int = 1_000
    ) -> tuple[TriggerRow, ...]:
        """What paid how often between two days, both included; the largest amount first."""
        rows = self.sql.rows(_TRIGGERS, channel, first_day, last_day, bounded(limit))
        return tuple(map(TriggerRow._make, rows))

    def last_activity_ms(self, channel: str) -> int | None:
        """When somebody last said something there; None if nobody ever did."""
        at_ms: int | None = self.sql.only(_LAST_ACTIVE, channel)[0]
        return at_ms

    def owed_notices(self, channel: str, limit: int = 10_000) -> tuple[OwedNotice, ...]:
        """What users are still to be told, the oldest first."""
        return tuple(
            OwedNotice(
                id_, UserKey(channel, name), shown, bool(quiet), kind, due_at_ms, json.loads(data)
            )
            for id_, name, shown, quiet, kind, due_at_ms, data in self.sql.rows(
                _OWED, channel, bounded(limit)
            )
        )

    def rank_ups_told(self, channel: str) -> LastRankUp | None:
        """When rank-ups were last told there; None for never."""
        row = self.sql.row(_LINE_TOLD, channel, RANK_UP)
        return None if row is None else LastRankUp(row[0], json.loads(row[1])["highest"])

    def rank_inputs(self, channel: str) -> tuple[RankInput, ...]:
        """What the distribution of ranks is worked out from."""
        return tuple(map(RankInput._make, self.sql.rows(_RANKS, channel, bounded(2**31))))

    def channels(self) -> tuple[ChannelRow, ...]:
        """Every channel the books know, and which take no money."""
        return tuple(map(ChannelRow._make, self.sql.rows(_CHANNELS, bounded(2**31))))

    def counters(self) -> dict[str, int]:
        """The lifetime counters of the service."""
        return dict(self.sql.rows(_COUNTERS))

    def audit(self, limit: int = 100) -> tuple[AuditRow, ...]:
        """The audit log, newest first."""
        return tuple(map(AuditRow._make, self.sql.rows(_AUDIT, bounded(limit))))

    def channel_gauges(self, channel: str, day: str) -> ChannelGauges:
        """Everything a scrape needs of one channel, of one moment."""
        self.sql.run("BEGIN")
        try:
            return self._gauges(channel, day)
        finally:
            self.sql.run("COMMIT")

    def _gauges(self, channel: str, day: str) -> ChannelGauges:
        circulation = self.float_of(channel)
        today = self.daily_totals(channel, day)
        gambled_in_z, gambled_out_z = self.sql.only(_GAMBLED, channel)
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


_LAST_SEEN = """
    SELECT max(last_seen_ms) FROM account
    WHERE kind = 'wallet' AND channel_id = (SELECT id FROM channel WHERE name = ?1)
"""


_HIGHEST_MINUTE = """
    SELECT id, created_at_ms FROM operation WHERE id >= ?1 AND id < ?2 AND kind = 'PresenceMinute'
    ORDER BY id DESC LIMIT 1
"""


_MINUTES_OF_DAY = """
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


class PresenceReports(Reader):
    """Questions about being here."""

    def last_seen_ms(self, channel: str) -> int | None:
        """When anybody was seen last; None where nobody ever was."""
        at_ms: int | None = self.sql.only(_LAST_SEEN, channel)[0]
        return at_ms

    def highest_minute(self, channel: str) -> tuple[int, int] | None:
        """The highest number of a minute that was paid, and when; None where none is kept."""
        first, last = MINUTE_IDS.format(channel, ""), MINUTE_IDS.format(channel, ":")
        row = self.sql.row(_HIGHEST_MINUTE, first, last)
        return None if row is None else (int(row[0].removeprefix(first)), row[1])

    def oldest_unfolded_ms(self, channel: str, now_ms: int) -> int | None:
        """When the first transfer was made that no folding has read."""
        row = self.sql.row(_CHANNEL_ID, channel)
        return None if row is None else oldest_unfolded_ms(self.sql, row[0], now_ms)

    def minutes_of(
        self, channel: str, day: str, seen_since_ms: int, limit: int = 50_000
    ) -> tuple[tuple[str, int], ...]:
        """Lower-case names and the day's minutes of those who were seen since an instant."""
        rows = self.sql.rows(_MINUTES_OF_DAY, channel, day, seen_since_ms, bounded(limit))
        return tuple((name, minutes) for name, minutes in rows)

    def streak_of(self, user: UserKey) -> tuple[StreakState, BridgeState]:
        """A user's streak and bridge as they are stored, which may be days ago."""
        row = self.sql.row(_STREAK, *user)
        if row is None:
            return StreakState(), BridgeState()
        days, longest, last_day, weekend, weekday, weekend_before, claimed, week, reminded = row
        bridge = BridgeState(
            bool(weekend), bool(weekday), bool(weekend_before), bool(claimed), week, reminded
        )
        return StreakState(days, longest, last_day), bridge


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


class DailyReports(Reader):
    """What the daily jobs and the events of a channel go by."""

    def running_events(self, channel: str) -> tuple[RunningEvent, ...]:
        """Events whose end has not been noted; their time may be over."""
        return tuple(
            RunningEvent(kind, name, fired_at_ms, ends_at_ms, Fraction(mult), bool(announced))
            for kind, name, fired_at_ms, ends_at_ms, mult, announced in self.sql.rows(
                _RUNNING, channel
            )
        )

    def job_is_done(self, job: str, channel: str, period: str) -> bool:
        """Whether a job has been finished for a period."""
        return self.sql.row(_FINISHED, job, channel, period) is not None

    def balances_from(self, channel: str, from_z: int) -> tuple[tuple[str, int, bool], ...]:
        """Display name, balance and ban of all wallets of at least ``from_z``, by name."""
        rows = self.sql.rows(_BALANCES, channel, from_z, bounded(2**31))
        return tuple((name, balance_z, bool(banned)) for name, balance_z, banned in rows)

    def day_of_all(self, channel: str, day: str) -> tuple[DayOf, ...]:
        """What everybody did on a day, in the order of the names."""
        return tuple(
            DayOf(name, display_name, bool(banned), dict(zip(FIELDS, values, strict=True)))
            for name, display_name, banned, *values in self.sql.rows(
                _DAY, channel, day, bounded(2**31)
            )
        )
