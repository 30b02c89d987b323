"""Games of one move in the books: fair, counted once, within their limits."""

from dataclasses import fields, replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.ledger.acts import CHANNEL, DAY, NEXT_DAY, NOW, SETTINGS, ask, earn, key, told

from economy_actors.metrics.families import LIFETIME_COUNTERS
from kryten_economy.dice import Dice
from kryten_economy.features.bans import Ban
from kryten_economy.features.games.fairness import FairDice, hash_of, public_id
from kryten_economy.features.games.flip import Flip, Flipped
from kryten_economy.features.games.rounds import EnsureSeeds, Seeds
from kryten_economy.features.games.rules import GAMES, Terms, prospect_of
from kryten_economy.features.games.slots import FreeSpin, Spin, Spun, edges, pull, table_of
from kryten_economy.features.games.stakes import count_today
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.books import Books
from kryten_economy.ledger.operation import _OPERATIONS
from kryten_economy.ledger.tx import Tx
from kryten_economy.refusals import (
    AboveMaximum,
    Banned,
    BelowMinimum,
    CoolingDown,
    DailyLimit,
    Insufficient,
    NoAccount,
    PlayLimit,
    TooYoung,
)

SEED = "0123456789abcdef" * 4
ALWAYS = (("win", "3.0", "1"),)
NEVER = (("win", "3.0", "0"),)
SPIN = Terms("spin", 10, 100)
FLIP = Terms("flip", 10, 100)


def spin(op_id: str = "spin", **changes: object) -> Spin:
    act = Spin(op_id, key("Bob"), 20, ALWAYS, SPIN, SEED, NOW, DAY)
    return replace(act, **changes)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def _bob(books: Books) -> None:
    """Bob has 50 Z."""
    books.commit([earn("Bob", 50)])


def test_known_vectors_of_the_fair_dice() -> None:
    """The draws are HMAC-SHA256 over the round and the number of the draw, as documented."""
    dice = FairDice(SEED, public_id("Lounge", 7))
    assert hash_of(SEED) == "4884fdaafea47c29fea7159d0daddd9c085d6200e1359e85bb81736af6b7c837"
    first, second = dice.roll(), dice.roll()
    again = FairDice(SEED, "lounge/7")
    assert (again.roll(), again.roll()) == (first, second)
    assert first == 0.5593525405562945
    assert FairDice(SEED, "lounge/8").roll() != first
    assert 0 <= first < 1
    assert first != second


def test_a_win_pays_and_counts(books: Books, reports: Reports) -> None:
    """The stake goes to the house, the payout comes from it, and only the gain is earned."""
    answer = told(books, spin(), Spun)
    assert (answer.payout_z, answer.wallet.balance_z) == (60, 90)
    assert answer.wallet.lifetime_earned_z == 50 + 40
    assert answer.wallet.lifetime_gambled_in_z == 20
    assert answer.wallet.lifetime_gambled_out_z == 60
    assert answer.wallet.biggest_win_z == 40
    types = [(row.type, row.amount_z) for row in reports.recent(CHANNEL)]
    assert types[:2] == [("gamble_win", 60), ("gamble_stake", -20)]


def test_a_loss_takes_the_stake(books: Books) -> None:
    """Nothing comes back, and there is one row."""
    answer = told(books, spin(table=NEVER), Spun)
    assert (answer.payout_z, answer.wallet.balance_z) == (0, 30)


def test_every_limit_refuses_before_anything_moves(books: Books) -> None:
    """G1: each reason in its turn, and the balance stays."""
    young = SPIN._replace(min_age_ms=60_000)
    cases = [
        (spin(user=key("Nobody")), NoAccount(key("Nobody"))),
        (spin(terms=young), TooYoung(60_000)),
        (spin(stake_z=5), BelowMinimum(5, 10)),
        (spin(stake_z=101), AboveMaximum(101, 100)),
        (spin(stake_z=60), Insufficient(50, 10)),
        (spin(terms=SPIN._replace(stakes_z=15)), PlayLimit("stakes", 15, 15)),
        (spin(terms=SPIN._replace(losses_z=15)), PlayLimit("losses", 15, 15)),
    ]
    for act, refusal in cases:
        assert ask(books, act) == refusal
    assert ask(books, spin(stake_z=50, op_id="all")) != Insufficient(50, 0)


def test_cooldown_and_daily_limit(books: Books) -> None:
    """The next spin waits for the cooldown, and the day has so many; tomorrow has others."""
    terms = SPIN._replace(cooldown_ms=30_000, daily_rounds=2)
    told(books, spin("1", terms=terms), Spun)
    assert ask(books, spin("2", terms=terms, at_ms=NOW + 1000)) == CoolingDown("Spin", 29_000)
    told(books, spin("3", terms=terms, at_ms=NOW + 30_000), Spun)
    limit = DailyLimit("round of Spin", 2)
    assert ask(books, spin("4", terms=terms, at_ms=NOW + 60_000)) == limit
    told(books, spin("5", terms=terms, at_ms=NOW + 60_000, day=NEXT_DAY), Spun)


