"""Panic levels in the books: what is refused, what goes on, and that nothing is lost by either."""

from pathlib import Path
from typing import Any

import pytest
from tests.unit.ledger.acts import CHANNEL, NOW, ask, earn, key, look, minute, present, spend
from tests.unit.ledger.test_once import ACTS, IDS, Before, _prepare

from kryten_economy.features.panic import (
    KINDS,
    LEVELS,
    EndPanics,
    HaltKind,
    SetPanic,
    StopPanic,
    halts_of,
)
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.books import Books
from kryten_economy.ledger.invariants import verify
from kryten_economy.ledger.operation import Act
from kryten_economy.refusals import Banned, Frozen, Halted, Level
from kryten_economy.users import UserKey

EARNED = {
    "earn", "milestone", "streak_bonus", "welcome_wallet", "welcome_back", "rain", "interest",
    "event_bonus", "achievement", "competition",
}  # fmt: skip
"""The types of what is paid for being here, for talk and by chance."""
BOUGHT = {"spend", "bounty_create", "tip_send"}


def stop(what: HaltKind, user: UserKey | None = None, until_ms: int | None = None) -> SetPanic:
    return SetPanic(CHANNEL, what, "Boss", "Odd", until_ms, NOW, user, user.name if user else "")


def moved(books: Books, act: Act[Any]) -> tuple[object, set[tuple[str, int]]]:
    """The answer, and the type and sign of each movement of a wallet."""
    committed = books.commit([act])
    (answer,) = committed.answers
    return answer, {
        (posting.type, 1 if posting.delta_z > 0 else -1)
        for facts in committed.facts
        for posting in facts.postings
    }


each_act = pytest.mark.parametrize(("before", "act"), ACTS, ids=IDS)


@each_act
def test_read_only_lets_settle_and_nothing_else_move(
    books: Books, path: Path, before: list[Before], act: Act[Any]
) -> None:
    """Of all acts there are, none takes money from a wallet or pays what is earned."""
    _prepare(books, before)
    ask(books, stop("read-only"))
    answer, movements = moved(books, act)
    assert isinstance(answer, Halted) is (act.halted_by != ()), answer
    assert not {type_ for type_, sign in movements if sign < 0 or type_ in EARNED}
    ask(books, StopPanic(CHANNEL, None))
    if isinstance(answer, Halted):
        assert not movements
        assert not isinstance(ask(books, act), Halted)
    assert verify(path).ok


@each_act
@pytest.mark.parametrize("level", ["earning", "games", "spending"])
def test_a_pause_stops_its_own_kind(
    books: Books, path: Path, level: Level, before: list[Before], act: Act[Any]
) -> None:
    """Nothing is earned, staked or bought while just that is paused; other kinds go on."""
    _prepare(books, before)
    ask(books, stop(level))
    answer, movements = moved(books, act)
    assert isinstance(answer, Halted) is (level in act.halted_by), answer
    types = {type_ for type_, _ in movements}
    assert level != "earning" or not types & EARNED
    is_game = ".games." in type(act).__module__  # what a raffle sells is a stake in it
    assert level != "spending" or is_game or not types & BOUGHT
    staked = ("gamble_stake", -1) in movements
    assert level != "games" or not staked or type(act).__name__ == "Play"
    if isinstance(answer, Halted):
        assert (answer.what, movements) == (level, set())
    assert verify(path).ok


@each_act
def test_the_frozen_neither_earn_nor_spend(
    books: Books, path: Path, before: list[Before], act: Act[Any]
) -> None:
    """Whatever is asked for a frozen user takes nothing and pays nothing but what was held."""
    _prepare(books, before)
    for name in ("Bob", "Eve"):
        ask(books, stop("freeze", key(name)))
    answer, movements = moved(books, act)
    allowed = {"admin_set_balance", "admin_undo", "admin_undo_earned", "prune"}
    taken = {type_ for type_, sign in movements if sign < 0} - allowed
    assert not taken, answer
    assert not {type_ for type_, _ in movements} & (EARNED | BOUGHT)
    assert verify(path).ok


def test_minutes_count_while_earning_is_paused(books: Books) -> None:
    """They pay nothing, not later either, and no part of a coin is kept of them."""
    ask(books, minute("m1", present("Bob", 2)))
    ask(books, stop("earning"))
    ask(books, minute("m2", present("Bob", 3)))
    wallet = look(books, "Bob")
    assert (wallet.balance_z, wallet.minutes_today) == (2, 2)
    ask(books, StopPanic(CHANNEL, "earning"))
    ask(books, minute("m3", present("Bob", 1)))
    assert look(books, "Bob").balance_z == 3


def test_a_freeze_is_told_with_its_end(books: Books) -> None:
    """It is a ban for a time, for those who have an account and those who will."""
    ask(books, earn("Bob", 9))
    ask(books, stop("freeze", key("Bob"), NOW + 5))
    ask(books, stop("freeze", key("Eve")))
    assert ask(books, spend("Bob", 5)) == Frozen(key("Bob"), NOW + 5)
    assert ask(books, earn("Eve", 5)) == Frozen(key("Eve"), 0)
    assert isinstance(Frozen(key("Bob")), Banned)
    assert ask(books, StopPanic(CHANNEL, "freeze", key("Bob"))).ended[0].name == "bob"
    assert not isinstance(ask(books, spend("Bob", 5)), Frozen)


def test_what_is_stopped_survives_a_restart(path: Path) -> None:
    """The books refuse by it from their first request on."""
    books = Books.open(path)
    ask(books, earn("Bob", 9))
    for what in KINDS:
        ask(books, stop(what, key("Bob") if what == "freeze" else None, NOW + 5))
    books.close()
    books = Books.open(path)
    assert isinstance(ask(books, spend("Bob", 5)), Halted)
    ended = ask(books, EndPanics(CHANNEL, NOW + 4))
    assert (ended.ended, len(ended.halts)) == ((), len(KINDS))
    assert {each.what for each in ask(books, EndPanics(CHANNEL, NOW + 5)).ended} == {*KINDS}
    assert not isinstance(ask(books, spend("Bob", 5)), Halted | Frozen)
    books.close()


def test_said_again_it_gets_another_end(books: Books, reports: Reports) -> None:
    """One thing is stopped once; when it began stays."""
    ask(books, stop("games", until_ms=NOW + 5))
    again = SetPanic(CHANNEL, "games", "Zed", "", None, NOW + 1)
    (halt,) = ask(books, again).halts
    assert (halt.by, halt.since_ms, halt.until_ms) == ("Zed", NOW, None)
    assert halts_of(reports, CHANNEL) == (halt,)


def test_other_channels_go_on(books: Books) -> None:
    """A level holds in its own channel."""
    for what in LEVELS:
        ask(books, SetPanic("Elsewhere", what, "Boss", "", None, NOW))
    assert not isinstance(ask(books, earn("Bob", 5)), Halted)
    assert ask(books, StopPanic("Elsewhere", None)).ended
