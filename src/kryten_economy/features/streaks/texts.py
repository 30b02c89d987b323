"""What a user is told about milestones, streaks, the bridge and a return (`earning.md` 4-7).

Pure. Templates come from the settings; one that is broken gives the built-in text.
"""

from collections.abc import Mapping

from kryten_economy.features.streaks.rules import BridgeStep, NextDay, Reward
from kryten_economy.text.markup import name_shown
from kryten_economy.text.templates import money, plural, rendered_or, thousands

__all__ = (
    "bridge",
    "bridge_reminder",
    "bridge_state",
    "no_streaks",
    "streak_announced",
    "streak_bonus",
    "streak_day",
    "streak_report",
)


_REMINDER = "Connect any weekday this week for a {amount} {currency} bridge bonus!"


_ANNOUNCED = "🔥 {user} hit a {days}-day streak!"


def streak_day(days: int, paid_z: int, symbol: str) -> str:
    """Another day in a row."""
    return f"🔥 Day {days:,} of your streak: +{money(paid_z, symbol)}."


def streak_bonus(days: int, paid_z: int, symbol: str) -> str:
    """The bonus of a long streak."""
    return f"🏅 {plural(days, 'day')} in a row: +{money(paid_z, symbol)} bonus!"


def streak_announced(
    template: str, display_name: str, days: int, currency: Mapping[str, object]
) -> str:
    """The line for the channel."""
    values = {**currency, "user": name_shown(display_name), "days": thousands(days)}
    return rendered_or(template, _ANNOUNCED, values)


def bridge(paid_z: int, symbol: str) -> str:
    """There at the weekend and on a weekday."""
    return f"🌉 Here at the weekend and on a weekday: +{money(paid_z, symbol)} bridge bonus!"


def bridge_reminder(template: str, bonus_z: int, currency: Mapping[str, object]) -> str:
    """A weekend visitor is asked back for a weekday."""
    return rendered_or(template, _REMINDER, {**currency, "amount": thousands(bonus_z)})


_STEPS = {
    BridgeStep.PAID: "paid this week",
    BridgeStep.DUE: "due on your next day here",
    BridgeStep.WEEKDAY: "a weekday is still missing",
    BridgeStep.WEEKEND: "the weekend is still missing",
    BridgeStep.BOTH: "be here on a weekday and at the weekend",
}


def streak_report(
    days: int,
    longest: int,
    minutes: int,
    needed: int,
    following: NextDay,
    milestone: Reward | None,
    symbol: str,
) -> str:
    """How many days in a row, today's ``minutes`` of those ``needed``, and what is next."""
    lines = [f"🔥 Streak: {plural(days, 'day')} | Longest: {plural(longest, 'day')}"]
    if following.is_today:
        lines.append(f"Today: {minutes:,} of {plural(needed, 'minute')}")
    else:
        lines.append("Today counts already")
    when = "today" if following.is_today else "tomorrow"
    lines.append(f"Day {following.days:,}, {when}: {_brings(following.awards, symbol)}")
    if milestone is not None:
        lines.append(f"Next milestone: {milestone.reason}, {money(milestone.amount_z, symbol)}")
    return "\n".join(lines)


def bridge_state(step: BridgeStep, bonus_z: int, symbol: str) -> str:
    """Where the user stands with weekend and weekday."""
    return f"🌉 Weekend and weekday, {money(bonus_z, symbol)}: {_STEPS[step]}"


def no_streaks() -> str:
    """Neither streaks nor the bridge are on."""
    return "Streaks are switched off in this channel."


def _brings(awards: tuple[Reward, ...], symbol: str) -> str:
    if not awards:
        return "no reward"
    return " and ".join(f"+{money(each.amount_z, symbol)}" for each in awards)
