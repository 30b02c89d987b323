"""Order, verbs, deadlines, bounds and lanes."""

import gc
from collections.abc import Callable, Sequence

import anyio
import anyio.lowlevel
import pytest
from tests.actors.runtime.helpers import (
    Boom,
    Echo,
    Forward,
    Journal,
    Mute,
    Note,
    Probe,
    ProbeMessage,
    Remind,
    Sleep,
    settle,
    spawn_group,
)

from economy_actors.runtime import (
    ActorGone,
    AskCycle,
    AskExpired,
    AskFailed,
    DeadLetterReason,
    MailboxFull,
    Observer,
    Reply,
    current_trace,
    open_system,
)
from economy_actors.runtime.actor import Actor, Timer


async def test_messages_are_handled_in_the_order_they_were_told() -> None:
    """One mailbox is first in, first out."""
    journal = Journal()
    async with open_system() as system:
        ref = await system.spawn_root("probe", lambda: Probe(journal), capacity=500)
        for number in range(300):
            ref.tell(Note(str(number)))
        await settle(lambda: len(journal.lines) == 301)
    assert journal.lines[1:] == [str(number) for number in range(300)]


async def test_one_message_at_a_time() -> None:
    """A second message waits until the first has been handled to its end."""
    journal = Journal()
    async with open_system() as system:
        ref = await system.spawn_root("probe", lambda: Probe(journal))
        ref.tell(Sleep(5))
        ref.tell(Note("after"))
        await settle(lambda: "after" in journal.lines)
    assert journal.lines == ["started", "slept 5", "after"]


async def test_tell_to_a_full_mailbox_is_refused_and_counted() -> None:
    """tell never waits: without room the message is shed and becomes a dead letter."""
    observer, journal = Observer(), Journal()
    async with open_system(observer=observer) as system:
        ref = await system.spawn_root("probe", lambda: Probe(journal), capacity=2)
        ref.tell(Sleep(10))
        await anyio.sleep(1)
        ref.tell(Note("1"))
        ref.tell(Note("2"))
        with pytest.raises(MailboxFull):
            ref.tell(Note("3"))
    assert observer.dead_letters[DeadLetterReason.FULL] == 1


async def test_send_waits_for_room() -> None:
    """send delivers as soon as the receiver has room."""
    journal = Journal()
    async with open_system() as system:
        ref = await system.spawn_root("probe", lambda: Probe(journal), capacity=1)
        ref.tell(Sleep(10))
        await anyio.sleep(1)
        ref.tell(Note("1"))
        await ref.send(Note("2"), timeout_s=30)
        await settle(lambda: "2" in journal.lines)
    assert journal.lines[-2:] == ["1", "2"]


async def test_send_gives_up_at_its_deadline() -> None:
    """Without room in time, send raises MailboxFull and the message is a dead letter."""
    observer = Observer()
    async with open_system(observer=observer) as system:
        ref = await system.spawn_root("probe", lambda: Probe(Journal()), capacity=1)
        ref.tell(Sleep(100))
        await anyio.sleep(1)
        ref.tell(Note("1"))
        with pytest.raises(MailboxFull):
            await ref.send(Note("2"), timeout_s=5)
    assert observer.dead_letters[DeadLetterReason.FULL] == 1


async def test_ask_returns_the_answer() -> None:
    """An ask waits for the typed answer."""
    async with open_system() as system:
        ref = await system.spawn_root("probe", lambda: Probe(Journal()))
        assert await ref.ask(lambda reply: Echo("hello", reply), timeout_s=1) == "hello"


async def test_an_expired_ask_is_not_executed() -> None:
    """An ask whose deadline passed in the mailbox is dropped, not handled late."""
    observer, journal = Observer(), Journal()
    async with open_system(observer=observer) as system:
        ref = await system.spawn_root("probe", lambda: Probe(journal))
        ref.tell(Sleep(10))
        with pytest.raises(AskExpired):
            await ref.ask(lambda reply: Echo("late", reply), timeout_s=3)
        ref.tell(Note("end"))
        await settle(lambda: "end" in journal.lines)
    assert "late" not in journal.lines
    assert observer.dead_letters[DeadLetterReason.EXPIRED] == 1


