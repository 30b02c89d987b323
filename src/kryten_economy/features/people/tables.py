"""Which columns of the books say something about a person.

The schema itself is asked, so that a table that is added later is found: whatever refers to an
account is about its owner, and every text may name somebody unless it is known to hold words of
the program only.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from kryten_economy.ledger.statements import Sql, Value
from kryten_economy.users import UserKey

__all__ = ("WORDS", "Scope", "Table", "own_scope", "scope_of", "tables")

WORDS: dict[str, frozenset[str]] = {
    "account": frozenset({"kind", "rank_name"}),
    "achievement": frozenset({"achievement_id"}),
    "active_events": frozenset({"kind", "multiplier"}),
    "approval": frozenset({"type", "state"}),
    "audit_log": frozenset({"channel", "command"}),
    "bounty": frozenset({"state"}),
    "channel": frozenset({"name"}),
    "competition_runs": frozenset({"day", "competition_id"}),
    "cooldown": frozenset({"name"}),
    "daily_activity": frozenset({"day"}),
    "daily_emotes": frozenset({"day"}),
    "daily_flow": frozenset({"day", "source"}),
    "fair_seed": frozenset({"day", "seed"}),
    "game_day": frozenset({"game", "day"}),
    "game_return": frozenset({"game", "day"}),
    "game_round": frozenset({"game", "day", "state"}),
    "game_stats": frozenset({"game"}),
    "hold": frozenset({"purpose", "state", "type", "refund_type", "day"}),
    "job_runs": frozenset({"job", "channel"}),
    "line_told": frozenset({"kind"}),
    "milestone_claims": frozenset({"day"}),
    "notice_due": frozenset({"kind"}),
    "operation": frozenset({"kind"}),
    "page_session": frozenset({"browser"}),
    "play_limit": frozenset({"stakes_from", "losses_from"}),
    "presence_fold": frozenset({"day"}),
    "purchase": frozenset({"action", "media_type", "media_id", "state", "day"}),
    "queue_spend_requests": frozenset({"tier", "spend_date"}),
    "service_metrics": frozenset({"key"}),
    "shop_item": frozenset({"item"}),
    "shop_purchase": frozenset({"item", "day"}),
    "shop_stock": frozenset({"item"}),
    "streaks": frozenset({"last_streak_date", "week_number", "reminder_week"}),
    "transfer": frozenset({"debit_type", "credit_type"}),
    "trigger_analytics": frozenset({"day", "trigger_id"}),
    "trigger_fractions": frozenset({"trigger_id"}),
    "trigger_user": frozenset({"day", "trigger_id"}),
    "trigger_windows": frozenset({"trigger_key"}),
    "vanity_item": frozenset({"type"}),
    "wallet_spending": frozenset({"day", "service"}),
    "wallet_usage": frozenset({"day", "service"}),
}
"""Columns that hold words of the program or its configuration, and never a user's name."""

NAMES: dict[str, frozenset[str]] = {
    "account": frozenset({"name", "display_name"}),
    "approval": frozenset({"resolved_by"}),
    "audit_log": frozenset({"admin"}),
    "banned_users": frozenset({"name", "display_name", "banned_by"}),
    "bounty": frozenset({"resolved_by"}),
    "shop_item": frozenset({"defined_by"}),
    "transfer": frozenset({"related_user"}),
}
"""Columns that hold a name and nothing else."""

_TABLES = (
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
)
_COMMON = "SELECT 1 FROM {table} WHERE {column} = ?1 COLLATE NOCASE LIMIT 1"


class Table(NamedTuple):
    """A table as far as people are concerned.

    ``key`` names a row, ``accounts`` refer to whom it is about, ``texts`` may name anybody, and
    ``refers`` are its references to other tables: column, table, column there.
    """

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    accounts: tuple[str, ...]
    texts: tuple[str, ...]
    refers: tuple[tuple[str, str, str], ...]

    def holds_only_names(self, column: str) -> bool:
        """Whether a column holds a name and nothing else."""
        return column in NAMES.get(self.name, ())

    @property
    def of_channel(self) -> str | None:
        """The condition that a row is of the channel ?2 with the id ?3, if a row tells."""
        if self.name == "channel":
            return "id = ?3"
        if "channel_id" in self.columns:
            return "channel_id = ?3"
        if "channel" in self.columns:
            return "channel IN (?2, '')"
        if self.accounts:
            column = self.accounts[0]
            return f"{column} IN (SELECT id FROM account WHERE channel_id = ?3)"  # noqa: S608
        return None

    @property
    def mentions(self) -> str:
        """The condition that a row may name ?1; with system accounts nobody is meant."""
        found = " OR ".join(f"instr(lower({each}), ?1) > 0" for each in self.texts) or "0"
        return f"kind IN ('wallet', 'gone') AND ({found})" if self.name == "account" else found


