"""Earning by taking part: chat, content and social triggers.

Every trigger can be switched off; a hidden one is left out of the command ``rewards``.
"""

from typing import Annotated, ClassVar

from pydantic import Field, field_validator

from kryten_economy.config.remedies import OFF, Remedy
from kryten_economy.config.section import Amount, Count, Factor, PositiveCount, Section

__all__ = (
    "BotInteraction",
    "ChatTriggers",
    "CommentDuringMedia",
    "ContentTriggers",
    "ConversationStarter",
    "FirstAfterMediaChange",
    "FirstMessageOfDay",
    "GreetedNewcomer",
    "KudosReceived",
    "LaughReceived",
    "LikeCurrent",
    "LongMessage",
    "MentionedByOther",
    "PresentAtEventStart",
    "SocialTriggers",
    "SurvivedFullMedia",
    "TriggerSection",
)


class TriggerSection(Section):
    """What all triggers have."""

    if_broken: ClassVar[Remedy | None] = OFF

    enabled: bool = True
    hidden: bool = True


class LongMessage(TriggerSection):
    """``chat_triggers.long_message``."""

    min_chars: PositiveCount = 30
    reward: Amount = 1
    max_per_hour: Count = 30


class LaughReceived(TriggerSection):
    """``chat_triggers.laugh_received``."""

    reward_per_laugher: Amount = 2
    max_laughers_per_joke: Count = 10
    self_excluded: bool = True


class KudosReceived(TriggerSection):
    """``chat_triggers.kudos_received``."""

    reward: Amount = 3
    self_excluded: bool = True


class FirstMessageOfDay(TriggerSection):
    """``chat_triggers.first_message_of_day``."""

    reward: Amount = 5


class ConversationStarter(TriggerSection):
    """``chat_triggers.conversation_starter``."""

    min_silence_minutes: Count = 10
    reward: Amount = 10


class FirstAfterMediaChange(TriggerSection):
    """``content_triggers.first_after_media_change``."""

    window_seconds: Count = 30
    reward: Amount = 3


class CommentDuringMedia(TriggerSection):
    """``content_triggers.comment_during_media``; the reward may be a fraction of a Z."""

    reward_per_message: Factor = 0.5
    max_per_item_base: Count = 10
    scale_with_duration: bool = True


class LikeCurrent(TriggerSection):
    """``content_triggers.like_current``."""

    reward: Amount = 2


class SurvivedFullMedia(TriggerSection):
    """``content_triggers.survived_full_media``."""

    min_presence_percent: Annotated[int, Field(ge=0, le=100)] = 80
    reward: Amount = 5


class PresentAtEventStart(TriggerSection):
    """``content_triggers.present_at_event_start``."""

    default_reward: Amount = 100


class GreetedNewcomer(TriggerSection):
    """``social_triggers.greeted_newcomer``; bots never count as newcomers."""

    window_seconds: Count = 60
    reward: Amount = 3
    bot_joins_excluded: bool = True

    @field_validator("bot_joins_excluded")
    @classmethod
    def _always(cls, _: object) -> bool:
        return True


class MentionedByOther(TriggerSection):
    """``social_triggers.mentioned_by_other``."""

    reward: Amount = 1
    max_per_hour_same_user: Count = 5


class BotInteraction(TriggerSection):
    """``social_triggers.bot_interaction``."""

    reward: Amount = 2
    max_per_day: Count = 10


class ChatTriggers(Section):
    """``chat_triggers``."""

    long_message: LongMessage = LongMessage()
    laugh_received: LaughReceived = LaughReceived()
    kudos_received: KudosReceived = KudosReceived()
    first_message_of_day: FirstMessageOfDay = FirstMessageOfDay()
    conversation_starter: ConversationStarter = ConversationStarter()


class ContentTriggers(Section):
    """``content_triggers``."""

    first_after_media_change: FirstAfterMediaChange = FirstAfterMediaChange()
    comment_during_media: CommentDuringMedia = CommentDuringMedia()
    like_current: LikeCurrent = LikeCurrent()
    survived_full_media: SurvivedFullMedia = SurvivedFullMedia()
    present_at_event_start: PresentAtEventStart = PresentAtEventStart()


class SocialTriggers(Section):
    """``social_triggers``."""

    greeted_newcomer: GreetedNewcomer = GreetedNewcomer()
    mentioned_by_other: MentionedByOther = MentionedByOther()
    bot_interaction: BotInteraction = BotInteraction()
