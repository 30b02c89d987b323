"""Admin commands as private messages (`commands.md` 8): words in, the reply text out.

The caller has checked that the sender is an admin. Every command, also one that is written wrongly
or fails, leaves a line in the audit log.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import assert_never

from economy_actors import deeds
from economy_actors.context import World
from economy_actors.deeds import Busy, Cause, Ignored
from economy_actors.session import occasion_commands
from economy_actors.session.told import Told
from kryten_economy.commands import refusals
from kryten_economy.commands import texts as commands_texts
from kryten_economy.commands.grammar import BadAmount, Parsed, amount
from kryten_economy.commands.table import find
from kryten_economy.features.bans import texts as bans_texts
from kryten_economy.features.money import texts as money_texts
from kryten_economy.features.money.operations import BalanceSet, Posted
from kryten_economy.features.ranks import texts as ranks_texts
from kryten_economy.refusals import (
    AMOUNT_MAX_Z,
    AlreadySettled,
    Banned,
    Conflict,
    Insufficient,
    InvalidAmount,
    NoAccount,
    NoHold,
    ReadOnly,
    Refusal,
    SameAccount,
    TooFewCoins,
)
from kryten_economy.text.clean import user_text
from kryten_economy.users import name_from_text

__all__ = ("AdminRequest", "run")


@dataclass(frozen=True, slots=True)
class AdminRequest:
    """An admin's message; ``trace`` is its correlation id, which makes it happen once."""

    channel: str
    admin: str
    parsed: Parsed
    trace: str | None


@dataclass(frozen=True, slots=True)
class _Written:
    """What is wrong with how the command was written; the reply shows the syntax as well."""

    problem: str | None = None


_Answer = str | Told | _Written


def _refusal(text: str) -> Told:
    return Told(text, "refused")


async def run(world: World, request: AdminRequest) -> Told:
    """Carry out one of the admin commands and return the reply to the admin.

    Raises AskExpired or AskFailed when it stays unknown whether it was done.
    """
    spec = find(request.parsed.word)
    assert spec is not None, request
    result = "outcome unknown"
    try:
        answer = await _COMMANDS[spec.name](world, request)
        if isinstance(answer, _Written):
            answer = _refusal(commands_texts.usage(spec.syntax, answer.problem))
        elif isinstance(answer, str):
            answer = Told(answer)
        result = answer.text
    finally:
        deeds.audit(
            world,
            channel=request.channel,
            admin=request.admin,
            command=spec.name,
            arguments=request.parsed.rest,
            result=result,
        )
    return answer


async def _grant(world: World, request: AdminRequest) -> _Answer:
    return await _move(world, request, "grant", deeds.grant, money_texts.granted)


async def _deduct(world: World, request: AdminRequest) -> _Answer:
    return await _move(world, request, "deduct", deeds.deduct, money_texts.deducted)


async def _move(
    world: World,
    request: AdminRequest,
    verb: str,
    deed: Callable[[World, Cause, str, int, str], Awaitable[deeds.AdjustAnswer]],
    done: Callable[[str, int, int, str], str],
) -> _Answer:
    """Give or take; ``done`` words the reply from name, amount, new balance and symbol."""
    match _name_and_amount(request.parsed):
        case (name, amount_z):
            reason = user_text(request.parsed.text(2))
            answer = await deed(world, _cause(request, verb), name, amount_z, reason)
        case wrong:
            return wrong
    match answer:
        case Posted(wallet=wallet):
            symbol = world.live.settings.currency.symbol
            return done(wallet.display_name, amount_z, wallet.balance_z, symbol)
        case refusal:
            return _refusal(_refused(world, name, amount_z, refusal))


async def _set_balance(world: World, request: AdminRequest) -> _Answer:
    match _name_and_amount(request.parsed, lowest=0, exact=True):
        case (name, amount_z):
            cause = _cause(request, "set_balance")
            answer = await deeds.set_balance(world, cause, name, amount_z)
        case wrong:
            return wrong
    match answer:
        case BalanceSet(old_z=old_z, new_z=new_z, wallet=wallet):
            symbol = world.live.settings.currency.symbol
            return money_texts.set_balance_done(wallet.display_name, old_z, new_z, symbol)
        case refusal:
            return _refusal(_refused(world, name, amount_z, refusal))


