"""Proof of delivery: echoes, repeats, throttling, people who leave."""

import json
from itertools import pairwise
from pathlib import Path

import pytest
from tests.unit.outbox.helpers import UNPACED, OutboxDriver

from economy_actors.outbox.delivery import (
    IN_FLIGHT_MAX,
    Deliveries,
    OutgoingText,
    fingerprint,
)
from economy_actors.outbox.limits import Limits
from economy_actors.outbox.message import Line, LineKind, Loss, Medium, Pm, Priority
from economy_actors.outbox.outbox import Wait
from kryten_economy.config import Pace
from kryten_economy.text.markup import typed_text

# Each text the bot was told to send in a recorded session, and each echo, in order.
RECORDED = json.loads(Path(__file__).with_name("recorded_echoes.json").read_text("utf-8"))


def test_echo_proves_delivery() -> None:
    """A text with an echo is done with: its delay is reported and it is never repeated."""
    driver = OutboxDriver(echoing=False)
    driver.pm("Bob", "reply")
    driver.run(0.25)
    assert driver.outbox.echoed(Medium.PM, "bob", "reply", driver.now_s)
    assert driver.run(60.0) == []
    assert driver.told.echoes == [0.25]
    assert driver.told.losses == []


def test_reply_without_echo_is_sent_once_more() -> None:
    """After 10 s without an echo a reply goes again, and after 10 more it is given up."""
    driver = OutboxDriver(echoing=False)
    driver.pm("Bob", "reply")
    driver.run(60.0)
    assert [each.at_s for each in driver.sent] == [1000.0, 1010.0]
    assert driver.told.repeats == [Priority.REPLY]
    assert driver.told.losses == [(Medium.PM, Loss.NO_ECHO)]


@pytest.mark.parametrize("priority", [Priority.BULK, Priority.DIGEST])
def test_notices_are_not_repeated(priority: Priority) -> None:
    """A notice without an echo is counted and forgotten."""
    driver = OutboxDriver(echoing=False)
    driver.pm("Bob", "rain", priority)
    driver.run(60.0)
    assert len(driver.sent) == 1
    assert driver.told.losses == [(Medium.PM, Loss.NO_ECHO)]


def test_paid_line_without_echo_is_sent_once_more() -> None:
    """What somebody paid for gets its second try as a reply does."""
    driver = OutboxDriver(echoing=False)
    driver.say("📢 Bob: hello", LineKind.PAID)
    driver.run(15.0)
    assert [each.text for each in driver.sent] == ["📢 Bob: hello"] * 2


def test_late_echo_calls_off_the_second_try() -> None:
    """An echo that comes while the text waits for its second try still counts."""
    driver = _with_waiting_repeat()
    assert driver.outbox.echoed(Medium.PM, "Bob", "reply", driver.now_s)
    assert driver.waiting == 0
    assert driver.run(120.0) == []
    assert driver.told.losses == []


def test_leaving_ends_the_second_try() -> None:
    """A text that waits for its second try goes with its recipient, and its echo with it."""
    driver = _with_waiting_repeat()
    driver.outbox.left("Bob", driver.now_s)
    assert driver.told.losses == [(Medium.PM, Loss.ABSENT)]
    assert not driver.outbox.echoed(Medium.PM, "Bob", "reply", driver.now_s)
    assert driver.run(120.0) == []


def _with_waiting_repeat() -> OutboxDriver:
    driver = OutboxDriver(echoing=False, pace=Pace.gap(60.0, 0.0))
    driver.pm("Bob", "reply")
    driver.run(15.0)
    assert driver.waiting == 1
    return driver


def test_same_text_twice_needs_two_echoes() -> None:
    """Two equal replies are two deliveries."""
    driver = OutboxDriver(echoing=False, pace=UNPACED)
    driver.pm("Bob", "no")
    driver.pm("Bob", "no")
    driver.run(1.0)
    assert driver.outbox.echoed(Medium.PM, "Bob", "no", driver.now_s)
    assert len(driver.run(15.0)) == 1


def test_echo_of_another_recipient_proves_nothing() -> None:
    """The same text to somebody else is not this delivery."""
    driver = OutboxDriver(echoing=False)
    driver.pm("Bob", "reply")
    driver.run()
    assert not driver.outbox.echoed(Medium.PM, "alice", "reply", driver.now_s)
    assert not driver.outbox.echoed(Medium.CHAT, None, "reply", driver.now_s)
    assert driver.outbox.unproven == 1


def test_pm_echo_without_recipient_counts() -> None:
    """kryten-py loses the recipient of a PM (wire.md 2); the text alone decides then."""
    driver = OutboxDriver(echoing=False)
    driver.pm("Bob", "reply")
    driver.run()
    assert driver.outbox.echoed(Medium.PM, None, "reply", driver.now_s)


