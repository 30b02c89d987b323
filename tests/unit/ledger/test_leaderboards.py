"""Being on no leaderboard, in the books (`progression.md` 3)."""

import pytest
from tests.unit.ledger.acts import CHANNEL, DAY, NOW, ask, earn, key, look, told

from kryten_economy.features.leaderboards import Listed, SetListed
from kryten_economy.features.reports.queries import Board, Reports
from kryten_economy.ledger.books import Books


def _list(name: str, *, listed: bool) -> SetListed:
    return SetListed(key(name), name, listed, NOW, DAY)


def _named(reports: Reports) -> list[list[str]]:
    return [
        [row.username for row in reports.earners(CHANNEL, DAY)],
        [row.username for row in reports.richest(CHANNEL)],
        [row.username for row in reports.top_lifetime(CHANNEL)],
    ]


@pytest.mark.parametrize("board", ["earners", "rich", "lifetime"])
def test_who_opted_out_is_seen_by_himself_only(
    books: Books, reports: Reports, board: Board
) -> None:
    """No board names them, nobody's place counts them, and they still have a place of their own."""
    for name, amount_z in (("Ann", 30), ("Bob", 20), ("Cid", 10)):
        ask(books, earn(name, amount_z))
    ask(books, _list("Ann", listed=False))
    assert _named(reports) == [["Bob", "Cid"]] * 3
    assert reports.place(board, key("Bob"), DAY) == (20, 1, True)
    assert reports.place(board, key("Ann"), DAY) == (30, 1, False)
    ask(books, _list("Ann", listed=True))
    assert _named(reports) == [["Ann", "Bob", "Cid"]] * 3
    assert reports.place(board, key("Cid"), DAY) == (10, 3, True)


def test_opting_out_is_told_once_and_opens_an_account(books: Books) -> None:
    """The answer says whether it was news; somebody without account can ask for it too."""
    assert told(books, _list("Eve", listed=False), Listed) == Listed(False, True)
    assert told(books, _list("EVE", listed=False), Listed) == Listed(False, False)
    assert told(books, _list("Eve", listed=True), Listed) == Listed(True, True)
    assert look(books, "Eve").balance_z == 0
