"""Paying for media that another service adds to the playlist itself (`admin-api.md` 4).

Price, limits and cooldown are those of the commands. A spend is answered in time or not charged:
who asked has added the item by then, or told its user that it failed, and never asks again. So
what has not been answered when time is up is taken back in the books, behind whatever is still
under way there.
"""

import math
from dataclasses import dataclass
from typing import Final, NamedTuple

import anyio
import structlog

from economy_actors.context import halted_in
from economy_actors.handlers.answers import ApiAnswer, Code, Done, Failed, Refused
from economy_actors.handlers.fields import Amount as Number
from economy_actors.handlers.fields import Text
from economy_actors.handlers.kit import price_for, rank_index
from economy_actors.handlers.registry import ApiCall, Call, request
from economy_actors.messages.ledger import Commit, Defect
from economy_actors.runtime import AskExpired, AskFailed
from kryten_economy.features.api_keys import Scope
from kryten_economy.features.prices import Price
from kryten_economy.features.queue import texts
from kryten_economy.features.queue.purchases import QueueStanding, queue_standing
from kryten_economy.features.queue.rules import (
    Blackout,
    QueueLimits,
    base_price_z,
    blackout_at,
    in_whole_minutes,
    queue_limits,
    tier_of,
    too_often,
)
from kryten_economy.features.queue.spends import (
    QueueSpend,
    QueueSpent,
    RefundQueueSpend,
    SpendOnQueue,
    SpendRefunded,
    queue_spend,
)
from kryten_economy.features.ranks.rules import perks_of
from kryten_economy.features.reports.queries import Reports
from kryten_economy.features.reports.rows import RankFacts
from kryten_economy.ledger.audit import Acted
from kryten_economy.ledger.operation import SPENDING
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.refusals import (
    AlreadySettled,
    AnyRefusal,
    Conflict,
    CoolingDown,
    Halted,
    Ignored,
    Insufficient,
    NoAccount,
    NoHold,
    Refusal,
)

__all__ = ("limits_of",)

DURATION: Final = Number("duration_sec", low=-(2**53), high=2**53)
TIER: Final = Text("tier", most=64, default="queue")
SPEND_ID: Final = Text("request_id", most=128, required=True)
REASON: Final = Text("reason", most=200, default="refund")

_TIME_LIMIT_S: Final = 4.0
_ANSWER_ROOM_S: Final = 0.4
"""Of the 4 s within which requests are answered this is kept for the answer itself."""
_FIRST_TRY: Final = 0.7
"""The part of the time after which the books are asked again what became of it."""
_LATE_MS: Final = 24 * 3_600_000

_log = structlog.get_logger("queue")


def limits_of(call: Call, buyer: Wallet | None) -> QueueLimits:
    """How often somebody may queue; without an account as with the first rank."""
    settings = call.settings
    tier = 0 if buyer is None else rank_index(call.context, buyer)
    return queue_limits(settings.spending, perks_of(settings.ranks, tier).queue_bonus)


@dataclass(frozen=True, slots=True)
class _Buyer:
    """What is known of who pays, all read at once; ``known`` is what the id has charged before."""

    wallet: Wallet | None
    standing: QueueStanding
    known: QueueSpend | None = None


class _Offer(NamedTuple):
    """What a spend right now would cost, and why it would be refused, if so."""

    price: Price
    tier_label: str
    limits: QueueLimits
    used_today: int
    refusal: AnyRefusal | Blackout | None


async def _buyer(call: ApiCall, request_id: str = "") -> _Buyer:
    user, day = call.user, call.day

    def read(reports: Reports) -> _Buyer:
        known = queue_spend(reports, request_id) if request_id else None
        return _Buyer(reports.wallet(user, day), queue_standing(reports, user, day), known)

    return await call.read(read)


def _offer(call: ApiCall, buyer: _Buyer) -> _Offer:
    spending, seconds = call.settings.spending, call.field(DURATION)
    wallet = buyer.wallet
    price = price_for(
        call,
        base_price_z(spending, _action(call), seconds),
        RankFacts("", "", 0, None) if wallet is None else wallet,
    )
    limits = limits_of(call, wallet)
    refusal = _refusal(call, buyer, price, limits)
    label = tier_of(spending, seconds).label
    return _Offer(price, label, limits, buyer.standing.used_today, refusal)


def _action(call: ApiCall) -> str:
    """Other services force nothing in: what is no `playnext` is priced as `queue`."""
    return "playnext" if call.field(TIER) == "playnext" else "queue"


