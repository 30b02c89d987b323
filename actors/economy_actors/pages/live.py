"""What changes while somebody looks: one stream of events per page, fed by the facts of commits.

Promises: a second's news are one event per name, so that a stream gets each at most once a second;
what all see is rendered once; who doesn't read for ten seconds is cut off, and their browser comes
back by itself.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

import anyio
import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from economy_actors.context import Context
from economy_actors.pages.registry import page
from economy_actors.pages.streams import Live, LookedAt, Stream
from economy_actors.pages.view import Site, View
from kryten_economy.text.templates import money

__all__ = (
    "ABORT",
    "beat",
    "fragment",
    "run",
)

ABORT: Final = "economy.abort"
"""Under this the server puts a way to end a connection into the scope."""

_BEAT_S = 1.0
_SEND_WITHIN_S = 10.0
_RETRY_MS = 3_000

_log = structlog.get_logger("pages")

Render: TypeAlias = Callable[[View], Awaitable[str]]
Watch: TypeAlias = Callable[[Context, str], object]


@dataclass(frozen=True, slots=True)
class Fragment:
    """A part of a page that all see alike; ``watch`` gives what it depends on, None is money."""

    name: str
    render: Render
    watch: Watch | None


_FRAGMENTS: dict[str, Fragment] = {}


def fragment(name: str, *, watch: Watch | None = None) -> Callable[[Render], Render]:
    """Register the HTML that replaces what stands in ``data-live="name"``.

    It is rendered anew when ``watch`` answers another value than a second before, or, without it,
    when a commit has changed anything in the channel; once for all who look.
    """

    def register(render: Render) -> Render:
        if name in _FRAGMENTS:
            raise ValueError(f"two fragments are called {name}")
        _FRAGMENTS[name] = Fragment(name, render, watch)
        return render

    return register


async def run(site: Site) -> None:
    """Tell the news of each second, for ever."""
    while True:
        await anyio.sleep(_BEAT_S)
        await beat(site)


async def beat(site: Site) -> None:
    """Tell what has changed since the last time."""
    for channel, looked_at in site.live.looked_at():
        has_changed, looked_at.has_changed = looked_at.has_changed, False
        balances, looked_at.balances = looked_at.balances, {}
        symbol = site.context.live.settings.currency.symbol
        for stream in looked_at.streams if balances else ():
            if stream.user in balances:
                stream.put("balance", money(balances[stream.user], symbol))
        if has_changed:
            looked_at.put("money", "")
        for each in _FRAGMENTS.values():
            is_due = has_changed
            if each.watch is not None:
                is_due = _has_news(looked_at, each.name, each.watch(site.context, channel))
            if is_due:
                await _show(site, channel, looked_at, each)


def _has_news(looked_at: LookedAt, name: str, value: object) -> bool:
    is_new = name in looked_at.seen and looked_at.seen[name] != value
    looked_at.seen[name] = value
    return is_new


async def _show(site: Site, channel: str, looked_at: LookedAt, each: Fragment) -> None:
    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": []}
    try:
        html = await each.render(View(site, Request(scope), channel, None))
    except HTTPException:
        # The books are busy; the next commit is another chance.
        return
    looked_at.shown[each.name] = html
    looked_at.put(each.name, html)


class EventStream(Response):
    """Sends a stream until it is over or its reader is gone or too slow."""

    def __init__(self, live: Live, stream: Stream) -> None:
        super().__init__(
            headers={
                "content-type": "text/event-stream; charset=utf-8",
                "cache-control": "no-store",
                "x-accel-buffering": "no",
            }
        )
        del self.headers["content-length"]
        self._live = live
        self._stream = stream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send while the reader reads."""
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._until_gone, receive)
                is_read = await self._send_all(send)
                tasks.cancel_scope.cancel()
        finally:
            self._live.close(self._stream)
        if not is_read and ABORT in scope:
            scope[ABORT]()

    async def _until_gone(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._stream.end()

    async def _send_all(self, send: Send) -> bool:
        """Whether the reader has kept up."""
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        try:
            with anyio.fail_after(_SEND_WITHIN_S):
                await send(start)
                await _piece(send, f"retry: {_RETRY_MS}\n\n")
            while True:
                news = await self._stream.take()
                if self._stream.is_over:
                    break
                text = "".join(_event(name, html) for name, html in news.items()) or ":\n\n"
                with anyio.fail_after(_SEND_WITHIN_S):
                    await _piece(send, text)
            await _piece(send, "", more=False)
        except TimeoutError:
            _log.info("a slow reader was cut off", address=self._stream.address)
            return False
        return True


async def _piece(send: Send, text: str, *, more: bool = True) -> None:
    await send({"type": "http.response.body", "body": text.encode(), "more_body": more})


def _event(name: str, html: str) -> str:
    lines = html.splitlines() or [""]
    return "".join((f"event: {name}\n", *(f"data: {line}\n" for line in lines), "\n"))


@page("/live")
async def live(view: View) -> Response:
    """The events of a channel, and of whoever is signed in."""
    user = "" if view.member is None else view.member.user.name
    stream = view.site.live.open(view.channel, user, view.address)
    if stream is None:
        raise HTTPException(503, "Too many pages are open. This one is not live.")
    return EventStream(view.site.live, stream)
