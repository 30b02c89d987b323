"""The reply to ``rewards``: everything that earns here and is no secret (`commands.md` 6)."""

from kryten_economy.config import Settings
from kryten_economy.features.chat.triggers import TRIGGERS, shown_triggers
from kryten_economy.text.numbers import money

__all__ = ("rewards",)


def rewards(settings: Settings) -> str:
    """Presence, what comes back day by day, and every trigger that is on and not hidden."""
    lines = ["🎁 How to earn here", *_presence(settings), *_days(settings)]
    lines.extend(
        f"• {each.wording(settings)}: {_amount(each.reward(settings), settings)}"
        for each in shown_triggers(settings)
    )
    if any(each.enabled(settings) and not each.shown(settings) for each in TRIGGERS):
        lines.append("There are hidden rewards too: join the talk and find out.")
    return "\n".join(lines)


def _presence(settings: Settings) -> list[str]:
    presence, symbol = settings.presence, settings.currency.symbol
    lines = []
    if presence.base_rate_per_minute:
        lines.append(f"• being here: {money(presence.base_rate_per_minute, symbol)} per minute")
    if presence.active_bonus_per_minute:
        active = money(presence.active_bonus_per_minute, symbol)
        lines.append(f"• being active: {active} more per minute")
    milestones = [
        f"{hours}h {money(amount_z, symbol)}"
        for hours, amount_z in sorted(presence.hourly_milestones.items())
        if amount_z
    ]
    if milestones:
        lines.append(f"• hours in a day: {', '.join(milestones)}")
    if settings.rain.enabled:
        rain = settings.rain
        lines.append(f"• rain: {rain.min_amount} to {money(rain.max_amount, symbol)} now and then")
    return lines


def _days(settings: Settings) -> list[str]:
    streaks, symbol = settings.streaks, settings.currency.symbol
    lines = []
    paying = [amount_z for amount_z in streaks.daily.rewards.values() if amount_z]
    if streaks.daily.enabled and paying:
        most = money(max(paying), symbol)
        lines.append(
            f"• coming back day after day ({streaks.daily.min_presence_minutes} minutes each):"
            f" up to {most} per day"
        )
    bridge = streaks.weekend_weekday_bridge
    if bridge.enabled and bridge.bonus:
        lines.append(f"• weekend and weekday of one week: {money(bridge.bonus, symbol)}")
    return lines


def _amount(reward: float, settings: Settings) -> str:
    return f"{reward:,g} {settings.currency.symbol}"
