"""Everything that can be checked about a book file, offline or beside the running service."""

from dataclasses import dataclass
from pathlib import Path

from kryten_economy.ledger.invariants import ConservationGuard, Violation
from kryten_economy.ledger.reader import Reader
from kryten_economy.ledger.sqlite import Sql

__all__ = ("VerifyReport", "verify")

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
