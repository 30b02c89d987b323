"""The reply to `history` (`spec/spending.md` 11): newest first, one movement per line."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from kryten_economy.messages.clean import user_text
from kryten_economy.messages.lengths import clip
from kryten_economy.messages.numbers import hour_of, minute_of, money, signed_money

__all__ = ("PRESENCE", "HistoryRow", "history", "presence_merged")

PRESENCE = "presence.base"

_LABEL_UNITS_MAX = 80


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One movement of a wallet; ``amount_z`` is signed, ``reason`` may be a user's words.

    ``number`` is what `why` takes.
    """

    number: int
    at_ms: int
    amount_z: int
    balance_after_z: int
    trigger_id: str
    reason: str | None = None


def history(rows: Sequence[HistoryRow], count: int, symbol: str, zone: ZoneInfo) -> str:
    """At most ``count`` lines for rows given newest first; minutes present count by the hour.

    Give it more rows than lines are wanted, since minutes present share lines.
    """
    merged = presence_merged(rows, zone)[:count]
    if not merged:
        return "No movements yet. Stay a minute or say something, and there will be."
    lines = [f"📜 Newest first, times in {zone.key}:"]
    lines.extend(_line(row, symbol, zone) for row in merged)
    return "\n".join(lines)


def presence_merged(rows: Sequence[HistoryRow], zone: ZoneInfo) -> list[HistoryRow]:
    """The rows with the presence of each clock hour as one row, in the place of its newest.

    Its amount is the sum; number, time and balance are those of the newest minute.
    """
    merged: list[HistoryRow] = []
    places: dict[str, int] = {}
    minutes: dict[str, int] = {}
    for row in rows:
        if row.trigger_id != PRESENCE:
            merged.append(row)
            continue
        hour = hour_of(row.at_ms, zone)
        minutes[hour] = minutes.get(hour, 0) + 1
        if hour not in places:
            places[hour] = len(merged)
            merged.append(replace(row, reason=row.reason or "present"))
        else:
            place = places[hour]
            kept = merged[place]
            merged[place] = replace(
                kept,
                amount_z=kept.amount_z + row.amount_z,
                reason=f"present, {minutes[hour]:,} min",
            )
    return merged


def _line(row: HistoryRow, symbol: str, zone: ZoneInfo) -> str:
    label = clip(user_text(row.reason or "") or row.trigger_id, _LABEL_UNITS_MAX)
    return (
        f"#{row.number} {signed_money(row.amount_z, symbol)} | {label}"
        f" | {minute_of(row.at_ms, zone)} | balance {money(row.balance_after_z, symbol)}"
    )
