"""Credit, debit, transfer and set balance (`storage.md` 2.1, 4)."""

import pytest
from tests.unit.ledger.acts import (
    CHANNEL,
    DAY,
    NEXT_DAY,
    NOW,
    ask,
    earn,
    key,
    look,
    op,
    pay,
    spend,
    tip,
    told,
)

from kryten_economy.features.bans import Ban
from kryten_economy.features.money.operations import (
    BalanceSet,
    Credit,
    Posted,
    SetBalance,
)
from kryten_economy.features.reports.queries import Reports
from kryten_economy.features.tips import Tipped
from kryten_economy.ledger.books import Books
from kryten_economy.refusals import (
    AMOUNT_MAX_Z,
    BALANCE_MAX_Z,
    Banned,
    Insufficient,
    InvalidAmount,
    NoAccount,
    SameAccount,
)


def set_to(name: str, amount_z: int, op_id: str = "") -> SetBalance:
    return SetBalance(op_id or op(), key(name), amount_z, "Mended", "Boss", NOW, DAY)


def ban(name: str) -> Ban:
    return Ban(key(name), name, "Boss", "Farming", NOW)


def test_earning_raises_lifetime_and_day(books: Books, reports: Reports) -> None:
    """A credit that counts as earned raises balance, lifetime, day and analytics together."""
    wallet = told(books, earn("Bob", 7), Posted).wallet
    assert (wallet.balance_z, wallet.lifetime_earned_z) == (7, 7)
    assert reports.daily_totals(CHANNEL, DAY).earned_z == 7
    (trigger,) = reports.triggers(CHANNEL, DAY, DAY)
    assert trigger == ("chat.long_message", 1, 1, 7)
    assert reports.counters()["z_earned_total"] == 7


def test_analytics_count_distinct_users_over_the_range(books: Books, reports: Reports) -> None:
    """Hits add up over days; a user of several days is one user."""
    books.commit([earn("Bob", 2), earn("Bob", 2), earn("Bob", 2, day=NEXT_DAY), earn("Eve", 1)])
    (trigger,) = reports.triggers(CHANNEL, DAY, NEXT_DAY)
    assert trigger == ("chat.long_message", 4, 2, 7)


def test_spending_raises_lifetime_spent_and_day(books: Books, reports: Reports) -> None:
    """A spend lowers the balance and raises spent, for life and for the day (P-MON-13)."""
    books.commit([earn("Bob", 10)])
    wallet = told(books, spend("Bob", 4), Posted).wallet
    assert (wallet.balance_z, wallet.lifetime_spent_z, wallet.lifetime_earned_z) == (6, 4, 10)
    assert reports.daily_totals(CHANNEL, DAY).spent_z == 4


def test_debit_never_takes_more_than_there_is(books: Books) -> None:
    """A debit beyond the balance is refused with what is short, and moves nothing."""
    books.commit([earn("Bob", 10)])
    assert ask(books, spend("Bob", 11)) == Insufficient(10, 1)
    assert look(books, "Bob").balance_z == 10


def test_debit_never_creates_an_account(books: Books, reports: Reports) -> None:
    """Taking from nobody is refused and leaves nobody behind (P-MON-12)."""
    assert ask(books, spend("Ghost", 1)) == NoAccount(key("ghost"))
    assert reports.wallet(key("ghost"), DAY) is None


def test_credit_creates_only_when_told(books: Books, reports: Reports) -> None:
    """A credit to an unknown name is refused unless the caller knows the user (P-MON-12)."""
    assert ask(books, pay("Typo", 5, "admin_grant", "admin.grant")) == NoAccount(key("typo"))
    assert reports.wallet(key("typo"), DAY) is None


def test_names_are_one_in_any_casing(books: Books) -> None:
    """Bob and bob are one account (P-USR-1)."""
    books.commit([earn("Bob", 3), earn("bob", 4), earn("BOB", 5)])
    assert look(books, "Bob").balance_z == 12


@pytest.mark.parametrize("amount_z", [0, -1, AMOUNT_MAX_Z + 1])
def test_amounts_have_bounds(books: Books, amount_z: int) -> None:
    """Zero, negative and enormous amounts are refused everywhere."""
    books.commit([earn("Bob", 5), earn("Eve", 5)])
    refused = InvalidAmount(amount_z)
    for request in (earn("Bob", amount_z), spend("Bob", amount_z), tip("Bob", "Eve", amount_z)):
        assert ask(books, request) == refused


