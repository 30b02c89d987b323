"""Replays for operators: one at a time, each in a process of its own that gives way to all else.

Promises: PMs don't wait for a replay, for neither the books' writer nor this process does any of
it; the process ends with the service, by Cancel and when its time is over; what it is given stands
in a folder that nobody else may read and that is gone afterwards; it knows no secret, neither of
the configuration nor of the environment. What was found is kept until the next replay or restart.
"""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from subprocess import PIPE
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple, assert_never

import anyio
import anyio.lowlevel
import structlog
from markupsafe import Markup

from economy_actors.context import Context
from economy_actors.messages.what_if import (
    CancelTry,
    Done,
    LookAtTries,
    Running,
    StartTry,
    Told,
    Tries,
    WhatIfMessage,
    Wish,
)
from economy_actors.pages.charts import bars, lines
from economy_actors.runtime import Actor
from kryten_economy.config import Settings
from kryten_economy.config.origins import plain

__all__ = ("TIME_S", "WhatIf")

TIME_S: Final = 300.0
"""So long a replay may take, on a machine that has little time for it."""

_TOO_MUCH: Final = 71
_TOLD: Final = 1
_OUTPUT_MAX: Final = 4 * 2**20
_PROBLEM_MAX: Final = 6_000
_BARS_MAX: Final = 12
_NOW: Final = "configuration in force"
_TEXT: Final = "line"
"""The files as problems name them: ``line:3: rain.max_amount: ...``."""

_PRIVATE: Final = frozenset({"nats", "channels", "database", "service", "web", "metrics"})
"""Sections of which a replay needs nothing; addresses may hold passwords."""

_KEPT_ENVIRONMENT: Final = (
    *("PATH", "HOME", "LANG", "LC_ALL", "TZ", "PYTHONPATH", "LD_LIBRARY_PATH"),
    *("PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX"),
)

_log = structlog.get_logger("what-if")


class _Ended(NamedTuple):
    code: int
    out: str
    problem: str


class WhatIf(Actor[WhatIfMessage]):
    """Runs one replay at a time, and knows the last one of each channel."""

    def __init__(self, context: Context, time_s: float = TIME_S) -> None:
        self._context = context
        self._time_s = time_s
        self._running: Running | None = None
        self._last: dict[str, Done] = {}
        self._begun = anyio.Event()
        self._scope = anyio.CancelScope()
        self._cancelled_by = ""

    async def receive(self, message: WhatIfMessage) -> None:
        """Begin, end, or tell."""
        running = self._running
        match message:
            case StartTry():
                if running is None:
                    self._begin(message.wish)
                message.reply.send(running is None)
            case CancelTry():
                is_ours = running is not None and running.wish.channel == message.channel
                if is_ours:
                    self._cancelled_by = message.by
                    self._scope.cancel()
                message.reply.send(is_ours)
            case LookAtTries():
                ours = running if running and running.wish.channel == message.channel else None
                last = self._last.get(message.channel)
                message.reply.send(Tries(ours, last, running is not None))
            case _:
                assert_never(message)

    def _begin(self, wish: Wish) -> None:
        self._running = Running(wish, self._context.clock.now_ms())
        self._scope, self._cancelled_by = anyio.CancelScope(), ""
        self._begun.set()

    async def work(self) -> None:
        """Replay whatever is begun, until the service ends."""
        while True:
            await self._begun.wait()
            self._begun = anyio.Event()
            assert self._running is not None
            wish = self._running.wish
            _log.info("a what-if was begun", channel=wish.channel, by=wish.by, days=wish.days)
            told, problem = await self._in_time(wish)
            self._last[wish.channel] = Done(wish, self._context.clock.now_ms(), told, problem)
            self._running = None
            outcome = "done" if told else problem.splitlines()[0]
            _log.info("a what-if has ended", channel=wish.channel, by=wish.by, outcome=outcome)

    async def _in_time(self, wish: Wish) -> tuple[Told | None, str]:
        ended: _Ended | None = None
        try:
            with self._scope, anyio.move_on_after(self._time_s):
                ended = await _replayed(wish, self._context.live.settings)
        except OSError as error:
            _log.error("a what-if could not be started", reason=str(error))
            return None, f"It could not be started: {error.strerror}."
        if self._cancelled_by:
            return None, f"{self._cancelled_by} has cancelled it."
        if ended is None:
            return None, f"It took more than {self._time_s:.0f} s and was ended. Try fewer days."
        if ended.code == 0:
            return await _told(json.loads(ended.out)), ""
        return None, _why_none(ended)


