"""What a crowd of askers wants from the books: reproducible, and with plenty of contention.

The request of asker ``a`` at step ``n`` follows from the seed alone, never from an answer. So
whoever knows how many answers an asker has told knows which one request it had under way.
Requests are repeated, contradicted and shared by several askers on purpose.
"""

from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from tests.faults.play import SETTINGS, Players

from kryten_economy.features.approvals import ResolveApproval
from kryten_economy.features.bans import Ban, Unban
from kryten_economy.features.bounties.operations import ClaimBounty, CreateBounty, EndBounty
from kryten_economy.features.colours.operations import ReserveColour, SettleColour, hold_id_of
from kryten_economy.features.events.rules import PLAIN
from kryten_economy.features.money.operations import Credit, Debit, SetBalance
from kryten_economy.features.presence.minutes import EarningTerms, MinuteRate
from kryten_economy.features.presence.operations import (
    Arrive,
    PresenceEntry,
    PresenceMinute,
    RecordActivity,
)
from kryten_economy.features.queue.buying import ApproveForcePlay, BuyMedia
from kryten_economy.features.queue.rules import Action, Media, QueueLimits
from kryten_economy.features.queue.settling import EndPurchases, QueueConfirmed, QueueRefused
from kryten_economy.features.queue.spends import RefundQueueSpend, SpendOnQueue
from kryten_economy.features.ranks.rules import Ladder
from kryten_economy.features.shop.operations import BuyShopItem
from kryten_economy.features.shop.rules import Item
from kryten_economy.features.tips import Tip
from kryten_economy.features.vanity.operations import (
    AskForGif,
    BuyItem,
    SetAside,
    SettlePurchase,
    TellFortune,
)
from kryten_economy.features.vanity.rules import TITLE
from kryten_economy.features.wallets.operations import Finalize, Release, Reserve
from kryten_economy.features.wallets.rules import Caps
from kryten_economy.ledger.holds import CaptureHold, PlaceHold, ReleaseHold
from kryten_economy.ledger.operation import Act, Request
from kryten_economy.users import UserKey

__all__ = ("ASKERS", "CAPS", "CHANNEL", "DAY", "LAMP", "Crowd", "villain_of")

ASKERS = 64
CHANNEL = "Torture"
DAY = "2026-11-20"
NOW_MS = 1_795_168_800_000

RATE = MinuteRate(base=0, active_bonus=1, night_factor=1.0, night_bonus=0)
"""A coin for each active minute."""
_UNMULTIPLIED = EarningTerms(SETTINGS, Ladder(SETTINGS.ranks.tiers), PLAIN)

LAMP = Item("lamp", "Lamp", 10, "announce", "On", stock=5)
"""Paid into a hold, and soon sold out."""
_FRAME = Item("frame", "Frame", 10, "title")
CAPS = Caps(user_z=2_000, service_z=1_500)
"""What services may take of a user in all the time of a torture, which is one day."""
_SERVICES = ("bot", "bingo")
_FILM = Media("cm", "https://media.test/film.json", "Film", 600)
_ACTIONS: tuple[Action, ...] = ("queue", "playnext", "forcenow")
_LIMITS = QueueLimits(per_day=10**6, cooldown_ms=0)

_USERS = ("Ann", "Bob", "Cyd", "Dee", "Eve", "Fay")
_VILLAINS = 8
_NEWCOMERS = 400
_SHARERS = 8
"""So many askers ask the same thing under the same id at about the same time."""

_CREDITS = (
    ("earn", "chat.long_message"),
    ("gamble_win", "gambling.spin"),
    ("admin_grant", "admin.grant"),
    ("refund", "refund.gif_rejected"),
)
_DEBITS = (
    ("spend", "spend.vanity.custom_greeting"),
    ("gamble_stake", "gambling.spin"),
    ("admin_deduct", "admin.deduct"),
)


def key(name: str) -> UserKey:
    return UserKey.of(CHANNEL, name)


def villain_of(asker: int) -> str | None:
    """The user whom only this asker bans and lets in again, if there is one."""
    return f"Villain{asker}" if asker < _VILLAINS else None


def talker_of(asker: int) -> str:
    """The user whose chat only this asker counts."""
    return f"Talker{asker}"


