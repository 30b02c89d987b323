"""What every property test of this house relies on."""

import time

from hypothesis import given, settings
from hypothesis import strategies as st


def test_a_slow_machine_fails_no_property() -> None:
    """However long a single example takes, it is judged by what it asserts alone."""
    seen = []

    @settings(max_examples=1, database=None)
    @given(st.just(7))
    def slow(value: int) -> None:
        time.sleep(0.3)  # longer than the 200 ms that hypothesis allows by itself
        seen.append(value)

    slow()
    assert seen
    assert settings().deadline is None
    assert settings.get_current_profile_name() == "unhurried"
