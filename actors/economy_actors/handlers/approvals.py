"""What waits for an operator: the list, and the decision by private message, request or clock.

How a kind is decided is registered where the kind is (`resolver`); without that, granting or
rejecting is one operation and the buyer is told.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

import structlog

from economy_actors.context import Context
from economy_actors.handlers import kit
from economy_actors.handlers.answers import ApiAnswer, Done, Failed, PmAnswer, Refused
from economy_actors.handlers.fields import Amount, Flag, Text
from economy_actors.handlers.registry import ApiCall, Call, PmCall, command, request
from economy_actors.messages.ledger import query
from kryten_economy.commands.table import Section
from kryten_economy.features.api_keys import Scope
from kryten_economy.features.approvals import (
    Approval,
    ResolveApproval,
    Resolved,
    overdue_approvals,
    pending_approvals,
)
from kryten_economy.features.vanity import texts
from kryten_economy.features.vanity.rules import GIF
from kryten_economy.refusals import AMOUNT_MAX_Z, NotPending, Refusal

__all__ = (
    "OVERDUE_BY",
    "UNDECIDED",
    "Decided",
    "Resolver",
    "about_approval",
    "decide",
    "reject_overdue",
    "resolver",
    "settle",
)

OVERDUE_BY = "the clock"
"""Who rejects what nobody has decided in time."""

UNDECIDED = "nobody has decided in time"
"""What the buyer is told then."""

_EXPIRE = "approval.expire"

TYPE = Text("type", most=64)
APPROVAL_ID = Amount("approval_id", low=1, high=AMOUNT_MAX_Z)
APPROVED = Flag("approved", default=None)
RESOLVED_BY = Text("resolved_by", most=64)

_log = structlog.get_logger("approvals")


@dataclass(frozen=True, slots=True)
class Decided:
    """What was decided; ``refund_z`` went back to the buyer, ``text`` is for the operator."""

    approval: Approval
    approved: bool
    refund_z: int
    text: str


Resolver: TypeAlias = Callable[[Call, Approval, bool], Awaitable[Decided | Refused | Failed]]

_RESOLVERS: dict[str, Resolver] = {}


def resolver(type_: str) -> Callable[[Resolver], Resolver]:
    """Register how a kind is decided, where granting it needs more than the books.

    It tells the buyer itself. ``call.by`` is who decides, `OVERDUE_BY` if nobody did in time.
    """

    def register(function: Resolver) -> Resolver:
        assert type_ not in _RESOLVERS, type_
        _RESOLVERS[type_] = function
        return function

    return register


async def decide(call: Call, approval: Approval, approved: bool) -> Decided | Refused | Failed:
    """Grant or reject as its kind does; raises as `Call.commit`."""
    return await _RESOLVERS.get(approval.type, settle)(call, approval, approved)


async def settle(call: Call, approval: Approval, approved: bool) -> Decided | Refused | Failed:
    """Take the payment and do what it was for, or give it back; the buyer is told once.

    How a kind is decided that has no resolver, and for those that only grant in their own way.
    """
    reason = UNDECIDED if call.by == OVERDUE_BY else None
    what = f"{texts.label(approval.type)} {'approved' if approved else 'rejected'}"
    answer = await call.commit(
        ResolveApproval(
            call.op_id,
            call.channel,
            approval.id,
            approved,
            call.by,
            what if reason is None else reason.capitalize(),
            call.now_ms,
            call.day,
        )
    )
    if not isinstance(answer, Resolved):
        assert isinstance(answer, Refusal), answer
        return call.refused(answer)
    wallet, refund_z = answer.wallet, answer.refund_z
    if not answer.replayed:
        told = texts.decided_notice(
            approval.type,
            refund_z,
            wallet.balance_z,
            call.symbol,
            approved=approved,
            reason=reason,
        )
        kit.tell_user(call, wallet.display_name, told)
    shown = texts.decided(
        approval.type, wallet.display_name, refund_z, call.symbol, approved=approved
    )
    return Decided(answer.approval, approved, refund_z, shown)


async def reject_overdue(context: Context) -> None:
    """Reject what nobody has decided in its time, in all channels."""
    for channel in context.channels:
        now_ms, name = context.clock.now_ms(), channel
        overdue = await query(context.reader, lambda r: overdue_approvals(r, name, now_ms))  # noqa: B023  # asked at once
        for approval in overdue:
            await _reject(context, approval)


async def _reject(context: Context, approval: Approval) -> None:
    """Its line in the audit log is written with the refund; what was refused leaves none."""
    channel, number = approval.channel, approval.id
    call = Call(context, channel, OVERDUE_BY, f"overdue:{channel}:{number}", None)
    call = kit.on_record(call, "clock", _EXPIRE, f"{number} {approval.type}")
    answer = await decide(call, approval, False)
    assert call.record is not None, call
    if call.record.audit_id is not None:
        kit.recorded(call, answer.text, done=True)
    _log.info("approval was overdue", channel=channel, id=number, answer=answer)


# By private message


@command(
    "approvals",
    summary="what waits for your decision",
    section=Section.ADMIN,
    reads=True,
)
async def approvals(call: PmCall) -> PmAnswer:
    """The oldest first, with number, user, kind, price and age."""
    waiting = await call.read(lambda reports: pending_approvals(reports, call.channel))
    return texts.approvals(
        [
            texts.Waiting(
                each.id,
                each.display_name,
                each.type,
                about_approval(each),
                each.paid_z,
                (call.now_ms - each.created_at_ms) / 1000,
            )
            for each in waiting
        ],
        call.symbol,
    )


def about_approval(approval: Approval) -> str:
    """What the decision is about, in one line."""
    return " ".join(str(approval.data[key]) for key in _SHOWN if key in approval.data)


_SHOWN = ("gif_url", "title", "text", "item")


@command(
    "approve_gif",
    syntax="approve_gif @user",
    summary="let a user have their GIF",
    section=Section.ADMIN,
)
async def approve_gif_by_pm(call: PmCall) -> PmAnswer:
    """Store it and take the money."""
    return await _decide_gif_by_pm(call, approved=True)


@command(
    "reject_gif",
    syntax="reject_gif @user",
    summary="refuse a GIF and give the money back",
    section=Section.ADMIN,
)
async def reject_gif_by_pm(call: PmCall) -> PmAnswer:
    """Give everything back."""
    return await _decide_gif_by_pm(call, approved=False)


async def _decide_gif_by_pm(call: PmCall, *, approved: bool) -> PmAnswer:
    name = call.name_at(0)
    if isinstance(name, Refused):
        return name
    decided = await _decide_gif(call, name, approved=approved)
    return decided.text if isinstance(decided, Decided) else decided


async def _decide_gif(call: Call, name: str, *, approved: bool) -> Decided | Refused | Failed:
    user = call.named(name)
    waiting = await call.read(lambda reports: pending_approvals(reports, call.channel, GIF, 10_000))
    found = next((each for each in waiting if each.name == user.name), None)
    if found is None:
        return call.refused(NotPending())
    return await decide(call, found, approved)


# By request


@request("approval.list", TYPE, scope=Scope.OPERATE)
async def approval_list(call: ApiCall) -> ApiAnswer:
    """What waits for a decision, the oldest first."""
    type_ = call.field(TYPE) or None
    waiting = await call.read(lambda reports: pending_approvals(reports, call.channel, type_))
    rows = [
        {
            "approval_id": each.id,
            "username": each.display_name,
            "channel": each.channel,
            "type": each.type,
            "cost": each.paid_z,
            "data": each.data,
            "status": each.state,
            "created_at": kit.time_of(each.created_at_ms),
        }
        for each in waiting
    ]
    return Done({"approvals": rows}, rows="approvals")


@request("approval.approve_gif", user=True, mutating=True)
async def approve_gif(call: ApiCall) -> ApiAnswer:
    """Let a user have their GIF."""
    decided = await _decide_gif(call, call.name, approved=True)
    if not isinstance(decided, Decided):
        return decided
    name = decided.approval.display_name
    return Done({"username": name, "channel": call.channel, "approved": True})


@request("approval.reject_gif", user=True, mutating=True)
async def reject_gif(call: ApiCall) -> ApiAnswer:
    """Refuse a GIF and give the money back."""
    decided = await _decide_gif(call, call.name, approved=False)
    if not isinstance(decided, Decided):
        return decided
    return Done(
        {
            "username": decided.approval.display_name,
            "channel": call.channel,
            "approved": False,
            "refund": decided.refund_z,
        }
    )


@request("approval.resolve", APPROVAL_ID, APPROVED, RESOLVED_BY, mutating=True)
async def approval_resolve(call: ApiCall) -> ApiAnswer:
    """Decide on anything that waits, by its number."""
    id_ = call.field(APPROVAL_ID)
    waiting = await call.read(
        lambda reports: pending_approvals(reports, call.channel, limit=10_000)
    )
    found = next((each for each in waiting if each.id == id_), None)
    if found is None:
        return call.refused(NotPending())
    by = replace(call, by=call.field(RESOLVED_BY) or call.by)
    decided = await decide(by, found, call.field(APPROVED))
    if not isinstance(decided, Decided):
        return decided
    return Done({"approval_id": id_, "approved": decided.approved, "refund": decided.refund_z})
