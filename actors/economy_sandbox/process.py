"""The robot process: its life, its memory, its answers; `wire.md` 5 and 6.

Promises: subjects, envelopes, order of frames, KV buckets and answers are those of the real
robot 1.12.6, its slips included. Nothing here sleeps but retries in an outage and the wait
for a ``queue`` frame. Commands are handled one after the other, as in reality.
"""

import asyncio
import json
import time
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from random import Random
from types import TracebackType
from typing import Any, Self

import anyio
from anyio.abc import TaskGroup
from nats.aio.msg import Msg

from economy_sandbox.commands import COMMANDS
from economy_sandbox.filters import cut_utf16
from economy_sandbox.media import Event
from economy_sandbox.mirror import Mirror, Put
from economy_sandbox.nats import COMMAND_SUBJECT, Link
from economy_sandbox.outbox import Post, json_request
from economy_sandbox.queries import (
    VERSION,
    Facts,
    Registry,
    second_answer,
    state_reply,
)
from economy_sandbox.room import Dressing, Room, entry_burst
from economy_sandbox.view import PATIENCE_S, Command, Heard, Inbox
from kryten_economy.text.markup import as_meant

__all__ = ("RobotProcess",)

_KEPT_MAX = 50_000
_RETRIES_S = (1.0, 2.0, 4.0)


