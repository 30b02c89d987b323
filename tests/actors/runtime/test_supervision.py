"""Restarts, escalation, watches, passivation and draining."""

from functools import partial

import anyio
import anyio.lowlevel
import pytest
from tests.actors.runtime.helpers import (
    Boom,
    Echo,
    Journal,
    Mute,
    Note,
    Parent,
    Passivate,
    Probe,
    ProbeMessage,
    Remind,
    Sleep,
    Watch,
    settle,
    spawn_group,
)

from economy_actors.runtime import (
    Actor,
    ActorGone,
    AskExpired,
    AskFailed,
    DeadLetterReason,
    Observer,
    Ref,
    RootFailed,
    Strategy,
    Supervision,
    open_system,
)


async def test_a_failed_actor_is_restarted_behind_the_same_ref_and_mailbox() -> None:
    """What waited behind the fatal message is handled by the new instance; siblings go on."""
    observer = Observer()
    one, two = Journal(), Journal()
    async with open_system(observer=observer) as system:
        refs = await spawn_group(system, {"one": one, "two": two})
        refs["one"].tell(Boom())
        refs["one"].tell(Note("after"))
        refs["two"].tell(Note("undisturbed"))
        await settle(lambda: "after" in one.lines)
    assert one.lines == ["started", "started", "after"]
    assert two.lines == ["started", "undisturbed"]
    assert observer.dead_letters[DeadLetterReason.CRASHED] == 1
    assert observer.stats("probe").restarts == 1


async def test_old_timers_do_not_reach_a_new_instance() -> None:
    """A timer belongs to the generation that set it."""
    journal = Journal()
    async with open_system() as system:
        refs = await spawn_group(system, {"one": journal})
        refs["one"].tell(Remind(5, "old timer"))
        refs["one"].tell(Boom())
        await anyio.sleep(10)
    assert journal.lines == ["started", "started"]


async def test_rest_for_one_restarts_what_was_started_later() -> None:
    """The failed child and those after it get new instances, those before keep theirs."""
    journals = {name: Journal() for name in ("first", "second", "third")}
    rules = Supervision(strategy=Strategy.REST_FOR_ONE)
    async with open_system() as system:
        refs = await spawn_group(system, journals, rules)
        refs["third"].tell(Note("kept"))
        refs["second"].tell(Boom())
        await anyio.sleep(1)
        refs["third"].tell(Note("works"))
        await settle(lambda: "works" in journals["third"].lines)
    assert journals["first"].lines == ["started"]
    assert journals["second"].lines == ["started", "started"]
    assert journals["third"].lines == ["started", "kept", "started", "works"]


async def test_backoff_grows_with_each_restart() -> None:
    """Restarts in a row are spaced by a pause that doubles."""
    journal = Journal(fail_starts=3)
    rules = Supervision(backoff_s=1.0, restarts_max=5)
    async with open_system() as system:
        await spawn_group(system, {"one": journal}, rules)
        await anyio.sleep(6.9)
        assert journal.lines == []
        await anyio.sleep(0.2)
        assert journal.lines == ["started"]


async def test_too_many_restarts_escalate_to_the_root_and_end_the_process() -> None:
    """The sixth failure within a minute is the parent's failure."""
    journal = Journal()
    async with open_system() as system:
        refs = await spawn_group(system, {"one": journal})
        for _ in range(6):
            refs["one"].tell(Boom())
        with pytest.raises(RootFailed), anyio.fail_after(60):
            await system.wait_failed()
    assert journal.lines == ["started"] * 6


async def test_rare_failures_never_escalate() -> None:
    """The same failures spread over more than the window are tolerated for ever."""
    journal = Journal()
    async with open_system() as system:
        refs = await spawn_group(system, {"one": journal})
        for _ in range(20):
            refs["one"].tell(Boom())
            await anyio.sleep(15)
        refs["one"].tell(Note("alive"))
        await settle(lambda: "alive" in journal.lines)


