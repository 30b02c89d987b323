"""A recording report, and a loop that drives an outbox on a made-up clock."""

from collections.abc import Callable
from dataclasses import dataclass, field

from economy_actors.outbox.limits import Limits
from economy_actors.outbox.message import Line, LineKind, Loss, Medium, Pm, Priority
from economy_actors.outbox.outbox import Outbox, Send, Wait
from kryten_economy.config import Pace

UNPACED = Pace.gap(0.0, 0.0)


@dataclass
class Told:
    """Everything an outbox reported."""

    waits: list[tuple[Priority, float]] = field(default_factory=list)
    echoes: list[float] = field(default_factory=list)
    repeats: list[Priority] = field(default_factory=list)
    losses: list[tuple[Medium, Loss]] = field(default_factory=list)
    lost_at_s: list[float] = field(default_factory=list)
    traces: list[str | None] = field(default_factory=list)
    receipts: list[tuple[str, bool]] = field(default_factory=list)

    def waited(self, priority: Priority, wait_s: float) -> None:
        self.waits.append((priority, wait_s))

    def echoed(self, delay_s: float) -> None:
        self.echoes.append(delay_s)

    def repeated(self, priority: Priority, trace: str | None) -> None:
        self.repeats.append(priority)
        self.traces.append(trace)

    def lost(self, medium: Medium, loss: Loss, now_s: float, trace: str | None) -> None:
        self.losses.append((medium, loss))
        self.lost_at_s.append(now_s)
        self.traces.append(trace)

    def receipt(self, receipt: str, *, said: bool) -> None:
        self.receipts.append((receipt, said))

    def count(self, loss: Loss) -> int:
        return sum(each is loss for _, each in self.losses)


@dataclass(frozen=True)
class Sent:
    """One text that went out."""

    at_s: float
    to: str | None
    text: str


class OutboxDriver:
    """An outbox with its report, a clock, and a channel that echoes what it is sent."""

    def __init__(
        self,
        *,
        pace: Pace | None = None,
        limits: Limits | None = None,
        chance: Callable[[], float] = lambda: 0.0,
        echoing: bool = True,
    ) -> None:
        self.told = Told()
        self.limits = limits or Limits()
        self.outbox = Outbox(
            pace=pace or Pace.bucket(8, 4.0), limits=self.limits, report=self.told, chance=chance
        )
        self.now_s = 1000.0
        self.echoing = echoing
        self.sent: list[Sent] = []

    def pm(self, to: str, text: str, priority: Priority = Priority.REPLY) -> Loss | None:
        merge = priority > Priority.RESULT
        return self.outbox.offer(Pm(to, text, priority, merge=merge), self.now_s)

    def say(self, text: str, kind: LineKind = LineKind.ORDINARY) -> Loss | None:
        return self.outbox.offer(Line(text, kind), self.now_s)

    def step(self) -> Wait | None:
        """Do one thing now; None if a text went out."""
        match self.outbox.next(self.now_s):
            case Wait() as wait:
                return wait
            case Send(outgoing):
                self.outbox.sent(self.now_s)
                self.sent.append(Sent(self.now_s, outgoing.to, outgoing.text))
                if self.echoing:
                    assert self.outbox.echoed(
                        outgoing.medium, outgoing.to, outgoing.text, self.now_s
                    )
        return None

    def run(self, for_s: float = 0.0) -> list[str]:
        """Let time pass, doing everything when it is due; the texts that went out."""
        until_s, before = self.now_s + for_s, len(self.sent)
        for _ in range(20_000):
            wait = self.step()
            if wait is None:
                continue
            if wait.until_s > until_s:
                break
            assert wait.until_s > self.now_s, "a wait for now would never end"
            self.now_s = wait.until_s
        else:
            raise AssertionError("the outbox never comes to rest")
        self.now_s = until_s
        return [each.text for each in self.sent[before:]]

    @property
    def waiting(self) -> int:
        return self.outbox.pms + self.outbox.lines
