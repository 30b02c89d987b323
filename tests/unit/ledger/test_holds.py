"""Holds: placed once, settled once (architecture.md 6, `storage.md` 2.1 notes 2 and 3)."""

from dataclasses import replace

import apsw
import pytest
from tests.unit.ledger.acts import (
    CHANNEL,
    DAY,
    NEXT_DAY,
    NOW,
    ask,
    capture,
    earn,
    hold,
    key,
    look,
    op,
    release,
    told,
    win,
)

from kryten_economy.features.bans import Ban
from kryten_economy.features.money.operations import Credit
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.books import Books
from kryten_economy.ledger.expiry import Expired, ExpireHolds, ReleaseOrphans
from kryten_economy.ledger.holds import (
    Captured,
    CaptureHold,
    Held,
    PlaceHold,
    Released,
    ReleaseHold,
)
from kryten_economy.ledger.records import SetReadOnly
from kryten_economy.refusals import (
    AlreadySettled,
    Banned,
    Conflict,
    Insufficient,
    InvalidAmount,
    NoAccount,
    NoHold,
)


@pytest.fixture
def bob(books: Books) -> Books:
    books.commit([earn("Bob", 10), earn("Eve", 1)])
    return books


def expire(now_ms: int, day: str = NEXT_DAY, limit: int = 100) -> ExpireHolds:
    return ExpireHolds(now_ms, day, limit)


def test_a_hold_sets_money_aside(bob: Books, reports: Reports) -> None:
    """Held money leaves the wallet, counts as spent, and stays in circulation."""
    answer = told(bob, hold("Bob", 6, "h"), Held)
    assert (answer.wallet.balance_z, answer.wallet.lifetime_spent_z) == (4, 6)
    assert reports.float_of(CHANNEL)[:2] == (11, 6)
    (row,) = reports.open_holds(CHANNEL)
    assert (row.hold_id, row.user, row.amount_z, row.data) == ("h", key("bob"), 6, '{"video": 7}')


def test_a_hold_is_refused_like_a_debit(bob: Books) -> None:
    """Too little, nobody, a ban and a used hold id refuse a hold."""
    assert ask(bob, hold("Bob", 11, "h")) == Insufficient(10, 1)
    assert ask(bob, hold("Ghost", 1, "h")) == NoAccount(key("ghost"))
    assert ask(bob, hold("Bob", 0, "h")) == InvalidAmount(0)
    bob.commit([hold("Bob", 1, "h")])
    assert ask(bob, hold("Bob", 1, "h")) == Conflict("h")
    bob.commit([Ban(key("Bob"), "Bob", "Boss", "", NOW)])
    assert ask(bob, hold("Bob", 1, "h2")) == Banned(key("bob"))


def test_a_release_gives_all_back(bob: Books, reports: Reports) -> None:
    """A released hold undoes the spend on the day it was placed, in spite of a ban."""
    bob.commit([hold("Bob", 6, "h"), Ban(key("Bob"), "Bob", "Boss", "", NOW)])
    answer = told(bob, release("h", day=NEXT_DAY), Released)
    assert (answer.released_z, answer.wallet.balance_z, answer.wallet.lifetime_spent_z) == (
        6,
        10,
        0,
    )
    assert answer.wallet.lifetime_earned_z == 10
    assert reports.daily_totals(CHANNEL, DAY).spent_z == 0
    assert reports.daily_totals(CHANNEL, NEXT_DAY).spent_z == 0
    row = reports.transactions(key("Bob"))[0]
    assert (row.amount_z, row.type, row.trigger_id) == (6, "refund", "spend.queue.refund")


def test_a_release_can_name_its_row(bob: Books, reports: Reports) -> None:
    """Whoever releases may name type and trigger of the refund."""
    bob.commit(
        [
            hold("Bob", 6, "h"),
            ReleaseHold(op(), "h", "refund", "refund.queue.r1", "No", NOW, DAY),
        ]
    )
    assert reports.transactions(key("Bob"))[0].trigger_id == "refund.queue.r1"


def test_a_capture_uses_the_hold(bob: Books, reports: Reports) -> None:
    """A captured hold is spent; no second row appears for the user."""
    bob.commit([hold("Bob", 6, "h")])
    answer = told(bob, capture("h", 6), Captured)
    assert (answer.captured_z, answer.released_z) == (6, 0)
    assert (answer.owner.balance_z, answer.owner.lifetime_spent_z) == (4, 6)
    assert [row.amount_z for row in reports.transactions(key("Bob"))] == [-6, 10]
    assert reports.float_of(CHANNEL).float_z == 5


