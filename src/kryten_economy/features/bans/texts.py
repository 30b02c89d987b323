"""Texts about bans."""

from kryten_economy.text.clean import because, name_shown

__all__ = (
    "already_banned",
    "ban_notice",
    "banned",
    "banned_user",
    "bot_not_banned",
    "not_banned",
    "oneself_not_banned",
    "unban_notice",
    "unbanned_user",
)


def banned() -> str:
    """The answer to every command of a banned user but the exempt ones."""
    return "Your access to the economy is suspended. Please ask a channel admin about it."


def banned_user(name: str, *, seen: bool = True) -> str:
    """To the admin: the ban holds, perhaps for a name that nobody has."""
    text = f"✅ {name_shown(name)} is banned from the economy. PM 'unban' with the name to undo it."
    return text if seen else f"{text} I've never seen this name here: is it spelled right?"


def bot_not_banned() -> str:
    """To the admin: the bot takes no part in the economy."""
    return "That's me. I hold no money, so there is nothing to ban. Nothing was changed."


def oneself_not_banned() -> str:
    """To the admin who has named themself."""
    return "You can't ban yourself. Nothing was changed."


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
