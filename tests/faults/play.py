"""What the crowd plays: every act of every game, reproducible like all else it asks.

Rounds get their numbers from the books. So that a request follows from the seed all the same, it
names a round by the act that was to open it; its number is what that act was told, or 0 as long as
nobody was told anything. Whoever knows all that was told knows every number that was ever used.

Time is cut in decades. In each of them one asker opens a spectacle, others a prediction, a raffle
and an auction; everybody plays in those of this decade and the one before, and ends them.
"""

import json
from dataclasses import dataclass, field
from functools import cache
from random import Random
from typing import Any

from kryten_economy.config import Settings
from kryten_economy.config.gambling import Heist, Trivia
from kryten_economy.dice import Dice
from kryten_economy.features.games import auction, prediction, raffle
from kryten_economy.features.games.auction import CloseAuction, PlaceBid
from kryten_economy.features.games.blackjack.operations import Deal, Play
from kryten_economy.features.games.challenge.operations import AcceptChallenge, ChallengeSomebody
from kryten_economy.features.games.flip import Flip
from kryten_economy.features.games.heist import round_terms as heist_terms
from kryten_economy.features.games.limits import LimitKind, PausePlay, SetPlayLimit
from kryten_economy.features.games.prediction import CloseBets, Predict
from kryten_economy.features.games.questions import Question
from kryten_economy.features.games.race.operations import BetOnRace
from kryten_economy.features.games.race.rules import FIXED, POOL, Course, lineup
from kryten_economy.features.games.raffle import BuyTickets, OpenRaffle
from kryten_economy.features.games.rounds import EnsureSeeds
from kryten_economy.features.games.rules import Terms
from kryten_economy.features.games.slots import FreeSpin, Spin
from kryten_economy.features.games.tables import (
    CancelRound,
    DrawRound,
    FinishRound,
    JoinRound,
    OpenRound,
)
from kryten_economy.features.games.trivia import AnswerTrivia, RevealQuestion
from kryten_economy.features.games.trivia import round_terms as trivia_terms
from kryten_economy.ledger.operation import Act, Request
from kryten_economy.users import UserKey

__all__ = ("HOUR_MS", "SETTINGS", "TICKET_Z", "Players")

HOUR_MS = 3_600_000
"""So much later the next run of the service plays: what was to end by the clock is overdue then."""

TICKET_Z = 3

SETTINGS = Settings.model_validate(
    {
        "nats": {"servers": ["nats://127.0.0.1:4222"]},
        "channels": [{"domain": "cytube.test", "channel": "Torture"}],
    }
)

_DECADE = 8
_DARE_EVERY = 8
_SEED = "5eed" * 16
_NEXT_DAY = "2026-11-21"
_TABLE = (("win", "2.0", "0.3"), ("partial", "0.5", "0.3"))
_WINDOW_S = 60
_QUESTION = Question("Film", "easy", "Which ship?", "Titanic", ("Argo", "Bounty", "Victory"))
_MOVES = ("hit", "hit", "stand", "double")
_OPENERS = {"spectacle": 0, "prediction": 1, "raffle": 2, "auction": 3}
_SPECTACLES = ("heist", "race", "trivia")


@cache
def _racers(decade: int) -> Course:
    return lineup(SETTINGS.gambling.race, Dice(decade))


def _limits(game: str, most_z: int = 200) -> Terms:
    return Terms(game, 1, most_z)


@dataclass(frozen=True, slots=True)
class _Where:
    """Whose turn it is, and when."""

    dice: Random
    asker: int
    turn: int
    op_id: str
    user: UserKey
    at_ms: int

    @property
    def decade(self) -> int:
        return self.turn // _DECADE

    @property
    def place(self) -> int:
        return self.turn % _DECADE


