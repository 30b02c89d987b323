"""The one cache of account rows: read once, kept while used, written once a batch.

Every operation finds accounts here and changes them here; `write` puts what has changed into the
tables, inside the transaction of the batch. A rollback forgets everything. Statements over many
rows see the tables as they are after `write`, which `Tx.query` takes care of.

The cache is the only writer of both tables, so it writes values and not differences; a balance is
written only over the balance that was read.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Final

from kryten_economy.ledger.account import (
    COUNTERS,
    DAY_SUMS,
    MONEY,
    OF_MINUTES,
    PROFILE,
    READ,
    TALLIES,
    Account,
    Day,
)
from kryten_economy.ledger.channels import Channel, SystemKind
from kryten_economy.ledger.statements import Row, RowUpdate, Sql
from kryten_economy.refusals import BALANCE_MAX_Z
from kryten_economy.transaction_types import Counters

__all__ = ("Accounts",)

ACCOUNTS_MAX: Final = 65_536
"""So many rows stay known: 20,000 sessions fit three times; each costs about a kilobyte."""

_SELECT = f"""
    SELECT a.channel_id, {", ".join(f"a.{column}" for column in READ)},
        s.current_daily_streak, s.last_streak_date,
        EXISTS (
            SELECT 1 FROM banned_users AS b WHERE b.channel_id = a.channel_id AND b.name = a.name
        ),
        (
            SELECT coalesce(p.until_ms, 0) FROM panic AS p
            WHERE p.channel_id = a.channel_id AND p.what = 'freeze' AND p.name = a.name
        ),
        (SELECT json_group_array(w.achievement_id) FROM achievement AS w WHERE w.account_id = a.id)
    FROM account AS a LEFT JOIN streaks AS s ON s.account_id = a.id
"""  # noqa: S608 - put together from constants
_FIND = _SELECT + "WHERE a.channel_id = ?1 AND a.kind = 'wallet' AND a.name = ?2"
_FIND_ID = _SELECT + "WHERE a.id = ?1"
_AMONG = "a.channel_id = ?1 AND a.kind = 'wallet' AND a.name IN (SELECT value FROM json_each(?2))"
_FIND_MANY = f"{_SELECT} WHERE {_AMONG}"
_OPEN = """
    INSERT INTO account (channel_id, kind, name, display_name, first_seen_ms, last_seen_ms)
    VALUES (?1, 'wallet', ?2, ?3, ?4, ?4)
"""
_DAY_COLUMNS = ", ".join(COUNTERS)
_DAY = f"SELECT {_DAY_COLUMNS} FROM daily_activity WHERE channel_id=? AND day=? AND account_id=?"  # noqa: S608
_DAY_MANY = f"""
    SELECT account_id, {_DAY_COLUMNS} FROM daily_activity
    WHERE channel_id = ?1 AND day = ?2 AND account_id IN (SELECT value FROM json_each(?3))
"""  # noqa: S608 - put together from constants
_PUT_MONEY = RowUpdate("account", ("id", "balance_z"), MONEY)
_PUT_TALLIES = RowUpdate("account", ("id", "balance_z"), (*MONEY, *TALLIES))
_PUT_PROFILE = RowUpdate("account", ("id",), PROFILE)
_PUT_DAY = f"""
    INSERT INTO daily_activity (channel_id, day, account_id, {_DAY_COLUMNS})
    VALUES ({", ".join("?" * (len(COUNTERS) + 3))})
    ON CONFLICT DO UPDATE SET {", ".join(f"{each} = excluded.{each}" for each in COUNTERS)}
