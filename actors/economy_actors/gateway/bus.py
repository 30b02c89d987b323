"""The one holder of the bus client: what goes out, and the raw callbacks of what comes in.

Made before there is a connection. Whoever sends while there is none gets SendFailed at once and
nothing is kept for later: only the outbox knows what is still worth saying. Nothing here raises
an error of the bus library.
"""

import json
import uuid
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any, Protocol

import anyio
import structlog
from kryten.exceptions import KrytenConnectionError, PublishError

from economy_actors.backlog import Gate
from economy_actors.gateway.client import PatientClient, client_config, fitted
from economy_actors.gateway.events import Event
from economy_actors.gateway.robots import Places, about
from economy_actors.gateway.survey import Found, Survey
from economy_actors.outbox.protocol import SendFailed
from kryten_economy.config import Settings
from kryten_economy.users import is_name

__all__ = ("ANSWER_S", "COMMAND_SUBJECT", "Bus", "BusAway", "Listener")

COMMAND_SUBJECT = "kryten.economy.command"
ANSWER_S = 2.0
"""How long another service may take to answer (`earning.md` 1)."""
_USERSTATS_SUBJECT = "kryten.userstats.command"
_LIFECYCLE_KINDS = ("startup", "connected", "disconnected", "shutdown")
_PEER_KINDS = ("startup", "heartbeat", "shutdown")
_PAUSED_KINDS = frozenset({"chatmsg"})
"""What waits while the books are behind, and with it whatever comes after it in its channel."""
_ANSWER_MARGIN = 1024
"""Room in a message for what the protocol adds."""
_STORE_WAIT_S = 3.0
_CSS_WAIT_S = 1.0
"""A buyer waits for it."""
_ENTRY_BYTES_MAX = 64 * 1024
_CLOSE_S = 1.0

_log = structlog.get_logger("bus")


class BusAway(Exception):  # noqa: N818  # says what is the case, as SendFailed does
    """There is no connection to NATS, or nobody there who answers. Try again later."""


class Listener(Protocol):
    """Who hears what comes in. No method may wait, and none may raise."""

    @property
    def kinds(self) -> Collection[str]:
        """The events listened to, by their name in lower case."""
        ...

    def event(self, kind: str, event: Event) -> None:
        """A channel event."""

    def request(self, body: bytes, reply_to: str) -> None:
        """A request to the API."""

    def lifecycle(self, kind: str, body: bytes) -> None:
        """A robot says that it comes or goes."""

    def peer(self, kind: str, body: bytes) -> None:
        """A service of our name says that it comes, lives or goes; that may be ourselves."""

    def pulse(self) -> None:
        """Our own pulse came back."""

    def link(self, up: bool) -> None:
        """The connection was lost or is back."""

    def group_restart(self, reason: str) -> None:
        """All services are asked to restart."""


