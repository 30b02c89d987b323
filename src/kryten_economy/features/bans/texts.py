"""Texts about bans."""

from kryten_economy.text.clean import because, name_shown

__all__ = (
    "already_banned",
    "ban_notice",
    "banned",
    "banned_user",
    "not_banned",
    "unban_notice",
    "unbanned_user",
)


def banned() -> str:
    """The answer to every command of a banned user but the exempt ones."""
    return "Your access to the economy is suspended. Please ask a channel admin about it."


def banned_user(name: str) -> str:
    """To the admin: the ban holds."""
    return f"✅ {name_shown(name)} is banned from the economy. PM 'unban' with the name to undo it."


def already_banned(name: str) -> str:
    """To the admin: there was nothing to do."""
    return f"{name_shown(name)} is already banned. Nothing was changed."


def ban_notice(reason: str | None) -> str:
    """To the banned user."""
    return (
        f"Your access to the economy has been suspended by an admin{because(reason)}"
        " Your balance is kept."
    )


def unbanned_user(name: str) -> str:
    """To the admin: the ban is lifted."""
    return f"✅ {name_shown(name)} may use the economy again."


def not_banned(name: str) -> str:
    """To the admin: there was nothing to do."""
    return f"{name_shown(name)} is not banned. Nothing was changed."


def unban_notice() -> str:
    """To the user whose ban is lifted."""
    return "Your access to the economy has been restored. Welcome back!"
