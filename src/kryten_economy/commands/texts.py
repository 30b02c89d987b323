"""Replies and notices every user may get; admin texts are in `admin_replies`.

Pure functions of plain values. Texts name what was wrong and what is allowed, and quote
commands with ``'``: the channel's filters would eat pairs of ``*``, ``_`` and backticks
(`wire.md` 0.2). Names and words of users are cleaned here.
"""

from collections.abc import Sequence

from kryten_economy.text.clean import user_text
from kryten_economy.text.lengths import clip
from kryten_economy.text.numbers import duration, plural, uptime

__all__ = (
    "about",
    "about_oneself_only",
    "announced",
    "guest_not_allowed",
    "internal_error",
    "no_sentences",
    "not_authorised",
    "not_known_yet",
    "outcome_unknown",
    "reload_failed",
    "reloaded",
    "slow_down",
    "unknown_command",
    "usage",
)


_WORD_UNITS_MAX = 40


def about(service: str, version: str, uptime_s: float) -> str:
    """Name, version and uptime."""
    return f"{service} {version} | up {uptime(uptime_s)} | PM 'help' for the commands"


def unknown_command(word: str, suggestion: str | None) -> str:
    """The word was no command; the nearest one if any is near, and the way to help."""
    shown = clip(user_text(word), _WORD_UNITS_MAX)
    hint = f" Did you mean '{suggestion}'?" if suggestion else ""
    return f"I don't know the command '{shown}'.{hint} PM 'help' for the list."


def no_sentences() -> str:
    """Somebody talks to the bot as to a person."""
    return "I only understand commands. PM 'help' for the list."


def about_oneself_only(command: str, profile: bool) -> str:
    """Somebody else was named, and the command takes no name."""
    other = " 'profile @user' tells about others." if profile else ""
    return f"'{command}' tells about yourself only.{other}"


def usage(syntax: str, problem: str | None = None) -> str:
    """How the command is written; with what was wrong in front, if that is known."""
    text = f"Usage: {syntax}"
    return text if problem is None else f"{problem}\n{text}"


def slow_down(limit_per_minute: int, retry_after_s: float) -> str:
    """Told once per window to whoever sends too many commands."""
    wait = duration(max(1, -(-retry_after_s // 1)))
    return (
        f"⏳ Slow down, please: at most {plural(limit_per_minute, 'command')} per minute"
        f" (those that only show something count half). I'll listen again in {wait}."
    )


def not_authorised(command: str) -> str:
    """An admin command by somebody else."""
    return f"'{command}' needs admin rights in this channel."


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


_ERROR_UNITS_MAX = 600


_KEYS_MAX = 12


def reloaded(changed: Sequence[str], restart_needed: Sequence[str]) -> str:
    """To the admin: the key paths that changed, and those that wait for a restart.

    The two lists have no key in common.
    """
    if not changed and not restart_needed:
        return "✅ Config read again: nothing has changed."
    lines = ["✅ Config reloaded."]
    if changed:
        lines.append(f"Changed: {_some(changed)}.")
    if restart_needed:
        lines.append(f"⚠️ Only after a restart: {_some(restart_needed)}.")
    return "\n".join(lines)


def reload_failed(error: str) -> str:
    """To the admin: what is wrong with the file; its line breaks are kept."""
    told = "\n".join(line for line in map(user_text, error.splitlines()) if line)
    return f"❌ Config not reloaded, the old one stays.\n{clip(told, _ERROR_UNITS_MAX)}"


def announced(lines: int) -> str:
    """To the admin: the text is on its way."""
    return "✅ Announced." if lines == 1 else f"✅ Announced in {plural(lines, 'line')}."


def _some(keys: Sequence[str]) -> str:
    """The first keys, one per line where the filters would pair their underscores."""
    named = list(keys[:_KEYS_MAX])
    if len(keys) > _KEYS_MAX:
        named.append(f"and {len(keys) - _KEYS_MAX:,} more")
    return ("\n" if sum(key.count("_") for key in named) > 1 else ", ").join(named)
