"""Feed a recording to a running service: ``await replay(url, trace, speed=10)``.

Promises: the robot's part comes in the recorded order, its KV values are put before what
follows them, its times are moved to now in one piece or kept; live requests of the service are
answered from the state replayed so far, and its PMs and chats come back as echoes.
Limits: what the recorded service said is left out; other commands are acknowledged only.
"""

import json
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

import anyio
import anyio.lowlevel
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import NoRespondersError

from economy_sandbox.filters import Line, chat_line, pm_line
from economy_sandbox.media import Event
from economy_sandbox.mirror import Mirror
from economy_sandbox.nats import COMMAND_SUBJECT, event_subject
from economy_sandbox.outbox import SandboxError, arrived, connect, json_request, make_bucket
from economy_sandbox.queries import Facts, Registry, second_answer, state_reply
from economy_sandbox.timekeeper import Timekeeper
from economy_sandbox.trace import Trace, TraceLine, recorded_at
from economy_sandbox.view import Command

__all__ = ("Progress", "ReplayReport", "TimeShift", "replay")

_KV = "$KV."
_OTHERS = (
    "_INBOX",
    "_trace.",
    "_note",
    "cytube.user_level",
    "kryten.user_level",
    "kryten.robot.command",
    "kryten.economy.",
    "kryten.userstats.",
    "kryten.lifecycle.economy.",
)
_SERVICE_SUBJECT = "kryten.economy.command"
_STARTED_WITHIN_S = 10.0
_POLL_S = 0.05
_HASTE = 1000.0
_DEFAULT_BOT = "ZCoinBot"
_CLOCK_MS_MIN = 1_000_000_000_000


class Progress(NamedTuple):
    """How far a replay is: lines done of all, seconds of the recording of its length."""

    lines: int
    lines_total: int
    at_s: float
    duration_s: float


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """What a replay did, and what the service said meanwhile."""

    events: int
    kv_values: int
    skipped: int
    commands: tuple[Command, ...]


@dataclass(frozen=True, slots=True)
class TimeShift:
    """Maps recorded times to now: from ``began_s`` on at ``speed``, older ones at their age.

    One mapping for all keeps two showings of the same old chat line at the same time.
    """

    began_s: float
    now_s: float
    speed: float

    def moved_s(self, recorded_s: float) -> float:
        """The epoch seconds to show for a recorded time."""
        passed_s = recorded_s - self.began_s
        return self.now_s + (passed_s / self.speed if passed_s > 0 else passed_s)

    def applied(self, data: Any) -> Any:  # noqa: ANN401 - wire data
        """The message with its ``timestamp`` and ``payload.time`` moved."""
        stamp = recorded_at(data)
        if stamp is None:
            return data
        moved = datetime.fromtimestamp(self.moved_s(stamp), UTC)
        data = {**data, "timestamp": moved.isoformat(timespec="microseconds")}
        payload = data.get("payload")
        time_ms = payload.get("time") if isinstance(payload, dict) else None
        if isinstance(time_ms, int) and time_ms >= _CLOCK_MS_MIN:
            moved_ms = int(self.moved_s(time_ms / 1000) * 1000)
            data["payload"] = {**payload, "time": moved_ms}
        return data


async def replay(
    url: str,
    trace: Trace,
    speed: float | None = 1.0,
    on_progress: Callable[[Progress], None] | None = None,
    *,
    keep_times: bool = False,
    awaits_service: bool = False,
    settle_s: float = 0.0,
    timekeeper: Timekeeper | None = None,
) -> ReplayReport:
    """Publish a recording on the bus at ``url``; ``speed`` None is as fast as possible.

    ``keep_times`` leaves all times as recorded; ``awaits_service`` begins when the service has
    announced itself; ``settle_s`` keeps answering that long after the last message. A
    ``timekeeper`` keeps a service that runs on the recorded times in step: use it with both.

    Raises:
        SandboxError: the bus can't be reached, or the service did not announce itself.
    """
    assert speed is None or speed > 0
    async with _connection(url) as connection:
        now_s = time.time if timekeeper is None else timekeeper.now_s
        stand_in = _StandIn(connection, trace, now_s)
        await stand_in.listen()
        if awaits_service:
            await stand_in.service_started()
        shift = None
        if not keep_times and trace.began_s is not None:
            shift = TimeShift(trace.began_s, time.time(), speed or _HASTE)
        player = _Player(connection, trace, stand_in, shift, timekeeper)
        await player.play(speed, on_progress)
        await arrived(connection)
        await anyio.sleep(settle_s)
        return ReplayReport(player.events, player.kv_values, player.skipped, stand_in.seen)


