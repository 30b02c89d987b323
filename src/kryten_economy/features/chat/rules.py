"""What a chat line sets off, from what has been said in the channel so far (`earning.md` 8).

Each trigger is registered with its rule. Rules have no clock: times are UTC epoch milliseconds.
All rules see a line before it is recorded in the `Conversation`. Names are kept in lower case
(P-USR-4). What a limit, an account or a ban refuses is known to the books.
"""

from dataclasses import dataclass, field
from itertools import chain

from kryten_economy.features.chat.triggers import (
    NOTHING,
    TRIGGERS,
    Effect,
    FirstOfDay,
    Room,
    Spoken,
    Tally,
    Trigger,
    TriggerAward,
    Window,
    award_of,
    daily_counter,
    trigger,
)
from kryten_economy.features.chat.utterances import has_gif, is_laugh, kudos_in, words_in

__all__ = (
    "BOT_INTERACTION",
    "Conversation",
    "conversation_starter",
    "first_message",
    "greeted_newcomer",
    "kudos",
    "laugh",
    "long_message",
    "mentioned",
)


_HOUR_MS = 3_600_000


_JOKE_MS = 300_000


_SPEAKER_MS = 120_000


_KUDOS_PER_DAY = 10


class Conversation:
    """What was said last, by whom, and who came in a moment ago."""

    def __init__(self) -> None:
        self._last: Spoken | None = None
        self.active_at_ms: int | None = None
        self.newcomers: dict[str, int] = {}

    def resume(self, active_at_ms: int | None) -> None:
        """Continue after a start from the last activity the books know (8, starter)."""
        self.active_at_ms = active_at_ms

    def arrived(self, name: str, at_ms: int) -> None:
        """A genuine arrival, which may be greeted."""
        self.newcomers[name.lower()] = at_ms

    def record(self, line: Spoken) -> None:
        """Remember a line that all rules have seen."""
        self._last = line
        self.active_at_ms = max(line.at_ms, self.active_at_ms or line.at_ms)

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


def _paying(awards: tuple[TriggerAward, ...]) -> Effect:
    return Effect(awards) if awards else NOTHING


# Counters


def _is_long(line: Spoken, room: Room) -> bool:
    return len(line.text) >= room.settings.chat_triggers.long_message.min_chars


@daily_counter("long_messages")
def _long_messages(line: Spoken, room: Room) -> Effect:
    return Effect(long_messages=1) if _is_long(line, room) else NOTHING


@daily_counter("gifs_posted")
def _gifs_posted(line: Spoken, _room: Room) -> Effect:
    return Effect(gifs_posted=1) if has_gif(line.text) else NOTHING


@daily_counter("unique_emotes_used")
def _emotes_used(line: Spoken, room: Room) -> Effect:
    emotes = room.emotes_in(line.text)
    return Effect(emotes=emotes) if emotes else NOTHING


# Chat


@trigger(
    "chat.long_message",
    "Long message",
    section=lambda s: s.chat_triggers.long_message,
    reward=lambda s: s.chat_triggers.long_message.reward,
    wording=lambda s: f"a message of {s.chat_triggers.long_message.min_chars} characters or more",
)
def long_message(line: Spoken, room: Room) -> Effect:
    """A line of so many characters, so often within an hour."""
    if not _is_long(line, room):
        return NOTHING
    most = room.settings.chat_triggers.long_message.max_per_hour
    limit = Window(long_message.id, line.at_ms + _HOUR_MS, most)
    return _paying(award_of(long_message, room.settings, line.name, limit=limit))


@dataclass(slots=True)
class _Joke:
    """The last line that was no laugh, and who has laughed at it."""

    teller: str | None = None
    at_ms: int = 0
    laughers: set[str] = field(default_factory=set)

    def tell(self, line: Spoken) -> None:
        """Another line is the next joke."""
        self.teller, self.at_ms = line.name, line.at_ms
        self.laughers.clear()


@trigger(
    "chat.laugh_received",
    "Made somebody laugh",
    section=lambda s: s.chat_triggers.laugh_received,
    reward=lambda s: s.chat_triggers.laugh_received.reward_per_laugher,
    wording=lambda _: "each user who laughs at what you said",
    excludes_self=lambda s: s.chat_triggers.laugh_received.self_excluded,
)
def laugh(line: Spoken, room: Room) -> Effect:
    """A laugh pays who told the joke; what is no laugh is the next joke."""
    joke = room.memory.of(_Joke)
    if not is_laugh(line.text):
        joke.tell(line)
        return NOTHING
    teller = joke.teller
    if teller is None or line.at_ms - joke.at_ms > _JOKE_MS or room.is_ignored(teller):
        return NOTHING
    most = room.settings.chat_triggers.laugh_received.max_laughers_per_joke
    if line.name == teller or line.name in joke.laughers or len(joke.laughers) >= most:
        return NOTHING
    joke.laughers.add(line.name)
    return Effect(
        award_of(laugh, room.settings, teller, related_user=line.name),
        (Tally(teller, "laughs_received", trigger_id=laugh.id),),
    )


