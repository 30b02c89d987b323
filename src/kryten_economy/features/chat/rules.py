"""What a chat line sets off, from what has been said in the channel so far (`earning.md` 8).

Each trigger is registered with its rule. Rules have no clock: times are UTC epoch milliseconds.
All rules see a line before it is recorded in the `Conversation`. Names are kept in lower case
(P-USR-4). What a limit, an account or a ban refuses is known to the books.

What a chat line contains: laughs, kudos, names, GIF links, emotes (`earning.md` 8).

Pure. All texts are what the person typed (`messages.markup.typed_text`); marks such as ``_`` or
``*`` around a word do not make it another word. Names come out in lower case.

Laughs and kudos for oneself under another name (`earning.md` 1, 8.2, 8.3).

What a line sets off names its receivers; which of them are the speaker is known to others. Equal
names never come this far. Where ``self_excluded`` is off, anybody may thank
themselves that way.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from itertools import chain
from unicodedata import category
from urllib.parse import urlsplit

from kryten_economy.config import Settings
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

__all__ = (
    "BOT_INTERACTION",
    "Conversation",
    "conversation_starter",
    "emotes_in",
    "first_message",
    "greeted_newcomer",
    "has_gif",
    "is_laugh",
    "kudos",
    "kudos_in",
    "laugh",
    "long_message",
    "mentioned",
    "parted",
    "suspects",
    "without",
    "words_in",
)

# A typed `_lol_` is an emphasised word, so the underscore ends a word here.
_LAUGH = re.compile(
    r"(?<![^\W_])(?:lol|lmao|lmfao|rofl|kek|dead|(?:ha){2,}|hehe+)(?![^\W_])|[💀😂🤣]",
    re.IGNORECASE,
)


_KUDOS = re.compile(r"(?<!\S)(?:[*`]|~~|\[sp\]|_(?=@))*@?([A-Za-z0-9_-]{1,21})\+\+")


_CLOSING_MARKS = "`~"


_NAME_MAX = 20


_WORD = re.compile(r"[A-Za-z0-9_-]+")


_LINK = re.compile(r"https?://\S+", re.IGNORECASE)


_AFTER_LINK = ")>]}.,!?;:'\"*_~`"


_GIF_HOSTS = frozenset({"giphy.com", "media.giphy.com", "tenor.com"})


def is_laugh(text: str) -> bool:
    """Whether somebody laughs (8.2)."""
    return _LAUGH.search(text) is not None


def kudos_in(text: str) -> tuple[str, ...]:
    """Who is thanked by ``name++``, each once, in the order of the text (8.3)."""
    if "++" not in text:
        return ()
    found = (_names_thanked(match, text[match.end() :][:1]) for match in _KUDOS.finditer(text))
    return tuple(dict.fromkeys(name for name in found if name))


def _names_thanked(match: re.Match[str], after: str) -> str:
    """The name, unless something follows that is neither space, punctuation nor a mark."""
    name = match.group(1).lower()
    if after and not (after.isspace() or after in _CLOSING_MARKS or category(after)[0] == "P"):
        return ""
    # `_bob++_` is bob, emphasised; `_bob++` is a user of that name.
    if after == "_" and name[0] == "_":
        name = name[1:]
    return name if len(name) <= _NAME_MAX else ""


def words_in(text: str) -> frozenset[str]:
    """Everything in the text that may be a user's name, whole words only (P-EARN-4).

    ``_`` and ``-`` belong to names but also stand around them, so both readings are in.
    """
    words = set(_WORD.findall(text.lower()))
    marked = [word for word in words if word[0] in "_-" or word[-1] in "_-"]
    if marked:
        words.update(word.strip("_-") for word in marked)
        words.discard("")
    return frozenset(words)


def has_gif(text: str) -> bool:
    """Whether the text holds a link to a GIF (8.6)."""
    return "://" in text and any(_is_gif(link) for link in _LINK.findall(text))


def _is_gif(link: str) -> bool:
    try:
        parts = urlsplit(link.rstrip(_AFTER_LINK))
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:  # what people type after :// need not be an address
        return False
    return host in _GIF_HOSTS or parts.path.lower().endswith(".gif")


def emotes_in(text: str, emotes: Collection[str]) -> tuple[str, ...]:
    """The distinct emotes that stand in the text as whole tokens, in the order of the text."""
    if not emotes:
        return ()
    return tuple(dict.fromkeys(token for token in text.split() if token in emotes))


def suspects(effect: Effect, settings: Settings) -> tuple[str, ...]:
    """Who gets a laugh or kudos and must not be the one who gives it; each name once."""
    everything: tuple[TriggerAward | Tally, ...] = (*effect.awards, *effect.tallies)
    thanked = (_thanked_person(each, settings) for each in everything)
    return tuple(dict.fromkeys(name for name in thanked if name is not None))


def without(effect: Effect, names: Collection[str], settings: Settings) -> Effect:
    """The effect without the laughs and kudos of these names; whatever else they get stays."""
    return effect._replace(
        awards=tuple(
            each for each in effect.awards if _thanked_person(each, settings) not in names
        ),
        tallies=tuple(
            each for each in effect.tallies if _thanked_person(each, settings) not in names
        ),
    )


def parted(effect: Effect, settings: Settings) -> tuple[Effect, Effect | None]:
    """The effect without any laughs and kudos, and these alone; None where there are none."""
    thanks = Effect(
        awards=tuple(each for each in effect.awards if _thanked_person(each, settings) is not None),
        tallies=tuple(
            each for each in effect.tallies if _thanked_person(each, settings) is not None
        ),
    )
    rest = effect._replace(
        awards=tuple(each for each in effect.awards if _thanked_person(each, settings) is None),
        tallies=tuple(each for each in effect.tallies if _thanked_person(each, settings) is None),
    )
    return rest, thanks if thanks.awards or thanks.tallies else None


def _thanked_person(each: TriggerAward | Tally, settings: Settings) -> str | None:
    """Who gets it, of a trigger that nobody may set off for themselves."""
    paying = TRIGGERS.find(each.trigger_id)
    if paying is None or not paying.excludes_self(settings):
        return None
    return (each.others or each.name) if isinstance(each, Tally) else each.name


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
