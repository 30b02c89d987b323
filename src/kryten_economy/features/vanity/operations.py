"""Buying what one is seen by: paid and owned in one act, or paid once the outside has done it.

What the bot or CyTube has to do first (say a line, give a level) is a purchase that waits: the
money is set aside, taken when the thing was done, and given back when it was not. At a start
shoutouts are given back with a sentence, since the line died with the process; a level may have
been given meanwhile and is looked for.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, NamedTuple

from kryten_economy.features.approvals import Opened, approvable, open_approval, pending_of
from kryten_economy.features.possessions import cooldown_left_ms, note_use, put
from kryten_economy.features.vanity.rules import GIF
from kryten_economy.ledger.account import Account
from kryten_economy.ledger.channels import Reader
from kryten_economy.ledger.expiry import resumable
from kryten_economy.ledger.holds import (
    Captured,
    CaptureHold,
    Held,
    PlaceHold,
    Released,
    find_hold,
    place_hold,
    settle_hold,
)
from kryten_economy.ledger.operation import ALWAYS, SPENDING, Act, operation
from kryten_economy.ledger.posting import Entry, is_amount, post
from kryten_economy.ledger.tx import Tx
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.refusals import (
    AlreadyPending,
    AlreadySettled,
    Banned,
    Conflict,
    CoolingDown,
    DailyLimit,
    Insufficient,
    InvalidAmount,
    NoAccount,
    NoHold,
    ReadOnly,
)
from kryten_economy.users import UserKey

__all__ = (
    "FORTUNE",
    "LEVEL",
    "SHOUTOUT",
    "AskForGif",
    "BuyItem",
    "GifAsked",
    "ItemBought",
    "LevelPurchase",
    "SetAside",
    "SettlePurchase",
    "Settled",
    "Standing",
    "TellFortune",
    "Waiting",
    "ask_for_gif",
    "buy_item",
    "hold_of",
    "open_levels",
    "open_shoutouts",
    "set_aside",
    "settle_purchase",
    "standing_of",
    "tell_fortune",
)

SHOUTOUT: Final = resumable("shoutout")
LEVEL: Final = resumable("CyTube level")
"""What money is set aside for; the channel settles after a restart what it finds open."""

FORTUNE: Final = "fortune"


def _payer(
    tx: Tx, user: UserKey, price_z: int, day: str
) -> Account | Insufficient | NoAccount | Banned | InvalidAmount:
    """Whoever can pay this; 0 is for what is free."""
    if price_z and not is_amount(price_z):
        return InvalidAmount(price_z)
    account = tx.find(user, day)
    if account is None:
        return NoAccount(user)
    if account.barred is not None:
        return account.barred
    if account.balance_z < price_z:
        return Insufficient(account.balance_z, price_z - account.balance_z)
    if not tx.system(account.channel, "sink").has_room(price_z):
        return InvalidAmount(price_z)
    return account


def _pay(tx: Tx, account: Account, price_z: int, entry: Entry) -> None:
    if price_z:
        post(tx, account, -price_z, tx.system(account.channel, "sink"), entry)


# At once


@dataclass(frozen=True, slots=True)
class ItemBought:
    """What was paid, and the value that the new one replaces."""

    wallet: Wallet
    paid_z: int
    replaced: str | None = None
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class BuyItem(Act[ItemBought | Insufficient | NoAccount | Banned | InvalidAmount]):
    """Pay for a value and own it; the one owned before is replaced (`spending.md` 7)."""

    HALTED_BY = SPENDING
    ATTEMPT: ClassVar[frozenset[str]] = Act.ATTEMPT | {"price_z"}

    op_id: str
    user: UserKey
    type: str
    value: str
    price_z: int
    trigger_id: str
    reason: str
    at_ms: int
    day: str


@operation
def buy_item(
    tx: Tx, ask: BuyItem
) -> ItemBought | Insufficient | NoAccount | Banned | InvalidAmount:
    """Debit and store in one act (P-USR-2: one value per user and type)."""
    account = _payer(tx, ask.user, ask.price_z, ask.day)
    if not isinstance(account, Account):
        return account
    _pay(tx, account, ask.price_z, Entry("spend", ask.trigger_id, ask.reason, ask.at_ms, ask.day))
    replaced = put(tx, account, ask.type, ask.value, ask.at_ms)
    tx.journal.count("vanity_purchases_total")
    return ItemBought(account.wallet, ask.price_z, replaced)


@dataclass(frozen=True, slots=True)
class TellFortune(Act[ItemBought | DailyLimit | Insufficient | NoAccount | Banned | InvalidAmount]):
    """Pay for the fortune of the day, which began at ``since_ms``; ``price_z`` 0 is free."""

    HALTED_BY = SPENDING
    ATTEMPT: ClassVar[frozenset[str]] = Act.ATTEMPT | {"price_z", "since_ms"}

    op_id: str
    user: UserKey
    price_z: int
    since_ms: int
    at_ms: int
    day: str


@operation
def tell_fortune(
    tx: Tx, ask: TellFortune
) -> ItemBought | DailyLimit | Insufficient | NoAccount | Banned | InvalidAmount:
    """Once per user and day, however it is asked for (P-SHOP-6)."""
    account = _payer(tx, ask.user, 0, ask.day)
    if not isinstance(account, Account):
        return account
    # Whatever happened at or after the beginning of the day is within this time.
    if cooldown_left_ms(tx, account, FORTUNE, ask.at_ms - ask.since_ms + 1, ask.at_ms):
        return DailyLimit(FORTUNE, 1)
    payer = _payer(tx, ask.user, ask.price_z, ask.day)
    if not isinstance(payer, Account):
        return payer
    entry = Entry("spend", "spend.vanity.fortune", "Daily fortune", ask.at_ms, ask.day)
    _pay(tx, account, ask.price_z, entry)
    note_use(tx, account, FORTUNE, ask.at_ms)
    tx.journal.count("fortunes_total")
    return ItemBought(account.wallet, ask.price_z)


# With an operator's consent


def _hang(tx: Tx, account: Account, data: dict[str, Any], at_ms: int) -> None:
    put(tx, account, GIF, data["gif_url"], at_ms)
    tx.journal.count("vanity_purchases_total")


_APPROVAL = approvable(GIF, refund_trigger="refund.gif_rejected", granted=_hang)


@dataclass(frozen=True, slots=True)
class GifAsked:
    """The number of the request that an operator decides on."""

    approval_id: int
    wallet: Wallet
    paid_z: int
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class AskForGif(Act[GifAsked | AlreadyPending | Insufficient | NoAccount | Banned | InvalidAmount]):
    """Pay for a GIF that an operator has to like (`spending.md` 7.2)."""

    HALTED_BY = SPENDING
    ATTEMPT: ClassVar[frozenset[str]] = Act.ATTEMPT | {"price_z"}

    op_id: str
    user: UserKey
    url: str
    price_z: int
    at_ms: int
    day: str


@operation
def ask_for_gif(
    tx: Tx, ask: AskForGif
) -> GifAsked | AlreadyPending | Insufficient | NoAccount | Banned | InvalidAmount | Conflict:
    """Set the payment aside and ask; one request per user waits at a time."""
    account = _payer(tx, ask.user, 0, ask.day)
    if not isinstance(account, Account):
        return account
    if pending_of(tx, account, _APPROVAL):
        return AlreadyPending("GIF")
    opened = open_approval(
        tx,
        ask,
        ask.user,
        ask.price_z,
        _APPROVAL,
        "spend.vanity.channel_gif",
        "Channel GIF",
        {"gif_url": ask.url},
        ask.day,
    )
    if not isinstance(opened, Opened):
        return opened
    return GifAsked(opened.approval_id, opened.wallet, ask.price_z)


# Once the outside has done it


def _again(
    purpose: str, left_ms: int, placed_at_ms: int | None, cooldown_ms: int, at_ms: int
) -> CoolingDown | AlreadyPending | None:
    """Why not another one; ``placed_at_ms`` is when the one that waits was paid, if one does."""
    if placed_at_ms is not None and cooldown_ms:
        left_ms = max(1, placed_at_ms + cooldown_ms - at_ms)
    if left_ms:
        return CoolingDown(f"Your {purpose}", left_ms)
    return None if placed_at_ms is None else AlreadyPending(purpose)


def hold_of(op_id: str) -> str:
    """The hold under which a `SetAside` keeps the money."""
    return f"purchase:{op_id}"


_OPEN_OF_USER = """
    SELECT placed_at_ms, expires_at_ms FROM hold
    WHERE state = 'open' AND account_id = ? AND purpose = ?
