"""Ids of the last minutes, within bounds."""

from economy_actors.clock import SteppedClock
from economy_actors.gateway.events import IDS_MAX, SPAN_MS, RecentIds


def test_second_time() -> None:
    """An id is repeated from its second time on."""
    recent = RecentIds(SteppedClock(0))
    assert [recent.is_repeated("a"), recent.is_repeated("a"), recent.is_repeated("b")] == [
        False,
        True,
        False,
    ]


def test_remembered_for_a_span() -> None:
    """An id is known for a span at least, and forgotten after two."""
    clock = SteppedClock(0)
    recent = RecentIds(clock)
    clock.move_to(SPAN_MS - 1)
    recent.is_repeated("a")
    clock.move_to(2 * SPAN_MS - 2)
    recent.is_repeated("b")
    assert recent.is_repeated("a")
    clock.move_to(4 * SPAN_MS)
    recent.is_repeated("c")
    clock.move_to(6 * SPAN_MS)
    recent.is_repeated("d")
    assert not recent.is_repeated("a")


def test_bounded() -> None:
    """Whatever comes, no more than two spans' worth of ids is kept."""
    recent = RecentIds(SteppedClock(0))
    for n in range(3 * IDS_MAX):
        recent.is_repeated(str(n))
    assert len(recent) <= 2 * IDS_MAX
    assert recent.is_repeated(str(3 * IDS_MAX - 1))
