"""Every transfer of the books in order, each with what a check of it has found.

A check needs the balance before, so all transfers are read from the first one on, of whatever
time are wanted; what is kept meanwhile is a balance per account, however many transfers there are.
"""

from collections.abc import Generator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeAlias

from kryten_economy.ledger.channels import Reader
from kryten_economy.ledger.statements import Row

__all__ = ("COLUMNS", "Trail")

COLUMNS = (
    "id",
    "created_at",
    "channel",
    "operation",
    "kind",
    "debit",
    "credit",
    "amount",
    "debit_type",
    "debit_trigger",
    "debit_balance",
    "credit_type",
    "credit_trigger",
    "credit_balance",
    "reason",
    "related_user",
    "metadata",
    "result",
)
_TRANSFERS = """
    SELECT t.id, t.created_at_ms, t.channel_id, o.id, o.kind, t.debit_account, t.credit_account,
        t.amount_z, t.debit_type, t.debit_trigger, t.debit_after_z, t.credit_type,
        t.credit_trigger, t.credit_after_z, t.reason, t.related_user, t.metadata,
        t.debit_previous, t.credit_previous
    FROM transfer AS t LEFT JOIN operation AS o ON o.seq = t.operation
    ORDER BY t.id
"""
_NAMES = "SELECT id, display_name FROM account"
_CHANNELS = "SELECT id, name FROM channel"
_BALANCES = "SELECT id, balance_z, last_transfer FROM account"


Rows: TypeAlias = Generator[tuple[Any, ...], None, None]


@dataclass
class Trail:
    """One pass over the books; ``wrong`` and ``unequal`` are known when it has ended.

    ``unequal`` are the accounts whose balance is not what their transfers make.
    """

    reader: Reader
    read: int = 0
    wrong: int = 0
    unequal: list[str] = field(default_factory=list)
    _balances: dict[int, int] = field(default_factory=dict)
    _last: dict[int, int] = field(default_factory=dict)

    def rows(self, from_ms: int, until_ms: int, after: int = 0) -> Rows:
        """The transfers of a time behind an id, as `COLUMNS`; the last of them is "ok" or not.

        Close it before the reader, if it was not read to its end.
        """
        sql = self.reader.sql
        sql.run("BEGIN")
        try:
            names: dict[int, str] = dict(sql.rows(_NAMES))
            channels: dict[int, str] = dict(sql.rows(_CHANNELS))
            for row in self.reader.connection.cursor().execute(_TRANSFERS):
                result = self._checked(row)
                if from_ms <= row[1] < until_ms and row[0] > after:
                    yield _shown(row, names, channels, result)
            self._compare(names)
        finally:
            sql.run("COMMIT")

    def _checked(self, row: Row) -> str:
        transfer, amount_z = row[0], row[7]
        found = [] if row[3] is not None else ["its operation is missing"]
        found += self._step("debit", transfer, row[5], -amount_z, row[10], row[17])
        found += self._step("credit", transfer, row[6], amount_z, row[13], row[18])
        self.read += 1
        self.wrong += bool(found)
        return "; ".join(found) or "ok"

    def _step(
        self, side: str, transfer: int, account: int, delta_z: int, after_z: int | None, link: int
    ) -> list[str]:
        balance_z = self._balances.get(account, 0) + delta_z
        self._balances[account] = balance_z
        if after_z is None:
            return []
        last = self._last.get(account)
        self._last[account] = transfer
        found = []
        if after_z != balance_z:
            found.append(f"the balance of the {side} should be {balance_z}")
        if link != last:
            found.append(f"the {side} follows {link} and should follow {last}")
        return found

    def _compare(self, names: dict[int, str]) -> None:
        for account, balance_z, last in self.reader.sql.rows(_BALANCES):
            expected_z = self._balances.get(account, 0)
            if balance_z != expected_z or last != self._last.get(account):
                shown = names.get(account, str(account))
                self.unequal.append(f"{shown}: {balance_z}, its transfers make {expected_z}")


def _shown(
    row: Row, names: dict[int, str], channels: dict[int, str], result: str
) -> tuple[Any, ...]:
    at = datetime.fromtimestamp(row[1] / 1000, UTC).isoformat(timespec="milliseconds")
    sides = (names.get(row[5], str(row[5])), names.get(row[6], str(row[6])))
    return (row[0], at, channels.get(row[2], ""), row[3], row[4], *sides, *row[7:17], result)
