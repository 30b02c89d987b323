"""`status` and `streak`: what goes on here, and how far one's days have come."""

from collections.abc import Awaitable, Callable

from economy_actors.context import World
from economy_actors.earning_terms import multipliers_now
from economy_actors.ledger.client import query
from economy_actors.session.user_request import UserRequest
from kryten_economy.features.events import status as texts
from kryten_economy.features.queue.rules import break_now, next_break
from kryten_economy.features.streaks import texts as streaks_texts
from kryten_economy.features.streaks.rules import bridge_step, next_day, next_milestone, terms

__all__ = ("HANDLERS",)


async def _status(world: World, request: UserRequest) -> str:
    live, channel, now_ms = world.live, request.user.channel, world.clock.now_ms()
    settings, calendar = live.settings, live.calendar
    medium = world.playing.get(channel)
    breaks = texts.queue_breaks(
        break_now(settings, calendar, now_ms),
        next_break(settings, calendar, now_ms),
        now_ms,
        calendar.zone,
    )
    return texts.status(
        world.population.get(channel, 0),
        None if medium is None else medium.title,
        multipliers_now(world, channel, now_ms),
        settings.rain.interval_minutes if settings.rain.enabled else None,
        breaks,
        settings.messages.max_length,
    )


async def _streak(world: World, request: UserRequest) -> str:
    settings, wallet = world.live.settings, request.wallet
    daily, bridge = settings.streaks.daily, settings.streaks.weekend_weekday_bridge
    symbol, lines = settings.currency.symbol, []
    day = world.live.calendar.day(world.clock.now_ms())
    streak, week = await query(world.reader, lambda reports: reports.streak_of(request.user))
    if daily.enabled:
        pay = terms(daily)
        lines.append(
            streaks_texts.streak_report(
                wallet.streak_days,
                streak.longest,
                wallet.minutes_today,
                daily.min_presence_minutes,
                next_day(streak, day, pay),
                next_milestone(wallet.streak_days, pay),
                symbol,
            )
        )
    if bridge.enabled:
        lines.append(streaks_texts.bridge_state(bridge_step(week, day), bridge.bonus, symbol))
    return "\n".join(lines) or streaks_texts.no_streaks()


HANDLERS: dict[str, Callable[[World, UserRequest], Awaitable[str]]] = {
    "status": _status,
    "streak": _streak,
}