async def test_a_middle_supervisor_is_restarted_with_its_subtree_only() -> None:
    """Escalation stops at the first supervisor that can bear it; other subtrees do not notice."""
    left, right = Journal(), Journal()
    refs: dict[str, Ref[ProbeMessage]] = {}

    class Top(Actor[ProbeMessage]):
        async def started(self) -> None:
            refs["left_parent"] = self.spawn("left", lambda: Parent({"l": left}, refs))
            refs["right_parent"] = self.spawn("right", lambda: Parent({"r": right}, refs))

    async with open_system() as system:
        await system.spawn_root("top", Top)
        await settle(lambda: "l" in refs and "r" in refs)
        kept = refs["l"]
        refs["left_parent"].tell(Boom())
        await settle(lambda: len(left.lines) == 2)
        kept.tell(Note("same ref"))
        await settle(lambda: "same ref" in left.lines)
    assert right.lines == ["started"]


async def test_children_a_new_instance_does_not_want_are_ended() -> None:
    """After its parent's restart, an unclaimed child ends and its messages are dead letters."""
    journal = Journal()
    made: list[Ref[ProbeMessage]] = []

    class Fickle(Actor[ProbeMessage]):
        async def started(self) -> None:
            if not made:
                made.append(self.spawn("child", partial(Probe, journal)))

        async def receive(self, _message: ProbeMessage) -> None:
            raise RuntimeError

    class Top(Actor[ProbeMessage]):
        async def started(self) -> None:
            self.spawn("fickle", Fickle).tell(Note("x"))

    async with open_system() as system:
        await system.spawn_root("top", Top)
        await anyio.sleep(1)
        with pytest.raises(ActorGone):
            made[0].tell(Note("anyone?"))


async def test_a_new_instance_may_go_on_with_children_for_whom_messages_wait() -> None:
    """It learns their names while it starts; spawned again, they handle what waited."""
    journals = {"busy": Journal(), "idle": Journal()}
    known: list[tuple[str, ...]] = []
    refs: dict[str, Ref[ProbeMessage]] = {}

    class Keeper(Actor[ProbeMessage]):
        async def started(self) -> None:
            known.append(self.children_with_mail)
            for name in self.children_with_mail if known[1:] else journals:
                refs[name] = self.spawn(name, partial(Probe, journals[name]))

        async def receive(self, _message: ProbeMessage) -> None:
            refs["busy"].tell(Sleep(0.5))
            refs["busy"].tell(Note("waited"))
            await anyio.sleep(0.1)
            raise RuntimeError

    class Top(Actor[ProbeMessage]):
        async def started(self) -> None:
            self.spawn("keeper", Keeper).tell(Note("x"))

    async with open_system() as system:
        await system.spawn_root("top", Top)
        await settle(lambda: "waited" in journals["busy"].lines)
        with pytest.raises(ActorGone):
            refs["idle"].tell(Note("anyone?"))
    assert known == [(), ("busy",)]


async def test_a_watcher_is_told_exactly_once() -> None:
    """Ended comes once, for an actor that ends later and for one that already has."""
    watcher, mortal = Journal(), Journal()

    class Killer(Parent):
        async def receive(self, _message: ProbeMessage) -> None:
            await self.finish_child(self.refs["mortal"])

    refs: dict[str, Ref[ProbeMessage]] = {}
    async with open_system() as system:
        journals = {"watcher": watcher, "mortal": mortal}
        parent = await system.spawn_root("parent", lambda: Killer(journals, refs))
        refs["watcher"].tell(Watch(refs["mortal"]))
        await anyio.sleep(1)
        parent.tell(Note("kill"))
        await settle(lambda: len(watcher.ended) == 1)
        refs["watcher"].tell(Watch(refs["mortal"]))
        await anyio.sleep(5)
    assert [ended.ref for ended in watcher.ended] == [refs["mortal"]] * 2
    assert watcher.ended[0].failure is None


class Nursery(Actor[ProbeMessage]):
    """Has one lazy child that sleeps after ten idle minutes."""

    def __init__(self, journal: Journal, refs: list[Ref[ProbeMessage]]) -> None:
        self.journal = journal
        self.refs = refs

    async def started(self) -> None:
        self.refs.append(
            self.spawn("child", partial(Probe, self.journal), lazy=True, idle_s=600, kind="child")
        )


