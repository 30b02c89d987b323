"""Bounties in the books: set aside, won, cancelled or ended, each once."""

from dataclasses import replace

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.ledger.acts import CHANNEL, DAY, NEXT_DAY, NOW, ask, earn, key, look, told

from kryten_economy.features.bans import Ban
from kryten_economy.features.bounties.operations import (
    BountyClaimed,
    BountyCreated,
    BountyEnded,
    ClaimBounty,
    CreateBounty,
    EndBounty,
    bounty_of,
    newest_open,
    open_bounties,
    overdue_bounties,
)
from kryten_economy.features.bounties.rules import Bounty
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.books import Books
from kryten_economy.ledger.expiry import ExpireHolds
from kryten_economy.ledger.records import SetReadOnly
from kryten_economy.refusals import (
    Banned,
    BountyOver,
    Insufficient,
    InvalidAmount,
    NoAccount,
    NoBounty,
    NotPending,
    NotYours,
    ReadOnly,
    SameAccount,
    TooManyOpen,
)

LASTS_MS = 1000
YEAR_MS = 365 * 86_400_000


def create(amount_z: int = 101, op_id: str = "b", most: int = 3, who: str = "Al") -> CreateBounty:
    return CreateBounty(op_id, key(who), amount_z, "Sing", NOW + LASTS_MS, most, NOW, DAY)


def claim(bounty_id: int = 1, winner: str = "Bob", op_id: str = "c") -> ClaimBounty:
    return ClaimBounty(op_id, CHANNEL, bounty_id, key(winner), "Boss", NOW + 5, NEXT_DAY)


def cancel(percent: int = 50, op_id: str = "x", by: str = "Al", *, own: bool = True) -> EndBounty:
    day = NEXT_DAY
    return EndBounty(op_id, CHANNEL, 1, "cancelled", by, percent, NOW + 5, day, creator_only=own)


def expire(percent: int = 50, at_ms: int = NOW + LASTS_MS) -> EndBounty:
    return EndBounty("e", CHANNEL, 1, "expired", "", percent, at_ms, NEXT_DAY)


@pytest.fixture
def crowd(books: Books) -> Books:
    books.commit([earn("Al", 1000), earn("Bob", 10)])
    return books


def _money(books: Books) -> tuple[int, int]:
    return look(books, "Al").balance_z, look(books, "Bob").balance_z


def test_setting_out_sets_aside(crowd: Books, reports: Reports) -> None:
    """The money is spent by lifetime and not by day, and in no wallet until it is won."""
    assert told(crowd, create(), BountyCreated).bounty_id == 1
    al = look(crowd, "Al")
    assert (al.balance_z, al.lifetime_spent_z) == (899, 101)
    assert reports.daily_totals(CHANNEL, DAY).spent_z == 0
    [hold] = reports.open_holds(CHANNEL)
    assert (hold.amount_z, hold.purpose, hold.trigger_id) == (101, "bounty", "bounty.create")
    assert reports.counters()["bounties_created_total"] == 1
    found = bounty_of(reports, CHANNEL, 1)
    assert found is not None
    assert (found.creator_shown, found.amount_z, found.state) == ("Al", 101, "open")


def test_so_many_open_at_once(crowd: Books, reports: Reports) -> None:
    """All open ones of the user count, whatever casing; one that has ended makes room."""
    crowd.commit([create(1, "one"), create(1, "two", who="aL")])
    assert ask(crowd, create(1, "three", most=2)) == TooManyOpen(2)
    assert isinstance(ask(crowd, create(1, "bobs", most=2, who="Bob")), BountyCreated)
    crowd.commit([cancel()])
    assert isinstance(ask(crowd, create(1, "three", most=2)), BountyCreated)
    assert open_bounties(reports, CHANNEL) == 3
    assert [each.id for each in newest_open(reports, CHANNEL, 2)] == [4, 3]


def test_what_can_not_be_set_out(crowd: Books) -> None:
    """Without account, money, or the right to take part nothing is set aside."""
    assert ask(crowd, create(who="Ghost")) == NoAccount(key("Ghost"))
    assert ask(crowd, create(1001)) == Insufficient(1000, 1)
    assert ask(crowd, create(0)) == InvalidAmount(0)
    crowd.commit([Ban(key("Al"), "Al", "Boss", "", NOW)])
    assert ask(crowd, create(most=0)) == Banned(key("Al"))
    assert _money(crowd) == (1000, 10)


def test_the_winner_gets_all(crowd: Books, reports: Reports) -> None:
    """It is no earning of theirs (P-MON-2) and names its creator; it is paid once (P-MON-4)."""
    crowd.commit([create()])
    answer = told(crowd, claim(), BountyClaimed)
    assert (answer.bounty.state, answer.bounty.winner) == ("claimed", "Bob")
    assert _money(crowd) == (899, 111)
    assert answer.winner.lifetime_earned_z == 10
    assert answer.winner.biggest_win_z == 0
    assert ask(crowd, claim(op_id="again")) == BountyOver(1, "claimed")
    assert ask(crowd, cancel()) == BountyOver(1, "claimed")
    assert ask(crowd, expire()) == BountyOver(1, "claimed")
    [row] = reports.transactions(key("Bob"), 1)
    assert (row.type, row.trigger_id, row.related_user) == ("bounty_claim", "bounty.claim.1", "al")
    assert row.reason == 'Bounty #1 "Sing"'
    assert reports.daily_totals(CHANNEL, NEXT_DAY).spent_z == 0
    assert reports.counters()["bounties_claimed_total"] == 1


