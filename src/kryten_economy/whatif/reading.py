"""Reads a window of the past from the books, beside the running service: it writes nothing.

All statements are run in one reading transaction, so they tell of one moment; a connection that
may only read can't do more. Balances at the begin are those of now without what has moved since.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from fractions import Fraction

from kryten_economy.calendar import Calendar, day_after
from kryten_economy.features.competitions import FIELDS
from kryten_economy.features.events.rules import AdHoc
from kryten_economy.features.jobs import COMPETITIONS, MAINTENANCE
from kryten_economy.ledger.channels import Reader, SystemKind
from kryten_economy.ledger.statements import Sql
from kryten_economy.transaction_types import counters_of
from kryten_economy.whatif.past import Activity, Hold, Job, Member, Move, Past, Purchase, Stake
from kryten_economy.whatif.play import is_among_players

__all__ = ("channels_in", "last_days", "one_moment", "read_past")

_DAY_MS = 86_400_000

_CHANNELS = "SELECT name FROM channel ORDER BY name COLLATE NOCASE"
_CHANNEL = "SELECT id FROM channel WHERE name = ?"
_LATEST = "SELECT max(created_at_ms) FROM transfer WHERE channel_id = ?"
_EARLIEST = "SELECT created_at_ms FROM transfer WHERE channel_id = ? ORDER BY id LIMIT 1"
_FIRST = "SELECT min(id) FROM transfer WHERE channel_id = ? AND created_at_ms >= ?"
_MOVES = """
    SELECT id, operation, debit_account, credit_account, amount_z, debit_type, debit_trigger,
        credit_type, credit_trigger, related_user, metadata, created_at_ms, debit_after_z,
        credit_after_z
    FROM transfer WHERE channel_id = ? AND id BETWEEN ? AND ? ORDER BY id
"""
_LAST = "SELECT coalesce(max(id), 0) FROM transfer WHERE channel_id = ?"
_PEOPLE = """
    SELECT a.kind, a.id, a.name, a.display_name, b.name IS NOT NULL, a.first_seen_ms, a.rank_name,
        a.rank_held_from_z, a.balance_z, a.lifetime_earned_z
    FROM account AS a LEFT JOIN banned_users AS b
    ON b.channel_id = a.channel_id AND b.name = a.name
    WHERE a.channel_id = ? AND a.kind IN ('wallet', 'gone')
"""
_SYSTEM = """
    SELECT kind, id, balance_z FROM account
    WHERE channel_id = ? AND kind NOT IN ('wallet', 'gone')
"""
_WON = """
    SELECT w.account_id, w.achievement_id, w.awarded_at_ms FROM achievement AS w
    JOIN account AS a ON a.id = w.account_id WHERE a.channel_id = ?
"""
_ACTIVITY = f"""
    SELECT day, account_id, {", ".join(FIELDS)} FROM daily_activity
    WHERE channel_id = ? AND day >= ? ORDER BY day, account_id
"""  # noqa: S608 - names of columns
_JOBS = """
    SELECT job, period, finished_at_ms FROM job_runs
    WHERE channel = (SELECT name FROM channel WHERE id = ?) COLLATE NOCASE AND finished_at_ms >= ?
    AND job IN ('balance_maintenance', 'daily_competitions')
    ORDER BY finished_at_ms
"""
_FRACTIONS = """
    SELECT f.account_id, f.trigger_id, f.held FROM trigger_fractions AS f
    JOIN account AS a ON a.id = f.account_id WHERE a.channel_id = ?
"""
_HOLDS = """
    SELECT id, account_id, amount_z, type, trigger_id, placed_at_ms, settled_at_ms, captured_z,
        state
    FROM hold WHERE channel_id = ?1 AND (settled_at_ms IS NULL OR settled_at_ms >= ?2)
    ORDER BY placed_at_ms, rowid
"""
_STAKES = """
    SELECT r.id, r.game, s.account_id, s.stake_z, coalesce(s.payout_z, 0), r.settled_at_ms,
        r.terms, r.outcome
    FROM game_round AS r JOIN game_stake AS s ON s.round_id = r.id
    WHERE r.channel_id = ? AND r.state = 'settled' AND r.settled_at_ms >= ? ORDER BY r.id
"""
_ADHOC = """
    SELECT name, multiplier, fired_at_ms, min(ends_at_ms, coalesce(ended_at_ms, ends_at_ms))
    FROM active_events WHERE channel_id = ? AND kind = 'adhoc' ORDER BY fired_at_ms
