"""How fast messages go."""

from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.unit.outbox.helpers import UNPACED, OutboxDriver

from economy_actors.outbox.limits import Limits, LineClock, Pacer
from economy_actors.outbox.message import Line, LineKind, Loss, Priority
from economy_sandbox.filters import CHAT, Limiter
from kryten_economy.config import Pace

DEFAULT = Pace.bucket(16, 8.0)


def test_the_default_pace_is_a_burst_then_a_steady_rate() -> None:
    """Sixteen messages go at once, then eight per second."""
    driver = OutboxDriver(pace=DEFAULT)
    for number in range(40):
        driver.pm("Bob", f"reply {number}")
    assert len(driver.run()) == 16
    assert len(driver.run(1.0)) == 8
    assert len(driver.run(2.0)) == 16


@given(
    waits=st.lists(st.sampled_from([0.0, 0.0, 0.0, 0.05, 0.4, 1.0, 1.9, 2.1, 3.0]), max_size=120),
    others=st.sets(st.integers(0, 119), max_size=4),
)
@settings(max_examples=200)
def test_the_server_drops_nothing(waits: list[float], others: set[int]) -> None:
    """Twenty, then a distance of 100 ms until 2 s of silence; other services speak now and then."""
    pacer, server, now_s = Pacer(DEFAULT, lambda: 0.0), Limiter(), 5000.0
    for number, wait_s in enumerate(waits):
        now_s += wait_s
        if number in others:
            server.admits(CHAT, now_s)
            pacer.overheard(now_s)
        now_s = max(now_s, pacer.ready_at_s())
        pacer.spend(now_s)
        assert server.admits(CHAT, now_s)


def test_a_second_part_keeps_a_distance_and_not_a_pause() -> None:
    """After twenty messages without silence the next two are a tenth of a second apart."""
    driver = OutboxDriver(pace=DEFAULT)
    for number in range(20):
        driver.pm("Bob", f"reply {number}")
    driver.run(2.0)
    driver.pm("alice", "first part")
    driver.pm("alice", "second part")
    driver.run(1.0)
    first, second = driver.sent[-2:]
    assert 0.1 < second.at_s - first.at_s <= 0.125


@given(seed=st.integers(0, 2**32))
@example(seed=303916)
@settings(max_examples=60)
def test_the_distance_is_kept_where_the_messages_arrive(seed: int) -> None:
    """Messages that are slower or quicker than others on their way stay 100 ms apart there."""
    pacer, server, now_s, arrived_s = Pacer(DEFAULT, lambda: 0.0), Limiter(), 5000.0, 0.0
    random = Random(seed)
    pacer.echoed(now_s - 10.0, now_s - 10.0 + 0.01)
    for _ in range(60):
        there_s, back_s = random.uniform(0.005, 0.08), random.uniform(0.005, 0.02)
        now_s = max(now_s, pacer.ready_at_s())
        pacer.spend(now_s)
        arrived_s = max(arrived_s, now_s + there_s)
        assert server.admits(CHAT, arrived_s)
        echo_s = arrived_s + back_s
        if echo_s <= pacer.ready_at_s():
            pacer.echoed(now_s, echo_s)


def test_a_cooldown_halves_the_pace_and_it_comes_back_slowly() -> None:
    """However many messages one flood has cost; an eighth of the pace comes back in ten seconds."""
    driver = OutboxDriver(pace=DEFAULT)
    for _ in range(28):
        driver.outbox.throttled(driver.now_s)
    for number in range(200):
        driver.pm("Bob", f"reply {number}")
    driver.run(2.0)
    assert len(driver.sent) == 8
    at_half = len(driver.run(5.0))
    driver.run(8.0)
    later = len(driver.run(5.0))
    assert (at_half, later) == (20, 25)


def test_a_gap_of_the_file_stays_after_a_cooldown() -> None:
    """chat_min_delay and chat_jitter are the operator's word."""
    driver = OutboxDriver(pace=Pace.gap(1.0, 0.0))
    driver.outbox.throttled(driver.now_s)
    for number in range(20):
        driver.pm("Bob", f"reply {number}")
    driver.run(7.0)
    assert len(driver.sent) == 6


def test_a_bucket_of_the_file_is_a_burst_then_a_steady_rate() -> None:
    """Eight messages go at once, then four per second, where the file says so."""
    driver = OutboxDriver()
    for number in range(20):
        driver.pm("Bob", f"reply {number}")
    assert len(driver.run()) == 8
    assert len(driver.run(1.0)) == 4
    assert len(driver.run(2.0)) == 8


def test_burst_refills_while_nothing_is_sent() -> None:
    """After a rest the full burst is there again."""
    driver = OutboxDriver()
    for number in range(8):
        driver.pm("Bob", f"first {number}")
    driver.run(10.0)
    for number in range(12):
        driver.pm("Bob", f"second {number}")
    assert len(driver.run()) == 8


def test_configured_gap_replaces_the_bucket() -> None:
    """With chat_min_delay and chat_jitter in the file each message waits for gap plus jitter."""
    driver = OutboxDriver(pace=Pace.gap(1.0, 0.5), chance=lambda: 0.5)
    for number in range(5):
        driver.pm("Bob", f"reply {number}")
    driver.run(10.0)
    assert [each.at_s - 1000.0 for each in driver.sent] == pytest.approx([0, 1.25, 2.5, 3.75, 5.0])


