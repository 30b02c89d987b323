"""The table of a heist: it forms a crew, rolls once, and tells the story.

The crew joins in the books; the table hears of it and says so, several at once in one line. At
the end of the window the round is drawn and everybody paid before the first word of the story.
A text model is asked while the crew forms; nobody waits for it.
"""

import json
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, assert_never

import structlog

from economy_actors.context import Context
from economy_actors.messages.llm import Compose, NoText, Text
from economy_actors.messages.tables import PlayerGone
from economy_actors.tables.kit import RoundTable, table, tell_player
from kryten_economy.features.games import heist_texts as texts
from kryten_economy.features.games.heist import WANTED
from kryten_economy.features.games.tables import Cancelled, Finished
from kryten_economy.features.narration import told
from kryten_economy.refusals import NotPending
from kryten_economy.text.markup import name_shown
from kryten_economy.text.templates import thousands

__all__ = ("Began", "CrewJoined", "HeistTable")

GATE = "heist_result"
WORDS: Mapping[str, str] = {"join": "heist join"}

_OUTCOME_AFTER_S = 6.0
_SUMMARY_AFTER_S = 2.0
_FIRST_JOIN_AFTER_S = 1.0
_JOINS_EVERY_S = 10.0

_log = structlog.get_logger("tables")


@dataclass(frozen=True, slots=True)
class Began:
    """The heist is in the books, and the channel has not heard of it."""


@dataclass(frozen=True, slots=True)
class CrewJoined:
    """Somebody is in; ``size`` is that of the crew with them."""

    name: str
    size: int


@dataclass(frozen=True, slots=True)
class _JoinsDue:
    """Time to say who has joined."""


@dataclass(frozen=True, slots=True)
class _WindowOver:
    """Nobody joins any more."""


@dataclass(frozen=True, slots=True)
class _Written:
    """What a text model has come up with."""

    text: Text


@dataclass(frozen=True, slots=True)
class _Next:
    """Time for the next line of the story."""


Message = Began | CrewJoined | PlayerGone | _JoinsDue | _WindowOver | _Written | _Next


