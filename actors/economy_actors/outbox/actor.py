"""The actor around an outbox: it sends what the state machine says, when it says so.

The state outlives the instance: after a crash the next one goes on with the same messages, except
the one whose sending broke it. A few texts are sent per turn, then the mailbox is looked at again,
so that a reply overtakes what waits also where nothing is paced. At the stop it drains.
"""

from collections.abc import Callable, Sequence
from typing import ClassVar, assert_never

import anyio
import structlog

from economy_actors.outbox.delivery import Depths, Meter, MeterReport, OutgoingText
from economy_actors.outbox.limits import Limits
from economy_actors.outbox.message import Line, Medium, Pm
from economy_actors.outbox.outbox import Outbox, Send, Wait
from economy_actors.outbox.protocol import (
    Bundle,
    Drain,
    DrainOver,
    Echoed,
    GoOn,
    Here,
    Left,
    OutboxMessage,
    PmFailed,
    Present,
    RobotBack,
    RobotGone,
    Sender,
    SendFailed,
    SettingsChanged,
    Throttled,
    Wake,
)
from economy_actors.runtime import Actor, Reply, Timer
from kryten_economy.config import Pace

__all__ = ("DRAIN_S", "OutboxActor", "outbox_factory")

DRAIN_S = 4.5
"""A little less than 5 s, when the supervisor cancels."""
_SENDS_PER_TURN = 8
_SEND_TIMEOUT_S = 5.0

_log = structlog.get_logger("outbox")


class OutboxActor(Actor[OutboxMessage]):
    """One per channel. ``foreign`` hears public lines of the bot that came from elsewhere.

    It is called with the text as typed, and must neither wait nor raise.
    """

    batch_max: ClassVar[int] = 64

    def __init__(
        self,
        channel: str,
        outbox: Outbox,
        sender: Sender,
        depths: Depths,
        foreign: Callable[[str], None] | None = None,
    ) -> None:
        self._channel = channel
        self._outbox = outbox
        self._sender = sender
        self._depths = depths
        self._foreign = foreign
        self._timer: Timer | None = None
        self._timer_at_s = float("inf")
        self._going_on = False
        self._drains: list[Reply[int]] = []

    async def started(self) -> None:
        """Go on with what an earlier instance left."""
        self._outbox.give_up(self.now_s())
        await self._pump()

    async def receive(self, message: OutboxMessage) -> None:
        """Handle a timer."""
        await self.receive_batch((message,))

    async def receive_batch(self, messages: Sequence[OutboxMessage]) -> None:
        """Take all messages first: then the most urgent of them goes first."""
        for message in messages:
            self._take(message)
        await self._pump()

    async def stopping(self) -> None:
        """Send what the pace lets through in `DRAIN_S`; the more urgent first."""
        until_s = self.now_s() + DRAIN_S
        while self._left:
            match self._outbox.next(self.now_s()):
                case Send(outgoing):
                    await self._ship(outgoing)
                case Wait(due_s) if due_s < until_s:
                    await anyio.sleep(due_s - self.now_s())
                case Wait():
                    break
        self._show_depth()
        if self._left:
            _log.warning("messages left unsent at the stop", channel=self._channel, left=self._left)

    @property
    def _left(self) -> int:
        return self._outbox.pms + self._outbox.lines

    def _take(self, message: OutboxMessage) -> None:
        now_s = self.now_s()
        match message:
            case Pm() | Line():
                self._outbox.offer(message, now_s)
            case Bundle(parts):
                for part in parts:
                    self._outbox.offer(part, now_s)
            case Wake():
                self._timer, self._timer_at_s = None, float("inf")
            case GoOn():
                self._going_on = False
            case SettingsChanged(pace, limits):
                self._outbox.change(pace, limits)
            case Drain(reply):
                self._drains.append(reply)
                self.after(DRAIN_S, DrainOver())
            case DrainOver():
                self._answer_drains()
            case _:
                self._learn(message, now_s)

    def _learn(
        self,
        fact: Echoed | RobotGone | RobotBack | Here | Present | Left | PmFailed | Throttled,
        now_s: float,
    ) -> None:
        match fact:
            case Echoed(medium, to, text):
                ours = self._outbox.echoed(medium, to, text, now_s)
                if not ours and medium is Medium.CHAT and self._foreign is not None:
                    self._foreign(text)
            case RobotGone():
                self._outbox.robot_gone()
            case RobotBack():
                self._outbox.robot_back(now_s)
            case Here(names):
                self._outbox.audience(names, now_s)
            case Present(name):
                self._outbox.present(name)
            case Left(name):
                self._outbox.left(name, now_s)
            case PmFailed(name):
                self._outbox.pm_failed(name, now_s)
            case Throttled():
                self._outbox.throttled(now_s)
            case _:
                assert_never(fact)

    async def _pump(self) -> None:
        """Send what may go now, a few texts at most, and see to it that the rest follows."""
        for _ in range(_SENDS_PER_TURN):
            match self._outbox.next(self.now_s()):
                case Send(outgoing):
                    await self._ship(outgoing)
                case Wait(until_s):
                    self._wake_at(until_s)
                    break
        else:
            self._go_on()
        self._show_depth()
        if self._drains and not self._left:
            self._answer_drains()

    async def _ship(self, outgoing: OutgoingText) -> None:
        failure: Exception | None = None
        # A bare scope: each text passes here, and `fail_after` costs thrice as much.
        with anyio.CancelScope(deadline=self.now_s() + _SEND_TIMEOUT_S) as sending:
            try:
                if outgoing.to is None:
                    await self._sender.chat(self._channel, outgoing.text)
                else:
                    await self._sender.pm(self._channel, outgoing.to, outgoing.text)
            except (SendFailed, OSError) as error:
                failure = error
        if sending.cancelled_caught:
            failure = TimeoutError(f"not sent within {_SEND_TIMEOUT_S:g} s")
        if failure is None:
            self._outbox.sent(self.now_s())
            return
        _log.warning(
            "sending failed, will be tried again", channel=self._channel, error=repr(failure)
        )
        self._outbox.failed(self.now_s())

    def _wake_at(self, until_s: float) -> None:
        if until_s >= self._timer_at_s:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at_s = until_s
        self._timer = self.after(max(0.0, until_s - self.now_s()), Wake())

    def _go_on(self) -> None:
        # A timer fires in another task's turn, so mail that waits already is taken before it.
        if not self._going_on:
            self._going_on = True
            self.after(0.0, GoOn())

    def _answer_drains(self) -> None:
        for reply in self._drains:
            reply.send(self._left)
        self._drains.clear()

    def _show_depth(self) -> None:
        self._depths.set(self._channel, self._outbox.pms, self._outbox.lines)


def outbox_factory(
    channel: str,
    *,
    pace: Pace,
    limits: Limits,
    sender: Sender,
    meter: Meter,
    depths: Depths,
    chance: Callable[[], float],
    foreign: Callable[[str], None] | None = None,
    told: Callable[[str, bool], None] | None = None,
) -> Callable[[], OutboxActor]:
    """What a supervisor needs to make a channel's outbox; restarts keep what waits in it.

    ``told`` hears of lines with a receipt whether they were said; it neither waits nor raises.
    """
    report = MeterReport(channel, meter, told)
    outbox = Outbox(pace=pace, limits=limits, report=report, chance=chance)
    return lambda: OutboxActor(channel, outbox, sender, depths, foreign)
