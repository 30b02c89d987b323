"""The floor of a channel: which spectacle is on, and the tables of all rounds.

One spectacle at a time (`gambling.md` 10). The slot is taken before a round is opened and free
again when its table has told the last line, when the round could not be opened, when its table has
died, or when it lasts longer than a spectacle may. Only what was played starts the pause.

At a start the books say which rounds were left: drawn ones are paid, those that can go on get
their table, all others are called off, and everybody is told.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, assert_never

import structlog

from economy_actors.context import Context
from economy_actors.messages.ledger import QUERY_TIMEOUT_S, Query, commit
from economy_actors.messages.tables import (
    FloorMessage,
    GiveBackSlot,
    News,
    PastRounds,
    PlayerGone,
    RoundOpened,
    RoundOver,
    SlotTaken,
    SlotTimeout,
    TakeSlot,
)
from economy_actors.runtime import Actor, Ended, Ref, RuntimeFault, Supervision
from economy_actors.tables.kit import TABLES, call_off, finish, tell_player
from kryten_economy.features.games import texts
from kryten_economy.features.games.rules import GAMES
from kryten_economy.features.games.tables import (
    Cancelled,
    CancelRound,
    Finished,
    OpenRow,
    open_rounds,
)
from kryten_economy.refusals import CoolingDown, Occupied
from kryten_economy.users import UserKey

__all__ = ("FLOOR_MAILBOX", "Floor")

FLOOR_MAILBOX = 1024
_RETRY_S = 5.0

_log = structlog.get_logger("tables")


@dataclass(slots=True)
class _Slot:
    """Who has the spectacle slot; ``number`` is the round once it is open."""

    token: int
    game: str
    number: int | None = None


class Floor(Actor[FloorMessage]):
    """Owns the tables of one channel."""

    supervision: ClassVar[Supervision] = Supervision(drain_s=3.0)

    def __init__(self, channel: str, context: Context) -> None:
        self._channel = channel
        self._context = context
        self._slot: _Slot | None = None
        self._tokens = 0
        self._free_at_s = 0.0
        self._tables: dict[int, Ref[Any]] = {}

    async def started(self) -> None:
        """Ask the books which rounds were left."""
        self._read_past()

    async def receive(self, message: FloorMessage) -> None:
        """Seat rounds, and tell tables what happens."""
        match message:
            case TakeSlot(game, reply):
                reply.send(self._take(game))
            case GiveBackSlot(token):
                self._free(token, played=False)
            case RoundOpened():
                self._open(message)
            case News(number, news):
                self._tell(number, news)
            case RoundOver(number):
                self._over(number)
            case SlotTimeout(token):
                self._timed_out(token)
            case PlayerGone(user):
                await self._gone(user)
            case PastRounds(rows):
                await self._settle_past(rows)
            case _:
                assert_never(message)

    # The slot

    def _take(self, game: str) -> SlotTaken | Occupied | CoolingDown:
        if self._slot is not None:
            return Occupied(GAMES[self._slot.game].title)
        if (left_s := self._free_at_s - self.now_s()) > 0:
            return CoolingDown("The stage", int(left_s * 1000) + 1)
        self._tokens += 1
        self._slot = _Slot(self._tokens, game)
        lasts_s = self._context.live.settings.gambling.spectacle_max_duration_seconds
        if lasts_s:
            self.after(lasts_s, SlotTimeout(self._tokens))
        return SlotTaken(self._tokens)

    def _free(self, token: int | None, *, played: bool) -> None:
        if self._slot is None or self._slot.token != token:
            return
        self._slot = None
        if played:
            pause_s = self._context.live.settings.gambling.spectacle_cooldown_seconds
            self._free_at_s = self.now_s() + pause_s

    def _timed_out(self, token: int) -> None:
        if self._slot is None or self._slot.token != token:
            return
        _log.error("a spectacle lasts too long", channel=self._channel, game=self._slot.game)
        self._context.metrics.error("tables")
        number = self._slot.number
        self._free(token, played=True)
        if number is not None:
            self._end_table(number)
            self._read_past()

    # Tables

    def _open(self, opened: RoundOpened) -> None:
        if self._slot is not None and self._slot.token == opened.token:
            self._slot.number = opened.number
        self._seat(opened.game, opened.number)
        if opened.news is not None:
            self._tell(opened.number, opened.news)

    def _seat(self, game: str, number: int) -> None:
        factory: Callable[[], Actor[Any]] = partial(
            TABLES[game], self._context, self._channel, number
        )
        ref = self._tables[number] = self.spawn(
            f"{game}-{number}", factory, capacity=1024, kind="table"
        )
        self.watch(ref)

    def _tell(self, number: int, news: Any) -> None:  # noqa: ANN401 - the table's own messages
        table = self._tables.get(number)
        if table is not None and not table.offer(news, trace=self.trace):
            _log.warning("a table takes no news", channel=self._channel, round=number)

    def _over(self, number: int) -> None:
        if self._slot is not None and self._slot.number == number:
            self._free(self._slot.token, played=True)
        self._end_table(number)

    def _end_table(self, number: int) -> None:
        table = self._tables.pop(number, None)
        if table is not None:
            self.stop_child(table)

    async def on_ended(self, ended: Ended) -> None:
        """A table that has died leaves its round to the books, and frees the slot."""
        dead = [number for number, ref in self._tables.items() if ref == ended.ref]
        for number in dead:
            self._over(number)
        if dead:
            self._read_past()

    # What is left of rounds

    def _read_past(self) -> None:
        channel = self._channel
        self.request(
            self._context.reader,
            lambda reply: Query(lambda reports: tuple(open_rounds(reports, channel)), reply),
            lambda rows: PastRounds(rows if isinstance(rows, tuple) else ()),
            timeout_s=QUERY_TIMEOUT_S,
        )

    async def _settle_past(self, rows: tuple[OpenRow, ...]) -> None:
        for row in rows:
            game = GAMES.get(row.game)
            if row.number in self._tables or game is None or game.pay is None:
                continue
            try:
                await self._settle_one(row, resumes=game.resumes)
            except RuntimeFault as fault:
                _log.warning("a round waits", round=row.number, error=repr(fault))
                self.after(_RETRY_S, PastRounds((row,)))

    async def _settle_one(self, row: OpenRow, *, resumes: bool) -> None:
        if resumes:
            self._seat(row.game, row.number)
            return
        symbol, title = self._context.live.settings.currency.symbol, GAMES[row.game].title
        if row.state == "drawn":
            finished = await finish(self._context, self._channel, row.number)
            if isinstance(finished, Finished):
                for player in finished.players:
                    paid = (player.stake_z, player.payout_z, player.wallet.balance_z)
                    text = texts.settled_late(title, row.number, *paid, symbol)
                    tell_player(self._context, player, text)
            return
        cancelled = await call_off(self._context, self._channel, row.number, "Called off")
        if isinstance(cancelled, Cancelled):
            for player in cancelled.players:
                text = texts.called_off(title, player.stake_z, player.wallet.balance_z, symbol)
                tell_player(self._context, player, text)

    async def _gone(self, user: UserKey) -> None:
        """Nobody who was banned stays in a round that was not drawn."""
        at_ms = self._context.clock.now_ms()
        day = self._context.live.calendar.day(at_ms)
        for number in tuple(self._tables):
            op_id = f"leave:{self._channel}:{number}:{user.name}:{at_ms}"
            request = CancelRound(op_id, self._channel, number, "Banned", at_ms, day, user)
            answer = await commit(self._context.ledger, request)
            if isinstance(answer, Cancelled):
                self._tell(number, PlayerGone(user))
