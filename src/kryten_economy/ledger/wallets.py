"""Users' accounts: finding, opening, changing balances and the counters that go with them.

A balance changes by one conditional update together with its lifetime counters; the daily
counters and the analytics of a trigger follow in the same transaction (`storage.md` 4).
Counters stop at `BALANCE_MAX_Z` instead of overflowing.
"""

import json
from typing import NamedTuple

from kryten_economy.ledger.answers import Wallet
from kryten_economy.ledger.journal import Journal
from kryten_economy.ledger.sqlite import Row, Sql
from kryten_economy.transaction_types import Counters
from kryten_economy.users import UserKey

__all__ = ("RAISE_DAY", "Holder", "Wallets", "wallet_of")

WALLET_COLUMNS = """
    a.id, a.display_name, a.balance_z, a.lifetime_earned_z, a.lifetime_spent_z,
    a.lifetime_gambled_in_z, a.lifetime_gambled_out_z, a.biggest_win_z,
    a.rank_name, a.cytube_level, a.quiet,
    EXISTS (
        SELECT 1 FROM banned_users AS b WHERE b.channel_id = a.channel_id AND b.name = a.name
    ),
    a.welcome_wallet_claimed, a.first_seen_ms, a.last_seen_ms, a.last_departure_ms,
    a.last_active_ms, a.lifetime_messages,
    coalesce((
        SELECT s.current_daily_streak FROM streaks AS s
        WHERE s.account_id = a.id AND s.last_streak_date >= date(?1, '-1 day')
    ), 0),
    coalesce((
        SELECT d.minutes_present FROM daily_activity AS d
        WHERE d.channel_id = a.channel_id AND d.day = ?1 AND d.account_id = a.id
    ), 0),
    a.rank_held_from_z,
    a.tip_recipients,
    a.tip_senders,
    a.last_transfer
"""

_FIND = f"""
    SELECT {WALLET_COLUMNS} FROM account AS a
    WHERE a.channel_id = ?2 AND a.kind = 'wallet' AND a.name = ?3
"""  # noqa: S608 - put together from constants
_OPEN = """
    INSERT INTO account (channel_id, kind, name, display_name, first_seen_ms, last_seen_ms)
    VALUES (?1, 'wallet', ?2, ?3, ?4, ?4)
"""
_MOVE = """
    UPDATE account SET
        balance_z = balance_z + ?2,
        last_transfer = ?7,
        lifetime_earned_z = max(0, min(lifetime_earned_z + ?3, 4611686018427387904)),
        lifetime_spent_z = max(0, min(lifetime_spent_z + ?4, 4611686018427387904)),
        lifetime_gambled_in_z = max(0, min(lifetime_gambled_in_z + ?5, 4611686018427387904)),
        lifetime_gambled_out_z = max(0, min(lifetime_gambled_out_z + ?6, 4611686018427387904)),
        biggest_win_z = max(biggest_win_z, ?8)
    WHERE id = ?1 AND balance_z + ?2 BETWEEN 0 AND 4611686018427387904
    RETURNING
        balance_z, lifetime_earned_z, lifetime_spent_z, lifetime_gambled_in_z,
        lifetime_gambled_out_z, biggest_win_z
"""
RAISE_DAY = """
    INSERT INTO daily_activity (
        channel_id, day, account_id, z_earned, z_spent, z_gambled_in, z_gambled_out, tips_sent_z
    ) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET
        z_earned = min(z_earned + excluded.z_earned, 4611686018427387904),
        z_spent = min(z_spent + excluded.z_spent, 4611686018427387904),
        z_gambled_in = min(z_gambled_in + excluded.z_gambled_in, 4611686018427387904),
        z_gambled_out = min(z_gambled_out + excluded.z_gambled_out, 4611686018427387904),
        tips_sent_z = min(tips_sent_z + excluded.tips_sent_z, 4611686018427387904)
"""
_LOWER_DAY = """
    UPDATE daily_activity SET
        z_earned = max(0, z_earned + ?4),
        z_spent = max(0, z_spent + ?5),
        z_gambled_in = max(0, z_gambled_in + ?6),
        z_gambled_out = max(0, z_gambled_out + ?7),
        tips_sent_z = max(0, tips_sent_z + ?8)
    WHERE channel_id = ?1 AND day = ?2 AND account_id = ?3
"""
_MEET = "INSERT OR IGNORE INTO tip_pair (sender, recipient) VALUES (?, ?)"
_COUNT_MET = """
    UPDATE account SET
        tip_recipients = tip_recipients + (id = ?1), tip_senders = tip_senders + (id = ?2)
    WHERE id IN (?1, ?2)
"""
_HIT_USERS = """
    INSERT OR IGNORE INTO trigger_user (channel_id, day, trigger_id, account_id)
    SELECT ?1, ?2, ?3, each.value FROM json_each(?4) AS each WHERE NOT EXISTS (
        SELECT 1 FROM trigger_user
        WHERE channel_id = ?1 AND day = ?2 AND trigger_id = ?3 AND account_id = each.value
    )
"""
_HIT = """
    INSERT INTO trigger_analytics (
        channel_id, day, trigger_id, hit_count, unique_users, total_z_awarded
    ) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
    ON CONFLICT DO UPDATE SET
        hit_count = hit_count + ?4,
        unique_users = unique_users + ?5,
        total_z_awarded = min(total_z_awarded + ?6, 4611686018427387904)
"""