def _why_none(ended: _Ended) -> str:
    if ended.code == _TOLD:
        return ended.problem
    if ended.code == _TOO_MUCH:
        return "It would have taken more memory than it may. Try fewer days."
    _log.error("a what-if has failed", code=ended.code, said=ended.problem)
    return "The replay has failed. It was written down for who runs this service."


async def _replayed(wish: Wish, settings: Settings) -> _Ended:
    """Have another process do it; it is killed where this one stops waiting."""
    with TemporaryDirectory(prefix="kryten-economy-what-if-") as name:
        folder = Path(name)
        (folder / _NOW).write_text(json.dumps(_in_force(wish, settings)), encoding="utf-8")
        (folder / _TEXT).write_text(wish.text, encoding="utf-8", errors="replace")
        command = _command(wish, settings.database.path)
        with (folder / "out").open("wb") as out, (folder / "problem").open("wb") as problem:
            async with await anyio.open_process(
                command,
                cwd=folder,
                env=_environment(os.environ),
                stdin=PIPE,
                stdout=out,
                stderr=problem,
                start_new_session=True,
            ) as process:
                code = await process.wait()
        return _Ended(
            code, _start(folder / "out", _OUTPUT_MAX), _start(folder / "problem", _PROBLEM_MAX)
        )


def _command(wish: Wish, database: str) -> list[str]:
    command = [sys.executable, "-P", "-m", "kryten_economy.cli.child", "--config", _NOW, "what-if"]
    command += ["--config" if wish.is_whole else "--changes", _TEXT, "--json"]
    return [
        *command,
        "--database",
        str(Path(database).absolute()),
        "--channel",
        wish.channel,
        "--days",
        str(wish.days),
    ]


def _in_force(wish: Wish, settings: Settings) -> dict[str, Any]:
    """The configuration as it holds, whatever its file says by now, without secrets."""
    said = plain("", settings.model_dump(mode="json", exclude=set(_PRIVATE)))
    assert isinstance(said, dict)
    needed = {
        "nats": {"servers": ["nats://127.0.0.1:4222"]},
        "channels": [{"domain": "what-if.invalid", "channel": wish.channel}],
    }
    return said | needed


def _environment(environ: Mapping[str, str]) -> dict[str, str]:
    """What a process needs to start: ``${NAME}`` in a text must not bring out a password."""
    return {name: environ[name] for name in _KEPT_ENVIRONMENT if name in environ}


def _start(path: Path, most: int) -> str:
    with path.open("rb") as file:
        return file.read(most).decode("utf-8", "replace").strip()


# What was found


async def _told(found: Mapping[str, Any]) -> Told:
    [report] = found["reports"]
    charts: list[Markup] = []
    if len(report["days"]) > 1:
        charts.append(_supply(report["days"]))
    for key, title in (
        ("inflow", "Into wallets, by source"),
        ("outflow", "Out of wallets, by source"),
        ("prices", "Prices for the lowest rank"),
    ):
        await anyio.lowlevel.checkpoint()  # others have their turn between two drawings
        if any(any(pair) for pair in report[key].values()):
            charts.append(_largest(key, title, report[key]))
    return Told(
        title=report["title"],
        seed=report["seed"],
        differences=tuple((text, treatment) for text, treatment in report["differences"]),
        warnings=(*found["warnings"], *report["warnings"]),
        tables=tuple(
            (title, tuple((row[0], row[1], row[2], row[3]) for row in rows))
            for title, rows in report["tables"]
        ),
        charts=tuple(charts),
    )


def _supply(days: list[tuple[str, int, int]]) -> Markup:
    last = days[-1]
    return lines(
        "supply",
        "Supply at the end of each day",
        f"On {last[0]} it was {last[1]:,} and would have been {last[2]:,}.",
        [day[5:] for day, _, _ in days],
        {"before": [was for _, was, _ in days], "after": [now for _, _, now in days]},
    )


def _largest(key: str, title: str, pairs: Mapping[str, tuple[int, int]]) -> Markup:
    most = sorted(pairs.items(), key=lambda item: -max(item[1]))[:_BARS_MAX]
    name, (was, now) = most[0]
    figures = {"before": [pair[0] for _, pair in most], "after": [pair[1] for _, pair in most]}
    about = f"The largest is {name}: {was:,} before, {now:,} after."
    return bars(key, title, about, [each for each, _ in most], figures)
