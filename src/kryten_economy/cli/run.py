"""Running the service: for real, as a demo, or on recorded traffic."""

import argparse
import os
import signal
import sys
from functools import partial
from typing import Any

import anyio
import structlog
from anyio.abc import TaskGroup

from economy_actors import logs
from economy_actors.context import LiveSettings
from economy_actors.metrics.http import HttpBindError
from economy_actors.runtime import RootFailed
from economy_actors.service import Service, freeze_startup_objects, open_service
from economy_actors.systemd import Notifier
from kryten_economy.cli.preparing import load_settings, open_books_once
from kryten_economy.ledger.errors import LedgerError

__all__ = ("demo", "loop_options", "replay", "service")

_log = structlog.get_logger("cli")


def service(options: argparse.Namespace) -> int:
    """Run the service until SIGTERM or SIGINT; with ``--validate-config`` only check."""
    logs.configure(options.log_level, sys.stderr, as_json=logs.wants_json(sys.stderr, os.environ))
    live = load_settings(options.config)
    if live is None:
        return 1
    if options.validate_config:
        print(f"{live.path}: valid")
        return 0
    try:
        open_books_once(live.settings)
        freeze_startup_objects()
        return anyio.run(_serve, live, backend_options=loop_options())
    except LedgerError as error:
        print(f"kryten-economy: {error}", file=sys.stderr)
    return 1


def loop_options() -> dict[str, Any]:
    """What has anyio use uvloop; without it the service runs on Python's own event loop."""
    try:
        from uvloop import new_event_loop  # noqa: PLC0415  # it is missing on some systems
    except ImportError:
        _log.info("uvloop is not installed, running on asyncio's own event loop")
        return {}
    return {"loop_factory": new_event_loop}


async def _serve(live: LiveSettings) -> int:
    """Serve until asked to stop; a failed tree is exit code 1, so that systemd restarts."""
    notifier = Notifier.from_environ(os.environ)
    exit_code = 0
    try:
        async with open_service(live) as running, anyio.create_task_group() as tasks:
            tasks.start_soon(_obey_signals, running, notifier)
            tasks.start_soon(notifier.feed_watchdog, lambda: running.system.failure is None)
            tasks.start_soon(running.system.wait_failed)
            notifier.ready()
            await _until_stopped(running, tasks)
            notifier.stopping()
    except* RootFailed as failed:
        _log.error("the service has failed", exc_info=failed)  # a group is logged whole
        exit_code = 1
    except* HttpBindError as failed:
        print(f"kryten-economy: {_innermost(failed)}", file=sys.stderr)
        exit_code = 1
    return exit_code


def _innermost(error: BaseException) -> BaseException:
    """What a group of errors is about; the tree's task group wraps whatever leaves it."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


async def _until_stopped(running: Service, tasks: TaskGroup) -> None:
    await running.stop_asked.wait()
    tasks.cancel_scope.cancel()


async def _obey_signals(running: Service, notifier: Notifier) -> None:
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async for number in signals:
            notifier.stopping()
            running.ask_to_stop(signal.Signals(number).name)


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
