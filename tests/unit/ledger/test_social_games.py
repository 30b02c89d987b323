"""Predictions, raffles and auctions in the books: what goes in comes out, once."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.ledger.acts import CHANNEL, DAY, NEXT_DAY, NOW, ask, earn, key, look, op, told
from tests.unit.ledger.socials import ASKED, ENDS_MS, LOTS, SALE, SEED, asked, opened, sale

from kryten_economy.dice import Dice
from kryten_economy.features.bans import Ban
from kryten_economy.features.games.auction import AuctionOver, BidStands, CloseAuction, PlaceBid
from kryten_economy.features.games.fairness import FairDice, public_id
from kryten_economy.features.games.prediction import (
    BadQuestion,
    CloseBets,
    Closed,
    Predict,
    Predicted,
    Question,
    outcome_of,
    question_from,
    shares,
)
from kryten_economy.features.games.raffle import BuyTickets, OpenRaffle, Tickets
from kryten_economy.features.games.rules import GAMES, Stake, Terms
from kryten_economy.features.games.tables import (
    Cancelled,
    CancelRound,
    Drawn,
    DrawRound,
    Finished,
    FinishRound,
    Opened,
    open_rounds,
    stakes_in,
)
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.books import Books
from kryten_economy.ledger.invariants import verify
from kryten_economy.refusals import (
    AboveMaximum,
    AgainstTheRules,
    Banned,
    BelowMinimum,
    Insufficient,
    NotPending,
    Occupied,
    PlayLimit,
    TooYoung,
)

NAMES = ("Al", "Bob", "Cy")
BETS, TICKETS, BIDS = (Terms(game, 1, 100) for game in ("prediction", "raffle", "auction"))


@pytest.fixture(autouse=True)
def _crowd(books: Books) -> None:
    """Al, Bob and Cy have 100 Z each, Eve has 5 Z."""
    books.commit([*(earn(name, 100) for name in NAMES), earn("Eve", 5)])


def predict(name: str, amount_z: int, outcome: int, **changes: Any) -> Predict:
    act = Predict(op(), 1, key(name), amount_z, outcome, BETS, NOW, DAY)
    return replace(act, **changes)


def buy(name: str, count: int, **changes: Any) -> BuyTickets:
    return replace(BuyTickets(op(), 1, key(name), count, TICKETS, NOW, DAY), **changes)


def bid(name: str, amount_z: int, **changes: Any) -> PlaceBid:
    return replace(PlaceBid(op(), 1, key(name), amount_z, BIDS, NOW, DAY), **changes)


def settle(books: Books, said: str = "", at_ms: int = NOW) -> Finished:
    told(books, DrawRound(op(), CHANNEL, 1, at_ms, DAY, said), Drawn)
    return told(books, FinishRound(op(), CHANNEL, 1, at_ms, DAY), Finished)


def cancel(**changes: Any) -> CancelRound:
    return replace(CancelRound(op(), CHANNEL, 1, "Off", NOW, DAY), **changes)


def balances(books: Books) -> list[int]:
    return [look(books, name).balance_z for name in NAMES]


# Questions


@pytest.mark.parametrize(
    ("typed", "question"),
    [
        ('"Who wins?" Ann | Bob', Question("Who wins?", ("Ann", "Bob"))),
        ("“Who wins?” Ann | Bob|Cy", Question("Who wins?", ("Ann", "Bob", "Cy"))),
        ("Who wins? Ann | Bob", Question("Who wins?", ("Ann", "Bob"))),
        ("Who wins | Ann | Bob", Question("Who wins", ("Ann", "Bob"))),
        ("Really? | yes | no ", Question("Really?", ("yes", "no"))),
        ('"Odd or even" 1 | 2', Question("Odd or even", ("1", "2"))),
    ],
)
def test_questions_as_people_type_them(typed: str, question: Question) -> None:
    """The question is in quotes, or ends at its question mark, or at the first bar."""
    assert question_from(typed) == question


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ("", "needs 1 to 150"),
        ('"" a | b', "needs 1 to 150"),
        (f'"{"x" * 151}" a | b', "needs 1 to 150"),
        ('"Q?"', "2 to 6 outcomes"),
        ('"Q?" a', "2 to 6 outcomes"),
        ('"Q?" a|b|c|d|e|f|g', "2 to 6 outcomes"),
        ('"Q?" a || b', "Each outcome"),
        (f'"Q?" a | {"x" * 31}', "Each outcome"),
        ('"Q?" Yes | yes', "different"),
        ('"Q?" 2 | 1', "its own place"),
    ],
)
def test_bad_questions_are_told_why(typed: str, problem: str) -> None:
    """What can't be bet on is refused with what is allowed."""
    bad = question_from(typed)
    assert isinstance(bad, BadQuestion)
    assert problem in bad.problem


