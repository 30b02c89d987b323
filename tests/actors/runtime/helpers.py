"""Small actors with which the runtime's contract is tried out."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import assert_never

import anyio

from economy_actors.runtime import Actor, ActorSystem, Ended, Ref, Reply, Supervision


@dataclass(frozen=True, slots=True)
class Note:
    text: str


@dataclass(frozen=True, slots=True)
class Boom:
    text: str = "boom"


@dataclass(frozen=True, slots=True)
class Sleep:
    seconds: float


@dataclass(frozen=True, slots=True)
class Echo:
    text: str
    reply: Reply[str]


@dataclass(frozen=True, slots=True)
class Mute:
    """An ask that is never answered by the handler itself."""

    reply: Reply[str]


@dataclass(frozen=True, slots=True)
class Remind:
    seconds: float
    text: str


@dataclass(frozen=True, slots=True)
class Forward:
    """Ask ``to`` for an echo and pass its answer on."""

    to: "Ref[ProbeMessage]"
    reply: Reply[str]
    forward_to: "Ref[ProbeMessage] | None" = None


@dataclass(frozen=True, slots=True)
class Watch:
    ref: "Ref[ProbeMessage]"


@dataclass(frozen=True, slots=True)
class Passivate:
    pass


ProbeMessage = Note | Boom | Sleep | Echo | Mute | Remind | Forward | Watch | Passivate


@dataclass(slots=True)
class Journal:
    """What an actor went through, over all its instances."""

    lines: list[str] = field(default_factory=list)
    ended: list[Ended] = field(default_factory=list)
    fail_starts: int = 0


class Probe(Actor[ProbeMessage]):
    """Does what it is told and writes it down."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal

    async def started(self) -> None:
        if self.journal.fail_starts:
            self.journal.fail_starts -= 1
            raise RuntimeError("cannot start")
        self.journal.lines.append("started")

    async def receive(self, message: ProbeMessage) -> None:
        match message:
            case Note(text):
                self.journal.lines.append(text)
            case Boom(text):
                raise RuntimeError(text)
            case Sleep(seconds):
                await anyio.sleep(seconds)
                self.journal.lines.append(f"slept {seconds}")
            case Echo(text, reply):
                self.journal.lines.append(text)
                reply.send(text)
            case Mute():
                self.journal.lines.append("mute")
            case Remind(seconds, text):
                self.after(seconds, Note(text))
            case Forward(to, reply, forward_to):
                reply.send(await self._forward(to, forward_to))
            case Watch(ref):
                self.watch(ref)
            case Passivate():
                self.passivate()
            case _:
                assert_never(message)

    async def _forward(self, to: Ref[ProbeMessage], onwards: Ref[ProbeMessage] | None) -> str:
        if onwards is not None:
            return await to.ask(lambda reply: Forward(onwards, reply), timeout_s=60)
        return await to.ask(lambda reply: Echo("forwarded", reply), timeout_s=60)

    async def on_ended(self, ended: Ended) -> None:
        self.journal.ended.append(ended)

    async def stopping(self) -> None:
        self.journal.lines.append("stopping")


class Parent(Actor[ProbeMessage]):
    """Starts one probe per journal; hands out their refs."""

    def __init__(self, journals: dict[str, Journal], refs: dict[str, Ref[ProbeMessage]]) -> None:
        self.journals = journals
        self.refs = refs

    async def started(self) -> None:
        for name, journal in self.journals.items():
            self.refs[name] = self.spawn(name, partial(Probe, journal), kind="probe")

    async def receive(self, message: ProbeMessage) -> None:
        match message:
            case Boom(text):
                raise RuntimeError(text)
            case _:
                pass


async def spawn_group(
    system: ActorSystem, journals: dict[str, Journal], rules: Supervision | None = None
) -> dict[str, Ref[ProbeMessage]]:
    """A parent with one probe per journal; returns the refs, the parent's under ``parent``."""
    refs: dict[str, Ref[ProbeMessage]] = {}
    parent = Parent if rules is None else parent_with(rules)
    refs["parent"] = await system.spawn_root("parent", lambda: parent(journals, refs))
    return refs


def parent_with(rules: Supervision) -> type[Parent]:
    """A parent class with its own supervision rules."""
    return type("RuledParent", (Parent,), {"supervision": rules})


async def settle(condition: Callable[[], bool], within_s: float = 30.0) -> None:
    """Let others run until the condition holds."""
    with anyio.fail_after(within_s):
        while not condition():  # noqa: ASYNC110  # a test looks from outside, nobody signals it
            await anyio.sleep(0.001)
