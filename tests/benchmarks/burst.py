"""A burst: 50,000 chat lines in one channel as fast as the bus takes them, then silence.

Nobody waits for the service while they are sent. Meanwhile a user asks for `help` by PM, again and
again. The round ends when the database, read from outside, shows every line counted and every long
line paid, or when nothing more has come for a while; what is missing then is lost.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle

import anyio
from tests.benchmarks.books import LONG_MESSAGE, Books, open_books
from tests.benchmarks.rig import Rig

__all__ = ("LINES", "BurstResult", "burst")

LINES = 50_000
_LONG = json.dumps("the practical effects hold up so well after all these years")
_SHORT = json.dumps("oh no")
_HELP = json.dumps("help")
_HELP_TIMEOUT_S = 30.0
_BETWEEN_HELPS_S = 0.2
_POLL_S = 0.02
_STILL_S = 10.0
_LINES_PER_FLUSH = 200
_ASKERS = 50
"""In turn, so that the second part of one answer is not taken for the next answer."""


@dataclass(frozen=True, slots=True)
class BurstResult:
    """What became of a burst.

    Attributes:
        lines: chat lines sent, half of them long enough to be paid.
        sent_s: how long the bus took to take them.
        durable_s: from the first line until all were in the books, or until it got still.
        uncounted: lines that were never counted.
        unpaid: long lines that were never paid.
        helps_s: how long each `help` waited for the first part of its answer, in order.
        rss_peak_mb: greatest resident memory of the service.
    """

    lines: int
    sent_s: float
    durable_s: float
    uncounted: int
    unpaid: int
    helps_s: Sequence[float]
    rss_peak_mb: float


async def burst(rig: Rig, lines: int = LINES) -> BurstResult:
    """Send the burst into the rig's first channel; its first users ask for help meanwhile."""
    channel, members = next(iter(rig.users.items()))
    askers, speakers = members[:_ASKERS], members[_ASKERS:]
    helps_s: list[float] = []
    with open_books(rig.database) as books:
        counted, paid = books.messages(), books.hits(LONG_MESSAGE)
        began = time.perf_counter()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_ask_for_help, rig, channel, askers, helps_s)
            await _speak(rig, channel, speakers, lines)
            sent_s = time.perf_counter() - began
            await _still(books, counted + lines, paid + lines // 2)
            durable_s = time.perf_counter() - began
            tasks.cancel_scope.cancel()
        missing = counted + lines - books.messages()
        unpaid = paid + lines // 2 - books.hits(LONG_MESSAGE)
    peak_mb = rig.child.usage().rss_peak_mb
    return BurstResult(lines, sent_s, durable_s, missing, unpaid, helps_s, peak_mb)


async def _speak(rig: Rig, channel: str, speakers: Sequence[str], lines: int) -> None:
    for number in range(lines):
        speaker = speakers[number // 2 % len(speakers)]
        await rig.robot.say(channel, speaker, _SHORT if number % 2 else _LONG)
        if number % _LINES_PER_FLUSH == 0:
            # The generator must not keep the loop from reading the answers.
            await anyio.lowlevel.checkpoint()


async def _ask_for_help(
    rig: Rig, channel: str, askers: Sequence[str], waits_s: list[float]
) -> None:
    for asker in cycle(askers):
        asked_at = time.perf_counter()
        if not await rig.robot.ask(channel, asker, _HELP, _HELP_TIMEOUT_S):
            waits_s.append(_HELP_TIMEOUT_S)
            continue
        waits_s.append(time.perf_counter() - asked_at)
        await anyio.sleep(_BETWEEN_HELPS_S)


async def _still(books: Books, messages: int, hits: int) -> None:
    """Return when the books show as much, or have not changed for ten seconds."""
    shown, changed_at = (0, 0), time.perf_counter()
    while time.perf_counter() - changed_at < _STILL_S:
        now = books.messages(), books.hits(LONG_MESSAGE)
        if now >= (messages, hits):
            return
        if now != shown:
            shown, changed_at = now, time.perf_counter()
        await anyio.sleep(_POLL_S)
