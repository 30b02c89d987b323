"""Metric names, label sets, persistence and what happens to a value that is not known."""

import re
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families
from tests.unit.ledger.acts import CHANNEL, DAY, NOW

from economy_actors.metrics import families
from economy_actors.metrics.metrics import Metrics
from economy_actors.runtime.observer import DeadLetterReason, Observer
from kryten_economy.features.competitions import PayCompetitions, Prize
from kryten_economy.features.events.adhoc import StartAdHoc
from kryten_economy.features.events.operations import OpenEvent
from kryten_economy.features.gifts import AdminRain, RainDrop, RainShare
from kryten_economy.features.presence.rules import OPEN
from kryten_economy.ledger.books import Books
from kryten_economy.ledger.facts import Committed, Facts, Posting, TriggerHits
from kryten_economy.users import Present, UserKey

COUNT = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def samples(metrics: Metrics) -> COUNT:
    """Every sample of the page by name and labels."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(metrics.render().decode())
        for sample in family.samples
    }


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    """One sample, or None if the page lacks it."""
    return samples(metrics).get((name, tuple(sorted(labels.items()))))


def counted(**counts: int) -> Committed:
    """A commit that has raised lifetime counters."""
    return Committed((), counts=counts)


def paid(channel: str, trigger: str, amount_z: int, *, hits: int = 1) -> Committed:
    """A commit in which a trigger has paid."""
    return Committed((), (Facts(channel, hits={trigger: TriggerHits(hits, amount_z)}),))


def an_evening_of_gifts(path: Path) -> Committed:
    """What the books say of rain, prizes, and events with and without a bonus."""
    here = tuple(Present(name, name) for name in ("alice", "bob", "carol", "dave", "erin"))
    wet = tuple(RainShare(each.name, each.name, 10) for each in here[:4])
    prizes = tuple(Prize("chatterbox", "Chatterbox", each.name, 20) for each in here[:3])
    where, when = CHANNEL, (NOW, DAY)
    books = Books.open(path)
    try:
        return books.commit(
            [
                RainDrop("rain", where, wet, OPEN, *when),
                AdminRain("admin", where, here[:4], 60, "boss", *when),
                PayCompetitions("prizes", where, DAY, prizes, *when),
                OpenEvent(
                    "event", where, "Gala", Fraction(2), NOW, NOW + 1, True, 100, here, *when
                ),
                StartAdHoc(where, "Party", Fraction(2), NOW + 1, NOW),
            ]
        )
    finally:
        books.close()


def test_standard_names_are_the_documented_ones() -> None:
    """Existing dashboards find the families of sections 1 to 3 under their exact names."""
    page = Metrics().render().decode()
    declared = set(re.findall(r"^# TYPE (\S+) (\S+)$", page, re.MULTILINE))
    gauges = {
        *("uptime_seconds", "service_status", "nats_connected", "pm_queue_depth"),
        *("active_users", "total_accounts", "total_circulation", "median_balance"),
        *("participation_rate", "rank_distribution", "daily_z_earned", "daily_z_spent"),
        *("daily_z_gambled_in", "daily_z_gambled_out", "daily_active_economy_users"),
        *("tick_duration_seconds", "escrow_held_z", "ledger_mismatch_accounts"),
    }
    counters = {
        *("z_earned_total", "z_spent_total", "events_processed_total", "commands_processed_total"),
        *("trigger_hits_total", "trigger_z_total", "pm_commands_total", "api_requests_total"),
        *("events_total", "announcements_dropped_total", "errors_total"),
        *("rank_promotions_total", "achievements_awarded_total", "cytube_promotions_total"),
        *("rain_drops_total", "rain_z_distributed_total", "competition_awards_total"),
        "adhoc_events_started_total",
    }
    expected = {(f"economy_{name}", "gauge") for name in gauges}
    expected |= {(f"economy_{name}", "counter") for name in counters}
    assert expected <= declared


def test_every_family_has_help_type_and_no_creation_time() -> None:
    """A family is one HELP, one TYPE and its samples; creation times would break old readers."""
    metrics = Metrics(channels=["lounge"], commands=["balance"])
    metrics.pm_command("balance", "ok")
    page = metrics.render().decode()
    helps = re.findall(r"^# HELP (\S+) \S", page, re.MULTILINE)
    assert helps == re.findall(r"^# TYPE (\S+) ", page, re.MULTILINE)
    assert len(helps) == len(set(helps))
    assert not {name for name in helps if name.endswith("_created")}
    assert not re.search(r"^\w+_created[ {]", page, re.MULTILINE)


def test_a_trigger_that_never_pays_is_seen() -> None:
    """A trigger that can pay stands on the page with 0 from the start."""
    metrics = Metrics(channels=["lounge"], triggers=["chat.kudos_received"])
    labels = {"channel": "lounge", "trigger": "chat.kudos_received"}
    assert value(metrics, "economy_trigger_hits_total", **labels) == 0
    metrics.committed(paid("lounge", "chat.kudos_received", 3))
    assert value(metrics, "economy_trigger_hits_total", **labels) == 1
    assert value(metrics, "economy_trigger_z_total", **labels) == 3


def test_rain_and_prizes_are_counted(tmp_path: Path) -> None:
    """Both kinds of rain count as drops, prizes by their winners, an event's bonus as neither."""
    metrics = Metrics()
    metrics.committed(an_evening_of_gifts(tmp_path / "books.db"))
    assert {key: count for key, count in metrics.persistent().items() if count} == {
        "z_earned_total": 660,
        "rain_drops_total": 2,
        "rain_z_distributed_total": 100,
        "competition_awards_total": 3,
        "adhoc_events_started_total": 1,
    }


