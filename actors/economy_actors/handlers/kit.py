"""What several topics need: the audit log, names and notices."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction
from typing import TypeVar

import structlog

from economy_actors.context import Connected, Context
from economy_actors.handlers.answers import Failed, Refused
from economy_actors.handlers.registry import (
    ADMIN_UNITS_MAX,
    ARGUMENTS_UNITS_MAX,
    Call,
    PmCall,
    Record,
)
from economy_actors.messages.gateway import FindPersons
from economy_actors.messages.ledger import Commit, commit, query
from economy_actors.messages.tables import GiveBackSlot, RoundOpened, SlotTaken, TakeSlot
from economy_actors.outbox.message import Pm, Priority
from economy_actors.runtime import RuntimeFault
from economy_actors.seeds import have_seed
from kryten_economy.calendar import day_before, is_day
from kryten_economy.features.games.rules import GAMES
from kryten_economy.features.games.stakes import unfit
from kryten_economy.features.games.tables import Opened, OpenRound
from kryten_economy.features.presence.operations import RecordActivity
from kryten_economy.features.prices import Price, inflation_multiplier, price
from kryten_economy.features.ranks.rules import perks_of
from kryten_economy.features.reports.queries import Reports
from kryten_economy.features.reports.rows import RankFacts, TransactionRow
from kryten_economy.ledger.audit import TellResult
from kryten_economy.ledger.records import Audit
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.refusals import (
    AboveMaximum,
    AnyRefusal,
    BelowMinimum,
    Busy,
    CoolingDown,
    Occupied,
    PlayLimit,
)
from kryten_economy.text.markup import clip, user_text
from kryten_economy.text.templates import money
from kryten_economy.users import UserKey

__all__ = (
    "audit",
    "confirmation_code",
    "confirmed",
    "connected",
    "on_record",
    "only_stake",
    "open_account",
    "open_round",
    "past_day",
    "price_factor",
    "price_for",
    "rank_index",
    "rank_name",
    "recorded",
    "same_person",
    "spelled_as_shown",
    "spelling",
    "stake_refused",
    "tell_user",
    "time_of",
)

_RESULT_UNITS_MAX = 500
_SPELLING_TIMEOUT_S = 1.0
_SLOT_TIMEOUT_S = 2.0
_LIMITS = (BelowMinimum, AboveMaximum, PlayLimit)
_PERSON_TIMEOUT_S = 2.5
"""So long names are asked for, which leaves an API request time for the books."""

_log = structlog.get_logger("handlers")
_audit_log = structlog.get_logger("audit")


C = TypeVar("C", bound=Call)


def on_record(call: C, origin: str, command: str, arguments: str) -> C:
    """The call, written down with all that the books do for it; close it with `recorded`."""
    return replace(call, record=Record(origin, command, arguments))


def recorded(call: Call, result: str, *, done: bool) -> None:
    """Put the answer into the row of the act, or leave a line of what has no row.

    A repetition is a try, as the act has its row. ``done``: it was carried out, though the books
    had nothing to do with it.
    """
    record = call.record
    assert record is not None, call
    if record.audit_id is None or not record.is_fresh:
        audit(
            call.context,
            channel=call.channel,
            admin=call.by,
            command=record.command,
            arguments=record.arguments,
            result=result,
            origin=record.origin,
            done=done and record.audit_id is None,
        )
        return
    _audit_log.info("admin act", admin=call.by, channel=call.channel, command=record.command)
    told = TellResult(
        record.audit_id,
        clip(user_text(result), _RESULT_UNITS_MAX),
        done if record.is_open else None,
    )
    if not call.context.ledger.offer(Commit(told)):
        _audit_log.error("answer lost from the audit log", line=told)


def audit(
    context: Context,
    *,
    channel: str,
    admin: str,
    command: str,
    arguments: str,
    result: str,
    origin: str = "clock",
    done: bool = False,
) -> None:
    """Add a line to the audit log; ``channel`` is "" for what concerns the whole service.

    It is for what changes nothing in the books: nobody waits for it. ``arguments`` must hold no
    secrets.
    """
    line = Audit(
        at_ms=context.clock.now_ms(),
        admin=clip(user_text(admin), ADMIN_UNITS_MAX),
        channel=channel,
        command=command,
        arguments=clip(user_text(arguments), ARGUMENTS_UNITS_MAX),
        result=clip(user_text(result), _RESULT_UNITS_MAX),
        origin=origin,
        done=done,
    )
    _audit_log.info("admin act", admin=line.admin, channel=channel, command=command)
    if not context.ledger.offer(Commit(line)):
        context.metrics.error("admin")
        _audit_log.error("audit line lost from the books", line=line)


def connected(context: Context, user: UserKey) -> Connected | None:
    """The user as the channel shows them; None if they are not here."""
    return context.presence[user.channel].value.users.get(user.name)


def confirmation_code(call: Call) -> str:
    """Four digits, of which the first is not 0, that nobody types by accident."""
    return str(1000 + int(call.context.dice.roll() * 9000))


def confirmed(call: PmCall, asked: PmCall) -> PmCall:
    """The call that confirms, written down as the command it confirms."""
    assert call.record is not None, call
    call.record.arguments = asked.parsed.rest
    return replace(call, parsed=asked.parsed)


async def spelling(call: Call, typed: str) -> str:
    """The account's display name; what was typed if there is no account, or no answer in time."""
    user, day = call.named(typed), call.day
    try:
        wallet = await query(
            call.context.reader, lambda r: r.wallet(user, day), timeout_s=_SPELLING_TIMEOUT_S
        )
    except RuntimeFault:
        return typed
    return typed if wallet is None else wallet.display_name


