"""Hands of blackjack in the books: whatever is played, coins neither vanish nor appear."""

from dataclasses import replace
from functools import cache
from json import loads
from pathlib import Path

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.ledger.acts import CHANNEL, DAY, NEXT_DAY, NOW, ask, earn, key, told

from kryten_economy.features.games.blackjack.operations import (
    Deal,
    Play,
    Shown,
    hand_of,
    stats_of,
)
from kryten_economy.features.games.blackjack.rules import deck_of, play
from kryten_economy.features.games.fairness import FairDice, public_id
from kryten_economy.features.games.rules import GAMES, Terms
from kryten_economy.features.games.tables import Cancelled, CancelRound
from kryten_economy.features.money.operations import Posted
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger import opening
from kryten_economy.ledger.books import Books
from kryten_economy.ledger.invariants import verify
from kryten_economy.ledger.operation import Failed
from kryten_economy.refusals import (
    AgainstTheRules,
    AlreadyIn,
    CoolingDown,
    DailyLimit,
    Insufficient,
    NotPending,
    PlayLimit,
)

TERMS = Terms("blackjack", 10, 1000)
"""No cooldown, no limit of the day."""


ENDS = {
    "natural": ("", {"natural"}),
    "dealer_natural": ("", {"dealer_natural"}),
    "stand wins": ("stand", {"win"}),
    "stand loses": ("stand", {"lose"}),
    "stand pushes": ("stand", {"push"}),
    "double wins": ("double", {"win"}),
    "double loses": ("double", {"lose", "bust"}),
    "hit busts": ("hit", {"bust"}),
    "hit goes on": ("hit", {""}),
    "hit 21": ("hit", {"win", "push"}),
}
"""After which moves which hand has which end."""


@cache
def seed_of(name: str) -> str:
    """A seed by which the first round plays as the name says; found by trying."""
    said, ends = ENDS[name]
    seeds = (f"{number:064x}" for number in range(100_000))
    return next(each for each in seeds if _plays(each, said.split()) in ends)


def _plays(seed: str, moves: list[str]) -> str | None:
    deck = deck_of(FairDice(seed, public_id(CHANNEL, 1)))
    if moves and play(deck, [], hits_soft_17=True).end:
        return None
    return play(deck, moves, hits_soft_17=True).end


def dealt(books: Books, name: str, stake_z: int = 20, **changes: object) -> Shown:
    act = Deal(f"deal {name}", key("Bob"), stake_z, "1.5", True, TERMS, seed_of(name), NOW, DAY)
    return told(books, replace(act, **changes), Shown)  # type: ignore[arg-type]


def move(name: str, op_id: str = "", **changes: object) -> Play:
    act = Play(op_id or name, key("Bob"), name, TERMS, NOW + 1, DAY)
    return replace(act, **changes)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def _bob(books: Books) -> None:
    """Bob has 50 Z."""
    books.commit([earn("Bob", 50)])


@pytest.mark.parametrize(
    ("name", "moves", "balance_z", "staked_z"),
    [
        ("natural", [], 50 + 30, 20),
        ("dealer_natural", [], 30, 20),
        ("stand wins", ["stand"], 70, 20),
        ("stand loses", ["stand"], 30, 20),
        ("stand pushes", ["stand"], 50, 20),
        ("hit busts", ["hit"], 30, 20),
        ("double wins", ["double"], 90, 40),
        ("double loses", ["double"], 10, 40),
    ],
)
def test_what_hands_bring(
    books: Books, reports: Reports, name: str, moves: list[str], balance_z: int, staked_z: int
) -> None:
    """The stake, or both, against what the end pays; only the gain is earned (P-MON-2)."""
    answer = dealt(books, name)
    for each in moves:
        answer = told(books, move(each), Shown)
    wallet = answer.wallet
    assert wallet.balance_z == balance_z
    assert wallet.lifetime_gambled_in_z == staked_z
    assert wallet.lifetime_gambled_out_z == balance_z - 50 + staked_z
    assert wallet.lifetime_earned_z == 50 + max(0, balance_z - 50)
    played = stats_of(reports, key("Bob"))
    assert played is not None
    assert (played.hands, played.staked_z) == (1, staked_z)
    assert (played.won, played.lost) == (balance_z > 50, balance_z < 50)
    assert played.pushes == (balance_z == 50)
    assert played.naturals == (name == "natural")


def test_a_stake_is_held_while_the_hand_goes_on(books: Books, reports: Reports) -> None:
    """The balance is lower, and nothing has been gambled yet; the dealer shows one card."""
    answer = dealt(books, "hit goes on")
    assert (answer.wallet.balance_z, answer.wallet.lifetime_gambled_in_z) == (30, 0)
    assert len(answer.hand.dealer) == 1
    again = told(books, move("hit"), Shown)
    assert (len(again.hand.player), len(again.hand.dealer), again.moves) == (3, 1, 1)
    seen = hand_of(reports, key("Bob"))
    assert seen is not None
    assert (seen.hand, seen.moves, seen.stake_z) == (again.hand, 1, 20)


