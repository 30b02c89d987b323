"""The oracle's ears: what lines, likes and items pay (earning.md 8).

Part of the oracle: shares nothing with the service but the specification. A start begins with a
clean slate: the joke, the newcomers and the last speaker are not stored, so what was said before
a stop is no joke afterwards, and nobody answers it. Only the moment of the last line, the windows
and the parts of a coin last.
"""

import re
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any

from tests.actors.month.oracle_people import UNIT, OwnLedger, Person
from tests.actors.month.oracle_time import MINUTE_MS, WallClock, fraction

__all__ = ("Ears",)

HOUR_MS = 60 * MINUTE_MS
_LAUGHING = {"lol", "hahaha", "rofl", "kek"}


@dataclass(slots=True)
class _Joke:
    teller: str
    at_ms: int
    laughers: set[str] = field(default_factory=set)


@dataclass(slots=True)
class _Item:
    key: str
    at_ms: int | None
    """None where nobody heard it begin."""
    duration_s: int
    comments: dict[str, int] = field(default_factory=dict)
    first: bool = False


@dataclass(frozen=True, slots=True)
class _Due:
    """One row to be paid; ``limit`` is (key, end of a new window, most)."""

    name: str
    trigger: str
    base: float
    limit: tuple[Hashable, int, int] | None = None


