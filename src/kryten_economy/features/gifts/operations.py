"""The same thing for several users in one operation: rain."""

import json
from dataclasses import dataclass

from kryten_economy.features.gifts.rules import split_evenly
from kryten_economy.features.presence.onboarding import EarningGate
from kryten_economy.features.presence.rules import Present
from kryten_economy.ledger.operation import Act, operation
from kryten_economy.ledger.posting import Entry, Paid, is_amount, pay_each
from kryten_economy.ledger.tx import Tx
from kryten_economy.refusals import InvalidAmount, TooFewCoins
from kryten_economy.users import UserKey

__all__ = ("AdminRain", "Distributed", "RainDrop", "RainShare", "admin_rain", "rain_drop")


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
        if not tx.is_banned(channel, each.name)
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
    return _distributed(tx, pay_each(tx, [(account, each_z, entry) for account, each_z in shares]))


def _distributed(tx: Tx, paid: tuple[Paid, ...]) -> Distributed:
    if paid:
        tx.journal.count("rain_drops_total")
        tx.journal.count("rain_z_distributed_total", sum(each.amount_z for each in paid))
    return Distributed(paid)
