"""What fails again and again is told at once and then ever more seldom."""

import anyio
import pytest

from economy_actors.gateway.intake import GrowingPause

pytestmark = pytest.mark.anyio


async def test_an_outage_of_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    """An hour of failures every two seconds is eight lines, each with how many there have been."""
    now_s = [0.0]
    monkeypatch.setattr(anyio, "current_time", lambda: now_s[0])
    pause, told = GrowingPause(), []
    for attempt in range(1800):
        now_s[0] = attempt * 2.0
        told.append(pause.attempts_to_tell())
    told = [each for each in told if each]
    assert told[:3] == [1, 9, 32]
    assert len(told) == 8
    pause.over()
    assert pause.attempts_to_tell() == 1