@trigger(
    "chat.kudos_received",
    "Kudos",
    section=lambda s: s.chat_triggers.kudos_received,
    reward=lambda s: s.chat_triggers.kudos_received.reward,
    wording=lambda _: "kudos: somebody writes yourname++",
    excludes_self=lambda s: s.chat_triggers.kudos_received.self_excluded,
)
def kudos(line: Spoken, room: Room) -> Effect:
    """``name++`` pays each who is named, and counts for both sides."""
    awards: list[TriggerAward] = []
    tallies: list[Tally] = []
    for name in kudos_in(line.text):
        if name == line.name or room.is_ignored(name):
            continue
        tallies.append(Tally(name, "kudos_received", trigger_id=kudos.id))
        tallies.append(Tally(line.name, "kudos_given", name, kudos.id))
        limit = Window(f"{kudos.id}:{line.name}", room.midnight_ms, _KUDOS_PER_DAY)
        awards += award_of(kudos, room.settings, name, limit=limit, related_user=line.name)
    return Effect(tuple(awards), tuple(tallies)) if tallies else NOTHING


@dataclass(slots=True)
class _SpokeToday:
    """Whose first message the books were asked about on this day."""

    day: str = ""
    names: set[str] = field(default_factory=set)


@trigger(
    "chat.first_message_of_day",
    "First message of the day",
    section=lambda s: s.chat_triggers.first_message_of_day,
    reward=lambda s: s.chat_triggers.first_message_of_day.reward,
    wording=lambda _: "your first message of the day",
)
def first_message(line: Spoken, room: Room) -> Effect:
    """The books decide; remembering who has asked them spares them all further lines."""
    spoke = room.memory.of(_SpokeToday)
    if room.day != spoke.day:
        spoke.day = room.day
        spoke.names.clear()
    if line.name in spoke.names:
        return NOTHING
    spoke.names.add(line.name)
    return _paying(award_of(first_message, room.settings, line.name, limit=FirstOfDay()))


@trigger(
    "chat.conversation_starter",
    "Broke the silence",
    section=lambda s: s.chat_triggers.conversation_starter,
    reward=lambda s: s.chat_triggers.conversation_starter.reward,
    wording=lambda s: (
        "talking after silence of "
        f"{s.chat_triggers.conversation_starter.min_silence_minutes} minutes"
    ),
)
def conversation_starter(line: Spoken, room: Room) -> Effect:
    """The first line after so long a silence."""
    silence_ms = room.settings.chat_triggers.conversation_starter.min_silence_minutes * 60_000
    active_at_ms = room.memory.of(Conversation).active_at_ms
    if active_at_ms is not None and line.at_ms - active_at_ms < silence_ms:
        return NOTHING
    return _paying(award_of(conversation_starter, room.settings, line.name))


# Social


@trigger(
    "social.greeted_newcomer",
    "Greeted a newcomer",
    section=lambda s: s.social_triggers.greeted_newcomer,
    reward=lambda s: s.social_triggers.greeted_newcomer.reward,
    wording=lambda _: "being the first to greet a newcomer by name",
)
def greeted_newcomer(line: Spoken, room: Room) -> Effect:
    """The first who names somebody who has just come in."""
    talk = room.memory.of(Conversation)
    if not talk.newcomers:
        return NOTHING
    since_ms = line.at_ms - room.settings.social_triggers.greeted_newcomer.window_seconds * 1000
    talk.newcomers = {n: at_ms for n, at_ms in talk.newcomers.items() if at_ms >= since_ms}
    words = words_in(line.text)
    greeted = next((n for n in talk.newcomers if n in words and n != line.name), None)
    if greeted is None:
        return NOTHING
    del talk.newcomers[greeted]
    return _paying(award_of(greeted_newcomer, room.settings, line.name, related_user=greeted))


@trigger(
    "social.mentioned_by_other",
    "Mentioned by somebody",
    section=lambda s: s.social_triggers.mentioned_by_other,
    reward=lambda s: s.social_triggers.mentioned_by_other.reward,
    wording=lambda _: "somebody says your name",
)
def mentioned(line: Spoken, room: Room) -> Effect:
    """Whoever of those here is named, so often within an hour by the same user."""
    if not mentioned.enabled(room.settings):
        return NOTHING
    named = [word for word in words_in(line.text) if word != line.name and room.is_here(word)]
    if not named:
        return NOTHING
    most = room.settings.social_triggers.mentioned_by_other.max_per_hour_same_user
    limit = Window(f"{mentioned.id}:{line.name}", line.at_ms + _HOUR_MS, most)
    awards = (
        award_of(mentioned, room.settings, name, limit=limit, related_user=line.name)
        for name in sorted(named)
    )
    return _paying(tuple(chain.from_iterable(awards)))


BOT_INTERACTION = TRIGGERS.add(
    Trigger(
        "social.bot_interaction",
        "Talked with the bot",
        lambda s: s.social_triggers.bot_interaction,
        lambda s: s.social_triggers.bot_interaction.reward,
        lambda _: "the bot answers you in chat",
    )
)
