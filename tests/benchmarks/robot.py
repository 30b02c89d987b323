"""The load generator's side of the bus: it plays kryten-robot.

It publishes chat lines, PMs and user lists in the envelope of ``wire.md`` 1, receives what
the service sends, and gives each PM of the service back as its echo, as CyTube does. Bodies are
made from templates: the generator shares the machine with what it measures.
"""

import contextlib
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import count
from typing import Any

import anyio
import nats
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import NoRespondersError
from nats.js.api import KeyValueConfig, StorageType
from tests.benchmarks.settings import BOT, DOMAIN

__all__ = ("OPERATOR", "Robot", "robot")

OPERATOR = "boss"
"""Who of this name is in a crowd may do what admins may."""

OnReply = Callable[[], Awaitable[None]]

_LINES_PER_MS_MAX = 16
"""A service may take more lines of one millisecond than this for repeated old ones."""

_BUCKETS = {
    "userlist": {"users": "[]"},
    "playlist": {"items": "[]"},
    "emotes": {"list": "[]"},
    "state": {"css": "", "js": "", "motd": ""},
}
_STATES: dict[str, dict[str, object]] = {
    "state.userlist": {"userlist": []},
    "state.user": {"user": None, "profile": None},
    "state.playlist": {"playlist": []},
    "state.emotes": {"emotes": []},
}
_PONG: dict[str, object] = {"pong": True, "service": "robot", "version": "1.12.6"}