async def was_ever_here(call: Call, user: UserKey) -> bool:
    """Whether somebody of this name is here or has an account, so that it is no slip."""
    if connected(call.context, user) is not None:
        return True
    day = call.day
    return await call.read(lambda reports: reports.wallet(user, day)) is not None


async def open_account(call: Call, name: str) -> Wallet:
    """An account for a name that nobody has used here so far, as they spell it where known."""
    user = call.named(name)
    here = connected(call.context, user)
    shown = name if here is None else here.display_name
    opening = RecordActivity(user, shown, call.now_ms, call.day)
    return await commit(call.context.ledger, opening)


def past_day(call: Call, typed: str) -> str | None:
    """The day of the channel that somebody means, if it has begun."""
    day = {"today": call.day, "yesterday": day_before(call.day)}.get(typed.lower(), typed)
    return day if is_day(day) and day <= call.day else None


async def same_person(call: Call, name: str, other: str) -> bool:
    """Whether two names belong to one person, as far as that is known in time (P-USR-10)."""
    context, names = call.context, (name.lower(), other.lower())
    known = context.people.at_hand(names)
    if known is not None:
        return known[0] == known[1]
    try:
        own: frozenset[str] = await context.persons.ask(
            lambda reply: FindPersons(names[0], names[1:], reply), timeout_s=_PERSON_TIMEOUT_S
        )
    except RuntimeFault:
        return names[0] == names[1]
    return names[1] in own


def tell_user(call: Call, name: str, text: str) -> None:
    """A private message about the user's own account; quiet mode does not mute it.

    It is lost if the outbox can't take it: money never depends on a message.
    """
    notice = Pm(to=name, text=text, priority=Priority.RESULT, merge=True, trace=call.trace)
    if not call.context.outboxes[call.channel].offer(notice, trace=call.trace):
        _log.warning("notice lost", channel=call.channel, user=name, trace=call.trace)


def rank_index(context: Context, facts: Wallet | RankFacts) -> int:
    """The place of the tier that counts for an account."""
    return context.live.ladder.effective(
        facts.rank_name, facts.lifetime_earned_z, facts.rank_held_from_z
    )


def rank_name(context: Context, facts: Wallet | RankFacts) -> str:
    """The name of that tier."""
    return context.live.ladder.names[rank_index(context, facts)]


