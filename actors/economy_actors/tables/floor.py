"""The floor of a channel: which spectacle is on, and the tables of all rounds.

One spectacle at a time (`gambling.md` 10). The slot is taken before a round is opened and free
again when its table has told the last line, when the round could not be opened, when whoever took
it opens nothing, or when it lasts longer than a spectacle may. Only what was played starts the
pause.

At a start the books say which rounds were left: drawn ones are paid, those that can go on get
their table, all others are called off, and everybody is told. At a clean stop the same is done
with the rounds under way. Whatever the books can't do at once is tried again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, assert_never

import structlog

from economy_actors.context import Context, note_highlight
from economy_actors.messages.ledger import commit, query
from economy_actors.messages.tables import (
    FloorMessage,
    GameWon,
    GiveBackSlot,
    News,
    PastRounds,
    PlayerGone,
    RoundOpened,
    RoundOver,
    SlotTaken,
    SlotTimeout,
    SlotUnused,
    TakeSlot,
)
from economy_actors.runtime import Actor, Ended, Ref, RuntimeFault, Supervision
from economy_actors.tables.kit import RETRY_S, TABLES, call_off, finish, tell_player
from economy_actors.tables.wins import WinBoard
from kryten_economy.features.games import texts
from kryten_economy.features.games.rules import GAMES
from kryten_economy.features.games.tables import (
    Cancelled,
    CancelRound,
    Finished,
    OpenRow,
    open_rounds,
)
from kryten_economy.refusals import CoolingDown, NotPending, Occupied, ReadOnly

__all__ = ("FLOOR_MAILBOX", "Floor")

FLOOR_MAILBOX = 1024
_OPENED_WITHIN_S = 60.0
_STAGE = "The stage"

_log = structlog.get_logger("tables")


@dataclass(slots=True)
class _Slot:
    """Who has the spectacle slot; ``number`` is the round once it is open."""

    token: int
    game: str
    number: int | None = None


def _past_round(number: int) -> PastRounds:
    return PastRounds(lambda row: row.number == number)


class Floor(Actor[FloorMessage]):
    """Owns the tables of one channel."""

    supervision: ClassVar[Supervision] = Supervision(drain_s=3.0)

    def __init__(self, channel: str, context: Context) -> None:
        self._channel = channel
        self._context = context
        self._slot: _Slot | None = None
        self._wins = WinBoard()
        self._tokens = 0
        self._free_at_s = 0.0
        self._ended_at_s: dict[str, float] = {}
        self._tables: dict[int, Ref[Any]] = {}
        self._knows_past = False

    async def started(self) -> None:
        """See to the rounds that were left."""
        self.after(0.0, PastRounds())

    async def receive(self, message: FloorMessage) -> None:  # noqa: C901 - one case each
        """Seat rounds, and tell tables what happens."""
        match message:
            case TakeSlot():
                message.reply.send(self._take(message))
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
            case SlotUnused(token):
                self._unused(token)
            case GameWon():
                self._won(message)
            case PlayerGone():
                await self._gone(message)
            case PastRounds():
                await self._past(message)
            case _:
                assert_never(message)

    def _won(self, won: GameWon) -> None:
        line = self._wins.line_for(self._context, won, self.now_s())
        if line is not None:
            self._context.outboxes[self._channel].offer(line, trace=self.trace)
            if self._context.live.settings.announcements.gambling_jackpot:
                note_highlight(self._context, won.user, line.text)

    async def stopping(self) -> None:
        """No round outlives a clean stop, except those that go on after it."""
        for row in await self._open_rows() or ():
            if self._is_ours(row) and not GAMES[row.game].resumes:
                await self._settle_one(row)

    # The slot

    def _take(self, asked: TakeSlot) -> SlotTaken | Occupied | CoolingDown:
        if not self._knows_past:
            return CoolingDown(_STAGE, 1000)
        if self._slot is not None:
            return Occupied(GAMES[self._slot.game].title)
        now_s, ended_at_s = self.now_s(), self._ended_at_s.get(asked.game)
        own_s = 0.0 if ended_at_s is None else ended_at_s + asked.pause_s - now_s
        left_s, what = max((self._free_at_s - now_s, _STAGE), (own_s, GAMES[asked.game].title))
        if left_s > 0:
            return CoolingDown(what, int(left_s * 1000) + 1)
        self._tokens += 1
        self._slot = _Slot(self._tokens, asked.game)
        self.after(_OPENED_WITHIN_S, SlotUnused(self._tokens))
        lasts_s = self._context.live.settings.gambling.spectacle_max_duration_seconds
        if lasts_s:
            self.after(lasts_s, SlotTimeout(self._tokens))
        return SlotTaken(self._tokens)

    def _free(self, token: int | None, *, played: bool) -> None:
        slot = self._slot
        if slot is None or slot.token != token:
            return
        self._slot = None
        if played:
            pause_s = self._context.live.settings.gambling.spectacle_cooldown_seconds
            self._free_at_s = self.now_s() + pause_s
            self._ended_at_s[slot.game] = self.now_s()

    def _timed_out(self, token: int) -> None:
        slot = self._slot
        if slot is None or slot.token != token:
            return
        _log.error("a spectacle lasts too long", channel=self._channel, game=slot.game)
        self._context.metrics.error("tables")
        number = slot.number
        self._free(token, played=True)
        if number is not None:
            self._end_table(number)
            self.after(0.0, _past_round(number))

    def _unused(self, token: int) -> None:
        """Nobody knows whether the round was opened: the slot is free when the books do."""
        slot = self._slot
        if slot is None or slot.token != token or slot.number is not None:
            return
        _log.warning("a slot was not used", channel=self._channel, game=slot.game)
        game = slot.game
        self.after(0.0, PastRounds(lambda row: row.game == game, token))

    # Tables

    def _open(self, opened: RoundOpened) -> None:
        if self._slot is not None and self._slot.token == opened.token:
            self._slot.number = opened.number
        self._seat(opened.game, opened.number)
        if opened.news is not None:
            self._tell(opened.number, opened.news)

    def _seat(self, game: str, number: int) -> None:
        if number in self._tables or game not in TABLES:
            return
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
            self.after(0.0, PastRounds(lambda row: row.number in dead))

    # What is left of rounds

    async def _past(self, past: PastRounds) -> None:
        """Settle what nobody plays; what the books can't do now is tried again."""
        rows = await self._open_rows()
        if rows is None:
            self.after(RETRY_S, past)
            return
        for row in filter(past.wanted, rows):
            if not self._is_ours(row) or row.number in self._tables:
                continue
            if GAMES[row.game].resumes:
                self._seat(row.game, row.number)
            elif not await self._settle_one(row):
                self.after(RETRY_S, _past_round(row.number))
        self._knows_past = True
        if past.token is not None:
            self._free(past.token, played=False)

    async def _open_rows(self) -> Sequence[OpenRow] | None:
        channel = self._channel
        try:
            return await query(self._context.reader, lambda reader: open_rounds(reader, channel))
        except RuntimeFault as fault:
            _log.warning("rounds can't be read", error=repr(fault), once_a_minute=channel)
            return None

    def _is_ours(self, row: OpenRow) -> bool:
        game = GAMES.get(row.game)
        return game is not None and game.pay is not None

    async def _settle_one(self, row: OpenRow) -> bool:
        """Pay or call off a round that nobody plays; False where the books can't do it now."""
        context, channel, number = self._context, self._channel, row.number
        try:
            answer = (
                await finish(context, channel, number)
                if row.state == "drawn"
                else await call_off(context, channel, number, "Called off")
            )
        except RuntimeFault as fault:
            _log.warning("a round waits", round=number, error=repr(fault), once_a_minute=channel)
            return False
        if isinstance(answer, ReadOnly):
            _log.warning("a round waits", round=number, once_a_minute=channel)
            return False
        symbol, title = context.live.settings.currency.symbol, GAMES[row.game].title
        if isinstance(answer, Finished):
            for player in answer.players:
                paid = (player.stake_z, player.payout_z, player.wallet.balance_z)
                text = texts.settled_late(title, number, *paid, symbol)
                tell_player(context, player, text)
        if isinstance(answer, Cancelled):
            self._tell_called_off(answer)
        return True

    def _tell_called_off(self, cancelled: Cancelled) -> None:
        symbol, title = self._context.live.settings.currency.symbol, GAMES[cancelled.game].title
        for player in cancelled.players:
            text = texts.called_off(title, player.stake_z, player.wallet.balance_z, symbol)
            tell_player(self._context, player, text)

    async def _gone(self, gone: PlayerGone) -> None:
        """Nobody who was banned stays in a round that was not drawn."""
        channel, user = self._channel, gone.user
        at_ms = self._context.clock.now_ms()
        day = self._context.live.calendar.day(at_ms)
        rows = await self._open_rows()
        numbers = [row.number for row in rows or () if row.game in TABLES]
        for number in numbers:
            op_id = f"leave:{channel}:{number}:{user.name}:{at_ms}"
            request = CancelRound(op_id, channel, number, "Banned", at_ms, day, user)
            answer = await self._left(request)
            if isinstance(answer, Cancelled):
                self._tell_called_off(answer)
                self._tell(number, gone)
            elif answer is None:
                rows = None
        if rows is None:
            self.after(RETRY_S, gone)

    async def _left(self, request: CancelRound) -> Cancelled | NotPending | None:
        """What the books say to a stake that goes back; None where they can't do it now."""
        try:
            answer: object = await commit(self._context.ledger, request)
        except RuntimeFault as fault:
            _log.warning("a banned player waits", error=repr(fault), once_a_minute=self._channel)
            return None
        if isinstance(answer, ReadOnly):
            return None
        return answer if isinstance(answer, Cancelled) else NotPending()