class Robot:
    """A robot serving several channels over one connection.

    Args:
        connection: connected to the server of the service under test.
    """

    def __init__(self, connection: Client) -> None:
        self._bus = connection
        self._numbers = count()
        self._newest_ms = self._in_this_ms = 0
        self._waiting: dict[tuple[str, str], OnReply] = {}
        self._channels: list[str] = []
        self._last: dict[tuple[str, str], str] = {}

    async def furnish(self, channel: str, users: Sequence[str]) -> None:
        """Make the channel's KV buckets, with these users and the bot in the user list."""
        self._channels.append(channel)
        store = self._bus.jetstream()
        for kind, values in _BUCKETS.items():
            config = KeyValueConfig(f"kryten_{channel}_{kind}", storage=StorageType.MEMORY)
            bucket = await store.create_key_value(config)
            for key, value in values.items():
                content = json.dumps(_user_list(users)) if key == "users" else value
                await bucket.put(key, content.encode())

    async def play(self, channel: str, number: int, seconds: int) -> None:
        """Begin another item of the playlist."""
        medium = {
            "id": f"item{number}",
            "title": f"Episode {number}",
            "seconds": seconds,
            "duration": f"{seconds // 60}:{seconds % 60:02}",
            "type": "yt",
            "meta": {},
            "currentTime": 0,
            "paused": False,
        }
        await self._send(channel, "changeMedia", json.dumps(medium))

    async def say(self, channel: str, user: str, text_json: str) -> None:
        """Publish a chat line; the text is given as a JSON string with its quotes."""
        await self._publish(channel, "chatMsg", user, text_json, "")

    async def whisper(self, channel: str, user: str, text_json: str) -> None:
        """Publish a PM of a user to the bot."""
        await self._publish(channel, "pm", user, text_json, f',"to":"{BOT}"')

    async def start_asking(self, channel: str, user: str, text_json: str) -> anyio.Event:
        """Whisper, and give an event that is set at the first PM back."""
        answered = anyio.Event()

        async def on_reply() -> None:
            answered.set()

        self.watch(channel, user, on_reply)
        await self.whisper(channel, user, text_json)
        return answered

    async def ask(self, channel: str, user: str, text_json: str, timeout_s: float) -> bool:
        """Whisper and wait for the answer; False when there was none in time."""
        answered = await self.start_asking(channel, user, text_json)
        with anyio.move_on_after(timeout_s):
            await answered.wait()
        return answered.is_set()

    def last_reply(self, channel: str, user: str) -> str:
        """What the service last told a user; empty when nothing yet."""
        return self._last.get((channel, user), "")

    def watch(self, channel: str, user: str, on_reply: OnReply | None) -> None:
        """Call ``on_reply`` at each PM to this user, or stop doing so with None."""
        if on_reply is None:
            self._waiting.pop((channel, user), None)
        else:
            self._waiting[channel, user] = on_reply

    async def api(
        self, command: str, *, timeout_s: float = 10.0, **fields: object
    ) -> dict[str, object] | None:
        """Ask the service's request-reply API; None when it refused or did not answer."""
        request = {"service": "economy", "command": command, **fields}
        reply = await self.request(request, timeout_s)
        return dict(reply["data"]) if reply and reply.get("success") else None

    async def request(
        self, request: Mapping[str, object], timeout_s: float = 10.0
    ) -> dict[str, Any] | None:
        """The whole answer to a request; None when there was none."""
        body = json.dumps(request).encode()
        try:
            answer = await self._bus.request("kryten.economy.command", body, timeout=timeout_s)
        except (NoRespondersError, TimeoutError):
            return None
        reply: dict[str, Any] = json.loads(answer.data)
        return reply

    async def _publish(self, channel: str, event: str, user: str, text: str, extra: str) -> None:
        time_ms = self._time_ms(time.time())
        payload = f'{{"username":"{user}","msg":{text},"meta":{{}},"time":{time_ms}{extra}}}'
        await self._send(channel, event, payload)

    async def _send(self, channel: str, event: str, payload: str) -> None:
        sent_at = datetime.now(UTC).isoformat()
        body = (
            f'{{"event_name":"{event}","payload":{payload},"channel":"{channel}",'
            f'"domain":"{DOMAIN}","timestamp":"{sent_at}",'
            f'"correlation_id":"b0b00000-0000-4000-8000-{next(self._numbers):012x}"}}'
        )
        subject = f"kryten.events.cytube.{channel}.{event.lower()}"
        await self._bus.publish(subject, body.encode())

    def _time_ms(self, now_s: float) -> int:
        """When CyTube says this was said: no crowd says hundreds of lines in one millisecond."""
        now_ms = int(now_s * 1000)
        if now_ms > self._newest_ms:
            self._newest_ms, self._in_this_ms = now_ms, 0
        elif self._in_this_ms >= _LINES_PER_MS_MAX:
            self._newest_ms, self._in_this_ms = self._newest_ms + 1, 0
        self._in_this_ms += 1
        return self._newest_ms

    async def on_command(self, message: Msg) -> None:
        """Take what the service sends to the robot."""
        command = json.loads(message.data)
        name = command["command"]
        if name == "pm":
            channel = command["meta"]["channel"]
            to, text = command["args"]["to"], command["args"]["msg"]
            self._last[channel, to] = text
            await self._publish(channel, "pm", BOT, json.dumps(text), f',"to":"{to}"')
            if on_reply := self._waiting.get((channel, to)):
                await on_reply()
        elif message.reply and name == "system.ping":
            # Each channel's robot says which one it is in, if it is meant.
            meant = command.get("meta", {}).get("channel")
            for channel in self._channels if meant is None else (meant,):
                await _answer(message, name, {**_PONG, "domain": DOMAIN, "channel": channel})
        elif message.reply and name in _STATES:
            await _answer(message, name, _STATES[name])


async def _answer(message: Msg, name: str, data: dict[str, object]) -> None:
    answer = {"service": "robot", "command": name, "success": True, "data": data}
    await message.respond(json.dumps(answer).encode())


@contextlib.asynccontextmanager
async def robot(url: str) -> AsyncIterator[Robot]:
    """A robot connected to the server at ``url``."""
    connection = await nats.connect(url)
    try:
        playing = Robot(connection)
        await connection.subscribe("kryten.robot.command", cb=playing.on_command)
        await connection.flush()
        yield playing
    finally:
        await connection.close()


def _user_list(users: Sequence[str]) -> list[dict[str, object]]:
    ranked = [(BOT, 4), *((name, 5 if name == OPERATOR else 1) for name in users)]
    return [
        {
            "name": name,
            "rank": rank,
            "profile": {"image": "", "text": ""},
            "meta": {"afk": False, "muted": False, "smuted": False, "aliases": [name]},
        }
        for name, rank in ranked
    ]
