"""What a chat line sets off, from what has been said in the channel so far (`earning.md` 8).

One `Conversation` per channel; it has no clock: times are UTC epoch milliseconds. All triggers of
a line are judged first, each by a `Judge` of its own, and the line is recorded afterwards. Names
are kept in lower case (P-USR-4). What a limit, an account or a ban refuses is known to the books.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import chain
from typing import NamedTuple

from kryten_economy.config import Settings
from kryten_economy.features.chat.triggers import (
    BOT_INTERACTION,
    FIRST_MESSAGE,
    GREETED,
    KUDOS,
    LAUGH,
    LONG_MESSAGE,
    MENTIONED,
    STARTER,
    FirstOfDay,
    Tally,
    TriggerAward,
    TriggerSpec,
    Window,
)
from kryten_economy.features.chat.utterances import has_gif, is_laugh, kudos_in, words_in

__all__ = ("NOTHING", "Conversation", "Effect", "Judge", "Room", "Spoken", "award_of", "together")


_HOUR_MS = 3_600_000


_JOKE_MS = 300_000


_SPEAKER_MS = 120_000


_KUDOS_PER_DAY = 10


class Spoken(NamedTuple):
    """A chat line, as typed; ``name`` is lower case."""

    name: str
    text: str
    at_ms: int


class Room(NamedTuple):
    """What is true around the line: the settings, the day, and who is connected (lower case)."""

    settings: Settings
    day: str
    midnight_ms: int
    is_here: Callable[[str], bool]
    is_ignored: Callable[[str], bool]


class Effect(NamedTuple):
    """What a line counts and pays, before multipliers and limits."""

    awards: tuple[TriggerAward, ...] = ()
    tallies: tuple[Tally, ...] = ()
    long_messages: int = 0
    gifs_posted: int = 0
    emotes: tuple[str, ...] = ()


NOTHING = Effect()


class Judge(NamedTuple):
    """Who says what a line sets off of one trigger or daily counter, which ``id`` names.

    No judge needs another's: one that fails costs what it would have found, and nothing else
    (P-EARN-12). An empty line is none of their business.
    """

    id: str
    of: Callable[[Spoken, Room], Effect]


def together(effects: Iterable[Effect]) -> Effect:
    """All that several judges found."""
    awards: list[TriggerAward] = []
    tallies: list[Tally] = []
    emotes: tuple[str, ...] = ()
    long_messages = gifs_posted = 0
    for effect in effects:
        awards += effect.awards
        tallies += effect.tallies
        long_messages += effect.long_messages
        gifs_posted += effect.gifs_posted
        emotes += effect.emotes
    return Effect(tuple(awards), tuple(tallies), long_messages, gifs_posted, emotes)


@dataclass(slots=True)
class _Joke:
    teller: str
    at_ms: int
    laughers: set[str] = field(default_factory=set)


class Conversation:
    """What was said last, by whom, and who came in a moment ago."""

    def __init__(self) -> None:
        self._joke: _Joke | None = None
        self._last: Spoken | None = None
        self._active_at_ms: int | None = None
        self._newcomers: dict[str, int] = {}
        self._day = ""
        self._first_asked: set[str] = set()
        self.judges = (
            Judge("daily.long_messages", _count_long),
            Judge("daily.gifs_posted", _count_gif),
            Judge(LONG_MESSAGE.id, _long),
            Judge(FIRST_MESSAGE.id, self._first),
            Judge(STARTER.id, self._starter),
            Judge(GREETED.id, self._greeting),
            Judge(MENTIONED.id, _mentions),
            Judge(LAUGH.id, self._laughed),
            Judge(KUDOS.id, _thanked),
        )

    def resume(self, active_at_ms: int | None) -> None:
        """Continue after a start from the last activity the books know (8, starter)."""
        self._active_at_ms = active_at_ms

    def arrived(self, name: str, at_ms: int) -> None:
        """A genuine arrival, which may be greeted."""
        self._newcomers[name.lower()] = at_ms

    def record(self, line: Spoken) -> None:
        """Remember a line that was judged."""
        self._last = line
        self._active_at_ms = max(line.at_ms, self._active_at_ms or line.at_ms)

    def bot_spoke(self, text: str, at_ms: int, bot_name: str, room: Room) -> Effect | None:
        """The bot said something that was not ours: it answered the last speaker, or nobody."""
        last = self._last
        if last is None:
            return None
        asked = at_ms - last.at_ms <= _SPEAKER_MS and bot_name.lower() in words_in(last.text)
        if not asked and last.name not in words_in(text):
            return None
        most = room.settings.social_triggers.bot_interaction.max_per_day
        limit = Window(BOT_INTERACTION.id, room.midnight_ms, most)
        awards = award_of(BOT_INTERACTION, room.settings, last.name, limit=limit)
        return Effect(awards, (Tally(last.name, "bot_interactions"),))

    @property
    def last_speaker(self) -> str | None:
        """Who spoke last, in lower case."""
        return None if self._last is None else self._last.name

    def _first(self, line: Spoken, room: Room) -> Effect:
        """The books decide; remembering who has asked them spares them all further lines."""
        if room.day != self._day:
            self._day = room.day
            self._first_asked.clear()
        if line.name in self._first_asked:
            return NOTHING
        self._first_asked.add(line.name)
        return _paying(award_of(FIRST_MESSAGE, room.settings, line.name, limit=FirstOfDay()))

    def _starter(self, line: Spoken, room: Room) -> Effect:
        silence_ms = room.settings.chat_triggers.conversation_starter.min_silence_minutes * 60_000
        if self._active_at_ms is not None and line.at_ms - self._active_at_ms < silence_ms:
            return NOTHING
        return _paying(award_of(STARTER, room.settings, line.name))

    def _greeting(self, line: Spoken, room: Room) -> Effect:
        if not self._newcomers:
            return NOTHING
        since_ms = line.at_ms - room.settings.social_triggers.greeted_newcomer.window_seconds * 1000
        self._newcomers = {n: at_ms for n, at_ms in self._newcomers.items() if at_ms >= since_ms}
        words = words_in(line.text)
        greeted = next((n for n in self._newcomers if n in words and n != line.name), None)
        if greeted is None:
            return NOTHING
        del self._newcomers[greeted]
        return _paying(award_of(GREETED, room.settings, line.name, related_user=greeted))

    def _laughed(self, line: Spoken, room: Room) -> Effect:
        """What is no laugh is the next joke."""
        if not is_laugh(line.text):
            self._joke = _Joke(line.name, line.at_ms)
            return NOTHING
        joke = self._joke
        if joke is None or line.at_ms - joke.at_ms > _JOKE_MS or room.is_ignored(joke.teller):
            return NOTHING
        most = room.settings.chat_triggers.laugh_received.max_laughers_per_joke
        if line.name == joke.teller or line.name in joke.laughers or len(joke.laughers) >= most:
            return NOTHING
        joke.laughers.add(line.name)
        return Effect(
            award_of(LAUGH, room.settings, joke.teller, related_user=line.name),
            (Tally(joke.teller, "laughs_received"),),
        )


def _paying(awards: tuple[TriggerAward, ...]) -> Effect:
    return Effect(awards) if awards else NOTHING


def _is_long(line: Spoken, room: Room) -> bool:
    return len(line.text) >= room.settings.chat_triggers.long_message.min_chars


def _count_long(line: Spoken, room: Room) -> Effect:
    return Effect(long_messages=1) if _is_long(line, room) else NOTHING


def _count_gif(line: Spoken, _room: Room) -> Effect:
    return Effect(gifs_posted=1) if has_gif(line.text) else NOTHING


def _long(line: Spoken, room: Room) -> Effect:
    if not _is_long(line, room):
        return NOTHING
    most = room.settings.chat_triggers.long_message.max_per_hour
    limit = Window(LONG_MESSAGE.id, line.at_ms + _HOUR_MS, most)
    return _paying(award_of(LONG_MESSAGE, room.settings, line.name, limit=limit))


def _mentions(line: Spoken, room: Room) -> Effect:
    if not MENTIONED.enabled(room.settings):
        return NOTHING
    named = [word for word in words_in(line.text) if word != line.name and room.is_here(word)]
    if not named:
        return NOTHING
    most = room.settings.social_triggers.mentioned_by_other.max_per_hour_same_user
    limit = Window(f"{MENTIONED.id}:{line.name}", line.at_ms + _HOUR_MS, most)
    awards = (
        award_of(MENTIONED, room.settings, name, limit=limit, related_user=line.name)
        for name in sorted(named)
    )
    return _paying(tuple(chain.from_iterable(awards)))


def _thanked(line: Spoken, room: Room) -> Effect:
    awards: list[TriggerAward] = []
    tallies: list[Tally] = []
    for name in kudos_in(line.text):
        if name == line.name or room.is_ignored(name):
            continue
        tallies.append(Tally(name, "kudos_received"))
        tallies.append(Tally(line.name, "kudos_given", name))
        limit = Window(f"{KUDOS.id}:{line.name}", room.midnight_ms, _KUDOS_PER_DAY)
        awards += award_of(KUDOS, room.settings, name, limit=limit, related_user=line.name)
    return Effect(tuple(awards), tuple(tallies)) if tallies else NOTHING


def award_of(
    trigger: TriggerSpec,
    settings: Settings,
    name: str,
    *,
    limit: Window | FirstOfDay | None = None,
    related_user: str | None = None,
) -> tuple[TriggerAward, ...]:
    """What the trigger pays to somebody; nothing where it is switched off or pays nothing."""
    amount = trigger.reward(settings)
    if not trigger.enabled(settings) or amount <= 0:
        return ()
    return (TriggerAward(name, trigger.id, trigger.reason, amount, limit, related_user),)
