"""Nobody gets more than the limit through in any window."""

from hypothesis import given
from hypothesis import strategies as st

from kryten_economy.commands.ratelimit import Allowed, RateLimiter, Silent, TellSlowDown
from kryten_economy.users import UserKey

_BOB = UserKey.of("testchan", "Bob")


def test_the_eleventh_is_refused_and_told_once() -> None:
    """P-MSG-10: the 11th message in a minute is answered once, later ones are not."""
    limiter = RateLimiter(10)
    assert all(limiter.allow(_BOB, second) == Allowed() for second in range(10))
    assert limiter.allow(_BOB, 10) == TellSlowDown(retry_after_s=50)
    assert limiter.allow(_BOB, 11) == Silent()
    assert limiter.allow(_BOB, 59) == Silent()


def test_the_window_rolls() -> None:
    """Each message makes room 60 s later; the notice comes again in the next window only."""
    limiter = RateLimiter(2)
    limiter.allow(_BOB, 0)
    limiter.allow(_BOB, 30)
    assert limiter.allow(_BOB, 40) == TellSlowDown(20)
    assert limiter.allow(_BOB, 60) == Allowed()
    assert limiter.allow(_BOB, 61) == Silent()
    assert limiter.allow(_BOB, 90) == Allowed()
    assert limiter.allow(_BOB, 101) == TellSlowDown(19)


def test_casing_is_one_user_and_channels_are_two() -> None:
    """P-MSG-10, P-USR-4: other casing is the same user, another channel is not."""
    limiter = RateLimiter(1)
    assert limiter.allow(UserKey.of("a", "bob"), 0) == Allowed()
    assert limiter.allow(UserKey.of("a", "BOB"), 1) == TellSlowDown(59)
    assert limiter.allow(UserKey.of("b", "bob"), 1) == Allowed()


def test_stale_keys_are_forgotten() -> None:
    """Users who fell silent leave nothing behind after the next cleanup."""
    limiter = RateLimiter(10)
    for number in range(100):
        limiter.allow(number, number / 10)
    assert len(limiter) == 100
    limiter.allow("later", 125)
    assert len(limiter) == 1


def test_memory_is_bounded() -> None:
    """With too many keys the one idle longest goes; the busy ones keep their count."""
    limiter = RateLimiter(1, keys_max=3)
    for key in ("a", "b", "c"):
        limiter.allow(key, 0)
    assert isinstance(limiter.allow("a", 1), TellSlowDown)
    limiter.allow("d", 2)
    assert len(limiter) == 3
    assert limiter.allow("a", 3) == Silent()
    assert limiter.allow("b", 3) == Allowed()


def test_a_lowered_limit_holds_at_once() -> None:
    """After a reload the new limit counts what was let in before."""
    limiter = RateLimiter(5)
    for second in range(5):
        limiter.allow(_BOB, second)
    limiter.limit = 2
    assert limiter.allow(_BOB, 5) == TellSlowDown(58)
    assert limiter.allow(_BOB, 62.5) == Silent()
    assert limiter.allow(_BOB, 63.5) == Allowed()


@given(
    st.integers(1, 5),
    st.lists(st.floats(0, 30, allow_nan=False), min_size=1, max_size=60),
)
def test_no_window_holds_more_than_the_limit(limit: int, gaps: list[float]) -> None:
    """For any pace, each 60 s hold at most the limit and at most one notice."""
    limiter = RateLimiter(limit)
    now, allowed, told = 0.0, list[float](), list[float]()
    for gap in gaps:
        now += gap
        match limiter.allow(_BOB, now):
            case Allowed():
                allowed.append(now)
            case TellSlowDown(retry_after_s=wait):
                assert 0 < wait <= 60
                told.append(now)
            case Silent():
                pass
    for later, start in zip(allowed[limit:], allowed, strict=False):
        assert later - 60 >= start
    for later, start in zip(told[1:], told, strict=False):
        assert later - 60 >= start