async def test_a_lazy_child_is_born_at_its_first_message() -> None:
    """Nothing runs for a user who never says anything."""
    observer, journal = Observer(), Journal()
    refs: list[Ref[ProbeMessage]] = []
    async with open_system(observer=observer) as system:
        await system.spawn_root("nursery", lambda: Nursery(journal, refs))
        await anyio.sleep(5)
        assert journal.lines == []
        assert observer.stats("child").live == 0
        refs[0].tell(Note("hello"))
        await settle(lambda: "hello" in journal.lines)
        assert observer.stats("child").live == 1


async def test_an_idle_actor_is_passivated_and_woken_by_the_next_message() -> None:
    """After ten idle minutes the instance is gone; its ref brings a new one to life."""
    observer, journal = Observer(), Journal()
    refs: list[Ref[ProbeMessage]] = []
    async with open_system(observer=observer) as system:
        await system.spawn_root("nursery", lambda: Nursery(journal, refs))
        refs[0].tell(Note("one"))
        await anyio.sleep(500)
        refs[0].tell(Note("two"))
        await anyio.sleep(590)
        assert observer.stats("child").live == 1
        await anyio.sleep(20)
        assert (observer.stats("child").live, observer.stats("child").passivated) == (0, 1)
        refs[0].tell(Note("three"))
        await settle(lambda: "three" in journal.lines)
        assert (observer.stats("child").live, observer.stats("child").passivated) == (1, 0)
    assert journal.lines == ["started", "one", "two", "started", "three"]


async def test_passivation_loses_no_message() -> None:
    """A message told in the same turn as the wish to sleep is handled all the same."""
    journal = Journal()
    refs: list[Ref[ProbeMessage]] = []
    async with open_system() as system:
        await system.spawn_root("nursery", lambda: Nursery(journal, refs))
        for number in range(200):
            refs[0].tell(Passivate())
            if number % 3:
                await anyio.lowlevel.checkpoint()
            refs[0].tell(Note(str(number)))
            if number % 5 == 0:
                await anyio.sleep(0.1)
        await settle(lambda: "199" in journal.lines)
    assert [line for line in journal.lines if line != "started"] == [str(n) for n in range(200)]


async def test_an_actor_with_an_open_reply_is_not_passivated() -> None:
    """Whoever still owes an answer stays awake until it is given or expired."""
    journal = Journal()
    refs: list[Ref[ProbeMessage]] = []
    observer = Observer()
    async with open_system(observer=observer) as system:
        await system.spawn_root("nursery", lambda: Nursery(journal, refs))
        async with anyio.create_task_group() as tasks:

            async def ask() -> None:
                with pytest.raises(Exception, match="child"):
                    await refs[0].ask(Mute, timeout_s=60)

            tasks.start_soon(ask)
            await anyio.sleep(1)
            refs[0].tell(Passivate())
            await anyio.sleep(1)
            assert observer.stats("child").live == 1


async def test_drain_handles_what_waits_then_stops_children_in_reverse_order() -> None:
    """A stop closes the intake, empties every mailbox, and says farewell from the leaves up."""
    farewells: list[str] = []

    class Polite(Probe):
        def __init__(self, name: str, journal: Journal) -> None:
            super().__init__(journal)
            self.name = name

        async def stopping(self) -> None:
            farewells.append(self.name)

    journals = {"a": Journal(), "b": Journal()}
    refs: dict[str, Ref[ProbeMessage]] = {}

    class House(Actor[ProbeMessage]):
        supervision = Supervision(strategy=Strategy.REST_FOR_ONE)

        async def started(self) -> None:
            for name, journal in journals.items():
                refs[name] = self.spawn(name, partial(Polite, name, journal))

        async def stopping(self) -> None:
            farewells.append("house")

    async with open_system() as system:
        await system.spawn_root("house", House)
        for number in range(30):
            refs["a"].tell(Note(str(number)))
            refs["b"].tell(Note(str(number)))
        report = await system.stop(10)
    assert farewells == ["b", "a", "house"]
    assert journals["a"].lines[1:] == [str(number) for number in range(30)]
    assert (report.drained, report.dropped) == (60, 0)


async def test_an_order_that_meets_a_receiver_on_its_way_to_sleep_is_noticed() -> None:
    """No gap between looking into the mailbox and sleeping on it can swallow a stop order."""
    for turns in range(12):
        async with open_system() as system:
            await system.spawn_root("probe", lambda: Probe(Journal()))
            for _ in range(turns):
                await anyio.lowlevel.checkpoint()
            assert (await system.stop(5)).seconds < 1


