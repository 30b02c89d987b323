"""Replies and notices every user may get; admin texts are in `admin_replies`.

Pure functions of plain values. Texts name what was wrong and what is allowed, and quote
commands with ``'``: the channel's filters would eat pairs of ``*``, ``_`` and backticks
(`spec/wire.md` 0.2). Names and words of users are cleaned here.
"""

from collections.abc import Mapping

from kryten_economy.messages.clean import user_text
from kryten_economy.messages.lengths import clip
from kryten_economy.messages.numbers import duration, money, plural, thousands, uptime
from kryten_economy.messages.templates import render_tolerant

__all__ = (
    "QUIET_HINT",
    "WELCOME_TEMPLATE",
    "about",
    "balance",
    "banned",
    "guest_not_allowed",
    "hold_returned",
    "internal_error",
    "not_authorised",
    "not_known_yet",
    "outcome_unknown",
    "quiet_off",
    "quiet_on",
    "slow_down",
    "unknown_command",
    "usage",
    "welcome",
    "with_quiet_hint",
)

WELCOME_TEMPLATE = (
    "Welcome! You've got {amount} {currency}. Stick around and you'll earn more."
    " Try 'help' to see what you can do."
)

QUIET_HINT = "(PM 'quiet' to mute notices like this.)"

_WORD_UNITS_MAX = 40

# `spec/commands.md` 5: the two halves of quiet mode.
_MUTED = (
    "milestones, streaks, bridge bonus and reminder, welcome back, achievements, rank-ups,"
    " CyTube level notices, rain, event bonuses, competition awards, daily summary"
)
_NOT_MUTED = (
    "replies to your commands, tips, challenges, game results, bounties, approvals,"
    " and what admins change on your account"
)


def balance(
    balance_z: int, symbol: str, currency: str, rank: str | None, streak_days: int | None
) -> str:
    """The balance with the (personal) currency name; rank and streak where they are kept."""
    lines = [f"💰 Balance: {money(balance_z, symbol)} ({user_text(currency)})"]
    standing = []
    if rank is not None:
        standing.append(f"⭐ Rank: {rank}")
    if streak_days is not None:
        standing.append(f"🔥 Streak: {plural(streak_days, 'day')}")
    if standing:
        lines.append(" | ".join(standing))
    return "\n".join(lines)


def about(service: str, version: str, uptime_s: float) -> str:
    """Name, version and uptime."""
    return f"{service} {version} | up {uptime(uptime_s)} | PM 'help' for the commands"


def unknown_command(word: str, suggestion: str | None) -> str:
    """The word was no command; the nearest one if any is near, and the way to help."""
    shown = clip(user_text(word), _WORD_UNITS_MAX)
    hint = f" Did you mean '{suggestion}'?" if suggestion else ""
    return f"I don't know the command '{shown}'.{hint} PM 'help' for the list."


def usage(syntax: str, problem: str | None = None) -> str:
    """How the command is written; with what was wrong in front, if that is known."""
    text = f"Usage: {syntax}"
    return text if problem is None else f"{problem}\n{text}"


def slow_down(limit_per_minute: int, retry_after_s: float) -> str:
    """Told once per window to whoever sends too many commands."""
    wait = duration(max(1, -(-retry_after_s // 1)))
    return (
        f"⏳ Slow down, please: at most {plural(limit_per_minute, 'command')} per minute."
        f" I'll listen again in {wait}."
    )


def not_authorised(command: str) -> str:
    """An admin command by somebody else."""
    return f"'{command}' needs admin rights in this channel."


def banned() -> str:
    """The answer to every command of a banned user but the exempt ones."""
    return "Your access to the economy is suspended. Please ask a channel admin about it."


def guest_not_allowed() -> str:
    """The answer to guests while only registered users take part."""
    return (
        "Guests can't hold money here, since anyone can take a guest's name."
        " Log in with a registered CyTube account and you'll start earning."
    )


def not_known_yet() -> str:
    """Somebody wrote whom no user list has shown so far."""
    return "I don't see you in the user list yet. Please try again in a few seconds."


def internal_error() -> str:
    """Something broke and nothing was changed."""
    return "Sorry, something went wrong on my side and nothing was changed. Please try again later."


def outcome_unknown() -> str:
    """Something broke and nobody knows yet whether it happened."""
    return (
        "Sorry, I can't tell whether that went through."
        " Please check 'history' before you try again."
    )


def welcome(template: str, amount_z: int, currency: Mapping[str, object]) -> str:
    """The welcome PM from the configured template.

    ``currency`` holds ``currency``, ``currency_plural`` and ``symbol``. A broken template
    gives the built-in text.
    """
    values = {**currency, "amount": thousands(amount_z)}
    text = render_tolerant(template, values) or render_tolerant(WELCOME_TEMPLATE, values)
    assert text is not None
    return text


def hold_returned(amount_z: int, balance_z: int, purpose: str, symbol: str) -> str:
    """Money that was set aside came back because nobody answered in time."""
    return (
        f"Your {money(amount_z, symbol)} for {purpose} came back: nobody answered in time."
        f" Balance: {money(balance_z, symbol)}."
    )


def quiet_on(*, was_on: bool = False) -> str:
    """Quiet mode is on: what is muted, what is not, and how to undo it."""
    state = "was on already" if was_on else "is on"
    return (
        f"🔕 Quiet mode {state}.\nMuted: {_MUTED}.\n"
        f"Still sent: {_NOT_MUTED}.\nPM 'unquiet' to get everything again."
    )


def quiet_off(*, was_off: bool = False) -> str:
    """Quiet mode is off."""
    state = "was off already" if was_off else "is off"
    return f"🔔 Quiet mode {state}: you get all notices. PM 'quiet' to mute the automatic ones."


def with_quiet_hint(notice: str) -> str:
    """A notice that can be muted, with the line that says how (`spec/commands.md` 5)."""
    return f"{notice}\n{QUIET_HINT}"