@dataclass(frozen=True, slots=True)
class Crowd:
    """The askers of one run of the service."""

    seed: int
    generation: int
    numbers: dict[str, int] = field(default_factory=dict, compare=False)
    """Rounds of games by the act that has opened them, as far as anybody was told."""

    def request(self, asker: int, step: int) -> Request[Any]:
        """What this asker asks for at this step, counted from 0: trade and play in turn."""
        if step % 2:
            return self._players.request(asker, step // 2)
        return self._trade(asker, step // 2)

    @property
    def _players(self) -> Players:
        about = (ASKERS, CHANNEL, _USERS, NOW_MS, DAY, self.numbers)
        return Players(self.seed, self.generation, *about)

    def _trade(  # noqa: PLR0911 - one way out for each kind of step
        self, asker: int, step: int
    ) -> Request[Any]:
        dice = Random(f"{self.seed}.{self.generation}.{asker}.{step}")
        match step % 10:
            case 1:
                return self._shared(asker, step)
            case 2 if dice.random() < 0.6:
                return self._film(dice, asker, step)
            case 0 if step and dice.random() < 0.7:
                return self._filmed(dice, asker, step)
            case 3:
                return self._place(dice, asker, step)
            case 5 | 7:
                return self._settle(dice, asker, step, (asker, step - step % 10 + 3))
            case 8:
                neighbour = dice.randrange(ASKERS)
                return self._settle(dice, asker, step, (neighbour, step - step % 10 + 3))
            case 9:
                return self._people(dice, asker, step)
            case 4 if dice.random() < 0.5:
                return self._colour(dice, asker, step)
            case 6 if dice.random() < 0.5:
                return self._coloured(dice, asker, step)
            case _ if step and dice.random() < 0.3:
                return self._again(dice, asker, step)
            case _:
                return self._money(dice, asker, step)

    def _op(self, asker: int, step: int) -> str:
        return f"op.{self.generation}.{asker}.{step}"

    def _hold(self, asker: int, step: int) -> str:
        return f"hold.{self.generation}.{asker}.{step}"

    def _again(self, dice: Random, asker: int, step: int) -> Request[Any]:
        """An own earlier request, sometimes with other content under the same id."""
        earlier = self._trade(asker, dice.randrange(step))
        if isinstance(earlier, Credit | Debit | Tip | SetBalance) and dice.random() < 0.25:
            return replace(earlier, amount_z=earlier.amount_z + 1)
        return earlier

    def _shared(self, asker: int, step: int) -> Request[Any]:
        group = asker // _SHARERS
        op_id = f"shared.{self.generation}.{group}.{step}"
        dice = Random(f"{self.seed}.{op_id}")
        if dice.random() < 0.5:
            return self._credit(dice, op_id)
        return self._tip(dice, op_id)

    def _money(  # noqa: PLR0911 - one way out for each kind of movement
        self, dice: Random, asker: int, step: int
    ) -> Request[Any]:
        op_id = self._op(asker, step)
        roll = dice.random()
        if roll < 0.3:
            return self._credit(dice, op_id)
        if roll < 0.5:
            return self._debit(dice, op_id)
        if roll < 0.6:
            return self._buy(dice, op_id)
        if roll < 0.8:
            return self._tip(dice, op_id)
        if roll < 0.85:
            who, amount_z = key(dice.choice(_USERS)), dice.randrange(150)
            return SetBalance(op_id, who, amount_z, "Set", "boss", NOW_MS + step, DAY)
        if roll < 0.93:
            return self._minute(dice, op_id, step)
        name = f"New{dice.randrange(_NEWCOMERS)}"
        return Arrive(op_id, key(name), name, NOW_MS + step, DAY, 100)

    def _credit(self, dice: Random, op_id: str) -> Act[Any]:
        kind, trigger = dice.choice(_CREDITS)
        name = dice.choice((*_USERS, *_USERS, f"Villain{dice.randrange(_VILLAINS)}"))
        amount_z = dice.randint(1, 40)
        return Credit(
            op_id,
            key(name),
            amount_z,
            kind,
            trigger,
            "Paid",
            NOW_MS,
            DAY,
            create=True,
            display_name=name,
        )

    def _debit(self, dice: Random, op_id: str) -> Act[Any]:
        if dice.random() < 0.2:
            who, price_z, value = key(dice.choice(_USERS)), dice.randint(1, 40), dice.choice("ABC")
            what = (TITLE, value, price_z, "spend.vanity.custom_title", "Title")
            return BuyItem(op_id, who, *what, NOW_MS, DAY)
        kind, trigger = dice.choice(_DEBITS)
        who = key(dice.choice(_USERS))
        return Debit(op_id, who, dice.randint(1, 60), kind, trigger, "Taken", NOW_MS, DAY)

    def _tip(self, dice: Random, op_id: str) -> Act[Any]:
        giver, taker = key(dice.choice(_USERS)), key(dice.choice(_USERS))
        return Tip(op_id, giver, taker, dice.randint(1, 40), NOW_MS, DAY, most_per_day_z=2_000)

    def _buy(self, dice: Random, op_id: str) -> Act[Any]:
        item = dice.choice((LAMP, replace(_FRAME, text=op_id)))
        who, price_z = key(dice.choice(_USERS)), dice.randint(1, 40)
        return BuyShopItem(op_id, who, item.id, "", item, price_z, NOW_MS, DAY)

    def _minute(self, dice: Random, op_id: str, step: int) -> Act[Any]:
        names = dice.sample((*_USERS, "Villain0", "Villain1", "Idle"), dice.randint(1, 6))
        entries = tuple(
            PresenceEntry(name.lower(), name, dice.randint(1, 5), dice.randrange(4))
            for name in names
        )
        at_ms = NOW_MS + step
        return PresenceMinute(op_id, CHANNEL, at_ms, DAY, entries, RATE, _UNMULTIPLIED)

    def _place(self, dice: Random, asker: int, step: int) -> Act[Any]:
        if dice.random() < 0.3:
            return self._reserve(dice, asker, step)
        if dice.random() < 0.3:
            return self._set_aside(dice, asker, step)
        if dice.random() < 0.5:
            who, ends_at_ms = key(dice.choice(_USERS)), NOW_MS + 3_600_000
            amount_z, op_id = dice.randint(1, 30), self._op(asker, step)
            return CreateBounty(op_id, who, amount_z, "Sing", ends_at_ms, 40, NOW_MS, DAY)
        kind, trigger, purpose = dice.choice(
            (
                ("spend", "spend.queue", "film"),
                ("gamble_stake", "gambling.heist", "heist"),
                ("bounty_create", "bounty.create", "deed"),
            )
        )
        return PlaceHold(
            self._op(asker, step),
            self._hold(asker, step),
            key(dice.choice(_USERS)),
            dice.randint(1, 30),
            purpose,
            kind,
            trigger,
            "Set aside",
            NOW_MS + 3_600_000,
            NOW_MS,
            DAY,
        )

    def _colour(self, dice: Random, asker: int, step: int) -> Act[Any]:
        who, colour = key(dice.choice(_USERS)), f"#{dice.randrange(0x1000000):06X}"
        price_z = dice.randint(1, 30)
        return ReserveColour(self._op(asker, step), who, colour, price_z, 0.0, NOW_MS, DAY)

    def _coloured(self, dice: Random, asker: int, step: int) -> Act[Any]:
        """What was just reserved, by this asker or another one, is shown or not."""
        by = dice.choice((asker, asker, dice.randrange(ASKERS)))
        hold_id, shown = hold_id_of(self._op(by, step - 2)), dice.random() < 0.6
        return SettleColour(self._op(asker, step), hold_id, shown, NOW_MS, DAY)

    def _film(self, dice: Random, asker: int, step: int) -> Act[Any]:
        """What waits for the playlist or an operator, or is charged by another service."""
        op_id, who = self._op(asker, step), key(dice.choice(_USERS))
        price_z, roll = dice.randint(1, 30), dice.random()
        if roll < 0.55:
            action = dice.choice(_ACTIONS)
            what = (_FILM, price_z, _LIMITS, NOW_MS + step, DAY)
            return BuyMedia(op_id, who, action, *what, needs_approval=action == "forcenow")
        if roll < 0.75:
            about = (price_z, "queue", "Queued", _LIMITS, NOW_MS + step, DAY)
            return SpendOnQueue(op_id, who, f"request.{op_id}", op_id, *about)
        if roll < 0.9:
            return AskForGif(op_id, who, "https://x.test/a.gif", price_z, NOW_MS, DAY)
        return TellFortune(op_id, who, price_z, NOW_MS - 1, NOW_MS, DAY)

    def _filmed(self, dice: Random, asker: int, step: int) -> Act[Any]:
        """What was bought in the round before, by this asker or another one, is settled."""
        by = dice.choice((asker, asker, dice.randrange(ASKERS)))
        op_id, bought = self._op(asker, step), self._trade(by, step - 8)
        if isinstance(bought, SpendOnQueue):
            about = ("Not played", NOW_MS, DAY)
            return RefundQueueSpend(op_id, bought.user, bought.request_id, *about)
        roll = dice.random()
        if isinstance(bought, BuyMedia) and roll < (0.4 if bought.needs_approval else 0.9):
            if roll < 0.2:
                return QueueRefused(op_id, CHANNEL, bought.op_id, "No length", NOW_MS, DAY)
            return QueueConfirmed(op_id, CHANNEL, bought.op_id, step, NOW_MS, DAY)
        # Of a request that may not be there yet, or may be settled.
        approval_id = dice.randint(1, 8 * (self.generation + 1))
        if dice.random() < 0.5:
            return ApproveForcePlay(op_id, CHANNEL, approval_id, NOW_MS, DAY)
        granted = dice.random() < 0.5
        return ResolveApproval(op_id, CHANNEL, approval_id, granted, "boss", "", NOW_MS, DAY)

    def _reserve(self, dice: Random, asker: int, step: int) -> Act[Any]:
        who, budget_z = key(dice.choice(_USERS)), dice.randint(1, 30)
        what = (who, dice.choice(_SERVICES), budget_z, dice.random() < 0.5, CAPS)
        return Reserve(self._op(asker, step), *what, NOW_MS + 3_600_000, NOW_MS, DAY)

    def _set_aside(self, dice: Random, asker: int, step: int) -> Act[Any]:
        who, price_z = key(dice.choice(_USERS)), dice.randint(1, 30)
        what = ("spend.vanity.shoutout", "refund.shoutout_failed", "Shoutout")
        until_ms = NOW_MS + 3_600_000
        op_id = self._op(asker, step)
        return SetAside(op_id, who, "anthem", "Hi", price_z, *what, 0, until_ms, NOW_MS, DAY)

    def _settle(  # noqa: PLR0911 - one way out for each kind of act
        self, dice: Random, asker: int, step: int, placed_at: tuple[int, int]
    ) -> Act[Any]:
        placed = self._trade(*placed_at)
        if isinstance(placed, Reserve):
            op_id = self._op(asker, step)
            which = (CHANNEL, placed.service, f"wallet:{placed.op_id}")
            if dice.random() < 0.3:
                return Release(op_id, *which, NOW_MS, DAY)
            return Finalize(op_id, *which, dice.randrange(40), CAPS, NOW_MS, DAY, step)
        if isinstance(placed, SetAside):
            op_id, is_done = self._op(asker, step), dice.random() < 0.5
            hold_id = f"purchase:{placed.op_id}"
            return SettlePurchase(op_id, hold_id, is_done, "Not said", NOW_MS, DAY)
        op_id, hold_id = self._op(asker, step), self._hold(*placed_at)
        if dice.random() < 0.3:
            return self._end_bounty(dice, op_id)
        roll = dice.random()
        if roll < 0.3:
            return ReleaseHold(op_id, hold_id, None, None, "Given back", NOW_MS, DAY)
        used = CaptureHold(op_id, hold_id, dice.randrange(40), "sink", "Used", NOW_MS, DAY)
        if roll < 0.6:
            return used
        if roll < 0.8:
            return replace(used, to="house")
        return replace(
            used,
            to=key(dice.choice(_USERS)),
            credit_type="gamble_win",
            credit_trigger="gambling.challenge",
        )

    def _end_bounty(self, dice: Random, op_id: str) -> Act[Any]:
        """Of one that may not be there yet, or may have ended."""
        bounty_id, who = dice.randint(1, 60 * (self.generation + 1)), dice.choice(_USERS)
        if dice.random() < 0.5:
            return ClaimBounty(op_id, CHANNEL, bounty_id, key(who), "boss", NOW_MS, DAY)
        percent, own = dice.choice((0, 50, 100)), dice.random() < 0.5
        return EndBounty(
            op_id, CHANNEL, bounty_id, "cancelled", who, percent, NOW_MS, DAY, creator_only=own
        )

    def _people(self, dice: Random, asker: int, step: int) -> Request[Any]:
        villain = villain_of(asker)
        if villain is not None and dice.random() < 0.5:
            if dice.random() < 0.5:
                return Ban(key(villain), villain, "boss", "rude", NOW_MS + step)
            return Unban(key(villain))
        if dice.random() < 0.2:
            watched = self._op(asker, step - step % 10 + 2)
            return EndPurchases(CHANNEL, (watched,), dice.choice(("played", "gone")))
        name = talker_of(asker)
        return RecordActivity(key(name), name, NOW_MS + step, DAY, messages=1, chatted=True)