"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """The money is set aside under ``hold_id``."""

    hold_id: str
    wallet: Wallet
    paid_z: int
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class SetAside(
    Act[Waiting | AlreadyPending | CoolingDown | Insufficient | NoAccount | Banned | InvalidAmount]
):
    """Pay for what is done next, once at a time and with ``cooldown_ms`` after the last one.

    The cooldown counts from the last one that was done, and from one that waits; what was given
    back starts none.
    """

    HALTED_BY = SPENDING
    ATTEMPT: ClassVar[frozenset[str]] = Act.ATTEMPT | {"price_z"}

    op_id: str
    user: UserKey
    purpose: str
    text: str
    price_z: int
    trigger_id: str
    refund_trigger: str
    reason: str
    cooldown_ms: int
    expires_at_ms: int
    at_ms: int
    day: str


@operation
def set_aside(
    tx: Tx, ask: SetAside
) -> (
    Waiting
    | AlreadyPending
    | CoolingDown
    | Insufficient
    | NoAccount
    | Banned
    | InvalidAmount
    | Conflict
):
    """Hold the price."""
    account = _payer(tx, ask.user, 0, ask.day)
    if not isinstance(account, Account):
        return account
    left_ms = cooldown_left_ms(tx, account, ask.purpose, ask.cooldown_ms, ask.at_ms)
    waits = tx.query(_OPEN_OF_USER, account.id, ask.purpose)
    placed_at_ms = waits[0][0] if waits else None
    refusal = _again(ask.purpose, left_ms, placed_at_ms, ask.cooldown_ms, ask.at_ms)
    if refusal is not None:
        return refusal
    hold_id = hold_of(ask.op_id)
    place = PlaceHold(
        ask.op_id,
        hold_id,
        ask.user,
        ask.price_z,
        ask.purpose,
        "spend",
        ask.trigger_id,
        ask.reason,
        ask.expires_at_ms,
        ask.at_ms,
        ask.day,
        data=json.dumps({"text": ask.text}),
        refund_trigger=ask.refund_trigger,
    )
    held = place_hold(tx, place)
    return Waiting(hold_id, held.wallet, ask.price_z) if isinstance(held, Held) else held


@dataclass(frozen=True, slots=True)
class Settled:
    """Whether it was done, and the buyer's wallet; ``amount_z`` was taken or given back."""

    hold_id: str
    purpose: str
    done: bool
    amount_z: int
    wallet: Wallet
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class SettlePurchase(Act[Settled | NoHold | AlreadySettled | InvalidAmount]):
    """Take what was set aside, since it was ``done``, or give it back; only once."""

    HALTED_BY = ALWAYS

    op_id: str
    hold_id: str
    done: bool
    reason: str
    at_ms: int
    day: str

    @property
    def books_channel(self) -> None:
        """The hold knows its channel."""


