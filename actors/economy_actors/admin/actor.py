"""The actor behind ``kryten.economy.command``: it hands requests to desks that work side by side.

Nothing in a request can stop it. When more wait than can be answered in time, callers are told
at once.
"""

from functools import partial
from typing import ClassVar, Final

import anyio
import structlog

from economy_actors.admin.desk import REPLY_TIMEOUT_S, Desk, Replies, Work
from economy_actors.admin.envelope import Code, Refused, envelope
from economy_actors.admin.messages import AdminMessage
from economy_actors.admin.pool import Pool, Ticket
from economy_actors.context import World
from economy_actors.runtime import Actor, Ref, Supervision
from kryten_economy.commands import refusals

__all__ = ("ANSWER_TIMEOUT_S", "DESKS", "MAILBOX", "Admin")

DESKS: Final = 16
MAILBOX: Final = 1_024
ANSWER_TIMEOUT_S: Final = 4.0
"""Callers wait 5 s (`admin-api.md` 2, Time limit)."""

_log = structlog.get_logger("admin")


class Admin(Actor[AdminMessage]):
    """Owns the desks."""

    supervision: ClassVar[Supervision] = Supervision(drain_s=5.0)

    def __init__(self, world: World, bus: Replies) -> None:
        self._world = world
        self._bus = bus
        self._pool = Pool()
        self._desks: list[Ref[Work]] = []

    async def started(self) -> None:
        """Set up the desks."""
        for number in range(DESKS):
            desk = partial(Desk, number, self._world, self._bus, self._pool)
            self._desks.append(self.spawn(f"desk-{number}", desk, kind="desk"))

    async def receive(self, message: AdminMessage) -> None:
        """Put a request where the next free desk finds it."""
        ticket = Ticket(message, self.now_s() + ANSWER_TIMEOUT_S)
        if not self._pool.offer(ticket):
            await self._turn_away(message)
            return
        desk = self._pool.rouse()
        if desk is not None:
            self._desks[desk].offer(Work())

    async def _turn_away(self, message: AdminMessage) -> None:
        self._world.metrics.api_request("unknown", "error")
        _log.warning("too many requests are waiting, one was turned away", once_a_minute="")
        if not message.reply_to:
            return
        answer = envelope("", Refused(Code.UNAVAILABLE, refusals.busy()))
        try:
            with anyio.fail_after(REPLY_TIMEOUT_S):
                await self._bus.reply(message.reply_to, answer)
        except Exception as error:  # noqa: BLE001  # the edge: a broken bus must not stop the API
            _log.warning("answer not sent", error=repr(error), once_a_minute="")