def test_lifetime_counters_survive_a_restart() -> None:
    """What one process saved, the next one continues from, under the keys of service_metrics."""
    first = Metrics(commands=["balance"], api_commands=["balance.get"])
    first.committed(counted(z_earned_total=70, z_spent_total=30))
    first.event("chatmsg")
    first.pm_command("balance", "ok")
    first.api_request("balance.get", "error")
    saved = first.persistent()
    assert {key: count for key, count in saved.items() if count} == {
        "z_earned_total": 70,
        "z_spent_total": 30,
        "events_processed": 1,
        "commands_processed": 2,
    }
    second = Metrics()
    second.restore(saved)
    second.committed(counted(z_earned_total=5))
    assert value(second, "economy_z_earned_total") == 75
    assert value(second, "economy_commands_processed_total") == 2


def test_saved_counters_of_other_versions_are_kept() -> None:
    """A counter this version does not export is saved again unchanged, not lost."""
    metrics = Metrics()
    metrics.restore({"tips_total": 12, "events_processed": 3})
    assert metrics.persistent()["tips_total"] == 12
    assert metrics.persistent()["events_processed"] == 3


@given(st.lists(st.integers(min_value=0, max_value=10**12), max_size=30))
@settings(max_examples=30)
def test_lifetime_counters_are_exact_and_never_decrease(amounts: list[int]) -> None:
    """Z counters are whole numbers, also above what a float can count."""
    metrics = Metrics()
    metrics.restore({"z_earned_total": 2**60})
    before = 2**60
    for amount_z in amounts:
        metrics.committed(counted(z_earned_total=amount_z))
        assert metrics.persistent()["z_earned_total"] == before + amount_z
        before += amount_z


def test_earning_a_negative_amount_is_a_defect() -> None:
    """A counter that could fall would show as a reset in every rate."""
    with pytest.raises(AssertionError):
        Metrics().committed(counted(z_earned_total=-1))


def test_unknown_names_never_become_labels() -> None:
    """What a user typed as a command, or an unknown event, falls into one fixed label."""
    metrics = Metrics(commands=["balance"], api_commands=["balance.get"])
    metrics.pm_command("give bob all", "refused")
    metrics.api_request("drop.everything", "error")
    metrics.event("setmotd")
    page = metrics.render().decode()
    assert "bob" not in page
    assert "everything" not in page
    assert value(metrics, "economy_pm_commands_total", command="unknown", result="refused") == 1
    assert value(metrics, "economy_api_requests_total", command="unknown", result="error") == 1
    assert value(metrics, "economy_events_total", type="other") == 1
    assert value(metrics, "economy_commands_processed_total") == 0


def test_commands_are_counted() -> None:
    """P-OPS-2: each PM command shows in the total and under its name and outcome."""
    metrics = Metrics(commands=["balance"])
    metrics.pm_command("balance", "ok")
    assert value(metrics, "economy_pm_commands_total", command="balance", result="ok") == 1
    assert value(metrics, "economy_commands_processed_total") == 1


def test_earned_counter_rises_with_credits() -> None:
    """P-OPS-1: the exported counter is the one that credits increase."""
    metrics = Metrics()
    metrics.committed(counted(z_earned_total=7))
    assert value(metrics, "economy_z_earned_total") == 7


