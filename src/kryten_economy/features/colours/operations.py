"""Buying a chat colour: the money waits until the channel shows it, and comes back if it does not.

A hold outlives a restart: whether its colour is shown can be seen in the stylesheet at any time.
"""

import json
from dataclasses import dataclass
from typing import ClassVar, Final, NamedTuple

from kryten_economy.features.possessions import owned, put
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
from kryten_economy.ledger.operation import ALWAYS, SPENDING, Act, Request, operation
from kryten_economy.ledger.tx import Tx
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.refusals import (
    AlreadyOwned,
    AlreadySettled,
    Banned,
    Conflict,
    Insufficient,
    InvalidAmount,
    NoAccount,
    NoHold,
    ReadOnly,
)
from kryten_economy.users import UserKey

__all__ = (
    "CHAT_COLOUR",
    "PURPOSE",
    "WAITS_MS",
    "ColourReserved",
    "ColourSettled",
    "ColoursKept",
    "HeldColour",
    "KeepFoundColours",
    "ReserveColour",
    "SettleColour",
    "hold_id_of",
    "keep_found_colours",
    "open_colours",
    "purchase_of",
    "reserve_colour",
    "settle_colour",
)

CHAT_COLOUR: Final = "chat_color"
"""The type of the value in `possessions`."""
PURPOSE: Final = resumable("chat colour")
WAITS_MS: Final = 15 * 60_000
"""A channel whose stylesheet can't be read for so long gets nobody's money."""

_TRIGGER = "spend.vanity.chat_color"
_REFUND_TRIGGER = "refund.chat_color_not_shown"


def hold_id_of(op_id: str) -> str:
    """The hold that a purchase places."""
    return f"colour:{op_id}"


@dataclass(frozen=True, slots=True)
class ColourReserved:
    """The price is set aside until the colour is shown."""

    hold_id: str
    wallet: Wallet
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class ReserveColour(
    Act[ColourReserved | AlreadyOwned | Insufficient | NoAccount | Banned | InvalidAmount]
):
    """Set the price of a colour (``#RRGGBB``) aside; ``discount`` is what the rank took off it."""

    HALTED_BY = SPENDING
    ATTEMPT: ClassVar[frozenset[str]] = Act.ATTEMPT | {"price_z", "discount"}

    op_id: str
    user: UserKey
    colour: str
    price_z: int
    discount: float
    at_ms: int
    day: str


@operation
def reserve_colour(
    tx: Tx, ask: ReserveColour
) -> ColourReserved | AlreadyOwned | Insufficient | NoAccount | Banned | InvalidAmount | Conflict:
    """Refuse what they own already, before it costs anything (`spending.md` 9.3)."""
    account = tx.find(ask.user, ask.day)
    if account is not None and owned(tx, account, CHAT_COLOUR) == ask.colour:
        return AlreadyOwned(ask.colour)
    place = PlaceHold(
        ask.op_id,
        hold_id_of(ask.op_id),
        ask.user,
        ask.price_z,
        PURPOSE,
        "spend",
        _TRIGGER,
        f"Chat colour {ask.colour}",
        ask.at_ms + WAITS_MS,
        ask.at_ms,
        ask.day,
        data=json.dumps({"colour": ask.colour, "discount": ask.discount}),
        refund_trigger=_REFUND_TRIGGER,
    )
    held = place_hold(tx, place)
    return ColourReserved(held.hold_id, held.wallet) if isinstance(held, Held) else held


@dataclass(frozen=True, slots=True)
class ColourSettled:
    """Whether the colour is theirs now, and the buyer's wallet; ``amount_z`` was taken or not."""

    hold_id: str
    shown: bool
    colour: str
    amount_z: int
    wallet: Wallet
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class SettleColour(Act[ColourSettled | NoHold | AlreadySettled | InvalidAmount]):
    """Take the price and store the colour, since it is ``shown``; or give the price back."""

    HALTED_BY = ALWAYS

    op_id: str
    hold_id: str
    shown: bool
    at_ms: int
    day: str

    @property
    def books_channel(self) -> None:
        """The hold knows its channel."""


