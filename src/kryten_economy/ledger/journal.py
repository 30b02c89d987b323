"""What a batch is about to write: operations, transfers and lifetime counters.

Everything that only grows is gathered here and written with a few statements when the batch (or,
after a defect, each request) ends. Ids are given out beforehand, so that answers can name them.
Nothing here survives a rollback: call `forget`.
"""

import json
from collections.abc import Collection, Sequence
from typing import NamedTuple

from kryten_economy.ledger.statements import Sql, Value

__all__ = ("Done", "Journal", "Side")


class Side(NamedTuple):
    """One end of a transfer; all but the account only for a wallet.

    ``previous`` is the id of the wallet's transfer before this one.
    """

    account_id: int
    type: str | None = None
    trigger_id: str | None = None
    after_z: int | None = None
    previous: int | None = None


class Done(NamedTuple):
    """An operation that was done before: its seq, kind, digest and answer."""

    seq: int
    kind: str
    digest: bytes
    answer: str


_NEXT_OPERATION = "SELECT coalesce(max(seq), 0) + 1 FROM operation"
_NEXT_TRANSFER = "SELECT coalesce(max(id), 0) + 1 FROM transfer"
_FIND = "SELECT seq, kind, digest, answer FROM operation WHERE id = ?"
_FIND_ALL = "SELECT id FROM operation WHERE id IN (SELECT value FROM json_each(?))"
_ADD_OPERATION = """
    INSERT INTO operation (seq, kind, digest, answer, id, created_at_ms) VALUES (?, ?, ?, ?, ?, ?)
"""
_ADD_TRANSFER = """
    INSERT INTO transfer (
        id, operation, channel_id, debit_account, debit_type, debit_trigger, debit_after_z,
        debit_previous, credit_account, credit_type, credit_trigger, credit_after_z,
        credit_previous, amount_z, reason, related_user, metadata, created_at_ms
    ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_COUNT = """
    INSERT INTO service_metrics (key, value, updated_at_ms) VALUES (?1, ?2, ?3)
    ON CONFLICT DO UPDATE SET
        value = min(value + ?2, 4611686018427387904), updated_at_ms = max(updated_at_ms, ?3)
"""


class Journal:
    """The writing end of operations and transfers on one connection."""

    def __init__(self, sql: Sql) -> None:
        self._sql = sql
        self.forget()

    def forget(self) -> None:
        """Drop everything pending and read the next ids again; for start and rollback."""
        self._next_operation: int = self._sql.only(_NEXT_OPERATION)[0]
        self._next_transfer: int = self._sql.only(_NEXT_TRANSFER)[0]
        self._operations: dict[str, tuple[Done, int]] = {}
        self._unknown: set[str] = set()
        self._transfers: list[tuple[Value, ...]] = []
        self._last_operation = 0
        self._counts: dict[str, int] = {}
        self._at_ms = 0

    def expect(self, op_ids: Sequence[str]) -> None:
        """Find out at once which of the ids the batch brings are new, as nearly all are."""
        if len(op_ids) > 1:
            done = {row[0] for row in self._sql.rows(_FIND_ALL, json.dumps(op_ids))}
            self._unknown = set(op_ids) - done

    def find(self, op_id: str) -> Done | None:
        """The operation done under this id, in this batch or ever."""
        pending = self._operations.get(op_id)
        if pending is not None:
            return pending[0]
        if op_id in self._unknown:
            return None
        row = self._sql.row(_FIND, op_id)
        return None if row is None else Done._make(row)

    def add(
        self,
        channel_id: int,
        debit: Side,
        credit: Side,
        amount_z: int,
        reason: str,
        at_ms: int,
        related_user: str | None = None,
        metadata: str | None = None,
    ) -> int:
        """A transfer of the operation that `finish` will name next; answers its id."""
        assert amount_z > 0, (debit, credit, amount_z)
        transfer_id = self._next_transfer
        self._next_transfer += 1
        self._last_operation = self._next_operation
        self._transfers.append(
            (
                transfer_id,
                self._next_operation,
                channel_id,
                *debit,
                *credit,
                amount_z,
                reason,
                related_user,
                metadata,
                at_ms,
            )
        )
        return transfer_id

    def add_each(self, channel_id: int, debit: Side, paid: Collection[tuple[Value, ...]]) -> None:
        """As `add`, for many that one account pays.

        Each of them is the side of who is paid and, in the order of the columns, all that follows.
        """
        begins = (self._next_operation, channel_id, *debit)
        self._transfers += [
            (transfer_id, *begins, *each)
            for transfer_id, each in enumerate(paid, self._next_transfer)
        ]
        if paid:
            self._next_transfer += len(paid)
            self._last_operation = self._next_operation

    def finish(self, op_id: str, kind: str, digest: bytes, answer: str, at_ms: int) -> None:
        """Close the operation: its id is taken from now on."""
        self._operations[op_id] = (Done(self._next_operation, kind, digest, answer), at_ms)
        self._next_operation += 1
        self._at_ms = at_ms

    def count(self, key: str, by: int = 1) -> None:
        """Raise one of the service's lifetime counters."""
        self._counts[key] = self._counts.get(key, 0) + by

    @property
    def moving(self) -> bool:
        """Whether an operation has moved money and is not finished."""
        return self._last_operation == self._next_operation

    @property
    def next_transfer(self) -> int:
        """The id of the next transfer."""
        return self._next_transfer

    def write(self) -> dict[str, int]:
        """Write what is pending; answers by how much each lifetime counter was raised."""
        self._unknown.clear()
        if self._operations:
            rows = [(*done, op_id, at_ms) for op_id, (done, at_ms) in self._operations.items()]
            self._sql.insert(_ADD_OPERATION, rows)
            self._operations.clear()
        if self._transfers:
            assert not self.moving, "an operation was not finished"
            self._sql.insert(_ADD_TRANSFER, self._transfers)
            self._transfers.clear()
        counts, self._counts = self._counts, {}
        if counts:
            self._sql.each(_COUNT, [(key, by, self._at_ms) for key, by in counts.items()])
        return counts
