"""What people did: days, streaks, milestones, achievements, and what triggers have paid.

Rows of accounts that were merged are merged too: counts are summed, flags are set where either
was, of streaks the one with the latest day counts (`storage.md` 6.1.3).
"""

from collections.abc import Iterator
from math import isfinite

from kryten_economy.ledger.statements import Value
from kryten_economy.migration.values import (
    Cell,
    counted,
    day_of,
    flag,
    moment_ms,
    read_day,
    text,
    whole,
)
from kryten_economy.migration.work import Work
from kryten_economy.transaction_types import source_of

__all__ = ("copy_activity",)

_COUNTS = (
    "minutes_present",
    "minutes_active",
    "messages_sent",
    "long_messages",
    "gifs_posted",
    "unique_emotes_used",
    "kudos_given",
    "kudos_received",
    "laughs_received",
    "bot_interactions",
    "z_earned",
    "z_spent",
    "z_gambled_in",
    "z_gambled_out",
    "queues_used",
)
_FLAGS = ("first_message_claimed", "free_spin_used")
_DAYS = f"""
    INSERT INTO daily_activity (channel_id, day, account_id, {", ".join((*_COUNTS, *_FLAGS))})
    VALUES ({", ".join("?" * (3 + len(_COUNTS) + len(_FLAGS)))})
    ON CONFLICT DO UPDATE SET {", ".join(f"{each} = {each} + excluded.{each}" for each in _COUNTS)},
        {", ".join(f"{each} = max({each}, excluded.{each})" for each in _FLAGS)}
"""  # noqa: S608 - put together from constants
_TIPPED = """
    INSERT INTO daily_activity (channel_id, day, account_id, tips_sent_z) VALUES (?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET tips_sent_z = tips_sent_z + excluded.tips_sent_z
"""
_PAIR = "INSERT OR IGNORE INTO tip_pair (sender, recipient) VALUES (?, ?)"
_STREAK = """
    INSERT INTO streaks (
        account_id, current_daily_streak, longest_daily_streak, last_streak_date,
        weekend_seen_this_week, weekday_seen_this_week, bridge_claimed_this_week, week_number
    ) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
    ON CONFLICT DO UPDATE SET
        longest_daily_streak = max(longest_daily_streak, ?3),
        current_daily_streak = iif(?4 > coalesce(last_streak_date, ''), ?2, current_daily_streak),
        weekend_seen_this_week =
            iif(?4 > coalesce(last_streak_date, ''), ?5, weekend_seen_this_week),
        weekday_seen_this_week =
            iif(?4 > coalesce(last_streak_date, ''), ?6, weekday_seen_this_week),
        bridge_claimed_this_week =
            iif(?4 > coalesce(last_streak_date, ''), ?7, bridge_claimed_this_week),
        week_number = iif(?4 > coalesce(last_streak_date, ''), ?8, week_number),
        last_streak_date = nullif(max(coalesce(last_streak_date, ''), coalesce(?4, '')), '')
"""
_HOURS = (1, 3, 6, 12, 24)
_CLAIM = """
    INSERT OR IGNORE INTO milestone_claims (account_id, day, hours, reward_z, claimed_at_ms)
    SELECT ?1, ?2, ?3, coalesce(p.reward_z, 0), coalesce(p.at_ms, unixepoch(?2) * 1000)
    FROM (SELECT 1) LEFT JOIN paid_milestone AS p
        ON p.account_id = ?1 AND p.day = ?2 AND p.hours = ?3
"""
_ACHIEVED = """
    INSERT INTO achievement (account_id, achievement_id, awarded_at_ms) VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET awarded_at_ms = min(awarded_at_ms, excluded.awarded_at_ms)
"""
_WINDOW = """
    INSERT INTO trigger_windows (account_id, trigger_key, count, ends_at_ms) VALUES (?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET count = count + excluded.count,
        ends_at_ms = max(ends_at_ms, excluded.ends_at_ms)
"""
_HOUR_MS = 3_600_000
_WINDOW_MS = {"chat.laugh_received": 300_000}
"""How long a window lasts that is not an hour long."""
_MENTIONED = "social.mentioned_by_other."
_GAME_DAY = """
    INSERT INTO game_day (account_id, game, day, rounds, staked_z, returned_z)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO UPDATE SET rounds = rounds + excluded.rounds
"""
_GAMBLED = """
    SELECT z_gambled_in, z_gambled_out FROM daily_activity
    WHERE channel_id = ? AND day = ? AND account_id = ?
"""
_ANALYTICS = """
    INSERT INTO trigger_analytics (
        channel_id, day, trigger_id, hit_count, unique_users, total_z_awarded
    ) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET hit_count = hit_count + excluded.hit_count,
        unique_users = unique_users + excluded.unique_users,
        total_z_awarded = total_z_awarded + excluded.total_z_awarded
"""
_TAKEN = (
    "total_accounts",
    "total_z_circulation",
    "active_economy_users_today",
    "z_earned_today",
    "z_spent_today",
    "median_balance",
)
_SNAPSHOT = f"""
    INSERT INTO economy_snapshots (
        channel_id, taken_at_ms, {", ".join(_TAKEN)}, z_gambled_net_today, participation_rate,
        inflation_multiplier
    ) VALUES (?{", ?" * (len(_TAKEN) + 4)})
"""  # noqa: S608 - put together from constants
_WHO_KEPT_MS = 35 * 24 * 3_600_000
"""As long as the books keep who was paid by which trigger."""
_WHO = """
    INSERT OR IGNORE INTO trigger_user (channel_id, day, trigger_id, account_id)
    SELECT a.channel_id, a.day, a.trigger_id, t.credit_account
    FROM transfer AS t CROSS JOIN trigger_analytics AS a ON a.channel_id = t.channel_id
        AND a.day = date(t.created_at_ms / 1000, 'unixepoch') AND a.trigger_id = t.credit_trigger
    WHERE t.created_at_ms >= ? AND t.credit_type IS NOT NULL
"""
_FLOW = """
    INSERT INTO daily_flow (channel_id, day, source, come_z, gone_z) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET come_z = come_z + excluded.come_z, gone_z = gone_z + excluded.gone_z
"""
_FLOWS = """
    SELECT channel_id, date(created_at_ms / 1000, 'unixepoch') AS day,
        coalesce(credit_trigger, debit_trigger),
        coalesce(sum(amount_z) FILTER (WHERE credit_type IS NOT NULL), 0),
        coalesce(sum(amount_z) FILTER (WHERE debit_type IS NOT NULL), 0)
    FROM transfer WHERE (credit_type IS NULL) <> (debit_type IS NULL) GROUP BY 1, 2, 3
"""
_HOW_MANY = """
    UPDATE trigger_analytics AS a SET unique_users = min(hit_count, who.users) FROM (
        SELECT channel_id, day, trigger_id, count(*) AS users FROM trigger_user GROUP BY 1, 2, 3
    ) AS who
    WHERE who.channel_id = a.channel_id AND who.day = a.day AND who.trigger_id = a.trigger_id
"""


