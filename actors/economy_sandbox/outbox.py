"""The robot's way out: events and KV values leave one at a time, in the order they happened.

Promises: an envelope is stamped when its turn comes; while NATS is away the event at the
head is tried again after 1, 2 and 4 s and then given up, those behind it come late but in
order; KV values of that time are lost (`wire.md` 6). Limits: bounded; a full outbox
makes the caller wait.

Small helps around a nats-py connection.
"""

import asyncio
import json
import logging
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import anyio
import nats
import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import KeyValueConfig
from nats.js.errors import Error as JetStreamError
from nats.js.errors import NotFoundError

from economy_sandbox.mirror import Put

__all__ = (
    "Outbox",
    "Post",
    "SandboxError",
    "arrived",
    "connect",
    "json_request",
    "make_bucket",
)

_VALUE_BYTES_MAX = 1024 * 1024
_PLAYLIST_BYTES_MAX = 10 * _VALUE_BYTES_MAX

logger = logging.getLogger(__name__)


class SandboxError(RuntimeError):
    """The sandbox can't start; the message says what to install or to change."""


async def connect(
    url: str, name: str, *, reconnect_wait_s: float = 2.0, timeout_s: float = 15.0
) -> Client:
    """A connection that comes back for ever and keeps its troubles to the debug log.

    Raises:
        SandboxError: the server did not let us in within ``timeout_s`` this first time.
    """
    reason = ""

    async def note(error: Exception) -> None:
        nonlocal reason
        reason = str(error)
        logger.debug("NATS: %s", error)
        if isinstance(error, ConnectionRefusedError):
            first_try.cancel()

    # A nats-py client that reconnects for ever also tries its first connect for ever.
    with anyio.move_on_after(timeout_s) as first_try:
        return await nats.connect(
            url,
            name=name,
            reconnect_time_wait=reconnect_wait_s,
            max_reconnect_attempts=-1,
            error_cb=note,
        )
    raise SandboxError(f"No NATS server lets us in at {url}: {reason}")


async def arrived(connection: Client) -> None:
    """Wait until the server has everything published and subscribed before this call.

    One ``flush`` is not enough: nats-py writes its PING straight to the socket, ahead of
    what still waits in its own buffer. When the PONG is back the buffer has been written,
    so the answer to a second PING comes after it.
    """
    await connection.flush()
    await connection.flush()


def json_request(msg: Msg) -> dict[str, Any]:
    """The object in a request; an empty one if it holds anything else."""
    try:
        request = json.loads(msg.data)
    except ValueError:
        logger.warning("A message on %s is not JSON", msg.subject)
        return {}
    return request if isinstance(request, dict) else {}


async def make_bucket(jetstream: JetStreamContext, name: str) -> None:
    """Make a KV bucket as the robot does, unless it is there (`wire.md` 5)."""
    try:
        await jetstream.key_value(name)
    except NotFoundError:
        size = _PLAYLIST_BYTES_MAX if name.endswith("_playlist") else _VALUE_BYTES_MAX
        config = KeyValueConfig(bucket=name, history=1, max_value_size=size)
        await jetstream.create_key_value(config)


_QUEUE_MAX = 10_000
_CROWDED = 256


class Post(NamedTuple):
    """A message for a subject; ``body`` is called when its turn comes."""

    subject: str
    body: Callable[[], bytes]


class Outbox:
    """Publishes what is put into it while ``run`` runs."""

    def __init__(self, prefix: str, retries_s: Sequence[float]) -> None:
        self.published = 0
        self.lost = 0
        self._prefix = prefix
        self._retries_s = tuple(retries_s)
        self._queue: deque[Post | Put] = deque()
        self._wake = asyncio.Event()
        self._moved = asyncio.Event()
        self._taken = 0
        self._done = 0
        self._connection: Client | None = None
        self._jetstream: JetStreamContext | None = None

    def use(self, connection: Client | None) -> None:
        """Publish over this connection; None while the robot is not running."""
        self._connection = connection
        self._jetstream = None if connection is None else connection.jetstream()

    def add(self, messages: Sequence[Post | Put]) -> None:
        """Queue messages; they leave in this order, after all queued before."""
        self._queue.extend(messages)
        self._taken += len(messages)
        self._wake.set()

    def forget(self) -> None:
        """Drop what has not left, as a killed process does."""
        self._done += len(self._queue)
        self._queue.clear()
        self._moved.set()

    async def settled(self, *, through_outage: bool = False, is_flushed: bool = False) -> None:
        """Wait until all that was queued before this call has left; ``is_flushed``: arrived.

        During an outage this returns at once unless ``through_outage``, except that a full
        outbox always makes the caller wait.
        """
        goal = self._taken
        while self._done < goal:
            is_full = len(self._queue) > _QUEUE_MAX
            if not (self._is_up() or through_outage or is_full):
                return
            self._moved.clear()
            await self._moved.wait()
        if is_flushed and self._is_up():
            assert self._connection is not None
            await arrived(self._connection)

    async def run(self) -> None:
        """Publish until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._queue:
                message = self._queue.popleft()
                await self._send(message)
                self._done += 1
                if not self._queue or self._done % _CROWDED == 0:
                    self._moved.set()

    async def _send(self, message: Post | Put) -> None:
        if isinstance(message, Put):
            if not self._is_outdated(message):
                await self._put(message)
            return
        body = message.body()
        for wait_s in (0.0, *self._retries_s):
            if wait_s:
                self._moved.set()
                await asyncio.sleep(wait_s)
            if self._is_up():
                assert self._connection is not None
                await self._connection.publish(message.subject, body)
                self.published += 1
                return
        self.lost += 1

    def _is_up(self) -> bool:
        return self._connection is not None and self._connection.is_connected

    def _is_outdated(self, put: Put) -> bool:
        """Under load only the newest of several waiting values of a key is worth writing."""
        if len(self._queue) < _CROWDED:
            return False
        return any(isinstance(later, Put) and later[:2] == put[:2] for later in self._queue)

    async def _put(self, put: Put) -> None:
        if not self._is_up():
            self.lost += 1
            return
        assert self._jetstream is not None
        subject = f"$KV.{self._prefix}_{put.bucket}.{put.key}"
        try:
            await self._jetstream.publish(subject, put.value)
        except (nats.errors.Error, JetStreamError, OSError):
            self.lost += 1
