"""Grant, deduct, adjust, set a balance (`commands.md` 8, `admin-api.md` 6).

Each is one operation on the books. Taking never opens an account, and giving opens one only for
somebody who is connected (P-MON-12). The user is told after the commit, once, and whoever was
given something looks at what he has reached, here or not (`progression.md` 1).
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias, TypeVar

from economy_actors.context import World
from economy_actors.deeds.cause import Cause
from economy_actors.deeds.people import connected, tell_user
from economy_actors.ledger.client import commit
from economy_actors.runtime import RuntimeFault
from kryten_economy.features.money import texts as money_texts
from kryten_economy.features.money.operations import BalanceSet, Credit, Debit, Posted, SetBalance
from kryten_economy.refusals import Conflict, NoAccount, Refusal
from kryten_economy.users import UserKey

__all__ = ("AdjustAnswer", "Busy", "Ignored", "adjust", "deduct", "grant", "set_balance")


@dataclass(frozen=True, slots=True)
class Ignored:
    """The name is the bot's or an ignored user's: such accounts are paid nothing."""

    name: str


@dataclass(frozen=True, slots=True)
class Busy:
    """A part of the service did not answer in time; nothing was done."""


AdjustAnswer: TypeAlias = Posted | Refusal | Ignored | Busy

R = TypeVar("R", Credit, Debit)


@dataclass(frozen=True, slots=True)
class _Order:
    """Money to give or take; ``reason`` is what the operator wrote, ``stated`` what is kept."""

    cause: Cause
    name: str
    amount_z: int
    type: str
    reason: str
    stated: str

    @property
    def trigger_id(self) -> str:
        """``admin.grant`` for the type ``admin_grant``."""
        return self.type.replace("_", ".")


async def grant(world: World, cause: Cause, name: str, amount_z: int, reason: str) -> AdjustAnswer:
    """Give ``amount_z`` > 0. ``reason`` may be empty.

    The deeds of this module raise AskExpired or AskFailed when it stays unknown whether the
    money was moved.
    """
    stated = reason or f"Admin grant by {cause.admin}"
    return await _give(world, _Order(cause, name, amount_z, "admin_grant", reason, stated))


async def deduct(world: World, cause: Cause, name: str, amount_z: int, reason: str) -> AdjustAnswer:
    """Take ``amount_z`` > 0, all of it or nothing. ``reason`` may be empty."""
    stated = reason or f"Admin deduction by {cause.admin}"
    return await _take(world, _Order(cause, name, amount_z, "admin_deduct", reason, stated))


async def adjust(world: World, cause: Cause, name: str, delta_z: int, reason: str) -> AdjustAnswer:
    """Give or take, as the sign of ``delta_z`` (not 0) says. ``reason`` may be empty."""
    stated = reason or f"Admin {'credit' if delta_z > 0 else 'debit'} by {cause.admin}"
    order = _Order(cause, name, abs(delta_z), "admin_adjust", reason, stated)
    return await (_give if delta_z > 0 else _take)(world, order)


async def set_balance(world: World, cause: Cause, name: str, amount_z: int) -> BalanceSet | Refusal:
    """Make an existing balance ``amount_z`` ≥ 0; the difference is one row (P-MON-15)."""
    at_ms = world.clock.now_ms()
    answer = await commit(
        world.ledger,
        SetBalance(
            op_id=cause.op_id,
            user=UserKey.of(cause.channel, name),
            amount_z=amount_z,
            reason=f"Set by {cause.admin}",
            by=cause.admin,
            at_ms=at_ms,
            day=world.live.calendar.day(at_ms),
        ),
    )
    if isinstance(answer, BalanceSet):
        if not answer.replayed and answer.old_z != answer.new_z:
            symbol = world.live.settings.currency.symbol
            text = money_texts.set_balance_notice(answer.old_z, answer.new_z, symbol)
            tell_user(world, cause.channel, answer.wallet.display_name, text, cause.trace)
        return answer
    assert isinstance(answer, Refusal), answer
    return answer


async def _give(world: World, order: _Order) -> AdjustAnswer:
    if world.live.ignores(order.name):
        return Ignored(order.name)
    request = _request(world, Credit, order)
    answer: Posted | Refusal | Busy = await commit(world.ledger, request)
    if isinstance(answer, NoAccount | Conflict):
        answer = await _give_newcomer(world, request, answer)
    return _settled(world, order, answer, money_texts.grant_notice)


async def _give_newcomer(
    world: World, request: Credit, refusal: NoAccount | Conflict
) -> Posted | Refusal | Busy:
    """Try again in the form that opens the account.

    That form is other content to the books. So a repetition of a grant that opened an account
    looks like a conflict at first, and only this form tells whether it is one.
    """
    if isinstance(refusal, Conflict):
        return await commit(world.ledger, replace(request, create=True))
    try:
        shown = await connected(world, request.user)
    except RuntimeFault:
        return Busy()
    if shown is None:
        return refusal
    return await commit(world.ledger, replace(request, create=True, display_name=shown.name))


async def _take(world: World, order: _Order) -> AdjustAnswer:
    answer = await commit(world.ledger, _request(world, Debit, order))
    return _settled(world, order, answer, money_texts.deduct_notice)


def _request(world: World, kind: type[R], order: _Order) -> R:
    at_ms = world.clock.now_ms()
    return kind(
        op_id=order.cause.op_id,
        user=UserKey.of(order.cause.channel, order.name),
        amount_z=order.amount_z,
        type=order.type,
        trigger_id=order.trigger_id,
        reason=order.stated,
        at_ms=at_ms,
        day=world.live.calendar.day(at_ms),
        metadata=json.dumps({"by": order.cause.admin}),
    )


def _settled(
    world: World,
    order: _Order,
    answer: Posted | Refusal | Busy,
    notice: Callable[[int, int, str | None, str], str],
) -> AdjustAnswer:
    """Tell the user what was done, the first time."""
    if not isinstance(answer, Posted):
        assert isinstance(answer, Refusal | Busy), answer
        return answer
    if not answer.replayed:
        wallet, symbol = answer.wallet, world.live.settings.currency.symbol
        text = notice(order.amount_z, wallet.balance_z, order.reason, symbol)
        tell_user(world, order.cause.channel, wallet.display_name, text, order.cause.trace)
    return answer
