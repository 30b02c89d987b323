"""A virtual clock that is still exact enough after a year, and a service that sleeps most of it."""

from typing import Any

import pytest
from tests.actors.conftest import VirtualLoop

from economy_actors.jobs.scheduler import ChannelEvents, Scheduler


class YearLoop(VirtualLoop):
    """An asyncio loop whose timers are due within a microsecond.

    After half a year the nanosecond of asyncio is lost in the float of the seconds, and a timer
    that is due at this very moment would be waited for without end.
    """

    def __init__(self) -> None:
        super().__init__()
        self._clock_resolution = 1e-6


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """One backend: what is compared is what stands in the books."""
    return "asyncio", {"loop_factory": YearLoop}


def _sleep_on(_actor: object) -> None:
    """Set no alarm."""


@pytest.fixture
def rare_wakes(rare_housekeeping: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is woken half a million times for nothing, which would take minutes.

    No rule of spending depends on how often books and playlist are looked after. The scheduler
    keeps all it does, only its alarm is the year's, which rings at each minute and hour at which
    something runs out. Events are out of the game, since none is configured.
    """
    for sleeper in (Scheduler, ChannelEvents):
        monkeypatch.setattr(sleeper, "_sleep", _sleep_on)
