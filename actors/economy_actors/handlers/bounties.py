"""Bounties: setting one out, and what admins and other services do with the open ones.

Open bounties outlive the switch: with `bounties.enabled` off there are no new ones, while those
that are open can still be won, run out, and be listed and cancelled by requests.
"""

import re
from datetime import UTC, datetime

from economy_actors.handlers import kit
from economy_actors.handlers.answers import ApiAnswer, Code, Done, Failed, PmAnswer, Refused
from economy_actors.handlers.fields import Amount, Count
from economy_actors.handlers.registry import ApiCall, Call, PmCall, command, request
from economy_actors.outbox.message import Line
from kryten_economy.commands import refusals
from kryten_economy.commands.table import Section
from kryten_economy.features.bounties import texts
from kryten_economy.features.bounties.operations import (
    BountyClaimed,
    BountyCreated,
    BountyEnded,
    ClaimBounty,
    CreateBounty,
    EndBounty,
    bounty_of,
    newest_open,
    open_bounties,
)
from kryten_economy.refusals import Ignored, NoBounty, Refusal
from kryten_economy.text.markup import user_text
from kryten_economy.text.templates import money

__all__ = ()

BOUNTY = Amount("bounty_id", low=1, high=2**53 - 1)
ROWS = Count("limit", default=50, low=1, high=200)

_LISTED = 15
_HOUR_MS = 3_600_000
_NUMBER = re.compile(r"#?([0-9]{1,15})", re.ASCII)
_REPLAY = {"idempotent_replay": True}


@command(
    "bounty",
    syntax='bounty <amount> "<text>"',
    summary="set out money for whoever does something",
    section=Section.BOUNTIES,
    enabled=lambda settings: settings.bounties.enabled,
)
async def bounty(call: PmCall) -> PmAnswer:
    """The money is set aside until an admin pays it out, or nobody has won it in time."""
    amount_z = call.amount_at(0, of_z=call.wallet.balance_z)
    if isinstance(amount_z, Refused):
        return amount_z
    terms, description = call.settings.bounties, user_text(call.parsed.text(1))
    if amount_z < terms.min_amount:
        text = refusals.below_minimum(amount_z, terms.min_amount, call.symbol)
        return Refused(Code.REJECTED, text)
    if amount_z > terms.max_amount:
        text = refusals.above_maximum(amount_z, terms.max_amount, call.symbol)
        return Refused(Code.REJECTED, text)
    if not description:
        return call.usage(texts.description_missing())
    if len(description) > terms.description_max_length:
        text = texts.description_too_long(len(description), terms.description_max_length)
        return Refused(Code.REJECTED, text)
    return await _create(call, amount_z, description)


async def _create(call: PmCall, amount_z: int, description: str) -> PmAnswer:
    terms, at_ms = call.settings.bounties, call.now_ms
    lasts_ms = terms.default_expiry_hours * _HOUR_MS
    answer = await call.commit(
        CreateBounty(
            op_id=call.op_id,
            user=call.user,
            amount_z=amount_z,
            description=description,
            expires_at_ms=at_ms + lasts_ms,
            most_open=terms.max_open_per_user,
            at_ms=at_ms,
            day=call.context.live.calendar.day(at_ms),
        )
    )
    if not isinstance(answer, BountyCreated):
        assert isinstance(answer, Refusal), answer
        return call.refused(answer)
    if not answer.replayed:
        amount = money(amount_z, call.symbol)
        shown = answer.wallet.display_name
        _announce(call, texts.bounty_created_line(answer.bounty_id, shown, description, amount))
    return texts.created_reply(
        answer.bounty_id,
        amount_z,
        answer.wallet.balance_z,
        lasts_ms / 1000,
        terms.expiry_refund_percent,
        call.symbol,
    )


@command(
    "bounties",
    summary="the open bounties",
    section=Section.BOUNTIES,
    enabled=lambda settings: settings.bounties.enabled,
    reads=True,
)
async def bounties(call: PmCall) -> PmAnswer:
    """The newest ones, and how many there are."""
    listed, total = await call.read(
        lambda r: (newest_open(r, call.channel, _LISTED), open_bounties(r, call.channel))
    )
    return texts.bounty_list(listed, total, call.now_ms, call.symbol)


@request("bounty.list", ROWS)
async def bounty_list(call: ApiCall) -> ApiAnswer:
    """The open bounties, the newest first, and how many there are."""
    limit = call.field(ROWS)
    listed, total = await call.read(
        lambda r: (newest_open(r, call.channel, limit), open_bounties(r, call.channel))
    )
    rows = [
        {
            "bounty_id": each.id,
            "creator": each.creator_shown,
            "amount": each.amount_z,
            "description": each.description,
            "created_at": _iso(each.created_at_ms),
            "expires_at": _iso(each.expires_at_ms),
        }
        for each in listed
    ]
    return Done({"channel": call.channel, "open": total, "bounties": rows}, rows="bounties")


# Winning


@command(
    "claim_bounty",
    syntax="claim_bounty <id> @winner",
    summary="pay a bounty to who has won it",
    section=Section.ADMIN,
)
async def claim_by_pm(call: PmCall) -> PmAnswer:
    """All of it, to somebody else than its creator."""
    if len(call.args) != 2:
        return call.usage()
    place = int(call.args[0].startswith("@"))
    number, name = _NUMBER.fullmatch(call.args[place]), call.name_at(1 - place)
    if number is None:
        return call.usage()
    if isinstance(name, Refused):
        return name
    answer = await _claim(call, int(number[1]), name)
    if not isinstance(answer, BountyClaimed):
        return answer
    winner = answer.winner
    return texts.claimed_reply(answer.bounty, winner.display_name, winner.balance_z, call.symbol)


