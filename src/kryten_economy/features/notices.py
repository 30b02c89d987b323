"""Quiet mode: what it mutes and what it does not.

Quiet mode: who wants no automatic notices.
"""

from collections.abc import Collection
from dataclasses import dataclass

from kryten_economy.config import Settings
from kryten_economy.ledger.operation import Request, operation
from kryten_economy.ledger.tx import Tx
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.text.templates import ByPm
from kryten_economy.users import UserKey

__all__ = (
    "QUIET_HINT",
    "SetQuiet",
    "quiet_off",
    "quiet_on",
    "set_quiet",
    "with_quiet_hint",
)


@dataclass(frozen=True, slots=True)
class SetQuiet(Request[Wallet]):
    """Turn automatic notices off or on; opens the account if missing."""

    user: UserKey
    display_name: str
    on: bool
    at_ms: int
    day: str = ""


@operation
def set_quiet(tx: Tx, ask: SetQuiet) -> Wallet:
    """Turn automatic notices off or on; a missing account is opened (P-MSG-5)."""
    account = tx.find_or_open(ask.user, ask.display_name, ask.day, ask.at_ms)
    tx.accounts.rename(account, ask.display_name)
    if bool(account.quiet) != ask.on:
        account.quiet = int(ask.on)
        tx.accounts.touch(account, profile=True)
    return account.wallet


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
    return ByPm(
        f"🔕 Quiet mode {state}.\nMuted: {_muted(settings)}.\n"
        f"Still sent: {', '.join(sent)} and what admins change on your account.",
        "\nPM 'unquiet' to get everything again.",
    )


def quiet_off(*, was_off: bool = False) -> str:
    """Quiet mode is off."""
    state = "was off already" if was_off else "is off"
    return ByPm(
        f"🔔 Quiet mode {state}: you get all notices.", " PM 'quiet' to mute the automatic ones."
    )


def with_quiet_hint(notice: str) -> str:
    """A notice that can be muted, with the line that says how (`commands.md` 5)."""
    return f"{notice}\n{QUIET_HINT}"
