"""Auctions: opened, bid in and called off, by PM, in the channel, by request."""

from typing import Any

from economy_actors.handlers import kit, social
from economy_actors.handlers.answers import ApiAnswer, Code, Done, Failed, PmAnswer, Refused
from economy_actors.handlers.fields import Amount, Text
from economy_actors.handlers.registry import ApiCall, Call, PmCall, command, request
from kryten_economy.commands.table import Section
from kryten_economy.features.games import social_texts as texts
from kryten_economy.features.games.auction import (
    THING_UNITS_MAX,
    BidStands,
    PlaceBid,
    least_bid,
    limits_of,
    round_terms,
)
from kryten_economy.features.games.rules import Stake
from kryten_economy.features.games.tables import (
    Cancelled,
    Opened,
    OpenRow,
    stakes_in,
)
from kryten_economy.text.markup import user_text

__all__ = ("auction_now",)

MINIMUM = Amount("minimum", low=1, high=10**15)
THING = Text("thing", most=THING_UNITS_MAX, required=True)


@command(
    "auction",
    syntax='auction | auction open <minutes> <minimum> "<what>" | auction cancel',
    summary="sell something to whoever bids most",
    section=Section.SPECTACLE,
    enabled=lambda settings: settings.gambling.enabled and settings.gambling.auction.enabled,
)
async def auction(call: PmCall) -> PmAnswer:
    """Show what is sold, or run an auction."""
    match [each.lower() for each in call.args]:
        case []:
            return await _show(call)
        case ["open", _, _, _, *_]:
            return await _open_by_pm(call)
        case ["cancel"]:
            return await social.cancel_by_pm(
                call, "auction", is_public=call.settings.gambling.auction.announce_public
            )
        case _:
            return call.usage()


@command(
    "bid",
    syntax="bid <amount>",
    summary="bid in the auction",
    section=Section.SPECTACLE,
    enabled=lambda settings: settings.gambling.enabled and settings.gambling.auction.enabled,
)
async def bid(call: PmCall) -> PmAnswer:
    """Bid so much; whoever bid before has their money back in the same moment."""
    if len(call.args) != 1:
        return call.usage()
    amount_z = call.amount_at(0, of_z=call.wallet.balance_z)
    if isinstance(amount_z, Refused):
        return amount_z
    row = await _round(call)
    if row is None:
        return Refused(Code.NOT_FOUND, texts.nothing_on("auction"))
    limits = limits_of(call.settings)
    answer = await call.commit(
        PlaceBid(call.op_id, row.number, call.user, amount_z, limits, call.now_ms, call.day)
    )
    if not isinstance(answer, BidStands):
        return kit.stake_refused(call, answer)
    if not answer.replayed:
        _tell_of_bid(call, row, amount_z, answer)
    left_s = (answer.ends_at_ms - call.now_ms) / 1000
    return texts.bid_stands(
        amount_z,
        left_s,
        answer.wallet.balance_z,
        extended=answer.extended,
        symbol=call.symbol,
    )


def _tell_of_bid(call: PmCall, row: OpenRow, amount_z: int, answer: BidStands) -> None:
    social.look(call, row.number)
    outbid = answer.outbid
    if outbid is not None:
        text = texts.outbid_pm(
            amount_z,
            least_bid(row.terms, amount_z),
            outbid.stake_z,
            outbid.wallet.balance_z,
            call.symbol,
        )
        kit.tell_user(call, outbid.wallet.display_name, text)


async def _round(call: Call) -> OpenRow | None:
    return await social.round_on(call, "auction")


async def _top(call: Call, number: int) -> Stake | None:
    return next(iter(await call.read(lambda reports: stakes_in(reports, number))), None)


async def _show(call: PmCall) -> PmAnswer:
    row = await _round(call)
    if row is None:
        return texts.nothing_on("auction")
    top = await _top(call, row.number)
    least_z = least_bid(row.terms, None if top is None else top.stake_z)
    left_s = (row.end_ms - call.now_ms) / 1000
    return texts.auction_shown(row.terms, top, least_z, left_s, call.symbol)


