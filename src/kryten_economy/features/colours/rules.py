"""Which colours there are, and how well each can be read in chat (`spending.md` 9.1 and 9.2).

The score is APCA's lightness contrast (version 0.1.9), lowered for reds without green or blue:
those are hard to read on a dark page whatever their lightness says (P-CSS-8).
"""

import re
from enum import StrEnum
from typing import Final, NamedTuple

from kryten_economy.config.vanity import ChatColor

__all__ = ("BOT_RANK_MIN", "Level", "NotShown", "Readability", "parsed_colour", "readability")

BOT_RANK_MIN: Final = 3
"""CyTube throws a bot out that writes a stylesheet below this rank."""


class NotShown(StrEnum):
    """Why the channel does not show a colour; each has its sentence in `texts`."""

    ROBOT_AWAY = "robot_away"
    RANK_UNKNOWN = "rank_unknown"
    RANK_TOO_LOW = "rank_too_low"
    UNREADABLE = "unreadable"
    """Nothing was read, or two sources tell two stories."""
    DAMAGED = "damaged"
    TOO_LONG = "too_long"
    NO_CHANGE = "no_change"
    """It was shown already."""
    UNANSWERED = "unanswered"
    """It was written, and CyTube never told the new text."""
    BUSY = "busy"
    GIVEN_BACK = "given_back"
    """This very purchase was tried before, in vain."""
    PENDING = "pending"
    """Nobody knows yet, and the money waits."""


class Level(StrEnum):
    """What comes of a score."""

    OK = "ok"
    WARN = "warn"
    REJECT = "reject"


_HEX = re.compile(r"#?([0-9A-Fa-f]{6})", re.ASCII)
_FULL_CHROMA: Final = 160


def parsed_colour(text: str) -> str | None:
    """``#RRGGBB`` in upper case; None for short forms and names, which are no colours here."""
    found = _HEX.fullmatch(text.strip())
    return None if found is None else f"#{found.group(1).upper()}"


class Readability(NamedTuple):
    """``lc`` is the lightness contrast without its sign, ``chroma`` what the score keeps of it."""

    lc: float
    chroma: float
    score: float
    level: Level
    enforced: bool

    @property
    def acceptable(self) -> bool:
        """Whether it may be bought."""
        return self.level is not Level.REJECT or not self.enforced

    @property
    def lacks_chroma(self) -> bool:
        """Whether more green or blue would help; otherwise only a lighter colour does."""
        return self.chroma < 1


def readability(colour: str, terms: ChatColor) -> Readability:
    """How well text of a colour (``#RRGGBB``) reads on the configured page."""
    lc = abs(_contrast(_luminance(colour), _luminance(terms.contrast_bg)))
    _, green, blue = _channels(colour)
    chroma = min(green + blue, _FULL_CHROMA) / _FULL_CHROMA
    score = round(lc * chroma, 1)
    return Readability(round(lc, 1), chroma, score, _level(score, terms), terms.enforce_contrast)


def _level(score: float, terms: ChatColor) -> Level:
    if score < terms.min_contrast_lc:
        return Level.REJECT
    return Level.WARN if score < terms.warn_contrast_lc else Level.OK


def _channels(colour: str) -> tuple[int, int, int]:
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return red, green, blue


def _luminance(colour: str) -> float:
    red, green, blue = (float((each / 255) ** 2.4) for each in _channels(colour))
    luminance = 0.2126729 * red + 0.7151522 * green + 0.0721750 * blue
    # Screens and eyes lift what is nearly black.
    return luminance if luminance > 0.022 else luminance + float((0.022 - luminance) ** 1.414)


def _contrast(text: float, page: float) -> float:
    """Lc: below 0 for light text on a dark page, above 0 for dark text on a light one."""
    if abs(page - text) < 0.0005:
        return 0.0
    if text >= page:
        contrast = (page**0.65 - text**0.62) * 1.14
        return 0.0 if contrast > -0.1 else float((contrast + 0.027) * 100)
    contrast = (page**0.56 - text**0.57) * 1.14
    return 0.0 if contrast < 0.1 else float((contrast - 0.027) * 100)
