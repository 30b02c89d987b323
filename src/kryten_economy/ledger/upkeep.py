"""What the service and its operators keep in the books besides money."""

from kryten_economy.ledger.answers import Audited, ChannelState, JobRun, Pruned, Saved
from kryten_economy.ledger.requests import (
    Audit,
    ClaimJob,
    FinishJob,
    PruneHelpers,
    Reopen,
    SaveCounters,
    SetReadOnly,
)
from kryten_economy.ledger.tx import Tx

__all__ = (
    "audit",
    "claim_job",
    "finish_job",
    "prune_helpers",
    "reopen",
    "save_counters",
    "set_read_only",
)

_SAVE = """
    INSERT INTO service_metrics (key, value, updated_at_ms) VALUES (?1, ?2, ?3)
    ON CONFLICT DO UPDATE SET value = max(value, ?2), updated_at_ms = max(updated_at_ms, ?3)
"""
_AUDIT = """
    INSERT INTO audit_log (at_ms, admin, channel, command, arguments, result)
    VALUES (?, ?, ?, ?, ?, ?) RETURNING id
"""
_PRUNE_WINDOWS = """
    DELETE FROM trigger_windows WHERE (account_id, trigger_key) IN (
        SELECT account_id, trigger_key FROM trigger_windows
        WHERE ends_at_ms < unixepoch(?1) * 1000 LIMIT ?2
    )
"""
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
_PRUNE = """
    DELETE FROM trigger_user WHERE (channel_id, day, trigger_id, account_id) IN (
        SELECT u.channel_id, u.day, u.trigger_id, u.account_id
        FROM channel AS c JOIN trigger_user AS u ON u.channel_id = c.id AND u.day < ?1
        LIMIT ?2
    )
"""


def set_read_only(tx: Tx, request: SetReadOnly) -> ChannelState:
    """Close a channel for money; an earlier reason stays."""
    channel = tx.channels.get(request.channel)
    if channel.read_only is not None:
        return ChannelState(request.channel, True, channel.read_only, changed=False)
    tx.channels.set_read_only(channel, request.reason, request.at_ms)
    return ChannelState(request.channel, True, request.reason, changed=True)


def reopen(tx: Tx, request: Reopen) -> ChannelState:
    """Let a channel take money again; the answer tells the reason it was closed for."""
    channel = tx.channels.find(request.channel)
    if channel is None or channel.read_only is None:
        return ChannelState(request.channel, False, "", changed=False)
    tx.channels.set_read_only(channel, None, None)
    return ChannelState(request.channel, False, channel.read_only, changed=True)


def save_counters(tx: Tx, request: SaveCounters) -> Saved:
    """Keep lifetime counters; what is kept never falls (`metrics.md` 2)."""
    tx.sql.each(_SAVE, ((key, value, request.at_ms) for key, value in request.values))
    return Saved(len(request.values))


def audit(tx: Tx, request: Audit) -> Audited:
    """Add a line to the audit log."""
    (audit_id,) = tx.sql.only(
        _AUDIT,
        request.at_ms,
        request.admin,
        request.channel,
        request.command,
        request.arguments,
        request.result,
    )
    return Audited(audit_id)


def claim_job(tx: Tx, request: ClaimJob) -> JobRun:
    """Claim a job's period once; a later claim tells how far the first one came."""
    job = (request.job, request.channel, request.period)
    tx.sql.run(_CLAIM, *job, request.at_ms)
    fresh = tx.sql.changed() == 1
    return JobRun(fresh, *tx.sql.only(_RUN, *job))


def finish_job(tx: Tx, request: FinishJob) -> JobRun:
    """Mark a job's period as done; the first time stays."""
    job = (request.job, request.channel, request.period)
    tx.sql.run(_FINISH, *job, request.at_ms)
    return JobRun(False, *tx.sql.only(_RUN, *job))


def prune_helpers(tx: Tx, request: PruneHelpers) -> Pruned:
    """Forget distinct users and ended windows of old days; the counts stay."""
    tx.sql.run(_PRUNE, request.before_day, request.limit)
    pruned = tx.sql.changed()
    tx.sql.run(_PRUNE_WINDOWS, request.before_day, request.limit)
    return Pruned(pruned + tx.sql.changed())