class Holder(NamedTuple):
    """A wallet's facts, its account, its channel, and the last link of its chain."""

    account_id: int
    channel_id: int
    facts: Wallet
    last_transfer: int | None

    @property
    def balance_z(self) -> int:
        """What the wallet holds."""
        return self.facts.balance_z


def wallet_of(user: UserKey, row: Row) -> Wallet:
    """The facts from a row of ``WALLET_COLUMNS``."""
    flags = (bool(row[10]), bool(row[11]), bool(row[12]))
    return Wallet._make((user, *row[1:10], *flags, *row[13:-1]))


class Wallets:
    """The users' accounts on the writing connection."""

    def __init__(self, sql: Sql, journal: Journal) -> None:
        self._sql = sql
        self._journal = journal

    def find(self, channel_id: int, user: UserKey, day: str) -> Holder | None:
        """The wallet with its facts on ``day``, or None."""
        row = self._sql.row(_FIND, day, channel_id, user.name)
        return None if row is None else Holder(row[0], channel_id, wallet_of(user, row), row[-1])

    def open(
        self, channel_id: int, user: UserKey, display_name: str, day: str, at_ms: int
    ) -> Holder:
        """A new account; the display name must be the key in another casing."""
        self._sql.run(_OPEN, channel_id, user.name, display_name, at_ms)
        opened = self.find(channel_id, user, day)
        assert opened is not None, user
        return opened

    def move(
        self, holder: Holder, delta_z: int, counters: Counters, day: str, transfer_id: int | None
    ) -> Holder:
        """Change a balance by what the caller has found to be possible, with all counters.

        ``counters`` that fall belong to ``day`` as well: the day of the spend they undo.
        """
        account_id, channel_id, facts, _ = holder
        row = self._sql.row(
            _MOVE, account_id, delta_z, *counters[:4], transfer_id, counters.biggest_win_z
        )
        assert row is not None, (holder, delta_z)
        self._journal.moved_wallet(delta_z)
        if any(counters.of_day):
            self.count_day(holder, counters, day)
        moved = Wallet._make((*facts[:2], *row, *facts[8:]))
        return Holder(account_id, channel_id, moved, transfer_id)

    def count(self, holder: Holder, counters: Counters, day: str) -> Holder:
        """Raise or lower counters where no money moves."""
        return self.move(holder, 0, counters, day, holder.last_transfer)

    def met_first(self, sender: int, recipient: int) -> bool:
        """An account has tipped another; whether for the first time, which is counted."""
        self._sql.run(_MEET, sender, recipient)
        if not self._sql.changed():
            return False
        self._sql.run(_COUNT_MET, sender, recipient)
        return True

    def count_day(self, holder: Holder, counters: Counters, day: str) -> None:
        """Raise or lower the daily counters, never below 0."""
        of_day = counters.of_day
        statement = _LOWER_DAY if min(of_day) < 0 else RAISE_DAY
        self._sql.run(statement, holder.channel_id, day, holder.account_id, *of_day)

    def hit(self, holder: Holder, trigger_id: str, amount_z: int, day: str) -> None:
        """Count a paid trigger: the hit, the distinct user, the amount."""
        self.hit_many(holder.channel_id, [holder.account_id], trigger_id, amount_z, day)

    def hit_many(
        self,
        channel_id: int,
        account_ids: list[int],
        trigger_id: str,
        amount_z: int,
        day: str,
        *,
        hits: int | None = None,
    ) -> None:
        """Count a trigger that paid several users once each, or ``hits`` times in all."""
        self._sql.run(_HIT_USERS, channel_id, day, trigger_id, json.dumps(account_ids))
        fresh = self._sql.changed()
        count = len(account_ids) if hits is None else hits
        self._sql.run(_HIT, channel_id, day, trigger_id, count, fresh, amount_z)
