"""Work beside the mailbox: it lives and dies with its instance."""

import anyio
from tests.actors.runtime.helpers import settle

from economy_actors.runtime import Actor, Observer, Ref, open_system
from economy_actors.runtime.actor import current_trace


class Worker(Actor[str]):
    """Notes what happens to it; "boom" fails its receive, "fail" its work."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self._failing = anyio.Event()

    async def started(self) -> None:
        self._lines.append("started")

    async def work(self) -> None:
        self._lines.append(f"working on behalf of {current_trace()}")
        try:
            await self._failing.wait()
            raise RuntimeError("work failed")
        finally:
            self._lines.append("work ended")

    async def receive(self, message: str) -> None:
        if message == "boom":
            raise RuntimeError("receive failed")
        if message == "fail":
            self._failing.set()
        self._lines.append(message)

    async def stopping(self) -> None:
        self._lines.append("stopping")


class Over(Worker):
    async def work(self) -> None:
        self._lines.append("nothing to do")


class Parent(Actor[str]):
    def __init__(self, lines: list[str], kind: type[Worker] = Worker) -> None:
        self._lines = lines
        self._kind = kind
        self.child: Ref[str]

    async def started(self) -> None:
        self.child = self.spawn("worker", lambda: self._kind(self._lines))

    async def receive(self, message: str) -> None:
        self.child.tell(message, trace="somebody")


async def test_work_runs_beside_messages_and_ends_with_the_instance() -> None:
    """Messages are handled meanwhile, and the work is there until the farewell is said."""
    lines: list[str] = []
    async with open_system() as system:
        parent = await system.spawn_root("parent", lambda: Parent(lines))
        parent.tell("hello")
        await settle(lambda: "hello" in lines)
        await system.stop(5)
    assert lines == ["started", "working on behalf of None", "hello", "stopping", "work ended"]


async def test_failing_work_restarts_the_actor() -> None:
    """It fails the instance as a message would, and the next one works anew."""
    lines: list[str] = []
    observer = Observer()
    async with open_system(observer=observer) as system:
        parent = await system.spawn_root("parent", lambda: Parent(lines))
        parent.tell("fail")
        await settle(lambda: lines.count("started") == 2)
        parent.tell("after")
        await settle(lambda: "after" in lines)
        await system.stop(5)
    assert observer.stats("worker").restarts == 1
    assert lines.count("work ended") == 2


async def test_a_failing_message_ends_the_work() -> None:
    """The work of the instance that failed is over before the next one begins."""
    lines: list[str] = []
    async with open_system() as system:
        parent = await system.spawn_root("parent", lambda: Parent(lines))
        parent.tell("boom")
        await settle(lambda: lines.count("started") == 2)
        await system.stop(5)
    assert lines[:4] == ["started", "working on behalf of None", "work ended", "started"]


async def test_work_may_end_before_its_instance() -> None:
    """Whoever has nothing more to do beside goes on taking messages."""
    lines: list[str] = []
    async with open_system() as system:
        parent = await system.spawn_root("parent", lambda: Parent(lines, Over))
        await settle(lambda: "nothing to do" in lines)
        parent.tell("hello")
        await settle(lambda: "hello" in lines)
        await system.stop(5)
    assert lines == ["started", "nothing to do", "hello", "stopping"]
