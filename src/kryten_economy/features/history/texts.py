"""The replies to `history` and `why`."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias
from zoneinfo import ZoneInfo

from kryten_economy.config import Settings
from kryten_economy.features.chat.triggers import TRIGGERS
from kryten_economy.features.history.rules import Behind, Explanation, Movement
from kryten_economy.features.history.settings_behind import Value
from kryten_economy.text.markup import clip, name_shown, split, user_text
from kryten_economy.text.templates import factor, hour_of, minute_of, money, plural, signed_money

__all__ = (
    "EXPLAINED",
    "PRESENCE",
    "HistoryRow",
    "explained",
    "history",
    "no_movements",
    "no_such_transaction",
    "presence_merged",
    "rule_in_words",
)


PRESENCE = "presence.base"


_LABEL_UNITS_MAX = 80
_SHORT_LABEL_UNITS_MAX = 28


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One movement of a wallet; ``amount_z`` is signed, ``reason`` may be a user's words.

    ``number`` is what `why` takes; a row of presence is for so many ``minutes``. ``related_user``
    is who was at the other end.
    """

    number: int
    at_ms: int
    amount_z: int
    balance_after_z: int
    trigger_id: str
    reason: str | None = None
    minutes: int = 1
    related_user: str | None = None


def history(
    rows: Sequence[HistoryRow], count: int, symbol: str, zone: ZoneInfo, max_units: int = 240
) -> str:
    """At most ``count`` lines for rows given newest first; minutes present count by the hour.

    Give it more rows than lines are wanted, since minutes present share lines. Each date is
    named once. Balances stand in as many lines, from the newest on, as take no more PMs than
    `_PARTS` or than the list needs without them.
    """
    merged = presence_merged(rows, zone)[:count]
    if not merged:
        return "No movements yet. Stay a minute or say something, and there will be."
    plain = _listed(merged, 0, symbol, zone)
    most = max(_PARTS, len(split(plain, max_units)))
    for balances in range(len(merged), 0, -1):
        text = _listed(merged, balances, symbol, zone)
        if len(split(text, max_units)) <= most:
            return text
    return plain


_PARTS = 4


def _listed(rows: Sequence[HistoryRow], balances: int, symbol: str, zone: ZoneInfo) -> str:
    lines = [f"📜 Newest first, times in {zone.key}:"]
    date = ""
    label_units_max = _LABEL_UNITS_MAX if len(rows) <= 10 else _SHORT_LABEL_UNITS_MAX
    for place, row in enumerate(rows):
        day, time = minute_of(row.at_ms, zone).split()
        if day != date:
            lines.append(f"{day}:")
            date = day
        label = clip(_label(row), label_units_max)
        amount = signed_money(row.amount_z, symbol)
        after = f" | balance {row.balance_after_z:,}" if place < balances else ""
        lines.append(f"#{row.number} {time} {amount} | {label}{after}")
    return "\n".join(lines)


_TOWARDS = {"spend.tip": "to", "earn.tip": "from"}
"""Movements that mean little without who was at the other end."""


def _label(row: HistoryRow) -> str:
    label = user_text(row.reason or "") or row.trigger_id
    if row.trigger_id not in _TOWARDS or row.related_user is None:
        return label
    return f"{label} {_TOWARDS[row.trigger_id]} {name_shown(row.related_user)}"


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
        minutes[hour] = minutes.get(hour, 0) + row.minutes
        if hour not in places:
            places[hour] = len(merged)
            many = f"present, {row.minutes:,} min" if row.minutes > 1 else None
            merged.append(replace(row, reason=many or row.reason or "present"))
        else:
            place = places[hour]
            kept = merged[place]
            merged[place] = replace(
                kept,
                amount_z=kept.amount_z + row.amount_z,
                reason=f"present, {minutes[hour]:,} min",
            )
    return merged


_REASON_UNITS_MAX = 120


_Words: TypeAlias = Callable[[Movement, Explanation, Settings], str]