async def test_a_child_that_does_not_drain_in_time_is_cancelled_and_reported() -> None:
    """Past its deadline a stuck actor is cancelled; what it left is counted as dropped."""
    rules = Supervision(drain_s=2)
    async with open_system() as system:
        refs = await spawn_group(system, {"stuck": Journal()}, rules)
        refs["stuck"].tell(Sleep(1000))
        refs["stuck"].tell(Note("never"))
        await anyio.sleep(1)
        began_s = anyio.current_time()
        report = await system.stop(9)
        assert anyio.current_time() - began_s < 3
    assert report.dropped == 2


async def test_a_crash_while_draining_costs_one_message_only() -> None:
    """The rest of a mailbox is drained by a new instance at once."""
    journal = Journal()
    async with open_system() as system:
        refs = await spawn_group(system, {"one": journal})
        await anyio.sleep(0.1)
        for message in (Note("1"), Boom(), Note("2"), Boom(), Note("3")):
            refs["one"].tell(message)
        report = await system.stop(9)
    assert [line for line in journal.lines if line.isdigit()] == ["1", "2", "3"]
    assert report.drained == 3


async def test_a_stop_after_everything_was_cancelled_ends_at_once() -> None:
    """Where the whole tree was cancelled from outside, draining has nothing to wait for."""
    stopped_after_s: list[float] = []
    with anyio.CancelScope() as outside:
        async with open_system() as system:
            refs = await spawn_group(system, {"one": Journal()})
            refs["one"].tell(Sleep(1000))
            await anyio.sleep(1)
            outside.cancel()
            try:
                await anyio.sleep(1)
            finally:
                with anyio.CancelScope(shield=True):
                    # The others see the cancellation first.
                    await anyio.sleep(0.1)
                    began_s = anyio.current_time()
                    await system.stop(9)
                    stopped_after_s.append(anyio.current_time() - began_s)
    assert stopped_after_s == [pytest.approx(0, abs=0.1)]


async def test_asks_of_a_stopped_actor_fail_at_once() -> None:
    """A stop completes the replies it cuts off."""
    async with open_system() as system:
        refs = await spawn_group(system, {"one": Journal()}, Supervision(drain_s=1))
        failed: list[bool] = []

        async def ask() -> None:
            with pytest.raises(AskFailed):
                await refs["one"].ask(lambda reply: Echo("x", reply), timeout_s=500)
            failed.append(anyio.current_time() < 100)

        refs["one"].tell(Sleep(1000))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ask)
            await anyio.sleep(1)
            await system.stop(9)
    assert len(failed) == 1


async def test_a_root_that_cannot_start_is_a_failure_of_the_process() -> None:
    """spawn_root raises instead of returning a dead tree."""
    async with open_system() as system:
        with pytest.raises(RootFailed):
            await system.spawn_root("probe", lambda: Probe(Journal(fail_starts=1)))


async def test_statistics_tell_depth_age_and_handling() -> None:
    """Per class of actor: messages waiting, the age of the oldest, and time spent."""
    observer = Observer()
    async with open_system(observer=observer) as system:
        refs = await spawn_group(system, {"one": Journal()})
        system.observer = observer
        refs["one"].tell(Sleep(10))
        await anyio.sleep(1)
        refs["one"].tell(Note("waits"))
        refs["one"].tell(Note("waits too"))
        await anyio.sleep(4)
        depth, age_s = system.depths()["probe"]
        assert depth == 2
        assert age_s == pytest.approx(4, abs=0.1)
        await anyio.sleep(10)
        assert system.depths()["probe"] == (0, 0.0)
    assert observer.stats("probe").handled == 3
    assert sum(observer.stats("probe").buckets) == 3


async def test_an_answer_given_later_does_not_keep_an_actor_awake() -> None:
    """Once what was left open is answered or expired, the actor may sleep like any other."""
    observer = Observer()
    refs: list[Ref[ProbeMessage]] = []
    async with open_system(observer=observer) as system:
        await system.spawn_root("nursery", lambda: Nursery(Journal(), refs))
        with pytest.raises(AskExpired):
            await refs[0].ask(Mute, timeout_s=5)
        await anyio.sleep(700)
        assert observer.stats("child").passivated == 1