def test_with_chat_min_delay_and_chat_jitter_0_nothing_paces() -> None:
    """Gap 0 and jitter 0: replies, and public lines too, go the moment they are there."""
    driver = OutboxDriver(pace=UNPACED)
    for number in range(200):
        driver.pm("Bob", f"reply {number}")
    for number in range(10):
        driver.say(f"line {number}")
    assert len(driver.run()) == 210


def test_unpaced_lines_keep_the_minute_and_the_window() -> None:
    """Where nothing paces, the lines per minute and the dropping of repeats remain."""
    driver = OutboxDriver(pace=UNPACED)
    for number in range(12):
        driver.say(f"line {number}")
    assert driver.say("line 0") is Loss.DUPLICATE
    assert len(driver.run()) == 10
    assert driver.told.count(Loss.RATE) == 2


def test_public_lines_keep_two_seconds() -> None:
    """At most one public line per 2 s and channel; PMs pass it meanwhile."""
    driver = OutboxDriver()
    for number in range(3):
        driver.say(f"line {number}", LineKind.RESULT)
    driver.pm("Bob", "reply")
    assert driver.run() == ["reply", "line 0"]
    driver.run(4.0)
    at_s = [each.at_s for each in driver.sent if each.to is None]
    assert at_s == pytest.approx([1000.0, 1002.0, 1004.0])


def test_a_story_keeps_its_pauses() -> None:
    """A line with a pause stays that far behind the public line before it."""
    driver = OutboxDriver(pace=UNPACED)
    driver.outbox.offer(Line("the vault opens", LineKind.RESULT), driver.now_s)
    driver.outbox.offer(Line("and is empty", LineKind.RESULT, pause_s=6.0), driver.now_s)
    driver.outbox.offer(Line("total: 0", LineKind.RESULT, pause_s=2.0), driver.now_s)
    driver.run(20.0)
    assert [each.at_s - 1000.0 for each in driver.sent] == pytest.approx([0, 6, 8])


def test_results_wait_where_ordinary_lines_are_dropped() -> None:
    """Above ten lines in a rolling minute ordinary ones are dropped, results and paid ones wait."""
    driver = OutboxDriver()
    for number in range(10):
        driver.say(f"filler {number}", LineKind.RESULT)
    driver.run(20.0)
    driver.say("rank up!")
    driver.say("Bob won", LineKind.RESULT)
    driver.say("shoutout", LineKind.PAID)
    assert driver.run(30.0) == []
    assert driver.told.losses[-1][1] is Loss.RATE
    assert driver.run(20.0) == ["Bob won", "shoutout"]


def test_new_pace_holds_at_once() -> None:
    """After a reload what waits goes by the new pace."""
    driver = OutboxDriver(pace=Pace.gap(60.0, 0.0))
    for number in range(3):
        driver.pm("Bob", f"reply {number}")
    driver.run()
    driver.outbox.change(UNPACED, Limits())
    assert len(driver.run()) == 2


@given(
    burst=st.integers(1, 12),
    per_second=st.floats(0.5, 10.0),
    waits=st.lists(st.floats(0.0, 3.0), max_size=60),
)
@settings(max_examples=60)
def test_never_above_the_pace(burst: int, per_second: float, waits: list[float]) -> None:
    """In any stretch of time no more goes than the burst and what the rate adds."""
    pacer = Pacer(Pace.bucket(burst, per_second), lambda: 0.0)
    now_s, sent = 5000.0, list[float]()
    for wait_s in waits:
        now_s = max(now_s + wait_s, pacer.ready_at_s())
        pacer.spend(now_s)
        sent.append(now_s)
    for first, from_s in enumerate(sent):
        for last in range(first, len(sent)):
            allowed = burst + per_second * (sent[last] - from_s) + 1e-6
            assert last - first + 1 <= allowed


@given(
    per_minute=st.integers(1, 10),
    waits=st.lists(st.floats(0.0, 40.0), max_size=60),
)
@settings(max_examples=60)
def test_never_more_lines_than_the_minute_allows(per_minute: int, waits: list[float]) -> None:
    """No 60 s hold more lines than configured."""
    clock = LineClock(per_minute)
    now_s, sent = 5000.0, list[float]()
    for wait_s in waits:
        now_s += wait_s
        now_s = max(now_s, clock.ready_at_s(now_s, 2.0))
        clock.spend(now_s)
        sent.append(now_s)
    for from_s in sent:
        assert sum(from_s <= at_s < from_s + 59.999 for at_s in sent) <= per_minute


def test_waits_are_reported_by_priority() -> None:
    """The metric of the wait knows the priority and the seconds."""
    driver = OutboxDriver(pace=Pace.gap(2.0, 0.0))
    driver.pm("Bob", "a")
    driver.pm("Bob", "b", Priority.BULK)
    driver.run(5.0)
    assert driver.told.waits == [(Priority.REPLY, 0.0), (Priority.BULK, 2.0)]
