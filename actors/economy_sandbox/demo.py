"""``kryten-economy demo``: a channel with a crowd, the real service, and you in it.

Promises: one command, nothing outside a temporary folder, no other service; what happens is
shown as it happens; it ends within a second or two on Ctrl-C, Ctrl-D or the end of a piped
input, and leaves nothing behind. The service comes as a function, so this file knows the
wire only. Limits: the service's own clock runs at its own pace; ``speed`` is the crowd's.
"""

import asyncio
import random
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, nullcontext
from functools import partial
from pathlib import Path
from typing import TextIO

import anyio

from economy_sandbox.catalogue import MediaCmsSite
from economy_sandbox.commands import need_prompt_toolkit, piped_lines, typed_lines, undisturbed
from economy_sandbox.crowd import Crowd, dress_channel
from economy_sandbox.nats import NatsServer
from economy_sandbox.outbox import SandboxError
from economy_sandbox.past import write_past
from economy_sandbox.robot import SimulatedRobot
from economy_sandbox.room import LoginRefusedError
from economy_sandbox.settings import (
    DemoConfig,
    ServiceInfo,
    StartService,
    demo_settings,
)
from economy_sandbox.timekeeper import OpenService, starter
from economy_sandbox.view import Inbox, View
from kryten_economy.config import load
from kryten_economy.users import is_name

__all__ = ("DemoConfig", "ServiceInfo", "StartService", "main", "run_demo")

DOMAIN = "demo.local"
CHANNEL = "demo"
BOT = "ZCoinBot"
_TICK_S = 5.0
_REPLY_WITHIN_S = 3.0
_MORE_WITHIN_S = 1.0
_ANNOUNCED_WITHIN_S = 10.0
_OWNER_RANK = 4

HELP = f"""\
A line you type is a PM to {BOT}: try  balance,  search harbor,  shop,  rewards  or  help
'text  or  /say text   say it in the channel
/who   who is here      /pms on|off   show what others write to the bot
/crowd on|off           let the crowd live or rest
/restart                the robot goes away and comes back
/quit                   leave (also Ctrl-D, Ctrl-C)"""


async def run_demo(
    start_service: StartService,
    *,
    user: str = "you",
    seed: int | None = None,
    speed: float = 1.0,
    source: TextIO | None = None,
    sink: TextIO | None = None,
    leaving: anyio.Event | None = None,
) -> None:
    """Run the demo until the person leaves; ``source`` and ``sink`` default to the terminal.

    Setting ``leaving`` ends it as well: cancelling would tear the service's actors away
    before they could drain.

    Raises:
        SandboxError: something the demo needs is not installed.
        LoginRefusedError: ``user`` can't be used as a name.
    """
    source, sink = source or sys.stdin, sink or sys.stdout
    is_terminal = source.isatty() and sink.isatty()
    if is_terminal:
        need_prompt_toolkit()
    seed = random.SystemRandom().randrange(1_000_000) if seed is None else seed
    async with AsyncExitStack() as stack:
        folder = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="kryten-economy-demo-"))
        )
        server = await stack.enter_async_context(NatsServer(store_dir=folder / "nats"))
        robot = await stack.enter_async_context(
            SimulatedRobot(server.url, DOMAIN, CHANNEL, BOT, seed=seed)
        )
        site = await stack.enter_async_context(MediaCmsSite())
        site.stock(robot.room.playlist.library)
        config = _written_config(server.url, site.url, folder, robot.clock())
        crowd = Crowd(robot, random.Random(seed), speed=speed, without=user)
        await dress_channel(robot)
        await crowd.arrive()
        info = await stack.enter_async_context(start_service(config))
        crowd.know(info.commands)
        stack.enter_context(undisturbed() if is_terminal else nullcontext())
        # Only now is sys.stdout the one that keeps the prompt in its place.
        view = View(sys.stdout if is_terminal else sink, user, BOT, colour=sink.isatty())
        stage = _Stage(robot, crowd, view, user, info, is_terminal=is_terminal)
        await _announced(robot, view)
        view.note(stage.welcome(seed, config.log_path))
        await stage.play(source, leaving or anyio.Event())
        view.note("Bye.")


async def _announced(robot: SimulatedRobot, view: View) -> None:
    """Wait until the service listens, else its first lines would be lost."""
    try:
        await robot.service_started("economy", timeout_s=_ANNOUNCED_WITHIN_S)
    except TimeoutError:
        view.note("The service has not announced itself on the bus yet.")


