"""`rewards` and `like`: what earns here, and earning by liking (`commands.md` 6)."""

import uuid
from collections.abc import Awaitable, Callable

from economy_actors.context import World
from economy_actors.earning_terms import terms_now
from economy_actors.ledger.client import commit
from economy_actors.session.user_request import UserRequest
from kryten_economy.commands import refusals
from kryten_economy.features.chat.operations import PayTriggers, TriggersPaid
from kryten_economy.features.chat.texts import rewards
from kryten_economy.features.chat.triggers import LIKE
from kryten_economy.features.media import texts as media_texts
from kryten_economy.features.media.rules import like_award
from kryten_economy.features.presence.onboarding import earning_gate
from kryten_economy.refusals import ReadOnly

__all__ = ("HANDLERS",)


async def _rewards(world: World, _request: UserRequest) -> str:
    return rewards(world.live.settings)


async def _like(world: World, request: UserRequest) -> str:
    settings, user = world.live.settings, request.user
    if not LIKE.enabled(settings):
        return media_texts.disabled()
    medium = world.playing.get(user.channel)
    if medium is None:
        return media_texts.nothing_playing()
    at_ms = world.clock.now_ms()
    like = PayTriggers(
        op_id=f"like:{user.channel}:{user.name}:{uuid.uuid4().hex}",
        channel=user.channel,
        at_ms=at_ms,
        day=world.live.calendar.day(at_ms),
        awards=(like_award(settings, user.name, medium, at_ms),),
        gate=earning_gate(settings.onboarding),
        terms=terms_now(world, user.channel, at_ms),
    )
    answer = await commit(world.ledger, like)
    if isinstance(answer, ReadOnly):
        return refusals.books_closed()
    assert isinstance(answer, TriggersPaid), answer
    if not answer.paid:
        return media_texts.already_liked(medium.title)
    return media_texts.liked(medium.title, answer.paid[0].amount_z, settings.currency.symbol)


HANDLERS: dict[str, Callable[[World, UserRequest], Awaitable[str]]] = {
    "rewards": _rewards,
    "like": _like,
}
