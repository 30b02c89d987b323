"""What a member sees first, their tips, and their answers to questions."""

from starlette.exceptions import HTTPException
from starlette.responses import Response

from economy_actors.handlers import kit
from economy_actors.pages.registry import Who, form, page
from economy_actors.pages.view import View

__all__ = ()


@page("/me/", who=Who.MEMBER, nav="You", at=40)
async def overview(view: View) -> Response:
    """Balance, rank and streak, and a form to tip."""
    user, day = view.user, view.day
    wallet = await view.read(lambda reports: reports.wallet(user, day))
    if wallet is None:
        raise HTTPException(404, "There is no account of yours here any more.")
    rank = kit.rank_name(view.context, wallet)
    return view.show("member/overview.html", wallet=wallet, rank=rank)


@form("/me/tip")
async def tip(view: View) -> Response:
    """Give money to somebody, as `tip` does."""
    name = view.form.get("to", "").strip().removeprefix("@")
    amount = view.form.get("amount", "").strip()
    answer = await view.act("tip", f"@{name}" if name else "", amount)
    return view.answered(answer, back="/me/")


@form("/me/answer")
async def answer(view: View) -> Response:
    """Say YES, no, a number or a code to a question that another page has shown."""
    return view.answered(await view.reply(), back="/me/")
