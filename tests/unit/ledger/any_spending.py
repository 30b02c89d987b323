"""What is bought, asked for, reserved, given and offered."""

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st
from tests.unit.ledger.acts import DAY, NOW, key, tip
from tests.unit.ledger.any_values import (
    DAYS,
    GATES,
    HOLD_IDS,
    IDS,
    LOWER,
    NAMES,
    PRESENT,
    SOME_Z,
    TIMES,
    USERS,
    an_op,
    here,
    now,
)

from kryten_economy.features.approvals import ResolveApproval
from kryten_economy.features.bounties.operations import ClaimBounty, CreateBounty, EndBounty
from kryten_economy.features.colours.operations import KeepFoundColours, ReserveColour, SettleColour
from kryten_economy.features.gifts import AdminRain, RainDrop, RainShare
from kryten_economy.features.queue.buying import ApproveForcePlay, BuyMedia
from kryten_economy.features.queue.rules import Media, QueueLimits
from kryten_economy.features.queue.settling import (
    EndPurchases,
    MovePurchase,
    QueueConfirmed,
    QueueRefused,
)
from kryten_economy.features.queue.spends import RefundQueueSpend, SpendOnQueue
from kryten_economy.features.shop.operations import BuyShopItem, DefineItem, RemoveItem, SetStock
from kryten_economy.features.shop.rules import Item
from kryten_economy.features.tips import Tip
from kryten_economy.features.vanity.operations import (
    LEVEL,
    SHOUTOUT,
    AskForGif,
    BuyItem,
    SetAside,
    SettlePurchase,
    TellFortune,
)
from kryten_economy.features.wallets.operations import Finalize, Release, Reserve
from kryten_economy.features.wallets.rules import Caps
from kryten_economy.ledger.operation import Request

__all__ = ("KINDS",)

ITEMS = st.builds(
    lambda id_, effect, stock, per_user, by_hand: Item(
        id_, "Thing", 3, effect, "Text", "", stock, per_user, by_hand=by_hand
    ),
    st.sampled_from(["a", "b"]),
    st.sampled_from(["announce", "approval", "event", "title"]),
    st.sampled_from([None, 2]),
    st.sampled_from([None, 2]),
    st.booleans(),
)
BY_HAND = ITEMS.map(lambda item: replace(item, by_hand=True))
SHARES = st.lists(LOWER, unique=True).flatmap(
    lambda names: st.tuples(*(st.builds(RainShare, st.just(n), st.just(n), SOME_Z) for n in names))
)
MEDIA_IDS = IDS.map(lambda number: f"media:{number}")
QUEUE_LIMITS = st.builds(QueueLimits, st.integers(0, 3), st.sampled_from([0, 2000]))
SERVICES = st.sampled_from(["bot", "bingo"])
CAPS = st.sampled_from([Caps(), Caps(9, 6, 12)])
RESERVATIONS = IDS.map(lambda number: f"wallet:reserve:{number}")

