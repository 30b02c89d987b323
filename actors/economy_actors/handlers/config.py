"""The configuration: read it again, look at it, see what was changed, and go back.

The file is the operators'. Going back writes the kept text of a version over it, after a copy of
what was there, and reads it by the one loader; whatever is against that is told, and then nothing
was changed.
"""

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path

from anyio import to_thread

from economy_actors.context import LiveSettings
from economy_actors.handlers import kit
from economy_actors.handlers.answers import ApiAnswer, Code, Done, PmAnswer, Private, Refused, Shown
from economy_actors.handlers.fields import Amount, Count, Text
from economy_actors.handlers.registry import ApiCall, Call, PmCall, Question, command, request
from economy_actors.handlers.reloading import (
    Reloaded,
    ReloadFailed,
    reload_settings,
    told_problem,
)
from kryten_economy.commands import refusals
from kryten_economy.commands.table import Section
from kryten_economy.config import ConfigError, Settings
from kryten_economy.config.history import FileChangedError, SecretsLostError, write_back
from kryten_economy.config.lenient import key_paths
from kryten_economy.config.origins import Explained, Origin, Source, explain
from kryten_economy.config.settings import RESTART_KEYS
from kryten_economy.features import config_versions as versions_kept
from kryten_economy.features.api_keys import Scope
from kryten_economy.features.config_versions import ConfigVersion, version_of, versions
from kryten_economy.text.markup import clip, user_text
from kryten_economy.text.templates import ByPm

__all__ = ("explained", "needs_restart", "shown_setting", "waits", "where_from")

_PAGE_ROWS = 5
_NUMBER_MAX = 2**53
_DIGITS_MAX = 9
KEY = Text("key", most=200, required=True)
VERSION = Amount("version", 1, _NUMBER_MAX, zero=False)
ROWS = Count("limit", 20, 1, 100)
OFFSET = Count("offset", 0, 0, 1_000_000)


@command("reload", summary="read the config file again", section=Section.ADMIN)
async def reload_by_pm(call: PmCall) -> PmAnswer:
    """What has changed, what waits for a restart, or why the old settings stay."""
    await call.attempt()
    match await reload_settings(call.context, call.origin, call.by):
        case Reloaded(changed, restart_required):
            return refusals.reloaded(changed, restart_required)
        case ReloadFailed(error):
            return Refused(Code.REJECTED, refusals.reload_failed(error))


@request("config.reload", channel=False, mutating=True)
async def config_reload(call: ApiCall) -> ApiAnswer:
    """Read the configuration again."""
    await call.attempt()
    match await reload_settings(call.context, "api", call.by):
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


@command(
    "config",
    syntax="config history [page] | config show <key> | config revert <version>",
    summary="what was changed in the configuration, what holds, and back to a version",
    section=Section.ADMIN,
)
async def config(call: PmCall) -> PmAnswer | Question:
    """Which of the three is the first word."""
    match [each.lower() for each in call.args[:1]], call.args[1:]:
        case ["history"], ():
            return await _history(call, 1)
        case ["history"], (page,) if (number := _number(page)) is not None:
            return await _history(call, number)
        case ["show"], (key,):
            return _show(call, key)
        case ["revert"], (version,) if (number := _number(version.removeprefix("#"))) is not None:
            return await _ask_to_revert(call, number)
        case _:
            return call.usage()


def _number(typed: str) -> int | None:
    """A whole number above 0."""
    is_number = typed.isascii() and typed.isdecimal() and len(typed) <= _DIGITS_MAX
    return (int(typed) or None) if is_number else None


# What was changed


