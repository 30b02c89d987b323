"""Blackjack by private message; its moves may be said in the channel as well."""

from economy_actors.handlers import kit
from economy_actors.handlers.answers import Code, PmAnswer, Refused
from economy_actors.handlers.registry import PmCall, command
from economy_actors.messages.blackjack import HandMoved
from economy_actors.messages.tables import RoundOpened, RoundOver
from kryten_economy.commands import refusals
from kryten_economy.commands.table import Section
from kryten_economy.config import Settings
from kryten_economy.features.games.blackjack import texts
from kryten_economy.features.games.blackjack.operations import (
    Deal,
    OpenHand,
    Play,
    Shown,
    hand_of,
    stats_of,
)
from kryten_economy.features.games.blackjack.rules import BLACKJACK, terms_of
from kryten_economy.refusals import AlreadyIn, NotPending

__all__ = ()


def _enabled(settings: Settings) -> bool:
    return settings.gambling.enabled and settings.gambling.blackjack.enabled


@command(
    "blackjack",
    syntax="blackjack <wager|stats>",
    summary="play a hand against the dealer",
    section=Section.GAMBLING,
    aliases=("bj",),
    enabled=_enabled,
)
async def blackjack(call: PmCall) -> PmAnswer:
    """Deal a hand, or show the one that is open."""
    user = call.user
    if [each.lower() for each in call.args] in (["stats"], ["stat"]):
        played = await call.read(lambda reader: stats_of(reader, user))
        return texts.nothing_played() if played is None else texts.stats(played, call.symbol)
    if (open_ := await _open_hand(call)) is not None:
        return _shown(call, open_)
    stake_z = kit.only_stake(call)
    if isinstance(stake_z, Refused):
        return stake_z
    return await _deal(call, stake_z)


async def _open_hand(call: PmCall) -> OpenHand | None:
    user = call.user
    return await call.read(lambda reader: hand_of(reader, user))


def _shown(call: PmCall, open_: OpenHand) -> str:
    _seat(call, open_)
    return texts.hand_shown(open_, call.wallet.balance_z, call.symbol)


async def _deal(call: PmCall, stake_z: int) -> PmAnswer:
    terms = call.settings.gambling.blackjack
    answer = await call.begin(
        Deal(
            call.op_id,
            call.user,
            stake_z,
            str(terms.blackjack_payout),
            terms.dealer_hits_soft_17,
            terms_of(call.settings),
            call.context.fresh_seed(),
            call.now_ms,
            call.day,
        )
    )
    if isinstance(answer, AlreadyIn) and (open_ := await _open_hand(call)) is not None:
        return _shown(call, open_)
    return _told(call, answer) if isinstance(answer, Shown) else kit.stake_refused(call, answer)


def _told(call: PmCall, shown: Shown) -> str:
    if shown.hand.end:
        call.context.floors[call.channel].offer(RoundOver(shown.number), trace=call.trace)
        return texts.settled(shown, call.symbol)
    _seat(call, shown)
    return texts.hand_shown(shown, shown.wallet.balance_z, call.symbol)


def _seat(call: PmCall, open_: OpenHand | Shown) -> None:
    """Have the time of the next move kept; a table that is there already stays."""
    news = RoundOpened(BLACKJACK.name, open_.number, HandMoved(open_.moves))
    call.context.floors[call.channel].offer(news, trace=call.trace)


@command(
    "hit",
    summary="take a card in your blackjack hand",
    section=Section.GAMBLING,
    enabled=_enabled,
    finishes=True,
)
async def hit(call: PmCall) -> PmAnswer:
    """One more card; 21 stands by itself."""
    return await _move(call, "hit")


@command(
    "stand",
    summary="let the dealer play against your blackjack hand",
    section=Section.GAMBLING,
    enabled=_enabled,
    finishes=True,
)
async def stand(call: PmCall) -> PmAnswer:
    """No more cards."""
    return await _move(call, "stand")


@command(
    "double",
    summary="double the stake of your blackjack hand for one last card",
    section=Section.GAMBLING,
    enabled=_enabled,
    finishes=True,
)
async def double(call: PmCall) -> PmAnswer:
    """The stake again, one card, and the dealer plays."""
    return await _move(call, "double")


async def _move(call: PmCall, move: str) -> PmAnswer:
    """A move in the open hand; said in the channel without one, it was meant for another bot."""
    answer = await call.commit(
        Play(call.op_id, call.user, move, terms_of(call.settings), call.now_ms, call.day)
    )
    if isinstance(answer, Shown):
        return _told(call, answer)
    if not isinstance(answer, NotPending):
        return kit.stake_refused(call, answer)
    if call.in_chat:
        return ""
    if not _enabled(call.settings):
        return Refused(Code.REJECTED, refusals.feature_off(f"'{BLACKJACK.name}'"))
    return Refused(Code.NOT_FOUND, texts.no_hand())