KINDS: dict[type[Request[Any]], st.SearchStrategy[Request[Any]]] = {
    Tip: st.builds(tip, NAMES, NAMES, SOME_Z, an_op("tip")),
    ResolveApproval: st.builds(
        ResolveApproval,
        an_op("decide"),
        here,
        st.integers(1, 3),
        st.booleans(),
        st.just("Boss"),
        st.just(""),
        now,
        DAYS,
    ),
    BuyItem: st.builds(
        BuyItem,
        an_op("buy"),
        USERS,
        st.sampled_from(["custom_title", "custom_greeting"]),
        st.sampled_from(["Sir", "Dame"]),
        SOME_Z,
        st.just("spend.vanity.custom_title"),
        st.just("Title"),
        now,
        DAYS,
    ),
    DefineItem: st.builds(DefineItem, here, BY_HAND, st.just("Boss"), now),
    RemoveItem: st.builds(RemoveItem, here, st.sampled_from(["a", "b"])),
    SetStock: st.builds(SetStock, here, ITEMS, st.one_of(st.none(), st.integers(0, 3))),
    BuyShopItem: st.builds(
        lambda op_id, user, item, price_z, at_ms, day: BuyShopItem(
            op_id, user, item.id, "", item, price_z, at_ms, day
        ),
        an_op("shop"),
        USERS,
        ITEMS,
        SOME_Z,
        TIMES,
        DAYS,
    ),
    TellFortune: st.builds(
        TellFortune, an_op("fortune"), USERS, SOME_Z, st.just(NOW - 5), TIMES, DAYS
    ),
    AskForGif: st.builds(
        AskForGif, an_op("gif"), USERS, st.just("https://x.test/a.gif"), SOME_Z, now, DAYS
    ),
    SetAside: st.builds(
        lambda op_id, user, purpose, price_z, cooldown_ms, at_ms, day: SetAside(
            op_id, user, purpose, "2", price_z, "s", "r", "Bought", cooldown_ms, NOW + 9, at_ms, day
        ),
        an_op("aside"),
        USERS,
        st.sampled_from([SHOUTOUT, LEVEL]),
        SOME_Z,
        st.sampled_from([0, 2000]),
        TIMES,
        DAYS,
    ),
    SettlePurchase: st.builds(
        SettlePurchase,
        an_op("settle"),
        IDS.map(lambda number: f"purchase:aside:{number}")
        | IDS.map(lambda number: f"shop:shop:{number}")
        | HOLD_IDS,
        st.booleans(),
        st.just("Settled"),
        now,
        DAYS,
    ),
    CreateBounty: st.builds(
        lambda op_id, name, amount_z, most: CreateBounty(
            op_id, key(name), amount_z, "Sing", NOW + 5, most, NOW, DAY
        ),
        an_op("bounty"),
        NAMES,
        SOME_Z,
        st.integers(0, 2),
    ),
    ClaimBounty: st.builds(
        ClaimBounty, an_op("won"), here, st.integers(1, 3), USERS, st.just("Boss"), now, DAYS
    ),
    EndBounty: st.builds(
        EndBounty,
        an_op("end"),
        here,
        st.integers(1, 3),
        st.sampled_from(["cancelled", "expired"]),
        NAMES,
        st.integers(0, 100),
        st.integers(NOW, NOW + 9),
        DAYS,
        st.booleans(),
    ),
    BuyMedia: st.builds(
        lambda op_id, user, action, price_z, limits, forced, at_ms, day: BuyMedia(
            op_id,
            user,
            "forcenow" if forced else action,
            Media("cm", "film", "Film", 60),
            price_z,
            limits,
            at_ms,
            day,
            needs_approval=forced,
        ),
        an_op("media"),
        USERS,
        st.sampled_from(["queue", "playnext", "forcenow"]),
        SOME_Z,
        QUEUE_LIMITS,
        st.booleans(),
        TIMES,
        DAYS,
    ),
    ApproveForcePlay: st.builds(
        ApproveForcePlay, an_op("force"), here, st.integers(1, 3), now, DAYS
    ),
    QueueConfirmed: st.builds(
        QueueConfirmed, an_op("queued"), here, MEDIA_IDS, st.integers(1, 9), now, DAYS
    ),
    QueueRefused: st.builds(
        QueueRefused, an_op("unqueued"), here, MEDIA_IDS, st.just("Not there"), now, DAYS
    ),
    EndPurchases: st.builds(
        EndPurchases,
        here,
        st.lists(MEDIA_IDS, max_size=2).map(tuple),
        st.sampled_from(["played", "gone"]),
    ),
    MovePurchase: st.builds(MovePurchase, here, MEDIA_IDS, st.integers(1, 9)),
    SpendOnQueue: st.builds(
        lambda number, user, attempt, price_z, limits, at_ms, day: SpendOnQueue(
            f"web:{number}",
            user,
            f"r{number}",
            attempt,
            price_z,
            "queue",
            "Queued",
            limits,
            at_ms,
            day,
        ),
        IDS,
        USERS,
        st.sampled_from(["one", "two"]),
        SOME_Z,
        QUEUE_LIMITS,
        TIMES,
        DAYS,
    ),
    RefundQueueSpend: st.builds(
        RefundQueueSpend,
        an_op("web back"),
        USERS,
        IDS.map(lambda number: f"r{number}"),
        st.just("Failed"),
        now,
        DAYS,
        st.sampled_from([None, "one"]),
    ),
    ReserveColour: st.builds(
        ReserveColour,
        an_op("colour"),
        USERS,
        st.sampled_from(["#FFD700", "#50C878"]),
        SOME_Z,
        st.just(0.1),
        now,
        DAYS,
    ),
    SettleColour: st.builds(
        SettleColour,
        an_op("shown"),
        IDS.map(lambda number: f"colour:colour:{number}") | HOLD_IDS,
        st.booleans(),
        now,
        DAYS,
    ),
    KeepFoundColours: st.builds(
        KeepFoundColours,
        here,
        st.lists(st.tuples(NAMES, st.just("#AAAAAA")), max_size=2).map(tuple),
        now,
        DAYS,
    ),
    Reserve: st.builds(
        lambda op_id, user, service, budget_z, partial, caps, due, day: Reserve(
            op_id, user, service, budget_z, partial, caps, NOW + due, NOW, day
        ),
        an_op("reserve"),
        USERS,
        SERVICES,
        SOME_Z,
        st.booleans(),
        CAPS,
        st.integers(1, 9),
        DAYS,
    ),
    Finalize: st.builds(
        Finalize, an_op("finalize"), here, SERVICES, RESERVATIONS, SOME_Z, CAPS, now, DAYS
    ),
    Release: st.builds(Release, an_op("unreserve"), here, SERVICES, RESERVATIONS, now, DAYS),
    RainDrop: st.builds(RainDrop, an_op("drop"), here, SHARES, GATES, now, DAYS),
    AdminRain: st.builds(
        AdminRain, an_op("rain"), here, PRESENT, SOME_Z, st.just("Boss"), now, DAYS
    ),
}
