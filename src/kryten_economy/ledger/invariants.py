"""What must hold of the books at any moment, checked while they are used.

The sum over all accounts is 0; each balance is the sum of its transfers; each row's
balance after and its link to the row before are right; each channel's escrow is its open
holds; no wallet is below 0. Transfers never change, so sums up to an id are remembered and
a later check reads only what came since, at most a slice per call.

Everything that can be checked about a book file, offline or beside the running service.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import apsw

from kryten_economy.ledger.channels import Reader
from kryten_economy.ledger.statements import Row, Sql

__all__ = (
    "ConservationGuard",
    "VerifyReport",
    "Violation",
    "verify",
)

SLICE = 100_000
"""Transfers read per check: about a third of a second."""

_TRANSFERS = """
    SELECT id, debit_account, credit_account, amount_z, debit_after_z, credit_after_z,
        debit_previous, credit_previous
    FROM transfer WHERE id > ? ORDER BY id LIMIT ?
"""
_ACCOUNTS = """
    SELECT a.id, c.name, a.kind, a.name, a.balance_z, a.last_transfer
    FROM account AS a JOIN channel AS c ON c.id = a.channel_id
"""
_WHOSE = """
    SELECT c.name, a.name FROM account AS a JOIN channel AS c ON c.id = a.channel_id
    WHERE a.id = ?
"""
_FOLDED = "SELECT channel_id, read_up_to FROM presence_fold"
_TOTAL = "SELECT coalesce(sum(balance_z), 0) FROM account"
_ESCROW = """
    SELECT c.name, a.balance_z, coalesce(
        (SELECT sum(h.amount_z) FROM hold AS h WHERE h.channel_id = c.id AND h.state = 'open'), 0
    )
    FROM channel AS c JOIN account AS a ON a.channel_id = c.id AND a.kind = 'escrow'
"""


class Violation(NamedTuple):
    """Something that must hold and doesn't; ``channel`` is "" where it is all of them."""

    channel: str
    account: str
    what: str
    expected: int | None
    found: int | None


