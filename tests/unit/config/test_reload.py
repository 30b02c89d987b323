"""What a reload changes, and what waits for a restart (config.md 1.2)."""

from pathlib import Path

import pytest
from tests.unit.config.samples import settings

from kryten_economy.config import Change, reload_report, with_restart_values


def test_nothing_changed(tmp_path: Path) -> None:
    """The same file reports no change."""
    report = reload_report(settings(tmp_path), settings(tmp_path, "rain:\n"))
    assert (report.changed, report.restart_required) == ((), ())


def test_changes_name_key_and_values(tmp_path: Path) -> None:
    """Every changed key is named with its old and new value, down to entries of lists."""
    old = settings(tmp_path, "ignored_users: [a]\nmultipliers: {}\n")
    new = settings(
        tmp_path,
        "ignored_users: [a, b]\nrain: {max_amount: 30}\ninflation: {enabled: true}\n"
        "presence: {hourly_milestones: {2: 5}}\n"
        "gambling: {flip: {win_chance: 0.4}}\n"
        "spending: {queue_tiers: [{max_minutes: 15, label: Short / Music Video, cost: 1}]}\n"
        "multipliers: {holidays: {dates: [{date: 12-25, name: Christmas, multiplier: 3},"
        " {date: 10-31, name: Halloween, multiplier: 4}]}}\n",
    )
    report = reload_report(old, new)
    changes = {change.key_path: (change.old, change.new) for change in report.changed}
    tiers = changes.pop("spending.queue_tiers")
    assert changes == {
        "ignored_users": (["a"], ["a", "b"]),
        "rain.max_amount": (25, 30),
        "inflation.enabled": (False, True),
        "presence.hourly_milestones": ({1: 10, 3: 30, 6: 75, 12: 200, 24: 1000}, {2: 5}),
        "gambling.flip.win_chance": (0.45, 0.4),
        "multipliers.holidays.dates[1].multiplier": (2.0, 4.0),
    }
    assert tiers[1] == [{"max_minutes": 15, "label": "Short / Music Video", "cost": 1}]
    assert report.restart_required == ()
    assert str(report.changed[0]) == "ignored_users: ['a'] -> ['a', 'b']"


@pytest.mark.parametrize(
    ("more", "key"),
    [
        ("database: {path: b.db}", "database.path"),
        ("metrics: {port: 1234}", "metrics.port"),
        ("metrics: {host: 0.0.0.0}", "metrics.host"),
        ("metrics: {enabled: false}", "metrics.enabled"),
        ("bot: {username: Other}", "bot.username"),
        ("service: {health_port: 1234}", "service"),
        ("timezone: Europe/Berlin", "timezone"),
        ("log_level: DEBUG", "log_level"),
        ("handler_timeout: 9", "handler_timeout"),
    ],
)
def test_restart_keys_keep_their_value(tmp_path: Path, more: str, key: str) -> None:
    """A key that needs a restart is reported, and keeps its old value while running."""
    old = settings(tmp_path)
    new = settings(tmp_path, f"{more}\nrain: {{max_amount: 30}}\n")
    assert reload_report(old, new).restart_required == (key,)
    assert len(reload_report(old, new).changed) == 2
    running = with_restart_values(old, new)
    assert reload_report(old, running).restart_required == ()
    assert running == settings(tmp_path, "rain: {max_amount: 30}\n")


def test_nats_and_channels_need_a_restart(tmp_path: Path) -> None:
    """Servers and channels stay as the running service has them."""
    old = settings(tmp_path)
    environ = {
        "KRYTEN_ECONOMY__NATS__SERVERS": '["nats://b"]',
        "KRYTEN_ECONOMY__CHANNELS": '[{"domain": "d", "channel": "c"}]',
    }
    new = settings(tmp_path, "", environ)
    assert reload_report(old, new).restart_required == ("nats", "channels")
    running = with_restart_values(old, new)
    assert (running.nats, running.channels) == (old.nats, old.channels)


def test_other_keys_of_a_restart_section_apply(tmp_path: Path) -> None:
    """Only the restart keys are kept back, and the running pace follows the file."""
    old = settings(tmp_path, "chat_min_delay: 3\n")
    new = settings(tmp_path, "bot: {username: Other}\nignored_users: [x]\n")
    running = with_restart_values(old, new)
    assert running.ignored_names == {"x", "zcoinbot"}
    assert running.pace == new.pace != old.pace


def test_writing_the_default_gap_is_a_change(tmp_path: Path) -> None:
    """A gap of the default size changes the pace, so it is reported although values are equal."""
    old, new = settings(tmp_path), settings(tmp_path, "chat_min_delay: 1.0\n")
    assert reload_report(old, new).changed == (Change("chat_min_delay", None, 1.0),)
    assert reload_report(new, old).changed == (Change("chat_min_delay", 1.0, None),)