@table("heist")
class HeistTable(RoundTable[Message]):
    """One heist, from the first stake to the last line."""

    def __init__(self, context: Context, channel: str, number: int) -> None:
        super().__init__(context, channel, number)
        self._terms: Mapping[str, Any] = {}
        self._joins: list[CrewJoined] = []
        self._joins_are_due = False
        self._next_joins_at_s = 0.0
        self._text: Text | None = None
        self._finished: Finished | None = None
        self._story: deque[tuple[float, str]] = deque()

    async def started(self) -> None:
        """Go on where the round stands: it forms until its window ends, whoever began it."""
        row = await self.read_round()
        if row is None or row.state == "cancelled":
            self.over()
            return
        self._terms = row.terms
        if row.state != "open":
            self.after(0.0, _WindowOver())
            return
        passed_s = (self.context.clock.now_ms() - row.opened_at_ms) / 1000
        window_s = float(row.terms["window_s"])
        self.after(min(window_s, max(0.0, window_s - passed_s)), _WindowOver())
        self.hear(WORDS)
        narrative = self.settings.gambling.heist.narrative
        if narrative.mode != "static":
            wish = Compose(narrative.llm, texts.PROMPT, WANTED, self.ref, _Written)
            if not self.context.llm.offer(wish):
                self._text = NoText("too busy")

    async def receive(self, message: Message) -> None:
        """Hear who joins, and see the round to its end."""
        match message:
            case Began():
                self._open()
            case CrewJoined():
                self._joined(message)
            case PlayerGone():
                # The books know who is left; the next line counts them.
                pass
            case _JoinsDue():
                self._tell_joins()
            case _WindowOver():
                await self._resolve()
            case _Written(text):
                self._text = text
            case _Next():
                self._tell_next()
            case _:
                assert_never(message)

    async def stopping(self) -> None:
        """Whoever was paid hears of it, also when the story is cut short."""
        if self._finished is not None:
            self._tell_players(self._finished)

    # The crew forms

    @property
    def _is_public(self) -> bool:
        settings = self.settings
        return settings.gambling.heist.announce_public and settings.announcements.heist_result

    def _tell(self, line: str) -> None:
        if self._is_public:
            self.say([line], gate=GATE)

    def _open(self) -> None:
        terms = self._terms
        if terms:
            self._tell(
                texts.opening(
                    terms["starter"],
                    terms["stake_z"],
                    terms["window_s"],
                    terms["crew_min"],
                    self.settings.currency.symbol,
                )
            )

    def _joined(self, joined: CrewJoined) -> None:
        self._joins.append(joined)
        if not self._joins_are_due:
            self._joins_are_due = True
            wait_s = max(_FIRST_JOIN_AFTER_S, self._next_joins_at_s - self.now_s())
            self.after(wait_s, _JoinsDue())

    def _tell_joins(self) -> None:
        """One line for all since the last one: a crowd that joins must not flood the channel."""
        joins, self._joins = self._joins, []
        self._joins_are_due = False
        if not joins:
            return
        self._next_joins_at_s = self.now_s() + _JOINS_EVERY_S
        size = joins[-1].size
        if len(joins) > 1:
            self._tell(texts.joined_several([each.name for each in joins], size))
            return
        narrative = self.settings.gambling.heist.narrative
        values = {"user": name_shown(joins[0].name)}
        pool = (*texts.JOIN_LINES, *narrative.custom_join_lines)
        line = told(self.context.dice, values, pool, units_max=200)
        self._tell(texts.joined(line, size))

    # The end

    async def _resolve(self) -> None:
        """Draw and pay, or give back; then tell."""
        self.hear({})
        self._tell_joins()
        row = await self.read_round()
        if row is None or row.state == "cancelled":
            self.over()
            return
        if row.state == "open":
            crew = len(await self.read_stakes())
            if crew < self._terms["crew_min"]:
                await self._too_few(crew)
                return
            if isinstance(await self.draw(), NotPending):
                self.over()
                return
        finished = await self.finish()
        if isinstance(finished, NotPending):
            self.over()
            return
        self._finished = finished
        if self._is_public:
            self._story.extend(self._lines(finished))
        self._tell_next()

    async def _too_few(self, crew: int) -> None:
        cancelled = await self.call_off("Too few for the heist")
        if isinstance(cancelled, Cancelled):
            symbol = self.settings.currency.symbol
            self._tell(texts.too_few(crew, self._terms["crew_min"]))
            for player in cancelled.players:
                back = (player.stake_z, player.wallet.balance_z)
                tell_player(self.context, player, texts.too_few_pm(*back, symbol))
        self.over()

    def _lines(self, finished: Finished) -> Sequence[tuple[float, str]]:
        """The story: the pause before each line, and the line."""
        outcome, players = json.loads(finished.outcome), finished.players
        result, symbol = outcome["result"], self.settings.currency.symbol
        narrative = self.settings.gambling.heist.narrative
        written = self._written()
        values = {
            "user": name_shown(self._terms["starter"]),
            "payout": thousands(players[0].payout_z) if players else "0",
            "symbol": symbol,
        }
        scenarios = (*texts.SCENARIOS, *narrative.custom_scenarios)
        ends = {
            "win": (*texts.WIN_LINES, *narrative.custom_win_lines),
            "lose": (*texts.LOSE_LINES, *narrative.custom_lose_lines),
            "push": (*texts.PUSH_LINES, *narrative.custom_push_lines),
        }[result]
        dice = self.context.dice
        staked_z = sum(each.stake_z for each in players)
        paid_z = sum(each.payout_z for each in players)
        factor = Fraction(outcome["factor"])
        return (
            (0.0, told(dice, values, written.get("scenario", ()), scenarios)),
            (_OUTCOME_AFTER_S, told(dice, values, written.get(result, ()), ends)),
            (
                _SUMMARY_AFTER_S,
                texts.summary(result, len(players), staked_z, paid_z, factor, symbol),
            ),
        )

    def _written(self) -> Mapping[str, tuple[str]]:
        """What the model has written in time, as pools of one line each."""
        narrative = self.settings.gambling.heist.narrative
        text, self._text = self._text, None
        if isinstance(text, Mapping):
            return {key: (line,) for key, line in text.items()}
        if narrative.mode == "llm":
            why = "no answer yet" if text is None else text.reason
            _log.warning("no story from the text model", round=self.number, why=why)
        return {}

    def _tell_next(self) -> None:
        """The next line after its pause; behind the last one everybody hears their own result."""
        if self._story:
            _, line = self._story.popleft()
            self._tell(line)
        if self._story:
            self.after(self._story[0][0], _Next())
            return
        finished, self._finished = self._finished, None
        if finished is not None:
            self._tell_players(finished)
            self.over()

    def _tell_players(self, finished: Finished) -> None:
        result, symbol = json.loads(finished.outcome)["result"], self.settings.currency.symbol
        for player in finished.players:
            text = texts.own_result(
                result,
                player.stake_z,
                player.payout_z,
                player.wallet.balance_z,
                self.number,
                symbol,
            )
            tell_player(self.context, player, text)
