"""Challenges in the books: two stakes, one decision."""

from dataclasses import replace
from json import loads

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.ledger.acts import CHANNEL, DAY, NOW, ask, earn, key, spend, told

from kryten_economy.dice import Dice
from kryten_economy.features.bans import Ban
from kryten_economy.features.games.challenge.operations import (
    CHALLENGE,
    AcceptChallenge,
    Challenged,
    ChallengeSomebody,
    Decided,
    challenges_to,
)
from kryten_economy.features.games.fairness import FairDice, public_id
from kryten_economy.features.games.rules import GAMES, Stake, Terms
from kryten_economy.features.games.tables import Cancelled, CancelRound
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.books import Books
from kryten_economy.refusals import (
    AboveMaximum,
    AgainstTheRules,
    AlreadyPending,
    Banned,
    BelowMinimum,
    Insufficient,
    NoAccount,
    NotPending,
    OpponentUnable,
    SameAccount,
    TooYoung,
)
from kryten_economy.users import UserKey

SEED = "0123456789abcdef" * 4
TERMS = Terms("challenge", 50, 5000)
NAMES = ("Bob", "Eve", "Cy", "Dan", "Flo")


def dare(op_id: str = "dare", target: str = "Eve", **changes: object) -> ChallengeSomebody:
    act = ChallengeSomebody(
        op_id, key("Bob"), key(target), 200, "5", 120_000, TERMS, SEED, NOW, DAY
    )
    return replace(act, **changes)  # type: ignore[arg-type]


def accept(op_id: str = "accept", number: int = 1, **changes: object) -> AcceptChallenge:
    act = AcceptChallenge(op_id, key("Eve"), number, TERMS, NOW + 1, DAY)
    return replace(act, **changes)  # type: ignore[arg-type]


def cancel(op_id: str, leaver: UserKey | None = None) -> CancelRound:
    return CancelRound(op_id, CHANNEL, 1, "Over", NOW + 1, DAY, leaver)


def balance(reports: Reports, name: str) -> int:
    wallet = reports.wallet(key(name), DAY)
    assert wallet is not None
    return wallet.balance_z


@pytest.fixture(autouse=True)
def _everybody(books: Books) -> None:
    """Five with 1,000 Z each."""
    books.commit([earn(name, 1000) for name in NAMES])


def test_the_worked_example(books: Books, reports: Reports) -> None:
    """200 Z and 5 %: the pot is 400, the rake 20, the prize 380, the winner has 180 more."""
    assert told(books, dare(), Challenged).wallet.balance_z == 800
    decided = told(books, accept(), Decided)
    assert (decided.prize_z, decided.rake_z) == (380, 20)
    assert (decided.winner.balance_z, decided.loser.balance_z) == (1180, 800)
    assert {decided.winner.user.name, decided.loser.user.name} == {"bob", "eve"}
    assert decided.winner.lifetime_earned_z == 1000
    assert decided.loser.lifetime_earned_z == 1000
    rows = reports.sql.rows("SELECT won, lost, staked_z, paid_z FROM game_stats ORDER BY won")
    assert rows == [(0, 1, 200, 0), (1, 0, 200, 380)]


def test_a_duel_is_counted_once(books: Books, reports: Reports) -> None:
    """Two players, one challenge; what was staked and paid is of both."""
    told(books, dare(), Challenged)
    told(books, accept(), Decided)
    counters = reports.counters()
    assert counters["challenges_total"] == 1
    assert counters["gambling_z_wagered_total"] == 400
    assert counters["gambling_z_won_total"] == 380


@given(st.integers(1, 10**6), st.sampled_from(["0", "5", "2.5", "100", "0.1"]), st.integers(0, 9))
def test_the_rake_is_exact(stake_z: int, rake: str, seed: int) -> None:
    """The house takes the share of the pot, rounded down, and the prize is all of the rest."""
    terms = {"challenger": "a", "target": "b", "stake_z": stake_z, "rake": rake}
    stakes = [Stake(each, each, stake_z, {}) for each in "ab"]
    outcome = CHALLENGE.draw(Dice(seed), terms, stakes, "")
    thousandths = round(float(rake) * 1000)
    assert outcome["rake_z"] == 2 * stake_z * thousandths // 100_000
    assert CHALLENGE.pay is not None
    paid = sum(each.payout_z for each in CHALLENGE.pay(terms, outcome, stakes))
    assert paid + outcome["rake_z"] == 2 * stake_z


def test_both_win_half_of_the_time() -> None:
    """Ten thousand draws lie within four standard errors of a half."""
    dice, terms = Dice(5), {"challenger": "a", "target": "b", "stake_z": 1, "rake": "0"}
    won = sum(CHALLENGE.draw(dice, terms, (), "")["winner"] == "a" for _ in range(10_000))
    assert abs(won - 5000) < 200


def test_the_winner_follows_from_the_seed(books: Books, reports: Reports) -> None:
    """Whoever has the seed can work out who had to win."""
    told(books, dare(), Challenged)
    decided = told(books, accept(), Decided)
    terms, outcome = map(loads, reports.sql.only("SELECT terms, outcome FROM game_round"))
    again = GAMES["challenge"].draw(FairDice(SEED, public_id(CHANNEL, 1)), terms, (), "")
    assert again == outcome
    assert outcome["winner"] == decided.winner.user.name


