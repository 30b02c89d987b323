"""`rewards` and `like`: what earns here, and earning by liking (`spec/commands.md` 6)."""

import uuid
from collections.abc import Awaitable, Callable

from economy_actors.session import chatting, progress
from economy_actors.session.user_request import UserRequest
from economy_actors.world import World
from kryten_economy.ledger import PayTriggers, TriggersPaid
from kryten_economy.messages import liking, refusals
from kryten_economy.messages.rewards import rewards
from kryten_economy.refusals import ReadOnly
from kryten_economy.rules.onboarding import earning_gate
from kryten_economy.rules.screening import like_award
from kryten_economy.rules.triggers import LIKE

__all__ = ("HANDLERS",)


async def _rewards(world: World, _request: UserRequest) -> str:
    return rewards(world.live.settings)


async def _like(world: World, request: UserRequest) -> str:
    settings, user = world.live.settings, request.user
    if not LIKE.enabled(settings):
        return liking.disabled()
    medium = world.playing.get(user.channel)
    if medium is None:
        return liking.nothing_playing()
    at_ms = world.clock.now_ms()
    like = PayTriggers(
        op_id=f"like:{user.channel}:{user.name}:{uuid.uuid4().hex}",
        channel=user.channel,
        at_ms=at_ms,
        day=world.live.calendar.day(at_ms),
        awards=(like_award(settings, user.name, medium, at_ms),),
        gate=earning_gate(settings.onboarding),
    )
    answer = await chatting.book(world, like)
    if isinstance(answer, ReadOnly):
        return refusals.books_closed()
    assert isinstance(answer, TriggersPaid), answer
    if not answer.paid:
        return liking.already_liked(medium.title)
    await progress.after(world, world.channels[user.channel], answer.paid[0].wallet, trace=None)
    return liking.liked(medium.title, answer.paid[0].amount_z, settings.currency.symbol)


HANDLERS: dict[str, Callable[[World, UserRequest], Awaitable[str]]] = {
    "rewards": _rewards,
    "like": _like,
}