@pytest.mark.parametrize(
    ("typed", "place"),
    [
        ("1", 0),
        ("3", 2),
        ("Bob", 1),
        (" bob ", 1),
        ("bo", None),
        ("bobb", 2),
        ("0", None),
        ("4", None),
        ("9" * 50, None),
        ("", None),
        ("²", None),
        ("Zoe", None),
    ],
)
def test_an_outcome_is_named_by_number_or_text(typed: str, place: int | None) -> None:
    """The number, the text in any case, or a beginning that only one outcome has."""
    assert outcome_of(("Ann", "Bob", "Bobby"), typed) == place


# Predictions


def test_the_winners_share_the_pool(books: Books) -> None:
    """Each gets their share of the pool in whole coins; the crumbs stay with the house."""
    told(books, opened("prediction", ASKED), Opened)
    for act in (predict("Al", 10, 0), predict("Bob", 20, 0), predict("Cy", 50, 1)):
        told(books, act, Predicted)
    finished = settle(books, "0")
    assert [each.payout_z for each in finished.players] == [26, 53, 0]
    assert balances(books) == [116, 133, 50]


def test_the_rake_never_makes_a_winner_lose(books: Books) -> None:
    """Nearly everybody was right: the rake is cut to what the others have lost."""
    told(books, opened("prediction", asked(rake="50")), Opened)
    for act in (predict("Al", 100, 0), predict("Bob", 100, 0), predict("Cy", 4, 1)):
        told(books, act, Predicted)
    settle(books, "0")
    assert balances(books) == [100, 100, 96]


def test_nobody_was_right(books: Books) -> None:
    """Then everybody has their stake back."""
    told(books, opened("prediction", asked(rake="50")), Opened)
    books.commit([predict("Al", 40, 0), predict("Bob", 20, 1)])
    settle(books, "2")
    assert balances(books) == [100, 100, 100]


def test_a_stake_can_be_raised_on_the_same_outcome_only(books: Books) -> None:
    """It is one stake, one round of the day, and its sum has to keep to the maximum."""
    told(books, opened("prediction", ASKED), Opened)
    told(books, predict("Al", 30, 0), Predicted)
    raised = told(books, predict("Al", 20, 0), Predicted)
    assert (raised.stake_z, raised.backed_z, raised.pool_z) == (50, 50, 50)
    assert raised.wallet.balance_z == 50
    assert isinstance(ask(books, predict("Al", 10, 1)), AgainstTheRules)
    over = predict("Al", 20, 0, limits=BETS._replace(highest_z=60))
    assert ask(books, over) == AboveMaximum(70, 60)
    assert ask(books, predict("Al", 51, 0)) == Insufficient(50, 1)
    settle(books, "0")
    wallet = look(books, "Al")
    assert (wallet.balance_z, wallet.lifetime_gambled_in_z) == (100, 50)


def test_raising_counts_toward_the_limits_of_the_day(books: Books) -> None:
    """What is staked on top counts, what was counted before counts once (G14)."""
    told(books, opened("prediction", ASKED), Opened)
    limits = BETS._replace(stakes_z=50, daily_rounds=2)
    told(books, predict("Al", 30, 0, limits=limits), Predicted)
    assert ask(books, predict("Al", 30, 0, limits=limits)) == PlayLimit("stakes", 50, 20)
    told(books, predict("Al", 20, 0, limits=limits), Predicted)


