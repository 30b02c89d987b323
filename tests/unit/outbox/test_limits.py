"""What the configuration says to the outbox."""

from tests.unit.outbox.helpers import OutboxDriver

from economy_actors.outbox.limits import Limits
from economy_actors.outbox.message import Line, LineKind, Pm, Priority
from kryten_economy.config.announcements import Announcements
from kryten_economy.config.connection import Messages
from kryten_economy.config.settings import Settings


def _settings(announcements: Announcements, messages: Messages) -> Settings:
    return Settings.model_construct(announcements=announcements, messages=messages)


def test_limits_come_from_the_settings() -> None:
    """Each key has its effect, and only closed switches are closed gates (P-MSG-7)."""
    settings = _settings(
        Announcements(
            rain_drop=False,
            streak_milestone=False,
            jackpot_min_amount=0,
            max_per_minute=7,
            dedup_window_seconds=12,
        ),
        Messages(max_length=320),
    )
    limits = Limits.of(settings)
    assert limits.max_units == 320
    assert limits.lines_per_minute == 7
    assert limits.dedup_window_s == 12.0
    assert limits.closed_gates == {"rain_drop", "streak_milestone"}


def test_default_settings_give_the_default_limits() -> None:
    """The defaults here are those of the configuration."""
    assert Limits.of(_settings(Announcements(), Messages())) == Limits()


def test_no_dedup_window_drops_nothing() -> None:
    """A window of 0 s switches the dropping of repeats off."""
    settings = _settings(Announcements(dedup_window_seconds=0), Messages())
    driver = OutboxDriver(limits=Limits.of(settings))
    driver.say("rain")
    driver.say("rain")
    assert driver.run(5.0) == ["rain", "rain"]


def test_lifetimes() -> None:
    """Bulk expires, replies only in an outage, paid lines never."""
    limits, never = Limits(), float("inf")
    assert limits.expires_at_s(Pm("Bob", "x", Priority.BULK), 100.0) == 400.0
    assert limits.expires_at_s(Pm("Bob", "x"), 100.0) == never
    assert limits.outage_expires_at_s(Pm("Bob", "x"), 100.0) == 400.0
    paid = Line("x", LineKind.PAID, expires_at_s=150.0)
    assert limits.expires_at_s(paid, 100.0) == limits.outage_expires_at_s(paid, 100.0) == never
