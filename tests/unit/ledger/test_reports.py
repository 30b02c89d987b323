"""Reports: what they count, their order and their bounds (`admin-api.md` 3)."""

from dataclasses import replace

import pytest
from tests.unit.ledger.acts import (
    CHANNEL,
    DAY,
    NOW,
    capture,
    earn,
    hold,
    key,
    look,
    minute,
    present,
    spend,
    tip,
    told,
)

from kryten_economy.features.bans import Ban
from kryten_economy.features.money.operations import Posted
from kryten_economy.features.presence.operations import RecordActivity
from kryten_economy.features.reports import accounts
from kryten_economy.features.reports.accounts import ROWS_MAX, bounded
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.books import Books


def test_history_is_newest_first_with_balances(books: Books, reports: Reports) -> None:
    """Each row tells amount, type, the other user and the balance it left."""
    books.commit([earn("Bob", 10), earn("Eve", 1), tip("Bob", "Eve", 4), spend("Bob", 1)])
    rows = reports.transactions(key("bob"))
    assert [(row.amount_z, row.balance_after_z) for row in rows] == [(-1, 5), (-4, 6), (10, 10)]
    assert [row.related_user for row in rows] == [None, "Eve", None]
    (got,) = [row for row in reports.transactions(key("Eve")) if row.type == "tip_receive"]
    assert (got.username, got.amount_z, got.related_user, got.trigger_id) == (
        "Eve",
        4,
        "Bob",
        "earn.tip",
    )
    assert got.created_at == "2025-03-14 11:00:00"


def test_history_pages(books: Books, reports: Reports) -> None:
    """Limit and offset page through a history without gaps."""
    books.commit([earn("Bob", n + 1) for n in range(10)] + [earn("Eve", 1)])
    pages = [reports.transactions(key("Bob"), 4, offset) for offset in (0, 4, 8, 12)]
    assert [row.amount_z for page in pages for row in page] == list(range(10, 0, -1))
    assert [len(page) for page in pages] == [4, 4, 2, 0]
    assert reports.transactions(key("Ghost")) == ()


def test_row_ids_are_unique_and_found_again(books: Books, reports: Reports) -> None:
    """Both sides of a tip are rows of their own; an id finds its row."""
    answer = told(books, earn("Bob", 10), Posted)
    books.commit([earn("Eve", 1), tip("Bob", "Eve", 4), hold("Bob", 2, "h")])
    rows = reports.recent(CHANNEL)
    assert [row.amount_z for row in rows] == [-2, 4, -4, 1, 10]
    assert len({row.id for row in rows}) == 5
    assert [reports.transaction(row.id) for row in rows] == list(rows)
    assert reports.transaction(answer.transaction_id) == rows[-1]
    assert reports.transaction(10**9) is None
    assert reports.recent(CHANNEL, 2) == rows[:2]


def test_search_is_literal(books: Books, reports: Reports) -> None:
    """`_` and `%` are characters, not wildcards; case does not matter (P-OPS-11)."""
    books.commit([earn("a_b", 1), earn("axb", 5), earn("A_B2", 9)])
    assert [row.username for row in reports.search(CHANNEL, "_B")] == ["A_B2", "a_b"]
    assert reports.search(CHANNEL, "%") == ()
    assert len(reports.search(CHANNEL, "", 2)) == 2


def test_float_holds_wallets_and_escrow(books: Books, reports: Reports) -> None:
    """Circulation counts held money; it falls when something is spent."""
    books.commit([earn("Bob", 10), earn("Eve", 5), hold("Bob", 4, "h"), spend("Eve", 2)])
    assert reports.float_of(CHANNEL) == (13, 4, 2)
    assert reports.float_of("Nowhere") == (0, 0, 0)


@pytest.mark.parametrize(
    ("balances", "median_z"), [([], 0), ([5], 5), ([1, 4], 2), ([9, 1, 4], 4), ([1, 2, 5, 9], 3)]
)
def test_median(books: Books, reports: Reports, balances: list[int], median_z: int) -> None:
    """The middle balance; of two middle ones the mean, rounded down."""
    books.commit([earn(f"u{n}", balance_z) for n, balance_z in enumerate(balances)])
    assert reports.median_balance(CHANNEL) == median_z


def test_median_counts_empty_wallets(books: Books, reports: Reports) -> None:
    """All accounts count, also those with nothing in them."""
    books.commit([earn("Bob", 9)])
    look(books, "Al")
    look(books, "Eve")
    assert reports.median_balance(CHANNEL) == 0


