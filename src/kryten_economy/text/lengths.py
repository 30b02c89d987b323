"""Lengths in UTF-16 units, as CyTube counts them, and texts cut to fit.

A cut prefers line breaks, then spaces, and else falls between characters that belong
together: never inside an emoji sequence or before a combining mark, unless one such
cluster alone is longer than the limit. Code points are never cut.
"""

import unicodedata

__all__ = ("clip", "split", "units")


_JOINER = "\u200d"


def units(text: str) -> int:
    """The number of UTF-16 code units."""
    if text.isascii():
        return len(text)
    return len(text) + sum(character > "\uffff" for character in text)


def split(text: str, max_units: int) -> list[str]:
    """The text in parts of at most ``max_units``; none is blank, and none for a blank text.

    White space at a cut is dropped; everything else is kept in order.
    """
    assert max_units >= 2, max_units
    parts: list[str] = []
    rest = text.strip("\n").rstrip()
    while rest and units(rest) > max_units:
        end = _cut(rest, max_units)
        parts.append(rest[:end].rstrip())
        rest = rest[end:].lstrip()
    parts.append(rest)
    return [part for part in parts if part and not part.isspace()]


def clip(text: str, max_units: int, ending: str = "…") -> str:
    """The text if it fits, else its beginning followed by ``ending``, within ``max_units``."""
    if units(text) <= max_units:
        return text
    room = max_units - units(ending)
    assert room >= 0, max_units
    return text[: _hard_end(text, room)].rstrip() + ending if room else ending


def _cut(text: str, max_units: int) -> int:
    """Where the first part of a text that is too long ends."""
    # One character more than fits: a break right behind a full part is the best of all.
    window = text[: _fitting(text, max_units) + 1]
    for separator in ("\n", " "):
        place = window.rfind(separator)
        if place > 0 and not window[:place].isspace():
            return place
    return _hard_end(text, max_units)


def _hard_end(text: str, max_units: int) -> int:
    """The last place within the limit at which no cluster is torn; code points at worst."""
    fitting = _fitting(text, max_units)
    end = fitting
    while 0 < end < len(text) and _belongs_together(text, end):
        end -= 1
    return end or fitting


def _fitting(text: str, max_units: int) -> int:
    """How many code points from the start fit into ``max_units``."""
    if text.isascii():
        return min(len(text), max_units)
    room = max_units
    for place, character in enumerate(text):
        room -= 2 if character > "\uffff" else 1
        if room < 0:
            return place
    return len(text)


def _belongs_together(text: str, place: int) -> bool:
    """Whether the characters before and at ``place`` are shown as one."""
    before, after = text[place - 1], text[place]
    if _extends(after) or before == _JOINER:
        return True
    if _is_low(after) and "\ud800" <= before <= "\udbff":
        return True
    return _is_regional(before) and _is_regional(after) and _regionals_before(text, place) % 2 == 1


def _extends(character: str) -> bool:
    """Marks, selectors, joiners, skin tones and tag characters continue what stands before."""
    return (
        character == _JOINER
        or "\U0001f3fb" <= character <= "\U0001f3ff"
        or "\U000e0020" <= character <= "\U000e007f"
        or unicodedata.category(character) in {"Mn", "Me", "Mc"}
    )


def _is_low(character: str) -> bool:
    return "\udc00" <= character <= "\udfff"


def _is_regional(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _regionals_before(text: str, place: int) -> int:
    """Flags are pairs: an odd count before ``place`` means that it is inside one."""
    count = 0
    while count < place and _is_regional(text[place - 1 - count]):
        count += 1
    return count
