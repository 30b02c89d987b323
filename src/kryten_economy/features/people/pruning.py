"""Closes accounts that were opened once and never used.

An account that is closed gives what is left on it to the sink. Its row stays, without a name and
as no wallet any more, because the transfers that it took part in stay: without them the sums of
mint, sink and other people's wallets would not add up. Its part in rounds of games stays too:
others have played in them, and a round is proved from all its stakes. All else about the user is
removed, in the same transaction.

A closed account is no longer named; what other people's rows say of it is left to `forget`.
"""

from dataclasses import dataclass
from typing import NamedTuple

from kryten_economy.features.people.tables import Table, tables
from kryten_economy.ledger.channels import Reader
from kryten_economy.ledger.operation import Act, operation
from kryten_economy.ledger.posting import Entry, post
from kryten_economy.ledger.statements import Row, Value
from kryten_economy.ledger.tx import Tx
from kryten_economy.refusals import NoAccount
from kryten_economy.users import UserKey

__all__ = ("KEPT", "Candidate", "CloseAccount", "Closed", "Criteria", "candidates", "close_account")

KEPT = frozenset(
    {
        ("transfer", "debit_account"),
        ("transfer", "credit_account"),
        ("game_stake", "account_id"),
        ("bounty", "winner_id"),
    }
)
"""References to an account whose rows are not its owner's alone."""

_DAY_MS = 86_400_000

_UNUSED = """
    FROM account AS a JOIN channel AS c ON c.id = a.channel_id
    WHERE a.kind = 'wallet' AND c.name = ?1
    AND a.last_seen_ms < ?2 AND a.balance_z >= ?3
    AND (?4 IS NULL OR a.balance_z <= ?4)
    AND (?5 IS NULL OR a.lifetime_earned_z <= ?5)
    AND a.lifetime_spent_z = 0
    AND NOT EXISTS (
        SELECT 1 FROM banned_users AS b WHERE b.channel_id = c.id AND b.name = a.name
    )
    AND NOT EXISTS (SELECT 1 FROM vanity_item AS v WHERE v.account_id = a.id)
    AND NOT EXISTS (SELECT 1 FROM bounty AS y WHERE y.account_id = a.id AND y.state = 'open')
    AND NOT EXISTS (SELECT 1 FROM approval AS p WHERE p.account_id = a.id AND p.state = 'pending')
    AND NOT EXISTS (SELECT 1 FROM hold AS h WHERE h.account_id = a.id AND h.state = 'open')
    AND NOT EXISTS (
        SELECT 1 FROM game_stake AS s JOIN game_round AS r ON r.id = s.round_id
        WHERE s.account_id = a.id AND r.state IN ('open', 'drawn')
    )
"""
_CANDIDATES = f"""
    SELECT a.display_name, c.name, a.balance_z, a.lifetime_earned_z, a.lifetime_spent_z,
        a.first_seen_ms, a.last_seen_ms, a.last_active_ms, a.welcome_wallet_claimed
    {_UNUSED} ORDER BY a.name
"""
_STILL = f"SELECT 1 {_UNUSED} AND a.id = ?6"
_CHAIN = """
    WITH RECURSIVE chain (id, type, previous) AS (
        SELECT id,
            CASE debit_account WHEN ?1 THEN debit_type ELSE credit_type END,
            CASE debit_account WHEN ?1 THEN debit_previous ELSE credit_previous END
        FROM transfer WHERE id = (SELECT last_transfer FROM account WHERE id = ?1)
        UNION ALL
        SELECT t.id,
            CASE t.debit_account WHEN ?1 THEN t.debit_type ELSE t.credit_type END,
            CASE t.debit_account WHEN ?1 THEN t.debit_previous ELSE t.credit_previous END
        FROM chain AS c JOIN transfer AS t ON t.id = c.previous
    )
    SELECT count(*), count(*) FILTER (WHERE type IN ('tip_send', 'tip_receive')) FROM chain
"""
_STAKED = "id NOT IN (SELECT hold_id FROM game_stake WHERE account_id = ?1 AND hold_id IS NOT NULL)"
_GUARDS = """
    SELECT name, sql FROM sqlite_schema
    WHERE type = 'trigger' AND tbl_name = ? AND sql LIKE '%BEFORE DELETE%'
"""
_CLOSE = """
    UPDATE account SET kind = 'gone', name = ?2, display_name = ?2, rank_name = '', unlisted = 1
    WHERE id = ?1
"""
_AUDIT = """
    INSERT INTO audit_log (at_ms, admin, channel, command, arguments, result)
    VALUES (?, 'system', ?, 'prune', ?, ?)
"""
_NAMED_AFTER = "SELECT 1 FROM operation WHERE id > ?1 AND id < ?1 || '~' LIMIT 1"
_KEEPER = "SELECT name, sql FROM sqlite_schema WHERE name = 'operation_is_never_changed'"
_AWARDS = """
    UPDATE operation SET id = 'achievement:' || ?2 || ':' || ?3 || substr(id, length(?1))
    WHERE id > ?1 AND id < ?1 || '~'
"""


