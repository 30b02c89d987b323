"""Streaks: one's days in a row, and the bridge between weekend and weekday."""

from economy_actors.handlers.answers import PmAnswer
from economy_actors.handlers.call import PmCall
from economy_actors.handlers.registry import command
from kryten_economy.commands.table import Section
from kryten_economy.features.streaks import texts
from kryten_economy.features.streaks.rules import bridge_step, next_day, next_milestone, terms

__all__ = ()


@command(
    "streak", summary="your days in a row and the bridge", section=Section.PROGRESS, reads=True
)
async def streak(call: PmCall) -> PmAnswer:
    """How far one's days have come."""
    daily, bridge = call.settings.streaks.daily, call.settings.streaks.weekend_weekday_bridge
    symbol, wallet, day = call.symbol, call.wallet, call.day
    run, week = await call.read(lambda reports: reports.streak_of(call.user))
    lines = []
    if daily.enabled:
        pay = terms(daily)
        lines.append(
            texts.streak_report(
                wallet.streak_days,
                run.longest,
                wallet.minutes_today,
                daily.min_presence_minutes,
                next_day(run, day, pay),
                next_milestone(wallet.streak_days, pay),
                symbol,
            )
        )
    if bridge.enabled:
        lines.append(texts.bridge_state(bridge_step(week, day), bridge.bonus, symbol))
    return "\n".join(lines) or texts.no_streaks()