@pytest.mark.parametrize(
    ("sent", "filtered"),
    [
        ("Dr_Z_oid won", "Dr<em>Z</em>oid won"),
        ("you & <b> *all*", "you &amp; &lt;b&gt; <strong>all</strong>"),
        ("line\nbreak\tand tab", "line break and tab"),
        (
            "[sp]hidden[/sp] `x` ~~y~~",
            '<span class="spoiler">hidden</span> <code>x</code> <s>y</s>',
        ),
        ("see https://a.test/x?b=1&c=2", 'see <a href="https://a.test/x?b=1&amp;c=2">…</a>'),
        ("🎰" * 400, "🎰" * 160),
        ("x" * 319 + "🎰", "x" * 319 + "\ufffd"),
        ("y" * 700, "y" * 320),
        ("y" * 300, "y" * 240),
        ("The word damn is filtered here", "The word **** is filtered here"),
    ],
)
def test_filtered_echo_is_recognised(sent: str, filtered: str) -> None:
    """Filters, escaping, links and the server's cut do not hide an echo."""
    deliveries = Deliveries()
    deliveries.sent(_outgoing(sent), 0.0, 10.0)
    assert deliveries.match(Medium.PM, "bob", typed_text(filtered)) is not None


def test_recorded_echoes_are_recognised() -> None:
    """In a recorded session each echo is found, and what stays is what the server dropped."""
    deliveries = Deliveries()
    foreign = []
    for record in RECORDED:
        to = record["to"]
        if "sent" in record:
            message = Line(record["sent"]) if to is None else Pm(to, record["sent"])
            deliveries.sent(OutgoingText(message, message.text, 0, 0, 0), 0.0, 10.0)
            continue
        medium = Medium.CHAT if to is None else Medium.PM
        if deliveries.match(medium, to, typed_text(record["echo"])) is None:
            foreign.append(record["echo"])
    assert [text.split()[:2] for text in foreign] == [["Kryten", "Robot"]]
    lost = [each.text for each in deliveries.flying()]
    throttled = [f"burst {number}" for number in range(12, 40)]
    assert lost == ["are you there", "me", "x", *throttled]


def test_second_echo_proves_no_other_text() -> None:
    """A text that arrived twice does not stand in for a similar one that did not arrive."""
    deliveries = Deliveries()
    deliveries.sent(_outgoing("Balance: 105 Z"), 0.0, 10.0)
    deliveries.sent(_outgoing("Balance: 106 Z"), 0.0, 10.0)
    assert deliveries.match(Medium.PM, "bob", "Balance: 105 Z") is not None
    assert deliveries.match(Medium.PM, "bob", "Balance: 105 Z") is None
    assert len(deliveries) == 1


def test_foreign_texts_are_not_ours() -> None:
    """What another service says through the same bot matches nothing."""
    deliveries = Deliveries()
    deliveries.sent(_outgoing("Balance: 100 Z"), 0.0, 10.0)
    assert deliveries.match(Medium.PM, "bob", "The film starts in five minutes.") is None


def test_deliveries_are_bounded() -> None:
    """Without echoes the oldest texts are given up, not kept for ever."""
    deliveries = Deliveries()
    given_up = [
        deliveries.sent(_outgoing(f"text {number}"), 0.0, 10.0)
        for number in range(IN_FLIGHT_MAX + 3)
    ]
    assert [each.text for each in given_up if each] == ["text 0", "text 1", "text 2"]


def test_fingerprint_of_marks_alone() -> None:
    """A text of nothing but marks is still told from another."""
    assert fingerprint("***") != fingerprint("___")


def test_replies_wait_while_the_robot_is_away() -> None:
    """Nothing is sent into the void; on the return it goes out."""
    driver = OutboxDriver()
    driver.outbox.robot_gone()
    driver.pm("Bob", "reply")
    assert driver.run(100.0) == []
    driver.outbox.robot_back(driver.now_s)
    assert driver.run() == ["reply"]


def test_unproven_reply_goes_again_when_the_robot_is_back() -> None:
    """What was in flight when the robot went is repeated after a grace, ahead of newer replies."""
    driver = OutboxDriver(echoing=False)
    driver.pm("Bob", "part 1")
    driver.run(1.0)
    driver.outbox.robot_gone()
    driver.pm("Bob", "part 2")
    driver.run(60.0)
    driver.outbox.robot_back(driver.now_s)
    driver.echoing = True
    driver.run(5.0)
    assert [(each.at_s, each.text) for each in driver.sent[1:]] == [
        (1064.0, "part 1"),
        (1064.0, "part 2"),
    ]


