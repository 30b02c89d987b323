"""Chat events handled per second, with counters and triggers durable.

A round publishes chat lines of 200 users in chunks. After each chunk somebody asks for the
balance: the answer proves that the service has taken every line before it, and no more than two
chunks are on their way, so that nothing is measured that a bounded mailbox would have shed. The
round ends when the database, read from outside, shows every line counted and, from a service that
pays for long lines at all, every long line paid.

The lines are made up, and so are their shares: the recorded traces are scripted and short. Half of
them are long enough for the reward, a sixth laugh, a sixth name somebody who is here, a twelfth
gives kudos, a twelfth holds a GIF. Whom they name changes from line to line. An episode of
22 minutes begins whenever everybody has said 20 lines, of which ten pay as comments.
"""

import json
import time
from collections import deque
from dataclasses import dataclass
from itertools import count

import anyio
from tests.benchmarks.books import LONG_MESSAGE, Books, open_books
from tests.benchmarks.rig import BALANCE, Rig, RigError

__all__ = ("ChatRound", "chat_round")

_ANSWER_S = 60.0
_DURABLE_S = 15.0
_POLL_S = 0.005
_FENCES = 2
_LONG_CHARS_MIN = 30

_LINES_PER_ITEM = 20
_ITEM_S = 22 * 60

_LINES = (
    "has anybody here seen the first part of this one already",
    "lol",
    "this soundtrack is far better than it has any right to be",
    "who queued this?",
    "{name}++",
    "the practical effects hold up so well after all these years",
    "https://media.giphy.com/media/slow-applause/giphy.gif",
    "I think {name} said so yesterday, and nobody listened",
    ":kappa: nice",
    "wait for the scene with the bridge, it is worth the whole film",
    "hahaha",
    "oh no",
)
_items = count()


@dataclass(frozen=True, slots=True)
class ChatRound:
    """One round's outcome.

    Attributes:
        events: chat lines sent.
        events_per_s: of these, until the last one was durable.
        cpu_us_per_event: of the service, all threads.
        lost: lines that were never counted.
        rewards: long lines paid.
        unpaid: long lines never paid.
    """

    events: int
    events_per_s: float
    cpu_us_per_event: float
    lost: int
    rewards: int
    unpaid: int


@dataclass(slots=True)
class _Said:
    """What was said in a round, or what the books show of it."""

    lines: int = 0
    long_lines: int = 0


async def chat_round(rig: Rig, seconds: float) -> ChatRound:
    """Load the rig's first channel for about ``seconds``."""
    if not rig.subject.has_api:
        cpu_before_s, began = rig.child.cpu_s(), time.perf_counter()
        said = await _talk(rig, began + seconds)
        return _outcome(rig, said, said, cpu_before_s, began)
    with open_books(rig.database) as books:
        before = _shown(books)
        cpu_before_s, began = rig.child.cpu_s(), time.perf_counter()
        said = await _talk(rig, began + seconds)
        shown = await _durable(rig, books, before, said)
        return _outcome(rig, said, shown, cpu_before_s, began)


def _outcome(rig: Rig, said: _Said, shown: _Said, cpu_before_s: float, began: float) -> ChatRound:
    took_s = time.perf_counter() - began
    return ChatRound(
        events=said.lines,
        events_per_s=said.lines / took_s,
        cpu_us_per_event=(rig.child.cpu_s() - cpu_before_s) / said.lines * 1e6,
        lost=said.lines - shown.lines,
        rewards=shown.long_lines,
        unpaid=said.long_lines - shown.long_lines,
    )


async def _talk(rig: Rig, until: float) -> _Said:
    """Say line after line until the time has come and the last one was taken."""
    channel, members = next(iter(rig.users.items()))
    fences, speakers = members[:_FENCES], members[_FENCES:]
    lines = [(json.dumps(line), len(line) >= _LONG_CHARS_MIN) for line in _LINES]
    unanswered: deque[anyio.Event] = deque()
    said = _Said()
    chunks = 0
    while time.perf_counter() < until:
        for _ in range(rig.subject.chat_chunk):
            # Speakers and lines go round at different lengths, so everybody says everything.
            turn = said.lines
            round_number, speaker = divmod(turn, len(speakers))
            if speaker == 0 and round_number % _LINES_PER_ITEM == 0:
                await rig.robot.play(channel, next(_items), _ITEM_S)
            text, is_long = lines[(turn + round_number) % len(lines)]
            named = speakers[(speaker + 1 + round_number % (len(speakers) - 1)) % len(speakers)]
            line = text.replace("{name}", named)
            await rig.robot.say(channel, speakers[speaker], line)
            said.lines += 1
            said.long_lines += is_long
        fence = fences[chunks % _FENCES]
        unanswered.append(await rig.robot.start_asking(channel, fence, BALANCE))
        chunks += 1
        if len(unanswered) == _FENCES:
            await _answered(rig, unanswered.popleft())
    for question in unanswered:
        await _answered(rig, question)
    return said


async def _answered(rig: Rig, question: anyio.Event) -> None:
    with anyio.move_on_after(_ANSWER_S):
        await question.wait()
        return
    raise RigError(f"{rig.subject.name} gave no answer for 60 s:\n{rig.child.tail()}")


async def _durable(rig: Rig, books: Books, before: _Said, said: _Said) -> _Said:
    """Wait for the books; what they show at the end of what was said."""
    shown = _Said()
    with anyio.move_on_after(_DURABLE_S):
        while True:
            now = _shown(books)
            shown = _Said(now.lines - before.lines, now.long_lines - before.long_lines)
            is_paid = shown.long_lines >= said.long_lines or not rig.pays_long_lines
            if shown.lines >= said.lines and is_paid:
                break
            await anyio.sleep(_POLL_S)
    # The first round, which warms up, shows whether there is anything to wait for in the others.
    rig.pays_long_lines = shown.long_lines > 0
    return shown


def _shown(books: Books) -> _Said:
    return _Said(books.messages(), books.hits(LONG_MESSAGE))
