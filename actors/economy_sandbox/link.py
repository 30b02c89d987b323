"""The robot's connection to NATS: subjects, buckets, lifecycle messages, requests answered.

It knows how the robot speaks, not what it says: commands and queries are functions given
to it. Limits: one channel per robot, as in reality (`wire.md` 10).
"""

import json
import re
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

import anyio
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from economy_sandbox.bus import arrived, connect, make_bucket
from economy_sandbox.mirror import BUCKETS
from economy_sandbox.outbox import Outbox, Post
from economy_sandbox.queries import VERSION

__all__ = ("COMMAND_SUBJECT", "Link", "event_subject")

COMMAND_SUBJECT = "kryten.robot.command"
_DROPPED = re.compile(r"[.!@#$%^&*()+=\[\]{}|\\:;\"'<>,?/]")

Handler = Callable[[Msg], Awaitable[None]]


def event_subject(channel: str, event_name: str) -> str:
    """``kryten.events.cytube.<channel>.<event>``, normalised as in `wire.md` 1."""

    def token(text: str) -> str:
        return _DROPPED.sub("", text.lower().replace(" ", "-"))[:100]

    return f"kryten.events.cytube.{token(channel)}.{token(event_name)}"


class Link:
    """One robot's connection; everything it publishes goes through its outbox, in order."""

    def __init__(
        self,
        url: str,
        *,
        domain: str,
        channel: str,
        now_s: Callable[[], float],
        retries_s: Sequence[float],
        reconnect_wait_s: float,
    ) -> None:
        self.url = url
        self.domain = domain
        self.channel = channel
        self.outbox = Outbox(f"kryten_{channel}", retries_s)
        self._now_s = now_s
        self._reconnect_wait_s = reconnect_wait_s
        self._started_s = 0.0
        self._connection: Client | None = None
        self._subscriptions: list[Subscription] = []

    @property
    def is_connected(self) -> bool:
        """Whether NATS is reachable now."""
        return self._connection is not None and self._connection.is_connected

    @property
    def uptime_s(self) -> float:
        """Seconds since this robot process started."""
        return self._now_s() - self._started_s

    async def open(self, handlers: Mapping[str, Sequence[Handler]]) -> None:
        """Connect, make the buckets, serve the subjects, say that a robot has started."""
        self._started_s = self._now_s()
        self._connection = connection = await connect(
            self.url, "kryten-robot", reconnect_wait_s=self._reconnect_wait_s
        )
        self.outbox.use(connection)
        self._subscriptions.clear()
        try:
            self.tell("startup")
            self.tell("connected", target="NATS", servers=[self.url.rsplit("@", 1)[-1]])
            await self._make_buckets(connection)
            for subject, several in handlers.items():
                for handler in several:
                    subscription = await connection.subscribe(subject, cb=handler)
                    self._subscriptions.append(subscription)
            await arrived(connection)
        except BaseException:
            with anyio.CancelScope(shield=True):
                await self.close(kill=True)
            raise

    async def close(self, *, kill: bool) -> None:
        """Disconnect; ``kill`` leaves unsaid what has not left yet."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        if kill:
            self.outbox.forget()
        else:
            # Without this the server may route a request to a robot that is already gone.
            for subscription in self._subscriptions:
                await subscription.unsubscribe()
            await self.outbox.settled(is_flushed=True)
        self.outbox.use(None)
        await connection.close()

    def envelope(self, event_name: str, payload: Any, **overrides: Any) -> dict[str, Any]:  # noqa: ANN401 - wire data
        """An event as the robot wraps it now; ``overrides`` replace envelope fields."""
        return {
            "event_name": event_name,
            "payload": payload,
            "channel": self.channel,
            "domain": self.domain,
            "timestamp": self._iso(),
            "correlation_id": str(uuid.uuid4()),
            **overrides,
        }

    def post(self, event_name: str, payload: Any, **overrides: Any) -> Post:  # noqa: ANN401 - wire data
        """An event to be published; its envelope is made when its turn comes."""
        make = partial(self.envelope, event_name, payload, **overrides)
        return Post(event_subject(self.channel, event_name), lambda: json.dumps(make()).encode())

    def tell(self, kind: str, **fields: object) -> None:
        """Queue a lifecycle message ``kryten.lifecycle.robot.<kind>`` (`wire.md` 7)."""

        def body() -> bytes:
            return json.dumps(
                {
                    "service": "robot",
                    "version": VERSION,
                    "hostname": "sandbox",
                    "timestamp": self._iso(),
                    "uptime_seconds": round(self.uptime_s, 6),
                    **fields,
                }
            ).encode()

        self.outbox.add([Post(f"kryten.lifecycle.robot.{kind}", body)])

    async def reply(self, msg: Msg, body: Mapping[str, Any]) -> None:
        """Answer a request; a message without reply subject gets none."""
        if msg.reply and self._connection is not None and self._connection.is_connected:
            await self._connection.publish(msg.reply, json.dumps(body).encode())

    async def _make_buckets(self, connection: Client) -> None:
        jetstream = connection.jetstream()
        for bucket in BUCKETS:
            await make_bucket(jetstream, f"kryten_{self.channel}_{bucket}")

    def _iso(self) -> str:
        return datetime.fromtimestamp(self._now_s(), UTC).isoformat(timespec="microseconds")
