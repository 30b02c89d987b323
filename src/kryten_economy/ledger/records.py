"""What the service and its operators keep in the books besides money.

What somebody is still to be told: kept from the act that made it owed until it was told.

A notice that comes after a pause, or that waits for the outside, is a row written in the
transaction of its act and taken out when it has been handed to the outbox. So a kill loses none;
one that falls between the two tells it again.
"""

import json
from dataclasses import dataclass

from kryten_economy.ledger.account import Account
from kryten_economy.ledger.operation import Request, operation
from kryten_economy.ledger.tx import Tx
from kryten_economy.users import UserKey

__all__ = (
    "ATTEMPT",
    "Audit",
    "Audited",
    "ChannelState",
    "ClaimJob",
    "FinishJob",
    "JobRun",
    "NoticesSettled",
    "OwedNotice",
    "PruneHelpers",
    "Pruned",
    "Reopen",
    "SaveCounters",
    "Saved",
    "SetReadOnly",
    "SettleNotices",
    "audit",
    "claim_job",
    "finish_job",
    "owe",
    "prune_helpers",
    "reopen",
    "save_counters",
    "set_read_only",
    "settle_kind",
    "settle_notices",
)

_OWE = """
    INSERT INTO notice_due (channel_id, account_id, kind, due_at_ms, data)
    VALUES (?, ?, ?, ?, ?) RETURNING id
"""
_SETTLE = "DELETE FROM notice_due WHERE id = ?"
_SETTLE_KIND = "DELETE FROM notice_due WHERE account_id = ? AND kind = ?"


@dataclass(frozen=True, slots=True)
class OwedNotice:
    """One thing to be told about ``user`` from ``due_at_ms`` on; ``data`` is what its kind needs.

    ``quiet`` says whether the user wants no automatic notices.
    """

    id: int
    user: UserKey
    display_name: str
    quiet: bool
    kind: str
    due_at_ms: int
    data: dict[str, int | str]


def owe(
    tx: Tx, account: Account, kind: str, due_at_ms: int, data: dict[str, int | str]
) -> OwedNotice:
    """Keep a notice with the act that makes it owed."""
    (id_,) = tx.sql.only(_OWE, account.channel.id, account.id, kind, due_at_ms, json.dumps(data))
    return OwedNotice(
        id_, account.user, account.display_name, bool(account.quiet), kind, due_at_ms, data
    )


def settle_kind(tx: Tx, account: Account, kind: str) -> None:
    """Take out what an account is owed of one kind."""
    tx.run(_SETTLE_KIND, account.id, kind)


@dataclass(frozen=True, slots=True)
class NoticesSettled:
    """How many of them were still owed."""

    count: int


@dataclass(frozen=True, slots=True)
class SettleNotices(Request[NoticesSettled]):
    """These notices were told, or are too old to be told; unknown ones are passed over."""

    ids: tuple[int, ...]


@operation
def settle_notices(tx: Tx, ask: SettleNotices) -> NoticesSettled:
    """Take out what is no longer owed."""
    return NoticesSettled(sum(tx.run(_SETTLE, each) for each in ask.ids))


# The audit log

ATTEMPT = "attempt"
"""The result of what was begun and has not ended, or never did."""

_AUDIT = """
    INSERT INTO audit_log (at_ms, admin, channel, command, arguments, result, origin, done)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING id
"""


@dataclass(frozen=True, slots=True)
class Audited:
    """The number of the line in the audit log."""

    audit_id: int


@dataclass(frozen=True, slots=True)
class Audit(Request[Audited]):
    """A line of the audit log about what the books had nothing to do with.

    Acts on the books are written with them (`ledger/audit.py`). ``done``: it was carried out.
    """

    at_ms: int
    admin: str
    channel: str
    command: str
    arguments: str
    result: str
    origin: str = "clock"
    done: bool = False


@operation
def audit(tx: Tx, ask: Audit) -> Audited:
    """Add a line to the audit log."""
    values = (ask.at_ms, ask.admin, ask.channel, ask.command, ask.arguments, ask.result)
    (audit_id,) = tx.sql.only(_AUDIT, *values, ask.origin, int(ask.done))
    return Audited(audit_id)


# Lifetime counters of the service

_SAVE = """
    INSERT INTO service_metrics (key, value, updated_at_ms) VALUES (?1, ?2, ?3)
    ON CONFLICT DO UPDATE SET value = max(value, ?2), updated_at_ms = max(updated_at_ms, ?3)
"""


@dataclass(frozen=True, slots=True)
class Saved:
    """How many counters were given."""

    count: int


@dataclass(frozen=True, slots=True)
class SaveCounters(Request[Saved]):
    """Keep lifetime counters over a restart; a kept value never falls."""

    values: tuple[tuple[str, int], ...]
    at_ms: int = 0


