"""Paying for media: everything is checked at once, settled once, and given back whole."""

from dataclasses import replace

import pytest
from tests.unit.ledger.acts import CHANNEL, DAY, NEXT_DAY, NOW, ask, earn, key, look, told

from kryten_economy.features.approvals import ResolveApproval, Resolved, pending_approvals
from kryten_economy.features.bans import Ban
from kryten_economy.features.presence.operations import RecordActivity
from kryten_economy.features.queue.buying import ApproveForcePlay, Bought, BuyMedia
from kryten_economy.features.queue.purchases import (
    QueueStanding,
    purchases_on_playlist,
    queue_standing,
    standing_in,
    unsettled_purchases,
)
from kryten_economy.features.queue.rules import Action, Media, QueueLimits
from kryten_economy.features.queue.settling import (
    EndPurchases,
    MovePurchase,
    QueueConfirmed,
    QueueRefused,
    SettledPurchase,
)
from kryten_economy.features.queue.spends import (
    QueueSpent,
    RefundQueueSpend,
    SpendOnQueue,
    SpendRefunded,
    queue_spend,
)
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.books import Books
from kryten_economy.ledger.operation import AndRead, Read
from kryten_economy.refusals import (
    AlreadyPending,
    AlreadySettled,
    Banned,
    Conflict,
    CoolingDown,
    DailyLimit,
    Insufficient,
    NoAccount,
    NoHold,
    NotPending,
)

MINUTE_MS = 60_000
FILM = Media("cm", "https://media.test/api/v1/media/cytube/m.json", "Metropolis", 9_000)
OPEN = QueueLimits(9, 0)


def buy(
    name: str = "Bob",
    op_id: str = "buy",
    *,
    action: Action = "queue",
    price_z: int = 30,
    limits: QueueLimits = OPEN,
    at_ms: int = NOW,
    needs_approval: bool = False,
) -> BuyMedia:
    return BuyMedia(
        op_id, key(name), action, FILM, price_z, limits, at_ms, DAY, needs_approval=needs_approval
    )


def force(name: str = "Bob", op_id: str = "buy") -> BuyMedia:
    return buy(name, op_id, action="forcenow", needs_approval=True)


def queued(purchase_id: str = "buy", uid: int | None = 7) -> QueueConfirmed:
    return QueueConfirmed(f"yes-{purchase_id}", CHANNEL, purchase_id, uid, NOW + 5, DAY)


def refused(purchase_id: str = "buy", day: str = DAY) -> QueueRefused:
    return QueueRefused(f"no-{purchase_id}", CHANNEL, purchase_id, "Too long", NOW + 5, day)


def spend(
    request_id: str = "r",
    name: str = "Bob",
    *,
    price_z: int = 30,
    limits: QueueLimits = OPEN,
    at_ms: int = NOW,
    day: str = DAY,
) -> SpendOnQueue:
    return SpendOnQueue(
        f"queue:{request_id}",
        key(name),
        request_id,
        f"try-{request_id}",
        price_z,
        "queue",
        "Queued",
        limits,
        at_ms,
        day,
    )


def refund(request_id: str = "r", name: str = "Bob", day: str = DAY) -> RefundQueueSpend:
    return RefundQueueSpend(f"refund:{request_id}", key(name), request_id, "Failed", NOW + 9, day)


def used(reports: Reports, name: str = "bob", day: str = DAY) -> int:
    row = reports.sql.row(
        "SELECT d.queues_used FROM daily_activity AS d JOIN account AS a ON a.id = d.account_id"
        " WHERE a.name = ? AND d.day = ?",
        name,
        day,
    )
    return 0 if row is None else row[0]


@pytest.fixture
def rich(books: Books) -> Books:
    """Bob and Eve have 100 Z each."""
    books.commit([earn("Bob", 100), earn("Eve", 100)])
    return books


# The playlist's answer decides


def test_the_price_is_set_aside_until_it_is_queued(rich: Books, reports: Reports) -> None:
    """A purchase is paid at once, waits for the playlist and is spent when it stands there."""
    bought = told(rich, buy(), Bought)
    assert (bought.wallet.balance_z, bought.purchase.state, bought.purchase.price_z) == (
        70,
        "paid",
        30,
    )
    assert unsettled_purchases(reports, CHANNEL) == (bought.purchase,)
    settled = told(rich, queued(), SettledPurchase)
    assert (settled.wallet.balance_z, settled.wallet.lifetime_spent_z) == (70, 30)
    assert unsettled_purchases(reports, CHANNEL) == ()
    assert [each.uid for each in purchases_on_playlist(reports, CHANNEL)] == [7]
    assert reports.counters()["queues_total"] == 1