class Ears:
    """Hears one channel. ``factor`` tells what multiplies at an instant, ranks left out."""

    def __init__(
        self,
        terms: dict[str, Any],
        people: dict[str, Person],
        ledger: OwnLedger,
        clock: WallClock,
        factor: Callable[[int], Fraction],
    ) -> None:
        self._chat = terms["chat_triggers"]
        self._content = terms["content_triggers"]
        self._social = terms["social_triggers"]
        self._bot = terms["bot"]["username"].lower()
        self._people = people
        self._purse = ledger
        self._clock = clock
        self._factor = factor
        self._heard_ms: int | None = None
        self.started()

    def started(self) -> None:
        """A new start remembers no talk."""
        self._joke: _Joke | None = None
        self._last: tuple[str, int, set[str]] | None = None
        self._newcomers: dict[str, int] = {}
        self._item: _Item | None = None
        self._emotes: set[str] = set()

    def arrived(self, name: str, at_ms: int) -> None:
        self._newcomers[name] = at_ms

    def said(self, person: Person, at_ms: int, text: str) -> None:
        day = self._clock.local(at_ms).date()
        words = set(re.findall(r"[a-z0-9_-]+", text.lower()))
        laugh = bool(words & _LAUGHING) or "😂" in text
        due, counts = self._judge(person, at_ms, day, text, words), person.today(day)
        person.known = True
        person.messages += 1
        counts["messages_sent"] += 1
        counts["long_messages"] += len(text) >= self._chat["long_message"]["min_chars"]
        counts["gifs_posted"] += ".gif" in text
        for emote in self._emotes & set(text.split()):
            person.emotes.add(emote)
            counts["unique_emotes_used"] += not counts[f"emote {emote}"]
            counts[f"emote {emote}"] += 1
        if laugh:
            due += self._laughed(person, at_ms, day)
        else:
            self._joke = _Joke(person.name, at_ms)
        due += self._thanked(person, at_ms, day, text) + self._watching(person, at_ms)
        self._last = (person.name, at_ms, words)
        self._heard_ms = at_ms
        self._pay(due, at_ms, day)
        self._purse.look(person, day)

    def bot_said(self, at_ms: int, text: str) -> None:
        if self._last is None:
            return
        name, said_ms, words = self._last
        named = name in re.findall(r"[a-z0-9_-]+", text.lower())
        asked = at_ms - said_ms <= 120_000 and self._bot in words
        person = self._people[name]
        if (named or asked) and person.in_room:
            day = self._clock.local(at_ms).date()
            person.today(day)["bot_interactions"] += 1
            terms = self._social["bot_interaction"]
            limit = (("bot", day), at_ms + 2 * 24 * HOUR_MS, terms["max_per_day"])
            self._pay([_Due(name, "social.bot_interaction", terms["reward"], limit)], at_ms, day)

    def liked(self, person: Person, at_ms: int) -> None:
        if self._item is not None and self._item.key not in person.likes:
            person.likes.add(self._item.key)
            due = _Due(person.name, "content.like_current", self._content["like_current"]["reward"])
            self._pay([due], at_ms, self._clock.local(at_ms).date())

    def found(self, emotes: tuple[str, ...], item: tuple[str, int] | None) -> None:
        """What plays at a start has begun at an unknown time (3.2)."""
        self._emotes = set(emotes)
        self._item = None if item is None else _Item(item[0], None, item[1])

    def shown(self, key: str, duration_s: int, at_ms: int, *, begins: bool) -> None:
        """Another item; who has watched the old one is paid. The same key again is a resync.

        Where the begin of the new one was not heard, nobody knows when the old one ended.
        """
        old = self._item
        if old is not None and old.key == key:
            return
        if begins and old is not None and old.at_ms is not None and old.duration_s > 0:
            self._survived(at_ms, old.at_ms, old.duration_s)
        self._item = _Item(key, at_ms if begins else None, duration_s)

    def _survived(self, at_ms: int, from_ms: int, duration_s: int) -> None:
        terms = self._content["survived_full_media"]
        if (at_ms - from_ms) * 100 >= duration_s * 1000 * terms["min_presence_percent"]:
            due = [
                _Due(person.name, "content.survived_full_media", terms["reward"])
                for person in self._people.values()
                if person.here and person.since_ms <= from_ms
            ]
            self._pay(due, at_ms, self._clock.local(at_ms).date())

    # What a line sets off

    def _judge(
        self, person: Person, at_ms: int, day: date, text: str, words: set[str]
    ) -> list[_Due]:
        due: list[_Due] = []
        name = person.name
        long, starter = self._chat["long_message"], self._chat["conversation_starter"]
        if len(text) >= long["min_chars"]:
            limit = ("long", at_ms + HOUR_MS, long["max_per_hour"])
            due.append(_Due(name, "chat.long_message", long["reward"], limit))
        if not person.today(day)["first_message"]:
            person.today(day)["first_message"] = 1
            reward = self._chat["first_message_of_day"]["reward"]
            due.append(_Due(name, "chat.first_message_of_day", reward))
        silence_ms = starter["min_silence_minutes"] * MINUTE_MS
        if self._heard_ms is None or at_ms - self._heard_ms >= silence_ms:
            due.append(_Due(name, "chat.conversation_starter", starter["reward"]))
        greeting, mention = self._social["greeted_newcomer"], self._social["mentioned_by_other"]
        for guest, came_ms in list(self._newcomers.items()):
            fresh = at_ms - came_ms <= greeting["window_seconds"] * 1000
            if fresh and guest in words and guest != name:
                del self._newcomers[guest]
                due.append(_Due(name, "social.greeted_newcomer", greeting["reward"]))
                break
        for word in sorted(words - {name}):
            target = self._people.get(word)
            if target is not None and target.here and target.known:
                most = mention["max_per_hour_same_user"]
                window = (("mention", name), at_ms + HOUR_MS, most)
                due.append(_Due(word, "social.mentioned_by_other", mention["reward"], window))
        return due

    def _laughed(self, person: Person, at_ms: int, day: date) -> list[_Due]:
        joke, terms = self._joke, self._chat["laugh_received"]
        if joke is None or at_ms - joke.at_ms > 300_000 or person.name == joke.teller:
            return []
        if person.name in joke.laughers or len(joke.laughers) >= terms["max_laughers_per_joke"]:
            return []
        joke.laughers.add(person.name)
        self._people[joke.teller].today(day)["laughs_received"] += 1
        return [_Due(joke.teller, "chat.laugh_received", terms["reward_per_laugher"])]

    def _thanked(self, person: Person, at_ms: int, day: date, text: str) -> list[_Due]:
        due = []
        for name in dict.fromkeys(re.findall(r"(?:^|\s)@?([a-z0-9_-]+)\+\+", text.lower())):
            target = self._people.get(name)
            if target is None or not target.known or name == person.name:
                continue
            target.today(day)["kudos_received"] += 1
            person.today(day)["kudos_given"] += 1
            limit = (("kudos", person.name, day), at_ms + 2 * 24 * HOUR_MS, 10)
            due.append(
                _Due(name, "chat.kudos_received", self._chat["kudos_received"]["reward"], limit)
            )
        return due

    def _watching(self, person: Person, at_ms: int) -> list[_Due]:
        item, due = self._item, []
        if item is None:
            return []
        first, comment = (
            self._content["first_after_media_change"],
            self._content["comment_during_media"],
        )
        begun_ms, window_ms = item.at_ms, first["window_seconds"] * 1000
        if not item.first and begun_ms is not None and at_ms - begun_ms <= window_ms:
            item.first = True
            due.append(_Due(person.name, "content.first_after_media_change", first["reward"]))
        base, said = comment["max_per_item_base"], item.comments.get(person.name, 0)
        if said < max(base, base * item.duration_s // 1800):
            item.comments[person.name] = said + 1
            reward = comment["reward_per_message"]
            due.append(_Due(person.name, "content.comment_during_media", reward))
        return due

    # Paying

    def _pay(self, due: list[_Due], at_ms: int, day: date) -> None:
        """One act: multiplied by the ranks from before it, looked at after it."""
        factor, ledger = self._factor(at_ms), self._purse
        ranks = {each.name: ledger.rank(self._people[each.name]) for each in due}
        for each in due:
            person = self._people[each.name]
            if each.limit is None or _passes(person, at_ms, *each.limit):
                worth = fraction(each.base) * factor * ledger.rank_factor(ranks[each.name])
                units = worth * UNIT
                assert units.denominator == 1, units
                ledger.earn(person, day, int(units), each.trigger)
        for name in ranks:
            # Who is away is looked at when they come back: nobody could tell them now.
            if self._people[name].in_room:
                ledger.look(self._people[name], day)


def _passes(person: Person, at_ms: int, key: Hashable, ends_ms: int, most: int) -> bool:
    """The first hit opens a window; at the limit hits are refused until it ends (8.1)."""
    count, until_ms = person.windows.get(key, (0, 0))
    if at_ms >= until_ms:
        count, until_ms = 0, ends_ms
    if count >= most:
        return False
    person.windows[key] = (count + 1, until_ms)
    return True
