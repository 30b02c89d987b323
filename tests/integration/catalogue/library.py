"""A small HTTP server that answers as a MediaCMS does, or as badly as a test wants."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from economy_actors.catalogue.client import MediaCmsServer
from kryten_economy.config.spending import MediaCms

__all__ = ("FILM", "Handler", "Library", "library")

FILM: dict[str, Any] = {"friendly_token": "aB3_-x", "title": "Nosferatu", "duration": 5640}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def as_json(document: object, status: int = 200) -> Handler:
    """Always this answer."""

    async def answer(_request: web.Request) -> web.Response:
        return web.json_response(document, status=status)

    return answer


def as_bytes(body: bytes, content_type: str = "application/json") -> Handler:
    """Always these bytes."""

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(body=body, content_type=content_type)

    return answer


def status(number: int, **headers: str) -> Handler:
    """Always this status and nothing else."""

    async def answer(_request: web.Request) -> web.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(status=number, headers=named)

    return answer


async def endless(request: web.Request) -> web.StreamResponse:
    """A list whose end never comes, as fast as it is read."""
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    with suppress(ConnectionError):
        while True:
            await response.write(b"[" * 65_536)
    return response


async def trickling(request: web.Request) -> web.StreamResponse:
    """One byte now and then, for ever."""
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    with suppress(ConnectionError):
        while True:
            await response.write(b" ")
            await asyncio.sleep(0.02)
    return response


async def half(request: web.Request) -> web.StreamResponse:
    """Half of what was promised, then the connection is gone."""
    headers = {"Content-Type": "application/json", "Content-Length": "1000"}
    response = web.StreamResponse(headers=headers)
    await response.prepare(request)
    await response.write(b'{"friendly_token": "aB3_-x", ')
    assert request.transport is not None
    request.transport.abort()
    return response


async def gone(request: web.Request) -> web.StreamResponse:
    """The connection is closed without a word."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def silent(_request: web.Request) -> web.StreamResponse:
    """No answer within any time limit of a test."""
    await asyncio.sleep(30)
    return web.Response()


@dataclass
class Library:
    """The server's address; it answers with one of ``plan`` after the other, the last for ever.

    ``asked`` holds what came, ``results`` how the client's requests ended, ``pauses_s`` how long
    it waited between attempts: on paper, since nobody sleeps in a test.
    """

    url: str
    plan: list[Handler] = field(default_factory=lambda: [as_json(FILM)])
    asked: list[web.Request] = field(default_factory=list)
    results: list[str] = field(default_factory=list)
    pauses_s: list[float] = field(default_factory=list)

    def will(self, *plan: Handler) -> None:
        """Answer so from now on."""
        self.plan = list(plan)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        handler = self.plan[0] if len(self.plan) == 1 else self.plan.pop(0)
        return await handler(request)

    async def pause(self, seconds: float) -> None:
        self.pauses_s.append(seconds)

    def settings(self, **more: Any) -> MediaCms:
        """A configuration that leads here."""
        return MediaCms(**{"base_url": self.url, **more})

    @property
    def paths(self) -> list[str]:
        return [request.path_qs for request in self.asked]


@asynccontextmanager
async def library() -> AsyncIterator[tuple[Library, MediaCmsServer]]:
    """The server, and the client under test, which waits between attempts on paper only."""
    app = web.Application()
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.01)
    here = Library("")
    app.router.add_get("/{path:.*}", here.answer)
    await runner.setup()
    client = MediaCmsServer(here.results.append, connections_max=16, sleep=here.pause)
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        here.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield here, client
    finally:
        await client.close()
        await runner.cleanup()
