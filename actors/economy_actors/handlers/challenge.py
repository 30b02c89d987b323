"""Challenges by private message: made, accepted, declined."""

from economy_actors.context import shown_name
from economy_actors.handlers import kit
from economy_actors.handlers.answers import Code, PmAnswer, Refused
from economy_actors.handlers.registry import PmCall, command
from economy_actors.messages.tables import RoundOpened, RoundOver
from economy_actors.outbox.message import Line, LineKind
from economy_actors.tables.kit import call_off
from kryten_economy.commands import refusals
from kryten_economy.commands.table import Section
from kryten_economy.config import Settings
from kryten_economy.features.games.challenge import texts
from kryten_economy.features.games.challenge.operations import (
    CHALLENGE,
    AcceptChallenge,
    Challenged,
    ChallengeSomebody,
    Decided,
    Pending,
    challenges_to,
    terms_of,
)
from kryten_economy.features.games.tables import Cancelled
from kryten_economy.features.money.texts import currency_variables
from kryten_economy.refusals import (
    Banned,
    NoAccount,
    NotPending,
    OpponentUnable,
    ReadOnly,
    SameAccount,
)

__all__ = ()


def _enabled(settings: Settings) -> bool:
    return settings.gambling.enabled and settings.gambling.challenge.enabled


@command(
    "challenge",
    syntax="challenge @user <wager>",
    summary="challenge somebody: the same stake from both, one winner",
    section=Section.GAMBLING,
    enabled=_enabled,
)
async def challenge(call: PmCall) -> PmAnswer:
    """Name and wager may be swapped; the target is told, in quiet mode too."""
    if len(call.args) != 2:
        return call.usage()
    place = int(call.args[1].startswith("@"))
    name = call.name_at(place)
    stake_z = call.amount_at(1 - place, of_z=call.wallet.balance_z)
    if isinstance(name, Refused):
        return name
    if isinstance(stake_z, Refused):
        return stake_z
    return await _unfit(call, name) or await _challenge(call, name, stake_z)


async def _unfit(call: PmCall, name: str) -> Refused | None:
    """Why they can't be challenged, as far as that can be seen without the books."""
    if name.lower() == call.user.name:
        return Refused(Code.REJECTED, refusals.not_yourself("challenge"))
    if call.context.live.ignores(name):
        return Refused(Code.IGNORED_USER, refusals.ignored(name))
    if kit.connected(call.context, call.named(name)) is None:
        return Refused(Code.NOT_FOUND, texts.not_here(await kit.spelling(call, name)))
    if await kit.same_person(call, call.user.name, name):
        return Refused(Code.REJECTED, texts.oneself(await kit.spelling(call, name)))
    return None


async def _challenge(call: PmCall, name: str, stake_z: int) -> PmAnswer:
    terms = call.settings.gambling.challenge
    lasts_s = terms.accept_timeout_seconds
    answer = await call.begin(
        ChallengeSomebody(
            call.op_id,
            call.user,
            call.named(name),
            stake_z,
            str(terms.rake_percent),
            lasts_s * 1000,
            terms_of(call.settings),
            call.context.fresh_seed(),
            call.now_ms,
            call.day,
        )
    )
    match answer:
        case Challenged(number, target, wallet):
            floor = call.context.floors[call.channel]
            floor.offer(RoundOpened(CHALLENGE.name, number), trace=call.trace)
            if not answer.replayed:
                told = texts.invitation(wallet.display_name, stake_z, lasts_s, call.symbol)
                kit.tell_user(call, target, told)
            return texts.challenged(target, stake_z, lasts_s, wallet.balance_z, call.symbol)
        case SameAccount():
            return Refused(Code.REJECTED, refusals.not_yourself("challenge"))
        case NoAccount(user) | Banned(user) | OpponentUnable(user) if user != call.user:
            return call.refused(answer, await kit.spelling(call, name))
        case _:
            return kit.stake_refused(call, answer)


