"""Tips: coins that one user gives another, up to so many a day.

A tip counts as spent for who gives it and as nothing for who gets it, so that two users who tip
back and forth earn no rank by it (P-MON-2). Who has tipped whom is counted once per pair.
"""

from dataclasses import dataclass
from typing import ClassVar

from kryten_economy.ledger.account import Account
from kryten_economy.ledger.operation import SPENDING, Act, operation
from kryten_economy.ledger.posting import Entry, credit_id, is_amount, post_between
from kryten_economy.ledger.tx import Tx
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.refusals import (
    AMOUNT_MAX_Z,
    Banned,
    DailySum,
    Insufficient,
    InvalidAmount,
    NoAccount,
    SameAccount,
    TooYoung,
)
from kryten_economy.text.markup import name_shown
from kryten_economy.text.templates import money
from kryten_economy.users import UserKey

__all__ = (
    "Tip",
    "Tipped",
    "bot_not_tipped",
    "not_another_name",
    "tip",
    "tip_notice",
    "tip_sent",
    "unknown_receiver",
)


@dataclass(frozen=True, slots=True)
class Tipped:
    """Both wallets after the tip, and how much more the giver may send today.

    ``transaction_id`` is the row of who was paid.
    """

    giver: Wallet
    taker: Wallet
    left_today_z: int
    transaction_id: int = 0
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Tip(
    Act[
        Tipped
        | Insufficient
        | NoAccount
        | Banned
        | SameAccount
        | TooYoung
        | DailySum
        | InvalidAmount
    ]
):
    """Money from one user to another of the same channel.

    The giver must have been known for ``min_age_ms`` and may send ``most_per_day_z`` a day.
    """

    HALTED_BY = SPENDING
    ATTEMPT: ClassVar[frozenset[str]] = Act.ATTEMPT | {"most_per_day_z", "min_age_ms"}

    op_id: str
    giver: UserKey
    taker: UserKey
    amount_z: int
    at_ms: int
    day: str
    most_per_day_z: int = AMOUNT_MAX_Z
    min_age_ms: int = 0

    @property
    def books_channel(self) -> str:
        """Both users' channel."""
        return self.giver.channel


@operation
def tip(
    tx: Tx, ask: Tip
) -> Tipped | Insufficient | NoAccount | Banned | SameAccount | TooYoung | DailySum | InvalidAmount:
    """Move money from one user to another, within the giver's allowance of the day."""
    assert ask.giver.channel == ask.taker.channel, ask
    if not is_amount(ask.amount_z):
        return InvalidAmount(ask.amount_z)
    if ask.giver == ask.taker:
        return SameAccount(ask.giver)
    giver = tx.find(ask.giver, ask.day)
    if giver is None:
        return NoAccount(ask.giver)
    taker = tx.find(ask.taker, ask.day)
    if taker is None:
        return _kept_from_giving(ask, giver) or NoAccount(ask.taker)
    why = _kept_from_giving(ask, giver) or _kept_from(ask, giver, taker)
    if why is not None:
        return why
    paid = Entry("tip_send", "spend.tip", "Tip", ask.at_ms, ask.day)
    got = Entry("tip_receive", "earn.tip", "Tip", ask.at_ms, ask.day)
    transfer_id = post_between(tx, giver, taker, ask.amount_z, paid, got)
    _count_pair(tx, giver, taker)
    left_z = ask.most_per_day_z - giver.today.tips_sent_z
    return Tipped(giver.wallet, taker.wallet, left_z, credit_id(transfer_id))


def _kept_from_giving(ask: Tip, giver: Account) -> Banned | TooYoung | None:
    if giver.barred is not None:
        return giver.barred
    left_ms = giver.first_seen_ms + ask.min_age_ms - ask.at_ms
    return TooYoung(left_ms) if ask.min_age_ms and left_ms > 0 else None


def _kept_from(
    ask: Tip, giver: Account, taker: Account
) -> Banned | DailySum | Insufficient | InvalidAmount | None:
    if taker.barred is not None:
        return taker.barred
    left_z = max(0, ask.most_per_day_z - giver.today.tips_sent_z)
    if ask.amount_z > left_z:
        return DailySum("tips", ask.most_per_day_z, left_z)
    if giver.balance_z < ask.amount_z:
        return Insufficient(giver.balance_z, ask.amount_z - giver.balance_z)
    return None if taker.has_room(ask.amount_z) else InvalidAmount(ask.amount_z)


_MEET = "INSERT OR IGNORE INTO tip_pair (sender, recipient) VALUES (?, ?)"


def _count_pair(tx: Tx, sender: Account, recipient: Account) -> None:
    """Somebody has tipped somebody; a pair is counted once."""
    if not tx.run(_MEET, sender.id, recipient.id):
        return
    sender.tip_recipients += 1
    recipient.tip_senders += 1
    tx.accounts.touch(sender, tallies=True)
    tx.accounts.touch(recipient, tallies=True)


# Texts


def tip_sent(name: str, amount_z: int, balance_z: int, left_today_z: int, symbol: str) -> str:
    """To the sender: what went to whom, what they have now, and what they may send today."""
    return (
        f"✅ You tipped {name_shown(name)} {money(amount_z, symbol)}."
        f" Your balance: {money(balance_z, symbol)}."
        f" You can tip {money(left_today_z, symbol)} more today."
    )


def tip_notice(name: str, amount_z: int, balance_z: int, symbol: str) -> str:
    """To the receiver; quiet mode does not mute it."""
    return (
        f"💝 {name_shown(name)} tipped you {money(amount_z, symbol)}!"
        f" Your balance: {money(balance_z, symbol)}."
    )


def not_another_name(name: str) -> str:
    """The receiver is the sender under another name."""
    return f"{name_shown(name)} is you under another name: you can't tip yourself."


def bot_not_tipped() -> str:
    """The receiver is the service itself."""
    return "That's kind, but I hold no money: tip somebody else."


def unknown_receiver(name: str) -> str:
    """Nobody of this name has an account; guests never do."""
    return (
        f"I don't know anyone called {name_shown(name)} in this channel."
        " Guests can't be tipped: only registered users have an account."
    )