@operation
def settle_purchase(
    tx: Tx, ask: SettlePurchase
) -> Settled | NoHold | AlreadySettled | InvalidAmount | ReadOnly:
    """Settle the hold, and keep what comes with it."""
    hold = find_hold(tx, ask.hold_id)
    if hold is None:
        return NoHold(ask.hold_id)
    reason = "" if ask.done else ask.reason
    payment = CaptureHold(ask.op_id, ask.hold_id, hold.amount_z, "sink", reason, ask.at_ms, ask.day)
    answer = settle_hold(tx, payment, keep=ask.done)
    if not isinstance(answer, Captured | Released):
        return answer
    account = tx.find(hold.owner, ask.day)
    assert account is not None, hold
    if ask.done and hold.purpose == SHOUTOUT:
        note_use(tx, account, SHOUTOUT, hold.placed_at_ms)
        tx.journal.count("shoutouts_total")
    if ask.done and hold.purpose == LEVEL:
        _raise_level(tx, account, int(_text(hold.data)))
    return Settled(ask.hold_id, hold.purpose, ask.done, hold.amount_z, account.wallet)


def _raise_level(tx: Tx, account: Account, level: int) -> None:
    """A level that came with a rank meanwhile is never lowered."""
    account.cytube_level = max(account.cytube_level, level)
    tx.accounts.touch(account, profile=True)
    tx.journal.count("cytube_promotions_total")