def test_what_can_not_be_played_is_given_back_whole(rich: Books, reports: Reports) -> None:
    """Money, the day's use and the cooldown come back, on the day of the spend (P-MON-10)."""
    limits = QueueLimits(1, 30 * MINUTE_MS)
    rich.commit([buy(limits=limits)])
    assert used(reports) == 1
    settled = told(rich, refused(day=NEXT_DAY), SettledPurchase)
    assert (settled.refund_z, settled.wallet.balance_z) == (30, 100)
    assert (settled.wallet.lifetime_spent_z, settled.wallet.lifetime_earned_z) == (0, 100)
    assert (used(reports), used(reports, day=NEXT_DAY)) == (0, 0)
    assert unsettled_purchases(reports, CHANNEL) == ()
    assert isinstance(ask(rich, buy(op_id="again", limits=limits, at_ms=NOW + 6)), Bought)


@pytest.mark.parametrize("first", [queued(), refused()])
def test_only_the_first_outcome_counts(rich: Books, first: QueueConfirmed | QueueRefused) -> None:
    """Who comes second with an outcome learns that it is settled, and nothing moves (P-MON-4)."""
    rich.commit([buy(), first])
    before = look(rich, "Bob")
    for late in (queued(), refused()):
        assert ask(rich, replace(late, op_id="late")) == NotPending()
    assert look(rich, "Bob") == before


def test_an_outcome_belongs_to_its_channel(rich: Books) -> None:
    """Another channel's playlist settles nothing here, and unknown purchases are none."""
    rich.commit([buy()])
    assert ask(rich, replace(queued(), channel="Elsewhere")) == NotPending()
    assert ask(rich, queued("unknown")) == NotPending()


def test_paid_items_keep_the_order_in_which_they_were_paid(rich: Books, reports: Reports) -> None:
    """The order is that of paying, however the playlist answers, and a shuffle changes uids."""
    rich.commit([buy("Bob", "first"), buy("Eve", "second"), queued("second", 8), queued("first")])
    assert [(each.id, each.uid) for each in purchases_on_playlist(reports, CHANNEL)] == [
        ("first", 7),
        ("second", 8),
    ]
    assert ask(rich, MovePurchase(CHANNEL, "second", 12)) is True
    assert ask(rich, EndPurchases(CHANNEL, ("first", "unknown"), "played")) == 1
    [left] = purchases_on_playlist(reports, CHANNEL)
    assert (left.id, left.uid, left.display_name, left.user) == ("second", 12, "Eve", key("Eve"))
    assert ask(rich, EndPurchases(CHANNEL, ("first",), "gone")) == 0


# Checks


def test_a_day_has_so_many_uses_whatever_they_are(rich: Books) -> None:
    """Queueing, playing next and forcing in count together, by message and by other services."""
    two = QueueLimits(2, 0)
    rich.commit([buy("Bob", "a", action="forcenow", limits=two), spend(limits=two)])
    assert ask(rich, buy("Bob", "b", action="playnext", limits=two)) == DailyLimit(
        "queued video", 2
    )
    assert ask(rich, buy("Bob", "c", action="forcenow", limits=two)) == DailyLimit(
        "queued video", 2
    )
    assert ask(rich, spend("r2", limits=two)) == DailyLimit("queued video", 2)
    rich.commit([refund()])
    assert isinstance(ask(rich, buy("Bob", "d", limits=two)), Bought)


def test_the_cooldown_is_one_for_both_ways(rich: Books) -> None:
    """After queueing by message another service has to wait as well, to the millisecond."""
    half_hour = QueueLimits(9, 30 * MINUTE_MS)
    rich.commit([buy(limits=half_hour)])
    early = spend(limits=half_hour, at_ms=NOW + 30 * MINUTE_MS - 1)
    assert ask(rich, early) == CoolingDown("Queueing", 1)
    assert isinstance(ask(rich, replace(early, at_ms=NOW + 30 * MINUTE_MS)), QueueSpent)