def test_bets_close(books: Books) -> None:
    """At the end of the window, or when somebody closes them; never later again."""
    told(books, opened("prediction", ASKED), Opened)
    closed = AgainstTheRules("Bets are closed.")
    assert ask(books, predict("Al", 10, 0, at_ms=ENDS_MS)) == closed
    assert ask(books, CloseBets(CHANNEL, 1, NOW + 500)) == Closed(NOW + 500, changed=True)
    assert ask(books, CloseBets(CHANNEL, 1, NOW + 900)) == Closed(NOW + 500, changed=False)
    assert ask(books, predict("Al", 10, 0, at_ms=NOW + 500)) == closed
    told(books, predict("Al", 10, 0, at_ms=NOW + 499), Predicted)
    settle(books, "0")
    assert ask(books, predict("Al", 10, 0)) == NotPending()
    assert ask(books, CloseBets(CHANNEL, 1, NOW)) == NotPending()


def test_one_prediction_at_a_time(books: Books) -> None:
    """A second one waits until the first is over; a raffle may run beside it."""
    told(books, opened("prediction", ASKED), Opened)
    assert ask(books, opened("prediction", ASKED)) == Occupied("Prediction")
    told(books, opened("raffle", LOTS), Opened)
    told(books, cancel(), Cancelled)
    told(books, opened("prediction", ASKED), Opened)


def test_winnings_from_others_are_no_earnings(books: Books) -> None:
    """Money between players never counts as earned, but may be the biggest win."""
    told(books, opened("prediction", ASKED), Opened)
    books.commit([predict("Al", 100, 0), predict("Bob", 100, 1)])
    settle(books, "0")
    wallet = look(books, "Al")
    assert (wallet.balance_z, wallet.lifetime_earned_z, wallet.biggest_win_z) == (200, 100, 100)


def test_a_banned_player_leaves(books: Books, reports: Reports) -> None:
    """Their stake goes back and the round goes on without them."""
    told(books, opened("prediction", ASKED), Opened)
    books.commit(
        [predict("Al", 40, 0), predict("Bob", 40, 1), Ban(key("Bob"), "Bob", "B", "", NOW)]
    )
    assert ask(books, predict("Bob", 5, 1)) == Banned(key("Bob"))
    told(books, cancel(leaver=key("Bob")), Cancelled)
    assert [each.name for each in stakes_in(reports, 1)] == ["al"]
    settle(books, "0")
    assert balances(books) == [100, 100, 100]


STAKES = st.lists(st.tuples(st.integers(1, 10**9), st.integers(0, 5)), min_size=1, max_size=20)


@given(STAKES, st.integers(0, 5), st.integers(0, 1000))
def test_a_pool_pays_what_it_holds(bets: list[tuple[int, int]], won: int, tenths: int) -> None:
    """Never more than was staked, nobody right loses, who bets alike gets alike, crumbs are few."""
    terms = {"outcomes": list("abcdef"), "rake": f"{tenths / 10:g}"}
    stakes = [Stake(f"u{n}", "U", z, {"outcome": on}) for n, (z, on) in enumerate(bets)]
    paid = shares(terms, won, stakes)
    pool_z = sum(z for z, _ in bets)
    right = [z for z, on in bets if on == won]
    assert sum(paid) <= pool_z
    if not right:
        assert paid == [z for z, _ in bets]
        return
    for (stake_z, on), payout_z in zip(bets, paid, strict=True):
        assert payout_z >= stake_z if on == won else payout_z == 0
    if not tenths:
        assert pool_z - sum(paid) < len(right)
    by_stake = {(z, on, z_paid) for (z, on), z_paid in zip(bets, paid, strict=True)}
    assert len(by_stake) == len({(z, on) for z, on in bets})


# Raffles


def test_one_ticket_wins_the_pot_and_the_prize(books: Books) -> None:
    """The winner is the one whose ticket the fair dice say, counted in the order of the stakes."""
    told(books, OpenRaffle(op(), CHANNEL, LOTS, SEED, NOW, DAY, key("Al")), Opened)
    assert look(books, "Al").balance_z == 93
    books.commit([buy("Bob", 2), buy("Cy", 3, at_ms=NOW + 1)])
    finished = settle(books)
    outcome = json.loads(finished.outcome)
    ticket = FairDice(SEED, public_id(CHANNEL, 1)).between(1, 5)
    assert outcome["ticket"] == ticket
    assert outcome["winner"] == ("bob" if ticket <= 2 else "cy")
    won = {each.wallet.user.name: each.payout_z for each in finished.players}
    assert won[outcome["winner"]] == 57
    assert sum(balances(books)) == 300


