"""The triggers that earn for taking part: one row each, read by everybody (P-TXT-11).

The id of a row is what is booked, counted, exported and listed; the command ``rewards`` and the
list of dead triggers are made from the rows (`earning.md` 8, `progression.md` 7).
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Literal, NamedTuple

from kryten_economy.config import Settings
from kryten_economy.config.triggers import Trigger

__all__ = (
    "BOT_INTERACTION",
    "COMMENT",
    "FIRST_AFTER_MEDIA",
    "FIRST_MESSAGE",
    "GREETED",
    "KUDOS",
    "LAUGH",
    "LIKE",
    "LONG_MESSAGE",
    "MENTIONED",
    "PRESENT_AT_EVENT",
    "STARTER",
    "SURVIVED",
    "TRIGGERS",
    "FirstOfDay",
    "Tally",
    "TriggerAward",
    "TriggerSpec",
    "Window",
    "dead_triggers",
    "shown_triggers",
)


@dataclass(frozen=True, slots=True)
class TriggerSpec:
    """One trigger: its id, where its settings are, what it pays, and what to do for it.

    ``reward`` is in Z and may be a fraction; ``reason`` stands in the ledger, ``wording`` in
    ``rewards``.
    """

    id: str
    reason: str
    section: Callable[[Settings], Trigger]
    reward: Callable[[Settings], float]
    wording: Callable[[Settings], str]

    def enabled(self, settings: Settings) -> bool:
        """Whether it is switched on."""
        return self.section(settings).enabled

    def shown(self, settings: Settings) -> bool:
        """Whether ``rewards`` names it."""
        section = self.section(settings)
        return section.enabled and not section.hidden


LONG_MESSAGE = TriggerSpec(
    "chat.long_message",
    "Long message",
    lambda s: s.chat_triggers.long_message,
    lambda s: s.chat_triggers.long_message.reward,
    lambda s: f"a message of {s.chat_triggers.long_message.min_chars} characters or more",
)


LAUGH = TriggerSpec(
    "chat.laugh_received",
    "Made somebody laugh",
    lambda s: s.chat_triggers.laugh_received,
    lambda s: s.chat_triggers.laugh_received.reward_per_laugher,
    lambda _: "each user who laughs at what you said",
)


KUDOS = TriggerSpec(
    "chat.kudos_received",
    "Kudos",
    lambda s: s.chat_triggers.kudos_received,
    lambda s: s.chat_triggers.kudos_received.reward,
    lambda _: "kudos: somebody writes yourname++",
)


FIRST_MESSAGE = TriggerSpec(
    "chat.first_message_of_day",
    "First message of the day",
    lambda s: s.chat_triggers.first_message_of_day,
    lambda s: s.chat_triggers.first_message_of_day.reward,
    lambda _: "your first message of the day",
)


STARTER = TriggerSpec(
    "chat.conversation_starter",
    "Broke the silence",
    lambda s: s.chat_triggers.conversation_starter,
    lambda s: s.chat_triggers.conversation_starter.reward,
    lambda s: (
        "talking after silence of "
        f"{s.chat_triggers.conversation_starter.min_silence_minutes} minutes"
    ),
)


FIRST_AFTER_MEDIA = TriggerSpec(
    "content.first_after_media_change",
    "First message after the media change",
    lambda s: s.content_triggers.first_after_media_change,
    lambda s: s.content_triggers.first_after_media_change.reward,
    lambda _: "the first message after something new starts",
)


COMMENT = TriggerSpec(
    "content.comment_during_media",
    "Comment during media",
    lambda s: s.content_triggers.comment_during_media,
    lambda s: s.content_triggers.comment_during_media.reward_per_message,
    lambda _: "talking while something plays",
)


LIKE = TriggerSpec(
    "content.like_current",
    "Liked what is playing",
    lambda s: s.content_triggers.like_current,
    lambda s: s.content_triggers.like_current.reward,
    lambda _: "like: send me this word while something plays",
)


SURVIVED = TriggerSpec(
    "content.survived_full_media",
    "Watched it to the end",
    lambda s: s.content_triggers.survived_full_media,
    lambda s: s.content_triggers.survived_full_media.reward,
    lambda _: "being there from the start to the end of what plays",
)


PRESENT_AT_EVENT = TriggerSpec(
    "content.present_at_event_start",
    "Present at the start of an event",
    lambda s: s.content_triggers.present_at_event_start,
    lambda s: s.content_triggers.present_at_event_start.default_reward,
    lambda _: "being there when an event starts, shared by all",
)


GREETED = TriggerSpec(
    "social.greeted_newcomer",
    "Greeted a newcomer",
    lambda s: s.social_triggers.greeted_newcomer,
    lambda s: s.social_triggers.greeted_newcomer.reward,
    lambda _: "being the first to greet a newcomer by name",
)


MENTIONED = TriggerSpec(
    "social.mentioned_by_other",
    "Mentioned by somebody",
    lambda s: s.social_triggers.mentioned_by_other,
    lambda s: s.social_triggers.mentioned_by_other.reward,
    lambda _: "somebody says your name",
)


BOT_INTERACTION = TriggerSpec(
    "social.bot_interaction",
    "Talked with the bot",
    lambda s: s.social_triggers.bot_interaction,
    lambda s: s.social_triggers.bot_interaction.reward,
    lambda _: "the bot answers you in chat",
)


TRIGGERS: tuple[TriggerSpec, ...] = (
    LONG_MESSAGE,
    LAUGH,
    KUDOS,
    FIRST_MESSAGE,
    STARTER,
    FIRST_AFTER_MEDIA,
    COMMENT,
    LIKE,
    SURVIVED,
    PRESENT_AT_EVENT,
    GREETED,
    MENTIONED,
    BOT_INTERACTION,
)
assert len({each.id for each in TRIGGERS}) == len(TRIGGERS), "two triggers share an id"


def shown_triggers(settings: Settings) -> tuple[TriggerSpec, ...]:
    """The triggers that ``rewards`` names, in the order of the table."""
    return tuple(each for each in TRIGGERS if each.shown(settings))


def dead_triggers(settings: Settings, hit: Collection[str]) -> tuple[str, ...]:
    """The enabled ids that are not among ``hit``, presence first (`progression.md` 7)."""
    enabled = ["presence.base"]
    if settings.presence.night_watch.enabled:
        enabled.append("presence.night_watch")
    enabled.extend(each.id for each in TRIGGERS if each.enabled(settings))
    return tuple(each for each in enabled if each not in hit)


class Window(NamedTuple):
    """At most ``most`` hits of ``key`` and receiver until the window ends.

    The first hit opens it and sets its end; the first one at or after ``ends_at_ms`` opens a
    new one (`earning.md` 8.1).
    """

    key: str
    ends_at_ms: int
    most: int


class FirstOfDay(NamedTuple):
    """The daily claim of the first message (P-EARN-18)."""


class TriggerAward(NamedTuple):
    """What a trigger pays to ``name`` (lower case) if that user has an account.

    ``amount`` may hold a fraction of a Z, which is kept until it makes a whole one; it is what
    remains after all multipliers, which ``metadata`` (JSON) names.
    """

    name: str
    trigger_id: str
    reason: str
    amount: float
    limit: Window | FirstOfDay | None = None
    related_user: str | None = None
    metadata: str | None = None


class Tally(NamedTuple):
    """One more for a user's daily counter; ``others`` must have an account too."""

    name: str
    counter: Literal["kudos_given", "kudos_received", "laughs_received", "bot_interactions"]
    others: str = ""