def test_forcing_in_neither_waits_nor_lets_wait(rich: Books) -> None:
    """A forced film may follow at once, and starts no cooldown."""
    half_hour = QueueLimits(9, 30 * MINUTE_MS)
    for number, action in enumerate(("forcenow", "queue", "forcenow")):
        act = buy("Bob", f"b{number}", action=action, limits=half_hour)  # type: ignore[arg-type]
        assert isinstance(ask(rich, act), Bought)


@pytest.mark.parametrize("act", [buy("Bob", price_z=101), spend(price_z=101)])
def test_nobody_pays_more_than_they_have(
    rich: Books, reports: Reports, act: BuyMedia | SpendOnQueue
) -> None:
    """A balance that is short refuses, and nothing is used up."""
    assert ask(rich, act) == Insufficient(100, 1)
    assert (look(rich, "Bob").balance_z, used(reports)) == (100, 0)


@pytest.mark.parametrize("act", [buy(), spend()])
def test_who_is_banned_or_unknown_buys_nothing(rich: Books, act: BuyMedia | SpendOnQueue) -> None:
    """The ban is looked at within the act; nobody gets an account by spending (P-MON-12)."""
    rich.commit([Ban(key("Bob"), "Bob", "Boss", "Spam", NOW)])
    assert ask(rich, act) == Banned(key("Bob"))
    assert ask(rich, replace(act, user=key("Ghost"))) == NoAccount(key("Ghost"))


# What an operator has to allow


def test_a_forced_film_waits_for_an_operator(rich: Books, reports: Reports) -> None:
    """It is paid and counted at once, but handed to the playlist when it is allowed."""
    bought = told(rich, force(), Bought)
    [approval] = pending_approvals(reports, CHANNEL, "force_play")
    assert (bought.purchase.state, bought.purchase.approval_id) == ("asked", approval.id)
    assert approval.data["title"] == "Metropolis"
    assert unsettled_purchases(reports, CHANNEL) == ()
    allowed = told(rich, ApproveForcePlay("ok", CHANNEL, approval.id, NOW, DAY), Bought)
    assert unsettled_purchases(reports, CHANNEL) == (allowed.purchase,)
    settled = told(rich, queued(), SettledPurchase)
    assert (settled.wallet.balance_z, settled.wallet.lifetime_spent_z) == (70, 30)
    assert pending_approvals(reports, CHANNEL) == ()


def test_a_forced_film_that_does_not_play_is_rejected(rich: Books, reports: Reports) -> None:
    """If playing fails after it was allowed, all comes back and nothing waits any more."""
    rich.commit([force(), ApproveForcePlay("ok", CHANNEL, 1, NOW, DAY)])
    settled = told(rich, refused(), SettledPurchase)
    assert (settled.refund_z, settled.wallet.balance_z, used(reports)) == (30, 100, 0)
    assert pending_approvals(reports, CHANNEL) == ()
    assert reports.recent(CHANNEL)[0].trigger_id == "refund.force_play_rejected"


def reject(op_id: str = "no", *, approved: bool = False) -> ResolveApproval:
    return ResolveApproval(op_id, CHANNEL, 1, approved, "Boss", "Not tonight", NOW + 5, NEXT_DAY)


def test_a_rejected_film_gives_all_back(rich: Books, reports: Reports) -> None:
    """An operator's no, or the end of its day, restores money and allowance (P-SHOP-4)."""
    rich.commit([force()])
    answer = told(rich, reject(), Resolved)
    assert (answer.refund_z, answer.wallet.balance_z, used(reports)) == (30, 100, 0)
    assert unsettled_purchases(reports, CHANNEL) == ()
    assert ask(rich, ApproveForcePlay("ok", CHANNEL, 1, NOW, DAY)) == NotPending()


def test_an_allowed_film_is_the_playlists_to_settle(rich: Books) -> None:
    """Nobody grants or rejects what is being added; a second operator is told so."""
    rich.commit([force()])
    assert ask(rich, reject(approved=True)) == NotPending()
    rich.commit([ApproveForcePlay("ok", CHANNEL, 1, NOW, DAY)])
    assert ask(rich, reject()) == NotPending()
    assert ask(rich, ApproveForcePlay("second", CHANNEL, 1, NOW, DAY)) == NotPending()
    assert look(rich, "Bob").balance_z == 70


