"""`status` in words."""

from datetime import UTC
from fractions import Fraction

from tests.actors.house import START_MS

from kryten_economy.features.events.rules import Combined, Factor
from kryten_economy.features.events.status import queue_breaks, status
from kryten_economy.features.queue.rules import Break
from kryten_economy.text.lengths import units


def test_the_longest_status_is_one_message() -> None:
    """Whatever names people give to films, events and breaks."""
    name = "🎉" * 100
    factors = tuple(Factor(f"scheduled:{n}", Fraction(1234, 100), name) for n in range(3))
    for breaks in (
        queue_breaks(Break(name, 0, START_MS + 10**9), None, START_MS, UTC),
        queue_breaks(None, Break(name, START_MS + 10**7, START_MS + 10**9), START_MS, UTC),
        queue_breaks(None, Break(name, START_MS + 3_599_999, START_MS + 10**9), START_MS, UTC),
    ):
        assert units(status(999, name, Combined(factors), 120, breaks)) <= 240