def test_tickets_have_a_limit(books: Books) -> None:
    """So many of one user, however they are bought."""
    told(books, opened("raffle", LOTS), Opened)
    told(books, buy("Bob", 3), Tickets)
    more = told(books, buy("Bob", 2), Tickets)
    assert (more.own, more.players, more.wallet.balance_z) == (5, 1, 50)
    assert ask(books, buy("Bob", 1)) == AgainstTheRules("At most 5 tickets each; you have 5.")
    assert ask(books, buy("Cy", 6)) == AgainstTheRules("At most 5 tickets each; you have 0.")
    assert ask(books, buy("Eve", 1)) == Insufficient(5, 5)
    assert ask(books, buy("Cy", 1, at_ms=ENDS_MS)) == NotPending()


def test_a_raffle_that_is_off_gives_the_prize_back(books: Books) -> None:
    """Tickets and prize are back with their owners, and nothing counts as spent."""
    told(books, OpenRaffle(op(), CHANNEL, LOTS, SEED, NOW, DAY, key("Al")), Opened)
    told(books, buy("Al", 1), Tickets)
    off = told(books, cancel(), Cancelled)
    assert off.giver is not None
    assert (off.giver.display_name, off.prize_z, off.giver.balance_z) == ("Al", 7, 100)
    wallet = look(books, "Al")
    assert (wallet.balance_z, wallet.lifetime_spent_z, wallet.lifetime_gambled_in_z) == (100, 0, 0)


def test_too_few_draw_no_raffle(books: Books) -> None:
    """Whoever left between the count and the draw is missing: nothing is drawn, all can go back."""
    told(books, opened("raffle", LOTS), Opened)
    told(books, buy("Al", 1), Tickets)
    told(books, buy("Bob", 1), Tickets)
    for left, name in ((1, "Bob"), (0, "Al")):
        told(books, cancel(leaver=key(name)), Cancelled)
        draw = DrawRound(op(), CHANNEL, 1, ENDS_MS, DAY)
        assert ask(books, draw) == NotPending(), left
    told(books, cancel(), Cancelled)
    assert balances(books) == [100, 100, 100]


def test_a_prize_must_be_there(books: Books) -> None:
    """Who can't pay the prize opens nothing."""
    poor = OpenRaffle(op(), CHANNEL, LOTS, SEED, NOW, DAY, key("Eve"))
    assert ask(books, poor) == Insufficient(5, 2)
    told(books, opened("raffle", LOTS), Opened)


def test_each_ticket_is_as_likely_as_the_others() -> None:
    """Over many draws the winners are as frequent as their tickets, by a chi-square test."""
    draw, draws = GAMES["raffle"].draw, 6000
    stakes = [Stake(n, n, 1, {"tickets": k}) for n, k in (("a", 1), ("b", 2), ("c", 3))]
    dice, wins = Dice(5), {"a": 0, "b": 0, "c": 0}
    for _ in range(draws):
        wins[draw(dice, {}, stakes, "")["winner"]] += 1
    expected = {"a": draws / 6, "b": draws / 3, "c": draws / 2}
    assert sum((wins[n] - expected[n]) ** 2 / expected[n] for n in wins) < 13.8


# Auctions


def test_the_outbid_have_their_money_back_at_once(books: Books, reports: Reports) -> None:
    """One act takes the new bid and gives the old one back."""
    told(books, opened("auction", SALE), Opened)
    told(books, bid("Al", 10), BidStands)
    stands = told(books, bid("Bob", 15), BidStands)
    assert stands.outbid is not None
    assert (stands.outbid.wallet.display_name, stands.outbid.wallet.balance_z) == ("Al", 100)
    assert balances(books) == [100, 85, 100]
    told(books, bid("Al", 20), BidStands)
    assert balances(books) == [80, 100, 100]
    assert [each.stake_z for each in stakes_in(reports, 1)] == [20]


