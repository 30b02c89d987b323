"""What a page gets: who asks for what, and the ways to the books and to the channel.

Reading goes through the queries that answer PMs; acting goes through the user's session, as the
PM that it stands for (`economy_actors.channel.intake`).
"""

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, TypeVar
from urllib.parse import quote, urlencode

import anyio
from jinja2 import Environment
from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from economy_actors.context import Connected, Context
from economy_actors.messages.channel import PageCommand
from economy_actors.messages.ledger import query
from economy_actors.messages.pages import SignInMessage
from economy_actors.messages.session import FromPage, PageAnswer
from economy_actors.messages.what_if import WhatIfMessage
from economy_actors.pages.forms import command_line, unsendable
from economy_actors.pages.security import address_of, form_token
from economy_actors.pages.shared import Shared
from economy_actors.pages.streams import Live
from economy_actors.runtime import AskExpired, AskFailed, Ref, Reply, RuntimeFault
from kryten_economy.commands import refusals
from kryten_economy.config import Settings
from kryten_economy.config.web import Web
from kryten_economy.features.page_sessions import SignedIn
from kryten_economy.features.reports.queries import Reports
from kryten_economy.text.templates import minute_of, money
from kryten_economy.users import UserKey

__all__ = ("DOWNLOAD_EVERY_MS", "READS_AT_ONCE", "Downloads", "Member", "Site", "View")

T = TypeVar("T")

READS_AT_ONCE: Final = 4
"""So many pages ask the books at once; PMs and requests share the readers with them."""

DOWNLOAD_EVERY_MS: Final = 30_000
"""Nobody needs their data more often; to put it together takes a reader of the books."""

_READ_WITHIN_S = 5.0
_ACT_WITHIN_S = 12.0
_ONCE = re.compile(r"[A-Za-z0-9_-]{8,64}", re.ASCII)
_STATUS: Final = {"slow_down": 429, "unavailable": 503, "internal": 500}


@dataclass(slots=True)
class Downloads:
    """Who has taken their data along lately; it is put together for one at a time."""

    is_busy: bool = False
    taken: dict[UserKey, int] = field(default_factory=dict)

    def wait_ms(self, user: UserKey, now_ms: int) -> int:
        """How long they have to wait for the next time."""
        after = now_ms - DOWNLOAD_EVERY_MS
        self.taken = {each: at_ms for each, at_ms in self.taken.items() if at_ms > after}
        return self.taken.get(user, after) - after


@dataclass(frozen=True, slots=True)
class Site:
    """What all requests share."""

    context: Context
    web: Web
    sign_in: Ref[SignInMessage]
    what_if: Ref[WhatIfMessage]
    templates: Environment
    live: Live = field(default_factory=Live)
    shared: Shared = field(default_factory=Shared)
    downloads: Downloads = field(default_factory=Downloads)
    reading: anyio.Semaphore = field(default_factory=lambda: anyio.Semaphore(READS_AT_ONCE))


@dataclass(frozen=True, slots=True)
class Member:
    """Who is signed in, with the token of their session."""

    signed_in: SignedIn
    token: str = field(repr=False)

    @property
    def user(self) -> UserKey:
        """Who it is."""
        return self.signed_in.user

    @property
    def display_name(self) -> str:
        """How their name is spelled."""
        return self.signed_in.display_name

    @property
    def form_token(self) -> str:
        """What their forms hold."""
        return form_token(self.token)


