"""Rain, in words; names are cleaned here.

How much rain falls, and when (`earning.md` 7).

The same thing for several users in one operation: rain.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from kryten_economy.config.gifts import Rain
from kryten_economy.dice import Dice
from kryten_economy.features.events.rules import RAIN_PERK, Factor
from kryten_economy.features.presence.rules import EarningGate
from kryten_economy.ledger.audit import reversible
from kryten_economy.ledger.operation import EARNING, Act, operation
from kryten_economy.ledger.posting import Entry, Paid, is_amount, pay_each
from kryten_economy.ledger.tx import Tx
from kryten_economy.refusals import InvalidAmount, TooFewCoins
from kryten_economy.text.markup import user_text
from kryten_economy.text.templates import money, plural, render_tolerant, thousands
from kryten_economy.users import Present, UserKey

__all__ = (
    "AdminRain",
    "Distributed",
    "RainDrop",
    "RainShare",
    "admin_rain",
    "admin_rain_done",
    "percent_of",
    "rain_amount",
    "rain_drop",
    "rain_line",
    "rain_notice",
    "rain_pause_now_s",
    "rain_pause_s",
    "rain_perk",
    "rain_refused",
    "rounded",
    "split_evenly",
)

_SPREAD = 0.3


_PAUSE_MIN_S = 60.0


def rain_pause_s(rain: Rain, dice: Dice) -> float:
    """Seconds until the next drop: the interval more or less by up to 0.3 of it."""
    return max(_PAUSE_MIN_S, dice.jitter(rain.interval_minutes * 60, _SPREAD))


def rain_pause_now_s(pause_s: float, planned_minutes: int, minutes: int) -> float:
    """What is made of a pause that was drawn from another interval: a shorter one shortens it."""
    if minutes >= planned_minutes:
        return pause_s
    return max(_PAUSE_MIN_S, pause_s * minutes / planned_minutes)


def rain_amount(base_z: int, events: Fraction, bonus_percent: int) -> int:
    """One user's part: scheduled events and the rain perk of the rank count, at least 1."""
    return max(1, rounded(base_z * events * rain_perk(bonus_percent).mult))


def rain_perk(bonus_percent: int) -> Factor:
    """What the perk of a rank multiplies rain by."""
    return Factor(RAIN_PERK, Fraction(100 + bonus_percent, 100), "rain perk")


def split_evenly(total_z: int, users: int) -> list[int] | None:
    """Parts that add up to ``total_z`` and differ by one at most, the larger ones first.

    None if there is nobody, or not one coin for each.
    """
    if not 0 < users <= total_z:
        return None
    each, rest = divmod(total_z, users)
    return [each + (place < rest) for place in range(users)]


def percent_of(amount_z: int, percent: float) -> int:
    """A part in percent, rounded down; exact for every percentage that can be written down."""
    return int(amount_z * Fraction(str(percent)) / 100)


def rounded(amount: Fraction) -> int:
    """The nearest whole coin, halves up."""
    return int(amount + Fraction(1, 2))


@dataclass(frozen=True, slots=True)
class Distributed:
    """Who got what, in the order of the request; the banned are left out."""

    paid: tuple[Paid, ...]
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class RainShare:
    """What one user gets of a drop; ``metadata`` is JSON."""

    name: str
    display_name: str
    amount_z: int
    metadata: str | None = None


@dataclass(frozen=True, slots=True)
class RainDrop(Act[Distributed | InvalidAmount]):
    """Ambient rain, all users in one operation; the banned get nothing.

    Accounts too young or too silent to earn get nothing either.
    """

    HALTED_BY = EARNING

    op_id: str
    channel: str
    shares: tuple[RainShare, ...]
    gate: EarningGate
    at_ms: int
    day: str


