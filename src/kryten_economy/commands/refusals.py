"""Why something about money did not happen: what was wrong and what is allowed.

`in_words` is the one way to tell a refusal; people and other services read the same sentence.
"""

from typing import assert_never

from kryten_economy.refusals import (
    AMOUNT_MAX_Z,
    AlreadySettled,
    AnyRefusal,
    Banned,
    Busy,
    Conflict,
    Ignored,
    Insufficient,
    InvalidAmount,
    NoAccount,
    NoHold,
    ReadOnly,
    SameAccount,
    TooFewCoins,
)
from kryten_economy.text.clean import name_shown
from kryten_economy.text.lengths import clip
from kryten_economy.text.numbers import duration, money, plural

__all__ = (
    "above_maximum",
    "bad_amount",
    "bad_name",
    "below_minimum",
    "books_closed",
    "busy",
    "cooling_down",
    "daily_limit",
    "feature_off",
    "ignored",
    "in_words",
    "insufficient",
    "no_account",
    "not_connected",
    "not_yourself",
    "target_banned",
    "unknown_user",
)


_NAME_UNITS_MAX = 40


def in_words(  # noqa: C901, PLR0911, PLR0912  # one sentence for each refusal
    refusal: AnyRefusal, symbol: str, *, name: str | None = None
) -> str:
    """Why nothing was done; ``name`` is whose account it was about, None for the reader's own."""
    match refusal:
        case Insufficient(balance_z, short_z):
            if name is None:
                return insufficient(balance_z + short_z, balance_z, symbol)
            needed, has = money(balance_z + short_z, symbol), money(balance_z, symbol)
            return (
                f"{_shown(name)} has only {has}, so {needed} can't be deducted."
                " Nothing was changed."
            )
        case NoAccount(user):
            return no_account() if name is None else unknown_user(name or user.name)
        case Banned(user):
            return target_banned(name or user.name)
        case TooFewCoins(users):
            return f"That is less than one coin each for {users}. Nothing was changed."
        case SameAccount():
            return "That would go from you to you. Nothing was changed."
        case Conflict():
            return "This request_id was used before, for something else. Nothing was changed."
        case NoHold() | AlreadySettled():
            return "That is settled already. Nothing was changed."
        case ReadOnly():
            return books_closed()
        case InvalidAmount(amount_z):
            return above_maximum(amount_z, AMOUNT_MAX_Z, symbol)
        case Ignored(ignored_name):
            return ignored(ignored_name)
        case Busy():
            return busy()
        case _:
            assert_never(refusal)


def ignored(name: str) -> str:
    """The bot and ignored users hold no money."""
    return f"{_shown(name)} is on the list of ignored users, who are paid nothing."


def insufficient(needed_z: int, balance_z: int, symbol: str) -> str:
    """The balance does not cover the price or wager."""
    short = money(needed_z - balance_z, symbol)
    return (
        f"That takes {money(needed_z, symbol)} and you have {money(balance_z, symbol)}:"
        f" {short} short."
    )


def below_minimum(amount_z: int, minimum_z: int, symbol: str) -> str:
    """The amount is smaller than allowed."""
    return f"{money(amount_z, symbol)} is too little: the minimum is {money(minimum_z, symbol)}."


def above_maximum(amount_z: int, maximum_z: int, symbol: str) -> str:
    """The amount is larger than allowed."""
    return f"{money(amount_z, symbol)} is too much: the maximum is {money(maximum_z, symbol)}."


def bad_amount(text: str, reason: str) -> str:
    """The text is no amount; ``reason`` says why (`commands.grammar`)."""
    return f"'{_shown(text)}' is not an amount: {reason}."


def bad_name(text: str) -> str:
    """The text can't be a user name."""
    return (
        f"'{_shown(text)}' can't be a user name:"
        " names have 1 to 20 letters, digits, '-' and underscores."
    )


def unknown_user(name: str) -> str:
    """No account under this name in the channel."""
    return f"I don't know anyone called {_shown(name)} in this channel."


def no_account() -> str:
    """The sender has no account yet."""
    return "You have no account yet. PM 'balance' to open one."


def not_connected(name: str) -> str:
    """The user has to be here for this."""
    return f"{_shown(name)} is not here at the moment."


def not_yourself(what: str) -> str:
    """The sender named themself: ``what`` is ``tip`` or ``challenge``."""
    return f"You can't {what} yourself."


def target_banned(name: str) -> str:
    """The other user is banned from the economy."""
    return f"{_shown(name)} is suspended from the economy at the moment."


def cooling_down(what: str, wait_s: float) -> str:
    """Too early for another one; the wait is rounded up to whole seconds."""
    return f"{what} is cooling down: try again in {duration(max(1, -(-wait_s // 1)))}."


def daily_limit(what: str, limit: int) -> str:
    """The allowance of the day is used up; ``what`` is one piece (``queued video``)."""
    return f"You've reached today's limit of {plural(limit, what)}. Come back tomorrow."


def feature_off(what: str) -> str:
    """The feature is switched off; ``what`` begins the sentence (``Tipping``)."""
    return f"{what} is switched off in this channel."


def busy() -> str:
    """The service could not take the command in time; nothing was done."""
    return "I'm too busy right now and did nothing. Please try again in a moment."


def books_closed() -> str:
    """The channel is read-only until an operator has looked at its books."""
    return (
        "Payments in this channel are paused while an operator checks the books."
        " Your balance is safe."
    )


def _shown(text: str) -> str:
    return clip(name_shown(text), _NAME_UNITS_MAX)