def test_a_partial_capture_releases_the_rest(bob: Books, reports: Reports) -> None:
    """What a purchase did not cost goes back in the same operation, on the day of the hold."""
    bob.commit([hold("Bob", 6, "h")])
    answer = told(bob, capture("h", 2, day=NEXT_DAY), Captured)
    assert (answer.captured_z, answer.released_z) == (2, 4)
    assert (answer.owner.balance_z, answer.owner.lifetime_spent_z) == (8, 2)
    assert reports.daily_totals(CHANNEL, DAY).spent_z == 2


def test_a_capture_is_capped_at_the_hold(bob: Books) -> None:
    """More than was held can't be taken."""
    bob.commit([hold("Bob", 6, "h")])
    assert told(bob, capture("h", 60), Captured).captured_z == 6
    assert look(bob, "Bob").balance_z == 4


def test_capturing_nothing_releases_everything(bob: Books) -> None:
    """An actual price of 0 settles the hold and gives all of it back."""
    bob.commit([hold("Bob", 6, "h")])
    assert told(bob, capture("h", 0), Captured).released_z == 6
    assert ask(bob, release("h")) == AlreadySettled("h", "captured")
    assert ask(bob, replace(capture("h", 6), amount_z=-1)) == InvalidAmount(-1)


def test_a_stake_goes_to_the_winner(bob: Books) -> None:
    """Player-to-player winnings move, count as gambled, and never as earned (P-MON-2)."""
    bob.commit([hold("Bob", 6, "h", type_name="gamble_stake")])
    answer = told(bob, win("h", 6, "Eve"), Captured)
    assert answer.taker is not None
    assert (answer.taker.balance_z, answer.taker.lifetime_earned_z) == (7, 1)
    assert answer.taker.lifetime_gambled_out_z == 6
    assert (answer.owner.balance_z, answer.owner.lifetime_gambled_in_z) == (4, 6)


def test_a_stake_may_come_back_as_winnings(bob: Books) -> None:
    """Owner and winner may be the same user; both rows then chain on one wallet."""
    bob.commit([hold("Bob", 6, "h", type_name="gamble_stake")])
    answer = told(bob, win("h", 4, "Bob"), Captured)
    assert answer.taker == answer.owner
    assert (answer.owner.balance_z, answer.owner.lifetime_gambled_in_z) == (10, 4)


def test_a_winner_must_be_able_to_take(bob: Books) -> None:
    """A banned or unknown winner refuses the capture; the hold stays open."""
    bob.commit([hold("Bob", 6, "h", type_name="gamble_stake")])
    assert ask(bob, win("h", 6, "Ghost")) == NoAccount(key("ghost"))
    bob.commit([Ban(key("Eve"), "Eve", "Boss", "", NOW)])
    assert ask(bob, win("h", 6, "Eve")) == Banned(key("eve"))
    assert told(bob, release("h"), Released).wallet.balance_z == 10


def test_the_house_keeps_a_lost_stake(bob: Books, reports: Reports) -> None:
    """A lost stake leaves circulation and may be paid out to others later."""
    bob.commit([hold("Bob", 6, "h", type_name="gamble_stake")])
    told(bob, CaptureHold(op(), "h", 6, "house", "Lost", NOW, DAY), Captured)
    assert reports.float_of(CHANNEL).float_z == 5
    assert look(bob, "Bob").lifetime_gambled_in_z == 6


def test_an_expired_bounty_keeps_its_fee_as_spent(bob: Books, reports: Reports) -> None:
    """What of a bounty is not refunded counts as spent on the day it ran out (note 3)."""
    bob.commit([hold("Bob", 6, "h", type_name="bounty_create", purpose="bounty")])
    assert reports.daily_totals(CHANNEL, DAY).spent_z == 0
    answer = told(bob, capture("h", 2, day=NEXT_DAY), Captured)
    assert answer.owner.lifetime_spent_z == 2
    assert reports.daily_totals(CHANNEL, DAY).spent_z == 0
    assert reports.daily_totals(CHANNEL, NEXT_DAY).spent_z == 2
    assert reports.transactions(key("Bob"))[0].type == "bounty_expired_refund"


def test_a_hold_is_settled_once(bob: Books) -> None:
    """Whoever comes second learns how it went, and moves nothing (P-MON-5, P-MON-7)."""
    bob.commit([hold("Bob", 6, "h")])
    first, second, third = bob.commit([release("h"), capture("h", 6), release("h")]).answers
    assert isinstance(first, Released)
    assert second == third == AlreadySettled("h", "released")
    assert look(bob, "Bob").balance_z == 10


def test_an_unknown_hold_is_told(bob: Books) -> None:
    """Settling what was never held moves nothing."""
    assert ask(bob, release("nope")) == NoHold("nope")
    assert ask(bob, capture("nope", 1)) == NoHold("nope")