"""
_PURCHASES = "SELECT hold_id, action, seconds FROM purchase WHERE channel_id = ?"
_TIERS = "SELECT request_id, tier FROM queue_spend_requests WHERE channel_id = ?"


@contextmanager
def one_moment(reader: Reader) -> Iterator[None]:
    """Everything read meanwhile is of one moment, whatever is committed beside it."""
    reader.sql.run("BEGIN")
    try:
        yield
    finally:
        reader.sql.run("ROLLBACK")


def channels_in(sql: Sql) -> tuple[str, ...]:
    """The channels that the books know."""
    return tuple(name for (name,) in sql.rows(_CHANNELS))


def last_days(sql: Sql, channel: str, calendar: Calendar, days: int) -> tuple[int, int] | None:
    """From when to when the last days are: back from the latest transfer; None without any.

    Where the books are younger it is from their first day.
    """
    channel_id = _id_of(sql, channel)
    earliest = sql.row(_EARLIEST, channel_id)
    if earliest is None:
        return None
    (latest_ms,) = sql.only(_LATEST, channel_id)
    first_day = calendar.day(max(earliest[0], latest_ms - (days - 1) * _DAY_MS))
    return calendar.day_start_ms(first_day), latest_ms


def _id_of(sql: Sql, channel: str) -> int:
    return int(sql.only(_CHANNEL, channel)[0])


def read_past(
    reader: Reader, channel: str, calendar: Calendar, from_ms: int, until_ms: int
) -> Past:
    """The window of a channel; call it, and use what it answers, within `one_moment`."""
    sql = reader.sql
    channel_id = _id_of(sql, channel)
    first = sql.only(_FIRST, channel_id, from_ms)[0] or 1
    (last,) = sql.only(_LAST, channel_id)

    def moves() -> Iterator[Move]:
        cursor = reader.connection.cursor()
        return map(Move._make, cursor.execute(_MOVES, (channel_id, first, last)))

    stakes = _stakes(sql, channel_id, from_ms)
    moved, earned, paid_at = _moved(moves(), stakes)
    won_before, won_since = _won(sql, channel_id, from_ms)
    members: dict[int, Member] = {}
    for kind, account, name, shown, banned, seen_ms, rank, held_z, balance_z, earned_z in sql.rows(
        _PEOPLE, channel_id
    ):
        if kind == "gone" and account not in moved:
            continue
        members[account] = Member(
            account,
            name,
            shown,
            bool(banned),
            seen_ms,
            rank,
            held_z,
            balance_z - moved[account],
            max(0, earned_z - earned[account]),
            frozenset(won_before[account]),
        )
    system: dict[SystemKind, tuple[int, int]] = {
        kind: (account, balance_z - moved[account])
        for kind, account, balance_z in sql.rows(_SYSTEM, channel_id)
    }
    return Past(
        channel=channel,
        from_ms=from_ms,
        until_ms=until_ms,
        days=tuple(_days(calendar, from_ms, until_ms)),
        members=members,
        system=system,
        moves=moves,
        activity=_activity(sql, channel_id, calendar.day(from_ms - 2 * _DAY_MS)),
        jobs=tuple(
            Job(job, day, at_ms, (job, at_ms) in paid_at)
            for job, day, at_ms in sql.rows(_JOBS, channel_id, from_ms)
        ),
        fractions={(row[0], row[1]): row[2] for row in sql.rows(_FRACTIONS, channel_id)},
        holds=tuple(map(Hold._make, sql.rows(_HOLDS, channel_id, from_ms))),
        stakes=stakes,
        purchases={row[0]: Purchase(*row[1:]) for row in sql.rows(_PURCHASES, channel_id)},
        tiers=dict(sql.rows(_TIERS, channel_id)),
        adhoc=tuple(
            AdHoc(name, Fraction(mult), started_ms, ends_ms)
            for name, mult, started_ms, ends_ms in sql.rows(_ADHOC, channel_id)
        ),
        awarded={account: frozenset(ids) for account, ids in won_since.items()},
    )


def _days(calendar: Calendar, from_ms: int, until_ms: int) -> Iterator[str]:
    day, last = calendar.day(from_ms), calendar.day(until_ms)
    while day <= last:
        yield day
        day = day_after(day)


def _stakes(sql: Sql, channel_id: int, from_ms: int) -> tuple[Stake, ...]:
    return tuple(
        Stake._make((*row[:6], json.loads(row[6]), json.loads(row[7] or "{}")))
        for row in sql.rows(_STAKES, channel_id, from_ms)
    )


_JOB_OF = {"interest": MAINTENANCE, "decay": MAINTENANCE, "competition": COMPETITIONS}


def _moved(
    moves: Iterator[Move], stakes: tuple[Stake, ...]
) -> tuple[Counter[int], Counter[int], set[tuple[str, int]]]:
    """By how much the window has changed each account and each lifetime of earning.

    And which daily jobs have left rows, by the time of these.
    """
    nets = {
        (each.account, each.settled_at_ms, each.payout_z): each.stake_z
        for each in stakes
        if not is_among_players(each.game)
    }
    paid_at: set[tuple[str, int]] = set()
    moved: Counter[int] = Counter()
    earned: Counter[int] = Counter()
    for move in moves:
        moved[move.debit] -= move.amount_z
        moved[move.credit] += move.amount_z
        job = _JOB_OF.get(move.credit_type or move.debit_type or "")
        if job is not None:
            paid_at.add((job, move.at_ms))
        if move.debit_type is not None:
            gone = counters_of(move.debit_type, -move.amount_z)
            earned[move.debit] += gone.lifetime_earned_z
        if move.credit_type is not None:
            stake_z = nets.get((move.credit, move.at_ms, move.amount_z), move.amount_z)
            net_z = max(0, move.amount_z - stake_z)
            come = counters_of(move.credit_type, move.amount_z, net_z)
            earned[move.credit] += come.lifetime_earned_z
    return moved, earned, paid_at


def _won(
    sql: Sql, channel_id: int, from_ms: int
) -> tuple[Mapping[int, set[str]], Mapping[int, set[str]]]:
    """The achievements of before the window and of within it, by account."""
    before: dict[int, set[str]] = defaultdict(set)
    since: dict[int, set[str]] = defaultdict(set)
    for account, achievement_id, at_ms in sql.rows(_WON, channel_id):
        (before if at_ms < from_ms else since)[account].add(achievement_id)
    return before, since


def _activity(sql: Sql, channel_id: int, from_day: str) -> dict[str, tuple[Activity, ...]]:
    found: dict[str, list[Activity]] = defaultdict(list)
    for day, account, *values in sql.rows(_ACTIVITY, channel_id, from_day):
        found[day].append(Activity(account, dict(zip(FIELDS, values, strict=True))))
    return {day: tuple(each) for day, each in found.items()}