@dataclass(frozen=True, slots=True)
class Players:
    """The players of one run of the service; ``numbers`` are the rounds by who has opened them."""

    seed: int
    generation: int
    askers: int
    channel: str
    names: tuple[str, ...]
    now_ms: int
    day: str
    numbers: dict[str, int] = field(default_factory=dict, compare=False)

    def request(self, asker: int, turn: int) -> Request[Any]:
        """What this asker plays in their turn, counted from 0."""
        where = self._where(asker, turn)
        if self._dares(asker, turn):
            return self._dare(where)
        if where.place == 0 and (opened := self._open(where)) is not None:
            return opened
        if where.place == 0 or where.dice.random() < 0.4:
            return self._alone(where)
        return self._together(where)

    def _where(self, asker: int, turn: int) -> _Where:
        dice = Random(f"{self.seed}.{self.generation}.{asker}.{turn}.game")
        user = UserKey.of(self.channel, dice.choice(self.names))
        at_ms = self.now_ms + self.generation * HOUR_MS + turn
        return _Where(dice, asker, turn, f"game.{self.generation}.{asker}.{turn}", user, at_ms)

    # Who opens what

    def _opener(self, room: str, decade: int) -> int:
        return (5 * decade + _OPENERS[room]) % self.askers

    def _number(self, room: str, decade: int) -> int:
        """The round that was opened there, as far as anybody was told."""
        opener = self._opener(room, decade)
        return self.numbers.get(f"game.{self.generation}.{opener}.{decade * _DECADE}", 0)

    def _game(self, room: str, decade: int) -> str:
        return (
            _SPECTACLES[(decade + self.generation + self.seed) % 3] if room == "spectacle" else room
        )

    def _open(self, where: _Where) -> Act[Any] | None:
        decade = where.decade
        for room in _OPENERS:
            if self._opener(room, decade) == where.asker:
                return self._opening(where, room)
        return None

    def _opening(self, where: _Where, room: str) -> Act[Any]:
        game, stake_z, dice = self._game(room, where.decade), 0, where.dice
        user: UserKey | None = None
        match game:
            case "heist":
                user, stake_z = where.user, dice.randint(1, 6)
                terms = heist_terms(Heist(), stake_z, where.user.name)
            case "race":
                terms = self._course(where)
            case "trivia":
                user, stake_z = where.user, dice.randint(1, 6)
                terms = trivia_terms(Trivia(), _QUESTION, where.user.name)
            case "prediction":
                question = prediction.Question("Rain?", ("yes", "no"))
                terms = prediction.round_terms(SETTINGS, question, _WINDOW_S, "Boss")
                terms["void_s"] = 0
            case "auction":
                seller = dice.choice(("", where.user.name))
                terms = auction.round_terms(SETTINGS, "A lamp", _WINDOW_S, 5, "Boss", seller)
                terms["step_z"] = 1
            case _:
                prize_z = dice.choice((0, dice.randint(1, 6)))
                terms = raffle.round_terms(SETTINGS, _WINDOW_S, TICKET_Z, prize_z, "Boss")
                giver = where.user if prize_z else None
                about = (_SEED, where.at_ms, self.day, giver)
                return OpenRaffle(where.op_id, self.channel, json.dumps(terms), *about)
        what = (game, json.dumps(terms), _limits(game), _SEED, where.at_ms, self.day)
        return OpenRound(where.op_id, self.channel, *what, user, stake_z)

    def _course(self, where: _Where) -> dict[str, Any]:
        """A race of two at least; with bets while it runs, or at fixed odds."""
        live, course = where.dice.random() < 0.6, _racers(where.decade)
        return course._replace(live=live, mode=POOL if live else FIXED).as_terms()

    # What several play

    def _together(  # noqa: PLR0911 - one way out for each moment
        self, where: _Where
    ) -> Request[Any]:
        dice = where.dice
        decade = max(0, where.decade - (dice.random() < 0.3))
        room = dice.choices(tuple(_OPENERS), (5, 2, 2, 2))[0]
        number, game = self._number(room, decade), self._game(room, decade)
        fate = Random(f"{self.seed}.{self.generation}.{decade}.{room}").random()
        match where.place:
            case 5 if fate < 0.2:
                return self._call_off(where, number)
            case 5:
                return self._draw(where, game, number)
            case 6 if game != "race":
                return self._alone(where)
            case 7 if fate > 0.7 and decade == where.decade:
                # Some stay drawn for a while, so that a kill finds them.
                return self._alone(where)
            case 7:
                return self._end(where, game, number)
            case 1 if decade < where.decade:
                return self._draw(where, game, number)
            case _ if game != "auction" and dice.random() < 0.04:
                return self._call_off(where, number, where.user)
            case _:
                return self._join(where, game, number)

    def _end(self, where: _Where, game: str, number: int) -> Act[Any]:
        if game == "auction":
            ends_ms = where.at_ms + 2 * _WINDOW_S * 1000
            return CloseAuction(where.op_id, self.channel, number, ends_ms, self.day)
        return FinishRound(where.op_id, self.channel, number, where.at_ms, self.day)

    def _call_off(self, where: _Where, number: int, leaver: UserKey | None = None) -> Act[Any]:
        about = (self.channel, number, "Called off", where.at_ms, self.day, leaver)
        return CancelRound(where.op_id, *about)

    def _draw(self, where: _Where, game: str, number: int) -> Act[Any]:
        if game == "auction":
            return self._bid(where, number)
        said = where.dice.choice("01") if game == "prediction" else ""
        return DrawRound(where.op_id, self.channel, number, where.at_ms, self.day, said)

    def _join(  # noqa: PLR0911 - one way out for each game
        self, where: _Where, game: str, number: int
    ) -> Request[Any]:
        dice, user, limits = where.dice, where.user, _limits(game)
        op_id, at_ms, day, stake_z = where.op_id, where.at_ms, self.day, where.dice.randint(1, 6)
        match game:
            case "race":
                known = {each.color for each in _racers(max(0, where.decade - 1)).runners}
                running = [each.color for each in _racers(where.decade).runners]
                color = dice.choice([each for each in running if each in known])
                return BetOnRace(
                    op_id, self.channel, number, user, stake_z, color, limits, at_ms, day
                )
            case "prediction":
                if dice.random() < 0.04:
                    return CloseBets(self.channel, number, at_ms)
                return Predict(op_id, number, user, stake_z, dice.randrange(2), limits, at_ms, day)
            case "raffle":
                return BuyTickets(op_id, number, user, dice.randint(1, 2), limits, at_ms, day)
            case "auction":
                return self._bid(where, number)
            case "trivia" if where.place in {3, 4}:
                return self._ask_or_answer(where, number)
            case _:
                return JoinRound(op_id, self.channel, number, user, stake_z, limits, at_ms, day)

    def _ask_or_answer(self, where: _Where, number: int) -> Act[Any]:
        if where.place == 3:
            return RevealQuestion(where.op_id, self.channel, number, where.at_ms, self.day)
        said = where.dice.choice("ABCD")
        return AnswerTrivia(where.op_id, where.user, number, said, where.at_ms, self.day)

    def _bid(self, where: _Where, number: int) -> Act[Any]:
        amount_z, limits = where.dice.randint(5, 60), _limits("auction")
        return PlaceBid(where.op_id, number, where.user, amount_z, limits, where.at_ms, self.day)

    # What one or two play

    def _alone(self, where: _Where) -> Request[Any]:
        roll = where.dice.random()
        if roll < 0.35:
            return self._at_once(where)
        if roll < 0.7:
            return self._hand(where)
        if roll < 0.74:
            return self._own_limits(where)
        if roll < 0.76:
            days = (self.day, _NEXT_DAY)
            fresh = tuple(f"{where.dice.randrange(1 << 256):064x}" for _ in days)
            return EnsureSeeds(self.channel, days, fresh)
        return self._decide(where)

    def _at_once(self, where: _Where) -> Act[Any]:
        op_id, user, at_ms, stake_z = where.op_id, where.user, where.at_ms, self._stake(where)
        roll = where.dice.random()
        if roll < 0.45:
            return Spin(op_id, user, stake_z, _TABLE, _limits("spin"), _SEED, at_ms, self.day)
        if roll < 0.55:
            return FreeSpin(op_id, user, stake_z, _TABLE, 0, _SEED, at_ms, self.day)
        return Flip(op_id, user, stake_z, "0.45", _limits("flip"), _SEED, at_ms, self.day)

    def _stake(self, where: _Where) -> int:
        return where.dice.randint(1, 12)

    def _hand(self, where: _Where) -> Act[Any]:
        op_id, user, at_ms, stake_z = where.op_id, where.user, where.at_ms, self._stake(where)
        limits = _limits("blackjack")
        if where.dice.random() < 0.45:
            return Deal(op_id, user, stake_z, "1.5", True, limits, _SEED, at_ms, self.day)
        return Play(op_id, user, where.dice.choice(_MOVES), limits, at_ms, self.day)

    def _own_limits(self, where: _Where) -> Act[Any]:
        dice, op_id, user, at_ms = where.dice, where.op_id, where.user, where.at_ms
        if dice.random() < 0.25:
            return PausePlay(op_id, user, dice.randint(1, 4), at_ms, self.day)
        what: LimitKind = "stakes" if dice.random() < 0.5 else "losses"
        limit_z = dice.choice((None, 40_000, 60_000))
        return SetPlayLimit(op_id, user, what, limit_z, _NEXT_DAY, at_ms, self.day)

    # Challenges

    def _dares(self, asker: int, turn: int) -> bool:
        """Whether this asker dares somebody in that turn."""
        return turn % _DECADE == 1 and (asker + turn // _DECADE) % _DARE_EVERY == 0

    def _dare(self, where: _Where) -> ChallengeSomebody:
        target = UserKey.of(self.channel, where.dice.choice(self.names))
        lasts_ms, stake_z = _WINDOW_S * 1000, where.dice.randint(1, 6)
        about = ("5", lasts_ms, _limits("challenge"), _SEED, where.at_ms, self.day)
        return ChallengeSomebody(where.op_id, where.user, target, stake_z, *about)

    def _decide(self, where: _Where) -> Act[Any]:
        """Accept what was dared lately, or call it off, whoever it was."""
        dice = where.dice
        turn = max(0, where.turn - 2) // _DECADE * _DECADE + 1
        daring = [asker for asker in range(self.askers) if self._dares(asker, turn)]
        then = self._where(dice.choice(daring), turn)
        number, dare = self.numbers.get(then.op_id, 0), self._dare(then)
        if dice.random() < 0.2:
            return self._call_off(where, number, dice.choice((None, dare.target, dare.user)))
        limits = _limits("challenge")
        return AcceptChallenge(where.op_id, dare.target, number, limits, where.at_ms, self.day)