def test_bids_that_are_refused(books: Books) -> None:
    """Too low, too high, too late, too poor, one's own sale, too new."""
    told(books, opened("auction", SALE), Opened)
    assert ask(books, bid("Al", 9)) == BelowMinimum(9, 10)
    told(books, bid("Al", 50), BidStands)
    assert ask(books, bid("Bob", 54)) == BelowMinimum(54, 55)
    assert ask(books, bid("Bob", 101)) == AboveMaximum(101, 100)
    assert ask(books, bid("Bob", 60, at_ms=ENDS_MS)) == NotPending()
    assert isinstance(ask(books, bid("Eve", 60)), AgainstTheRules)
    new = bid("Bob", 60, limits=BIDS._replace(min_age_ms=1000))
    assert ask(books, new) == TooYoung(1000)
    books.commit([Ban(key("Bob"), "Bob", "B", "", NOW)])
    assert ask(books, bid("Bob", 60)) == Banned(key("Bob"))


def test_ones_own_bid_can_be_raised(books: Books) -> None:
    """What the own bid holds counts as there, and nobody is told that they were outbid."""
    told(books, opened("auction", SALE), Opened)
    told(books, bid("Al", 90), BidStands)
    raised = told(books, bid("Al", 100), BidStands)
    assert (raised.outbid, raised.wallet.balance_z) == (None, 0)


def test_late_bids_extend_the_end_but_not_for_ever(books: Books, reports: Reports) -> None:
    """A bid in the last 10 s adds 10 s, and all of them together 25 s."""
    told(books, opened("auction", SALE), Opened)
    at_ms, ends_ms = NOW + 49_999, ENDS_MS
    early = told(books, bid("Al", 10, at_ms=at_ms), BidStands)
    assert (early.ends_at_ms, early.extended) == (ENDS_MS, False)
    for amount_z, added_ms in ((15, 10_000), (20, 20_000), (25, 25_000), (30, 25_000)):
        name = "Bob" if amount_z % 10 else "Al"
        late = told(books, bid(name, amount_z, at_ms=ends_ms - 1), BidStands)
        ends_ms = late.ends_at_ms
        assert ends_ms == ENDS_MS + added_ms
    [row] = open_rounds(reports, CHANNEL)
    assert row.end_ms == ENDS_MS + 25_000
    assert ask(books, CloseAuction(op(), CHANNEL, 1, ends_ms - 1, DAY)) == NotPending()


def test_a_members_sale_is_paid_to_them(books: Books) -> None:
    """It is neither earned nor gambled; the buyer has spent it."""
    told(books, opened("auction", SALE), Opened)
    told(books, bid("Al", 40), BidStands)
    over = told(books, CloseAuction(op(), CHANNEL, 1, ENDS_MS, NEXT_DAY), AuctionOver)
    assert over.buyer is not None
    assert over.seller is not None
    assert (over.buyer.wallet.balance_z, over.seller.balance_z) == (60, 45)
    seller, buyer = look(books, "Eve"), look(books, "Al")
    assert (seller.lifetime_earned_z, seller.lifetime_gambled_out_z) == (5, 0)
    assert (buyer.lifetime_spent_z, buyer.lifetime_gambled_in_z) == (40, 0)
    assert ask(books, CloseAuction(op(), CHANNEL, 1, ENDS_MS, DAY)) == NotPending()


def test_an_operators_sale_goes_to_the_sink(books: Books) -> None:
    """The money leaves circulation."""
    told(books, opened("auction", sale(seller="")), Opened)
    told(books, bid("Al", 40), BidStands)
    over = told(books, CloseAuction(op(), CHANNEL, 1, ENDS_MS, DAY), AuctionOver)
    assert over.seller is None
    assert sum(balances(books)) == 260
    assert look(books, "Eve").balance_z == 5


def test_a_banned_seller_sells_nothing(books: Books) -> None:
    """The buyer has their money back."""
    told(books, opened("auction", SALE), Opened)
    told(books, bid("Al", 40), BidStands)
    books.commit([Ban(key("Eve"), "Eve", "B", "", NOW)])
    over = told(books, CloseAuction(op(), CHANNEL, 1, ENDS_MS, DAY), AuctionOver)
    assert over.returned
    assert balances(books) == [100, 100, 100]