def test_second_try_into_an_outage_does_not_count() -> None:
    """Both tries went into the void: on the return there is one more."""
    driver = OutboxDriver(echoing=False)
    driver.pm("Bob", "reply")
    driver.run(12.0)
    driver.outbox.robot_gone()
    driver.run(60.0)
    driver.outbox.robot_back(driver.now_s)
    assert driver.run(60.0) == ["reply"]


def test_echo_delayed_by_an_outage_counts() -> None:
    """Events of an outage come late (wire.md 6): the grace keeps their texts from doubling."""
    driver = OutboxDriver(echoing=False)
    driver.pm("Bob", "reply")
    driver.run(1.0)
    driver.outbox.robot_gone()
    driver.outbox.robot_back(driver.now_s)
    driver.run(2.0)
    assert driver.outbox.echoed(Medium.PM, "Bob", "reply", driver.now_s)
    assert driver.run(60.0) == []


def test_killed_robot_shows_by_its_return() -> None:
    """A return that nobody had announced a leave for repeats what is unproven as well."""
    driver = OutboxDriver(echoing=False)
    driver.pm("Bob", "reply")
    driver.run(4.0)
    driver.outbox.robot_back(driver.now_s)
    assert driver.run(5.0) == ["reply"]


def test_old_replies_end_with_the_outage() -> None:
    """A reply that nobody waits for any more is dropped, what was paid for is not."""
    driver = OutboxDriver()
    driver.outbox.robot_gone()
    driver.pm("Bob", "old reply")
    driver.say("paid", LineKind.PAID)
    driver.say("old result", LineKind.RESULT)
    driver.run(700.0)
    driver.pm("Bob", "new reply")
    driver.outbox.robot_back(driver.now_s)
    assert driver.run(5.0) == ["new reply", "paid"]
    assert driver.told.count(Loss.EXPIRED) == 2


def test_throttled_texts_are_repeated_after_a_pause() -> None:
    """A cooldown event stops everything for 2 s; then what has no echo goes again, in order."""
    driver = OutboxDriver(echoing=False, pace=UNPACED)
    for number in range(5):
        driver.pm("Bob", f"reply {number}")
    driver.run()
    for number in range(3):
        driver.outbox.echoed(Medium.PM, "Bob", f"reply {number}", driver.now_s)
    driver.outbox.throttled(driver.now_s)
    driver.outbox.throttled(driver.now_s + 0.001)
    driver.pm("Bob", "later")
    driver.echoing = True
    assert driver.run(1.9) == []
    assert driver.run(1.0) == ["reply 3", "reply 4", "later"]


def test_throttled_notice_is_not_merged_again() -> None:
    """A text that was sent goes again as it was, since its echo may still come."""
    driver = OutboxDriver(echoing=False)
    driver.pm("Bob", "rain", Priority.BULK)
    driver.run()
    driver.outbox.throttled(driver.now_s)
    driver.run(1.0)
    driver.outbox.offer(Pm("Bob", "you were tipped", Priority.RESULT, merge=True), driver.now_s)
    driver.echoing = True
    assert driver.run(5.0) == ["you were tipped", "rain"]


def test_cooldown_of_another_service_repeats_nothing() -> None:
    """Services share the bot: with all echoes there, a cooldown is only a pause."""
    driver = OutboxDriver()
    driver.pm("Bob", "reply")
    driver.run()
    driver.outbox.throttled(driver.now_s)
    assert driver.run(30.0) == []


def test_throttling_does_not_repeat_for_ever() -> None:
    """A text that is throttled again and again is given up."""
    driver = OutboxDriver(echoing=False)
    driver.pm("Bob", "rain", Priority.BULK)
    for _ in range(10):
        driver.run(2.5)
        driver.outbox.throttled(driver.now_s)
    assert 2 <= len(driver.sent) <= 5
    assert driver.told.count(Loss.NO_ECHO) == 1


def test_pm_to_one_who_left_is_dropped() -> None:
    """What waits for somebody who leaves is dropped and counted (architecture.md 7)."""
    driver = OutboxDriver()
    driver.outbox.audience(["Bob", "alice"], driver.now_s)
    driver.outbox.throttled(driver.now_s)
    driver.pm("Bob", "reply")
    driver.pm("BOB", "rain", Priority.BULK)
    driver.pm("alice", "reply to alice")
    driver.outbox.left("bob", driver.now_s)
    assert driver.run(5.0) == ["reply to alice"]
    assert driver.told.count(Loss.ABSENT) == 2


def test_pm_in_flight_to_one_who_left_is_not_repeated() -> None:
    """Nobody is there for a second try."""
    driver = OutboxDriver(echoing=False)
    driver.pm("Bob", "reply")
    driver.run(1.0)
    driver.outbox.left("Bob", driver.now_s)
    assert driver.run(30.0) == []
    assert driver.told.losses == [(Medium.PM, Loss.ABSENT)]


