"""Back pressure: who waits, who goes on, and what overtakes whom; on both backends."""

from dataclasses import dataclass, field

import anyio
import anyio.lowlevel
import pytest

from economy_actors.backlog import ALL_LINES_MAX, LINES_MAX, Backlog, Gate
from economy_actors.gateway import intake as lanes_module
from economy_actors.gateway.intake import Lanes

pytestmark = pytest.mark.anyio


@dataclass
class Message:
    """What lanes see of a message of the bus."""

    subject: str
    data: bytes


CHAT = "kryten.events.cytube.c.chatmsg"
PM = "kryten.events.cytube.c.pm"


@dataclass
class Channel:
    """One channel's lanes, behind a gate for chat."""

    gate: Gate = field(default_factory=Gate)
    heard: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.lanes = Lanes(self._handle)

    async def _handle(self, msg: Message) -> None:
        if msg.subject == CHAT:
            await self.gate.wait_open()
        self.heard.append(msg.data)

    async def feed(self, *messages: Message) -> None:
        """Everything in order, as one subscription of the bus does."""
        for each in messages:
            await self.lanes.in_order(each)


on_the_loop_of_the_bus = pytest.mark.parametrize("anyio_backend", ["asyncio"])
"""The bus library runs on asyncio, and a lane's wait uses its timers."""


async def test_an_open_gate() -> None:
    """Nobody waits at an open gate, and opening it again is nothing."""
    gate = Gate()
    gate.open()
    with anyio.fail_after(1):
        await gate.wait_open()
    assert gate.is_open


async def test_a_closed_gate() -> None:
    """Whoever comes while it is closed waits until it opens, however often it was closed."""
    gate, passed = Gate(), []

    async def come(number: int) -> None:
        await gate.wait_open()
        passed.append(number)

    gate.close()
    gate.close()
    async with anyio.create_task_group() as tasks:
        for number in range(3):
            tasks.start_soon(come, number)
        await anyio.wait_all_tasks_blocked()
        assert not passed
        assert not gate.is_open
        gate.open()
    assert sorted(passed) == [0, 1, 2]


async def test_nothing_is_lost_at_a_gate_that_flaps() -> None:
    """Lines pass in order and each once, however often the gate closes between them."""
    channel = Channel()
    lines = [Message(CHAT, b"%d" % number) for number in range(50)]
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(channel.feed, *lines)
        while len(channel.heard) < 50:
            channel.gate.close()
            await anyio.wait_all_tasks_blocked()
            channel.gate.open()
            await anyio.lowlevel.checkpoint()
    assert channel.heard == [each.data for each in lines]


@on_the_loop_of_the_bus
async def test_private_messages_go_past_a_closed_gate() -> None:
    """While chat waits, PMs are handled, in order and each once; afterwards all lines are there."""
    channel = Channel()
    channel.gate.close()
    pms = [Message(PM, b"pm %d" % number) for number in range(5)]
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(channel.feed, *[Message(CHAT, b"a"), *pms, Message(CHAT, b"b")])
        with anyio.fail_after(5):
            for each in pms:
                await channel.lanes.ahead(each)
        assert channel.heard == [each.data for each in pms]
        channel.gate.open()
    assert channel.heard == [*(each.data for each in pms), b"a", b"b"]


@on_the_loop_of_the_bus
async def test_private_messages_keep_their_place() -> None:
    """As long as nothing is held up a PM is handled after what came before it, and once."""
    channel = Channel()
    pm = Message(PM, b"pm")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(channel.lanes.ahead, pm)
        await anyio.wait_all_tasks_blocked()
        assert not channel.heard
        await channel.feed(Message(CHAT, b"a"), pm, Message(CHAT, b"b"))
    assert channel.heard == [b"a", b"pm", b"b"]


@on_the_loop_of_the_bus
async def test_order_is_back_after_a_burst() -> None:
    """When the queue has been worked off, PMs keep their place again."""
    channel = Channel()
    first, second = Message(PM, b"first"), Message(PM, b"second")
    await channel.lanes.ahead(first)
    await channel.feed(Message(CHAT, b"a"), first)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(channel.lanes.ahead, second)
        await anyio.wait_all_tasks_blocked()
        await channel.feed(Message(CHAT, b"b"), second)
    assert channel.heard == [b"first", b"a", b"b", b"second"]


@on_the_loop_of_the_bus
async def test_a_lost_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    """If one lane's copy is lost with the connection the PM is handled all the same."""
    monkeypatch.setattr(lanes_module, "_WAITS_S", 0.01)
    channel = Channel()
    await channel.lanes.ahead(Message(PM, b"only by its own lane"))
    await channel.feed(Message(PM, b"only in order"))
    channel.lanes.forget()
    await channel.feed(Message(PM, b"x"))
    await channel.lanes.ahead(Message(PM, b"x"))
    assert channel.heard == [b"only by its own lane", b"only in order", b"x"]


async def test_equal_messages_count_each() -> None:
    """Two PMs with the very same body are two."""
    channel = Channel()
    pm = Message(PM, b"same")
    await channel.feed(pm, pm)
    await channel.lanes.ahead(pm)
    await channel.lanes.ahead(pm)
    assert channel.heard == [b"same", b"same"]


async def test_what_lanes_remember_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Copies that never come fill no memory."""
    monkeypatch.setattr(lanes_module, "_REMEMBERED_MAX", 10)
    channel = Channel()
    await channel.feed(*(Message(PM, b"%d" % number) for number in range(100)))
    assert len(channel.lanes._seen_in_order) == 10
    assert len(channel.heard) == 100


def goes_on(backlog: Backlog) -> bool:
    """Whether the bus may bring more."""
    return backlog.gate.is_open


async def test_channels_with_few_lines_each_fill_the_backlog_together() -> None:
    """What is taken in is bounded over all channels, and goes on when most of it is booked."""
    backlog = Backlog()
    channels = [f"c{number}" for number in range(ALL_LINES_MAX // 10)]
    for number in range(ALL_LINES_MAX):
        assert goes_on(backlog), number
        backlog.taken(channels[number % len(channels)])
    assert not goes_on(backlog)
    for channel in channels:
        for _ in range(10):
            backlog.heard(channel)
        backlog.booked(channel, 10)
    assert goes_on(backlog)
    assert backlog.total == 0


async def test_lines_that_got_lost_do_not_keep_the_gate_closed() -> None:
    """A channel that is at rest has nothing left, whatever was counted; others keep theirs."""
    backlog = Backlog()
    for _ in range(LINES_MAX):
        backlog.taken("burst")
        backlog.heard("burst")
    backlog.taken("calm")
    assert not goes_on(backlog)
    backlog.settled("burst")
    assert goes_on(backlog)
    assert (backlog.of("burst"), backlog.of("calm"), backlog.total) == (0, 1, 1)


async def test_what_is_booked_without_having_been_taken_counts_for_nothing() -> None:
    """No count falls below zero, so that none of it lets more in later on."""
    backlog = Backlog()
    backlog.booked("c", 100)
    backlog.heard("c")
    backlog.taken("c")
    assert (backlog.of("c"), backlog.total) == (1, 1)
