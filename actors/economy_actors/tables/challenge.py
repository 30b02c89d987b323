"""The table of a challenge: it ends it when its time is over, and nothing else.

The target's session accepts and declines in the books. After a restart every challenge that waits
gets its table again, and what was overdue meanwhile runs out at once.
"""

from typing import assert_never

from economy_actors.context import Context
from economy_actors.messages.challenge import ChallengeMessage, ChallengeOverdue
from economy_actors.messages.tables import PlayerGone
from economy_actors.outbox.message import Pm, Priority
from economy_actors.tables.kit import RoundTable, table
from kryten_economy.features.games.challenge import texts
from kryten_economy.features.games.challenge.operations import CHALLENGE, Pending, challenge_of
from kryten_economy.features.games.tables import Cancelled

__all__ = ("ChallengeTable",)


@table(CHALLENGE.name)
class ChallengeTable(RoundTable[ChallengeMessage]):
    """Owns the time of one challenge."""

    def __init__(self, context: Context, channel: str, number: int) -> None:
        super().__init__(context, channel, number)
        self._pending: Pending | None = None

    async def started(self) -> None:
        """Take up a challenge that waits for its target."""
        row = await self.read_round()
        if row is None or row.state != "open":
            self.over()
            return
        self._pending = challenge_of(row.number, row.terms)
        self._wait(self._pending)

    async def receive(self, message: ChallengeMessage) -> None:
        """Its time is over, or one of the two may play no longer."""
        match message:
            case ChallengeOverdue():
                await self._expire()
            case PlayerGone(user):
                if self._pending is not None and user.name != self._pending.target:
                    self._tell(self._pending.target_shown, texts.off_for_target(self._pending))
                self.over()
            case _:
                assert_never(message)

    def _wait(self, pending: Pending) -> None:
        left_ms = max(0, pending.expires_at_ms - self.context.clock.now_ms())
        self.after(left_ms / 1000, ChallengeOverdue())

    async def _expire(self) -> None:
        """Of an answer at the last moment and this, the books take one."""
        pending = self._pending
        assert pending is not None
        if pending.expires_at_ms > self.context.clock.now_ms():
            self._wait(pending)
            return
        answer = await self.call_off("Challenge not accepted in time")
        if isinstance(answer, Cancelled) and not answer.replayed:
            symbol = self.settings.currency.symbol
            for player in answer.players:
                text = texts.back(
                    "did not accept in time", pending.target_shown, pending, player.wallet, symbol
                )
                self._tell(player.wallet.display_name, text)
            self._tell(pending.target_shown, texts.expired_for_target(pending))
        self.over()

    def _tell(self, name: str, text: str) -> None:
        pm = Pm(to=name, text=text, priority=Priority.RESULT, merge=True)
        self.context.outboxes[self.channel].offer(pm)
