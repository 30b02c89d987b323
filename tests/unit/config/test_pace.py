"""The pace of outgoing messages (config.md 10)."""

import math
from pathlib import Path

import pytest
from tests.unit.config.samples import settings

from kryten_economy.config import Pace


@pytest.mark.parametrize(
    ("more", "pace"),
    [
        ("", Pace(16, 8.0, 0, 0)),
        ("messages: {burst: 3, per_second: 0.5}", Pace(3, 0.5, 0, 0)),
        ("chat_min_delay: 1.0\nchat_jitter: 0.5", Pace(1, math.inf, 1.0, 0.5)),
        ("chat_min_delay: 2", Pace(1, math.inf, 2, 0.5)),
        ("chat_jitter: 0", Pace(1, math.inf, 1.0, 0)),
        ("chat_min_delay: 0\nchat_jitter: 0\nmessages: {burst: 3}", Pace(1, math.inf, 0, 0)),
    ],
)
def test_the_gap_counts_where_the_file_gives_it(tmp_path: Path, more: str, pace: Pace) -> None:
    """A gap in the file is the pace, even if it equals the default; otherwise burst and stream."""
    got = settings(tmp_path, more).pace
    assert got == pace
    assert got.unpaced == ("chat_min_delay: 0" in more)


def test_the_gap_from_the_environment(tmp_path: Path) -> None:
    """A gap from the environment counts like one of the file."""
    environ = {"KRYTEN_ECONOMY__CHAT_MIN_DELAY": "0", "KRYTEN_ECONOMY__CHAT_JITTER": "0"}
    assert settings(tmp_path, "", environ).pace.unpaced
