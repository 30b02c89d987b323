"""Virtual time for actor tests: an hour passes in a millisecond, on asyncio and on trio."""

import asyncio
import selectors
from typing import Any

import pytest
import trio.testing

from economy_actors import ledger
from economy_actors.playlist import actor as playlist


class _JumpingSelector(selectors.DefaultSelector):
    """Instead of waiting, moves the clock forward by the time it was asked to wait."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and timeout is None:
            raise RuntimeError("deadlock: every task waits and no timer is set")
        if not ready and timeout:
            self.now_s += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """An asyncio loop on a virtual clock."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now_s


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """Both backends, each on a fresh virtual clock."""
    if request.param == "asyncio":
        return "asyncio", {"loop_factory": VirtualLoop}
    return "trio", {"clock": trio.testing.MockClock(autojump_threshold=0)}


@pytest.fixture
def rare_housekeeping(monkeypatch: pytest.MonkeyPatch) -> None:
    """What looks after books and playlist does so each hour, not several times a minute.

    For tests of days and weeks, which it would take longer than all they are about.
    """
    monkeypatch.setattr(ledger, "CHECK_EVERY_S", 3600.0)
    monkeypatch.setattr(ledger, "CHECK_PLACE_EVERY_S", 3600.0)
    monkeypatch.setattr(playlist, "PATIENCE_S", 3600.0)