async def _set_rank(world: World, request: AdminRequest) -> _Answer:
    name = _name(request.parsed)
    if isinstance(name, _Written):
        return name
    rank = request.parsed.text(1)
    if not rank:
        return _Written()
    match await deeds.set_rank(world, _cause(request, "set_rank"), name, rank):
        case deeds.RankSet(shown, tier, automatic):
            return ranks_texts.rank_set_done(shown, tier, automatic=automatic)
        case deeds.UnknownRank(tiers):
            return _refusal(ranks_texts.unknown_rank(tiers))
        case NoAccount():
            return _refusal(refusals.unknown_user(name))


async def _ban(world: World, request: AdminRequest) -> _Answer:
    name = _name(request.parsed)
    if isinstance(name, _Written):
        return name
    reason = user_text(request.parsed.text(1))
    state = await deeds.ban(world, _cause(request, "ban"), name, reason)
    if not state.changed:
        return _refusal(bans_texts.already_banned(state.display_name))
    return bans_texts.banned_user(state.display_name)


async def _unban(world: World, request: AdminRequest) -> _Answer:
    name = _name(request.parsed)
    if isinstance(name, _Written):
        return name
    state = await deeds.unban(world, _cause(request, "unban"), name)
    if not state.changed:
        return _refusal(bans_texts.not_banned(state.display_name))
    return bans_texts.unbanned_user(state.display_name)


async def _reload(world: World, request: AdminRequest) -> _Answer:  # noqa: ARG001  # as all commands
    match await deeds.reload(world):
        case deeds.Reloaded(changed, restart_required):
            return commands_texts.reloaded(changed, restart_required)
        case deeds.ReloadFailed(error):
            return _refusal(commands_texts.reload_failed(error))


async def _announce(world: World, request: AdminRequest) -> _Answer:
    match deeds.announce(world, _cause(request, "announce"), request.parsed.text()):
        case deeds.Announced(lines):
            return commands_texts.announced(lines)
        case deeds.NothingToSay():
            return _Written()
        case Busy():
            return _refusal(refusals.busy())


async def _event(world: World, request: AdminRequest) -> _Answer:
    return await occasion_commands.event(world, _cause(request, "event"), request.parsed)


async def _rain(world: World, request: AdminRequest) -> _Answer:
    return await occasion_commands.rain(world, _cause(request, "rain"), request.parsed)


_COMMANDS: dict[str, Callable[[World, AdminRequest], Awaitable[_Answer]]] = {
    "grant": _grant,
    "deduct": _deduct,
    "set_balance": _set_balance,
    "set_rank": _set_rank,
    "ban": _ban,
    "unban": _unban,
    "reload": _reload,
    "announce": _announce,
    "event": _event,
    "rain": _rain,
}


def _cause(request: AdminRequest, verb: str) -> Cause:
    return Cause.of_message(request.channel, request.admin, verb, request.trace)


def _name(parsed: Parsed) -> str | _Written:
    """The user named first."""
    if not parsed.args:
        return _Written()
    name = name_from_text(parsed.args[0])
    return _Written(refusals.bad_name(parsed.args[0])) if name is None else name


def _name_and_amount(
    parsed: Parsed, *, lowest: int = 1, exact: bool = False
) -> tuple[str, int] | _Written:
    """The first two arguments; with ``exact`` there must not be more."""
    name = _name(parsed)
    if isinstance(name, _Written):
        return name
    if len(parsed.args) < 2 or (exact and len(parsed.args) > 2):
        return _Written()
    read = amount(parsed.args[1], lowest=0 if lowest == 0 else 1)
    if isinstance(read, BadAmount):
        return _Written(refusals.bad_amount(parsed.args[1], read.reason))
    return name, read


def _refused(  # noqa: PLR0911  # one text for each refusal
    world: World, name: str, amount_z: int, refusal: Refusal | Ignored | Busy
) -> str:
    """Why nothing was changed, in words for the admin."""
    symbol = world.live.settings.currency.symbol
    match refusal:
        case NoAccount():
            return refusals.unknown_user(name)
        case Ignored():
            return f"{name} is on the list of ignored users, who are paid nothing."
        case Insufficient(balance_z=balance_z):
            return money_texts.deduct_refused(name, amount_z, balance_z, symbol)
        case InvalidAmount():
            return refusals.above_maximum(amount_z, AMOUNT_MAX_Z, symbol)
        case ReadOnly():
            return refusals.books_closed()
        case Busy():
            return refusals.busy()
        case Conflict():
            return commands_texts.internal_error()
        case Banned() | SameAccount() | NoHold() | AlreadySettled() | TooFewCoins():
            raise AssertionError(f"an admin's movement is never refused so: {refusal!r}")
        case _:
            assert_never(refusal)
