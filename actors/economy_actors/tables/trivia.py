"""The table of a trivia round: bets, the question, the answers, and who was right.

Who bets and who answers does so in the books; the table keeps the time, shows the question when
the bets are closed, and grades at the deadline, or as soon as everybody who has bet has answered.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, assert_never

from economy_actors.context import Context
from economy_actors.messages.ledger import commit
from economy_actors.messages.tables import PlayerGone
from economy_actors.outbox.message import Pm, Priority
from economy_actors.tables.kit import RoundTable, table, tell_player
from kryten_economy.features.games import trivia_texts as texts
from kryten_economy.features.games.questions import LETTERS, as_said
from kryten_economy.features.games.tables import Cancelled, Finished
from kryten_economy.features.games.trivia import ANSWER, Revealed, RevealQuestion, answers_until_ms
from kryten_economy.refusals import NotPending

__all__ = ("AllAnswered", "Began", "TriviaTable", "options_heard")

_ANSWERS_WITH = "trivia "


@dataclass(frozen=True, slots=True)
class Began:
    """The round is in the books, and the channel has not heard of it."""


@dataclass(frozen=True, slots=True)
class AllAnswered:
    """Nobody is left who could still answer."""


@dataclass(frozen=True, slots=True)
class _BetsOver:
    """Nobody bets any more."""


@dataclass(frozen=True, slots=True)
class _AnswersOver:
    """Nobody answers any more."""


Message = Began | AllAnswered | PlayerGone | _BetsOver | _AnswersOver


@table("trivia")
class TriviaTable(RoundTable[Message]):
    """One round, from the first bet to the last line."""

    def __init__(self, context: Context, channel: str, number: int) -> None:
        super().__init__(context, channel, number)
        self._terms: Mapping[str, Any] = {}
        self._is_graded = False

    async def started(self) -> None:
        """Go on where the round stands, whoever began it."""
        row = await self.read_round()
        if row is None or row.state in {"cancelled", "settled"}:
            self.over()
            return
        self._terms = row.terms
        if row.state != "open":
            self.after(0.0, _AnswersOver())
        elif answers_until_ms(row.terms) is not None:
            self.after(0.0, _BetsOver())
        else:
            self.after(self._left_s(row.opened_at_ms, row.terms["bets_s"]), _BetsOver())

    def _left_s(self, since_ms: int, window_s: float) -> float:
        """What is left of a window; a wall clock that jumps makes it no longer."""
        passed_s = (self.context.clock.now_ms() - since_ms) / 1000
        return min(window_s, max(0.0, window_s - passed_s))

    async def receive(self, message: Message) -> None:
        """See the round to its end."""
        match message:
            case Began():
                if self._terms:
                    self._tell(texts.opening(self._terms, self.settings.currency.symbol))
            case _BetsOver():
                await self._show()
            case AllAnswered() | _AnswersOver():
                await self._grade()
            case PlayerGone():
                await self._gone()
            case _:
                assert_never(message)

    @property
    def _is_public(self) -> bool:
        return self.settings.gambling.trivia.announce_public

    def _tell(self, *lines: str) -> None:
        if self._is_public:
            self.say(lines)

    # The question

    async def _show(self) -> None:
        """Close the bets, then show the question; an instance before may have done the first."""
        stakes = await self.read_stakes()
        if not stakes:
            await self._call_off()
            return
        at_ms = self.context.clock.now_ms()
        day = self.context.live.calendar.day(at_ms)
        op_id = f"reveal:{self.channel}:{self.number}"
        request = RevealQuestion(op_id, self.channel, self.number, at_ms, day)
        shown: object = await self._answered(lambda: commit(self.context.ledger, request))
        if not isinstance(shown, Revealed):
            await self._grade()
            return
        window_s = self._terms["answers_s"]
        self.after(self._left_s(shown.at_ms, window_s), _AnswersOver())
        self.hear(_words(shown))
        lines = texts.question_lines(self._terms["question"], shown.options, window_s)
        if self._is_public:
            self._tell(*lines)
            return
        outbox = self.context.outboxes[self.channel]
        for stake in stakes:
            question = "\n".join(lines)
            outbox.offer(Pm(to=stake.display_name, text=question, priority=Priority.RESULT))

    async def _gone(self) -> None:
        """Somebody may play no longer: perhaps only they had not answered."""
        stakes = await self.read_stakes()
        if not stakes:
            await self._call_off()
        elif all(ANSWER in each.data for each in stakes):
            await self._grade()

    async def _call_off(self) -> None:
        if self._is_graded:
            return
        self._is_graded = True
        self.hear({})
        cancelled = await self.call_off("Nobody has bet")
        if isinstance(cancelled, Cancelled):
            self._tell(texts.called_off())
        self.over()

    # The end

    async def _grade(self) -> None:
        """Draw and pay, then tell; once, whatever comes first."""
        if self._is_graded:
            return
        if not await self.read_stakes():
            await self._call_off()
            return
        self._is_graded = True
        self.hear({})
        await self.draw()
        finished = await self.finish()
        if not isinstance(finished, NotPending):
            self._tell_all(finished)
        self.over()

    def _tell_all(self, finished: Finished) -> None:
        outcome, symbol = json.loads(finished.outcome), self.settings.currency.symbol
        said = [json.loads(each.data).get(ANSWER) for each in finished.players]
        pairs = list(zip(finished.players, said, strict=True))
        right: str = outcome["right"]
        winners = [(p.wallet.display_name, p.net_z) for p, letter in pairs if letter == right]
        losers = [p.wallet.display_name for p, letter in pairs if letter != right]
        self._tell(*texts.result_lines(right, self._terms["right"], winners, losers, symbol))
        for player, letter in pairs:
            paid = (player.stake_z, player.payout_z, player.wallet.balance_z)
            text = texts.own_result(letter, outcome, *paid, self.number, symbol)
            tell_player(self.context, player, text)


def options_heard(words: Mapping[str, str], terms: Mapping[str, Any]) -> dict[str, str]:
    """The options of a question by their letters, once people may answer it; before, none."""
    heard = {
        words[as_said(option)].removeprefix(_ANSWERS_WITH): option
        for option in (terms["right"], *terms["wrong"])
        if words.get(as_said(option), "").startswith(_ANSWERS_WITH)
    }
    return dict(sorted(heard.items()))


def _words(shown: Revealed) -> Mapping[str, str]:
    """What is heard as an answer while the question is out."""
    words: dict[str, str] = {}
    for letter, option in zip(LETTERS, shown.options, strict=True):
        answer = f"{_ANSWERS_WITH}{letter}"
        low = letter.lower()
        words |= {as_said(option): answer, low: answer, f"{low})": answer, f"{low}.": answer}
    return words
