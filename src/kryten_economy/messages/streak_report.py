"""The reply to `streak`: the days so far, today, what comes next, and the bridge."""

from kryten_economy.messages.numbers import money, plural
from kryten_economy.rules.bridge import BridgeStep
from kryten_economy.rules.streaks import NextDay, Reward

__all__ = ("bridge_state", "no_streaks", "streak_report")

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
