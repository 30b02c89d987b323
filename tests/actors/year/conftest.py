"""A virtual clock that is still exact enough after a year."""

from typing import Any

import pytest
from tests.actors.conftest import VirtualLoop


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