async def _history(call: PmCall, page: int) -> PmAnswer:
    rows, count = await call.read(
        lambda reports: versions(reports, _PAGE_ROWS, (page - 1) * _PAGE_ROWS)
    )
    pages = max(1, -(-count // _PAGE_ROWS))
    if not count:
        return Shown("No configuration was kept yet: the service runs without a file.")
    if page > pages:
        return Refused(Code.INVALID_REQUEST, f"There are only {pages} pages.")
    return Shown(versions_kept.history_page(rows, page, pages))


@request("config.history", ROWS, OFFSET, channel=False, scope=Scope.OPERATE)
async def config_history(call: ApiCall) -> ApiAnswer:
    """The versions of the configuration, the newest first."""
    limit, offset = call.field(ROWS), call.field(OFFSET)
    rows, count = await call.read(lambda reports: versions(reports, limit, offset))
    told = [_row(each) for each in rows]
    return Done({"versions": told, "total": count}, rows="versions", offset=offset)


def _row(version: ConfigVersion) -> dict[str, object]:
    return {
        "version": version.id,
        "at": kit.time_of(version.at_ms),
        "how": version.how,
        "by": version.author,
        "changes": [
            {"key": each.key_path, "before": each.before, "after": each.after}
            for each in version.changes
        ],
    }


# What holds


def explained(live: LiveSettings, key: str) -> Explained | Refused:
    """What is to be said of a setting, or that there is none, with the nearest one."""
    found = explain(live.settings, live.source or Source(), key)
    if found is not None:
        return found
    near = get_close_matches(key, list(key_paths(Settings)), n=1, cutoff=0.6)
    hint = f" Did you mean {near[0]}?" if near else ""
    shown = clip(user_text(key), 60)
    return Refused(Code.NOT_FOUND, f"There is no setting '{shown}'.{hint}")


def waits(live: LiveSettings, found: Explained) -> bool:
    """Whether the file says otherwise than what is in force until a restart."""
    if live.written is None:
        return False
    new = explain(live.written, Source(), found.key_path)
    return new is None or new.value != found.value


def _show(call: PmCall, key: str) -> PmAnswer:
    told = shown_setting(call.context.live, key)
    return told if isinstance(told, Refused) else Private(told)


def shown_setting(live: LiveSettings, key: str) -> str | Refused:
    """A setting in a sentence: what holds, its default, where it comes from."""
    found = explained(live, key)
    if isinstance(found, Refused):
        return found
    if found.keys:
        return f"{found.key_path} has {', '.join(found.keys)}."
    told = f"{found.key_path} is {_value(found)}, {where_from(found.origin, found.variables)}."
    if waits(live, found):
        told += " The file says something else by now, which needs a restart."
    elif needs_restart(found.key_path):
        told += " A change needs a restart."
    return told


def _value(found: Explained) -> str:
    if found.is_secret:
        return "set" if found.is_set else "not set"
    default = versions_kept.shown_value(found.default)
    return f"{versions_kept.shown_value(found.value)} (default {default})"


def where_from(origin: Origin | None, variables: Sequence[str]) -> str:
    """Where a value is written, without directories."""
    names = ", ".join(variables)
    if origin is None:
        return f"made of {names}" if names else "which nobody has written: the default"
    if origin.is_override:
        return f"from the environment: {names}"
    place = f"from {Path(origin.file).name}:{origin.line}"
    return f"{place}, with {names} of the environment" if names else place


def needs_restart(key_path: str) -> bool:
    """Whether a change of this setting waits for a restart."""
    return any(
        key_path == each or key_path.startswith((f"{each}.", f"{each}[")) for each in RESTART_KEYS
    )


@request("config.show", KEY, channel=False, scope=Scope.OPERATE)
async def config_show(call: ApiCall) -> ApiAnswer:
    """One setting: what holds, its default, and where it comes from."""
    found = explained(call.context.live, call.field(KEY))
    if isinstance(found, Refused):
        return found
    origin = found.origin
    source = "default" if origin is None else "env" if origin.is_override else "file"
    return Done(
        {
            "key": found.key_path,
            "keys": list(found.keys),
            "secret": found.is_secret,
            "set": found.is_set,
            "value": None if found.is_secret or found.keys else found.value,
            "default": None if found.is_secret or found.keys else found.default,
            "source": source,
            "line": None if origin is None else origin.line,
            "variables": list(found.variables),
            "needs_restart": needs_restart(found.key_path),
            "waits_for_restart": waits(call.context.live, found),
        }
    )


# Back to a version


async def _ask_to_revert(call: PmCall, number: int) -> PmAnswer | Question:
    """What would change, and whether to do it."""
    kept = await call.read(lambda reports: version_of(reports, number))
    if kept is None:
        return _no_version(number)
    last, _ = await call.read(lambda reports: versions(reports, 1))
    now = await call.read(lambda reports: version_of(reports, last[0].id))
    assert now is not None, last
    changes = versions_kept.differences(now[1], kept[1])
    told = [versions_kept.shown_change(each) for each in changes[:_PAGE_ROWS]]
    if len(changes) > _PAGE_ROWS:
        told.append(f"and {len(changes) - _PAGE_ROWS:,} more")
    what = "\n".join(told) or "No setting, only the text of the file."

    async def yes(confirmed: PmCall) -> PmAnswer:
        answer = await _revert(confirmed, number)
        if isinstance(answer, Refused):
            return answer
        backup, reloaded = answer
        text = refusals.reloaded(reloaded.changed, reloaded.restart_required)
        return f"⏪ The file is version {number} again; what it was is kept in {backup}. {text}"

    asked = f"Write version {number} over the config file, and reload? It changes:\n{what}"
    return Question(ByPm(asked, "\nSay YES."), yes=yes)


@request("config.revert", VERSION, channel=False, mutating=True)
async def config_revert(call: ApiCall) -> ApiAnswer:
    """Write a version over the file, and read it."""
    number = call.field(VERSION)
    answer = await _revert(call, number)
    if isinstance(answer, Refused):
        return answer
    backup, reloaded = answer
    return Done(
        {
            "reverted": True,
            "version": number,
            "backup": backup,
            "changed": list(reloaded.changed),
            "restart_required": list(reloaded.restart_required),
        }
    )


def _no_version(number: int) -> Refused:
    text = f"There is no version {number} of the configuration."
    return Refused(Code.NOT_FOUND, ByPm(text, " PM 'config history' for all."))


async def _revert(call: Call, number: int) -> tuple[str, Reloaded] | Refused:
    """The name of the backup, and what the reload has changed."""
    path = call.context.live.path
    kept = await call.read(lambda reports: version_of(reports, number))
    if kept is None:
        return _no_version(number)
    if path is None or not kept[0]:
        text = "Nothing was reverted: the service was started without a configuration file."
        return Refused(Code.REJECTED, text)
    await call.attempt()
    backup = await _write(call, path, kept[0])
    if isinstance(backup, Refused):
        return backup
    answer = await reload_settings(call.context, "revert", call.by)
    if isinstance(answer, ReloadFailed):
        text = f"The file is version {number} again, but was not reloaded. {answer.error}"
        return Refused(Code.REJECTED, text)
    return backup, answer


async def _write(call: Call, path: Path, text: str) -> str | Refused:
    """The name of the backup, or why the file is as it was."""
    stamp = f"{datetime.fromtimestamp(call.now_ms / 1000, UTC):%Y%m%d-%H%M%S}"
    try:
        backup = await to_thread.run_sync(write_back, path, text, os.environ, stamp)
    except SecretsLostError as lost:
        keys = _some(lost.key_paths)
        why = f"secrets are not kept, and the file has none for {keys}: set them first"
    except FileChangedError:
        why = "somebody has just changed the file: look at it and try again"
    except ConfigError as error:
        why = f"that version is not valid here any more.\n{_problems(error)}"
    except OSError as error:
        why = f"the file can't be written: {error.strerror or type(error).__name__}"
    else:
        return backup.name
    return Refused(Code.REJECTED, f"Nothing was reverted: {why}.")


def _problems(error: ConfigError) -> str:
    return _lines([told_problem(each) for each in error.problems])


def _lines(lines: Sequence[str]) -> str:
    return "\n".join(lines[:_PAGE_ROWS])


def _some(keys: Sequence[str]) -> str:
    return ", ".join(keys[:_PAGE_ROWS])