def _refusal(
    call: ApiCall, buyer: _Buyer, price: Price, limits: QueueLimits
) -> AnyRefusal | Blackout | None:
    """The first of the checks that fails (`spending.md` 3)."""
    wallet, now_ms = buyer.wallet, call.now_ms
    if call.context.live.ignores(call.name):
        return Ignored(call.name)
    if wallet is not None and wallet.barred is not None:
        return wallet.barred
    if (closed := _closed(call)) is not None:
        return closed
    left_ms = buyer.standing.cooldown_left_ms(limits, now_ms)
    refused = too_often(limits, "queue", buyer.standing.used_today, left_ms)
    if refused is not None:
        return refused
    if wallet is None:
        return NoAccount(call.user)
    short_z = price.final_z - wallet.balance_z
    return Insufficient(wallet.balance_z, short_z) if short_z > 0 else None


def _closed(call: ApiCall) -> Halted | Blackout | None:
    if (halted := halted_in(call.context, call.channel, SPENDING)) is not None:
        return halted
    if not call.settings.spending.blackout_applies_to_api:
        return None
    return blackout_at(call.settings, call.context.live.calendar, call.now_ms)


def _code(call: ApiCall, refusal: AnyRefusal | Blackout) -> Code:
    match refusal:
        case Blackout():
            return Code.BLACKOUT_ACTIVE
        case NoAccount():
            # To callers somebody without an account is somebody without money.
            return Code.INSUFFICIENT_BALANCE
        case _:
            return call.refused(refusal).code


def _in_words(call: ApiCall, refusal: AnyRefusal | Blackout) -> str:
    if isinstance(refusal, Blackout):
        return texts.closed(refusal, call.context.live.calendar, call.now_ms)
    if isinstance(refusal, CoolingDown):
        refusal = in_whole_minutes(refusal)
    return call.refused(refusal).text


def _cooldown(refusal: AnyRefusal | Blackout | None) -> dict[str, object]:
    if not isinstance(refusal, CoolingDown):
        return {}
    return {"cooldown_remaining_sec": math.ceil(refusal.left_ms / 1000)}


def _no_length(call: ApiCall) -> Refused | None:
    if call.field(DURATION) > 0:
        return None
    text = "This item has no known length, so it has no price: duration_sec must be above 0."
    return Refused(Code.INVALID_REQUEST, text)


@request("spending.queue_preview", DURATION, TIER, user=True)
async def preview(call: ApiCall) -> ApiAnswer:
    """What a spend right after this would charge, or why it would not."""
    if (bad := _no_length(call)) is not None:
        return bad
    offer = _offer(call, await _buyer(call))
    price, refusal = offer.price, offer.refusal
    return Done(
        {
            "available": refusal is None,
            "cost_z": price.final_z,
            "base_cost": price.base_z,
            "tier_label": offer.tier_label,
            "discount_pct": round(float(price.discount * 100), 1),
            "daily_remaining": max(0, offer.limits.per_day - offer.used_today),
            "error_code": None if refusal is None else _code(call, refusal).value,
            "inflation_multiplier": float(price.factor),
            **_cooldown(refusal),
        }
    )


@request("spending.queue", DURATION, TIER, SPEND_ID, user=True, mutating=True, scope=Scope.SPEND)
async def spend(call: ApiCall) -> ApiAnswer:
    """Charge once for an id, within the time that callers wait (P-MON-8)."""
    if (bad := _no_length(call)) is not None:
        return bad
    limit_s = min(anyio.current_effective_deadline(), anyio.current_time() + _TIME_LIMIT_S)
    answer_by_s = limit_s - _ANSWER_ROOM_S
    buyer = await _buyer_by(call, answer_by_s)
    if buyer is None:
        return _not_in_time(call, {})
    offer = _offer(call, buyer)
    if buyer.known is None and isinstance(offer.refusal, Blackout | Ignored):
        return _refused(call, offer, offer.refusal)
    answer = await _spend_by(call, _act(call, offer), answer_by_s)
    if answer is None:
        return _not_in_time(call, {"cost_z": offer.price.final_z})
    if isinstance(answer, QueueSpent):
        return await _spent(call, offer, answer)
    return _refused(call, offer, answer)


async def _buyer_by(call: ApiCall, answer_by_s: float) -> _Buyer | None:
    """Who pays, if the books can say in time; nothing is charged yet."""
    with anyio.CancelScope(deadline=answer_by_s):
        try:
            return await _buyer(call, call.field(SPEND_ID))
        except Defect:
            raise
        except (AskExpired, AskFailed):
            return None
    return None


def _act(call: ApiCall, offer: _Offer) -> SpendOnQueue:
    request_id, tier = call.field(SPEND_ID), call.field(TIER)
    return SpendOnQueue(
        op_id=f"queue-spend:{request_id}",
        user=call.user,
        request_id=request_id,
        attempt=call.op_id,
        price_z=offer.price.final_z,
        tier=tier,
        reason=texts.charge_reason(offer.tier_label, tier),
        limits=offer.limits,
        at_ms=call.now_ms,
        day=call.day,
    )