def test_who_can_not_win(crowd: Books) -> None:
    """The creator, strangers and the banned; the bounty stays open."""
    crowd.commit([create()])
    assert ask(crowd, claim(winner="aL")) == SameAccount(key("Al"))
    assert ask(crowd, claim(winner="Ghost")) == NoAccount(key("Ghost"))
    assert ask(crowd, claim(9)) == NoBounty(9)
    assert ask(crowd, replace(claim(), channel="Other", winner=key("Bob"))) == NoBounty(1)
    crowd.commit([Ban(key("Bob"), "Bob", "Boss", "", NOW)])
    assert ask(crowd, claim()) == Banned(key("Bob"))
    assert _money(crowd) == (899, 10)


@given(amount_z=st.integers(1, 1000), percent=st.integers(0, 100))
def test_a_part_comes_back_and_the_rest_is_spent(
    tmp_path_factory: pytest.TempPathFactory, amount_z: int, percent: int
) -> None:
    """Rounded down; lifetime spent falls by it, and the rest is spent on the day it ended."""
    path = tmp_path_factory.mktemp("bounty") / "e.db"
    books = Books.open(path)
    books.commit([earn("Al", 1000), create(amount_z)])
    answer = told(books, expire(percent), BountyEnded)
    refund_z = amount_z * percent // 100
    assert answer.refund_z == refund_z
    assert (answer.creator.balance_z, answer.creator.lifetime_earned_z) == (
        1000 - amount_z + refund_z,
        1000,
    )
    assert answer.creator.lifetime_spent_z == amount_z - refund_z
    reports = Reports.open(path)
    assert reports.daily_totals(CHANNEL, DAY).spent_z == 0
    assert reports.daily_totals(CHANNEL, NEXT_DAY).spent_z == amount_z - refund_z
    assert reports.open_holds(CHANNEL) == ()
    assert reports.float_of(CHANNEL).float_z == 1000 - amount_z + refund_z
    rows = reports.transactions(key("Al"), 1)
    expected = ("bounty_expired_refund", "bounty.expired.1", refund_z)
    assert not refund_z or (rows[0].type, rows[0].trigger_id, rows[0].amount_z) == expected
    reports.close()
    books.close()


def test_who_cancels(crowd: Books, reports: Reports) -> None:
    """Nobody else; the creator gets a part, even when banned since; an admin gives all."""
    crowd.commit([create(), create(100, "second")])
    assert ask(crowd, cancel(by="Bob")) == NotYours("bounty")
    crowd.commit([Ban(key("Al"), "Al", "Boss", "", NOW)])
    assert told(crowd, cancel(by="aL"), BountyEnded).refund_z == 50
    full = replace(cancel(100, "full", "Boss", own=False), bounty_id=2)
    assert told(crowd, full, BountyEnded).refund_z == 100
    assert _money(crowd) == (949, 10)
    assert reports.transactions(key("Al"), 1)[0].trigger_id == "bounty.cancelled.2"


def test_expiry_has_its_time(crowd: Books, reports: Reports) -> None:
    """Not a moment before; the hold itself never runs out, and a closed channel's bounty waits."""
    crowd.commit([create()])
    assert overdue_bounties(reports, CHANNEL, NOW + LASTS_MS - 1) == ()
    assert ask(crowd, expire(at_ms=NOW + LASTS_MS - 1)) == NotPending()
    crowd.commit([ExpireHolds(NOW + 9 * YEAR_MS, NEXT_DAY)])
    assert look(crowd, "Al").balance_z == 899
    [due] = overdue_bounties(reports, CHANNEL, NOW + LASTS_MS)
    assert due.id == 1
    crowd.commit([SetReadOnly(CHANNEL, "checking", NOW)])
    assert isinstance(ask(crowd, expire()), ReadOnly)
    assert isinstance(ask(crowd, claim()), ReadOnly)
    assert bounty_of(reports, CHANNEL, 1) is not None


def test_only_one_of_many_ends_it(crowd: Books) -> None:
    """A win, a cancellation and the clock in one batch: the first one moves money (P-MON-4)."""
    crowd.commit([create(100)])
    done = crowd.commit([cancel(), claim(), expire(), cancel(100, "y", "Boss", own=False)]).answers
    assert [isinstance(each, BountyEnded) for each in done] == [True, False, False, False]
    assert set(done[1:]) == {BountyOver(1, "cancelled")}
    assert _money(crowd) == (950, 10)


def test_the_table_keeps_its_word(crowd: Books) -> None:
    """What has ended stays as it is, whoever writes to the file."""
    crowd.commit([create(), claim()])
    with pytest.raises(apsw.ConstraintError, match="ends once"):
        crowd._tx.run("UPDATE bounty SET state = 'open'")


def test_a_long_text_has_a_short_title() -> None:
    """Ledger rows and notices name the bounty without its whole text."""
    bounty = Bounty(3, CHANNEL, "al", "Al", 5, "x" * 200, "open", NOW, NOW, "h")
    assert bounty.title == 'Bounty #3 "' + "x" * 59 + '…"'