def test_21_stands_by_itself(books: Books) -> None:
    """After a card to 21 the dealer plays, and the hand is settled."""
    dealt(books, "hit 21")
    answer = told(books, move("hit"), Shown)
    assert answer.hand.end
    assert ask(books, move("stand")) == NotPending()


def test_two_stands_settle_once(books: Books) -> None:
    """Of two at the same time the second finds no hand (P-MON-7)."""
    dealt(books, "stand wins")
    first, second = books.commit([move("stand", "one"), move("stand", "two")]).answers
    assert isinstance(first, Shown)
    assert first.wallet.balance_z == 70
    assert second == NotPending()


def test_one_hand_at_a_time(books: Books) -> None:
    """A second deal takes no stake; after the end there is another hand (P-GAM-24)."""
    dealt(books, "stand loses")
    other = Deal("other", key("Bob"), 20, "1.5", True, TERMS, "ab" * 32, NOW, DAY)
    assert ask(books, other) == AlreadyIn("Blackjack")
    told(books, move("stand"), Shown)
    assert isinstance(ask(books, other), Shown)


def test_a_double_is_for_two_cards_and_for_who_can_pay_it(books: Books) -> None:
    """After a card it is refused; without the money too, and nothing moves."""
    dealt(books, "hit goes on")
    told(books, move("hit"), Shown)
    refused = ask(books, move("double"))
    assert isinstance(refused, AgainstTheRules)
    assert "first two cards" in refused.rule


def test_a_double_that_cannot_be_paid(books: Books, reports: Reports) -> None:
    """The hand stays as it is, so that it can be played on."""
    dealt(books, "double wins", 30)
    assert ask(books, move("double")) == Insufficient(20, 10)
    seen = hand_of(reports, key("Bob"))
    assert seen is not None
    assert (seen.moves, seen.stake_z) == (0, 30)


def test_a_double_counts_toward_the_limits_of_the_day(books: Books) -> None:
    """The second stake is a stake: beyond the day's limit it is refused."""
    dealt(books, "double wins")
    limits = TERMS._replace(stakes_z=30)
    assert ask(books, move("double", limits=limits)) == PlayLimit("stakes", 30, 10)


def test_cooldown_and_daily_limit(books: Books) -> None:
    """Both hold, and a limit of 0 is none (P-GAM-5)."""
    limits = TERMS._replace(cooldown_ms=10_000, daily_rounds=2)
    act = Deal("1", key("Bob"), 10, "1.5", True, limits, seed_of("dealer_natural"), NOW, DAY)
    told(books, act, Shown)
    soon = replace(act, op_id="2", at_ms=NOW + 4000)
    assert ask(books, soon) == CoolingDown("Blackjack", 6000)
    later = told(books, replace(act, op_id="3", at_ms=NOW + 10_000), Shown)
    if not later.hand.end:
        told(books, move("stand", at_ms=NOW + 10_001), Shown)
    third = replace(act, op_id="4", at_ms=NOW + 30_000)
    assert ask(books, third) == DailyLimit("round of Blackjack", 2)
    assert isinstance(ask(books, replace(third, day=NEXT_DAY)), Shown)


def test_a_hand_called_off_gives_stake_and_count_back(books: Books, reports: Reports) -> None:
    """As at a restart: the day's count is as before, and nothing is in the statistics."""
    limits = TERMS._replace(daily_rounds=1)
    first = dealt(books, "hit goes on", limits=limits)
    told(books, move("hit"), Shown)
    off = CancelRound("off", CHANNEL, first.number, "Called off", NOW, DAY)
    [player] = told(books, off, Cancelled).players
    assert player.wallet.balance_z == 50
    assert player.wallet.lifetime_earned_z == 50
    assert stats_of(reports, key("Bob")) is None
    assert isinstance(dealt(books, "hit goes on", limits=limits, op_id="again"), Shown)


def test_standing_for_an_idle_player_waits_for_no_other_hand(books: Books) -> None:
    """It is for one hand after so many moves; otherwise it does nothing."""
    first = dealt(books, "hit goes on")
    told(books, move("hit"), Shown)
    idle = move("stand", "idle", number=first.number, after=0)
    assert ask(books, idle) == NotPending()
    assert ask(books, replace(idle, number=99, after=1)) == NotPending()
    assert told(books, replace(idle, after=1), Shown).hand.end


def test_a_hand_is_the_same_after_a_restart(tmp_path: Path) -> None:
    """Closing and opening changes no card."""
    books = Books.open(tmp_path / "closed.db")
    books.commit([earn("Bob", 50)])
    first = dealt(books, "hit goes on")
    books.close()
    books = Books.open(tmp_path / "closed.db")
    again = told(books, move("hit"), Shown)
    assert again.hand.player[:2] == first.hand.player
    books.close()


