"""What members allow themselves in games, pauses from them, and which notices they get.

All of it is done by the commands `limit`, `quiet` and `unquiet`. A pause has no way back, so it is
shown with its end before it begins.
"""

from typing import Final

from starlette.exceptions import HTTPException
from starlette.responses import Response

from economy_actors.handlers.limits import limits_now, pause_ms
from economy_actors.pages.asking import own_account
from economy_actors.pages.registry import Who, form, page
from economy_actors.pages.view import View
from kryten_economy.features.games.limits import limits_of
from kryten_economy.features.games.stakes import played_today
from kryten_economy.features.games.texts import pause_unclear
from kryten_economy.features.leaderboards import is_listed

__all__ = ()

_COMMANDS: Final = {"stakes": "limit stakes", "losses": "limit losses"}
_QUIET: Final = {
    "quiet": "quiet",
    "unquiet": "unquiet",
    "hide": "quiet top",
    "show": "unquiet top",
}


@page("/me/limits", who=Who.MEMBER, nav="Limits and notices", at=44, group="Account")
async def limits(view: View) -> Response:
    """What holds now, and the forms to change it."""
    user, day = view.user, view.day
    wallet, own, today, listed = await view.read(
        lambda reports: (
            reports.wallet(user, day),
            limits_of(reports, user),
            played_today(reports, user, day),
            is_listed(reports, user),
        )
    )
    wallet = own_account(wallet)
    return view.show(
        "member/limits.html",
        plays=view.settings.gambling.enabled,
        limits=limits_now(view.settings, own, today, day),
        paused_until_ms=own.paused_until_ms if own.pauses(view.now_ms) else None,
        quiet=wallet.quiet,
        listed=listed,
    )


@form("/me/limits/set")
async def set_limit(view: View) -> Response:
    """Limit what is staked or lost in a day, or lift that limit."""
    command = _COMMANDS.get(view.form.get("what", ""))
    if command is None:
        raise HTTPException(400, "That limits nothing that there is.")
    amount = "off" if "off" in view.form else view.form.get("amount", "").strip()
    return view.answered(await view.act(command, amount), back="/me/limits")


@page("/me/limits/pause", who=Who.MEMBER)
async def ask_pause(view: View) -> Response:
    """Say until when a pause would last and that it can't be undone; begins nothing."""
    asked = view.request.query_params
    written = asked.get("length", "").strip() + asked.get("unit", "")
    for_ms = pause_ms(written)
    return view.show(
        "member/pause.html",
        status=422 if for_ms is None else 200,
        written=written,
        until_ms=None if for_ms is None else view.now_ms + for_ms,
        problem=pause_unclear() if for_ms is None else "",
    )


@form("/me/limits/pause")
async def pause(view: View) -> Response:
    """Begin a pause from all games."""
    answer = await view.act("limit pause", view.form.get("time", "").strip())
    return view.answered(answer, back="/me/limits")


@form("/me/limits/notices")
async def notices(view: View) -> Response:
    """Mute automatic notices or not; be on leaderboards or not."""
    command = _QUIET.get(view.form.get("do", ""))
    if command is None:
        raise HTTPException(400, "That is no setting of notices or leaderboards.")
    return view.answered(await view.act(command), back="/me/limits")
