"""What digests tell: users of their day, operators of their week (`progression.md` 5).

Days are summed from the counters of each day. What no counter has (what was bought, jackpots,
streaks) is read from the transfers of the week, once a week.
"""

import json
from collections import Counter
from collections.abc import Collection
from typing import NamedTuple

from kryten_economy.calendar import Calendar, day_after
from kryten_economy.features.games.returns import House, house_of
from kryten_economy.features.reports.figures import of_one_moment
from kryten_economy.features.reports.queries import Reports
from kryten_economy.features.reports.rows import DayTotals, EarnerRow, TriggerRow
from kryten_economy.features.reports.rules import days_back
from kryten_economy.features.reports.snapshots import Snapshot, snapshots_between
from kryten_economy.ledger.channels import Reader
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.transaction_types import kind_of_spend

__all__ = ("DayOfUser", "Notable", "WeekOfChannel", "days_of_users", "week_of")

DAYS = 7
TOP = 5
_HOUR_MS = 3_600_000

_CHANNEL = "(SELECT id FROM channel WHERE name = ?1)"


# Users


class DayOfUser(NamedTuple):
    """What somebody has earned and spent on a day, and earned in the seven days up to it.

    ``wallet`` is as it is now.
    """

    wallet: Wallet
    earned_z: int
    spent_z: int
    week_earned_z: int


_DAYS = f"""
    SELECT a.name, d.z_earned, d.z_spent, (
        SELECT sum(w.z_earned) FROM daily_activity AS w
        WHERE w.account_id = a.id AND w.day BETWEEN ?3 AND ?4
    )
    FROM json_each(?2) AS each CROSS JOIN account AS a
    ON a.kind = 'wallet' AND a.channel_id = {_CHANNEL} AND a.name = each.value
    JOIN daily_activity AS d ON d.account_id = a.id AND d.day = ?4 AND d.channel_id = a.channel_id
"""  # noqa: S608 - put together from constants


def days_of_users(
    reports: Reports, channel: str, names: Collection[str], day: str, today: str
) -> tuple[DayOfUser, ...]:
    """The day of those among ``names`` (lower case) who did anything on it."""
    with of_one_moment(reports):
        listed = json.dumps(sorted(names))
        rows = reports.sql.rows(_DAYS, channel, listed, days_back(day, DAYS - 1), day)
        wallets = reports.wallets(channel, today, [name for name, *_ in rows])
        return tuple(DayOfUser(wallets[name], *sums) for name, *sums in rows)


# Operators


class Notable(NamedTuple):
    """How often something special has happened."""

    jackpots: int
    promotions: int
    streaks: int


class WeekOfChannel(NamedTuple):
    """A channel in the days from ``first_day`` to ``last_day``; amounts in Z.

    ``participation`` is the mean of the days on which anybody was there, ``before`` that of as
    many days before; None where nobody was. ``spends`` are by what was bought, before refunds.
    ``house`` is of all time, ``rounds`` and ``totals`` of the week.
    """

    first_day: str
    last_day: str
    totals: DayTotals
    circulation_z: int
    snapshots: tuple[Snapshot, ...]
    participation: float | None
    before: float | None
    earners: tuple[EarnerRow, ...]
    spenders: tuple[EarnerRow, ...]
    spends: tuple[tuple[str, int], ...]
    triggers: tuple[TriggerRow, ...]
    rounds: int
    house: House
    notable: Notable

    @property
    def change_z(self) -> int | None:
        """Between the first and the last snapshot; None where there are not two."""
        if len(self.snapshots) < 2:
            return None
        first, last = self.snapshots[0], self.snapshots[-1]
        return last.total_z_circulation - first.total_z_circulation

    @property
    def edge_percent(self) -> float:
        """The part of the week's stakes that the games have kept; 0 if nothing was staked."""
        staked_z, paid_z = self.totals.gambled_in_z, self.totals.gambled_out_z
        return 100 * (staked_z - paid_z) / staked_z if staked_z else 0.0


def week_of(
    reports: Reports, channel: str, calendar: Calendar, today: str, jackpot_z: int, now_ms: int
) -> WeekOfChannel:
    """The seven full days before ``today``; payouts of spins from ``jackpot_z`` are jackpots."""
    first_day, last_day = days_back(today, DAYS), days_back(today, 1)
    from_ms, until_ms = calendar.day_start_ms(first_day), calendar.day_start_ms(today)
    days = (channel, first_day, last_day)
    with of_one_moment(reports):
        moves = _Moves(reports, channel, from_ms, until_ms)
        (promotions,) = reports.sql.only(_PROMOTIONS, *days)
        (rounds,) = reports.sql.only(_ROUNDS, channel, from_ms, until_ms)
        return WeekOfChannel(
            first_day=first_day,
            last_day=last_day,
            totals=reports.daily_totals(*days),
            circulation_z=reports.float_of(channel).float_z,
            snapshots=snapshots_between(reports, channel, from_ms, now_ms),
            participation=_participation(reports, *days),
            before=_participation(
                reports, channel, days_back(first_day, DAYS), days_back(first_day, 1)
            ),
            earners=_top(reports, "z_earned", *days),
            spenders=_top(reports, "z_spent", *days),
            spends=moves.spends(),
            triggers=reports.triggers(*days),
            rounds=rounds,
            house=house_of(reports, channel),
            notable=Notable(moves.jackpots(jackpot_z), promotions, moves.streaks()),
        )