def test_notices_for_the_absent_are_refused() -> None:
    """Notices and digests go to connected users only (P-MSG-13)."""
    driver = OutboxDriver()
    driver.outbox.audience(["alice"], driver.now_s)
    assert driver.pm("Bob", "digest", Priority.DIGEST) is Loss.ABSENT
    driver.outbox.present("Bob")
    assert driver.pm("Bob", "digest", Priority.DIGEST) is None


def test_a_reply_trusts_the_question() -> None:
    """Who asks is there even if the list lacks them: the bot answers."""
    driver = OutboxDriver()
    driver.outbox.audience(["alice"], driver.now_s)
    assert driver.pm("Bob", "reply") is None


def test_full_list_drops_the_missing() -> None:
    """A user list is the only word about leaves during an outage (wire.md 6)."""
    driver = OutboxDriver()
    driver.outbox.robot_gone()
    driver.pm("Bob", "reply")
    driver.outbox.audience(["alice"], driver.now_s)
    assert driver.waiting == 0


def test_refused_pm_is_not_repeated() -> None:
    """`PM failed: x isn't connected` ends the texts to that user at once."""
    driver = OutboxDriver(echoing=False)
    driver.pm("Gina-X", "reply")
    driver.pm("Bob", "reply")
    driver.run()
    driver.outbox.pm_failed("gina-x", driver.now_s)
    assert driver.outbox.unproven == 1
    assert driver.told.losses == [(Medium.PM, Loss.ABSENT)]


def test_failed_send_keeps_the_text_first() -> None:
    """When the bus takes nothing, the text stays first and is tried with growing gaps."""
    driver = OutboxDriver()
    driver.pm("Bob", "first")
    driver.pm("Bob", "second")
    at_s = []
    for _ in range(6):
        driver.outbox.next(driver.now_s)
        driver.outbox.failed(driver.now_s)
        at_s.append(driver.now_s)
        wait = driver.outbox.next(driver.now_s)
        assert isinstance(wait, Wait)
        driver.now_s = wait.until_s
    gaps_s = [later - sooner for sooner, later in pairwise(at_s)]
    assert gaps_s == [1.0, 2.0, 4.0, 8.0, 15.0]
    assert driver.run() == ["first", "second"]
    assert driver.told.losses == []


def test_text_that_breaks_the_sender_is_given_up() -> None:
    """A text whose sending ended in a defect is not tried again."""
    driver = OutboxDriver()
    driver.pm("Bob", "poison")
    driver.pm("Bob", "good")
    driver.outbox.next(driver.now_s)
    driver.outbox.give_up(driver.now_s)
    assert driver.run() == ["good"]
    assert driver.told.losses == [(Medium.PM, Loss.SEND_FAILED)]


def test_own_lines_are_known_for_a_minute() -> None:
    """The last 50 own public lines are known for 60 s (earning.md 8.4)."""
    driver = OutboxDriver(pace=UNPACED, limits=Limits(lines_per_minute=1000))
    driver.say("/me dances with Dr_Z_oid", LineKind.RESULT)
    driver.run()
    assert driver.outbox.recently_sent("» /me dances with DrZoid".replace("Z", "_Z_"), driver.now_s)
    assert not driver.outbox.recently_sent("something else", driver.now_s)
    driver.now_s += 61.0
    assert not driver.outbox.recently_sent("» /me dances with Dr_Z_oid", driver.now_s)
    for number in range(51):
        driver.say(f"line {number}", LineKind.RESULT)
    driver.run()
    assert not driver.outbox.recently_sent("line 0", driver.now_s)
    assert driver.outbox.recently_sent("line 1", driver.now_s)


def test_second_echo_of_an_own_line_is_still_ours() -> None:
    """A line that arrived twice is not another service's line."""
    driver = OutboxDriver()
    driver.say("Bob won", LineKind.RESULT)
    driver.run(1.0)
    assert driver.outbox.echoed(Medium.CHAT, None, "Bob won", driver.now_s)
    assert not driver.outbox.echoed(Medium.CHAT, None, "The film starts", driver.now_s)


def _outgoing(text: str) -> OutgoingText:
    return OutgoingText(Pm("Bob", text), text, 0.0, 0.0, 0.0)


def test_line_and_pm_are_told_apart() -> None:
    """A outgoing knows its medium and recipient."""
    line = OutgoingText(Line("x"), "x", 0.0, 0.0, 0.0)
    assert (line.medium, line.to, line.recipient) == (Medium.CHAT, None, None)
    assert (_outgoing("x").medium, _outgoing("x").recipient) == (Medium.PM, "bob")
