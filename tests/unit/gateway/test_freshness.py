"""Which lines are new, over robot starts, equal milliseconds and clocks that are put right."""

from hypothesis import given, settings
from hypothesis import strategies as st

from economy_actors.gateway.events import REPEATED_MAX, START_MARGIN_MS, Freshness

NOW_MS = 1_795_171_149_000
A = ("alice", "hi")
B = ("bob", "hi")


def test_lines_in_order_are_new() -> None:
    """Live chat counts."""
    fresh = Freshness(NOW_MS)
    assert fresh.is_new("c", NOW_MS + 1, A)
    assert fresh.is_new("c", NOW_MS + 2, A)


def test_lines_from_before_the_start() -> None:
    """What was said long before the service came up does not count; clocks may differ a little."""
    fresh = Freshness(NOW_MS)
    assert not fresh.is_new("c", NOW_MS - START_MARGIN_MS, A)
    assert fresh.is_new("c", NOW_MS - START_MARGIN_MS + 1, A)


def test_repeated_lines() -> None:
    """A line counted once never counts again, not even the newest."""
    fresh = Freshness(NOW_MS)
    times = range(NOW_MS, NOW_MS + 15)
    assert all(fresh.is_new("c", at_ms, A) for at_ms in times)
    for _ in range(2):
        assert not any(fresh.is_new("c", at_ms, A) for at_ms in times)


def test_equal_milliseconds() -> None:
    """Two lines of one millisecond both count, each once, also if one comes only in a replay."""
    fresh = Freshness(NOW_MS)
    assert fresh.is_new("c", NOW_MS, A)
    assert not fresh.is_new("c", NOW_MS, A)
    assert fresh.is_new("c", NOW_MS, B)
    assert not fresh.is_new("c", NOW_MS, B)
    assert not fresh.is_new("c", NOW_MS, A)


def test_equal_milliseconds_are_bounded() -> None:
    """A server that stamps everything with one time fills no memory."""
    fresh = Freshness(NOW_MS)
    counted = sum(fresh.is_new("c", NOW_MS, ("alice", str(n))) for n in range(1000))
    assert counted <= 100


def test_channels_have_clocks_of_their_own() -> None:
    """The newest line of one channel says nothing about another."""
    fresh = Freshness(NOW_MS)
    assert fresh.is_new("c", NOW_MS + 5000, A)
    assert fresh.is_new("d", NOW_MS, A)


def test_first_robot_long_after_the_service() -> None:
    """Where nothing was counted yet, what was said long before the robot came up is old."""
    fresh = Freshness(NOW_MS)
    fresh.robot_came_up("c", NOW_MS + 3_600_000)
    assert not fresh.is_new("c", NOW_MS + 60_000, A)
    assert fresh.is_new("c", NOW_MS + 3_600_000, A)


def test_robot_back_after_an_absence() -> None:
    """What was said while the robot was away counts once if a line before it was counted."""
    fresh = Freshness(NOW_MS)
    assert fresh.is_new("c", NOW_MS, A)
    fresh.robot_came_up("c", NOW_MS + 3_600_000)
    assert fresh.is_new("c", NOW_MS + 60_000, A)
    assert not fresh.is_new("c", NOW_MS + 60_000, A)


def test_clock_set_back() -> None:
    """When the server's clock is put back the channel is not silent for long."""
    fresh = Freshness(NOW_MS)
    assert fresh.is_new("c", NOW_MS + 3_600_000, A)
    heard = [fresh.is_new("c", NOW_MS + n, A) for n in range(40)]
    assert heard == [False] * REPEATED_MAX + [True] * (40 - REPEATED_MAX)


def test_many_robot_starts_are_no_clock_set_back() -> None:
    """However often the robot starts, the same 15 lines stay old."""
    fresh = Freshness(NOW_MS)
    times = [NOW_MS + n for n in range(REPEATED_MAX)]
    for at_ms in times:
        fresh.is_new("c", at_ms, A)
    assert not any(fresh.is_new("c", at_ms, A) for _ in range(20) for at_ms in times)


@settings(max_examples=100)
@given(
    st.lists(st.integers(0, 50), min_size=1, max_size=60),
    st.lists(st.integers(0, 60), max_size=5),
)
def test_every_line_counts_once_whatever_is_replayed(gaps: list[int], starts: list[int]) -> None:
    """With robot starts anywhere, each line said while the robot was there counts exactly once."""
    fresh = Freshness(NOW_MS)
    at_ms, said, counted = NOW_MS, [], 0
    for n, gap in enumerate(gaps):
        at_ms += gap
        line = (at_ms, ("alice", f"line {n}"))
        said.append(line)
        counted += fresh.is_new("c", *line)
        for _ in range(starts.count(n)):
            assert not any(fresh.is_new("c", *old) for old in said[-REPEATED_MAX:])
    assert counted == len(said)