@operation
def save_counters(tx: Tx, ask: SaveCounters) -> Saved:
    """Keep lifetime counters; what is kept never falls."""
    for key, value in ask.values:
        tx.run(_SAVE, key, value, ask.at_ms)
    return Saved(len(ask.values))


# Jobs

_CLAIM = """
    INSERT INTO job_runs (job, channel, period, started_at_ms) VALUES (?, ?, ?, ?)
    ON CONFLICT DO NOTHING
"""
_FINISH = """
    INSERT INTO job_runs (job, channel, period, started_at_ms, finished_at_ms)
    VALUES (?1, ?2, ?3, ?4, ?4)
    ON CONFLICT DO UPDATE SET finished_at_ms = coalesce(finished_at_ms, ?4)
"""
_RUN = """
    SELECT started_at_ms, finished_at_ms FROM job_runs
    WHERE job = ? AND channel = ? AND period = ?
"""


@dataclass(frozen=True, slots=True)
class JobRun:
    """A job's period; ``fresh`` is True for the first claim. Not finished: do it (again)."""

    fresh: bool
    started_at_ms: int
    finished_at_ms: int | None


@dataclass(frozen=True, slots=True)
class ClaimJob(Request[JobRun]):
    """Start a job that runs once per channel and period."""

    job: str
    channel: str
    period: str
    at_ms: int


@operation
def claim_job(tx: Tx, ask: ClaimJob) -> JobRun:
    """Claim a job's period once; a later claim tells how far the first one came."""
    job = (ask.job, ask.channel, ask.period)
    fresh = tx.run(_CLAIM, *job, ask.at_ms) == 1
    return JobRun(fresh, *tx.sql.only(_RUN, *job))


@dataclass(frozen=True, slots=True)
class FinishJob(Request[JobRun]):
    """Mark a claimed job as done."""

    job: str
    channel: str
    period: str
    at_ms: int


@operation
def finish_job(tx: Tx, ask: FinishJob) -> JobRun:
    """Mark a job's period as done; the first time stays."""
    job = (ask.job, ask.channel, ask.period)
    tx.run(_FINISH, *job, ask.at_ms)
    return JobRun(False, *tx.sql.only(_RUN, *job))


# Channels that take no money


@dataclass(frozen=True, slots=True)
class ChannelState:
    """Whether a channel takes acts."""

    channel: str
    read_only: bool
    reason: str
    changed: bool


@dataclass(frozen=True, slots=True)
class SetReadOnly(Request[ChannelState]):
    """Refuse every act of a channel until it is reopened."""

    channel: str
    reason: str
    at_ms: int


@operation
def set_read_only(tx: Tx, ask: SetReadOnly) -> ChannelState:
    """Close a channel for money; an earlier reason stays."""
    channel = tx.channel(ask.channel)
    if channel.read_only is not None:
        return ChannelState(ask.channel, True, channel.read_only, changed=False)
    tx.channels.set_read_only(channel, ask.reason, ask.at_ms)
    return ChannelState(ask.channel, True, ask.reason, changed=True)


@dataclass(frozen=True, slots=True)
class Reopen(Request[ChannelState]):
    """Let a read-only channel take acts again."""

    channel: str


@operation
def reopen(tx: Tx, ask: Reopen) -> ChannelState:
    """Let a channel take money again; the answer tells the reason it was closed for."""
    channel = tx.channels.find(ask.channel)
    if channel is None or channel.read_only is None:
        return ChannelState(ask.channel, False, "", changed=False)
    tx.channels.set_read_only(channel, None, None)
    return ChannelState(ask.channel, False, channel.read_only, changed=True)


# Rows that have done their service

_PRUNE_USERS = """
    DELETE FROM trigger_user WHERE (channel_id, day, trigger_id, account_id) IN (
        SELECT u.channel_id, u.day, u.trigger_id, u.account_id
        FROM channel AS c JOIN trigger_user AS u ON u.channel_id = c.id AND u.day < ?1
        LIMIT ?2
    )
"""
_PRUNE_WINDOWS = """
    DELETE FROM trigger_windows WHERE (account_id, trigger_key) IN (
        SELECT account_id, trigger_key FROM trigger_windows
        WHERE ends_at_ms < unixepoch(?1) * 1000 LIMIT ?2
    )
"""


@dataclass(frozen=True, slots=True)
class Pruned:
    """How many rows went."""

    count: int


@dataclass(frozen=True, slots=True)
class PruneHelpers(Request[Pruned]):
    """Forget who hit which trigger before a day, ``limit`` rows at a time; the counts stay."""

    before_day: str
    limit: int = 10_000


@operation
def prune_helpers(tx: Tx, ask: PruneHelpers) -> Pruned:
    """Forget distinct users and ended windows of old days.

    A window that is kept in memory has ended as well, so it matters to nobody that its row is gone.
    """
    tx.write()
    users = tx.run(_PRUNE_USERS, ask.before_day, ask.limit)
    windows = tx.run(_PRUNE_WINDOWS, ask.before_day, ask.limit)
    return Pruned(users + windows)
