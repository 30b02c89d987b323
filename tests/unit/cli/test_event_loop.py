"""Which event loop the service runs on."""

import importlib.util

import pytest
import structlog

from kryten_economy.cli import run


def test_without_uvloop_the_service_runs_on_the_usual_loop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where uvloop can't be had, one log line says so and nothing fails."""
    monkeypatch.setattr(run, "find_spec", lambda _name: None)
    with structlog.testing.capture_logs() as lines:
        assert not run.has_uvloop()
    assert [each["log_level"] for each in lines] == ["info"]


def test_uvloop_is_used_where_it_is_installed() -> None:
    """The faster loop needs no setting."""
    assert run.has_uvloop() == (importlib.util.find_spec("uvloop") is not None)
