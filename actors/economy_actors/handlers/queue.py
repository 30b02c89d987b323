"""Searching the catalogue and paying for what it has (`spending.md` 4.2 to 4.8).

What is shown is what is asked for and what is charged: a price holds as long as its question.
Everything else is checked again when the YES comes. The payment is set aside here; the playlist
puts the item on, and tells what became of it.
"""

import re
from typing import Final

import structlog

from economy_actors.context import hindrance
from economy_actors.handlers.answers import Code, Failed, PmAnswer, Refused
from economy_actors.handlers.approvals import Decided, decide, resolver, settle
from economy_actors.handlers.catalogue import find_item, search_items
from economy_actors.handlers.kit import price_for
from economy_actors.handlers.registry import Call, PmCall, Question, command
from economy_actors.handlers.spending import limits_of
from economy_actors.messages.ledger import Commit, Defect
from economy_actors.messages.playlist import Fulfil
from economy_actors.runtime import AskExpired, AskFailed
from kryten_economy.commands.table import Section
from kryten_economy.config import Settings
from kryten_economy.features import catalogue
from kryten_economy.features.approvals import Approval, pending_approvals
from kryten_economy.features.catalogue import CatalogueItem, cytube_media
from kryten_economy.features.prices import Price, price_tag
from kryten_economy.features.queue import texts
from kryten_economy.features.queue.buying import ApproveForcePlay, Bought, BuyMedia
from kryten_economy.features.queue.purchases import (
    Purchase,
    QueueStanding,
    queue_standing,
    standing_in,
)
from kryten_economy.features.queue.rules import (
    Action,
    Media,
    base_price_z,
    blackout_at,
    in_whole_minutes,
    too_often,
)
from kryten_economy.features.queue.settling import FORCE_PLAY, QueueRefused
from kryten_economy.refusals import CoolingDown, Insufficient, NotPending, Refusal

__all__ = ("closed", "hindered", "on_the_web", "price_of")

_NUMBER: Final = re.compile(r"#?([0-9]{1,12})", re.ASCII)
_LIST_FOR_S: Final = 600.0

_log = structlog.get_logger("queue")


def _queues(settings: Settings) -> bool:
    """Whether there is anything to queue from, here or on the web."""
    return settings.mediacms.configured or settings.mediacms.web_queue_redirect


def _forces(settings: Settings) -> bool:
    return settings.mediacms.configured


@command(
    "search",
    syntax="search <query>",
    summary="find something to queue",
    section=Section.MEDIA,
    enabled=_queues,
    reads=True,
)
async def search(call: PmCall) -> PmAnswer | Question:
    """A list to choose from by number, with the prices for the asker."""
    if (elsewhere := on_the_web(call)) is not None:
        return elsewhere
    query = call.parsed.text()
    if not query:
        return call.usage(catalogue.empty_query())
    if (shut := closed(call, "queue")) is not None:
        return shut
    items = await search_items(call, query)
    if not isinstance(items, tuple):
        return items
    if not items:
        return catalogue.no_results(query)

    async def chosen(call: PmCall, number: int) -> PmAnswer | Question:
        if (elsewhere := on_the_web(call)) is not None:
            return elsewhere
        return await _offer(call, "queue", items[number - 1])

    offers = [
        texts.Offer(item.title, item.seconds, price_of(call, "queue", item.seconds).final_z)
        if item.seconds
        else texts.Offer(item.title, 0, None)
        for item in items
    ]
    text = texts.results(offers, call.symbol)
    return Question(text, chosen=chosen, choices=len(items), for_s=_LIST_FOR_S)


@command(
    "queue",
    syntax="queue <id>",
    summary="pay to have something played",
    section=Section.MEDIA,
    enabled=_queues,
    looks=standing_in,
)
async def queue(call: PmCall) -> PmAnswer | Question:
    """Behind what others have paid for."""
    return on_the_web(call) or await _named(call, "queue")


@command(
    "playnext",
    syntax="playnext <id>",
    summary="pay to have something played next",
    section=Section.MEDIA,
    enabled=_queues,
    looks=standing_in,
)
async def playnext(call: PmCall) -> PmAnswer | Question:
    """Before what others have paid for."""
    return on_the_web(call) or await _named(call, "playnext")


@command(
    "forcenow",
    syntax="forcenow <id>",
    summary="pay to have something played right now",
    section=Section.MEDIA,
    enabled=_forces,
    looks=standing_in,
)
async def forcenow(call: PmCall) -> PmAnswer | Question:
    """At once, when an operator allows it."""
    return await _named(call, "forcenow")


