"""The file that is being built: our schema, written in bulk.

It is nobody's books until it has been proved and put in its place, so nothing in it has to be
durable before the end, and a run that is killed leaves only this file behind.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

import apsw

from kryten_economy.ledger import opening
from kryten_economy.ledger.channels import SystemKind
from kryten_economy.ledger.displacement import create_private
from kryten_economy.ledger.statements import Row, Value
from kryten_economy.migration.people import Person

__all__ = ("ChannelRow", "Target", "build_at", "remove_file", "sync")

CHUNK: Final = 10_000
"""Rows handed to SQLite at a time."""

_LOGS = ("", "-wal", "-shm", "-journal")
_SYSTEM: Final[tuple[SystemKind, ...]] = ("mint", "sink", "house", "escrow")
_CACHE_KIB = 64 * 1024

_CHANNEL = "INSERT INTO channel (id, name) VALUES (?, ?)"
_OPERATION = """
    INSERT INTO operation (seq, id, kind, digest, answer, created_at_ms)
    VALUES (?, ?, 'Import', zeroblob(16), '{}', ?)
"""
_TRANSFER = """
    INSERT INTO transfer (
        id, operation, channel_id, debit_account, debit_type, debit_trigger, debit_after_z,
        debit_previous, credit_account, credit_type, credit_trigger, credit_after_z,
        credit_previous, amount_z, reason, related_user, metadata, created_at_ms
    ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_SYSTEM_ACCOUNT = """
    INSERT INTO account (
        id, channel_id, kind, name, display_name, balance_z, first_seen_ms, last_seen_ms
    ) VALUES (?1, ?2, ?3, ?3, ?3, ?4, 0, 0)
"""


class ChannelRow(NamedTuple):
    """A channel's number and its system accounts."""

    id: int
    name: str
    mint: int
    sink: int
    house: int
    escrow: int

    def system(self, kind: SystemKind) -> int:
        """The account id of mint, sink, house or escrow."""
        found: int = getattr(self, kind)
        return found


class Target:
    """Ids are given out here; a wallet's chain is kept with its `Person`."""

    def __init__(self, connection: apsw.Connection) -> None:
        self.connection = connection
        self.channels: dict[str, ChannelRow] = {}
        self._operation = 0
        self._next_transfer = 1
        self._transfers: list[tuple[Value, ...]] = []
        self._system_z: dict[int, int] = {}

    # Statements

    def run(self, statement: str, *values: Value) -> None:
        """One statement."""
        self.connection.execute(statement, values)

    def rows(self, statement: str, *values: Value) -> list[Row]:
        """All rows of a statement."""
        return self.connection.execute(statement, values).fetchall()

    def many(self, statement: str, rows: Iterable[tuple[Value, ...]]) -> int:
        """Run a statement for each row, a chunk at a time; answers how many."""
        source, count = iter(rows), 0
        while chunk := list(islice(source, CHUNK)):
            self.connection.executemany(statement, chunk)
            count += len(chunk)
        return count

    @contextmanager
    def stage(self) -> Iterator[None]:
        """A part of the import, in one transaction."""
        self.connection.execute("BEGIN")
        yield
        self.flush()
        self.connection.execute("COMMIT")

    # Channels and transfers

    def open_channels(self, names: Iterable[str], wallets: int) -> None:
        """Number the channels and their system accounts, after the wallets."""
        account = wallets + 1
        for number, name in enumerate(names, start=1):
            self.channels[name] = ChannelRow(number, name, *range(account, account + len(_SYSTEM)))
            self._system_z |= dict.fromkeys(self.channels[name][2:], 0)
            account += len(_SYSTEM)
            self.run(_CHANNEL, number, name)

    def begin(self, op_id: str, at_ms: int) -> None:
        """Begin an operation: the transfers that follow are its."""
        self._operation += 1
        self.run(_OPERATION, self._operation, op_id, at_ms)

    def post(
        self,
        person: Person,
        delta_z: int,
        other: int,
        type_: str,
        trigger_id: str,
        reason: str,
        at_ms: int,
        related_user: str | None = None,
        metadata: str | None = None,
    ) -> int:
        """Move money between a wallet and a system account; answers the wallet's row."""
        transfer_id = self._next_transfer
        self._next_transfer += 1
        person.running_z += delta_z
        self._system_z[other] -= delta_z
        side = (person.id, type_, trigger_id, person.running_z, person.last_transfer)
        person.last_transfer = transfer_id
        there = (other, None, None, None, None)
        sides = (*there, *side) if delta_z > 0 else (*side, *there)
        self._transfers.append(
            (
                transfer_id,
                self._operation,
                self.channels[person.channel].id,
                *sides,
                abs(delta_z),
                reason,
                related_user,
                metadata,
                at_ms,
            )
        )
        if len(self._transfers) >= CHUNK:
            self.flush()
        return transfer_id * 2 - (delta_z < 0)

    def move(
        self, channel: ChannelRow, giver: int, taker: int, amount_z: int, reason: str, at_ms: int
    ) -> None:
        """Move money between system accounts."""
        self._system_z[giver] -= amount_z
        self._system_z[taker] += amount_z
        nothing = (None, None, None, None)
        sides = (giver, *nothing, taker, *nothing)
        about = (amount_z, reason, None, None, at_ms)
        self._transfers.append((self._next_transfer, self._operation, channel.id, *sides, *about))
        self._next_transfer += 1

    def flush(self) -> None:
        """Write the transfers that wait."""
        if self._transfers:
            self.connection.executemany(_TRANSFER, self._transfers)
            self._transfers.clear()

    @property
    def transfers(self) -> int:
        """How many transfers there are."""
        return self._next_transfer - 1

    def close_channels(self) -> None:
        """Write the system accounts, when nothing moves any more."""
        for channel in self.channels.values():
            for kind in _SYSTEM:
                account = channel.system(kind)
                self.run(_SYSTEM_ACCOUNT, account, channel.id, kind, self._system_z[account])


@contextmanager
def build_at(path: Path) -> Iterator[Target]:
    """An empty file of our schema at ``path``, whatever was left there."""
    remove_file(path)
    create_private(path)
    flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
    connection = opening.connect(path, flags)
    try:
        with opening.telling_clearly(path):
            for name, value in (
                ("journal_mode", "off"),
                ("synchronous", "off"),
                ("locking_mode", "exclusive"),
                ("cache_size", -_CACHE_KIB),
                ("foreign_keys", 0),
            ):
                connection.pragma(name, value)
            opening.migrate(connection)
            yield Target(connection)
    finally:
        connection.close(True)


def remove_file(path: Path) -> None:
    """Remove a database and what SQLite may have left beside it."""
    for ending in _LOGS:
        path.with_name(path.name + ending).unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Wait until a file or folder is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
