"""These tests let days pass, in which nobody looks after books and playlist all the time."""

import pytest


@pytest.fixture(autouse=True)
def _seldom_looked_after(rare_housekeeping: None) -> None:
    """Whatever these tests are about is called by its own clock."""