@pytest.mark.parametrize("same_batch", [True, False])
def test_midnight_ends_no_cooldown(books: Books, *, same_batch: bool) -> None:
    """What cools down at the end of a day does so on the next one, and on days after it."""
    terms = SPIN._replace(cooldown_ms=3 * 86_400_000)
    first = spin("1", terms=terms)
    soon = spin("2", terms=terms, at_ms=NOW + 1000, day=NEXT_DAY)
    answers = (
        books.commit([first, soon]).answers
        if same_batch
        else [ask(books, each) for each in (first, soon)]
    )
    assert isinstance(answers[0], Spun)
    assert answers[1] == CoolingDown("Spin", 3 * 86_400_000 - 1000)
    days_later = {"at_ms": NOW + 2 * 86_400_000, "day": "2025-03-16"}
    assert ask(books, spin("3", terms=terms, **days_later)) == CoolingDown("Spin", 86_400_000)
    other = Flip("flip", key("Bob"), 10, "0.5", FLIP._replace(cooldown_ms=10**9), SEED, NOW, DAY)
    told(books, other, Flipped)
    over = {"at_ms": NOW + 3 * 86_400_000, "day": "2025-03-17"}
    told(books, spin("4", terms=terms, **over), Spun)


def test_a_count_of_an_unknown_name_is_a_defect(books: Books) -> None:
    """No statistic is quietly kept nowhere because its name is spelt otherwise (P-GAM-20)."""

    def misspelt(tx: Tx) -> None:
        account = tx.find(key("Bob"), DAY)
        assert account is not None
        count_today(tx, account, "spin", DAY, returned=5)  # type: ignore[call-arg]

    with pytest.raises(TypeError, match="returned"):
        misspelt(books._tx)


def test_each_game_has_its_counter() -> None:
    """What a game counts is shown on the metrics page under its own name (P-GAM-20)."""
    missing = {f"{game.counted}_total" for game in GAMES.values()} - set(LIFETIME_COUNTERS)
    assert missing == set()


def test_the_free_spin_comes_once_a_day(books: Books) -> None:
    """Two messages at once give one; it costs nothing, and tomorrow there is another."""
    free = FreeSpin("free", key("Bob"), 20, ALWAYS, 0, SEED, NOW, DAY)
    first, second = books.commit([free, replace(free, op_id="again")]).answers
    assert isinstance(first, Spun)
    assert first.wallet.balance_z == 110
    assert second == DailyLimit("free spin", 1)
    assert first.wallet.lifetime_gambled_in_z == 0
    told(books, replace(free, op_id="tomorrow", day=NEXT_DAY), Spun)


def test_the_outcome_follows_from_seed_and_round(books: Books, reports: Reports) -> None:
    """Whoever knows the seed can work out what the coin said, and nobody else."""
    [seeds] = books.commit([EnsureSeeds(CHANNEL, (DAY,), (SEED,))]).answers
    assert seeds == Seeds(((DAY, hash_of(SEED)),))
    for number in range(20):
        act = Flip(f"flip-{number}", key("Bob"), 10, "0.5", FLIP, "ab" * 32, NOW, DAY)
        answer = ask(books, act)
        if not isinstance(answer, Flipped):
            break
        drawn = FairDice(SEED, public_id(CHANNEL, answer.number)).roll()
        assert answer.won is (drawn < 0.5)


def test_seeds_are_made_once(books: Books) -> None:
    """A seed of a day stays, whoever asks again with another one."""
    first = ask(books, EnsureSeeds(CHANNEL, (DAY, NEXT_DAY), (SEED, "cd" * 32)))
    assert ask(books, EnsureSeeds(CHANNEL, (DAY, NEXT_DAY), ("ab" * 32, "ef" * 32))) == first


def test_no_request_shows_a_seed() -> None:
    """What a dead letter or a defect prints of a request holds no seed that may become a day's."""
    kinds = [each for each in _OPERATIONS if each.__module__.startswith("kryten_economy.")]
    shown = {
        f"{kind.__name__}.{each.name}"
        for kind in kinds
        for each in fields(kind)
        if ("seed" in each.name or "fresh" in each.name) and each.repr
    }
    assert shown == set()
    assert SEED not in repr(spin())


def test_a_banned_player_is_refused(books: Books) -> None:
    """G1: bans hold at every game."""
    books.commit([Ban(key("Bob"), "Bob", "Boss", "", NOW)])
    assert ask(books, spin()) == Banned(key("Bob"))


def test_the_shipped_games_favour_the_house() -> None:
    """The table that ships pays 0.925 a coin; the flip 0.9."""
    [slots] = edges(SETTINGS)
    assert slots.expected == Fraction("0.925")
    [coin] = GAMES["flip"].edges(SETTINGS)
    assert coin.expected == Fraction("0.9")


def test_a_gap_in_the_table_is_a_loss() -> None:
    """What the probabilities leave open below 1 pays nothing (P-GAM-2)."""
    dice = Dice(1)
    assert {pull(dice, (("win", "5", "0"),)).factor for _ in range(50)} == {"0"}


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**63 - 1))
def test_the_machine_pays_what_its_table_says(seed: int) -> None:
    """Over many pulls the mean lies within five standard errors of the table's."""
    rows = table_of(SETTINGS.gambling.spin.payouts)
    mean, variance = prospect_of([(Fraction(f), Fraction(c)) for _, f, c in rows])
    dice, pulls = Dice(seed), 2_000
    paid = sum(Fraction(pull(dice, rows).factor) for _ in range(pulls))
    error = (float(variance) / pulls) ** 0.5
    assert abs(float(paid / pulls - mean)) < 6 * error
