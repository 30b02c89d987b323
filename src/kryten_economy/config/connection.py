"""Where the service lives: NATS, channels, service identity and the HTTP server.

The keys are those of kryten-py's own configuration; name and version
of the service are forced whatever the file says.
"""

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, field_validator

from kryten_economy import __version__
from kryten_economy.config.remedies import CLAMP
from kryten_economy.config.section import Label, Port, PositiveCount, Section, refuse

__all__ = ("SERVICE_NAME", "Channel", "Metrics", "Nats", "Service")

SERVICE_NAME = "economy"
_SCHEMES = frozenset({"nats", "tls", "ws", "wss"})
# Names, IPv4 and (between brackets, which urlsplit takes away) IPv6 addresses.
_HOST = re.compile(r"[A-Za-z0-9_.:%-]+")


def _server(address: str) -> str:
    """As the client reads it: a host alone has the scheme nats and port 4222."""
    has_scheme = "://" in address
    try:
        parts = urlsplit(address if has_scheme else f"nats://{address}")
        port = parts.port
        is_host = _HOST.fullmatch(parts.hostname or "") is not None
    except ValueError:
        is_host, port, parts = False, None, urlsplit("")
    if (
        not is_host
        or port == 0
        or parts.scheme not in _SCHEMES
        or parts.path.strip("/")
        or any(sign.isspace() for sign in address)
    ):
        raise refuse("must be an address such as nats://localhost:4222 (nats, tls, ws or wss)")
    return address


class Nats(Section):
    """``nats``: servers and credentials; an empty credential means none. Times in seconds."""

    servers: Annotated[tuple[Annotated[Label, AfterValidator(_server)], ...], Field(min_length=1)]
    user: str | None = None
    password: Annotated[str | None, Field(repr=False)] = None
    token: Annotated[str | None, Field(repr=False)] = None
    tls_cert: str | None = None
    tls_key: str | None = None
    tls_ca: str | None = None
    connect_timeout: PositiveCount = 10
    reconnect_time_wait: PositiveCount = 2
    max_reconnect_attempts: int = -1
    ping_interval: PositiveCount = 120

    @field_validator("user", "password", "token", "tls_cert", "tls_key", "tls_ca")
    @classmethod
    def _empty_is_none(cls, text: str | None) -> str | None:
        # An unset ${VARIABLE} becomes "", and an empty token would be sent as a wrong one.
        return text or None


class Channel(Section):
    """One of ``channels``: a CyTube host and a channel name in its exact case."""

    domain: Label
    channel: Label


class Service(Section):
    """``service``: what is published about this service. Ports are advertised only."""

    name: str = SERVICE_NAME
    version: str = __version__
    enable_lifecycle: bool = True
    enable_heartbeat: bool = True
    heartbeat_interval: Annotated[int, Field(ge=5, le=300), CLAMP] = 30
    enable_discovery: bool = True
    health_port: Port | None = None
    health_path: str = "/health"
    metrics_port: Port | None = None
    metrics_path: str = "/metrics"

    @field_validator("name", mode="before")
    @classmethod
    def _forced_name(cls, _: object) -> str:
        return SERVICE_NAME

    @field_validator("version", mode="before")
    @classmethod
    def _forced_version(cls, _: object) -> str:
        return __version__


class Metrics(Section):
    """``metrics``: the HTTP server for metrics and health; not ``enabled`` means no server."""

    enabled: bool = True
    host: Label = "127.0.0.1"
    port: Port = 28286
    health_path: str = "/health"
    metrics_path: str = "/metrics"