def copy_activity(work: Work) -> None:
    """Everything of this page, days first: others look at them."""
    target, written = work.target, work.report.written
    written["days"] = target.many(_DAYS, _days(work))
    _copy_tips(work)
    written["streaks"] = target.many(_STREAK, _streaks(work))
    written["milestones"] = target.many(_CLAIM, _milestones(work))
    written["achievements"] = target.many(_ACHIEVED, _achievements(work))
    written["trigger windows"] = target.many(_WINDOW, _windows(work))
    written["trigger analytics"] = target.many(_ANALYTICS, _analytics(work))
    written["snapshots"] = target.many(_SNAPSHOT, _snapshots(work))
    # The old service wrote one user for each trigger and day, whoever was paid.
    target.run(_WHO, work.now_ms - _WHO_KEPT_MS)
    target.run(_HOW_MANY)
    flows = target.rows(_FLOWS)
    target.many(_FLOW, ((number, day, source_of(id_), *z) for number, day, id_, *z in flows))


def _days(work: Work) -> Iterator[tuple[Value, ...]]:
    undated = 0
    columns = ("date", *_COUNTS, *_FLAGS)
    for person, (date, *cells) in work.rows("daily_activity", columns, order="date"):
        day = read_day(date)
        if day is None:
            undated += 1
            continue
        counts, flags = cells[: len(_COUNTS)], cells[len(_COUNTS) :]
        key = (work.target.channels[person.channel].id, day, person.id)
        yield (*key, *map(counted, counts), *map(flag, flags))
    work.report.pass_over("days without a date, left out", undated)


def _copy_tips(work: Work) -> None:
    """Who has tipped whom, and how much on which day; the money itself is in the ledger."""
    pairs: list[tuple[Value, ...]] = []

    def days() -> Iterator[tuple[Value, ...]]:
        columns = ("receiver", "channel", "amount", "created_at")
        for sender, (to, channel, amount, at) in work.rows("tip_history", columns, user="sender"):
            receiver = work.people.find(to, channel)
            if receiver is not None and receiver is not sender:
                pairs.append((sender.id, receiver.id))
            day = day_of(moment_ms(at) or work.now_ms)
            yield work.target.channels[sender.channel].id, day, sender.id, counted(amount)
            if len(pairs) >= 10_000:
                work.target.many(_PAIR, pairs)
                pairs.clear()

    work.report.written["tips"] = work.target.many(_TIPPED, days())
    work.target.many(_PAIR, pairs)