def test_a_settlement_that_fails_leaves_the_hand(tmp_path: Path) -> None:
    """Nothing of it stands: the stake is still held, and the next move settles it (P-GAM-24)."""
    path = tmp_path / "broken.db"
    books = Books.open(path)
    books.commit([earn("Bob", 50)])
    dealt(books, "stand wins")
    books.close()
    broken = "CREATE TRIGGER broken BEFORE INSERT ON game_stats BEGIN SELECT RAISE(ABORT, 'x'); END"
    _run(path, broken)
    books = Books.open(path)
    assert isinstance(ask(books, move("stand", "1")), Failed)
    assert told(books, earn("Bob", 1), Posted).wallet.balance_z == 31
    books.close()
    _run(path, "DROP TRIGGER broken")
    books = Books.open(path)
    assert told(books, move("stand", "2"), Shown).wallet.balance_z == 71
    books.close()
    assert verify(path).ok


def _run(path: Path, statement: str) -> None:
    with apsw.Connection(str(path)) as connection:
        connection.execute(statement)
    connection.close()


def test_a_hand_is_worked_out_again_from_the_seed(books: Books, reports: Reports) -> None:
    """Seed, round and moves give every card: whoever has the seed can check it."""
    first = dealt(books, "double wins")
    told(books, move("double"), Shown)
    row = reports.sql.only("SELECT terms, outcome FROM game_round WHERE id = ?", first.number)
    terms, outcome = map(loads, row)
    dice = FairDice(seed_of("double wins"), public_id(CHANNEL, first.number))
    assert GAMES["blackjack"].draw(dice, terms, (), outcome["said"]) == outcome


def test_nothing_of_the_deck_is_kept_before_the_end(books: Books, reports: Reports) -> None:
    """While the hand goes on, neither round, stake nor answers hold a card of the dealer's."""
    first = dealt(books, "hit goes on")
    deck = deck_of(FairDice(seed_of("hit goes on"), public_id(CHANNEL, first.number)))
    rows = [
        *reports.sql.rows("SELECT terms, outcome FROM game_round"),
        *reports.sql.rows("SELECT data, '' FROM game_stake"),
        *reports.sql.rows("SELECT answer, '' FROM operation"),
    ]
    assert not any(deck[3] in str(cell) for row in rows for cell in row)


@settings(max_examples=40, deadline=None)
@given(
    hands=st.lists(
        st.tuples(
            st.integers(1, 60),
            st.lists(st.sampled_from(["hit", "stand", "double", "off"]), max_size=5),
        ),
        max_size=6,
    ),
    seed=st.integers(0, 2**32),
)
def test_coins_neither_vanish_nor_appear(
    hands: list[tuple[int, list[str]]],
    seed: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Any hands, played or called off: balances are the sum of what the ends say."""
    path = tmp_path_factory.mktemp("hands") / "e.db"
    books = Books.open(path)
    books.commit([earn("Bob", 100)])
    balance_z, number = 100, 0
    limits = Terms("blackjack", 1, 1000)
    for stake_z, moves in hands:
        number += 1
        act = Deal(f"d{number}", key("Bob"), stake_z, "1.5", True, limits, f"{seed:064x}", NOW, DAY)
        answer = ask(books, act)
        if not isinstance(answer, Shown):
            continue
        for place, name in enumerate([*moves, "stand"]):
            if answer.hand.end:
                break
            if name == "off":
                off = CancelRound(f"off{number}", CHANNEL, answer.number, "Off", NOW, DAY)
                told(books, off, Cancelled)
                break
            made = ask(books, move(name, f"m{number}.{place}", limits=limits))
            answer = made if isinstance(made, Shown) else answer
        if answer.hand.end:
            balance_z += answer.payout_z - answer.stake_z
        balance_z += 1
        assert told(books, earn("Bob", 1), Posted).wallet.balance_z == balance_z
    books.close()
    assert verify(path).ok, verify(path)


def test_a_hand_outlives_a_change_of_the_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Books from before a statistic was kept get its column, so no hand is stuck (P-GAM-19)."""
    path = tmp_path / "old.db"
    books = Books.open(path)
    books.commit([earn("Bob", 100)])
    dealt(books, "stand wins")
    books.close()
    old = apsw.Connection(str(path))
    tables = old.execute("SELECT name FROM pragma_table_info('game_stats')").fetchall()
    assert ("naturals",) in tables
    old.execute("ALTER TABLE game_stats DROP COLUMN naturals")
    later = "ALTER TABLE game_stats ADD COLUMN naturals INTEGER NOT NULL DEFAULT 0;"
    monkeypatch.setattr(opening, "scripts", lambda: {1: "", 2: later})
    monkeypatch.setattr(opening, "SCHEMA_VERSION", 2)
    opening.migrate(old, 2)
    old.close()
    books = Books.open(path)
    settled = told(books, Play("stand", key("Bob"), "stand", TERMS, NOW, DAY), Shown)
    assert (settled.hand.end, settled.wallet.balance_z) == ("win", 120)
    books.close()
    reports = Reports.open(path)
    found = stats_of(reports, key("Bob"))
    reports.close()
    assert found is not None
    assert (found.hands, found.won, found.naturals) == (1, 1, 0)
    assert verify(path).ok