def test_one_open_request_each(rich: Books) -> None:
    """Who waits for an operator can't ask for another film, but others can."""
    rich.commit([force()])
    assert ask(rich, force("Bob", "second")) == AlreadyPending("request to force a video in")
    assert isinstance(ask(rich, force("Eve", "other")), Bought)
    rich.commit([reject()])
    assert isinstance(ask(rich, force("Bob", "third")), Bought)


# Other services


def test_an_id_charges_once(rich: Books) -> None:
    """The same id again tells what was charged, whatever it would cost now (P-MON-8)."""
    first, second = rich.commit([spend(), spend(price_z=90)]).answers
    assert isinstance(first, QueueSpent)
    assert second == replace(first, replayed=True)
    assert look(rich, "Bob").balance_z == 70
    assert ask(rich, spend(name="Eve")) == Conflict("queue:r")


def test_a_refund_pays_who_was_charged(rich: Books, reports: Reports) -> None:
    """It pays the stored user the stored amount, once, on the day of the spend (P-MON-9)."""
    rich.commit([spend()])
    assert ask(rich, refund(name="Eve")) == Conflict("r")
    back = told(rich, refund(day=NEXT_DAY), SpendRefunded)
    assert (back.refund_z, back.wallet.balance_z, back.wallet.lifetime_spent_z) == (30, 100, 0)
    assert (used(reports), used(reports, day=NEXT_DAY)) == (0, 0)
    assert ask(rich, replace(refund(), op_id="other")) == AlreadySettled("r", "refunded")
    assert ask(rich, refund("unknown")) == NoHold("unknown")
    assert look(rich, "Eve").balance_z == 100
    stored = queue_spend(reports, "r")
    assert stored is not None
    assert stored.refunded_at_ms == NOW + 9


def test_only_the_attempt_that_charged_can_be_taken_back(rich: Books) -> None:
    """A second delivery that nobody answers in time leaves the charge of the first one alone."""
    rich.commit([spend()])
    second = replace(refund(), op_id="late", attempt="another")
    assert ask(rich, second) == NoHold("r")
    assert look(rich, "Bob").balance_z == 70
    assert isinstance(ask(rich, replace(second, attempt="try-r")), SpendRefunded)


def test_a_refunded_spend_starts_no_cooldown(rich: Books) -> None:
    """What was given back is as if it had not been, also for the waiting time."""
    half_hour = QueueLimits(1, 30 * MINUTE_MS)
    rich.commit([spend(limits=half_hour), refund()])
    assert isinstance(ask(rich, spend("r2", limits=half_hour, at_ms=NOW + 10)), QueueSpent)
    assert ask(rich, spend("r3", limits=QueueLimits(5, 30 * MINUTE_MS), at_ms=NOW + 11)) == (
        CoolingDown("Queueing", 30 * MINUTE_MS - 1)
    )


def test_many_at_once_charge_as_the_limit_allows(rich: Books) -> None:
    """64 ids in one batch: three a day are three a day."""
    answers = rich.commit([spend(f"r{n}", limits=QueueLimits(3, 0), price_z=1) for n in range(64)])
    kinds = [type(each) for each in answers.answers]
    assert kinds == [QueueSpent] * 3 + [DailyLimit] * 61
    assert look(rich, "Bob").balance_z == 97


def test_how_somebody_stands_is_the_same_within_a_batch_and_afterwards(
    books: Books, reports: Reports
) -> None:
    """What a purchase has used up is seen by who looks behind it, before anything is committed."""

    def stand(name: str) -> AndRead:
        known = RecordActivity(key(name), name, NOW, DAY)
        return AndRead(known, lambda tx: standing_in(tx, key(name), DAY))

    batch = [earn("Bob", 100), stand("Bob"), buy(), stand("Bob"), stand("Eve")]
    _, before, bought, after, stranger = books.commit(batch).answers
    assert isinstance(bought, Bought)
    assert isinstance(before, Read)
    assert before.found == QueueStanding(0, None)
    assert isinstance(after, Read)
    assert (after.answer.balance_z, after.found) == (70, QueueStanding(1, NOW))
    assert isinstance(stranger, Read)
    assert stranger.found == QueueStanding(0, None)
    assert queue_standing(reports, key("Bob"), DAY) == after.found
    assert queue_standing(reports, key("Eve"), DAY) == stranger.found