@asynccontextmanager
async def _connection(url: str) -> AsyncIterator[Client]:
    connection = await connect(url, "kryten-economy-replay")
    try:
        yield connection
    finally:
        with anyio.CancelScope(shield=True):
            await connection.close()


class _Player:
    """Publishes the robot's lines, one after the other."""

    def __init__(
        self,
        connection: Client,
        trace: Trace,
        stand_in: "_StandIn",
        shift: TimeShift | None,
        timekeeper: Timekeeper | None,
    ) -> None:
        self.events = 0
        self.kv_values = 0
        self.skipped = 0
        self._connection = connection
        self._jetstream = connection.jetstream()
        self._trace = trace
        self._stand_in = stand_in
        self._shift = shift
        self._timekeeper = timekeeper
        self._buckets: set[str] = set()

    async def play(
        self, speed: float | None, on_progress: Callable[[Progress], None] | None
    ) -> None:
        lines = self._trace.lines
        if self._timekeeper is not None:
            await self._timekeeper.begin()
        started_s = anyio.current_time()
        for number, line in enumerate(lines, 1):
            passed_s = line.at_s - lines[0].at_s
            if speed is not None:
                await anyio.sleep_until(started_s + passed_s / speed)
            await self._publish(line)
            if on_progress is not None:
                on_progress(Progress(number, len(lines), passed_s, self._trace.duration_s))
        if self._timekeeper is not None:
            await self._timekeeper.complete(self._stand_in)

    async def _publish(self, line: TraceLine) -> None:
        if line.subject.startswith(_OTHERS):
            self.skipped += 1
            return
        if self._timekeeper is not None and self._trace.began_s is not None:
            await self._timekeeper.reach(self._trace.began_s + line.at_s, self._stand_in)
        if line.subject.startswith(_KV):
            await self._put(line)
            return
        data = line.data if self._shift is None else self._shift.applied(line.data)
        if line.is_event:
            self._stand_in.see(data)
        self.events += 1
        await self._connection.publish(line.subject, _body(data))

    async def _put(self, line: TraceLine) -> None:
        bucket, _, key = line.subject.removeprefix(_KV).partition(".")
        if bucket not in self._buckets:
            await make_bucket(self._jetstream, bucket)
            self._buckets.add(bucket)
        channel = bucket.removeprefix("kryten_").rpartition("_")[0]
        self._stand_in.mirror_of(channel).load(key, line.data)
        self.kv_values += 1
        await self._jetstream.publish(line.subject, _body(line.data))


def _body(data: Any) -> bytes:  # noqa: ANN401 - wire data
    return (data if isinstance(data, str) else json.dumps(data)).encode()


