"""Asking without waiting, names used again, budgets, and lost messages in the log."""

from dataclasses import dataclass, field
from functools import partial

import anyio
import anyio.lowlevel
import pytest
import structlog
from tests.actors.runtime.helpers import (
    Boom,
    Echo,
    Journal,
    Mute,
    Note,
    Probe,
    ProbeMessage,
    Sleep,
    settle,
)

from economy_actors.runtime import (
    Actor,
    ActorGone,
    AskExpired,
    AskFailed,
    DeadLetterReason,
    MailboxFull,
    Observer,
    Ref,
    RuntimeFault,
    TooManyRequests,
    current_trace,
    open_system,
)


@dataclass(frozen=True, slots=True)
class Go:
    """Request an echo, or something that is not answered."""

    text: str
    muted: bool = False
    timeout_s: float = 30.0


@dataclass(frozen=True, slots=True)
class Answered:
    result: str | RuntimeFault


@dataclass(frozen=True, slots=True)
class Hold:
    seconds: float


AskerMessage = Go | Answered | Hold | Note | Boom


@dataclass(slots=True)
class Log:
    """What an asker got, with the trace and the actor's own path beside it."""

    answers: list[str | RuntimeFault] = field(default_factory=list)
    traces: list[str | None] = field(default_factory=list)
    order: list[str] = field(default_factory=list)
    made_for: list[str | None] = field(default_factory=list)
    refused: int = 0
    starts: int = 0


class Asker(Actor[AskerMessage]):
    """Requests things of ``to`` and writes down what comes back."""

    requests_max = 3

    def __init__(self, log: Log, to: Ref[ProbeMessage]) -> None:
        self.log = log
        self.to = to

    async def started(self) -> None:
        self.log.starts += 1

    async def receive(self, message: AskerMessage) -> None:
        match message:
            case Go(text, muted, timeout_s):
                make = Mute if muted else partial(Echo, text)
                try:
                    self.request(self.to, make, self._answer, timeout_s=timeout_s)
                except TooManyRequests:
                    self.log.refused += 1
            case Answered(result):
                self.log.answers.append(result)
                self.log.traces.append(self.trace)
                self.log.order.append("answer")
            case Hold(seconds):
                await anyio.sleep(seconds)
            case Note(text):
                self.log.order.append(text)
            case Boom(text):
                raise RuntimeError(text)

    def _answer(self, result: str | RuntimeFault) -> AskerMessage:
        self.log.made_for.append(current_trace())
        return Answered(result)


class House(Actor[ProbeMessage]):
    """An asker, and a probe that it asks."""

    def __init__(self, log: Log, journal: Journal, *, capacity: int = 64) -> None:
        self.log = log
        self.journal = journal
        self.capacity = capacity

    async def started(self) -> None:
        self.probe = self.spawn(
            "probe", partial(Probe, self.journal), capacity=self.capacity, kind="probe"
        )
        self.asker = self.spawn(
            "asker", partial(Asker, self.log, self.probe), capacity=4, idle_s=60, kind="asker"
        )

    async def receive(self, message: ProbeMessage) -> None:
        if isinstance(message, Note):
            await self.finish_child(self.probe)


@dataclass(slots=True)
class _Cast:
    house: House
    log: Log
    journal: Journal
    observer: Observer


async def _cast(system_observer: Observer, system: object, *, capacity: int = 64) -> _Cast:
    log, journal = Log(), Journal()
    houses: list[House] = []

    def build() -> House:
        houses.append(House(log, journal, capacity=capacity))
        return houses[-1]

    await system.spawn_root("house", build)  # type: ignore[attr-defined]
    await settle(lambda: log.starts == 1)
    return _Cast(houses[0], log, journal, system_observer)


async def test_a_request_is_answered_by_a_message_in_the_askers_own_task() -> None:
    """The asker goes on meanwhile; answer and trace come back into its own mailbox."""
    observer = Observer()
    async with open_system(observer=observer) as system:
        it = await _cast(observer, system)
        it.house.probe.tell(Sleep(5))
        it.house.asker.tell(Go("hello"), trace="cause")
        it.house.asker.tell(Note("meanwhile"))
        await settle(lambda: bool(it.log.answers))
    assert it.log.answers == ["hello"]
    assert it.log.order == ["meanwhile", "answer"]
    assert it.log.traces == it.log.made_for == ["cause"]