def explained(
    number: int,
    movement: Movement,
    why: Explanation,
    settings: Settings,
    minute: str,
    *,
    owner: str | None = None,
    everything: bool = False,
) -> str:
    """The reply to `why`; ``minute`` is the time of the row, ``owner`` its user if another one.

    ``everything`` is for admins.

    For anybody else ``why`` must be what `Explanation.for_users` gave.
    """
    symbol = settings.currency.symbol
    amount = signed_money(movement.amount_z, symbol)
    after = money(movement.balance_after_z, symbol)
    words = rule_in_words(movement, why, settings, everything=everything)
    whose = "" if owner is None else f" of {name_shown(owner)}"
    lines = [
        f"🔎 #{number}{whose}: {amount} | {minute} | balance {after}",
        f"{words} ({movement.trigger_id})",
        *_sum(why, symbol, everything=everything),
    ]
    # One key per line, since the filters eat pairs of underscores.
    lines.extend(_setting(each) for each in why.settings)
    return "\n".join(lines)


def rule_in_words(
    movement: Movement, why: Explanation, settings: Settings, *, everything: bool = False
) -> str:
    """The rule behind a row. How to set off a hidden trigger is said with ``everything`` only."""
    if movement.type == "earn":
        return _earned(movement, settings, everything=everything)
    words = EXPLAINED.get(movement.type)
    return _reason(movement) if words is None else words(movement, why, settings)


def no_such_transaction(number: int, *, is_admin: bool) -> str:
    """None of the asker's (of the channel's for an admin), or none at all."""
    if is_admin:
        return f"There is no movement #{number} in this channel."
    return f"You have no movement #{number}. 'history' shows yours with their numbers."


def no_movements() -> str:
    """Nothing has moved yet."""
    return "There is nothing to explain yet: no coin has moved."


def _earned(movement: Movement, settings: Settings, *, everything: bool) -> str:
    if movement.trigger_id == "presence.base":
        return "Being here, minute by minute"
    if movement.trigger_id == "bridge.weekly":
        return "The bridge: here at the weekend and on a weekday"
    trigger = TRIGGERS.find(movement.trigger_id)
    text = _with_user(_reason(movement), movement)
    if trigger is None or not (everything or trigger.shown(settings)):
        return text
    return f"{text}: {trigger.wording(settings)}"


def _share_of_rain(movement: Movement, why: Explanation, settings: Settings) -> str:
    if why.by is None or why.total_z is None or why.users is None:
        return f"A part of an operator's rain: {_reason(movement)}"
    total, users = money(why.total_z, settings.currency.symbol), plural(why.users, "user")
    return f"A part of the rain by {name_shown(why.by)}: {total} for {users}"


def _event_bonus(movement: Movement, why: Explanation, _: Settings) -> str:
    shared = "" if why.users is None else f", shared by {plural(why.users, 'user')}"
    return f"Being here when the event began{shared}: {_reason(movement)}"


def _prize(before: str, when: str) -> _Words:
    """A fixed reward, or a part of what was earned ``when``."""

    def words(movement: Movement, why: Explanation, settings: Settings) -> str:
        text = before + _reason(movement)
        if why.percent is None or why.percent_of_z is None:
            return text
        whole = money(why.percent_of_z, settings.currency.symbol)
        return f"{text}, {_shown(why.percent)}% of the {whole} earned {when}"

    return words


def _on_balance(movement: Movement, _: Explanation, settings: Settings) -> str:
    before = money(movement.balance_before_z, settings.currency.symbol)
    return f"{_reason(movement)} on a balance of {before}"


def _by_admin(verb: str) -> _Words:
    def words(movement: Movement, why: Explanation, _: Settings) -> str:
        by = "an admin" if why.by is None else name_shown(why.by)
        reason = _reason(movement)
        # The reason that stands for none names the admin as well.
        told = "" if reason.endswith(f"by {by}") else f": {reason}"
        return f"{verb} by {by}{told}"

    return words


def _set_balance(movement: Movement, why: Explanation, settings: Settings) -> str:
    symbol = settings.currency.symbol
    before, after = movement.balance_before_z, movement.balance_after_z
    by = "an admin" if why.by is None else name_shown(why.by)
    return f"The balance was set by {by}, from {money(before, symbol)} to {money(after, symbol)}"


def _fixed(before: str, *, user: bool = False) -> _Words:
    """A sentence that the reason ends; with ``user`` the other user is named."""

    def words(movement: Movement, _: Explanation, __: Settings) -> str:
        text = _with_user(before, movement) if user else before
        return f"{text}: {_reason(movement)}"

    return words