def _text(data: str | None) -> str:
    return str(json.loads(data or "{}")["text"])


class LevelPurchase(NamedTuple):
    """A level that somebody (lower case) has paid for and CyTube has not confirmed."""

    hold_id: str
    name: str
    level: int


_OPEN = """
    SELECT h.id, a.name, h.data FROM hold AS h JOIN account AS a ON a.id = h.account_id
    JOIN channel AS c ON c.id = h.channel_id
    WHERE h.state = 'open' AND c.name = ? AND h.purpose = ?
"""


def open_levels(reader: Reader, channel: str) -> tuple[LevelPurchase, ...]:
    """What an instance before was waiting for."""
    rows = reader.sql.rows(_OPEN, channel, LEVEL)
    return tuple(LevelPurchase(id_, name, int(_text(data))) for id_, name, data in rows)


def open_shoutouts(reader: Reader, channel: str) -> tuple[str, ...]:
    """The holds of lines of which nobody has heard yet whether they were said."""
    return tuple(id_ for id_, *_ in reader.sql.rows(_OPEN, channel, SHOUTOUT))


class Standing(NamedTuple):
    """What somebody has used when for the last time, and what of theirs waits since when.

    Cooldowns are by their name, what is to be done outside by its purpose, and what an operator
    decides on by its type.
    """

    used: Mapping[str, int]
    waiting: Mapping[str, int]

    def why_not_again(
        self, purpose: str, cooldown_ms: int, now_ms: int
    ) -> CoolingDown | AlreadyPending | None:
        """What a `SetAside` right now would be refused with, money apart."""
        last_ms = self.used.get(purpose)
        left_ms = 0 if last_ms is None else max(0, last_ms + cooldown_ms - now_ms)
        return _again(purpose, left_ms, self.waiting.get(purpose), cooldown_ms, now_ms)


_OWN = """
    SELECT a.id FROM account AS a JOIN channel AS c ON c.id = a.channel_id
    WHERE c.name = ? AND a.kind = 'wallet' AND a.name = ?
"""
_USED = "SELECT name, last_at_ms FROM cooldown WHERE account_id = ?"
_WAITING = """
    SELECT h.purpose, h.placed_at_ms FROM hold AS h WHERE h.account_id = ?1 AND h.state = 'open'
    AND h.purpose IN (?2, ?3)
    UNION ALL
    SELECT p.type, p.created_at_ms FROM approval AS p
    WHERE p.account_id = ?1 AND p.state = 'pending'
"""


def standing_of(reader: Reader, user: UserKey) -> Standing:
    """How far somebody is with what can't be bought at any time."""
    own = reader.sql.row(_OWN, *user)
    if own is None:
        return Standing({}, {})
    used: dict[str, int] = dict(reader.sql.rows(_USED, own[0]))
    return Standing(used, dict(reader.sql.rows(_WAITING, own[0], SHOUTOUT, LEVEL)))