def test_a_balance_never_outgrows_its_bound(books: Books) -> None:
    """A credit beyond the largest balance is refused, never an exception."""
    for _ in range(BALANCE_MAX_Z // AMOUNT_MAX_Z):
        books.commit([earn("Bob", AMOUNT_MAX_Z)])
    assert look(books, "Bob").balance_z == BALANCE_MAX_Z
    assert ask(books, earn("Bob", 1)) == InvalidAmount(1)
    assert ask(books, earn("Eve", AMOUNT_MAX_Z)) == InvalidAmount(AMOUNT_MAX_Z)
    books.commit([spend("Bob", 1)])
    assert isinstance(ask(books, set_to("Bob", 5)), BalanceSet)


def test_tip_moves_and_counts_as_spent_not_earned(books: Books, reports: Reports) -> None:
    """A tip raises the giver's spent and the day's tips, and nobody's earned (P-MON-2)."""
    books.commit([earn("Bob", 10), earn("Eve", 1)])
    answer = told(books, tip("Bob", "Eve", 4), Tipped)
    assert (answer.giver.balance_z, answer.taker.balance_z) == (6, 5)
    assert (answer.giver.lifetime_spent_z, answer.taker.lifetime_earned_z) == (4, 1)
    assert reports.daily_totals(CHANNEL, DAY).spent_z == 0
    assert reports.participation(CHANNEL, DAY).economy_users == 1
    counters = reports.counters()
    assert (counters["tips_total"], counters["tips_z_total"]) == (1, 4)


def test_tip_refusals(books: Books) -> None:
    """A tip names who is missing, banned or short, and refuses oneself."""
    books.commit([earn("Bob", 10), earn("Eve", 1)])
    assert ask(books, tip("Bob", "Ghost", 1)) == NoAccount(key("ghost"))
    assert ask(books, tip("Ghost", "Bob", 1)) == NoAccount(key("ghost"))
    assert ask(books, tip("Bob", "bob", 1)) == SameAccount(key("bob"))
    assert ask(books, tip("Bob", "Eve", 12)) == Insufficient(10, 2)
    books.commit([ban("Eve")])
    assert ask(books, tip("Bob", "Eve", 1)) == Banned(key("eve"))
    assert ask(books, tip("Eve", "Bob", 1)) == Banned(key("eve"))


def test_refund_lowers_spent_on_the_day_of_the_spend(books: Books, reports: Reports) -> None:
    """A refund undoes the spend on its own day, clamped at 0, and is never earned."""
    books.commit([earn("Bob", 10), spend("Bob", 6)])
    refund = Credit(
        op(),
        key("Bob"),
        6,
        "refund",
        "refund.gif_rejected",
        "Rejected",
        NOW,
        NEXT_DAY,
        spent_day=DAY,
    )
    wallet = told(books, refund, Posted).wallet
    assert (wallet.balance_z, wallet.lifetime_spent_z, wallet.lifetime_earned_z) == (10, 0, 10)
    assert reports.daily_totals(CHANNEL, DAY).spent_z == 0
    assert reports.daily_totals(CHANNEL, NEXT_DAY) == (0, 0, 0, 0, 0)
    more = told(books, pay("Bob", 5, "refund", "refund.gif_rejected"), Posted).wallet
    assert more.lifetime_spent_z == 0
    counters = reports.counters()
    assert counters["z_spent_total"] == 6, "a refund does not lower a counter"
    assert (counters["refunds_total"], counters["refunds_z_total"]) == (2, 11)


def test_house_win_earns_only_its_net_part(books: Books) -> None:
    """A house game's win counts as earned by what it exceeds the stake (note 1)."""
    books.commit([earn("Bob", 10)])
    stake = spend("Bob", 4, type_name="gamble_stake")
    assert told(books, stake, Posted).wallet.lifetime_gambled_in_z == 4
    win = Credit(op(), key("Bob"), 9, "gamble_win", "gambling.spin", "Won", NOW, DAY, net_z=5)
    wallet = told(books, win, Posted).wallet
    assert (wallet.lifetime_earned_z, wallet.lifetime_gambled_out_z) == (15, 9)
    assert wallet.lifetime_spent_z == 0


def test_banned_users_get_and_spend_nothing(books: Books, reports: Reports) -> None:
    """A ban stops credits and debits in the one path (P-USR-6)."""
    books.commit([earn("Bob", 10), ban("Bob")])
    assert ask(books, earn("Bob", 1)) == Banned(key("bob"))
    assert ask(books, spend("Bob", 1)) == Banned(key("bob"))
    assert look(books, "Bob").banned


def test_a_banned_name_without_account_gets_none(books: Books, reports: Reports) -> None:
    """Paying a banned newcomer does not open an account."""
    books.commit([ban("Bob")])
    assert ask(books, earn("Bob", 1)) == Banned(key("bob"))
    assert reports.wallet(key("bob"), DAY) is None


@pytest.mark.parametrize(
    ("type_name", "trigger_id"),
    [
        ("refund", "refund.gif_rejected"),
        ("gamble_refund", "gambling.heist.refund"),
        ("bounty_expired_refund", "bounty.expired.1"),
        ("admin_grant", "admin.grant"),
        ("admin_adjust", "admin.adjust"),
    ],
)
def test_refunds_and_admins_reach_the_banned(books: Books, type_name: str, trigger_id: str) -> None:
    """Refunds and what admins do are booked in spite of a ban (`earning.md` 1)."""
    books.commit([earn("Bob", 10), ban("Bob")])
    assert told(books, pay("Bob", 3, type_name, trigger_id), Posted).wallet.balance_z == 13
    taken = told(books, spend("Bob", 13, type_name="admin_deduct"), Posted).wallet
    assert (taken.balance_z, taken.lifetime_spent_z) == (0, 0)
    assert told(books, set_to("Bob", 2), BalanceSet).new_z == 2


def test_set_balance_books_the_difference(books: Books, reports: Reports) -> None:
    """Setting a balance is one row of the difference and counts as nothing (P-MON-15)."""
    books.commit([earn("Bob", 10)])
    answer = told(books, set_to("Bob", 3), BalanceSet)
    assert (answer.old_z, answer.new_z, answer.wallet.balance_z) == (10, 3, 3)
    assert (answer.wallet.lifetime_earned_z, answer.wallet.lifetime_spent_z) == (10, 0)
    row = reports.transactions(key("Bob"))[0]
    assert (row.amount_z, row.type, row.metadata) == (-7, "admin_set_balance", '{"by": "Boss"}')
    assert told(books, set_to("Bob", 8), BalanceSet).wallet.balance_z == 8
    assert ask(books, set_to("Ghost", 8)) == NoAccount(key("ghost"))
    assert ask(books, set_to("Bob", -1)) == InvalidAmount(-1)


def test_setting_what_is_set_writes_no_row(books: Books, reports: Reports) -> None:
    """No difference, no row; the act is remembered all the same."""
    books.commit([earn("Bob", 10), set_to("Bob", 10, "same")])
    assert len(reports.transactions(key("Bob"))) == 1
    books.commit([earn("Bob", 5)])
    assert told(books, set_to("Bob", 10, "same"), BalanceSet).replayed
    assert look(books, "Bob").balance_z == 15


def test_channels_are_apart(books: Books, reports: Reports) -> None:
    """The same name in two channels is two accounts with books of their own."""
    books.commit([earn("Bob", 10)])
    other = Credit(op(), key("Bob", "Den"), 3, "earn", "rain", "Rain", NOW, DAY, create=True)
    assert told(books, other, Posted).wallet.balance_z == 3
    assert reports.float_of(CHANNEL).float_z == 10
    assert reports.float_of("DEN").float_z == 3


def test_a_channel_in_another_casing_is_the_same(books: Books, reports: Reports) -> None:
    """A channel respelled in the config keeps its books (`storage.md` S4)."""
    books.commit([earn("Bob", 10)])
    again = Credit(op(), key("Bob", "LOUNGE"), 3, "earn", "x", "Rain", NOW, DAY, create=True)
    assert told(books, again, Posted).wallet.balance_z == 13
    assert [row.name for row in reports.channels()] == ["LOUNGE"]
