"""Stored ranks and achievements (`progression.md` 1, 2)."""

import pytest
from tests.unit.ledger.acts import DAY, NOW, ask, earn, key, look, op, told

from kryten_economy.features.achievements.operations import Award, Awarded
from kryten_economy.features.bans.operations import Ban
from kryten_economy.features.ranks.operations import RankStored, SetRank, StoreLevel, StoreRank
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.books import Books
from kryten_economy.refusals import Banned, InvalidAmount, NoAccount


def _store(name: str, rank: str, was: str = "", held: int | None = None) -> StoreRank:
    return StoreRank(key(name), rank, was, held, True, NOW, DAY)


def _award(name: str, reward_z: int = 50, percent: float = 0, op_id: str = "") -> Award:
    return Award(op_id or op(), key(name), "first", "First", reward_z, percent, NOW, DAY)


def test_a_rank_is_stored_by_whoever_comes_first(books: Books, reports: Reports) -> None:
    """Two who look at the same facts promote once, and the counter counts once."""
    ask(books, earn("Bob", 1_000))
    first = told(books, _store("Bob", "Grip"), RankStored)
    second = told(books, _store("Bob", "Grip"), RankStored)
    assert (first.changed, second.changed) == (True, False)
    assert look(books, "Bob").rank_name == "Grip"
    assert reports.counters()["rank_promotions_total"] == 1


def test_a_set_rank_remembers_the_earnings_at_which_it_was_set(books: Books) -> None:
    """P-USR-7: it holds from there; storing a reached rank or taking it back ends it."""
    ask(books, earn("Bob", 700))
    ask(books, SetRank(key("Bob"), "Director", True, DAY))
    wallet = look(books, "Bob")
    assert (wallet.rank_name, wallet.rank_held_from_z) == ("Director", 700)
    assert not told(books, _store("Bob", "Grip", "Director"), RankStored).changed
    ask(books, SetRank(key("Bob"), "Extra", False, DAY))
    assert look(books, "Bob").rank_held_from_z is None


def test_nobody_has_a_rank_without_an_account(books: Books) -> None:
    """A name that never came can't be promoted, set or awarded."""
    for request in (_store("Eve", "Grip"), SetRank(key("Eve"), "Grip", True, DAY), _award("Eve")):
        assert isinstance(ask(books, request), NoAccount)


def test_an_achievement_is_awarded_once_with_its_reward(books: Books) -> None:
    """Award and reward are one; a second award, under whatever id, moves nothing."""
    ask(books, earn("Bob", 100))
    answer = told(books, _award("Bob", op_id="a"), Awarded)
    assert (answer.reward_z, answer.new, answer.wallet.balance_z) == (50, True, 150)
    assert told(books, _award("Bob", op_id="a"), Awarded).replayed
    assert not told(books, _award("Bob", op_id="b"), Awarded).new
    assert (look(books, "Bob").balance_z, look(books, "Bob").lifetime_earned_z) == (150, 150)


@pytest.mark.parametrize(
    ("earned", "percent", "reward"), [(999, 10, 99), (3, 1, 1), (1000, 0.7, 7)]
)
def test_a_reward_in_percent_is_rounded_down_and_at_least_one(
    books: Books, earned: int, percent: float, reward: int
) -> None:
    """The percentage is of the lifetime earnings at the time of the award."""
    ask(books, earn("Bob", earned))
    assert told(books, _award("Bob", 5, percent), Awarded).reward_z == reward


def test_an_award_without_reward_moves_nothing(books: Books) -> None:
    """Honour alone is an award too."""
    ask(books, earn("Bob", 100))
    answer = told(books, _award("Bob", 0), Awarded)
    assert (answer.new, answer.reward_z, answer.wallet.balance_z) == (True, 0, 100)


def test_the_banned_win_nothing_and_can_win_later(books: Books) -> None:
    """A refused award leaves no trace."""
    ask(books, earn("Bob", 100))
    ask(books, earn("Eve", 100))
    ask(books, Ban(key("Bob"), "Bob", "Boss", "", NOW))
    assert isinstance(ask(books, _award("Bob")), Banned)
    assert isinstance(ask(books, _award("Eve", 2**62)), InvalidAmount)
    assert told(books, _award("Eve"), Awarded).new


def test_a_level_that_was_given_is_stored_and_never_lowered(books: Books, reports: Reports) -> None:
    """Confirmed twice it counts once; a lower one changes nothing."""
    ask(books, earn("Bob", 1))
    assert told(books, StoreLevel(key("Bob"), 3, NOW, DAY), RankStored).changed
    assert not told(books, StoreLevel(key("Bob"), 3, NOW, DAY), RankStored).changed
    assert told(books, StoreLevel(key("Bob"), 2, NOW, DAY), RankStored).wallet.cytube_level == 3
    assert isinstance(ask(books, StoreLevel(key("Eve"), 2, NOW, DAY)), NoAccount)
    assert reports.counters()["cytube_promotions_total"] == 1