def _streaks(work: Work) -> Iterator[tuple[Value, ...]]:
    columns = (
        "current_daily_streak",
        "longest_daily_streak",
        "last_streak_date",
        "weekend_seen_this_week",
        "weekday_seen_this_week",
        "bridge_claimed_this_week",
        "week_number",
    )
    for person, cells in work.rows("streaks", columns):
        current, longest, last, weekend, weekday, claimed, week = cells
        days = counted(current)
        yield (
            person.id,
            days,
            max(days, counted(longest)),
            read_day(last),
            flag(weekend),
            flag(weekday),
            flag(claimed),
            text(week) or None,
        )


def _milestones(work: Work) -> Iterator[tuple[Value, ...]]:
    columns = ("date", *(f"hours_{hours}" for hours in _HOURS))
    for person, (date, *claimed) in work.rows("hourly_milestones", columns):
        day = read_day(date)
        if day is None:
            continue
        for hours, cell in zip(_HOURS, claimed, strict=True):
            if flag(cell):
                yield person.id, day, hours


def _achievements(work: Work) -> Iterator[tuple[Value, ...]]:
    for person, (name, at) in work.rows("achievements", ("achievement_id", "awarded_at")):
        if text(name):
            yield person.id, text(name), moment_ms(at) or work.now_ms


# Triggers


def _windows(work: Work) -> Iterator[tuple[Value, ...]]:
    """Windows; those of games count rounds of a day and go elsewhere (`storage.md` 6.1.11)."""
    played: list[tuple[Value, ...]] = []
    for person, cells in work.rows("trigger_cooldowns", ("trigger_id", "count", "window_start")):
        key, count, began_ms = text(cells[0]), counted(cells[1]), moment_ms(cells[2])
        if not key or not count or began_ms is None:
            continue
        if key.startswith("gambling.") and key.endswith(".daily"):
            game, day = key.removeprefix("gambling.").removesuffix(".daily"), day_of(began_ms)
            played.append((person.id, game, day, count, 0, 0))
            channel_id = work.target.channels[person.channel].id
            found = work.target.rows(_GAMBLED, channel_id, day, person.id)
            staked_z, returned_z = found[0] if found else (0, 0)
            played.append((person.id, "*", day, count, staked_z, returned_z))
            continue
        lasts_ms = _WINDOW_MS.get(key, _HOUR_MS)
        yield person.id, _window_key(key), count, began_ms + lasts_ms
    work.target.many(_GAME_DAY, played)
    work.report.written["daily rounds of games"] = len(played) // 2


def _window_key(old: str) -> str:
    """The key of a window: of mentions the old one named both, where ours names who spoke."""
    if not old.startswith(_MENTIONED):
        return old
    speaker = old.removeprefix(_MENTIONED).partition(".")[0]
    return f"{_MENTIONED[:-1]}:{speaker}"


def _analytics(work: Work) -> Iterator[tuple[Value, ...]]:
    columns = ("channel", "trigger_id", "date", "hit_count", "unique_users", "total_z_awarded")
    total = work.source.count("trigger_analytics")
    work.report.read["trigger_analytics"] = total
    rows = work.source.rows("trigger_analytics", columns, "id")
    lost = 0
    for channel, trigger, date, hits, users, z in work.progress.over(
        "trigger_analytics", rows, total
    ):
        known, day = work.target.channels.get(work.people.channel(channel)), read_day(date)
        if known is None or day is None or not text(trigger):
            lost += 1
            continue
        count = counted(hits)
        total_z = max(0, whole(z) or 0)
        yield known.id, day, text(trigger), count, min(count, counted(users)), total_z
    work.report.pass_over("rows of trigger_analytics without channel, day or trigger", lost)


def _snapshots(work: Work) -> Iterator[tuple[Value, ...]]:
    columns = ("channel", "snapshot_time", *_TAKEN, "z_gambled_net_today", *_FRACTIONS)
    total = work.source.count("economy_snapshots")
    work.report.read["economy_snapshots"] = total
    rows = work.source.rows("economy_snapshots", columns, "id")
    lost = 0
    for channel, at, *cells in work.progress.over("economy_snapshots", rows, total):
        known, at_ms = work.target.channels.get(work.people.channel(channel)), moment_ms(at)
        if known is None or at_ms is None:
            lost += 1
            continue
        *counts, gambled, participation, inflation = cells
        # There it was the share of all accounts in those present, often far above 100 percent.
        rate = min(100.0, max(0.0, _fraction(participation, 0.0)))
        figures = (*map(counted, counts), whole(gambled) or 0, rate, _fraction(inflation, 1.0))
        yield known.id, at_ms, *figures
    work.report.pass_over("rows of economy_snapshots without channel or time", lost)


_FRACTIONS = ("participation_rate", "inflation_multiplier")


def _fraction(cell: Cell, otherwise: float) -> float:
    """A number with a part behind the point."""
    try:
        number = float(cell)
    except (TypeError, ValueError):
        return otherwise
    return number if isfinite(number) else otherwise
