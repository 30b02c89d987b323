"""Vanity in the books: what is paid is owned, and what could not be done costs nothing."""

from pathlib import Path

import pytest
from tests.unit.ledger.acts import CHANNEL, DAY, NEXT_DAY, NOW, ask, earn, key, look, told

from kryten_economy.features.approvals import ResolveApproval, Resolved, pending_approvals
from kryten_economy.features.bans import Ban
from kryten_economy.features.possessions import owned_by_user
from kryten_economy.features.reports.queries import Reports
from kryten_economy.features.vanity.operations import (
    LEVEL,
    SHOUTOUT,
    AskForGif,
    BuyItem,
    GifAsked,
    ItemBought,
    SetAside,
    Settled,
    SettlePurchase,
    TellFortune,
    Waiting,
    open_levels,
    open_shoutouts,
)
from kryten_economy.ledger.books import Books
from kryten_economy.ledger.expiry import resumes
from kryten_economy.refusals import (
    AlreadyPending,
    AlreadySettled,
    Banned,
    CoolingDown,
    DailyLimit,
    Insufficient,
    NoAccount,
    NoHold,
)

DAY_MS = 86_400_000
HOUR_MS = 3_600_000


def title(name: str, value: str, price_z: int, op_id: str) -> BuyItem:
    trigger = "spend.vanity.custom_title"
    return BuyItem(op_id, key(name), "custom_title", value, price_z, trigger, "Title", NOW, DAY)


