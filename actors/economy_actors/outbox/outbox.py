"""The outbox of one channel as a state machine: what is sent next, and when.

It has no task, clock or chance of its own: times come in as monotonic seconds. Promises: the more
urgent goes first, so a reply overtakes everything; each recipient's messages of one priority keep
their order; never faster than the pace; replies, results and paid lines are not dropped for want
of room; a reply without an echo is sent once more. The caller asks `next`, carries out a `Send`
and says `sent` or `failed` before it asks again.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from economy_actors.outbox.backlog import Backlog
from economy_actors.outbox.delivery import (
    Deliveries,
    OutgoingText,
    OwnLines,
    Report,
    report_loss,
)
from economy_actors.outbox.limits import SLOP_S, Limits, Pacer
from economy_actors.outbox.message import Line, Loss, Medium, Outgoing, Priority
from kryten_economy.config import Pace

__all__ = ("Outbox", "Send", "Wait")

_NEVER_S = float("inf")
_ATTEMPTS_MAX = 2
_THROTTLES_MAX = 3
_BACKOFF_MAX_S = 15.0


@dataclass(frozen=True, slots=True)
class Send:
    """Send this text now."""

    outgoing: OutgoingText


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to send before ``until_s``, unless something happens."""

    until_s: float


class Outbox:
    """All outgoing messages of one channel. ``chance`` gives numbers in [0, 1)."""

    def __init__(
        self, *, pace: Pace, limits: Limits, report: Report, chance: Callable[[], float]
    ) -> None:
        self._limits = limits
        self._report = report
        self._pacer = Pacer(pace, chance)
        self._deliveries = Deliveries()
        self._backlog = Backlog(limits, report, self._deliveries.forget)
        self._own = OwnLines()
        self._outstanding: OutgoingText | None = None
        self._away = False
        self._failures = 0
        self._hold_until_s = float("-inf")

    # What comes in from the service

    def offer(self, message: Outgoing, now_s: float) -> Loss | None:
        """Take a message; None if it will be sent, else why not (which is reported as well)."""
        return self._backlog.offer(message, now_s)

    def change(self, pace: Pace, limits: Limits) -> None:
        """Go on with other settings; what waits is sent by the new ones."""
        self._limits = limits
        self._pacer.change(pace)
        self._backlog.change(limits)

    # What is done about it

    def next(self, now_s: float) -> Send | Wait:
        """What to do now."""
        assert self._outstanding is None, "say sent or failed first"
        self._backlog.outage = self._away or self._failures > 0
        self._backlog.sweep(now_s)
        if self._away:
            return Wait(_NEVER_S)
        self._settle(now_s)
        echo_by_s = self._deliveries.deadline_s
        if not self._backlog:
            return Wait(echo_by_s)
        due_s = max(self._hold_until_s, self._pacer.ready_at_s())
        if due_s > now_s + SLOP_S:
            return Wait(min(due_s, echo_by_s))
        entry, line_at_s = self._backlog.choose(now_s, unpaced=self._pacer.unpaced)
        if entry is None:
            return Wait(min(line_at_s, echo_by_s))
        self._outstanding = self._backlog.take(entry, now_s)
        return Send(self._outstanding)

    def sent(self, now_s: float) -> None:
        """The text of the last `Send` is on its way."""
        outgoing = self._settled_send()
        self._failures = 0
        self._pacer.spend(now_s)
        if outgoing.medium is Medium.CHAT:
            self._backlog.line_sent(now_s)
            self._own.remember(outgoing.text, now_s)
        given_up = self._deliveries.sent(outgoing, now_s, now_s + self._limits.echo_timeout_s)
        if given_up is not None:
            self._give_up(given_up, Loss.NO_ECHO, now_s)

    def failed(self, now_s: float) -> None:
        """The text of the last `Send` could not be handed over: it stays first in its row."""
        outgoing = self._settled_send()
        self._failures += 1
        pause_s = min(_BACKOFF_MAX_S, 2.0 ** min(self._failures - 1, 10))
        self._hold_until_s = max(self._hold_until_s, now_s + pause_s)
        self._send_again(outgoing)

    def give_up(self, now_s: float) -> None:
        """Sending the text of the last `Send`, if any, broke the sender: it is not tried again."""
        outgoing, self._outstanding = self._outstanding, None
        if outgoing is not None:
            self._give_up(outgoing, Loss.SEND_FAILED, now_s)

    def _settled_send(self) -> OutgoingText:
        outgoing, self._outstanding = self._outstanding, None
        assert outgoing is not None, "nothing is being sent"
        return outgoing

    # What comes in from the channel

    def echoed(self, medium: Medium, to: str | None, text: str, now_s: float) -> bool:
        """The bot's own text came back, as typed; whether this service had sent it.

        A PM whose recipient is not known has ``to`` None.
        """
        outgoing = self._deliveries.match(medium, to, text)
        if outgoing is None:
            if medium is Medium.CHAT and self._own.has(text, now_s):
                return True
            self._pacer.overheard(now_s)
            return False
        self._pacer.echoed(outgoing.sent_at_s, now_s)
        self._report.echoed(max(0.0, now_s - outgoing.sent_at_s))
        self._backlog.withdraw(outgoing)
        message = outgoing.message
        if isinstance(message, Line) and message.receipt is not None and outgoing.last:
            self._report.receipt(message.receipt, said=True)
        return True

    def recently_sent(self, text: str, now_s: float) -> bool:
        """Whether a public line is one of the last 50 own ones of 60 s."""
        return self._own.has(text, now_s)

    def robot_gone(self) -> None:
        """Nothing sent from now on would arrive, and what is in flight may not have."""
        self._away = True

    def robot_back(self, now_s: float) -> None:
        """Messages arrive again. Late echoes are given time before anything is repeated.

        A robot that was killed shows only by its return: then nobody had said it was gone.
        """
        self._backlog.outage = True
        self._backlog.sweep(now_s, forced=True)
        self._away = False
        self._failures = 0
        for outgoing in self._deliveries.flying():
            if outgoing.outage_expires_at_s <= now_s:
                self._give_up(outgoing, Loss.EXPIRED, now_s)
        flying = self._deliveries.flying()
        for outgoing in flying:
            outgoing.attempt = 1
            outgoing.deadline_s = now_s + self._limits.return_grace_s
        self._hold_until_s = now_s + self._limits.return_grace_s if flying else now_s

    def throttled(self, now_s: float) -> None:
        """CyTube dropped something of the bot: pause, then repeat what has no echo by then."""
        self._pacer.throttled(now_s)
        self._hold_until_s = max(self._hold_until_s, now_s + self._limits.throttle_pause_s)
        for outgoing in self._deliveries.flying():
            outgoing.deadline_s = self._hold_until_s
            if not outgoing.throttled:
                outgoing.throttled = True
                outgoing.throttles += 1

    def audience(self, names: Iterable[str], now_s: float) -> None:
        """The full list of those present."""
        self._backlog.audience(names, now_s)

    def present(self, name: str) -> None:
        """Somebody has come."""
        self._backlog.present(name)

    def left(self, name: str, now_s: float) -> None:
        """Somebody has left: what waits for them is dropped, what is in flight not repeated."""
        self._backlog.left(name, now_s)
        for outgoing in self._deliveries.flying():
            outgoing.abandoned |= outgoing.recipient == name.lower()

    def pm_failed(self, name: str, now_s: float) -> None:
        """CyTube says that this user is not connected."""
        self.left(name, now_s)
        for outgoing in self._deliveries.flying():
            if outgoing.recipient == name.lower():
                self._give_up(outgoing, Loss.ABSENT, now_s)

    # How full it is

    @property
    def pms(self) -> int:
        """PMs waiting."""
        return self._backlog.pms

    @property
    def lines(self) -> int:
        """Public lines waiting."""
        return self._backlog.lines

    @property
    def unproven(self) -> int:
        """Texts in flight."""
        return len(self._deliveries)

    # Echoes that do not come, and what is given up

    def _settle(self, now_s: float) -> None:
        """Deal with the texts whose echo is overdue; those to be repeated keep their order."""
        repeated: list[OutgoingText] = []
        for outgoing in self._deliveries.overdue(now_s):
            loss = self._fate(outgoing, now_s)
            if loss is None:
                repeated.append(outgoing)
            else:
                self._give_up(outgoing, loss, now_s)
        for outgoing in reversed(repeated):
            self._report.repeated(outgoing.message.priority, outgoing.message.trace)
            self._send_again(outgoing)

    def _fate(self, outgoing: OutgoingText, now_s: float) -> Loss | None:
        """None to send it again, else why it is given up."""
        throttled, outgoing.throttled = outgoing.throttled, False
        if outgoing.abandoned:
            return Loss.ABSENT
        if outgoing.expires_at_s <= now_s:
            return Loss.EXPIRED
        if throttled:
            return None if outgoing.throttles <= _THROTTLES_MAX else Loss.NO_ECHO
        if outgoing.message.priority > Priority.RESULT or outgoing.attempt >= _ATTEMPTS_MAX:
            return Loss.NO_ECHO
        outgoing.attempt += 1
        return None

    def _send_again(self, outgoing: OutgoingText) -> None:
        self._deliveries.again(outgoing)
        self._backlog.put_back(outgoing)

    def _give_up(self, outgoing: OutgoingText, loss: Loss, now_s: float) -> None:
        """Give up a text that was sent."""
        self._deliveries.forget(outgoing)
        report_loss(self._report, outgoing.message, loss, now_s)
