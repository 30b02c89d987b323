"""How the demo's crowd plays: people take part in what the bot tells of, and answer what it asks.

Promises: all that comes out is a line somebody types, to the bot or into the channel; who types
what is drawn from the given ``random.Random`` alone. It makes no difference who has begun a game.
Limits: people understand the bot's own texts, not those a model has written.
"""

import re
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

__all__ = ("Move", "Players")

_HEIST = re.compile(r"heist.*\bjoin\b")
_RUNNER = re.compile(r"(\w+) [\d.]+x")
_LETTER = re.compile(r"\b([A-D])\)")
_OUTCOME = re.compile(r"\((\d)\)")
_BY = re.compile(r" by (\S+):")
_FROM = re.compile(r"From ([\d,]+)")
_BID = re.compile(r"(\S+) bids ([\d,]+)")
_POINTS = re.compile(r"\((?:soft )?(\d+)\)")

_BETS = ("10", "20", "25", "40", "60", "5%")
_TICKETS = (1, 1, 2, 3, 5)
_RISES = (10, 15, 20, 50)
_BID_MAX_Z = 400
_STANDS_FROM = 17
_ACCEPTS = 0.75
_BIDS_ON = 0.7
_ALOUD = 0.4
_WAITING_MAX = 24


class Move(NamedTuple):
    """What somebody is about to type: in the channel, or to the bot."""

    who: str
    text: str
    aloud: bool = False


@dataclass(slots=True)
class _Evening:
    """What the crowd remembers of the games that are on."""

    runners: tuple[str, ...] = ()
    """Of a race that has not begun."""
    bettors: tuple[str, ...] = ()
    """Who has bet on it; one can once."""
    guessers: tuple[str, ...] = ()
    """Who has bet on the next question of trivia."""
    host: str = ""
    """Who of the crowd has to say what came true."""
    outcomes: int = 0


class Players:
    """Thinks of moves; ``some`` gives up to so many different people who feel like playing."""

    def __init__(self, rng: Random, some: Callable[[int], list[str]]) -> None:
        self._rng = rng
        self._some = some
        self._moves: deque[Move] = deque(maxlen=_WAITING_MAX)
        self._on = _Evening()

    def next(self) -> Move | None:
        """What is done next, if anybody is about to do something."""
        return self._moves.popleft() if self._moves else None

    def began(self, who: str, text: str) -> None:
        """Somebody of the crowd has begun something: they will have to go on with it."""
        if text.startswith("trivia"):
            self._on.guessers = (who,)
        elif text.startswith("predict open"):
            self._on.host = who

    def hear(self, text: str) -> None:
        """A public line of the bot."""
        if _HEIST.search(text.lower()):
            self._join_heist(text)
        elif text.startswith("🏁"):
            self._watch_race(text)
        elif text.startswith(("🧠", "❓")):
            self._think(text)
        elif text.startswith("🔮"):
            self._predict(text)
        elif text.startswith("🎟️ Raffle"):
            self._take_part(text, 4, lambda: f"raffle {self._rng.choice(_TICKETS)}")
        elif text.startswith("🔨"):
            self._bid(text)

    def be_told(self, name: str, text: str) -> None:
        """A private message of the bot to somebody of the crowd."""
        if "challenges you for" in text:
            accepts = self._rng.random() < _ACCEPTS
            self._moves.append(Move(name, "accept" if accepts else "decline"))
        elif "Say hit" in text and (points := _POINTS.search(text)):
            stands = int(points[1]) >= _STANDS_FROM
            self._moves.append(Move(name, "stand" if stands else "hit"))

    # --- What they do --------------------------------------------------------------------

    def _take_part(self, text: str, most: int, bet: Callable[[], str]) -> tuple[str, ...]:
        """Two people at least do, by PM or with a ``!``, but nobody whom the line names."""
        number = self._rng.randint(2, most)
        names = tuple(name for name in self._some(number + 1) if name not in text)[:number]
        for name in names:
            aloud = self._rng.random() < _ALOUD
            self._moves.append(Move(name, f"!{bet()}" if aloud else bet(), aloud=aloud))
        return names

    def _wager(self) -> str:
        return self._rng.choice(_BETS)

    def _join_heist(self, text: str) -> None:
        names = [name for name in self._some(self._rng.randint(4, 6)) if name not in text]
        for name in names:
            aloud = self._rng.random() >= _ALOUD
            self._moves.append(Move(name, "join" if aloud else "heist join", aloud=aloud))

    def _watch_race(self, text: str) -> None:
        """Bet while bets are open; when the cars start one more can't help it."""
        bet_on, self._on.runners = self._on.runners, tuple(_RUNNER.findall(text))
        if self._on.runners:
            self._on.bettors = self._take_part(text, 4, self._race_bet)
        elif bet_on and "stay in the box" not in text:
            others = [name for name in self._some(9) if name not in self._on.bettors]
            color = self._rng.choice(bet_on).lower()
            self._moves += [Move(name, f"race 10 {color}") for name in others[:1]]

    def _race_bet(self) -> str:
        return f"race {self._wager()} {self._rng.choice(self._on.runners).lower()}"

    def _think(self, text: str) -> None:
        """Bet on a question that is to come, and say what comes to mind when it does."""
        on = self._on
        if "Bet within" in text:
            on.guessers += self._take_part(text, 3, lambda: f"trivia {self._wager()}")
        elif text.startswith("❓"):
            letters = _LETTER.findall(text) or ["A", "B"]
            guessers, on.guessers = dict.fromkeys(on.guessers), ()
            for name in guessers:
                letter, aloud = self._rng.choice(letters), self._rng.random() < _ALOUD
                said = letter.lower() if aloud else f"trivia {letter}"
                self._moves.append(Move(name, said, aloud=aloud))

    def _predict(self, text: str) -> None:
        """Bet on a question; whoever of the crowd has asked it tells in the end what came true."""
        on = self._on
        if "Say '!predict" in text:
            on.outcomes = len(_OUTCOME.findall(text))
            by = _BY.search(text)
            if by is None or by[1] != on.host:
                on.host = ""
            self._take_part(text, 5, self._guess)
        elif "Bets are closed" in text and on.host:
            won = self._rng.randint(1, max(1, on.outcomes))
            self._moves.append(Move(on.host, f"predict settle {won}"))
            on.host = ""

    def _guess(self) -> str:
        return f"predict {self._wager()} {self._rng.randint(1, max(1, self._on.outcomes))}"

    def _bid(self, text: str) -> None:
        """Bid the least there is, or more than somebody else, up to what it is worth."""
        if minimum := _FROM.search(text):
            self._offer(text, _number(minimum[1]))
        elif (bid := _BID.search(text)) and self._rng.random() < _BIDS_ON:
            self._offer(text, _number(bid[2]) + self._rng.choice(_RISES))

    def _offer(self, text: str, amount_z: int) -> None:
        bidders: Sequence[str] = [name for name in self._some(2) if name not in text]
        if bidders and amount_z <= _BID_MAX_Z:
            aloud = self._rng.random() < _ALOUD
            said = f"{'!' if aloud else ''}bid {amount_z}"
            self._moves.append(Move(bidders[0], said, aloud=aloud))


def _number(shown: str) -> int:
    return int(shown.replace(",", ""))
