"""Whatever the books hold, under the same configuration it comes to the same."""

import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.ledger.acts import CHANNEL, DAY, NOW, earn, key, minute, present
from tests.unit.ledger.anything import KINDS, TALK
from tests.unit.whatif.made import settings as settings_of

from kryten_economy.calendar import Calendar
from kryten_economy.config import Settings
from kryten_economy.features.people.pruning import CloseAccount, Criteria
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.books import Books
from kryten_economy.ledger.operation import Request
from kryten_economy.whatif.outcome import Outcome
from kryten_economy.whatif.reading import channels_in, last_days, one_moment, read_past
from kryten_economy.whatif.replay import replay

Batches = Sequence[Sequence[Request[Any]]]
BATCHES = st.lists(st.lists(st.one_of(TALK, *KINDS.values()), max_size=30), max_size=5)
CONFIGURED: tuple[dict[str, Any], ...] = (
    {},
    {"ranks": {"earn_multiplier_per_rank": 0.1}},
    {"balance_maintenance": {"mode": "interest"}, "rain": {"enabled": True}},
    {"balance_maintenance": {"mode": "decay"}, "inflation": {"enabled": True, "anchor_float": 50}},
)
ANOTHER = settings_of(
    chat_triggers={"kudos_received": {"reward": 9}, "long_message": {"enabled": False}},
    presence={"base_rate_per_minute": 3},
    gambling={"flip": {"win_chance": 0.9}, "spin": {"min_wager": 1, "max_wager": 2}},
    vanity_shop={"shoutout": {"cost": 1}},
    spending={"queue_tiers": [{"max_minutes": 999, "label": "All", "cost": 7}]},
    balance_maintenance={"mode": "decay", "decay": {"exempt_below": 0}},
)


def _outcomes(path: Path, before: Settings, after: Settings) -> list[tuple[Outcome, Counter[str]]]:
    """The replay of each channel, and what the wallets of the books hold in it."""
    found: list[tuple[Outcome, Counter[str]]] = []
    with closing(Reports.open(path)) as reports, one_moment(reports):
        for channel in channels_in(reports.sql):
            window = last_days(reports.sql, channel, Calendar("UTC"), 400)
            if window is None:
                continue
            past = read_past(reports, channel, Calendar("UTC"), *window)
            held = reports.sql.rows(
                "SELECT name, balance_z FROM account WHERE kind IN ('wallet', 'gone')"
                " AND channel_id = (SELECT id FROM channel WHERE name = ?)"
                " AND (kind = 'wallet' OR id IN (SELECT debit_account FROM transfer"
                " UNION SELECT credit_account FROM transfer))",
                channel,
            )
            found.append((replay(past, before, after, 1), Counter(dict(held))))
    return found


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(BATCHES, st.sampled_from(CONFIGURED))
def test_any_books_are_reproduced_and_add_up(batches: Batches, sections: dict[str, Any]) -> None:
    """Any acts, all of the same instant and with what no configuration explains among them.

    Under another configuration no wallet falls below 0, and all accounts add up to 0 as well.
    """
    before = settings_of(**sections)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "books.db"
        with closing(Books.open(path)) as books:
            for batch in batches:
                books.commit(batch)
        for outcome, held in _outcomes(path, before, before):
            assert {name: now for name, (_, now) in outcome.wallets.items()} == dict(held)
            assert outcome.paid[0] == outcome.paid[1], NOW
            assert all(was == now for was, now in outcome.system.values())
        for outcome, _ in _outcomes(path, before, ANOTHER):
            wallets = [now for _, now in outcome.wallets.values()]
            assert min(wallets, default=0) >= 0
            assert sum(wallets) + sum(now for _, now in outcome.system.values()) == 0


def test_somebody_whose_account_was_closed_is_replayed_to_the_end(tmp_path: Path) -> None:
    """A closed account with movements in the window takes part like any other."""
    path = tmp_path / "books.db"
    close = CloseAccount("close", key("Al"), Criteria(CHANNEL), NOW + 60_000, DAY)
    with closing(Books.open(path)) as books:
        books.commit([minute("minute", present("Al", 3)), earn("Bob", 7), close])
    before = settings_of()
    [(same, held)] = _outcomes(path, before, before)
    assert {name: now for name, (_, now) in same.wallets.items()} == dict(held)
    [(other, _)] = _outcomes(path, before, ANOTHER)
    assert min(now for _, now in other.wallets.values()) >= 0
