"""Numbers, amounts, durations and times as replies show them.

Amounts are whole Z with thousands separators; times are shown to
the minute in a given zone.
"""

from datetime import UTC, datetime, tzinfo
from fractions import Fraction

__all__ = (
    "bar",
    "duration",
    "factor",
    "hour_of",
    "minute_of",
    "money",
    "ordinal",
    "percent",
    "plural",
    "signed_money",
    "thousands",
    "uptime",
)


def thousands(number: int) -> str:
    """``1250`` is ``1,250``."""
    return f"{number:,}"


def money(amount_z: int, symbol: str) -> str:
    """``1,250 Z``."""
    return f"{amount_z:,} {symbol}"


def signed_money(amount_z: int, symbol: str) -> str:
    """``+50 Z``, ``-50 Z``."""
    return f"{amount_z:+,} {symbol}"


def plural(count: int, singular: str, several: str | None = None) -> str:
    """``1 day``, ``2 days``, ``1,250 days``."""
    word = singular if count == 1 else several or f"{singular}s"
    return f"{count:,} {word}"


def ordinal(number: int) -> str:
    """``1st``, ``2nd``, ``3rd``, ``11th``."""
    if number % 100 in {11, 12, 13}:
        return f"{number:,}th"
    return f"{number:,}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"


def percent(part: int, whole: int) -> str:
    """A share with one decimal, cut and not rounded so that only the whole is ``100.0%``."""
    assert whole > 0, whole
    tenths = part * 1000 // whole
    return f"{tenths // 10:,}.{tenths % 10}%"


def factor(multiplier: float | Fraction) -> str:
    """``2x``, ``1.5x``; at most two decimals."""
    return f"{float(multiplier):.2f}".rstrip("0").rstrip(".") + "x"


def duration(seconds: float) -> str:
    """``1d 2h 3m 4s`` without empty units; parts of a second are dropped, none is ``0s``."""
    rest = max(0, int(seconds))
    shown: list[str] = []
    for name, size in (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)):
        count, rest = divmod(rest, size)
        if count:
            shown.append(f"{count}{name}")
    return " ".join(shown) or "0s"


def uptime(seconds: float) -> str:
    """``26h 0m 3s``: hours, minutes and seconds, always all three."""
    minutes, rest = divmod(max(0, int(seconds)), 60)
    return f"{minutes // 60:,}h {minutes % 60}m {rest}s"


def minute_of(at_ms: int, zone: tzinfo = UTC) -> str:
    """``2026-11-20 10:39`` in ``zone``."""
    return f"{_local(at_ms, zone):%Y-%m-%d %H:%M}"


def hour_of(at_ms: int, zone: tzinfo = UTC) -> str:
    """The hour of an instant as ``2026-11-20 10h``, told apart where the clocks go back."""
    return f"{_local(at_ms, zone):%Y-%m-%d %Hh%z}"


def _local(at_ms: int, zone: tzinfo) -> datetime:
    return datetime.fromtimestamp(at_ms // 1000, zone)


def bar(part: int, whole: int, width: int) -> str:
    """How far ``part`` is on the way to ``whole``; full only when it is there."""
    full = width if part >= whole else part * width // whole
    return "█" * full + "░" * (width - full)
