"""What a chat line sets off, from what has been said in the channel so far (`spec/earning.md` 8).

One `Conversation` per channel; it has no clock: times are UTC epoch milliseconds. All triggers of
a line are judged first and the line is recorded afterwards. Names are kept in lower case (P-USR-4).
What a limit, an account or a ban refuses is for the books to know.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import NamedTuple

from kryten_economy.config import Settings
from kryten_economy.rules.awards import FirstOfDay, Tally, TriggerAward, Window
from kryten_economy.rules.triggers import (
    BOT_INTERACTION,
    FIRST_MESSAGE,
    GREETED,
    KUDOS,
    LAUGH,
    LONG_MESSAGE,
    MENTIONED,
    STARTER,
    TriggerSpec,
)
from kryten_economy.rules.utterances import has_gif, is_laugh, kudos_in, words_in

__all__ = ("NOTHING", "UNGUARDED", "Conversation", "Effect", "Room", "Spoken", "award_of")

_HOUR_MS = 3_600_000
_JOKE_MS = 300_000
_SPEAKER_MS = 120_000
_KUDOS_PER_DAY = 10

UNGUARDED: AbstractContextManager[object] = nullcontext()
"""Errors come through."""


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

    def resume(self, active_at_ms: int | None) -> None:
        """Continue after a start from the last activity the books know (8, starter)."""
        self._active_at_ms = active_at_ms

    def arrived(self, name: str, at_ms: int) -> None:
        """A genuine arrival, which may be greeted."""
        self._newcomers[name.lower()] = at_ms

    def hear(
        self, line: Spoken, room: Room, guard: AbstractContextManager[object] = UNGUARDED
    ) -> Effect:
        """Judge a line and record it; an empty one does nothing.

        Each trigger is judged inside ``guard``, which may keep its error from the others.
        """
        if not line.text.strip():
            return NOTHING
        words = words_in(line.text)
        laugh = is_laugh(line.text)
        awards: list[TriggerAward] = []
        tallies: list[Tally] = []
        with guard:
            awards += self._long(line, room)
        with guard:
            awards += self._first(line, room)
        with guard:
            awards += self._starter(line, room)
        with guard:
            awards += self._greeting(line, room, words)
        with guard:
            awards += _mentions(line, room, words)
        if laugh:
            with guard:
                self._laughed(line, room, awards, tallies)
        with guard:
            _thanked(line, room, awards, tallies)
        self._record(line, laugh=laugh)
        long_from = room.settings.chat_triggers.long_message.min_chars
        return Effect(
            tuple(awards), tuple(tallies), int(len(line.text) >= long_from), int(has_gif(line.text))
        )

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

    def _record(self, line: Spoken, *, laugh: bool) -> None:
        if not laugh:
            self._joke = _Joke(line.name, line.at_ms)
        self._last = line
        self._active_at_ms = max(line.at_ms, self._active_at_ms or line.at_ms)

    def _long(self, line: Spoken, room: Room) -> tuple[TriggerAward, ...]:
        section = room.settings.chat_triggers.long_message
        if len(line.text) < section.min_chars:
            return ()
        limit = Window(LONG_MESSAGE.id, line.at_ms + _HOUR_MS, section.max_per_hour)
        return award_of(LONG_MESSAGE, room.settings, line.name, limit=limit)

    def _first(self, line: Spoken, room: Room) -> tuple[TriggerAward, ...]:
        """The books decide; remembering who has asked them spares them all further lines."""
        if room.day != self._day:
            self._day = room.day
            self._first_asked.clear()
        if line.name in self._first_asked:
            return ()
        self._first_asked.add(line.name)
        return award_of(FIRST_MESSAGE, room.settings, line.name, limit=FirstOfDay())

    def _starter(self, line: Spoken, room: Room) -> tuple[TriggerAward, ...]:
        silence_ms = room.settings.chat_triggers.conversation_starter.min_silence_minutes * 60_000
        if self._active_at_ms is not None and line.at_ms - self._active_at_ms < silence_ms:
            return ()
        return award_of(STARTER, room.settings, line.name)

    def _greeting(
        self, line: Spoken, room: Room, words: frozenset[str]
    ) -> tuple[TriggerAward, ...]:
        if not self._newcomers:
            return ()
        since_ms = line.at_ms - room.settings.social_triggers.greeted_newcomer.window_seconds * 1000
        self._newcomers = {n: at_ms for n, at_ms in self._newcomers.items() if at_ms >= since_ms}
        greeted = next((n for n in self._newcomers if n in words and n != line.name), None)
        if greeted is None:
            return ()
        del self._newcomers[greeted]
        return award_of(GREETED, room.settings, line.name, related_user=greeted)

    def _laughed(
        self, line: Spoken, room: Room, awards: list[TriggerAward], tallies: list[Tally]
    ) -> None:
        joke = self._joke
        if joke is None or line.at_ms - joke.at_ms > _JOKE_MS or room.is_ignored(joke.teller):
            return
        most = room.settings.chat_triggers.laugh_received.max_laughers_per_joke
        if line.name == joke.teller or line.name in joke.laughers or len(joke.laughers) >= most:
            return
        joke.laughers.add(line.name)
        tallies.append(Tally(joke.teller, "laughs_received"))
        awards.extend(award_of(LAUGH, room.settings, joke.teller, related_user=line.name))


def _mentions(line: Spoken, room: Room, words: frozenset[str]) -> list[TriggerAward]:
    most = room.settings.social_triggers.mentioned_by_other.max_per_hour_same_user
    found: list[TriggerAward] = []
    for name in sorted(word for word in words if word != line.name and room.is_here(word)):
        limit = Window(f"{MENTIONED.id}:{line.name}", line.at_ms + _HOUR_MS, most)
        found += award_of(MENTIONED, room.settings, name, limit=limit, related_user=line.name)
    return found


def _thanked(line: Spoken, room: Room, awards: list[TriggerAward], tallies: list[Tally]) -> None:
    for name in kudos_in(line.text):
        if name == line.name or room.is_ignored(name):
            continue
        tallies.append(Tally(name, "kudos_received"))
        tallies.append(Tally(line.name, "kudos_given", name))
        limit = Window(f"{KUDOS.id}:{line.name}", room.midnight_ms, _KUDOS_PER_DAY)
        awards.extend(award_of(KUDOS, room.settings, name, limit=limit, related_user=line.name))


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