def test_a_hold_expires(bob: Books, reports: Reports) -> None:
    """An unanswered hold gives the money back when its time is over, on its own day."""
    bob.commit([hold("Bob", 6, "h", expires_at_ms=NOW + 10)])
    assert told(bob, expire(NOW + 9), Expired).released == ()
    (released,) = told(bob, expire(NOW + 10), Expired).released
    assert (released.hold_id, released.user, released.display_name) == ("h", key("bob"), "Bob")
    assert (released.amount_z, released.balance_z, released.data) == (6, 10, '{"video": 7}')
    assert told(bob, expire(NOW + 99), Expired).released == ()
    assert ask(bob, capture("h", 6)) == AlreadySettled("h", "expired")
    assert reports.daily_totals(CHANNEL, DAY).spent_z == 0


def test_holds_of_all_channels_expire(bob: Books, reports: Reports) -> None:
    """Exactly the due holds are refunded, whatever their channel (P-MON-6)."""
    bob.commit(
        [
            Credit(op(), key("Al", "Den"), 5, "earn", "x", "", NOW, DAY, create=True),
            replace(hold("Al", 5, "d", expires_at_ms=NOW), user=key("Al", "Den")),
            hold("Bob", 2, "b", expires_at_ms=NOW),
            hold("Bob", 2, "later"),
        ]
    )
    released = told(bob, expire(NOW), Expired).released
    assert {one.hold_id for one in released} == {"d", "b"}
    assert [row.hold_id for row in reports.open_holds(CHANNEL)] == ["later"]


def test_expiry_is_bounded(bob: Books) -> None:
    """A batch of expiries takes at most what it was told, the most overdue first."""
    bob.commit([hold("Bob", 1, f"h{n}", expires_at_ms=NOW + n) for n in range(5)])
    released = told(bob, expire(NOW + 9, limit=2), Expired).released
    assert [one.hold_id for one in released] == ["h0", "h1"]
    assert len(told(bob, expire(NOW + 9), Expired).released) == 3


def test_orphans_are_released_at_start(bob: Books) -> None:
    """Stakes of games that can't resume go back; other holds stay (P-MON-3)."""
    bob.commit(
        [
            hold("Bob", 2, "heist", type_name="gamble_stake", purpose="heist"),
            hold("Bob", 3, "race", type_name="gamble_stake", purpose="race"),
            hold("Bob", 4, "bounty", type_name="bounty_create", purpose="bounty"),
        ]
    )
    sweep = ReleaseOrphans(("heist", "race"), "Restarted", NOW, NEXT_DAY)
    released = told(bob, sweep, Expired).released
    assert {one.purpose for one in released} == {"heist", "race"}
    wallet = look(bob, "Bob")
    assert (wallet.balance_z, wallet.lifetime_gambled_in_z) == (6, 0)
    assert told(bob, sweep, Expired).released == ()


def test_refunds_of_stakes_leave_lifetime_earned(bob: Books, reports: Reports) -> None:
    """Challenge and decline, over and over, earn nothing (P-MON-2)."""
    for number in range(5):
        stake: PlaceHold = hold("Bob", 5, f"h{number}", type_name="gamble_stake")
        bob.commit([stake, release(f"h{number}")])
    wallet = look(bob, "Bob")
    assert (wallet.balance_z, wallet.lifetime_earned_z) == (10, 10)
    assert (wallet.lifetime_gambled_in_z, wallet.lifetime_spent_z) == (0, 0)
    assert reports.transactions(key("Bob"))[0].type == "gamble_refund"


def test_holds_of_a_read_only_channel_wait(bob: Books) -> None:
    """While a channel takes no money nothing expires in it; afterwards it does."""
    bob.commit([hold("Bob", 6, "h", expires_at_ms=NOW)])
    bob.commit([SetReadOnly(CHANNEL, "mismatch", NOW)])
    assert told(bob, expire(NOW + 1), Expired).released == ()


def test_statements_are_prepared_once(books: Books) -> None:
    """No value of a hold, such as its id, sends a statement back to the planner."""
    planned: list[str | None] = []

    def note(_action: int, *names: str | None) -> int:
        planned.append(names[0])
        return apsw.SQLITE_OK

    books.commit([earn("Bob", 1_000)])
    books._connection.authorizer = note
    for number in range(1, 6):
        # The first turn plans everything anew, since somebody listens.
        if number == 2:
            assert planned
            planned.clear()
        books.commit([hold("Bob", number, f"h{number}")])
        books.commit([capture(f"h{number}", number)])
    assert not planned