def test_an_unknown_value_is_left_out() -> None:
    """None takes a sample off the page; the other channels and gauges stay."""
    metrics = Metrics()
    metrics.set_channel_gauges("a", {"total_accounts": 4, "participation_rate": 33.3333})
    metrics.set_channel_gauges("b", {"total_accounts": 9})
    metrics.set_channel_gauges("a", {"total_accounts": None})
    assert value(metrics, "economy_total_accounts", channel="a") is None
    assert value(metrics, "economy_participation_rate", channel="a") == 33.33
    assert value(metrics, "economy_total_accounts", channel="b") == 9


def test_rank_distribution_is_replaced_as_a_whole() -> None:
    """A rank nobody holds any more disappears, in this channel only."""
    metrics = Metrics()
    metrics.set_rank_distribution("a", {"Extra": 5, "Star": 1})
    metrics.set_rank_distribution("b", {"Star": 2})
    metrics.set_rank_distribution("a", {"Extra": 6})
    assert value(metrics, "economy_rank_distribution", channel="a", rank="Star") is None
    assert value(metrics, "economy_rank_distribution", channel="a", rank="Extra") == 6
    assert value(metrics, "economy_rank_distribution", channel="b", rank="Star") == 2


def test_a_failing_source_costs_its_samples_not_the_page() -> None:
    """A broken query is counted and its stale values vanish; everything else is served."""
    metrics = Metrics()
    metrics.set_channel_gauges("a", {"total_accounts": 4, "median_balance": 10})
    metrics.set_nats_connected(connected=True)

    def broken() -> None:
        raise RuntimeError("no such table")

    metrics.add_source(broken, "economy_total_accounts", "economy_nats_connected")
    assert value(metrics, "economy_total_accounts", channel="a") is None
    assert value(metrics, "economy_nats_connected") is None
    assert value(metrics, "economy_median_balance", channel="a") == 10
    assert (value(metrics, "economy_errors_total", component="metrics") or 0) >= 1


def test_sources_are_read_at_each_page() -> None:
    """A source's gauges show the state at the time of the scrape."""
    metrics = Metrics()
    depths = iter(((3, 0.5), (1, 0.0)))
    metrics.watch_runtime(Observer(), lambda: {"session": next(depths)})
    page = samples(metrics)
    label = (("actor", "session"),)
    assert page["economy_actor_mailbox_depth", label] == 3
    assert page["economy_actor_oldest_message_seconds", label] == 0.5
    assert value(metrics, "economy_actor_mailbox_depth", actor="session") == 1


def test_ages_come_from_the_clocks() -> None:
    """Uptime and tick age follow the monotonic clock, the backup's age the wall clock."""
    now = {"mono": 100.0, "wall": 1_000_000.0}
    metrics = Metrics(clock=lambda: now["mono"], wall=lambda: now["wall"])
    assert value(metrics, "economy_last_tick_age_seconds") is None
    assert value(metrics, "economy_backup_age_seconds") is None
    now["mono"] += 60
    metrics.ticked(0.25)
    metrics.set_backup_at_ms(999_000_000)
    now["mono"] += 30
    assert value(metrics, "economy_uptime_seconds") == 90
    assert value(metrics, "economy_last_tick_age_seconds") == 30
    assert value(metrics, "economy_tick_duration_seconds") == 0.25
    assert value(metrics, "economy_backup_age_seconds") == 1000


def test_a_backup_from_the_future_has_no_age() -> None:
    """A clock that was ahead makes an age of 0 and never one below it."""
    now = {"wall": 1_000_000.0}
    metrics = Metrics(wall=lambda: now["wall"])
    metrics.set_backup_at_ms(1_000_060_000)
    assert value(metrics, "economy_backup_age_seconds") == 0
    now["wall"] += 90
    assert value(metrics, "economy_backup_age_seconds") == 30


def test_the_runtime_is_read_by_class_of_actor() -> None:
    """Handling times, restarts, live and sleeping actors and dead letters come from the runtime."""
    metrics = Metrics()
    observer = Observer()
    metrics.watch_runtime(observer, dict)
    stats = observer.stats("session")
    stats.observe(0.002)
    stats.observe(20.0)
    stats.restarts, stats.live, stats.passivated = 2, 5, 7
    observer.dead_letter("session/a", "hello", DeadLetterReason.FULL, None)
    label = {"actor": "session"}
    assert value(metrics, "economy_actor_handling_seconds_bucket", le="0.005", **label) == 1
    assert value(metrics, "economy_actor_handling_seconds_bucket", le="5.0", **label) == 1
    assert value(metrics, "economy_actor_handling_seconds_bucket", le="+Inf", **label) == 2
    assert value(metrics, "economy_actor_handling_seconds_sum", **label) == 20.002
    assert value(metrics, "economy_actor_restarts_total", **label) == 2
    assert value(metrics, "economy_actors_live", **label) == 5
    assert value(metrics, "economy_actors_passivated", **label) == 7
    assert value(metrics, "economy_dead_letters_total", reason="full") == 1
    assert value(metrics, "economy_dead_letters_total", reason="gone") == 0