async def test_ask_waits_for_room_and_answer_under_one_deadline() -> None:
    """A full mailbox does not refuse an ask, it costs the ask time."""
    journal = Journal()
    async with open_system() as system:
        ref = await system.spawn_root("probe", lambda: Probe(journal), capacity=1)
        ref.tell(Sleep(2))
        await anyio.sleep(0.5)
        ref.tell(Sleep(2))
        assert await ref.ask(lambda reply: Echo("x", reply), timeout_s=10) == "x"
        ref.tell(Sleep(20))
        await anyio.sleep(0.5)
        ref.tell(Note("fills"))
        with pytest.raises(AskExpired):
            await ref.ask(lambda reply: Echo("y", reply), timeout_s=5)
        await settle(lambda: "fills" in journal.lines)
    assert "y" not in journal.lines


async def test_an_ask_that_is_never_answered_expires() -> None:
    """The deadline completes a reply that the receiver forgot."""
    async with open_system() as system:
        ref = await system.spawn_root("probe", lambda: Probe(Journal()))
        with pytest.raises(AskExpired):
            await ref.ask(Mute, timeout_s=7)


async def test_a_crash_completes_the_open_reply_and_deferred_ones() -> None:
    """An asker learns at once that its receiver failed, also when the answer was deferred."""
    waited_s: list[float] = []
    async with open_system() as system:
        refs = await spawn_group(system, {"child": Journal()})

        async def ask_mute() -> None:
            began_s = anyio.current_time()
            with pytest.raises(AskFailed):
                await refs["child"].ask(Mute, timeout_s=1000)
            waited_s.append(anyio.current_time() - began_s)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ask_mute)
            await anyio.sleep(1)
            refs["child"].tell(Boom())
    assert waited_s == [pytest.approx(1, abs=0.1)]


async def test_an_ask_cycle_is_raised_at_once() -> None:
    """An actor that would wait for itself through others gets AskCycle instead of a deadlock."""
    async with open_system() as system:
        refs = await spawn_group(system, {"a": Journal(), "b": Journal()})
        a, b = refs["a"], refs["b"]
        began_s = anyio.current_time()
        with pytest.raises(AskFailed):
            await a.ask(lambda reply: Forward(b, reply, a), timeout_s=50)
        assert anyio.current_time() - began_s < 1


def _no_reply(message: Note) -> Callable[[Reply[str]], Note]:
    return lambda _reply: message


async def test_an_ask_to_oneself_is_a_cycle() -> None:
    """The shortest cycle has one actor."""
    seen: list[BaseException] = []

    class Selfish(Actor[Note]):
        async def receive(self, message: Note) -> None:
            try:
                await self.ref.ask(_no_reply(message), timeout_s=5)
            except AskCycle as cycle:
                seen.append(cycle)

    async with open_system() as system:
        ref = await system.spawn_root("selfish", Selfish)
        ref.tell(Note("x"))
        await settle(lambda: bool(seen))


async def test_a_deadline_travels_with_nested_asks() -> None:
    """An actor that asks on behalf of an asker can't wait longer than that asker does."""
    async with open_system() as system:
        refs = await spawn_group(system, {"a": Journal(), "b": Journal()})
        refs["b"].tell(Sleep(30))
        began_s = anyio.current_time()
        with pytest.raises((AskExpired, AskFailed)):
            await refs["a"].ask(lambda reply: Forward(refs["b"], reply), timeout_s=4)
        assert anyio.current_time() - began_s == pytest.approx(4, abs=0.5)
        # The inner ask, which allowed itself 60 s, has ended as well: a is free again.
        assert await refs["a"].ask(lambda reply: Echo("free", reply), timeout_s=1) == "free"