@operation
def settle_colour(
    tx: Tx, ask: SettleColour
) -> ColourSettled | NoHold | AlreadySettled | InvalidAmount | ReadOnly:
    """Nobody pays for a colour that is not shown, and none is stored (P-CSS-2)."""
    hold = find_hold(tx, ask.hold_id)
    if hold is None or hold.purpose != PURPOSE:
        return NoHold(ask.hold_id)
    colour, at = _colour(hold.data), (ask.at_ms, ask.day)
    reason = "" if ask.shown else f"{colour} is not shown"
    payment = CaptureHold(ask.op_id, ask.hold_id, hold.amount_z, "sink", reason, *at)
    answer = settle_hold(tx, payment, keep=ask.shown)
    if not isinstance(answer, Captured | Released):
        return answer
    account = tx.find(hold.owner, ask.day)
    assert account is not None, hold
    if ask.shown:
        put(tx, account, CHAT_COLOUR, colour, ask.at_ms)
        tx.journal.count("vanity_purchases_total")
    return ColourSettled(ask.hold_id, ask.shown, colour, hold.amount_z, account.wallet)


def _colour(data: str | None) -> str:
    return str(json.loads(data or "{}")["colour"])


# Colours that only the stylesheet knew


@dataclass(frozen=True, slots=True)
class ColoursKept:
    """How many users have got a colour in the books by this."""

    kept: int


@dataclass(frozen=True, slots=True)
class KeepFoundColours(Request[ColoursKept]):
    """Store colours found in the stylesheet, by name; needs no id, since it replaces nothing.

    Names without an account stay as they are: the stylesheet keeps showing theirs, and an account
    that nobody has come to open would be taken for a visit.
    """

    channel: str
    colours: tuple[tuple[str, str], ...]
    at_ms: int
    day: str


@operation
def keep_found_colours(tx: Tx, ask: KeepFoundColours) -> ColoursKept:
    """Nobody who has a colour in the books gets another one (P-CSS-4)."""
    kept = 0
    for name, colour in ask.colours:
        account = tx.find(UserKey.of(ask.channel, name), ask.day)
        if account is not None and owned(tx, account, CHAT_COLOUR) is None:
            put(tx, account, CHAT_COLOUR, colour, ask.at_ms)
            kept += 1
    return ColoursKept(kept)


# Queries


class HeldColour(NamedTuple):
    """A purchase with the state of its hold; times are UTC epoch milliseconds."""

    hold_id: str
    name: str
    display_name: str
    amount_z: int
    state: str
    placed_at_ms: int
    colour: str
    discount: float


_HELD = """
    SELECT h.id, a.name, a.display_name, h.amount_z, h.state, h.placed_at_ms,
        h.data ->> 'colour', h.data ->> 'discount'
    FROM hold AS h JOIN account AS a ON a.id = h.account_id JOIN channel AS c ON c.id = h.channel_id
"""
_BY_ID = _HELD + "WHERE h.id = ? AND c.name = ? AND h.purpose = ?"
_OPEN = _HELD + "WHERE h.state = 'open' AND c.name = ? AND h.purpose = ? ORDER BY h.placed_at_ms"


def purchase_of(reader: Reader, channel: str, op_id: str) -> HeldColour | None:
    """The purchase made under an id, whatever has become of it."""
    row = reader.sql.row(_BY_ID, hold_id_of(op_id), channel, PURPOSE)
    return None if row is None else HeldColour._make(row)


def open_colours(reader: Reader, channel: str) -> tuple[HeldColour, ...]:
    """Those of which nobody has said yet whether they are shown, the oldest first."""
    return tuple(map(HeldColour._make, reader.sql.rows(_OPEN, channel, PURPOSE)))
