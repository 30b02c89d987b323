"""Rounds that several play, in the books: opened, joined, drawn once, settled or called off."""

import json
from dataclasses import replace
from typing import Any

import pytest
from tests.unit.ledger.acts import CHANNEL, DAY, NEXT_DAY, NOW, ask, earn, key, look, told

from kryten_economy.config.gambling import Heist
from kryten_economy.features.bans import Ban
from kryten_economy.features.games.fairness import FairDice, public_id
from kryten_economy.features.games.heist import HEIST, round_terms
from kryten_economy.features.games.rules import Stake, Terms
from kryten_economy.features.games.tables import (
    Cancelled,
    CancelRound,
    Drawn,
    DrawRound,
    Finished,
    FinishRound,
    Joined,
    JoinRound,
    Opened,
    OpenRound,
    open_rounds,
    round_row,
    stakes_in,
)
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.books import Books
from kryten_economy.refusals import (
    AlreadyIn,
    Banned,
    BelowMinimum,
    DailyLimit,
    Insufficient,
    NoAccount,
    NotPending,
    Occupied,
    PlayLimit,
)

SEED = "0123456789abcdef" * 4
LIMITS = Terms("heist", 10, 100)


def plan(**heist: Any) -> str:
    return json.dumps(round_terms(Heist(**heist), 20, "Bob"))


SURE = plan(success_chance=1, push_chance=0)
OPEN = OpenRound(
    "open", CHANNEL, "heist", SURE, LIMITS, SEED, NOW, DAY, player=key("Bob"), stake_z=20
)
JOIN = JoinRound("join", CHANNEL, 1, key("Eve"), 20, LIMITS, NOW, DAY)
DRAW = DrawRound("draw", CHANNEL, 1, NOW, DAY)
FINISH = FinishRound("finish", CHANNEL, 1, NOW, DAY)
CANCEL = CancelRound("cancel", CHANNEL, 1, "Called off", NOW, DAY)


@pytest.fixture(autouse=True)
def _people(books: Books) -> None:
    """Bob and Eve have 50 Z each."""
    books.commit([earn("Bob", 50), earn("Eve", 50)])


def both(books: Books) -> list[int]:
    return [look(books, name).balance_z for name in ("Bob", "Eve")]


def test_a_round_from_beginning_to_end(books: Books, reports: Reports) -> None:
    """Stakes wait in holds, the outcome is stored, all are settled in one act."""
    opened = told(books, OPEN, Opened)
    assert opened.wallet is not None
    assert (opened.number, opened.wallet.balance_z) == (1, 30)
    joined = told(books, JOIN, Joined)
    assert (joined.players, joined.pool_z, joined.wallet.balance_z) == (2, 40, 30)
    assert [each.name for each in stakes_in(reports, 1)] == ["bob", "eve"]
    assert ask(books, FINISH) == NotPending()
    drawn = told(books, DRAW, Drawn)
    assert json.loads(drawn.outcome) == {"result": "win", "factor": "7/4", "crew": 2}
    finished = told(books, FINISH, Finished)
    assert [(each.stake_z, each.payout_z, each.net_z) for each in finished.players] == [
        (20, 35, 15),
        (20, 35, 15),
    ]
    assert both(books) == [65, 65]
    assert open_rounds(reports, CHANNEL) == []
    row = round_row(reports, 1)
    assert row is not None
    assert row.state == "settled"
    rows = [(each.type, each.amount_z) for each in reports.recent(CHANNEL, 4)]
    assert rows == [("gamble_win", 35)] * 2 + [("gamble_stake", -20)] * 2


def test_one_spectacle_in_the_books(books: Books) -> None:
    """While one is open or drawn there is no other one, whatever the floor believes."""
    told(books, OPEN, Opened)
    other = replace(OPEN, op_id="other", player=key("Eve"))
    assert ask(books, other) == Occupied("Heist")
    told(books, DRAW, Drawn)
    assert ask(books, other) == Occupied("Heist")
    told(books, FINISH, Finished)
    told(books, other, Opened)


@pytest.mark.parametrize("is_start", [True, False])
def test_every_entry_makes_the_same_checks(books: Books, is_start: bool) -> None:
    """G1 at the start and at the join (P-GAM-4); a refusal moves nothing."""
    books.commit([Ban(key("Mallory"), "Mallory", "Boss", "", NOW), earn("Mallory", 0)])

    def attempt(name: str = "Eve", stake_z: int = 20, **limits: Any) -> Any:
        terms = LIMITS._replace(**limits)
        if is_start:
            return ask(
                books,
                replace(OPEN, op_id="try", player=key(name), stake_z=stake_z, limits=terms),
            )
        return ask(books, replace(JOIN, op_id="try", user=key(name), stake_z=stake_z, limits=terms))

    if not is_start:
        told(books, OPEN, Opened)
    assert attempt("Nobody") == NoAccount(key("Nobody"))
    assert attempt(stake_z=5) == BelowMinimum(5, 10)
    assert attempt(stake_z=60) == Insufficient(50, 10)
    assert attempt(stakes_z=15) == PlayLimit("stakes", 15, 15)
    books.commit([Ban(key("Eve"), "Eve", "Boss", "", NOW)])
    assert attempt() == Banned(key("Eve"))
    assert look(books, "Eve").balance_z == 50


