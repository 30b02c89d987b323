"""What an answer told, as plain JSON values, and which movements in the books it proves."""

from collections.abc import Mapping, Sequence
from typing import Any

from tests.faults.play_witness import Known, Movement, Told, moved, told_of_games

from kryten_economy.features.approvals import ResolveApproval, Resolved
from kryten_economy.features.bans import BanState
from kryten_economy.features.bounties.operations import (
    BountyClaimed,
    BountyCreated,
    BountyEnded,
    ClaimBounty,
    CreateBounty,
    EndBounty,
)
from kryten_economy.features.colours.operations import (
    ColourReserved,
    ColourSettled,
    ReserveColour,
    SettleColour,
)
from kryten_economy.features.money.operations import (
    BalanceSet,
    Credit,
    Debit,
    Posted,
    SetBalance,
)
from kryten_economy.features.presence.operations import (
    Arrive,
    Arrived,
    PresenceMinute,
    PresencePaid,
)
from kryten_economy.features.queue.buying import ApproveForcePlay, BuyMedia
from kryten_economy.features.queue.buying import Bought as FilmBought
from kryten_economy.features.queue.settling import QueueConfirmed, QueueRefused, SettledPurchase
from kryten_economy.features.queue.spends import (
    QueueSpent,
    RefundQueueSpend,
    SpendOnQueue,
    SpendRefunded,
)
from kryten_economy.features.shop.operations import Bought, BuyShopItem
from kryten_economy.features.tips import Tip, Tipped
from kryten_economy.features.vanity.operations import (
    AskForGif,
    BuyItem,
    GifAsked,
    ItemBought,
    SetAside,
    Settled,
    SettlePurchase,
    TellFortune,
    Waiting,
)
from kryten_economy.features.wallets.operations import (
    Finalize,
    Finalized,
    Release,
    ReleasedReservation,
    Reserve,
    Reserved,
)
from kryten_economy.ledger.holds import (
    Captured,
    CaptureHold,
    Held,
    PlaceHold,
    Released,
    ReleaseHold,
)
from kryten_economy.ledger.operation import Act
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.transaction_types import transaction_type
from kryten_economy.users import UserKey

__all__ = ("Movement", "Told", "movements", "pays_as_told", "told", "was_done", "was_replayed")