@dataclass(frozen=True, slots=True)
class View:
    """One request; ``channel`` is spelled as configured, "" where there is none.

    ``form`` are the fields of a form, {} for a page.
    """

    site: Site
    request: Request
    channel: str
    member: Member | None
    form: dict[str, str] = field(default_factory=dict)

    # Facts

    @property
    def context(self) -> Context:
        """What all parts of the service share."""
        return self.site.context

    @property
    def settings(self) -> Settings:
        """Those in force; read them at each use and never keep them over an await."""
        return self.context.live.settings

    @property
    def symbol(self) -> str:
        """The sign of the currency."""
        return self.settings.currency.symbol

    @property
    def now_ms(self) -> int:
        """UTC epoch milliseconds."""
        return self.context.clock.now_ms()

    @property
    def day(self) -> str:
        """The day it is in the configured zone."""
        return self.context.live.calendar.day(self.now_ms)

    @property
    def address(self) -> str:
        """From where the request comes, as limits count it."""
        return address_of(self.request, self.site.web)

    @property
    def user(self) -> UserKey:
        """Who is signed in; for pages of members only."""
        assert self.member is not None, self.request.url.path
        return self.member.user

    @property
    def here(self) -> Connected | None:
        """The member as they are in the channel now, if they are."""
        if self.member is None:
            return None
        return self.context.presence[self.channel].value.users.get(self.member.user.name)

    @property
    def is_operator(self) -> bool:
        """Whether the member is in the channel now with the rank of an admin."""
        here = self.here
        return here is not None and here.rank >= self.settings.admin.owner_level

    def money(self, amount_z: int) -> str:
        """``1,250 Z``."""
        return money(amount_z, self.symbol)

    def time(self, at_ms: int) -> Markup:
        """``2026-03-31 20:15`` in the configured zone, for people and for machines."""
        exact = datetime.fromtimestamp(at_ms // 1000, UTC).isoformat()
        shown = minute_of(at_ms, self.context.live.calendar.zone)
        return Markup('<time datetime="{}">{}</time>').format(exact, shown)

    def number(self, name: str, *, low: int, high: int, default: int) -> int:
        """A number of the query string, drawn into its bounds."""
        text = self.request.query_params.get(name, "")
        if not (text.isascii() and text.isdecimal()):
            return default
        return max(low, min(high, int(text[:9])))

    def place(self, name: str) -> Any:  # noqa: ANN401 - text, or what its converter makes
        """What stands in a place of the path."""
        return self.request.path_params[name]

    # Addresses

    def url(self, path: str, **query: object) -> str:
        """The address of a page of this channel."""
        asked = {name: value for name, value in query.items() if value is not None}
        return f"/c/{quote(self.channel, safe='')}{path}" + (
            f"?{urlencode(asked)}" if asked else ""
        )

    # Reading

    async def read(self, run: Callable[[Reports], T]) -> T:
        """Ask the books something; where they can't answer, the page says so."""
        try:
            with anyio.fail_after(_READ_WITHIN_S):
                async with self.site.reading:
                    return await query(self.context.reader, run, timeout_s=_READ_WITHIN_S)
        except (TimeoutError, RuntimeFault):
            raise HTTPException(503, "The books are busy right now. Try again soon.") from None

    # Acting

    async def act(self, command: str, *words: str, text: str | None = None) -> PageAnswer:
        """Do what this PM of the member would do; its answer, instead of a PM to them.

        ``words`` are one argument each whatever they hold, ``text`` is the free text at the end.
        The same form sent twice does it once.
        """
        line = command_line(command, *words, text=text)
        if line is None:
            return PageAnswer(unsendable(*words), "refused", "invalid_request")
        return await self._say(line)

    async def reply(self) -> PageAnswer:
        """Pass on what the member says to a question: YES, no, a number, or a code."""
        said, code = self.form.get("say", ""), self.form.get("code", "")
        line = command_line("confirm", code) if said == "confirm" else said
        is_answer = said in {"yes", "no", "confirm"} or (said.isascii() and said.isdecimal())
        if line is None or not is_answer:
            return PageAnswer(unsendable(code or said), "refused", "invalid_request")
        return await self._say(line, answers=self.form.get("question", "")[:64] or "none")

    async def _say(self, line: str, *, answers: str = "") -> PageAnswer:
        once = self.form.get("once", "")
        if not _ONCE.fullmatch(once):
            raise HTTPException(400, "That form is incomplete. Go back and send it again.")
        name, now_ms = self.user.name, self.now_ms

        def ask(reply: Reply[PageAnswer]) -> PageCommand:
            return PageCommand(name, line, now_ms, FromPage(reply, answers))

        try:
            return await self.context.channels[self.channel].ask(
                ask, timeout_s=_ACT_WITHIN_S, trace=f"page:{self.channel}:{name}:{once}"
            )
        except (AskExpired, AskFailed):
            return PageAnswer(refusals.outcome_unknown(), "error", "unavailable")
        except RuntimeFault:
            return PageAnswer(refusals.busy(), "error", "unavailable")

    # Answering

    def show(self, template: str, *, status: int = 200, **values: object) -> Response:
        """A page made of a template, which gets ``view`` and these values."""
        text = self.site.templates.get_template(template).render(view=self, **values)
        return HTMLResponse(text, status)

    def part(self, template: str, **values: object) -> str:
        """A part of a page, for what is live."""
        return self.site.templates.get_template(template).render(view=self, **values)

    @property
    def path(self) -> str:
        """The path below the channel."""
        return self.request.url.path.removeprefix(self.url(""))

    def answered(self, answer: PageAnswer, back: str) -> Response:
        """The page of an answer: its text, the buttons if it is a question, the way back."""
        status = _STATUS.get(answer.code, 200 if answer.result == "ok" else 422)
        return self.show("answer.html", status=status, answer=answer, back=back)

    def go(self, path: str, **query: object) -> Response:
        """On to another page of the channel."""
        return RedirectResponse(self.url(path, **query), 303)

    def once(self) -> str:
        """A new one-time token for a form."""
        return secrets.token_urlsafe(16)
