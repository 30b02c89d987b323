"""Reports about users and their ledger rows. Every answer is bounded."""

import json
from collections.abc import Sequence

from kryten_economy.features.bans import BanState
from kryten_economy.features.reports.rows import AccountRow, EarnerRow, TransactionRow
from kryten_economy.ledger.channels import Reader
from kryten_economy.ledger.statements import Row
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.users import UserKey

__all__ = ("ROWS_MAX", "AccountReports", "bounded")


ROWS_MAX = 50_000
"""No report answers more rows than this."""


_WALLET_COLUMNS = """
    a.name, a.display_name, a.balance_z, a.lifetime_earned_z, a.lifetime_spent_z,
    a.lifetime_gambled_in_z, a.lifetime_gambled_out_z, a.biggest_win_z, a.rank_name,
    a.cytube_level, a.quiet,
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
    a.rank_held_from_z, a.tip_recipients, a.tip_senders, a.lifetime_minutes, a.emotes_used,
    (SELECT json_group_array(w.achievement_id) FROM achievement AS w WHERE w.account_id = a.id),
    ?1,
    (
        SELECT coalesce(p.until_ms, 0) FROM panic AS p
        WHERE p.channel_id = a.channel_id AND p.what = 'freeze' AND p.name = a.name
    )
"""
_ROW = """
    SELECT id, username, channel, amount, type, trigger_id, reason, related_user, metadata,
        created_at_ms, created_at, balance_after
    FROM transactions
"""


_HISTORY = f"""
    WITH RECURSIVE chain (id, length) AS (
        SELECT CASE WHEN ?4 IS NULL THEN last_transfer ELSE (
            SELECT CASE b.debit_account WHEN ?1 THEN b.debit_previous ELSE b.credit_previous END
            FROM transfer AS b
            WHERE b.id = (?4 + 1) / 2 AND ?1 IN (b.debit_account, b.credit_account)
        ) END, 1
        FROM account WHERE id = ?1
        UNION ALL
        SELECT
            CASE t.debit_account WHEN ?1 THEN t.debit_previous ELSE t.credit_previous END,
            c.length + 1
        FROM chain AS c JOIN transfer AS t ON t.id = c.id
        WHERE c.length < ?2 + ?3
    )
    {_ROW} WHERE transfer_id IN (SELECT id FROM chain WHERE length > ?3) AND account_id = ?1
    ORDER BY id DESC
"""  # noqa: S608 - put together from constants


_RECENT = f"""
    {_ROW} WHERE transfer_id IN (
        SELECT id FROM transfer
        WHERE channel_id = (SELECT id FROM channel WHERE name = ?1)
        AND coalesce(debit_after_z, credit_after_z) IS NOT NULL
        ORDER BY id DESC LIMIT ?2
    )
    ORDER BY id DESC LIMIT ?2
"""  # noqa: S608 - put together from constants


_ONE = f"{_ROW} WHERE transfer_id = (?1 + 1) / 2 AND id = ?1"


_WALLET = f"""
    SELECT {_WALLET_COLUMNS} FROM account AS a
    WHERE a.kind = 'wallet' AND a.channel_id = (SELECT id FROM channel WHERE name = ?2)
"""  # noqa: S608 - put together from constants


_WALLET_OF = _WALLET + "AND a.name = ?3"


_AMONG = "AND a.name IN (SELECT value FROM json_each(?3)) LIMIT ?4"


_WALLETS_OF = _WALLET + _AMONG


_WALLETS_FROM = _WALLET + (
    "AND a.name >= ?3 AND a.name < ?4 AND a.name > ?5 ORDER BY a.name LIMIT ?6"
)


_WALLETS = _WALLET + "ORDER BY a.last_seen_ms DESC LIMIT ?3"


_ACCOUNT_ID = """
    SELECT id FROM account
    WHERE kind = 'wallet' AND name = ?2 AND channel_id = (SELECT id FROM channel WHERE name = ?1)
"""


_ACCOUNTS = """
    SELECT a.display_name, a.balance_z, a.lifetime_earned_z, a.rank_name, a.rank_held_from_z
    FROM account AS a
    WHERE a.kind = 'wallet' AND a.channel_id = (SELECT id FROM channel WHERE name = ?1)
"""


_NOT_LEFT_OUT = """
    AND a.unlisted = 0
    AND NOT EXISTS (
        SELECT 1 FROM banned_users AS b WHERE b.channel_id = a.channel_id AND b.name = a.name
    )
    AND a.name NOT IN (SELECT value FROM json_each(?3))
"""


_SEARCH = _ACCOUNTS + "AND instr(a.name, ?2) > 0 ORDER BY a.balance_z DESC, a.name LIMIT ?3"


_RICHEST = (
    _ACCOUNTS + "AND a.balance_z > 0" + _NOT_LEFT_OUT + "ORDER BY a.balance_z DESC, a.name LIMIT ?2"
)


_TOP_LIFETIME = _ACCOUNTS + _NOT_LEFT_OUT + "ORDER BY a.lifetime_earned_z DESC, a.name LIMIT ?2"


_EARNERS = f"""
    SELECT a.display_name, d.z_earned FROM daily_activity AS d
    JOIN account AS a ON a.id = d.account_id
    WHERE d.channel_id = (SELECT id FROM channel WHERE name = ?1) AND d.day = ?4
    AND d.z_earned > 0 {_NOT_LEFT_OUT}
    ORDER BY d.z_earned DESC, a.name LIMIT ?2
"""  # noqa: S608 - put together from constants


