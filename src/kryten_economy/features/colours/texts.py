"""What people read about chat colours."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from kryten_economy.features.colours.rules import BOT_RANK_MIN, Level, NotShown, Readability
from kryten_economy.text.markup import clip, user_text
from kryten_economy.text.templates import money

__all__ = (
    "bought",
    "given_back_later",
    "judged",
    "no_colour",
    "not_resynced",
    "not_shown",
    "protected",
    "shown_after_all",
    "unreadable",
)

_SHOWN_UNITS_MAX = 30

_REASONS: Final[Mapping[NotShown, str]] = MappingProxyType(
    {
        NotShown.ROBOT_AWAY: "The bot is away from the channel, so nobody would see your colour.",
        NotShown.RANK_UNKNOWN: "I don't know my own rank here yet; please try again in a moment.",
        NotShown.RANK_TOO_LOW: (
            f"The bot may not change the channel's CSS: that takes rank {BOT_RANK_MIN}."
        ),
        NotShown.UNREADABLE: "The channel's CSS can't be read right now, so I left it alone.",
        NotShown.DAMAGED: (
            "The colour block in the channel's CSS is damaged; a moderator has to mend it."
        ),
        NotShown.TOO_LONG: "The channel's CSS has no room left for another colour.",
        NotShown.NO_CHANGE: "The channel shows that colour for you already.",
        NotShown.UNANSWERED: "CyTube has not confirmed the colour.",
        NotShown.BUSY: "Too many people change their colours right now; please try again.",
        NotShown.GIVEN_BACK: "That purchase did not work out; please order the colour again.",
        NotShown.PENDING: "It is not known yet whether your colour is shown.",
    }
)


def not_shown(why: NotShown) -> str:
    """The colour was not bought, and what became of the money."""
    if why is NotShown.PENDING:
        return f"{_REASONS[why]} The price is set aside, and comes back by itself if it is not."
    return f"{_REASONS[why]} Nothing was charged."


def no_colour(text: str) -> str:
    """The text is no colour."""
    shown = clip(user_text(text), _SHOWN_UNITS_MAX)
    found = f"'{shown}' is not a colour I know" if shown else "A colour is missing"
    return f"{found}: it takes # and six digits from 0 to F, like #FFD700."


def unreadable(colour: str, found: Readability, min_score: float) -> str:
    """It is hard to read, and what would help."""
    advice = (
        "add some green or blue"
        if found.lacks_chroma and found.lc >= min_score
        else "take a lighter colour"
    )
    return (
        f"{colour} is too hard to read here (score {found.score:g}, at least {min_score:g}"
        f" is needed): please {advice}."
    )


def judged(colour: str, found: Readability, min_score: float) -> str:
    """What a page shows below the colour picker."""
    if found.level is Level.REJECT:
        return unreadable(colour, found, min_score)
    if found.level is Level.WARN:
        return f"{colour} can be read, but not easily (score {found.score:g})."
    return f"{colour} reads well (score {found.score:g})."


def not_resynced(why: NotShown) -> str:
    """To an operator: the stylesheet stays as it is."""
    if why is NotShown.UNREADABLE:
        return (
            f"{_REASONS[why]} Where a channel has no CSS yet, save some first: a comment will do."
        )
    return f"{_REASONS[why]} The stylesheet was left as it is."


def protected() -> str:
    """An operator has taken this user's colour into their own hands."""
    return "An operator manages your colour in this channel, so it can't be bought."


def bought(colour: str, charged_z: int, balance_z: int, symbol: str) -> str:
    """The receipt."""
    return (
        f"🎨 Your name is {colour} now. Charged: {money(charged_z, symbol)}."
        f" Balance: {money(balance_z, symbol)}."
    )


def shown_after_all(colour: str, charged_z: int, balance_z: int, symbol: str) -> str:
    """A purchase that was interrupted has turned out well."""
    receipt = bought(colour, charged_z, balance_z, symbol)
    return f"The purchase that was interrupted is done. {receipt}"


def given_back_later(colour: str, amount_z: int, balance_z: int, symbol: str) -> str:
    """A purchase that was interrupted has turned out not to be shown."""
    return (
        f"Your colour {colour} is not shown: your {money(amount_z, symbol)} came back."
        f" Balance: {money(balance_z, symbol)}."
    )