def _written_config(nats_url: str, catalogue_url: str, folder: Path, now_s: float) -> DemoConfig:
    """The configuration, and the books of a channel that has been there for a while."""
    path, minute = folder / "config.yaml", int(now_s // 60 % 60)
    database = folder / "economy.db"
    text = demo_settings(
        nats_url, DOMAIN, CHANNEL, BOT, database, minute, catalogue_url=catalogue_url
    )
    path.write_text(text, encoding="utf-8")
    write_past(load(path, {}).settings, CHANNEL, int(now_s * 1000))
    return DemoConfig(nats_url, DOMAIN, CHANNEL, BOT, folder, path)


class _Stage:
    """The running demo: crowd, clock and the person at the keyboard."""

    def __init__(
        self,
        robot: SimulatedRobot,
        crowd: Crowd,
        view: View,
        user: str,
        info: ServiceInfo,
        *,
        is_terminal: bool,
    ) -> None:
        self._robot = robot
        self._crowd = crowd
        self._view = view
        self._user = user
        self._info = info
        self._is_terminal = is_terminal

    def welcome(self, seed: int, log_path: Path) -> str:
        """What stands above everything else."""
        metrics = self._info.metrics_url or "switched off"
        pages = self._info.pages_url or "no pages"
        return (
            f"In the channel {CHANNEL} you are called {self._user} and are an owner"
            f" (rank {_OWNER_RANK}):\n"
            "admin commands work for you too. Coins come for being here and for taking part:\n"
            "say hello, greet who comes in, laugh, thank somebody with name++, like the film.\n"
            "They buy films, colours, titles and more; 'grant' yourself some if you can't wait.\n"
            "The others play too: start a  heist 25,  a  race  or  trivia 20,  and they join.\n"
            f"{HELP}\n"
            f"In your browser: {pages} (sign in as {self._user}, the code comes as a PM)\n"
            f"Metrics: {metrics}\nLog: {log_path}\nSeed of this evening: {seed}\n"
        )

    async def play(self, source: TextIO, leaving: anyio.Event) -> None:
        """Let everything happen until the person leaves."""
        robot = self._robot
        for heard in robot.heard:
            # Who comes in sees what was said before, as in a browser.
            if heard.to is None:
                self._view.hear(heard)
        robot.listeners.append(self._view.hear)
        robot.watchers.append(lambda event: self._view.happen(event, robot.clock()))
        await robot.join(self._user, rank=_OWNER_RANK)
        self._crowd.greet(self._user)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._crowd.run)
            tasks.start_soon(self._keep_time)
            tasks.start_soon(self._obey, source, leaving)
            await leaving.wait()
            tasks.cancel_scope.cancel()

    async def _keep_time(self) -> None:
        while True:
            await anyio.sleep(_TICK_S)
            await self._robot.tick()

    def _lines(self, source: TextIO) -> AsyncIterator[str]:
        if not self._is_terminal:
            return piped_lines(source)
        first_words = partial(sorted, {*self._info.commands, *_ORDERS})
        return typed_lines(f"{self._user}> ", self._toolbar, first_words, self._names)

    def _names(self) -> list[str]:
        return sorted(person.name for person in self._robot.room.people.values())

    def _toolbar(self) -> str:
        current = self._robot.room.playlist.current
        film = "" if current is None else f"▶ {current.media.title}  "
        return f" PM to {BOT} · 'text to chat · /help · {film}· {len(self._names())} here "

    async def _obey(self, source: TextIO, leaving: anyio.Event) -> None:
        async for line in self._lines(source):
            if line.strip() in {"/quit", "/exit"}:
                break
            if line.strip():
                await self._do(line.strip())
        leaving.set()

    async def _do(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        if line.startswith("'"):
            await self._say(line[1:])
        elif word == "/say":
            await self._say(rest)
        elif word in _ORDERS:
            await self._order(word, rest.strip().lower())
        elif word.startswith("/") and word[1:].lower() not in self._info.commands:
            self._view.note(f"There is no {word} here.\n{HELP}")
        else:
            await self._pm(line)

    async def _say(self, text: str) -> None:
        if self._robot.room.find(self._user) is None:
            await self._robot.join(self._user)
        await self._robot.chat(self._user, text)

    async def _pm(self, text: str) -> None:
        if self._robot.room.find(self._user) is None:
            await self._robot.join(self._user)
        inbox = self._robot.inbox_of(self._user)
        inbox.skip()
        await self._robot.pm(self._user, text)
        if not self._is_terminal:
            await _answered(inbox)

    async def _order(self, word: str, rest: str) -> None:
        view = self._view
        match word, rest:
            case "/who", _:
                view.note("Here: " + ", ".join(self._names()))
            case "/crowd", "on" | "off":
                self._crowd.is_active = rest == "on"
                view.note(f"The crowd is {'awake' if rest == 'on' else 'resting'}.")
            case "/pms", "on" | "off":
                view.shows_others_pms = rest == "on"
                view.note(f"PMs of others are {'shown' if rest == 'on' else 'hidden'}.")
            case "/restart", _:
                view.note("The robot restarts; the service has to notice by itself.")
                await self._robot.restart()
            case _:
                view.note(HELP)


_ORDERS = ("/crowd", "/help", "/pms", "/quit", "/restart", "/say", "/who")


async def _answered(inbox: Inbox) -> None:
    """A piped line waits for its whole answer, so that a script reads like a conversation."""
    within_s = _REPLY_WITHIN_S
    try:
        while True:
            await inbox.wait(timeout_s=within_s)
            within_s = _MORE_WITHIN_S
    except TimeoutError:
        return


def main(*, user: str, seed: int | None, speed: float, open_service: OpenService) -> int:
    """The command ``kryten-economy demo``; gives the exit code."""
    if not is_name(user) or speed <= 0:
        _complain("--user takes a CyTube name, --speed a number above 0")
        return 2
    show = partial(run_demo, starter(open_service), user=user, seed=seed, speed=speed)
    try:
        anyio.run(_until_signalled, show)
    except (SandboxError, LoginRefusedError) as error:
        _complain(str(error))
        return 1
    return 0


def _complain(text: str) -> None:
    print(f"kryten-economy: {text}", file=sys.stderr)  # noqa: T201 - a command line prints


async def _until_signalled(show: Callable[..., Awaitable[None]]) -> None:
    """A signal ends the demo as a goodbye does, without a traceback."""
    loop, leaving = asyncio.get_running_loop(), anyio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, leaving.set)
    await show(leaving=leaving)
