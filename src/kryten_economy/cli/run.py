"""Running the service: for real, as a demo, or on recorded traffic.

What every command does first: find and check the settings, look whether the books open.
"""

import argparse
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import structlog
from anyio.abc import TaskGroup

from economy_actors import logs
from economy_actors.context import LiveSettings
from economy_actors.exporter import HttpBindError
from economy_actors.handlers.reloading import reload_settings
from economy_actors.runtime import RootFailed
from economy_actors.service import Notifier, Service, open_service, prepare_interpreter
from kryten_economy.config import ConfigError, Loaded, Settings, find_config, load
from kryten_economy.features.games import rules
from kryten_economy.ledger.books import Books
from kryten_economy.ledger.errors import DisplacedBooks, LedgerError, UnwritableBooks

__all__ = (
    "OPERATOR_EXIT_CODE",
    "RESTART_EXIT_CODE",
    "check_config",
    "demo",
    "load_config",
    "load_settings",
    "loop_options",
    "open_books_once",
    "replay",
    "service",
)

_log = structlog.get_logger("config")


def load_settings(explicit: Path | None) -> LiveSettings | None:
    """The settings, or None after printing every problem of the file."""
    found = load_config(explicit)
    if found is None:
        return None
    path, loaded = found
    for warning in loaded.warnings:
        _log.warning(warning)
    return LiveSettings(loaded.settings, path, loaded)


def check_config(explicit: Path | None, *, strict: bool) -> int:
    """Print what is to be said of the file; the exit code, which is 1 for warnings if strict."""
    found = load_config(explicit)
    if found is None:
        return 1
    path, loaded = found
    _print_warnings(loaded.warnings)
    many = len(loaded.warnings)
    counted = f"{many} warning{'s' if many != 1 else ''}"
    if many and strict:
        print(f"kryten-economy: {path}: {counted}, and --strict allows none", file=sys.stderr)
        return 1
    print("\n".join(rules.returns_in_words(loaded.settings)))
    print(f"{path}: valid, with {counted}" if many else f"{path}: valid")
    return 0


def load_config(explicit: Path | None, changes: Path | None = None) -> tuple[Path, Loaded] | None:
    """The file and what it says, or None after printing every problem of it.

    ``changes`` is a file of some keys, which is laid over it.
    """
    try:
        path = find_config(explicit)
        loaded = load(path, os.environ, changes)
        more = rules.warnings(loaded.settings)
        return path, replace(loaded, warnings=(*loaded.warnings, *more))
    except ConfigError as error:
        _print_warnings(error.warnings)
        print(f"kryten-economy: the configuration can't be used:\n{error}", file=sys.stderr)
        return None


def _print_warnings(warnings: tuple[str, ...]) -> None:
    for warning in warnings:
        print(f"warning: {warning}", file=sys.stderr)


def open_books_once(settings: Settings) -> None:
    """Create or migrate the books and close them again; raises LedgerError with what to do.

    A file that can't be used is told in one line before anything is started.
    """
    path = Path(settings.database.path)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise UnwritableBooks(f"{path.parent}: {error.strerror}") from error
    Books.open(path).close()


RESTART_EXIT_CODE = 75
"""EX_TEMPFAIL of sysexits.h: nothing has failed, and the service is to be started again."""

OPERATOR_EXIT_CODE = 78
"""EX_CONFIG of sysexits.h: a start must wait until an operator says which books count."""

_STOPPING = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)


def service(options: argparse.Namespace) -> int:
    """Run the service until SIGTERM, SIGINT or SIGQUIT; with ``--validate-config`` only check."""
    logs.configure(options.log_level, sys.stderr, as_json=logs.wants_json(sys.stderr, os.environ))
    if options.validate_config:
        return check_config(options.config, strict=options.strict)
    live = load_settings(options.config)
    if live is None:
        return 1
    _ignore_signals()
    try:
        open_books_once(live.settings)
        prepare_interpreter()
        return anyio.run(_serve, live, backend_options=loop_options())
    except LedgerError as error:
        print(f"kryten-economy: {error}", file=sys.stderr)
        return OPERATOR_EXIT_CODE if isinstance(error, DisplacedBooks) else 1