async def test_an_answer_needs_no_room_in_the_askers_mailbox() -> None:
    """An asker whose mailbox is full gets the answers to its requests all the same, first."""
    observer = Observer()
    async with open_system(observer=observer) as system:
        it = await _cast(observer, system)
        it.house.asker.tell(Go("a"))
        it.house.asker.tell(Hold(10))
        await anyio.sleep(1)
        while it.house.asker.offer(Note("queued")):
            pass
        await settle(lambda: len(it.log.order) == 5)
    assert it.log.answers == ["a"]
    assert it.log.order[0] == "answer"


async def test_a_request_waits_for_room_without_holding_its_asker() -> None:
    """A full receiver costs a request time; without room in time it is MailboxFull, not done."""
    observer = Observer()
    async with open_system(observer=observer) as system:
        it = await _cast(observer, system, capacity=1)
        it.house.probe.tell(Sleep(10))
        await anyio.sleep(1)
        it.house.probe.tell(Note("fills"))
        it.house.asker.tell(Go("never", timeout_s=3))
        it.house.asker.tell(Go("in time"))
        await anyio.sleep(1)
        assert (it.house.probe.waiting, it.house.probe.depth) == (2, 3)
        await settle(lambda: len(it.log.answers) == 2)
    assert isinstance(it.log.answers[0], MailboxFull)
    assert it.log.answers[1] == "in time"
    assert "never" not in it.journal.lines
    assert observer.dead_letters[DeadLetterReason.FULL] == 1


async def test_every_end_of_a_request_is_told() -> None:
    """Deadline, crash and stop of the receiver each come back as their fault."""
    observer = Observer()
    async with open_system(observer=observer) as system:
        it = await _cast(observer, system)
        it.house.asker.tell(Go("", muted=True, timeout_s=5))
        await settle(lambda: len(it.log.answers) == 1)
        it.house.asker.tell(Go("", muted=True))
        await anyio.sleep(1)
        it.house.probe.tell(Boom())
        await settle(lambda: len(it.log.answers) == 2)
        it.house.asker.tell(Go("", muted=True))
        await anyio.sleep(1)
        it.house.ref.tell(Note("end the probe"))
        await settle(lambda: len(it.log.answers) == 3)
        it.house.asker.tell(Go("nobody"))
        await settle(lambda: len(it.log.answers) == 4)
    kinds = [type(each) for each in it.log.answers]
    assert kinds == [AskExpired, AskFailed, AskFailed, ActorGone]


async def test_late_answers_of_a_restarted_asker_are_dead_letters() -> None:
    """An answer belongs to the generation that asked; the next one does not get it."""
    observer = Observer()
    async with open_system(observer=observer) as system:
        it = await _cast(observer, system)
        it.house.probe.tell(Sleep(5))
        it.house.asker.tell(Go("late"))
        it.house.asker.tell(Boom())
        await anyio.sleep(10)
    assert it.log.starts == 2
    assert it.log.answers == []
    assert "late" in it.journal.lines
    assert observer.dead_letters[DeadLetterReason.LATE] == 1


async def test_open_requests_are_bounded() -> None:
    """One more than the actor may have is refused; an answer makes room."""
    observer = Observer()
    async with open_system(observer=observer) as system:
        it = await _cast(observer, system)
        it.house.probe.tell(Sleep(5))
        for _ in range(4):
            it.house.asker.tell(Go("x"))
        await settle(lambda: len(it.log.answers) == 3)
        it.house.asker.tell(Go("again"))
        await settle(lambda: len(it.log.answers) == 4)
    assert it.log.refused == 1


async def test_an_actor_with_an_open_request_is_not_idle() -> None:
    """Passivation waits for the answer, and comes a whole idle time after it."""
    observer = Observer()
    async with open_system(observer=observer) as system:
        it = await _cast(observer, system)
        it.house.asker.tell(Go("", muted=True, timeout_s=200))
        await anyio.sleep(190)
        assert observer.stats("asker").live == 1
        await anyio.sleep(150)
        assert observer.stats("asker").passivated == 1
    assert [type(each) for each in it.log.answers] == [AskExpired]


async def test_a_stop_waits_for_the_answers_to_open_requests() -> None:
    """What an actor has asked for before a stop still reaches it."""
    observer = Observer()
    async with open_system(observer=observer) as system:
        log, journal, refs = Log(), Journal(), list[Ref[AskerMessage]]()

        class Above(Actor[ProbeMessage]):
            async def started(self) -> None:
                probe = self.spawn("probe", partial(Probe, journal))
                refs.append(self.spawn("group", partial(Below, probe)))  # type: ignore[arg-type]

        class Below(Actor[ProbeMessage]):
            def __init__(self, probe: Ref[ProbeMessage]) -> None:
                self.probe = probe

            async def started(self) -> None:
                refs.append(self.spawn("asker", partial(Asker, log, self.probe)))
                self.probe.tell(Sleep(2))

        await system.spawn_root("above", Above)
        await settle(lambda: log.starts == 1)
        refs[-1].tell(Go("kept"))
        await anyio.sleep(1)
        await system.stop(9)
    assert log.answers == ["kept"]


