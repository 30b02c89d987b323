"""Which event loop the service runs on."""

import sys

import anyio
import pytest
import structlog

from kryten_economy.cli.run import loop_options


async def _loop_class() -> str:
    import asyncio

    return type(asyncio.get_running_loop()).__module__.partition(".")[0]


def test_without_uvloop_the_service_runs_on_the_usual_loop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where uvloop can't be had, one log line says so and nothing fails."""
    monkeypatch.setitem(sys.modules, "uvloop", None)
    with structlog.testing.capture_logs() as lines:
        options = loop_options()
    assert [each["log_level"] for each in lines] == ["info"]
    assert anyio.run(_loop_class, backend_options=options) == "asyncio"


def test_uvloop_is_used_where_it_is_installed() -> None:
    """The faster loop needs no setting."""
    pytest.importorskip("uvloop")
    assert anyio.run(_loop_class, backend_options=loop_options()) == "uvloop"
