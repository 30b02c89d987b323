"""What changes while somebody looks: one stream of events per page, fed by the facts of commits.

Promises: a second's news are one event per name, so that a stream gets each at most once a second;
what all see is rendered once; who doesn't read for ten seconds is cut off, and their browser comes
back by itself.
"""

from collections.abc import Awaitable, Callable, Mapping
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
    "WIRE",
    "beat",
    "fragment",
    "run",
)

WIRE: Final = "economy.wire"
"""Under this the server puts the connection of a request into the scope."""

_BEAT_S = 1.0
_RETRY_MS = 3_000
_TOLD_AT_ONCE: Final = 25
_PAUSE_S: Final = 0.02
"""Between two parts of a second's work: whoever asks by PM meanwhile doesn't wait for all of it."""

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
    due = anyio.current_time()
    while True:
        due = max(due + _BEAT_S, anyio.current_time())
        await anyio.sleep_until(due)
        await beat(site)


async def beat(site: Site) -> None:
    """Tell what has changed since the last time."""
    looked_at_now = site.live.looked_at()
    for channel, looked_at in looked_at_now:
        has_changed, looked_at.has_changed = looked_at.has_changed, False
        balances, looked_at.balances = looked_at.balances, {}
        news = {"money": _event("money", "")} if has_changed else {}
        for each in _FRAGMENTS.values():
            is_due = has_changed
            if each.watch is not None:
                is_due = _has_news(looked_at, each.name, each.watch(site.context, channel))
            if is_due:
                news.update(await _drawn(site, channel, looked_at, each))
                await anyio.sleep(_PAUSE_S / len(looked_at_now))
        await _tell(looked_at, news, balances, site.context.live.settings.currency.symbol)


async def _tell(
    looked_at: LookedAt, news: Mapping[str, bytes], balances: Mapping[str, int], symbol: str
) -> None:
    """Some streams at a time."""
    for number, stream in enumerate(tuple(looked_at.streams), start=1):
        told = news
        if stream.user in balances:
            told = {**news, "balance": _event("balance", money(balances[stream.user], symbol))}
        now_s = anyio.current_time()
        stream.tell(told, now_s)
        if stream.cut_if_stuck(now_s):
            _log.info("a slow reader was cut off", address=stream.address)
        if not number % _TOLD_AT_ONCE:
            await anyio.sleep(_PAUSE_S)


def _has_news(looked_at: LookedAt, name: str, value: object) -> bool:
    is_new = name in looked_at.seen and looked_at.seen[name] != value
    looked_at.seen[name] = value
    return is_new


async def _drawn(
    site: Site, channel: str, looked_at: LookedAt, each: Fragment
) -> Mapping[str, bytes]:
    """The event of a fragment that looks otherwise than it was shown last."""
    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": []}
    try:
        html = await each.render(View(site, Request(scope), channel, None))
    except HTTPException:
        # The books are busy; the next commit is another chance.
        return {}
    event = _event(each.name, html)
    if looked_at.shown.get(each.name) == event:
        return {}
    looked_at.shown[each.name] = event
    return {each.name: event}


class EventStream(Response):
    """A stream until it is over or its reader is gone.

    What is told goes to the connection as it is: to pass each event to each of hundreds of tasks,
    and from there through the layers of an answer, takes ten times as long.
    """

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
        """Begin, and let `beat` write to the connection until one of both ends it."""
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._until_gone, receive)
                await send(
                    {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
                )
                await _piece(send, b"retry: %d\n\n" % _RETRY_MS, more=True)
                self._stream.begin(scope[WIRE], anyio.current_time())
                await self._stream.ended()
                await _piece(send, b"", more=False)
                tasks.cancel_scope.cancel()
        finally:
            self._live.close(self._stream)

    async def _until_gone(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._stream.end()


async def _piece(send: Send, body: bytes, *, more: bool) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": more})


def _event(name: str, html: str) -> bytes:
    lines = html.splitlines() or [""]
    return "".join((f"event: {name}\n", *(f"data: {line}\n" for line in lines), "\n")).encode()


@page("/live")
async def live(view: View) -> Response:
    """The events of a channel, and of whoever is signed in."""
    user = "" if view.member is None else view.member.user.name
    stream = view.site.live.open(view.channel, user, view.address)
    if stream is None:
        raise HTTPException(503, "Too many pages are open. This one is not live.")
    return EventStream(view.site.live, stream)