async def test_a_trace_travels_with_the_messages_it_causes() -> None:
    """Whoever handles a consequence sees the trace id of its cause."""
    traces: list[str | None] = []

    class Relay(Actor[ProbeMessage]):
        def __init__(self, hops: int) -> None:
            self.hops = hops

        async def receive(self, message: ProbeMessage) -> None:
            traces.append(self.trace)
            assert current_trace() == self.trace
            if self.hops:
                self.spawn("next", lambda: Relay(self.hops - 1)).tell(message)

    async with open_system() as system:
        ref = await system.spawn_root("relay", lambda: Relay(1))
        ref.tell(Note("x"), trace="cause-1")
        await settle(lambda: len(traces) == 2)
    assert traces == ["cause-1", "cause-1"]


async def test_timers_go_ahead_of_waiting_messages() -> None:
    """The system lane is served before the user lane."""
    journal = Journal()
    async with open_system() as system:
        ref = await system.spawn_root("probe", lambda: Probe(journal))
        ref.tell(Remind(5, "timer"))
        ref.tell(Sleep(10))
        for _ in range(20):
            ref.tell(Note("queued"))
        await settle(lambda: len(journal.lines) == 23)
    assert journal.lines[:4] == ["started", "slept 10", "timer", "queued"]


async def test_a_timer_wakes_an_actor_that_has_nothing_to_do() -> None:
    """A timer needs no other message to be noticed, and comes in time."""
    journal = Journal()
    async with open_system() as system:
        ref = await system.spawn_root("probe", lambda: Probe(journal))
        ref.tell(Remind(3600, "an hour later"))
        await anyio.sleep(3599)
        assert journal.lines == ["started"]
        await anyio.sleep(2)
        assert journal.lines == ["started", "an hour later"]


async def test_a_busy_actor_leaves_turns_to_others() -> None:
    """With a full mailbox of quick messages, other tasks still get turns in between."""
    turns = 0
    journal = Journal()
    async with open_system() as system:
        ref = await system.spawn_root("probe", lambda: Probe(journal), capacity=4096)
        for _ in range(4000):
            ref.tell(Note("x"))
        while len(journal.lines) < 4000:
            await anyio.lowlevel.checkpoint()
            turns += 1
    assert turns >= 4000 // 64 - 2


async def test_a_batch_actor_gets_what_waits_at_once() -> None:
    """A batch holds all that is waiting, up to the limit, in order."""
    batches: list[list[str]] = []

    class Batcher(Actor[Note]):
        batch_max = 100

        async def receive_batch(self, messages: Sequence[Note]) -> None:
            batches.append([each.text for each in messages])
            await anyio.sleep(1)

    async with open_system() as system:
        ref = await system.spawn_root("batcher", Batcher, capacity=1000)
        for number in range(250):
            ref.tell(Note(str(number)))
        await settle(lambda: sum(map(len, batches)) == 250)
    assert [len(batch) for batch in batches] == [100, 100, 50]
    assert [text for batch in batches for text in batch] == [str(n) for n in range(250)]


async def test_an_ended_actor_takes_no_messages() -> None:
    """Telling or asking an actor that has ended raises ActorGone."""
    async with open_system() as system:
        ref = await system.spawn_root("probe", lambda: Probe(Journal()))
        await system.stop(5)
        with pytest.raises(ActorGone):
            ref.tell(Note("x"))
        with pytest.raises(ActorGone):
            await ref.ask(lambda reply: Echo("x", reply), timeout_s=1)


async def test_an_answered_ask_leaves_no_timer_until_its_deadline() -> None:
    """Asks with a deadline an hour away keep no more in memory than those that still wait."""
    async with open_system() as system:
        ref = await system.spawn_root("probe", lambda: Probe(Journal()))
        before = _timers()
        for _ in range(5_000):
            await ref.ask(lambda reply: Echo("x", reply), timeout_s=3_600)
        assert _timers() - before < 2_500


def _timers() -> int:
    """How many there are in this process; tests before this one may have left some."""
    return sum(isinstance(each, Timer) for each in gc.get_objects())