def test_alerted_series_start_at_zero() -> None:
    """The first increase of a counter is seen only if the series was there before it."""
    metrics = Metrics(channels=["lounge"])
    for drop in families.GATEWAY_DROPS:
        assert value(metrics, "economy_gateway_dropped_total", reason=drop) == 0
    for reason in families.PM_UNDELIVERABLE_REASONS:
        assert value(metrics, "economy_pm_undeliverable_total", reason=reason) == 0
    for component in families.ERROR_COMPONENTS:
        assert value(metrics, "economy_errors_total", component=component) == 0
    dropped = value(metrics, "economy_announcements_dropped_total", channel="lounge", reason="rate")
    assert dropped == 0


def test_ledger_and_announcer_are_measured() -> None:
    """Batches, unknown outcomes, waits, echoes and losses each land in their own family."""
    metrics = Metrics()
    metrics.ledger_committed(batch_size=3, seconds=0.004)
    metrics.ledger_unknown(2)
    metrics.outbox_waited("reply", 0.2)
    metrics.outbox_echoed(0.03)
    metrics.set_outbox_depth("lounge", 6)
    metrics.pm_undeliverable("absent")
    metrics.gateway_dropped("echo")
    metrics.announcement_dropped("lounge", "rate", 2)
    metrics.committed(paid("lounge", "kudos_received", 9, hits=3))
    assert value(metrics, "economy_ledger_batch_size_bucket", le="4.0") == 1
    assert value(metrics, "economy_ledger_commit_seconds_sum") == 0.004
    assert value(metrics, "economy_ledger_unknown_total") == 2
    assert value(metrics, "economy_outbox_wait_seconds_count", priority="reply") == 1
    assert value(metrics, "economy_outbox_echo_seconds_count") == 1
    assert value(metrics, "economy_outbox_depth", channel="lounge") == 6
    assert value(metrics, "economy_pm_undeliverable_total", reason="absent") == 1
    assert value(metrics, "economy_gateway_dropped_total", reason="echo") == 1
    trigger = {"channel": "lounge", "trigger": "kudos_received"}
    assert value(metrics, "economy_trigger_hits_total", **trigger) == 3
    assert value(metrics, "economy_trigger_z_total", **trigger) == 9


def test_label_values_are_escaped() -> None:
    """A channel or rank with quotes, backslashes or line ends comes back as it was."""
    metrics = Metrics()
    odd = 'a"b\\c\nd'
    metrics.set_rank_distribution("lounge", {odd: 1})
    assert value(metrics, "economy_rank_distribution", channel="lounge", rank=odd) == 1


def test_two_services_in_one_process_do_not_share_counters() -> None:
    """Each Metrics has its own registry, so tests and the sandbox don't mix."""
    first, second = Metrics(), Metrics()
    first.event("pm")
    assert value(second, "economy_events_total", type="pm") == 0


@pytest.mark.parametrize(
    ("trigger_id", "kind"),
    [
        ("spend.queue", "queue"),
        ("spend.queue.6b1d2a3e.x", "queue"),
        ("spend.playnext", "playnext"),
        ("spend.forcenow", "forcenow"),
        ("spend.vanity.custom_title", "custom_title"),
        ("spend.cytube_promotion", "cytube"),
        ("spend.shop.lamp", "shop"),
        ("spend.wallet.chatbot", "wallet"),
        ("spend.something.new", "other"),
    ],
)
def test_spends_are_counted_by_what_is_bought(trigger_id: str, kind: str) -> None:
    """The label names the thing and never an id that a caller has chosen."""
    metrics = Metrics(channels=[CHANNEL])
    user = UserKey.of(CHANNEL, "bob")
    spent = Posting(1, user, -30, "spend", trigger_id, 0)
    back = Posting(2, user, 30, "refund", f"{trigger_id}.refund", 0)
    metrics.committed(Committed((), (Facts(CHANNEL, (spent, back)),)))
    assert value(metrics, "economy_spend_z_total", channel=CHANNEL, type=kind) == 30