"""  # noqa: S608 - put together from constants
_KEY_OF_DAY = ("channel_id", "day", "account_id")
_CHANGE_DAY = RowUpdate("daily_activity", _KEY_OF_DAY, COUNTERS)
_CHANGE_SUMS = RowUpdate("daily_activity", _KEY_OF_DAY, DAY_SUMS)
_PUT_MINUTES = RowUpdate("daily_activity", _KEY_OF_DAY, OF_MINUTES)

_money_of = attrgetter("id", "balance_written_z", *MONEY)
_tallies_of = attrgetter("id", "balance_written_z", *MONEY, *TALLIES)
_profile_of = attrgetter("id", *PROFILE)
_day_of = attrgetter("account.channel.id", "day", "account.id", *COUNTERS)
_sums_of = attrgetter("account.channel.id", "day", "account.id", *DAY_SUMS)
_minutes_of = attrgetter("account.channel.id", "day", "account.id", *OF_MINUTES)


class Accounts:
    """The accounts on the writing connection."""

    def __init__(self, sql: Sql) -> None:
        self._sql = sql
        self.forget()

    def forget(self) -> None:
        """Drop everything, pending or not."""
        self._wallets: dict[tuple[int, str], Account | None] = {}
        self._by_id: dict[int, Account] = {}
        self._changed: list[Account] = []
        self._profiles: list[Account] = []
        self._days: list[Day] = []
        self._moved_z = 0

    # Finding

    def find(self, channel: Channel, name: str, day: str) -> Account | None:
        """The wallet of a lower-case name with its facts on ``day``, or None.

        ``day`` "" asks for no day in particular.
        """
        key = (channel.id, name)
        try:
            account = self._wallets[key]
        except KeyError:
            row = self._sql.row(_FIND, channel.id, name)
            account = None if row is None else self._keep(Account(channel, row))
            self._wallets[key] = account
        if account is not None:
            self._turn(account, day)
        return account

    def find_many(self, channel: Channel, names: Sequence[str], day: str) -> list[Account | None]:
        """As `find`, with all that is not known yet read at once."""
        wallets, channel_id = self._wallets, channel.id
        found = [wallets.get((channel_id, name)) for name in names]
        if None in found:
            asked = [name for name, known in zip(names, found, strict=True) if known is None]
            for row in self._sql.rows(_FIND_MANY, channel_id, json.dumps(asked)):
                read = self._keep(Account(channel, row))
                wallets[channel_id, read.name] = read
            found = [wallets.get((channel_id, name)) for name in names]
        self._read_day({each.id: each for each in found if each and day not in each.days}, day)
        for account in found:
            if account is not None:
                self._turn(account, day)
        return found

    def _read_day(self, turning: Mapping[int, Account], day: str) -> None:
        if len(turning) > 1:
            channel_id = next(iter(turning.values())).channel.id
            rows = self._sql.rows(_DAY_MANY, channel_id, day, json.dumps(list(turning)))
            known: dict[int, Row] = {row[0]: row[1:] for row in rows}
            for account_id, account in turning.items():
                account.days[day] = Day(account, day, known.get(account_id))

    def open(self, channel: Channel, name: str, display_name: str, day: str, at_ms: int) -> Account:
        """A new wallet; the display name must be the key in another casing."""
        self._sql.run(_OPEN, channel.id, name, display_name, at_ms)
        self._wallets.pop((channel.id, name), None)
        opened = self.find(channel, name, day)
        assert opened is not None, name
        self.touch(opened)
        return opened

    def system(self, channel: Channel, kind: SystemKind) -> Account:
        """The channel's mint, sink, house or escrow."""
        account_id = channel.system(kind)
        account = self._by_id.get(account_id)
        if account is None:
            account = self._keep(Account(channel, self._sql.only(_FIND_ID, account_id)))
            account.today = Day(account, "", None)
        return account

    def _keep(self, account: Account) -> Account:
        self._by_id[account.id] = account
        return account

    def day(self, account: Account, day: str) -> Day:
        """What the account did on a day, which need not be the one it was found for."""
        known = account.days.get(day)
        if known is None:
            row = self._sql.row(_DAY, account.channel.id, day, account.id)
            known = account.days[day] = Day(account, day, row)
        return known

    def _turn(self, account: Account, day: str) -> None:
        try:
            today = account.today
        except AttributeError:
            account.today = self.day(account, day)
            return
        if day and today.day != day:
            account.today = self.day(account, day)
            account._snapshot = None  # noqa: SLF001 - the cache and its rows are one

    # Changing

    def touch(self, account: Account, *, profile: bool = False, tallies: bool = False) -> None:
        """Have the row written.

        ``tallies`` says that what spending, games and tips count has changed, ``profile`` that
        more than those, money and times has.
        """
        account._snapshot = None  # noqa: SLF001 - the cache and its rows are one
        if tallies:
            account.is_tallied = True
        if not account.is_changed:
            account.is_changed = True
            self._changed.append(account)
        if profile and not account.is_profile_changed:
            account.is_profile_changed = True
            self._profiles.append(account)

    def rename(self, account: Account, display_name: str) -> None:
        """Keep how the user spells their own name."""
        if account.display_name != display_name:
            account.display_name = display_name
            self.touch(account, profile=True)

    def count(self, day: Day, counter: str, by: int = 1) -> None:
        """Raise or lower one of the day's counters, named as its column; never below 0."""
        setattr(day, counter, _bounded(getattr(day, counter), by))
        self.touch_day(day, minutes_only=counter in OF_MINUTES)

    def touch_day(self, day: Day, *, minutes_only: bool = False) -> None:
        """Have the row of a day written; ``minutes_only`` says that only `OF_MINUTES` changed."""
        if minutes_only:
            day.is_counted = True
        else:
            day.is_active = True
        self._change(day)
        self.touch(day.account)

    def _change(self, day: Day) -> None:
        if not day.is_changed:
            day.is_changed = True
            self._days.append(day)

    def move(self, account: Account, delta_z: int) -> None:
        """Change a balance by what the caller has found to be possible."""
        account.balance_z += delta_z
        assert abs(account.balance_z) <= BALANCE_MAX_Z, (account.id, delta_z)
        assert account.balance_z >= 0 or account.kind in ("mint", "sink", "house"), (
            account.id,
            delta_z,
        )
        self._moved_z += delta_z
        if not account.is_changed:
            self.touch(account)
        else:
            account._snapshot = None  # noqa: SLF001 - the cache and its rows are one

    def tally(self, account: Account, counters: Counters, day: str) -> None:
        """Raise or lower the lifetime counters, and those of the day they belong to."""
        if counters.lifetime_earned_z:
            by_z = counters.lifetime_earned_z
            account.lifetime_earned_z = _bounded(account.lifetime_earned_z, by_z)
        if counters.z_earned:
            today = self.day(account, day)
            today.z_earned = _bounded(today.z_earned, counters.z_earned)
            self._change(today)
        if counters.only_earns:
            self.touch(account)
            return
        account.lifetime_spent_z = _bounded(account.lifetime_spent_z, counters.lifetime_spent_z)
        account.lifetime_gambled_in_z = _bounded(
            account.lifetime_gambled_in_z, counters.lifetime_gambled_in_z
        )
        account.lifetime_gambled_out_z = _bounded(
            account.lifetime_gambled_out_z, counters.lifetime_gambled_out_z
        )
        account.biggest_win_z = max(account.biggest_win_z, counters.biggest_win_z)
        self.touch(account, tallies=True)
        for counter in ("z_spent", "z_gambled_in", "z_gambled_out", "tips_sent_z"):
            if by := getattr(counters, counter):
                today = self.day(account, day)
                setattr(today, counter, _bounded(getattr(today, counter), by))
                today.is_moved = True
                self._change(today)

    def earn(self, account: Account, amount_z: int, transfer_id: int, day: str) -> None:
        """Take in what was earned: as `move` and `tally`, in one go for the crowd of a minute."""
        account.balance_z = balance_z = account.balance_z + amount_z
        assert 0 <= balance_z <= BALANCE_MAX_Z, (account.id, amount_z)
        self._moved_z += amount_z
        account.last_transfer = transfer_id
        earned_z = account.lifetime_earned_z + amount_z
        account.lifetime_earned_z = min(BALANCE_MAX_Z, earned_z)
        today = account.today
        if today.day != day:
            today = self.day(account, day)
        earned_z = today.z_earned + amount_z
        today.z_earned = min(BALANCE_MAX_Z, earned_z)
        if not today.is_changed:
            self.touch_day(today, minutes_only=True)
        else:
            account._snapshot = None  # noqa: SLF001 - the cache and its rows are one

    # Writing

    def write(self) -> list[Account]:
        """Put what has changed into the tables; answers whose accounts have changed."""
        assert self._moved_z == 0, f"accounts are off balance by {self._moved_z} Z"
        changed = self._changed
        if not changed:
            return []
        tallied = [account for account in changed if account.is_tallied]
        plain = [account for account in changed if not account.is_tallied] if tallied else changed
        update = self._sql.update
        update(_PUT_MONEY, [*map(_money_of, plain)])
        update(_PUT_TALLIES, [*map(_tallies_of, tallied)])
        update(_PUT_PROFILE, [*map(_profile_of, self._profiles)])
        for account in changed:
            account.balance_written_z = account.balance_z
            account.is_changed = account.is_profile_changed = account.is_tallied = False
        self._changed, self._profiles = [], []
        self._write_days()
        return changed

    def _write_days(self) -> None:
        """Of a day that has its row, what has changed is written and no more."""
        days, self._days = self._days, []
        fresh: list[Day] = []
        whole: list[Day] = []
        counted: list[Day] = []
        moved: list[Day] = []
        for day in days:
            if not day.is_stored:
                fresh.append(day)
            elif day.is_active or (day.is_counted and day.is_moved):
                whole.append(day)
            else:
                (counted if day.is_counted else moved).append(day)
            day.is_changed = day.is_active = day.is_counted = day.is_moved = False
            day.is_stored = True
        update = self._sql.update
        self._sql.insert(_PUT_DAY, [*map(_day_of, fresh)])
        update(_CHANGE_DAY, [*map(_day_of, whole)])
        update(_PUT_MINUTES, [*map(_minutes_of, counted)])
        update(_CHANGE_SUMS, [*map(_sums_of, moved)])

    def shrink(self) -> None:
        """Stay within bounds; to be called when nothing is pending and no request runs."""
        if len(self._wallets) > ACCOUNTS_MAX:
            self.forget()
            return

    def drop(self, account: Account) -> None:
        """Read an account anew next time; everything about it must have been written."""
        self._wallets.pop((account.channel.id, account.name), None)
        self._by_id.pop(account.id, None)

    def forget_days(self, accounts: Iterable[Account]) -> None:
        """Of each account only the day it was last asked for stays known."""
        for account in accounts:
            if len(account.days) > 1:
                account.days = {account.today.day: account.today}


def _bounded(held_z: int, by_z: int) -> int:
    return min(max(0, held_z + by_z), BALANCE_MAX_Z)