@pytest.mark.parametrize(
    ("balances", "percent"),
    [
        ([], 0.0),
        ([7], 100.0),
        ([50, 30, 20], 50.0),
        ([1] * 100, 1.0),
        ([50] + [1] * 50, 50.0),
        ([100, 100] + [1] * 99, 66.89),
    ],
)
def test_share_of_the_richest(
    books: Books, reports: Reports, balances: list[int], percent: float
) -> None:
    """One in a hundred of those who have anything, rounded up; empty wallets count for nothing."""
    books.commit([earn(f"u{n}", balance_z) for n, balance_z in enumerate(balances)])
    look(books, "Al")
    assert reports.top_share_percent(CHANNEL) == percent


def test_participation_never_exceeds_a_hundred(books: Books, reports: Reports) -> None:
    """Users who were not present do not push the rate above 100 (P-OPS-5)."""
    used = [RecordActivity(key(name), name, NOW, DAY, commands=1) for name in ("a", "b", "c")]
    books.commit([*used, minute("m", present("a"))])
    assert reports.participation(CHANNEL, DAY).rate == 100.0
    assert reports.participation(CHANNEL, "2025-03-20") == (0, 0, 0.0)


def test_leaderboards_leave_out_the_banned_and_ignored(books: Books, reports: Reports) -> None:
    """Boards are in order, ties by name, without banned, ignored and (rich) empty wallets."""
    books.commit([earn(name, 5) for name in ("Zoe", "Al")] + [earn("Bob", 9), earn("Bot", 99)])
    books.commit([earn("Spent", 3), spend("Spent", 3), earn("Bad", 50)])
    books.commit([Ban(key("Bad"), "Bad", "Boss", "", NOW)])
    rich = [row.username for row in reports.richest(CHANNEL, ignored=["bot"])]
    assert rich == ["Bob", "Al", "Zoe"]
    lifetime = [row.username for row in reports.top_lifetime(CHANNEL, ignored=["bot"])]
    assert lifetime == ["Bob", "Al", "Zoe", "Spent"]
    earners = reports.earners(CHANNEL, DAY, 2, ignored=["bot"])
    assert [tuple(row) for row in earners] == [("Bob", 9), ("Al", 5)]


def test_start_up_reads_many_wallets_at_once(books: Books, reports: Reports) -> None:
    """The facts of those connected, or of everybody, come in one question."""
    books.commit([minute("m", present("Bob", minutes=3), present("Eve"))])
    wallets = reports.wallets(CHANNEL, DAY, ["bob", "ghost"])
    assert list(wallets) == ["bob"]
    assert wallets["bob"] == reports.wallet(key("bob"), DAY)
    assert wallets["bob"].minutes_today == 3
    assert set(reports.wallets(CHANNEL, DAY)) == {"bob", "eve"}
    assert len(reports.wallets(CHANNEL, DAY, limit=1)) == 1


def test_gauges_are_of_one_moment(books: Books, reports: Reports) -> None:
    """One question answers every gauge of a channel."""
    books.commit([earn("Bob", 10), spend("Bob", 2), minute("m", present("Eve", 1))])
    books.commit([hold("Bob", 3, "h", type_name="gamble_stake")])
    gauges = reports.channel_gauges(CHANNEL, DAY)
    assert (gauges.accounts, gauges.circulation_z, gauges.escrow_z) == (2, 9, 3)
    assert (gauges.median_balance_z, gauges.participation_rate) == (3, 100.0)
    assert (gauges.earned_today_z, gauges.spent_today_z, gauges.active_today) == (11, 2, 2)
    assert (gauges.gambled_in_today_z, gauges.gambled_in_lifetime_z) == (0, 0)
    books.commit([replace(capture("h", 3), to="house")])
    gauges = reports.channel_gauges(CHANNEL, DAY)
    assert (gauges.gambled_in_today_z, gauges.gambled_in_lifetime_z) == (3, 3)


def test_rank_inputs_count_accounts(books: Books, reports: Reports) -> None:
    """Accounts with the same rank and earnings are one line."""
    books.commit([earn("Bob", 3), earn("Eve", 3), earn("Al", 4)])
    assert sorted(reports.rank_inputs(CHANNEL)) == [("", 3, 2, None), ("", 4, 1, None)]


def test_reports_can_not_write(reports: Reports) -> None:
    """The reading connection refuses every change."""
    with pytest.raises(Exception, match="readonly"):
        reports.connection.execute("DELETE FROM channel")


def test_every_report_is_bounded() -> None:
    """No limit is negative or beyond the bound."""
    assert (bounded(-1), bounded(7), bounded(10**9)) == (0, 7, ROWS_MAX)


def test_history_reads_by_chain_not_by_scan(reports: Reports) -> None:
    """Neither a user's history nor the recent rows read the whole ledger."""
    for statement in (accounts._HISTORY, accounts._RECENT, accounts._ONE):
        values = {"1": 1, "2": 1, "3": 1, "4": 1}
        plan = reports.connection.execute("EXPLAIN QUERY PLAN " + statement, values).fetchall()
        steps = [str(row[3]) for row in plan]
        assert not [step for step in steps if step in {"SCAN t", "SCAN transfer"}], steps