@operation
def rain_drop(tx: Tx, ask: RainDrop) -> Distributed | InvalidAmount:
    """Let it rain on everybody who may earn."""
    if not all(is_amount(share.amount_z) for share in ask.shares):
        return InvalidAmount(sum(share.amount_z for share in ask.shares))
    channel = tx.channel(ask.channel)
    tx.accounts.find_many(channel, [share.name for share in ask.shares], ask.day)
    entry = Entry("rain", "rain.ambient", "Rain", ask.at_ms, ask.day)
    wet = []
    for share in ask.shares:
        user = UserKey(ask.channel, share.name)
        account = tx.find_or_open(user, share.display_name, ask.day, ask.at_ms)
        if ask.gate.is_open(account.first_seen_ms, account.lifetime_messages, ask.at_ms):
            wet.append((account, share.amount_z, entry._replace(metadata=share.metadata)))
    return _distributed(tx, pay_each(tx, wet))


@dataclass(frozen=True, slots=True)
class AdminRain(Act[Distributed | TooFewCoins | InvalidAmount]):
    """Exactly ``total_z`` among those present and not banned (P-MON-16)."""

    op_id: str
    channel: str
    present: tuple[Present, ...]
    total_z: int
    by: str
    at_ms: int
    day: str


@operation
def admin_rain(tx: Tx, ask: AdminRain) -> Distributed | TooFewCoins | InvalidAmount:
    """Let an operator's rain fall, to the coin."""
    channel = tx.channel(ask.channel)
    wet = [
        each
        for each in sorted(ask.present, key=lambda each: each.name)
        if tx.barred(channel, UserKey(ask.channel, each.name)) is None
    ]
    parts = split_evenly(ask.total_z, len(wet))
    if parts is None:
        return TooFewCoins(len(wet))
    if not is_amount(ask.total_z):
        return InvalidAmount(ask.total_z)
    tx.accounts.find_many(channel, [each.name for each in wet], ask.day)
    accounts = [
        tx.find_or_open(UserKey(ask.channel, each.name), each.display_name, ask.day, ask.at_ms)
        for each in wet
    ]
    room = zip(accounts, parts, strict=True)
    if not all(account.has_room(amount_z) for account, amount_z in room):
        return InvalidAmount(ask.total_z)
    why = json.dumps({"by": ask.by, "total": ask.total_z, "users": len(wet)})
    entry = Entry("admin_rain", "admin.rain", f"Rain by {ask.by}", ask.at_ms, ask.day, metadata=why)
    shares = zip(accounts, parts, strict=True)
    return _distributed(
        tx, pay_each(tx, [(account, each_z, entry) for account, each_z in shares], by_admin=True)
    )


reversible(AdminRain)


def _distributed(tx: Tx, paid: tuple[Paid, ...]) -> Distributed:
    if paid:
        tx.journal.count("rain_drops_total")
        tx.journal.count("rain_z_distributed_total", sum(each.amount_z for each in paid))
    return Distributed(paid)


_RAIN_LINE = "☔ Rain! {count} users just got free {currency}."


_RAIN_NOTICE = "☔ Rain drop! You received {amount} {currency}."


def rain_line(
    template: str,
    currency: Mapping[str, object],
    *,
    count: int,
    total_z: int,
    each_z: int,
    sender: str,
) -> str:
    """The public line of ambient and admin rain; ``each_z`` is the smallest part."""
    shown = user_text(sender)
    values = {
        **currency,
        "count": thousands(count),
        "amount": thousands(total_z),
        "per_user": thousands(each_z),
        "sender": shown,
        "user": shown,
    }
    return render_tolerant(template, values) or render_tolerant(_RAIN_LINE, values) or ""


def rain_notice(template: str, amount_z: int, currency: Mapping[str, object]) -> str:
    """To somebody who got rain."""
    values = {**currency, "amount": thousands(amount_z)}
    return render_tolerant(template, values) or render_tolerant(_RAIN_NOTICE, values) or ""


def admin_rain_done(count: int, total_z: int, symbol: str) -> str:
    """To the operator who let it rain."""
    return f"☔ {money(total_z, symbol)} fell on {plural(count, 'user')}."


def rain_refused(users: int, total_z: int, symbol: str) -> str:
    """Why no rain fell."""
    if not users:
        return "Nobody is here to rain on. Nothing was paid."
    return (
        f"{money(total_z, symbol)} is less than one each for {plural(users, 'user')}."
        f" Use at least {money(users, symbol)}."
    )
