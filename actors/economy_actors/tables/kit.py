"""What all tables share: how they are registered, how they speak, how they end."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, TypeVar

import anyio
import structlog

from economy_actors.context import Context
from economy_actors.messages.ledger import Defect, commit, query
from economy_actors.messages.tables import RoundOver
from economy_actors.outbox.message import Line, LineKind, Pm, Priority
from economy_actors.runtime import Actor, RuntimeFault
from kryten_economy.config import Settings
from kryten_economy.features.games.rules import Stake
from kryten_economy.features.games.tables import (
    Cancelled,
    CancelRound,
    Drawn,
    DrawRound,
    Finished,
    FinishRound,
    OpenRow,
    Player,
    round_row,
    stakes_in,
)
from kryten_economy.refusals import NotPending, ReadOnly

__all__ = (
    "RETRY_S",
    "TABLES",
    "RoundTable",
    "call_off",
    "calling_off",
    "finish",
    "table",
    "tell_player",
)

M = TypeVar("M")
T = TypeVar("T")

RETRY_S = 5.0
"""How long a table waits before it asks books again that are closed or give no answer."""

TableFactory = Callable[[Context, str, int], Actor[Any]]
"""From the context, the channel and the number of the round."""

TABLES: dict[str, TableFactory] = {}

_log = structlog.get_logger("tables")


def table(game: str) -> Callable[[TableFactory], TableFactory]:
    """Register what plays the rounds of a game."""

    def register(factory: TableFactory) -> TableFactory:
        assert game not in TABLES, game
        TABLES[game] = factory
        return factory

    return register


class RoundTable(Actor[M]):
    """The table of one round; a subclass is told ``news`` in its own messages.

    A new instance behind the same ref reads the round from the books in ``started`` and goes on.
    What it asks of the books it asks until they answer: a round is never left half played because
    a commit has failed, or because the channel is closed for a while.
    """

    def __init__(self, context: Context, channel: str, number: int) -> None:
        self.context = context
        self.channel = channel
        self.number = number
        self._words: Mapping[str, str] = {}

    @property
    def settings(self) -> Settings:
        """Those in force; read them at each use."""
        return self.context.live.settings

    # The books

    async def read_round(self) -> OpenRow | None:
        """The round as it stands."""
        return await self._read(lambda reader: round_row(reader, self.number))

    async def read_stakes(self) -> tuple[Stake, ...]:
        """The stakes that are in it."""
        return await self._read(lambda reader: stakes_in(reader, self.number))

    async def draw(self, said: str = "") -> Drawn | NotPending:
        """Have the outcome drawn and kept."""
        at_ms = self.context.clock.now_ms()
        day = self.context.live.calendar.day(at_ms)
        op_id = f"draw:{self.channel}:{self.number}"
        request = DrawRound(op_id, self.channel, self.number, at_ms, day, said)
        answer = await self._answered(lambda: commit(self.context.ledger, request))
        return answer if isinstance(answer, Drawn) else NotPending()

    async def finish(self) -> Finished | NotPending:
        """Have everybody paid; only a drawn round can be finished."""
        return await self._answered(lambda: finish(self.context, self.channel, self.number))

    async def call_off(self, reason: str) -> Cancelled | NotPending:
        """Have all stakes given back."""
        return await self._answered(
            lambda: call_off(self.context, self.channel, self.number, reason)
        )

    async def _read(self, run: Callable[[Any], T]) -> T:
        return await self._answered(lambda: query(self.context.reader, run))

    async def _answered(self, ask: Callable[[], Awaitable[T | ReadOnly]]) -> T:
        while True:
            try:
                answer = await ask()
            except Defect:
                raise
            except RuntimeFault as fault:
                why = repr(fault)
            else:
                if not isinstance(answer, ReadOnly):
                    return answer
                why = "the channel is closed"
            _log.warning("a round waits", round=self.number, why=why, once_a_minute=self.channel)
            await anyio.sleep(RETRY_S)

    # The channel

    def say(self, lines: Iterable[str], *, gate: str | None = None, pause_s: float = 0.0) -> None:
        """Public lines of a result, in order."""
        for text in lines:
            line = Line(text, kind=LineKind.RESULT, gate=gate, pause_s=pause_s)
            self.context.outboxes[self.channel].offer(line)

    def hear(self, words: Mapping[str, str]) -> None:
        """Have these words of the channel taken for commands, in place of those before.

        Nobody's are taken any more once the table has ended, whatever it has ended by.
        """
        known = self.context.chat_words[self.channel]
        others = {word: to for word, to in known.value.items() if self._words.get(word) != to}
        self._words = dict(words)
        known.publish(MappingProxyType(others | self._words))

    async def release(self) -> None:
        """Nobody hears the words any more."""
        self.hear({})

    def over(self) -> None:
        """The last line is told: the floor is free."""
        self.context.floors[self.channel].offer(RoundOver(self.number))


async def finish(context: Context, channel: str, number: int) -> Finished | NotPending | ReadOnly:
    """Have a drawn round settled; raises as `messages.ledger.commit`."""
    at_ms = context.clock.now_ms()
    day = context.live.calendar.day(at_ms)
    request = FinishRound(f"finish:{channel}:{number}", channel, number, at_ms, day)
    answer: object = await commit(context.ledger, request)
    return answer if isinstance(answer, Finished | ReadOnly) else NotPending()


def calling_off(context: Context, channel: str, number: int, reason: str) -> CancelRound:
    """What calls a round off, whoever asks for it."""
    at_ms = context.clock.now_ms()
    day = context.live.calendar.day(at_ms)
    return CancelRound(f"cancel:{channel}:{number}", channel, number, reason, at_ms, day)


async def call_off(
    context: Context, channel: str, number: int, reason: str
) -> Cancelled | NotPending | ReadOnly:
    """Have a round called off; raises as `messages.ledger.commit`."""
    request = calling_off(context, channel, number, reason)
    answer: object = await commit(context.ledger, request)
    return answer if isinstance(answer, Cancelled | ReadOnly) else NotPending()


def tell_player(context: Context, player: Player, text: str) -> None:
    """A private message about a player's own stake; quiet mode does not mute it."""
    wallet = player.wallet
    pm = Pm(to=wallet.display_name, text=text, priority=Priority.RESULT, merge=True)
    if not context.outboxes[wallet.user.channel].offer(pm):
        _log.warning("result not told", channel=wallet.user.channel, user=wallet.display_name)