class RobotProcess:
    """A robot that can be started, stopped, killed and cut off, with its channel behind it.

    ``clock`` gives epoch seconds and drives throttle and media; ``retries_s``,
    ``reconnect_wait_s`` and ``queue_wait_s`` are the real robot's waits and may be shortened;
    ``is_throttled`` False lifts CyTube's rate limits. People put into ``room`` before the
    start are there already when the robot comes.
    """

    def __init__(
        self,
        url: str,
        domain: str = "cytube.test",
        channel: str = "testchan",
        bot: str = "ZCoinBot",
        *,
        bot_rank: float = 4,
        clock: Callable[[], float] = time.time,
        seed: int = 0,
        retries_s: Sequence[float] = _RETRIES_S,
        reconnect_wait_s: float = 2.0,
        queue_wait_s: float = 8.0,
        is_throttled: bool = True,
    ) -> None:
        self.channel = channel
        self.domain = domain
        self.bot = bot
        self.clock = clock
        self.room = Room(bot, bot_rank, clock, Random(seed))
        self.room.is_throttled = is_throttled
        self.dressing = Dressing()
        self.mirror = Mirror()
        self.is_running = False
        self.is_in_channel = False
        self.commands: deque[Command] = deque(maxlen=_KEPT_MAX)
        self.heard: deque[Heard] = deque(maxlen=_KEPT_MAX)
        self.listeners: list[Callable[[Heard], None]] = []
        self.watchers: list[Callable[[Event], None]] = []
        self._link = Link(
            url,
            domain=domain,
            channel=channel,
            now_s=clock,
            retries_s=retries_s,
            reconnect_wait_s=reconnect_wait_s,
        )
        self._registry = Registry()
        self._lifecycle_seen = asyncio.Event()
        self._queue_wait_s = queue_wait_s
        self._queue_seen: asyncio.Future[Event] | None = None
        self._tasks: TaskGroup | None = None
        self._inboxes: defaultdict[str, Inbox] = defaultdict(Inbox)
        self._chat = Inbox()
        self._stack = AsyncExitStack()
        self._thrown_out: str | None = None

    @property
    def is_connected(self) -> bool:
        """Whether the robot reaches NATS now."""
        return self._link.is_connected

    @property
    def lost_count(self) -> int:
        """How many events and KV values were given up in outages."""
        return self._link.outbox.lost

    async def __aenter__(self) -> Self:
        """Start the robot."""
        tasks = await self._stack.enter_async_context(anyio.create_task_group())
        self._stack.callback(tasks.cancel_scope.cancel)
        self._tasks = tasks
        tasks.start_soon(self._link.outbox.run)
        try:
            await self.start()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the robot without a goodbye; call ``stop`` first for one."""
        with anyio.CancelScope(shield=True):
            await self.stop(kill=True)
        await self._stack.aclose()

    async def start(self) -> None:
        """Start the process: connect, fill the KV buckets, then the burst of `wire.md` 6."""
        if self.is_running:
            return
        self.mirror, self._registry = Mirror(), Registry()
        user_level = f"kryten.user_level.{self.domain}.{self.channel}"
        await self._link.open(
            {
                "kryten.lifecycle.*.*": (self._on_lifecycle,),
                COMMAND_SUBJECT: (self._on_query, self._on_command),
                user_level: (self._on_user_level,),
            }
        )
        self.is_running = True
        await self._enter(with_history=True)

    async def stop(self, *, kill: bool = False) -> None:
        """End the process; killed, it says nothing. KV stays as it was."""
        if not self.is_running:
            return
        self.is_running = self.is_in_channel = False
        if not kill:
            self._link.tell("disconnected", target="CyTube", reason="Graceful shutdown")
            self._link.tell("shutdown", reason="Normal shutdown")
        await self._link.close(kill=kill)

    async def restart(self, *, kill: bool = False) -> None:
        """Stop and start; call ``stop`` and ``start`` to let things happen in between."""
        await self.stop(kill=kill)
        await self.start()

    async def kick_bot(self, reason: str = "bye", *, is_persistent: bool = False) -> None:
        """Throw the bot out. By default the robot says so and ends.

        ``is_persistent`` is the robot's aggressive reconnect: it is gone without a word
        until ``rejoin`` is called (about 5 s in reality).
        """
        if is_persistent:
            self.lose_cytube()
            return
        await self.act([Event("kick", {"reason": reason})])
        await self.stop()

    def throw_out(self, reason: str) -> None:
        """Kick the bot once the command that it is carrying out has been answered."""
        self._thrown_out = reason

    def lose_cytube(self) -> None:
        """The connection to CyTube breaks without a word; the process stays."""
        self.is_in_channel = False

    async def rejoin(self, why: str = "Server sent disconnect packet (attempt 1)") -> None:
        """Back in the channel: the burst without old chat."""
        await self._enter(with_history=False, note=f"Reconnected after: {why}")

    async def restart_cytube(self) -> None:
        """CyTube restarts: everybody is gone, chat forgotten, uids start from 0 again."""
        self.lose_cytube()
        self.room.people.clear()
        self.room.history.clear()
        self.room.playlist.renumber()
        await self.rejoin("no close frame received or sent (attempt 1)")

    async def service_started(
        self, name: str = "economy", *, timeout_s: float = PATIENCE_S
    ) -> None:
        """Wait until a service has announced itself; kryten-py listens to events by then.

        Raises:
            TimeoutError: it did not.
        """
        async with asyncio.timeout(timeout_s):
            while name not in self._registry.names:
                self._lifecycle_seen.clear()
                await self._lifecycle_seen.wait()

    async def settled(self) -> None:
        """Wait until all published so far, late or not, has reached the NATS server."""
        await self._link.outbox.settled(through_outage=True, is_flushed=True)

    async def act(self, events: list[Event], *, typed: str | None = None) -> None:
        """Let the bot's socket get these frames; ``typed`` is the text behind a message."""
        messages: list[Post | Put] = []
        for event in events:
            for watcher in self.watchers:
                watcher(event)
            if typed is not None:
                self._hear(event, typed)
            if self.is_in_channel:
                messages += self.mirror.see(event)
                messages.append(self._link.post(event.name, event.payload))
            seen = self._queue_seen
            if seen and event.name in {"queue", "queueFail"} and not seen.done():
                seen.set_result(event)
        self._link.outbox.add(messages)
        await self._link.outbox.settled()

    async def act_and_show(self, event: Event) -> dict[str, Any]:
        """The same for one frame; gives the envelope it was published in."""
        envelope = self._link.envelope(event.name, event.payload)
        self._link.outbox.add([self._link.post(event.name, event.payload, **envelope)])
        await self._link.outbox.settled()
        return envelope

    def act_later(self, delay_s: float, events: Callable[[], list[Event]]) -> None:
        """Let the server make these frames only after a delay."""

        async def act() -> None:
            await anyio.sleep(delay_s)
            await self.act(events())

        assert self._tasks is not None, "the robot has not been started"
        self._tasks.start_soon(act)

    async def first_answer(self) -> Event | None:
        """The next ``queue`` frame, whosever it is, or refusal; None after ``queue_wait_s``."""
        self._queue_seen = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(self._queue_wait_s):
                return await self._queue_seen
        except TimeoutError:
            return None
        finally:
            self._queue_seen = None

    async def _enter(self, *, with_history: bool, note: str | None = None) -> None:
        events = entry_burst(self.room, self.dressing, self.channel, with_history=with_history)
        # KV holds the state of the whole burst before the first of its events is out.
        self._link.outbox.add([put for event in events for put in self.mirror.see(event)])
        extra = {} if note is None else {"note": note}
        where = {"domain": self.domain, "channel": self.channel}
        self._link.tell("connected", target="CyTube", **where, **extra)
        if note is None:
            self._link.tell("startup", **where, commands_enabled=True, health_enabled=True)
        self._link.outbox.add([self._link.post(event.name, event.payload) for event in events])
        self.is_in_channel = True
        await self._link.outbox.settled()

    def _hear(self, event: Event, typed: str) -> None:
        """Keep what was said, as typed; of the bot, as it was meant."""
        if event.name not in {"chatMsg", "pm"} or event.payload["username"].startswith("["):
            return
        text, sender, to = cut_utf16(typed), event.payload["username"], event.payload.get("to")
        is_shadow = bool(event.payload["meta"].get("shadow"))
        heard = Heard(event.payload["time"], sender, to, text, is_shadow)
        if sender == self.bot:
            # People read the letters that the service writes for marks as those marks.
            text = as_meant(text)
            heard = replace(heard, text=text)
            (self._chat if to is None else self._inboxes[to.lower()]).add(text)
        self.heard.append(heard)
        for listener in self.listeners:
            listener(heard)

    def _facts(self) -> Facts:
        return Facts(
            self.mirror,
            self._registry,
            self.domain,
            self.channel,
            self.clock(),
            self._link.uptime_s,
            self._link.outbox.published,
            len(self.commands),
        )

    async def _on_lifecycle(self, msg: Msg) -> None:
        self._registry.see(msg.subject.rsplit(".", 1)[-1], json.loads(msg.data))
        self._lifecycle_seen.set()

    async def _on_user_level(self, msg: Msg) -> None:
        # CyTube's login frame carries no rank; the robot then takes it for 1.
        await self._link.reply(msg, {"success": True, "rank": 1, "username": self.bot})

    async def _on_query(self, msg: Msg) -> None:
        body = state_reply(self._facts(), json_request(msg))
        if body is not None:
            await self._link.reply(msg, body)

    async def _on_command(self, msg: Msg) -> None:
        request = json_request(msg)
        name, args = str(request.get("command")), request.get("args") or {}
        meta = request.get("meta") or {}
        if self._is_for_another(meta):
            return
        self.commands.append(Command(self.clock(), name, args, meta, bool(msg.reply)))
        data = second_answer(self._facts(), name)
        if data is None and name not in COMMANDS:
            return
        try:
            data = data or await COMMANDS[name](self, args)
        except ValueError as refusal:
            answer = {"service": "robot", "success": False, "error": str(refusal)}
        else:
            answer = {"service": "robot", "command": name, "success": True, "data": data}
        await self._link.reply(msg, answer)
        reason, self._thrown_out = self._thrown_out, None
        if reason is not None and self._tasks is not None:
            # The end of the process waits for its subscriptions, of which this is one.
            self._tasks.start_soon(self.kick_bot, reason)

    def _is_for_another(self, meta: dict[str, Any]) -> bool:
        domain, channel = meta.get("domain"), meta.get("channel")
        if domain is None or channel is None:
            return False
        return bool(domain != self.domain or channel.lower() != self.channel.lower())

    async def _answer_system_pm(self, name: str, text: str) -> None:
        """The robot eats PMs that begin with ``system:`` and answers two of them itself."""
        match text.removeprefix("system:").strip().lower():
            case "about":
                services = ", ".join(self._registry.versions()) or "none registered"
                answer = (
                    f"Kryten Robot v{VERSION} | up {int(self._link.uptime_s) // 60}m | "
                    f"channel: {self.channel}@{self.domain} | services: {services}"
                )
            case "help":
                answer = (
                    "system:about — version, uptime, and all connected services | "
                    "system:help — show this message"
                )
            case _:
                return
        await self.act(self.room.pm(self.bot, name, answer), typed=answer)
