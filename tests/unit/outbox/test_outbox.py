"""What goes first, what goes together, what is dropped."""

import pytest
from tests.unit.outbox.helpers import UNPACED, OutboxDriver

from economy_actors.outbox.limits import Limits
from economy_actors.outbox.message import Line, LineKind, Loss, Pm, Priority
from kryten_economy.config import Pace
from kryten_economy.features.notices import QUIET_HINT
from kryten_economy.text.markup import units

SLOW = Pace.gap(1.0, 0.0)


def test_a_reply_to_a_person_overtakes_500_waiting_notices() -> None:
    """However many notices wait, a reply is the next text that goes (architecture.md 1)."""
    driver = OutboxDriver(pace=SLOW)
    for number in range(500):
        driver.outbox.offer(Pm(f"user{number}", "rain", Priority.BULK), driver.now_s)
    driver.run(2.0)
    assert driver.pm("Bob", "reply") is None
    assert driver.run(1.0) == ["reply"]


def test_priorities_go_in_order() -> None:
    """Replies, results and money notices, announcements, notices, digests (architecture.md 7)."""
    driver = OutboxDriver(pace=UNPACED)
    driver.pm("a", "digest", Priority.DIGEST)
    driver.pm("b", "notice", Priority.BULK)
    driver.say("announcement")
    driver.pm("c", "you were tipped", Priority.RESULT)
    driver.say("race over", LineKind.RESULT)
    driver.say("shoutout", LineKind.PAID)
    driver.say("admin says", LineKind.ADMIN)
    driver.pm("d", "reply")
    assert driver.run() == [
        "reply",
        "you were tipped",
        "race over",
        "shoutout",
        "admin says",
        "announcement",
        "notice",
        "digest",
    ]


def test_rain_is_announced_before_its_notices() -> None:
    """A public line does not queue behind the notices of the same event (P-MSG-3)."""
    driver = OutboxDriver()
    for number in range(100):
        driver.pm(f"user{number}", "you got 10 Z", Priority.BULK)
    driver.say("☔ Rain!")
    assert driver.run()[0] == "☔ Rain!"


def test_parts_of_a_reply_stay_together_and_in_order() -> None:
    """A long reply goes part by part, before the next reply to anybody."""
    driver = OutboxDriver(pace=SLOW)
    text = "\n".join(f"line {number} {'x' * 60}" for number in range(12))
    driver.pm("Bob", text)
    driver.pm("alice", "short")
    driver.run(1.5)
    driver.pm("Bob", "second")
    driver.run(30.0)
    parts = [each.text for each in driver.sent[:-2]]
    assert len(parts) > 2
    assert all(each.to == "Bob" for each in driver.sent[:-2])
    assert "\n".join(parts) == text
    assert [each.text for each in driver.sent[-2:]] == ["short", "second"]


def test_parts_of_a_line_stay_together() -> None:
    """A line that was begun is finished first, whatever comes and however full the minute is."""
    driver = OutboxDriver(limits=Limits(lines_per_minute=2))
    driver.say("word " * 130)
    driver.run(1.0)
    driver.say("result", LineKind.RESULT)
    texts = driver.run(70.0)
    assert len(texts) == 3
    assert texts[-1] == "result"
    assert driver.told.losses == []


def test_reply_overtakes_the_rest_of_a_notice() -> None:
    """Bulk notices never delay a reply by more than one message (commands.md 2)."""
    driver = OutboxDriver(pace=SLOW)
    driver.pm("Bob", "word " * 150, Priority.BULK)
    driver.run()
    driver.pm("Bob", "reply")
    texts = driver.run(20.0)
    assert texts[0] == "reply"
    assert len(texts) == 4


def test_no_part_is_longer_than_the_limit() -> None:
    """A single line without spaces is cut hard (P-MSG-2)."""
    driver = OutboxDriver(pace=UNPACED, limits=Limits(max_units=100))
    driver.pm("Bob", "🎰" * 130)
    driver.say("y" * 250, LineKind.RESULT)
    texts = driver.run()
    assert len(texts) == 6
    assert all(units(text) <= 100 for text in texts)


def test_waiting_notices_for_one_user_become_one_pm() -> None:
    """Several notices for one user go as one PM, in order, with one hint at its end."""
    driver = OutboxDriver(pace=SLOW)
    driver.pm("alice", "busy")
    driver.run()
    for number in range(4):
        notice = Pm("Bob", f"notice {number}", Priority.BULK, mutable=number % 2 == 0, merge=True)
        driver.outbox.offer(notice, driver.now_s)
    merged = f"notice 0\nnotice 1\nnotice 2\nnotice 3\n{QUIET_HINT}"
    assert driver.run(10.0) == [merged]


def test_notices_that_cannot_be_muted_have_no_hint() -> None:
    """The hint stands only where quiet mode would help."""
    driver = OutboxDriver(pace=UNPACED)
    for number in range(2):
        driver.outbox.offer(Pm("Bob", f"tip {number}", Priority.RESULT, merge=True), driver.now_s)
    assert driver.run() == ["tip 0\ntip 1"]


