"""What a business act works with inside the one transaction of its batch.

Small rows that talk and games touch again and again: read once, written once a batch.

A feature names its table once, as a `CachedTable`; `Tx.cached` gives it the rows. Keys and values
are tuples in the order of the statements.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

import apsw

from kryten_economy.ledger.account import Account
from kryten_economy.ledger.accounts import Accounts
from kryten_economy.ledger.channels import Channel, Channels, SystemKind
from kryten_economy.ledger.facts import Analytics, Facts, Posting, TriggerHits
from kryten_economy.ledger.journal import Journal
from kryten_economy.ledger.statements import Row, Sql, Value
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.refusals import Banned, Halted, Level, ReadOnly, barred
from kryten_economy.users import UserKey

__all__ = (
    "CachedRows",
    "CachedTable",
    "Tx",
)

ROWS_MAX: Final = 65_536

K = TypeVar("K", bound=tuple[Value, ...])
V = TypeVar("V", bound=tuple[Value, ...])


@dataclass(frozen=True, slots=True, eq=False)
class CachedTable(Generic[K, V]):
    """How a row is read by its key, and how key and value together are stored.

    ``insert`` makes a row. Where there is no ``update``, which is for rows that are known to be
    there, it also overwrites one.

    Each is itself only, so that looking up its rows compares no statements.
    """

    select: str
    insert: str
    update: str | None = None


class CachedRows(Generic[K, V]):
    """The rows of one table on the writing connection."""

    def __init__(self, sql: Sql, table: CachedTable[K, V]) -> None:
        self._sql = sql
        self._table = table
        self._rows: dict[K, V | None] = {}
        self._changed: dict[K, bool] = {}
        """Whether the row may have to be made."""

    def get(self, key: K) -> V | None:
        """The value, or None where there is no row."""
        try:
            return self._rows[key]
        except KeyError:
            value: V | None = self._sql.row(self._table.select, *key)  # type: ignore[assignment]
            self._rows[key] = value
            return value

    def put(self, key: K, value: V) -> None:
        """Store a value."""
        if key not in self._changed:
            self._changed[key] = self._rows.get(key) is None
        self._rows[key] = value

    def write(self) -> None:
        """Put what has changed into the table."""
        if not self._changed:
            return
        made: list[tuple[Value, ...]] = []
        updated: list[tuple[Value, ...]] = []
        for key, is_new in self._changed.items():
            value = self._rows[key]
            assert value is not None, key
            (made if is_new or self._table.update is None else updated).append((*key, *value))
        if made:
            self._sql.insert(self._table.insert, made)
        if updated:
            assert self._table.update is not None
            self._sql.update(self._table.update, updated)
        self._changed = {}
        if len(self._rows) > ROWS_MAX:
            self._rows = {}


_BARRED = """
    SELECT
        EXISTS (SELECT 1 FROM banned_users WHERE channel_id = ?1 AND name = ?2),
        (
            SELECT coalesce(until_ms, 0) FROM panic
            WHERE channel_id = ?1 AND what = 'freeze' AND name = ?2
        )