def _tip(before: str, towards: str) -> _Words:
    def words(movement: Movement, _: Explanation, __: Settings) -> str:
        other = movement.related_user
        return before if other is None else f"{before} {towards} {name_shown(other)}"

    return words


def _spent(movement: Movement, _: Explanation, __: Settings) -> str:
    if movement.trigger_id.startswith("spend.wallet."):
        what = "Set aside for another service, which gives back what it does not charge"
    else:
        what = "Bought, with inflation and the discount of the rank in the price"
    return f"{what}: {_reason(movement)}"


EXPLAINED: dict[str, _Words] = {
    "earn": lambda movement, _, settings: _earned(movement, settings, everything=False),
    "milestone": _fixed("A milestone of the day, paid once"),
    "streak_bonus": _fixed("Days in a row"),
    "welcome_wallet": _fixed("The gift for coming here for the first time"),
    "welcome_back": _fixed("The gift for coming back after days away"),
    "rain": _fixed("One drop for everybody who was here"),
    "admin_rain": _share_of_rain,
    "interest": _on_balance,
    "decay": _on_balance,
    "event_bonus": _event_bonus,
    "achievement": _prize("", "until then"),
    "competition": _prize("A daily competition won: ", "that day"),
    "auction_sale": _fixed("Sold by auction", user=True),
    "gamble_stake": _fixed("The stake of a game"),
    "gamble_win": _fixed("What a game paid, the stake included"),
    "gamble_push": _fixed("The stake of a game that nobody won"),
    "gamble_refund": _fixed("The stake of a game that did not take place"),
    "tip_send": _tip("A tip given", "to"),
    "tip_receive": _tip("A tip received", "from"),
    "spend": _spent,
    "refund": _fixed("Money back"),
    "bounty_create": _fixed("Set aside for whoever wins it"),
    "bounty_claim": _fixed("A bounty won", user=True),
    "bounty_expired_refund": _fixed("What came back of a bounty that nobody won"),
    "admin_grant": _by_admin("Given"),
    "admin_deduct": _by_admin("Taken"),
    "admin_adjust": _by_admin("Corrected"),
    "admin_set_balance": _set_balance,
    "migration": _fixed("Taken over from the books of before"),
}
"""How each type of row is put into words."""


def _sum(why: Explanation, symbol: str, *, everything: bool) -> Iterator[str]:
    """Base, what was added, every factor, and what became of parts of a coin."""
    if why.base is not None:
        yield "Base: " + ", ".join(_parts(why, symbol))
    if why.sources:
        yield "Multiplied by " + ", ".join(
            f"{user_text(each.label)} {factor(each.mult)}" for each in why.sources
        )
    if everything and why.multiplier is not None:
        yield f"Together {_shown(why.multiplier)}x{_carry(why, symbol)}"
    elif why.fractional:
        yield "Parts of a coin are kept until they make a whole one."


def _parts(why: Explanation, symbol: str) -> Iterator[str]:
    assert why.base is not None
    minutes = f" for {plural(why.minutes, 'minute')}" if why.minutes > 1 else ""
    yield f"{_shown(why.base)} {symbol}{minutes}"
    if why.active_bonus:
        yield f"{_shown(why.active_bonus)} {symbol} of it for being active"
    if why.night_bonus:
        yield f"{_shown(why.night_bonus)} {symbol} more by the night watch"


def _carry(why: Explanation, symbol: str) -> str:
    if why.carried is None or why.carried_in is None:
        return ""
    return (
        f"; {_shown(why.carried_in)} {symbol} carried in, {_shown(why.carried)} {symbol} carried on"
    )


def _setting(behind: Behind) -> str:
    then, now = behind.then, behind.now
    if then is None:
        return behind.key if now is None else f"{behind.key} is {_shown(now)} now"
    if then == now:
        return f"{behind.key} = {_shown(then)}"
    changed = "gone now" if now is None else f"{_shown(now)} now"
    return f"{behind.key} = {_shown(then)} then, {changed}"


def _shown(value: Value) -> str:
    """A number without needless digits."""
    if isinstance(value, str):
        return user_text(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.6f}".rstrip("0").rstrip(".")


def _reason(movement: Movement) -> str:
    return clip(user_text(movement.reason) or movement.trigger_id, _REASON_UNITS_MAX)


def _with_user(text: str, movement: Movement) -> str:
    if not movement.related_user:
        return text
    return f"{text} ({name_shown(movement.related_user)})"
