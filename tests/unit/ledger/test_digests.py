"""Snapshots, tips of a user, and the sums of digests on real books (`progression.md` 5 to 7)."""

from dataclasses import replace

from tests.unit.ledger.acts import (
    CHANNEL,
    DAY,
    NEXT_DAY,
    NOW,
    ask,
    earn,
    hold,
    key,
    minute,
    op,
    pay,
    present,
    spend,
    tip,
)

from kryten_economy.calendar import Calendar
from kryten_economy.features.presence.operations import RecordActivity
from kryten_economy.features.ranks.operations import StoreRank
from kryten_economy.features.reports.digests import days_of_users, week_of
from kryten_economy.features.reports.figures import Figures, TippedWith, figures_of, tips_since
from kryten_economy.features.reports.queries import Reports
from kryten_economy.features.reports.snapshots import (
    KEPT_DAYS,
    KeepSnapshot,
    Snapshot,
    last_snapshot,
    snapshots_between,
)
from kryten_economy.ledger.books import Books
from kryten_economy.ledger.records import SetReadOnly

DAY_MS, HOUR_MS = 86_400_000, 3_600_000
MONDAY = "2025-03-17"


def looked(books: Books, reports: Reports, at_ms: int) -> bool:
    """Keep a snapshot of now, as taken then."""
    found = figures_of(reports, CHANNEL, DAY).as_snapshot(at_ms, 1.0)
    kept: bool = ask(books, KeepSnapshot(CHANNEL, found)).fresh
    return kept


def test_a_snapshot_is_kept_once_in_six_hours(books: Books, reports: Reports) -> None:
    """The books know the period, whoever asks again and whatever was found then."""
    books.commit([earn("Bob", 10), spend("Bob", 3)])
    assert looked(books, reports, NOW)
    books.commit([earn("Bob", 10)])
    assert not looked(books, reports, NOW + 1)
    assert last_snapshot(reports, CHANNEL) == Snapshot(NOW, 1, 7, 1, 10, 3, 0, 7, 0.0, 1.0)
    assert looked(books, reports, NOW + 6 * HOUR_MS)
    assert [each.total_z_circulation for each in snapshots_between(reports, CHANNEL, 0, 2**60)] == [
        7,
        17,
    ]
    assert last_snapshot(reports, "Elsewhere") is None


def test_snapshots_are_kept_for_four_hundred_days(books: Books, reports: Reports) -> None:
    """With a new one those go that are older."""
    books.commit([earn("Bob", 10)])
    looked(books, reports, NOW)
    looked(books, reports, NOW + DAY_MS)
    looked(books, reports, NOW + KEPT_DAYS * DAY_MS + 1)
    times = [each.taken_at_ms for each in snapshots_between(reports, CHANNEL, 0, 2**60)]
    assert times == [NOW + DAY_MS, NOW + KEPT_DAYS * DAY_MS + 1]


def test_a_channel_that_takes_no_money_is_looked_at_still(books: Books, reports: Reports) -> None:
    """What operators look into most is not to go blind then."""
    books.commit([earn("Bob", 10), SetReadOnly(CHANNEL, "trouble", NOW)])
    assert looked(books, reports, NOW)


def test_change_and_flow_follow_their_definitions(books: Books, reports: Reports) -> None:
    """Circulation counts what is set aside; the flow is earned - spent + what games have paid."""
    books.commit([earn("Bob", 100), earn("Eve", 7)])
    looked(books, reports, NOW)
    books.commit(
        [
            hold("Bob", 20, "h"),
            spend("Bob", 5),
            replace(spend("Bob", 30, type_name="gamble_stake"), trigger_id="gambling.flip"),
            pay("Bob", 12, "gamble_push", "gambling.flip"),
        ]
    )
    found: Figures = figures_of(reports, CHANNEL, DAY)
    assert (found.circulation.float_z, found.circulation.escrow_z) == (84, 20)
    assert found.change_z == 84 - 107
    # The hold is a spend already: 107 - 25 + (12 - 30)
    assert found.net_flow_z == 107 - 25 - 18
    assert found.median_balance_z == (57 + 7) // 2