"""


class Tx:
    """The parts of the books on the writing connection."""

    def __init__(self, connection: apsw.Connection) -> None:
        self.sql = Sql(connection)
        self.journal = Journal(self.sql)
        self.channels = Channels(self.sql)
        self.accounts = Accounts(self.sql)
        self.analytics = Analytics(self.sql, self.accounts)
        self.postings: list[Posting] = []
        self._cached: dict[CachedTable[Any, Any], CachedRows[Any, Any]] = {}
        self._told: _Told = _Told()

    # Finding

    def channel(self, name: str) -> Channel:
        """The channel, created with its system accounts if it is new."""
        return self.channels.get(name)

    def find(self, user: UserKey, day: str) -> Account | None:
        """The user's account, or None if there is none."""
        channel = self.channels.find(user.channel)
        return None if channel is None else self.accounts.find(channel, user.name, day)

    def find_or_open(self, user: UserKey, display_name: str, day: str, at_ms: int) -> Account:
        """The user's account, opened if there is none."""
        channel = self.channels.get(user.channel)
        found = self.accounts.find(channel, user.name, day)
        return found or self.accounts.open(channel, user.name, display_name, day, at_ms)

    def system(self, channel: Channel, kind: SystemKind) -> Account:
        """The channel's mint, sink, house or escrow."""
        return self.accounts.system(channel, kind)

    def wallet(self, user: UserKey, day: str) -> Wallet:
        """The wallet of an account that is known to exist."""
        account = self.find(user, day)
        assert account is not None, user
        return account.wallet

    def barred(self, channel: Channel, user: UserKey) -> Banned | None:
        """Why somebody takes no part in the economy, if so, with or without account."""
        is_banned, frozen_until_ms = self.sql.only(_BARRED, channel.id, user.name)
        return barred(user, frozen_until_ms, is_banned=bool(is_banned))

    def closed(self, channel: str | None) -> ReadOnly | None:
        """Why a channel takes no acts, if so."""
        if channel is None:
            return None
        known = self.channels.find(channel)
        if known is None or known.read_only is None:
            return None
        return ReadOnly(channel, known.read_only)

    def halted(self, channel: str | None, by: Collection[Level]) -> Halted | None:
        """Which of these levels an admin has set in a channel, the first of them, if any."""
        known = self.channels.find(channel) if channel is not None and by else None
        if known is None:
            return None
        halts = self.channels.halts(known.id)
        for what in by if halts else ():
            if what in halts:
                return Halted(known.name, "stopped by an admin", what, halts[what])
        return None

    def is_earning_paused(self, channel: Channel) -> bool:
        """Whether nobody is paid for being here, for talk, or by chance."""
        halts = self.channels.halts(channel.id)
        return bool(halts) and ("earning" in halts or "read-only" in halts)

    def cached(self, table: CachedTable[K, V]) -> CachedRows[K, V]:
        """The rows of a feature's table that are kept while they are used."""
        rows: CachedRows[K, V] | None = self._cached.get(table)
        if rows is None:
            rows = self._cached[table] = CachedRows(self.sql, table)
        return rows

    # Statements

    def run(self, statement: str, *values: Value) -> int:
        """Change rows of a table that is not cached; answers how many were."""
        self.sql.run(statement, *values)
        return self.sql.changed()

    def query(self, statement: str, *values: Value) -> list[Row]:
        """Read rows as they are with everything that has been done so far."""
        self.write()
        return self.sql.rows(statement, *values)

    # The end of a batch

    def write(self) -> None:
        """Write what is pending; afterwards the accounts add up or this raises."""
        written = self.accounts.write()
        self._told.changed |= dict.fromkeys(each for each in written if each.kind == "wallet")
        for rows in self._cached.values():
            rows.write()
        for channel, hits in self.analytics.write().items():
            self._told.add_hits(channel, hits)

    def finish(self) -> None:
        """Write everything of an act or batch, its operations and transfers too."""
        self.write()
        for key, by in self.journal.write().items():
            self._told.counts[key] = self._told.counts.get(key, 0) + by

    def forget(self) -> None:
        """Drop what was remembered of a transaction that was rolled back."""
        self.forget_rows()
        self._told = _Told()
        self.postings = []

    @contextmanager
    def alone(self) -> Iterator[None]:
        """For one act in a savepoint: if it fails, only what it did is not told.

        When the savepoint is rolled back, call `forget_rows`.
        """
        told, postings = self._told, self.postings
        self._told, self.postings = _Told(), []
        try:
            yield
        except BaseException:
            self._told, self.postings = told, postings
            raise
        self._told.freeze()
        told.add(self._told)
        self._told, self.postings = told, [*postings, *self.postings]

    def forget_rows(self) -> None:
        """Drop the rows that are known: after a rollback they may never have been."""
        self.accounts.forget()
        self.analytics.forget()
        self.journal.forget()
        self.channels.forget()
        self._cached.clear()

    def tell(self) -> tuple[tuple[Facts, ...], dict[str, int]]:
        """After the commit: what it has changed by channel, and the lifetime counters."""
        told, self._told = self._told, _Told()
        postings, self.postings = self.postings, []
        facts = told.facts(postings)
        self.accounts.forget_days(told.changed)
        self.accounts.shrink()
        return facts, told.counts


class _Told:
    """What has been written since the last commit."""

    def __init__(self) -> None:
        self.changed: dict[Account, None] = {}
        self.frozen: dict[UserKey, Wallet] = {}
        self.counts: dict[str, int] = {}
        self.hits: dict[str, dict[str, TriggerHits]] = {}

    def freeze(self) -> None:
        """Keep the wallets as they are now: a request that fails later has changed its accounts."""
        self.frozen |= {account.user: account.wallet for account in self.changed}
        self.changed.clear()

    def add(self, more: "_Told") -> None:
        self.frozen |= more.frozen
        for key, by in more.counts.items():
            self.counts[key] = self.counts.get(key, 0) + by
        for channel, hits in more.hits.items():
            self.add_hits(channel, hits)

    def add_hits(self, channel: str, more: dict[str, TriggerHits]) -> None:
        hits = self.hits.setdefault(channel, {})
        for trigger_id, by in more.items():
            known = hits.get(trigger_id, TriggerHits(0, 0))
            hits[trigger_id] = TriggerHits(known.hits + by.hits, known.amount_z + by.amount_z)

    def facts(self, postings: list[Posting]) -> tuple[Facts, ...]:
        wallets: dict[str, dict[str, Wallet]] = defaultdict(dict)
        for user, wallet in self.frozen.items():
            wallets[user.channel][user.name] = wallet
        for account in self.changed:
            wallets[account.channel.name][account.name] = account.wallet
        posted: dict[str, list[Posting]] = defaultdict(list)
        for posting in postings:
            posted[posting.user.channel].append(posting)
        return tuple(
            Facts(
                channel,
                tuple(posted.get(channel, ())),
                wallets.get(channel, {}),
                self.hits.get(channel, {}),
            )
            for channel in dict.fromkeys([*wallets, *posted, *self.hits])
        )