def test_one_stake_each(books: Books) -> None:
    """A second stake is refused; the same message again is the same stake."""
    told(books, OPEN, Opened)
    assert ask(books, replace(JOIN, user=key("Bob"))) == AlreadyIn("Heist")
    first, again = books.commit([JOIN, JOIN]).answers
    assert isinstance(first, Joined)
    assert again == replace(first, replayed=True)
    assert ask(books, replace(JOIN, op_id="more")) == AlreadyIn("Heist")
    assert both(books) == [30, 30]


def test_an_outcome_is_drawn_once(books: Books) -> None:
    """After it nobody joins, leaves or calls it off; another draw is refused."""
    told(books, OPEN, Opened)
    first = told(books, DRAW, Drawn)
    assert told(books, DRAW, Drawn) == replace(first, replayed=True)
    for late in (
        JOIN,
        CANCEL,
        replace(CANCEL, op_id="leave", leaver=key("Bob")),
        replace(DRAW, op_id="again"),
    ):
        assert ask(books, late) == NotPending()
    assert ask(books, replace(FINISH, channel="Elsewhere")) == NotPending()


def test_the_outcome_follows_from_the_seed(books: Books) -> None:
    """Whoever knows the seed of the day, the terms and the crew can work it out."""
    fair = plan()
    results = set()
    for number in range(1, 21):
        opened = told(books, replace(OPEN, op_id=f"o{number}", terms=fair, stake_z=10), Opened)
        drawn = told(books, DrawRound(f"d{number}", CHANNEL, opened.number, NOW, DAY), Drawn)
        dice = FairDice(SEED, public_id(CHANNEL, opened.number))
        crew = [Stake("bob", "Bob", 10, {})]
        assert json.loads(drawn.outcome) == HEIST.draw(dice, json.loads(fair), crew, "")
        results.add(json.loads(drawn.outcome)["result"])
        told(books, FinishRound(f"f{number}", CHANNEL, opened.number, NOW, DAY), Finished)
        books.commit([earn("Bob", 20)])
    assert len(results) > 1


def test_a_round_that_is_called_off_never_was(books: Books, reports: Reports) -> None:
    """All stakes are back, no counter has moved, and the day's allowance is given back."""
    limits = LIMITS._replace(daily_rounds=1)
    told(books, replace(OPEN, limits=limits), Opened)
    told(books, replace(JOIN, limits=limits), Joined)
    again = replace(OPEN, op_id="again", limits=limits)
    cancelled = told(books, CANCEL, Cancelled)
    assert [each.wallet.balance_z for each in cancelled.players] == [50, 50]
    assert both(books) == [50, 50]
    assert look(books, "Bob").lifetime_gambled_in_z == 0
    assert "heists_total" not in reports.counters()
    assert ask(books, DRAW) == NotPending()
    told(books, again, Opened)
    told(books, DrawRound("d2", CHANNEL, 2, NOW, DAY), Drawn)
    told(books, FinishRound("f2", CHANNEL, 2, NOW, DAY), Finished)
    more = replace(again, op_id="more")
    assert ask(books, more) == DailyLimit("round of Heist", 1)
    told(books, replace(more, day=NEXT_DAY), Opened)


def test_one_who_may_play_no_longer_leaves(books: Books) -> None:
    """Their stake is back, and the round goes on without them."""
    told(books, OPEN, Opened)
    told(books, JOIN, Joined)
    leave = replace(CANCEL, op_id="leave", leaver=key("Eve"))
    [gone] = told(books, leave, Cancelled).players
    assert gone.wallet.balance_z == 50
    assert ask(books, replace(leave, op_id="leave again")) == NotPending()
    told(books, DRAW, Drawn)
    [player] = told(books, FINISH, Finished).players
    assert player.wallet.display_name == "Bob"
    assert both(books) == [60, 50]


def test_one_who_has_left_comes_back(books: Books) -> None:
    """Whoever was let in again has a stake like anybody else: the first one is back already."""
    told(books, OPEN, Opened)
    told(books, JOIN, Joined)
    told(books, replace(CANCEL, op_id="leave", leaver=key("Eve")), Cancelled)
    joined = told(books, replace(JOIN, op_id="join again"), Joined)
    assert (joined.players, joined.wallet.balance_z) == (2, 30)
    told(books, DRAW, Drawn)
    assert len(told(books, FINISH, Finished).players) == 2


def test_a_player_who_was_banned_after_the_draw_is_paid(books: Books) -> None:
    """The outcome was stored before: nobody is settled otherwise."""
    told(books, OPEN, Opened)
    told(books, DRAW, Drawn)
    books.commit([Ban(key("Bob"), "Bob", "Boss", "", NOW)])
    told(books, FINISH, Finished)
    assert look(books, "Bob").balance_z == 60
