"""What the channel shows: the medium that plays, and the emotes."""

from collections import Counter

from economy_actors.channel.messages import (
    EmoteChanged,
    EmotesListed,
    MediaChanged,
    PlaylistEmptied,
)
from economy_actors.gateway.events import (
    Door,
    Event,
    Nothing,
    Translated,
    Translation,
    malformed,
    payload_of,
)
from economy_actors.gateway.payloads import (
    emote_in,
    emotes_in,
    is_empty_playlist,
    medium_in,
    position_in,
    uid_of,
)

__all__ = ("Media",)


class Media:
    """Reads events about media and emotes; ``emote_news`` counts the latter by channel."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._uids: dict[str, int] = {}
        self._deleted: set[str] = set()
        self.emote_news: Counter[str] = Counter()

    def current(self, channel: str, event: Event) -> Translation:
        """The uid of what plays, told right before it (`wire.md` 3)."""
        uid = uid_of(payload_of(event))
        if uid is None:
            return malformed("no uid")
        self._uids[channel] = uid
        self._deleted.discard(channel)
        return Nothing(channel)

    def media(self, channel: str, event: Event) -> Translation:
        """What plays now."""
        payload = payload_of(event)
        medium = medium_in(payload, self._uids.get(channel))
        if medium is None:
            return Nothing(channel)
        changed = MediaChanged(medium, self._door.time_of(event), position_in(payload))
        return Translated(channel, changed)

    def deleted(self, channel: str, _event: Event) -> Translation:
        """An item has played, or somebody took it off the playlist."""
        self._deleted.add(channel)
        return Nothing(channel)

    def playlist(self, channel: str, event: Event) -> Translation:
        """The whole playlist; an empty one where somebody has cleared it."""
        if payload_of(event) != []:
            return Nothing(channel)
        return self._emptied(channel, event, is_seen=True)

    def playlist_length(self, channel: str, event: Event) -> Translation:
        """How long the playlist is: with its last item gone nothing plays, and no event says so.

        A robot that comes in tells this, too, and then nobody saw when the last item ended.
        """
        is_seen = channel in self._deleted
        self._deleted.discard(channel)
        if not is_empty_playlist(payload_of(event)):
            return Nothing(channel)
        return self._emptied(channel, event, is_seen=is_seen)

    def _emptied(self, channel: str, event: Event, *, is_seen: bool) -> Translation:
        emptied = PlaylistEmptied(self._door.time_of(event), is_seen)
        return Translated(channel, emptied)

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
