"""The application: routes of the registered pages, who may pass, and the edge around all of it.

Promises: whatever a visitor sends, the answer is a page or a cut; every answer has the headers
that keep browsers from asking anybody else; a defect is logged, counted and told as such.
"""

from functools import partial
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

import anyio
import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from economy_actors.pages import (
    boards,
    earn,
    fair,
    games_now,
    limits,
    live,
    member,
    op_approvals,
    op_audit,
    op_config,
    op_events,
    op_health,
    op_keys,
    op_numbers,
    op_panic,
    op_shop,
    op_users,
    op_what_if,
    own_data,
    play,
    public,
    queue,
    shop,
    sign_in,
    statement,
    supply,
    vanity,
    wagers,
)
from economy_actors.pages.assets import static
from economy_actors.pages.forms import read_form
from economy_actors.pages.json_api import PREFIX, JsonApi, problem
from economy_actors.pages.registry import PAGES, Menu, PageSpec, Who
from economy_actors.pages.security import (
    address_of,
    headers,
    is_form_token,
    is_from_our_pages,
    token_hash,
    token_in,
)
from economy_actors.pages.streams import Visits
from economy_actors.pages.view import Member, Site, View
from kryten_economy.features.page_sessions import signed_in

__all__ = ("IN_PROGRESS_MAX", "TOPICS", "pages_app")

TOPICS = (
    public,
    boards,
    earn,
    games_now,
    supply,
    fair,
    sign_in,
    member,
    statement,
    own_data,
    wagers,
    limits,
    live,
    op_numbers,
    op_health,
    op_config,
    shop,
    vanity,
    queue,
    play,
    op_users,
    op_approvals,
    op_events,
    op_shop,
    op_audit,
    op_panic,
    op_keys,
    op_what_if,
)
"""The modules whose pages there are; each registers its own when it is imported."""

IN_PROGRESS_MAX: Final = 200
"""So many requests are worked on at once; streams that are open don't count."""

_PAGE: Final = "economy.page"
_VIEW: Final = "economy.view"
_NO_PAGE: Final = "none"
"""What the metrics call requests that no registered page has answered."""

_BRIEF: Final = """\
<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>{title}</title></head>
<body><main><h1>{title}</h1><p>{text}</p></main></body>
</html>
"""
"""A page that asks for nothing else, for whoever asks for too much already."""

_log = structlog.get_logger("pages")

_TEXTS = {
    400: "That request can't be read.",
    403: "You may not see this page.",
    404: "There is no such page.",
    405: "That can't be done with this page.",
    500: "Something went wrong here. It was written down for the people who run this service.",
    503: "The service is busy right now. Try again soon.",
}


def pages_app(site: Site) -> ASGIApp:
    """The application of a service."""
    routes = [
        Route("/", partial(_channels, site)),
        Route("/static/{name}", static),
        Route(PREFIX[:-1], _with_slash),
        Mount(PREFIX, JsonApi(site)),
        *(
            Route(
                spec.route, partial(_answer, site, spec), methods=["POST" if spec.posts else "GET"]
            )
            for spec in PAGES
        ),
        *(
            Route(spec.route[:-1], _with_slash)
            for spec in PAGES
            if spec.path.endswith("/") and not spec.posts
        ),
    ]
    site.templates.globals["menus"] = _menus
    site.templates.globals["menu_here"] = _menu_here
    site.templates.globals["member_pages"] = member.MEMBER_PAGES
    site.templates.globals["operator_pages"] = op_numbers.OPERATOR_PAGES
    site.templates.globals["here"] = lambda view: view.path
    app = Starlette(routes=routes)
    app.router.redirect_slashes = False
    return _Edge(site, app)