def on_the_web(call: Call) -> str | None:
    """Where to queue instead; nothing is checked or charged then (`spending.md` 4.3)."""
    mediacms = call.settings.mediacms
    return texts.on_the_web(mediacms.web_queue_url) if mediacms.web_queue_redirect else None


async def _named(call: PmCall, action: Action) -> PmAnswer | Question:
    """Offer the item that the command names."""
    if len(call.args) != 1:
        return call.usage(None if call.args else texts.bad_id())
    if not catalogue.is_token(call.args[0]):
        return Refused(Code.INVALID_REQUEST, catalogue.bad_token(call.args[0]))
    if (shut := closed(call, action)) is not None:
        return shut
    item = await find_item(call, call.args[0])
    return await _offer(call, action, item) if isinstance(item, CatalogueItem) else item


async def _offer(call: PmCall, action: Action, item: CatalogueItem) -> PmAnswer | Question:
    """Ask whether they want it at this price, if they could have it (`spending.md` 3)."""
    if (shut := closed(call, action)) is not None:
        return shut
    if item.seconds <= 0:
        return Refused(Code.REJECTED, texts.no_length(item.title))
    price = price_of(call, action, item.seconds)
    if (refused := await _why_not(call, action, price)) is not None:
        return refused
    if (in_the_way := hindered(call)) is not None:
        return in_the_way

    async def yes(call: PmCall) -> PmAnswer:
        return await _buy(call, action, item, price)

    text = texts.question(
        action,
        item.title,
        item.seconds,
        price_tag(price, call.symbol),
        call.symbol,
        balance_z=call.wallet.balance_z,
        for_s=call.settings.commands.confirm_timeout_seconds,
    )
    return Question(text, yes=yes)


def price_of(call: PmCall, action: Action, seconds: int) -> Price:
    """What something of this length costs who asks."""
    return price_for(call, base_price_z(call.settings.spending, action, seconds), call.wallet)


def closed(call: Call, action: Action) -> Refused | None:
    """Nothing is queued in a window; a film that is forced in does not ask (P-QUE-8)."""
    if action == "forcenow":
        return None
    live = call.context.live
    found = blackout_at(live.settings, live.calendar, call.now_ms)
    if found is None:
        return None
    return Refused(Code.BLACKOUT_ACTIVE, texts.closed(found, live.calendar, call.now_ms))


async def _why_not(call: PmCall, action: Action, price: Price) -> Refused | Failed | None:
    """What a YES right now would be refused with: the limit, the cooldown or the balance."""
    limits = limits_of(call, call.wallet)
    standing = await _standing(call)
    left_ms = standing.cooldown_left_ms(limits, call.now_ms)
    refused = too_often(limits, action, standing.used_today, left_ms)
    if refused is not None:
        return _refused(call, refused)
    balance_z = call.wallet.balance_z
    if balance_z < price.final_z:
        return call.refused(Insufficient(balance_z, price.final_z - balance_z))
    return None


async def _standing(call: PmCall) -> QueueStanding:
    user, day, seen = call.user, call.day, call.seen
    if isinstance(seen, QueueStanding):
        return seen
    return await call.read(lambda reports: queue_standing(reports, user, day))


def _refused(call: Call, refusal: Refusal) -> Refused | Failed:
    told = in_whole_minutes(refusal) if isinstance(refusal, CoolingDown) else refusal
    return call.refused(told)


def hindered(call: Call) -> Refused | None:
    """Why the playlist could not take anything now, where that is known."""
    reason = hindrance(call.context, call.channel)
    return None if reason is None else Refused(Code.UNAVAILABLE, texts.not_now(reason))


# They said YES


async def _buy(call: PmCall, action: Action, item: CatalogueItem, price: Price) -> PmAnswer:
    """Check all that may have changed, set the payment aside and hand it to the playlist."""
    found = await _still_there(call, action, item)
    if not isinstance(found, CatalogueItem):
        return found
    settings = call.settings
    request = BuyMedia(
        call.op_id,
        call.user,
        action,
        Media(*cytube_media(settings.mediacms.base_url, found.token), found.title, found.seconds),
        price.final_z,
        limits_of(call, call.wallet),
        call.now_ms,
        call.day,
        needs_approval=action == "forcenow" and settings.spending.force_play_requires_admin,
    )
    answer = await _commit(call, request, None if request.needs_approval else request.op_id)
    if not isinstance(answer, Bought):
        return answer if isinstance(answer, Failed) else _refused(call, answer)
    purchase = answer.purchase
    if purchase.approval_id is not None:
        return texts.waits_for_operator(
            purchase.title, purchase.price_z, purchase.approval_id, call.symbol
        )
    if not _hand_over(call, purchase, price.inflated_z - price.final_z):
        await call.commit(_undoing(call, purchase.id))
        return Failed(Code.UNAVAILABLE, texts.no_playlist())
    return texts.adding(purchase.title, purchase.price_z, call.symbol)