def loop_options() -> dict[str, Any]:
    """What has anyio use uvloop; without it the service runs on Python's own event loop."""
    try:
        from uvloop import new_event_loop  # noqa: PLC0415  # it is missing on some systems
    except ImportError:
        _log.info("uvloop is not installed, running on asyncio's own event loop")
        return {}
    return {"loop_factory": new_event_loop}


async def _serve(live: LiveSettings) -> int:
    """Serve until asked to stop; a failed tree is exit code 1, so that systemd restarts.

    A notice to all services to restart ends with `RESTART_EXIT_CODE` for the same reason, books
    that were taken away with `OPERATOR_EXIT_CODE`, so that it does not.
    """
    notifier = Notifier.from_environ(os.environ)
    exit_code = 0
    try:
        with ExitStack() as receiving:
            # What is asked for while the service starts is done as soon as it has started.
            signals = receiving.enter_context(anyio.open_signal_receiver(signal.SIGHUP, *_STOPPING))
            async with open_service(live) as running, anyio.create_task_group() as tasks:
                tasks.start_soon(_obey_signals, signals, running, notifier)
                tasks.start_soon(logs.tell_repeats)
                tasks.start_soon(notifier.feed_watchdog, lambda: running.system.failure is None)
                tasks.start_soon(running.system.wait_failed)
                notifier.ready()
                await _until_stopped(running, tasks)
                receiving.close()  # a second request to stop ends the process at once
                _ignore_signals()  # a reload does not
                notifier.stopping()
                exit_code = _ordered_end(running)
    except* RootFailed as failed:
        _log.error("the service has failed", exc_info=failed)  # a group is logged whole
        exit_code = 1
    except* HttpBindError as failed:
        print(f"kryten-economy: {_innermost(failed)}", file=sys.stderr)
        exit_code = 1
    return exit_code


def _ordered_end(running: Service) -> int:
    if running.operator_needed:
        return OPERATOR_EXIT_CODE
    return RESTART_EXIT_CODE if running.restart_asked else 0


def _innermost(error: BaseException) -> BaseException:
    """What a group of errors is about; the tree's task group wraps whatever leaves it."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


async def _until_stopped(running: Service, tasks: TaskGroup) -> None:
    await running.stop_asked.wait()
    tasks.cancel_scope.cancel()


def _ignore_signals() -> None:
    """Nothing is bound to these, and their default is to end the process at once.

    SIGHUP gets its meaning when the service starts, after the settings have been read.
    """
    for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(number, signal.SIG_IGN)


async def _obey_signals(
    signals: AsyncIterator[signal.Signals], running: Service, notifier: Notifier
) -> None:
    """SIGHUP reloads the settings; SIGTERM, SIGINT and SIGQUIT drain and end the service."""
    async for number in signals:
        if number in _STOPPING:
            notifier.stopping()
            running.ask_to_stop(number.name)
        else:
            # Its outcome is in the log: who sends a signal can't be answered.
            await reload_settings(running.context)


def demo(options: argparse.Namespace) -> int:
    """A channel with a crowd, the real service, and the person at the keyboard."""
    from economy_sandbox.demo import main  # noqa: PLC0415  # an extra may be missing

    return main(
        user=options.user, seed=options.seed, speed=options.speed, open_service=open_service
    )


def replay(options: argparse.Namespace) -> int:
    """Feed a recording to the real service and print what it made of it."""
    from economy_sandbox.replaying import main  # noqa: PLC0415  # an extra may be missing

    level = "WARNING" if options.log_level == "INFO" else options.log_level
    logs.configure(level, sys.stderr, as_json=False)
    return anyio.run(partial(main, options.file, speed=options.speed))