def test_tips_are_told_by_partner_and_direction(books: Books, reports: Reports) -> None:
    """The largest first, of the time asked for only, whatever else moved in between."""
    books.commit([earn("Bob", 100), earn("Eve", 100), earn("Cy", 100)])
    books.commit([replace(tip("Bob", "Eve", 50), at_ms=NOW - DAY_MS)])
    books.commit([tip("Bob", "Eve", 3), earn("Bob", 1), tip("Bob", "Cy", 9), tip("Bob", "Eve", 4)])
    books.commit([tip("Eve", "Bob", 2), spend("Bob", 1)])
    assert tips_since(reports, key("Bob"), NOW) == (
        TippedWith("Cy", True, 1, 9),
        TippedWith("Eve", True, 2, 7),
        TippedWith("Eve", False, 1, 2),
    )
    assert tips_since(reports, key("Cy"), NOW) == (TippedWith("Bob", False, 1, 9),)
    assert tips_since(reports, key("Ghost"), 0) == ()


def test_days_of_users_are_of_those_who_did_something(books: Books, reports: Reports) -> None:
    """Earned and spent on the day, earned in seven; who was not active then is left out."""
    books.commit(
        [
            earn("Bob", 10),
            spend("Bob", 4),
            earn("Bob", 30, day="2025-03-08"),
            earn("Bob", 500, day="2025-03-07"),
            earn("Bob", 90, day=NEXT_DAY),
            earn("Eve", 5, day=NEXT_DAY),
            earn("Cy", 5),
        ]
    )
    [bob] = days_of_users(reports, CHANNEL, {"bob", "eve", "ghost"}, DAY, NEXT_DAY)
    assert (bob.wallet.display_name, bob.earned_z, bob.spent_z, bob.week_earned_z) == (
        "Bob",
        10,
        4,
        40,
    )


def test_a_week_is_summed_from_monday_to_sunday(books: Books, reports: Reports) -> None:
    """What was before and what came after is not of it; NOW is a Friday."""
    calendar = Calendar()
    start_ms = calendar.day_start_ms(MONDAY)
    books.commit(
        [
            earn("Bob", 100),
            earn("Eve", 40, day="2025-03-16"),
            replace(earn("Cy", 1_000, day="2025-03-09"), at_ms=start_ms - 8 * DAY_MS),
            earn("Cy", 1_000, day=MONDAY),
        ]
    )
    queue = replace(spend("Bob", 20), trigger_id="spend.queue")
    late = replace(spend("Bob", 3), at_ms=start_ms, day=MONDAY)
    win = pay("Bob", 600, "gamble_win", "gambling.spin")
    streak = pay("Bob", 50, "streak_bonus", "streak.milestone.7")
    promoted = StoreRank(key("Bob"), "Grip", "", None, True, NOW, DAY)
    books.commit([queue, spend("Bob", 5), win, streak, promoted])
    books.commit([late])
    week = week_of(reports, CHANNEL, calendar, MONDAY, 500, start_ms + HOUR_MS)
    assert (week.first_day, week.last_day) == ("2025-03-10", "2025-03-16")
    assert week.totals == (190, 25, 0, 600, 2)
    assert [tuple(each) for each in week.earners] == [("Bob", 150), ("Eve", 40)]
    assert [tuple(each) for each in week.spenders] == [("Bob", 25)]
    assert week.spends == (("queue", 20), ("greeting", 5))
    assert week.notable == (1, 1, 1)
    assert (week.participation, week.before, week.change_z) == (None, None, None)
    assert week_of(reports, CHANNEL, calendar, MONDAY, 601, NOW).notable.jackpots == 0


def test_the_week_compares_snapshots_and_participation(books: Books, reports: Reports) -> None:
    """The first snapshot with the last; the mean of the days with that of the week before."""
    books.commit([earn("Bob", 100), earn("Eve", 5)])
    for day in ("2025-03-05", DAY, "2025-03-16"):
        ask(books, minute(op(), present("Bob"), present("Eve"), day=day))
    ask(books, RecordActivity(key("Bob"), "Bob", NOW, "2025-03-16", commands=1))
    looked(books, reports, NOW)
    books.commit([earn("Bob", 11, day="2025-03-16")])
    looked(books, reports, NOW + DAY_MS)
    books.commit([earn("Bob", 11, day=MONDAY)])
    week = week_of(reports, CHANNEL, Calendar(), MONDAY, 500, NOW + 4 * DAY_MS)
    assert week.change_z == 11
    assert week.circulation_z == 133
    assert (week.participation, week.before) == (25.0, 0.0)