class Criteria(NamedTuple):
    """Which accounts are unused; None is no limit."""

    channel: str
    inactive_days: int = 30
    balance_min_z: int = 0
    balance_max_z: int | None = None
    earned_max_z: int | None = None

    def values(self, at_ms: int) -> tuple[Value, ...]:
        """As the conditions take them."""
        before_ms = at_ms - self.inactive_days * _DAY_MS
        return (
            self.channel,
            before_ms,
            self.balance_min_z,
            self.balance_max_z,
            self.earned_max_z,
        )


class Candidate(NamedTuple):
    """An account that would be closed."""

    display_name: str
    channel: str
    balance_z: int
    lifetime_earned_z: int
    lifetime_spent_z: int
    first_seen_ms: int
    last_seen_ms: int
    last_active_ms: int | None
    welcome_wallet_claimed: bool


def candidates(reader: Reader, criteria: Criteria, at_ms: int) -> list[Candidate]:
    """The accounts that nobody has used, by name."""
    rows = reader.sql.rows(_CANDIDATES, *criteria.values(at_ms))
    return [Candidate._make((*row[:-1], bool(row[-1]))) for row in rows]


@dataclass(frozen=True, slots=True)
class Closed:
    """What the sink has taken, and how many rows of the user there were in each table."""

    reclaimed_z: int
    transactions: int
    tips: int
    removed: dict[str, int]
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class CloseAccount(Act[Closed | NoAccount]):
    """Close one account if it is unused still."""

    op_id: str
    user: UserKey
    criteria: Criteria
    at_ms: int
    day: str


@operation
def close_account(tx: Tx, ask: CloseAccount) -> Closed | NoAccount:
    """Book the rest, remove the rows and take the name away."""
    account = tx.find(ask.user, ask.day)
    if account is None or not tx.query(_STILL, *ask.criteria.values(ask.at_ms), account.id):
        return NoAccount(ask.user)
    # What others of the batch have moved is counted as well.
    tx.finish()
    ((transactions, tips),) = tx.query(_CHAIN, account.id)
    reclaimed_z = account.balance_z
    if reclaimed_z:
        sink = tx.system(account.channel, "sink")
        reason = "Closed after a long absence"
        post(tx, account, -reclaimed_z, sink, Entry("prune", "prune", reason, ask.at_ms, ask.day))
    tx.write()
    tx.run("PRAGMA defer_foreign_keys = 1")
    removed = {}
    for table in tables(tx.sql):
        if count := _remove(tx, table, account.id):
            removed[table.name] = count
    _free_awards(tx, account.channel.name, account.name, account.id)
    tx.run(_CLOSE, account.id, f"gone-{account.id}")
    told = (f"gone-{account.id}", f"{reclaimed_z} Z to the sink")
    tx.run(_AUDIT, ask.at_ms, account.channel.name, *told)
    tx.accounts.drop(account)
    return Closed(reclaimed_z, transactions, tips, removed)


def _remove(tx: Tx, table: Table, account_id: int) -> int:
    columns = [each for each in table.accounts if (table.name, each) not in KEPT]
    if not columns:
        return 0
    owned = f"({' OR '.join(f'{column} = ?1' for column in columns)})"
    if table.name == "hold":
        owned += f" AND {_STAKED}"
    if not tx.query(f"SELECT 1 FROM {table.name} WHERE {owned} LIMIT 1", account_id):  # noqa: S608
        return 0
    guards: list[Row] = tx.query(_GUARDS, table.name)
    for name, _ in guards:
        tx.run(f"DROP TRIGGER {name}")
    count = tx.run(f"DELETE FROM {table.name} WHERE {owned}", account_id)  # noqa: S608
    for _, statement in guards:
        tx.run(statement)
    return count


def _free_awards(tx: Tx, channel: str, name: str, account_id: int) -> None:
    """Who comes back under the name may win everything again: its acts were named after it."""
    prefix = f"achievement:{channel}:{name}:"
    if tx.query(_NAMED_AFTER, prefix):
        ((keeper, statement),) = tx.query(_KEEPER)
        tx.run(f"DROP TRIGGER {keeper}")
        tx.run(_AWARDS, prefix, channel, f"gone-{account_id}")
        tx.run(statement)