_PROMOTIONS = f"""
    SELECT coalesce(sum(promotions), 0) FROM rank_promotions
    WHERE channel_id = {_CHANNEL} AND day BETWEEN ?2 AND ?3
"""  # noqa: S608 - put together from constants
_ROUNDS = f"""
    SELECT count(*) FROM game_round AS r JOIN game_stake AS s ON s.round_id = r.id
    JOIN game_stats AS counted ON counted.account_id = s.account_id AND counted.game = r.game
    WHERE r.channel_id = {_CHANNEL} AND r.state = 'settled'
    AND r.settled_at_ms >= ?2 AND r.settled_at_ms < ?3
"""  # noqa: S608 - put together from constants
_TOP = f"""
    SELECT a.display_name, sum(d.{{0}}) AS total
    FROM daily_activity AS d JOIN account AS a ON a.id = d.account_id
    WHERE d.channel_id = {_CHANNEL} AND d.day BETWEEN ?2 AND ?3
    GROUP BY a.id HAVING total > 0 ORDER BY total DESC, a.name LIMIT ?4
"""  # noqa: S608 - put together from constants


def _top(
    reader: Reader, counter: str, channel: str, first: str, last: str
) -> tuple[EarnerRow, ...]:
    rows = reader.sql.rows(_TOP.format(counter), channel, first, last, TOP)
    return tuple(map(EarnerRow._make, rows))


def _participation(reports: Reports, channel: str, first_day: str, last_day: str) -> float | None:
    rates, day = [], first_day
    while day <= last_day:
        found = reports.participation(channel, day)
        if found.present:
            rates.append(min(100.0, 100 * found.economy_users / found.present))
        day = day_after(day)
    return sum(rates) / len(rates) if rates else None


_FIRST_AFTER = "SELECT id, created_at_ms FROM transfer WHERE id >= ? ORDER BY id LIMIT 1"
_LAST = "SELECT coalesce(max(id), 0) FROM transfer"
_RANGE = f"""
    FROM transfer WHERE channel_id = {_CHANNEL} AND id >= ?4
    AND created_at_ms >= ?2 AND created_at_ms < ?3
"""
_SPENDS = f"""
    SELECT debit_trigger, sum(amount_z) {_RANGE} AND debit_type = 'spend' GROUP BY debit_trigger
"""
_JACKPOTS = f"""
    SELECT count(*) {_RANGE}
    AND credit_type = 'gamble_win' AND credit_trigger = 'gambling.spin' AND amount_z >= ?5
"""
_STREAKS = f"SELECT count(*) {_RANGE} AND credit_trigger GLOB 'streak.milestone.*'"


class _Moves:
    """The transfers of a time. They have no index by time, but their numbers follow it.

    A clock that was set back puts some out of order; an hour more is looked through for that.
    """

    def __init__(self, reader: Reader, channel: str, from_ms: int, until_ms: int) -> None:
        self._sql = reader.sql
        self._range = (channel, from_ms, until_ms, self._first_since(from_ms - _HOUR_MS))

    def _first_since(self, at_ms: int) -> int:
        low, high = 1, self._sql.only(_LAST)[0] + 1
        while low < high:
            middle = (low + high) // 2
            row = self._sql.row(_FIRST_AFTER, middle)
            if row is None or row[1] >= at_ms:
                high = middle
            else:
                low = row[0] + 1
        return low

    def spends(self) -> tuple[tuple[str, int], ...]:
        """Z by what was bought, the largest first."""
        found: Counter[str] = Counter()
        for trigger_id, amount_z in self._sql.rows(_SPENDS, *self._range):
            found[kind_of_spend(trigger_id)] += amount_z
        return tuple(sorted(found.items(), key=lambda each: (-each[1], each[0])))

    def jackpots(self, from_z: int) -> int:
        """Spins that have paid at least so much."""
        return int(self._sql.only(_JACKPOTS, *self._range, from_z)[0])

    def streaks(self) -> int:
        """Bonuses for days in a row."""
        return int(self._sql.only(_STREAKS, *self._range)[0])