class Bus:
    """``connected`` is what the gateway last found out: whether the bus carries our messages.

    While ``gate`` is closed chat waits where it came from; private messages and requests go on.
    """

    def __init__(self, settings: Settings) -> None:
        self.connected = False
        self.gate = Gate()
        self.instance = uuid.uuid4().hex
        self._config = client_config(settings)
        self._places = Places(settings.channels)
        nats = settings.nats
        # Two tries per server, each with its waits, and some time for what follows them.
        tries_s = 2 * (2 * nats.connect_timeout + nats.reconnect_time_wait)
        self._open_s = tries_s * len(nats.servers) + 5.0
        self._client: PatientClient | None = None
        self._subscriptions: list[Any] = []
        self._buckets: dict[str, Any] = {}
        self._listener: Listener | None = None
        self._survey = Survey(self, self._places)
        self._name = settings.service.name.lower().replace(".", "-")
        beat = {"command": "system.ping", "pulse": uuid.uuid4().hex}
        self._beat = json.dumps(beat).encode()

    @property
    def is_open(self) -> bool:
        """Whether there is a client that has not been closed for good, by us or by nats-py."""
        return self._client is not None and bool(self._client.is_connected)

    # Opening and closing

    def listen(self, listener: Listener) -> None:
        """From now on this one hears what comes in."""
        self._listener = listener

    async def open(self) -> None:
        """Connect and subscribe; raises BusAway, with nothing left behind."""
        if self.is_open:
            return
        await self.close("Reconnecting")
        said = about(self.instance, self._places)
        client = PatientClient(self._config, self._on_link, said)
        for kind in self._listener.kinds if self._listener is not None else ():
            client.on(kind)(self._event_handler(kind))
        try:
            with anyio.fail_after(self._open_s):
                await client.connect()
                self._subscriptions = [
                    await client.subscribe(COMMAND_SUBJECT, self._on_request),
                    *[await self._follow(client, kind) for kind in _LIFECYCLE_KINDS],
                    *[await self._follow_peers(client, kind) for kind in _PEER_KINDS],
                ]
                client.on_group_restart(self._on_group_restart)
            self._client = client
        except Exception as error:  # the bus edge: nats-py's errors come through as they are
            raise BusAway(str(error) or type(error).__name__) from error
        finally:
            if self._client is not client:
                await _discard(client, "Failed to start")

    async def hush(self) -> None:
        """Take nothing in any more; sending still works, so that the outboxes can drain."""
        self._listener = None
        self.gate.open()
        subscriptions, self._subscriptions = self._subscriptions, []
        if self._client is not None:
            with anyio.move_on_after(_CLOSE_S):
                for subscription in subscriptions:
                    await self._client.unsubscribe(subscription)

    async def close(self, reason: str = "Normal shutdown") -> None:
        """Say goodbye and end the connection within a second, also when NATS is away."""
        client, self._client = self._client, None
        self._subscriptions = []
        self._buckets = {}
        self.connected = False
        if client is not None:
            await _discard(client, reason)

    # Outgoing: the outbox's Sender, the API's answers, our own voice

    async def pm(self, channel: str, to: str, text: str) -> None:
        """Send a private message; raises SendFailed."""
        domain = self._places.domain_of(channel)
        await _sent(self._usable().send_pm(channel, to, text, domain=domain))

    async def chat(self, channel: str, text: str) -> None:
        """Send a public line; raises SendFailed."""
        domain = self._places.domain_of(channel)
        await _sent(self._usable().send_chat(channel, text, domain=domain))

    async def give_rank(self, channel: str, to: str, rank: int) -> None:
        """Give a channel rank, without the library's check that always fails; raises SendFailed."""
        domain = self._places.domain_of(channel)
        await _sent(self._usable().set_channel_rank(channel, to, rank, domain=domain))

    async def robot(self, channel: str, command: str, args: Mapping[str, object]) -> None:
        """Have the robot do something, without waiting for what it says; raises SendFailed."""
        domain = self._places.domain_of(channel)
        await _sent(
            self._usable().send_command(
                "robot", command, dict(args), domain=domain, channel=channel
            )
        )

    async def set_css(self, channel: str, css: str) -> None:
        """Replace a channel's stylesheet, which costs a bot below rank 3 its place; SendFailed."""
        domain = self._places.domain_of(channel)
        await _sent(self._usable().set_channel_css(channel, css, domain=domain))

    async def reply(self, reply_to: str, body: dict[str, Any]) -> None:
        """Answer a request; without an address there is nothing to do. Raises SendFailed.

        What is larger than the bus takes is cut, or becomes an error.
        """
        if reply_to:
            client = self._opened()
            answer = fitted(body, client.bytes_max - _ANSWER_MARGIN)
            await _sent(client.publish(reply_to, answer))

    async def announce(self) -> None:
        """Tell robots that started after us who we are; raises SendFailed."""
        client = self._opened()
        if client.lifecycle is not None:
            await client.lifecycle.publish_startup()

    async def pulse(self) -> None:
        """Send ourselves a message, which shows as `Listener.pulse`; raises SendFailed."""
        await _sent(self._opened().publish(COMMAND_SUBJECT, self._beat))

    # Our own entries in the store

    async def open_bucket(self, bucket: str) -> None:
        """Have a bucket of our own, made if there is none; raises SendFailed."""
        self._buckets.pop(bucket, None)
        client = self._usable()
        description = "Wallets of kryten-economy: docs/wallets.md"
        try:
            with anyio.fail_after(_STORE_WAIT_S):
                self._buckets[bucket] = await client.get_or_create_kv_bucket(
                    bucket, description=description, max_value_size=_ENTRY_BYTES_MAX
                )
        except Exception as error:  # the bus edge: nats-py's errors come through as they are
            raise SendFailed(str(error) or type(error).__name__) from error

    async def put(self, bucket: str, key: str, value: bytes) -> None:
        """Replace an entry of a bucket that was opened; raises SendFailed."""
        self._usable()
        store = self._buckets.get(bucket)
        if store is None:
            raise SendFailed(f"the bucket {bucket} is not open")
        try:
            with anyio.fail_after(_STORE_WAIT_S):
                await store.put(key, value)
        except Exception as error:  # the bus edge: a missing bucket raises, and so does an outage
            raise SendFailed(str(error) or type(error).__name__) from error

    # Questions to the robots

    async def look_for_robots(self, wanted: Mapping[str, bool]) -> Found:
        """Which channels have a robot, and the user lists of these channels (`Survey.look`)."""
        return await self._survey.look(wanted)

    async def remembered_list(self) -> tuple[str, list[object]] | None:
        """The only robot's channel and who is there by its own memory (`Survey.remembered`)."""
        return await self._survey.remembered()

    async def ask_all(
        self,
        subject: str,
        question: Mapping[str, Any],
        heard: Callable[[Any], bool],
        *,
        within_s: float,
        quiet_s: float | None = None,
    ) -> None:
        """As `Robots.ask_all`; nobody answers while the bus is away."""
        try:
            client = self._opened()
            await client.ask_all(subject, question, heard, within_s=within_s, quiet_s=quiet_s)
        except Exception as error:  # noqa: BLE001  # no answer in any way means no robot
            _log.debug("no robot answers", error=repr(error))

    async def stored(self, channel: str, kind: str, key: str) -> object:
        """What the robot has stored of a channel (`wire.md` 5); None if there is nothing."""
        bucket = f"kryten_{channel}_{kind}"
        try:
            with anyio.fail_after(_STORE_WAIT_S):
                return await self._opened().kv_get(bucket, key, parse_json=True)
        except Exception as error:  # noqa: BLE001  # a missing bucket raises, and so does an outage
            _log.debug("nothing in the store", bucket=bucket, key=key, error=repr(error))
            return None

    async def stored_css(self, channel: str) -> str | None:
        """A channel's stylesheet in the robot's store, to the byte; None where none can be had."""
        bucket = f"kryten_{channel}_state"
        try:
            with anyio.fail_after(_CSS_WAIT_S):
                found = await self._opened().kv_get(bucket, "css")
            return found.decode() if isinstance(found, bytes) else None
        except Exception as error:  # noqa: BLE001  # a missing bucket raises, and so does an outage
            _log.debug("no stylesheet in the store", bucket=bucket, error=repr(error))
            return None

    # Questions to userstats

    async def alias_owner(self, name: str) -> str | None:
        """The user who goes by this alias, None if nobody does; BusAway if there is no answer."""
        question = {"service": "userstats", "command": "alias.find", "alias": name}
        try:
            client = self._usable()
            answer = await client.nats_request(_USERSTATS_SUBJECT, question, ANSWER_S)
            owner = answer["data"]["username"] if answer["data"]["found"] else None
        except Exception as error:  # the bus edge: no answer, or none that can be read
            raise BusAway(str(error) or type(error).__name__) from error
        return owner if isinstance(owner, str) and is_name(owner) else None

    # Incoming

    async def _follow(self, client: PatientClient, kind: str) -> object:
        async def on_notice(msg: Any) -> None:  # noqa: ANN401  # a message of nats-py
            if self._listener is not None:
                self._listener.lifecycle(kind, msg.data)

        return await client.subscribe(f"kryten.lifecycle.robot.{kind}", on_notice)

    async def _follow_peers(self, client: PatientClient, kind: str) -> object:
        async def on_notice(msg: Any) -> None:  # noqa: ANN401  # a message of nats-py
            if self._listener is not None:
                self._listener.peer(kind, msg.data)

        return await client.subscribe(f"kryten.lifecycle.{self._name}.{kind}", on_notice)

    def _event_handler(self, kind: str) -> Callable[[Event], Awaitable[None]]:
        waits = kind in _PAUSED_KINDS

        async def on_event(event: Event) -> None:
            if waits and not self.gate.is_open:
                await self.gate.wait_open()
            if self._listener is not None:
                self._listener.event(kind, event)

        return on_event

    async def _on_request(self, msg: Any) -> None:  # noqa: ANN401  # a message of nats-py
        if self._listener is None:
            return
        if msg.data == self._beat:
            self._listener.pulse()
        else:
            self._listener.request(msg.data, msg.reply)

    async def _on_group_restart(self, notice: dict[str, Any]) -> None:
        if self._listener is not None:
            self._listener.group_restart(str(notice.get("reason", ""))[:200])

    def _on_link(self, up: bool) -> None:
        if self._listener is not None:
            self._listener.link(up)

    def _opened(self) -> PatientClient:
        if self._client is None:
            raise SendFailed("there is no connection to NATS")
        return self._client

    def _usable(self) -> PatientClient:
        # The library would keep the text and send it when nobody waits for it any more.
        if not self.connected:
            raise SendFailed("NATS does not carry our messages")
        return self._opened()


async def _sent(sending: Awaitable[object]) -> None:
    try:
        await sending
    except (PublishError, KrytenConnectionError) as error:
        raise SendFailed(str(error)) from error


async def _discard(client: PatientClient, reason: str) -> None:
    # Also in a hurry: what stays open here would stay open for good.
    with anyio.move_on_after(_CLOSE_S, shield=True):
        await client.disconnect(reason)