def tables(sql: Sql) -> list[Table]:
    """All tables of the books."""
    return [_table(sql, name) for (name,) in sql.rows(_TABLES)]


def _table(sql: Sql, name: str) -> Table:
    info = sql.rows(f"PRAGMA table_info({name})")
    refers = tuple(
        (column, table, to or "id")
        for _, _, table, column, to, *_ in sql.rows(f"PRAGMA foreign_key_list({name})")
    )
    key = [(place, column) for _, column, _, _, _, place in info if place]
    words = WORDS.get(name, frozenset())
    return Table(
        name,
        tuple(column for _, column, *_ in info),
        tuple(column for _, column in sorted(key)) or ("rowid",),
        tuple(column for column, table, _ in refers if table == "account"),
        tuple(column for _, column, kind, *_ in info if kind == "TEXT" and column not in words),
        refers,
    )


class Scope(NamedTuple):
    """Whom it is about: a lower-case name, in one channel or in all of them.

    ``channel`` is "" for all. ``elsewhere`` are the other channels where the name has an account.
    """

    name: str
    channel: str
    channel_id: int
    accounts: tuple[int, ...]
    others: frozenset[str]
    elsewhere: tuple[str, ...]
    is_common: bool

    @property
    def values(self) -> Sequence[Value]:
        """?1 to ?3 of the conditions of a `Table`."""
        return (self.name, self.channel, self.channel_id)

    def limits(self, table: Table) -> str:
        """The condition that a row may be of the channel."""
        within = table.of_channel if self.channel else None
        return "?2 IS NOT NULL AND ?3 IS NOT NULL" + (f" AND {within}" if within else "")

    def takes(self, table: Table, texts: Iterator[str]) -> bool:
        """Whether a row that tells no channel is of this one, as far as its texts say."""
        if not self.elsewhere or table.of_channel is not None:
            return True
        told = "\n".join(texts).lower()
        return self.channel.lower() in told or not any(
            each.lower() in told for each in self.elsewhere
        )


_OWN = """
    SELECT a.id, c.name FROM account AS a JOIN channel AS c ON c.id = a.channel_id
    WHERE a.name = ?1 AND a.kind IN ('wallet', 'gone') ORDER BY a.id
"""
_OTHERS = """
    SELECT name FROM account WHERE kind IN ('wallet', 'gone') AND instr(name, ?1) AND name <> ?1
    UNION SELECT name FROM banned_users WHERE instr(name, ?1) AND name <> ?1
"""
_CHANNEL = "SELECT id, name FROM channel WHERE name = ?"


_WALLET = "SELECT id FROM account WHERE channel_id = ? AND kind = 'wallet' AND name = ?"


def own_scope(sql: Sql, user: UserKey) -> Scope | None:
    """A user's own account, and no row that merely names them; None for an unknown channel."""
    channel = sql.row(_CHANNEL, user.channel)
    if channel is None:
        return None
    channel_id, spelled = channel
    accounts = tuple(id_ for (id_,) in sql.rows(_WALLET, channel_id, user.name))
    return Scope(user.name, spelled, channel_id, accounts, frozenset(), (), is_common=False)


def scope_of(sql: Sql, name: str, channel: str | None, found: Sequence[Table]) -> Scope | None:
    """Whom a name stands for in the books; None for a channel that they don't know."""
    lower = name.lower()
    channel_id, spelled = 0, ""
    if channel is not None:
        row = sql.row(_CHANNEL, channel)
        if row is None:
            return None
        channel_id, spelled = row
    own = sql.rows(_OWN, lower)
    here = tuple(id_ for id_, where in own if not spelled or where == spelled)
    elsewhere = tuple(where for _, where in own if spelled and where != spelled)
    others = frozenset(other for (other,) in sql.rows(_OTHERS, lower))
    return Scope(lower, spelled, channel_id, here, others, elsewhere, _is_common(sql, lower, found))


def _is_common(sql: Sql, name: str, found: Sequence[Table]) -> bool:
    return any(
        sql.row(_COMMON.format(table=table.name, column=column), name) is not None
        for table in found
        for column in WORDS.get(table.name, ())
        if column in table.columns
    )
