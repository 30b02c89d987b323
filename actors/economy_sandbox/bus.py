"""Small helps around a nats-py connection."""

import json
import logging
from typing import Any

import anyio
import nats
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import KeyValueConfig
from nats.js.errors import NotFoundError

__all__ = ("SandboxError", "arrived", "connect", "json_request", "make_bucket")

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
