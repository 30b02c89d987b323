"""What operators see of the outboxes: metrics and log lines."""

import structlog

from economy_actors.metrics.metrics import Metrics
from economy_actors.outbox.delivery import Depths, MeterReport
from economy_actors.outbox.limits import Limits
from economy_actors.outbox.message import Line, Loss, Medium, Pm, Priority
from economy_actors.outbox.outbox import Outbox, Send
from kryten_economy.config import Pace


def _sample(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


def test_losses_reach_the_metrics() -> None:
    """PMs are counted by reason, public lines by the three reasons of metrics.md 4."""
    metrics = Metrics(channels=["Lounge"])
    report = MeterReport("Lounge", metrics)
    report.lost(Medium.PM, Loss.ABSENT, 0.0, None)
    report.lost(Medium.PM, Loss.OVERFLOW, 0.0, None)
    for loss in (Loss.RATE, Loss.DUPLICATE, Loss.GATE, Loss.EXPIRED):
        report.lost(Medium.CHAT, loss, 0.0, None)
    assert _sample(metrics, "economy_pm_undeliverable_total", reason="absent") == 1
    assert _sample(metrics, "economy_pm_undeliverable_total", reason="overflow") == 1
    name = "economy_announcements_dropped_total"
    for reason in ("rate", "duplicate", "gate"):
        assert _sample(metrics, name, channel="Lounge", reason=reason) == 1


def test_waits_and_echoes_reach_the_metrics() -> None:
    """The wait is measured by priority, the echo from sending on."""
    metrics = Metrics(channels=["Lounge"])
    report = MeterReport("Lounge", metrics)
    outbox = Outbox(pace=Pace.bucket(8, 4.0), limits=Limits(), report=report, chance=lambda: 0.0)
    outbox.offer(Pm("Bob", "reply"), 0.0)
    assert isinstance(outbox.next(2.0), Send)
    outbox.sent(2.0)
    outbox.echoed(Medium.PM, "Bob", "reply", 2.5)
    assert _sample(metrics, "economy_outbox_wait_seconds_sum", priority="reply") == 2.0
    assert _sample(metrics, "economy_outbox_echo_seconds_sum") == 0.5


def test_depths_of_all_channels_add_up() -> None:
    """The PM gauge has no label: it is the sum over the channels."""
    metrics = Metrics(channels=["Lounge", "Attic"])
    depths = Depths(metrics)
    depths.set("Lounge", 3, 1)
    depths.set("Attic", 2, 0)
    depths.set("Lounge", 1, 1)
    assert _sample(metrics, "economy_pm_queue_depth") == 3
    assert _sample(metrics, "economy_outbox_depth", channel="Lounge") == 2


def test_a_flood_of_losses_is_one_log_line() -> None:
    """A reason is logged once a minute with the count since; repeats and closed gates are not."""
    report = MeterReport("Lounge", Metrics(channels=["Lounge"]))
    with structlog.testing.capture_logs() as lines:
        for number in range(100):
            report.lost(Medium.CHAT, Loss.RATE, number * 0.1, "trace")
        report.lost(Medium.CHAT, Loss.RATE, 61.0, "trace")
        report.lost(Medium.CHAT, Loss.DUPLICATE, 61.0, None)
    assert [line["since_last_line"] for line in lines] == [1, 100]
    assert {line["log_level"] for line in lines} == {"warning"}


def test_a_repeat_is_logged_with_its_trace() -> None:
    """Operators can follow a reply that needed two tries."""
    report = MeterReport("Lounge", Metrics(channels=["Lounge"]))
    outbox = Outbox(pace=Pace.bucket(8, 4.0), limits=Limits(), report=report, chance=lambda: 0.0)
    outbox.offer(Pm("Bob", "secret", trace="abc"), 0.0)
    outbox.next(0.0)
    outbox.sent(0.0)
    with structlog.testing.capture_logs() as lines:
        outbox.next(10.0)
    assert [line["correlation_id"] for line in lines] == ["abc"]
    assert "secret" not in str(lines)


def test_line_priorities() -> None:
    """Only ordinary lines are announcements."""
    assert Line("x").priority is Priority.PUBLIC
