"""What a member sees first, their tips, achievements, sessions, and their answers to questions."""

from typing import Final

from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.responses import Response

from economy_actors.handlers import kit
from economy_actors.handlers.profile import next_rank, trophies
from economy_actors.pages.asking import own_account
from economy_actors.pages.charts import lines
from economy_actors.pages.kept import KEPT_FOR_MS
from economy_actors.pages.registry import Who, form, page
from economy_actors.pages.security import token_hash
from economy_actors.pages.view import View
from kryten_economy.calendar import day_after, day_before
from kryten_economy.features.page_sessions import sessions_of
from kryten_economy.features.reports.movements import balances_of_days, day_of_user

__all__ = ("MEMBER_PAGES",)

MEMBER_PAGES: Final = (
    ("/me/", "Overview"),
    ("/me/statement", "Statement"),
    ("/me/achievements", "Achievements"),
    ("/me/wagers", "Games"),
    ("/me/limits", "Limits and notices"),
    ("/me/sessions", "Sign-ins"),
)
"""The pages about oneself, in the order in which each of them leads to the others."""

DAYS: Final = 30
_GONE: Final = (
    "This answer is not kept any more, or was not given to you."
    " What you have done stands in your statement."
)


@page("/me/", who=Who.MEMBER, nav="You", at=40, group="Account")
async def overview(view: View) -> Response:
    """Balance and how it came about, today, rank and streak, and a form to tip."""
    user, day, days = view.user, view.day, _days(view.day)
    calendar = view.context.live.calendar
    from_ms = calendar.day_start_ms(days[0])
    ends_ms = [calendar.day_start_ms(day_after(each)) for each in days]
    wallet, today, balances = await view.read(
        lambda reports: (
            reports.wallet(user, day),
            day_of_user(reports, user, day),
            balances_of_days(reports, user, from_ms, ends_ms),
        )
    )
    wallet = own_account(wallet)
    known = [(each, z) for each, z in zip(days, balances, strict=True) if z is not None]
    index = kit.rank_index(view.context, wallet)
    return view.show(
        "member/overview.html",
        wallet=wallet,
        rank=view.settings.ranks.tiers[index].name,
        next_rank=next_rank(view.settings, index, wallet.lifetime_earned_z),
        today=today,
        known=known,
        chart=_chart(view, known),
    )


def _days(last: str) -> list[str]:
    days = [last]
    while len(days) < DAYS:
        days.append(day_before(days[-1]))
    return days[::-1]


def _chart(view: View, known: list[tuple[str, int]]) -> Markup | None:
    """The balance at the end of each day; a single day makes no line."""
    if len(known) < 2:
        return None
    (first, first_z), (_, last_z) = known[0], known[-1]
    about = f"From {view.money(first_z)} at the end of {first} to {view.money(last_z)} now."
    labels = [day[5:] for day, _ in known]
    return lines("balance-chart", "Your balance", about, labels, {"Balance": [z for _, z in known]})


@form("/me/tip")
async def tip(view: View) -> Response:
    """Give money to somebody, as `tip` does."""
    name = view.form.get("to", "").strip().removeprefix("@")
    amount = view.form.get("amount", "").strip()
    answer = await view.act("tip", f"@{name}" if name else "", amount)
    return view.answered(answer, back="/me/")


@page("/me/answer", who=Who.MEMBER)
async def answers(view: View) -> Response:
    """The answer to a form that was sent, or all that are kept."""
    id_ = view.request.query_params.get("n", "")
    if not id_:
        minutes = KEPT_FOR_MS // 60_000
        return view.show("answers.html", kept=view.all_kept(), minutes=minutes)
    kept = view.kept(id_)
    if kept is None:
        raise HTTPException(404, _GONE)
    return view.show(kept.template, status=kept.status, once=kept.once, **kept.values)


@form("/me/answer")
async def answer(view: View) -> Response:
    """Say YES, no, a number or a code to a question that another page has shown."""
    return view.answered(await view.reply(), back="/me/")


@page("/me/achievements", who=Who.MEMBER, nav="Achievements", at=42, group="Account")
async def achievements(view: View) -> Response:
    """What was won, how far the others are, and how many are hidden, as `achievements` tells."""
    user, day = view.user, view.day
    wallet, awards = await view.read(
        lambda reports: (reports.wallet(user, day), reports.awards(user))
    )
    found = trophies(view.context, own_account(wallet), awards)
    return view.show("member/achievements.html", found=found)


@page("/me/sessions", who=Who.MEMBER, nav="Sign-ins", at=45, group="Account")
async def sessions(view: View) -> Response:
    """Where one is signed in."""
    assert view.member is not None
    user, hashed, now_ms = view.user, token_hash(view.member.token), view.now_ms
    found = await view.read(lambda reports: sessions_of(reports, user, hashed, now_ms))
    return view.show("member/sessions.html", sessions=found)
