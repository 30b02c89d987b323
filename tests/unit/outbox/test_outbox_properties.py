"""Whatever comes in whatever order: nothing is lost or reordered but by the rules."""

import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.outbox.helpers import UNPACED, OutboxDriver, Sent

from economy_actors.outbox.limits import Limits
from economy_actors.outbox.message import Line, LineKind, Loss, Outgoing, Pm, Priority
from economy_actors.outbox.outbox import Send, Wait
from kryten_economy.config import Pace
from kryten_economy.text.markup import units

_TOKEN = re.compile(r"#(\d+)#")
_PACES = st.sampled_from([Pace.bucket(8, 4.0), UNPACED, Pace.gap(1.0, 0.5), Pace.bucket(2, 0.7)])


@dataclass(frozen=True)
class Offer:
    to: str | None
    priority: Priority
    kind: LineKind
    words: int
    flags: tuple[bool, bool]

    def message(self, number: int) -> Outgoing:
        text = f"#{number}#" + " filler" * self.words
        if self.to is None:
            return Line(text, self.kind, batch=self.flags[0])
        return Pm(self.to, text, self.priority, mutable=self.flags[0], merge=self.flags[1])


_OFFERS = st.builds(
    Offer,
    to=st.sampled_from([None, "Bob", "alice", "Dr_Z_oid"]),
    priority=st.sampled_from(Priority),
    kind=st.sampled_from(LineKind),
    words=st.sampled_from([0, 0, 0, 5, 60, 120]),
    flags=st.tuples(st.booleans(), st.booleans()),
)
_PASS_S = st.floats(0.0, 20.0)
_TROUBLE = st.sampled_from(["gone", "back", "throttled", "fail", "deaf", "hearing"])


def _numbers(sent: list[Sent]) -> list[int]:
    return [int(token) for each in sent for token in _TOKEN.findall(each.text)]


def _in_order(sent: list[Sent], messages: list[Outgoing]) -> bool:
    """Per recipient and priority, first transmissions keep the order of offering."""
    last: dict[tuple[str | None, Priority, bool], int] = {}
    seen: set[int] = set()
    for number in _numbers(sent):
        if number in seen:
            continue
        seen.add(number)
        message = messages[number]
        to = message.to if isinstance(message, Pm) else None
        key = (to, message.priority, isinstance(message, Line) and message.batch)
        if number < last.get(key, -1):
            return False
        last[key] = number
    return True


@given(script=st.lists(st.one_of(_OFFERS, _PASS_S), min_size=8, max_size=80), pace=_PACES)
@settings(max_examples=120)
def test_all_is_sent_once_and_in_order(script: list[Offer | float], pace: Pace) -> None:
    """With a robot that works, all but ordinary and stale messages go, once, in order."""
    driver = OutboxDriver(pace=pace)
    messages: list[Outgoing] = []
    for act in script:
        if isinstance(act, Offer):
            messages.append(act.message(len(messages)))
            driver.outbox.offer(messages[-1], driver.now_s)
        else:
            driver.run(act)
    driver.run(3600.0)
    times = Counter(_numbers(driver.sent))
    assert max(times.values(), default=1) == 1
    assert _in_order(driver.sent, messages)
    assert all(units(each.text) <= 240 for each in driver.sent)
    urgent = {n for n, each in enumerate(messages) if each.priority <= Priority.RESULT}
    assert urgent <= set(times)
    assert len(messages) == len(times) + len(driver.told.losses)
    assert {loss for _, loss in driver.told.losses} <= {Loss.RATE, Loss.EXPIRED}
    assert driver.waiting == driver.outbox.unproven == 0


@given(
    script=st.lists(st.one_of(_OFFERS, _PASS_S, _TROUBLE), min_size=12, max_size=100),
    waiting_max=st.just(8),
)
@settings(max_examples=150)
def test_trouble_loses_nothing_silently(
    script: list[Offer | float | str], waiting_max: int
) -> None:
    """Through outages, throttling, silence and failing sends each message is sent or reported."""
    driver = OutboxDriver(limits=Limits(waiting_max=waiting_max))
    messages: list[Outgoing] = []
    for act in script:
        match act:
            case Offer():
                messages.append(act.message(len(messages)))
                driver.outbox.offer(messages[-1], driver.now_s)
            case str():
                _trouble(driver, act)
            case passing_s:
                driver.run(passing_s)
    driver.echoing = True
    driver.outbox.robot_back(driver.now_s)
    driver.run(7200.0)
    assert driver.waiting == driver.outbox.unproven == 0
    times = Counter(_numbers(driver.sent))
    paid = {
        number for number, each in enumerate(messages) if isinstance(each, Line) and each.kind.kept
    }
    assert paid <= set(times)
    assert len(messages) <= len(times) + len(driver.told.losses)
    replies = {n for n, each in enumerate(messages) if each.priority is Priority.REPLY}
    if not driver.told.count(Loss.EXPIRED):
        assert replies <= set(times)


@given(script=st.lists(st.one_of(_OFFERS, _PASS_S, _TROUBLE), min_size=12, max_size=100))
@settings(max_examples=100)
def test_never_faster_than_the_pace(script: list[Offer | float | str]) -> None:
    """Also with repeats and after outages; lines keep 2 s and 10 a minute."""
    driver = OutboxDriver()
    number = 0
    for act in script:
        match act:
            case Offer():
                driver.outbox.offer(act.message(number), driver.now_s)
                number += 1
            case str():
                _trouble(driver, act)
            case passing_s:
                driver.run(passing_s)
    driver.outbox.robot_back(driver.now_s)
    driver.run(600.0)
    at_s = [each.at_s for each in driver.sent]
    for first, from_s in enumerate(at_s):
        for last in range(first, len(at_s)):
            assert last - first + 1 <= 8 + 4.0 * (at_s[last] - from_s) + 1e-3
    lines_s = [each.at_s for each in driver.sent if each.to is None]
    assert all(b - a >= 2.0 - 1e-5 for a, b in pairwise(lines_s))
    assert all(b - a >= 60.0 - 1e-5 for a, b in zip(lines_s, lines_s[10:], strict=False))


def _trouble(driver: OutboxDriver, act: str) -> None:
    match act:
        case "gone":
            driver.outbox.robot_gone()
        case "back":
            driver.outbox.robot_back(driver.now_s)
        case "throttled":
            driver.outbox.throttled(driver.now_s)
        case "fail":
            match driver.outbox.next(driver.now_s):
                case Send():
                    driver.outbox.failed(driver.now_s)
                case Wait():
                    pass
        case "deaf":
            driver.echoing = False
        case _:
            driver.echoing = True