def told(  # noqa: PLR0911 - one way out for each answer
    answer: object,
) -> Told:
    """What an answer says about money."""
    match answer:
        case Posted(row_id, wallet, replayed):
            return ["Posted", replayed, row_id, _money(wallet)]
        case BalanceSet(old_z, new_z, wallet, replayed):
            return ["BalanceSet", replayed, old_z, new_z, _money(wallet)]
        case Tipped(giver, taker, replayed=replayed):
            return ["Tipped", replayed, _money(giver), _money(taker)]
        case BountyCreated(bounty_id, wallet, replayed):
            return ["BountyCreated", replayed, bounty_id, _money(wallet)]
        case BountyClaimed(bounty, winner, creator, replayed):
            paid = _money(winner)
            about = [bounty.hold_id, bounty.amount_z, paid, _money(creator)]
            return ["BountyClaimed", replayed, *about]
        case BountyEnded(bounty, refund_z, creator, replayed):
            about = [bounty.hold_id, bounty.creator, bounty.amount_z, refund_z, _money(creator)]
            return ["BountyEnded", replayed, *about]
        case Held(hold_id, wallet, replayed):
            return ["Held", replayed, hold_id, _money(wallet)]
        case Bought(wallet=wallet, left=left, hold_id=hold_id, replayed=replayed):
            return ["Bought", replayed, hold_id, _money(wallet), left]
        case ColourReserved(hold_id, wallet, replayed):
            return ["ColourReserved", replayed, hold_id, _money(wallet)]
        case ColourSettled(hold_id, shown, colour, amount_z, wallet, replayed):
            return ["ColourSettled", replayed, hold_id, shown, colour, amount_z, _money(wallet)]
        case Captured(hold_id, captured_z, released_z, owner, taker, replayed):
            taken = None if taker is None else _money(taker)
            return ["Captured", replayed, hold_id, captured_z, released_z, _money(owner), taken]
        case Released(hold_id, released_z, wallet, replayed):
            return ["Released", replayed, hold_id, released_z, _money(wallet)]
        case Reserved(hold_id, reserved_z, _, _, wallet, replayed):
            return ["Reserved", replayed, hold_id, reserved_z, _money(wallet)]
        case Finalized() as done:
            assert done.adds_up, done
            rest_z = done.reserved_z - done.amount_z
            money = _money(done.wallet)
            return ["Finalized", done.replayed, done.reservation_id, done.amount_z, rest_z, money]
        case ReleasedReservation(hold_id, returned_z, wallet, replayed):
            return ["ReleasedReservation", replayed, hold_id, returned_z, _money(wallet)]
        case ItemBought(wallet, paid_z, _, replayed):
            return ["ItemBought", replayed, paid_z, _money(wallet)]
        case Waiting(hold_id, wallet, paid_z, replayed):
            return ["Waiting", replayed, hold_id, paid_z, _money(wallet)]
        case Settled(hold_id, _, done, amount_z, wallet, replayed):
            return ["Settled", replayed, hold_id, done, amount_z, _money(wallet)]
        case FilmBought(purchase, wallet, replayed):
            return ["FilmBought", replayed, purchase.id, purchase.state, _money(wallet)]
        case SettledPurchase(purchase, wallet, refund_z, replayed):
            about = [purchase.id, purchase.name, purchase.price_z, refund_z, purchase.approval_id]
            return ["SettledPurchase", replayed, *about, _money(wallet)]
        case QueueSpent(cost_z, _, wallet, replayed):
            return ["QueueSpent", replayed, cost_z, _money(wallet)]
        case SpendRefunded(refund_z, wallet, _, replayed):
            return ["SpendRefunded", replayed, refund_z, _money(wallet)]
        case GifAsked(approval_id, wallet, paid_z, replayed):
            return ["GifAsked", replayed, approval_id, paid_z, _money(wallet)]
        case Resolved(approval, approved, refund_z, wallet, replayed):
            about = [approval.hold_id, approval.name, approval.paid_z, refund_z, approved]
            return ["Resolved", replayed, *about, _money(wallet)]
        case Arrived(wallet, welcomed_z, created, _, _, replayed):
            return ["Arrived", replayed, welcomed_z, created, _money(wallet)]
        case PresencePaid(users, paid_z, replayed):
            return ["PresencePaid", replayed, users, paid_z]
        case BanState(_, banned):
            return ["no", "ban" if banned else "free"]
        case _:
            return told_of_games(answer) or ["no", type(answer).__name__]


def _money(wallet: Wallet) -> list[int]:
    return list(wallet[2:7])


def was_done(words: Told) -> bool:
    """Whether the books did what was asked, now or before."""
    return bool(words[0] != "no")


def was_replayed(words: Told) -> bool:
    """Whether it had been done before."""
    return words[1] is True