async def _open_by_pm(call: PmCall) -> PmAnswer:
    call = social.on_record(call)
    settings = call.settings.gambling.auction
    refusal = social.may_open(call, "auctions", settings.member_rank)
    if refusal is not None:
        return refusal
    minutes = social.minutes_at(call, 1, settings.max_minutes)
    if isinstance(minutes, Refused):
        return minutes
    minimum_z = call.amount_at(2)
    if isinstance(minimum_z, Refused):
        return minimum_z
    thing = user_text(call.parsed.text(3))
    if not 1 <= len(thing) <= THING_UNITS_MAX:
        return call.usage(f"What is sold needs 1 to {THING_UNITS_MAX} characters.")
    seller = "" if call.is_admin else call.by
    opened = await _open(call, minutes, minimum_z, thing, call.by, seller)
    if not isinstance(opened, Opened):
        return opened
    reply = texts.opened_reply("Auction", opened.number, minutes * 60)
    social.audit(call, reply)
    return reply


async def _open(
    call: Call, minutes: int, minimum_z: int, thing: str, opener: str, seller: str
) -> Opened | Refused | Failed:
    """Open one; raises as `Call.commit`."""
    settings = call.settings.gambling.auction
    if minimum_z > settings.max_bid:
        allowed = f"The minimum is at most {settings.max_bid:,} {call.symbol}."
        return Refused(Code.INVALID_REQUEST, allowed)
    terms = round_terms(call.settings, thing, minutes * 60, minimum_z, opener, seller)
    line = texts.auction_line(terms, call.symbol)
    return await social.open_round(call, "auction", terms, line, is_public=settings.announce_public)


# Requests


@request("auction.state")
async def auction_state(call: ApiCall) -> ApiAnswer:
    """The open auction, or none."""
    row = await _round(call)
    if row is None:
        return Done({"channel": call.channel, "open": False})
    top = await _top(call, row.number)
    return Done({"channel": call.channel, **auction_now(row, top, call.now_ms)})


def auction_now(row: OpenRow, top: Stake | None, now_ms: int) -> dict[str, Any]:
    """What all may see of an auction; ``top`` is the highest bid."""
    terms = row.terms
    return {
        "open": True,
        "round": row.number,
        "thing": terms["thing"],
        "opener": terms["opener"],
        "seller": terms["seller"] or None,
        "highest_bid": None if top is None else top.stake_z,
        "highest_bidder": None if top is None else top.display_name,
        "next_bid": least_bid(terms, None if top is None else top.stake_z),
        "seconds_left": max(0, (row.end_ms - now_ms) // 1000),
    }


@request("auction.open", social.MINUTES, MINIMUM, THING, mutating=True, repeatable=True)
async def auction_open(call: ApiCall) -> ApiAnswer:
    """Open one that is paid to the sink."""
    minutes, gambling = call.field(social.MINUTES), call.settings.gambling
    if not (gambling.enabled and gambling.auction.enabled):
        return Refused(Code.DISABLED, "Auctions are switched off.")
    refusal = social.minutes_fit(minutes, gambling.auction.max_minutes)
    if refusal is not None:
        return refusal
    opened = await _open(call, minutes, call.field(MINIMUM), call.field(THING), "", "")
    if not isinstance(opened, Opened):
        return opened
    return Done({"channel": call.channel, "round": opened.number, "open": True})


@request("auction.cancel", mutating=True)
async def auction_cancel(call: ApiCall) -> ApiAnswer:
    """Call it off; the highest bid goes back."""
    row = await _round(call)
    if row is None:
        return Refused(Code.NOT_FOUND, texts.nothing_on("auction"))
    is_public = call.settings.gambling.auction.announce_public
    cancelled = await social.cancel(call, row, "auction", is_public=is_public)
    if not isinstance(cancelled, Cancelled):
        return cancelled
    return Done({"channel": call.channel, "round": row.number, "returned": len(cancelled.players)})
