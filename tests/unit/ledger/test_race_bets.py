"""Bets on a race in the books: held, one each, and only as long as the race takes them."""

import json
from dataclasses import replace
from fractions import Fraction

import pytest
from tests.unit.ledger.acts import CHANNEL, DAY, NOW, SETTINGS, ask, earn, key, told

from kryten_economy.dice import Dice
from kryten_economy.features.games.fairness import FairDice, public_id
from kryten_economy.features.games.race.operations import BetOnRace, PastBets, past_bets
from kryten_economy.features.games.race.rules import RACE, Course, lineup, payouts
from kryten_economy.features.games.returns import returns
from kryten_economy.features.games.rules import Terms
from kryten_economy.features.games.tables import (
    Cancelled,
    CancelRound,
    Drawn,
    DrawRound,
    Finished,
    FinishRound,
    Joined,
    Opened,
    OpenRound,
)
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.books import Books
from kryten_economy.refusals import (
    AboveMaximum,
    AlreadyIn,
    BelowMinimum,
    Insufficient,
    NoAccount,
    NotPending,
)

SEED = "0123456789abcdef" * 4
LIMITS = Terms("race", 10, 100)
COURSE = lineup(SETTINGS.gambling.race, Dice(1))


def opened(books: Books, course: Course = COURSE) -> int:
    books.commit([earn("Bob", 150), earn("Eve", 90), earn("Dan", 90)])
    terms = json.dumps(course.as_terms())
    ask_ = OpenRound("open", CHANNEL, "race", terms, LIMITS, SEED, NOW, DAY)
    return told(books, ask_, Opened).number


def bet(name: str, stake_z: int = 50, color: str = "Blue", **changes: object) -> BetOnRace:
    act = BetOnRace(f"bet-{name}", CHANNEL, 1, key(name), stake_z, color, LIMITS, NOW, DAY)
    return replace(act, **changes)  # type: ignore[arg-type]


def test_a_bet_is_held_with_its_colour(books: Books, reports: Reports) -> None:
    """The stake leaves the wallet and waits; the answer tells the pool and who is in."""
    number = opened(books)
    first, second = told(books, bet("Bob"), Joined), told(books, bet("Eve", 20, "Red"), Joined)
    assert (first.wallet.balance_z, first.pool_z, first.players) == (100, 50, 1)
    assert (second.wallet.balance_z, second.pool_z, second.players) == (70, 70, 2)
    rows = reports.sql.rows("SELECT data FROM game_stake WHERE round_id = ? ORDER BY 1", number)
    assert [json.loads(row[0]) for row in rows] == [
        {"color": "Blue", "live": False},
        {"color": "Red", "live": False},
    ]


def test_every_limit_refuses_before_anything_moves(books: Books) -> None:
    """G1 at a bet: account, bounds, balance; and one bet each."""
    opened(books)
    cases = [
        (bet("Nobody"), NoAccount(key("Nobody"))),
        (bet("Bob", 5), BelowMinimum(5, 10)),
        (bet("Bob", 101), AboveMaximum(101, 100)),
        (bet("Eve", 95), Insufficient(90, 5)),
        (bet("Bob", number=7), NotPending()),
        (bet("Bob", channel="Elsewhere"), NotPending()),
    ]
    for act, refusal in cases:
        assert ask(books, act) == refusal
    told(books, bet("Bob"), Joined)
    assert ask(books, bet("Bob", op_id="again")) == AlreadyIn("Race")


@pytest.mark.parametrize("live", [True, False])
def test_a_race_that_runs_takes_bets_if_it_is_one_that_does(books: Books, live: bool) -> None:
    """And none once it is over, whatever it was."""
    opened(books, COURSE._replace(live=live))
    told(books, bet("Bob"), Joined)
    told(books, DrawRound("draw", CHANNEL, 1, NOW, DAY), Drawn)
    answer = ask(books, bet("Eve"))
    assert isinstance(answer, Joined) is live
    assert live or answer == NotPending()
    told(books, FinishRound("end", CHANNEL, 1, NOW, DAY), Finished)
    assert ask(books, bet("Dan")) == NotPending()


def test_a_race_is_settled_from_what_it_stored(books: Books, reports: Reports) -> None:
    """Winner and payouts follow from seed, round and terms; own races add up to statistics."""
    number = opened(books, COURSE._replace(rake="0"))
    terms = COURSE._replace(rake="0").as_terms()
    winner = RACE.draw(FairDice(SEED, public_id(CHANNEL, number)), terms, (), "")["winner"]
    loser = next(each.color for each in COURSE.runners if each.color != winner)
    told(books, bet("Bob", 50, winner), Joined)
    told(books, bet("Eve", 30, loser), Joined)
    drawn = told(books, DrawRound("draw", CHANNEL, 1, NOW, DAY), Drawn)
    assert json.loads(drawn.outcome)["winner"] == winner
    finished = told(books, FinishRound("end", CHANNEL, 1, NOW, DAY), Finished)
    assert {each.wallet.display_name: each.net_z for each in finished.players} == {
        "Bob": 30,
        "Eve": -30,
    }
    assert past_bets(reports, key("Bob")) == PastBets(1, 50, 80, 80)
    assert past_bets(reports, key("Eve")) == PastBets(1, 30, 0, 0)
    assert past_bets(reports, key("Dan")) == PastBets(0, 0, 0, 0)


def test_a_race_that_was_called_off_counts_nowhere(books: Books, reports: Reports) -> None:
    """Stakes are back, and statistics know nothing of it."""
    opened(books)
    told(books, bet("Bob"), Joined)
    cancelled = told(books, CancelRound("off", CHANNEL, 1, "Off", NOW, DAY), Cancelled)
    assert cancelled.players[0].wallet.balance_z == 150
    assert past_bets(reports, key("Bob")) == PastBets(0, 0, 0, 0)


def test_the_house_counts_what_fixed_odds_were_expected_to_pay(
    books: Books, reports: Reports
) -> None:
    """The return of the game is compared with what the bets were worth."""
    opened(books, COURSE._replace(mode="fixed", rake="0.1", live=False))
    told(books, bet("Bob", 100), Joined)
    told(books, DrawRound("draw", CHANNEL, 1, NOW, DAY), Drawn)
    told(books, FinishRound("end", CHANNEL, 1, NOW, DAY), Finished)
    staked, expected = reports.sql.only("SELECT staked_z, expected_z FROM game_return")
    assert staked == 100
    assert expected == pytest.approx(90, abs=1)


def test_a_race_is_one_observation(books: Books, reports: Reports) -> None:
    """Its bets win and lose together: a crowded race says no more of the dice than a quiet one."""
    opened(books, COURSE._replace(mode="fixed", rake="0.1", live=False))
    color = COURSE.runners[0].color
    for name in ("Bob", "Eve", "Dan"):
        told(books, bet(name, 60, color), Joined)
    told(books, DrawRound("draw", CHANNEL, 1, NOW, DAY), Drawn)
    told(books, FinishRound("end", CHANNEL, 1, NOW, DAY), Finished)
    [found] = returns(reports, CHANNEL)
    assert (found.rounds, found.staked_z) == (1, 180)
    chance = Fraction(COURSE.runners[0].chance) / sum(Fraction(r.chance) for r in COURSE.runners)
    [each_z] = {payouts(COURSE._replace(mode="fixed", rake="0.1"), color, [(color, 60)])[0]}
    variance = (3 * each_z) ** 2 * chance * (1 - chance)
    assert found.variance_z2 == pytest.approx(float(variance))
    assert reports.counters()["races_total"] == 3