class _Edge:
    """Around everything: limits, headers, error pages, and the catch of defects."""

    def __init__(self, site: Site, app: Starlette) -> None:
        self._site = site
        self._app = app
        self._in_progress = 0
        self._visits = Visits()
        self._headers = {embedded: headers(site.web, embedded) for embedded in (False, True)}
        app.add_exception_handler(HTTPException, self._told)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        added = self._headers[scope["path"].startswith("/embed/")]
        has_begun = False
        metrics = self._site.context.metrics

        async def send_with_headers(message: Message) -> None:
            nonlocal has_begun
            if message["type"] == "http.response.start":
                if not has_begun:
                    # A stream is no work any more once it has begun.
                    self._in_progress -= 1
                    metrics.page_request(scope.get(_PAGE, _NO_PAGE), message["status"])
                has_begun = True
                told = [*message["headers"], *added]
                if all(name != b"cache-control" for name, _ in told):
                    told.append((b"cache-control", b"no-store"))
                message["headers"] = told
            await send(message)

        self._in_progress += 1
        try:
            answer = self._turned_away(Request(scope)) or self._kept(scope) or self._app
            await answer(scope, receive, send_with_headers)
        except Exception:
            metrics.error("pages")
            _log.exception("a page has failed", path=scope["path"][:200])
            if has_begun:
                raise
            page = self._page(Request(scope), 500, "")
            await page(scope, receive, send_with_headers)
        finally:
            if not has_begun:
                self._in_progress -= 1

    def _kept(self, scope: Scope) -> Response | None:
        """A page that was drawn for others a moment ago: the same, without the way to it."""
        found = self._site.shared.found(scope)
        if found is None:
            return None
        scope[_PAGE], response = found
        return response

    def _turned_away(self, request: Request) -> Response | None:
        """What is answered before anything is looked up, and costs next to nothing."""
        names = {name for name, _ in request.scope["headers"]}
        if names >= {b"content-length", b"transfer-encoding"}:
            # A proxy before us may have read another request out of it.
            return self._page(request, 400, "")
        if request.scope["path"].startswith("/static/"):
            return None
        address = address_of(request, self._site.web)
        if not self._visits.allow(address, anyio.current_time()):
            return _briefly(request, 429, "You ask for too much. Wait a few seconds.")
        if self._in_progress > IN_PROGRESS_MAX:
            return _briefly(
                request, 503, "Too many people ask at once. Try again in a few seconds."
            )
        return None

    async def _told(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        detail = error.detail
        said = "" if detail == HTTPStatus(error.status_code).phrase else detail
        return self._page(request, error.status_code, said)

    def _page(self, request: Request, status: int, said: str) -> Response:
        if request.scope["path"].startswith(PREFIX):
            return problem(status, said or _TEXTS.get(status, _TEXTS[400]))
        # Who is known to have been in a channel finds their way on from there.
        view = request.scope.get(_VIEW) or View(self._site, request, "", None)
        text = said or _TEXTS.get(status, _TEXTS[400])
        title = HTTPStatus(status).phrase
        response = view.show("error.html", status=status, title=title, text=text)
        if status in {400, 408, 413, 415}:
            # The rest of what was being sent is not read.
            response.headers["connection"] = "close"
        return response


def _menus(view: View) -> list[Menu]:
    """What the navigation shows to who asks."""
    whos = {Who.ANYONE}
    if view.member is not None:
        whos |= {Who.MEMBER, *([Who.OPERATOR] if view.is_operator else [])}
    return PAGES.menus(frozenset(whos))


def _menu_here(view: View) -> Who:
    """In whose menu the page at hand stands, or what has led to it."""
    if view.path.startswith("/op/"):
        return Who.OPERATOR
    return Who.MEMBER if view.path.startswith("/me/") else Who.ANYONE


async def _with_slash(request: Request) -> Response:
    """The page whose last slash was left out; the address holds no host that was told."""
    query = request.scope["query_string"].decode("latin-1")
    return RedirectResponse(quote(request.url.path) + "/" + (f"?{query}" if query else ""))


def _briefly(request: Request, status: int, text: str) -> Response:
    if request.scope["path"].startswith(PREFIX):
        return problem(status, text)
    page = _BRIEF.format(title=HTTPStatus(status).phrase, text=text)
    return HTMLResponse(page, status, headers={"retry-after": "5"})


async def _channels(site: Site, request: Request) -> Response:
    """All channels; where there is one only, its page."""
    view = View(site, request, "", None)
    names = tuple(site.context.channels)
    if len(names) == 1:
        return RedirectResponse(View(site, request, names[0], None).url("/"))
    links = [(name, View(site, request, name, None).url("/")) for name in names]
    return view.show("channels.html", links=links)


async def _answer(site: Site, spec: PageSpec, request: Request) -> Response:
    """Let a request to its page, if it may pass."""
    request.scope[_PAGE] = spec.name
    named = request.path_params["channel"]
    channel = site.context.channel_named(named)
    if channel is None:
        raise HTTPException(404, "There is no such channel here.")
    view = View(site, request, channel, None)
    if spec.posts and not is_from_our_pages(request, site.web):
        raise HTTPException(403, "That form does not come from a page of this service.")
    view = View(site, request, channel, await _member(view))
    if request.url.path.startswith("/c/"):
        request.scope[_VIEW] = view
    refusal = _refusal(spec, view)
    if refusal is not None:
        return refusal
    if spec.shared_s and view.member is None:
        draw = partial(spec.handler, view)
        return await site.shared.answer(request.scope, spec.name, spec.shared_s, draw)
    if spec.posts:
        view = View(site, request, channel, view.member, await read_form(request, spec.bytes_max))
        told = view.form.get("token", "")
        if view.member is not None and not is_form_token(view.member.token, told):
            raise HTTPException(403, "That form is too old. Go back, reload the page, try again.")
    return await spec.handler(view)


async def _member(view: View) -> Member | None:
    """Who is signed in to this channel; the session of another channel opens nothing here."""
    token = token_in(view.request)
    if token is None:
        return None
    now_ms = view.now_ms
    found = await view.read(lambda reports: signed_in(reports, token_hash(token), now_ms))
    if found is None or found.user.channel != view.channel:
        return None
    return Member(found, token)


def _refusal(spec: PageSpec, view: View) -> Response | None:
    if spec.who is Who.ANYONE:
        return None
    if view.member is None:
        if spec.posts:
            raise HTTPException(403, "You are not signed in any more. Sign in, then try again.")
        return view.go("/sign-in", to=spec.path)
    if spec.who is Who.OPERATOR and not view.is_operator:
        raise HTTPException(
            403, "This takes an operator who is in the channel now. Your rank there is looked up."
        )
    return None