def spelled_as_shown(
    reports: Reports, channel: str, day: str, rows: Sequence[TransactionRow]
) -> list[TransactionRow]:
    """The rows with the other user's name as they spell it."""
    names: Collection[str] = {row.related_user for row in rows if row.related_user}
    if not names:
        return list(rows)
    shown = {
        name: wallet.display_name
        for name, wallet in reports.wallets(channel, day, sorted(names)).items()
    }
    return [
        row._replace(related_user=shown.get(row.related_user, row.related_user))
        if row.related_user
        else row
        for row in rows
    ]


def time_of(at_ms: int) -> str:
    """``YYYY-MM-DD HH:MM:SS`` in UTC, which existing clients parse."""
    return f"{datetime.fromtimestamp(at_ms // 1000, UTC):%Y-%m-%d %H:%M:%S}"


def price_factor(context: Context, channel: str) -> Fraction:
    """What prices of a channel are multiplied with now, by the settings in force."""
    float_z = context.floats.get(channel)
    if float_z is None:
        return Fraction(1)
    return inflation_multiplier(context.live.settings.inflation, float_z)


def price_for(call: Call, base_z: int, buyer: Wallet | RankFacts) -> Price:
    """What something costs somebody now: what is shown is what is charged (`spending.md` 1)."""
    discount = perks_of(call.settings.ranks, rank_index(call.context, buyer)).discount
    return price(base_z, price_factor(call.context, call.channel), discount)


async def _as_it_is(request: OpenRound) -> OpenRound:
    return request


async def open_round(
    call: PmCall,
    request: OpenRound,
    *,
    pause_s: float = 0.0,
    news: object = None,
    complete: Callable[[OpenRound], Awaitable[OpenRound | Failed]] = _as_it_is,
) -> Opened | Refused | Failed:
    """Open a round and seat its table; a spectacle takes the slot of the channel first.

    A stake that is unfit at first sight takes no slot, and a refusal of the books gives it back
    without a pause (P-GAM-9). ``pause_s`` lies between two rounds of this game; ``news`` is the
    first thing the table is told. ``complete`` adds to the request what takes a while to find,
    once the slot is taken; it raises nothing. Raises as `messages.ledger.commit`: then the floor
    finds out whether the round was opened.
    """
    if request.player is not None:
        refusal = unfit(call.wallet, request.stake_z, request.limits, request.at_ms)
        if refusal is not None:
            return stake_refused(call, refusal)
    # Without one nothing can begin, and the slot would wait for nothing.
    await have_seed(call.context, call.channel, call.day)
    floor, token = call.context.floors[call.channel], None
    if GAMES[request.game].spectacle:
        try:
            taken: SlotTaken | Occupied | CoolingDown = await floor.ask(
                lambda reply: TakeSlot(request.game, reply, pause_s), timeout_s=_SLOT_TIMEOUT_S
            )
        except RuntimeFault:
            return call.refused(Busy())
        if not isinstance(taken, SlotTaken):
            return call.refused(taken)
        token = taken.token
    completed = await complete(request)
    if isinstance(completed, Failed):
        if token is not None:
            floor.offer(GiveBackSlot(token))
        return completed
    answer = await call.begin(completed)
    if isinstance(answer, Opened):
        floor.offer(RoundOpened(request.game, answer.number, news, token), trace=call.trace)
        return answer
    if token is not None:
        floor.offer(GiveBackSlot(token))
    return stake_refused(call, answer)


def only_stake(call: PmCall) -> int | Refused:
    """The stake in Z of a command that takes nothing else."""
    stake_z = call.amount_at(0, of_z=call.wallet.balance_z)
    if not isinstance(stake_z, Refused) and len(call.args) > 1:
        return call.usage()
    return stake_z


def stake_refused(call: PmCall, refusal: AnyRefusal) -> Refused | Failed:
    """Why a stake is not taken: the limit, and what the player has."""
    answer = call.refused(refusal)
    if not isinstance(answer, Refused) or not isinstance(refusal, _LIMITS):
        return answer
    has = money(call.wallet.balance_z, call.symbol)
    return Refused(answer.code, f"{answer.text} You have {has}.")
