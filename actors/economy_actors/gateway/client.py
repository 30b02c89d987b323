"""kryten-py's client, made fit for a service that starts before its bus does.

What differs: the first connection gives up instead of being tried for ever inside nats-py, where
nothing could clean up after it; lost and regained connections are told; troubles of an outage are
logged in few lines; private messages have a lane of their own; a handler is called without a
timeout of its own; a media change keeps its position; lifecycle messages say which instance this
is; and all answers to a question can be heard. The library has no event for the second (P-OPS-9),
so this leans on parts of its own. Should they be renamed one day, the gateway's pulse still
notices an outage, only later, and an event costs a task and a timer more.
"""

import json
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import anyio
import structlog
from kryten import KrytenClient, RawEvent
from kryten.exceptions import KrytenConnectionError
from kryten.subject_builder import SUBJECT_PREFIX

from economy_actors.gateway.lanes import PM_TOKEN, Lanes
from economy_actors.gateway.pauses import GrowingPause
from kryten_economy.config import Settings

__all__ = ("PENDING_BYTES_MAX", "PENDING_MAX", "PatientClient", "client_config")

PENDING_MAX = 200_000
PENDING_BYTES_MAX = 128 * 1024 * 1024
"""What waits for one channel's intake: minutes of a flood, in less memory than the unit allows.
Beyond this nats-py drops, and that is logged."""
_FIRST_TRIES = 1
_OUTAGE = {
    "ConnectionClosedError",
    "ConnectionReconnectingError",
    "NoServersError",
    "StaleConnectionError",
    "UnexpectedEOF",
}
_CREDENTIALS = re.compile(r"//[^/@\s]+@")

_log = structlog.get_logger("bus")
_logger = logging.getLogger("kryten.economy")


def _made_fit(record: logging.LogRecord) -> bool:
    """Keep what the library logs free of passwords, and of tracebacks that say nothing."""
    text = str(record.msg)
    # The gateway tells of a bus that is away in one line; the library adds pages to it.
    if text.startswith("Failed to connect to NATS"):
        return False
    record.msg = _CREDENTIALS.sub("//", text)
    if isinstance(servers := getattr(record, "servers", None), list | tuple):
        record.servers = [_CREDENTIALS.sub("//", str(each)) for each in servers]
    return True


_logger.addFilter(_made_fit)


