"""The outbox at work: it sends when the time has come, and survives what goes wrong."""

import anyio
import pytest
from tests.actors.outbox.helpers import UNPACED, Bus, house

from economy_actors.outbox.limits import Limits
from economy_actors.outbox.message import Line, LineKind, Medium, Outgoing, Pm, Priority
from economy_actors.outbox.protocol import (
    Bundle,
    Drain,
    Echoed,
    Here,
    Left,
    PmFailed,
    Present,
    RobotBack,
    RobotGone,
    SettingsChanged,
    Throttled,
)
from kryten_economy.config import Pace


def _notices(count: int) -> tuple[Outgoing, ...]:
    return tuple(Pm(f"user{number}", "rain", Priority.BULK) for number in range(count))


async def test_reply_goes_out_at_once() -> None:
    """With nothing waiting a reply takes no time at all."""
    async with house() as it:
        it.ref.tell(Pm("Bob", "reply"))
        await anyio.sleep(0.001)
        assert it.bus.texts == ["reply"]


async def test_a_reply_to_a_person_overtakes_500_waiting_notices() -> None:
    """With 500 notices waiting a reply is the next text that goes."""
    async with house() as it:
        it.ref.tell(Bundle(_notices(508)))
        await anyio.sleep(10.1)
        before = len(it.bus.said)
        assert before < 60
        it.ref.tell(Pm("Bob", "reply"))
        await anyio.sleep(0.25)
        assert it.bus.texts[before] == "reply"


async def test_a_reply_overtakes_notices_where_nothing_paces() -> None:
    """Also at full speed the mailbox is looked at between a few texts."""
    bus = Bus(echoing=False)
    asked_at: list[int] = []

    def ask(_text: str) -> None:
        if len(bus.said) == 20 and bus.ref is not None:
            asked_at.append(len(bus.said))
            bus.ref.tell(Pm("Bob", "reply"))

    bus.on_send = ask
    async with house(bus, pace=UNPACED) as it:
        it.ref.tell(Bundle(_notices(500)))
        await anyio.sleep(0.01)
    assert asked_at == [20]
    assert 20 < bus.texts.index("reply") <= 28
    assert len(bus.said) == 501


async def test_with_chat_min_delay_and_chat_jitter_0_nothing_paces() -> None:
    """A thousand replies need no time."""
    async with house(pace=UNPACED) as it:
        began_s = anyio.current_time()
        for number in range(1000):
            await it.ref.send(Pm("Bob", f"reply {number}"), timeout_s=1)
        await anyio.sleep(0.001)
        assert it.bus.texts == [f"reply {number}" for number in range(1000)]
        assert it.bus.said[-1].at_s - began_s < 0.1


async def test_pace_holds_over_time() -> None:
    """Eight at once, then one each quarter second."""
    async with house() as it:
        began_s = anyio.current_time()
        it.ref.tell(Bundle(tuple(Pm("Bob", f"reply {number}") for number in range(12))))
        await anyio.sleep(60)
        offsets_s = [each.at_s - began_s for each in it.bus.said]
    assert offsets_s == pytest.approx([0.0] * 8 + [0.25, 0.5, 0.75, 1.0])


async def test_reply_without_echo_is_sent_once_more() -> None:
    """The outbox wakes by itself to miss an echo."""
    async with house(Bus(echoing=False)) as it:
        it.ref.tell(Pm("Bob", "reply"))
        await anyio.sleep(60)
        first, second = it.bus.said
        assert second.at_s - first.at_s == pytest.approx(10.0)
        assert it.sample("economy_pm_undeliverable_total", reason="no_echo") == 1


async def test_echo_ends_the_wait() -> None:
    """A proven reply is never repeated, and its delay is measured."""
    async with house() as it:
        it.ref.tell(Pm("Bob", "reply"))
        await anyio.sleep(60)
        assert it.bus.texts == ["reply"]
        assert it.sample("economy_outbox_echo_seconds_count") == 1


async def test_outage_burns_nothing() -> None:
    """What is offered while the robot is away goes out on its return."""
    async with house() as it:
        it.ref.tell(RobotGone())
        it.ref.tell(Pm("Bob", "reply"))
        it.ref.tell(Line("shoutout", LineKind.PAID))
        await anyio.sleep(100)
        assert it.bus.said == []
        assert it.sample("economy_pm_queue_depth") == 1
        it.ref.tell(RobotBack())
        await anyio.sleep(0.001)
        assert it.bus.texts == ["reply", "shoutout"]
        assert it.sample("economy_pm_queue_depth") == 0


async def test_bus_in_trouble_is_tried_again() -> None:
    """A send that fails or hangs is repeated with growing gaps, nothing is lost."""
    async with house() as it:
        it.bus.broken = True
        it.ref.tell(Bundle((Pm("Bob", "one"), Pm("Bob", "two"))))
        await anyio.sleep(20)
        it.bus.broken, it.bus.hanging = False, True
        await anyio.sleep(20)
        it.bus.hanging = False
        await anyio.sleep(30)
        assert it.bus.texts == ["one", "two"]


async def test_text_that_breaks_the_sender_costs_only_itself() -> None:
    """After the crash the next instance goes on with all other messages."""
    async with house(Bus(poison="poison")) as it:
        it.ref.tell(Bundle((Pm("Bob", "one"), Pm("Bob", "poison"), Pm("Bob", "two"))))
        await anyio.sleep(5)
        assert it.bus.texts == ["one", "two"]
        assert it.sample("economy_pm_undeliverable_total", reason="send_failed") == 1
        it.ref.tell(Pm("Bob", "three"))
        await anyio.sleep(1)
        assert it.bus.texts[-1] == "three"


