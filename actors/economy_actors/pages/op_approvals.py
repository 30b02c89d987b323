"""What waits for an operator, each with what approving and rejecting does.

Each kind is decided by the command that decides it by PM.
"""

from typing import Final

from starlette.exceptions import HTTPException
from starlette.responses import Response

from economy_actors.handlers.approvals import about_approval
from economy_actors.pages.op_kit import REASON_MAX, field, problem, show
from economy_actors.pages.registry import Who, form, page
from economy_actors.pages.view import View
from kryten_economy.features.approvals import Approval, approval_of, pending_approvals
from kryten_economy.features.queue.settling import FORCE_PLAY
from kryten_economy.features.shop.operations import APPROVAL as SHOP_ITEM
from kryten_economy.features.vanity.rules import GIF
from kryten_economy.features.vanity.texts import label

__all__ = ()

ROWS: Final = 50
_PATH: Final = "/op/approvals"
_KINDS: Final[dict[str, str]] = {GIF: "gif", FORCE_PLAY: "force", SHOP_ITEM: "item"}
"""What the commands `approve_…` and `reject_…` of each kind end with."""
_DECISIONS: Final = ("approve", "reject")


@page(_PATH, who=Who.OPERATOR, nav="Approvals", at=71, group="People")
async def approvals(view: View) -> Response:
    """The oldest first."""
    channel = view.channel
    waiting = await view.read(lambda reports: pending_approvals(reports, channel, None, ROWS + 1))
    return show(
        view,
        "op/approvals.html",
        rows=[
            (each, label(each.type), about_approval(each), _link(each)) for each in waiting[:ROWS]
        ],
        more=len(waiting) > ROWS,
        with_reason=SHOP_ITEM,
    )


def _link(approval: Approval) -> str:
    """Where a picture is that is to be judged, if that is an address one may follow."""
    url = str(approval.data.get("gif_url", ""))
    return url if url.startswith("https://") else ""


@form("/op/approvals/decide", who=Who.OPERATOR)
async def decide(view: View) -> Response:
    """Approve or reject one; of another channel there is none."""
    typed, decision = field(view, "number"), field(view, "decision")
    if decision not in _DECISIONS:
        return problem(view, "Choose: approve or reject. Nothing was decided.", _PATH)
    if not (typed.isascii() and typed.isdecimal() and len(typed) < 16):
        raise HTTPException(404, "There is no such request.")
    channel, number = view.channel, int(typed)
    # Also one that is decided: the same form sent twice gets the same answer.
    approval = await view.read(lambda reports: approval_of(reports, channel, number))
    if approval is None or approval.type not in _KINDS:
        raise HTTPException(404, "There is no such request in this channel.")
    kind = _KINDS[approval.type]
    whom = f"@{approval.display_name}" if approval.type == GIF else str(number)
    reason = None
    if approval.type == SHOP_ITEM and decision == "reject":
        reason = field(view, "reason")[:REASON_MAX]
    answer = await view.act(f"{decision}_{kind}", whom, text=reason)
    return view.answered(answer, _PATH)
