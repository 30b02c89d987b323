"""The service itself: help, version, whether it works, and reading its configuration again.

A reload goes by the same loader as the start (P-CFG-1). Either everything is good and all parts
work by the new settings at once (P-CFG-2), or the old ones stay. What needs a restart keeps its
value (`config.md` 1.2).
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog
from anyio import to_thread

from economy_actors.context import SERVICE_NAME, Context
from economy_actors.exporter import check_health
from economy_actors.handlers.answers import ApiAnswer, Code, Done, PmAnswer, Refused
from economy_actors.handlers.registry import COMMANDS, ApiCall, PmCall, command, request
from economy_actors.messages import channel
from economy_actors.messages.ledger import query
from economy_actors.messages.workers import PricesDue
from economy_actors.outbox import protocol as outbox
from economy_actors.outbox.limits import Limits
from economy_actors.runtime import RuntimeFault
from kryten_economy.commands import refusals
from kryten_economy.commands.table import Section, help_text
from kryten_economy.config import (
    ConfigError,
    Loaded,
    Problem,
    Settings,
    load,
    reload_report,
    with_restart_values,
)
from kryten_economy.features.games.rules import warnings as game_warnings
from kryten_economy.features.reports.queries import Reports
from kryten_economy.text.templates import uptime

__all__ = (
    "ReloadFailed",
    "Reloaded",
    "reload_settings",
)

_QUERY_TIMEOUT_S = 1.5


@command(
    "help",
    syntax="help [topic or command]",
    summary="what you can do here",
    section=Section.INFO,
    reads=True,
    for_banned=True,
)
async def help_(call: PmCall) -> PmAnswer:
    """The overview, a topic, or one command."""
    topic = " ".join(call.args).lower() or None
    return help_text(COMMANDS, topic, is_admin=call.is_admin, settings=call.settings)


@command(
    "about",
    summary="name, version and uptime of this service",
    section=Section.INFO,
    reads=True,
    for_banned=True,
)
async def about(call: PmCall) -> PmAnswer:
    """Name, version and uptime."""
    context = call.context
    return refusals.about(f"kryten-{SERVICE_NAME}", context.version, context.metrics.uptime_s())


@request("system.ping", channel=False)
async def ping(call: ApiCall) -> ApiAnswer:
    """Whether anybody listens."""
    return Done({"pong": True, "version": call.context.version})


@request("system.about", channel=False)
async def system_about(call: ApiCall) -> ApiAnswer:
    """Version and uptime."""
    uptime_s = int(call.context.metrics.uptime_s())
    return Done(
        {
            "version": call.context.version,
            "uptime_seconds": uptime_s,
            "uptime_human": uptime(uptime_s),
        }
    )


@request("system.health", channel=False)
async def health(call: ApiCall) -> ApiAnswer:
    """Whether the service works: a write and a query on the books, and the bus."""
    found = await check_health(call.context)
    try:
        channels = await query(call.context.reader, Reports.channels, timeout_s=_QUERY_TIMEOUT_S)
    except RuntimeFault:
        channels = ()
        connected = False
    else:
        connected = found.database_usable
    closed = any(channel.read_only is not None for channel in channels)
    healthy = connected and found.nats_connected and not closed
    return Done(
        {
            "status": "healthy" if healthy else "degraded",
            "database": "connected" if connected else "disconnected",
            "active_sessions": found.active_sessions,
            "uptime_seconds": int(found.uptime_seconds),
            "panic": [*found.panic],
        }
    )


_log = structlog.get_logger("config")


@dataclass(frozen=True, slots=True)
class Reloaded:
    """Key paths in force now with another value, and those that wait for a restart."""

    changed: tuple[str, ...]
    restart_required: tuple[str, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReloadFailed:
    """The old settings stay; ``error`` has one line per fault, without directories or secrets."""

    error: str


@command("reload", summary="read the config file again", section=Section.ADMIN)
async def reload_by_pm(call: PmCall) -> PmAnswer:
    """What has changed, what waits for a restart, or why the old settings stay."""
    match await reload_settings(call.context):
        case Reloaded(changed, restart_required):
            return refusals.reloaded(changed, restart_required)
        case ReloadFailed(error):
            return Refused(Code.REJECTED, refusals.reload_failed(error))


@request("config.reload", channel=False, mutating=True)
async def config_reload(call: ApiCall) -> ApiAnswer:
    """Read the configuration again."""
    match await reload_settings(call.context):
        case Reloaded(restart_required=restart_required):
            channels = [each.channel for each in call.settings.channels]
            return Done(
                {
                    "reloaded": True,
                    "channels": channels,
                    "restart_required": list(restart_required),
                }
            )
        case ReloadFailed(error):
            return Refused(Code.REJECTED, f"The configuration was not reloaded. {error}")


async def reload_settings(context: Context) -> Reloaded | ReloadFailed:
    """Load, check, compare, swap, and tell every channel and outbox."""
    path = context.live.path
    if path is None:
        return ReloadFailed("the service was started without a configuration file")
    try:
        old, loaded = await _read(context, path)
    except ConfigError as error:
        _log.warning("configuration not reloaded", problems=[str(each) for each in error.problems])
        return ReloadFailed("\n".join(_told(problem) for problem in error.problems))
    report = reload_report(old, loaded.settings)
    context.live.swap(with_restart_values(old, loaded.settings))
    _tell_all(context)
    changed = _in_force([change.key_path for change in report.changed], report.restart_required)
    _log.info("configuration reloaded", changed=changed, restart_required=report.restart_required)
    warnings = (*loaded.warnings, *game_warnings(loaded.settings))
    for warning in warnings:
        _log.warning("configuration", warning=warning)
    return Reloaded(changed, report.restart_required, warnings)


async def _read(context: Context, path: Path) -> tuple[Settings, Loaded]:
    """What the file says now, and the settings in force at that very moment."""
    while True:
        old = context.live.settings
        loaded = await to_thread.run_sync(load, path, os.environ)
        # Whoever reloaded meanwhile may have read a newer file than this one.
        if context.live.settings is old:
            return old, loaded


def _told(problem: Problem) -> str:
    """A problem without the directory of the file (`admin-api.md` 2, Errors)."""
    place = Path(problem.file).name
    return str(Problem(place, problem.line, problem.key_path, problem.found, problem.allowed))


def _in_force(changed: Sequence[str], restart_required: Sequence[str]) -> tuple[str, ...]:
    waiting = tuple(f"{key}{end}" for key in restart_required for end in (".", "["))
    return tuple(
        key for key in changed if key not in restart_required and not key.startswith(waiting)
    )


def _tell_all(context: Context) -> None:
    settings = context.live.settings
    changed = outbox.SettingsChanged(settings.pace, Limits.of(settings))
    # A channel without room reads them at its next start, an outbox gets them by the next reload.
    untold = [name for name, box in context.outboxes.items() if not box.offer(changed)]
    untold += [
        name for name, ref in context.channels.items() if not ref.offer(channel.SettingsChanged())
    ]
    if not context.prices.offer(PricesDue()):
        untold.append("prices")
    if untold:
        _log.warning("not told of the new settings", channels=untold)
