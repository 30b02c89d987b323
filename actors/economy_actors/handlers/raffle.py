"""Raffles: opened, joined with tickets and called off, by PM, in the channel, by request."""

import json
from collections.abc import Sequence
from typing import Any

from economy_actors.handlers import kit, social
from economy_actors.handlers.answers import ApiAnswer, Code, Done, Failed, PmAnswer, Refused
from economy_actors.handlers.fields import Amount
from economy_actors.handlers.registry import ApiCall, Call, PmCall, command, request
from kryten_economy.commands.table import Section
from kryten_economy.features.games import social_texts as texts
from kryten_economy.features.games.raffle import (
    BuyTickets,
    OpenRaffle,
    Tickets,
    limits_of,
    pot_of,
    round_terms,
)
from kryten_economy.features.games.rules import Stake
from kryten_economy.features.games.tables import Cancelled, Opened, OpenRow, stakes_in
from kryten_economy.users import UserKey

__all__ = ("raffle_now",)

PRICE = Amount("price", low=1, high=10**15)


@command(
    "raffle",
    syntax="raffle [<tickets>] | raffle open <minutes> <price> [prize <amount>] | raffle cancel",
    summary="buy tickets, one winner takes the pot",
    section=Section.SPECTACLE,
    enabled=lambda settings: settings.gambling.enabled and settings.gambling.raffle.enabled,
)
async def raffle(call: PmCall) -> PmAnswer:
    """Show the pot, buy tickets, or run a raffle."""
    match [each.lower() for each in call.args]:
        case []:
            return await _show(call)
        case ["open", _, _] | ["open", _, _, "prize", _]:
            return await _open_by_pm(call)
        case ["cancel"]:
            return await social.cancel_by_pm(
                call, "raffle", is_public=call.settings.gambling.raffle.announce_public
            )
        case [tickets] if tickets != "open":
            return await _buy(call)
        case _:
            return call.usage()


async def _round(call: Call) -> OpenRow | None:
    return await social.round_on(call, "raffle")


async def _show(call: PmCall) -> PmAnswer:
    row = await _round(call)
    if row is None:
        return texts.nothing_on("raffle")
    number = row.number
    stakes = await call.read(lambda reports: stakes_in(reports, number))
    own = sum(each.data["tickets"] for each in stakes if each.name == call.user.name)
    left_s = (row.end_ms - call.now_ms) / 1000
    pot_z = pot_of(row.terms, stakes)
    return texts.raffle_shown(row.terms, stakes, pot_z, left_s, own, call.symbol)


async def _buy(call: PmCall) -> PmAnswer:
    count = call.amount_at(0)
    if isinstance(count, Refused):
        return count
    row = await _round(call)
    if row is None:
        return Refused(Code.NOT_FOUND, texts.nothing_on("raffle"))
    limits = limits_of(row.terms, call.settings)
    answer = await call.commit(
        BuyTickets(call.op_id, row.number, call.user, count, limits, call.now_ms, call.day)
    )
    if not isinstance(answer, Tickets):
        return kit.stake_refused(call, answer)
    paid_z = answer.own * row.terms["price_z"]
    balance_z = answer.wallet.balance_z
    return texts.tickets_bought(answer.own, paid_z, answer.pot_z, balance_z, call.symbol)


async def _open_by_pm(call: PmCall) -> PmAnswer:
    call = social.on_record(call)
    settings = call.settings.gambling.raffle
    refusal = social.may_open(call, "raffles", settings.member_rank)
    if refusal is not None:
        return refusal
    minutes = social.minutes_at(call, 1, settings.max_minutes)
    if isinstance(minutes, Refused):
        return minutes
    price_z = call.amount_at(2)
    if isinstance(price_z, Refused):
        return price_z
    has_prize = len(call.args) > 3
    prize_z = call.amount_at(4, of_z=call.wallet.balance_z) if has_prize else 0
    if isinstance(prize_z, Refused):
        return prize_z
    opened = await _open(call, minutes, price_z, prize_z, call.user)
    if not isinstance(opened, Opened):
        return opened
    reply = texts.opened_reply("Raffle", opened.number, minutes * 60)
    social.audit(call, reply)
    return reply


async def _open(
    call: Call, minutes: int, price_z: int, prize_z: int, giver: UserKey | None
) -> Opened | Refused | Failed:
    """Open one; ``giver`` None for other services. Raises as `Call.commit`."""
    settings = call.settings.gambling.raffle
    if not settings.min_price <= price_z <= settings.max_price:
        allowed = f"A ticket costs {settings.min_price:,} to {settings.max_price:,} {call.symbol}."
        return Refused(Code.INVALID_REQUEST, allowed)
    opener = "" if giver is None else call.by
    terms = round_terms(call.settings, minutes * 60, price_z, prize_z, opener)
    answer = await call.begin(
        OpenRaffle(
            op_id=call.op_id,
            channel=call.channel,
            terms=json.dumps(terms, ensure_ascii=False),
            fresh_seed=call.context.fresh_seed(),
            at_ms=call.now_ms,
            day=call.day,
            giver=giver if prize_z else None,
        )
    )
    if not isinstance(answer, Opened):
        return call.refused(answer)
    if not answer.replayed:
        line = texts.raffle_line(terms, call.symbol)
        social.seat(call, "raffle", answer.number, line, is_public=settings.announce_public)
    return answer


# Requests


@request("raffle.state")
async def raffle_state(call: ApiCall) -> ApiAnswer:
    """The open raffle, or none."""
    row = await _round(call)
    if row is None:
        return Done({"channel": call.channel, "open": False})
    number = row.number
    stakes = await call.read(lambda reports: stakes_in(reports, number))
    return Done({"channel": call.channel, **raffle_now(row, stakes, call.now_ms)})


def raffle_now(row: OpenRow, stakes: Sequence[Stake], now_ms: int) -> dict[str, Any]:
    """What all may see of a raffle."""
    terms = row.terms
    return {
        "open": True,
        "round": row.number,
        "opener": terms["opener"],
        "price": terms["price_z"],
        "prize": terms["prize_z"],
        "pot": pot_of(terms, stakes),
        "tickets": sum(each.data["tickets"] for each in stakes),
        "participants": len(stakes),
        "seconds_left": max(0, (row.end_ms - now_ms) // 1000),
    }


@request("raffle.open", social.MINUTES, PRICE, mutating=True, repeatable=True)
async def raffle_open(call: ApiCall) -> ApiAnswer:
    """Open one for the pot alone."""
    minutes, gambling = call.field(social.MINUTES), call.settings.gambling
    if not (gambling.enabled and gambling.raffle.enabled):
        return Refused(Code.DISABLED, "Raffles are switched off.")
    refusal = social.minutes_fit(minutes, gambling.raffle.max_minutes)
    if refusal is not None:
        return refusal
    opened = await _open(call, minutes, call.field(PRICE), 0, None)
    if not isinstance(opened, Opened):
        return opened
    return Done({"channel": call.channel, "round": opened.number, "open": True})


@request("raffle.cancel", mutating=True)
async def raffle_cancel(call: ApiCall) -> ApiAnswer:
    """Call it off."""
    row = await _round(call)
    if row is None:
        return Refused(Code.NOT_FOUND, texts.nothing_on("raffle"))
    is_public = call.settings.gambling.raffle.announce_public
    cancelled = await social.cancel(call, row, "raffle", is_public=is_public)
    if not isinstance(cancelled, Cancelled):
        return cancelled
    return Done({"channel": call.channel, "round": row.number, "returned": len(cancelled.players)})