def fortune(name: str, price_z: int, op_id: str, at_ms: int = NOW) -> TellFortune:
    return TellFortune(op_id, key(name), price_z, at_ms // DAY_MS * DAY_MS, at_ms, DAY)


def gif(name: str, url: str, price_z: int, op_id: str) -> AskForGif:
    return AskForGif(op_id, key(name), url, price_z, NOW, DAY)


def shoutout(name: str, text: str, price_z: int, op_id: str, at_ms: int = NOW) -> SetAside:
    return SetAside(
        op_id,
        key(name),
        SHOUTOUT,
        text,
        price_z,
        "spend.vanity.shoutout",
        "refund.shoutout_failed",
        "Shoutout",
        HOUR_MS,
        at_ms + HOUR_MS,
        at_ms,
        DAY,
    )


def level(name: str, price_z: int, op_id: str) -> SetAside:
    trigger, refund = "spend.cytube_promotion", "refund.cytube_promotion_failed"
    return SetAside(
        op_id, key(name), LEVEL, "2", price_z, trigger, refund, "Level 2", 0, NOW + 9, NOW, DAY
    )


def settle(hold_id: str, op_id: str, *, done: bool, at_ms: int = NOW) -> SettlePurchase:
    return SettlePurchase(op_id, hold_id, done, "Not done", at_ms, DAY)


def test_a_bought_value_replaces_the_one_before(books: Books, reports: Reports) -> None:
    """P-USR-2: whatever the casing of the name, there is one value, paid in full each time."""
    books.commit([earn("Bob", 50)])
    assert told(books, title("Bob", "Sir", 10, "a"), ItemBought).replaced is None
    again = told(books, title("BOB", "Duke", 30, "b"), ItemBought)
    assert (again.replaced, again.paid_z, again.wallet.balance_z) == ("Sir", 30, 10)
    [owned] = owned_by_user(reports, key("bob"))
    assert owned.value == "Duke"
    assert again.wallet.lifetime_spent_z == 40


def test_who_can_not_pay_owns_nothing(books: Books, reports: Reports) -> None:
    """Too poor, unknown or banned: nothing is changed."""
    books.commit([earn("Bob", 5), earn("Eve", 90), Ban(key("Eve"), "Eve", "Boss", "", NOW, DAY)])
    assert ask(books, title("Bob", "Sir", 10, "a")) == Insufficient(5, 5)
    assert ask(books, title("Zoe", "Sir", 10, "b")) == NoAccount(key("Zoe"))
    assert ask(books, title("Eve", "Sir", 10, "c")) == Banned(key("Eve"))
    assert owned_by_user(reports, key("Bob")) == ()
    assert look(books, "Eve").balance_z == 90


def test_a_repeated_purchase_at_another_price_is_the_same_purchase(books: Books) -> None:
    """The price belongs to the attempt: a repetition tells what was paid then."""
    books.commit([earn("Bob", 50)])
    told(books, title("Bob", "Sir", 10, "a"), ItemBought)
    again = told(books, title("Bob", "Sir", 12, "a"), ItemBought)
    assert (again.replayed, again.paid_z, again.wallet.balance_z) == (True, 10, 40)


def test_one_fortune_a_day(books: Books) -> None:
    """P-SHOP-6: kept in the books; the next day has its own, and a refusal costs nothing."""
    books.commit([earn("Bob", 10)])
    assert told(books, fortune("Bob", 4, "a"), ItemBought).wallet.balance_z == 6
    assert ask(books, fortune("Bob", 4, "b", NOW + 1)) == DailyLimit("fortune", 1)
    midnight_ms = NOW // DAY_MS * DAY_MS + DAY_MS
    assert ask(books, fortune("Bob", 4, "c", midnight_ms - 1)) == DailyLimit("fortune", 1)
    free = told(books, fortune("Bob", 0, "d", midnight_ms), ItemBought)
    assert (free.paid_z, free.wallet.balance_z) == (0, 6)
    assert ask(books, fortune("Bob", 9, "e", midnight_ms + DAY_MS)) == Insufficient(6, 3)


def test_an_approved_gif_is_owned(books: Books, reports: Reports) -> None:
    """P-SHOP-3: granting stores the address; until then it is only pending, one at a time."""
    books.commit([earn("Bob", 50)])
    asked = told(books, gif("Bob", "https://x.test/a.gif", 30, "a"), GifAsked)
    assert asked.wallet.balance_z == 20
    assert ask(books, gif("Bob", "https://x.test/b.gif", 1, "b")) == AlreadyPending("GIF")
    assert owned_by_user(reports, key("Bob")) == ()
    decide = ResolveApproval("c", CHANNEL, asked.approval_id, True, "Boss", "GIF", NOW, NEXT_DAY)
    told(books, decide, Resolved)
    [owned] = owned_by_user(reports, key("Bob"))
    assert (owned.type, owned.value) == ("channel_gif", "https://x.test/a.gif")
    assert pending_approvals(reports, CHANNEL) == ()


def test_what_could_not_be_said_costs_nothing_and_starts_no_cooldown(books: Books) -> None:
    """Given back: the balance, the counters and the cooldown are as before (P-SHOP-6)."""
    books.commit([earn("Bob", 50)])
    first = told(books, shoutout("Bob", "Hello", 20, "a"), Waiting)
    assert first.wallet.balance_z == 30
    assert ask(books, shoutout("Bob", "More", 20, "b", NOW + 1000)) == CoolingDown(
        "Your shoutout", HOUR_MS - 1000
    )
    lost = told(books, settle(first.hold_id, "c", done=False), Settled)
    assert (lost.done, lost.amount_z, lost.wallet.balance_z) == (False, 20, 50)
    assert lost.wallet.lifetime_spent_z == 0
    second = told(books, shoutout("Bob", "Again", 20, "d", NOW + 2000), Waiting)
    said = told(books, settle(second.hold_id, "e", done=True), Settled)
    assert (said.wallet.balance_z, said.wallet.lifetime_spent_z) == (30, 20)
    assert ask(books, shoutout("Bob", "More", 20, "f", NOW + HOUR_MS)) == CoolingDown(
        "Your shoutout", 2000
    )
    told(books, shoutout("Bob", "More", 20, "g", NOW + 2000 + HOUR_MS), Waiting)


def test_a_purchase_is_settled_once(books: Books) -> None:
    """Whoever comes second learns the state, and moves nothing."""
    books.commit([earn("Bob", 50)])
    first = told(books, shoutout("Bob", "Hello", 20, "a"), Waiting)
    told(books, settle(first.hold_id, "b", done=True), Settled)
    late = ask(books, settle(first.hold_id, "c", done=False))
    assert late == AlreadySettled(first.hold_id, "captured")
    assert ask(books, settle("nothing", "d", done=True)) == NoHold("nothing")
    assert look(books, "Bob").balance_z == 30


def test_a_level_is_stored_with_its_payment(books: Books, reports: Reports) -> None:
    """Confirmed: paid and stored in one act; one at a time waits."""
    books.commit([earn("Bob", 50)])
    waiting = told(books, level("Bob", 40, "a"), Waiting)
    assert [(each.name, each.level) for each in open_levels(reports, CHANNEL)] == [("bob", 2)]
    assert ask(books, level("Bob", 1, "b")) == AlreadyPending(LEVEL)
    given = told(books, settle(waiting.hold_id, "c", done=True), Settled)
    assert (given.wallet.cytube_level, given.wallet.balance_z) == (2, 10)
    assert open_levels(reports, CHANNEL) == ()


@pytest.mark.parametrize("purpose", [LEVEL, SHOUTOUT])
def test_what_a_restart_leaves_is_for_the_channel_to_settle(path: Path, purpose: str) -> None:
    """Holds of both kinds are still there, and found."""
    books = Books.open(path)
    wanted = level("Bob", 20, "a") if purpose == LEVEL else shoutout("Bob", "Hi", 20, "a")
    books.commit([earn("Bob", 50), wanted])
    books.close()
    assert resumes(purpose)
    reports = Reports.open(path)
    found = open_levels(reports, CHANNEL) if purpose == LEVEL else open_shoutouts(reports, CHANNEL)
    assert len(found) == 1
    reports.close()


def test_counters_rise_when_a_purchase_is_final(books: Books, reports: Reports) -> None:
    """A title at once, a GIF with its approval, a shoutout once said, a fortune once told."""

    def counted() -> tuple[int, ...]:
        counters = reports.counters()
        names = ("vanity_purchases_total", "shoutouts_total", "fortunes_total")
        return tuple(counters.get(name, 0) for name in names)

    books.commit([earn("Bob", 500)])
    told(books, title("Bob", "Sir", 10, "a"), ItemBought)
    asked = told(books, gif("Bob", "https://x.test/a.gif", 30, "b"), GifAsked)
    unsaid = told(books, shoutout("Bob", "Hi", 10, "c"), Waiting)
    assert counted() == (1, 0, 0)
    ask(books, settle(unsaid.hold_id, "d", done=False))
    said = told(books, shoutout("Bob", "Hi", 10, "e"), Waiting)
    ask(books, settle(said.hold_id, "f", done=True))
    ask(books, settle(said.hold_id, "g", done=True))
    told(books, fortune("Bob", 0, "h"), ItemBought)
    ask(books, fortune("Bob", 0, "i"))
    decide = ResolveApproval("j", CHANNEL, asked.approval_id, True, "Boss", "GIF", NOW, DAY)
    told(books, decide, Resolved)
    assert counted() == (2, 1, 1)
    told(books, title("Bob", "Sir", 10, "a"), ItemBought)
    assert counted() == (2, 1, 1)
