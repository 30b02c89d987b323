"""Rain, events, interest and competitions in the books (`storage.md` 4)."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.ledger.acts import CHANNEL, DAY, NOW, ask, earn, key, look, told

from kryten_economy.features.bans import Ban
from kryten_economy.features.competitions import CompetitionsPaid, PayCompetitions, Prize
from kryten_economy.features.events.adhoc import AdHocStopped, EventStarted, StartAdHoc, StopAdHoc
from kryten_economy.features.events.operations import EndEvent, EventEnded, EventOpened, OpenEvent
from kryten_economy.features.gifts import AdminRain, Distributed, RainDrop, RainShare, split_evenly
from kryten_economy.features.money.operations import MaintainBalances, Maintained
from kryten_economy.features.presence.rules import OPEN, EarningGate
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.books import Books
from kryten_economy.refusals import TooFewCoins
from kryten_economy.users import Present

MINUTE_MS = 60_000


def _ban(name: str) -> Ban:
    return Ban(key(name), name, "Boss", "spam", NOW)


def _here(*names: str) -> tuple[Present, ...]:
    return tuple(Present(name.lower(), name) for name in names)


def _rain(total_z: int, *names: str, op_id: str = "rain:1") -> AdminRain:
    return AdminRain(op_id, CHANNEL, _here(*names), total_z, "Boss", NOW, DAY)


def _balance(books: Books, name: str) -> int:
    return look(books, name).balance_z


def test_admin_rain_is_paid_to_the_coin(books: Books) -> None:
    """The remainder goes one each to the first names; the banned stay dry (P-MON-16)."""
    ask(books, _ban("Bob"))
    answer = told(books, _rain(11, "Dora", "alice", "Bob", "Carl"), Distributed)
    got = [(each.wallet.display_name, each.amount_z) for each in answer.paid]
    assert got == [("alice", 4), ("Carl", 4), ("Dora", 3)]
    assert look(books, "Dora").lifetime_earned_z == 3


@pytest.mark.parametrize(("total_z", "names"), [(1, ("Alice", "Carl")), (5, ())])
def test_rain_of_too_few_coins_does_not_fall(
    books: Books, total_z: int, names: tuple[str, ...]
) -> None:
    """With fewer coins than users, or nobody there, nothing is paid."""
    assert ask(books, _rain(total_z, *names)) == TooFewCoins(len(names))


def test_rain_falls_once(books: Books) -> None:
    """The same rain again tells who got what, and pays nothing."""
    first = told(books, _rain(10, "Alice", "Bob"), Distributed)
    again = told(books, _rain(10, "Alice", "Bob"), Distributed)
    assert again.replayed
    assert again.paid == first.paid
    assert _balance(books, "Alice") == 5


@settings(max_examples=50)
@given(st.integers(0, 10**12), st.integers(0, 300))
def test_parts_add_up(total_z: int, users: int) -> None:
    """Parts are whole, differ by one at most, and are exactly the total."""
    parts = split_evenly(total_z, users)
    if parts is None:
        assert users == 0 or total_z < users
    else:
        assert sum(parts) == total_z
        assert max(parts) - min(parts) <= 1
        assert min(parts) >= 1


def test_drop_passes_over_the_banned_and_the_too_new(books: Books) -> None:
    """Ambient rain is earning: the banned and accounts behind the gate get none of it."""
    ask(books, earn("Alice", 1))
    ask(books, _ban("Bob"))
    shares = tuple(RainShare(name.lower(), name, 7) for name in ("Alice", "Bob", "New"))
    at_ms = NOW + MINUTE_MS
    gate = EarningGate(min_age_ms=MINUTE_MS)
    answer = told(books, RainDrop("r", CHANNEL, shares, gate, at_ms, DAY), Distributed)
    assert [each.wallet.display_name for each in answer.paid] == ["Alice"]
    answer = told(books, RainDrop("s", CHANNEL, shares, OPEN, at_ms, DAY), Distributed)
    assert [each.wallet.display_name for each in answer.paid] == ["Alice", "New"]
    assert _balance(books, "Alice") == 15


def _open(op_id: str, *names: str, each_z: int = 100) -> OpenEvent:
    ends_at_ms = NOW + 60 * MINUTE_MS
    return OpenEvent(
        op_id,
        CHANNEL,
        "Movie Night",
        Fraction(5, 2),
        NOW,
        ends_at_ms,
        True,
        each_z,
        _here(*names),
        NOW,
        DAY,
    )


def test_bonus_of_an_occurrence_is_paid_once(books: Books, reports: Reports) -> None:
    """However often an occurrence is noticed, its bonus is paid with the first note."""
    first = told(books, _open("event:1", "Alice", "Bob"), EventOpened)
    assert first.fresh
    assert [each.amount_z for each in first.paid] == [100, 100]
    assert not told(books, _open("event:2", "Alice", "Carl"), EventOpened).fresh
    assert _balance(books, "Alice") == 100
    assert _balance(books, "Carl") == 0
    rows = {row.trigger_id: row for row in reports.triggers(CHANNEL, DAY, DAY)}
    assert rows["content.present_at_event_start"].unique_users == 2
    assert rows["event.Movie Night.presence"].total_z_awarded == 200


def test_end_of_an_event_is_noted_once(books: Books, reports: Reports) -> None:
    """Only one of those who notice the end tells it."""
    ask(books, _open("event:1"))
    (event,) = reports.running_events(CHANNEL)
    assert (event.kind, event.name, event.multiplier) == (
        "scheduled",
        "Movie Night",
        Fraction(5, 2),
    )
    end = EndEvent(CHANNEL, "scheduled", "Movie Night", NOW, NOW + 1)
    assert told(books, end, EventEnded).changed
    assert not told(books, end, EventEnded).changed
    assert reports.running_events(CHANNEL) == ()


def test_new_adhoc_event_takes_the_place_of_the_old(books: Books, reports: Reports) -> None:
    """One at a time in each channel (P-EARN-14)."""
    ends_at_ms = NOW + MINUTE_MS
    started = told(books, StartAdHoc(CHANNEL, "One", Fraction(2), ends_at_ms, NOW), EventStarted)
    assert started.replaced is None
    ask(books, StartAdHoc("Elsewhere", "Other", Fraction(2), ends_at_ms, NOW))
    later = NOW + 1
    started = told(books, StartAdHoc(CHANNEL, "Two", Fraction(3), ends_at_ms, later), EventStarted)
    assert started.replaced == "One"
    assert [each.name for each in reports.running_events(CHANNEL)] == ["Two"]
    assert [each.name for each in reports.running_events("Elsewhere")] == ["Other"]


def test_an_adhoc_event_is_stopped_once_and_only_while_it_runs(
    books: Books, reports: Reports
) -> None:
    """An event whose time is over is not stopped: its end is still to be told."""
    ends_at_ms = NOW + MINUTE_MS
    ask(books, StartAdHoc(CHANNEL, "One", Fraction(2), ends_at_ms, NOW))
    assert ask(books, StopAdHoc("Elsewhere", NOW)) == AdHocStopped()
    assert ask(books, StopAdHoc(CHANNEL, ends_at_ms)) == AdHocStopped()
    assert [each.name for each in reports.running_events(CHANNEL)] == ["One"]
    assert ask(books, StopAdHoc(CHANNEL, ends_at_ms - 1)) == AdHocStopped("One", NOW)
    assert ask(books, StopAdHoc(CHANNEL, ends_at_ms - 1)) == AdHocStopped()
    assert reports.running_events(CHANNEL) == ()


def _interest(op_id: str, most_z: int = 10) -> MaintainBalances:
    return MaintainBalances(
        op_id, CHANNEL, "interest", Fraction("0.001"), 100, most_z, "Interest", NOW, DAY
    )


@pytest.mark.parametrize(
    ("balance_z", "paid_z"), [(10_000, 10), (100_000, 10), (50, 0), (999, 0), (1_000, 1)]
)
def test_interest(books: Books, reports: Reports, balance_z: int, paid_z: int) -> None:
    """A thousandth, rounded down, at most ten, and only from the minimum on."""
    ask(books, earn("Alice", balance_z))
    answer = told(books, _interest("interest:1"), Maintained)
    assert (answer.accounts, answer.total_z) == (int(paid_z > 0), paid_z)
    wallet = look(books, "Alice")
    assert wallet.balance_z == wallet.lifetime_earned_z == balance_z + paid_z
    assert reports.job_is_done("balance_maintenance", CHANNEL, DAY)


def test_interest_is_paid_once_and_not_to_the_banned(books: Books) -> None:
    """The same day again pays nothing (P-MON-17)."""
    for made in (earn("Alice", 5_000), earn("Bob", 5_000), _ban("Bob")):
        ask(books, made)
    told(books, _interest("interest:1"), Maintained)
    assert told(books, _interest("interest:1"), Maintained).replayed
    assert (_balance(books, "Alice"), _balance(books, "Bob")) == (5_005, 5_000)


def test_interest_has_no_float_in_it(books: Books) -> None:
    """A rate is the number that was written, at every size (P-MON-14)."""
    ask(books, earn("Alice", 9 * 10**15))
    request = MaintainBalances(
        "i", CHANNEL, "interest", Fraction("0.7"), 1, 0, "Interest", NOW, DAY
    )
    assert told(books, request, Maintained).total_z == 63 * 10**14


@pytest.mark.parametrize(("balance_z", "taken_z"), [(40_000, 0), (100_000, 500)])
def test_decay(books: Books, balance_z: int, taken_z: int) -> None:
    """Large balances shrink; it is no spending of a lifetime."""
    ask(books, earn("Alice", balance_z))
    request = MaintainBalances("d", CHANNEL, "decay", Fraction("0.005"), 50_000, 0, "Fee", NOW, DAY)
    assert told(books, request, Maintained).total_z == taken_z
    wallet = look(books, "Alice")
    assert wallet.balance_z == balance_z - taken_z
    assert (wallet.lifetime_earned_z, wallet.lifetime_spent_z) == (balance_z, 0)


def test_prizes_are_paid_once_per_day_and_competition(books: Books, reports: Reports) -> None:
    """The same winner may win twice, but nothing a second time."""
    for made in (earn("Alice", 10), earn("Bob", 10), _ban("Bob")):
        ask(books, made)
    prizes = (
        Prize("a", "First", "alice", 5),
        Prize("b", "Second", "alice", 7),
        Prize("b", "Second", "bob", 7),
        Prize("b", "Second", "nobody", 7),
    )
    request = PayCompetitions("c:1", CHANNEL, "2026-11-19", prizes, NOW, DAY)
    won = told(books, request, CompetitionsPaid).won
    assert [(each.competition_id, each.wallet.balance_z) for each in won] == [("a", 15), ("b", 22)]
    other = PayCompetitions("c:2", CHANNEL, "2026-11-19", prizes, NOW, DAY)
    assert told(books, other, CompetitionsPaid).won == ()
    again = told(books, request, CompetitionsPaid)
    assert (again.replayed, len(again.won)) == (True, 2)
    assert _balance(books, "Alice") == 22
    assert reports.job_is_done("daily_competitions", CHANNEL, "2026-11-19")
