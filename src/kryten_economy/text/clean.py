"""User text made fit for public lines and replies.

Line breaks become spaces; control, zero-width, bidirectional, invisible and private-use
characters vanish. A public line never begins with ``/`` or ``!``: the first is a CyTube
command (``/kick``), the second one of another bot.
"""

import unicodedata

from kryten_economy.text.lengths import clip, split, units

__all__ = ("name_shown", "public_line", "public_parts", "user_text")


_GUARD = "» "


_COMMAND_SIGNS = ("/", "!")


# Letters and marks by category, but drawn as nothing.
_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")


# Cc control, Cf format (zero-width, bidirectional), Cs lone surrogates, Co private use:
# U+EEEE is the place-holder with which CyTube itself cuts links out of a text.
_DROPPED = frozenset({"Cc", "Cf", "Cs", "Co"})


_SPACES = frozenset({"Zs", "Zl", "Zp"})


def user_text(text: str) -> str:
    """A person's text on one line, with single spaces and nothing invisible in it."""
    if not (text.isascii() and text.isprintable()):
        text = "".join(map(_visible, text))
    return " ".join(text.split())


def name_shown(name: str) -> str:
    """A user name as public lines show it: cleaned, without a leading ``@``."""
    return user_text(name).lstrip("@")


def public_line(text: str) -> str:
    """One line for the channel that no server and no other bot takes for a command."""
    line = user_text(text)
    return _GUARD + line if line.startswith(_COMMAND_SIGNS) else line


def public_parts(text: str, max_units: int) -> list[str]:
    """A text of any length as public lines of at most ``max_units`` UTF-16 units each.

    Line breaks end a line. Every part is guarded, also one that begins in mid-sentence.
    """
    parts: list[str] = []
    for line in text.splitlines():
        rest = user_text(line)
        while rest:
            room = max_units - (units(_GUARD) if rest.startswith(_COMMAND_SIGNS) else 0)
            first = split(rest, room)[0]
            parts.append(public_line(first))
            rest = rest[len(first) :].lstrip()
    return parts


def _visible(character: str) -> str:
    if character in "\n\r\t\v\f\x85":
        return " "
    category = unicodedata.category(character)
    if category in _SPACES:
        return " "
    return "" if category in _DROPPED or character in _INVISIBLE else character


_REASON_UNITS_MAX = 150


def because(reason: str | None) -> str:
    """The end of a sentence: a reason if there is one, and the full stop."""
    text = clip(user_text(reason or ""), _REASON_UNITS_MAX)
    return f": {text.rstrip('.')}." if text else "."
