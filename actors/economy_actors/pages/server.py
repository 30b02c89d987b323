"""The HTTP server of the pages: uvicorn without what it likes to do to a process.

Promises: it installs no signal handler, configures no logging and writes no access log; visitors
who send slowly or nothing are cut off, and too many at once are turned away before they cost a
file or a task; it ends within two seconds, streams first. Limits: asyncio only, no TLS.
"""

import asyncio
import resource
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final

import anyio
import anyio.lowlevel
import structlog
import uvicorn
from httptools import HttpParserError
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from economy_actors.exporter import HttpBindError
from economy_actors.pages.live import WIRE
from kryten_economy.config.web import Web

__all__ = (
    "CONNECTIONS_MAX",
    "HEAD_BYTES_MAX",
    "HEAD_WITHIN_S",
    "Server",
    "connections_max",
    "listen",
)

CONNECTIONS_MAX: Final = 1_500
HEAD_BYTES_MAX: Final = 16 * 1024
HEAD_WITHIN_S: Final = 10.0
_BACKLOG: Final = 256
_IDLE_S: Final = 15
_END_WITHIN_S: Final = 1
_TURNS: Final = 3
"""Of the loop: one that was just accepted is known two turns later, and closed in the third."""
_PIPELINE_MAX: Final = 16
_TOO_LONG: Final = "The head of this request is too long."

_log = structlog.get_logger("pages")


def listen(web: Web) -> socket.socket:
    """Take the port, once for all instances of the server; raises HttpBindError."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            web.host, web.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        taken = socket.socket(family, kind, protocol)
        try:
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            taken.bind(address)
            taken.listen(_BACKLOG)
        except OSError:
            taken.close()
            raise
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise HttpBindError(
            f"The pages can't listen on {web.host}:{web.port}: {reason}. "
            "Change web.host or web.port, or stop the process that holds it."
        ) from error
    taken.setblocking(False)
    return taken


def connections_max() -> int:
    """How many visitors there may be at once: never more than half of the files of the process.

    The books, the bus and the backups need files whatever visitors do.
    """
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return CONNECTIONS_MAX if files < 0 else min(CONNECTIONS_MAX, files // 2)


class _Wire:
    """A connection under an answer of unknown length, which goes out in chunks."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport

    @property
    def is_behind(self) -> bool:
        return self._transport.get_write_buffer_size() > 0

    def write(self, body: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(b"%x\r\n%b\r\n" % (len(body), body))

    def cut(self) -> None:
        self._transport.abort()


def _fault_of(version: str, url: bytes, headers: Sequence[tuple[bytes, bytes]]) -> str:
    """What is wrong with a head that the parser lets pass; "" if nothing is."""
    if version not in {"1.0", "1.1"}:
        return f"HTTP/{version} is not spoken here."
    if len(url) + sum(len(name) + len(value) + 4 for name, value in headers) > HEAD_BYTES_MAX:
        return _TOO_LONG
    hosts = sum(name == b"host" for name, _ in headers)
    if hosts > 1 or (not hosts and version == "1.1"):
        # A proxy before us may have taken another one of them.
        return "A request names one host."
    return ""


class _Protocol(HttpToolsProtocol):
    """One connection; a request's head has to be short and in time, and there are not too many.

    The parser keeps what it has begun to read without limit, and lets pass what two readers could
    understand in two ways; so the limits and `_fault_of` stand here.
    """

    _deadline: asyncio.TimerHandle | None = None
    _in_head = True
    _unread = 0
    """Bytes of a head, or of what follows a body, of which the parser has made nothing yet."""

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        app = self.app

        async def with_wire(scope: Scope, receive: Receive, send: Send) -> None:
            scope[WIRE] = _Wire(self.transport)
            await app(scope, receive, send)

        self.app = with_wire

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > connections_max():
            transport.abort()
            return
        self._await_head(HEAD_WITHIN_S)

    def data_received(self, data: bytes) -> None:
        self._unread += len(data)
        super().data_received(data)
        if self._unread > HEAD_BYTES_MAX and not self.transport.is_closing():
            if self._is_answering:
                self.transport.abort()
            else:
                self.send_400_response(_TOO_LONG)
        if self._is_answering and self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = True

    def on_header(self, name: bytes, value: bytes) -> None:
        # What comes behind a body is no part of the head that was looked at.
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._in_head, self._unread = False, 0
        fault = _fault_of(self.parser.get_http_version(), self.url, self.headers)
        if fault or len(self.pipeline) >= _PIPELINE_MAX:
            # The parser stops here, and the server answers that this can't be read.
            raise HttpParserError(fault)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._unread = 0
        super().on_body(body)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        # A request that had come behind this one may be under way by now.
        if not self.transport.is_closing() and not self._is_answering:
            self._await_head(_IDLE_S + HEAD_WITHIN_S)

    @property
    def _is_answering(self) -> bool:
        return bool(self.cycle) and not self.cycle.response_complete

    def connection_lost(self, exc: Exception | None) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        super().connection_lost(exc)

    def _await_head(self, within_s: float) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = self.loop.call_later(within_s, self._cut)

    def _cut(self) -> None:
        if not self._is_answering:
            self.transport.abort()


class _Uvicorn(uvicorn.Server):
    """Leaves the signals to the service."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


class Server:
    """One run of the server on a socket that outlives it."""

    def __init__(self, app: ASGIApp, socket_: socket.socket) -> None:
        config = uvicorn.Config(
            app,
            http=_Protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="error",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            limit_concurrency=None,
            backlog=_BACKLOG,
            timeout_keep_alive=_IDLE_S,
            timeout_graceful_shutdown=_END_WITHIN_S,
            reset_contextvars=True,
        )
        self._server = _Uvicorn(config)
        self._socket = socket_

    async def run(self) -> None:
        """Serve until `stop` or until it is cancelled; no connection is left then."""
        own = self._socket.dup()
        own.setblocking(False)
        try:
            await self._server.serve([own])
        finally:
            for each in getattr(self._server, "servers", ()):
                each.close()
            with anyio.CancelScope(shield=True):
                for _ in range(_TURNS):
                    self._cut_all()
                    await anyio.lowlevel.checkpoint()
            with suppress(OSError):
                own.close()

    def _cut_all(self) -> None:
        for connection in [*self._server.server_state.connections]:
            transport: Any = getattr(connection, "transport", None)
            if transport is not None:
                transport.abort()

    def stop(self) -> None:
        """Have `run` end: what is being answered has a second left."""
        self._server.should_exit = True
