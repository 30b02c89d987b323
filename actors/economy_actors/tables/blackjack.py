"""The table of a hand of blackjack: it keeps the time, and nothing else.

The player's session makes every move in the books. The table reminds an idle player and then
stands for them. It is an actor beside the session because a session sleeps, and its prompts die
with it, while a hand must come to its end; all the table knows stands in the books, so it may die
at any moment.
"""

from typing import assert_never

from economy_actors.context import Context
from economy_actors.messages.blackjack import (
    BlackjackMessage,
    HandMoved,
    IdleLong,
    IdleTooLong,
)
from economy_actors.messages.ledger import commit
from economy_actors.messages.tables import PlayerGone
from economy_actors.outbox.message import Pm, Priority
from economy_actors.tables.kit import RoundTable, table
from kryten_economy.features.games.blackjack import texts
from kryten_economy.features.games.blackjack.operations import Play, Shown, hand_of
from kryten_economy.features.games.blackjack.rules import BLACKJACK, terms_of
from kryten_economy.refusals import ReadOnly
from kryten_economy.users import UserKey

__all__ = ("BlackjackTable",)


@table(BLACKJACK.name)
class BlackjackTable(RoundTable[BlackjackMessage]):
    """Owns the time of one hand."""

    def __init__(self, context: Context, channel: str, number: int) -> None:
        super().__init__(context, channel, number)
        self._user = UserKey(channel, "")
        self._shown_name = ""
        self._moves = 0

    async def started(self) -> None:
        """Take up a hand that waits for its player."""
        row, stakes = await self.read_round(), await self.read_stakes()
        if row is None or row.state != "open" or not stakes:
            self.over()
            return
        self._user = UserKey(self.channel, stakes[0].name)
        self._shown_name = stakes[0].display_name
        self._wait(len(stakes[0].data["moves"]))

    async def receive(self, message: BlackjackMessage) -> None:
        """Keep the time of the next move."""
        match message:
            case HandMoved(moves):
                if moves > self._moves:
                    self._wait(moves)
            case IdleLong(moves):
                if moves == self._moves:
                    await self._remind()
            case IdleTooLong(moves):
                if moves == self._moves:
                    await self._stand()
            case PlayerGone():
                self.over()
            case _:
                assert_never(message)

    def _wait(self, moves: int) -> None:
        terms = self.settings.gambling.blackjack
        self._moves = moves
        self.after(terms.timeout_warning_seconds, IdleLong(moves))
        self.after(terms.timeout_seconds, IdleTooLong(moves))

    async def _remind(self) -> None:
        terms, user = self.settings.gambling.blackjack, self._user
        open_ = await self._read(lambda reader: hand_of(reader, user))
        if open_ is not None and (open_.number, open_.moves) == (self.number, self._moves):
            left_s = terms.timeout_seconds - terms.timeout_warning_seconds
            self._tell(texts.warning(open_, left_s))

    async def _stand(self) -> None:
        """Of a stand and a move at the same moment, the books take one."""
        answer = await self._answered(self._committed)
        if isinstance(answer, Shown) and not answer.replayed:
            self._tell(texts.stood_for(answer, self.settings.currency.symbol))
        self.over()

    async def _committed(self) -> object | ReadOnly:
        at_ms = self.context.clock.now_ms()
        request = Play(
            f"idle:{self.channel}:{self.number}:{self._moves}",
            self._user,
            "stand",
            terms_of(self.settings),
            at_ms,
            self.context.live.calendar.day(at_ms),
            self.number,
            self._moves,
        )
        return await commit(self.context.ledger, request)

    def _tell(self, text: str) -> None:
        pm = Pm(to=self._shown_name, text=text, priority=Priority.RESULT, merge=True)
        self.context.outboxes[self.channel].offer(pm)
