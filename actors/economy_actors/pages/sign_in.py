"""Sign-in: the name, then the code that has come by PM; and out again."""

from starlette.exceptions import HTTPException
from starlette.responses import Response

from economy_actors.messages.ledger import commit
from economy_actors.messages.pages import (
    AskCode,
    CodeAnswer,
    NotSent,
    RedeemCode,
    TryAnswer,
    TryFailed,
)
from economy_actors.pages.registry import PAGES, Who, form, page
from economy_actors.pages.security import (
    browser_in,
    new_token,
    token_hash,
    token_in,
    with_cookie,
    without_cookie,
)
from economy_actors.pages.view import View
from economy_actors.runtime import Reply, RuntimeFault
from kryten_economy.features.page_sessions import EndPageSession, EndPageSessions, OpenPageSession
from kryten_economy.ledger.operation import Request
from kryten_economy.users import UserKey

__all__ = ()

_ASKED_FOR_S = 5.0


@page("/sign-in")
async def ask_name(view: View) -> Response:
    """Who are you?"""
    to = _target(view.request.query_params.get("to", ""))
    return view.show("sign_in.html", to=to, problem="", name="")


@form("/sign-in", who=Who.ANYONE)
async def send_code(view: View) -> Response:
    """Have a code sent, and ask for it."""
    name, to, address = (
        view.form.get("name", "")[:40],
        _target(view.form.get("to", "")),
        view.address,
    )

    def ask(reply: Reply[CodeAnswer]) -> AskCode:
        return AskCode(view.channel, name, address, reply)

    try:
        answer = await view.site.sign_in.ask(ask, timeout_s=_ASKED_FOR_S)
    except RuntimeFault:
        raise HTTPException(503) from None
    if isinstance(answer, NotSent):
        status = 422 if answer.wait_s is None else 429
        return view.show("sign_in.html", status=status, to=to, problem=answer.text, name=name)
    return view.show("code.html", to=to, problem="", ticket=answer.ticket, name=answer.display_name)


@form("/sign-in/code", who=Who.ANYONE)
async def take_code(view: View) -> Response:
    """Sign in whoever has read the code; the session that the browser had before ends."""
    ticket, code = view.form.get("ticket", "")[:64], view.form.get("code", "")[:20]
    to, address = _target(view.form.get("to", "")), view.address

    def ask(reply: Reply[TryAnswer]) -> RedeemCode:
        return RedeemCode(view.channel, ticket, code.replace(" ", ""), address, reply)

    try:
        answer = await view.site.sign_in.ask(ask, timeout_s=_ASKED_FOR_S)
    except RuntimeFault:
        raise HTTPException(503) from None
    if isinstance(answer, TryFailed):
        return _again(view, answer, ticket, to)
    token, replaced, now_ms = new_token(), token_in(view.request), view.now_ms
    await _commit(
        view,
        OpenPageSession(
            UserKey.of(answer.channel, answer.display_name),
            answer.display_name,
            token_hash(token),
            None if replaced is None else token_hash(replaced),
            now_ms,
            view.day,
            now_ms + view.site.web.session_days * 86_400_000,
            browser_in(view.request.headers.get("user-agent", "")),
        ),
    )
    return with_cookie(view.go(to), token, view.site.web)


def _again(view: View, failed: TryFailed, ticket: str, to: str) -> Response:
    status = 422 if failed.wait_s is None else 429
    if failed.tries_left or failed.wait_s is not None:
        return view.show(
            "code.html", status=status, to=to, problem=failed.text, ticket=ticket, name=""
        )
    return view.show("sign_in.html", status=status, to=to, problem=failed.text, name="")


@form("/sign-out")
async def sign_out(view: View) -> Response:
    """Sign this browser out."""
    assert view.member is not None
    await _commit(view, EndPageSession(token_hash(view.member.token)))
    return without_cookie(view.go("/"), view.site.web)


@form("/sign-out/everywhere")
async def sign_out_everywhere(view: View) -> Response:
    """Sign out every browser that is signed in as this user here."""
    await _commit(view, EndPageSessions(view.user, view.day))
    return without_cookie(view.go("/"), view.site.web)


async def _commit(view: View, request: Request[object]) -> None:
    try:
        await commit(view.context.ledger, request)
    except RuntimeFault:
        raise HTTPException(503) from None


def _target(told: str) -> str:
    """The page to go to after the sign-in: one of the registered ones, and no address."""
    spec = PAGES.find(told)
    return told if spec is not None and spec.who is not Who.ANYONE else "/me/"
