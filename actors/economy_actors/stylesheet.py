"""The keeper of a channel's stylesheet: what is in force, and how it is replaced.

Promises: an empty text is never read and never written over (P-CSS-1); what the robot's store says
and what CyTube told last must agree; nothing is written while the bot's rank is not known to be
enough, since CyTube throws out who tries; a text counts as written only when CyTube tells it; and
whoever changed it in between is heard, not overwritten for good. One write at a time.
"""

from dataclasses import dataclass
from typing import Protocol, assert_never

import structlog

from economy_actors.context import Context
from economy_actors.messages.colours import (
    Overtaken,
    ReadStylesheet,
    SightLost,
    StylesheetMessage,
    StylesheetTold,
    WriteOverdue,
    WriteStylesheet,
    Written,
)
from economy_actors.outbox.protocol import SendFailed
from economy_actors.runtime import Actor, Reply, Timer
from kryten_economy.features.colours.rules import BOT_RANK_MIN, NotShown

__all__ = ("READ_AGAIN_S", "Styles", "Stylesheet", "out_of_reach")

READ_AGAIN_S = 0.2
"""The store follows an event a moment later, and an event may still wait in our mailbox."""
_READS_MAX = 4

_log = structlog.get_logger("stylesheet")


class Styles(Protocol):
    """The way to the robot."""

    async def stored_css(self, channel: str) -> str | None:
        """The text in the robot's store; None where none can be had. Never raises."""
        ...

    async def set_css(self, channel: str, css: str) -> None:
        """Have the robot replace it; raises SendFailed."""
        ...


def out_of_reach(context: Context, channel: str) -> NotShown | None:
    """Why the stylesheet can't be changed at the moment, as far as is known without looking."""
    if channel in context.robots_away():
        return NotShown.ROBOT_AWAY
    rank = context.bot_ranks.get(channel)
    if rank is None:
        return NotShown.RANK_UNKNOWN
    return NotShown.RANK_TOO_LOW if rank < BOT_RANK_MIN else None


@dataclass(slots=True)
class _Write:
    """A text that CyTube is to tell; ``theirs`` is what somebody else wrote meanwhile."""

    number: int
    css: str
    reply: Reply[Written | Overtaken | NotShown]
    timer: Timer
    theirs: str | None = None


class Stylesheet(Actor[StylesheetMessage]):
    """One per channel; waits for the store, and for nobody else."""

    def __init__(self, channel: str, context: Context, styles: Styles) -> None:
        self._channel = channel
        self._context = context
        self._styles = styles
        self._told: str | None = None
        self._write: _Write | None = None
        self._writes = 0

    async def receive(self, message: StylesheetMessage) -> None:
        """Note what CyTube tells; read and write for others."""
        match message:
            case StylesheetTold(css):
                self._heard(css)
            case SightLost():
                self._told = None
            case ReadStylesheet():
                await self._read(message)
            case WriteStylesheet():
                await self._replace(message)
            case WriteOverdue(number):
                self._overdue(number)
            case _:
                assert_never(message)

    async def _read(self, ask: ReadStylesheet) -> None:
        if self._channel in self._context.robots_away():
            # The store outlives the robot, and is old while it is away.
            ask.reply.send(NotShown.ROBOT_AWAY)
            return
        stored = await self._styles.stored_css(self._channel)
        if stored is not None and stored.strip() and self._told in {None, stored}:
            ask.reply.send(stored)
        elif ask.attempt < _READS_MAX:
            self.after(READ_AGAIN_S, ReadStylesheet(ask.reply, ask.attempt + 1))
        else:
            _log.warning(
                "the stylesheet can't be read and is left alone",
                channel=self._channel,
                stored="nothing" if stored is None else len(stored),
                told="nothing" if self._told is None else len(self._told),
                once_a_minute=self._channel,
            )
            ask.reply.send(NotShown.UNREADABLE)

    async def _replace(self, ask: WriteStylesheet) -> None:
        if (why := out_of_reach(self._context, self._channel)) is not None:
            ask.reply.send(why)
        elif self._write is not None:
            ask.reply.send(NotShown.BUSY)
        elif self._told not in {None, ask.over}:
            assert self._told is not None
            ask.reply.send(Overtaken(self._told, self._told))
        else:
            await self._send(ask)

    async def _send(self, ask: WriteStylesheet) -> None:
        self._writes += 1
        timer = self.after(ask.within_s, WriteOverdue(self._writes))
        self._write = _Write(self._writes, ask.css, ask.reply, timer)
        try:
            await self._styles.set_css(self._channel, ask.css)
        except SendFailed as failed:
            _log.warning("stylesheet not sent", channel=self._channel, error=str(failed))
            self._finish(NotShown.ROBOT_AWAY)

    def _heard(self, css: str) -> None:
        self._told = css
        write = self._write
        if write is None:
            return
        if css != write.css:
            write.theirs = css
        elif write.theirs is None:
            self._finish(Written())
        else:
            _log.info("the stylesheet was changed meanwhile", channel=self._channel)
            self._finish(Overtaken(write.theirs, css))

    def _overdue(self, number: int) -> None:
        if self._write is not None and self._write.number == number:
            _log.warning(
                "the stylesheet was written and CyTube has not told it", channel=self._channel
            )
            self._finish(NotShown.UNANSWERED)

    def _finish(self, answer: Written | Overtaken | NotShown) -> None:
        write, self._write = self._write, None
        assert write is not None
        write.timer.cancel()
        write.reply.send(answer)
