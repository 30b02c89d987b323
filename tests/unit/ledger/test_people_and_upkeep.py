"""Bans, quiet mode, counters, jobs, the audit log, read-only channels."""

from typing import Any

import pytest
from tests.unit.ledger.acts import (
    CHANNEL,
    DAY,
    NOW,
    ask,
    capture,
    earn,
    hold,
    key,
    look,
    minute,
    present,
    release,
    spend,
    tip,
    told,
)

from kryten_economy.features.bans import Ban, BanState, Unban
from kryten_economy.features.money.operations import Posted, SetBalance
from kryten_economy.features.notices import SetQuiet
from kryten_economy.features.presence.operations import Arrive
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.books import Books
from kryten_economy.ledger.operation import Act
from kryten_economy.ledger.records import (
    Audit,
    Audited,
    ChannelState,
    ClaimJob,
    FinishJob,
    JobRun,
    Pruned,
    PruneHelpers,
    Reopen,
    SaveCounters,
    Saved,
    SetReadOnly,
)
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.refusals import ReadOnly


def test_a_ban_needs_no_account(books: Books, reports: Reports) -> None:
    """A name can be banned before anybody has come with it."""
    ban = Ban(key("Bob"), "Bob", "Boss", "Farming", NOW)
    assert ask(books, ban) == BanState(key("bob"), True, True, "Bob", "Boss", "Farming", NOW)
    assert reports.wallet(key("bob"), DAY) is None
    assert look(books, "Bob").banned


def test_a_second_ban_changes_nothing(books: Books, reports: Reports) -> None:
    """An existing ban is told with who made it and why."""
    ask(books, Ban(key("Bob"), "Bob", "Boss", "Farming", NOW))
    again = told(books, Ban(key("BOB"), "BOB", "Other", "Else", NOW + 1), BanState)
    assert (again.changed, again.by, again.reason, again.at_ms) == (False, "Boss", "Farming", NOW)
    assert [ban.display_name for ban in reports.bans(CHANNEL)] == ["Bob"]
    assert reports.ban_of(key("eve")) is None


def test_unban_tells_what_was_lifted(books: Books, reports: Reports) -> None:
    """Lifting a ban tells whether there was one."""
    ask(books, Ban(key("Bob"), "Bob", "Boss", "Farming", NOW))
    lifted = told(books, Unban(key("Bob")), BanState)
    assert (lifted.banned, lifted.changed, lifted.by) == (False, True, "Boss")
    assert ask(books, Unban(key("Bob"))) == BanState(key("bob"), False, False)
    assert ask(books, Unban(key("Bob", "Nowhere"))) == BanState(key("bob", "Nowhere"), False, False)
    assert reports.bans(CHANNEL) == ()
    assert isinstance(ask(books, earn("Bob", 1)), Posted)


def test_quiet_opens_the_account(books: Books, reports: Reports) -> None:
    """Quiet mode works for somebody without account (P-MSG-5)."""
    wallet = told(books, SetQuiet(key("Bob"), "Bob", True, NOW, DAY), Wallet)
    assert wallet.quiet is True
    assert reports.wallet(key("bob"), DAY) == wallet
    assert told(books, SetQuiet(key("Bob"), "Bob", False, NOW), Wallet).quiet is False
    assert look(books, "Bob").quiet is False


def test_counters_never_fall(books: Books, reports: Reports) -> None:
    """A saved counter keeps the larger value (`metrics.md` 2)."""
    assert ask(books, SaveCounters((("events_processed", 7), ("spins_total", 2)))) == Saved(2)
    ask(books, SaveCounters((("events_processed", 5), ("spins_total", 3))))
    assert reports.counters() == {"events_processed": 7, "spins_total": 3}


