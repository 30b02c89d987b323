"""Rows that say themselves why they have their amount (`earning.md` 9.2)."""

import json
from fractions import Fraction
from typing import Any

from tests.unit.ledger.acts import CHANNEL, DAY, NOW, ask, earn, key, op

from kryten_economy.features.achievements import Award
from kryten_economy.features.chat.operations import PayTriggers
from kryten_economy.features.chat.triggers import TriggerAward
from kryten_economy.features.events.operations import OpenEvent
from kryten_economy.features.gifts import AdminRain, RainDrop, RainShare
from kryten_economy.features.presence.rules import OPEN
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.books import Books
from kryten_economy.users import Present


def _why(reports: Reports, name: str) -> Any:
    newest = reports.transactions(key(name), 1)[0]
    return None if newest.metadata is None else json.loads(newest.metadata)


def _comment(books: Books, amount: float) -> None:
    award = TriggerAward("bob", "content.comment_during_media", "Comment", amount)
    ask(books, PayTriggers(op(), CHANNEL, NOW, DAY, (award,)))


def test_half_coins_say_what_they_were(books: Books, reports: Reports) -> None:
    """Base and parts of a coin stand in the row that the second half made; whole ones need none."""
    ask(books, earn("Bob", 1))
    _comment(books, 0.5)
    _comment(books, 0.5)
    assert _why(reports, "Bob") == {
        "base": 0.5,
        "multiplier": 1.0,
        "sources": [],
        "carried_in": 0.5,
        "carried": 0.0,
    }
    _comment(books, 1)
    assert _why(reports, "Bob") is None


def test_rain_and_event_rows_say_how_it_was_shared(books: Books, reports: Reports) -> None:
    """An operator's rain: by whom, how much, on how many; an event: on how many."""
    present = (Present("ann", "Ann"), Present("bob", "Bob"))
    ask(books, AdminRain(op(), CHANNEL, present, 11, "Boss", NOW, DAY))
    assert _why(reports, "Bob") == {"by": "Boss", "total": 11, "users": 2}
    factor = Fraction(2)
    ask(books, OpenEvent(op(), CHANNEL, "E", factor, NOW, NOW + 1, True, 50, present, NOW, DAY))
    assert _why(reports, "Ann") == {"users": 2}


def test_ambient_rain_keeps_each_users_reasons(books: Books, reports: Reports) -> None:
    """The perk of one user's rank stands in that user's row only."""
    shares = (RainShare("ann", "Ann", 6, '{"base": 5}'), RainShare("bob", "Bob", 5))
    ask(books, RainDrop(op(), CHANNEL, shares, OPEN, NOW, DAY))
    assert _why(reports, "Ann") == {"base": 5}
    assert _why(reports, "Bob") is None


def test_a_reward_in_percent_says_of_what(books: Books, reports: Reports) -> None:
    """The lifetime earnings go on, so the row keeps those of the moment."""
    ask(books, earn("Bob", 1_000))
    ask(books, Award(op(), key("Bob"), "first", "First", 0, 2.5, NOW, DAY))
    assert _why(reports, "Bob") == {"percent": 2.5, "of": 1_000}
    ask(books, Award(op(), key("Bob"), "second", "Second", 9, 0, NOW, DAY))
    assert _why(reports, "Bob") is None
