"""kryten-py's client, made fit for a service that starts before its bus does.

Four things differ: the first connection gives up instead of being tried for ever inside
nats-py, where nothing could clean up after it; lost and regained connections are told; a
handler is called without a timeout of its own; and a media change keeps its position. The
library has no event for the second (P-OPS-9), so this leans on callbacks of its own. Should
they be renamed one day, the gateway's pulse still notices, only later, and an event costs a task
and a timer more.
"""

import logging
import re
from collections.abc import Awaitable, Callable
from typing import Any

from kryten import KrytenClient, RawEvent

from kryten_economy.config import Settings

__all__ = ("PatientClient", "client_config")

_FIRST_TRIES = 1
_CREDENTIALS = re.compile(r"//[^/@\s]+@")

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
    """``on_link`` is called with False when the connection is lost and True when it is back."""

    def __init__(self, config: dict[str, Any], on_link: Callable[[bool], None]) -> None:
        super().__init__(config, logger=_logger)
        self._on_link = on_link

    async def connect(self) -> None:
        """Connect, or raise KrytenConnectionError after two tries per server."""
        nats = self.config.nats
        wanted = nats.max_reconnect_attempts
        nats.max_reconnect_attempts = _FIRST_TRIES
        await super().connect()
        self._nats.options["max_reconnect_attempts"] = wanted

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

    async def _on_disconnected(self) -> None:
        self._on_link(False)
        await super()._on_disconnected()

    async def _on_reconnected(self) -> None:
        self._on_link(True)
        await super()._on_reconnected()


def client_config(settings: Settings) -> dict[str, Any]:
    """The library's configuration; the announcer paces, so its own gap is zero (design.md 7)."""
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
