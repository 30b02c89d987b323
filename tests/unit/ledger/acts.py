"""Short ways to say what is asked of the books in tests."""

from itertools import count
from typing import Any, TypeVar

from kryten_economy.config import Settings
from kryten_economy.features.audit.operations import Undo
from kryten_economy.features.events.rules import PLAIN
from kryten_economy.features.money.operations import Credit, Debit
from kryten_economy.features.presence.minutes import EarningTerms, MinuteRate
from kryten_economy.features.presence.operations import (
    PresenceEntry,
    PresenceMinute,
    RecordActivity,
)
from kryten_economy.features.ranks.rules import Ladder
from kryten_economy.features.tips import Tip
from kryten_economy.ledger.audit import Line, OnRecord
from kryten_economy.ledger.books import Books
from kryten_economy.ledger.holds import CaptureHold, PlaceHold, ReleaseHold
from kryten_economy.ledger.operation import Request
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.users import UserKey

CHANNEL = "Lounge"
DAY = "2025-03-14"
NEXT_DAY = "2025-03-15"
NOW = 1_741_950_000_000

T = TypeVar("T")

_fresh = count(1)

SETTINGS = Settings.model_validate(
    {
        "nats": {"servers": ["nats://127.0.0.1:4222"]},
        "channels": [{"domain": "cytube.test", "channel": CHANNEL}],
    }
)
UNMULTIPLIED = EarningTerms(SETTINGS, Ladder(SETTINGS.ranks.tiers), PLAIN)
COIN_PER_ACTIVE_MINUTE = MinuteRate(base=0, active_bonus=1, night_factor=1.0, night_bonus=0)


def key(name: str, channel: str = CHANNEL) -> UserKey:
    return UserKey.of(channel, name)


def op() -> str:
    """An id that nobody used before."""
    return f"op-{next(_fresh)}"


def ask(books: Books, request: Request[Any]) -> Any:
    """The answer to one request in a batch of its own."""
    (answer,) = books.commit([request]).answers
    return answer


def told(books: Books, request: Request[Any], kind: type[T]) -> T:
    """The answer, which must be of this kind."""
    answer = ask(books, request)
    assert isinstance(answer, kind), answer
    return answer


def earn(name: str, amount_z: int, op_id: str = "", day: str = DAY) -> Credit:
    """Pay somebody, who may be new, something that counts as earned."""
    return Credit(
        op_id or op(),
        key(name),
        amount_z,
        "earn",
        "chat.long_message",
        "Long message",
        NOW,
        day,
        create=True,
        display_name=name,
    )


def pay(name: str, amount_z: int, type_name: str, trigger_id: str, op_id: str = "") -> Credit:
    return Credit(op_id or op(), key(name), amount_z, type_name, trigger_id, "Paid", NOW, DAY)


def spend(name: str, amount_z: int, op_id: str = "", type_name: str = "spend") -> Debit:
    trigger = "admin.deduct" if type_name == "admin_deduct" else "spend.vanity.greeting"
    return Debit(op_id or op(), key(name), amount_z, type_name, trigger, "Greeting", NOW, DAY)


def tip(giver: str, taker: str, amount_z: int, op_id: str = "") -> Tip:
    return Tip(op_id or op(), key(giver), key(taker), amount_z, NOW, DAY)


def hold(
    name: str,
    amount_z: int,
    hold_id: str,
    *,
    op_id: str = "",
    type_name: str = "spend",
    purpose: str = "queue",
    expires_at_ms: int = NOW + 60_000,
) -> PlaceHold:
    trigger = {"spend": "spend.queue", "gamble_stake": "gambling.heist"}.get(
        type_name, "bounty.create"
    )
    return PlaceHold(
        op_id or op(),
        hold_id,
        key(name),
        amount_z,
        purpose,
        type_name,
        trigger,
        "Set aside",
        expires_at_ms,
        NOW,
        DAY,
        data='{"video": 7}',
    )


def release(hold_id: str, op_id: str = "", day: str = DAY) -> ReleaseHold:
    return ReleaseHold(op_id or op(), hold_id, None, None, "Not played", NOW, day)


def capture(hold_id: str, amount_z: int, op_id: str = "", day: str = DAY) -> CaptureHold:
    return CaptureHold(op_id or op(), hold_id, amount_z, "sink", "Played", NOW, day)


def win(hold_id: str, amount_z: int, winner: str, op_id: str = "") -> CaptureHold:
    return CaptureHold(
        op_id or op(),
        hold_id,
        amount_z,
        key(winner),
        "Challenge won",
        NOW,
        DAY,
        credit_type="gamble_win",
        credit_trigger="gambling.challenge",
    )


def minute(op_id: str, *entries: PresenceEntry, day: str = DAY) -> PresenceMinute:
    """A tick that pays everybody what `present` says of them."""
    return PresenceMinute(op_id, CHANNEL, NOW, day, entries, COIN_PER_ACTIVE_MINUTE, UNMULTIPLIED)


def present(name: str, credit_z: int = 1, minutes: int = 1) -> PresenceEntry:
    """Somebody who was there for some minutes and active for so many that it earns this much."""
    return PresenceEntry(name.lower(), name, minutes, credit_z)


def look(books: Books, name: str, day: str = DAY) -> Wallet:
    """A known user's wallet, by a request that writes nothing."""
    return told(books, RecordActivity(key(name), name, NOW, day), Wallet)


def on_record(request: Request[Any], cause: str = "", by: str = "Boss") -> OnRecord:
    """What an operator asks for; its row is known by its cause."""
    return OnRecord(request, line(cause or getattr(request, "op_id", "") or op(), by))


def line(cause: str, by: str = "Boss") -> Line:
    """That somebody has typed something."""
    return Line(NOW, DAY, by, "pm", CHANNEL, "command", "", cause)


TIERS = tuple((tier.name, tier.min_lifetime_earned) for tier in SETTINGS.ranks.tiers)


def undoing(
    undo_id: int | None,
    op_id: str = "",
    *,
    by: str = "Boss",
    partial: bool = False,
    tiers: tuple[tuple[str, int], ...] = TIERS,
) -> Undo:
    """Take an act back, or the last one of somebody."""
    op_id = op_id or op()
    about = (tiers, (), line(op_id, by), NOW, DAY)
    return Undo(op_id, CHANNEL, undo_id, partial, by, *about)
