"""Reading the configuration again, and keeping every one that was read.

A reload goes by the same loader as the start (P-CFG-1). Either everything is good and all parts
work by the new settings at once (P-CFG-2), or the old ones stay. What needs a restart keeps its
value (`config.md` 1.2).
"""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog
from anyio import to_thread

from economy_actors.context import Context
from economy_actors.messages import channel
from economy_actors.messages.ledger import commit
from economy_actors.messages.workers import PricesDue
from economy_actors.outbox import protocol as outbox
from economy_actors.outbox.limits import Limits
from economy_actors.runtime import RuntimeFault
from kryten_economy.config import (
    ConfigError,
    Loaded,
    Problem,
    Settings,
    load,
    reload_report,
    with_restart_values,
)
from kryten_economy.config.history import hidden_text
from kryten_economy.config.origins import is_hidden, kept_values
from kryten_economy.features.config_versions import How, NoteConfig
from kryten_economy.features.games.rules import warnings as game_warnings

__all__ = (
    "ReloadFailed",
    "Reloaded",
    "note_settings",
    "put_in_force",
    "reload_settings",
    "told_problem",
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


async def reload_settings(
    context: Context, how: How = "signal", by: str = ""
) -> Reloaded | ReloadFailed:
    """Load, check, compare, swap, tell every channel and outbox, and keep it in the books."""
    path = context.live.path
    if path is None:
        return ReloadFailed("the service was started without a configuration file")
    try:
        old, loaded = await _read(context, path)
    except ConfigError as error:
        _log.warning("configuration not reloaded", problems=[str(each) for each in error.problems])
        return ReloadFailed("\n".join(told_problem(problem) for problem in error.problems))
    report = reload_report(old, loaded.settings)
    known = context.live.written or old
    put_in_force(context, loaded)
    changed = _in_force([change.key_path for change in report.changed], report.restart_required)
    _log.info("configuration reloaded", changed=changed, restart_required=report.restart_required)
    warnings = (*loaded.warnings, *game_warnings(loaded.settings))
    for warning in warnings:
        _log.warning("configuration", warning=warning)
    changed_keys = [each.key_path for each in reload_report(known, loaded.settings).changed]
    await note_settings(context, how, by, changed_keys)
    return Reloaded(changed, report.restart_required, warnings)


def put_in_force(context: Context, loaded: Loaded) -> None:
    """Let everybody work by other settings from now on, but for what needs a restart."""
    context.live.swap(with_restart_values(context.live.settings, loaded.settings), loaded)
    _tell_all(context)


async def note_settings(
    context: Context, how: How, by: str = "", changed: Sequence[str] = ()
) -> int | None:
    """Keep in the books what the file says; its version, or None where it can't be known now.

    ``changed`` are key paths with another value, of which a secret one shows no difference. The
    configuration is in force whatever becomes of this.
    """
    settings, source = context.live.written, context.live.source
    if settings is None or source is None:
        return None
    values = await to_thread.run_sync(kept_values, settings, source)
    document = await to_thread.run_sync(hidden_text, source.text)
    secrets = tuple(key for key in changed if is_hidden(values.get(key)))
    now_ms, told = context.clock.now_ms(), json.dumps(values, ensure_ascii=False)
    try:
        noted = await commit(context.ledger, NoteConfig(now_ms, how, by, document, told, secrets))
    except RuntimeFault as fault:
        context.metrics.error("books")
        _log.warning("configuration not kept in the books", error=repr(fault))
        return None
    if noted.is_new:
        _log.info("configuration kept", version=noted.version, how=how, by=by)
    return noted.version


async def _read(context: Context, path: Path) -> tuple[Settings, Loaded]:
    """What the file says now, and the settings in force at that very moment."""
    while True:
        old = context.live.settings
        loaded = await to_thread.run_sync(load, path, os.environ)
        # Whoever reloaded meanwhile may have read a newer file than this one.
        if context.live.settings is old:
            return old, loaded


def told_problem(problem: Problem) -> str:
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