class Landlady(Actor[ProbeMessage]):
    """Ends a child and starts another of its name at once."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal

    def child(self) -> Ref[ProbeMessage]:
        return self.spawn("child", partial(Probe, self.journal))


@pytest.mark.parametrize("times", [1, 3])
async def test_a_name_that_is_being_ended_can_be_used_at_once(times: int) -> None:
    """The new one takes messages and starts after the old one's end; nobody fails."""
    journal = Journal()
    landladies: list[Landlady] = []

    def build() -> Landlady:
        landladies.append(Landlady(journal))
        return landladies[-1]

    async with open_system() as system:
        await system.spawn_root("landlady", build)
        (landlady,) = landladies
        ref = landlady.child()
        ref.tell(Sleep(2))
        await anyio.sleep(1)
        for number in range(times):
            landlady.stop_child(ref)
            ref = landlady.child()
            ref.tell(Note(f"new {number}"))
        await anyio.sleep(0.5)
        assert "new 0" not in journal.lines
        await settle(lambda: f"new {times - 1}" in journal.lines)
        ends = [line for line in journal.lines if line == "stopping"]
        assert len(ends) == times
        assert journal.lines[1:3] == ["slept 2", "stopping"]
        report = await system.stop(9)
    assert report.dropped == 0


async def test_a_stop_drains_those_who_wait_for_a_name() -> None:
    """A message told to a child that still waits for its name is handled before the end."""
    journal = Journal()
    landladies: list[Landlady] = []

    def build() -> Landlady:
        landladies.append(Landlady(journal))
        return landladies[-1]

    async with open_system() as system:
        await system.spawn_root("landlady", build)
        landlady = landladies[0]
        ref = landlady.child()
        ref.tell(Sleep(2))
        await anyio.sleep(1)
        landlady.stop_child(ref)
        landlady.child().tell(Note("last"))
        report = await system.stop(9)
    assert "last" in journal.lines
    assert report.dropped == 0


async def test_spawn_under_an_ended_parent_fails_nobody() -> None:
    """Who is too late gets a ref that leads nowhere; an offer to it is a dead letter."""
    observer, journal = Observer(), Journal()
    landladies: list[Landlady] = []

    def build() -> Landlady:
        landladies.append(Landlady(journal))
        return landladies[-1]

    async with open_system(observer=observer) as system:
        await system.spawn_root("landlady", build)
        await system.stop(5)
        assert not landladies[0].child().offer(Note("x"))
    assert observer.dead_letters[DeadLetterReason.GONE] == 1


async def test_a_flood_of_timers_leaves_turns_to_others() -> None:
    """The system lane has the same budget per turn as the user lane."""
    turns: list[int] = []
    handled: list[int] = []

    class Timed(Actor[Note]):
        async def started(self) -> None:
            for number in range(2000):
                self.after(1, Note(str(number)))

        async def receive(self, _message: Note) -> None:
            handled.append(1)
            if len(handled) == 1:
                tasks.start_soon(count)

    async def count() -> None:
        while len(handled) < 2000:
            turns.append(1)
            await anyio.lowlevel.checkpoint()

    async with open_system() as system, anyio.create_task_group() as tasks:
        await system.spawn_root("timed", Timed)
        await settle(lambda: len(handled) == 2000)
    assert len(turns) >= 2000 // 64 - 2


async def test_a_burst_of_dead_letters_is_one_line_with_a_count() -> None:
    """A thousand refusals of one kind are told in one line, later ones once a minute."""
    with structlog.testing.capture_logs() as lines:
        async with open_system() as system:
            ref = await system.spawn_root("probe", lambda: Probe(Journal()), capacity=1)
            ref.tell(Sleep(1000))
            await anyio.sleep(1)
            ref.tell(Note("fills"))
            for _ in range(1000):
                ref.offer(Note("x"))
            await anyio.sleep(2)
            for _ in range(500):
                ref.offer(Note("y"))
                await anyio.sleep(0.1)
            await anyio.sleep(20)
            counts = [each["count"] for each in lines if each["event"] == "message lost"]
    assert counts == [1000, 500]