def test_who_may_challenge_whom(books: Books) -> None:
    """Each reason in its turn, and nothing moves."""
    books.commit([earn("Poor", 100), Ban(key("Flo"), "Flo", "Boss", "", NOW)])
    young = TERMS._replace(min_age_ms=60_000)
    cases = [
        (dare(target="Bob"), SameAccount(key("Bob"))),
        (dare(user=key("Ghost")), NoAccount(key("Ghost"))),
        (dare(stake_z=49), BelowMinimum(49, 50)),
        (dare(stake_z=5001), AboveMaximum(5001, 5000)),
        (dare(stake_z=1001), Insufficient(1000, 1)),
        (dare(limits=young), TooYoung(60_000)),
        (dare(target="Ghost"), NoAccount(key("Ghost"))),
        (dare(target="Flo"), Banned(key("Flo"))),
        (dare(user=key("Flo")), Banned(key("Flo"))),
        (dare(target="Poor"), OpponentUnable(key("Poor"), "can't pay that stake")),
    ]
    for act, refusal in cases:
        assert ask(books, act) == refusal
    late = dare(target="New", limits=young, at_ms=NOW + 60_000)
    books.commit([replace(earn("New", 1000), at_ms=NOW + 59_000)])
    refused = ask(books, late)
    assert isinstance(refused, OpponentUnable)
    assert "too new" in refused.why


def test_one_for_each_target_and_three_at_a_time(books: Books) -> None:
    """What has run out takes no place any more."""
    told(books, dare("1"), Challenged)
    assert ask(books, dare("2")) == AlreadyPending("challenge to Eve")
    told(books, dare("3", "Cy"), Challenged)
    told(books, dare("4", "Dan"), Challenged)
    assert isinstance(ask(books, dare("5", "Flo")), AgainstTheRules)
    assert isinstance(ask(books, dare("6", "Flo", at_ms=NOW + 120_000)), Challenged)


def test_the_other_way_round_is_another_challenge(books: Books) -> None:
    """Eve may challenge Bob while Bob's challenge to her waits."""
    told(books, dare(), Challenged)
    told(books, dare("back", "Bob", user=key("Eve")), Challenged)


def test_only_the_target_accepts_and_only_in_time(books: Books, reports: Reports) -> None:
    """Others and latecomers find nothing, and no stake of theirs is taken."""
    told(books, dare(), Challenged)
    assert ask(books, accept(user=key("Cy"))) == NotPending()
    assert ask(books, accept(user=key("Bob"))) == NotPending()
    assert ask(books, accept(number=7)) == NotPending()
    assert ask(books, accept(at_ms=NOW + 120_000)) == NotPending()
    assert [balance(reports, name) for name in NAMES] == [800, 1000, 1000, 1000, 1000]


def test_a_target_who_cannot_pay_leaves_it_waiting(books: Books) -> None:
    """They are told so; with the money they can accept the same challenge."""
    told(books, dare(), Challenged)
    books.commit([spend("Eve", 900)])
    assert ask(books, accept()) == Insufficient(100, 100)
    books.commit([earn("Eve", 100)])
    told(books, accept("again"), Decided)


@pytest.mark.parametrize("order", [0, 1, 2, 3])
def test_one_change_decides(books: Books, reports: Reports, order: int) -> None:
    """Of accept, decline, expiry and ban at the same time the first one counts (P-MON-5)."""
    told(books, dare(), Challenged)
    acts = [accept(), cancel("decline"), cancel("expire"), cancel("ban", key("Eve"))]
    first, *others = books.commit([*acts[order:], *acts[:order]]).answers
    assert isinstance(first, Decided if order == 0 else Cancelled)
    assert others == [NotPending()] * 3
    both = balance(reports, "Bob") + balance(reports, "Eve")
    assert both == (1980 if order == 0 else 2000)


def test_accepted_twice_at_once_is_played_once(books: Books, reports: Reports) -> None:
    """Two quick messages of the target stake once."""
    told(books, dare(), Challenged)
    first, second = books.commit([accept("1"), accept("2")]).answers
    assert isinstance(first, Decided)
    assert second == NotPending()
    assert balance(reports, "Bob") + balance(reports, "Eve") == 1980


def test_what_comes_back_is_nothing_earned(books: Books) -> None:
    """Challenge and decline, again and again, raise no rank (P-MON-2)."""
    for number in range(1, 6):
        told(books, dare(f"dare {number}"), Challenged)
        off = replace(cancel(f"off {number}"), number=number)
        [player] = told(books, off, Cancelled).players
        assert player.wallet.balance_z == 1000
        assert player.wallet.lifetime_earned_z == 1000
        assert player.wallet.lifetime_gambled_in_z == 0


@pytest.mark.parametrize("name", ["Bob", "Eve"])
def test_a_ban_of_either_ends_it(books: Books, reports: Reports, name: str) -> None:
    """The stake is back and the round is over; a ban of others changes nothing."""
    told(books, dare(), Challenged)
    assert ask(books, cancel("other", key("Cy"))) == NotPending()
    told(books, cancel("ban", key(name)), Cancelled)
    assert balance(reports, "Bob") == 1000
    assert challenges_to(reports, key("Eve")) == []


def test_a_banned_challenger_plays_no_more(books: Books, reports: Reports) -> None:
    """Also in the moment before the challenge is called off."""
    told(books, dare(), Challenged)
    books.commit([Ban(key("Bob"), "Bob", "Boss", "", NOW)])
    assert ask(books, accept()) == NotPending()
    assert balance(reports, "Eve") == 1000


def test_the_newest_comes_first(books: Books, reports: Reports) -> None:
    """A target sees what waits for them alone, the newest first."""
    told(books, dare("1"), Challenged)
    told(books, dare("2", user=key("Cy")), Challenged)
    told(books, dare("3", "Dan", user=key("Cy")), Challenged)
    assert [each.challenger for each in challenges_to(reports, key("Eve"))] == ["cy", "bob"]
