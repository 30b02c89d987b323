"""Reading the keys of tokens from a file, and from a server that is slow, wrong or endless."""

import gzip
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import pytest
from aiohttp import web
from tests.actors.api.helpers import api
from tests.actors.api.signing import AUTH, Issuer
from tests.actors.house import CHANNEL, START_MS, settings_with
from tests.integration.catalogue.library import (
    Handler,
    as_bytes,
    endless,
    gone,
    half,
    silent,
    status,
    trickling,
)

from economy_actors.keys import BODY_BYTES_MAX, JwksSource, KeysUnreadableError
from kryten_economy.config.api_auth import ApiAuth

ISSUER = Issuer(START_MS // 1000)


@dataclass
class Server:
    """A server that answers with ``handler``."""

    url: str = ""
    handler: Handler = field(default_factory=lambda: as_bytes(ISSUER.jwks()))
    asked: list[str] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path_qs)
        return await self.handler(request)


@asynccontextmanager
async def server() -> AsyncIterator[Server]:
    app = web.Application()
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.01)
    here = Server()
    app.router.add_get("/{path:.*}", here.answer)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        here.url = f"http://127.0.0.1:{runner.addresses[0][1]}/jwks?secret=hunter2"
        yield here
    finally:
        await runner.cleanup()


def auth(place: str, **more: Any) -> ApiAuth:
    return ApiAuth(**AUTH | {"jwks": place, "timeout_seconds": 1} | more)


async def read(place: str) -> bytes:
    """What a fresh source makes of a place, in time."""
    source = JwksSource()
    try:
        with anyio.fail_after(5):
            return await source.read(auth(place))
    finally:
        await source.close()


async def failed(place: str) -> str:
    """Why it can't be read."""
    with pytest.raises(KeysUnreadableError) as caught:
        await read(place)
    return str(caught.value)


async def test_a_good_server() -> None:
    """What a server answers is taken as it is."""
    async with server() as here:
        assert await read(here.url) == ISSUER.jwks()


@pytest.mark.parametrize(
    ("handler", "reason"),
    [
        (silent, "not read in time"),
        (trickling, "not read in time"),
        (endless, "an answer without end"),
        (as_bytes(b" " * (BODY_BYTES_MAX + 1)), "an answer without end"),
        (half, "ClientPayloadError"),
        (gone, "ServerDisconnectedError"),
        (status(500), "status 500"),
        (status(404), "status 404"),
        (status(204), "status 204"),
        (status(302, Location="https://evil.example/jwks"), "status 302"),
    ],
    ids=lambda value: getattr(value, "__name__", str(value))[:30],
)
async def test_bad_servers(handler: Handler, reason: str) -> None:
    """Each is given up in time, no redirect is followed, and the reason holds no address."""
    async with server() as here:
        here.handler = handler
        assert await failed(here.url) == reason
        # A connection that was closed without a word is tried once more by the library.
        assert len(here.asked) <= 2
        assert set(here.asked) == {"/jwks?secret=hunter2"}


async def test_nobody_listens() -> None:
    """No server at all is a reason like any other, without the address."""
    text = await failed("http://127.0.0.1:1/jwks?secret=hunter2")
    assert "hunter2" not in text
    assert "127.0.0.1" not in text


async def test_a_file(tmp_path: Path) -> None:
    """A file is read as it is; one that is missing, endless, a folder or never written is told."""
    path = tmp_path / "keys.json"
    path.write_bytes(ISSUER.jwks())
    assert await read(str(path)) == ISSUER.jwks()
    assert await failed(str(tmp_path / "none.json")) == "No such file or directory"
    assert await failed(str(tmp_path)) == "Is a directory"
    assert await failed("/dev/zero") == "a file without end"
    assert await failed("a\0b") == "api_auth.jwks is neither a path nor an address"
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert await failed(str(pipe)) == "not read in time"
    # Somebody writes at last, so that the thread which waits for it can end.
    os.close(os.open(pipe, os.O_WRONLY))


async def test_tokens_by_a_real_server(tmp_path: Path) -> None:
    """Keys over HTTP open what they should, a rotated one at once, and a bad answer nothing."""
    async with server() as here:
        settings = settings_with(api_auth=AUTH | {"jwks": here.url, "timeout_seconds": 1})
        async with api(tmp_path, settings) as it:
            await it.account("alice", 100)
            issuer = Issuer(START_MS // 1000)
            here.handler = as_bytes(issuer.jwks())
            context = it.house.context

            async def grant(token: str) -> dict[str, Any]:
                asked = {"command": "balance.adjust", "channel": CHANNEL, "username": "alice"}
                return await it.raw(asked | {"amount": 1, "token": token})

            # The house read the keys of another issuer at its start.
            context.live.swap(
                settings_with(api_auth=AUTH | {"jwks": here.url + "&new", "timeout_seconds": 1})
            )
            assert (await grant(issuer.token()))["success"] is True
            for handler in (endless, silent, as_bytes(gzip.compress(issuer.jwks()))):
                here.handler = handler
                context.live.swap(
                    settings_with(
                        api_auth=AUTH
                        | {"jwks": f"{here.url}&{len(here.asked)}", "timeout_seconds": 1}
                    )
                )
                answer = await grant(issuer.token())
                assert answer["error_code"] == "unavailable", handler
                assert (await it.data("balance.get", username="alice"))["balance"] == 101