_BANS = """
    SELECT b.name, b.display_name, b.banned_by, b.reason, b.banned_at_ms
    FROM banned_users AS b
    WHERE b.channel_id = (SELECT id FROM channel WHERE name = ?1)
    AND (?2 IS NULL OR b.name = ?2)
    ORDER BY b.name LIMIT ?3
"""


def _wallet_of(channel: str, row: Row) -> Wallet:
    """The facts from a row of ``_WALLET_COLUMNS``."""
    name, *facts, won, day, frozen_until_ms = row
    wallet = Wallet._make(
        (UserKey(channel, name), *facts, frozenset(json.loads(won)), day, frozen_until_ms)
    )
    return wallet._replace(
        quiet=bool(wallet.quiet),
        banned=bool(wallet.banned),
        welcome_wallet_claimed=bool(wallet.welcome_wallet_claimed),
    )


def bounded(limit: int) -> int:
    """A limit that is neither negative nor larger than ``ROWS_MAX``."""
    return max(0, min(limit, ROWS_MAX))


class AccountReports(Reader):
    """Questions about users."""

    def wallet(self, user: UserKey, day: str) -> Wallet | None:
        """One user's facts on ``day``; reading never creates an account."""
        row = self.sql.row(_WALLET_OF, day, *user)
        return None if row is None else _wallet_of(user.channel, row)

    def wallets(
        self, channel: str, day: str, names: Sequence[str] | None = None, limit: int = ROWS_MAX
    ) -> dict[str, Wallet]:
        """The facts by lower-case name: of these names, or of those last seen."""
        if names is None:
            rows = self.sql.rows(_WALLETS, day, channel, bounded(limit))
        else:
            rows = self.sql.rows(_WALLETS_OF, day, channel, json.dumps(names), bounded(limit))
        wallets = (_wallet_of(channel, row) for row in rows)
        return {wallet.user.name: wallet for wallet in wallets}

    def named_from(
        self, channel: str, day: str, beginning: str, limit: int, behind: str = ""
    ) -> tuple[Wallet, ...]:
        """Those whose names begin so, by name, behind the one that a page before ended with."""
        names = (beginning.lower(), beginning.lower() + "\x7f", behind.lower())
        rows = self.sql.rows(_WALLETS_FROM, day, channel, *names, bounded(limit))
        return tuple(_wallet_of(channel, row) for row in rows)

    def transactions(
        self, user: UserKey, limit: int = 50, offset: int = 0, *, before: int | None = None
    ) -> tuple[TransactionRow, ...]:
        """A user's rows, newest first; with ``before`` those behind this row of theirs."""
        account = self.sql.row(_ACCOUNT_ID, *user)
        if account is None:
            return ()
        window = (bounded(limit), max(0, offset), before)
        return tuple(map(TransactionRow._make, self.sql.rows(_HISTORY, account[0], *window)))

    def transaction(self, transaction_id: int) -> TransactionRow | None:
        """One row by its id."""
        row = self.sql.row(_ONE, transaction_id)
        return None if row is None else TransactionRow._make(row)

    def recent(self, channel: str, limit: int = 50) -> tuple[TransactionRow, ...]:
        """A channel's rows, newest first."""
        return tuple(map(TransactionRow._make, self.sql.rows(_RECENT, channel, bounded(limit))))

    def search(self, channel: str, pattern: str = "", limit: int = 50) -> tuple[AccountRow, ...]:
        """Accounts whose name contains the text as it is, the richest first (P-OPS-11)."""
        rows = self.sql.rows(_SEARCH, channel, pattern.lower(), bounded(limit))
        return tuple(map(AccountRow._make, rows))

    def richest(
        self, channel: str, limit: int = 10, ignored: Sequence[str] = ()
    ) -> tuple[AccountRow, ...]:
        """The highest balances above 0.

        Left out are the banned, the ``ignored`` (lower case) and who wants to be on no board.
        """
        rows = self.sql.rows(_RICHEST, channel, bounded(limit), json.dumps(ignored))
        return tuple(map(AccountRow._make, rows))

    def top_lifetime(
        self, channel: str, limit: int = 10, ignored: Sequence[str] = ()
    ) -> tuple[AccountRow, ...]:
        """The highest lifetime earnings, likewise."""
        rows = self.sql.rows(_TOP_LIFETIME, channel, bounded(limit), json.dumps(ignored))
        return tuple(map(AccountRow._make, rows))

    def earners(
        self, channel: str, day: str, limit: int = 10, ignored: Sequence[str] = ()
    ) -> tuple[EarnerRow, ...]:
        """Who earned most on a day, likewise."""
        rows = self.sql.rows(_EARNERS, channel, bounded(limit), json.dumps(ignored), day)
        return tuple(map(EarnerRow._make, rows))

    def bans(self, channel: str, limit: int = 1_000) -> tuple[BanState, ...]:
        """Everybody banned, in name order."""
        return self._bans(channel, None, limit)

    def ban_of(self, user: UserKey) -> BanState | None:
        """The ban of one name, if any."""
        return next(iter(self._bans(user.channel, user.name, 1)), None)

    def _bans(self, channel: str, name: str | None, limit: int) -> tuple[BanState, ...]:
        rows = self.sql.rows(_BANS, channel, name, bounded(limit))
        return tuple(BanState(UserKey(channel, name), True, False, *about) for name, *about in rows)