async def test_throttling_pauses_and_repeats() -> None:
    """After a cooldown event nothing goes for 2 s; then what was dropped goes again."""
    async with house(Bus(echoing=False)) as it:
        it.ref.tell(Pm("Bob", "dropped"))
        await anyio.sleep(0.01)
        it.ref.tell(Throttled(1))
        it.bus.echoing = True
        it.ref.tell(Pm("alice", "next"))
        await anyio.sleep(30)
        assert it.bus.texts == ["dropped", "dropped", "next"]
        assert it.bus.said[1].at_s - it.bus.said[0].at_s == pytest.approx(2.01)


async def test_those_who_left_get_nothing() -> None:
    """Waiting PMs go with their recipient; a refused PM is not repeated."""
    async with house(Bus(echoing=False), pace=Pace.gap(5.0, 0.0)) as it:
        it.ref.tell(Here(frozenset({"Bob", "alice"})))
        it.ref.tell(Bundle((Pm("alice", "one"), Pm("Bob", "two"), Pm("Carol", "three"))))
        await anyio.sleep(0.01)
        it.ref.tell(Left("Bob"))
        it.ref.tell(PmFailed("alice"))
        it.ref.tell(Pm("dave", "rain", Priority.BULK))
        it.ref.tell(Present("Eve"))
        it.ref.tell(Pm("eve", "rain", Priority.BULK))
        await anyio.sleep(9)
        assert it.bus.texts == ["one", "three"]
        await anyio.sleep(3)
        assert it.bus.texts == ["one", "three", "rain"]
        assert it.sample("economy_pm_undeliverable_total", reason="absent") == 3


async def test_lines_of_other_services_are_told() -> None:
    """A public line of the bot that this service did not say is heard of (earning.md 8.4)."""
    async with house() as it:
        it.ref.tell(Line("Bob won", LineKind.RESULT))
        await anyio.sleep(0.01)
        it.ref.tell(Echoed(Medium.CHAT, None, "The film starts"))
        it.ref.tell(Echoed(Medium.PM, "Bob", "another service's PM"))
        await anyio.sleep(0.01)
        assert it.foreign == ["The film starts"]


async def test_reload_changes_pace_and_limits() -> None:
    """A reload holds for what waits already (P-CFG-2)."""
    async with house(pace=Pace.gap(100.0, 0.0)) as it:
        it.ref.tell(Bundle(tuple(Pm("Bob", f"reply {number}") for number in range(5))))
        await anyio.sleep(1)
        assert len(it.bus.said) == 1
        it.ref.tell(SettingsChanged(UNPACED, Limits(closed_gates=frozenset({"rain_drop"}))))
        it.ref.tell(Line("rain", gate="rain_drop"))
        await anyio.sleep(0.01)
        assert len(it.bus.said) == 5
        name = "economy_announcements_dropped_total"
        assert it.sample(name, channel="Lounge", reason="gate") == 1


async def test_public_lines_wait_their_time() -> None:
    """Lines go 2 s apart while replies pass."""
    async with house() as it:
        it.ref.tell(Bundle(tuple(Line(f"line {n}", LineKind.RESULT) for n in range(3))))
        await anyio.sleep(0.5)
        it.ref.tell(Pm("Bob", "reply"))
        await anyio.sleep(10)
        assert it.bus.texts == ["line 0", "reply", "line 1", "line 2"]
        assert it.bus.said[3].at_s - it.bus.said[0].at_s == pytest.approx(4.0)


async def test_stop_drains_for_a_few_seconds() -> None:
    """At the stop the urgent goes first, within 5 s; the rest is lost (commands.md 2)."""
    async with house() as it:
        it.ref.tell(Bundle((*_notices(100), Pm("Bob", "reply"))))
        began_s = anyio.current_time()
        await it.system.stop(9.0)
        assert anyio.current_time() - began_s < 5.0
        assert it.bus.texts[0] == "reply"
        assert 20 < len(it.bus.said) < 30


async def test_stop_does_not_wait_for_an_absent_robot() -> None:
    """Nothing could be sent: the stop takes no time."""
    async with house() as it:
        it.ref.tell(RobotGone())
        it.ref.tell(Pm("Bob", "reply"))
        began_s = anyio.current_time()
        await it.system.stop(9.0)
        assert anyio.current_time() - began_s < 0.1
        assert it.bus.said == []


async def test_drain_answers_when_all_is_sent() -> None:
    """Who asks for a drain learns that nothing waits."""
    async with house() as it:
        it.ref.tell(Bundle(tuple(Pm("Bob", f"reply {number}") for number in range(12))))
        began_s = anyio.current_time()
        assert await it.ref.ask(Drain, timeout_s=6) == 0
        assert anyio.current_time() - began_s == pytest.approx(1.0)
        assert len(it.bus.said) == 12
        assert await it.ref.ask(Drain, timeout_s=6) == 0


async def test_drain_answers_when_its_time_is_up() -> None:
    """What still waits after the time for draining is told."""
    async with house() as it:
        it.ref.tell(RobotGone())
        it.ref.tell(Pm("Bob", "reply"))
        assert await it.ref.ask(Drain, timeout_s=6) == 1


async def test_one_channel_never_delays_another() -> None:
    """Outboxes share nothing: a channel whose bus hangs holds up no other."""
    async with house(Bus(hanging=True)) as stuck, house() as fluent:
        stuck.ref.tell(Pm("Bob", "reply"))
        fluent.ref.tell(Pm("Bob", "reply"))
        await anyio.sleep(0.01)
        assert fluent.bus.texts == ["reply"]
        assert stuck.bus.texts == []