@command(
    "accept",
    syntax="accept [@user]",
    summary="accept a challenge",
    section=Section.GAMBLING,
    enabled=_enabled,
)
async def accept(call: PmCall) -> PmAnswer:
    """Of several the newest one, or that of whom is named."""
    pending = await _waiting(call)
    if isinstance(pending, Refused):
        return pending
    answer = await call.commit(
        AcceptChallenge(
            call.op_id,
            call.user,
            pending.number,
            terms_of(call.settings),
            call.now_ms,
            call.day,
        )
    )
    if isinstance(answer, NotPending):
        return Refused(Code.NOT_FOUND, texts.none_waiting(pending.challenger_shown))
    if not isinstance(answer, Decided):
        return kit.stake_refused(call, answer)
    _over(call, pending)
    if not answer.replayed:
        _tell(call, answer)
    won = answer.winner.user.name == call.user.name
    return texts.won(answer, call.symbol) if won else texts.lost(answer, call.symbol)


def _tell(call: PmCall, decided: Decided) -> None:
    """Tell the challenger, and the channel if it is to know."""
    winner, loser = decided.winner, decided.loser
    if winner.user.name == call.user.name:
        kit.tell_user(call, loser.display_name, texts.lost(decided, call.symbol))
    else:
        kit.tell_user(call, winner.display_name, texts.won(decided, call.symbol))
    if not call.settings.gambling.challenge.announce_public:
        return
    text = texts.public(
        call.settings.announcements.templates.challenge_win,
        decided,
        shown_name(call.context, winner.user, winner.display_name),
        shown_name(call.context, loser.user, loser.display_name),
        currency_variables(call.settings.currency),
    )
    line = Line(text, kind=LineKind.RESULT, gate="challenge_result", trace=call.trace)
    call.context.outboxes[call.channel].offer(line, trace=call.trace)


@command(
    "decline",
    syntax="decline [@user]",
    summary="decline a challenge",
    section=Section.GAMBLING,
    enabled=_enabled,
    finishes=True,
)
async def decline(call: PmCall) -> PmAnswer:
    """The challenger gets the stake back, and both are told."""
    pending = await _waiting(call)
    if isinstance(pending, Refused):
        return pending
    answer = await _give_back(call, pending, "declined your challenge")
    if isinstance(answer, ReadOnly):
        return call.refused(answer)
    if isinstance(answer, NotPending):
        return Refused(Code.NOT_FOUND, texts.none_waiting(pending.challenger_shown))
    return texts.declined_reply(pending, call.symbol)


async def _waiting(call: PmCall) -> Pending | Refused:
    """The challenge that is meant; one that has run out is ended when somebody comes to it."""
    name = call.name_at(0) if call.args else None
    if isinstance(name, Refused):
        return name
    if len(call.args) > 1:
        return call.usage()
    user = call.user
    rows = await call.read(lambda reader: challenges_to(reader, user))
    meant = [each for each in rows if name is None or each.challenger == name.lower()]
    for each in meant:
        if each.expires_at_ms > call.now_ms:
            return each
        await _give_back(call, each, "did not accept in time")
    return Refused(Code.NOT_FOUND, texts.none_waiting(name))


async def _give_back(call: PmCall, pending: Pending, why: str) -> Cancelled | NotPending | ReadOnly:
    """End a challenge without a game."""
    answer = await call_off(call.context, call.channel, pending.number, f"Challenge: {why}")
    if isinstance(answer, ReadOnly):
        return answer
    _over(call, pending)
    if isinstance(answer, Cancelled) and not answer.replayed:
        for player in answer.players:
            text = texts.back(why, pending.target_shown, pending, player.wallet, call.symbol)
            kit.tell_user(call, player.wallet.display_name, text)
    return answer


def _over(call: PmCall, pending: Pending) -> None:
    call.context.floors[call.channel].offer(RoundOver(pending.number), trace=call.trace)