def test_merging_stops_at_the_length_limit() -> None:
    """A merged PM is never split: what does not fit goes in the next one."""
    driver = OutboxDriver(pace=UNPACED)
    for number in range(10):
        notice = Pm("Bob", f"{number} {'z' * 60}", Priority.BULK, mutable=True, merge=True)
        driver.outbox.offer(notice, driver.now_s)
    texts = driver.run()
    assert len(texts) == 4
    assert all(units(text) <= 240 and text.endswith(QUIET_HINT) for text in texts)


def test_merging_keeps_the_order_around_what_stays_alone() -> None:
    """A message that must stay alone is not overtaken by later ones to the same user."""
    driver = OutboxDriver(pace=UNPACED)
    for text, merge in (("a", True), ("b", True), ("alone", False), ("c", True), ("d", True)):
        driver.outbox.offer(Pm("Bob", text, Priority.BULK, merge=merge), driver.now_s)
    assert driver.run() == ["a\nb", "alone", "c\nd"]


def test_money_notice_takes_waiting_notices_along() -> None:
    """Notices of different priorities for one user share a PM too, the urgent first."""
    driver = OutboxDriver(pace=UNPACED)
    driver.pm("Bob", "digest", Priority.DIGEST)
    driver.outbox.offer(Pm("Bob", "you were tipped", Priority.RESULT, merge=True), driver.now_s)
    driver.pm("alice", "rain", Priority.BULK)
    assert driver.run() == ["you were tipped\ndigest", "rain"]


def test_replies_never_merge() -> None:
    """Each command has its own answer."""
    driver = OutboxDriver(pace=UNPACED)
    for text in ("one", "two"):
        driver.outbox.offer(Pm("Bob", text, Priority.REPLY, merge=True), driver.now_s)
    assert driver.run() == ["one", "two"]


def test_identical_lines_are_sent_once_in_the_window() -> None:
    """The same final text within 30 s is dropped, after that it is news again."""
    driver = OutboxDriver()
    assert driver.say("Bob ranked up") is None
    assert driver.say("Bob  ranked up\n") is Loss.DUPLICATE
    driver.run(29.0)
    assert driver.say("Bob ranked up") is Loss.DUPLICATE
    driver.run(2.0)
    assert driver.say("Bob ranked up") is None


@pytest.mark.parametrize("kind", [LineKind.PAID, LineKind.ADMIN])
def test_paid_and_ordered_lines_may_repeat(kind: LineKind) -> None:
    """Who pays twice is heard twice (announcements.md 1)."""
    driver = OutboxDriver()
    driver.say("hello", kind)
    driver.say("hello", kind)
    assert driver.run(10.0) == ["hello", "hello"]


def test_lines_may_opt_out_of_deduplication() -> None:
    """A line can say that its repeats are meant."""
    driver = OutboxDriver()
    for _ in range(2):
        assert driver.outbox.offer(Line("tick", dedup=False), driver.now_s) is None


def test_dropped_line_is_no_repeat() -> None:
    """A line that was never said does not silence the next one like it."""
    driver = OutboxDriver(limits=Limits(lines_per_minute=1))
    driver.say("first")
    driver.run(1.0)
    driver.say("second")
    driver.run(5.0)
    assert driver.told.count(Loss.RATE) == 1
    assert driver.say("second") is None


def test_batch_lines_that_wait_together_become_one() -> None:
    """Greetings and rank-ups that wait are one line, joined by a bar; others stay alone."""
    driver = OutboxDriver()
    driver.say("busy", LineKind.RESULT)
    driver.run()
    for name in ("Bob", "alice"):
        driver.outbox.offer(Line(f"welcome {name}", batch=True), driver.now_s)
    driver.say("now playing")
    driver.outbox.offer(Line("carol ranked up", batch=True), driver.now_s)
    assert driver.run(5.0) == ["welcome Bob | welcome alice | carol ranked up", "now playing"]


def test_batch_line_stays_within_the_limit() -> None:
    """A batch is never split: what does not fit goes in the next line."""
    driver = OutboxDriver()
    for number in range(6):
        driver.outbox.offer(Line(f"{number} {'w' * 90}", batch=True), driver.now_s)
    texts = driver.run(20.0)
    assert len(texts) == 3
    assert all(units(text) <= 240 for text in texts)


@pytest.mark.parametrize("text", ["/kick alice", "!race 100 red", "\u200b/clear", " \n/me"])
def test_public_line_is_never_a_command(text: str) -> None:
    """Nothing users write is executed by the server or by another bot (P-TXT-8)."""
    driver = OutboxDriver(pace=UNPACED)
    driver.say(text, LineKind.PAID)
    driver.say(f"{'x' * 239} {text}", LineKind.ADMIN)
    driver.outbox.offer(Line(text, batch=True), driver.now_s)
    driver.outbox.offer(Line(f"{text} again", batch=True), driver.now_s)
    texts = driver.run()
    assert len(texts) >= 4
    assert not any(each.startswith(("/", "!")) for each in texts)


