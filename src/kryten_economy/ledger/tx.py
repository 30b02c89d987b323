"""What a business act works with inside the one transaction of its batch."""

from typing import NamedTuple

import apsw

from kryten_economy.ledger.channels import Channel, Channels
from kryten_economy.ledger.journal import Journal
from kryten_economy.ledger.page import Page
from kryten_economy.ledger.slate import Slate
from kryten_economy.ledger.sqlite import Sql
from kryten_economy.ledger.wallets import Holder, Wallets
from kryten_economy.users import UserKey

__all__ = ("Tx",)

_BANNED = "SELECT 1 FROM banned_users WHERE channel_id = ? AND name = ?"


class Tx(NamedTuple):
    """The parts of the books on the writing connection."""

    sql: Sql
    journal: Journal
    channels: Channels
    wallets: Wallets
    slate: Slate

    @classmethod
    def on(cls, connection: apsw.Connection) -> "Tx":
        """The parts, over one connection whose schema is up to date."""
        sql = Sql(connection)
        journal = Journal(sql)
        wallets = Wallets(sql, journal)
        return cls(sql, journal, Channels(sql), wallets, Slate(sql, journal, wallets))

    def flush(self) -> None:
        """Write what is pending; afterwards the accounts add up or this raises."""
        self.slate.write()
        self.journal.flush()

    def forget(self) -> None:
        """Drop what was remembered of a transaction that was rolled back."""
        self.slate.forget()
        self.journal.forget()
        self.channels.forget()

    def find(self, user: UserKey, day: str) -> tuple[Channel, Holder] | None:
        """The user's channel and wallet, or None if there is no account."""
        channel = self.channels.find(user.channel)
        if channel is None:
            return None
        holder = self.wallets.find(channel.id, user, day)
        return None if holder is None else (channel, holder)

    def page(self, user: UserKey, day: str) -> tuple[Channel, Page] | None:
        """As `find`, for acts that work on the slate."""
        channel = self.channels.find(user.channel)
        if channel is None:
            return None
        page = self.slate.find(channel.id, user, day)
        return None if page is None else (channel, page)

    def is_banned(self, channel_id: int, name: str) -> bool:
        """Whether a lower-case name is banned, with or without account."""
        return self.sql.row(_BANNED, channel_id, name) is not None