async def _still_there(
    call: PmCall, action: Action, item: CatalogueItem
) -> CatalogueItem | PmAnswer:
    """The item as it is now, if it may still be queued."""
    if action != "forcenow" and (elsewhere := on_the_web(call)) is not None:
        return elsewhere
    if (shut := closed(call, action)) is not None:
        return shut
    found = await find_item(call, item.token, fresh=True)
    if isinstance(found, Refused) and found.code is Code.NOT_FOUND:
        return Refused(Code.NOT_FOUND, texts.left_catalogue(item.title))
    if isinstance(found, CatalogueItem):
        if found.seconds <= 0:
            return Refused(Code.REJECTED, texts.no_length(found.title))
        return hindered(call) or found
    return found


async def _commit(
    call: Call, request: BuyMedia | ApproveForcePlay, undone: str | None
) -> Bought | Refusal | Failed:
    """Have the books do it; where nobody can say whether they did, ``undone`` is given back.

    A purchase that the playlist never hears of would stay paid and unplayed. One that waits for
    an operator does not need the playlist yet.
    """
    try:
        answer: Bought | Refusal = await call.commit(request)
    except Defect:
        raise
    except (AskExpired, AskFailed):
        if undone is None or not _undo_later(call, undone):
            raise
        return Failed(Code.UNAVAILABLE, texts.not_charged_in_time())
    return answer


def _undo_later(call: Call, purchase_id: str) -> bool:
    """Have it given back, whenever the books get to that."""
    undo = _undoing(call, purchase_id)
    return call.context.ledger.offer(Commit(undo, line=call.line_of(undo.op_id)))


def _undoing(call: Call, purchase_id: str) -> QueueRefused:
    reason = "It could not be handed to the playlist"
    op_id = f"untaken:{purchase_id}"
    return QueueRefused(op_id, call.channel, purchase_id, reason, call.now_ms, call.day)


def _hand_over(call: Call, purchase: Purchase, saved_z: int = 0) -> bool:
    """Have it put on the playlist, which tells the buyer what became of it."""
    playlist = call.context.playlists[call.channel]
    taken = playlist.offer(Fulfil(purchase, saved_z), trace=call.trace)
    if not taken:
        _log.error("the playlist takes no purchases", channel=call.channel, purchase=purchase.id)
    return taken


# What an operator decides


@resolver(FORCE_PLAY)
async def decide_force_play(
    call: Call, approval: Approval, approved: bool
) -> Decided | Refused | Failed:
    """Have the film played, which is what grants it; or give everything back (P-SHOP-4)."""
    if not approved:
        return await settle(call, approval, approved)
    if (in_the_way := hindered(call)) is not None:
        return in_the_way
    request = ApproveForcePlay(call.op_id, call.channel, approval.id, call.now_ms, call.day)
    answer = await _commit(call, request, approval.data.get("purchase_id"))
    if not isinstance(answer, Bought):
        return answer if isinstance(answer, Failed) else _refused(call, answer)
    purchase = answer.purchase
    if not _hand_over(call, purchase):
        await call.commit(_undoing(call, purchase.id))
        return Failed(Code.UNAVAILABLE, texts.no_playlist())
    told = texts.allowed(purchase.display_name, purchase.title)
    return Decided(approval, True, 0, told)


@command(
    "approve_force",
    syntax="approve_force <id>",
    summary="let a film be played right now",
    section=Section.ADMIN,
)
async def approve_force(call: PmCall) -> PmAnswer:
    """It is played, and paid for when it is."""
    return await _decide(call, approved=True)


@command(
    "reject_force",
    syntax="reject_force <id>",
    summary="refuse it and give the money back",
    section=Section.ADMIN,
)
async def reject_force(call: PmCall) -> PmAnswer:
    """Everything goes back to the buyer."""
    return await _decide(call, approved=False)


async def _decide(call: PmCall, *, approved: bool) -> PmAnswer:
    id_ = _NUMBER.fullmatch(call.args[0]) if len(call.args) == 1 else None
    if id_ is None:
        return call.usage()
    waiting = await call.read(lambda r: pending_approvals(r, call.channel, FORCE_PLAY, 10_000))
    found = next((each for each in waiting if each.id == int(id_[1])), None)
    if found is None:
        return call.refused(NotPending())
    decided = await decide(call, found, approved)
    return decided.text if isinstance(decided, Decided) else decided