class _StandIn:
    """Answers the service in the robot's place while the recording is played."""

    def __init__(self, connection: Client, trace: Trace, now_s: Callable[[], float]) -> None:
        self._connection = connection
        self._now_s = now_s
        self._channels = {name.lower(): (domain, name) for domain, name in trace.channels}
        self._bot = trace.bot or _DEFAULT_BOT
        self._mirrors: defaultdict[str, Mirror] = defaultdict(Mirror)
        self._registry = Registry()
        self._seen: list[Command] = []
        self._told: Counter[str] = Counter()
        self._subscriptions: list[Subscription] = []
        self._busy = 0

    @property
    def seen(self) -> tuple[Command, ...]:
        """What the service has sent."""
        return tuple(self._seen)

    def mirror_of(self, channel: str) -> Mirror:
        """The state replayed so far of a channel."""
        return self._mirrors[channel]

    def see(self, envelope: dict[str, Any]) -> None:
        """Take note of an event that is published now."""
        name = envelope["event_name"]
        self.mirror_of(envelope["channel"]).see(Event(name, envelope["payload"]))
        self._told[name.lower()] += 1

    def told(self, kinds: Collection[str]) -> int:
        """How many events of these kinds (lower case) have been published."""
        return sum(self._told[kind] for kind in kinds)

    async def exchanged(self) -> None:
        """Wait until everything the service has sent so far is here, and echoed.

        Its answer to a question comes by the same way, behind everything it sent before.

        Raises:
            SandboxError: the service has left the bus.
            TimeoutError: it is there and does not answer.
        """
        question = json.dumps({"service": "economy", "command": "system.ping"}).encode()
        try:
            await self._connection.request(_SERVICE_SUBJECT, question, timeout=_STARTED_WITHIN_S)
        except NoRespondersError:
            raise SandboxError("The service has left the bus") from None
        while self._busy or any(each.pending_msgs for each in self._subscriptions):
            await anyio.lowlevel.checkpoint()

    async def listen(self) -> None:
        """Take the robot's subjects."""
        handlers: dict[str, Callable[[Msg], Awaitable[None]]] = {
            COMMAND_SUBJECT: self._on_command,
            "kryten.user_level.>": self._on_user_level,
            "kryten.lifecycle.*.*": self._on_lifecycle,
        }
        for subject, handler in handlers.items():
            subscription = await self._connection.subscribe(subject, cb=self._counted(handler))
            self._subscriptions.append(subscription)
        await arrived(self._connection)

    def _counted(
        self, handler: Callable[[Msg], Awaitable[None]]
    ) -> Callable[[Msg], Awaitable[None]]:
        async def handle(msg: Msg) -> None:
            self._busy += 1
            try:
                await handler(msg)
            finally:
                self._busy -= 1

        return handle

    async def service_started(self, name: str = "economy") -> None:
        """Ask who is there until the service answers; kryten-py listens to events by then."""
        with anyio.move_on_after(_STARTED_WITHIN_S):
            while name not in self._registry.names:
                await self._connection.publish("kryten.service.discovery.poll", b"{}")
                await arrived(self._connection)
                await anyio.sleep(_POLL_S)
            return
        raise SandboxError(f"The service {name} did not announce itself on the bus")

    async def _on_lifecycle(self, msg: Msg) -> None:
        self._registry.see(msg.subject.rsplit(".", 1)[-1], json_request(msg))

    async def _on_user_level(self, msg: Msg) -> None:
        await _reply(msg, {"success": True, "rank": 1, "username": self._bot})

    async def _on_command(self, msg: Msg) -> None:
        request = json_request(msg)
        name, args = str(request.get("command")), request.get("args") or {}
        if name.startswith(("state.", "system.")):
            await self._answer_query(msg, request)
            return
        meta = request.get("meta") or {}
        self._seen.append(Command(self._now_s(), name, args, meta, bool(msg.reply)))
        await self._echo(name, args, str(meta.get("channel", "")))
        data: dict[str, Any] = {"success": True}
        if name == "addvideo":
            text = "A replay has no playlist to add to"
            detail = {"msg": text, "link": args.get("id"), "id": args.get("id")}
            data = {"success": False, "error": text, "queue_fail": detail}
        await _reply(msg, {"service": "robot", "command": name, "success": True, "data": data})

    async def _answer_query(self, msg: Msg, request: dict[str, Any]) -> None:
        # Each robot answers state queries, so each recorded channel does.
        for domain, channel in self._channels.values():
            facts = Facts(
                self.mirror_of(channel),
                self._registry,
                domain,
                channel,
                self._now_s(),
                uptime_s=0.0,
                published=0,
                commands=len(self._seen),
            )
            body = state_reply(facts, request)
            if body is not None:
                await _reply(msg, body)
            # Only the second answer, which few questions get, says which channel it is about.
            data = second_answer(facts, str(request.get("command")))
            if body is not None and data is not None:
                await _reply(msg, {**body, "data": data})

    async def _echo(self, name: str, args: dict[str, Any], channel_name: str) -> None:
        """What the bot says comes back as its own event."""
        domain, channel = self._channels.get(channel_name.lower(), (None, None))
        text = args.get("msg") or args.get("message")
        if channel is None or not text or name not in {"pm", "say"}:
            return
        line: Line | None = pm_line(text) if name == "pm" else chat_line(text, rank=4)
        if line is None:
            return
        now_s = self._now_s()
        payload = {
            "username": self._bot,
            "msg": line.html,
            "meta": line.meta,
            "time": int(now_s * 1000),
        }
        event_name = "chatMsg"
        if name == "pm":
            event_name, payload = "pm", {**payload, "to": args.get("to")}
        envelope = {
            "event_name": event_name,
            "payload": payload,
            "channel": channel,
            "domain": domain,
            "timestamp": datetime.fromtimestamp(now_s, UTC).isoformat(timespec="microseconds"),
            "correlation_id": str(uuid.uuid4()),
        }
        self._told[event_name.lower()] += 1
        await self._connection.publish(event_subject(channel, event_name), _body(envelope))


async def _reply(msg: Msg, body: dict[str, Any]) -> None:
    if msg.reply:
        await msg.respond(json.dumps(body).encode())
