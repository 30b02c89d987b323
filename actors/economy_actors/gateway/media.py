"""What the channel shows: the medium that plays, and the emotes."""

from collections import Counter

from economy_actors.channel.messages import EmoteChanged, EmotesListed, MediaChanged
from economy_actors.gateway.events import (
    Door,
    Event,
    Nothing,
    Translated,
    Translation,
    malformed,
    payload_of,
)
from economy_actors.gateway.payloads import emote_in, emotes_in, medium_in, position_in, uid_of

__all__ = ("Media",)


class Media:
    """Reads events about media and emotes; ``emote_news`` counts the latter by channel."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._uids: dict[str, int] = {}
        self.emote_news: Counter[str] = Counter()

    def current(self, channel: str, event: Event) -> Translation:
        """The uid of what plays, told right before it (`wire.md` 3)."""
        uid = uid_of(payload_of(event))
        if uid is None:
            return malformed("no uid")
        self._uids[channel] = uid
        return Nothing(channel)

    def media(self, channel: str, event: Event) -> Translation:
        """What plays now."""
        payload = payload_of(event)
        medium = medium_in(payload, self._uids.get(channel))
        if medium is None:
            return Nothing(channel)
        changed = MediaChanged(medium, self._door.time_of(event), position_in(payload))
        return Translated(channel, changed)

    def emotes(self, channel: str, event: Event) -> Translation:
        """All emotes of the channel."""
        names = emotes_in(payload_of(event))
        if names is None:
            return malformed("no list")
        self.emote_news[channel] += 1
        return Translated(channel, EmotesListed(names))

    def emote_set(self, channel: str, event: Event) -> Translation:
        """An emote is new, or shows another picture."""
        return self._emote(channel, event, exists=True)

    def emote_removed(self, channel: str, event: Event) -> Translation:
        """An emote was taken away."""
        return self._emote(channel, event, exists=False)

    def _emote(self, channel: str, event: Event, *, exists: bool) -> Translation:
        name = emote_in(payload_of(event))
        if name is None:
            return Nothing(channel)
        self.emote_news[channel] += 1
        return Translated(channel, EmoteChanged(name, exists))