def test_a_job_is_claimed_once_per_period(books: Books, reports: Reports) -> None:
    """A second claim learns whether the first one finished (P-MON-17)."""
    claim = ClaimJob("interest", CHANNEL, DAY, NOW)
    assert ask(books, claim) == JobRun(True, NOW, None)
    assert ask(books, ClaimJob("interest", CHANNEL, DAY, NOW + 5)) == JobRun(False, NOW, None)
    finish = FinishJob("interest", CHANNEL, DAY, NOW + 6)
    assert ask(books, finish) == JobRun(False, NOW, NOW + 6)
    assert ask(books, claim) == JobRun(False, NOW, NOW + 6)
    assert told(books, ClaimJob("interest", CHANNEL, "2025-03-15", NOW), JobRun).fresh


def test_audit_log_keeps_every_line(books: Books, reports: Reports) -> None:
    """Each admin command is a line with all of its parts (`commands.md` 4)."""
    line = Audit(NOW, "Boss", CHANNEL, "grant", "@Bob 5", "ok")
    first, second = told(books, line, Audited), told(books, line, Audited)
    assert second.audit_id == first.audit_id + 1
    newest = reports.audit(1)[0]
    assert newest[1:] == (NOW, "Boss", CHANNEL, "grant", "@Bob 5", "ok")


def test_pruning_forgets_who_but_not_how_much(books: Books, reports: Reports) -> None:
    """Old distinct users go, in bounded portions; the sums stay."""
    books.commit([earn("Bob", 1), earn("Eve", 1), earn("Zoe", 1, day="2025-05-01")])
    assert ask(books, PruneHelpers("2025-04-01", limit=1)) == Pruned(1)
    assert ask(books, PruneHelpers("2025-04-01")) == Pruned(1)
    assert ask(books, PruneHelpers("2025-04-01")) == Pruned(0)
    assert reports.triggers(CHANNEL, DAY, DAY)[0][1:] == (2, 0, 2)
    assert reports.triggers(CHANNEL, DAY, "2025-05-01")[0].unique_users == 1


MONEY: list[Act[Any]] = [
    earn("Bob", 1, "r1"),
    spend("Bob", 1, "r2"),
    tip("Bob", "Eve", 1, "r3"),
    SetBalance("r4", key("Bob"), 3, "", "Boss", NOW, DAY),
    hold("Bob", 1, "new", op_id="r5"),
    capture("old", 1, "r6"),
    release("old", "r7"),
    minute("r8", present("Bob")),
    Arrive("r9", key("Bob"), "Bob", NOW, DAY, 100),
]


@pytest.mark.parametrize("request_", MONEY, ids=lambda request: type(request).__name__)
def test_a_read_only_channel_takes_no_money(books: Books, request_: Act[Any]) -> None:
    """Every money request is refused with the reason until an operator reopens the channel."""
    books.commit([earn("Bob", 9), earn("Eve", 1), hold("Bob", 1, "old")])
    closed = ask(books, SetReadOnly(CHANNEL, "mismatch", NOW))
    assert closed == ChannelState(CHANNEL, True, "mismatch", True)
    assert ask(books, request_) == ReadOnly(CHANNEL, "mismatch")
    assert look(books, "Bob").balance_z == 8
    assert told(books, Reopen(CHANNEL), ChannelState).changed
    assert not isinstance(ask(books, request_), ReadOnly)


def test_read_only_lasts_over_a_restart_and_tells_replays(books: Books, reports: Reports) -> None:
    """The mark is stored; the first reason stays; what was done before is still answered."""
    first = ask(books, earn("Bob", 9, "a"))
    ask(books, SetReadOnly(CHANNEL, "mismatch", NOW))
    again = told(books, SetReadOnly(CHANNEL, "other", NOW), ChannelState)
    assert (again.changed, again.reason) == (False, "mismatch")
    assert reports.channels()[0] == (CHANNEL, "mismatch")
    assert isinstance(first, Posted)
    assert told(books, earn("Bob", 9, "a"), Posted).transaction_id == first.transaction_id


def test_reopening_an_open_channel_changes_nothing(books: Books) -> None:
    """Reopen is harmless where nothing was closed."""
    assert ask(books, Reopen("Nowhere")) == ChannelState("Nowhere", False, "", False)
