"""What people say, as they typed it, in public and in private; and the echoes of the bot."""

from typing import Final

from kryten import ChatMessageEvent

from economy_actors.channel.messages import PrivateMessage, Said
from economy_actors.gateway.events import (
    IGNORED,
    Door,
    Dropped,
    Event,
    Translated,
    Translation,
    malformed,
)
from economy_actors.gateway.freshness import Freshness
from economy_actors.gateway.payloads import epoch_ms, typed_line
from economy_actors.outbox.message import Medium
from economy_actors.outbox.protocol import Echoed
from kryten_economy.text.markup import typed_text
from kryten_economy.users import is_name

__all__ = ("Speech",)

# `[server]`, `[voteskip]`: CyTube speaks under names that no account can have.
_SERVER_SIGN = "["
_SERVER_LINE: Final = Dropped("server_line")
_SHADOW: Final = Dropped("shadow")
_REPLAYED: Final = Dropped("replayed")


class Speech:
    """Reads events of what is said; lines that were heard before end here."""

    def __init__(self, door: Door, freshness: Freshness) -> None:
        self._door = door
        self._live = door.live
        self._freshness = freshness

    def chat(self, channel: str, event: Event) -> Translation:
        """A public line, or the echo of one of our own."""
        return self._spoken(channel, event, Medium.CHAT)

    def private(self, channel: str, event: Event) -> Translation:
        """A PM to the bot, or the echo of one of our own. PMs are never repeated."""
        return self._spoken(channel, event, Medium.PM)

    def _spoken(self, channel: str, event: Event, medium: Medium) -> Translation:
        if not isinstance(event, ChatMessageEvent):
            return malformed("not a chat event")
        name: str = event.username
        unheard = self._unheard(name, is_shadow=event.shadow)
        if unheard is not None:
            return unheard
        text: str = event.message
        said_ms = epoch_ms(event.timestamp)
        at_ms = self._door.believed(said_ms)
        if medium is Medium.CHAT:
            # A time that was not believed must not make the lines after it look old.
            is_new = self._freshness.is_new if at_ms == said_ms else self._freshness.is_new_ahead
            if not is_new(channel, said_ms, (name, text)):
                return _REPLAYED
        if self._live.ignores(name):
            return Translated(channel, Echoed(medium, None, typed_text(text)))
        spoken = Said if medium is Medium.CHAT else PrivateMessage
        return Translated(channel, spoken(name, typed_line(text), at_ms))

    def _unheard(self, name: str, *, is_shadow: bool) -> Dropped | None:
        """Why nothing that this speaker says counts; the bot itself is heard, as an echo."""
        if name.startswith(_SERVER_SIGN):
            return _SERVER_LINE
        if is_shadow:
            return _SHADOW
        if self._live.ignores(name) and name.lower() != self._live.settings.bot.username.lower():
            return IGNORED
        return None if is_name(name) else malformed("no user name")