class PatientClient(KrytenClient):  # type: ignore[misc]  # kryten-py ships no type information
    """``on_link`` hears False when the connection is lost and True when it is back.

    ``about`` goes out with every lifecycle message.
    """

    def __init__(
        self,
        config: dict[str, Any],
        on_link: Callable[[bool], None],
        about: Mapping[str, Any] | None = None,
    ) -> None:
        self._about = dict(about or {})
        self._publisher: Any = None
        self._lanes: list[Lanes] = []
        self._trouble = GrowingPause()
        super().__init__(config, logger=_logger)
        self._on_link = on_link

    async def connect(self) -> None:
        """Connect, or raise KrytenConnectionError after two tries per server."""
        nats = self.config.nats
        wanted = nats.max_reconnect_attempts
        nats.max_reconnect_attempts = _FIRST_TRIES
        await super().connect()
        self._nats.options["max_reconnect_attempts"] = wanted

    @property
    def bytes_max(self) -> int:
        """The largest message that the server takes."""
        return int(self._nats.max_payload) if self._nats is not None else 0

    async def ask_all(
        self,
        subject: str,
        question: Mapping[str, Any],
        heard: Callable[[Any], bool],
        *,
        within_s: float,
        quiet_s: float | None = None,
    ) -> None:
        """Give each answer to ``heard`` until that is True, it is late, or no more come."""
        if self._nats is None:
            raise KrytenConnectionError("Not connected to NATS")
        inbox = self._nats.new_inbox()
        answers = await self._nats.subscribe(inbox)
        try:
            await self._nats.publish(subject, json.dumps(question).encode(), reply=inbox)
            with anyio.move_on_after(within_s):
                while not _is_enough(await answers.next_msg(quiet_s or within_s), heard):
                    pass
        except TimeoutError:
            pass  # so long a silence means that these were all
        finally:
            await answers.unsubscribe()

    @property
    def _lifecycle(self) -> Any:  # noqa: ANN401  # the library's publisher
        return self._publisher

    @_lifecycle.setter
    def _lifecycle(self, publisher: Any) -> None:  # noqa: ANN401  # the library's publisher
        # The library makes it and at once publishes the start: it must know by then who we are.
        if publisher is not None:
            publisher.update_metadata(self._about)
        self._publisher = publisher

    async def _setup_subscriptions(self) -> None:
        limits = {"pending_msgs_limit": PENDING_MAX, "pending_bytes_limit": PENDING_BYTES_MAX}
        for each in self.config.channels:
            events = f"{SUBJECT_PREFIX}.cytube.{each.channel.lower().replace('.', '')}"
            lanes = Lanes(self._on_message)
            self._lanes.append(lanes)
            for token, lane in ((">", lanes.in_order), (PM_TOKEN, lanes.ahead)):
                subscription = await self._nats.subscribe(f"{events}.{token}", cb=lane, **limits)
                self._subscriptions.append(subscription)

    async def _invoke_handler(
        self, handler: Callable[[Any], Awaitable[None]], event: RawEvent
    ) -> None:
        # Our handlers never wait: a timeout is a second task and a timer per event for nothing.
        await handler(self._convert_to_typed_event(event))

    def _convert_to_typed_event(self, raw_event: RawEvent) -> object:
        # The typed media change forgets how far the film is, and so whether it has just begun.
        if raw_event.event_name.lower() == "changemedia":
            return raw_event
        return super()._convert_to_typed_event(raw_event)

    async def _on_error(self, e: Exception) -> None:
        self._errors += 1
        kind = type(e).__name__
        if kind == "SlowConsumerError":
            _log.error(
                "the bus brings more than can be kept: messages are lost",
                subject=str(getattr(e, "subject", "")),
                once_a_minute="slow consumer",
            )
        elif isinstance(e, OSError | EOFError) or kind in _OUTAGE or "timed out" in str(e).lower():
            attempts = self._trouble.attempts_to_tell()
            if attempts:
                reason = str(e) or kind
                _log.warning("no connection to NATS", reason=reason, troubles=attempts)
        else:
            _log.error("NATS has a complaint", error=str(e) or kind, once_a_minute=str(e)[:200])

    async def _on_disconnected(self) -> None:
        for lanes in self._lanes:
            lanes.forget()
        self._on_link(False)

    async def _on_reconnected(self) -> None:
        self._trouble.over()
        self._on_link(True)


def _is_enough(msg: Any, heard: Callable[[Any], bool]) -> bool:  # noqa: ANN401  # of nats-py
    if not msg.data and (msg.headers or {}).get("Status") == "503":
        return True  # nobody listens there
    try:
        return heard(json.loads(msg.data))
    except (ValueError, RecursionError):
        return False


def client_config(settings: Settings) -> dict[str, Any]:
    """The library's configuration; the outbox paces, so its own gap is 0 (architecture.md 7)."""
    config: dict[str, Any] = {
        "nats": settings.nats.model_dump(),
        "channels": [each.model_dump() for each in settings.channels],
        "service": settings.service.model_dump(),
        "retry_attempts": settings.retry_attempts,
        "retry_delay": settings.retry_delay,
        "handler_timeout": settings.handler_timeout,
        "max_concurrent_handlers": settings.max_concurrent_handlers,
        "log_level": settings.log_level,
        "chat_min_delay": 0.0,
        "chat_jitter": 0.0,
    }
    if settings.metrics.enabled:
        keys = {"port", "health_path", "metrics_path"}
        config["metrics"] = settings.metrics.model_dump(include=keys)
    return config
