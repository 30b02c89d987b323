"""A house that hears CyTube's own events, and settings under which only what is tested pays."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.actors.house import CHANNEL, House, house, settings_with
from tests.actors.presence.helpers import triggers
from tests.integration.service.house import merged
from tests.unit.gateway.helpers import envelope_of, typed

from economy_actors.gateway.events import Translated
from economy_actors.gateway.translate import Translator
from economy_actors.messages.channel import MediaChanged
from economy_actors.messages.colours import BotRanked, StylesheetTold
from economy_actors.outbox.protocol import Echoed, PmFailed, RobotGone, Throttled
from kryten_economy.config import Settings
from kryten_economy.features.media.rules import Medium

__all__ = ("ONE_RANK", "Street", "earned", "paying", "play", "street")

ONE_RANK: dict[str, Any] = {
    "ranks": {"tiers": [{"name": "Extra", "min_lifetime_earned": 0}]},
    "cytube_promotion": {"min_rank": "Extra"},
}
"""Nobody is ever promoted, so that no such notice comes between others."""

_OFF: dict[str, Any] = {"enabled": False}
_SECTION_OF = {
    "long_message": "chat_triggers",
    "laugh_received": "chat_triggers",
    "kudos_received": "chat_triggers",
    "first_message_of_day": "chat_triggers",
    "conversation_starter": "chat_triggers",
    "first_after_media_change": "content_triggers",
    "comment_during_media": "content_triggers",
    "like_current": "content_triggers",
    "survived_full_media": "content_triggers",
    "present_at_event_start": "content_triggers",
    "greeted_newcomer": "social_triggers",
    "mentioned_by_other": "social_triggers",
    "bot_interaction": "social_triggers",
}
_NOTHING: dict[str, Any] = {
    "onboarding": {"welcome_wallet": 0},
    "presence": {"base_rate_per_minute": 0, "hourly_milestones": {}},
    "streaks": {"daily": _OFF, "weekend_weekday_bridge": _OFF},
    "retention": {"welcome_back": _OFF},
    "multipliers": dict.fromkeys(("off_peak", "high_population", "holidays"), _OFF),
}


def paying(*names: str, **sections: Any) -> Settings:
    """Nothing pays but the triggers of these names, and what ``sections`` turn on."""
    layers = dict(_NOTHING)
    for name, section in _SECTION_OF.items():
        layers = merged(layers, {section: {name: {"enabled": name in names}}})
    return settings_with(**merged(layers, sections))


def earned(home: House, *names: str) -> list[list[tuple[str, int]]]:
    """The ledger rows of these users as (trigger, Z), the oldest first."""
    return [triggers(home, name) for name in names]


async def play(home: House, key: str, duration_s: int = 600) -> None:
    """Let another item begin, or the same one be told again."""
    home.channel.tell(MediaChanged(Medium(f"yt:{key}", f"Film {key}", duration_s), home.now_ms))
    await home.settle()


@dataclass(frozen=True, slots=True)
class Street:
    """What is done in CyTube's channel reaches the house by way of the gateway's translator."""

    house: House
    translator: Translator

    async def see(self, name: str, payload: object) -> None:
        """The robot publishes an event."""
        at = datetime.fromtimestamp(self.house.now_ms / 1000, UTC).isoformat()
        event = typed(envelope_of(name, payload, channel=CHANNEL, timestamp=at))
        translated = self.translator.kinds[name.lower()](event)
        if isinstance(translated, Translated):
            message = translated.message
            if isinstance(message, Echoed | PmFailed | RobotGone | Throttled):
                self.house.context.outboxes[CHANNEL].tell(message)
            elif isinstance(message, BotRanked):
                self.house.context.bot_ranks[CHANNEL] = message.rank
            elif isinstance(message, StylesheetTold):
                self.house.context.stylesheets[CHANNEL].tell(message)
            else:
                self.house.channel.tell(message)
        await self.house.settle()

    async def join(self, name: str, rank: float = 1) -> None:
        """Somebody comes in."""
        await self.see("addUser", {"name": name, "rank": rank, "meta": {"afk": False}})

    async def chat(self, name: str, html: str, **meta: object) -> None:
        """Somebody says something; CyTube has filtered it into HTML."""
        await self.see("chatMsg", self._spoken(name, html, meta))

    async def whisper(self, name: str, html: str, **meta: object) -> list[str]:
        """Somebody writes to the bot; returns what they are answered."""
        before = len(self.house.pms(name))
        await self.see("pm", self._spoken(name, html, meta) | {"to": "ZCoinBot"})
        return self.house.pms(name)[before:]

    async def play(self, key: str, seconds: int = 600) -> None:
        """Another item begins."""
        item = {"id": key, "type": "yt", "title": f"Film {key}", "seconds": seconds}
        await self.see("changeMedia", item | {"currentTime": -3, "paused": True})

    def _spoken(self, name: str, html: str, meta: dict[str, object]) -> dict[str, Any]:
        return {"username": name, "msg": html, "meta": meta, "time": self.house.now_ms}


@asynccontextmanager
async def street(path: Path, settings: Settings, **more: Any) -> AsyncIterator[Street]:
    """A house behind the gateway's translator; the arguments are those of `house`."""
    async with house(path, settings, **more) as home:
        yield Street(home, Translator(home.context.live, home.context.clock))