def test_without_bids_an_auction_just_ends(books: Books, reports: Reports) -> None:
    """Nothing moves."""
    told(books, opened("auction", SALE), Opened)
    assert ask(books, CloseAuction(op(), CHANNEL, 1, ENDS_MS, DAY)) == AuctionOver(1, None)
    assert open_rounds(reports, CHANNEL) == []


def test_bids_do_not_count_as_play(books: Books) -> None:
    """Neither a bid nor getting it back changes what may be staked today."""
    books.commit([opened("auction", SALE), opened("prediction", ASKED)])
    limits = BETS._replace(stakes_z=50)
    told(books, predict("Al", 30, 0, number=2, limits=limits), Predicted)
    told(books, bid("Al", 20), BidStands)
    told(books, bid("Bob", 40), BidStands)
    assert ask(books, predict("Al", 21, 0, number=2, limits=limits)) == PlayLimit("stakes", 50, 20)
    told(books, predict("Al", 20, 0, number=2, limits=limits), Predicted)


# Anything in any order

_WHO = st.sampled_from(NAMES)
_Z = st.integers(1, 60)
_AT = st.integers(0, 80).map(lambda second: NOW + second * 1000)
_STEPS = st.lists(
    st.one_of(
        st.builds(lambda n, z, o, at: predict(n, z, o, at_ms=at), _WHO, _Z, st.integers(0, 2), _AT),
        st.builds(lambda n, k, at: buy(n, k, number=2, at_ms=at), _WHO, st.integers(1, 4), _AT),
        st.builds(lambda n, z, at: bid(n, z, number=3, at_ms=at), _WHO, _Z, _AT),
        st.builds(lambda at: CloseBets(CHANNEL, 1, at), _AT),
        st.builds(lambda n: Ban(key(n), n, "B", "", NOW), _WHO),
        st.builds(
            lambda number, who: cancel(number=number, leaver=key(who)), st.integers(1, 3), _WHO
        ),
    ),
    max_size=25,
)
_ENDS = st.lists(st.sampled_from(["settle", "cancel", "close", "draw"]), max_size=4)


@settings(max_examples=60, deadline=None)
@given(_STEPS, _ENDS)
def test_whatever_happens_no_coin_is_lost(
    tmp_path_factory: pytest.TempPathFactory, steps: Sequence[Any], ends: Sequence[str]
) -> None:
    """Bets, tickets, bids, bans and ends in any order leave books that add up, and no open hold."""
    path: Path = tmp_path_factory.mktemp("social") / "e.db"
    books = Books.open(path)
    books.commit([*(earn(name, 100) for name in NAMES), earn("Eve", 5)])
    raffle = OpenRaffle(op(), CHANNEL, LOTS, SEED, NOW, DAY, key("Al"))
    books.commit([opened("prediction", ASKED), raffle, opened("auction", SALE)])
    books.commit(list(steps))
    for end in ends:
        books.commit(_end(end))
    rest = [(number, kind) for number in (1, 2, 3) for kind in ("finish", "cancel")]
    books.commit([_over(number, kind) for number, kind in rest])
    with_eve = sum(balances(books)) + look(books, "Eve").balance_z
    assert with_eve <= 305
    books.close()
    assert verify(path).ok
    reports = Reports.open(path)
    assert open_rounds(reports, CHANNEL) == []
    assert reports.sql.rows("SELECT id FROM hold WHERE state = 'open'") == []
    reports.close()


def _end(kind: str) -> list[Any]:
    late = ENDS_MS + 60_000
    match kind:
        case "settle":
            return [DrawRound(op(), CHANNEL, 1, late, DAY, "1"), _over(1, "finish")]
        case "cancel":
            return [cancel(number=2)]
        case "close":
            return [CloseAuction(op(), CHANNEL, 3, late, DAY)]
        case _:
            return [DrawRound(op(), CHANNEL, 1, late, DAY, "0")]


def _over(number: int, kind: str) -> Any:
    if kind == "finish":
        return FinishRound(op(), CHANNEL, number, NOW, DAY)
    return cancel(number=number)