def test_admin_text_splits_at_its_line_breaks() -> None:
    """A long ordered text is cut at line breaks; a short one is one line."""
    driver = OutboxDriver(pace=UNPACED)
    driver.say("first\nsecond", LineKind.ADMIN)
    driver.say(f"{'a' * 150}\n{'b' * 150}", LineKind.ADMIN)
    assert driver.run() == ["first second", "a" * 150, "b" * 150]


def test_closed_gate_keeps_a_kind_silent() -> None:
    """Off means nothing is sent; what is paid or ordered has no gate (announcements.md 1)."""
    driver = OutboxDriver(limits=Limits(closed_gates=frozenset({"rain_drop"})))
    assert driver.outbox.offer(Line("rain", gate="rain_drop"), driver.now_s) is Loss.GATE
    assert driver.outbox.offer(Line("x", LineKind.ADMIN, gate="rain_drop"), driver.now_s) is None
    assert driver.outbox.offer(Line("rank", gate="rank_promotion"), driver.now_s) is None
    driver.outbox.change(Pace.bucket(8, 4.0), Limits())
    assert driver.outbox.offer(Line("rain", gate="rain_drop"), driver.now_s) is None


@pytest.mark.parametrize("text", ["", "  \n", "\u200b\u200d"])
def test_empty_texts_are_not_sent(text: str) -> None:
    """The server would deliver a blank PM and drop a blank line; neither is wanted."""
    driver = OutboxDriver()
    assert driver.say(text) is Loss.EMPTY
    assert driver.pm("Bob", text.strip("\u200b\u200d")) is Loss.EMPTY


def test_when_full_digests_go_first_then_notices() -> None:
    """Room for the urgent is made at the cost of digests, then notices, then announcements."""
    driver = OutboxDriver(limits=Limits(waiting_max=4))
    driver.outbox.robot_gone()
    driver.say("announcement")
    driver.pm("a", "notice", Priority.BULK)
    driver.pm("b", "digest 1", Priority.DIGEST)
    driver.pm("c", "digest 2", Priority.DIGEST)
    assert driver.pm("d", "digest 3", Priority.DIGEST) is None
    for number in range(4):
        assert driver.pm("e", f"reply {number}") is None
    assert driver.pm("f", "notice 2", Priority.BULK) is Loss.OVERFLOW
    assert driver.told.count(Loss.OVERFLOW) == 6
    assert driver.pm("g", "reply 4") is None
    driver.outbox.robot_back(driver.now_s)
    assert driver.run(10.0) == [f"reply {number}" for number in range(5)]


def test_notice_does_not_push_out_what_is_more_urgent() -> None:
    """A digest finds no room where only notices wait."""
    driver = OutboxDriver(limits=Limits(waiting_max=2))
    driver.outbox.robot_gone()
    for number in range(2):
        driver.pm("a", f"notice {number}", Priority.BULK)
    assert driver.pm("b", "digest", Priority.DIGEST) is Loss.OVERFLOW


def test_what_is_paid_is_never_dropped() -> None:
    """Not for want of room, not for age, not above the rate (P-MSG-8)."""
    driver = OutboxDriver(limits=Limits(waiting_max=2, protected_max=3, lines_per_minute=2))
    driver.outbox.robot_gone()
    for number in range(6):
        assert driver.say(f"shoutout {number}", LineKind.PAID) is None
    assert driver.pm("Bob", "reply") is Loss.OVERFLOW
    driver.run(3600.0)
    driver.outbox.robot_back(driver.now_s)
    assert driver.run(600.0) == [f"shoutout {number}" for number in range(6)]


def test_bulk_notices_expire() -> None:
    """A notice whose time is over says nothing any more; each message may set its own."""
    driver = OutboxDriver(pace=Pace.gap(400.0, 0.0))
    driver.pm("Bob", "reply")
    driver.run()
    driver.pm("a", "stale", Priority.BULK)
    driver.outbox.offer(Pm("b", "still good", Priority.BULK, expires_at_s=2000.0), driver.now_s)
    driver.outbox.offer(Pm("c", "short", Priority.BULK, expires_at_s=1010.0), driver.now_s)
    driver.pm("d", "second reply")
    assert driver.run(1000.0) == ["second reply", "still good"]
    assert driver.told.count(Loss.EXPIRED) == 2
    assert driver.outbox.offer(Pm("c", "late", expires_at_s=1010.0), driver.now_s) is Loss.EXPIRED


def test_replies_wait_as_long_as_the_pace_asks() -> None:
    """Age alone ends no reply while the robot is there."""
    driver = OutboxDriver(pace=Pace.gap(500.0, 0.0))
    for number in range(3):
        driver.pm("Bob", f"reply {number}")
    assert len(driver.run(2000.0)) == 3


def test_asking_before_the_last_send_is_settled_is_a_defect() -> None:
    """Each Send is answered before the next question."""
    driver = OutboxDriver()
    driver.pm("Bob", "reply")
    driver.outbox.next(driver.now_s)
    with pytest.raises(AssertionError):
        driver.outbox.next(driver.now_s)
