"""Quiet mode: what it mutes and what it does not."""

from collections.abc import Collection

from kryten_economy.config import Settings

__all__ = ("QUIET_HINT", "quiet_off", "quiet_on", "with_quiet_hint")


QUIET_HINT = "(PM 'quiet' to mute notices like this.)"


def _muted(settings: Settings) -> str:
    """What quiet mode mutes of what these settings send at all."""
    streaks, rain = settings.streaks, settings.rain
    tiers = settings.ranks.tiers
    there = {
        "milestones": any(settings.presence.hourly_milestones.values()),
        "streaks": streaks.daily.enabled,
        "bridge bonus and reminder": streaks.weekend_weekday_bridge.enabled,
        "welcome back": settings.retention.welcome_back.enabled,
        "achievements": bool(settings.achievements),
        "rank-ups": len(tiers) > 1,
        "CyTube level notices": any(tier.cytube_level_promotion for tier in tiers),
        "rain": rain.enabled and rain.pm_notification,
        "event bonuses": bool(settings.multipliers.scheduled_events),
        "competition awards": bool(settings.daily_competitions),
    }
    return ", ".join(name for name, is_there in there.items() if is_there) or "automatic notices"


_SENT_WITH = (
    ("tips", "tip"),
    ("challenges", "challenge"),
    ("game results", "spin"),
    ("bounties", "bounty"),
    ("approvals", "approvals"),
)
"""What is never muted, and the command without which there is none of it."""


def quiet_on(settings: Settings, usable: Collection[str], *, was_on: bool = False) -> str:
    """Quiet mode is on: what is muted, what is not, and how to undo it."""
    state = "was on already" if was_on else "is on"
    sent = ["replies to your commands", *(name for name, by in _SENT_WITH if by in usable)]
    return (
        f"🔕 Quiet mode {state}.\nMuted: {_muted(settings)}.\n"
        f"Still sent: {', '.join(sent)} and what admins change on your account.\n"
        "PM 'unquiet' to get everything again."
    )


def quiet_off(*, was_off: bool = False) -> str:
    """Quiet mode is off."""
    state = "was off already" if was_off else "is off"
    return f"🔔 Quiet mode {state}: you get all notices. PM 'quiet' to mute the automatic ones."


def with_quiet_hint(notice: str) -> str:
    """A notice that can be muted, with the line that says how (`commands.md` 5)."""
    return f"{notice}\n{QUIET_HINT}"