def movements(  # noqa: PLR0911 - one way out for each act
    request: Act[Any], words: Told, held_by: Mapping[str, str], known: Known
) -> list[Movement]:
    """The transfers that this answer to this request promises.

    ``held_by`` names the owner of each hold.
    """
    if (played := moved(request, words, known)) is not None:
        return played
    match request:
        case Credit():
            source = "=" + transaction_type(request.type).counterpart
            return [Movement(source, request.user.name, request.amount_z, None, words[3][0])]
        case Debit():
            target = "=" + transaction_type(request.type).counterpart
            return [Movement(request.user.name, target, request.amount_z, words[3][0], None)]
        case SetBalance():
            return _set_to(request.user.name, words[2], words[3])
        case Tip():
            giver, taker = request.giver.name, request.taker.name
            return [Movement(giver, taker, request.amount_z, words[2][0], words[3][0])]
        case CreateBounty():
            return [Movement(request.user.name, "=escrow", request.amount_z, words[3][0], None)]
        case ClaimBounty():
            return [Movement("=escrow", request.winner.name, words[3], None, words[4][0])]
        case EndBounty():
            return _ended(*words[3:])
        case PlaceHold():
            return [Movement(request.user.name, "=escrow", request.amount_z, words[3][0], None)]
        case BuyShopItem():
            target = "=escrow" if words[2] else "=sink"
            return [Movement(request.user.name, target, request.price_z, words[3][0], None)]
        case ReserveColour():
            return [Movement(request.user.name, "=escrow", request.price_z, words[3][0], None)]
        case SettleColour():
            shown, _, amount_z, money = words[3:7]
            taker, after_z = ("=sink", None) if shown else (held_by[request.hold_id], money[0])
            return [Movement("=escrow", taker, amount_z, None, after_z)]
        case ReleaseHold():
            owner = held_by[request.hold_id]
            return [Movement("=escrow", owner, words[3], None, words[4][0])]
        case CaptureHold():
            return _captured(request, words, held_by[request.hold_id])
        case Reserve():
            return [Movement(request.user.name, "=escrow", words[3], words[4][0], None)]
        case Finalize():
            owner = held_by[request.reservation_id]
            back = [Movement("=escrow", owner, words[4], None, words[5][0])] if words[4] else []
            paid = [Movement("=escrow", "=sink", words[3], None, None)] if words[3] else []
            return back + paid
        case Release():
            owner = held_by[request.reservation_id]
            return [Movement("=escrow", owner, words[3], None, words[4][0])]
        case ApproveForcePlay():
            return []
        case BuyMedia() | AskForGif():
            return [Movement(request.user.name, "=escrow", request.price_z, words[-1][0], None)]
        case QueueConfirmed() | QueueRefused() | ResolveApproval():
            name, amount_z, refund_z = words[3:6]
            taker, after_z = (name, words[-1][0]) if refund_z else ("=sink", None)
            return [Movement("=escrow", taker, amount_z, None, after_z)]
        case SpendOnQueue():
            return [Movement(request.user.name, "=sink", words[2], words[3][0], None)]
        case RefundQueueSpend():
            return [Movement("=sink", request.user.name, words[2], None, words[3][0])]
        case BuyItem() | TellFortune():
            return [Movement(request.user.name, "=sink", words[2], words[3][0], None)]
        case SetAside():
            return [Movement(request.user.name, "=escrow", words[3], words[4][0], None)]
        case SettlePurchase(done=True):
            return [Movement("=escrow", "=sink", words[4], None, None)]
        case SettlePurchase():
            owner = held_by[request.hold_id]
            return [Movement("=escrow", owner, words[4], None, words[5][0])]
        case Arrive():
            if not words[2]:
                return []
            return [Movement("=mint", request.user.name, words[2], None, words[4][0])]
        case _:
            raise AssertionError(f"the load makes no such request: {request!r}")


def pays_as_told(request: PresenceMinute, words: Told, moved: Sequence[Movement]) -> bool:
    """Whether a tick moved what it was answered: everybody's coins, of all but the banned.

    Who was banned just then is not told, so a villain may be missing.
    """
    due = {each.name: each.active_minutes for each in request.entries if each.active_minutes}
    paid = {each.taker: each.amount_z for each in moved if each.giver == "=mint"}
    told_so = words[2:] == [len(request.entries), sum(paid.values())] and len(paid) == len(moved)
    missing = due.keys() - paid.keys()
    innocent = [name for name in missing if not name.startswith("villain")]
    return told_so and not innocent and paid.items() <= due.items()


def _set_to(name: str, old_z: int, new_z: int) -> list[Movement]:
    if old_z == new_z:
        return []
    if new_z > old_z:
        return [Movement("=mint", name, new_z - old_z, None, new_z)]
    return [Movement(name, "=sink", old_z - new_z, new_z, None)]


def _ended(creator: str, amount_z: int, refund_z: int, money: list[int]) -> list[Movement]:
    back = Movement("=escrow", creator, refund_z, None, money[0])
    kept = Movement("=escrow", "=sink", amount_z - refund_z, None, None)
    return [each for each in (back, kept) if each.amount_z]


def _captured(request: CaptureHold, words: Told, owner: str) -> list[Movement]:
    captured_z, released_z, owner_money, taker_money = words[3:7]
    result = []
    if released_z:
        after_z = owner_money[0]
        if isinstance(request.to, UserKey) and request.to.name == owner:
            after_z -= captured_z
        result.append(Movement("=escrow", owner, released_z, None, after_z))
    if captured_z and isinstance(request.to, UserKey):
        taker = request.to.name
        result.append(Movement("=escrow", taker, captured_z, None, taker_money[0]))
    elif captured_z:
        result.append(Movement("=escrow", f"={request.to}", captured_z, None, None))
    return result
