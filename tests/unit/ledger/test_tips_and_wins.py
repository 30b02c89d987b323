"""What achievements ask of tips and games is counted as the money moves."""

from dataclasses import replace

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
    minute,
    op,
    present,
    release,
    spend,
    tip,
    told,
    win,
)

from kryten_economy.features.money.operations import Credit
from kryten_economy.features.presence.operations import PresencePaid
from kryten_economy.features.reports.queries import Reports
from kryten_economy.features.tips import Tipped
from kryten_economy.ledger.books import Books
from kryten_economy.ledger.expiry import ExpireHolds
from kryten_economy.ledger.holds import Captured
from kryten_economy.refusals import Insufficient


@pytest.fixture
def crowd(books: Books) -> Books:
    books.commit([earn(name, 20) for name in ("Al", "Bob", "Cy")])
    return books


def _met(books: Books) -> dict[str, tuple[int, int]]:
    wallets = {name: look(books, name) for name in ("Al", "Bob", "Cy")}
    return {name: (each.tip_recipients, each.tip_senders) for name, each in wallets.items()}


def _won(amount_z: int, net_z: int, type_name: str = "gamble_win") -> Credit:
    trigger = "gambling.spin"
    return Credit(op(), key("Al"), amount_z, type_name, trigger, "Won", NOW, DAY, net_z=net_z)


def test_each_pair_of_tippers_counts_once(crowd: Books) -> None:
    """Distinct recipients of the giver and distinct senders of the taker; back is another pair."""
    answer = told(crowd, tip("Al", "Bob", 1), Tipped)
    assert (answer.giver.tip_recipients, answer.taker.tip_senders) == (1, 1)
    crowd.commit([tip("Al", "Bob", 2), tip("Al", "Cy", 1), tip("Bob", "Al", 1)])
    assert _met(crowd) == {"Al": (2, 1), "Bob": (1, 1), "Cy": (0, 1)}


def test_only_a_tip_that_was_paid_counts(crowd: Books) -> None:
    """A refused or a repeated tip, a prize and a refund acquaint nobody."""
    assert isinstance(ask(crowd, tip("Al", "Bob", 21)), Insufficient)
    crowd.commit([hold("Al", 2, "h", type_name="gamble_stake"), win("h", 2, "Cy")])
    assert set(_met(crowd).values()) == {(0, 0)}
    crowd.commit([tip("Al", "Bob", 1, "t"), tip("Al", "Bob", 1, "t")])
    assert _met(crowd)["Al"] == (1, 0)


def test_the_biggest_win_is_what_a_game_brought_beyond_its_stake(crowd: Books) -> None:
    """Of the house by its net part; less, a push and a refund leave the record."""
    crowd.commit([_won(9, 4), _won(50, 0), _won(8, 3), _won(30, 0, "gamble_push")])
    crowd.commit([_won(30, 0, "gamble_refund"), earn("Al", 99)])
    assert look(crowd, "Al").biggest_win_z == 4


def test_what_is_won_of_another_player_is_a_win(crowd: Books) -> None:
    """A captured stake counts whole for who got it; one's own back is no win."""
    crowd.commit([hold("Al", 6, name, type_name="gamble_stake") for name in ("a", "b")])
    taken = told(crowd, win("a", 6, "Bob"), Captured)
    assert taken.taker is not None
    assert (taken.taker.biggest_win_z, taken.owner.biggest_win_z) == (6, 0)
    crowd.commit([win("b", 6, "Al")])
    assert look(crowd, "Al").biggest_win_z == 0
    crowd.commit([tip("Al", "Bob", 8)])
    assert look(crowd, "Bob").biggest_win_z == 6


def test_a_stake_counts_when_its_game_is_settled(crowd: Books, reports: Reports) -> None:
    """On the day of the settlement; what is given back changes no statistics (gambling.md 1.1)."""
    crowd.commit([hold("Al", 6, name, type_name="gamble_stake") for name in ("a", "b", "c")])
    assert look(crowd, "Al").lifetime_gambled_in_z == 0
    crowd.commit([release("a"), ExpireHolds(NOW - 1, NEXT_DAY)])
    assert look(crowd, "Al").lifetime_gambled_in_z == 0
    lost = told(crowd, replace(capture("b", 4, day=NEXT_DAY), to="house"), Captured)
    assert (lost.owner.lifetime_gambled_in_z, lost.owner.balance_z) == (4, 10)
    crowd.commit([win("c", 6, "Bob")])
    assert look(crowd, "Al").lifetime_gambled_in_z == 10
    assert reports.daily_totals(CHANNEL, NEXT_DAY).gambled_in_z == 4
    assert reports.daily_totals(CHANNEL, DAY).gambled_in_z == 6


def test_a_presence_minute_tells_what_others_have_moved(crowd: Books) -> None:
    """The facts of its commit show spending, stakes, wins and tips; told again it has none."""
    crowd.commit([tip("Bob", "Al", 1), tip("Al", "Bob", 2), spend("Al", 3), _won(9, 4)])
    crowd.commit([spend("Al", 5, type_name="gamble_stake")])
    tick = minute(op(), present("Al"))
    [facts] = crowd.commit([tick]).facts
    fact = facts.wallets["al"]
    assert (fact.lifetime_spent_z, fact.lifetime_gambled_in_z) == (5, 5)
    assert (fact.biggest_win_z, fact.tip_recipients, fact.tip_senders) == (4, 1, 1)
    again = crowd.commit([tick])
    assert again.answers == (PresencePaid(1, 1, replayed=True),)
    assert again.facts == ()