class ConservationGuard:
    """Remembers what it has read; one per process, on the reading connection."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._sql = Sql(connection)
        self._folded: dict[int, int] = {}
        self.behind = True
        """Whether the last check was too short to compare balances; check again."""
        self._start_over()

    def _start_over(self) -> None:
        self._read_up_to = 0
        self._balances: dict[int, int] = {}
        self._last: dict[int, int] = {}
        self._broken_chains: set[int] = set()

    def check(self, transfers_max: int = SLICE) -> tuple[Violation, ...]:
        """Read on, and compare once everything is read; one read transaction.

        A broken chain is told once, all else at each check until it is mended.
        """
        self._sql.run("BEGIN")
        try:
            if self._was_overtaken():
                self._start_over()
            found = self._read_on(transfers_max)
            if not self.behind:
                found += [*self._unequal_balances(), *self._unequal_sums()]
            return tuple(found)
        finally:
            self._sql.run("COMMIT")

    def _was_overtaken(self) -> bool:
        """Whether rows were folded since the last check of which only some were read before.

        Such a row would be counted twice: once as the minutes, once in what they became.
        """
        folded: dict[int, int] = dict(self._sql.rows(_FOLDED))
        changed = [up_to for channel, up_to in folded.items() if self._folded.get(channel) != up_to]
        self._folded = folded
        return max(changed, default=0) > self._read_up_to > 0

    def _read_on(self, transfers_max: int) -> list[Violation]:
        rows = self._sql.rows(_TRANSFERS, self._read_up_to, transfers_max)
        self.behind = len(rows) == transfers_max
        found: list[Violation] = []
        for row in rows:
            transfer_id, giver, taker, amount_z, giver_z, taker_z, giver_last, taker_last = row
            found += self._step(transfer_id, giver, -amount_z, giver_z, giver_last)
            found += self._step(transfer_id, taker, amount_z, taker_z, taker_last)
        if rows:
            self._read_up_to = rows[-1][0]
        return found

    def _step(
        self, transfer_id: int, account: int, delta_z: int, after_z: int | None, link: int | None
    ) -> tuple[Violation, ...]:
        balance_z = self._balances.get(account, 0) + delta_z
        self._balances[account] = balance_z
        if after_z is None:
            return ()
        last = self._last.get(account)
        self._last[account] = transfer_id
        if (after_z == balance_z and link == last) or account in self._broken_chains:
            return ()
        self._broken_chains.add(account)
        (channel, name) = self._sql.row(_WHOSE, account) or ("", str(account))
        if after_z != balance_z:
            what = f"balance after transfer {transfer_id}"
            return (Violation(channel, name, what, balance_z, after_z),)
        return (Violation(channel, name, f"link of transfer {transfer_id}", last, link),)

    def _unequal_balances(self) -> list[Violation]:
        found = []
        for account in self._sql.rows(_ACCOUNTS):
            found += self._account(account)
        return found

    def _account(self, row: Row) -> list[Violation]:
        account_id, channel, kind, name, balance_z, last = row
        found = []
        expected_z = self._balances.get(account_id, 0)
        if balance_z != expected_z:
            what = "balance against its transfers"
            found.append(Violation(channel, name, what, expected_z, balance_z))
        if kind == "wallet" and balance_z < 0:
            found.append(Violation(channel, name, "wallet below zero", 0, balance_z))
        if last != self._last.get(account_id):
            what = "last transfer of the account"
            found.append(Violation(channel, name, what, self._last.get(account_id), last))
        return found

    def _unequal_sums(self) -> list[Violation]:
        (total_z,) = self._sql.only(_TOTAL)
        found = [Violation("", "", "sum over all accounts", 0, total_z)] if total_z else []
        for channel, escrow_z, held_z in self._sql.rows(_ESCROW):
            if escrow_z != held_z:
                what = "escrow against open holds"
                found.append(Violation(channel, "escrow", what, held_z, escrow_z))
        return found


PROBLEMS_MAX = 100

_COUNTS = """
    SELECT
        (SELECT count(*) FROM account WHERE kind = 'wallet'),
        (SELECT count(*) FROM operation),
        (SELECT count(*) FROM transfer),
        (SELECT count(*) FROM hold WHERE state = 'open')
"""
_ORPHANS = """
    SELECT t.id FROM transfer AS t
    WHERE NOT EXISTS (SELECT 1 FROM operation AS o WHERE o.seq = t.operation) LIMIT ?
"""


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What was counted, what SQLite complains of, and what does not add up."""

    path: str
    accounts: int
    operations: int
    transfers: int
    open_holds: int
    problems: tuple[str, ...]
    violations: tuple[Violation, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing was found."""
        return not self.problems and not self.violations

    @property
    def first(self) -> str:
        """The first of what was found; "" if nothing was."""
        return next(iter((*self.problems, *map(str, self.violations))), "")


def verify(path: str | Path) -> VerifyReport:
    """Check a file's structure, its references and every sum in it; changes nothing.

    Raises the errors of `kryten_economy.ledger.errors` for a file that can't be read at all.
    """
    reports = Reader.open(path)
    try:
        sql = Sql(reports.connection)
        problems = _structure(sql)
        guard = ConservationGuard(reports.connection)
        violations: list[Violation] = []
        while guard.behind and len(violations) < PROBLEMS_MAX:
            violations += guard.check()
        accounts, operations, transfers, holds = sql.only(_COUNTS)
    finally:
        reports.close()
    told = tuple(violations[:PROBLEMS_MAX])
    return VerifyReport(str(path), accounts, operations, transfers, holds, problems, told)


def _structure(sql: Sql) -> tuple[str, ...]:
    told = [text for (text,) in sql.rows(f"PRAGMA integrity_check({PROBLEMS_MAX})")]
    problems = [text for text in told if text != "ok"]
    for table, rowid, parent, _ in sql.rows("PRAGMA foreign_key_check")[:PROBLEMS_MAX]:
        problems.append(f"row {rowid} of {table} refers to a missing row of {parent}")
    for (transfer,) in sql.rows(_ORPHANS, PROBLEMS_MAX):
        problems.append(f"row {transfer} of transfer refers to a missing row of operation")
    return tuple(problems)
