"""Channels of the books, their system accounts, and which of them are read-only.

Both are read once and remembered; the one writer is the only one who changes them.

The reading side of the books: its own connection, so that reports neither wait nor delay.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, NamedTuple, Self

import apsw

from kryten_economy.ledger import opening
from kryten_economy.ledger.errors import MissingBooks
from kryten_economy.ledger.statements import Sql
from kryten_economy.refusals import Level

__all__ = (
    "Channel",
    "Channels",
    "Reader",
    "SystemKind",
)

SystemKind = Literal["mint", "sink", "house", "escrow"]

_FIND = "SELECT id, name, read_only_reason FROM channel WHERE name = ?"
_RESPELL = "UPDATE channel SET name = ?2 WHERE id = ?1"
_CREATE = "INSERT INTO channel (name) VALUES (?) RETURNING id"
_CREATE_SYSTEM = """
    INSERT INTO account (channel_id, kind, name, display_name, first_seen_ms, last_seen_ms)
    VALUES (?1, ?2, ?2, ?2, 0, 0)
"""
_SYSTEM = "SELECT kind, id FROM account WHERE channel_id = ? AND name = kind AND kind <> 'wallet'"
_HALTS = "SELECT what, until_ms FROM panic WHERE channel_id = ? AND name = ''"
_CLOSE = "UPDATE channel SET read_only_reason = ?2, read_only_since_ms = ?3 WHERE id = ?1"

_KINDS: tuple[SystemKind, ...] = ("mint", "sink", "house", "escrow")


class Channel(NamedTuple):
    """A channel's number, its system accounts and why it takes no money, if so."""

    id: int
    name: str
    mint: int
    sink: int
    house: int
    escrow: int
    read_only: str | None

    def system(self, kind: SystemKind) -> int:
        """The account id of mint, sink, house or escrow."""
        match kind:
            case "mint":
                return self.mint
            case "sink":
                return self.sink
            case "house":
                return self.house
            case "escrow":
                return self.escrow


class Channels:
    """Finds channels by name in any casing; the spelling last asked for is kept."""

    def __init__(self, sql: Sql) -> None:
        self._sql = sql
        self._known: dict[str, Channel] = {}
        self._halts: dict[int, dict[Level, int | None]] = {}

    def forget(self) -> None:
        """After a rollback what was remembered may never have been."""
        self._known.clear()
        self._halts.clear()

    def find(self, name: str) -> Channel | None:
        """The channel, or None if the books never heard of it."""
        known = self._known.get(name)
        if known is None:
            row = self._sql.row(_FIND, name)
            if row is None:
                return None
            known = self._load(row[0], name, row[2])
            if row[1] != name:
                self._sql.run(_RESPELL, known.id, name)
            self._known[name] = known
        return known

    def get(self, name: str) -> Channel:
        """The channel, created with its system accounts if it is new."""
        found = self.find(name)
        if found is not None:
            return found
        (channel_id,) = self._sql.only(_CREATE, name)
        self._sql.each(_CREATE_SYSTEM, [(channel_id, kind) for kind in _KINDS])
        self._known[name] = created = self._load(channel_id, name, None)
        return created

    def set_read_only(self, channel: Channel, reason: str | None, at_ms: int | None) -> None:
        """Close or (with None) reopen a channel for money."""
        self._sql.run(_CLOSE, channel.id, reason, at_ms)
        self._known.clear()

    def halts(self, channel_id: int) -> Mapping[Level, int | None]:
        """What admins have stopped in a channel, each with its end, if it has one."""
        known = self._halts.get(channel_id)
        if known is None:
            known = self._halts[channel_id] = dict(self._sql.rows(_HALTS, channel_id))
        return known

    def forget_halts(self) -> None:
        """Something was stopped, or goes on."""
        self._halts.clear()

    def _load(self, channel_id: int, name: str, read_only: str | None) -> Channel:
        ids: dict[str, int] = dict(self._sql.rows(_SYSTEM, channel_id))
        return Channel(
            channel_id, name, ids["mint"], ids["sink"], ids["house"], ids["escrow"], read_only
        )


class Reader:
    """Synchronous and read-only; use it in the thread of its connection only."""

    def __init__(self, connection: apsw.Connection) -> None:
        self.connection = connection
        self.sql = Sql(connection)

    @classmethod
    def open(cls, path: str | Path, *, vfs: str | None = None) -> Self:
        """Open books that exist already; raises the errors of `kryten_economy.ledger.errors`."""
        if not Path(path).exists():
            raise MissingBooks(str(path))
        connection = opening.connect(path, apsw.SQLITE_OPEN_READONLY, vfs)
        try:
            return cls.on(connection)
        except BaseException:
            connection.close(True)
            raise

    @classmethod
    def on(cls, connection: apsw.Connection) -> Self:
        """The same on a connection somebody else opened, called in its thread."""
        opening.prepare_reader(connection)
        return cls(connection)

    def close(self) -> None:
        """Close the connection; closing twice is harmless."""
        self.connection.close()
