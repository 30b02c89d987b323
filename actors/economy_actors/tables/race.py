"""The table of a race: bets, the draw, the run, and what is told of it.

What others see of it is a `RaceView` in the context: the handler of bets and the web read it. The
channel hears its opening, the bets made there, its start, who has won and what it has brought;
nothing is said at a tick (P-GAM-12). Everybody is paid before anything is told (P-GAM-11). A text
model is asked while bets are open; nobody waits for it, and what comes later is not told.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, assert_never

import structlog

from economy_actors.context import Context
from economy_actors.messages.llm import Compose, NoText, Text
from economy_actors.messages.race import (
    BetMade,
    BettingEnds,
    RaceEnds,
    RaceMessage,
    RaceOpens,
    ResultDue,
    Written,
)
from economy_actors.messages.tables import PlayerGone
from economy_actors.outbox.message import Line, LineKind
from economy_actors.tables.kit import RoundTable, table, tell_player
from kryten_economy.dice import Dice
from kryten_economy.features.games.race import texts
from kryten_economy.features.games.race.frame import RaceRun, RaceView
from kryten_economy.features.games.race.rules import RACE, Course, Runner
from kryten_economy.features.games.race.texts import Bet, Outcome
from kryten_economy.features.games.race.timeline import cutoff_s, moments, timeline
from kryten_economy.features.games.tables import Cancelled, Drawn, Finished, OpenRow, Player
from kryten_economy.features.games.texts import called_off

__all__ = ("RaceTable",)

_PAUSE_S = 1.0
"""Between the payment and its telling, so that the picture on the web has come to its end."""

_log = structlog.get_logger("tables")


@table(RACE.name)
class RaceTable(RoundTable[RaceMessage]):
    """Owns one race."""

    def __init__(self, context: Context, channel: str, number: int) -> None:
        super().__init__(context, channel, number)
        self._bets: dict[str, Bet] = {}
        self._pools = texts.pools_of(self.settings.gambling.race.commentary)
        self._text: Text | None = None
        self._untold: Finished | None = None

    async def started(self) -> None:
        """Take the race up where it stands: bets go on, and a race that was drawn is paid."""
        row = await self.read_round()
        if row is None or row.state not in {"open", "drawn"}:
            self.over()
            return
        for stake in await self.read_stakes():
            bet = Bet(stake.display_name, str(stake.data["color"]), stake.stake_z)
            self._bets[stake.name] = bet
        if row.state == "drawn":
            self._publish(self._new_view(row, 0))
            self.after(0.0, RaceEnds())
            return
        gone_ms = max(0, self.context.clock.now_ms() - row.opened_at_ms)
        left_ms = max(0, Course.of(row.terms).window_s * 1000 - gone_ms)
        self._publish(self._new_view(row, left_ms))
        self.after(left_ms / 1000, BettingEnds())
        self._have_written()

    async def receive(self, message: RaceMessage) -> None:
        """Go on with the race."""
        match message:
            case RaceOpens():
                self._open()
            case BetMade(bet, aloud):
                self._bet(bet, aloud=aloud)
            case PlayerGone(user):
                self._bets.pop(user.name, None)
                self._bets_changed()
            case Written(text):
                self._text = text
            case BettingEnds():
                await self._close_betting()
            case RaceEnds():
                await self._end()
            case ResultDue():
                self._tell_all()
                self.over()
            case _:
                assert_never(message)

    async def stopping(self) -> None:
        """Whoever was paid hears of it, also when the race is cut short."""
        self._tell_all()

    async def release(self) -> None:
        """A race that was not brought to its end here is no longer to be seen."""
        await super().release()
        shown = self.context.races[self.channel].value
        if shown is not None and shown.number == self.number and shown.phase != "finished":
            self.context.races[self.channel].publish(None)

    # What others see

    def _new_view(self, row: OpenRow, left_ms: int) -> RaceView:
        closes_at_ms = self.context.clock.steady_ms() + left_ms
        return RaceView.opened(self.channel, row, closes_at_ms, self._bets.values())

    @property
    def _view(self) -> RaceView:
        view = self.context.races[self.channel].value
        assert view is not None
        assert view.number == self.number, view
        return view

    def _publish(self, view: RaceView) -> None:
        self.context.races[self.channel].publish(view)

    @property
    def _symbol(self) -> str:
        return self.settings.currency.symbol

    @property
    def _announces(self) -> bool:
        return self.settings.gambling.race.announce_public

    def _say(self, *lines: str) -> None:
        if self._announces:
            self.say(lines)

    # Bets

    def _open(self) -> None:
        if self._view.phase == "betting":
            seconds = self._view.closes_in_s(self.context.clock.steady_ms())
            self._say(*texts.opening(self._view.course, seconds, self._symbol))

    def _bet(self, bet: Bet, *, aloud: bool) -> None:
        self._bets[bet.name.lower()] = bet
        self._bets_changed()
        if aloud and self._announces:
            text = texts.bet_line(bet, self._view.course, self._symbol)
            # Bets that wait together become one line, so that a crowd does not fill the channel.
            line = Line(text, kind=LineKind.RESULT, batch=True)
            self.context.outboxes[self.channel].offer(line)

    def _bets_changed(self) -> None:
        self._publish(replace(self._view, bets=tuple(self._bets.values())))

    async def _close_betting(self) -> None:
        # The books know of bets that nobody has told the table of yet.
        bets = await self.read_stakes()
        answer = await (self.draw() if bets else self.call_off("No bets"))
        match answer:
            case Drawn():
                self._start(json.loads(answer.outcome))
            case Cancelled():
                self._called_off(answer)
            case _:
                self.over()

    def _called_off(self, cancelled: Cancelled) -> None:
        for player in cancelled.players:
            back = (player.stake_z, player.wallet.balance_z)
            tell_player(self.context, player, called_off(RACE.title, *back, self._symbol))
        self._say(texts.nobody_bet())
        self.over()

    # The run

    def _start(self, outcome: dict[str, Any]) -> None:
        self._pools = texts.pools_of(self.settings.gambling.race.commentary, self._written())
        run = self._run(outcome, self.context.clock.steady_ms())
        self._publish(replace(self._view, run=run))
        dice = Dice(outcome["pace"]).derive("start")
        self._say(texts.start_line(self._view.course, self._pools, dice))
        self.after(run.timeline.duration_s, RaceEnds())

    def _run(self, outcome: dict[str, Any], started_at_ms: int) -> RaceRun:
        course = self._view.course
        winner, run = course.runner(outcome["winner"]), timeline(course, outcome)
        assert winner is not None, outcome
        dice = Dice(outcome["pace"]).derive("story")
        finish, told = self._headline(winner, outcome), moments(course, run, dice)
        lines = texts.commentary(course, told, self._pools, finish, run.duration_s, dice)
        return RaceRun(started_at_ms, winner, run, cutoff_s(course, run), tuple(lines))

    def _headline(self, winner: Runner, outcome: dict[str, Any]) -> str:
        return texts.headline(winner, self._pools, Dice(outcome["pace"]).derive("headline"))

    def _have_written(self) -> None:
        commentary = self.settings.gambling.race.commentary
        if commentary.mode != "static":
            wish = Compose(commentary.llm, texts.PROMPT, texts.WANTED, self.ref, Written)
            if not self.context.llm.offer(wish):
                self._text = NoText("too busy")

    def _written(self) -> Mapping[str, str]:
        """What the model has written in time (P-TXT-4)."""
        if isinstance(self._text, Mapping):
            return self._text
        if self.settings.gambling.race.commentary.mode == "llm":
            why = "no answer yet" if self._text is None else self._text.reason
            _log.warning("no commentary from the text model", round=self.number, why=why)
        return {}

    # The end

    async def _end(self) -> None:
        finished = await self.finish()
        if not isinstance(finished, Finished):
            self.over()
            return
        now_ms, view = self.context.clock.steady_ms(), self._view
        run = view.run or self._run(json.loads(finished.outcome), now_ms)
        outcomes = tuple(map(_outcome, finished.players))
        bets = tuple(Bet(each.name, each.color, each.bet_z) for each in outcomes)
        ended = replace(view, run=run, bets=bets, outcomes=outcomes, ended_at_ms=now_ms)
        self._publish(ended)
        self._untold = finished
        self.after(_PAUSE_S, ResultDue())

    def _tell_all(self) -> None:
        """Who has won, what it has brought, and to everybody their own part."""
        finished, self._untold = self._untold, None
        if finished is None:
            return
        view = self._view
        assert view.run is not None
        winner = view.run.winner
        headline = self._headline(winner, json.loads(finished.outcome))
        self._say(headline, texts.summary(view.outcomes, self._symbol))
        for player in finished.players:
            own = (_outcome(player), player.wallet.balance_z, self.number)
            text = texts.result(view.course, winner, *own, self._symbol)
            tell_player(self.context, player, text)


def _outcome(player: Player) -> Outcome:
    color = str(json.loads(player.data)["color"])
    return Outcome(player.wallet.display_name, color, player.stake_z, player.payout_z)
