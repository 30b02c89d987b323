"""Who pays for a public line is told whether it was said."""

from tests.unit.outbox.helpers import OutboxDriver

from economy_actors.outbox.limits import Limits
from economy_actors.outbox.message import Line, LineKind, Loss


def _paid(text: str = "📢 Bob: hello") -> Line:
    return Line(text, LineKind.PAID, dedup=False, receipt="r")


def test_the_echo_of_the_whole_line_is_its_receipt() -> None:
    """Told once, when the last part has come back; a line without receipt tells nothing."""
    driver = OutboxDriver()
    driver.say("hello")
    driver.outbox.offer(_paid("word " * 80), driver.now_s)
    driver.step()
    driver.run(1.0)
    assert driver.told.receipts == []
    driver.run(10.0)
    assert driver.told.receipts == [("r", True)]


def test_a_line_that_is_never_echoed_was_not_said() -> None:
    """After its second try it is given up."""
    driver = OutboxDriver(echoing=False)
    driver.outbox.offer(_paid(), driver.now_s)
    driver.run(60.0)
    assert driver.told.receipts == [("r", False)]
    assert driver.told.count(Loss.NO_ECHO) == 1


def test_a_line_that_finds_no_robot_is_given_up_after_ten_minutes() -> None:
    """Other paid lines wait as long as it takes."""
    driver = OutboxDriver()
    driver.outbox.robot_gone()
    driver.say("ordered", LineKind.PAID)
    driver.outbox.offer(_paid(), driver.now_s)
    driver.now_s += 599.0
    driver.step()
    assert driver.told.receipts == []
    driver.now_s += 2.0
    driver.step()
    assert driver.told.receipts == [("r", False)]
    assert driver.waiting == 1


def test_a_line_waits_for_the_rate_and_is_not_dropped() -> None:
    """P-MSG-8: paid lines wait where announcements are dropped, and repeats are said again."""
    driver = OutboxDriver(limits=Limits(lines_per_minute=2))
    for _ in range(4):
        driver.outbox.offer(_paid(), driver.now_s)
    assert len(driver.run(130.0)) == 4
    assert driver.told.receipts == [("r", True)] * 4
