"""Heists: somebody plans one, others join; the rest is the table's business."""

import json

from economy_actors.handlers import kit
from economy_actors.handlers.answers import Code, PmAnswer, Refused
from economy_actors.handlers.registry import PmCall, command
from economy_actors.messages.tables import News
from economy_actors.tables.heist import Began, CrewJoined
from kryten_economy.commands.table import Section
from kryten_economy.features.games import heist_texts as texts
from kryten_economy.features.games.heist import limits_of, round_terms
from kryten_economy.features.games.tables import Joined, JoinRound, Opened, OpenRound, open_rounds
from kryten_economy.refusals import NotPending

__all__ = ()


@command(
    "heist",
    syntax="heist <wager> | heist join",
    summary="plan a heist with others, or join one",
    section=Section.SPECTACLE,
    enabled=lambda settings: settings.gambling.enabled and settings.gambling.heist.enabled,
)
async def heist(call: PmCall) -> PmAnswer:
    """Start one with a stake that all pay, or join the one that is being planned."""
    if [each.lower() for each in call.args] == ["join"]:
        return await _join(call)
    if len(call.args) > 1:
        return call.usage()
    stake_z = call.amount_at(0, of_z=call.wallet.balance_z)
    if isinstance(stake_z, Refused):
        return stake_z
    settings = call.settings.gambling.heist
    terms = round_terms(settings, stake_z, call.by)
    request = OpenRound(
        op_id=call.op_id,
        channel=call.channel,
        game="heist",
        terms=json.dumps(terms, ensure_ascii=False),
        limits=limits_of(call.settings),
        fresh_seed=call.context.fresh_seed(),
        at_ms=call.now_ms,
        day=call.day,
        player=call.user,
        stake_z=stake_z,
    )
    opened = await kit.open_round(call, request, pause_s=settings.cooldown_seconds, news=Began())
    if not isinstance(opened, Opened):
        return opened
    assert opened.wallet is not None, opened
    return texts.started(
        stake_z,
        opened.wallet.balance_z,
        terms["window_s"],
        terms["crew_min"],
        call.symbol,
    )


async def _join(call: PmCall) -> PmAnswer:
    """Pay the buy-in; whoever joins twice is in once."""
    channel = call.channel
    rows = await call.read(lambda reports: open_rounds(reports, channel))
    planned = next((row for row in rows if row.game == "heist" and row.state == "open"), None)
    if planned is None:
        return Refused(Code.NOT_FOUND, texts.no_heist())
    stake_z = planned.terms["stake_z"]
    answer = await call.commit(
        JoinRound(
            op_id=call.op_id,
            channel=channel,
            number=planned.number,
            user=call.user,
            stake_z=stake_z,
            limits=limits_of(call.settings),
            at_ms=call.now_ms,
            day=call.day,
        )
    )
    if isinstance(answer, NotPending):
        return Refused(Code.NOT_FOUND, texts.no_heist())
    if not isinstance(answer, Joined):
        return call.refused(answer)
    if not answer.replayed:
        joined = CrewJoined(answer.wallet.display_name, answer.players)
        call.context.floors[channel].offer(News(planned.number, joined), trace=call.trace)
    return texts.own_join(stake_z, answer.players, answer.wallet.balance_z, call.symbol)
