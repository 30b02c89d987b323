"""A small crowd that makes the simulated channel look alive.

Promises: who does what is drawn from the given ``random.Random`` alone, so a seed repeats an
evening; people keep to what CyTube allows. ``step`` does one thing and tells how long the
pause after it is; ``run`` goes on for ever. Limits: they react to simple cues only. How they
play is in `players`.
"""

from collections import deque
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from random import Random

import anyio

from economy_sandbox.past import PAST
from economy_sandbox.people import (
    ANSWERS,
    BOUNTIES,
    COMMENTS,
    EMOTES,
    FILMS,
    GREETINGS,
    HOST,
    HOSTED,
    JOKES,
    KUDOS,
    LAUGHS,
    LINKS,
    MUDDLES,
    ORDERS,
    OWNER,
    PERSONAS,
    PURCHASES,
    QUESTIONS,
    SEARCHES,
    STAKES,
    Persona,
)
from economy_sandbox.players import Move, Players
from economy_sandbox.robot import SimulatedRobot
from economy_sandbox.view import Heard

__all__ = ("Crowd", "dress_channel")

_PAUSE_S = 6.0
_PAUSE_MAX_S = 12.0
"""Shorter than any game waits for players."""
_MOVE_S = (0.5, 2.5)
_FEWEST = 5
_CHOICE = "reply with a number"
_QUESTIONS = ("reply yes", "say yes")
_PICKS = ("1", "1", "1", "2", "3")
_SECOND_THOUGHTS = 0.15
_TIPS = ("1", "2", "5", "10", "1%")
_BOUNTY_Z = (10, 15, 20, 30)
_RECENT_MAX = 12
_KINDS = {"saying": 5, "joke": 3, "comment": 5, "link": 1, "emote": 2, "mention": 3}


_STYLESHEET = "/* the demo's own */\n#chatheader { letter-spacing: 0.05em; }\n"
"""Colours are only ever added to a stylesheet that can be seen to exist."""


async def dress_channel(robot: SimulatedRobot) -> None:
    """Give the channel emotes, a stylesheet, a message of the day and films to watch."""
    events = [robot.dressing.update_emote(n, f"https://example.com/{f}.png") for n, f in EMOTES]
    events += robot.dressing.set_css(_STYLESHEET)
    await robot.act([*events, robot.dressing.set_motd("Welcome to the <b>demo</b> channel")])
    for film in FILMS:
        await robot.queue(OWNER, film, temp=False)


@dataclass(slots=True)
class _Mood:
    """What the room is about just now."""

    newcomers: list[str] = field(default_factory=list)
    joker: str | None = None
    asked: str | None = None
    replies: list[tuple[str, str]] = field(default_factory=list)
    """What people are about to answer the bot, which has asked them by PM."""


