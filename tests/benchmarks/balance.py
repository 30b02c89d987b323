"""A PM from 64 users at once: replies per second and how long each user waits.

Closed loop: each user asks again as soon as the answer is there, through the robot's own
subscription, so that the generator adds no task switches. The echo of every reply goes back to
the service as on a real channel.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import anyio
from tests.benchmarks.rig import BALANCE, Rig
from tests.benchmarks.robot import Robot
from tests.benchmarks.spread import percentile

__all__ = ("BalanceRound", "askers_of", "balance_round")

_USERS = 64
_LAST_ANSWER_S = 30.0


@dataclass(frozen=True, slots=True)
class BalanceRound:
    """One round's outcome; ``unanswered`` counts users who waited in vain."""

    replies: int
    replies_per_s: float
    p50_ms: float
    p99_ms: float
    cpu_us_per_reply: float
    unanswered: int


@dataclass(slots=True)
class _Asker:
    robot: Robot
    channel: str
    user: str
    question: str
    stop_at: float
    asked_at: list[float] = field(default_factory=list)
    ended: anyio.Event = field(default_factory=anyio.Event)

    async def ask(self) -> None:
        self.asked_at.append(time.perf_counter())
        await self.robot.whisper(self.channel, self.user, self.question)

    async def on_reply(self) -> None:
        if time.perf_counter() < self.stop_at:
            await self.ask()
        else:
            self.asked_at.append(time.perf_counter())
            self.ended.set()

    def waits_s(self) -> list[float]:
        # The next question goes out as the answer comes in.
        return [after - before for before, after in pairwise(self.asked_at)]


def askers_of(rig: Rig) -> tuple[str, Sequence[str]]:
    """The channel and the users who ask in it."""
    channel, members = next(iter(rig.users.items()))
    return channel, members[:_USERS]


async def balance_round(rig: Rig, seconds: float, question: str = BALANCE) -> BalanceRound:
    """Let the first 64 users of the rig's first channel ask for ``seconds``.

    ``question`` is the PM as a JSON string.
    """
    channel, members = askers_of(rig)
    cpu_before_s, began = rig.child.cpu_s(), time.perf_counter()
    askers = [_Asker(rig.robot, channel, user, question, began + seconds) for user in members]
    for asker in askers:
        rig.robot.watch(channel, asker.user, asker.on_reply)
        await asker.ask()
    with anyio.move_on_after(seconds + _LAST_ANSWER_S):
        for asker in askers:
            await asker.ended.wait()
    took_s = max(asker.asked_at[-1] for asker in askers) - began
    cpu_s = rig.child.cpu_s() - cpu_before_s
    for asker in askers:
        rig.robot.watch(channel, asker.user, None)
    waits_ms = sorted(wait_s * 1000 for asker in askers for wait_s in asker.waits_s())
    return BalanceRound(
        replies=len(waits_ms),
        replies_per_s=len(waits_ms) / took_s,
        p50_ms=percentile(waits_ms, 0.50),
        p99_ms=percentile(waits_ms, 0.99),
        cpu_us_per_reply=cpu_s / max(len(waits_ms), 1) * 1e6,
        unanswered=sum(not asker.ended.is_set() for asker in askers),
    )
