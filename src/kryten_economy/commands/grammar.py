"""How a private message is read as a command (`commands.md` 1).

The text is what the person typed (`text.markup.typed_text`), not CyTube's HTML.
Amounts come out as whole Z: ASCII digits with ``,`` or ``_`` between groups of three, thousands and
millions as ``5k`` and ``1.5m``, and shares of one's own balance as ``50%``, ``half`` and ``all``.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Literal

__all__ = (
    "AMOUNT_Z_MAX",
    "AmountFault",
    "BadAmount",
    "Parsed",
    "amount",
    "count",
    "parse",
    "unquoted",
)

AMOUNT_Z_MAX = 10**15

_GROUPED = re.compile(r"[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,3}(?:_[0-9]{3})+")
_SHORT = re.compile(rf"({_GROUPED.pattern})(?:\.([0-9]{{1,30}}))?([km])", re.ASCII | re.IGNORECASE)
_PERCENT = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,6})?)%", re.ASCII)
_THOUSANDS = {"k": 1_000, "m": 1_000_000}
_SHARES = {"half": Fraction(1, 2), "all": Fraction(1)}
_ARGUMENT = re.compile(r"\S+\s*")
_DIGITS_MAX = len(str(AMOUNT_Z_MAX))
_QUOTES = {'"': '"', "'": "'", "“": "”", "‘": "’", "«": "»", "„": "“"}  # noqa: RUF001 - people type curly quotes


class AmountFault(StrEnum):
    """Why a text is no amount; the value ends a sentence."""

    MISSING = "the amount is missing"
    SIGNED = "write it without a sign"
    FRACTION = "only whole amounts are possible"
    PARTS = "that makes no whole amount"
    GROUPING = "separators go between groups of three digits, as in 1,000"
    FOREIGN_DIGITS = "use the digits 0 to 9"
    NOT_A_NUMBER = "write a whole number like 50, 1,000, 5k or 1.5m"
    NO_SHARE = "half, all and percents are of one's own balance, so write a number here"
    ABOVE_ALL = "100% is all there is"
    NOTHING = "that part of your balance is less than 1"
    TOO_SMALL = "it must be at least 1"
    TOO_LARGE = f"the most is {AMOUNT_Z_MAX:,}"


@dataclass(frozen=True, slots=True)
class BadAmount:
    """A text that is no amount, and why."""

    reason: AmountFault


@dataclass(frozen=True, slots=True)
class Parsed:
    """A command word in lower case, its arguments, and the rest of the line as typed."""

    word: str
    args: tuple[str, ...]
    rest: str

    def text(self, after_args: int = 0) -> str:
        """The free text behind some arguments: inner spaces kept, one pair of quotes removed."""
        rest = self.rest
        for _ in range(after_args):
            found = _ARGUMENT.match(rest)
            if found is None:
                return ""
            rest = rest[found.end() :]
        return unquoted(rest)


def parse(line: str) -> Parsed | None:
    """The command of a PM; None if nothing is left of it. One leading ``!`` or ``/`` is dropped."""
    text = line.strip()
    if text.startswith(("!", "/")):
        text = text[1:].lstrip()
    if not text:
        return None
    word, *others = text.split(maxsplit=1)
    rest = others[0] if others else ""
    return Parsed(word.lower(), tuple(rest.split()), rest)


def unquoted(text: str) -> str:
    """The text without one pair of matching quotes around the whole of it."""
    stripped = text.strip()
    if len(stripped) < 2:
        return stripped
    opening, inner, closing = stripped[0], stripped[1:-1], stripped[-1]
    # In `"a" or "b"` the outer two are no pair.
    if _QUOTES.get(opening) != closing or opening in inner or closing in inner:
        return stripped
    return inner.strip()


def amount(text: str, *, lowest: Literal[0, 1] = 1, of_z: int | None = None) -> int | BadAmount:
    """A whole amount of Z from ``lowest`` to `AMOUNT_Z_MAX`, or why the text is none.

    Shares are of ``of_z``, rounded down to at least 1; None where they make no sense.
    """
    share = _share(text)
    if share is not None:
        return share if isinstance(share, BadAmount) else _part(share, of_z)
    short = _SHORT.fullmatch(text)
    if short is not None:
        return _shortened(*short.groups(""), lowest=lowest)
    if not _GROUPED.fullmatch(text):
        return BadAmount(_fault(text))
    return _bounded(text, lowest)


def _share(text: str) -> Fraction | BadAmount | None:
    """Which part of a balance is meant, if any."""
    percent = _PERCENT.fullmatch(text)
    if percent is None:
        return _SHARES.get(text.lower())
    share = Fraction(percent[1]) / 100
    if not share:
        return BadAmount(AmountFault.TOO_SMALL)
    return BadAmount(AmountFault.ABOVE_ALL) if share > 1 else share


def _part(share: Fraction, of_z: int | None) -> int | BadAmount:
    if of_z is None:
        return BadAmount(AmountFault.NO_SHARE)
    part_z = of_z * share.numerator // share.denominator
    if part_z < 1:
        return BadAmount(AmountFault.NOTHING)
    return BadAmount(AmountFault.TOO_LARGE) if part_z > AMOUNT_Z_MAX else part_z


def _shortened(whole: str, decimals: str, unit: str, *, lowest: int) -> int | BadAmount:
    """``1.5k`` in Z, where that is a whole number of them."""
    read = _bounded(whole, 0)
    if isinstance(read, BadAmount):
        return read
    exact = (read + Fraction(f"0.{decimals or 0}")) * _THOUSANDS[unit.lower()]
    if exact.denominator != 1:
        return BadAmount(AmountFault.PARTS)
    return _bounded(str(exact.numerator), lowest)


def _bounded(text: str, lowest: int) -> int | BadAmount:
    digits = text.replace(",", "").replace("_", "").lstrip("0")
    # Counting digits first keeps a line of thousands of them away from int().
    if len(digits) > _DIGITS_MAX:
        return BadAmount(AmountFault.TOO_LARGE)
    number = int(digits or "0")
    if number < lowest:
        return BadAmount(AmountFault.TOO_SMALL)
    return BadAmount(AmountFault.TOO_LARGE) if number > AMOUNT_Z_MAX else number


def count(text: str | None, *, default: int, low: int, high: int) -> int | None:
    """A count drawn into ``low``..``high``; ``default`` if there is none or only a word.

    None for a number that is no count: -1, 2.5, or digits of another script.
    """
    if text is None or not _GROUPED.fullmatch(text):
        return None if text and any(map(str.isnumeric, text)) else default
    digits = text.replace(",", "").replace("_", "").lstrip("0")
    number = high if len(digits) > _DIGITS_MAX else int(digits or "0")
    return max(low, min(high, number))


def _fault(text: str) -> AmountFault:
    """The most helpful thing to say about a text that is no amount."""
    if not text:
        return AmountFault.MISSING
    body = text.lstrip("+-\u2212")
    if body != text and (body.isdecimal() or _SHORT.fullmatch(body) or _PERCENT.fullmatch(body)):
        return AmountFault.SIGNED
    if not text.isascii() and any(character.isdigit() for character in text):
        return AmountFault.FOREIGN_DIGITS
    if re.fullmatch(r"[-+]?[0-9]*\.[0-9]+", text):
        return AmountFault.FRACTION
    if re.fullmatch(r"[0-9][0-9,_]*", text):
        return AmountFault.GROUPING
    return AmountFault.NOT_A_NUMBER
