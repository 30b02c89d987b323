"""The mailbox by itself: room, order and waking."""

import anyio

from economy_actors.runtime.mailbox import Envelope, Mailbox


def _letter(text: str) -> Envelope:
    return Envelope(text, None, float("inf"), None, (), 0.0)


def _taken(mailbox: Mailbox) -> list[object]:
    taken = []
    while (envelope := mailbox.take()) is not None:
        taken.append(envelope.message)
    return taken


async def test_who_waits_for_room_comes_before_later_tellers() -> None:
    """Room that becomes free belongs to the sender who has waited longest."""
    mailbox = Mailbox(1)
    assert mailbox.offer(_letter("first"))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(mailbox.put, _letter("second"))
        await anyio.wait_all_tasks_blocked()
        tasks.start_soon(mailbox.put, _letter("third"))
        await anyio.wait_all_tasks_blocked()
        assert mailbox.depth == 3
        first = mailbox.take()
        assert first is not None
        assert first.message == "first"
        assert not mailbox.offer(_letter("late"))
        assert _taken(mailbox) == ["second", "third"]
    assert mailbox.idle


async def test_who_gives_up_waiting_for_room_leaves_nothing_behind() -> None:
    """A sender that is cancelled before there was room has sent nothing."""
    mailbox = Mailbox(1)
    assert mailbox.offer(_letter("first"))
    with anyio.move_on_after(0.01):
        await mailbox.put(_letter("second"))
    assert mailbox.depth == 1
    assert _taken(mailbox) == ["first"]


async def test_closing_hands_back_everything() -> None:
    """What waits when a mailbox closes is returned, and nobody waits for room any more."""
    mailbox = Mailbox(1)
    assert mailbox.offer(_letter("first"))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(mailbox.put, _letter("second"))
        await anyio.wait_all_tasks_blocked()
        assert [each.message for each in mailbox.close()] == ["first", "second"]


async def test_the_system_lane_wakes_and_goes_ahead() -> None:
    """A receiver that sleeps is woken by either lane, and the system lane comes first."""
    mailbox = Mailbox(2)
    found: list[object] = []

    async def receive() -> None:
        await mailbox.wait()
        found.append(mailbox.system[0])

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(receive)
        await anyio.wait_all_tasks_blocked()
        assert mailbox.offer(_letter("user"))
        mailbox.put_system("system")
    assert found == ["system"]
    mailbox.system.clear()
    again = mailbox.take()
    assert again is not None
    assert again.message == "user"
