"""What pages of members ask the books: found by an index, however long the past is."""

import re
from collections.abc import Callable
from typing import Any

import apsw
import pytest
from tests.unit.ledger.acts import CHANNEL, DAY, NOW, earn, key

from kryten_economy.features.games.blackjack.operations import hand_of
from kryten_economy.features.games.challenge.operations import challenges_to
from kryten_economy.features.games.limits import limits_of
from kryten_economy.features.games.slots import has_spun_free
from kryten_economy.features.games.stakes import played_today
from kryten_economy.features.games.tables import open_rounds, stakes_in
from kryten_economy.features.possessions import owned_by_user
from kryten_economy.features.queue.purchases import purchases_to_come, queue_standing
from kryten_economy.features.reports.queries import Reports
from kryten_economy.features.shop.queries import stock_of, why_not
from kryten_economy.features.shop.rules import Item
from kryten_economy.features.vanity.operations import SHOUTOUT, Standing, standing_of
from kryten_economy.ledger.books import Books
from kryten_economy.refusals import AlreadyPending, CoolingDown

GROWING = {
    *("transfer", "operation", "daily_activity", "account", "hold", "game_round", "game_stake"),
    *("purchase", "shop_purchase", "approval", "cooldown", "vanity_item", "game_day", "play_limit"),
}
LAMP = Item("lamp", "Lamp", 10, "announce", "light", stock=3, per_user=2)
BOB = key("Bob")
QUESTIONS: list[tuple[str, Callable[[Reports], object]]] = [
    ("owned", lambda r: owned_by_user(r, BOB)),
    ("standing", lambda r: standing_of(r, BOB)),
    ("stock", lambda r: stock_of(r, CHANNEL, [LAMP])),
    ("why_not", lambda r: why_not(r, BOB, LAMP, NOW, DAY)),
    ("to_come", lambda r: purchases_to_come(r, BOB, 100)),
    ("queue_standing", lambda r: queue_standing(r, BOB, DAY)),
    ("played", lambda r: played_today(r, BOB, DAY, "spin")),
    ("limits", lambda r: limits_of(r, BOB)),
    ("free_spin", lambda r: has_spun_free(r, BOB, DAY)),
    ("hand", lambda r: hand_of(r, BOB)),
    ("challenges", lambda r: challenges_to(r, BOB)),
    ("rounds", lambda r: open_rounds(r, CHANNEL)),
    ("stakes", lambda r: stakes_in(r, 1)),
]


@pytest.mark.parametrize(("name", "question"), QUESTIONS, ids=[name for name, _ in QUESTIONS])
def test_no_question_reads_a_growing_table_from_end_to_end(
    books: Books, reports: Reports, name: str, question: Callable[[Reports], object]
) -> None:
    """What a page costs does not depend on how much has happened."""
    books.commit([earn("Bob", 3)])
    seen: list[tuple[str, Any]] = []

    def note(_cursor: apsw.Cursor, statement: str, values: Any) -> bool:
        seen.append((statement, values))
        return True

    reports.connection.exec_trace = note
    question(reports)
    reports.connection.exec_trace = None
    assert seen, name
    for statement, values in seen:
        plan = reports.connection.execute(f"EXPLAIN QUERY PLAN {statement}", values).fetchall()
        steps = [str(row[3]).split() for row in plan]
        tables = re.findall(r"(?:FROM|JOIN)\s+(\w+)(?:\s+AS)?\s+(\w+)", statement)
        names = {each for found in tables if found[0] in GROWING for each in found}
        # An index of what is open alone is as short as what is open.
        scans = [s for s in steps if s[0] == "SCAN" and s[1] in names and "INDEX" not in s]
        assert scans == [], (statement, steps)


def test_what_stands_in_the_way_of_another_one() -> None:
    """One that waits counts from when it was paid, whatever came before; a cooldown ends."""
    assert Standing({}, {}).why_not_again(SHOUTOUT, 60_000, NOW) is None
    used = Standing({SHOUTOUT: NOW - 50_000}, {})
    assert used.why_not_again(SHOUTOUT, 60_000, NOW) == CoolingDown("Your shoutout", 10_000)
    assert used.why_not_again(SHOUTOUT, 60_000, NOW + 10_000) is None
    waits = Standing({}, {SHOUTOUT: NOW - 1_000})
    assert waits.why_not_again(SHOUTOUT, 60_000, NOW) == CoolingDown("Your shoutout", 59_000)
    assert waits.why_not_again(SHOUTOUT, 0, NOW) == AlreadyPending("shoutout")