class Crowd:
    """The personas of the demo in one robot's channel; nobody of them is called ``without``."""

    def __init__(
        self, robot: SimulatedRobot, rng: Random, *, speed: float = 1.0, without: str = ""
    ) -> None:
        self.is_active = True
        self._robot = robot
        self._rng = rng
        self._speed = speed
        self._personas = [one for one in PERSONAS if one.name.lower() != without.lower()]
        self._here: list[Persona] = []
        self._away: list[Persona] = []
        self._missed = [stay.name for stay in PAST]
        self._afk: set[str] = set()
        self._mood = _Mood()
        self._recent: deque[str] = deque(maxlen=_RECENT_MAX)
        self._orders = list(ORDERS)
        self._stakes = list(STAKES)
        self._purchases = list(PURCHASES)
        self._hosted = list(HOSTED)
        self._players = Players(rng, self._some)
        self._unknown: set[str] = set()
        robot.listeners.append(self._overhear)

    @property
    def names(self) -> list[str]:
        """Who of the crowd is in the channel."""
        return [persona.name for persona in self._here]

    def know(self, commands: Collection[str]) -> None:
        """Keep to what the bot understands; without this they try everything."""
        words = {word.lower() for word in commands}
        if words:
            self._orders = [order for order in ORDERS if order.split()[0] in words] or ["help"]
            self._stakes = [stake for stake in STAKES if stake.split()[0] in words]
            self._purchases = [each for each in PURCHASES if each.split()[0] in words]
            self._hosted = [each for each in HOSTED if each.split()[0] in words]
            self._unknown = {"tip", "like", "search", "bounty"} - words

    def greet(self, name: str) -> None:
        """Let somebody who is not of the crowd be welcomed."""
        self._mood.newcomers.append(name)

    async def arrive(self) -> None:
        """Some are there from the beginning; the others come later."""
        for persona in self._personas:
            if persona.is_early:
                await self._join(persona)
            else:
                self._away.append(persona)
        self._mood.newcomers.clear()

    async def run(self, sleep: Callable[[float], Awaitable[None]] = anyio.sleep) -> None:
        """Live on, at the crowd's own pace divided by its speed."""
        while True:
            pause_s = await self.step() if self.is_active else _PAUSE_S
            await sleep(pause_s / self._speed)

    async def step(self) -> float:
        """One person does one thing; gives the seconds until the next one does something."""
        self._notice_absences()
        if not self._here:
            await self._come()
            return _PAUSE_S
        if self._mood.asked is not None:
            await self._answer(self._mood.asked)
            return _PAUSE_S
        if self._mood.replies:
            await self._robot.pm(*self._mood.replies.pop(0))
            return _PAUSE_S / 2
        if (move := self._players.next()) is not None:
            await self._make(move)
            return self._rng.uniform(*_MOVE_S)
        acts: list[tuple[Callable[[], Awaitable[None]], float]] = [
            (self._talk, 56),
            (self._ask_aloud, 3),
            (self._ask_bot, 8),
            (self._like, self._weight("like", 3)),
            (self._play, 10 if self._stakes else 0),
            (self._tip, self._weight("tip", 4)),
            (self._search, self._weight("search", 3)),
            (self._buy, 4 if self._purchases else 0),
            (self._set_out, self._weight("bounty", 1)),
            (self._host, 1.5 if self._hosted else 0),
            (self._come, 8 if self._away else 0),
            (self._go, 3 if len(self._here) > _FEWEST else 0),
            (self._bounce, 1.5),
            (self._drift, 3),
        ]
        act = self._rng.choices([act for act, _ in acts], [weight for _, weight in acts])[0]
        await act()
        return min(self._rng.expovariate(1 / _PAUSE_S), _PAUSE_MAX_S)

    # --- Things people do ----------------------------------------------------------------

    async def _talk(self) -> None:
        speaker = self._someone("talk")
        self._afk.discard(speaker.name)
        await self._robot.chat(speaker.name, self._line_of(speaker))

    def _line_of(self, speaker: Persona) -> str:
        others = [name for name in self.names if name != speaker.name]
        return self._reaction(speaker, others) or self._own_line(speaker, others)

    def _reaction(self, speaker: Persona, others: list[str]) -> str | None:
        """A greeting or a laugh, if there is somebody to greet or to laugh about."""
        rng, mood = self._rng, self._mood
        newcomers = [name for name in mood.newcomers if name != speaker.name]
        if newcomers and rng.random() < 0.6:
            mood.newcomers.remove(newcomers[0])
            return rng.choice(GREETINGS).format(name=newcomers[0])
        joker = mood.joker
        if joker not in others or rng.random() < 0.4:
            return None
        if rng.random() < 0.4:
            mood.joker = None
        return rng.choice(KUDOS if rng.random() < 0.2 else LAUGHS).format(name=joker)

    def _own_line(self, speaker: Persona, others: list[str]) -> str:
        rng = self._rng
        match rng.choices(tuple(_KINDS), tuple(_KINDS.values()))[0]:
            case "joke":
                self._mood.joker = speaker.name
                return self._fresh(JOKES)
            case "comment":
                return self._fresh(COMMENTS).format(title=self._title())
            case "link":
                return self._fresh(LINKS)
            case "emote":
                return f"{rng.choice(EMOTES)[0]} {self._fresh(speaker.sayings)}"
            case "mention" if others:
                return f"@{rng.choice(others)} {self._fresh(speaker.sayings)}"
            case _:
                return self._fresh(speaker.sayings)

    def _fresh(self, pool: Sequence[str]) -> str:
        """One of these texts, but none that was just said, unless all were."""
        fresh = [text for text in pool if text not in self._recent]
        chosen = self._rng.choice(fresh or pool)
        self._recent.append(chosen)
        return chosen

    async def _ask_aloud(self) -> None:
        asker = self._someone("talk")
        await self._robot.chat(asker.name, f"{self._robot.bot} {self._fresh(QUESTIONS)}")

    async def _answer(self, name: str) -> None:
        """Another service that speaks through the bot's account answers who has spoken to it."""
        self._mood.asked = None
        text = self._fresh(ANSWERS).format(name=name, title=self._title())
        await self._robot.act(self._robot.room.chat(self._robot.bot, text), typed=text)

    async def _like(self) -> None:
        await self._robot.pm(self._someone("talk").name, "like")

    async def _ask_bot(self) -> None:
        asker = self._someone("play")
        is_muddled = self._rng.random() < 0.2
        await self._robot.pm(asker.name, self._rng.choice(MUDDLES if is_muddled else self._orders))

    async def _play(self) -> None:
        player, friend = self._someone("play"), self._someone("play")
        stake = self._rng.choice(self._stakes).format(name=friend.name)
        self._players.began(player.name, stake)
        await self._robot.pm(player.name, stake)

    async def _tip(self) -> None:
        giver, taker = self._someone("talk"), self._someone("talk")
        await self._robot.pm(giver.name, f"tip @{taker.name} {self._rng.choice(_TIPS)}")

    async def _search(self) -> None:
        await self._robot.pm(self._someone("talk").name, f"search {self._fresh(SEARCHES)}")

    async def _buy(self) -> None:
        buyer, friend = self._someone("play"), self._someone("talk")
        wanted = self._rng.choice(self._purchases)
        await self._robot.pm(buyer.name, wanted.format(name=friend.name))

    async def _set_out(self) -> None:
        creator, friend = self._someone("play"), self._someone("talk")
        deed = self._fresh(BOUNTIES).format(name=friend.name, title=self._title())
        await self._robot.pm(creator.name, f'bounty {self._rng.choice(_BOUNTY_Z)} "{deed}"')

    async def _come(self) -> None:
        if self._away:
            missed = [persona for persona in self._away if persona.name in self._missed]
            persona = self._rng.choice(missed or self._away)
            self._away.remove(persona)
            await self._join(persona)

    async def _go(self) -> None:
        await self._leave(self._someone("talk"))

    async def _bounce(self) -> None:
        persona = self._someone("talk")
        await self._leave(persona)
        self._away.remove(persona)
        await self._join(persona)

    async def _drift(self) -> None:
        """Go AFK, or come back from it."""
        persona = self._someone("talk")
        is_afk = persona.name not in self._afk
        (self._afk.add if is_afk else self._afk.discard)(persona.name)
        await self._robot.afk(persona.name, is_afk)

    async def _host(self) -> None:
        """The operator opens something for all."""
        opening = self._fresh(self._hosted)
        self._players.began(HOST, opening)
        await self._make(Move(HOST, opening))

    async def _make(self, move: Move) -> None:
        """Somebody plays; who has left since comes back for it."""
        for persona in [each for each in self._away if each.name == move.who]:
            self._away.remove(persona)
            await self._join(persona)
        if move.who in self.names:
            say = self._robot.chat if move.aloud else self._robot.pm
            await say(move.who, move.text)

    # --- Bookkeeping ---------------------------------------------------------------------

    def _weight(self, command: str, weight: float) -> float:
        """How often people do what takes this command; never if the bot doesn't know it."""
        return 0 if command in self._unknown else weight

    def _someone(self, weight: str) -> Persona:
        weights = [getattr(persona, weight) for persona in self._here]
        return self._rng.choices(self._here, weights)[0]

    def _some(self, count: int) -> list[str]:
        """Different people who can play and feel like it; the host looks after the game."""
        able = [each for each in self._here if not each.is_guest and each.name != HOST]
        keen = {each.name: self._rng.random() ** (1 / each.play) for each in able}
        return sorted(keen, key=keen.__getitem__, reverse=True)[:count]

    def _title(self) -> str:
        current = self._robot.room.playlist.current
        return "this film" if current is None else current.media.title

    async def _join(self, persona: Persona) -> None:
        await self._robot.join(persona.name, rank=0 if persona.is_guest else persona.rank)
        self._here.append(persona)
        if persona.name in self._missed:
            self._missed.remove(persona.name)
        self._mood.newcomers = [*self._mood.newcomers, persona.name][-3:]

    async def _leave(self, persona: Persona) -> None:
        self._here.remove(persona)
        self._away.append(persona)
        self._afk.discard(persona.name)
        await self._robot.leave(persona.name)

    def _notice_absences(self) -> None:
        """Who was thrown out comes back some time, like everybody who left."""
        gone = [persona for persona in self._here if self._robot.room.find(persona.name) is None]
        for persona in gone:
            self._here.remove(persona)
            self._away.append(persona)

    def _overhear(self, heard: Heard) -> None:
        """Notice what the bot asks somebody, its invitations, and questions to it."""
        text = heard.text.lower()
        if heard.to is not None:
            if heard.sender == self._robot.bot and heard.to in self.names:
                self._be_asked(heard.to, text)
                self._players.be_told(heard.to, heard.text)
            return
        if heard.sender != self._robot.bot:
            if self._robot.bot.lower() in text:
                self._mood.asked = heard.sender
        else:
            self._players.hear(heard.text)

    def _be_asked(self, name: str, text: str) -> None:
        """Think of an answer to a list or a price; now and then the price is too high."""
        if _CHOICE in text:
            self._mood.replies.append((name, self._rng.choice(_PICKS)))
        elif any(question in text for question in _QUESTIONS):
            wants = self._rng.random() >= _SECOND_THOUGHTS
            self._mood.replies.append((name, "YES" if wants else "no"))