@request("bounty.claim", BOUNTY, user=True, mutating=True, repeatable=True)
async def bounty_claim(call: ApiCall) -> ApiAnswer:
    """Pay an open bounty to ``username``."""
    answer = await _claim(call, call.field(BOUNTY), call.name)
    if not isinstance(answer, BountyClaimed):
        return answer
    data: dict[str, object] = {
        "channel": call.channel,
        "bounty_id": answer.bounty.id,
        "creator": answer.bounty.creator_shown,
        "username": answer.winner.display_name,
        "amount": answer.bounty.amount_z,
        "new_balance": answer.winner.balance_z,
    }
    return Done(data | _REPLAY if answer.replayed else data)


async def _claim(call: Call, bounty_id: int, name: str) -> BountyClaimed | Refused | Failed:
    """Pay it, and tell winner, creator and channel."""
    found = await call.read(lambda reports: bounty_of(reports, call.channel, bounty_id))
    if found is None:
        return call.refused(NoBounty(bounty_id))
    if call.context.live.ignores(name):
        return call.refused(Ignored(name), name)
    if name.lower() == found.creator or (
        found.state == "open" and await kit.same_person(call, found.creator, name)
    ):
        shown = await kit.spelling(call, name)
        text = texts.creator_not_winner(shown, found.creator_shown)
        return Refused(Code.REJECTED, text)
    at_ms = call.now_ms
    answer = await call.commit(
        ClaimBounty(
            op_id=call.op_id,
            channel=call.channel,
            bounty_id=bounty_id,
            winner=call.named(name),
            by=call.by,
            at_ms=at_ms,
            day=call.context.live.calendar.day(at_ms),
        )
    )
    if not isinstance(answer, BountyClaimed):
        assert isinstance(answer, Refusal), answer
        return call.refused(answer, await kit.spelling(call, name))
    if not answer.replayed:
        _tell_of_win(call, answer)
    return answer


def _tell_of_win(call: Call, answer: BountyClaimed) -> None:
    done, winner = answer.bounty, answer.winner
    kit.tell_user(call, winner.display_name, texts.won_notice(done, winner.balance_z, call.symbol))
    paid_out = texts.paid_out_notice(done, winner.display_name, call.symbol)
    kit.tell_user(call, done.creator_shown, paid_out)
    _announce(call, texts.bounty_claimed_line(done, winner.display_name, call.symbol))


# Cancelling


@command(
    "cancel_bounty",
    syntax="cancel_bounty <id>",
    summary="take back a bounty of yours, for a part of it",
    section=Section.BOUNTIES,
    enabled=lambda settings: settings.bounties.enabled,
)
async def cancel_by_pm(call: PmCall) -> PmAnswer:
    """The creator gets a part of it back; an admin gives all of it back, whoever's it is."""
    number = _NUMBER.fullmatch(call.args[0]) if len(call.args) == 1 else None
    if number is None:
        return call.usage()
    if call.is_admin:
        call = kit.on_record(call, call.origin, call.spec.name, call.parsed.rest)
    answer = await _cancel(call, int(number[1]), by_admin=call.is_admin)
    text = answer.text if isinstance(answer, Refused | Failed) else _cancelled(call, answer)
    if call.is_admin:
        kit.recorded(call, text, done=isinstance(answer, BountyEnded))
    return text if isinstance(answer, BountyEnded) else answer


def _cancelled(call: PmCall, answer: BountyEnded) -> str:
    return texts.cancelled_reply(
        answer.bounty,
        answer.refund_z,
        answer.creator.balance_z,
        call.symbol,
        own=answer.bounty.creator == call.user.name,
    )


@request("bounty.cancel", BOUNTY, mutating=True, repeatable=True)
async def bounty_cancel(call: ApiCall) -> ApiAnswer:
    """Cancel an open bounty; its creator gets all of it back."""
    answer = await _cancel(call, call.field(BOUNTY), by_admin=True)
    if not isinstance(answer, BountyEnded):
        return answer
    data: dict[str, object] = {
        "channel": call.channel,
        "bounty_id": answer.bounty.id,
        "username": answer.bounty.creator_shown,
        "amount": answer.bounty.amount_z,
        "refund": answer.refund_z,
        "new_balance": answer.creator.balance_z,
    }
    return Done(data | _REPLAY if answer.replayed else data)


async def _cancel(call: Call, bounty_id: int, *, by_admin: bool) -> BountyEnded | Refused | Failed:
    """Cancel it, and tell the channel and a creator who has not done it."""
    at_ms = call.now_ms
    answer = await call.commit(
        EndBounty(
            op_id=call.op_id,
            channel=call.channel,
            bounty_id=bounty_id,
            state="cancelled",
            by=call.by,
            refund_percent=100 if by_admin else call.settings.bounties.expiry_refund_percent,
            at_ms=at_ms,
            day=call.context.live.calendar.day(at_ms),
            creator_only=not by_admin,
        )
    )
    if not isinstance(answer, BountyEnded):
        assert isinstance(answer, Refusal), answer
        return call.refused(answer)
    if not answer.replayed:
        if answer.bounty.creator != call.by.lower():
            balance_z = answer.creator.balance_z
            told = texts.ended_notice(
                answer.bounty, "was cancelled", answer.refund_z, balance_z, call.symbol
            )
            kit.tell_user(call, answer.bounty.creator_shown, told)
        _announce(call, texts.bounty_cancelled_line(answer.bounty))
    return answer


def _announce(call: Call, text: str) -> None:
    """A line in the channel, as long as bounties are on."""
    if call.settings.bounties.enabled:
        call.context.outboxes[call.channel].offer(Line(text, trace=call.trace))


def _iso(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="seconds")
