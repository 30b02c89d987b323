"""How a supervisor brings a cell to a stop: in order, for a while, or at once.

`stop` closes the intake and lets the mailbox run empty; `suspend` ends the instance and keeps
the mailbox for the next one; `kill` and `abandon` wait for nothing.
"""

import anyio

from economy_actors.runtime.cell import Cell, State
from economy_actors.runtime.faults import AskFailed
from economy_actors.runtime.instance import Order

__all__ = ("abandon", "drain", "kill", "stop", "suspend")


def stop(cell: Cell) -> None:
    """Close the intake; the instance ends when its mailbox is empty."""
    if cell.state is State.ENDED or cell.stopping:
        return
    cell.accepting = False
    cell.stopping = True
    if cell.state is State.LIVE:
        cell.put_system(Order.STOP)
    elif cell.has_mail and cell.readiness.done:
        # Caught between a crash and its restart: what waits is still to be drained.
        cell.wake()
    else:
        cell.end()


async def drain(cell: Cell, deadline_s: float) -> None:
    """Stop and wait for the end; past the deadline the instance is cancelled."""
    if cell.state is State.ENDED:
        return
    ended = cell.ended = anyio.Event()
    stop(cell)
    with anyio.CancelScope(deadline=deadline_s):
        await ended.wait()
    if cell.scope is not None and not ended.is_set():
        cell.scope.cancel()
        await ended.wait()


async def suspend(cell: Cell, deadline_s: float) -> None:
    """Finish the current message and stop the instance; the mailbox stays."""
    if cell.state is not State.LIVE:
        return
    cell.put_system(Order.SUSPEND)
    finished = cell.finished = anyio.Event()
    with anyio.CancelScope(deadline=deadline_s):
        await finished.wait()
    if not finished.is_set() and cell.scope is not None:
        cell.scope.cancel()
        await finished.wait()


def kill(cell: Cell) -> None:
    """Cancel the instance now and end."""
    cell.accepting = False
    cell.stopping = True
    if cell.state is State.LIVE and cell.scope is not None:
        cell.scope.cancel()
    else:
        cell.end()


def abandon(cell: Cell) -> None:
    """End without an instance to care for, children first; the task group is gone."""
    if cell.family is not None:
        for child in list(cell.family.children.values()):
            abandon(child)
    for reply in cell.open_replies:
        reply.fail(AskFailed(cell.path))
    if cell.state is State.LIVE:
        cell.state = State.SUSPENDED
    cell.end()