async def _spend_by(
    call: ApiCall, act: SpendOnQueue, answer_by_s: float
) -> QueueSpent | Refusal | None:
    """What the books answer in time; None after they were told to take it back.

    What still waits at the books when an ask expires is not executed. What is under way is, and
    the same id asked again tells how it ended.
    """
    ledger, line, settled = call.context.ledger, call.line, False
    assert call.record is not None, call
    try:
        for part in (_FIRST_TRY, 1.0):
            left_s = answer_by_s - anyio.current_time()
            if left_s <= 0:
                break
            try:
                acted: Acted = await ledger.ask(
                    lambda reply: Commit(act, reply, line, is_awaited=True),
                    timeout_s=left_s * part,
                )
            except Defect:
                settled = True
                raise
            except (AskExpired, AskFailed):
                continue
            settled = True
            call.record.note(acted)
            answer: QueueSpent | Refusal = acted.answer
            return answer
        return None
    finally:
        if not settled:
            _take_back(call, act)


def _take_back(call: ApiCall, act: SpendOnQueue) -> None:
    """Nobody will hear of this spend: should it still be charged, the books undo it."""
    undo = RefundQueueSpend(
        op_id=f"queue-late:{act.attempt}",
        user=act.user,
        request_id=act.request_id,
        reason="Not answered in time",
        at_ms=call.now_ms,
        day=call.day,
        attempt=act.attempt,
    )
    if not call.context.ledger.offer(Commit(undo, line=call.line_of(undo.op_id))):
        call.context.metrics.error("ledger")
        _log.error("a late spend may stay charged", request_id=act.request_id, user=act.user.name)


def _not_in_time(call: ApiCall, cost: dict[str, object]) -> Failed:
    _log_refused(call, Code.UNAVAILABLE)
    data = {"success": False, "error_code": Code.UNAVAILABLE.value} | cost
    return Failed(Code.UNAVAILABLE, texts.not_charged_in_time(), data)


async def _spent(call: ApiCall, offer: _Offer, answer: QueueSpent) -> Done:
    request_id = call.field(SPEND_ID)
    data: dict[str, object] = {
        "success": True,
        "cost_z": answer.cost_z,
        "tier": answer.tier,
        "request_id": request_id,
    }
    if not answer.replayed:
        new = {"tier_label": offer.tier_label, "new_balance": answer.wallet.balance_z}
        return Done(data | new)
    known = await call.read(lambda reports: queue_spend(reports, request_id))
    refunded = known is not None and known.refunded_at_ms is not None
    return Done(data | {"idempotent_replay": True, "refunded": refunded})


def _refused(call: ApiCall, offer: _Offer, refusal: AnyRefusal | Blackout) -> Refused | Failed:
    """A failure for who looks at the status, with the data for who looks at them."""
    code = _code(call, refusal)
    _log_refused(call, code)
    data: dict[str, object] = {
        "success": False,
        "cost_z": offer.price.final_z,
        "error_code": code.value,
        **_cooldown(refusal),
    }
    failed = code is Code.UNAVAILABLE
    return (Failed if failed else Refused)(code, _in_words(call, refusal), data)


def _log_refused(call: ApiCall, code: Code) -> None:
    _log.info(
        "queue spend refused",
        channel=call.channel,
        user=call.name,
        reason=code.value,
        request_id=call.field(SPEND_ID),
    )


@request("spending.queue_refund", SPEND_ID, REASON, user=True, mutating=True)
async def refund(call: ApiCall) -> ApiAnswer:
    """Give a spend back to whom it was taken from, once (P-MON-9)."""
    request_id = call.field(SPEND_ID)
    answer = await call.commit(
        RefundQueueSpend(
            op_id=f"queue-refund:{request_id}",
            user=call.user,
            request_id=request_id,
            reason=call.field(REASON),
            at_ms=call.now_ms,
            day=call.day,
        )
    )
    match answer:
        case SpendRefunded():
            return _refunded(call, answer)
        case AlreadySettled():
            return await _refunded_before(call)
        case NoHold():
            return Done({"success": False, "error": "unknown_request_id"})
        case Conflict():
            code = Code.REQUEST_ID_CONFLICT.value
            return Done({"success": False, "error": code, "error_code": code})
        case _:
            return call.refused(answer)


def _refunded(call: ApiCall, answer: SpendRefunded) -> Done:
    request_id = call.field(SPEND_ID)
    data: dict[str, object] = {
        "success": True,
        "refunded": answer.refund_z,
        "request_id": request_id,
    }
    if answer.replayed:
        return Done(data | {"idempotent_replay": True})
    if call.now_ms - answer.spent_at_ms > _LATE_MS:
        _log.warning("an old queue spend was refunded", user=call.name, request_id=request_id)
    return Done(data | {"new_balance": answer.wallet.balance_z})


async def _refunded_before(call: ApiCall) -> Done:
    request_id = call.field(SPEND_ID)
    known = await call.read(lambda reports: queue_spend(reports, request_id))
    assert known is not None, request_id
    return Done(
        {
            "success": True,
            "refunded": known.cost_z,
            "request_id": request_id,
            "idempotent_replay": True,
        }
    )
